//! Sessions that tables call otherwise: codes with and without a zero, what `Levels` say that they mean, and visits that contradict the plan.

use std::fs;
use std::path::Path;
use std::process::Output;

use boldly::io::tsv;

use crate::command::{run, study};

/// The study with sessions of a table under other names, and what Levels say of them.
fn coded(table: &str, names: [&str; 2], levels: serde_json::Value) -> tempfile::TempDir {
    let dir = study();
    rename(dir.path(), table, names, levels);
    dir
}

fn rename(dir: &Path, table: &str, names: [&str; 2], levels: serde_json::Value) {
    let path = dir.join("study").join(format!("{table}.tsv"));
    fs::copy(crate::study::folder().join(format!("{table}.tsv")), &path).unwrap();
    let mut cells = tsv::read(&path).unwrap();
    let at = cells.position("session_id").unwrap();
    for row in &mut cells.rows {
        row[at] = names[usize::from(row[at] == "ses-week13")].to_owned();
    }
    fs::write(&path, tsv::write_string(&cells)).unwrap();
    let path = path.with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
    let mut fields: serde_json::Value = serde_json::from_str(&text).unwrap();
    fields["session_id"] = serde_json::json!({ "Levels": levels });
    fs::write(&path, fields.to_string()).unwrap();
}

