//! Outputs are all or nothing, whatever stops them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::path::Path;
use std::process::Command;

use boldly::io::{Header, Outputs, interrupt};
use boldly::volume::{Block, Grid, HostBold};

fn grid(shape: [usize; 3]) -> Grid {
    let affine =
        [[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    Grid { shape, affine, voxel_size_mm: [2.0; 3] }
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_has_its_name_before_the_commit_and_everything_after_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("new/deep");
    let mut outputs = Outputs::new();
    outputs.text(&folder.join("a.json"), "{}\n").unwrap();
    outputs.compressed(&folder.join("b.tsv.gz"), b"1\t2\n").unwrap();
    outputs.map(&folder.join("c.nii.gz"), &Header::new(&grid([2; 3]), None), &[0.5; 8]).unwrap();
    assert!(listing(&folder).iter().all(|n| n.starts_with(".boldly-")));
    outputs.commit().unwrap();
    drop(outputs);
    assert_eq!(listing(&folder), ["a.json", "b.tsv.gz", "c.nii.gz"]);
    assert_eq!(fs::read_to_string(folder.join("a.json")).unwrap(), "{}\n");
}

#[test]
fn without_a_commit_files_and_new_folders_vanish_and_old_ones_stay() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("old.json"), "old").unwrap();
    let outputs = Outputs::new();
    outputs.text(&root.path().join("old.json"), "new").unwrap();
    outputs.text(&root.path().join("new/deep/a.json"), "{}").unwrap();
    let header = Header::new(&grid([2; 3]), Some(2.0)).for_bold(3);
    let writer = outputs.bold(&root.path().join("new/run.nii"), &header).unwrap();
    drop(outputs);
    drop(writer);
    assert_eq!(listing(root.path()), ["old.json"]);
    assert_eq!(fs::read_to_string(root.path().join("old.json")).unwrap(), "old");
}

#[test]
fn a_commit_with_an_unfinished_run_renames_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mut outputs = Outputs::new();
    outputs.text(&root.path().join("a.json"), "{}").unwrap();
    let header = Header::new(&grid([2; 3]), Some(2.0)).for_bold(3);
    let _writer = outputs.bold(&root.path().join("run.nii.gz"), &header).unwrap();
    assert_eq!(outputs.commit().unwrap_err().exit_code(), 70);
    drop(outputs);
    assert!(listing(root.path()).is_empty());
}

#[test]
fn names_that_cannot_be_written_are_output_errors() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    fs::create_dir(root.path().join("folder.json")).unwrap();
    let outputs = Outputs::new();
    for (name, word) in [
        ("file/a.json", "lies below a file"),
        ("file/deep/a.json", "lies below a file"),
        ("folder.json", "is a folder"),
    ] {
        let error = outputs.text(&root.path().join(name), "{}").unwrap_err();
        assert_eq!(error.exit_code(), 74, "{error}");
        assert!(error.to_string().contains(word) && error.to_string().contains(name), "{error}");
    }
    #[cfg(unix)]
    assert_eq!(outputs.text(Path::new("/dev/null"), "{}").unwrap_err().exit_code(), 74);
    outputs.text(&root.path().join("a.json"), "{}").unwrap();
    assert_eq!(outputs.text(&root.path().join("a.json"), "{}").unwrap_err().exit_code(), 2);
    drop(outputs);
    assert_eq!(listing(root.path()), ["file", "folder.json"]);
}

#[test]
fn a_map_of_another_size_than_its_header_is_an_internal_error() {
    let root = tempfile::tempdir().unwrap();
    let header = Header::new(&grid([2; 3]), None);
    let error = Outputs::new().map(&root.path().join("a.nii"), &header, &[0.0; 7]).unwrap_err();
    assert_eq!(error.exit_code(), 70);
}

/// Runs an ignored test of this file in a process of its own, behind `prefix` of a shell line.
#[cfg(unix)]
fn child(prefix: &str, test: &str) -> std::process::Output {
    Command::new("sh")
        .args(["-c", &format!("{prefix} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output()
        .unwrap()
}

#[cfg(unix)]
fn assert_passed(output: &std::process::Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
}

#[test]
#[cfg(unix)]
fn a_file_size_limit_is_an_output_error_and_leaves_nothing() {
    assert_passed(&child("ulimit -f 64;", "child_writes_beyond_the_limit"));
}

#[test]
#[ignore = "run by another test, under ulimit -f"]
#[cfg(unix)]
fn child_writes_beyond_the_limit() {
    interrupt::install().unwrap();
    let root = tempfile::tempdir().unwrap();
    let header = Header::new(&grid([64; 3]), Some(2.0)).for_bold(4);
    let outputs = Outputs::new();
    let error = outputs.bold(&root.path().join("run.nii"), &header).unwrap_err();
    assert!(error.to_string().contains("ulimit -f"), "{error}");
    assert_eq!(error.exit_code(), 74);
    let noise: Vec<f32> = (0..64 * 64 * 64 * 4).map(|i| (i as f32).sin()).collect();
    let mut writer = outputs.bold(&root.path().join("run.nii.gz"), &header).unwrap();
    let written = writer
        .write_block(&HostBold::new(Block::whole([64; 3], 4), noise))
        .and_then(|()| writer.finish());
    assert_eq!(written.unwrap_err().exit_code(), 74);
    assert_eq!(
        outputs.bytes(&root.path().join("b"), &vec![1; 1 << 20]).unwrap_err().exit_code(),
        74
    );
    drop(outputs);
    assert!(listing(root.path()).is_empty());
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_the_work_and_leaves_nothing() {
    assert_passed(&child("", "child_is_interrupted"));
    let second = child("", "child_is_interrupted_twice");
    assert_eq!(second.status.code(), Some(130), "the second Ctrl-C ends the process at once");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
#[cfg(unix)]
fn child_is_interrupted() {
    interrupt::install().unwrap();
    interrupt::install().unwrap();
    let root = tempfile::tempdir().unwrap();
    let mut outputs = Outputs::new();
    outputs.text(&root.path().join("new/a.json"), "{}").unwrap();
    assert!(interrupt::check().is_ok());
    signal_hook::low_level::raise(signal_hook::consts::SIGTERM).unwrap();
    assert_eq!(interrupt::check().unwrap_err().exit_code(), 130);
    assert_eq!(outputs.text(&root.path().join("b.json"), "{}").unwrap_err().exit_code(), 130);
    assert_eq!(outputs.commit().unwrap_err().exit_code(), 130);
    drop(outputs);
    assert!(listing(root.path()).is_empty());
}

#[test]
#[ignore = "run by another test, in a process of its own"]
#[cfg(unix)]
fn child_is_interrupted_twice() {
    interrupt::install().unwrap();
    for _ in 0..2 {
        signal_hook::low_level::raise(signal_hook::consts::SIGINT).unwrap();
    }
}
