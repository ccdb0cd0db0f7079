//! Columns that are read where they are there, and whose names are there in another case or with other separators: what they hold would be ignored.

use std::fs;

use boldly::error::{Error, Result};
use boldly::trial::{
    BrainPlan, CpmPlan, CrossoverPlan, Measured, Notes, PressurePlan, Results, analyse, by_region,
    crossover,
};

use super::command::{NRS, boldly, run, study as folder_of_study};
use super::crossover::patients;
use super::edges::with_edges;
use crate::study::{Study, study};

fn analysed(study: &Study) -> Result<Results> {
    if study.plan.crossover.is_some() {
        let mut notes = Notes::default();
        let found = crossover::analyse(&study.plan, &study.people(), &study.tables, &mut notes);
        return found.map(|found| Results { crossover: Some(found), ..Results::default() });
    }
    let mut notes = Notes::default();
    let plan = study.plan.clone().resolved(&study.tables, &mut notes)?;
    analyse(&plan, study.participants.clone(), &study.tables, notes)
}

/// A study whose outcomes are left out, planned otherwise.
fn planned(plan: impl Fn(&mut boldly::trial::Plan)) -> Study {
    let mut study = study();
    study.plan.outcomes.clear();
    plan(&mut study.plan);
    study
}

/// A column more, the same in all rows, or one renamed.
fn with(mut study: Study, table: &str, from: Option<&str>, to: &str) -> Study {
    let cells = study.cells(table);
    match from {
        Some(from) => {
            let at = cells.position(from).unwrap();
            cells.columns[at] = to.to_owned();
        }
        None => {
            cells.columns.push(to.to_owned());
            cells.rows.iter_mut().for_each(|row| row.push("1".to_owned()));
        }
    }
    if table == "participants" {
        study.tables.all[0].table = study.participants.table.clone();
    }
    study
}

#[test]
fn a_column_that_is_read_where_it_is_there_is_refused_in_another_spelling() {
    let outcomes = || study();
    let cpm = || planned(|plan| plan.cpm = Some(CpmPlan::of("cpm".to_owned())));
    let pressure = || planned(|plan| plan.pressure = Some(PressurePlan::of("pressure".to_owned())));
    let events = || planned(|plan| plan.adverse_events = Some("adverse_events".to_owned()));
    let brain = || {
        planned(|plan| {
            let regions = vec!["pag_pain".to_owned()];
            plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions });
        })
    };
    let crossed = || {
        let mut study = patients();
        let (table, outcome) = ("crossover".to_owned(), "outcome".to_owned());
        study.plan.crossover = Some(CrossoverPlan { table, outcome, baseline: None });
        study
    };
    let people = "participants";
    for (own, table, from, to, meant) in [
        (outcomes(), "questionnaires", None, "Task", "task"),
        (outcomes(), "questionnaires", None, "RUN", "run"),
        (outcomes(), "questionnaires", None, "Arm", "arm"),
        (outcomes(), "questionnaires", Some("session_id"), "Session-ID", "session_id"),
        (outcomes(), people, Some("age"), "Age", "age"),
        (outcomes(), people, Some("sex"), "SEX", "sex"),
        (outcomes(), people, Some("randomised"), "Randomised", "randomised"),
        (outcomes(), people, Some("treated"), "TREATED", "treated"),
        (outcomes(), people, Some("completed"), "Completed", "completed"),
        (outcomes(), people, Some("last_day"), "Last Day", "last_day"),
        (
            outcomes(),
            people,
            Some("discontinuation_reason"),
            "DiscontinuationReason",
            "discontinuation_reason",
        ),
        (cpm(), "cpm", Some("repetition"), "Repetition", "repetition"),
        (cpm(), "cpm", None, "Task", "task"),
        (pressure(), "pressure", None, "Series", "series"),
        (pressure(), "pressure", None, "repe-tition", "repetition"),
        (events(), "adverse_events", Some("severity"), "Severity", "severity"),
        (events(), "adverse_events", Some("serious"), "SERIOUS", "serious"),
        (brain(), "brain", Some("mean_fd"), "Mean-FD", "mean_fd"),
        (brain(), "brain", None, "MeanFD_pag_pain", "mean_fd_pag_pain"),
        (with_edges(), "coupling", Some("run"), "Run", "run"),
        (crossed(), "crossover", Some("baseline"), "Baseline", "baseline"),
    ] {
        let study = with(own, table, from, to);
        let Err(error) = analysed(&study) else { panic!("{to} of {table} is ignored") };
        let said = error.to_string();
        assert!(matches!(error, Error::BadData(_)), "{said}");
        let start = format!("column '{to}' of {table}.tsv would be ignored");
        let end = format!("must be called {meant}; rename it, or call it something else");
        assert!(said.starts_with(&start) && said.contains(&end), "{to}: {said}");
    }
}

