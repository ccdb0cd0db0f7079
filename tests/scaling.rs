//! The units of effects: percent signal change against nilearn (golden: tests/oracles/scaling.py), what smoothing and censoring make of
//! the mean, voxels without signal, grand means, and what is said.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::fs;
use std::path::Path;

use binary::study;
use boldly::io::{self, Intent, Outputs, read_map};
use boldly::simulate::write::paths;
use common::{assert_close, numbers, shared, wide};
use serde_json::Value;

fn boldly(dir: &Path, line: &str) -> std::process::Output {
    binary::with_words(dir, line.split_whitespace().map(str::to_owned))
}

fn well(dir: &Path, line: &str) -> String {
    binary::said(&binary::succeeded(line, boldly(dir, line)))
}

fn glm(dir: &Path, more: &str, out: &str) -> String {
    let (bold, events) = (paths::BOLD, paths::EVENTS);
    let fixed = "--device cpu --noise ols --contrast pain";
    well(dir, &format!("glm study/{bold} --events study/{events} {fixed} {more} --out {out}"))
}

fn map(dir: &Path, name: &str) -> Vec<f64> {
    wide(&read_map(&dir.join(format!("{name}.nii.gz"))).unwrap().2)
}

fn of(dir: &Path, out: &str, stat: &str) -> Vec<f64> {
    map(dir, &format!("{out}/contrast-pain_stat-{stat}_statmap"))
}

fn sidecar(dir: &Path, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(dir.join(format!("{name}.json"))).unwrap()).unwrap()
}

#[test]
fn percent_signal_change_is_nilearns() {
    let Some(data) = shared("../oracles/glm/data_small") else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/scaling.json");
    let golden: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let at = |name: &str| data.join(name).to_string_lossy().into_owned();
    let (bold, design, mask) = (at("bold.nii"), at("design.tsv"), at("mask.nii"));
    let contrast = format!("pain={}", golden["column"].as_str().unwrap());
    well(
        dir,
        &format!(
            "glm {bold} --design {design} --mask {mask} --device cpu --noise ols --contrast {contrast} --out out"
        ),
    );
    let (grid, _, _) = read_map(&dir.join("out/mask.nii.gz")).unwrap();
    let place = |voxel: &Value| {
        let [i, j, k] = [0, 1, 2].map(|axis| voxel[axis].as_u64().unwrap() as usize);
        i + grid.shape[0] * (j + grid.shape[1] * k)
    };
    let places: Vec<usize> = golden["voxels"].as_array().unwrap().iter().map(place).collect();
    for stat in ["effect", "variance", "t"] {
        let values = of(dir, "out", stat);
        let got: Vec<f64> = places.iter().map(|&place| values[place]).collect();
        assert_close(stat, &got, &numbers(&golden[stat]), 1e-6, 1e-9);
    }
}

/// The mean over the volumes of a 4-D image that are `kept`, `[voxel]`.
fn mean(path: &Path, kept: impl Fn(usize) -> bool) -> Vec<f64> {
    let mut bold = io::BoldFile::open(path).unwrap();
    let (shape, n) = (bold.grid.shape, bold.n_volumes);
    let block = boldly::volume::Block::whole(shape, n);
    let data = bold.read(&block).unwrap().data;
    let mut sum = vec![0.0; block.volume_len()];
    let mut n_kept = 0.0;
    for (_, volume) in data.chunks_exact(sum.len()).enumerate().filter(|(t, _)| kept(*t)) {
        sum.iter_mut().zip(volume).for_each(|(sum, &value)| *sum += f64::from(value));
        n_kept += 1.0;
    }
    sum.iter().map(|sum| sum / n_kept).collect()
}

