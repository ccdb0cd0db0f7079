//! Every model's maps are those of statsmodels and scipy.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::common::compare;
use crate::made::{dof, group, image, map, study, values};

/// Maps are stored as f32 (6e-8), the golden has 9 digits.
const RTOL: f64 = 1e-6;
/// Of what cancels: effects near 0 of maps near 1 in f32.
const ATOL: f64 = 1e-7;

#[derive(Deserialize)]
struct Golden {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    table: String,
    arguments: Vec<String>,
    /// Map, voxel, and the value there, where it is not NaN.
    missing: Vec<Vec<usize>>,
    /// The design's columns, by patsy.
    #[serde(default)]
    columns: Vec<String>,
    /// What `design.txt` holds.
    matrix: Option<String>,
    /// By contrast and statistic.
    want: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/group.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What is off in the cases whose names begin so; none is a fault too.
fn off(prefix: &str) -> Vec<String> {
    let cases = golden().cases.into_iter().filter(|(name, _)| name.starts_with(prefix));
    let cases: Vec<(String, Case)> = cases.collect();
    assert!(!cases.is_empty(), "no case {prefix}");
    cases.iter().flat_map(|(name, case)| off_in(name, case)).collect()
}

fn off_in(name: &str, case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir, &case.table);
    for missing in &case.missing {
        let mut spoilt = values(missing[0] as u64);
        let of_map = case.missing.iter().filter(|other| other[0] == missing[0]);
        of_map.for_each(|m| spoilt[m[1]] = m.get(2).map_or(f32::NAN, |&value| value as f32));
        image(&dir.join(format!("m{}.nii", missing[0])), &spoilt);
    }
    case.matrix.iter().for_each(|text| std::fs::write(dir.join("design.txt"), text).unwrap());
    let words: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
    group(dir, &words, "out");
    let out = dir.join("out");
    let mut off = Vec::new();
    for (contrast, by) in &case.want {
        if !case.columns.is_empty() {
            let design = out.join(format!("contrast-{contrast}_design.tsv"));
            let columns = boldly::io::tsv::read(&design).unwrap().columns;
            if columns[1..] != case.columns {
                off.push(format!("{name}: columns {columns:?}"));
            }
        }
        let letter = if by.contains_key("t") { "t" } else { "F" };
        for (stat, want) in by {
            let got = match stat.as_str() {
                "dof" => dof(&out, contrast, letter),
                stat => map(&out, contrast, stat),
            };
            let report = compare(&format!("{name}: {stat} of {contrast}"), &got, want, RTOL, ATOL);
            off.extend(report.failure);
        }
    }
    off
}

/// Fails with all that is off.
#[track_caller]
fn holds(prefixes: &[&str]) {
    let off: Vec<String> = prefixes.iter().flat_map(|prefix| off(prefix)).collect();
    assert!(off.is_empty(), "{}", off.join("\n"));
}

#[test]
fn one_sample_and_its_zeros_are_scipys() {
    holds(&["one-sample", "zeros"]);
}

#[test]
fn two_samples_with_equal_and_unequal_variances_are_scipys() {
    holds(&["two-sample", "welch"]);
}

#[test]
fn single_groups_and_the_mean_of_groups_are_statsmodels() {
    holds(&["one-of-two", "mean-of-groups", "three-groups"]);
}

#[test]
fn ancova_is_statsmodels_whatever_it_is_centred_about() {
    holds(&["ancova", "covariate-unknown"]);
}

#[test]
fn regression_is_statsmodels() {
    holds(&["regression"]);
}

#[test]
fn a_pair_is_tested_on_its_differences() {
    holds(&["paired"]);
}

#[test]
fn two_groups_at_two_times_have_the_error_of_each_contrast() {
    holds(&["mixed", "mixed-"]);
}

#[test]
fn a_crossover_is_adjusted_for_period_where_the_table_has_it() {
    holds(&["within"]);
}

#[test]
fn repeated_measures_are_those_of_statsmodels_analysis_of_variance() {
    holds(&["one-way", "two-way"]);
}

#[test]
fn each_pattern_of_missing_subjects_is_a_model_of_its_own() {
    holds(&["min-subjects"]);
}

#[test]
fn a_formulas_columns_are_patsys_and_its_tests_statsmodels() {
    holds(&["formula"]);
}

#[test]
fn a_matrix_of_fsl_is_taken_by_its_rows() {
    holds(&["matrix"]);
}
