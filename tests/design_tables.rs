//! Events, confounds and ready matrices from tables: what is read, and what wrong tables are told.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::design::confounds::{select, select_among};
use boldly::design::events::{Events, from_table as events_by};
use boldly::design::{Confounds, DesignSpec, Drift, Event, NaPolicy, build, from_table};
use boldly::error::Error;
use boldly::table::Table;
use common::Random;

/// A table from lines whose cells are separated by blanks.
fn table(lines: &[&str]) -> Table {
    let cells = |line: &&str| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    Table {
        name: "events.tsv".into(),
        columns: cells(&lines[0]),
        rows: lines[1..].iter().map(cells).collect(),
    }
}

/// The events whose conditions stand in trial_type.
fn events_of(table: &Table) -> Result<Vec<Event>, Error> {
    events_by(table, None).map(|found| found.events)
}

fn patterns(patterns: &[&str]) -> Vec<String> {
    patterns.iter().map(|p| p.to_string()).collect()
}

/// The message of an error of the exit code 65 (bad data) or 2 (usage).
#[track_caller]
fn says(error: Error, code: u8, parts: &[&str]) {
    let message = error.to_string();
    assert_eq!(error.exit_code(), code, "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn events_keep_file_order_lines_and_negative_onsets() {
    let events =
        events_of(&table(&["onset duration trial_type", "-3.5 1 b", "2 0 a", "4 1 n/a", "5 1 b"]));
    let events = events.unwrap();
    let seen: Vec<_> = events.iter().map(|e| (e.onset, e.trial_type.as_str(), e.line)).collect();
    assert_eq!(seen, [(-3.5, "b", 2), (2.0, "a", 3), (5.0, "b", 5)]);
    assert!(events.iter().all(|e| e.amplitude == 1.0));
    let plain = events_of(&table(&["duration onset", "1 2"])).unwrap();
    assert_eq!((plain[0].trial_type.as_str(), plain[0].onset), ("trial", 2.0));
}

/// What is said of a table's events, in one text.
fn doubts(lines: &[&str], conditions: Option<&str>) -> (Events, String) {
    let found = events_by(&table(lines), conditions).unwrap();
    let said = found.doubts.join("\n");
    (found, said)
}

#[test]
fn a_modulation_column_gives_the_heights_as_it_stands_and_is_said() {
    let lines = ["onset duration trial_type modulation", "1 2 a 3.5", "4 2 n/a x", "6 2 a -1"];
    let (found, said) = doubts(&lines, None);
    let heights: Vec<f64> = found.events.iter().map(|e| e.amplitude).collect();
    assert_eq!(heights, [3.5, -1.0], "not centred; the row without a condition is not read");
    assert!(said.contains("events.tsv: the column modulation gives the heights"), "{said}");
    let (_, said) = doubts(&["onset duration trial_type modulation", "1 2 a 1"], None);
    assert_eq!(said, "", "heights of 1 change nothing");
    let missing = table(&["onset duration trial_type modulation", "1 2 a n/a"]);
    says(
        events_of(&missing).unwrap_err(),
        65,
        &["line 2 column modulation", "give the modulation", "write 1"],
    );
}

#[test]
fn events_without_a_condition_are_counted_and_their_lines_named() {
    let rows = ["onset duration trial_type", "1 2 a", "4 2 n/a", "6 2 a", "8 2 n/a"];
    let (found, said) = doubts(&rows, None);
    assert_eq!(found.events.len(), 2);
    assert!(said.contains("2 of 4 events have no trial_type (n/a)"), "{said}");
    assert!(said.contains("line 3, 5"), "{said}");
    assert_eq!(doubts(&rows[..2], None).1, "");
}

#[test]
fn events_without_trial_type_are_one_condition_only_with_a_word_about_it() {
    let lines = ["onset duration condition", "1 2 pain", "4 2 control"];
    let (found, said) = doubts(&lines, None);
    assert!(found.events.iter().all(|e| e.trial_type == "trial"));
    for part in
        ["no column trial_type", "all 2 events", "onset, duration, condition", "--trial-type"]
    {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    let (found, said) = doubts(&lines, Some("condition"));
    let conditions: Vec<&str> = found.events.iter().map(|e| e.trial_type.as_str()).collect();
    assert_eq!((conditions, said.as_str()), (vec!["pain", "control"], ""));
    let other = ["onset duration trial_type condition", "1 2 a pain", "4 2 a control"];
    let (found, _) = doubts(&other, Some("condition"));
    assert_eq!(found.events[0].trial_type, "pain", "the named column goes before trial_type");
    let wrong = events_by(&table(&lines), Some("conditon")).unwrap_err();
    says(wrong, 65, &["no column `conditon`", "did you mean `condition`?", "--trial-type"]);
}

#[test]
fn wrong_events_name_line_and_column() {
    for (lines, parts) in [
        (vec!["onset trial_type", "1 a"], vec!["no column `duration`"]),
        (vec!["Onset duration", "1 2"], vec!["no column `onset`", "did you mean `Onset`?"]),
        (vec!["onset,duration,trial_type", "1,2,a"], vec!["no column `onset`", "tabs"]),
        (vec!["onset duration", "1 2", "x 2"], vec!["events.tsv line 3 column onset", "is `x`"]),
        (vec!["onset duration", "n/a 2"], vec!["n/a as onset or duration of all its 1 events"]),
        (vec!["onset duration", "1 n/a"], vec!["n/a as onset or duration of all", "write 0"]),
        (vec!["onset duration", "1 "], vec!["line 2 has 1 cells"]),
        (vec!["onset duration", "1 inf"], vec!["line 2 column duration", "finite"]),
        (vec!["onset duration", "1 -2"], vec!["line 2 column duration", "negative", "write 0"]),
        (vec!["onset duration", "1"], vec!["line 2 has 1 cells", "2 columns"]),
        (vec!["onset duration trial_type", "1 2 n/a"], vec!["n/a as condition of all 1"]),
        (vec!["onset duration onset", "1 2 3"], vec!["column `onset` twice"]),
    ] {
        says(events_of(&table(&lines)).unwrap_err(), 65, &parts);
    }
}

#[test]
fn a_table_of_no_events_has_none_and_says_so() {
    let found = boldly::design::events::from_table(&table(&["onset duration trial_type"]), None);
    let found = found.unwrap();
    assert!(found.events.is_empty());
    assert!(found.doubts[0].contains("events.tsv has a header and no events"), "{found:?}");
    assert_eq!(found.doubts, found.why_no_column);
}

#[test]
fn an_event_beyond_the_run_is_told_its_line_and_the_runs_length() {
    let mut spec = DesignSpec::new((0..100).map(|k| f64::from(k) * 2.0).collect(), 2.0);
    spec.events_name = "events.tsv".into();
    spec.events = events_of(&table(&["onset duration", "199.9 5", "200 1", "300 1"])).unwrap();
    says(
        build(&spec).unwrap_err(),
        65,
        &["events.tsv line 3", "200 s (2 of 3 events do)", "ends at 200 s"],
    );
    spec.events = events_of(&table(&["onset duration", "1000 15", "31000 15"])).unwrap();
    says(build(&spec).unwrap_err(), 65, &["line 2", "ends at 200 s"]);
    spec.events = events_of(&table(&["onset duration", "199.9 5"])).unwrap();
    assert!(build(&spec).is_ok(), "begins within the last volume");
}

/// Four rows of confounds.
fn confounds() -> Table {
    let mut t = table(&[
        "trans_x trans_y rot_x csf framewise_displacement cosine00 flat [odd]",
        "1 5 9 1.5 n/a 0.1 3 1",
        "2 6 8 2.5 0.2 0.2 3 2",
        "3 7 7 0.5 0.4 0.3 3 3",
        "4 8 5 1e-3 0.6 0.4 3 5",
    ]);
    t.name = "confounds.tsv".into();
    t
}

#[test]
fn confounds_are_matched_by_name_or_glob_once_each_in_order() {
    let chosen = select(
        &confounds(),
        &patterns(&["csf, trans_*", "rot_?,trans_y", "[odd]"]),
        4,
        NaPolicy::Error,
    );
    let chosen = chosen.unwrap();
    assert_eq!(chosen.names, ["csf", "trans_x", "trans_y", "rot_x", "[odd]"]);
    assert_eq!(chosen.values.row(3).to_vec(), [1e-3, 4.0, 8.0, 5.0, 5.0]);
    assert!(chosen.constant.is_empty() && chosen.filled.is_empty() && chosen.dropped.is_empty());
    let flat = select(&confounds(), &patterns(&["flat"]), 4, NaPolicy::Error).unwrap();
    assert_eq!(flat.constant, ["flat"]);
}

#[test]
fn missing_values_follow_the_policy() {
    let fd = patterns(&["framewise_displacement", "csf"]);
    let error = select(&confounds(), &fd, 4, NaPolicy::Error).unwrap_err();
    says(error, 65, &["confounds.tsv column framewise_displacement", "n/a in line 2", "--na drop"]);
    let dropped = select(&confounds(), &fd, 4, NaPolicy::Drop).unwrap();
    assert_eq!(
        (dropped.names, dropped.dropped),
        (patterns(&["csf"]), patterns(&fd[..1].iter().map(String::as_str).collect::<Vec<_>>()))
    );
    let zero = select(&confounds(), &fd, 4, NaPolicy::Zero).unwrap();
    assert_eq!(zero.values[[0, 0]], 0.0);
    let mean = select(&confounds(), &fd, 4, NaPolicy::Mean).unwrap();
    assert!((mean.values[[0, 0]] - 0.4).abs() < 1e-15);
    assert_eq!(mean.filled, [("framewise_displacement".to_string(), 1)]);
    let all = table(&["x", "n/a", "NaN"]);
    says(
        select(&all, &patterns(&["x"]), 2, NaPolicy::Mean).unwrap_err(),
        65,
        &["n/a in all 2 rows"],
    );
}

#[test]
fn wrong_confounds_say_what_to_do() {
    let t = confounds();
    let of = |p: &[&str], n| select(&t, &patterns(p), n, NaPolicy::Error).unwrap_err();
    says(
        of(&["csf"], 6),
        65,
        &[
            "confounds.tsv has 4 rows but the run has 6 volumes",
            "drop the same dummy scans from both",
        ],
    );
    says(
        of(&["csff"], 4),
        2,
        &["`csff` matches no column of confounds.tsv", "did you mean `csf`?"],
    );
    says(of(&["global_*"], 4), 2, &["`global_*` matches no column", "columns: trans_x"]);
    says(of(&["a[", "csf"], 4), 2, &["`a[` is no glob"]);
    let one = std::slice::from_ref(&t);
    // a name must be there; a pattern may match in another run, and is handed back
    let chosen = select_among(one, &patterns(&["csf", "aroma_*"]), 4, NaPolicy::Error).unwrap();
    assert_eq!((chosen.names.len(), chosen.unmatched[0].pattern.as_str()), (1, "aroma_*"));
    let named = select_among(one, &patterns(&["csf", "aroma_1"]), 4, NaPolicy::Error);
    says(named.unwrap_err(), 2, &["`aroma_1` matches no column of confounds.tsv"]);
    for (pattern, of_outliers) in [
        ("motion_outlier*", true),
        ("motion_outlier??", true),
        ("non_steady_state_outlier*", true),
        ("motion_*", false),
        ("trans_q*", false),
    ] {
        let chosen = select_among(one, &patterns(&[pattern]), 4, NaPolicy::Error).unwrap();
        assert_eq!(chosen.unmatched[0].is_of_outliers(), of_outliers, "{pattern}");
    }
    let text = table(&["csf", "1", "oops"]);
    says(
        select(&text, &patterns(&["csf"]), 2, NaPolicy::Zero).unwrap_err(),
        65,
        &["line 3 column csf is `oops`"],
    );
    let twice = table(&["csf csf", "1 2"]);
    says(select(&twice, &patterns(&["c*"]), 1, NaPolicy::Zero).unwrap_err(), 65, &["`csf` twice"]);
}

/// A run of four volumes at 0 .. 3 TR with these confounds and no drift.
fn spec_with(chosen: Confounds) -> DesignSpec {
    let mut spec = DesignSpec::new(vec![0.0, 2.0, 4.0, 6.0], 2.0);
    spec.confounds = chosen;
    spec.drift = Drift::None;
    spec
}

#[test]
fn a_design_refuses_two_drifts_equal_names_and_more_columns_than_volumes() {
    let choose = |p: &[&str]| select(&confounds(), &patterns(p), 4, NaPolicy::Zero).unwrap();
    let mut spec = spec_with(choose(&["cosine*"]));
    assert_eq!(build(&spec).unwrap().names, ["cosine00", "constant"]);
    spec.drift = Drift::Polynomial { order: 1 };
    says(build(&spec).unwrap_err(), 2, &["confound cosine00", "--drift none"]);
    says(build(&spec_with(choose(&["*"]))).unwrap_err(), 65, &["9 columns for 4 volumes"]);
    let mut spec = spec_with(choose(&["csf"]));
    spec.events = events_of(&table(&["onset duration trial_type", "1 1 csf"])).unwrap();
    says(build(&spec).unwrap_err(), 65, &["two columns named `csf`"]);
    let mut spec = spec_with(choose(&["csf"]));
    spec.frame_times.pop();
    says(build(&spec).unwrap_err(), 65, &["has 4 rows but the run has 3 volumes"]);
}

#[test]
fn impossible_drifts_and_times_are_refused() {
    let run = |drift: Drift, times: &[f64], tr: f64| {
        let mut spec = DesignSpec::new(times.to_vec(), tr);
        spec.drift = drift;
        build(&spec).unwrap_err()
    };
    let times = [0.0, 2.0, 4.0, 6.0];
    for cutoff_s in [0.0, -1.0, f64::NAN] {
        says(run(Drift::Cosine { cutoff_s }, &times, 2.0), 2, &["drift cutoff"]);
    }
    says(run(Drift::Cosine { cutoff_s: 1e-300 }, &times, 2.0), 2, &["drift columns for 4 volumes"]);
    says(run(Drift::Polynomial { order: usize::MAX - 1 }, &times, 2.0), 2, &["for 4 volumes"]);
    for tr in [0.0, -2.0, f64::NAN, 2000.0] {
        says(run(Drift::None, &times, tr), 65, &["repetition time", "in seconds"]);
    }
    says(run(Drift::None, &[0.0], 2.0), 65, &["1 volumes"]);
    says(run(Drift::None, &[0.0, 2.0, 2.0], 2.0), 65, &["do not rise"]);
    says(run(Drift::None, &[0.0, f64::NAN], 2.0), 65, &["frame times"]);
}

#[test]
fn a_ready_matrix_must_be_numbers_with_names() {
    let of = |lines: &[&str], n| from_table(&table(lines), n);
    let design = of(&["a b", "1 2", "3 4e-2", "5 6"], 3).unwrap();
    assert_eq!(design.matrix, ndarray::array![[1.0, 2.0], [3.0, 0.04], [5.0, 6.0]]);
    says(of(&["a b", "1 2"], 3).unwrap_err(), 65, &["has 1 rows but the run has 3 volumes"]);
    says(of(&["a", "1", "n/a"], 2).unwrap_err(), 65, &["line 3 column a", "be a number"]);
    says(of(&["a a", "1 2", "1 2", "1 2"], 3).unwrap_err(), 65, &["two columns named `a`"]);
    says(of(&["a b", "1 2", "3 4"], 2).unwrap_err(), 65, &["2 columns for 2 volumes"]);
    let mut indexed = table(&["x a", "0 1", "1 2", "2 4"]);
    indexed.columns[0] = String::new();
    says(from_table(&indexed, 3).unwrap_err(), 65, &["no name for column 1", "index"]);
}

#[test]
fn no_table_panics() {
    let mut random = Random(11);
    let cells = [
        "1", "-2.5", "n/a", "", "x", "inf", "1e309", "nan", "é\u{7}", "1e-320", "30", "0",
        "-1e300", "  7 ",
    ];
    let headers = ["onset", "duration", "trial_type", "modulation", "csf", "", "cosine00", "*"];
    let mut built = 0;
    for _ in 0..4000 {
        let mut pick =
            |from: &[&str]| from[(random.uniform() * from.len() as f64) as usize].to_string();
        let mut columns: Vec<String> = (0..3).map(|_| pick(&headers)).collect();
        if pick(&["y", "n"]) == "y" {
            columns.splice(0..2, ["onset".to_string(), "duration".to_string()]);
        }
        let sane = pick(&["y", "y", "n"]) == "y";
        let cells = if sane { &cells[..1] } else { &cells[..] };
        let mut rows: Vec<Vec<String>> =
            (0..5).map(|_| (0..3).map(|_| pick(cells)).collect()).collect();
        if pick(&["ragged", "", "", ""]) == "ragged" {
            rows[3].pop();
        }
        let t = Table { name: "random.tsv".into(), columns, rows };
        let _ = (from_table(&t, 5), events_by(&t, Some("csf")));
        let mut spec = DesignSpec::new((0..5).map(|k| f64::from(k) * 2.0).collect(), 2.0);
        spec.drift = Drift::None;
        for na in [NaPolicy::Error, NaPolicy::Drop, NaPolicy::Zero, NaPolicy::Mean] {
            if let Ok(chosen) = select(&t, &patterns(&["c*", "*"]), 5, na) {
                spec.confounds = chosen;
            }
        }
        if let Ok(events) = events_of(&t) {
            spec.events = events;
        }
        if let Ok(design) = build(&spec) {
            built += 1;
            assert!(design.matrix.iter().all(|v| v.is_finite()), "{:?}", spec.events);
        }
    }
    assert!(built > 100, "{built} designs were built");
}