#[test]
fn effects_are_of_the_mean_as_it_is_fitted_and_t_is_the_same_in_any_units() {
    let folder = study();
    let dir = folder.path();
    fs::write(dir.join("out.txt"), "0 1 2 3").unwrap();
    well(dir, &format!("smooth study/{} --fwhm 15 --device cpu --out smooth.nii", paths::BOLD));
    let raw = dir.join("study").join(paths::BOLD);
    for (nth, (more, image, from)) in [
        ("", raw.clone(), 0),
        ("--censor-volumes out.txt", raw, 4),
        ("--fwhm 15", dir.join("smooth.nii"), 0),
    ]
    .into_iter()
    .enumerate()
    {
        let (none, psc) = (&format!("none-{nth}"), &format!("psc-{nth}"));
        let more = format!("{more} --mask study/{}", paths::MASK);
        glm(dir, &format!("{more} --scaling none"), none);
        glm(dir, &format!("{more} --verify"), psc);
        let mean = mean(&image, |t| t >= from);
        let inside = map(dir, &format!("{psc}/mask"));
        let scale = |power: i32| -> Vec<f64> {
            let of = |(mean, inside): (&f64, &f64)| {
                if *inside > 0.0 { (100.0 / mean).powi(power) } else { 0.0 }
            };
            mean.iter().zip(&inside).map(of).collect()
        };
        for (stat, power) in [("effect", 1), ("variance", 2), ("t", 0), ("p", 0)] {
            let raw = of(dir, none, stat);
            let want: Vec<f64> = raw.iter().zip(scale(power)).map(|(raw, s)| raw * s).collect();
            let got: Vec<f64> =
                of(dir, psc, stat).iter().zip(&inside).map(|(got, inside)| got * inside).collect();
            assert_close(&format!("{more} {stat}"), &got, &want, 2e-6, 1e-9);
        }
        let units = |out: &str, stat: &str| {
            let of = sidecar(dir, &format!("{out}/contrast-pain_stat-{stat}_statmap"));
            of["Units"].as_str().unwrap().to_owned()
        };
        assert_eq!(units(psc, "effect"), "percent signal change");
        assert_eq!(units(psc, "variance"), "percent signal change, squared");
        assert_eq!(
            (units(none, "effect").as_str(), units(psc, "t").as_str()),
            ("arbitrary", "dimensionless")
        );
    }
}

#[test]
fn voxels_without_signal_leave_the_mask_counted_and_a_grand_mean_is_one_factor() {
    let folder = study();
    let dir = folder.path();
    // a mask of the whole grid holds air
    let (grid, header, mask) = read_map(&dir.join("study").join(paths::MASK)).unwrap();
    let mut outputs = Outputs::new();
    let all = vec![1.0; mask.len()];
    outputs.map(&dir.join("all.nii"), &header.for_map(Intent::None), &all).unwrap();
    outputs.commit().unwrap();
    let said = glm(dir, "--mask all.nii --verify", "psc");
    let mean = mean(&dir.join("study").join(paths::BOLD), |_| true);
    let mut sorted: Vec<f64> = mean.iter().copied().filter(|&mean| mean > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let limit = 0.1 * sorted[sorted.len() / 2];
    let dim = mean.iter().filter(|&&mean| mean < limit).count();
    let counts = &sidecar(dir, "psc/mask")["boldly"]["counts"];
    assert_eq!(counts["voxels_without_signal"], dim, "{counts}");
    assert_eq!(
        (&counts["voxels_fitted"], &counts["voxels_in_mask"]),
        (&(grid.n_voxels() - dim).into(), &grid.n_voxels().into())
    );
    assert!(dim > 100 && said.contains(&format!("{dim} mask voxels of ")), "{said}");
    assert!(said.contains("have a mean below 10 % of the mask's median"), "{said}");

    let brain = format!("--mask study/{}", paths::MASK);
    glm(dir, &format!("{brain} --scaling none"), "none");
    let said = glm(dir, &format!("{brain} --scaling grand-mean:1000 --verify"), "grand");
    assert!(said.contains("scaled to 1000"), "{said}");
    let inside = map(dir, "none/mask");
    let within = || mean.iter().zip(&inside).filter(|(_, inside)| **inside > 0.0);
    let grand = within().map(|(mean, _)| mean).sum::<f64>() / within().count() as f64;
    let want: Vec<f64> = of(dir, "none", "effect").iter().map(|e| e * 1000.0 / grand).collect();
    assert_close("effect", &of(dir, "grand", "effect"), &want, 1e-6, 1e-9);
    assert_eq!(sidecar(dir, "grand/contrast-pain_stat-effect_statmap")["Units"], "grand mean 1000");
}

#[test]
fn a_run_whose_mean_was_taken_off_has_no_percent_and_says_so() {
    let folder = study();
    let dir = folder.path();
    let smooth = format!("smooth study/{} --fwhm 0 --out whole.nii --device cpu", paths::BOLD);
    well(dir, &smooth);
    let mut bytes = fs::read(dir.join("whole.nii")).unwrap();
    let mut values: Vec<f32> = bytes[352..]
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect();
    let means = mean(&dir.join("whole.nii"), |_| true);
    for volume in values.chunks_exact_mut(means.len()) {
        for (voxel, (value, mean)) in volume.iter_mut().zip(&means).enumerate() {
            *value -= *mean as f32 + if voxel % 2 == 0 { 0.5 } else { -0.5 };
        }
    }
    bytes.truncate(352);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    fs::write(dir.join("flat.nii"), bytes).unwrap();
    let line = |scaling: &str| {
        format!(
            "glm flat.nii --tr 2 --events study/{} --mask study/{} --device cpu --contrast pain --scaling {scaling} --out {scaling}",
            paths::EVENTS,
            paths::MASK
        )
    };
    let output = boldly(dir, &line("psc"));
    let said = binary::said(&output);
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("flat.nii has a ") && said.contains("--scaling none"), "{said}");
    well(dir, &line("none"));
}
