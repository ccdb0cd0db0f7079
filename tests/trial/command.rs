//! `boldly trial` as a user meets it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::described::assert_described;
use super::study::{folder, is_golden};

/// The simulated study alone, in a folder of its own.
pub fn study() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("study/phenotype")).unwrap();
    for name in ["", "phenotype"] {
        for entry in fs::read_dir(folder().join(name)).unwrap().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_file() && !file.starts_with("golden") && file != "README.md" {
                fs::copy(entry.path(), dir.path().join("study").join(name).join(file)).unwrap();
            }
        }
    }
    dir
}

pub fn boldly(dir: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split_whitespace())
        .current_dir(dir)
        .output()
        .unwrap()
}

pub fn run(dir: &Path, line: &str) -> (String, String) {
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "boldly {line}\n{said}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), said)
}

pub const NRS: &str =
    "trial study --control placebo --baseline ses-baseline --endpoint ses-week13 --outcome nrs";

/// A cell of the first row of a table.
fn cell(path: &Path, column: &str) -> String {
    let table = boldly::io::tsv::read(path).unwrap();
    table.rows[0][table.position(column).unwrap()].clone()
}

#[test]
fn tables_results_and_plan_hold_the_golden_numbers_and_verify() {
    let dir = study();
    let (dir, line) = (dir.path(), format!("{NRS} --outcome pcs --primary nrs --out out"));
    let (_, said) = run(dir, &line);
    assert!(assert_described(&dir.join("out")).contains(&"ancova.tsv".to_owned()));
    assert!(said.contains("nrs: milnacipran - placebo = -1.103 (-1.724 to -0.482)"), "{said}");
    assert!(said.contains("'pcs' is taken for questionnaires:sf36_pcs"), "{said}");
    let number = |column: &str| cell(&dir.join("out/ancova.tsv"), column).parse::<f64>().unwrap();
    is_golden(number("difference"), "ancova/nrs/difference");
    is_golden(number("p"), "ancova/nrs/p");
    is_golden(number("active_lsmean_high"), "ancova/nrs/lsmean_post_active/high");
    let results: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("out/results.json")).unwrap()).unwrap();
    let row = &results["ancova"]["rows"][0];
    is_golden(row["change"]["hedges"]["low"].as_f64().unwrap(), "ancova/nrs/change/g_low");
    assert_eq!(results["plan"]["primary"][0], "questionnaires:nrs");
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(page.contains("</html>") && page.contains("milnacipran"));
    let (said, _) = run(dir, "verify out");
    assert!(said.contains("repeated"), "{said}");
    let fates = boldly::io::tsv::read(&dir.join("out/disposition.tsv")).unwrap();
    let cells = |what: &str, reason: &str| {
        let row = fates.rows.iter().find(|row| row[0] == what && row[1] == reason).unwrap();
        [row[2].clone(), row[3].clone()]
    };
    assert_eq!(cells("completed", "n/a"), ["35", "40"]);
    assert_eq!(cells("discontinued", "adverse event"), ["8", "2"]);
    // A dictionary of each table, with a line a column.
    for name in
        ["ancova", "baseline", "missing", "populations", "disposition", "time_to_discontinuation"]
    {
        let json: Value = serde_json::from_str(
            &fs::read_to_string(dir.join(format!("out/{name}.json"))).unwrap(),
        )
        .unwrap();
        let table = boldly::io::tsv::read(&dir.join(format!("out/{name}.tsv"))).unwrap();
        for column in &table.columns {
            assert!(json[column]["Description"].is_string(), "{name}: {column}");
        }
    }
}

#[test]
fn verify_finds_a_table_that_was_edited_and_a_study_that_was_changed() {
    let dir = study();
    let dir = dir.path();
    run(dir, &format!("{NRS} --out out"));
    let path = dir.join("out/ancova.tsv");
    let table = fs::read_to_string(&path).unwrap();
    let difference = cell(&path, "difference");
    fs::write(&path, table.replace(&difference, "-1.2")).unwrap();
    let output = boldly(dir, "verify out");
    assert_eq!(output.status.code(), Some(1));
    fs::write(&path, table).unwrap();
    run(dir, "verify out");
    let scales = dir.join("study/phenotype/questionnaires.tsv");
    let before = fs::read_to_string(&scales).unwrap();
    fs::write(&scales, before.replacen("8.0", "9.0", 1)).unwrap();
    let output = boldly(dir, "verify out");
    assert_ne!(output.status.code(), Some(0));
}

