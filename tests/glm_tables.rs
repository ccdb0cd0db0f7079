//! `boldly glm` on events and confounds as people have them: what is used, left out or assumed, and what is said of it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use binary::{boldly, said, succeeded};
use boldly::io::read_map;
use serde_json::Value;

mod binary;

/// Runs a command that must succeed; what it said on standard error.
fn well(dir: &Path, line: &str) -> String {
    said(&succeeded(line, boldly(dir, line)))
}

/// A small run `bold.nii.gz` with its sidecar.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    well(dir, "simulate made --shape 7,8,4 --voxel-size 20,20,20 --volumes 40 --multiband 1 -q");
    let func = dir.join("made/sub-01/func");
    fs::copy(func.join("sub-01_task-pain_bold.nii.gz"), dir.join("bold.nii.gz")).unwrap();
    fs::copy(dir.join("made/task-pain_bold.json"), dir.join("bold.json")).unwrap();
    folder
}

/// Events at 4, 24 and 44 s of 10 s each, the cells behind them, under these column names.
fn events(dir: &Path, columns: &str, cells: [&str; 3]) {
    let rows = [4, 24, 44].iter().zip(cells).map(|(onset, cell)| format!("{onset}\t10\t{cell}\n"));
    let rows: String = rows.collect();
    fs::write(dir.join("events.tsv"), format!("onset\tduration\t{columns}\n{rows}")).unwrap();
}

/// A fit into this folder; what it said.
fn glm(dir: &Path, more: &str, out: &str) -> String {
    let line = "glm bold.nii.gz --events events.tsv --drift none --device cpu";
    well(dir, &format!("{line} {more} --out {out}"))
}

fn effect(dir: &Path, out: &str) -> Vec<f32> {
    read_map(&dir.join(out).join("contrast-a_stat-effect_statmap.nii.gz")).unwrap().2
}

/// The warnings that a map's sidecar keeps.
fn warnings(dir: &Path, out: &str) -> String {
    let text = fs::read_to_string(dir.join(out).join("mask.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["boldly"]["warnings"].to_string()
}

#[test]
fn heights_of_events_are_used_and_events_without_a_condition_are_left_out_with_a_warning_that_stays()
 {
    let folder = study();
    let dir = folder.path();
    events(dir, "trial_type", ["a", "b", "a"]);
    let said = glm(dir, "--contrast a", "plain");
    assert!(!said.contains("warning"), "{said}");
    events(dir, "trial_type\tmodulation", ["a\t4", "b\t1", "a\t4"]);
    glm(dir, "--contrast a", "high");
    assert!(
        warnings(dir, "high").contains("modulation gives the heights"),
        "{}",
        warnings(dir, "high")
    );
    let (plain, high) = (effect(dir, "plain"), effect(dir, "high"));
    assert!(plain.iter().any(|&v| v != 0.0));
    for (plain, high) in plain.iter().zip(&high) {
        assert!((plain - 4.0 * high).abs() <= 1e-4 * plain.abs() + 1e-4, "{plain} {high}");
    }
    events(dir, "trial_type", ["a", "n/a", "a"]);
    glm(dir, "--contrast a", "without");
    assert!(warnings(dir, "without").contains("1 of 3 events have no trial_type"));
}

#[test]
fn trial_type_may_be_another_column_and_without_one_all_events_are_one_condition_with_a_warning() {
    let folder = study();
    let dir = folder.path();
    events(dir, "trial_type", ["a", "b", "a"]);
    glm(dir, "--contrast a", "plain");
    events(dir, "condition", ["a", "b", "a"]);
    let said = glm(dir, "--contrast a --trial-type condition", "named");
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(effect(dir, "plain"), effect(dir, "named"));
    well(dir, "verify named -q");
    glm(dir, "--contrast a=trial", "merged");
    let kept = warnings(dir, "merged");
    for part in
        ["no column trial_type", "all 3 events", "onset, duration, condition", "--trial-type"]
    {
        assert!(kept.contains(part), "`{part}` is not in {kept}");
    }
}

#[test]
fn patterns_without_columns_stop_no_run_that_has_a_reason_to_lack_them() {
    let folder = study();
    let dir = folder.path();
    events(dir, "trial_type", ["a", "b", "a"]);
    let table = |name: &str, column: &str| {
        let rows: String = (0..40).map(|n| format!("{}\t{}\n", n % 7, n % 5)).collect();
        fs::write(dir.join(name), format!("csf\t{column}\n{rows}")).unwrap();
    };
    table("one.tsv", "aroma_1");
    table("two.tsv", "other");
    let clean = "--contrast a --confounds one.tsv --columns csf,motion_outlier*";
    assert!(glm(dir, clean, "clean").contains("`motion_outlier*` matches no column of one.tsv"));
    let line = "glm bold.nii.gz other.nii.gz --events events.tsv events.tsv --confounds one.tsv two.tsv --columns csf,aroma_* \
                --contrast a --device cpu --out both";
    well(dir, "smooth bold.nii.gz --fwhm 30 --out other.nii.gz --device cpu -q");
    let said = well(dir, line);
    assert!(said.contains("`aroma_*` matches no column of two.tsv"), "{said}");
    assert!(!said.contains("no column of one.tsv"), "{said}");
}

#[test]
fn conditions_with_hyphens_are_told_from_a_minus_in_the_names_of_maps() {
    let folder = study();
    let dir = folder.path();
    events(dir, "trial_type", ["pain-high", "pain-low", "pain-high"]);
    let words =
        "glm bold.nii.gz --events events.tsv --drift none --device cpu --out out --contrast";
    let words =
        words.split(' ').chain(["pain-high - pain-low", "--f-contrast", "pain-high; pain-low"]);
    let output = binary::with_words(dir, words);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("pain-high - pain-low: largest t"), "{}", said(&output));
    for name in ["contrast-painHighMinusPainLow_stat-t", "contrast-painHighPainLow_stat-F"] {
        assert!(dir.join(format!("out/{name}_statmap.nii.gz")).is_file(), "{name}");
    }
    well(dir, "verify out -q");
}

#[test]
fn the_largest_value_is_one_of_the_mask_where_all_are_below_0() {
    let folder = study();
    let dir = folder.path();
    events(dir, "trial_type", ["a", "b", "a"]);
    let told = glm(dir, "--contrast n=-1*constant", "out");
    let read = |name: &str| read_map(&dir.join("out").join(name)).unwrap().2;
    let (t, mask) = (read("contrast-n_stat-t_statmap.nii.gz"), read("mask.nii.gz"));
    let inside = t.iter().zip(&mask).filter(|(_, mask)| **mask > 0.0).map(|(t, _)| *t);
    let want = inside.fold(f32::NEG_INFINITY, f32::max);
    assert!(want < 0.0 && mask.contains(&0.0));
    let largest = format!("n: largest t {want:.3} at");
    assert!(told.contains(&largest), "no {largest:?} in {told}");
}
