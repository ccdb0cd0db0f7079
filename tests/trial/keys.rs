//! What tells rows of a table apart: tasks, runs, repetitions, series, regions.

use std::fs;

use boldly::error::Result;
use boldly::io::tsv;
use boldly::table::Table;
use boldly::trial::{
    BrainPlan, CpmPlan, EdgesPlan, Measured, Notes, PressurePlan, Results, analyse, by_region,
    edges,
};

use super::command::{NRS, boldly, study as folder_of_study};
use super::edges::long;
use crate::study::{Study, study};

fn analysed(study: &Study) -> Result<Results> {
    let mut notes = Notes::default();
    let plan = study.plan.clone().resolved(&study.tables, &mut notes)?;
    analyse(&plan, study.participants.clone(), &study.tables, notes)
}

/// The notes of tasks, with whom they are about.
fn of_tasks(study: &Study) -> Vec<String> {
    let all = analysed(study).unwrap().notes.all;
    let own = all.iter().filter(|note| note.text.contains("of several tasks"));
    own.map(ToString::to_string).collect()
}

/// A column more, by the session of each row and its place.
fn with_column(table: &mut Table, name: &str, cell: impl Fn(&str, usize) -> String) {
    let at = table.position("session_id").unwrap();
    table.columns.push(name.to_owned());
    for (row, cells) in table.rows.iter_mut().enumerate() {
        let own = cell(&cells[at], row);
        cells.push(own);
    }
}

fn rest_and_pain(session: &str, _: usize) -> String {
    if session == "ses-baseline" { "rest" } else { "pain" }.to_owned()
}

fn by_row(stray: usize) -> impl Fn(&str, usize) -> String {
    move |_, row| if row == stray { "pain" } else { "rest" }.to_owned()
}

fn with_regions() -> Study {
    let mut study = study();
    study.plan.outcomes.clear();
    study.plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    study
}

#[test]
fn regions_of_two_tasks_are_told_with_who_has_both() {
    let mut study = with_regions();
    with_column(study.cells("brain"), "task", rest_and_pain);
    let told = of_tasks(&study);
    assert_eq!(told.len(), 1, "{told:#?}");
    for part in [
        "brain.tsv is of several tasks",
        "pain (ses-week13), rest (ses-baseline)",
        "nobody has one task at both ses-baseline and ses-week13, so that none can be taken alone",
        "sub-001 (ses-baseline rest, ses-week13 pain)",
    ] {
        assert!(told[0].contains(part), "{part}: {told:#?}");
    }
    assert!(!told[0].contains("[task=NAME]"), "{told:#?}");
    // A task is no region of words.
    let all = analysed(&study).unwrap().notes.all;
    assert!(!all.iter().any(|note| note.text.contains("no region")), "{all:#?}");
    // One row of another task, and none.
    let mut study = with_regions();
    with_column(study.cells("brain"), "task", by_row(1));
    let told = of_tasks(&study);
    assert!(told[0].contains("pain (ses-week13), rest (ses-baseline, ses-week13)"), "{told:#?}");
    let end = "brain.tsv[task=NAME] takes one alone: sub-001 (ses-baseline rest, ses-week13 pain)";
    assert!(told[0].ends_with(end), "{told:#?}");
    // Each task is at both visits, and nobody has one at both.
    let crossed = |session: &str, row: usize| {
        let is_first = session == "ses-baseline";
        if is_first == (row / 2).is_multiple_of(2) { "rest" } else { "pain" }.to_owned()
    };
    let mut study = with_regions();
    let table = study.cells("brain");
    let ids: Vec<String> = table.rows.iter().map(|row| row[0].clone()).collect();
    let has_both = |id: &String| ids.iter().filter(|other| *other == id).count() == 2;
    table.rows.retain(|row| has_both(&row[0]));
    with_column(table, "task", crossed);
    let told = of_tasks(&study);
    assert!(told[0].contains("pain (ses-week13, ses-baseline)"), "{told:#?}");
    assert!(told[0].contains("nobody has one task at both"), "{told:#?}");
    let mut study = with_regions();
    with_column(study.cells("brain"), "task", by_row(usize::MAX));
    assert!(of_tasks(&study).is_empty());
}

