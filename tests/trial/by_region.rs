//! Of `trial::by_region`: tables with a row a map and region.

use boldly::table::Table;
use boldly::trial::{Dictionary, Measured, Notes, by_region, is_by_region, refuse_without_means};

/// `participant session region mean coverage mean_fd`, rows parted by `|`.
fn long(rows: &str) -> Measured {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let table = Table {
        name: "region_values.tsv".to_owned(),
        columns: words("participant_id session_id region mean coverage mean_fd"),
        rows: rows.split('|').map(words).collect(),
    };
    let said = r#"{"mean": {"Units": "percent", "SelectedBy": "atlas"}, "voxels": "a text"}"#;
    let dictionary = Dictionary::parse("region_values.json", said).unwrap();
    Measured { name: "region_values".to_owned(), table, dictionary, origin: Vec::new() }
}

const ROWS: &str = "sub-1 ses-a pag 0.25 1 .1|sub-1 ses-a acc -2 1 .1|sub-1 ses-b acc 3 .5 .2|\
                    sub-2 ses-a pag 7 .49 .3|sub-2 ses-a acc n/a 0 .3";

#[test]
fn a_row_a_map_and_region_becomes_a_row_a_visit_and_a_column_a_region() {
    let mut notes = Notes::default();
    let table = long(ROWS);
    assert!(is_by_region(&table));
    let wide = by_region(&table, "arm", &mut notes).unwrap();
    assert!(!is_by_region(&wide));
    assert_eq!(wide.table.columns, ["participant_id", "session_id", "mean_fd", "pag", "acc"]);
    // A region that a map lacks, and one of which there is less than half, are n/a.
    assert_eq!(
        wide.table.rows,
        [
            ["sub-1", "ses-a", ".1", "0.25", "-2"],
            ["sub-1", "ses-b", ".2", "n/a", "3"],
            ["sub-2", "ses-a", ".3", "n/a", "n/a"],
        ]
    );
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "pag is n/a in 1 map that has less than half of it: sub-2 (ses-a, 49 %)",
            "acc is n/a in 1 map that has less than half of it: sub-2 (ses-a, 0 %)",
        ]
    );
    // What is said of the means is said of each region; a message names the line where a visit begins.
    let pag = wide.dictionary.get("pag").unwrap();
    assert_eq!(
        (pag.units.as_deref(), pag.selected_by.as_deref()),
        (Some("percent"), Some("atlas"))
    );
    assert_eq!(wide.line(2), "region_values.tsv, line 5 (sub-2),");
}

#[test]
fn an_entry_of_a_region_comes_before_that_of_the_means_and_one_of_neither_is_told() {
    let mut table = long(ROWS);
    let said = r#"{"mean": {"Units": "percent", "SelectedBy": "atlas"}, "coverage": {"Units": "1"},
                   "pag": {"SelectedBy": "correlation with nrs"}, "ac": {"SelectedBy": "atlas"}}"#;
    table.dictionary = Dictionary::parse("region_values.json", said).unwrap();
    let mut notes = Notes::default();
    let wide = by_region(&table, "arm", &mut notes).unwrap();
    let of = |name: &str| {
        let own = wide.dictionary.get(name).unwrap();
        [own.selected_by.as_deref().unwrap(), own.units.as_deref().unwrap()]
    };
    assert_eq!(of("pag"), ["correlation with nrs", "percent"]);
    assert_eq!(of("acc"), ["atlas", "percent"]);
    let told: Vec<&str> = notes.all.iter().map(|note| note.text.as_str()).collect();
    let idle: Vec<&&str> = told.iter().filter(|text| text.contains("describes")).collect();
    assert_eq!(idle.len(), 1, "{told:?}");
    assert!(idle[0].contains("describes 'ac', which is no column") && idle[0].contains("'acc'"));
    // A scale of the region's own holds its means, at their lines.
    let said = r#"{"acc": {"Minimum": -1}}"#;
    table.dictionary = Dictionary::parse("region_values.json", said).unwrap();
    let error = by_region(&table, "arm", &mut Notes::default()).unwrap_err().to_string();
    assert!(error.contains("line 3 (sub-1), holds '-2' in column mean of acc"), "{error}");
}

