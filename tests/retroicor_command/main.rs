//! `boldly retroicor` as a user meets it: runs and echoes in one call, any of the sets, resampled data, proof maps.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use binary::{boldly, said, succeeded};
use boldly::io::BoldFile;
use boldly::stats::least_squares::orthonormal_basis;
use boldly::volume::{Block, HostBold};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};

mod another_task;
mod before;
#[path = "../binary/mod.rs"]
mod binary;
mod chained;
mod chance;
#[path = "../common/mod.rs"]
mod common;
mod few;
mod packed_anew;
mod proof;
mod resampled;
mod runs;
mod stored;
mod two_steps;

const SHAPE: &str = "--shape 9,10,6 --voxel-size 16,16,20 --volumes 60 --multiband 1";

/// Runs a command that must succeed; what it said on standard error. It may take the place of what one before it made.
fn well(dir: &Path, line: &str) -> String {
    let makes = ["retroicor", "smooth", "glm"].iter().any(|command| line.starts_with(command));
    let line = match line.contains("--overwrite") || !makes {
        true => line.to_owned(),
        false => format!("{line} --overwrite"),
    };
    said(&succeeded(&line, boldly(dir, &line)))
}

/// Runs a command that must fail with this code and say these words.
fn refused(dir: &Path, line: &str, code: i32, words: &[&str]) {
    let output = boldly(dir, line);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{line}: {said}");
    for word in words {
        assert!(said.contains(word), "{line}: no {word:?} in {said}");
    }
}

fn adapter() -> String {
    std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned())
}

/// Two simulated runs in one flat folder: `run-N_bold.nii.gz` with its JSON, events and recording.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for run in [1, 2] {
        well(dir, &format!("simulate made{run} {SHAPE} --seed {run} -q"));
        let made = dir.join(format!("made{run}"));
        let copy = |from: &str, to: String| fs::copy(made.join(from), dir.join(to)).unwrap();
        copy("task-pain_bold.json", format!("run-{run}_bold.json"));
        let func = "sub-01/func/sub-01_task-pain";
        for end in ["bold.nii.gz", "events.tsv", "physio.tsv.gz", "physio.json"] {
            copy(&format!("{func}_{end}"), format!("run-{run}_{end}"));
        }
    }
    folder
}

/// The run scaled, as an echo with less signal, under another name.
fn echo(dir: &Path, from: &str, to: &str, scale: f32) {
    let mut file = BoldFile::open(&dir.join(from)).unwrap();
    let mut bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    bold.data.iter_mut().for_each(|v| *v *= scale);
    let header = file.header.for_bold(file.n_volumes);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join(to), &header, &bold.data).unwrap();
    outputs.commit().unwrap();
}

fn read(path: &Path) -> HostBold {
    let mut file = BoldFile::open(path).unwrap();
    let whole = Block::whole(file.grid.shape, file.n_volumes);
    file.read(&whole).unwrap()
}

fn own(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["boldly"].clone()
}

fn set_json(path: &Path, change: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// What a correction took from each voxel `[volume][voxel]`.
fn taken(dir: &Path, raw: &str, clean: &str) -> (HostBold, Array2<f64>) {
    let (raw, clean) = (read(&dir.join(raw)), read(&dir.join(clean)));
    let n_voxels = raw.block.volume_len();
    let taken = Array2::from_shape_fn((raw.block.volumes.len(), n_voxels), |(t, v)| {
        f64::from(raw.data[t * n_voxels + v]) - f64::from(clean.data[t * n_voxels + v])
    });
    (raw, taken)
}

/// The largest share of what was taken that lies outside the span of the columns.
fn outside_of(columns: &Array2<f64>, taken: &[Array1<f64>]) -> f64 {
    let basis = orthonormal_basis(columns.view()).unwrap();
    let outside = |y: &Array1<f64>| {
        let rest = y - &basis.dot(&basis.t().dot(y));
        rest.dot(&rest).sqrt() / y.dot(y).sqrt().max(1.0)
    };
    taken.iter().map(outside).fold(0.0, f64::max)
}

/// Rows of a table of numbers.
fn table(path: &Path, names: &[&str]) -> Array2<f64> {
    let table = boldly::io::tsv::read(path).unwrap();
    let at: Vec<usize> =
        names.iter().map(|n| table.columns.iter().position(|c| c == n).unwrap()).collect();
    Array2::from_shape_fn((table.rows.len(), at.len()), |(t, j)| {
        table.rows[t][at[j]].parse().unwrap()
    })
}
