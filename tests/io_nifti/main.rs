//! Images in and out. Oracles: nibabel (goldens and, with BOLDLY_ORACLE_PYTHON, nibabel itself; see
//! tests/oracles/nifti.py) and the `nifti` crate's own reader.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::path::{Path, PathBuf};

use boldly::io::BoldFile;
use boldly::volume::{Block, Grid};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

mod maps;
mod reading;
mod specimens;
mod writing;

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/io")
}

fn golden() -> Map<String, Value> {
    let text = fs::read_to_string(goldens().join("golden.json")).unwrap();
    let golden: Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert!(golden.len() >= 72, "{} goldens", golden.len());
    golden
}

fn floats(value: &Value) -> Vec<f64> {
    let one = |v: &Value| v.as_f64().unwrap_or_else(|| v.as_str().unwrap().parse().unwrap());
    value.as_array().unwrap().iter().map(one).collect()
}

fn read_whole(bold: &mut BoldFile) -> Vec<f32> {
    bold.read(&Block::whole(bold.grid.shape, bold.n_volumes)).unwrap().data
}

fn bits(values: &[f32]) -> Vec<u32> {
    // Every NaN alike.
    values.iter().map(|v| if v.is_nan() { u32::MAX } else { v.to_bits() }).collect()
}

/// An oblique grid with three different extents and voxel sizes.
fn grid(shape: [usize; 3]) -> Grid {
    let (s, c) = 0.3_f64.sin_cos();
    Grid {
        shape,
        affine: [
            [-3.0, 0.0, 0.0, 30.5],
            [0.0, 2.5 * c, -3.5 * s, -20.0],
            [0.0, 2.5 * s, 3.5 * c, 11.25],
            [0.0, 0.0, 0.0, 1.0],
        ],
        voxel_size_mm: [3.0, 2.5, 3.5],
        is_placed: true,
    }
}

/// In hexadecimal, as the goldens have it.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.37 - 5.0).sin() * 1000.0).collect()
}
