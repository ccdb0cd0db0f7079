//! Every table that a command writes has a BIDS data dictionary beside it, with an object for each of its columns.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

#[path = "binary/mod.rs"]
mod binary;
#[path = "common/mod.rs"]
mod common;
#[path = "bad_input/dataset.rs"]
#[allow(dead_code, reason = "of its helpers some are used")]
mod dataset;
mod described;
#[allow(dead_code, reason = "of its helpers some are used")]
#[path = "group/made.rs"]
mod made;

use binary::{boldly, run, said};
use dataset::{SHAPE, copy, good_dataset, nifti, second_run, text};
use described::assert_described;

const BOX: &str = "box:6,6,3:7,7,7";

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The good run, and a second whose confounds are its own.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    good_dataset(folder.path());
    second_run(folder.path());
    folder
}

/// Asserts that a folder's tables are described, and that these are among them.
#[track_caller]
fn has(folder: &Path, tables: &[&str]) {
    let names = assert_described(folder);
    for table in tables {
        assert!(names.iter().any(|name| name == table), "{table} is not among {names:?}");
    }
}

#[test]
fn tables_of_a_first_level_are_described_column_by_column() {
    let folder = study();
    let dir = folder.path();
    let glm =
        "--mask mask.nii --contrast pain-control --f-contrast any=pain;control --device cpu -q";
    let asked = format!(
        "{glm} --columns trans_x --roi a={BOX} --shift 3 --csf mask.nii --maps --residuals \
        "
    );
    run(
        dir,
        &format!(
            "glm bold.nii {asked} --events events.tsv --confounds confounds.tsv --physio physio.tsv.gz --out one"
        ),
    );
    let one = "design.tsv design_slice-groups.tsv contrast-painMinusControl_regions.tsv contrast-any_regions.tsv \
               contrast-painMinusControl_desc-shift_regions.tsv desc-residuals_smoothness.tsv desc-residuals_acf.tsv physio_summary.tsv";
    has(&dir.join("one"), &one.split_whitespace().collect::<Vec<_>>());
    let columns = json(&dir.join("one/design.json"));
    let says = |column: &str| columns[column]["Description"].as_str().unwrap().to_owned();
    assert!(says("trans_x").contains("confounds.tsv"), "{}", says("trans_x"));
    assert!(says("drift_1").contains("128 s"), "{}", says("drift_1"));
    assert_eq!(columns["Description"].as_str().map(|text| text.contains("design")), Some(true));

    run(
        dir,
        &format!(
            "glm bold.nii second_bold.nii {asked} --events events.tsv events.tsv --confounds confounds.tsv confounds.tsv --task-times start --out two"
        ),
    );
    has(&dir.join("two"), &["run-1_design.tsv", "run-2_design.tsv", "contrast-any_regions.tsv"]);
    let of_runs = json(&dir.join("two/contrast-any_regions.json"));
    assert!(of_runs["run"].is_object() && of_runs["effect"].is_null(), "{of_runs}");

    copy(dir, "one/design.tsv", "ready.tsv");
    run(
        dir,
        "glm bold.nii --design ready.tsv --mask mask.nii --contrast trans_x --device cpu -q --out ready",
    );
    has(&dir.join("ready"), &["design.tsv"]);
    run(dir, "verify one -q");
    run(dir, "verify two -q");
}

#[test]
fn tables_of_recordings_and_confounds_are_described_column_by_column() {
    let folder = study();
    let dir = folder.path();
    run(
        dir,
        "physio --physio physio.tsv.gz --bold bold.nii --terms harvey+rvt(0,5)+hr --out physio/sub-1 -q",
    );
    has(
        &dir.join("physio"),
        &["sub-1_desc-retroicor_timeseries.tsv", "sub-1_desc-peaks_events.tsv"],
    );
    run(
        dir,
        "retroicor bold.nii --physio physio.tsv.gz --device cpu -q --out once/sub-1_bold.nii.gz",
    );
    has(&dir.join("once"), &["sub-1_regressors.tsv", "sub-1_physio_summary.tsv"]);
    run(
        dir,
        "smooth once/sub-1_bold.nii.gz --fwhm 4 --device cpu -q --out smooth/sub-1_bold.nii.gz",
    );
    has(&dir.join("smooth"), &["sub-1_regressors.tsv"]);
    run(
        dir,
        "confounds bold.nii --mask mask.nii --csf mask.nii --acompcor 2 --tcompcor 2 --variable 0.2 --device cpu -q --out confounds/",
    );
    assert_eq!(assert_described(&dir.join("confounds")).len(), 1);
}

