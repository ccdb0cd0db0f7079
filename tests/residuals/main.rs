//! What a fit leaves: the residuals as a file, how smooth they are, and whether they were whitened.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod flags;
mod regions;

use std::fs;
use std::path::Path;

use binary::study;
use boldly::io::source::BoldSink;
use boldly::io::{BoldFile, Header, Intent, Outputs, read_map};
use boldly::simulate::write::paths;
use boldly::volume::{Block, HostBold};
use common::{Random, assert_close, grid, wide};
use serde_json::Value;

fn well(dir: &Path, line: &str) -> String {
    binary::said(&binary::succeeded(line, binary::boldly(dir, line)))
}

/// `[volume][voxel]`.
fn read(path: &Path) -> Vec<Vec<f64>> {
    let mut bold = BoldFile::open_image(path).unwrap();
    let block = Block::whole(bold.grid.shape, bold.n_volumes);
    let data = bold.read(&block).unwrap().data;
    data.chunks_exact(block.volume_len()).map(wide).collect()
}

fn map(path: &Path) -> Vec<f64> {
    wide(&read_map(path).unwrap().2)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Columns of a table by name.
fn column(path: &Path, name: &str) -> Vec<f64> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let at = lines.next().unwrap().split('\t').position(|word| word == name).unwrap();
    lines.map(|line| line.split('\t').nth(at).unwrap().parse().unwrap()).collect()
}

#[test]
fn residuals_are_the_run_as_it_is_fitted_less_all_effects_in_every_noise_model() {
    let folder = study();
    let dir = folder.path();
    let raw = dir.join("study").join(paths::BOLD);
    well(dir, &format!("smooth study/{} --fwhm 14 --device cpu --out smooth.nii", paths::BOLD));
    let columns = ["control", "pain", "constant"];
    for (noise, more) in [("ols", ""), ("ar1", "--fwhm 14"), ("arma11", ""), ("nilearn-ar1", "")] {
        let contrasts = columns.map(|name| format!("--contrast {name}")).join(" ");
        let line = format!(
            "glm study/{} --events study/{} --mask study/{} --task-times start --drift none --device cpu --noise {noise} {more} \
             --scaling none {contrasts} --maps --residuals --verify --out {noise}",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK
        );
        well(dir, &line);
        let out = dir.join(noise);
        let fitted = if more.is_empty() { read(&raw) } else { read(&dir.join("smooth.nii")) };
        let inside = map(&out.join("mask.nii.gz"));
        let effects = columns
            .map(|name| map(&out.join(format!("contrast-{name}_stat-effect_statmap.nii.gz"))));
        let design = columns.map(|name| column(&out.join("design.tsv"), name));
        let residuals = read(&out.join("desc-residuals_bold.nii"));
        assert_eq!(residuals.len(), fitted.len());
        for (t, (got, y)) in residuals.iter().zip(&fitted).enumerate() {
            let explained = |v: usize| (0..3).map(|j| effects[j][v] * design[j][t]).sum::<f64>();
            let want: Vec<f64> = (0..y.len())
                .map(|v| if inside[v] > 0.0 { y[v] - explained(v) } else { 0.0 })
                .collect();
            assert_close(&format!("{noise}, volume {t}"), got, &want, 0.0, 2e-3);
        }
        if noise != "ols" {
            let said = json(&out.join("stat-rho_statmap.json"))["Description"].to_string();
            assert_eq!(
                said.contains("smoothed by 2.355 voxels"),
                noise == "ar1",
                "{noise}: {said}"
            );
        }
        // and what the variance map says of them, where all volumes count alike
        if noise == "ols" {
            let variance = map(&out.join("stat-residualVariance_statmap.nii.gz"));
            let square = |v: usize| {
                residuals.iter().map(|e| e[v] * e[v]).sum::<f64>() / (residuals.len() - 3) as f64
            };
            let want: Vec<f64> = (0..inside.len()).map(square).collect();
            assert_close("variance", &variance, &want, 1e-4, 1e-6);
        }
    }
}

