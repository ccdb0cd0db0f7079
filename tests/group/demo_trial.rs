//! `boldly demo --trial`, smaller: from the runs to the report, and what stands beside the truth is in the tables. Some seconds: it is
//! the one test of all commands in a row.

use std::fs;
use std::path::Path;

use boldly::gpu::Device;
use boldly::io::read_map;
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::demo_trial::{TrialDemo, demo};
use boldly::pipeline::session::Session;
use boldly::pipeline::watch::Quiet;
use boldly::simulate::drug_trial::DrugTrialSpec;

use crate::binary::{boldly, said, succeeded};

fn demo_in(out: &Path) -> boldly::error::Result<TrialDemo> {
    let spec = DrugTrialSpec { per_arm: 4, n_volumes: 64, ..DrugTrialSpec::default() };
    let mut session = Session::new(Vec::new(), Ladder::around(Device::cpu()), &Quiet);
    demo(&spec, (out, "boldly demo --trial"), &mut session, &Quiet)
}

/// A cell of the row whose first cells these are.
fn cell(path: &Path, begins: &[&str], column: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<&str>>());
    let at = rows.next().unwrap().iter().position(|c| *c == column).expect("a column");
    rows.find(|row| row.starts_with(begins)).expect("a row")[at].to_owned()
}

