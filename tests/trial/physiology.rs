//! Of `trial::physiology`: heart, breath, motion and signal of the runs by arm and visit.

use std::fs;

use boldly::io::tsv;
use boldly::table::Table;
use boldly::trial::results::{Edges, EdgesMotion, PhysiologyRow};
use boldly::trial::{Arm, Dictionary, EdgesPlan, Measured, Note, Notes, analyse, edges};

use super::command::{NRS, boldly, run, study as folder_of_study};
use super::study::{Study, study};

const SESSIONS: [&str; 2] = ["ses-baseline", "ses-week13"];

/// Beats a minute of the k-th participant (from 1) in a run at a visit.
fn heart_rate(k: usize, visit: usize, run: usize) -> f64 {
    55.0 + ((k * 7 + visit * (k % 4 + 2) * 5 + run * 3) % 23) as f64
}

/// Two runs of rest at each visit, and one of pain; who lacks a rate in one run, who the second visit.
fn table() -> Table {
    let head =
        "participant_id session_id task run heart_rate mean_fd volumes kept_volumes tsnr_pag";
    let mut rows = Vec::new();
    for k in 1..=92_usize {
        for (visit, session) in SESSIONS.iter().enumerate() {
            if visit == 1 && k.is_multiple_of(10) {
                continue;
            }
            for run in 0..3 {
                let rate = match k == 4 && run == 1 {
                    true => "n/a".to_owned(),
                    false => heart_rate(k, visit, run).to_string(),
                };
                let task = if run < 2 { "rest" } else { "pain" };
                let rest = [
                    (run + 1).to_string(),
                    rate,
                    format!("0.{}", 1 + (k + run) % 7),
                    "200".to_owned(),
                    (200 - k % 9).to_string(),
                    "n/a".to_owned(),
                ];
                let who = [format!("sub-{k:03}"), (*session).to_owned(), task.to_owned()];
                rows.push(who.into_iter().chain(rest).collect());
            }
        }
    }
    let columns = head.split(' ').map(str::to_owned).collect();
    Table { name: "physio_summary.tsv".to_owned(), columns, rows }
}

fn with(table: Table) -> Study {
    let mut study = study();
    let name = "physio_summary".to_owned();
    study.tables.all.push(Measured { name, table, ..Measured::default() });
    study.plan.outcomes.truncate(1);
    study
}

fn rows(study: &Study, notes: Notes) -> Result<(Vec<PhysiologyRow>, Notes), boldly::error::Error> {
    let found = analyse(&study.plan, study.participants.clone(), &study.tables, notes)?;
    Ok((found.physiology, found.notes))
}

#[test]
fn means_of_the_runs_of_each_visit_and_the_arms_changes_are_those_by_hand() {
    let study = with(table());
    let (rows, _) = rows(&study, Notes::default()).unwrap();
    let names: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.task.as_deref().unwrap(), row.measure.as_str())).collect();
    // Nobody has a tSNR of the PAG; of `volumes` nothing is to be said.
    let measures = ["heart_rate", "mean_fd", "kept_volumes"];
    let want: Vec<(&str, &str)> =
        ["rest", "pain"].iter().flat_map(|task| measures.map(|m| (*task, m))).collect();
    assert_eq!(names, want);
    let row = &rows[0];
    assert_eq!(row.units.as_deref(), Some("beats/min"));
    let people = study.people();
    let value = |k: usize, visit: usize| {
        let lacks = k == 4 || visit == 1 && k.is_multiple_of(10);
        (!lacks).then(|| (heart_rate(k, visit, 0) + heart_rate(k, visit, 1)) / 2.0)
    };
    let of_arm = |arm: Arm| -> Vec<usize> {
        (1..=92).filter(|k| people.all[k - 1].arm == Some(arm)).collect()
    };
    let moments = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (n, mean, square)
    };
    let close =
        |got: f64, want: f64| assert!((got - want).abs() < 1e-12 * want.abs(), "{got} {want}");
    let mut changes = Vec::new();
    for arm in [Arm::Active, Arm::Control] {
        for (visit, of) in [row.baseline, row.endpoint].iter().enumerate() {
            let values: Vec<f64> = of_arm(arm).iter().filter_map(|&k| value(k, visit)).collect();
            let (n, mean, square) = moments(&values);
            assert_eq!(of.get(arm).n, values.len());
            close(of.get(arm).mean.unwrap(), mean);
            close(of.get(arm).sd.unwrap(), (square / (n - 1.0)).sqrt());
        }
        let change = |k: &usize| Some(value(*k, 1)? - value(*k, 0)?);
        let own: Vec<f64> = of_arm(arm).iter().filter_map(change).collect();
        assert_eq!(*row.n.get(arm), own.len());
        changes.push(moments(&own));
    }
    let [(n1, m1, s1), (n0, m0, s0)] = changes[..] else { unreachable!() };
    let variance = (s1 + s0) / (n1 + n0 - 2.0) * (1.0 / n1 + 1.0 / n0);
    let (interaction, test) = (row.interaction.unwrap(), row.test.unwrap());
    close(interaction.value, m1 - m0);
    close(interaction.se.unwrap(), variance.sqrt());
    close(test.statistic, (m1 - m0) / variance.sqrt());
    assert_eq!(test.dof, Some(n1 + n0 - 2.0));
}

