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
pub fn node(x: &[&str]) -> Node {
    Node {
        level: Level::Run,
        name: "run".into(),
        group_by: vec!["run".into(), "subject".into()],
        transformations: Vec::new(),
        kind: Kind::Glm,
        x: x.iter().map(|x| (*x).to_owned()).collect(),
        formula: None,
        hrf: None,
        high_pass_hz: None,
        low_pass_hz: None,
        mask: std::collections::BTreeMap::default(),
        contrasts: Vec::new(),
        dummy: None,
        pointer: "/Nodes/0".into(),
    }
}

/// `Model.HRF` of these variables.
fn hrf(variables: &[&str], model: &str, parameters: &Value) -> Option<Hrf> {
    Some(Hrf {
        variables: variables.iter().map(|name| (*name).to_owned()).collect(),
        model: model.to_owned(),
        parameters: parameters.as_object().cloned().unwrap_or_default(),
    })
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
fn run_of(root: &Path, task: &str, golden: &str) -> Variables {
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
    let rows = found(root, &derived, &with("desc-confounds_timeseries.tsv"));
    let rows = tsv::read(&rows).unwrap();
    let frame_times = (0..rows.rows.len()).map(|k| k as f64 * tr).collect();
    let mut variables = Variables::of_run(frame_times, tr);
    let mut notes = Notes::default();
    let events = tsv::read(&found(root, &folder, &with("events.tsv"))).unwrap();
    variables.add_events(&events, &mut notes).unwrap();
    variables.add_rows(&rows, &mut notes).unwrap();
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
            if theirs.is_some_and(|theirs| own.is_nan() || (own - theirs).abs() > 1e-6 * peak) {
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
            let run = run_of(&dataset, task, &file);
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

/// Models that must fail on these runs: dataset, model, task, run, and what the message says.
const FAIL: &[(&str, &str, &str, &str, &[&str])] = &[
    (
        "ds001",
        "openneuro_glmfitlins/ds000001-balloonanalogrisktask_specs.json",
        "balloonanalogrisktask",
        "run-1_subject-01",
        &["`rt_reg.rt`", "without a duration (n/a), that of line "],
    ),
    (
        "ds009",
        "openneuro_glmfitlins/ds000009-balloonanalogrisktask_specs.json",
        "balloonanalogrisktask",
        "subject-01",
        &["`reaction_time`", "is no variable"],
    ),
    (
        "ds009",
        "openneuro_glmfitlins/ds000009-discounting_specs.json",
        "discounting",
        "subject-01",
        &["`response_time`"],
    ),
    (
        "ds009",
        "openneuro_glmfitlins/ds000009-emotionalregulation_specs.json",
        "emotionalregulation",
        "run-1_subject-01",
        &["`response_time`"],
    ),
    (
        "ds009",
        "openneuro_glmfitlins/ds000009-stopsignal_specs.json",
        "stopsignal",
        "run-1_subject-01",
        &["`response_time`"],
    ),
    (
        "ds102",
        "openneuro_glmfitlins/ds000102-flanker_specs.json",
        "flankertask",
        "run-1_subject-01",
        &["`response_time`", "did you mean `ResponseTime`?"],
    ),
    (
        "ds005",
        "pybids/tests__data__ds005__models__ds-005_type-test_model.json",
        "mixedgamblestask",
        "run-1_subject-01",
        &["`RT` of /Nodes/0/Model/X", "is no variable"],
    ),
];

#[test]
fn models_that_name_what_runs_lack_fail_with_the_name() {
    for (dataset, model, task, run, parts) in FAIL {
        let (Some(root), Some(path)) = (
            common::shared(&format!("bids-mini/{dataset}")),
            common::shared(&format!("bids-models/{model}")),
        ) else {
            return;
        };
        let model: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let error = columns_of(&model, run_of(&root, task, run)).map(|m| m.0).expect_err(dataset);
        assert_eq!(error.exit_code(), 65);
        let said = error.to_string();
        for part in *parts {
            assert!(said.contains(part), "{dataset} {task}: {said}: {part}");
        }
    }
}

/// A run of 60 frames, TR 2 s, the first at `start_s`.
pub fn run(start_s: f64) -> Variables {
    let mut run = Variables::of_run((0..60).map(|k| f64::from(k) * 2.0 + start_s).collect(), 2.0);
    let events =
        table("events.tsv", &["onset duration kind", "4 1 a", "20.3 2 b", "55 0 a", "71.7 3 b"]);
    let mut notes = Notes::default();
    run.add_events(&events, &mut notes).unwrap();
    let mut lines =
        vec!["framewise_displacement std_dvars csf csf_derivative1 cosine00".to_owned()];
    lines.extend((0..60).map(|k| match k {
        0 => "n/a n/a 1 n/a 1".to_owned(),
        1 => "0 3 n/a 2 1".to_owned(),
        _ => "0.5 2 1 2 1".to_owned(),
    }));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    run.add_rows(&table("confounds.tsv", &lines), &mut notes).unwrap();
    let factor = json!([{"Name": "Factor", "Input": ["kind"]}]);
    crate::after(&run, &factor).unwrap().0
}

#[track_caller]
pub fn made(run: &Variables, node: &Node, missing: Missing) -> (Columns, String) {
    let mut notes = Notes::default();
    let made = design::columns(run, node, missing, &mut notes).unwrap();
    (made, notes.all().join("\n"))
}

pub fn column(columns: &Columns, name: &str) -> Vec<f64> {
    let at = columns.names.iter().position(|own| own == name).unwrap();
    columns.matrix.column(at).to_vec()
}

#[test]
fn a_response_of_the_model_equals_the_equivalent_convolve() {
    let x = ["1", "kind.a", "kind.b"];
    for (model, convolve) in [
        ("spm", json!({"Name": "Convolve", "Input": ["kind.*"], "Model": "spm"})),
        (
            "glover + derivative",
            json!({"Name": "Convolve", "Input": ["kind.*"], "Model": "glover", "Derivative": true}),
        ),
        (
            "spm + derivative + dispersion",
            json!({"Name": "Convolve", "Input": ["kind.*"], "Derivative": true, "Dispersion": true}),
        ),
    ] {
        let hrf = hrf(&["kind.a", "kind.b"], model, &json!({}));
        let own = made(&run(0.0), &Node { hrf, ..node(&x) }, Missing::Error).0;
        let convolved = crate::after(&run(0.0), &json!([convolve])).unwrap().0;
        // Convolve's derivatives have to be named.
        let same = made(&convolved, &node(&["1", "kind.*"]), Missing::Error).0;
        assert_eq!(own, same, "{model}");
        assert!(own.names.len() == 3 || own.names[2] == "kind.a_derivative", "{:?}", own.names);
    }
    let fir = hrf(&["kind.a"], "fir", &json!({"fir_delays": [0, 2]}));
    let own = made(&run(0.0), &Node { hrf: fir, ..node(&["kind.a_?"]) }, Missing::Error).0;
    assert_eq!(own.names, ["kind.a_0", "kind.a_2"]);
    // What the run lacks has nothing to be convolved, and is an error of X where X has it.
    let lacks = hrf(&["kind.a", "kind.c"], "spm", &json!({}));
    let (own, said) = made(&run(0.0), &Node { hrf: lacks, ..node(&["kind.a"]) }, Missing::Error);
    assert!(
        own.names == ["kind.a"] && said.contains("`kind.c` is no variable of this run"),
        "{said}"
    );
    let twice =
        crate::after(&run(0.0), &json!([{"Name": "Convolve", "Input": ["kind.*"]}])).unwrap().0;
    for (variables, model, part) in [
        (run(0.0), "fir", "fir_delays"),
        (run(0.0), "spm + dispersion", "be spm or glover"),
        (run(0.0), "gamma", "be spm or glover"),
        (twice, "spm", "is convolved already"),
    ] {
        let node = Node { hrf: hrf(&["kind.a"], model, &json!({})), ..node(&x) };
        let error = design::columns(&variables, &node, Missing::Error, &mut Notes::default());
        assert!(error.as_ref().unwrap_err().to_string().contains(part), "{error:?}: {part}");
    }
}

#[test]
fn columns_are_sampled_at_the_frame_times_start_time_counted() {
    let convolve = json!([{"Name": "Convolve", "Input": ["kind.*"]}]);
    let at = |start_s: f64| {
        let run = crate::after(&run(start_s), &convolve).unwrap().0;
        column(&made(&run, &node(&["kind.a"]), Missing::Error).0, "kind.a")
    };
    // Frames 1 s later see what events 1 s earlier would show.
    let earlier = json!([{"Name": "Subtract", "Input": ["onset"], "Value": 1.0}, convolve[0]]);
    let earlier = crate::after(&run(0.0), &earlier).unwrap().0;
    let earlier = column(&made(&earlier, &node(&["kind.a"]), Missing::Error).0, "kind.a");
    let off =
        |own: &[f64]| own.iter().zip(&earlier).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let peak = off(&[0.0; 60]);
    // The step of nilearn's grid depends a little on where the frames lie.
    assert!(off(&at(1.0)) < 3e-3 * peak, "{} of {peak}", off(&at(1.0)));
    assert!(off(&at(0.0)) > 0.1 * peak, "{} of {peak}", off(&at(0.0)));
    // Rows of tables stay rows.
    let csf = |start_s: f64| column(&made(&run(start_s), &node(&["csf"]), Missing::Error).0, "csf");
    assert_eq!(csf(0.0), csf(1.0));
}

#[test]
fn delays_are_means_over_the_trs_that_begin_so_many_after_a_frame() {
    let fir =
        json!([{"Name": "Convolve", "Input": ["kind.a"], "Model": "fir", "FirDelays": [0, 2]}]);
    let run = crate::after(&run(0.0), &fir).unwrap().0;
    let own = made(&run, &node(&["kind.a_0", "kind.a_2"]), Missing::Error).0;
    // 1 s from 4 s: half of the TR from frame 2, and of the one two TRs later.
    let first: Vec<f64> = column(&own, "kind.a_0")[..6].to_vec();
    assert!(
        first.iter().zip([0.0, 0.0, 0.5, 0.0, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 0.011),
        "{first:?}"
    );
    let later = column(&own, "kind.a_2");
    assert!((later[4] - first[2]).abs() < 1e-12, "{:?}", &later[..6]);
}

#[test]
fn rows_without_a_value_get_one_by_their_kind() {
    let x = ["framewise_displacement", "std_dvars", "csf", "csf_derivative1"];
    let (own, said) = made(&run(0.0), &node(&x), Missing::Error);
    assert_eq!(
        column(&own, "framewise_displacement")[..3],
        [0.5, 0.0, 0.5],
        "the mean of others than 0"
    );
    assert!((column(&own, "std_dvars")[0] - (3.0 + 58.0 * 2.0) / 59.0).abs() < 1e-12);
    assert_eq!(column(&own, "csf_derivative1")[..2], [0.0, 2.0]);
    assert_eq!(column(&own, "csf")[..3], [1.0, 0.0, 1.0]);
    assert!(said.contains("`csf` has 1 values of n/a"), "{said}");
    assert!(!said.contains("framewise") && !said.contains("derivative1"), "{said}");
}

#[test]
fn x_is_read_in_its_order_and_what_is_not_there_is_said() {
    let (own, said) =
        made(&run(0.0), &node(&["c*", "1", "csf", "kind.b", "motion_outlier*"]), Missing::Error);
    assert_eq!(own.names, ["csf", "csf_derivative1", "cosine00", "intercept", "kind.b"]);
    assert_eq!(column(&own, "intercept"), [1.0; 60]);
    assert!(said.contains("`motion_outlier*` matches no variable of this run"), "{said}");
    assert!(said.contains("`kind.b` is not convolved"), "{said}");
    let lacks = node(&["kind.a", "kind.B"]);
    let error = design::columns(&run(0.0), &lacks, Missing::Error, &mut Notes::default());
    assert!(error.unwrap_err().to_string().contains("did you mean `kind.b`?"));
    let (own, said) = made(&run(0.0), &lacks, Missing::Drop);
    assert_eq!(own.names, ["kind.a"]);
    assert_eq!(own.missing, [("kind.B".to_owned(), Some("kind.b".to_owned()))]);
    assert!(said.contains("`kind.B` is no variable here and is dropped"), "{said}");
    let mut inputs = Variables::of_inputs(2);
    inputs.add_texts("sex", &["M", "F"]).unwrap();
    inputs.add_texts("age", &["30", "n/a"]).unwrap();
    for (name, part) in [("sex", "is text (`M`)"), ("age", "no value (n/a) for input 2")] {
        let error =
            design::columns(&inputs, &node(&["1", name]), Missing::Error, &mut Notes::default());
        assert!(error.unwrap_err().to_string().contains(part), "{name}");
    }
}

#[test]
fn a_high_pass_filter_is_cosines_and_never_twice() {
    let filtered = |x: &[&str], hz| {
        made(&run(0.0), &Node { high_pass_hz: Some(hz), ..node(x) }, Missing::Error)
    };
    let (own, _) = filtered(&["1", "csf"], 0.01);
    // 2 n TR f = 2.4.
    assert_eq!(own.names, ["intercept", "csf", "drift_1", "drift_2"]);
    let drift = column(&own, "drift_1");
    assert!(
        (drift[0] - (2.0_f64 / 60.0).sqrt() * (std::f64::consts::PI / 120.0).cos()).abs() < 1e-12
    );
    let (own, said) = filtered(&["1", "cosine*"], 0.01);
    assert_eq!(own.names, ["intercept", "cosine00"]);
    assert!(said.contains("X has the drift columns cosine00"), "{said}");
    let node = Node { high_pass_hz: Some(-1.0), ..node(&["1"]) };
    assert!(design::columns(&run(0.0), &node, Missing::Error, &mut Notes::default()).is_err());
}
