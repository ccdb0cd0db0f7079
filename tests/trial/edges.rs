//! Of `trial::edges` and `boldly trial --edges`: edges between regions compared between the arms.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boldly::error::Result;
use boldly::io::tsv;
use boldly::table::Table;
use boldly::trial::results::{EdgeRow, Edges, Estimate};
use boldly::trial::{Dictionary, EdgesPlan, Measured, Notes, edges};
use serde_json::Value;

use super::command::{boldly, run, study as folder_of_study};
use crate::study::{Study, folder, study};

const REGIONS: [&str; 4] = ["insula", "pcc", "mpfc", "pag"];
/// The edges by place in the goldens.
const PAIRS: [[usize; 2]; 6] = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]];
pub const SESSIONS: [&str; 2] = ["ses-baseline", "ses-week13"];

/// Fisher's z of the k-th participant (from 1) in hundredths, by the rule of tests/oracles/trial_adjusted.py.
fn z(k: usize, visit: usize, edge: usize, run: usize, is_active: bool) -> f64 {
    let noise = (k * 29 + visit * 53 + edge * 17 + k * edge * 7 + run * 11) % 101;
    let drug = if edge == 2 && visit == 1 && is_active { 30.0 } else { 0.0 };
    (noise as f64 - 50.0 + drug) / 100.0
}

/// A run: participant, place of the visit, number of the run, and the cell of each edge; `None`: the visit has no run.
pub type Run = (String, usize, usize, Vec<String>);

/// The runs of everybody, as the goldens have them.
pub fn runs() -> Vec<Run> {
    let people = tsv::read(&folder().join("participants.tsv")).unwrap();
    let mut all = Vec::new();
    for (row, person) in people.rows.iter().enumerate() {
        let (k, is_active) = (row + 1, person[1] != "placebo");
        for visit in 0..2 {
            if visit == 1 && k % 11 == 0 {
                continue;
            }
            for number in 0..if visit == 1 && k % 5 == 0 { 2 } else { 1 } {
                let cell = |edge: usize| match edge == 3 && visit == 0 && k % 7 == 0 {
                    true => "n/a".to_owned(),
                    false => z(k, visit, edge, number, is_active).to_string(),
                };
                all.push((person[0].clone(), visit, number, (0..6).map(cell).collect()));
            }
        }
    }
    all
}

/// All runs as one table.
pub fn long() -> Measured {
    let columns = ["participant_id", "session_id", "run", "region_a", "region_b", "z"];
    let mut rows = Vec::new();
    for (who, visit, number, cells) in runs() {
        for ([a, b], cell) in PAIRS.iter().zip(cells) {
            let run = (number + 1).to_string();
            let [a, b] = [a, b].map(|&region| REGIONS[region].to_owned());
            rows.push(vec![who.clone(), SESSIONS[visit].to_owned(), run, a, b, cell]);
        }
    }
    let columns = columns.map(str::to_owned).to_vec();
    let table = Table { name: "coupling.tsv".to_owned(), columns, rows };
    let dictionary = Dictionary::default();
    Measured { name: "coupling".to_owned(), table, dictionary, origin: Vec::new() }
}

pub fn with_edges() -> Study {
    let mut study = study();
    study.plan.edges = Some(EdgesPlan { table: "coupling".to_owned() });
    study.tables.all.push(long());
    study
}

fn analysed(study: &Study, notes: &mut Notes) -> Result<Edges> {
    edges::analyse(&study.plan, &study.people(), &study.tables, notes)
}

#[track_caller]
fn is_near(got: f64, want: &Value, what: &str) {
    let want = want.as_f64().unwrap_or_else(|| panic!("no golden {what}"));
    let off = (got - want).abs() / want.abs().max(1e-3);
    assert!(off < 1e-9, "{what}: {got:e} is not {want:e} ({off:e} off)");
}

