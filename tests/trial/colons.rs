//! Columns whose names have a colon are reached wherever a column is named.

use std::fs;
use std::path::Path;

use boldly::trial::Column;

use super::command::{boldly, run};

/// Twelve participants at two visits; `nrs` and `nrs:24h` hold the same, as do `cpm` and `cpm:absolute`.
fn study(dir: &Path) {
    fs::create_dir_all(dir.join("study/phenotype")).unwrap();
    let mut people = "participant_id\tarm\tage\tage:years\n".to_owned();
    let mut pain = "participant_id\tsession_id\tnrs\tnrs:24h\tcpm\tcpm:absolute\n".to_owned();
    for k in 0..12_usize {
        let (arm, age) = (if k % 2 == 0 { "drug" } else { "placebo" }, 30 + 7 * k % 11);
        people += &format!("sub-{k}\t{arm}\t{age}\t{age}\n");
        for (visit, session) in ["pre", "post"].into_iter().enumerate() {
            let (nrs, cpm) = (1 + (k * k + 3 * k * visit) % 9, (k * 7 + 5 * visit * k) % 13);
            pain += &format!("sub-{k}\tses-{session}\t{nrs}\t{nrs}\t{cpm}\t{cpm}\n");
        }
    }
    fs::write(dir.join("study/participants.tsv"), people).unwrap();
    fs::write(dir.join("study/phenotype/pain.tsv"), pain).unwrap();
}

const LINE: &str = "trial study --control placebo --baseline ses-pre --endpoint ses-post";

#[test]
fn the_table_ends_at_the_first_colon_or_at_that_behind_its_bracket() {
    for (text, table, column) in [
        ("pain:nrs:24h", "pain", "nrs:24h"),
        ("nrs", "", "nrs"),
        ("physio_summary[task=rest]:heart_rate", "physio_summary[task=rest]", "heart_rate"),
        ("t[time=08:30]:a:b", "t[time=08:30]", "a:b"),
        ("pain:nrs[0:10]", "pain", "nrs[0:10]"),
    ] {
        let found: Column = text.parse().unwrap();
        assert_eq!((found.table.as_str(), found.column.as_str()), (table, column), "{text}");
        assert_eq!(found.to_string(), text);
    }
}

#[test]
fn a_column_with_a_colon_is_an_outcome_a_covariate_a_relation_and_a_part_of_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let asked = |nrs: &str, age: &str, cpm: &str| {
        format!(
            "{LINE} --outcome {nrs} --primary {nrs} --covariate {age} --correlate {nrs}~{cpm} --responder less={nrs}<=-2"
        )
    };
    run(dir, &format!("{} --out plain", asked("pain:nrs", "age", "pain:cpm")));
    let numbers = |out: &str, table: &str| {
        let text = fs::read_to_string(dir.join(out).join(format!("{table}.tsv"))).unwrap();
        let is_number = |cell: &&str| cell.parse::<f64>().is_ok();
        text.split(['\t', '\n']).filter(is_number).map(str::to_owned).collect::<Vec<_>>()
    };
    let same = |out: &str| {
        for table in ["ancova", "correlations", "responders"] {
            assert_eq!(numbers("plain", table), numbers(out, table), "{out}: {table}");
        }
    };
    run(
        dir,
        &format!(
            "{} --out named",
            asked("pain:nrs:24h", "participants:age:years", "pain:cpm:absolute")
        ),
    );
    same("named");
    // Without its table; a column of the name comes before what an analysis makes.
    run(dir, &format!("{} --out alone", asked("nrs:24h", "age:years", "cpm:absolute")));
    same("alone");
    run(dir, "trial study --plan alone/plan.json --out again");
    same("again");
    let plan = fs::read_to_string(dir.join("alone/plan.json")).unwrap();
    assert!(plan.contains("pain:nrs:24h~pain:cpm:absolute"), "{plan}");
    run(dir, "verify again");
    let output = boldly(dir, &format!("{LINE} --outcome pain:nrs:24 --out no"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("column 'nrs:24'") && said.contains("did you mean 'nrs:24h'?"), "{said}");
}

#[test]
fn a_column_with_a_colon_is_found_by_its_bare_name_with_blanks_and_after_a_slip() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let path = dir.join("study/phenotype/pain.tsv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\tcpm\t", "\tfiq: total\t", 1)).unwrap();
    let asked = |options: &[&str]| {
        let words = LINE.split(' ').chain(["--overwrite", "--out", "out"]);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_boldly"))
            .args(words.chain(options.iter().copied()))
            .current_dir(dir)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (is_good, said) = asked(&[
        "--outcome",
        "fiq: total",
        "--correlate",
        "fiq: total~nrs:24h",
        "--responder",
        "fiq: total<=4; nrs:24h<=5",
    ]);
    assert!(is_good, "{said}");
    let cells = |table: &str| fs::read_to_string(dir.join("out").join(table)).unwrap();
    let rules = cells("responders.tsv");
    let names: Vec<&str> = rules.lines().skip(1).filter_map(|row| row.split('\t').next()).collect();
    assert!(names.contains(&"nrs:24h") && names.contains(&"fiq: total"), "{names:?}");
    assert!(cells("ancova.tsv").contains("pain:fiq: total"));
    for typo in ["nrs:24", "nrs:24H"] {
        let (is_good, said) = asked(&["--outcome", typo]);
        assert!(!is_good && said.contains("the column 'nrs:24h'?"), "{said}");
    }
}