#[test]
fn what_cannot_be_a_value_of_one_visit_is_refused_with_both_lines() {
    let refused =
        |rows: &str| by_region(&long(rows), "arm", &mut Notes::default()).unwrap_err().to_string();
    for (rows, says) in [
        (
            "sub-1 ses-a pag 1 1 .1|sub-1 a pag 2 1 .1",
            "line 3 (sub-1), is of pag at one visit as line 2",
        ),
        (
            "sub-1 ses-a pag 1 1 .1|sub-1 ses-a acc 2 1 .2",
            "line 3 (sub-1), holds '.2' in column mean_fd",
        ),
        ("sub-1 ses-a pag one 1 .1", "line 2 (sub-1), holds 'one' in column mean"),
        ("sub-1 ses-a n/a 1 1 .1", "line 2 (sub-1), has no region"),
        ("sub-1 n/a pag 1 1 .1", "line 2 (sub-1), has no session_id"),
        ("sub-1 ses-a mean_fd 1 1 .1", "is of a region called 'mean_fd'"),
    ] {
        let error = refused(rows);
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn several_runs_of_a_visit_have_a_row_each_of_which_the_mean_is_taken() {
    let with_runs = |cells: [&str; 4]| {
        let mut long = long(
            "sub-1 ses-a pag 1 1 .1|sub-1 ses-a acc 2 1 .1|sub-1 ses-a pag 4 1 .3|sub-1 ses-a acc 8 1 .3",
        );
        long.table.columns.push("run".to_owned());
        for (row, cell) in long.table.rows.iter_mut().zip(cells) {
            row.push(cell.to_owned());
        }
        by_region(&long, "arm", &mut Notes::default())
    };
    let wide = with_runs(["1", "01", "2", "run-2"]).unwrap().table;
    assert_eq!(wide.columns, ["participant_id", "session_id", "run", "mean_fd", "pag", "acc"]);
    assert_eq!(
        wide.rows,
        [["sub-1", "ses-a", "1", ".1", "1", "2"], ["sub-1", "ses-a", "2", ".3", "4", "8"]]
    );
    let error = with_runs(["1", "1", "1", "2"]).unwrap_err().to_string();
    assert!(error.contains("line 4 (sub-1), is of pag at one visit as line 2 is"), "{error}");
    let error = with_runs(["1", "1", "b", "2"]).unwrap_err().to_string();
    assert!(error.contains("line 4 (sub-1), holds 'b' in column run"), "{error}");
}

#[test]
fn a_coverage_that_is_no_share_is_refused_and_one_that_is_not_known_told() {
    for cell in ["7", "1.01", "-0.1"] {
        let rows = format!("sub-1 ses-a pag 1 1 .1|sub-1 ses-a acc 2 {cell} .1");
        let error = by_region(&long(&rows), "arm", &mut Notes::default()).unwrap_err().to_string();
        let says = format!("line 3 (sub-1), holds {cell} in column coverage");
        assert!(error.contains(&says) && error.contains("from 0 to 1"), "{error}");
    }
    let rows = "sub-1 ses-a pag 1 n/a .1|sub-1 ses-a acc n/a n/a .1|sub-1 ses-b acc 2 1 .1";
    let mut notes = Notes::default();
    let wide = by_region(&long(rows), "arm", &mut notes).unwrap();
    assert_eq!(wide.table.rows[0][3..], ["1", "n/a"]);
    let told = "1 mean of region_values.tsv whose coverage is n/a: taken as of the whole region: region_values.tsv, line 2";
    assert_eq!(notes.all[0].to_string(), told);
}

#[test]
fn a_region_is_not_called_as_what_a_table_of_regions_has_beside_them() {
    let mut table = long("sub-1 ses-a pag 1 1 .1");
    table.table.columns[5] = "other".to_owned();
    for name in ["mean_fd", "mean_fd_pag", "run", "task", "condition", "session_id"] {
        table.table.rows[0][2] = name.to_owned();
        let error = by_region(&table, "arm", &mut Notes::default()).unwrap_err().to_string();
        assert!(error.contains(&format!("is of a region called '{name}'")), "{error}");
    }
}

/// Its rows were said to be there twice.
#[test]
fn a_table_of_regions_without_the_column_of_their_means_says_so_and_which_may_be_it() {
    let mut table = long(ROWS);
    table.table.columns[3] = "value".to_owned();
    let said = refuse_without_means(&table).unwrap_err().to_string();
    for part in ["region_values.tsv has a row a map and region", "no column mean", "rename 'value'"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Of the voxels alone there is nothing to rename.
    table.table.columns[3] = "voxels".to_owned();
    let said = refuse_without_means(&table).unwrap_err().to_string();
    assert!(said.contains("no column mean") && !said.contains("rename"), "{said}");
    // One row a visit: `region` is a word of it.
    table.table.rows.truncate(1);
    refuse_without_means(&table).unwrap();
}