fn asked(dir: &Path, both: [&str; 2], more: &str) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boldly"));
    command.args("trial study --control placebo --outcome nrs --overwrite --out out".split(' '));
    command.args(["--baseline", both[0], "--endpoint", both[1]]);
    command.args(more.split_whitespace()).current_dir(dir).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn refused(dir: &Path, both: [&str; 2], parts: &[&str]) {
    let output = asked(dir, both, "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    parts.iter().for_each(|part| assert!(said.contains(part), "{part}: {said}"));
}

/// The difference of nrs, which the golden numbers have as -1.103 where the visits are the right way round.
#[track_caller]
fn difference(dir: &Path, both: [&str; 2], more: &str) -> (f64, String) {
    let output = asked(dir, both, more);
    let said = said(&output);
    assert!(output.status.success(), "{both:?} {said}");
    let table = tsv::read(&dir.join("out/ancova.tsv")).unwrap();
    let at = table.position("difference").unwrap();
    (table.rows[0][at].parse().unwrap(), said)
}

fn golden() -> f64 {
    crate::study::number("ancova/nrs/difference")
}

#[test]
fn levels_are_of_cells_that_are_the_same_number_with_ses_and_zeros_or_without() {
    let levels = || serde_json::json!({"1": "baseline", "2": "week 13"});
    for names in [["ses-01", "ses-02"], ["01", "02"], ["ses-1", "ses-2"], ["1.0", "2.0"]] {
        let dir = coded("phenotype/questionnaires", names, levels());
        let dir = dir.path();
        for both in [["baseline", "week 13"], names, ["1", "2"], ["ses-01", "ses-02"]] {
            let (found, told) = difference(dir, both, "");
            assert!((found - golden()).abs() < 1e-9, "{names:?} {both:?} {found}");
            let code = format!("ses-{}", names[0].trim_start_matches("ses-"));
            let part = format!(
                "session_id by the Levels of phenotype/questionnaires.json: {code} is baseline"
            );
            assert_eq!(told.matches(&part).count(), 1, "{told}");
            assert_eq!(told.matches("session_id by the Levels").count(), 1, "{told}");
        }
        refused(dir, ["2", "1"], &["--endpoint ses-", "means 'baseline'", "swap"]);
    }
    // Turned, and told to be: cells and keys differ by a zero.
    let turned = serde_json::json!({"1": "week 13", "2": "baseline"});
    let dir = coded("phenotype/questionnaires", ["ses-02", "ses-01"], turned);
    refused(
        dir.path(),
        ["ses-01", "ses-02"],
        &["--endpoint ses-02 means 'baseline' by phenotype/questionnaires.json", "'week 13'"],
    );
    let (found, _) = difference(dir.path(), ["ses-02", "ses-01"], "");
    assert!((found - golden()).abs() < 1e-9, "{found}");
    let twice = serde_json::json!({"1": "baseline", "01": "week 13", "2": "week 13"});
    let dir = coded("phenotype/questionnaires", ["1", "2"], twice);
    let output = asked(dir.path(), ["1", "2"], "");
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    assert!(said(&output).contains("the same session, is 'week 13'"), "{}", said(&output));
}

#[test]
fn sessions_of_one_table_in_two_spellings_are_refused() {
    let dir = study();
    let path = dir.path().join("study/phenotype/questionnaires.tsv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("ses-week13", "ses-week 13", 1)).unwrap();
    let output = asked(dir.path(), ["ses-baseline", "ses-week13"], "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(65), "{said}");
    let part = "has the sessions 'ses-week 13' and 'ses-week13', which differ in blanks, hyphens";
    assert!(said.contains(part), "{said}");
}

#[test]
fn each_tables_sessions_are_what_its_own_levels_say() {
    let want = {
        let dir = study();
        let line = "--brain brain --region pag_pain";
        difference(dir.path(), ["ses-baseline", "ses-week13"], line);
        fs::read_to_string(dir.path().join("out/brain.tsv")).unwrap()
    };
    let levels = || serde_json::json!({"1": "baseline", "2": "week 13"});
    let dir = coded("phenotype/questionnaires", ["1", "2"], levels());
    let dir = dir.path();
    let brain = |names: Option<([&str; 2], serde_json::Value)>| {
        if let Some((names, levels)) = names {
            rename(dir, "brain", names, levels);
        }
        let (found, told) =
            difference(dir, ["baseline", "week 13"], "--brain brain --region pag_pain");
        assert!((found - golden()).abs() < 1e-9, "{found}");
        let text = fs::read_to_string(dir.join("out/brain.tsv")).unwrap();
        assert_eq!(text.replace("ses-1", "ses-baseline").replace("ses-2", "ses-week13"), want);
        told
    };
    let told = brain(None);
    let part =
        "sessions of brain.tsv, as others call them: ses-baseline is ses-1, ses-week13 is ses-2";
    assert!(told.contains(part), "{told}");
    for (names, levels) in [
        (["a", "b"], serde_json::json!({"a": "Baseline", "b": "week-13"})),
        (["01", "02"], serde_json::json!({})),
        (["Baseline", "week 13"], serde_json::json!({})),
        (["1", "2"], serde_json::json!({"1": "first visit", "2": "last visit"})),
    ] {
        brain(Some((names, levels)));
    }
    // A table of other visits: what Levels say is told.
    rename(dir, "brain", ["x", "y"], serde_json::json!({"x": "first", "y": "last"}));
    let output = asked(dir, ["1", "2"], "--brain brain --region pag_pain");
    let said = said(&output);
    let parts = ["session 'ses-1' is not among those of brain.tsv: ses-x (first), ses-y (last)"];
    parts.iter().for_each(|part| assert!(said.contains(part), "{said}"));
}

#[test]
fn meanings_that_contradict_the_plan_are_refused_and_what_may_be_either_is_told() {
    let with = |first: &str, last: &str| {
        let levels = serde_json::json!({"1": first, "2": last});
        coded("phenotype/questionnaires", ["1", "2"], levels)
    };
    for (first, last) in [
        ("after treatment", "before treatment"),
        ("week 13", "pre-treatment"),
        ("week 13", "before the first dose"),
        ("week 13", "Run-in"),
    ] {
        let dir = with(first, last);
        let part = format!("means '{last}' by phenotype/questionnaires.json");
        refused(dir.path(), ["1", "2"], &["--endpoint ses-2", &part, "swap --baseline"]);
        let (_, told) = difference(dir.path(), ["2", "1"], "");
        assert!(!told.contains("swapped"), "{told}");
    }
    for (first, last) in [("week 13", "day -7"), ("week 13", "week 0"), ("visit 5", "visit 1")] {
        let dir = with(first, last);
        let (_, told) = difference(dir.path(), ["1", "2"], "");
        let part = format!("warning: --endpoint ses-2 means '{last}' by");
        assert!(told.contains(&part) && told.contains("are they swapped?"), "{told}");
        let (_, told) = difference(dir.path(), ["2", "1"], "");
        assert!(!told.contains("swapped"), "{told}");
    }
}

#[test]
fn numbers_that_may_be_codes_of_levels_are_told_where_their_mean_is_described() {
    let dir = study();
    let path = dir.path().join("study/participants.tsv");
    let mut table = tsv::read(&path).unwrap();
    let at = table.position("site").unwrap();
    let codes = ["1", "2", "3", "4"];
    let rows = table.rows.iter_mut().enumerate();
    rows.for_each(|(row, cells)| cells[at] = codes[row % 4].to_owned());
    table.rows[4][at] = "1.0".to_owned();
    fs::write(&path, tsv::write_string(&table)).unwrap();
    let line = "trial study --control placebo --baseline ses-baseline --endpoint ses-week13 --outcome nrs --describe site --overwrite --out out";
    let (_, told) = run(dir.path(), line);
    for part in [
        "warning: site has the values 1, 2, 3, 4 alone and is described by its mean, as a number",
        "('1' and '1.0' are one number)",
        "give Levels of it in participants.json",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let levels =
        "{\"site\": {\"Levels\": {\"1\": \"a\", \"2\": \"b\", \"3\": \"c\", \"4\": \"d\"}}}";
    fs::write(path.with_extension("json"), levels).unwrap();
    let (_, told) = run(dir.path(), line);
    assert!(!told.contains("described by its mean"), "{told}");
}

#[test]
fn regions_that_tables_of_different_people_spell_otherwise_are_refused_with_their_files() {
    let dir = study();
    let dir = dir.path();
    crate::edges::connect(dir);
    let asked = || {
        let line = "trial study --control placebo --baseline ses-baseline --endpoint ses-week13 --edges connect --overwrite --out out";
        crate::command::boldly(dir, line)
    };
    assert!(asked().status.success());
    let of_one = "connect/sub-001/ses-baseline/task-rest_run-1/edges.tsv";
    let text = fs::read_to_string(dir.join(of_one)).unwrap();
    for (of_others, own, how) in
        [("pcc", "PCC", "differ in case alone"), ("01", "1", "are one number")]
    {
        let spelt = |name: &str| text.replace("pcc", name);
        // The others of the study are as they are, but for the region's name.
        each_table(&dir.join("connect"), &|text| text.replace("pcc", of_others));
        fs::write(dir.join(of_one), spelt(own)).unwrap();
        let output = asked();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(65), "{said}");
        for part in
            [of_one, &format!("has the region '{own}'"), &format!("have '{of_others}'"), how]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        each_table(&dir.join("connect"), &|text| text.replace(of_others, "pcc"));
        fs::write(dir.join(of_one), &text).unwrap();
    }
}

/// Change the text of every table below a folder.
fn each_table(folder: &Path, change: &dyn Fn(&str) -> String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => each_table(&path, change),
            false => {
                let text = fs::read_to_string(&path).unwrap();
                let cells = |line: &str| {
                    let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
                    cells.iter_mut().take(2).for_each(|cell| *cell = change(cell));
                    cells.join("\t") + "\n"
                };
                fs::write(&path, text.lines().map(cells).collect::<String>()).unwrap();
            }
        }
    }
}

/// Codes of two tables that overlap as numbers and mean other visits: each table's own Levels say which is which.
#[test]
fn what_levels_mean_goes_before_the_number_that_a_code_is() {
    let first = "phenotype/questionnaires";
    for (brain, levels) in [
        (["01", "03"], serde_json::json!({"01": "baseline", "02": "week 4", "03": "week 13"})),
        (
            ["02", "03"],
            serde_json::json!({"01": "screening visit", "02": "baseline visit", "03": "week 13 visit"}),
        ),
        (["2", "3"], serde_json::json!({"1": "screening", "2": "baseline", "3": "week 13"})),
        (["2", "1"], serde_json::json!({"1": "week 13", "2": "baseline"})),
        (["0", "1"], serde_json::json!({"0": "baseline", "1": "week 13"})),
    ] {
        let own = serde_json::json!({"1": "baseline", "2": "week 13"});
        let dir = coded(first, ["1", "2"], own);
        rename(dir.path(), "brain", brain, levels.clone());
        for both in [["1", "2"], ["baseline", "week 13"]] {
            let (found, told) = difference(dir.path(), both, "--brain brain");
            assert!((found - golden()).abs() < 1e-9, "{levels} {both:?} {found}");
            assert!(!told.contains("swapped"), "{told}");
            let rows = tsv::read(&dir.path().join("out/brain.tsv")).unwrap();
            let want = BRAIN.get_or_init(|| rows.rows.clone());
            assert_eq!(rows.rows, *want, "{levels} {both:?}");
        }
    }
}

/// What `brain.tsv` is with the visits the right way round.
static BRAIN: std::sync::OnceLock<Vec<Vec<String>>> = std::sync::OnceLock::new();