#[test]
fn tables_of_connectivity_are_described_column_by_column() {
    let folder = study();
    let dir = folder.path();
    let [ni, nj, nk, _] = SHAPE;
    nifti(dir, "atlas.nii", &[ni, nj, nk], 3.0, |v| (1 + v % 3) as f32);
    // Of a region that is called as a column or a fact of the table is.
    text(dir, "names.tsv", "index\tname\n1\tDescription\n2\tTableDescription\n3\tboldly\n");
    let asked = format!(
        "--regions atlas.nii --labels names.tsv --seed a={BOX} --network n=Description,boldly --shift 3 --mask mask.nii \
         --device cpu -q --no-pictures"
    );
    run(dir, &format!("connect bold.nii {asked} --out one"));
    let tables =
        ["timeseries.tsv", "stat-pearsoncorrelation_relmat.tsv", "edges.tsv", "networks.tsv"];
    has(&dir.join("one"), &[&tables[..], &["desc-shift_edges.tsv"]].concat());
    let series = json(&dir.join("one/timeseries.json"));
    assert!(series["Description"]["Voxels"].is_number() && series["boldly"]["Voxels"].is_number());
    assert!(
        series["TableTableDescription"].as_str().is_some_and(|text| text.starts_with("Mean of"))
    );
    assert!(series["boldly"]["command"].is_object(), "boldly's own object stays");
    run(dir, "verify one -q");
    run(dir, &format!("connect bold.nii second_bold.nii {asked} --estimator partial --out two"));
    has(&dir.join("two"), &["run-1_timeseries.tsv", "edges.tsv", "desc-shift_edges.tsv"]);
}

#[test]
fn tables_of_groups_are_described_column_by_column() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let rows: String = (0..12)
        .map(|k| format!("s{k}\t{}\t{}\tm{k}.nii\n", ["drug", "placebo"][k % 2], 20 + 7 * k % 11))
        .collect();
    made::study(dir, &format!("subject\tarm\tage\teffect\n{rows}"));
    let voxels: Vec<f32> = (0..made::N).map(|v| f32::from(u8::from(v < 6))).collect();
    made::image(&dir.join("half.nii"), &voxels);
    let asked = "--roi half.nii --roi b=box:2,1,0:3,3,3 --shift 2 --svc half.nii --cluster-forming 0.2 --no-pictures --device cpu -q";
    let group = |more: &str, out: &str| {
        run(dir, &format!("group --maps maps.tsv {more} {asked} --out {out}"));
        has(&dir.join(out), &["region_values.tsv"]);
    };
    group(
        "--model two-sample --between arm --contrast d=drug-placebo --permutations 20 --tfce --covariates age",
        "permuted",
    );
    let permuted = "contrast-d_design.tsv contrast-d_maxima.tsv contrast-d_clusters.tsv contrast-d_svc.tsv contrast-d_regions.tsv \
                    contrast-d_desc-shift_regions.tsv";
    has(&dir.join("permuted"), &permuted.split_whitespace().collect::<Vec<_>>());
    group("--model effect~arm*age --f-contrast either=age --permutations 12", "formula");
    has(&dir.join("formula"), &["contrast-either_design.tsv", "contrast-either_clusters.tsv"]);
    let svc = json(&dir.join("permuted/contrast-d_svc.json"));
    assert_eq!(svc["x_mm"]["Units"], "mm");
    assert!(svc["p_maxT"].is_object(), "{svc}");
    assert!(
        svc["F"].is_null() && json(&dir.join("formula/contrast-either_svc.json"))["F"].is_object()
    );
    run(dir, "verify permuted -q");
}

#[test]
fn verify_takes_dictionaries_of_an_earlier_version_that_said_less_and_no_others() {
    let folder = study();
    let dir = folder.path();
    run(
        dir,
        &format!(
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --roi a={BOX} --device cpu -q --out out"
        ),
    );
    // The one had no sidecar, the other lacked columns and had bare words.
    fs::remove_file(dir.join("out/design.json")).unwrap();
    let path = dir.join("out/contrast-pain_regions.json");
    let set = |change: &dyn Fn(&mut Value)| {
        let mut all = json(&path);
        change(&mut all);
        rewritten(&path, all);
    };
    set(&|all| {
        all.as_object_mut().unwrap().shift_remove("voxels");
        all["coverage"] = json!("Share of the region");
    });
    run(dir, "verify out -q");
    set(&|all| all["effect"]["Units"] = json!("mV"));
    let output = boldly(dir, "verify out -q");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

/// A sidecar written anew with a checksum of its own, as an earlier version would have.
fn rewritten(path: &Path, mut all: Value) {
    all["boldly"]["digest"] = json!("");
    let text = serde_json::to_string_pretty(&all).unwrap() + "\n";
    let digest = blake3::hash(text.as_bytes()).to_hex();
    let (before, after) = text.rsplit_once("\"digest\": \"\"").unwrap();
    fs::write(path, format!("{before}\"digest\": \"{digest}\"{after}")).unwrap();
}
