//! `--device` as a user meets it: what `auto` takes and says, and a device that cannot be trusted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod binary;
mod test_adapter;

use std::path::Path;
use std::process::{Command, Output};

use binary::said;
use boldly::io::{Header, Outputs};
use boldly::volume::{Block, Grid, HostBold};

/// A small run.
fn write_run(dir: &Path) {
    let affine =
        [[3.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    let grid = Grid { shape: [6, 5, 4], affine, voxel_size_mm: [3.0; 3], is_placed: true };
    let block = Block::whole(grid.shape, 20);
    let data = (0..block.len()).map(|n| 1000.0 + (n * n % 97) as f32).collect();
    let mut outputs = Outputs::new();
    let header = Header::new(&grid, Some(2.0)).for_bold(20);
    let mut writer = outputs.bold(&dir.join("bold.nii"), &header).unwrap();
    writer.write_block(&HostBold::new(block, data)).unwrap();
    writer.finish().unwrap();
    outputs.commit().unwrap();
}

/// `boldly` on a machine that has a GPU whose driver runs nothing.
fn with_a_device_that_does_nothing(dir: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
    command.env("WGPU_NOOP_BACKEND", "1").args(line.split_whitespace());
    command.current_dir(dir).output().unwrap()
}

#[test]
fn a_device_that_does_nothing_is_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    write_run(dir.path());
    let line = "smooth bold.nii --fwhm 5 --out smooth.nii --device noop";
    let output = with_a_device_that_does_nothing(dir.path(), line);
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("does not compute"), "{}", said(&output));
    assert!(!dir.path().join("smooth.nii").exists());
    let listed = with_a_device_that_does_nothing(dir.path(), "devices --device cpu");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("cannot be used") && listed.contains("does not compute"), "{listed}");
}

#[test]
fn auto_keeps_the_cpu_path_for_one_run_and_says_why_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    write_run(dir.path());
    let run = |device: &str| {
        let line = format!("smooth bold.nii --fwhm 5 --out {device}.nii --device {device}");
        said(&binary::succeeded(&line, binary::boldly(dir.path(), &line)))
    };
    let auto = run("auto");
    let lines: Vec<&str> = auto.lines().filter(|line| line.starts_with("device: ")).collect();
    assert_eq!(lines.len(), 1, "{auto}");
    assert!(lines[0].starts_with("device: cpu, for 1 MB of runs take some 0.01 s"), "{auto}");
    assert!(lines[0].contains("--device gpu forces one"), "{auto}");
    assert!(!run("cpu").contains("device: "));
    let quiet = "smooth bold.nii --fwhm 5 --out quiet.nii --quiet";
    assert_eq!(said(&binary::succeeded(quiet, binary::boldly(dir.path(), quiet))), "");
}

#[cfg(target_os = "linux")]
#[test]
fn drivers_say_nothing_to_the_user() {
    let folder = tempfile::tempdir().unwrap();
    for runtime in [None, Some(""), Some("here/and/there")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
        command.args(["devices", "--device", &test_adapter::name()]).current_dir(folder.path());
        match runtime {
            Some(path) => command.env("XDG_RUNTIME_DIR", path),
            None => command.env_remove("XDG_RUNTIME_DIR"),
        };
        let output = command.output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{runtime:?}");
    }
}