#[test]
fn a_name_that_is_more_than_another_spelling_is_of_its_own() {
    for name in ["tasks", "runs", "age_of_onset", "task 2"] {
        analysed(&with(study(), "questionnaires", None, name)).unwrap();
    }
    // What the plan names is not ignored.
    let mut own = with(study(), "participants", Some("sex"), "Sex");
    own.plan.strata = vec!["Sex".to_owned()];
    analysed(&own).unwrap();
    let mut own = with(study(), "participants", Some("age"), "Age");
    own.plan.covariates = vec!["participants:Age".parse().unwrap()];
    analysed(&own).unwrap();
    let mut own = with(study(), "participants", Some("age"), "Age");
    own.plan.describe = vec!["Age".to_owned(), "sex".to_owned()];
    analysed(&own).unwrap();
    let mut own = patients();
    own.plan.crossover.as_mut().unwrap().baseline = Some("Baseline".to_owned());
    analysed(&with(own, "crossover", Some("baseline"), "Baseline")).unwrap();
    let mut own = with(study(), "brain", Some("mean_fd"), "Mean_FD");
    own.plan.brain =
        Some(BrainPlan { table: "brain".to_owned(), regions: vec!["pag_pain".to_owned()] });
    own.plan.motion = Some("brain:Mean_FD".parse().unwrap());
    analysed(&own).unwrap();
    // Beside the column itself another spelling is one's own.
    let own = with(with(study(), "questionnaires", None, "task"), "questionnaires", None, "Task");
    analysed(&own).unwrap();
}

#[test]
fn tables_of_other_rows_are_read_by_the_same_rule() {
    // Of recordings that nobody asked for it is told.
    let mut study = study();
    let mut table = study.cells("brain").clone();
    table.name = "physio_summary.tsv".to_owned();
    table.columns[2] = "HeartRate".to_owned();
    study.tables.all.push(Measured {
        name: "physio_summary".to_owned(),
        table,
        ..Measured::default()
    });
    let found = analysed(&study).unwrap();
    let told: Vec<String> = found.notes.all.iter().map(ToString::to_string).collect();
    let says = "physiology is not described: column 'HeartRate' of physio_summary.tsv";
    assert!(told.iter().any(|note| note.contains(says)), "{told:#?}");

    let long = |columns: &str| {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
        let table = boldly::table::Table {
            name: "region_values.tsv".to_owned(),
            columns: words(columns),
            rows: vec![words("sub-1 ses-a pag 1 1")],
        };
        let long = Measured { name: "region_values".to_owned(), table, ..Measured::default() };
        by_region(&long, "arm", &mut Notes::default()).map_err(|error| error.to_string())
    };
    let keys = "participant_id session_id region mean";
    for (name, meant) in
        [("Coverage", "coverage"), ("Task", "task"), ("ARM", "arm"), ("meanFD", "mean_fd")]
    {
        let error = long(&format!("{keys} {name}")).unwrap_err();
        let start = format!("column '{name}' of region_values.tsv would be ignored");
        assert!(error.starts_with(&start) && error.contains(meant), "{error}");
    }
    assert!(long(&format!("{keys} cover")).is_ok());
    let error = long("participant_id session_id Region mean coverage").unwrap_err();
    assert!(error.contains("did you mean 'Region'?"), "{error}");
}

#[test]
fn times_of_visits_are_read_by_the_same_rule() {
    let dir = folder_of_study();
    let dir = dir.path();
    for (name, is_refused) in [("Acq_Time", true), ("acqtime", true), ("acq_times", false)] {
        let text = format!("participant_id\tsession_id\t{name}\nsub-003\tses-week13\t2020-06-01\n");
        fs::write(dir.join("study/sessions.tsv"), text).unwrap();
        if !is_refused {
            run(dir, &format!("{NRS} --out out"));
            continue;
        }
        let output = boldly(dir, &format!("{NRS} --out out"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        let parts = [&format!("column '{name}' of"), "sessions.tsv", "be called acq_time"];
        parts.iter().for_each(|part| assert!(said.contains(*part), "{part}: {said}"));
    }
}
