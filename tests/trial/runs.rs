//! Runs behind motion and behind what it is held against, and z of connect's folders that can hardly be.

use std::fs;

use boldly::table::Table;
use boldly::trial::{BrainPlan, EdgesPlan, Measured, Notes, brain, edges};

use super::command::{boldly, study as folder_of_study};
use super::edges::{connect, long};
use crate::study::{Study, study};

/// A note and who it is about.
fn who(notes: &Notes, part: &str) -> Option<Vec<String>> {
    let note = notes.all.iter().find(|note| note.text.contains(part));
    note.map(|note| note.participants.clone())
}

/// The table of regions with so many rows a visit, and motion of so many runs.
pub fn with_runs(of_regions: usize, of_motion: usize, has_column: bool) -> Study {
    let mut study = study();
    let table = study.cells("brain");
    let fd = table.position("mean_fd").unwrap();
    let keys: Vec<[String; 3]> =
        table.rows.iter().map(|row| [0, 1, fd].map(|at| row[at].clone())).collect();
    let repeated = |rows: &[Vec<String>], n: usize| -> Vec<Vec<String>> {
        let run = |row: &Vec<String>, run: usize| [row.clone(), vec![run.to_string()]].concat();
        rows.iter().flat_map(|row| (1..=n).map(move |k| run(row, k))).collect()
    };
    if has_column {
        table.rows = repeated(&table.rows, of_regions);
        table.columns.push("run".to_owned());
        table.columns[fd] = "other".to_owned();
    }
    let rows: Vec<Vec<String>> = keys.into_iter().map(Vec::from).collect();
    let columns = ["participant_id", "session_id", "mean_fd", "run"].map(str::to_owned).to_vec();
    let rows = repeated(&rows, of_motion);
    let table = Table { name: "fd.tsv".to_owned(), columns, rows };
    study.tables.all.push(Measured { name: "fd".to_owned(), table, ..Measured::default() });
    study.plan.motion = Some("fd:mean_fd".parse().unwrap());
    let regions = vec!["pag_pain".to_owned(), "precuneus_pain".to_owned()];
    study.plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions });
    study
}

#[test]
fn motion_of_more_or_fewer_runs_than_the_regions_are_of_is_told_once_with_who() {
    let told = |study: &Study| {
        let mut notes = Notes::default();
        brain::analyse(&study.plan, &study.people(), &study.tables, &mut notes).unwrap();
        notes
    };
    let more = "fd:mean_fd is the mean over more runs than the regions are of in ";
    let fewer = "fd:mean_fd is of fewer runs than the regions in ";
    let notes = told(&with_runs(1, 2, true));
    let own = who(&notes, more).unwrap();
    assert_eq!(own[0], "sub-001 (ses-baseline, 2, regions of 1)");
    let text = |notes: &Notes, part: &str| {
        notes
            .all
            .iter()
            .filter(|note| note.text.contains(part))
            .map(|note| note.text.clone())
            .collect::<Vec<_>>()
    };
    let said = text(&notes, more);
    assert_eq!(said.len(), 1, "once for all regions: {said:?}");
    assert!(said[0].contains(&format!("in {} visits", own.len())), "{said:?}");
    assert!(who(&notes, fewer).is_none());
    let notes = told(&with_runs(2, 1, true));
    assert_eq!(who(&notes, fewer).unwrap()[0], "sub-001 (ses-baseline, 1 of 2)");
    assert!(who(&notes, more).is_none());
    let notes = told(&with_runs(2, 2, true));
    assert!(who(&notes, more).or(who(&notes, fewer)).is_none());
    // Of a table without the column nothing says how many there are.
    let notes = told(&with_runs(1, 2, false));
    assert!(who(&notes, more).or(who(&notes, fewer)).is_none());
}

#[test]
fn z_of_folders_of_connect_that_can_hardly_be_is_told_as_of_a_table() {
    let mut table = long();
    let z = table.table.position("z").unwrap();
    table.table.rows[1][z] = "9.9".to_owned();
    let mut study = study();
    study.plan.edges = Some(EdgesPlan { table: EdgesPlan::OF_CONNECT.to_owned() });
    study.tables.edges = Some(edges::of_table(&table).unwrap());
    let mut notes = Notes::default();
    edges::analyse(&study.plan, &study.people(), &study.tables, &mut notes).unwrap();
    let odd =
        who(&notes, "far from all others of the edge: check the run, its motion and the regions");
    assert_eq!(odd.unwrap(), ["sub-001 (ses-baseline: insula–mpfc 9.9)"]);
}

#[test]
fn runs_in_paths_of_edges_that_are_words_are_refused() {
    let dir = folder_of_study();
    let dir = dir.path();
    connect(dir);
    let visit = dir.join("connect/sub-001/ses-baseline");
    fs::rename(visit.join("task-rest_run-1"), visit.join("task-rest_run-a")).unwrap();
    let line = "trial study --control placebo --baseline ses-baseline --endpoint ses-week13";
    let output = boldly(dir, &format!("{line} --edges connect --out out"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    let told = "task-rest_run-a/edges.tsv is of run-a by its path; it must be of a whole number";
    assert!(said.contains(told), "{said}");
}