#[test]
fn conditions_that_differ_between_visits_or_participants_are_told_and_so_are_those_rated_at_each() {
    type Ask = fn(&mut Study);
    let tables: [(&str, Ask); 3] = [
        ("cpm", |study| study.plan.cpm = Some(CpmPlan::of("cpm".to_owned()))),
        ("pressure", |study| {
            study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
        }),
        ("brain", |study| {
            study.plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
        }),
    ];
    let told_of = |study: &Study| {
        let all = analysed(study).unwrap().notes.all;
        let own = all.iter().filter(|note| note.text.contains("of several conditions"));
        own.map(ToString::to_string).collect::<Vec<String>>()
    };
    for (name, ask) in tables {
        let asked = |cell: &dyn Fn(&str, usize) -> String| {
            let mut study = study();
            study.plan.outcomes.clear();
            ask(&mut study);
            with_column(study.cells(name), "condition", cell);
            study
        };
        let told = told_of(&asked(&rest_and_pain));
        assert_eq!(told.len(), 1, "{name}: {told:#?}");
        for part in [
            &format!("{name}.tsv is of several conditions, pain (ses-week13), rest (ses-baseline)"),
            "may be the condition: nobody has one condition at both",
            "sub-001 (ses-baseline rest, ses-week13 pain)",
        ] {
            assert!(told[0].contains(part), "{part}: {told:#?}");
        }
        assert!(told_of(&asked(&by_row(usize::MAX))).is_empty(), "{name}");
        let mut study = asked(&by_row(1));
        assert!(told_of(&study)[0].contains("[condition=NAME] takes one alone"));
        // Where the plan has it as the arm it is one's own.
        let arm = study.participants.table.position("arm").unwrap();
        let at = study.cells(name).position("condition").unwrap();
        study.cells(name).rows.iter_mut().for_each(|row| row[at] = "n/a".to_owned());
        for own in ["condition", "Condition"] {
            study.plan.arm = own.to_owned();
            study.participants.table.columns[arm] = own.to_owned();
            study.cells(name).columns[at] = own.to_owned();
            assert!(told_of(&study).is_empty());
        }
    }
    // Of every visit alike its values are made of all of them, of nobody in particular.
    let mut study = study();
    study.plan.outcomes.clear();
    study.plan.cpm = Some(CpmPlan::of("cpm".to_owned()));
    let table = study.cells("cpm");
    let at = table.position("repetition").unwrap();
    let of_repetition: Vec<String> = table.rows.iter().map(|row| row[at].clone()).collect();
    with_column(table, "condition", |_, row| {
        if of_repetition[row] == "1" { "heat" } else { "cold" }.to_owned()
    });
    let told = told_of(&study);
    assert!(
        told[0].contains(
            "a visit's values are of all of them together: cpm.tsv[condition=NAME] takes one alone"
        ),
        "{told:#?}"
    );
    // Of a table with a row a region, too.
    let row = |session: &str, condition: &str| {
        ["sub-1", session, "pag", "1", condition].map(str::to_owned).to_vec()
    };
    let columns = ["participant_id", "session_id", "region", "mean", "condition"];
    let table = Table {
        name: "region_values.tsv".to_owned(),
        columns: columns.map(str::to_owned).into(),
        rows: vec![row("ses-a", "heat"), row("ses-b", "cold")],
    };
    let long = Measured { name: "region_values".to_owned(), table, ..Measured::default() };
    let wide = by_region(&long, "arm", &mut Notes::default()).unwrap();
    let conditions = ["heat", "cold"].map(|one| Some(one.to_owned()));
    assert_eq!(wide.texts("condition").unwrap(), conditions);
}

