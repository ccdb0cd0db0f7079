//! What boldly writes into datasets of derivatives is valid by the BIDS validator (bids-validator-deno).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::binary::{run, said, with_words};
use crate::described::assert_described;
use crate::small::{DERIVED, IN_SPACE, RAW, STEM, json, study, words};
use crate::tables;

/// The validator that `BOLDLY_BIDS_VALIDATOR` names, else the one on the path; where there is none the test says so.
fn validator() -> Option<PathBuf> {
    let named = std::env::var_os("BOLDLY_BIDS_VALIDATOR").map(PathBuf::from);
    let named = named.unwrap_or_else(|| "bids-validator-deno".into());
    let works = Command::new(&named).arg("--version").output().is_ok_and(|o| o.status.success());
    if !works {
        println!("skipped 1: no BIDS validator ({}); set BOLDLY_BIDS_VALIDATOR", named.display());
    }
    works.then_some(named)
}

/// Fails with the validator's errors of a dataset; how many files it looked at.
#[track_caller]
fn valid(validator: &Path, dataset: &Path) -> u64 {
    let done = Command::new(validator).arg(dataset).args(["--format", "json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|e| {
        panic!("{e}: {}{}", String::from_utf8_lossy(&done.stdout), said(&done))
    });
    let issues = told["issues"]["issues"].as_array().unwrap();
    let errors: Vec<String> = issues
        .iter()
        .filter(|issue| issue["severity"] == "error")
        .map(|issue| format!("{} {}", issue["code"], issue["location"]))
        .collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", dataset.display());
    told["summary"]["totalFiles"].as_u64().unwrap()
}

/// A model of every level, with a test of groups at the last.
fn every_level(dir: &Path) {
    let above = |level: &str, name: &str, by: &[&str], kind: &str| {
        serde_json::json!({
            "Level": level, "Name": name, "GroupBy": by, "Model": { "X": [1], "Type": kind }, "DummyContrasts": { "Test": "t" },
        })
    };
    let mut model = json(&dir.join("model.json"));
    let nodes = model["Nodes"].as_array_mut().unwrap();
    nodes.truncate(1);
    nodes.push(above("Session", "by session", &["contrast", "session", "subject"], "meta"));
    nodes.push(above("Subject", "by subject", &["contrast", "subject"], "meta"));
    nodes.push(above("Dataset", "all", &["contrast"], "glm"));
    model.as_object_mut().unwrap().remove("Edges");
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
}

#[test]
fn results_of_a_model_at_every_level_are_a_valid_dataset() {
    let Some(validator) = validator() else { return };
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    tables::study(dir);
    tables::model(dir, serde_json::json!([1]), serde_json::json!([]), &["contrast"]);
    every_level(dir);
    for level in ["run", "session", "participant", "dataset"] {
        run(dir, &tables::LINE.replace(" dataset ", &format!(" {level} ")));
    }
    let more = ["--overwrite", "--inference", "--permutations 8 --tfce exact --correct fdr"];
    let line = words(&tables::LINE.replace(" dataset ", " group "));
    let done = with_words(dir, line.iter().map(String::as_str).chain(more));
    assert!(done.status.success(), "{}", said(&done));
    // glm's results may lie beside them, and stay known when the model's are made again
    let bold = "raw/sub-1/ses-1/func/sub-1_ses-1_task-a_run-1_bold.nii";
    let line = format!(
        "glm {bold} --events raw/task-a_events.tsv --contrast on --out out/extra --device cpu -q"
    );
    run(dir, &line);
    run(dir, &tables::LINE.replace(" dataset ", " run "));
    let tables = assert_described(&dir.join("out"));
    assert!(tables.iter().any(|name| name.ends_with("_desc-model_design.tsv")), "{tables:?}");
    // all but the descriptions is what the validator is told to pass over
    assert!(valid(&validator, &dir.join("out")) >= 2);
}

#[test]
fn what_each_command_writes_into_a_dataset_of_derivatives_is_valid() {
    let Some(validator) = validator() else { return };
    let folder = study();
    let dir = folder.path();
    let out = "derivatives/boldly";
    fs::create_dir_all(dir.join(out)).unwrap();
    let described = r#"{"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "derivative", "GeneratedBy": [{"Name": "boldly"}]}"#;
    fs::write(dir.join(out).join("dataset_description.json"), described).unwrap();
    let func = format!("{out}/sub-01/func");
    let bold = format!("{RAW}/{STEM}_bold.nii.gz");
    let mask = format!("{DERIVED}/{IN_SPACE}_desc-brain_mask.nii.gz");
    let events = format!("--events {RAW}/{STEM}_events.tsv");
    let physio = format!("--physio {RAW}/{STEM}_physio.tsv.gz --terms 1/1/0");
    let glm = format!("glm {bold} {events} --contrast pain --fwhm 20");
    let regions = "--roi b=sphere:0,0,0:40 --coordinates native";
    let seed = "--seed b=sphere:0,0,0:40 --coordinates native --min-dof 1 --fwhm 20";
    for line in [
        format!("smooth {bold} --fwhm 20 --out {func}/{STEM}_desc-smooth_bold.nii.gz"),
        format!("smooth {bold} --fwhm 20 --out {func}/smoothed.nii.gz"),
        format!(
            "retroicor {bold} {physio} {events} --out {func}/{STEM}_desc-retroicor_bold.nii.gz --maps {func}/proof"
        ),
        format!("physio --bold {bold} {physio} --out {func}/{STEM}"),
        format!("physio --bold {bold} {physio} --out {out}/"),
        format!("confounds {bold} --mask {mask} --dvars --out {func}/{STEM}"),
        format!("confounds {bold} --mask {mask} --out {out}/sub-01/table.tsv"),
        // beside the images, in a folder of the subject, and in one of the dataset
        format!("{glm} {physio} --report --residuals --maps {regions} --out {func}"),
        format!("{glm} --out {out}/sub-01/glm"),
        format!("{glm} --out {out}/glm-1"),
        format!("connect {bold} {seed} --out {func}/connect"),
        format!("connect {bold} {seed} --out {out}/connect"),
    ] {
        let quiet = if line.starts_with("physio") { "-q" } else { "--device cpu -q" };
        run(dir, &format!("{line} {quiet}"));
    }
    group(dir, &format!("{out}/group"));
    let n = valid(&validator, &dir.join(out));
    // the runs that have a name of BIDS are looked at, with their sidecars and the description
    assert!(n >= 5, "{n} files");
}

/// A test of a group of maps in that folder.
fn group(dir: &Path, out: &str) {
    let effect = "derivatives/boldly/glm-1/contrast-pain_stat-effect_statmap.nii.gz";
    let effect = boldly::io::read_map(&dir.join(effect)).unwrap().2;
    let mut rows = "subject\teffect\n".to_owned();
    for subject in 1..=5_usize {
        let name = format!("map-{subject}.nii");
        let value = |v: usize| effect[v] + (7 * v % (11 + subject)) as f32;
        tables::nifti(&dir.join(&name), &[9, 10, 8], &value);
        rows += &format!("{subject}\t{name}\n");
    }
    fs::write(dir.join("maps.tsv"), rows).unwrap();
    let line = format!(
        "group --maps maps.tsv --model one-sample --permutations 8 --tfce --correct fdr --out {out} --device cpu -q"
    );
    run(dir, &line);
}
