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

/// Starts a command, asks it to stop 3 s after it said something on standard error, and waits for its end: its exit code, and all that it said.
#[cfg(unix)]
pub fn stopped(command: &mut Command, when: &str) -> (Option<i32>, String) {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut told = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        told += &format!("{line}\n");
        if line.starts_with(when) {
            std::thread::sleep(std::time::Duration::from_secs(3));
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        }
    }
    (child.wait().unwrap().code(), told)
}