#[test]
fn residuals_are_of_the_kept_volumes_in_the_units_of_effects_and_their_sidecar_says_so() {
    let folder = study();
    let dir = folder.path();
    fs::write(dir.join("out.txt"), "0 1 17").unwrap();
    let line = |units: &str, more: &str| {
        format!(
            "glm study/{} --events study/{} --mask study/{} --device cpu --contrast pain --scaling {units} {more} --out {units}",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK
        )
    };
    well(dir, &line("none", "--censor-volumes out.txt --residuals"));
    let said = well(dir, &line("psc", "--censor-volumes out.txt --residuals --maps --verify"));
    assert!(said.contains("residuals of study/"), "{said}");
    assert!(!dir.join("none/stat-rho_statmap.nii.gz").exists(), "maps were not asked for");
    let [none, psc] =
        ["none", "psc"].map(|out| read(&dir.join(out).join("desc-residuals_bold.nii")));
    assert_eq!((none.len(), psc.len()), (37, 37));
    let effect = |out: &str| map(&dir.join(out).join("contrast-pain_stat-effect_statmap.nii.gz"));
    let (raw, percent) = (effect("none"), effect("psc"));
    let scale: Vec<f64> =
        raw.iter().zip(&percent).map(|(r, p)| if *r == 0.0 { 0.0 } else { p / r }).collect();
    for (none, psc) in none.iter().zip(&psc) {
        let want: Vec<f64> = none.iter().zip(&scale).map(|(e, scale)| e * scale).collect();
        assert_close("percent", psc, &want, 2e-6, 1e-9);
    }
    let sidecar = json(&dir.join("psc/desc-residuals_bold.json"));
    let kept: Vec<u64> = (2..40).filter(|t| *t != 17).collect();
    assert_eq!(sidecar["VolumesOfTheRun"], serde_json::json!(kept));
    assert_eq!(sidecar["Units"], "percent signal change");
    // one volume is changed behind its back
    let path = dir.join("psc/desc-residuals_bold.nii");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 4 * 400;
    bytes[at..at + 4].copy_from_slice(&9.0_f32.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let output = binary::boldly(dir, "verify psc");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn voxels_that_are_constant_have_no_residuals_and_say_nothing_of_smoothness() {
    let folder = study();
    let dir = folder.path();
    let (_, header, mask) = read_map(&dir.join("study").join(paths::MASK)).unwrap();
    let mut outputs = Outputs::new();
    outputs
        .map(&dir.join("all.nii"), &header.for_map(Intent::None), &vec![1.0; mask.len()])
        .unwrap();
    outputs.commit().unwrap();
    let raw = read(&dir.join("study").join(paths::BOLD));
    let is_constant = |voxel: usize| raw.iter().all(|volume| volume[voxel] == raw[0][voxel]);
    let constant: Vec<usize> = (0..mask.len()).filter(|&voxel| is_constant(voxel)).collect();
    assert!(constant.len() > 100);
    for noise in ["ols", "ar1"] {
        let line = format!(
            "glm study/{} --events study/{} --mask all.nii --device cpu --noise {noise} --scaling none --contrast pain --maps --residuals \
             --out {noise}",
            paths::BOLD,
            paths::EVENTS
        );
        well(dir, &line);
        let residuals = read(&dir.join(noise).join("desc-residuals_bold.nii"));
        let left = |&voxel: &usize| residuals.iter().any(|volume| volume[voxel] != 0.0);
        assert!(!constant.iter().any(left), "{noise}");
        let run = &json(&dir.join(noise).join("mask.json"))["boldly"]["resolved"]["runs"][0];
        let counted = run["residual_smoothness"]["voxels"].as_u64().unwrap() as usize;
        assert_eq!(counted, mask.len() - constant.len(), "{noise}");
    }
}

/// Writes a run of these volumes; `within`: voxels from every edge that its mask leaves out.
fn write(dir: &Path, (name, shape, mm): (&str, [usize; 3], [f64; 3]), data: Vec<f32>) {
    let n_volumes = data.len() / shape.iter().product::<usize>();
    let mut outputs = Outputs::new();
    let header = Header::new(&grid(shape, mm), Some(2.0)).for_bold(n_volumes);
    let mut writer = outputs.bold(&dir.join(format!("{name}.nii")), &header).unwrap();
    writer.write(&HostBold::new(Block::whole(shape, n_volumes), data)).unwrap();
    Box::new(writer).finish().unwrap();
    outputs.commit().unwrap();
}

/// White noise smoothed in every volume, of unit variance away from the edges.
fn smooth_noise(
    dir: &Path,
    of: ([usize; 3], [f64; 3]),
    fwhm: f64,
    (n, seed): (usize, u64),
) -> Vec<Vec<f64>> {
    let (shape, mm) = of;
    let mut random = Random(seed);
    let white = (0..n * shape.iter().product::<usize>()).map(|_| random.normal() as f32).collect();
    let name = format!("white-{seed}");
    write(dir, (&name, shape, mm), white);
    well(
        dir,
        &format!("smooth {name}.nii --fwhm {fwhm} --device cpu --out smooth-{seed}.nii --quiet"),
    );
    let volumes = read(&dir.join(format!("smooth-{seed}.nii")));
    let (sum, count) = volumes.iter().flatten().fold((0.0, 0.0), |(s, n), v| (s + v * v, n + 1.0));
    let scale = (count / sum).sqrt();
    volumes.into_iter().map(|volume| volume.into_iter().map(|v| v * scale).collect()).collect()
}

/// Fits noise within a mask that leaves the edges out, where the smoothing lacks neighbours; the folder.
fn fit(
    dir: &Path,
    (shape, mm): ([usize; 3], [f64; 3]),
    volumes: &[Vec<f64>],
    name: &str,
) -> std::path::PathBuf {
    let data = volumes.iter().flatten().map(|v| (1000.0 + 10.0 * v) as f32).collect();
    write(dir, (name, shape, mm), data);
    let whole = grid(shape, mm);
    let inside = |voxel: usize| {
        let at = whole.coordinates(voxel);
        f32::from(u8::from((0..3).all(|axis| at[axis] >= 4 && at[axis] + 4 < shape[axis])))
    };
    let values: Vec<f32> = (0..whole.n_voxels()).map(inside).collect();
    let mut outputs = Outputs::new();
    outputs
        .map(
            &dir.join(format!("{name}-mask.nii")),
            &Header::new(&whole, None).for_map(Intent::None),
            &values,
        )
        .unwrap();
    outputs.commit().unwrap();
    let rows: String = (0..volumes.len()).map(|t| format!("{}\t1\n", t % 2)).collect();
    fs::write(dir.join("design.tsv"), format!("task\tconstant\n{rows}")).unwrap();
    let line = format!(
        "glm {name}.nii --design design.tsv --mask {name}-mask.nii --device cpu --contrast task --maps --verify --out {name}-out"
    );
    let said = well(dir, &line);
    assert!(said.contains(&format!("residuals of {name}.nii: FWHM")), "{said}");
    dir.join(format!("{name}-out"))
}

#[test]
fn the_smoothness_of_noise_of_a_known_kernel_is_that_of_the_kernel_in_every_direction() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let of = ([26, 24, 22], [2.0, 2.5, 3.0]);
    let volumes = smooth_noise(dir, of, 6.5, (36, 3));
    let out = fit(dir, of, &volumes, "gauss");
    let table = out.join("desc-residuals_smoothness.tsv");
    for name in ["fwhm_i", "fwhm_j", "fwhm_k"] {
        let got = column(&table, name)[0];
        assert!((got / 6.5 - 1.0).abs() < 0.03, "{name}: {got} for 6.5");
    }
    let resels = column(&table, "resels")[0];
    let want = (18 * 16 * 14) as f64 * 15.0 / 6.5_f64.powi(3);
    assert!((resels / want - 1.0).abs() < 0.08, "{resels} for {want}");
    // a Gaussian alone: half at sqrt 2 of its own FWHM
    let half = column(&table, "acf_fwhm")[0];
    assert!((half / (6.5 * 2.0_f64.sqrt()) - 1.0).abs() < 0.05, "{half}");
    let acf = out.join("desc-residuals_acf.tsv");
    let s = 6.5 / (8.0 * 2.0_f64.ln()).sqrt();
    let truth: Vec<f64> =
        column(&acf, "distance").iter().map(|r| (-r * r / (4.0 * s * s)).exp()).collect();
    assert!(truth.len() > 6);
    // what each row rests on
    let (volumes, pairs) = (column(&acf, "volumes"), column(&acf, "pairs"));
    assert!(volumes.iter().all(|n| *n == 32.0), "{volumes:?}");
    assert_eq!(pairs[0], f64::from(17 * 16 * 14 + 18 * 15 * 14), "neighbours along i and j");
    assert_close("correlation", &column(&acf, "correlation"), &truth, 0.0, 0.04);
    assert_close("model", &column(&acf, "model"), &truth, 0.0, 0.04);
    let said = json(&out.join("mask.json"));
    let smooth = &said["boldly"]["resolved"]["runs"][0]["residual_smoothness"];
    assert!(
        (smooth["fwhm_mm"][1].as_f64().unwrap() - column(&table, "fwhm_j")[0]).abs() < 1e-4,
        "{smooth}"
    );
}

#[test]
fn tails_that_a_gaussian_lacks_are_in_the_mixed_model() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let of = ([30, 30, 26], [2.0, 2.0, 2.0]);
    let (narrow, broad) =
        (smooth_noise(dir, of, 4.5, (24, 5)), smooth_noise(dir, of, 12.0, (24, 6)));
    let mixed: Vec<Vec<f64>> = narrow
        .iter()
        .zip(&broad)
        .map(|(a, b)| {
            a.iter().zip(b).map(|(a, b)| 0.7_f64.sqrt() * a + 0.3_f64.sqrt() * b).collect()
        })
        .collect();
    let out = fit(dir, of, &mixed, "mixed");
    let table = out.join("desc-residuals_smoothness.tsv");
    let gauss = |fwhm: f64, r: f64| {
        let s = fwhm / (8.0 * 2.0_f64.ln()).sqrt();
        (-r * r / (4.0 * s * s)).exp()
    };
    let acf = out.join("desc-residuals_acf.tsv");
    let distance = column(&acf, "distance");
    let truth: Vec<f64> =
        distance.iter().map(|&r| 0.7 * gauss(4.5, r) + 0.3 * gauss(12.0, r)).collect();
    assert_close("correlation", &column(&acf, "correlation"), &truth, 0.0, 0.06);
    assert_close("model", &column(&acf, "model"), &truth, 0.0, 0.08);
    let [a, c] = ["acf_a", "acf_c"].map(|name| column(&table, name)[0]);
    assert!(a > 0.3 && a < 0.9 && c > 3.0, "{a} {c}");
    // where the Gaussian of the neighbours has nothing left
    let far = distance.iter().position(|r| *r > 7.0).unwrap();
    let neighbours = gauss(column(&table, "fwhm_i")[0], distance[far]);
    assert!(column(&acf, "model")[far] > neighbours + 0.05, "{neighbours}");
}