/// Edges, and motion of a part of the table.
#[test]
fn the_section_tells_means_over_runs_and_visits_that_rest_on_other_numbers_of_them() {
    let mut runs = table();
    // sub-005 has one run of rest at the endpoint and two at baseline.
    runs.rows.retain(|row| {
        !(row[0] == "sub-005" && row[1] == "ses-week13" && row[2] == "rest" && row[3] == "2")
    });
    let (_, notes) = rows(&with(runs), Notes::default()).unwrap();
    let who = |part: &str| {
        let own: Vec<_> = notes.all.iter().filter(|note| note.text.contains(part)).collect();
        assert_eq!(own.len(), 1, "{part}: {:#?}", notes.all);
        own[0].participants.clone()
    };
    let means = who("in physio_summary[task=rest] are the mean over several runs");
    // 92 at baseline and the 83 who have the second visit, but for one of one run.
    assert_eq!((means.len(), means[0].as_str()), (174, "sub-001 (ses-baseline, 2 runs)"));
    let other = who("values of physio_summary[task=rest] rest on another number of runs");
    assert_eq!(other, ["sub-005 (ses-baseline 2 runs, ses-week13 1 run)"]);
    assert!(!notes.all.iter().any(|note| note.text.contains("[task=pain]")));
}

fn with_motion(part: &str) -> (Study, Notes, Result<Edges, boldly::error::Error>) {
    let mut study = with(table());
    let whole = study.tables.all.last().unwrap().clone();
    let rest = whole.only("physio_summary[task=rest]", "task", "rest").unwrap();
    study.tables.all.push(rest.only("physio_summary[run=1]", "run", "1").unwrap());
    study.tables.all.push(rest);
    study.tables.all.push(super::edges::long());
    study.plan.edges = Some(EdgesPlan { table: "coupling".to_owned() });
    study.plan.motion = Some(format!("{part}:mean_fd").parse().unwrap());
    let mut notes = Notes::default();
    let found = edges::analyse(&study.plan, &study.people(), &study.tables, &mut notes);
    (study, notes, found)
}

#[test]
fn of_several_runs_of_a_visit_the_mean_is_taken_and_motion_that_lacks_is_named() {
    let (mut study, notes, found) = with_motion("physio_summary[task=rest]");
    let found = found.unwrap();
    let who = |notes: &Notes, part: &str| {
        let note = notes.all.iter().find(|note| note.text.contains(part));
        note.unwrap_or_else(|| panic!("no {part} in {:#?}", notes.all)).participants.clone()
    };
    let of_runs = who(&notes, "in physio_summary[task=rest] are the mean over several runs");
    assert_eq!(of_runs[0], "sub-001 (ses-baseline, 2 runs)");
    let lacking = who(&notes, "9 participants with edges lack physio_summary[task=rest]:mean_fd");
    assert_eq!(lacking[..2], ["sub-010", "sub-020"]);
    assert!(!notes.all.iter().any(|note| note.text.contains("of fewer runs")));
    let more = who(&notes, "is the mean over more runs than the edges are of in");
    assert_eq!(more[0], "sub-001 (ses-baseline, 2, edges of 1)");
    // A table of the means by hand says the same.
    let mut means = table();
    let fd = means.position("mean_fd").unwrap();
    means.rows.retain(|row| row[2] == "rest");
    let pairs = means.rows.chunks(2).map(|both| {
        let mean = both.iter().map(|row| row[fd].parse::<f64>().unwrap()).sum::<f64>() / 2.0;
        let mut row = both[0].clone();
        row[fd] = mean.to_string();
        row
    });
    means.rows = pairs.collect();
    study.tables.all.retain(|table| !table.name.starts_with("physio_summary"));
    let name = "physio_summary".to_owned();
    study.tables.all.push(Measured { name, table: means, ..Measured::default() });
    study.plan.motion = Some("physio_summary:mean_fd".parse().unwrap());
    let by_hand =
        edges::analyse(&study.plan, &study.people(), &study.tables, &mut Notes::default());
    let by_hand = by_hand.unwrap().motion;
    let size = |row: &EdgesMotion| (row.n, row.below, row.median_r);
    assert_eq!(
        by_hand.iter().map(size).collect::<Vec<_>>(),
        found.motion.iter().map(size).collect::<Vec<_>>()
    );
    // One run's motion beside the edges of two, and runs of two tasks.
    let (_, notes, _) = with_motion("physio_summary[run=1]");
    let fewer =
        who(&notes, "physio_summary[run=1]:mean_fd is of fewer runs than the edges in 8 visits");
    assert_eq!(fewer[0], "sub-005 (ses-week13, 1 of 2)");
    let error = with_motion("physio_summary").2.unwrap_err().to_string();
    assert!(error.contains("[task=NAME]") && error.contains("line 4 (sub-001)"), "{error}");
}