/// The mean of a map over the periaqueductal grey.
fn mean_in(out: &Path, map: &str) -> f64 {
    let read = |path: &str| read_map(&out.join(path)).unwrap().2;
    let pag = read("study/derivatives/boldly-simulate/slab_label-PAG_mask.nii.gz");
    let of_map = read(map);
    let within = pag.iter().zip(&of_map).filter(|(inside, _)| **inside > 0.0);
    let all: Vec<f64> = within.map(|(_, value)| f64::from(*value)).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

/// Where a page leads.
fn links(page: &str) -> Vec<String> {
    let all = page.split("<li><a href=\"").skip(1).filter(|rest| !rest.starts_with('#'));
    let found: Vec<String> =
        all.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect();
    assert!(found.len() >= 8, "{found:?}");
    found
}

#[test]
fn the_trial_demo_goes_from_runs_to_the_report_and_its_truth_is_beside_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("trial");
    let result = demo_in(&out).unwrap();
    assert_eq!((result.per_arm, result.completers), (4, 6));
    let of = |begin: &str| {
        let line = result.lines.iter().find(|line| line.quantity.starts_with(begin));
        line.unwrap_or_else(|| panic!("nothing of {begin}"))
    };
    let (pag, heart) = (of("response to pain, pag"), of("heart rate"));
    assert!(pag.truth < -0.5 && pag.found < 0.0 && pag.holds(), "{pag:?}");
    assert!(heart.truth == 8.0 && (heart.found - 8.0).abs() < 4.0, "{heart:?}");
    assert!(of("response to pain, thalamus_l").truth == 0.0);
    assert!(of("insula with default mode network").found < 0.0);
    // What is printed is what the tables hold.
    let of_drug = "bids/node-drug/task-pain_contrast-painChangeDrug";
    let regions = out.join(format!("{of_drug}_regions.tsv"));
    assert_eq!(cell(&regions, &["pag"], "effect").parse(), Ok(pag.found));
    let ancova = out.join("trial/ancova.tsv");
    let row = ["physio_summary[task=pain]:heart_rate", "observed"];
    assert_eq!(cell(&ancova, &row, "difference").parse(), Ok(heart.found));
    // what of the body may differ between arms is compared, too
    let physiology = out.join("trial/physiology.tsv");
    for (task, name) in [
        ("pain", "breathing_rate"),
        ("pain", "rvt"),
        ("pain", "mean_fd"),
        ("pain", "kept_volumes"),
        ("rest", "mean_fd"),
        ("rest", "tsnr_pag"),
    ] {
        let difference = cell(&physiology, &[task, name], "interaction");
        assert!(difference.parse::<f64>().is_ok_and(f64::is_finite), "{name}: {difference}");
    }
    // The rows of a visit are that visit's.
    let (id, session) = ("sub-02", "ses-baseline");
    let run = format!("bids/node-run/{id}/{session}/{id}_{session}_task-pain");
    let own = mean_in(&out, &format!("{run}_contrast-pain_stat-effect_statmap.nii.gz"));
    let brain = cell(&out.join("tables/brain.tsv"), &[id, session], "pag_pain");
    assert_eq!(brain, format!("{own:.6}"));
    let found: f64 =
        cell(&out.join("tables/physio_summary.tsv"), &[id, session], "heart_rate").parse().unwrap();
    let truth = cell(&out.join("study/derivatives/truth/visits.tsv"), &[id, session], "heart_rate");
    assert!((found - truth.parse::<f64>().unwrap()).abs() < 3.0, "{found} for {truth}");

    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("trial/report.html") && page.contains("response to pain, pag"), "{page}");
    let title = "What was put in, and what was found";
    assert_eq!(page.matches(title).count(), 1, "as a heading, and not again above the table");
    // Each line of what was found is a row of the page and of the table, with its truth.
    let table = fs::read_to_string(out.join("truth.tsv")).unwrap();
    assert_eq!(table.lines().count(), 1 + result.lines.len());
    for line in &result.lines {
        let row = table.lines().find(|row| row.starts_with(&line.quantity)).expect("a row");
        let cells: Vec<&str> = row.split('\t').collect();
        let number = |at: usize| cells[at].parse::<f64>().expect(&line.quantity);
        assert_eq!([number(2), number(3)], [line.truth, line.found], "{}", line.quantity);
        assert_eq!([number(4), number(5)], [line.lower, line.upper], "{}", line.quantity);
        assert_eq!(cells[7], line.by);
        assert!(page.contains(&line.quantity), "{}", line.quantity);
    }
    let held = result.lines.iter().filter(|line| line.holds()).count();
    assert!(page.contains(&format!("{held} of the {} intervals hold", result.lines.len())));
    assert!(out.join("trial/report.html").is_file());
    // A raw run takes the mask of its brain in derivatives; the recordings of both tasks are summed up.
    let said = fs::read_to_string(out.join(format!("{run}_mask.json"))).unwrap();
    assert!(said.contains(&format!("{id}_{session}_task-pain_desc-brain_mask.nii.gz")), "{said}");
    let at_rest = out.join(format!("connect/{id}/{session}/physio_summary.tsv"));
    let rate: f64 = cell(&at_rest, &[id, session, "rest"], "heart_rate").parse().unwrap();
    assert!((rate - found).abs() < 5.0, "{rate} at rest, {found} in pain");
    // Only who was seen twice has a change, and all are in the maps of the first visit.
    let subjects = |path: &str| fs::read_to_string(out.join(path)).unwrap().lines().count() - 1;
    let of_visit = "bids/node-visit/ses-baseline/ses-baseline_task-pain_contrast-pain";
    assert_eq!(subjects("bids/node-drug/task-pain_contrast-painChange_desc-model_maps.tsv"), 6);
    assert_eq!(subjects(&format!("{of_visit}_desc-model_maps.tsv")), 8);
    for path in links(&page) {
        assert!(out.join(&path).is_file(), "{path}");
    }
    let line =
        "verify trial/trial trial/bids/node-drug trial/group-coupling trial/connect/sub-02 -q";
    succeeded(line, boldly(folder.path(), line));
}

#[test]
fn options_of_the_trial_demo_come_with_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    for line in [
        "demo --patients 5",
        "demo --trial --group",
        "demo --trial --permutations 50",
        "demo --trial --patients 2",
    ] {
        let output = boldly(folder.path(), line);
        assert_eq!(output.status.code(), Some(2), "{line}: {}", said(&output));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
