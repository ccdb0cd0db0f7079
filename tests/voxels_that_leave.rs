//! What a mask holds beyond the voxels that stay (too little signal, one value throughout, not finite) is nowhere in what is written of those: maps of every noise
//! model, residuals, their smoothness, regions, and what is told of the noise. The same written mask has the same files to the byte.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::fs;
use std::path::Path;

use binary::{said, study, succeeded};
use boldly::io::{BoldFile, Intent, Outputs, read_map};
use boldly::simulate::write::paths;
use boldly::volume::Block;
use common::wide;
use serde_json::Value;

/// A run whose brain is as simulated, and a mask that holds more: `run.nii`, `more.nii` (the brain and what leaves), and how many voxels leave for too little signal.
fn run_with_air(dir: &Path) -> usize {
    let mut file = BoldFile::open_image(&dir.join("study").join(paths::BOLD)).unwrap();
    let (shape, n_volumes) = (file.grid.shape, file.n_volumes);
    let mut bold = file.read(&Block::whole(shape, n_volumes)).unwrap();
    let (_, header, mask) = read_map(&dir.join("study").join(paths::MASK)).unwrap();
    let [ni, nj, nk] = shape;
    let n = ni * nj * nk;
    let brain: Vec<bool> = mask.iter().map(|&value| value > 0.0).collect();
    // voxels of a brain voxel within `reach` along each axis
    let is_near = |voxel: usize, reach: usize| {
        let at = [voxel % ni, voxel / ni % nj, voxel / (ni * nj)];
        (0..n).filter(|&other| brain[other]).any(|other| {
            let to = [other % ni, other / ni % nj, other / (ni * nj)];
            (0..3).all(|axis| at[axis].abs_diff(to[axis]) <= reach)
        })
    };
    let outside = || (0..n).filter(|&voxel| !brain[voxel]);
    // so near that rho is smoothed over them, so far that the image is not
    let air: Vec<usize> =
        outside().filter(|&v| is_near(v, 2) && !is_near(v, 1)).step_by(2).collect();
    let rim: Vec<usize> = outside().filter(|&voxel| is_near(voxel, 1)).take(4).collect();
    let n_brain = brain.iter().filter(|&&inside| inside).count();
    assert!(air.len() > 20 && 3 * air.len() < n_brain, "{} beside {n_brain}", air.len());
    let mut seed = 7_u64;
    let mut uniform = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    for &voxel in &air {
        let mut noise = 0.0;
        for t in 0..n_volumes {
            noise = 0.95 * noise + uniform();
            bold.data[t * n + voxel] = 12.0 + noise;
        }
    }
    for t in 0..n_volumes {
        bold.data[t * n + rim[0]] = 150.0;
        bold.data[t * n + rim[1]] = 650.0 + uniform();
    }
    bold.data[3 * n + rim[1]] = f32::NAN;
    let mut more = brain.clone();
    air.iter().chain(&rim[..2]).for_each(|&voxel| more[voxel] = true);
    let more: Vec<f32> = more.into_iter().map(|inside| f32::from(u8::from(inside))).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("run.nii"), &file.header.for_bold(n_volumes), &bold.data).unwrap();
    outputs.map(&dir.join("more.nii"), &header.for_map(Intent::None), &more).unwrap();
    outputs.commit().unwrap();
    air.len()
}

fn well(dir: &Path, line: &str) -> String {
    said(&succeeded(line, binary::boldly(dir, line)))
}

/// What lies in a folder and is no sidecar, by name.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = names.filter(|path| path.extension().unwrap() != "json").collect();
    all.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    all.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

fn resolved(out: &Path) -> Value {
    let mask: Value =
        serde_json::from_str(&fs::read_to_string(out.join("mask.json")).unwrap()).unwrap();
    mask["boldly"]["resolved"]["runs"].clone()
}

/// The numbers of voxels in a region's rows.
fn voxels(out: &Path) -> Vec<String> {
    let table = fs::read_to_string(out.join("contrast-pain_regions.tsv")).unwrap();
    let mut lines = table.lines();
    let at = lines.next().unwrap().split('\t').position(|name| name == "voxels").unwrap();
    lines.map(|line| line.split('\t').nth(at).unwrap().to_owned()).collect()
}

