//! The binary as a user calls it: a command line in a folder.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `boldly` with the words of a line in `dir`.
pub fn boldly(dir: &Path, line: &str) -> Output {
    with_words(dir, line.split_whitespace())
}

/// Runs `boldly` with words that may hold spaces.
pub fn with_words(dir: &Path, words: impl Iterator<Item = impl AsRef<OsStr>>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
    command.args(words).current_dir(dir).output().unwrap()
}

/// What a command said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A command that must succeed.
#[track_caller]
pub fn succeeded(line: &str, output: Output) -> Output {
    assert!(output.status.success(), "{line}: {}", said(&output));
    output
}

/// A small simulated study.
pub fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = "simulate study --shape 9,10,8 --voxel-size 12,12,12 --volumes 40 --seed 5 --quiet";
    succeeded(line, boldly(folder.path(), line));
    folder
}

/// Runs a command that must succeed.
#[track_caller]
pub fn run(dir: &Path, line: &str) {
    succeeded(line, boldly(dir, line));
}
