//! The command on a run of four regions against numpy (`tests/oracles/connect.py`, whose high-pass equals nilearn's `clean` with cosines and sample_mask to
//! 1e-14).

use std::path::Path;

use boldly::stats::autocorrelated::{Answer, Standard, bartlett, xdf};
use ndarray::Array1;
use serde_json::Value;

use crate::binary::run;
use crate::common::{assert_close, numbers};
use crate::dataset::{nifti, text};
use crate::made::{Table, map};

const NAMES: [&str; 4] = ["insula", "pcc", "mpfc", "pag"];
const PAIRS: [(usize, usize); 6] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

fn golden() -> Value {
    serde_json::from_str(include_str!("../goldens/connect.json")).unwrap()
}

/// The series as planes of 4 x 2 voxels each; in thousandths, which float32 holds exactly.
fn study(dir: &Path) {
    let lines: Vec<Vec<f64>> = include_str!("../goldens/connect_rest.tsv")
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let value = |at: usize| (1000.0 * lines[at / 32][at % 32 / 8]).round() as f32;
    nifti(dir, "rest.nii", &[4, 2, 4, 160], 3.0, value);
    nifti(dir, "atlas.nii", &[4, 2, 4], 3.0, |at| (1 + at / 8) as f32);
    nifti(dir, "mask.nii", &[4, 2, 4], 3.0, |_| 1.0);
    let names: String =
        NAMES.iter().enumerate().map(|(at, name)| format!("{}\t{name}\n", at + 1)).collect();
    text(dir, "labels.tsv", &format!("index\tname\n{names}"));
    let rows: String = lines
        .iter()
        .map(|row| row[4..].iter().map(f64::to_string).collect::<Vec<_>>().join("\t") + "\n")
        .collect();
    let head = "trans_x\ttrans_y\ttrans_z\tcsf\tframewise_displacement";
    text(dir, "confounds.tsv", &format!("{head}\n{rows}"));
}

const LINE: &str = "connect rest.nii --confounds confounds.tsv --columns trans_*,csf --censor fd:0.5 --mask mask.nii --regions atlas.nii --labels \
                    labels.tsv --device cpu -q";

/// What a table of edges must be, in golden's words.
#[track_caller]
fn assert_edges(dir: &Path, out: &str, golden: &Value) {
    let edges = Table::read(&dir.join(out).join("edges.tsv"));
    let of = |matrix: &Value| -> Vec<f64> {
        PAIRS.iter().map(|&(a, b)| matrix[a][b].as_f64().unwrap()).collect()
    };
    let (r, partial) = (of(&golden["r"]), of(&golden["partial_r_given_other_regions"]));
    // The tables have nine decimals.
    let close = |name: &str, want: &[f64]| assert_close(name, &edges.column(name), want, 0.0, 1e-9);
    close("r", &r);
    close("partial_r", &partial);
    close("z", &numbers(&golden["fisher_z"]));
    close("se_z", &[golden["se_z"].as_f64().unwrap(); 6]);
    assert_close("t", &edges.column("t")[..3], &numbers(&golden["t_seed_insula"]), 0.0, 1e-9);
    close("dof", &[golden["dof"].as_f64().unwrap(); 6]);
    close("partial_dof", &[golden["partial_dof"].as_f64().unwrap(); 6]);
    let matrix = Table::read(&dir.join(out).join("stat-pearsoncorrelation_relmat.tsv"));
    assert_eq!(matrix.words("Node"), NAMES);
    for (&(a, b), r) in PAIRS.iter().zip(&r) {
        assert_close("matrix", &[matrix.column(NAMES[a])[b]], &[*r], 0.0, 1e-9);
        assert_close("its other half", &[matrix.column(NAMES[b])[a]], &[*r], 0.0, 1e-9);
    }
}

#[test]
fn correlations_their_dof_and_partial_ones_are_numpys_with_a_high_pass_and_censoring() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    run(dir, &format!("{LINE} --out out"));
    let golden = golden();
    assert_edges(dir, "out", &golden["high_pass_dct_128s"]);
    let series = Table::read(&dir.join("out/timeseries.tsv"));
    assert_eq!(series.rows.len() as u64, golden["kept"].as_u64().unwrap());
    let times = series.column("time");
    assert_eq!((times[29], times[30]), (58.0, 64.0), "volumes 30 and 31 are gone, and time is not");
    let rms = numbers(&golden["high_pass_dct_128s"]["residual_rms"]);
    for (name, rms) in NAMES.iter().zip(rms) {
        let squares: f64 = series.column(name).iter().map(|v| v * v).sum();
        let got = (squares / series.rows.len() as f64).sqrt() / 1000.0;
        assert_close(name, &[got], &[rms], 1e-9, 0.0);
    }
}

#[test]
fn a_stop_band_as_columns_gives_numpys_correlations_and_dof() {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path());
    run(folder.path(), &format!("{LINE} --band 0.008,0.09 --drift none --out out"));
    assert_edges(folder.path(), "out", &golden()["band_0.008_0.09_hz"]);
}