#[test]
fn conditions_are_no_runs_of_one_measure_as_tasks_are_not() {
    for state in ["task", "condition"] {
        // Regions, outcomes and a table with a row a region: run 1 of one, run 2 of another.
        let twice = |table: &mut Table| {
            let rows = std::mem::take(&mut table.rows);
            table.columns.extend(["run", state].map(str::to_owned));
            for (run, own) in [("1", "rest"), ("2", "pain")] {
                let more = [run, own].map(str::to_owned);
                table.rows.extend(rows.iter().map(|row| [row.as_slice(), &more].concat()));
            }
        };
        let says = |error: boldly::error::Error, table: &str| {
            let error = error.to_string();
            for part in [
                format!("{table}.tsv, line "),
                "one task and condition".to_owned(),
                format!("name the rows of one {state} as {table}[{state}=NAME]"),
            ] {
                assert!(error.contains(&part), "{part}: {error}");
            }
        };
        let mut study = with_regions();
        twice(study.cells("brain"));
        says(analysed(&study).unwrap_err(), "brain");
        let mut study = crate::study::study();
        study.plan.outcomes.truncate(1);
        twice(study.cells("questionnaires"));
        says(analysed(&study).unwrap_err(), "questionnaires");
        let mut study = with_regions();
        let brain = study.tables.all.iter_mut().find(|table| table.name == "brain").unwrap();
        let [id, session, pag] = ["participant_id", "session_id", "pag_pain"]
            .map(|column| brain.table.position(column).unwrap());
        let row = |own: &Vec<String>| {
            [own[id].as_str(), &own[session], "pag", &own[pag]].map(str::to_owned).to_vec()
        };
        brain.table.rows = brain.table.rows.iter().map(row).collect();
        brain.table.columns =
            ["participant_id", "session_id", "region", "mean"].map(str::to_owned).to_vec();
        twice(&mut brain.table);
        *brain = by_region(brain, "arm", &mut Notes::default()).unwrap();
        says(analysed(&study).unwrap_err(), "brain");
        // Edges of a table.
        let mut study = crate::edges::with_edges();
        let table = study.cells("coupling");
        table.columns.push(state.to_owned());
        for (at, row) in table.rows.iter_mut().enumerate() {
            row.push(if at % 2 == 0 { "hot" } else { "cold" }.to_owned());
        }
        let found =
            edges::analyse(&study.plan, &study.people(), &study.tables, &mut Notes::default());
        let error = found.unwrap_err().to_string();
        for part in [format!("of another {state}"), format!("coupling.tsv[{state}=NAME]")] {
            assert!(error.contains(&part), "{part}: {error}");
        }
    }
    // Without runs, too, the column that tells rows apart is the one that is named.
    let mut study = study();
    study.plan.outcomes.truncate(1);
    let rows = study.cells("questionnaires").rows.clone();
    study.cells("questionnaires").rows.extend(rows);
    let half = study.cells("questionnaires").rows.len() / 2;
    with_column(study.cells("questionnaires"), "condition", |_, row| {
        if row < half { "rest" } else { "pain" }.to_owned()
    });
    let error = analysed(&study).unwrap_err().to_string();
    assert!(error.contains("questionnaires[condition=NAME]"), "{error}");
    assert!(!error.contains("task=NAME"), "{error}");
}

#[test]
fn every_table_that_is_read_at_visits_is_asked_for_its_tasks() {
    type Ask = fn(&mut Study);
    let tables: [(&str, Ask); 3] = [
        ("cpm", |study| study.plan.cpm = Some(CpmPlan::of("cpm".to_owned()))),
        ("pressure", |study| {
            study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
        }),
        ("questionnaires", |_| {}),
    ];
    for (name, ask) in tables {
        let mut study = study();
        study.plan.outcomes.truncate(1);
        ask(&mut study);
        with_column(study.cells(name), "task", rest_and_pain);
        let told = of_tasks(&study);
        assert_eq!(told.len(), 1, "{name}: {told:#?}");
        assert!(told[0].contains(&format!("{name}.tsv is of several tasks")), "{told:#?}");
    }
    // A covariate is of the baseline alone.
    let mut study = study();
    study.plan.outcomes.truncate(1);
    study.plan.covariates = vec!["brain:mean_fd".parse().unwrap()];
    with_column(study.cells("brain"), "task", rest_and_pain);
    assert!(of_tasks(&study).is_empty());
    study.plan.covariates = vec!["brain:mean_fd@change".parse().unwrap()];
    assert_eq!(of_tasks(&study).len(), 1);
    // Motion of regions, and edges.
    let mut study = with_regions();
    let motion = study.cells("brain").clone();
    study.cells("brain").columns.iter_mut().filter(|own| *own == "mean_fd").for_each(|own| {
        *own = "size".to_owned();
    });
    let mut table = Table { name: "fd.tsv".to_owned(), ..motion };
    with_column(&mut table, "task", rest_and_pain);
    study.tables.all.push(Measured { name: "fd".to_owned(), table, ..Measured::default() });
    study.plan.motion = Some("fd:mean_fd".parse().unwrap());
    assert!(of_tasks(&study)[0].contains("fd.tsv is of several tasks"));
    let mut study = with_edges();
    with_column(study.cells("coupling"), "task", rest_and_pain);
    assert!(of_tasks(&study)[0].contains("coupling.tsv is of several tasks"));
}

fn with_edges() -> Study {
    let mut study = study();
    study.plan.outcomes.clear();
    study.tables.all.push(long());
    study.plan.edges = Some(EdgesPlan { table: "coupling".to_owned() });
    study
}

