//! When task columns are sampled: what each choice costs on a made-up run whose slices are acquired one after the other, and what
//! each choice is told and written as.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use binary::{boldly, run, said, succeeded};
use boldly::design::{DesignSpec, Drift, Event, task_columns};
use boldly::io;
use common::Random;
use serde_json::{Value, json};

const SHAPE: [usize; 3] = [5, 5, 12];
const VOLUMES: usize = 160;
const TR: f64 = 2.0;

/// Every other slice first, one at a time.
fn interleaved() -> Vec<f64> {
    (0..SHAPE[2]).map(|k| ((k % 2) * 6 + k / 2) as f64 * TR / 12.0).collect()
}

/// Three slices at once, every other shot first.
fn multiband() -> Vec<f64> {
    (0..SHAPE[2]).map(|k| [0.0, 2.0, 1.0, 3.0][k % 4] * TR / 4.0).collect()
}

fn events() -> Vec<Event> {
    let mut random = Random(3);
    let mut onset = 6.0;
    let mut events = Vec::new();
    while onset < VOLUMES as f64 * TR - 20.0 {
        let (trial_type, amplitude, line) = ("a".to_owned(), 1.0, 0);
        events.push(Event { onset, duration: 1.0, trial_type, amplitude, line });
        onset += 3.0 + (80.0 * random.uniform()).round() / 10.0;
    }
    events
}

