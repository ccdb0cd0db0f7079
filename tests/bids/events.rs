//! Events that are not there, stand twice or are of other times, and subjects without a run: told before any fit, many alike in one line.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::binary::{boldly, said, succeeded};
use crate::made::{META, copy, dataset, model};

const RUN: &str = "sub-01_task-mixedgamblestask_run-01";

/// A copy of ds005 in `raw`, and the words that plan its runs.
fn planned(folder: &Path, more: &str) -> Option<String> {
    copy(&dataset("ds005")?, &folder.join("raw"));
    Some(format!("bids raw out run -m {} --dry-run {more}", model(META)?.display()))
}

fn table(folder: &Path) -> PathBuf {
    folder.join(format!("raw/sub-01/func/{RUN}_events.tsv"))
}

/// Changes the events of a run, line by line, the header left as it is.
fn change(folder: &Path, each: impl Fn(usize, &str) -> String) {
    let path = table(folder);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap().to_owned();
    let rows: Vec<String> = lines.enumerate().map(|(at, row)| each(at, row)).collect();
    fs::write(path, [vec![head], rows].concat().join("\n") + "\n").unwrap();
}

/// A row with another onset.
fn at(row: &str, change: impl Fn(f64) -> f64) -> String {
    let (onset, rest) = row.split_once('\t').unwrap();
    format!("{}\t{rest}", change(onset.parse().unwrap()))
}

#[test]
fn rows_that_stand_twice_and_onsets_long_before_the_run_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = planned(folder.path(), "--participant-label 01") else { return };
    let done = succeeded(&line, boldly(folder.path(), &line));
    assert!(!said(&done).contains("second time") && !said(&done).contains("is over before"));
    change(folder.path(), |_, row| format!("{row}\n{row}"));
    let done = succeeded(&line, boldly(folder.path(), &line));
    assert!(said(&done).contains("rows stand there a second time"), "{}", said(&done));
    assert!(said(&done).contains("their heights add where they overlap"), "{}", said(&done));

    copy(&dataset("ds005").unwrap(), &folder.path().join("raw"));
    let early = |n: usize, row: &str| if n < 2 { at(row, |t| t - 200.0) } else { row.to_owned() };
    change(folder.path(), early);
    let done = succeeded(&line, boldly(folder.path(), &line));
    let why = "events whose response is over before the run begins: 2";
    assert!(said(&done).contains(why), "{}", said(&done));
}

#[test]
fn onsets_in_milliseconds_are_refused_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = planned(folder.path(), "--participant-label 01") else { return };
    change(folder.path(), |_, row| at(row, |t| 1000.0 * t));
    let done = boldly(folder.path(), &line);
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    assert!(said(&done).contains("onsets are in seconds, not ms"), "{}", said(&done));
    assert!(said(&done).contains("sub-01 task-mixedgamblestask run-01"), "{}", said(&done));
}

#[test]
fn a_run_without_events_is_said_to_have_none_with_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = planned(folder.path(), "--participant-label 01") else { return };
    let other = table(folder.path())
        .with_file_name(format!("{}_events.tsv", RUN.replace("run-01", "run-11")));
    fs::rename(table(folder.path()), &other).unwrap();
    let done = boldly(folder.path(), &line);
    assert_eq!(done.status.code(), Some(66), "{}", said(&done));
    for word in [
        "sub-01 task-mixedgamblestask run-01 has no events file",
        "have sub-01_task-mixedgamblestask_run-01_events.tsv beside its raw image",
        "did you mean sub-01_task-mixedgamblestask_run-11_events.tsv?",
    ] {
        assert!(said(&done).contains(word), "{word}: {}", said(&done));
    }
    // where what lacks is dropped nothing is left to ask of it, which is known before any fit
    let drop = format!("{line} --drop-missing");
    let done = succeeded(&drop, boldly(folder.path(), &drop));
    let plan = String::from_utf8(done.stdout).unwrap();
    let why = "left out: sub-01 task-mixedgamblestask run-01: no contrast of run_level is left to ask (the run has no events file (did you mean";
    assert!(plan.contains(why) && plan.contains("run_level (Run, glm): 1 units"), "{plan}");
    let filter = folder.path().join("filter.json");
    fs::write(&filter, r#"{"bold": {"run": "1"}}"#).unwrap();
    let alone = format!("{drop} --bids-filter-file filter.json");
    let done = boldly(folder.path(), &alone);
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    for word in
        ["(run_level) asks no contrast of any run", "run-01: no contrast of run_level is left"]
    {
        assert!(said(&done).contains(word), "{word}: {}", said(&done));
    }
    // a header alone is told apart
    let head = fs::read_to_string(&other).unwrap().lines().next().unwrap().to_owned();
    fs::write(table(folder.path()), head + "\n").unwrap();
    let done = boldly(folder.path(), &line);
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    for word in ["run-01_events.tsv of sub-01", "has a header and no event"] {
        assert!(said(&done).contains(word), "{word}: {}", said(&done));
    }
}

#[test]
fn one_fault_in_all_runs_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = planned(folder.path(), "") else { return };
    for subject in ["01", "02", "03", "04"] {
        for run in ["01", "02"] {
            let name = format!(
                "raw/sub-{subject}/func/sub-{subject}_task-mixedgamblestask_run-{run}_events.tsv"
            );
            fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
    let done = boldly(folder.path(), &line);
    let told = said(&done);
    assert_eq!(told.matches("has no events file, and").count(), 1, "{told}");
    assert!(told.contains("so have 7 more: sub-01 task-mixedgamblestask run-02"), "{told}");
    assert!(told.contains("the dataset has no events file at all"), "{told}");
}

#[test]
fn subjects_without_a_run_are_counted_and_a_plan_is_an_object_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = planned(folder.path(), "--json") else { return };
    let done = succeeded(&line, boldly(folder.path(), &line));
    let plan: Value = serde_json::from_slice(&done.stdout).unwrap();
    let units = plan["units"].as_array().unwrap();
    // participants.tsv names 16, of whom 4 have images here
    let absent = |plan: &Value| plan["left_out"][0].as_str().unwrap().to_owned();
    assert_eq!(units.len(), 8, "{plan}");
    assert!(absent(&plan).starts_with("12 of 16 subjects of the dataset"), "{plan}");
    assert!(absent(&plan).contains("in no level: sub-05, sub-06"), "{plan}");
    assert_eq!(units[0]["unit"], "sub-01 task-mixedgamblestask run-01");
    assert_eq!(units[0]["contrasts"].as_array().unwrap().len(), 4);
    assert_eq!(units[0]["columns"].as_array().unwrap().len(), 21);
    // and one with a folder alone
    fs::create_dir(folder.path().join("raw/sub-31")).unwrap();
    let done = succeeded(&line, boldly(folder.path(), &line));
    let plan: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(absent(&plan).starts_with("13 of 17 subjects of the dataset"), "{plan}");
    // who was chosen is not missed
    let chosen = line + " --participant-label 01";
    let done = succeeded(&chosen, boldly(folder.path(), &chosen));
    let plan: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(plan["left_out"], Value::Array(vec![]));
}
