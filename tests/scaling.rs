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
use boldly::volume::Block;
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
        let said = |out: &str, stat: &str| {
            let of = sidecar(dir, &format!("{out}/contrast-pain_stat-{stat}_statmap"));
            of["Description"].as_str().unwrap().to_owned()
        };
        assert_eq!(said(none, "effect"), "Effect of pain, in arbitrary units");
        let variance = "Variance of the effect of pain, in percent signal change, squared";
        assert_eq!(said(psc, "variance"), variance);
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
    // air that is 0 throughout has no signal either, and is told as constant
    let constant = mean.iter().filter(|&&mean| mean == 0.0).count();
    let dim = mean.iter().filter(|&&mean| mean < limit).count() - constant;
    let counts = &sidecar(dir, "psc/mask")["boldly"]["counts"];
    assert_eq!(counts["voxels_without_signal"], dim, "{counts}");
    assert_eq!(counts["voxels_constant_in_some_run"], constant, "{counts}");
    assert_eq!(
        (&counts["voxels_fitted"], &counts["voxels_in_mask"]),
        (&(grid.n_voxels() - dim - constant).into(), &grid.n_voxels().into())
    );
    assert!(
        constant > 100 && dim > 10 && said.contains(&format!("{dim} mask voxels of ")),
        "{said}"
    );
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

/// Of a contrast, `[voxel]`.
fn of_contrast(dir: &Path, out: &str, contrast: &str, stat: &str) -> Vec<f64> {
    map(dir, &format!("{out}/contrast-{contrast}_stat-{stat}_statmap"))
}

#[test]
fn percent_signal_change_is_that_of_one_event_of_each_conditions_median_duration_in_any_units() {
    let folder = study();
    let dir = folder.path();
    let events = "onset\tduration\ttrial_type\n2\t2\tpain\n20\t9\tpain\n40\t3\tpain\n30\t14\tcontrol\n55\t14\tcontrol\n";
    fs::write(dir.join("events.tsv"), events).unwrap();
    let brain = format!("--mask study/{}", paths::MASK);
    let glm = |more: &str, out: &str| {
        let bold = paths::BOLD;
        let line = format!(
            "glm study/{bold} --events events.tsv {brain} --device cpu --contrast pain --contrast control --contrast d=pain-control \
             --maps {more} --verify --out {out}"
        );
        well(dir, &line)
    };
    glm("", "psc");
    let said = sidecar(dir, "psc/contrast-d_stat-psc_statmap");
    assert_eq!(
        (&said["Units"], &said["Statistic"]),
        (&"percent".into(), &"percent signal change".into())
    );
    assert_eq!(said["ContrastWeights"], serde_json::json!({"pain": 1.0, "control": -1.0}));
    let event = |name: &str, what: &str| said["ReferenceEvents"][name][what].as_f64().unwrap();
    assert_eq!((event("pain", "Duration"), event("control", "Duration")), (3.0, 14.0));
    let [pain, control] = ["pain", "control"].map(|name| event(name, "Peak"));
    assert!(pain > 0.4 && pain < 0.7 && control > 1.0 && control < 1.3, "{pain} {control}");
    let effect = |name: &str| of_contrast(dir, "psc", name, "effect");
    let want: Vec<f64> =
        effect("pain").iter().zip(effect("control")).map(|(a, b)| a * pain - b * control).collect();
    assert_close("percent", &of_contrast(dir, "psc", "d", "psc"), &want, 1e-5, 1e-6);
    // The noise is found in other units, so that only rounding differs.
    for (units, out) in [("none", "none"), ("grand-mean", "grand")] {
        glm(&format!("--scaling {units}"), out);
        let got = of_contrast(dir, out, "d", "psc");
        assert_close(units, &got, &of_contrast(dir, "psc", "d", "psc"), 1e-6, 1e-7);
    }
    let said = glm(
        "--hrf spm+derivative --contrast late=pain_derivative --f-contrast any=pain;control",
        "late",
    );
    let none = "no percent signal change of 'late': its column pain_derivative is no response";
    assert!(said.contains(none), "{said}");
    let there =
        |name: &str| dir.join(format!("late/contrast-{name}_stat-psc_statmap.nii.gz")).exists();
    assert_eq!((there("pain"), there("late"), there("any")), (true, false, false));
}

#[test]
fn of_several_runs_percent_is_the_mean_of_each_runs_own_and_a_ready_design_has_none() {
    let folder = study();
    let dir = folder.path();
    let bold = format!("study/{}", paths::BOLD);
    well(dir, &format!("smooth {bold} --fwhm 14 --device cpu --out other.nii --kernel exact"));
    fs::write(dir.join("1.tsv"), "onset\tduration\ttrial_type\n2\t2\tpain\n30\t2\tpain\n").unwrap();
    fs::write(dir.join("2.tsv"), "onset\tduration\ttrial_type\n8\t12\tpain\n44\t12\tpain\n")
        .unwrap();
    let fixed = format!(
        "--tr 2 --mask study/{} --device cpu --noise ols --contrast pain --maps --out",
        paths::MASK
    );
    well(dir, &format!("glm {bold} --events 1.tsv {fixed} one"));
    well(dir, &format!("glm other.nii --events 2.tsv {fixed} two"));
    let told =
        well(dir, &format!("glm {bold} other.nii --events 1.tsv 2.tsv {fixed} both --verify"));
    let [one, two, both] = ["one", "two", "both"].map(|out| of(dir, out, "psc"));
    let want: Vec<f64> = one.iter().zip(&two).map(|(a, b)| 0.5 * (a + b)).collect();
    assert_close("both", &both, &want, 1e-6, 1e-7);
    let said = sidecar(dir, "both/contrast-pain_stat-psc_statmap");
    let duration = |run: usize| said["ReferenceEvents"][run]["pain"]["Duration"].as_f64();
    assert_eq!((duration(0), duration(1)), (Some(2.0), Some(12.0)));
    let peak = |run: usize| said["ReferenceEvents"][run]["pain"]["Peak"].as_f64().unwrap();
    let unlike = format!(
        "warning: one event of pain changes the signal by {:.4} for each unit of its effect in other.nii and by {:.4} in study/",
        peak(1),
        peak(0)
    );
    assert!(told.contains(&unlike), "no {unlike} in {told}");
    let alike =
        well(dir, &format!("glm {bold} other.nii --events 1.tsv 1.tsv {fixed} alike --verify"));
    assert!(!alike.contains("for each unit of its effect"), "{alike}");
    well(dir, &format!("glm {bold} --events 1.tsv --task-times start {fixed} start"));
    let said = well(dir, &format!("glm {bold} --design start/design.tsv {fixed} ready"));
    assert!(said.contains("no percent signal change of 'pain'"), "{said}");
}

