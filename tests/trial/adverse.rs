//! Of `trial::adverse`.

use boldly::error::Result;
use boldly::trial::results::{AdverseEvents, AdverseRow};
use boldly::trial::{Notes, adverse};

use crate::study::{Study, folder, study};

fn asked() -> Study {
    let mut study = study();
    study.plan.adverse_events = Some("adverse_events".to_owned());
    study
}

fn tried(study: &Study) -> Result<(AdverseEvents, Notes)> {
    let mut notes = Notes::default();
    let people = study.people();
    let found = adverse::analyse(&study.plan, &people, &study.tables, &mut notes)?;
    Ok((found, notes))
}

fn found(study: &Study) -> AdverseEvents {
    tried(study).unwrap().0
}

#[track_caller]
fn refused(study: &Study, parts: &[&str]) {
    let message = tried(study).unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "no '{part}' in: {message}");
    }
}

/// The participants of the one note that says this.
#[track_caller]
fn said(study: &Study, text: &str) -> Vec<String> {
    let notes = tried(study).unwrap().1;
    let note = notes.all.iter().find(|note| note.text.contains(text));
    let note = note.unwrap_or_else(|| panic!("no '{text}' in {:#?}", notes.all));
    note.participants.iter().map(|who| id(who)).collect()
}

/// Without the lines behind it.
fn id(who: &str) -> String {
    who.split(' ').next().unwrap().to_owned()
}

fn row<'a>(found: &'a AdverseEvents, name: &str) -> &'a AdverseRow {
    let of = |row: &&AdverseRow| row.pt.as_deref().unwrap_or(&row.soc) == name;
    found.rows.iter().find(of).unwrap_or_else(|| panic!("no row {name}"))
}

/// `[any, active; control]` of participants, then of events.
fn counts(row: &AdverseRow) -> [usize; 4] {
    [row.n.active, row.n.control, row.events.active, row.events.control]
}

#[test]
fn the_table_is_the_golden_one_row_by_row() {
    let found = found(&asked());
    assert_eq!((found.treated.active, found.treated.control), (46, 46));
    let golden = std::fs::read_to_string(folder().join("golden_ae_table.tsv")).unwrap();
    let golden: Vec<Vec<&str>> = golden.lines().skip(1).map(|l| l.split('\t').collect()).collect();
    assert_eq!(found.rows.len(), golden.len());
    assert_eq!(golden.len(), 30);
    for (row, want) in found.rows.iter().zip(&golden) {
        let name = format!("{} {}", want[0], want[1]);
        assert_eq!((row.soc.as_str(), row.pt.as_deref().unwrap_or("")), (want[0], want[1]));
        let whole: [usize; 4] =
            [want[2], want[4], want[6], want[7]].map(|cell| cell.parse().unwrap());
        assert_eq!(counts(row), whole, "{name}");
        let (mn, newcombe) = (row.risk_difference.unwrap(), row.risk_difference_newcombe.unwrap());
        let numbers = [
            row.share.active.unwrap(),
            row.share.control.unwrap(),
            mn.value,
            mn.low.unwrap(),
            mn.high.unwrap(),
            newcombe.low.unwrap(),
            newcombe.high.unwrap(),
        ];
        for (got, cell) in numbers.iter().zip([3, 5, 8, 9, 10, 11, 12]) {
            let want: f64 = want[cell].parse().unwrap();
            // The golden's percentages have 6 decimals.
            assert!((100.0 * got - want).abs() < 5.1e-7, "{name}: {got} for {want}");
        }
    }
    let summaries = found.rows.iter().filter(|row| row.is_summary).count();
    assert_eq!(summaries, 5);
}

#[test]
fn nausea_of_33_and_20_of_46_has_the_published_interval() {
    let found = found(&asked());
    let nausea = row(&found, "Nausea").risk_difference.unwrap();
    let percent = |share: f64| (1000.0 * share).round() / 10.0;
    let got = [nausea.value, nausea.low.unwrap(), nausea.high.unwrap()].map(percent);
    assert_eq!(got, [28.3, 8.0, 46.3]);
}