#[test]
fn the_plan_that_was_written_gives_the_same_tables() {
    let dir = study();
    let dir = dir.path();
    let options = "--strata site --missing bocf,observed --describe age,sex --conf 0.9 --permutations 200 --seed 5";
    run(dir, &format!("{NRS} {options} --out first"));
    run(dir, "trial study --plan first/plan.json --out second");
    for name in ["ancova.tsv", "baseline.tsv", "plan.json", "results.json"] {
        let read = |out: &str| fs::read_to_string(dir.join(out).join(name)).unwrap();
        assert_eq!(read("first"), read("second"), "{name}");
    }
    assert_eq!(cell(&dir.join("first/ancova.tsv"), "missing"), "bocf");
}

#[test]
fn the_same_command_may_be_run_again_and_another_may_not_take_its_place() {
    let dir = study();
    let dir = dir.path();
    let line = format!("{NRS} --outcome pcs --correlate cpm:absolute~pag_pain --cpm cpm --out out");
    run(dir, &line);
    let before = fs::read_to_string(dir.join("out/results.json")).unwrap();
    run(dir, &line);
    assert_eq!(fs::read_to_string(dir.join("out/results.json")).unwrap(), before);
    let output = boldly(dir, &format!("{line} --conf 0.9"));
    assert_eq!(output.status.code(), Some(2));
    run(dir, &format!("{line} --conf 0.9 --overwrite"));
}

#[test]
fn a_dry_run_shows_plan_populations_and_outputs_and_writes_nothing() {
    let dir = study();
    let (plan, shown) = run(dir.path(), &format!("{NRS} --dry-run"));
    assert!(plan.contains("\"column\": \"questionnaires:nrs\""), "{plan}");
    for part in [
        "randomised: milnacipran 46, placebo 46",
        "nrs at ses-week13: milnacipran 35, placebo 40",
        "warning: 17 participants who did not complete the study lack nrs",
        "note: no primary family is named",
        "would write populations.tsv",
        "report.html",
    ] {
        assert!(shown.contains(part), "'{part}' is not in {shown}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    // What stands on standard output is a plan, and nothing beside.
    fs::write(dir.path().join("dry.json"), &plan).unwrap();
    let (again, _) = run(dir.path(), "trial study --plan dry.json --dry-run");
    assert_eq!(again, plan);
    // --json: one line.
    let (line, _) = run(dir.path(), &format!("{NRS} --dry-run --json"));
    assert_eq!(line.lines().count(), 1, "{line}");
    let [one, other] =
        [&line, &plan].map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
    assert_eq!(one, other);
}

#[test]
fn every_part_is_written_once_asked_for_and_who_lacks_values_is_named_in_one_line() {
    let dir = study();
    let dir = dir.path();
    let parts = "--responder pain=nrs<=-30%;pgic<=2 --cpm cpm --pressure pressure --adverse-events adverse_events \
                 --brain brain --correlate brain:insula_dmn_z~nrs";
    let (_, said) = run(dir, &format!("{NRS} {parts} --out out"));
    let names =
        ["responders", "cpm", "pressure", "adverse_events", "brain", "motion", "correlations"];
    for name in names {
        let table = boldly::io::tsv::read(&dir.join(format!("out/{name}.tsv"))).unwrap();
        assert!(!table.rows.is_empty(), "{name}");
    }
    let lacking: Vec<&str> =
        said.lines().filter(|line| line.contains("did not complete the study lack nrs,")).collect();
    assert_eq!(lacking.len(), 1, "{said}");
    assert!(lacking[0].contains("pag_pain") && lacking[0].ends_with("and 9 more"), "{said}");
    run(dir, "verify out");
    let ancova = boldly::io::tsv::read(&dir.join("out/ancova.tsv")).unwrap();
    let outcomes: Vec<&str> = ancova.rows.iter().map(|row| row[0].as_str()).collect();
    for part in ["cpm:absolute", "pressure:p50", "brain:pag_pain"] {
        assert!(outcomes.contains(&part), "{part} is not among {outcomes:?}");
    }
    // A crossover is a study of its own kind.
    let line = "trial study --design crossover --crossover crossover --control placebo --dry-run";
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("whom participants.tsv does not list"), "{said}");
}

#[test]
fn a_table_that_the_plan_does_not_name_is_neither_read_nor_listed() {
    let dir = study();
    let dir = dir.path();
    fs::write(dir.join("study/phenotype/broken.tsv"), "a,b\n1,2\n").unwrap();
    let named = NRS.replace("--outcome nrs", "--outcome questionnaires:nrs");
    run(dir, &format!("{named} --out out"));
    let json: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("out/ancova.json")).unwrap()).unwrap();
    let text = json.to_string();
    assert!(text.contains("questionnaires.tsv") && text.contains("questionnaires.json"), "{text}");
    assert!(!text.contains("pressure.tsv") && !text.contains("broken.tsv"), "{text}");
}