#[test]
fn voxels_without_signal_are_0_in_percent_where_other_units_keep_them_and_a_run_without_mean_has_none()
 {
    let folder = study();
    let dir = folder.path();
    let (_, header, mask) = read_map(&dir.join("study").join(paths::MASK)).unwrap();
    let mut outputs = Outputs::new();
    let all = vec![1.0; mask.len()];
    outputs.map(&dir.join("all.nii"), &header.for_map(Intent::None), &all).unwrap();
    outputs.commit().unwrap();
    let said = glm(dir, "--mask all.nii --scaling none --maps --verify", "none");
    let (effect, psc) = (of(dir, "none", "effect"), of(dir, "none", "psc"));
    let mean = mean(&dir.join("study").join(paths::BOLD), |_| true);
    let mut sorted = mean.clone();
    sorted.retain(|&mean| mean > 0.0);
    sorted.sort_by(f64::total_cmp);
    let limit = 0.1 * sorted[sorted.len() / 2];
    let dim: Vec<usize> =
        (0..mean.len()).filter(|&voxel| mean[voxel] > 0.0 && mean[voxel] < limit).collect();
    let count = format!("{} voxels have too little signal", dim.len());
    assert!(said.contains(&count), "{count}: {said}");
    assert!(
        dim.iter().all(|&voxel| psc[voxel] == 0.0) && dim.iter().any(|&voxel| effect[voxel] != 0.0)
    );
    assert!(psc.iter().filter(|psc| **psc != 0.0).count() > 100);
}

#[test]
fn effects_of_a_modulator_are_per_unit_of_it_and_beside_events_its_weights_are_its_values() {
    let folder = study();
    let dir = folder.path();
    let events = "onset\tduration\ttrial_type\trating\n2\t2\tpain\t1\n20\t9\tpain\t4\n40\t3\tpain\t2\n30\t4\tpain\t7\n";
    fs::write(dir.join("events.tsv"), events).unwrap();
    let line = format!(
        "glm study/{} --events events.tsv --mask study/{} --device cpu --modulate pain:rating^2 --contrast slope=pain:rating \
         --contrast curve=pain:rating^2 --contrast at3=pain+3*pain:rating --contrast pain --maps --verify --out out",
        paths::BOLD,
        paths::MASK
    );
    well(dir, &line);
    let of = |name: &str, stat: &str, field: &str| {
        let said = sidecar(dir, &format!("out/contrast-{name}_stat-{stat}_statmap"));
        said[field].as_str().unwrap().to_owned()
    };
    for (name, per) in [
        ("slope", " per unit of rating"),
        ("curve", " per unit of rating^2"),
        ("at3", ""),
        ("pain", ""),
    ] {
        for (stat, units) in [
            ("effect", format!("percent signal change{per}")),
            ("variance", format!("percent signal change{per}, squared")),
            ("psc", format!("percent{per}")),
        ] {
            assert_eq!(of(name, stat, "Units"), units, "{name} {stat}");
            assert_eq!(of(name, stat, "Description").contains(" per unit of"), !per.is_empty());
        }
        let values = "; weights of modulators are values of rating";
        for stat in ["effect", "psc"] {
            let said = of(name, stat, "Description");
            assert_eq!(said.ends_with(values), name == "at3", "{said}");
        }
    }
}

#[test]
fn a_run_whose_mean_was_taken_off_has_no_grand_mean() {
    let folder = study();
    let dir = folder.path();
    let mut file = io::BoldFile::open(&dir.join("study").join(paths::BOLD)).unwrap();
    let block = Block::whole(file.grid.shape, file.n_volumes);
    let mut data = file.read(&block).unwrap().data;
    let n = block.volume_len();
    // less the mean of the first volumes: half of the voxels' means are negative
    for voxel in 0..n {
        let first = (0..9).map(|t| data[t * n + voxel]).sum::<f32>() / 9.0;
        data.iter_mut().skip(voxel).step_by(n).for_each(|v| *v -= first);
    }
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("zero.nii"), &file.header.for_bold(file.n_volumes), &data).unwrap();
    outputs.commit().unwrap();
    for scaling in ["grand-mean:100", "psc"] {
        let line = format!(
            "glm zero.nii --tr 2 --events study/{} --mask study/{} --contrast pain --scaling {scaling} --device cpu --out out",
            paths::EVENTS,
            paths::MASK
        );
        let refused = boldly(dir, &line);
        let said = binary::said(&refused);
        assert_eq!(refused.status.code(), Some(65), "{scaling}: {said}");
        assert!(said.contains("zero.nii has a negative mean in"), "{scaling}: {said}");
    }
}