#[test]
fn an_event_before_the_first_dose_and_one_long_after_the_last_are_counted_apart() {
    let mut study = asked();
    let own = found(&study);
    assert_eq!((own.before.active, own.before.control), (1, 0));
    assert_eq!((own.after.active, own.after.control), (0, 0));
    assert!(own.rows.iter().all(|row| row.pt.as_deref() != Some("Influenza")));
    assert_eq!(said(&study, "1 adverse event before the first dose"), ["sub-001"]);
    let line = 2 + study
        .cells("adverse_events")
        .rows
        .iter()
        .position(|row| row[0] == "sub-001" && row.iter().any(|cell| cell == "Influenza"))
        .unwrap();
    let notes = tried(&study).unwrap().1;
    let note = notes.all.iter().find(|note| note.text.contains("before the first dose")).unwrap();
    assert_eq!(note.participants, [format!("sub-001 (line {line})")]);
    // sub-013's nausea; last_day 91 or earlier.
    let last = last_day(&study, "sub-013");
    for (day, events, told) in [
        (last, 39, None),
        (last + 30, 39, Some("after the participant's last_day, by 30 days or less")),
        (last + 31, 38, Some("more than 30 days after the participant's last_day")),
        (0, 38, Some("before the first dose")),
        (1, 39, None),
    ] {
        study.set("adverse_events", 1, "onset_day", &day.to_string());
        let nausea = row(&found(&study), "Nausea").clone();
        assert_eq!(nausea.events.active + nausea.events.control, events + 27, "day {day}");
        // Each event is told of its day once.
        let days = ["by 30 days or less", "more than 30 days", "before the first dose"];
        let own = notes_of(&study, "sub-013").into_iter();
        let own = own.filter(|note| days.iter().any(|day| note.contains(day))).count();
        assert_eq!(own, usize::from(told.is_some()), "day {day}");
        match told {
            Some(text) => assert!(said(&study, text).contains(&"sub-013".to_owned()), "day {day}"),
            None => assert!(!all_said(&study).contains("last_day"), "day {day}"),
        }
    }
}

/// What is said of a participant.
fn notes_of(study: &Study, id: &str) -> Vec<String> {
    let notes = tried(study).unwrap().1.all.into_iter();
    let own = notes.filter(|note| note.participants.iter().any(|who| self::id(who) == id));
    own.map(|note| note.text).collect()
}

fn last_day(study: &Study, id: &str) -> i64 {
    let table = &study.participants.table;
    let row = table.rows.iter().find(|row| row[0] == id).unwrap();
    row[table.position("last_day").unwrap()].parse().unwrap()
}

