//! Goldens of nilearn's OLS (tests/oracles/nilearn_ols.py), and the binary run on the same input.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use boldly::io;
use serde::Deserialize;

use crate::common::assert_close;

/// Values at voxels are stored as f32 by boldly (6e-8) and with 12 digits by the golden; the rest is another f64 algorithm.
pub const RTOL: f64 = 1e-6;
/// p below the smallest normal f32 cannot be told from 0.
pub const P_ATOL: f64 = f32::MIN_POSITIVE as f64;

/// What an oracle script kept.
#[derive(Debug, Deserialize)]
pub struct Golden {
    pub mask_count: usize,
    pub contrasts: BTreeMap<String, Expected>,
    pub voxels: Vec<[usize; 3]>,
}

/// One contrast: summaries over the mask by statistic, and values at `Golden::voxels`.
#[derive(Debug, Deserialize)]
pub struct Expected {
    pub rows: Rows,
    pub peak: Peak,
    pub sum: BTreeMap<String, f64>,
    pub sum_of_magnitudes: BTreeMap<String, f64>,
    pub at_voxels: BTreeMap<String, Vec<f64>>,
}

/// One row makes t, several make F.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Rows {
    T(String),
    F(Vec<String>),
}

/// Where t or F is largest.
#[derive(Debug, Deserialize)]
pub struct Peak {
    pub voxel: [usize; 3],
    pub value: f64,
}

impl Golden {
    pub fn read(name: &str) -> Golden {
        let path = in_goldens(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"))
    }

    /// The options that ask for these contrasts.
    pub fn contrast_options(&self) -> Vec<String> {
        let option = |(name, expected): (&String, &Expected)| match &expected.rows {
            Rows::T(row) => ["--contrast".to_string(), format!("{name}={row}")],
            Rows::F(rows) => ["--f-contrast".to_string(), format!("{name}={}", rows.join("; "))],
        };
        self.contrasts.iter().flat_map(option).collect()
    }

    /// Compare every map in `out`. `tolerance(stat, want)` gives the relative and absolute part for a statistic.
    pub fn compare(&self, out: &Path, tolerance: &dyn Fn(&str) -> (f64, f64)) {
        let (grid, _, mask) = io::read_map(&out.join("mask.nii.gz")).unwrap();
        let inside = mask.iter().filter(|&&v| v != 0.0).count();
        assert_eq!(inside, self.mask_count, "voxels in the mask");
        let at = |[i, j, k]: [usize; 3]| i + grid.shape[0] * (j + grid.shape[1] * k);
        assert!(!self.contrasts.is_empty() && !self.voxels.is_empty());
        for (name, expected) in &self.contrasts {
            for (stat, want) in &expected.at_voxels {
                let (rtol, atol) = tolerance(stat);
                let map = read_map(out, name, stat);
                let what = format!("{name} {stat}");
                let got: Vec<f64> = self.voxels.iter().map(|&v| map[at(v)]).collect();
                assert_close(&what, &got, want, rtol, atol);
                let magnitudes = expected.sum_of_magnitudes[stat];
                let sum = [map.iter().zip(&mask).filter(|&(_, &m)| m != 0.0).map(|(v, _)| v).sum()];
                assert_close(
                    &format!("{what}, sum over the mask"),
                    &sum,
                    &[expected.sum[stat]],
                    0.0,
                    rtol * magnitudes + atol * inside as f64,
                );
                if stat == "t" || stat == "F" {
                    let best = (0..map.len()).max_by(|&a, &b| map[a].total_cmp(&map[b])).unwrap();
                    assert_eq!(best, at(expected.peak.voxel), "{what}: where the peak is");
                    assert_close(
                        &format!("{what} at its peak"),
                        &[map[best]],
                        &[expected.peak.value],
                        rtol,
                        atol,
                    );
                }
            }
        }
    }
}

/// A map of a contrast, `[voxel]`.
pub fn read_map(out: &Path, contrast: &str, stat: &str) -> Vec<f64> {
    let path = out.join(format!("contrast-{contrast}_stat-{stat}_statmap.nii.gz"));
    let (_, _, map) = io::read_map(&path).unwrap_or_else(|e| panic!("{e}"));
    map.into_iter().map(f64::from).collect()
}

/// f64 against f64.
pub fn on_the_cpu_path(stat: &str) -> (f64, f64) {
    (RTOL, if stat == "p" { P_ATOL } else { 0.0 })
}

/// A file of tests/goldens.
pub fn in_goldens(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

/// Run the binary; it must succeed.
pub fn boldly<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) {
    let run = Command::new(env!("CARGO_BIN_EXE_boldly")).args(arguments).output().unwrap();
    assert!(run.status.success(), "{}: {}", run.status, String::from_utf8_lossy(&run.stderr));
}