#[test]
fn the_same_written_mask_has_the_same_maps_whatever_the_given_mask_held_beyond() {
    let folder = study();
    let dir = folder.path();
    let n_air = run_with_air(dir);
    let (events, brain) = (paths::EVENTS, format!("study/{}", paths::MASK));
    let fit = "--contrast pain --maps --two-sided --tr 2 --roi a=more.nii --device cpu --overwrite";
    for more in ["", "--noise arma11", "--noise nilearn-ar1", "--noise ols", "--fwhm 15"] {
        let glm = |mask: &str, out: &str| {
            let line = format!("glm run.nii --events study/{events} --mask {mask} {fit} {more}");
            well(dir, &format!("{line} --residuals --out {out}"))
        };
        let (few, many) = (glm(&brain, "few"), glm("more.nii", "many"));
        let (a, b) = (files(&dir.join("few")), files(&dir.join("many")));
        assert_eq!(a.len(), b.len());
        for ((name, few), (_, many)) in a.iter().zip(&b) {
            assert!(few == many, "{more}: {name} hangs on voxels that are not in the mask");
        }
        assert_eq!(resolved(&dir.join("few")), resolved(&dir.join("many")), "{more}");
        let noise = |said: &str| {
            let line =
                said.lines().find(|line| line.contains("mean rho") || line.contains("arma11"));
            line.unwrap().to_owned()
        };
        assert_eq!(noise(&few), noise(&many), "{more}");
        for (n, what) in [
            (n_air, "have too little signal for the units of effects"),
            (1, "hold one value throughout"),
            (1, "are not finite in some volume"),
        ] {
            let told = format!("voxels of a {what} and are not in its mean");
            let line = many.lines().find(|line| line.contains(&told)).unwrap_or_default();
            assert!(line.contains(&format!(": {n} of the ")), "{more}: {what}: {many}");
        }
    }
}

#[test]
fn a_region_of_several_runs_is_of_the_voxels_of_the_maps_and_each_run_says_which_it_lost() {
    let folder = study();
    let dir = folder.path();
    let n_air = run_with_air(dir);
    let (run, events) = (paths::BOLD, paths::EVENTS);
    for runs in [format!("run.nii study/{run}"), format!("study/{run} run.nii")] {
        let line = format!(
            "glm {runs} --events study/{events} study/{events} --mask more.nii --contrast pain --maps --tr 2 --roi a=more.nii --device cpu \
             --overwrite --out both"
        );
        let told = well(dir, &line);
        let mask = wide(&read_map(&dir.join("both/mask.nii.gz")).unwrap().2);
        let n = mask.iter().filter(|&&inside| inside > 0.0).count();
        assert_eq!(voxels(&dir.join("both")), vec![n.to_string(); 3], "{runs}");
        for (lost, what) in [
            (n_air, "have too little signal for the units of effects"),
            (1, "hold one value throughout"),
            (1, "are not finite in some volume"),
        ] {
            let line = format!("run.nii: {lost} of the ");
            let what = format!("voxels of a {what}; they are in the mean of a in no run");
            let found = told.lines().find(|said| said.contains(&line) && said.contains(&what));
            assert!(found.is_some(), "{runs}: {what}: {told}");
        }
        // Of how many voxels each run's noise and smoothness are.
        let of_runs = resolved(&dir.join("both"));
        for of_run in of_runs.as_array().unwrap() {
            let own = &of_run["voxels_fitted_in_run"];
            assert_eq!(own, &of_run["residual_smoothness"]["voxels"], "{runs}");
        }
        let own: Vec<String> = of_runs
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["voxels_fitted_in_run"].to_string())
            .collect();
        let line =
            format!("fitted in it ({}); the maps hold the {n} that all runs have", own.join(", "));
        assert!(own.iter().all(|own| *own == n.to_string()) || told.contains(&line), "{told}");
    }
}