#[test]
fn regions_of_a_row_each_keep_their_task() {
    let mut table = Table {
        name: "region_values.tsv".to_owned(),
        columns: ["participant_id", "session_id", "region", "mean", "task"]
            .map(str::to_owned)
            .into(),
        rows: Vec::new(),
    };
    for [session, task] in [["ses-a", "rest"], ["ses-b", "pain"]] {
        table.rows.push(["sub-1", session, "pag", "1", task].map(str::to_owned).into());
    }
    let name = "region_values".to_owned();
    let mut long = Measured { name, table, ..Measured::default() };
    let wide = by_region(&long, "arm", &mut Notes::default()).unwrap();
    assert_eq!(wide.texts("task").unwrap(), ["rest", "pain"].map(|task| Some(task.to_owned())));
    // A task of each region is as good at every visit; one that differs between them is told.
    let mut of_regions = long.clone();
    of_regions.table.rows = ["ses-a", "ses-b"]
        .into_iter()
        .flat_map(|session| [["pag", "pain"], ["pcc", "rest"]].map(|own| (session, own)))
        .map(|(session, [region, task])| {
            ["sub-1", session, region, "1", task].map(str::to_owned).into()
        })
        .collect();
    let mut notes = Notes::default();
    let wide = by_region(&of_regions, "arm", &mut notes).unwrap();
    assert_eq!(wide.texts("task").unwrap(), [(); 2].map(|()| Some("pain + rest".to_owned())));
    assert!(notes.all.is_empty(), "{:?}", notes.all);
    of_regions.table.rows[2][4] = "rest".to_owned();
    of_regions.table.rows[3][4] = "pain".to_owned();
    of_regions.table.rows.push(["sub-2", "ses-a", "pag", "1", "pain"].map(str::to_owned).into());
    of_regions.table.rows.push(["sub-2", "ses-a", "pcc", "1", "n/a"].map(str::to_owned).into());
    by_region(&of_regions, "arm", &mut notes).unwrap();
    let told = notes.all[0].to_string();
    for part in ["regions of several tasks", "pag (pain, rest)", "pcc (n/a, pain, rest)"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // With the name of its entity before it a task is the same.
    let mut named = long.clone();
    named.table.rows[1][4] = "task-rest".to_owned();
    let other = ["sub-1", "ses-b", "pcc", "1", "rest"];
    named.table.rows.push(other.map(str::to_owned).into());
    named.table.rows.push(["sub-1", "ses-a", "pcc", "1", "task-rest"].map(str::to_owned).into());
    let mut notes = Notes::default();
    let wide = by_region(&named, "arm", &mut notes).unwrap();
    assert_eq!(wide.texts("task").unwrap(), [(); 2].map(|()| Some("rest".to_owned())));
    assert!(notes.all.is_empty(), "{:?}", notes.all);
    // Of a region that is spelled in two ways one would be n/a.
    long.table.rows.push(["sub-2", "ses-a", "pag", "1", "rest"].map(str::to_owned).into());
    long.table.rows[1][2] = "PAG".to_owned();
    let error = by_region(&long, "arm", &mut Notes::default()).unwrap_err().to_string();
    for part in ["line 3 (sub-1)", "region 'PAG'", "2 rows of 'pag'", "in case alone"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn keys_that_differ_in_case_alone_are_errors_with_their_lines() {
    let refused = |study: &Study| analysed(study).unwrap_err().to_string();
    let says = |error: &str, parts: &[&str]| {
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    };
    let slip = |_: &str, row: usize| if row == 4 { "Rest" } else { "rest" }.to_owned();
    let mut study = with_regions();
    with_column(study.cells("brain"), "task", slip);
    says(&refused(&study), &["brain.tsv, line 6", "task 'Rest'", "in case alone"]);
    let part = study.tables.get("brain").unwrap().only("brain[task=rest]", "task", "rest");
    says(&part.unwrap_err().to_string(), &["brain.tsv, line 6", "task 'Rest'"]);
    let slip_behind = |_: &str, row: usize| if row == 4 { "task-Rest" } else { "rest" }.to_owned();
    let mut study = with_regions();
    with_column(study.cells("brain"), "task", slip_behind);
    says(&refused(&study), &["brain.tsv, line 6", "task 'task-Rest'", "in case alone"]);
    // Described, where it is not asked for, and not as two tasks.
    let mut study = with_regions();
    let mut table = study.cells("brain").clone();
    table.name = "physio_summary.tsv".to_owned();
    with_column(&mut table, "task", slip);
    let name = "physio_summary".to_owned();
    study.tables.all.push(Measured { name, table, ..Measured::default() });
    let found = analysed(&study).unwrap();
    let told = |note: &boldly::trial::Note| note.text.contains("physio_summary.tsv, line 6");
    assert!(found.physiology.is_empty() && found.notes.all.iter().any(told));

    let mut study = self::study();
    study.plan.outcomes.clear();
    study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
    with_column(study.cells("pressure"), "series", |_, row| {
        if row == 7 { "Ascending" } else { "ascending" }.to_owned()
    });
    says(&refused(&study), &["pressure.tsv, line 9", "series 'Ascending'"]);

    let mut study = with_edges();
    let at = study.cells("coupling").position("region_b").unwrap();
    let own = study.cells("coupling").rows[3][at].to_uppercase();
    study.cells("coupling").rows[3][at].clone_from(&own);
    says(&refused(&study), &["coupling.tsv, line 5", &format!("region '{own}'"), "in case alone"]);
}

#[test]
fn runs_and_repetitions_are_numbers() {
    // Run 1 and 01 of a visit are one.
    let mut study = with_regions();
    let table = study.cells("brain");
    let again = table.rows[0].clone();
    table.rows.insert(1, again);
    with_column(table, "run", |_, row| if row == 1 { "01" } else { "1" }.to_owned());
    let error = analysed(&study).unwrap_err().to_string();
    for part in ["line 3 (sub-001)", "as line 2 is"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let whole = study.tables.get("brain").unwrap();
    let part = whole.only("brain[run=1]", "run", "1").unwrap();
    assert_eq!(part.table.rows.len(), whole.table.rows.len());

    // Of recordings that run would count twice in a mean.
    let mut study = with_regions();
    let mut table = study.cells("brain").clone();
    table.name = "physio_summary.tsv".to_owned();
    table.rows.insert(1, table.rows[0].clone());
    with_column(&mut table, "run", |_, row| if row == 1 { "01" } else { "1" }.to_owned());
    let name = "physio_summary".to_owned();
    study.tables.all.push(Measured { name, table, ..Measured::default() });
    let found = analysed(&study).unwrap();
    let told = |note: &boldly::trial::Note| {
        note.text.contains("physiology is not described: physio_summary.tsv, line 3 (sub-001)")
    };
    assert!(found.physiology.is_empty() && found.notes.all.iter().any(told));

    let mut study = with_edges();
    let table = study.cells("coupling");
    let of_first: Vec<Vec<String>> =
        table.rows.iter().filter(|row| row[..2] == table.rows[0][..2]).cloned().collect();
    let run = table.position("run").unwrap();
    table.rows.extend(of_first);
    let n = table.rows.len();
    table.rows[n - 1][run] = "01".to_owned();
    table.rows.drain(n - 6..n - 1);
    let own = Measured { name: "coupling".to_owned(), table: table.clone(), ..Measured::default() };
    let error = edges::of_table(&own).unwrap_err().to_string();
    assert!(error.contains("be the only row of a run and pair of regions"), "{error}");

    let mut study = self::study();
    study.plan.outcomes.clear();
    study.plan.cpm = Some(CpmPlan::of("cpm".to_owned()));
    let second = study.cells("cpm").rows[1].clone();
    assert_eq!(second[2], "2", "{second:?}");
    study.set("cpm", 1, "repetition", "1.0");
    let error = analysed(&study).unwrap_err().to_string();
    assert!(error.contains("has the repetition of line 2"), "{error}");
    study.set("cpm", 1, "repetition", "x");
    let error = analysed(&study).unwrap_err().to_string();
    for part in ["cpm.tsv, line 3 (sub-001)", "'x' in column repetition", "a whole number"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_fault_of_a_table_that_is_named_comes_before_a_column_that_it_seems_to_lack() {
    let dir = folder_of_study();
    let path = dir.path().join("study/brain.tsv");
    let wide = tsv::read(&path).unwrap();
    let at = wide.position("pag_pain").unwrap();
    let mut text = "participant_id\tsession_id\tregion\tmean\n".to_owned();
    for row in wide.rows.iter().take(1).chain(&wide.rows) {
        text += &format!("{}\t{}\tpag_pain\t{}\n", row[0], row[1], row[at]);
    }
    fs::write(&path, text).unwrap();
    let _ = fs::remove_file(path.with_extension("json"));
    let line = format!("{NRS} --brain brain --correlate brain:pag_pain~nrs --out out");
    let error = String::from_utf8_lossy(&boldly(dir.path(), &line).stderr).into_owned();
    assert!(error.contains("line 3") && error.contains("as line 2 is"), "{error}");
}