/// A run of 100 plus the response of each slice at its own time less its mean, so that the effect is 1 in its units and in percent.
fn write_run(dir: &Path, slice_times: &[f64], noise_sd: f64) {
    let mut spec = DesignSpec::new((0..VOLUMES).map(|k| k as f64 * TR).collect(), TR);
    (spec.hrf, spec.events, spec.drift) = ("gam".parse().unwrap(), events(), Drift::None);
    let mut table = "onset\tduration\ttrial_type\n".to_owned();
    for event in &spec.events {
        writeln!(table, "{}\t{}\ta", event.onset, event.duration).unwrap();
    }
    fs::write(dir.join("events.tsv"), table).unwrap();
    let responses: Vec<Vec<f64>> = slice_times
        .iter()
        .map(|slice_time| {
            spec.frame_times = (0..VOLUMES).map(|k| slice_time + k as f64 * TR).collect();
            let response = task_columns(&spec).unwrap().1.column(0).to_vec();
            let mean = response.iter().sum::<f64>() / VOLUMES as f64;
            response.iter().map(|v| v - mean).collect()
        })
        .collect();
    let mut random = Random(17);
    let plane = SHAPE[0] * SHAPE[1];
    let mut image = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    for (axis, extent) in [4, SHAPE[0], SHAPE[1], SHAPE[2], VOLUMES, 1, 1, 1].iter().enumerate() {
        put(40 + 2 * axis, &(*extent as i16).to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    for (axis, size) in [1.0, 3.0, 3.0, 3.0, TR as f32].iter().enumerate() {
        put(76 + 4 * axis, &size.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(123, &[10]);
    put(254, &1_i16.to_le_bytes());
    for row in 0..3 {
        put(280 + 16 * row + 4 * row, &3_f32.to_le_bytes());
    }
    put(344, b"n+1\0");
    for volume in 0..VOLUMES {
        for response in &responses {
            for _ in 0..plane {
                let value = 100.0 + response[volume] + noise_sd * random.normal();
                image.extend((value as f32).to_le_bytes());
            }
        }
    }
    fs::write(dir.join("bold.nii"), image).unwrap();
    let sidecar = json!({ "RepetitionTime": TR, "SliceTiming": slice_times });
    fs::write(dir.join("bold.json"), sidecar.to_string()).unwrap();
}

/// The values of a map of contrast a.
fn map(out: &Path, stat: &str) -> Vec<f64> {
    let path = out.join(format!("contrast-a_stat-{stat}_statmap.nii.gz"));
    common::wide(&io::read_map(&path).unwrap().2)
}

const MASKED: &str = "--mask mask.nii --hrf gam --drift none --noise ols --contrast a --device cpu";

fn write_mask(dir: &Path) {
    let bold = fs::read(dir.join("bold.nii")).unwrap();
    let mut mask = bold[..352].to_vec();
    mask[40..42].copy_from_slice(&3_i16.to_le_bytes());
    mask[48..50].copy_from_slice(&1_i16.to_le_bytes());
    mask.extend((0..SHAPE.iter().product::<usize>()).flat_map(|_| 1_f32.to_le_bytes()));
    fs::write(dir.join("mask.nii"), mask).unwrap();
}

fn made(slice_times: &[f64], noise_sd: f64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), slice_times, noise_sd);
    write_mask(folder.path());
    folder
}

/// Least and largest effect, and mean t, over all voxels.
fn fitted(dir: &Path, bold: &str, options: &str) -> ([f64; 2], f64) {
    run(
        dir,
        &format!("glm {bold} --events events.tsv {MASKED} {options} --out out --overwrite --quiet"),
    );
    let effect = map(&dir.join("out"), "effect");
    let t = map(&dir.join("out"), "t");
    let ends = effect.iter().fold([f64::MAX, f64::MIN], |[l, h], v| [l.min(*v), h.max(*v)]);
    (ends, t.iter().sum::<f64>() / t.len() as f64)
}

#[test]
fn an_effect_of_1_is_1_at_the_slices_own_times_smoothed_or_not_and_less_at_any_other() {
    for (order, slice_times) in [("interleaved", interleaved()), ("multiband", multiband())] {
        // Without noise the columns would explain the run, which is refused.
        let study = made(&slice_times, 1e-4);
        let noisy = made(&slice_times, 1.0);
        let dir = study.path();
        for dir in [dir, noisy.path()] {
            run(dir, "smooth bold.nii --fwhm 5 --out smoothed.nii --device cpu --quiet");
            run(
                dir,
                "smooth smoothed.nii --fwhm 4 --kernel exact --out twice.nii --device cpu --quiet",
            );
            fs::copy(dir.join("smoothed.nii"), dir.join("other.nii")).unwrap();
            fs::copy(dir.join("bold.json"), dir.join("other.json")).unwrap();
        }
        let mut found = Vec::new();
        for (what, bold, options) in [
            ("slice", "bold.nii", "--task-times slice"),
            ("slice, smoothed", "bold.nii", "--task-times slice --fwhm 5"),
            ("slice, smoothed before", "smoothed.nii", "--task-times slice"),
            ("slice, smoothed before and again", "smoothed.nii", "--task-times slice --fwhm 4"),
            ("slice, smoothed before twice", "twice.nii", ""),
            ("own slice, smoothed by another program", "other.nii", "--task-times slice"),
            ("middle", "bold.nii", "--task-times middle"),
            ("middle, smoothed", "bold.nii", "--task-times middle --fwhm 5"),
            ("start", "bold.nii", "--task-times start"),
            ("start, smoothed", "bold.nii", "--task-times start --fwhm 5"),
        ] {
            let ([least, most], _) = fitted(dir, bold, options);
            let (_, t) = fitted(noisy.path(), bold, options);
            println!("{order}: {what}: effect {least:.3} to {most:.3}, mean t {t:.2}");
            found.push((least, most, t));
        }
        for exact in &found[..5] {
            assert!((exact.0 - 1.0).abs() < 2e-4 && (exact.1 - 1.0).abs() < 2e-4, "{exact:?}");
        }
        for biased in &found[5..] {
            assert!(biased.0 < 0.99, "{order}: {biased:?}");
        }
        // t: own times before the middle before the start, smoothed or not.
        assert!(found[0].2 > found[6].2 && found[6].2 > found[8].2, "{order}: {found:?}");
        assert!(found[1].2 > found[7].2 && found[7].2 > found[9].2, "{order}: {found:?}");
        assert!(found[2].2 > found[5].2, "{order}: {found:?}");
    }
}

#[test]
fn a_run_that_boldly_smoothed_is_said_to_be_and_what_more_makes_of_it() {
    let study = made(&interleaved(), 1.0);
    let dir = study.path();
    let says = |line: &str| said(&succeeded(line, boldly(dir, line)));
    let smooth = |from: &str, fwhm: u32, to: &str| {
        says(&format!("smooth {from}.nii --fwhm {fwhm} --out {to}.nii --device cpu --verify"))
    };
    let smoothed = |name: &str| -> Value {
        let sidecar = fs::read_to_string(dir.join(name)).unwrap();
        let sidecar: Value = serde_json::from_str(&sidecar).unwrap();
        let resolved = &sidecar["boldly"]["resolved"];
        let of_run = &resolved["runs"][0]["smoothed"];
        let all = if of_run.is_null() { &resolved["smoothed"] } else { of_run };
        all.as_array().into_iter().flatten().map(|one| one["fwhm_mm"].clone()).collect()
    };
    assert!(!smooth("bold", 5, "once").contains("before"), "the first time");
    smooth("once", 0, "copy");
    let told = smooth("copy", 12, "twice");
    assert!(
        told.contains("warning: copy.nii was smoothed before, by 5 mm; 12 mm more make 13.00 mm"),
        "{told}"
    );
    assert_eq!((smoothed("once.json"), smoothed("copy.json")), (json!([5.0]), json!([5.0])));
    assert_eq!(smoothed("twice.json"), json!([5.0, 12.0]));
    let glm = |bold: &str, more: &str| {
        says(&format!(
            "glm {bold} --events events.tsv {MASKED} {more} --out out --overwrite --verify -v"
        ))
    };
    let told = glm("twice.nii", "--fwhm 84");
    assert!(
        told.contains(
            "warning: twice.nii was smoothed before, by 5 and 12 mm; 84 mm more make 85.00 mm"
        ),
        "{told}"
    );
    assert!(told.contains("mean of the slices that this joined"), "{told}");
    assert_eq!(smoothed("out/contrast-a_stat-t_statmap.json"), json!([5.0, 12.0]));
    let told = glm("twice.nii", "--task-times start");
    assert!(!told.contains("in all") && !told.contains("this joined"), "{told}");
    // another image under the name says nothing
    fs::copy(dir.join("bold.nii"), dir.join("twice.nii")).unwrap();
    let told = glm("twice.nii", "--fwhm 5");
    assert!(told.contains("not as boldly made it; the smoothing"), "{told}");
    assert!(!told.contains("in all"), "{told}");
    assert_eq!(smoothed("out/contrast-a_stat-t_statmap.json"), json!([]));
}

/// What a command that must succeed says with -v, and the first run's resolved values.
fn told(dir: &Path, options: &str) -> (String, Value) {
    let line =
        format!("glm bold.nii --events events.tsv {MASKED} {options} --out out --overwrite -v");
    let said = said(&succeeded(&line, boldly(dir, &line)));
    let sidecar = fs::read_to_string(dir.join("out/contrast-a_stat-t_statmap.json")).unwrap();
    let sidecar: Value = serde_json::from_str(&sidecar).unwrap();
    (said, sidecar["boldly"]["resolved"]["runs"][0].clone())
}

#[test]
fn slices_with_times_of_their_own_get_their_own_columns_and_tables_say_so() {
    let study = made(&interleaved(), 1.0);
    let dir = study.path();
    let (said, resolved) = told(dir, "--fwhm 5");
    assert!(said.contains("task columns at each slice's own time, 12 times"), "{said}");
    assert_eq!(resolved["task_times"], "slice", "{resolved}");
    let common = io::tsv::read(&dir.join("out/design.tsv")).unwrap();
    assert_eq!(common.columns, ["constant"]);
    let by_slice = io::tsv::read(&dir.join("out/design_slice-groups.tsv")).unwrap();
    assert_eq!(by_slice.columns, ["planes", "slice_time", "volume", "a"]);
    let planes: usize =
        by_slice.rows.iter().step_by(VOLUMES).map(|row| row[0].split(',').count()).sum();
    assert_eq!(planes, SHAPE[2], "each plane is in one group");
    run(dir, "verify out --quiet");
    // The middle of the volume is half a TR, SECONDS are theirs.
    for (asked, kept, at_s, part) in [
        ("start", "start", 0.0, "the start of each volume"),
        ("middle", "middle", 1.0, "the middle of each volume"),
        ("0.25", "0.25", 0.25, "the moment asked for: 0.25 s"),
        ("metadata", "metadata", 0.0, "the start of each volume"),
    ] {
        let (said, resolved) = told(dir, &format!("--task-times={asked}"));
        assert!(said.contains(part), "{asked}: {said}");
        let kept = (resolved["task_times"].as_str(), resolved["task_times_s"].as_f64())
            == (Some(kept), Some(at_s));
        assert!(kept, "{asked}: {resolved}");
    }
}

#[test]
fn runs_whose_slices_have_no_times_of_their_own_take_start_time_and_refuse_slices() {
    let study = made(&interleaved(), 1.0);
    let dir = study.path();
    let sidecar = |fields: Value| {
        let mut all = json!({ "RepetitionTime": TR });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        fs::write(dir.join("bold.json"), all.to_string()).unwrap();
    };
    for (fields, at_s, why) in [
        (json!({ "SliceTimingCorrected": true, "StartTime": 0.95 }), 0.95, "was resampled"),
        (
            json!({ "SliceTimingCorrected": true, "SliceTiming": interleaved() }),
            0.0,
            "was resampled",
        ),
        (json!({ "SpatialReference": "MNI152NLin2009cAsym" }), 0.0, "was resampled"),
        (json!({}), 0.0, "slice times are not known"),
        (json!({ "SliceTiming": "odd" }), 0.0, ""),
    ] {
        sidecar(fields.clone());
        let line =
            format!("glm bold.nii --events events.tsv {MASKED} --task-times slice --out refused");
        let refused = boldly(dir, &line);
        assert!(!refused.status.success(), "{fields}");
        assert!(said(&refused).contains(why), "{fields}: {}", said(&refused));
        if why.is_empty() {
            continue;
        }
        let (_, resolved) = told(dir, "");
        assert_eq!(resolved["task_times"], "metadata", "{fields}: {resolved}");
        assert_eq!(resolved["task_times_s"], at_s, "{fields}");
    }
    // A raw run that says when its volumes begin is taken at its word; one that says 0 says nothing.
    sidecar(json!({ "StartTime": 0.5, "SliceTiming": interleaved() }));
    let (said, resolved) = told(dir, "");
    assert_eq!(resolved["task_times_s"], 0.5);
    assert!(said.contains("StartTime: 0.5 s") && said.contains("has slice times too"), "{said}");
    assert!(!told(dir, "--task-times metadata").0.contains("has slice times too"), "as asked");
    assert!(!said.contains("outside the first volume"), "{said}");
    // Milliseconds, or another clock.
    sidecar(json!({ "StartTime": 50 }));
    let (said, _) = told(dir, "");
    assert!(said.contains("StartTime in bold.json is 50 s, outside the first volume"), "{said}");
    sidecar(json!({ "StartTime": 0.5, "SliceTiming": interleaved() }));
    // Slices count from the start of the volume, whatever StartTime says.
    told(dir, "--task-times slice");
    let by_slice = || fs::read_to_string(dir.join("out/design_slice-groups.tsv")).unwrap();
    let with_start = by_slice();
    sidecar(json!({ "StartTime": 0, "SliceTiming": interleaved() }));
    let (said, resolved) = told(dir, "");
    assert_eq!(resolved["task_times"], "slice");
    assert!(!said.contains("has slice times too") && by_slice() == with_start, "{said}");
}