#[track_caller]
fn are_golden(rows: &[EdgeRow], part: &str) {
    let text = fs::read_to_string(folder().join("golden_edges.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let golden = golden[part].as_array().unwrap();
    assert_eq!(rows.len(), golden.len());
    for ((row, want), [a, b]) in rows.iter().zip(golden).zip(PAIRS) {
        let edge = format!("{}–{}", row.region_a, row.region_b);
        assert_eq!(edge, format!("{}–{}", REGIONS[a], REGIONS[b]));
        let is = |got: f64, path: &str| {
            is_near(got, want.pointer(path).unwrap(), &format!("{part}, {edge}{path}"));
        };
        let limits = |of: Estimate, path: &str| {
            is(of.value, &format!("{path}/value"));
            is(of.low.unwrap(), &format!("{path}/low"));
            is(of.high.unwrap(), &format!("{path}/high"));
        };
        is(row.n.active as f64, "/n_active");
        is(row.n.control as f64, "/n_control");
        is(row.baseline.active.unwrap(), "/active_baseline");
        is(row.baseline.control.unwrap(), "/control_baseline");
        let change = row.change.unwrap();
        limits(change.active, "/active_change");
        limits(change.control, "/control_change");
        let (difference, test) = (row.difference.unwrap(), row.test.unwrap());
        limits(difference, "/difference");
        is(difference.se.unwrap(), "/difference/se");
        is(test.statistic, "/difference/t");
        is(test.p, "/difference/p");
        is(test.dof.unwrap(), "/dof");
        is(row.q.unwrap(), "/q");
    }
}

#[test]
fn every_edge_is_golden_with_runs_averaged_and_with_strata() {
    let mut study = with_edges();
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert_eq!(found.regions, REGIONS);
    are_golden(&found.rows, "plain");
    study.plan.strata = vec!["site".to_owned()];
    are_golden(&analysed(&study, &mut notes).unwrap().rows, "site");
    // 92 participants: of each fifth but the eleventh ones two runs; who lacks a visit and who lacks an edge are named apart.
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    let has = |part: &str| said.iter().any(|note| note.contains(part));
    assert_eq!(found.of_several_runs, 17, "{said:#?}");
    assert!(has("edges of 17 visits are the mean of Fisher's z over several runs"), "{said:#?}");
    assert!(has("sub-005 (ses-week13, 2 runs)"), "{said:#?}");
    assert!(has("edges rest on another number of runs at one visit than at the other in 17"));
    assert!(has("sub-005 (ses-baseline 1 run, ses-week13 2 runs)"), "{said:#?}");
    assert!(has("lack all edges at ses-baseline or ses-week13"), "{said:#?}");
    assert!(has("lack the edge pcc–mpfc at ses-baseline or ses-week13"), "{said:#?}");
    assert_eq!(found.rows[0].lacking.active + found.rows[0].lacking.control, 8);
    assert_eq!(found.rows[3].lacking.active + found.rows[3].lacking.control, 20);
}

/// Motion that goes with the third edge and with no other for a reason.
pub fn motion() -> Measured {
    let row = |at: usize| {
        let (k, visit) = (at / 2 + 1, at % 2);
        let fd = 0.1 + 0.002 * ((k * 7 + visit * (k % 5) * 3) % 19) as f64;
        vec![format!("sub-{k:03}"), SESSIONS[visit].to_owned(), format!("{fd:.4}")]
    };
    let table = Table {
        name: "physio_summary.tsv".to_owned(),
        columns: ["participant_id", "session_id", "mean_fd"].map(str::to_owned).to_vec(),
        rows: (0..2 * 92).map(row).collect(),
    };
    Measured { name: "physio_summary".to_owned(), table, ..Measured::default() }
}

/// Pearson's r of two columns as its formula has it.
fn correlation(all: &[(f64, f64)]) -> f64 {
    let n = all.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(|a| a.0), mean(|a| a.1));
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| all.iter().map(|(x, y)| of(x - mx, y - my)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

#[test]
fn motion_is_held_against_every_edge_over_participants() {
    let mut study = with_edges();
    let mut notes = Notes::default();
    let without = analysed(&study, &mut notes).unwrap();
    assert!(without.motion.is_empty() && without.rows[0].motion.is_none());
    let says = |notes: &Notes, part: &str| notes.all.iter().any(|note| note.text.contains(part));
    assert!(says(&notes, "whether motion is in the edges is not known"));
    study.tables.all.push(motion());
    study.plan.motion = Some("physio_summary:mean_fd".parse().unwrap());
    let found = analysed(&study, &mut Notes::default()).unwrap();
    // Edge 2 from the tables: means over runs, of those with both.
    let mean = |who: &str, session: &str| {
        let [a, b] = PAIRS[2].map(|region| REGIONS[region]);
        let own = long().table.rows.into_iter().filter(|row| {
            row[0] == who && row[1] == session && row[3..5].iter().all(|r| r == a || r == b)
        });
        let z: Option<Vec<f64>> = own.map(|row| row[5].parse().ok()).collect();
        z.filter(|z| !z.is_empty()).map(|z| z.iter().sum::<f64>() / z.len() as f64)
    };
    let fd = motion().table.rows;
    let of = |value: &dyn Fn([Option<f64>; 2]) -> Option<f64>| -> Vec<(f64, f64)> {
        (0..92)
            .filter_map(|at| {
                let who = format!("sub-{:03}", at + 1);
                let z = SESSIONS.map(|session| mean(&who, session));
                let fd = [0, 1].map(|visit| fd[2 * at + visit][2].parse().ok());
                value(fd).zip(value(z))
            })
            .collect()
    };
    let change = of(&|[before, after]| Some(after? - before?));
    let got = found.rows[2].motion.as_ref().unwrap();
    assert_eq!(got.n, change.len());
    assert!((got.r.value - correlation(&change)).abs() < 1e-12, "{}", got.r.value);
    let names: Vec<&str> = found.motion.iter().map(|row| row.visit.as_str()).collect();
    assert_eq!(names, ["ses-baseline", "ses-week13", "change"]);
    assert!(found.motion.iter().all(|row| row.edges == 6 && row.below <= 6));
    let below = found.rows.iter().filter(|row| row.motion.as_ref().unwrap().test.p < 0.05).count();
    assert_eq!(found.motion[2].below, below);
    // All edges that are motion.
    for row in &mut study.cells("coupling").rows {
        let fd = &fd
            [2 * (row[0][4..].parse::<usize>().unwrap() - 1) + usize::from(row[1] == SESSIONS[1])];
        row[5] = fd[2].clone();
    }
    let mut notes = Notes::default();
    let _ = analysed(&study, &mut notes);
    assert!(says(&notes, "goes with many edges over participants"), "{:?}", notes.all);
    study.plan.motion = Some("physio_summary:fd".parse().unwrap());
    assert!(analysed(&study, &mut Notes::default()).is_err());
}

#[test]
fn z_that_can_hardly_be_is_told_with_its_edge() {
    let mut study = with_edges();
    study.set("coupling", 1, "z", "9.9");
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    let odd: Vec<_> = notes.all.iter().filter(|note| note.text.contains("far from all")).collect();
    assert_eq!(odd[0].participants, ["sub-001 (ses-baseline: insula–mpfc 9.9)"], "{odd:?}");
    assert_eq!(odd.len(), 1);
}

#[test]
fn pairs_turned_and_rows_in_any_order_are_the_same_edges() {
    let mut study = with_edges();
    let table = study.cells("coupling");
    let (head, tail) = table.rows.split_at_mut(6);
    head.iter_mut().chain(tail).skip(6).step_by(2).for_each(|row| row.swap(3, 4));
    table.rows[6..].reverse();
    are_golden(&analysed(&study, &mut Notes::default()).unwrap().rows, "plain");
}

#[test]
fn edges_of_one_participant_are_refused_with_what_can_be_done() {
    let mut study = with_edges();
    let own = study.tables.all.iter_mut().find(|table| table.name == "coupling").unwrap();
    own.table.rows.retain(|cells| cells[0] == "sub-001");
    let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
    let says = |part: &str| error.contains(part) && error.matches("it must").count() == 1;
    assert!(says("of the first, edge ") && says("a folder above theirs"), "{error}");
}

#[test]
fn what_is_no_table_of_edges_or_of_nobody_is_refused_with_its_line() {
    #[track_caller]
    fn refused(spoil: impl FnOnce(&mut Table), says: &[&str]) {
        let mut study = with_edges();
        spoil(study.cells("coupling"));
        let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
        says.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    }
    let drop = |column: &'static str| {
        move |table: &mut Table| {
            let at = table.position(column).unwrap();
            table.columns.remove(at);
            table.rows.iter_mut().for_each(|row| {
                row.remove(at);
            });
        }
    };
    refused(drop("participant_id"), &["has no column participant_id", "--edges FOLDER"]);
    refused(drop("z"), &["has no column z", "edges.tsv are taken"]);
    refused(drop("run"), &["is of insula and pcc, as line", "a column run"]);
    refused(|t| t.rows[7][0] = "sub-099".to_owned(), &["line 9 (sub-099)", "does not list"]);
    refused(|t| t.rows[7][0] = "n/a".to_owned(), &["line 9", "has no participant_id"]);
    refused(|t| t.rows[7][5] = "0,31".to_owned(), &["line 9 (sub-001)", "'0,31' in column z"]);
    refused(|t| t.rows[7][4] = "insula".to_owned(), &["line 9", "is of insula with itself"]);
    refused(
        |t| t.rows[1] = t.rows[0].clone(),
        &["line 3 (sub-001), is of insula and pcc, as line 2 is"],
    );
    refused(
        |t| {
            t.rows[1] = t.rows[0].clone();
            t.rows[1].swap(3, 4);
        },
        &["line 3 (sub-001), is of pcc and insula, as line 2 is"],
    );
    refused(
        |t| t.rows.retain(|row| row[1] == "ses-baseline"),
        &["session 'ses-week13'", "is not among those of coupling.tsv: ses-baseline"],
    );
    refused(|t| t.rows.clear(), &["session 'ses-baseline'"]);
    // Regions of other names after treatment: nothing can be compared.
    refused(
        |t| {
            let after = t.rows.iter_mut().filter(|row| row[1] == "ses-week13");
            after.for_each(|row| row[3] = format!("{}_L", row[3]));
        },
        &["has no edge, of 12, that can be compared", "edge insula–pcc has both values of 0"],
    );
}

#[test]
fn regions_that_tables_lack_and_edges_that_cannot_be_compared_are_told() {
    let mut study = with_edges();
    let arms: BTreeMap<String, String> =
        study.participants.table.rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    // Of one arm nobody has the PAG after treatment; of the other one run lacks it.
    study.cells("coupling").rows.retain(|row| {
        let is_pag = row[4] == "pag" && row[1] == "ses-week13";
        !(is_pag && (arms[&row[0]] == "placebo" || row[0] == "sub-001"))
    });
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    let has = |part: &str| said.iter().any(|note| note.contains(part));
    assert!(has("region pag is not in"), "{said:#?}");
    let n_a = "3 of 6 edges cannot be compared and are n/a (edges insula–pag, pcc–pag, mpfc–pag)";
    assert!(has(n_a) && has("has both values of 0 participants of arm 'placebo'"), "{said:#?}");
    // The others are adjusted for each other alone.
    let p = |row: &EdgeRow| row.test.map(|test| test.p);
    let known: Vec<f64> = found.rows.iter().filter_map(p).collect();
    assert_eq!(known.len(), 3);
    let most = known.iter().fold(0.0_f64, |most, p| most.max(*p));
    let q = found.rows.iter().filter_map(|row| row.q).fold(0.0_f64, f64::max);
    assert!((q - most).abs() < 1e-12, "{q} {most}");
    assert!(found.rows[2].difference.is_none() && found.rows[2].q.is_none());
    assert_eq!(found.rows[2].n.control, 0);
}

/// Everybody's tables as `boldly connect` writes them; of several runs each has a folder.
pub fn connect(dir: &Path) {
    for (who, visit, number, cells) in runs() {
        let place =
            dir.join(format!("connect/{who}/{}/task-rest_run-{}", SESSIONS[visit], number + 1));
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("edges.tsv"), table(&cells)).unwrap();
    }
}

fn table(cells: &[String]) -> String {
    let line = |([a, b], cell): (&[usize; 2], &String)| {
        format!("{}\t{}\t0.1\tn/a\t{cell}\t1\n", REGIONS[*a], REGIONS[*b])
    };
    let lines: String = PAIRS.iter().zip(cells).map(line).collect();
    format!("region_a\tregion_b\tr\tpartial_r\tz\tshared_voxels\n{lines}")
}

#[test]
fn edges_that_were_made_with_other_options_are_told_with_who_differs() {
    let dir = folder_of_study();
    let dir = dir.path();
    connect(dir);
    for (who, band) in [("sub-001", "null"), ("sub-002", "[0.01, 0.1]"), ("sub-003", "null")] {
        let place = dir.join(format!("connect/{who}/ses-baseline/task-rest_run-1/edges.json"));
        let command = format!(r#"{{"name": "connect", "band_hz": {band}, "noise": "ar1"}}"#);
        fs::write(place, format!(r#"{{"boldly": {{"schema": 2, "command": {command}}}}}"#))
            .unwrap();
    }
    let (_, said) = run(dir, &format!("{LINE} --edges connect --outcome nrs --out out"));
    let differs = "with other options, and what differs between them may be that: --band 0.01,0.1 (sub-002 at ses-baseline), none (sub-001 at \
                   ses-baseline, sub-003 at ses-baseline); make them alike";
    assert!(said.contains(differs), "{said}");
}

const LINE: &str = "trial study --control placebo --baseline ses-baseline --endpoint ses-week13";

#[test]
fn folders_of_connect_give_what_one_table_gives_and_verify() {
    let dir = folder_of_study();
    let dir = dir.path();
    connect(dir);
    let (_, said) = run(dir, &format!("{LINE} --edges connect --outcome nrs --out folders"));
    assert_eq!(said.matches("6 edges of 4 regions, from").count(), 1, "{said}");
    assert!(said.contains("edges: 1 of 6 with q < .05"), "{said}");
    let text = boldly::io::tsv::write_string(&long().table);
    fs::write(dir.join("coupling.tsv"), text).unwrap();
    run(dir, &format!("{LINE} --edges coupling.tsv --out table"));
    let read = |out: &str| fs::read_to_string(dir.join(out).join("edges.tsv")).unwrap();
    assert_eq!(read("folders"), read("table"));
    let sheet = tsv::read(&dir.join("folders/edges.tsv")).unwrap();
    let at = |column: &str| sheet.position(column).unwrap();
    assert_eq!(sheet.rows[2][..2], ["insula", "pag"]);
    assert!(sheet.rows[2][at("q")].parse::<f64>().unwrap() < 1e-9);
    let told = fs::read_to_string(dir.join("folders/edges.json")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    for column in &sheet.columns {
        assert!(told[column]["Description"].is_string(), "{column}");
    }
    let page = fs::read_to_string(dir.join("folders/report.html")).unwrap();
    assert!(page.contains("id=\"edge-matrix\"") && page.contains("insula – pag"));
    // The plan takes the folders again, and says so without them.
    run(dir, "trial study --plan folders/plan.json --edges connect --out again");
    assert_eq!(read("folders"), read("again"));
    let (said, _) = run(dir, "verify folders table");
    assert!(said.contains("repeated"), "{said}");
    let one = dir.join("connect/sub-001/ses-baseline/task-rest_run-1/edges.tsv");
    fs::write(&one, fs::read_to_string(&one).unwrap().replacen("\t0.", "\t0.9", 2)).unwrap();
    assert_ne!(boldly(dir, "verify folders").status.code(), Some(0));
    let (_, shown) = run(dir, &format!("{LINE} --edges connect --dry-run"));
    assert!(shown.contains("would write") && shown.contains("edges.tsv"), "{shown}");
}

#[test]
fn folders_that_cannot_be_taken_are_refused_and_means_over_runs_count_once() {
    let dir = folder_of_study();
    let dir = dir.path();
    connect(dir);
    #[track_caller]
    fn refused(dir: &Path, line: &str, code: i32, says: &[&str]) {
        let output = boldly(dir, &format!("{LINE} {line} --out out"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        says.iter().for_each(|part| assert!(said.contains(part), "{part}: {said}"));
    }
    let place = |at: &str| dir.join("connect").join(at);
    let write = |at: &str, text: &str| {
        fs::create_dir_all(place(at).parent().unwrap()).unwrap();
        fs::write(place(at), text).unwrap();
    };
    let numbers = |by: usize| {
        table(&(0..6).map(|edge| (0.01 * (edge * by + 3) as f64).to_string()).collect::<Vec<_>>())
    };
    refused(dir, "--edges nowhere", 2, &["table 'nowhere'"]);
    refused(dir, "--edges study", 66, &["has no edges.tsv in it or below"]);
    refused(dir, "--edges connect --edges nowhere", 2, &["--edges nowhere", "is no folder"]);
    refused(dir, "--edges connect/sub-001", 65, &["none with sub- in its path or its sidecar"]);
    // A copy of another's table, of another participant, without a session, of a participant of no study.
    let copied =
        fs::read_to_string(place("sub-001/ses-baseline/task-rest_run-1/edges.tsv")).unwrap();
    let own = fs::read_to_string(place("sub-002/ses-baseline/task-rest_run-1/edges.tsv")).unwrap();
    write("sub-002/ses-baseline/task-rest_run-1/edges.tsv", &copied);
    refused(dir, "--edges connect", 65, &["sub-002", "holds the numbers of", "sub-001"]);
    write("sub-002/ses-baseline/task-rest_run-1/edges.tsv", &own);
    let sidecar = r#"{"boldly": {"schema": 2, "inputs": [{"role": "bold", "path": "sub-003_ses-baseline_task-rest_bold.nii.gz"}]}}"#;
    write("sub-002/ses-baseline/task-rest_run-1/edges.json", sidecar);
    refused(dir, "--edges connect", 65, &["is of sub-002 by its path, and of sub-003"]);
    fs::remove_file(place("sub-002/ses-baseline/task-rest_run-1/edges.json")).unwrap();
    write("sub-002/edges.tsv", &numbers(2));
    refused(dir, "--edges connect", 65, &["sub-002/edges.tsv", "has no ses- in its path"]);
    fs::remove_file(place("sub-002/edges.tsv")).unwrap();
    write("sub-777/ses-baseline/edges.tsv", &numbers(2));
    refused(dir, "--edges connect", 65, &["sub-777", "does not list"]);
    fs::remove_dir_all(place("sub-777")).unwrap();
    write("sub-001/ses-baseline/task-pain/edges.tsv", &numbers(2));
    refused(dir, "--edges connect", 65, &["task-", "of another task"]);
    fs::remove_dir_all(place("sub-001/ses-baseline/task-pain")).unwrap();
    // Two analyses of one run, which both would count.
    let raw = dir.join("sub-001_ses-baseline_task-rest_run-1_bold.nii.gz");
    let sidecar =
        serde_json::json!({"boldly": {"schema": 2, "inputs": [{"role": "bold", "path": raw}]}});
    write("sub-001/ses-baseline/task-rest_run-1/edges.json", &sidecar.to_string());
    write("sub-001/ses-baseline/beta/edges.tsv", &numbers(2));
    write("sub-001/ses-baseline/beta/edges.json", &sidecar.to_string());
    let twice = ["sub-001_ses-baseline_task-rest_run-1_bold.nii.gz, as", "two analyses of one run"];
    refused(dir, "--edges connect", 65, &twice);
    fs::remove_dir_all(place("sub-001/ses-baseline/beta")).unwrap();
    fs::remove_file(place("sub-001/ses-baseline/task-rest_run-1/edges.json")).unwrap();
    // A sidecar of others says nothing, which is told; one that does is an input.
    let at = "sub-002/ses-baseline/task-rest_run-1/edges.json";
    let of = |name: &str, subject: &str| {
        let bold = format!("sub-{subject}_ses-baseline_task-rest_run-1_bold.nii.gz");
        serde_json::json!({"boldly": {"schema": 2, "outputs": [{"name": name, "kind": "table", "entities": "edges"}],
            "inputs": [{"role": "bold", "path": bold}]}})
    };
    for (name, subject, is_input) in [("run-1_edges.tsv", "003", false), ("edges.tsv", "002", true)]
    {
        write(at, &of(name, subject).to_string());
        let (_, said) = run(dir, &format!("{LINE} --edges connect --out told --overwrite"));
        let doubt = "beside 1 table of edges lies a sidecar that describes other files";
        assert_eq!(said.contains(doubt), !is_input, "{said}");
        let results = fs::read_to_string(dir.join("told/edges.json")).unwrap();
        assert_eq!(results.contains(at), is_input, "{results}");
    }
    fs::remove_file(place(at)).unwrap();
    // A table that is called as theirs, and a plan without them.
    fs::write(dir.join("study/connect.tsv"), "participant_id\nsub-001\n").unwrap();
    refused(dir, "--edges connect", 2, &["table 'connect'", "the edges of --edges"]);
    fs::remove_file(dir.join("study/connect.tsv")).unwrap();
    run(dir, &format!("{LINE} --edges connect --out good"));
    // A folder and one below it hold each table once.
    run(dir, &format!("{LINE} --edges connect/sub-001 --edges connect --out below"));
    let read = |out: &str| fs::read_to_string(dir.join(out).join("edges.tsv")).unwrap();
    assert_eq!(read("good"), read("below"));
    let output = boldly(dir, "trial study --plan good/plan.json --out alone");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("takes edges of boldly connect, which it does not hold"), "{said}");
    // A mean beside its runs is the visit's value, and regions that were moved are no table of it.
    let visit = "sub-001/ses-baseline/task-rest_run-1";
    write(&format!("{visit}/run-1_edges.tsv"), &numbers(2));
    write(&format!("{visit}/run-2_edges.tsv"), &numbers(3));
    write(&format!("{visit}/desc-shift_edges.tsv"), "region_a\tshift\n");
    let (_, said) = run(dir, &format!("{LINE} --edges connect --out mean"));
    assert!(said.contains("2 tables of single runs lie beside the mean"), "{said}");
    assert_eq!(read("good"), read("mean"));
}
