//! Columns of each voxel's own: local white matter and images of regressors, in series, matrices and maps.

use std::fs;
use std::path::Path;

use boldly::io::BoldFile;
use boldly::volume::Block;

use crate::binary::{boldly, run, said, succeeded};
use crate::common::{Random, assert_close};
use crate::dataset::{nifti, text};
use crate::made::{SHAPE, Table, map, study};
use crate::seeds::design;
use crate::test_adapter;

const SEEDS: &str = "--seed a=sphere:6,6,6:4.5 --seed b=sphere:12,9,6:4.5";
const OWN: &str = "--voxelwise own.nii --anaticor white.nii --anaticor-radius 7";

/// A run with an image of regressors, of which each voxel holds some, and two slabs of white matter.
fn with_own() -> (tempfile::TempDir, Vec<f32>) {
    let folder = study();
    let dir = folder.path();
    let mut random = Random(11);
    let n: usize = SHAPE.iter().product();
    let own: Vec<f32> = (0..n).map(|_| (50.0 + random.normal()) as f32).collect();
    nifti(dir, "own.nii", &SHAPE, 3.0, |at| own[at]);
    let white = |at: usize| f32::from(u8::from([0, 6].contains(&(at % SHAPE[0]))));
    nifti(dir, "white.nii", &SHAPE[..3], 3.0, white);
    (folder, own)
}

#[test]
fn maps_are_glms_with_the_same_columns_under_every_noise_model() {
    let (folder, _) = with_own();
    let dir = folder.path();
    for (noise, fwhm, censor) in [
        ("ar1", "0", "--censor fd:0.5"),
        ("ar1", "6", ""),
        ("ols", "6", "--censor fd:0.5"),
        ("ar1 --rho-fwhm 0", "0", ""),
        ("nilearn-ar1", "0", ""),
        ("arma11", "0", ""),
    ] {
        let common = format!(
            "{OWN} {censor} --mask mask.nii --fwhm {fwhm} --device cpu -q --overwrite --noise"
        );
        let confounds = "--confounds bold.tsv --columns trans_*";
        run(dir, &format!("connect bold.nii {SEEDS} {confounds} {common} {noise} --out connect"));
        design(dir, "connect", "b");
        // its columns are in the design; censoring reads the table
        let table = if censor.is_empty() { "" } else { "--confounds bold.tsv" };
        let glm = format!(
            "glm bold.nii --design design.tsv {table} --contrast seed=b --scaling none --two-sided"
        );
        run(dir, &format!("{glm} {common} {noise} --out glm"));
        for stat in ["effect", "variance", "t", "z", "p"] {
            let got = map(&dir.join("connect"), &format!("seed-b_stat-{stat}_statmap"));
            let want = map(&dir.join("glm"), &format!("contrast-seed_stat-{stat}_statmap"));
            assert!(want.iter().any(|v| *v != 0.0));
            assert_close(&format!("{noise} {fwhm} {stat}"), &got, &want, 1e-5, 1e-6);
        }
        // Fisher's z is that of the plain fit: t = sqrt(nu) sinh z
        run(dir, &format!("{glm} {common} ols --out glm"));
        // no white matter lies within 7 mm of the middle slab
        let n_columns = |voxel: usize| if voxel % SHAPE[0] == 3 { 8.0 } else { 9.0 };
        let n = if censor.is_empty() { 120.0 } else { 117.0 };
        let t = map(&dir.join("glm"), "contrast-seed_stat-t_statmap");
        let z = |(voxel, t): (usize, &f64)| (t / f64::sqrt(n - n_columns(voxel))).asinh();
        let want: Vec<f64> = t.iter().enumerate().map(z).collect();
        let got = map(&dir.join("connect"), "seed-b_stat-fisherz_statmap");
        assert_close(&format!("{noise} {fwhm} fisherz"), &got, &want, 1e-5, 1e-6);
    }
}

/// What columns leave of a series, by Gram and Schmidt.
fn left(columns: &[Vec<f64>], series: &[f64]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let without = |basis: &[Vec<f64>], series: &[f64]| {
        let mut rest = series.to_vec();
        for column in basis.iter().chain(basis) {
            let on = dot(&rest, column);
            rest.iter_mut().zip(column).for_each(|(v, u)| *v -= on * u);
        }
        rest
    };
    for column in columns {
        let rest = without(&basis, column);
        let length = dot(&rest, &rest).sqrt();
        basis.push(rest.iter().map(|v| v / length).collect());
    }
    without(&basis, series)
}