#[test]
fn runs_have_their_own_residuals_and_rows_and_on_the_test_adapter_they_verify() {
    let folder = study();
    let dir = folder.path();
    let adapter = std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned());
    let bold = format!("study/{}", paths::BOLD);
    well(dir, &format!("smooth {bold} --fwhm 14 --device cpu --out other.nii"));
    for noise in ["ar1", "arma11"] {
        let line = format!(
            "glm {bold} other.nii --tr 2 --events study/{0} study/{0} --mask study/{1} --device {adapter} --noise {noise} --fwhm 13 \
             --contrast pain --maps --residuals --verify --out {noise}",
            paths::EVENTS,
            paths::MASK
        );
        well(dir, &line);
        let out = dir.join(noise);
        assert_eq!(column(&out.join("desc-residuals_smoothness.tsv"), "run"), [1.0, 2.0]);
        for run in 1..3 {
            assert!(out.join(format!("run-{run}_desc-residuals_bold.nii")).exists());
        }
        let device = &json(&out.join("mask.json"))["boldly"]["device"];
        assert!(device["name"].as_str().unwrap().to_lowercase().contains(&adapter), "{device}");
    }
}

#[test]
fn a_fit_beside_columns_that_are_nearly_one_verifies_on_the_test_adapter() {
    let folder = study();
    let dir = folder.path();
    let adapter = std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned());
    let row = |t: i32| {
        let t = f64::from(t);
        let a = (1.7 * t * t).sin();
        format!("{a:.12}\t{:.12}\n", a + 1e-5 * (2.3 * t * t + t).cos())
    };
    let table = format!("a\tb\n{}", (0..40).map(row).collect::<String>());
    fs::write(dir.join("near.tsv"), table).unwrap();
    for noise in ["ols", "ar1"] {
        well(
            dir,
            &format!(
                "glm study/{} --events study/{} --mask study/{} --device {adapter} --noise {noise} --confounds near.tsv --columns a,b \
                 --contrast pain --contrast a+b --f-contrast pain;a --maps --residuals --verify --out {noise}",
                paths::BOLD,
                paths::EVENTS,
                paths::MASK
            ),
        );
    }
}

