//! What was done to runs before they came, and runs that do not belong together: told, as it changes what is found.

use std::f64::consts::PI;
use std::fs;
use std::path::Path;

use crate::binary::{boldly, said, succeeded};
use crate::dataset::text;
use crate::made::{self, SHAPE, study};

const OPTIONS: &str =
    "--mask mask.nii --seed a=sphere:9,6,6:4 --no-pictures --device cpu --out out --overwrite";

#[track_caller]
fn told(dir: &Path, line: &str) -> String {
    said(&succeeded(line, boldly(dir, line)))
}

/// `bold.nii` without what lies above 0.1 Hz, rounded to whole numbers.
fn low_pass(dir: &Path, to: &str) {
    let mut bytes = fs::read(dir.join("bold.nii")).unwrap();
    let [ni, nj, nk, n] = SHAPE;
    let len = ni * nj * nk;
    let first = bytes.len() - 4 * len * n;
    let at = |t: usize, v: usize| first + 4 * (t * len + v);
    // j / 240 s
    let wave = |j: usize, t: usize| 2.0 * PI * (j * t) as f64 / n as f64;
    for v in 0..len {
        let value =
            |t: usize| f32::from_le_bytes(bytes[at(t, v)..at(t, v) + 4].try_into().unwrap());
        let series: Vec<f64> = (0..n).map(|t| f64::from(value(t))).collect();
        let mut low = vec![series.iter().sum::<f64>() / n as f64; n];
        for j in 1..=24 {
            let part = |of: fn(f64) -> f64| -> f64 {
                let products = series.iter().enumerate().map(|(t, y)| y * of(wave(j, t)));
                products.sum::<f64>() * 2.0 / n as f64
            };
            let (cos, sin) = (part(f64::cos), part(f64::sin));
            for (t, low) in low.iter_mut().enumerate() {
                *low += cos * wave(j, t).cos() + sin * wave(j, t).sin();
            }
        }
        for (t, low) in low.into_iter().enumerate() {
            let stored = (low.round() as f32).to_le_bytes();
            bytes[at(t, v)..at(t, v) + 4].copy_from_slice(&stored);
        }
    }
    fs::write(dir.join(to), bytes).unwrap();
}

#[test]
fn a_run_that_was_filtered_is_told_by_its_name_and_by_its_spectrum_in_connect_and_glm() {
    let folder = study();
    let dir = folder.path();
    low_pass(dir, "low.nii");
    fs::copy(dir.join("bold.nii"), dir.join("r_desc-bandpass_bold.nii")).unwrap();
    text(
        dir,
        "events.tsv",
        "onset\tduration\ttrial_type\n10\t20\tpain\n90\t20\tpain\n160\t20\tpain\n",
    );
    let glm = |bold: &str| {
        format!(
            "glm {bold} --events events.tsv --confounds bold.tsv --columns trans_* --mask mask.nii --contrast pain --device cpu --out of_glm --overwrite"
        )
    };
    let connect =
        |bold: &str| format!("connect {bold} --confounds bold.tsv --columns trans_* {OPTIONS}");
    let filtered = "was filtered in time before";
    for (bold, why) in [
        ("low.nii", Some("(it has next to no power above 0.1")),
        ("r_desc-bandpass_bold.nii", Some("(its name has bandpass)")),
        ("bold.nii", None),
    ] {
        for (line, next) in [(connect(bold), "--band LOW,HIGH"), (glm(bold), "--drift")] {
            let said = told(dir, &line);
            assert_eq!(said.contains(filtered), why.is_some(), "{line}: {said}");
            for part in why.iter().chain(why.map(|_| &next)) {
                assert!(said.contains(part), "{line}: no '{part}' in {said}");
            }
        }
    }
    // With a band its columns are there, and counted.
    let said = told(dir, &format!("{} --band 0.01,0.1", connect("low.nii")));
    assert!(!said.contains(filtered), "{said}");
}

#[test]
fn series_of_a_smoothed_run_are_told_and_said_to_be_so() {
    let folder = study();
    let dir = folder.path();
    told(dir, "smooth bold.nii --fwhm 5 --out smoothed.nii --device cpu -q");
    fs::copy(dir.join("bold.nii"), dir.join("r_desc-preprocSmoothed_bold.nii")).unwrap();
    for (bold, why) in [
        ("smoothed.nii", "was smoothed before (by 5 mm, as its sidecar says)"),
        (
            "r_desc-preprocSmoothed_bold.nii",
            "was smoothed before (its name has desc-preprocSmoothed)",
        ),
    ] {
        let heard = told(dir, &format!("connect {bold} {OPTIONS}"));
        assert!(heard.contains(why), "{heard}");
        let series = fs::read_to_string(dir.join("out/timeseries.json")).unwrap();
        assert!(series.contains("of a run that was smoothed before"), "{series}");
        assert!(!series.contains("voxels, not smoothed"), "{series}");
    }
    let heard = told(dir, &format!("connect bold.nii {OPTIONS}"));
    assert!(!heard.contains("smoothed before"), "{heard}");
}

#[test]
fn runs_of_several_tasks_are_told_of() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    for (from, to) in [("bold.nii", "task-rest_bold.nii"), ("again.nii", "task-pain_bold.nii")] {
        fs::rename(dir.join(from), dir.join(to)).unwrap();
    }
    let heard = told(dir, &format!("connect task-rest_bold.nii task-pain_bold.nii {OPTIONS}"));
    assert!(heard.contains("the runs are of several tasks (task-rest, task-pain)"), "{heard}");
}