#[test]
fn summaries_of_runs_are_joined_and_one_task_of_them_is_an_outcome() {
    let dir = study();
    let dir = dir.path();
    for (at, session) in ["ses-baseline", "ses-week13"].into_iter().enumerate() {
        let folder = dir.join(format!("derivatives/{session}"));
        fs::create_dir_all(&folder).unwrap();
        let row = |k: usize| {
            let rate = 60 + (k * 7 + at * 3) % 11;
            let whose = format!("sub-{k:03}\t{session}");
            format!("{whose}\tpain\t{}\n{whose}\trest\t{rate}\n", rate + 20)
        };
        let rows: String = (1..=92).map(row).collect();
        let head = "participant_id\tsession_id\ttask\theart_rate\n";
        fs::write(folder.join("physio_summary.tsv"), format!("{head}{rows}")).unwrap();
    }
    let line = "trial study --control placebo --baseline ses-baseline --endpoint ses-week13 \
                --table derivatives/ses-baseline/physio_summary.tsv --table derivatives/ses-week13/physio_summary.tsv";
    let part = "--outcome physio_summary[task=rest]:heart_rate";
    run(dir, &format!("{line} {part} --out out"));
    let table = boldly::io::tsv::read(&dir.join("out/ancova.tsv")).unwrap();
    assert_eq!(table.rows[0][0], "physio_summary[task=rest]:heart_rate");
    assert_eq!(cell(&dir.join("out/ancova.tsv"), "active_n"), "46");
    let mean: f64 = cell(&dir.join("out/ancova.tsv"), "baseline_mean").parse().unwrap();
    let want = (1..=92).map(|k| f64::from(60 + k * 7 % 11)).sum::<f64>() / 92.0;
    assert!((mean - want).abs() < 1e-9);
    run(dir, "verify out");
    let json = fs::read_to_string(dir.join("out/ancova.json")).unwrap();
    for session in ["ses-baseline", "ses-week13"] {
        assert!(
            json.contains(&format!("\"../derivatives/{session}/physio_summary.tsv\"")),
            "{json}"
        );
    }
    let output = boldly(dir, &format!("{line} --outcome physio_summary:heart_rate --out other"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("physio_summary[task=NAME]"), "{said}");
}

/// The tables of all runs, each in the folder of its run, and the line of docs/inputs.md that takes them, as it is pasted.
#[cfg(unix)]
#[test]
fn the_line_of_the_documentation_takes_the_tables_of_all_runs() {
    let dir = study();
    let dir = dir.path();
    for (at, session) in ["ses-baseline", "ses-week13"].into_iter().enumerate() {
        for k in 1..=92 {
            let folder = dir.join(format!("glm/sub-{k:03}/{session}"));
            fs::create_dir_all(&folder).unwrap();
            let row = |task, rate| format!("sub-{k:03}\t{session}\t{task}\t{rate}\n");
            let rates = [60 + (k * 7 + at * 3) % 11, 90];
            let rows = row("pain", rates[0]) + &row("rest", rates[1]);
            let head = "participant_id\tsession_id\ttask\theart_rate\n";
            fs::write(folder.join("physio_summary.tsv"), head.to_owned() + &rows).unwrap();
        }
    }
    let docs = include_str!("../../docs/inputs.md");
    let line = docs.split("```sh\n").map(|text| text.split("```").next().unwrap());
    let line = line.filter(|text| text.contains("--table")).collect::<Vec<_>>();
    let [line] = line[..] else { panic!("one line with --table: {line:?}") };
    let binary = Path::new(env!("CARGO_BIN_EXE_boldly")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let shell = Command::new("sh").args(["-c", line]).current_dir(dir).env("PATH", path).output();
    let shell = shell.unwrap();
    assert!(shell.status.success(), "{}", String::from_utf8_lossy(&shell.stderr));
    let table = dir.join("trial/ancova.tsv");
    assert_eq!(cell(&table, "outcome"), "physio_summary[task=pain]:heart_rate");
    let mean: f64 = cell(&table, "baseline_mean").parse().unwrap();
    let want = (1..=92).map(|k| f64::from(60 + k * 7 % 11)).sum::<f64>() / 92.0;
    assert!((mean - want).abs() < 1e-9, "{mean}, {want}");
}

#[test]
fn visits_that_sessions_tsv_puts_the_other_way_round_are_asked_after_with_the_participants() {
    let dir = study();
    let dir = dir.path();
    let write = |of: &str, [start, end]: [&str; 2]| {
        let folder = dir.join("study").join(of);
        fs::create_dir_all(&folder).unwrap();
        let text = format!("session_id\tacq_time\nses-baseline\t{start}\nses-week13\t{end}\n");
        fs::write(folder.join(format!("{of}_sessions.tsv")), text).unwrap();
    };
    let [early, late] = ["2020-01-03T10:00:00", "2020-04-01T09:00:00"];
    write("sub-001", [late, early]);
    write("sub-002", [early, late]);
    write("sub-003", [early, late]);
    let (_, said) = run(dir, &format!("{NRS} --out out"));
    let told = "warning: by acq_time of sessions.tsv ses-week13 was before ses-baseline in 1 of 3 participants: sub-001";
    assert_eq!(said.matches(told).count(), 1, "{said}");
    let text = fs::read_to_string(dir.join("out/ancova.json")).unwrap();
    assert!(text.contains("sub-002_sessions.tsv"), "{text}");
    write("sub-002", [late, early]);
    let (_, said) = run(dir, &format!("{NRS} --out other"));
    let told = "in 2 of 3 participants: are --baseline and --endpoint swapped?: sub-001, sub-002";
    assert!(said.contains(told), "{said}");
}

#[test]
fn options_that_a_plan_has_of_its_own_are_refused_beside_it() {
    let dir = study();
    let dir = dir.path();
    let (plan, _) = run(dir, &format!("{NRS} --permutations 50 --seed 7 --dry-run"));
    fs::write(dir.join("plan.json"), plan).unwrap();
    for option in ["--seed 3", "--permutations 50 --seed 3", "--conf 0.9", "--arm site"] {
        let output = boldly(dir, &format!("trial study --plan plan.json {option} --dry-run"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{option}: {said}");
        assert!(said.contains("cannot be used with"), "{option}: {said}");
    }
    let (again, _) = run(dir, "trial study --plan plan.json --dry-run");
    assert!(again.contains("\"seed\": 7"), "{again}");
}

/// A spreadsheet's 1.0 is the level 1 of the dictionary, in the arm, a stratum and wherever else.
#[test]
fn levels_are_spelled_as_the_dictionary_has_them_and_a_table_that_is_not_there_is_refused_at_once()
{
    let dir = study();
    let dir = dir.path();
    let (want, _) = run(dir, &format!("{NRS} --strata site --dry-run"));
    let path = dir.join("study/participants.tsv");
    let mut table = boldly::io::tsv::read(&path).unwrap();
    let [arm, site] = ["arm", "site"].map(|column| table.position(column).unwrap());
    let mut sites: Vec<String> = table.rows.iter().map(|row| row[site].clone()).collect();
    sites.sort();
    sites.dedup();
    for (n, row) in table.rows.iter_mut().enumerate() {
        let code = sites.iter().position(|own| *own == row[site]).unwrap() + 1;
        row[site] = format!("{code}{}", if n % 2 == 0 { ".0" } else { "" });
        row[arm] = format!("{}.0", u8::from(row[arm] != "placebo"));
    }
    fs::write(&path, boldly::io::tsv::write_string(&table)).unwrap();
    let json = dir.join("study/participants.json");
    let mut described: Value = fs::read_to_string(&json)
        .map_or(serde_json::json!({}), |text| serde_json::from_str(&text).unwrap());
    described["arm"] = serde_json::json!({ "Levels": { "0": "placebo", "1": "milnacipran" } });
    let levels: serde_json::Map<String, Value> = sites
        .iter()
        .enumerate()
        .map(|(at, own)| ((at + 1).to_string(), own.clone().into()))
        .collect();
    described["site"] = serde_json::json!({ "Levels": levels });
    fs::write(&json, described.to_string()).unwrap();
    let difference = |line: &str| {
        run(dir, &format!("{line} --strata site --overwrite --out coded"));
        cell(&dir.join("coded/ancova.tsv"), "difference")
    };
    let coded = difference(NRS);
    fs::remove_file(&json).ok();
    fs::copy(folder().join("participants.tsv"), &path).unwrap();
    if folder().join("participants.json").is_file() {
        fs::copy(folder().join("participants.json"), &json).unwrap();
    }
    assert_eq!(coded, difference(NRS));
    assert!(want.contains("\"strata\""), "{want}");
    let output = boldly(dir, &format!("{NRS} --table nothere.tsv --dry-run"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(66), "{said}");
    assert!(said.contains("nothere.tsv does not exist"), "{said}");
}
