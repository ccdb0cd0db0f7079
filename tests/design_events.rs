//! Events that are unusual, and columns of them that vary a response or give durations.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::design::events::{Reading, from_table as events_by, read};
use boldly::design::modulation::{Durations, Modulation};
use boldly::design::odd::{Span, odd};
use boldly::design::{DesignSpec, build};
use boldly::error::Error;
use boldly::table::Table;

/// A table from lines whose cells are separated by blanks.
fn table(lines: &[&str]) -> Table {
    let cells = |line: &&str| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    Table {
        name: "events.tsv".into(),
        columns: cells(&lines[0]),
        rows: lines[1..].iter().map(cells).collect(),
    }
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
fn few_events_after_the_run_are_left_out_counted_and_their_lines_named() {
    let lines =
        table(&["onset duration trial_type rating", "1 2 a 5", "9 2 b 6", "30 2 a 7", "4 2 a 9"]);
    let modulate = ["a:rating".parse().unwrap()];
    let mut found = read(&lines, &Reading { modulate: &modulate, ..Reading::default() }).unwrap();
    found.leave_out_after("events.tsv", 20.0).unwrap();
    assert_eq!(found.events.len(), 3);
    assert_eq!(found.modulators[0].values[2], 9.0, "values stay with their events");
    let said = found.doubts.join("\n");
    assert!(said.contains("1 of 4 events begin after the run, which ends at 20 s"), "{said}");
    assert!(said.contains("half of them or more would be taken for another run's"), "{said}");
    assert!(said.ends_with("and refused): line 4"), "{said}");
    // As many as are left: another run's, or ms.
    let mut most = events_by(&table(&["onset duration", "1 2", "30 2"]), None).unwrap();
    let refused = most.leave_out_after("events.tsv", 20.0).unwrap_err();
    says(refused, 65, &["line 3", "begins at 30 s", "another run's"]);
}

#[test]
fn events_that_are_over_before_the_run_leave_a_modulator_as_it_is() {
    let lines = ["onset duration trial_type rating", "1 2 a 5", "9 2 a 6", "19 2 a 9"];
    let modulate = ["a:rating,orthogonal".parse().unwrap()];
    let matrix = |lines: &[&str]| {
        let reading = Reading { modulate: &modulate, ..Reading::default() };
        let mut found = read(&table(lines), &reading).unwrap();
        let hrf = "spm".parse().unwrap();
        let span = Span { first_s: 0.0, end_s: 80.0, tr: 2.0, hrf: &hrf, own: None, on_grid: true };
        found.leave_out_over("events.tsv", |event| span.is_over(event));
        let frames = (0..40).map(|k| 2.0 * f64::from(k)).collect();
        let mut spec = DesignSpec::new(frames, 2.0);
        (spec.events, spec.modulators) = (found.events, found.modulators);
        (build(&spec).unwrap().matrix, found.doubts.join("\n"))
    };
    let (plain, none) = matrix(&lines);
    let (with, said) = matrix(&[&lines[..], &["-60 2 a 50"]].concat());
    assert_eq!(plain, with);
    assert!(none.is_empty() && said.contains("run begins: 1; they change nothing"), "{said}");
    assert!(said.ends_with("line 5"), "{said}");
}

#[test]
fn rows_that_stand_twice_are_told_and_onsets_in_ms_are_known_as_such() {
    let lines = table(&["onset duration trial_type", "1 2 a", "9 2 b", "1 2 a", "1 2 b", "9 2 b"]);
    let said = events_by(&lines, None).unwrap().doubts.join("\n");
    assert!(said.contains("2 of 5 rows stand there a second time"), "{said}");
    assert!(said.ends_with("line 4, 6; leave them out"), "{said}");
    let mut ms =
        events_by(&table(&["onset duration", "500 2", "4000 2", "380000 2"]), None).unwrap();
    assert!(ms.doubts.iter().all(|said| !said.contains("second time")));
    let refused = ms.leave_out_after("events.tsv", 400.0).unwrap_err();
    says(refused, 65, &["line 2", "onsets are in seconds, not ms"]);
}

#[test]
fn events_without_an_onset_or_a_duration_are_left_out_counted_and_their_lines_named() {
    let lines = table(&[
        "onset duration trial_type rating rt",
        "1 2 a 5 n/a",
        "n/a 2 a 6 1",
        "4 n/a a 7 n/a",
        "6 n/a a 9 3",
        "9 n/a b 9 n/a",
        "NaN 2 b 9 n/a",
    ]);
    let (modulate, durations) = (["a:rating".parse().unwrap()], ["a:rt".parse().unwrap()]);
    let reading = Reading { modulate: &modulate, durations: &durations, ..Reading::default() };
    let found = read(&lines, &reading).unwrap();
    let kept: Vec<(f64, f64)> = found.events.iter().map(|e| (e.onset, e.duration)).collect();
    assert_eq!(kept, [(1.0, 2.0), (6.0, 3.0)], "a column of durations tells one");
    assert_eq!(found.modulators[0].values, [5.0, 9.0], "values stay with their events");
    let said = found.doubts.join("\n");
    for part in [
        "2 of 6 events have no onset (n/a) and are left out of the model: line 3, 7",
        "2 of 6 events have no duration (n/a) and are left out of the model: line 4, 6",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // A response that gives all events one duration needs none.
    let fixed = Reading { fixed_duration_s: Some(0.0), ..Reading::default() };
    let found = read(&lines, &fixed).unwrap();
    assert_eq!(found.events.len(), 4);
    let none = table(&["onset duration trial_type", "n/a 1 a", "2 n/a a"]);
    says(read(&none, &Reading::default()).unwrap_err(), 65, &["all its 2 events"]);
}

/// The sentences about events `onset duration trial_type` in a run of 100 s that begins at 0, by kind.
fn odd_of(hrf: &str, rows: &[&str]) -> (String, String) {
    let lines: Vec<&str> =
        std::iter::once(&"onset duration trial_type").chain(rows).copied().collect();
    let events = events_by(&table(&lines), None).unwrap().events;
    let hrf = hrf.parse().unwrap();
    let span = Span { first_s: 0.0, end_s: 100.0, tr: 2.0, hrf: &hrf, own: None, on_grid: true };
    let odd = odd("events.tsv", &events, &span);
    (odd.notes.join("\n"), odd.doubts.join("\n"))
}

#[test]
fn unusual_events_are_counted_by_kind_and_said_what_becomes_of_them() {
    let plain = ["0 2 a", "2 2 a", "50 0 b", "98 2 a"];
    assert_eq!(odd_of("spm", &plain), Default::default());
    for (hrf, rows, notes, doubts) in [
        (
            "spm",
            &["1 0 a", "5 4 a", "9 0 b"][..],
            "",
            "`a`: 1 of 2 events last 0 s and others longer; each of 0 s counts as one of 0.1250 s",
        ),
        ("nilearn", &["1 0 a", "5 4 a"], "", "counts as one of 0.0400 s"),
        ("gam", &["1 0 a", "5 4 a"], "", "counts as one of 1 s squeezed"),
        (
            "spm",
            &["1 5 a", "3 1 a", "4 5 b"],
            "",
            "`a`: 1 of 2 events begin before another of the condition ends",
        ),
        ("spm", &["1 0 a", "1 0 a"], "", "`a`: 1 of 2 events begin before"),
        ("spm", &["-3 2 a", "99 4 a"], "begin before the run: 1;", ""),
        ("spm", &["-3 2 a", "99 4 a"], "last beyond the end of the run: 1;", ""),
        ("spm", &["-40 2 a", "9 2 a"], "", "over before the run begins: 1;"),
        ("none", &["-4 2 a", "9 2 a"], "", "over before the run begins: 1;"),
        ("glover", &["-30 2 a", "9 2 a"], "", "more than 24 s before the run"),
        ("glover", &["-60 2 a", "9 2 a"], "", "they count from there"),
        ("gam:9,9", &["-90 2 a", "9 2 a"], "begin before the run: 1;", ""),
        (
            "block:3,1",
            &["1 3 a", "9 0 a"],
            "another duration than the 3 s that --hrf block:3,1 gives all: 1",
            "",
        ),
        ("block:5,1", &["1 5 a", "4 5 a"], "", "`a`: 1 of 2 events begin before"),
    ] {
        let (noted, doubted) = odd_of(hrf, rows);
        assert!(noted.contains(notes), "{hrf} {rows:?}: `{notes}` is not in: {noted}");
        assert!(doubted.contains(doubts), "{hrf} {rows:?}: `{doubts}` is not in: {doubted}");
        assert_eq!(doubts.is_empty(), doubted.is_empty(), "{hrf} {rows:?}: {doubted}");
    }
}

/// Heights of the columns of a modulation of condition a, whose events have these values.
fn heights(modulation: &str, values: &[f64]) -> Vec<Vec<f64>> {
    let of: Modulation = modulation.parse().unwrap();
    of.heights(values, &vec![1.0; values.len()]).unwrap()
}

#[test]
fn modulators_are_centred_powers_of_a_column_and_what_has_no_value_counts_as_the_mean() {
    assert_eq!(heights("a:x", &[1.0, 2.0, 6.0]), [[-2.0, -1.0, 3.0]]);
    assert_eq!(heights("a:x,uncentred", &[1.0, 2.0, 6.0]), [[1.0, 2.0, 6.0]]);
    let squares = heights("a:x^2", &[1.0, 2.0, 6.0]);
    for (got, want) in squares[1].iter().zip([4.0, 1.0, 9.0]) {
        assert!((got - (want - 14.0 / 3.0)).abs() < 1e-14, "{squares:?}");
    }
    assert_eq!(heights("a:x,uncentred", &[1.0, f64::NAN, 3.0]), [[1.0, 2.0, 3.0]]);
    assert_eq!(heights("a:x", &[1.0, f64::NAN, 3.0]), [[-1.0, 0.0, 1.0]]);
    let of: Modulation = "a:x".parse().unwrap();
    for (values, part) in [(vec![3.0, 3.0], "is 3 in all"), (vec![f64::NAN], "has no value")] {
        says(of.heights(&values, &vec![1.0; values.len()]).unwrap_err(), 65, &[part, "of `a`"]);
    }
    assert_eq!(of.heights(&[1.0, 3.0], &[2.0, 1.0]).unwrap(), [[-2.0, 1.0]], "on plain heights");
}

#[test]
fn a_modulation_and_its_text_are_the_same() {
    for (text, kept) in [
        ("pain:rating", "pain:rating"),
        (" pain : rating ^ 3, orthogonal", "pain:rating^3,orthogonal"),
        ("a:b:c,uncentred,orthogonal", "a:b:c,uncentred,orthogonal"),
    ] {
        let read: Modulation = text.parse().unwrap();
        assert_eq!(read.to_string(), kept);
        assert_eq!(kept.parse::<Modulation>().unwrap(), read);
    }
    for text in ["", "pain", "pain:", ":x", "a:x^0", "a:x^6", "a:x^y", "a:x,raw"] {
        assert!(text.parse::<Modulation>().is_err(), "{text}");
    }
    let durations: Durations = "pain:rt".parse().unwrap();
    assert_eq!((durations.condition.as_deref(), durations.column.as_str()), (Some("pain"), "rt"));
    assert!("pain:".parse::<Durations>().is_err() && ":rt".parse::<Durations>().is_err());
}

#[test]
fn modulators_and_durations_are_read_from_their_columns_and_what_lacks_them_is_counted() {
    let lines = table(&[
        "onset duration trial_type rating rt modulation",
        "1 2 a 5 0.5 1",
        "9 2 b 6 0.7 2",
        "20 2 a n/a n/a 3",
        "30 2 a 9 1.5 4",
    ]);
    let durations = ["a:rt".parse().unwrap()];
    let modulate = ["a:rating".parse().unwrap(), "a:modulation".parse().unwrap()];
    let reading = Reading { durations: &durations, modulate: &modulate, ..Reading::default() };
    let mut found = read(&lines, &reading).unwrap();
    found.tell_unknown("events.tsv");
    let lasts: Vec<f64> = found.events.iter().map(|e| e.duration).collect();
    assert_eq!(lasts, [0.5, 2.0, 2.0, 1.5]);
    assert!(found.events.iter().all(|e| e.amplitude == 1.0), "what modulates gives no heights");
    assert_eq!(
        found.modulators[0].values[..2].iter().map(|v| v.is_nan()).collect::<Vec<_>>(),
        [false, true]
    );
    let said = found.doubts.join("\n");
    assert!(said.contains("1 of 3 events of `a` have no rating (n/a)"), "{said}");
    assert!(said.contains("1 events have no rt (n/a) and keep their own duration"), "{said}");
    let mut spec = DesignSpec::new((0..40).map(|k| f64::from(k) * 2.0).collect(), 2.0);
    (spec.events, spec.modulators) = (found.events, found.modulators);
    let names = build(&spec).unwrap().names;
    assert_eq!(names[..4], ["a", "a:rating", "a:modulation", "b"]);
    for (asked, code, parts) in [
        ("warmth:rating", 2, ["names `warmth`, which is no condition", "conditions: a, b"]),
        ("a:ratng", 65, ["no column `ratng`", "did you mean `rating`?"]),
        ("a:trial_type", 65, ["line 2 column trial_type", "be a number or n/a"]),
    ] {
        let modulate = [asked.parse().unwrap()];
        let reading = Reading { modulate: &modulate, ..Reading::default() };
        says(read(&lines, &reading).unwrap_err(), code, &parts);
    }
    let durations = ["c:rt".parse().unwrap()];
    let reading = Reading { durations: &durations, ..Reading::default() };
    says(read(&lines, &reading).unwrap_err(), 2, &["--durations c:rt", "conditions: a, b"]);
}

#[test]
fn an_event_that_is_left_out_is_not_counted_among_those_that_lack_a_value() {
    let lines = ["onset duration trial_type rating rt", "1 2 a 5 1", "9 2 a 6 n/a", "20 2 a 9 1"];
    let (durations, modulate) = (["rt".parse().unwrap()], ["a:rating".parse().unwrap()]);
    let reading = Reading { durations: &durations, modulate: &modulate, ..Reading::default() };
    let doubts = |more: &[&str]| {
        let mut found = read(&table(&[&lines[..], more].concat()), &reading).unwrap();
        found.leave_out_after("events.tsv", 40.0).unwrap();
        found.tell_unknown("events.tsv");
        found.doubts.into_iter().filter(|doubt| doubt.contains("(n/a)")).collect::<Vec<_>>()
    };
    let own = "events.tsv: 1 events have no rt (n/a) and keep their own duration";
    assert_eq!(doubts(&[]), [own]);
    assert_eq!(doubts(&["50 2 a n/a n/a"]), [own]);
    let of_rating = "events.tsv: 1 of 4 events of `a` have no rating (n/a) and count as ones of the mean rating";
    assert_eq!(doubts(&["30 2 a n/a 1", "50 2 a n/a n/a"]), [own, of_rating]);
}

#[test]
fn a_modulators_column_is_its_response_to_the_heights_and_orthogonal_where_asked() {
    let mut spec = DesignSpec::new((0..60).map(|k| f64::from(k) * 2.0).collect(), 2.0);
    let lines =
        table(&["onset duration trial_type x", "4 1 a 1", "30 5 a 2", "61 1 a 7", "90 0.5 a 4"]);
    let by = |text: &str| {
        let modulate = [text.parse().unwrap()];
        read(&lines, &Reading { modulate: &modulate, ..Reading::default() }).unwrap()
    };
    spec.events = by("a:x").events;
    let mut tall = spec.clone();
    for (event, x) in tall.events.iter_mut().zip([1.0, 2.0, 7.0, 4.0]) {
        event.amplitude = x;
    }
    let want = build(&tall).unwrap().matrix.column(0).to_vec();
    spec.modulators = by("a:x,uncentred").modulators;
    let raw = build(&spec).unwrap();
    common::assert_close("uncentred", &raw.matrix.column(1).to_vec(), &want, 1e-13, 1e-14);
    spec.modulators = by("a:x").modulators;
    let centred = build(&spec).unwrap();
    let main = centred.matrix.column(0);
    let want = (&raw.matrix.column(1) - &(3.5 * &main)).to_vec();
    common::assert_close("centred", &centred.matrix.column(1).to_vec(), &want, 1e-12, 1e-13);
    // SPM's: raw values, then less their projection on the response; centring changes nothing then.
    for text in ["a:x^2,uncentred,orthogonal", "a:x^2,orthogonal"] {
        spec.modulators = by(text).modulators;
        spec.hrf = "spm+derivative".parse().unwrap();
        let design = build(&spec).unwrap();
        assert_eq!(design.names[2..6], ["a:x", "a:x_derivative", "a:x^2", "a:x^2_derivative"]);
        let gram = design.matrix.t().dot(&design.matrix);
        for (i, j) in (0..6).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let size = (gram[[i, i]] * gram[[j, j]]).sqrt();
            assert!(gram[[i, j]].abs() < 1e-12 * size, "{text}: [{i}, {j}] {}", gram[[i, j]]);
        }
    }
}

#[test]
fn a_column_in_another_spelling_is_refused_unless_it_is_asked_for() {
    for (column, meant) in [("Modulation", "modulation"), ("Trial Type", "trial_type")] {
        let mut rows = table(&["onset duration own", "1 2 3", "9 2 4"]);
        rows.columns[2] = column.to_owned();
        let error = read(&rows, &Reading::default()).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        let said = error.to_string();
        let parts = [format!("column '{column}' of"), format!("must be called {meant}")];
        parts.iter().for_each(|part| assert!(said.contains(part), "{part}: {said}"));
    }
    let rows = table(&["onset duration Modulation Trial_Type", "1 2 3 a", "9 2 4 a"]);
    let modulate = ["a:Modulation".parse().unwrap()];
    let conditions = Some("Trial_Type");
    let found = read(&rows, &Reading { modulate: &modulate, conditions, ..Reading::default() });
    assert!(found.unwrap().events.iter().all(|event| event.amplitude == 1.0));
}