#[test]
fn a_seeds_map_by_ordinary_least_squares_has_numpys_t_slope_and_fisher_z() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let seed = "--seed ins=box:4.5,1.5,0:12,6,1 --coordinates native --noise ols --out out";
    run(dir, &format!("{LINE} {seed}"));
    let golden = golden();
    let golden = &golden["high_pass_dct_128s"];
    let of = |stat: &str| map(&dir.join("out"), &format!("seed-ins_stat-{stat}_statmap"));
    let (t, beta) = (numbers(&golden["t_seed_insula"]), numbers(&golden["beta_seed_insula"]));
    for (region, (t, beta)) in t.iter().zip(&beta).enumerate() {
        let voxels = 8 * (region + 1)..8 * (region + 2);
        let z = golden["r"][0][region + 1].as_f64().unwrap().atanh();
        for (stat, want) in [("t", *t), ("effect", *beta), ("fisherz", z)] {
            assert_close(stat, &of(stat)[voxels.clone()], &[want; 8], 1e-6, 1e-6);
        }
    }
    // The seed is each of its voxels, and leaves no residuals there.
    assert_eq!((&of("fisherz")[..8], &of("t")[..8]), (&[0.0; 8][..], &[0.0; 8][..]));
}

/// The largest difference between matrices of all regions.
fn off(a: &Value, b: &Value) -> f64 {
    let of = |a: &Value| a.as_array().unwrap().iter().flat_map(numbers).collect::<Vec<f64>>();
    of(a).iter().zip(of(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// z of a pair by one of them.
type Test = fn(&Standard, &Standard) -> Answer;

#[test]
fn published_variances_of_r_are_numpys_of_the_series_that_connect_writes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let golden = golden();
    for (options, of) in
        [("", "high_pass_dct_128s"), ("--band 0.008,0.09 --drift none", "band_0.008_0.09_hz")]
    {
        run(dir, &format!("{LINE} {options} --out {of}"));
        let series = Table::read(&dir.join(of).join("timeseries.tsv"));
        let all =
            NAMES.map(|name| Standard::new(Array1::from(series.column(name)).view()).unwrap());
        let tests: [(&str, Test); 2] = [("xdf", xdf), ("bartlett", bartlett)];
        for (name, test) in tests {
            for (&(a, b), want) in PAIRS.iter().zip(golden[of][name].as_array().unwrap()) {
                let Answer { r, variance, z } = test(&all[a], &all[b]);
                let what = format!("{name}, {} and {}", NAMES[a], NAMES[b]);
                assert_close(&what, &[r, variance, z], &numbers(want), 1e-9, 1e-10);
            }
        }
    }
    assert!(
        Standard::new(Array1::from(vec![3.0; 9]).view()).is_none(),
        "a series that stands still"
    );
}

/// What a peer must agree with, and what goes another way by design: the size of the difference is what the documents say of it.
#[test]
fn nilearns_cosines_agree_and_what_interpolates_shrinks_or_filters_in_steps_is_off_as_documented() {
    let golden = golden();
    let (high_pass, band) =
        (&golden["high_pass_dct_128s"]["r"], &golden["band_0.008_0.09_hz"]["r"]);
    assert!(off(high_pass, &golden["nilearn_cosine_r"]) < 1e-11);
    // Its Butterworth filter interpolates volumes that are left out: by design not ours.
    let butterworth = off(band, &golden["nilearn_butterworth_r"]);
    assert!((0.15..0.17).contains(&butterworth), "{butterworth}");
    // Its ConnectivityMeasure shrinks towards no correlation.
    let shrunk = off(high_pass, &golden["nilearn_shrunk_r"]);
    assert_close("shrunk", &[shrunk], &[0.064_316_041_944], 0.0, 1e-9);
    // Confounds first, then the band: confounds come back.
    assert!(off(band, &golden["sequential_r"]) > 0.08);
    assert!(numbers(&golden["multiple_r_of_sequential_on_confounds"]).iter().all(|r| *r > 0.12));
}

#[test]
fn nothing_of_the_confounds_is_left_in_series_of_a_band() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    run(dir, &format!("{LINE} --band 0.008,0.09 --drift none --out out"));
    let series = Table::read(&dir.join("out/timeseries.tsv"));
    let confounds = Table::read(&dir.join("confounds.tsv"));
    let kept: Vec<usize> =
        series.column("time").iter().map(|t| (t / 2.0).round() as usize).collect();
    for name in NAMES {
        let y = series.column(name);
        for confound in ["trans_x", "trans_y", "trans_z", "csf"] {
            let whole = confounds.column(confound);
            let x: Vec<f64> = kept.iter().map(|&t| whole[t]).collect();
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let about: Vec<f64> = x.iter().map(|x| x - mean).collect();
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let r = dot(&about, &y) / (dot(&about, &about) * dot(&y, &y)).sqrt();
            assert!(r.abs() < 1e-6, "{name} with {confound}: {r}");
        }
    }
}