#[test]
fn whether_the_model_whitened_the_run_is_said_with_the_noise_it_was_asked_of() {
    let Some(data) = common::shared("../oracles/glm/data_small") else { return };
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let at = |name: &str| data.join(name).to_string_lossy().into_owned();
    let share = |noise: &str| {
        let line = format!(
            "glm {} --design {} --mask {} --scaling none --device cpu --noise {noise} --contrast cue --out {noise}",
            at("bold.nii"),
            at("design.tsv"),
            at("mask.nii")
        );
        let said = well(dir, &line);
        assert!(said.contains("% of voxels are correlated at lags 1 to 10"), "{said}");
        let run = json(&dir.join(noise).join("mask.json"));
        let found = run["boldly"]["resolved"]["runs"][0]["ljung_box_of_whitened_residuals"].clone();
        let n = found["voxels"].as_u64().unwrap();
        assert!((200..700).contains(&n), "{found}");
        found["share_of_voxels_correlated"].as_f64().unwrap()
    };
    let [ols, ar1, arma11] = ["ols", "ar1", "arma11"].map(share);
    // What independent residuals cost is said of an F by its worst row.
    let line = format!(
        "glm {} --design {} --mask {} --scaling none --device cpu --noise ols --f-contrast any=cue;pain --out f",
        at("bold.nii"),
        at("design.tsv"),
        at("mask.nii")
    );
    let said = well(dir, &line);
    let cost = said.contains("row 1 of 'any', as a t,") || said.contains("row 2 of 'any', as a t,");
    assert!(cost && said.contains("times too often"), "{said}");
    assert!(ols > 2.0 * ar1 && ols > 0.3 && ar1 < 0.2 && arma11 < 0.2, "{ols} {ar1} {arma11}");
}