/// The series of the voxels of a mask, `[voxel][volume]`.
fn series(dir: &Path, mask: &str) -> Vec<Vec<f64>> {
    let mut file = BoldFile::open_image(&dir.join("run.nii")).unwrap();
    let data = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap().data;
    let inside = read_map(&dir.join(mask)).unwrap().2;
    let n = inside.len();
    let of = |voxel: usize| (0..data.len() / n).map(|t| f64::from(data[t * n + voxel])).collect();
    (0..n).filter(|&voxel| inside[voxel] > 0.0).map(of).collect()
}

/// The largest standardised DVARS of voxels that are finite and vary, and how many these are (Nichols 2013).
fn largest_dvars(series: &[Vec<f64>]) -> (f64, usize) {
    let n = series[0].len();
    let (mut changes, mut expected, mut count) = (vec![0.0; n], 0.0, 0);
    for y in series.iter().filter(|y| y.iter().all(|v| v.is_finite()) && y[1..] != y[..n - 1]) {
        let mut sorted = y.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |q: f64| sorted[(q * (n - 1) as f64) as usize];
        let sd = (at(0.75) - at(0.25)) / 1.349;
        let mean = y.iter().sum::<f64>() / n as f64;
        let of = |lag: usize| (lag..n).map(|t| (y[t] - mean) * (y[t - lag] - mean)).sum::<f64>();
        expected += sd * (2.0 * (1.0 - of(1) / of(0))).sqrt();
        (1..n).for_each(|t| changes[t] += (y[t] - y[t - 1]).powi(2));
        count += 1;
    }
    let of = |sum: &f64| (sum / count as f64).sqrt() / (expected / count as f64);
    (changes.iter().map(of).fold(0.0, f64::max), count)
}

#[test]
fn censoring_by_dvars_is_of_the_voxels_that_are_fitted_and_says_of_how_many() {
    let folder = study();
    let dir = folder.path();
    run_with_air(dir);
    let brain = format!("study/{}", paths::MASK);
    let dvars = |mask: &str, more: &str| {
        let line = format!(
            "glm run.nii --events study/{} --mask {mask} --contrast pain --tr 2 --censor dvars:1.3 --device cpu --overwrite --out out {more}",
            paths::EVENTS
        );
        let told = well(dir, &line);
        let of =
            |what: &str| told.lines().find(|l| l.contains(what)).unwrap_or_default().to_owned();
        (of("DVARS computed"), of("left out of the fit"))
    };
    let (most, n) = largest_dvars(&series(dir, &brain));
    let (of_all, n_all) = largest_dvars(&series(dir, "more.nii"));
    assert!((most - of_all).abs() > 0.01 && n_all > n, "{most} {of_all}");
    let with_signal = format!(
        "run.nii: DVARS computed within the mask ({n} voxels that vary, with a mean of 10 % of its median or more), standardised {most:.2} at most"
    );
    let (few, many) = (dvars(&brain, ""), dvars("more.nii", ""));
    assert!(few.0 == with_signal && few.1.contains("volume"), "{few:?} is not {with_signal}");
    assert_eq!(few, many);
    let all = format!(
        "run.nii: DVARS computed within the mask ({n_all} voxels that vary), standardised {of_all:.2} at most"
    );
    assert_eq!(dvars("more.nii", "--scaling none").0, all);
}