#[test]
fn covariates_of_several_runs_are_their_means() {
    let mut study = with_motion("physio_summary[task=rest]").0;
    (study.plan.edges, study.plan.motion) = (None, None);
    study.plan.covariates = vec!["physio_summary[task=rest]:heart_rate".parse().unwrap()];
    let plan = study.plan.clone().resolved(&study.tables, &mut Notes::default()).unwrap();
    let found =
        analyse(&plan, study.participants.clone(), &study.tables, Notes::default()).unwrap();
    let said: Vec<String> = found.notes.all.iter().map(ToString::to_string).collect();
    let lacks = "1 participant lacks covariate physio_summary[task=rest]:heart_rate@baseline";
    assert!(said.iter().any(|note| note.contains(lacks)), "{said:#?}");
    assert!(said.iter().any(|note| note.contains("are the mean over several runs")), "{said:#?}");
}

#[test]
fn the_table_lies_in_the_report_wherever_it_is_given_and_faults_of_it_are_told() {
    let dir = folder_of_study();
    let dir = dir.path();
    fs::write(dir.join("physio_summary.tsv"), tsv::write_string(&table())).unwrap();
    run(dir, &format!("{NRS} --out without"));
    assert!(!dir.join("without/physiology.tsv").exists());
    run(dir, &format!("{NRS} --table physio_summary.tsv --out out"));
    let sheet = tsv::read(&dir.join("out/physiology.tsv")).unwrap();
    assert_eq!(sheet.rows.len(), 6);
    assert_eq!(sheet.rows[0][..3], ["rest", "heart_rate", "beats/min"]);
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(
        page.contains("Physiology, motion and signal")
            && page.contains("heart rate (beats/min), rest")
    );
    run(dir, "verify out");
    // A stranger in a table that the plan does not name is told; in one that it names he is refused.
    let mut spoiled = table();
    spoiled.rows[0][0] = "sub-099".to_owned();
    fs::write(dir.join("physio_summary.tsv"), tsv::write_string(&spoiled)).unwrap();
    let (_, said) = run(dir, &format!("{NRS} --table physio_summary.tsv --out told"));
    assert!(
        said.contains("physiology is not described: physio_summary.tsv, line 2 (sub-099)"),
        "{said}"
    );
    assert!(!dir.join("told/physiology.tsv").exists());
    let named =
        "--table physio_summary.tsv --outcome physio_summary[task=pain]:heart_rate --out no";
    let output = boldly(dir, &format!("{NRS} {named}"));
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn units_are_the_dictionarys_where_it_has_them() {
    let mut study = with(table());
    let text = "{\"heart_rate\": {\"Units\": \"bpm\"}}";
    let last = study.tables.all.last_mut().unwrap();
    last.dictionary = Dictionary::parse("physio_summary.json", text).unwrap();
    let (rows, _) = rows(&study, Notes::default()).unwrap();
    assert_eq!(rows[0].units.as_deref(), Some("bpm"));
    assert_eq!(rows[1].units.as_deref(), Some("mm"));
}

#[test]
fn rows_of_a_visit_that_count_twice_and_values_that_cannot_be_are_told() {
    let told = |change: &dyn Fn(&mut Table)| {
        let mut table = table();
        change(&mut table);
        let (rows, notes) = rows(&with(table), Notes::default()).unwrap();
        let told: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
        (rows.len(), told.join("\n"))
    };
    let (described, said) = told(&|_| {});
    assert!(described > 0 && !said.contains("physio_summary.tsv"), "{said}");
    let says = |change: &dyn Fn(&mut Table), n: usize, part: &str| {
        let (rows, said) = told(change);
        assert!(said.contains(part), "{part}: {said}");
        assert_eq!(rows, n, "{part}");
    };
    // Without numbers of runs two rows of rest are one run twice.
    let without = |table: &mut Table| {
        table.columns.remove(3);
        table.rows.iter_mut().for_each(|row| drop(row.remove(3)));
    };
    let twice = "physiology is not described: physio_summary.tsv, line 3 (sub-001), is of ses-baseline as line 2 is";
    says(&without, 0, twice);
    let unsaid =
        |table: &mut Table| table.rows.iter_mut().for_each(|row| row[3] = "n/a".to_owned());
    says(&unsaid, 0, twice);
    let negative = |table: &mut Table| table.rows[4][5] = "-1".to_owned();
    says(
        &negative,
        0,
        "physiology is not described: physio_summary.tsv, line 6 (sub-001), holds -1 in column mean_fd",
    );
    for rate in ["999", "-300"] {
        let odd = |table: &mut Table| table.rows[4][4] = rate.to_owned();
        says(&odd, described, &format!("sub-001 (line 6: {rate})"));
    }
}

#[test]
fn rows_of_several_tasks_of_a_visit_are_refused_as_folders_are() {
    let with_tasks = |is_pain: &dyn Fn(&[String]) -> bool| {
        let mut study = crate::edges::with_edges();
        let table = study.cells("coupling");
        table.columns.push("task".to_owned());
        for row in &mut table.rows {
            let task = if is_pain(row) { "pain" } else { "task-rest" };
            row.push(task.to_owned());
        }
        edges::analyse(&study.plan, &study.people(), &study.tables, &mut Notes::default())
    };
    let error = with_tasks(&|row| row[2] == "2").unwrap_err().to_string();
    for part in ["of ses-week13 as line", "is, of another task", "'coupling.tsv[task=NAME]'"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // One task a visit is told, whichever it is.
    with_tasks(&|row| row[1] == SESSIONS[1]).unwrap();
    with_tasks(&|_| false).unwrap();
}

#[test]
fn motion_by_another_name_is_told_and_the_rest_described() {
    for name in ["FD", "meanFD", "fd_mean", "framewise_displacement"] {
        let mut table = table();
        let at = table.position("mean_fd").unwrap();
        table.columns[at] = name.to_owned();
        let study = with(table.clone());
        let found =
            analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default());
        let found = found.unwrap();
        let told = format!("column '{name}' of physio_summary.tsv is motion by its name");
        let of_it = found.notes.all.iter().filter(|note| note.text.contains(name));
        assert_eq!(of_it.clone().count(), 1, "{name}: {:#?}", found.notes);
        // What is spelt as the column is an error of the table, and told as such.
        if name == "meanFD" {
            let is_so = |note: &Note| note.text.starts_with("physiology is not described");
            assert!(of_it.clone().all(is_so), "{:#?}", found.notes);
        } else {
            assert!(of_it.clone().all(|note| note.text.starts_with(&told)), "{:#?}", found.notes);
            assert!(found.physiology.iter().any(|row| row.measure == "heart_rate"), "{name}");
        }
        // Beside what is read it is one's own.
        let mut both = table;
        both.columns.push("mean_fd".to_owned());
        both.rows.iter_mut().for_each(|row| row.push("0.2".to_owned()));
        let study = with(both);
        let found =
            analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default());
        assert!(!found.unwrap().notes.all.iter().any(|note| note.text.starts_with(&told)));
    }
}

#[test]
fn edges_that_do_not_vary_at_a_visit_are_named_where_motion_is_held_against_them() {
    let mut study = crate::edges::with_edges();
    study.tables.all.push(crate::edges::motion());
    study.plan.motion = Some("physio_summary:mean_fd".parse().unwrap());
    let table = study.cells("coupling");
    let [session, a, b, z] =
        ["session_id", "region_a", "region_b", "z"].map(|name| table.position(name).unwrap());
    for row in &mut table.rows {
        if row[session] == "ses-baseline" && [row[a].as_str(), row[b].as_str()] == ["pcc", "pag"] {
            row[z] = "0.25".to_owned();
        }
    }
    let mut notes = Notes::default();
    let found = edges::analyse(&study.plan, &study.people(), &study.tables, &mut notes).unwrap();
    let edges: Vec<usize> = found.motion.iter().map(|row| row.edges).collect();
    assert_eq!(edges, [5, 6, 6]);
    let told = "edge pcc–pag does not vary over participants (ses-baseline): no correlation with physio_summary:mean_fd";
    assert!(notes.all.iter().any(|note| note.text.contains(told)), "{notes:#?}");
}