fn all_said(study: &Study) -> String {
    let notes = tried(study).unwrap().1;
    notes.all.iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn denominators_are_the_treated_of_participants_and_not_who_is_in_the_table_of_events() {
    let mut study = asked();
    let before = found(&study);
    // sub-001 has no treatment-emergent event but Influenza's; without treatment they leave the denominator.
    for (column, cell) in
        [("treated", "no"), ("completed", "no"), ("discontinuation_reason", "withdrew consent")]
    {
        study.set("participants", 0, column, cell);
    }
    let after = found(&study);
    assert_eq!(after.treated.active, 45);
    assert_eq!(after.before.active, before.before.active - 1);
    assert!(said(&study, "of participants who were not treated").contains(&"sub-001".to_owned()));
    let share = row(&after, "Nausea").share.active.unwrap();
    let with = row(&after, "Nausea").n.active as f64;
    assert_eq!(share, with / 45.0);
}

#[test]
fn a_patient_counts_once_a_row_and_each_event_as_one() {
    let mut study = asked();
    let before = counts(row(&found(&study), "Nausea"));
    let cells = study.cells("adverse_events");
    let mut again = cells.rows[0].clone();
    again[3] = "73".to_owned();
    cells.rows.push(again);
    let after = counts(row(&found(&study), "Nausea"));
    let more: usize = after[2] + after[3] - before[2] - before[3];
    assert_eq!((after[..2] == before[..2], more), (true, 1));
}

#[test]
fn rows_of_one_active_count_are_ordered_by_the_control_arm() {
    let mut study = asked();
    let classes = |study: &Study| -> Vec<String> {
        let found = found(study);
        found.rows.iter().filter(|row| row.pt.is_none()).map(|row| row.soc.clone()).collect()
    };
    let place = |study: &Study, soc: &str| {
        classes(study).iter().position(|name| name.starts_with(soc)).unwrap()
    };
    // Both 8 and 1: by name.
    assert!(place(&study, "Cardiac") < place(&study, "Skin"));
    let people = study.people();
    let in_skin = |row: &[String]| row[1].starts_with("Skin");
    let cells = study.cells("adverse_events");
    let mut more = cells.rows.iter().find(|row| in_skin(row)).unwrap().clone();
    let control = people.randomised(boldly::trial::Arm::Control);
    let new = people.names(&control).into_iter();
    let mut new = new.filter(|id| !cells.rows.iter().any(|row| row[0] == *id && in_skin(row)));
    more[0] = new.next_back().unwrap();
    more[3] = "1".to_owned();
    more[7] = "none".to_owned();
    cells.rows.push(more);
    assert!(place(&study, "Skin") < place(&study, "Cardiac"));
}

#[test]
fn double_entries_are_told_with_their_participants() {
    let mut study = asked();
    // The golden table holds one.
    assert_eq!(said(&study, "1 adverse event in rows that repeat another"), ["sub-088"]);
    let cells = study.cells("adverse_events");
    let again = cells.rows[0].clone();
    cells.rows.extend([again.clone(), again]);
    assert_eq!(
        said(&study, "3 adverse events in rows that repeat another"),
        ["sub-088", "sub-091"]
    );
}

#[test]
fn an_unknown_participant_is_refused_by_line_with_the_closest_name() {
    let mut study = asked();
    study.set("adverse_events", 2, "participant_id", "sub_029");
    refused(&study, &["adverse_events.tsv", "line 4", "sub_029", "did you mean 'sub-029'"]);
}

#[test]
fn a_term_in_two_classes_is_refused_by_both_lines() {
    let mut study = asked();
    study.set("adverse_events", 40, "soc", "Nervous system disorders");
    refused(
        &study,
        &[
            "line 42",
            "'Nausea' into 'Nervous system disorders'",
            "line 2 puts into 'Gastrointestinal disorders'",
            "correct one of them",
        ],
    );
}

#[test]
fn an_event_without_class_term_or_day_does_not_vanish() {
    let mut study = asked();
    let any = counts(&found(&study).rows[0]);
    study.set("adverse_events", 0, "soc", "n/a");
    study.set("adverse_events", 1, "pt", "");
    study.set("adverse_events", 2, "onset_day", "n/a");
    let after = found(&study);
    assert_eq!(counts(&after.rows[0]), any);
    let not_coded: Vec<(&str, Option<&str>, usize)> = after
        .rows
        .iter()
        .filter(|row| row.soc == "not coded" || row.pt.as_deref() == Some("not coded"))
        .map(|row| (row.soc.as_str(), row.pt.as_deref(), row.events.active + row.events.control))
        .collect();
    let want = [
        ("Gastrointestinal disorders", Some("not coded"), 1),
        ("not coded", None, 1),
        ("not coded", Some("Nausea"), 1),
    ];
    assert_eq!(not_coded, want);
    assert_eq!(said(&study, "1 adverse event without soc (line 2)"), ["sub-091"]);
    assert_eq!(said(&study, "1 adverse event without pt (line 3)"), ["sub-013"]);
    assert_eq!(said(&study, "without onset_day: taken to be treatment-emergent"), ["sub-029"]);
}

#[test]
fn without_a_last_day_every_event_from_day_1_on_is_treatment_emergent_and_told() {
    let mut study = asked();
    let nausea = counts(row(&found(&study), "Nausea"));
    let at = study.participants.table.rows.iter().position(|row| row[0] == "sub-013").unwrap();
    study.set("participants", at, "last_day", "n/a");
    study.set("adverse_events", 1, "onset_day", "5000");
    assert_eq!(counts(row(&found(&study), "Nausea")), nausea);
    let told = "of participants without last_day: treatment-emergent from day 1 on";
    assert_eq!(said(&study, told), ["sub-013"]);
    // Of an event without a day, that alone is told.
    let own: Vec<usize> = {
        let rows = study.cells("adverse_events").rows.iter().enumerate();
        rows.filter(|(_, row)| row[0] == "sub-013").map(|(at, _)| at).collect()
    };
    own.iter().for_each(|&row| study.set("adverse_events", row, "onset_day", "n/a"));
    assert!(!all_said(&study).contains("without last_day"));
    said(&study, "without onset_day: taken to be treatment-emergent");
}

#[test]
fn words_in_another_case_are_one_and_that_is_told() {
    let mut study = asked();
    let want = found(&study);
    study.set("adverse_events", 3, "pt", "NAUSEA");
    study.set("adverse_events", 4, "soc", "Gastrointestinal  Disorders");
    study.set("adverse_events", 3, "severity", " Mild ");
    assert_eq!(found(&study), want);
    let told = all_said(&study);
    assert!(told.contains("'NAUSEA' as 'Nausea'"), "{told}");
    assert!(
        told.contains("'Gastrointestinal Disorders' as 'Gastrointestinal disorders'"),
        "{told}"
    );
}

#[test]
fn words_that_are_not_known_are_refused_and_none_makes_an_event_vanish_from_a_row() {
    for (column, cell, near) in [
        ("severity", "sever", "severe"),
        ("relation", "relatd", "related"),
        ("action", "withdrwan", "withdrawn"),
    ] {
        let mut study = asked();
        study.set("adverse_events", 6, column, cell);
        let near = format!("did you mean '{near}'");
        refused(&study, &["line 8", &format!("'{cell}' in column {column}"), &near]);
    }
    let mut study = asked();
    study.set("adverse_events", 6, "serious", "maybe");
    refused(&study, &["line 8", "'maybe' in column serious", "be yes or no (also y, "]);
    for (column, row_name, yes, no) in [
        ("severity", "severe", "Life-Threatening", "grade 2"),
        ("severity", "severe", "Grade 3", "moderate"),
        ("relation", "related", "Possibly related", "Unlikely"),
        ("action", "led to discontinuation", "DRUG WITHDRAWN", "DOSE REDUCED"),
        ("serious", "serious", "Y", "N"),
    ] {
        let mut study = asked();
        let mut events = |cell: &str| {
            study.set("adverse_events", 0, column, cell);
            let events = row(&found(&study), row_name).events;
            events.active + events.control
        };
        let without = events(no);
        assert_eq!(events(yes), without + 1, "{column}: {yes}, {no}");
        let told = format!("1 adverse event without {column}: not counted as '{row_name}'");
        // What nobody knows is no no.
        for unknown in ["n/a", "UNKNOWN", "Not  applicable", "NOT EVALUABLE"] {
            study.set("adverse_events", 0, column, unknown);
            let events = row(&found(&study), row_name).events;
            assert_eq!(events.active + events.control, without, "{column}: {unknown}");
            assert_eq!(said(&study, &told), ["sub-091"], "{column}: {unknown}");
        }
    }
}

#[test]
fn a_column_that_lacks_takes_its_row_away_and_is_told() {
    for (column, row_name) in [
        ("serious", "serious"),
        ("severity", "severe"),
        ("relation", "related"),
        ("action", "led to discontinuation"),
    ] {
        let mut study = asked();
        drop_column(&mut study, column);
        let found = found(&study);
        assert!(found.rows.iter().all(|row| row.soc != row_name), "{column}");
        assert_eq!(found.rows.len(), 29);
        said(&study, &format!("no column {column}: no row '{row_name}'"));
    }
    let mut study = asked();
    let table = study.cells("adverse_events");
    let at = table.position("onset_day").unwrap();
    table.columns[at] = "onset_dat".to_owned();
    refused(&study, &["'onset_day'", "did you mean 'onset_dat'"]);
}

fn drop_column(study: &mut Study, column: &str) {
    let table = study.cells("adverse_events");
    let at = table.position(column).unwrap();
    table.columns.remove(at);
    table.rows.iter_mut().for_each(|row| {
        row.remove(at);
    });
}

#[test]
fn who_left_for_an_event_must_be_so_in_both_tables_or_is_told() {
    let mut study = asked();
    assert!(!all_said(&study).contains("ended treatment"));
    // sub-002 left for an adverse event.
    let at = |study: &Study, id: &str, action: &str| {
        let table = &study.tables.all.iter().find(|t| t.name == "adverse_events").unwrap().table;
        table.rows.iter().position(|row| row[0] == id && row[7] == action).unwrap()
    };
    let row = at(&study, "sub-002", "withdrawn");
    study.set("adverse_events", row, "action", "none");
    let row = at(&study, "sub-001", "none");
    study.set("adverse_events", row, "action", "withdrawn");
    assert_eq!(said(&study, "no event says that it ended treatment"), ["sub-002"]);
    assert_eq!(said(&study, "discontinuation_reason names no adverse event"), ["sub-001"]);
}

#[test]
fn without_events_there_are_rows_of_nobody_with_their_limits() {
    let mut study = asked();
    assert!(!all_said(&study).contains("has no row"));
    study.cells("adverse_events").rows.clear();
    assert!(all_said(&study).contains("adverse_events.tsv has no row"));
    let found = found(&study);
    assert_eq!(found.rows.len(), 5);
    assert_eq!(counts(&found.rows[0]), [0; 4]);
    assert_eq!(found.rows[0].share.active, Some(0.0));
    // Score limits of 0 of 46 against 0 of 46: c / (1 + c), c = z^2 N / (n (N - 1)), from the equation at p = delta and 0; Newcombe's are golden_trial.json's both_zero.
    let (n, n_all, z) = (46.0, 92.0, 1.959_963_984_540_054_f64);
    let c = z * z * n_all / (n * (n_all - 1.0));
    let row = &found.rows[0];
    for (of, limit) in
        [(row.risk_difference, c / (1.0 + c)), (row.risk_difference_newcombe, 0.077_073_563_085_6)]
    {
        let of = of.unwrap();
        assert!(of.value.abs() < 1e-12, "{of:?}");
        assert!((of.low.unwrap() + limit).abs() < 1e-9, "{of:?} {limit}");
        assert!((of.high.unwrap() - limit).abs() < 1e-9, "{of:?} {limit}");
    }
    study.plan.adverse_events = None;
    assert_eq!(self::found(&study), AdverseEvents::default());
}
