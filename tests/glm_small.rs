//! A made-up run (20 x 20 x 12 x 120, 12 columns, known design) through the binary, against nilearn's OLS and AR(1) and a grid
//! search of restricted maximum likelihood. Goldens: tests/oracles/glm_small.py, and those beside the run.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod common;
mod golden;

use std::path::{Path, PathBuf};

use golden::{Golden, boldly, on_the_cpu_path, read_map};

/// `boldly glm` of the run with a noise model; gives the folder of the maps.
fn fit(data: &Path, scratch: &Path, noise: &str, more: Vec<String>) -> PathBuf {
    let out = scratch.join(noise.replace(' ', "_"));
    let text = |name: &str| data.join(name).to_string_lossy().into_owned();
    let mut arguments = vec!["glm".into(), text("bold.nii"), "--noise".into()];
    arguments.extend(noise.split(' ').map(String::from));
    arguments.extend(["--design".into(), text("design.tsv"), "--mask".into(), text("mask.nii")]);
    arguments.extend(["--device".into(), "cpu".into(), "--maps".into()]);
    arguments.extend(["--scaling".into(), "none".into()]);
    arguments.extend(["--out".into(), out.to_string_lossy().into_owned()]);
    arguments.extend(more);
    boldly(&arguments);
    out
}

#[test]
fn t_and_f_of_the_small_run_equal_nilearns_ols_and_ar1_on_the_cpu_path() {
    let Some(data) = common::shared("../oracles/glm/data_small") else { return };
    let scratch = tempfile::tempdir().unwrap();
    for (noise, golden) in [("ols", "glm_small.json"), ("nilearn-ar1", "glm_small_ar1.json")] {
        let golden = Golden::read(golden);
        let out = fit(&data, scratch.path(), noise, golden.contrast_options());
        golden.compare(&out, &on_the_cpu_path);
    }
}

/// The arrays of an .npz are read as .npy members; the golden beside the run has rho on a grid of .01 and t there.
#[test]
fn rho_and_t_of_the_small_run_are_within_a_step_of_the_grid_search() {
    let Some(data) = common::shared("../oracles/glm/data_small") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let cue = vec!["--contrast".into(), "cue".into()];
    let out = fit(&data, scratch.path(), "ar1 --rho-fwhm 0", cue.clone());
    let golden: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(golden::in_goldens("reml_small.json")).unwrap(),
    )
    .unwrap();
    let values = |name: &str| -> Vec<f64> {
        golden[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let (_, _, rho) = boldly::io::read_map(&out.join("stat-rho_statmap.nii.gz")).unwrap();
    let t = read_map(&out, "cue", "t");
    let at: Vec<usize> = values("voxels").iter().map(|&v| v as usize).collect();
    let (want_rho, want_t) = (values("rho"), values("t"));
    assert!(at.len() > 200);
    for ((&at, want_rho), want_t) in at.iter().zip(want_rho).zip(want_t) {
        assert!(
            (f64::from(rho[at]) - want_rho).abs() < 0.00501,
            "rho[{at}] {} for {want_rho}",
            rho[at]
        );
        assert!(
            (t[at] - want_t).abs() < 0.02 + 0.01 * want_t.abs(),
            "t[{at}] {} for {want_t}",
            t[at]
        );
    }
    // Smoothed, it varies less and keeps its mean.
    let smooth = fit(&data, scratch.path(), "ar1", cue);
    let (_, _, smooth) = boldly::io::read_map(&smooth.join("stat-rho_statmap.nii.gz")).unwrap();
    let spread = |map: &[f32]| {
        let inside: Vec<f64> = at.iter().map(|&at| f64::from(map[at])).collect();
        let mean = inside.iter().sum::<f64>() / inside.len() as f64;
        (mean, inside.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / inside.len() as f64)
    };
    let (own, smoothed) = (spread(&rho), spread(&smooth));
    assert!((own.0 - smoothed.0).abs() < 0.02 && smoothed.1 < 0.6 * own.1, "{own:?} {smoothed:?}");
}
