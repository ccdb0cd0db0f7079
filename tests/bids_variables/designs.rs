//! Designs of runs against nilearn's regressors at the frame times, and what X, HRF and the high-pass filter mean.

use std::path::{Path, PathBuf};

use boldly::bids::design::{self, Columns, Missing};
use boldly::bids::model::{Hrf, Kind, Level, Node};
use boldly::bids::variables::Variables;
use boldly::bids::{Notes, transform};
use boldly::io::tsv;
use serde_json::{Value, json};

use crate::{common, instructions, table};

/// A node of the level of runs.
fn node(x: &[&str]) -> Node {
    Node {
        level: Level::Run,
        name: "run".into(),
        group_by: vec!["run".into(), "subject".into()],
        transformations: Vec::new(),
        kind: Kind::Glm,
        x: x.iter().map(|x| (*x).to_owned()).collect(),
        hrf: None,
        high_pass_hz: None,
        mask: std::collections::BTreeMap::default(),
        contrasts: Vec::new(),
        dummy: None,
        pointer: "/Nodes/0".into(),
    }
}

/// A run's columns by the first node of a model.
fn columns_of(model: &Value, mut run: Variables) -> boldly::error::Result<(Columns, Notes)> {
    let mut notes = Notes::default();
    let own = &model["Nodes"][0];
    let list = instructions(&own["Transformations"]["Instructions"], &mut notes)?;
    transform::apply(&list, &mut run, &mut notes)?;
    let x = own["Model"]["X"].as_array().unwrap().iter();
    let x: Vec<String> =
        x.map(|x| x.as_str().map_or_else(|| x.to_string(), str::to_owned)).collect();
    let x: Vec<&str> = x.iter().map(String::as_str).collect();
    let made = design::columns(&run, &node(&x), Missing::Error, &mut notes)?;
    Ok((made, notes))
}

/// The only file below a folder whose name has all these parts, or of the same name without its subject at the root.
fn found(root: &Path, folder: &str, parts: &[&str]) -> PathBuf {
    let in_folder = |folder: &Path| -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        paths.filter(|path| parts.iter().all(|part| name(path).contains(part))).collect()
    };
    let mut all = in_folder(&root.join(folder));
    if all.is_empty() {
        let shared: Vec<&str> = parts
            .iter()
            .copied()
            .filter(|p| !p.starts_with("ses-") && !p.starts_with("sub-") && !p.starts_with("run-"))
            .collect();
        all = std::fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                shared.iter().all(|part| name.contains(part))
            })
            .collect();
    }
    assert_eq!(all.len(), 1, "{parts:?} in {folder}: {all:?}");
    all.remove(0)
}

/// The run of a golden design: `run-1_subject-01` or `session-test_subject-01`.
fn run_of(root: &Path, task: &str, golden: &str, n_volumes: usize) -> Variables {
    let entity = |name: &str| golden.split('_').find_map(|part| part.strip_prefix(name));
    let subject = entity("subject-").unwrap();
    let session = entity("session-").map(|session| format!("ses-{session}"));
    let run = entity("run-").map(|run| format!("run-{run:0>2}_"));
    let folder = match &session {
        Some(session) => format!("sub-{subject}/{session}/func"),
        None => format!("sub-{subject}/func"),
    };
    let task = format!("task-{task}_");
    let mut parts = vec![task.as_str()];
    parts.extend(run.as_deref());
    let with = |suffix: &'static str| [&parts[..], &[suffix]].concat();
    let derived = format!("derivatives/fmriprep/{folder}");
    let image = found(root, &derived, &with("desc-preproc_bold.json"));
    let image: Value = serde_json::from_slice(&std::fs::read(image).unwrap()).unwrap();
    let tr = image["RepetitionTime"].as_f64().unwrap();
    let mut variables = Variables::of_run((0..n_volumes).map(|k| k as f64 * tr).collect(), tr);
    let mut notes = Notes::default();
    let events = tsv::read(&found(root, &folder, &with("events.tsv"))).unwrap();
    variables.add_events(&events, &mut notes).unwrap();
    let rows = found(root, &derived, &with("desc-confounds_timeseries.tsv"));
    variables.add_rows(&tsv::read(&rows).unwrap(), &mut notes).unwrap();
    variables
}

/// The model file of a golden's folder.
fn model_of(name: &str) -> PathBuf {
    let path = match name {
        "model-ds005Meta" => "own/model-ds005Meta_smdl.json".to_owned(),
        "fitlins_ds000003__models__model-001" => {
            "fitlins/examples__models__ds000003__models__model-001_smdl.json".to_owned()
        }
        "zoo_ds003__model-001" => {
            "model-zoo/model-zoo__exhibits__ds003__model-001_smdl.json".to_owned()
        }
        name => format!("openneuro_glmfitlins/{name}_specs.json"),
    };
    common::shared(&format!("bids-models/{path}")).unwrap()
}

/// How far a column is off, of its peak; what is n/a in the golden is not compared.
fn off(own: &Columns, golden: &boldly::table::Table) -> Vec<String> {
    let mut off = Vec::new();
    for (k, name) in golden.columns.iter().enumerate() {
        let theirs: Vec<Option<f64>> = golden.rows.iter().map(|row| row[k].parse().ok()).collect();
        let peak = theirs.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
        for (row, theirs) in theirs.iter().enumerate() {
            let own = own.matrix[[row, k]];
            if theirs.is_some_and(|theirs| !((own - theirs).abs() <= 1e-6 * peak.max(1e-300))) {
                off.push(format!("{name}[{row}] = {own} for {theirs:?}"));
                break;
            }
        }
    }
    off
}

fn designs_equal(folder: &str, least: usize) {
    let Some(root) = common::shared(&format!("../oracles/bsm/{folder}")) else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        let Some((dataset, model)) = name.split_once("__") else { continue };
        let dataset = common::shared(&format!("bids-mini/{dataset}")).unwrap();
        let model: Value =
            serde_json::from_slice(&std::fs::read(model_of(model)).unwrap()).unwrap();
        let task = &model["Input"]["task"];
        let task = task.as_str().or_else(|| task[0].as_str()).unwrap();
        for file in std::fs::read_dir(&entry).unwrap().map(|file| file.unwrap().path()) {
            let golden = tsv::read(&file).unwrap();
            let file = file.file_name().unwrap().to_string_lossy().into_owned();
            let run = run_of(&dataset, task, &file, golden.rows.len());
            let (own, _) = columns_of(&model, run).unwrap_or_else(|e| panic!("{name}/{file}: {e}"));
            assert_eq!(own.names, golden.columns, "{name}/{file}");
            let off = off(&own, &golden);
            assert!(off.is_empty(), "{name}/{file}: {off:#?}");
            compared += 1;
        }
    }
    assert!(compared >= least, "{compared} designs");
}

#[test]
fn designs_of_real_models_equal_nilearns_regressors_at_the_frame_times() {
    designs_equal("designs-exact", 30);
}

#[test]
fn events_without_a_level_leave_the_designs_as_if_they_were_not_there() {
    designs_equal("designs-exact-nona", 9);
}