#[test]
fn a_regions_series_is_the_mean_of_voxels_each_without_its_own_column() {
    let (folder, own) = with_own();
    let dir = folder.path();
    let line = "connect bold.nii --regions boxes.tsv --voxelwise own.nii --confounds bold.tsv --columns trans_* --mask mask.nii --device cpu --out out";
    text(dir, "boxes.tsv", "name\tshape\nx\tbox:4.5,4.5,4.5:5,5,5\ny\tbox:13.5,10.5,7.5:5,5,5\n");
    let told = said(&succeeded(line, boldly(dir, line)));
    assert!(told.contains("1 of each voxel's own"), "{told}");

    let n = SHAPE[3];
    let mut file = BoldFile::open(&dir.join("bold.nii")).unwrap();
    let values = file.read(&Block::whole(file.grid.shape, n)).unwrap().data;
    let len: usize = SHAPE[..3].iter().product();
    let series_of = |data: &[f32], v: usize| -> Vec<f64> {
        (0..n).map(|t| f64::from(data[t * len + v])).collect()
    };
    let confounds = Table::read(&dir.join("bold.tsv"));
    let mut shared = vec![vec![1.0; n], confounds.column("trans_x"), confounds.column("trans_y")];
    for k in 1..=3 {
        let angle = |t: usize| std::f64::consts::PI * (t as f64 + 0.5) * k as f64 / n as f64;
        shared.push((0..n).map(|t| angle(t).cos()).collect());
    }
    let mean_of = |from: [usize; 3]| {
        let mut mean = vec![0.0; n];
        for at in 0..8 {
            let [i, j, k] = [from[0] + at % 2, from[1] + at / 2 % 2, from[2] + at / 4];
            let v = i + SHAPE[0] * (j + SHAPE[1] * k);
            let columns = [shared.clone(), vec![series_of(&own, v)]].concat();
            let rest = left(&columns, &series_of(&values, v));
            mean.iter_mut().zip(rest).for_each(|(mean, v)| *mean += v / 8.0);
        }
        mean
    };
    let (x, y) = (mean_of([1, 1, 1]), mean_of([4, 3, 2]));
    let got = Table::read(&dir.join("out/timeseries.tsv"));
    assert_close("x", &got.column("x"), &x, 0.0, 2e-4);
    assert_close("y", &got.column("y"), &y, 0.0, 2e-4);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let r = dot(&x, &y) / (dot(&x, &x) * dot(&y, &y)).sqrt();
    let edges = Table::read(&dir.join("out/edges.tsv"));
    assert_close("r", &edges.column("r"), &[r], 0.0, 1e-5);
    // 120 volumes less 6 columns less the voxels' own less 1
    assert_eq!(edges.column("dof"), [112.0]);
    let json = fs::read_to_string(dir.join("out/timeseries.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["VoxelwiseColumns"], serde_json::json!(["own"]));
}

#[test]
fn what_each_device_makes_of_them_is_verified() {
    let (folder, _) = with_own();
    let dir: &Path = folder.path();
    for device in ["cpu".to_owned(), test_adapter::name()] {
        for more in ["--global-signal --seed-first-pc --fwhm 5", "--noise ols --censor fd:0.5"] {
            let line = format!(
                "connect bold.nii {SEEDS} --seed c=sphere:3,3,9:4 {OWN} --confounds bold.tsv --columns trans_* {more} \
                 --mask mask.nii --device {device} --out out --overwrite --verify"
            );
            let output = succeeded(&line, boldly(dir, &line));
            let compared = String::from_utf8_lossy(&output.stdout);
            assert!(compared.contains("outputs are"), "{compared}");
        }
    }
}

#[test]
fn voxels_whose_own_column_lacks_values_count_nowhere_and_the_run_is_no_column_of_itself() {
    let (folder, mut own) = with_own();
    let dir = folder.path();
    let len: usize = SHAPE[..3].iter().product();
    let lost = 2 + SHAPE[0] * (2 + SHAPE[1] * 2);
    own[5 * len + lost] = f32::NAN;
    nifti(dir, "own.nii", &SHAPE, 3.0, |at| own[at]);
    let line = format!(
        "connect bold.nii {SEEDS} --voxelwise own.nii --mask mask.nii --device cpu --out out"
    );
    let told = said(&succeeded(&line, boldly(dir, &line)));
    assert!(
        told.contains("1 mask voxel of bold.nii is not finite in some volume of a column"),
        "{told}"
    );
    assert_eq!(map(&dir.join("out"), "mask")[lost], 0.0);
    assert_eq!(map(&dir.join("out"), "seed-b_stat-t_statmap")[lost], 0.0);
    own[5 * len..6 * len].fill(f32::NAN);
    nifti(dir, "never.nii", &SHAPE, 3.0, |at| own[at]);
    let output =
        boldly(dir, &line.replace("own.nii", "never.nii").replace("--out out", "--out other"));
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    let why = "(never) is not finite in some volume wherever the run is";
    assert!(said(&output).contains(why), "{}", said(&output));
    let itself = line.replace("own.nii", "bold.nii").replace("--out out", "--out other");
    let output = boldly(dir, &itself);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("is the run itself"), "{}", said(&output));
}
