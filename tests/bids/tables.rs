//! Variables of inputs above the run: columns of participants.tsv, sessions.tsv and scans.tsv.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::binary::{boldly, run, said, succeeded};
use crate::common::Random;
use crate::small::only;

/// Voxels along each axis.
pub const SHAPE: [usize; 3] = [4, 3, 3];
const N_VOLUMES: usize = 24;

/// Three subjects of two sessions with two runs each: noise, in native space.
pub fn study(dir: &Path) {
    let put = |name: &str, text: &str| {
        let path = dir.join("raw").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("dataset_description.json", r#"{"Name": "x", "BIDSVersion": "1.10.0"}"#);
    put("task-a_bold.json", r#"{"RepetitionTime": 2.0, "TaskName": "a"}"#);
    put("task-a_events.tsv", "onset\tduration\ttrial_type\n4\t6\ton\n24\t6\ton\n");
    // the age at the first session stands in both tables: that of the session is nearer
    put(
        "participants.tsv",
        "participant_id\tage\tgroup\nsub-1\t20\tb\nsub-2\t30\ta\nsub-3\t40\ta\n",
    );
    for subject in 1..=3 {
        put(
            &format!("sub-{subject}/sub-{subject}_sessions.tsv"),
            &format!("session_id\tage\tdays\nses-1\t{subject}1\t0\nses-2\t{subject}2\t7.5\n"),
        );
        for session in 1..=2 {
            let at = format!("sub-{subject}/ses-{session}");
            let stem = format!("sub-{subject}_ses-{session}");
            let row = |run: usize| {
                let rating = 10 * subject + 3 * session + run * run;
                // zeros before a number are no other run
                format!("func/{stem}_task-a_run-0{run}_bold.nii.gz\t{rating}\n")
            };
            let anat = format!("anat/{stem}_T1w.nii.gz\tn/a\n");
            put(
                &format!("{at}/{stem}_scans.tsv"),
                &format!("filename\trating\n{anat}{}{}", row(1), row(2)),
            );
            for run in 1..=2 {
                let name = format!("raw/{at}/func/{stem}_task-a_run-{run}_bold.nii");
                image(&dir.join(name), (100 * subject + 10 * session + run) as u64);
            }
        }
    }
}

/// A run of noise about 1000.
pub fn image(path: &Path, seed: u64) {
    let mut random = Random(seed);
    let n = SHAPE.iter().product::<usize>() * N_VOLUMES;
    let values: Vec<f32> = (0..n).map(|_| (1000.0 + 20.0 * random.normal()) as f32).collect();
    nifti(path, &[SHAPE[0], SHAPE[1], SHAPE[2], N_VOLUMES], &|at| values[at]);
}

/// A float32 NIfTI-1 image in mm and seconds, written by hand.
pub fn nifti(path: &Path, shape: &[usize], value: &dyn Fn(usize) -> f32) {
    let mut bytes = vec![0_u8; 352];
    let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
    put(0, &348_i32.to_le_bytes());
    put(40, &(shape.len() as i16).to_le_bytes());
    for axis in 0..7 {
        let size = shape.get(axis).copied().unwrap_or(1) as i16;
        put(42 + 2 * axis, &size.to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    for (at, size) in [1.0_f32, 3.0, 3.0, 3.0, 2.0].into_iter().enumerate() {
        put(76 + 4 * at, &size.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(123, &[2 + 8]);
    put(254, &1_i16.to_le_bytes());
    (0..3).for_each(|row| put(280 + 20 * row, &3_f32.to_le_bytes()));
    put(344, b"n+1\0");
    (0..shape.iter().product()).for_each(|at| bytes.extend(value(at).to_le_bytes()));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A model whose dataset node has every run as an input.
pub fn model(dir: &Path, x: serde_json::Value, instructions: serde_json::Value, by: &[&str]) {
    let model = json!({
        "Name": "tables", "BIDSModelVersion": "1.0.0", "Input": { "task": ["a"] },
        "Nodes": [
            {
                "Level": "Run", "Name": "run", "GroupBy": ["run", "session", "subject"],
                "Transformations": { "Transformer": "pybids-transforms-v1", "Instructions": [
                    { "Name": "Factor", "Input": ["trial_type"] },
                    { "Name": "Convolve", "Model": "spm", "Input": ["trial_type.on"] },
                ] },
                "Model": { "X": ["trial_type.on", 1], "Type": "glm" },
                "DummyContrasts": { "Contrasts": ["trial_type.on"], "Test": "t" },
            },
            {
                "Level": "Dataset", "Name": "all", "GroupBy": by,
                "Transformations": { "Transformer": "pybids-transforms-v1", "Instructions": instructions },
                "Model": { "X": x, "Type": "glm" },
                "DummyContrasts": { "Test": "t" },
            },
        ],
        "Edges": [{ "Source": "run", "Destination": "all" }],
    });
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
}

/// The command.
pub const LINE: &str =
    "bids raw out dataset -m model.json --space none --desc-label none --noise ols --device cpu";

#[test]
fn a_run_has_the_values_of_its_scan_its_session_and_its_subject_the_nearest_first() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    model(dir, json!([1, "rating", "days", "age"]), json!([]), &["contrast"]);
    run(dir, &format!("{LINE} -q"));
    let table = only(&dir.join("out/node-all"), "_desc-model_design.tsv");
    let table = fs::read_to_string(table).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next().unwrap(), "intercept\trating\tdays\tage");
    let got: Vec<Vec<f64>> =
        lines.map(|line| line.split('\t').map(|cell| cell.parse().unwrap()).collect()).collect();
    let mut want = Vec::new();
    for (subject, session) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)] {
        for run in 1..=2 {
            let rating = f64::from(10 * subject + 3 * session + run * run);
            let days = if session == 1 { 0.0 } else { 7.5 };
            want.push(vec![1.0, rating, days, f64::from(10 * subject + session)]);
        }
    }
    assert_eq!(got, want);
}

#[test]
fn inputs_are_parted_by_columns_of_each_table_and_what_none_knows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let planned = |by: &[&str]| {
        model(dir, json!([1]), json!([]), by);
        let line = format!("{LINE} --dry-run");
        let done = succeeded(&line, boldly(dir, &line));
        String::from_utf8(done.stdout).unwrap()
    };
    // of a session's column, and of a subject's: units by number of inputs
    let table = planned(&["contrast", "days"]);
    assert!(table.contains("all (Dataset, glm): 2 units"), "{table}");
    assert_eq!(table.matches("      6        1  trial_type.on").count(), 2, "{table}");
    let table = planned(&["contrast", "group"]);
    assert!(table.contains("      4        1  trial_type.on"), "group b: {table}");
    assert!(table.contains("      8        1  trial_type.on"), "group a: {table}");
    // a run of which scans.tsv says nothing
    let scans = dir.join("raw/sub-2/ses-1/sub-2_ses-1_scans.tsv");
    let text = fs::read_to_string(&scans).unwrap();
    fs::write(&scans, text.replace("run-02", "run-03")).unwrap();
    model(dir, json!([1, "rating"]), json!([]), &["contrast"]);
    let done = boldly(dir, &format!("{LINE} --dry-run"));
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    assert!(said(&done).contains("rating"), "{}", said(&done));
    // a table without the column that says whose a row is: of no use here, and said
    fs::write(&scans, text.replace("filename", "file")).unwrap();
    model(dir, json!([1, "days"]), json!([]), &["contrast"]);
    let done = succeeded(LINE, boldly(dir, &format!("{LINE} --dry-run")));
    assert!(said(&done).contains("sub-2_ses-1_scans.tsv"), "{}", said(&done));
    assert!(said(&done).contains("it is left out"), "{}", said(&done));
}