#[test]
fn a_run_of_ones_own_is_calibrated_in_the_voxels_that_glm_fits() {
    let folder = study();
    let dir = folder.path();
    let n_air = run_with_air(dir);
    let (events, brain) = (paths::EVENTS, format!("study/{}", paths::MASK));
    let found = |mask: &str, more: &str| -> (Value, String) {
        let line = format!(
            "calibrate --bold run.nii --events study/{events} --tr 2 --repeats 2 --contrast pain --device cpu --json --mask {mask} {more}"
        );
        let output = succeeded(&line, binary::boldly(dir, &line));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (json["found"].clone(), said(&output))
    };
    let n = series(dir, &brain).len();
    for more in ["", "--fwhm 15", "--censor dvars:1.3"] {
        let ((few, _), (many, told)) = (found(&brain, more), found("more.nii", more));
        assert_eq!(few["voxels"], n, "{more}");
        assert_eq!(few, many, "{more}");
        for line in [
            &format!("{n_air} mask voxels of run.nii have a mean below 10 % of the mask's median"),
            "1 mask voxel is not finite in some volume of run.nii; it is outside (0 in the maps",
            "1 mask voxel is constant over time in run.nii; it is outside (0 in the maps",
        ] {
            assert!(told.contains(line), "{more}: no {line} in {told}");
        }
    }
    assert_eq!(found("more.nii", "--scaling none").0["voxels"], n + n_air);
}

#[test]
fn a_grand_mean_is_of_the_voxels_with_signal_and_half_a_mask_of_air_is_warned_of() {
    let folder = study();
    let dir = folder.path();
    run_with_air(dir);
    let brain = format!("study/{}", paths::MASK);
    let glm = |mask: &str, more: &str| {
        let line = format!(
            "glm run.nii --events study/{} --mask {mask} --contrast pain --tr 2 --noise ols --device cpu --overwrite --out out {more}",
            paths::EVENTS
        );
        well(dir, &line)
    };
    let mean = |y: &Vec<f64>| y.iter().sum::<f64>() / y.len() as f64;
    let means: Vec<f64> = series(dir, &brain).iter().map(mean).collect();
    let grand = means.iter().sum::<f64>() / means.len() as f64;
    let told = glm("more.nii", "--scaling grand-mean:100");
    let line = format!(
        "run.nii: grand mean {grand:.6} of the {} voxels with a mean of 10 % of the mask's median or more",
        means.len()
    );
    assert!(told.contains(&line), "no {line} in {told}");
    assert!(!told.contains("look like air"), "{told}");
    // the brain and more than as many voxels of noise about 12
    let mut file = BoldFile::open_image(&dir.join("run.nii")).unwrap();
    let mut bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    let (_, header, mask) = read_map(&dir.join(&brain)).unwrap();
    let n = mask.len();
    for (at, value) in bold.data.iter_mut().enumerate().filter(|(at, _)| mask[at % n] == 0.0) {
        *value = 12.0 + (at * 7919 % 101) as f32 / 101.0;
    }
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("air.nii"), &file.header.for_bold(file.n_volumes), &bold.data).unwrap();
    outputs.map(&dir.join("all.nii"), &header.for_map(Intent::None), &vec![1.0; n]).unwrap();
    outputs.commit().unwrap();
    let air = |line: &str| well(dir, &line.replace("MASK", "all.nii"));
    let n_air = n - means.len();
    let line = format!(
        "{n_air} of the {n} mask voxels of air.nii look like air: their means are below 10 % of "
    );
    let files = format!("air.nii --events study/{} --tr 2 --device cpu", paths::EVENTS);
    for command in [
        format!("glm {files} --mask MASK --contrast pain --overwrite --out out"),
        format!("calibrate --bold {files} --mask MASK --repeats 1"),
        "connect air.nii --tr 2 --device cpu --mask MASK --seed s=sphere:0,0,0:30 --coordinates native --overwrite --out c".to_owned(),
    ] {
        let told = air(&command);
        assert_eq!(told.matches("look like air").count(), 1, "{command}: {told}");
        assert!(told.contains(&line), "{command}: no {line} in {told}");
    }
    assert!(
        !well(dir, &format!("glm {files} --mask {brain} --contrast pain --overwrite --out out"))
            .contains("look like air")
    );
}

#[test]
fn echoes_are_compared_and_told_of_where_there_is_signal() {
    let folder = study();
    let dir = folder.path();
    run_with_air(dir);
    let brain = format!("study/{}", paths::MASK);
    let times_s = [0.013, 0.028, 0.043];
    let mut file = BoldFile::open_image(&dir.join("run.nii")).unwrap();
    let bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap().data;
    let inside = wide(&read_map(&dir.join(&brain)).unwrap().2);
    let n = inside.len();
    let mut means = Vec::new();
    for (echo, te) in times_s.iter().enumerate() {
        let value = |(at, value): (usize, &f32)| {
            let t2star_s: f64 = 0.006 + 0.04 * (at % n % 11) as f64 / 11.0;
            let noise = 0.002 * inside[at % n] * ((at * (echo + 3) * 7919) % 101) as f64 / 101.0;
            (f64::from(*value) * f64::exp(-te / t2star_s) * (1.0 + noise)) as f32
        };
        let data: Vec<f32> = bold.iter().enumerate().map(value).collect();
        let of = |voxel: usize| data.iter().skip(voxel).step_by(n).map(|&v| f64::from(v));
        let mean = |voxel: usize| of(voxel).sum::<f64>() / file.n_volumes as f64;
        means.push((0..n).map(mean).collect::<Vec<f64>>());
        let mut outputs = Outputs::new();
        let path = dir.join(format!("sub-01_echo-{}_bold.nii", echo + 1));
        outputs.map(&path, &file.header.for_bold(file.n_volumes), &data).unwrap();
        outputs.commit().unwrap();
        fs::write(path.with_extension("json"), format!("{{\"EchoTime\": {te}}}")).unwrap();
    }
    let glm = |mask: &str, out: &str| {
        let line = format!(
            "glm sub-01_echo-1_bold.nii sub-01_echo-2_bold.nii sub-01_echo-3_bold.nii --tr 2 --events study/{} --mask {mask} --contrast pain --maps \
             --device cpu --out {out}",
            paths::EVENTS
        );
        well(dir, &line)
    };
    let (few, many) = (glm(&brain, "few"), glm("more.nii", "many"));
    let map = |out: &str, name: &str| wide(&read_map(&dir.join(out).join(name)).unwrap().2);
    let written = map("few", "mask.nii.gz");
    assert!(written == map("many", "mask.nii.gz"));
    let voxels: Vec<usize> = (0..n).filter(|&voxel| written[voxel] > 0.0).collect();
    let t2star = map("few", "T2starmap.nii.gz");
    for name in ["T2starmap.nii.gz", "S0map.nii.gz", "desc-adaptiveGoodSignal_mask.nii.gz"] {
        let (few, many) = (map("few", name), map("many", name));
        assert!(voxels.iter().all(|&voxel| few[voxel] == many[voxel]), "{name}");
    }
    // tedana's rule: the voxel at the 33rd percentile of the brain's first echo, a third of its means
    let mut sorted: Vec<usize> = (0..n).filter(|&voxel| inside[voxel] > 0.0).collect();
    sorted.sort_by(|&a, &b| means[0][a].total_cmp(&means[0][b]));
    let exemplary = sorted[(0.33 * (sorted.len() - 1) as f64).ceil() as usize];
    let good = map("many", "desc-adaptiveGoodSignal_mask.nii.gz");
    for &voxel in &voxels {
        let is_good = |echo: &usize| means[*echo][voxel] > means[*echo][exemplary] / 3.0;
        let want = (0..3).rev().find(is_good).map_or(0, |echo| echo + 1);
        assert!(good[voxel] == want as f64, "voxel {voxel}: {} is not {want}", good[voxel]);
    }
    let mut of_brain: Vec<f64> = sorted.iter().map(|&voxel| t2star[voxel]).collect();
    of_brain.sort_by(f64::total_cmp);
    let median = format!("median T2* {:.1} ms", 1e3 * of_brain[of_brain.len() / 2]);
    assert!(few.contains(&median) && many.contains(&median), "no {median} in {few} and {many}");
    assert!(
        !few.contains("of the voxels whose first echo") && many.contains("(without "),
        "{many}"
    );
    let one = |said: &str| {
        said.lines().find(|line| line.contains("signal in one echo at most")).map(str::to_owned)
    };
    assert_eq!(one(&few), one(&many));
    assert!(one(&few).is_some_and(|line| !line.contains("kept")), "{few}");
}
