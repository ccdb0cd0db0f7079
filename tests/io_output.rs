//! Outputs are all or nothing, whatever stops them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use boldly::Error;
use boldly::io::hash::{self, Checksum};
use boldly::io::sample::SampleType;
use boldly::io::{Header, Outputs, Overwrite, interrupt};
use boldly::volume::{Block, Grid, HostBold};

fn grid(shape: [usize; 3]) -> Grid {
    let affine =
        [[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    Grid { shape, affine, voxel_size_mm: [2.0; 3], is_placed: true }
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

#[test]
fn the_checksum_of_every_kind_of_output_is_that_of_the_file_on_disk() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let mut outputs = Outputs::new();
    let (shape, n) = ([5, 3, 2], 4);
    let (map, run) = (Header::new(&grid(shape), None), Header::new(&grid(shape), Some(2.0)));
    let values = |n: usize| (0..n).map(|i| (i as f32).sin()).collect::<Vec<f32>>();
    outputs.text(&at("a.tsv"), "1\t2\n").unwrap();
    outputs.text(&at("empty.tsv"), "").unwrap();
    outputs.compressed(&at("b.tsv.gz"), b"1\t2\n").unwrap();
    for ending in ["nii", "nii.gz"] {
        outputs.map(&at(&format!("map.{ending}")), &map, &values(30)).unwrap();
        let rows = [values(30), values(30)];
        let rows: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
        outputs.maps(&at(&format!("maps.{ending}")), &map, &rows).unwrap();
        let how = (SampleType::I16, 0.25);
        outputs.stored(&at(&format!("stored.{ending}")), &map, how, &[7; 60]).unwrap();
        let volumes = |volumes| Block { volumes, ..Block::whole(shape, n) };
        let planes =
            |planes: Range<usize>| Block { core: planes.clone(), planes, ..Block::whole(shape, n) };
        for (name, blocks) in [
            ("whole", vec![Block::whole(shape, n)]),
            ("in-order", vec![volumes(0..1), volumes(1..4)]),
            ("backwards", vec![volumes(2..4), volumes(0..2)]),
            ("planes", vec![planes(0..1), planes(1..2)]),
        ] {
            let mut writer =
                outputs.bold(&at(&format!("{name}.{ending}")), &run.for_bold(n)).unwrap();
            for block in blocks {
                writer.write_block(&HostBold::new(block.clone(), values(block.len()))).unwrap();
            }
            writer.finish().unwrap();
        }
    }
    outputs.sidecar(&at("map.json"), "{}").unwrap();
    let before = outputs.checksums();
    outputs.commit().unwrap();
    assert_eq!(outputs.checksums(), before);
    assert_eq!(before.len(), listing(root.path()).len() - 1, "all but the sidecar");
    for (path, checksum) in before {
        let hex = blake3::hash(&fs::read(&path).unwrap()).to_hex().to_string();
        assert_eq!(checksum, Checksum::Blake3(hex), "{path:?}");
        assert_eq!(checksum, hash::file(&path).unwrap(), "{path:?}");
    }
}

#[test]
fn the_bytes_of_compressed_outputs_are_those_of_earlier_versions() {
    let root = tempfile::tempdir().unwrap();
    let mut outputs = Outputs::new();
    let shape = [40, 30, 20];
    // The text that is written else names the version.
    let header = Header { descrip: "a pin".into(), ..Header::new(&grid(shape), None) };
    let value = |i: usize| if i % 40 < 9 { 0.0 } else { (i * 7919 % 1013) as f32 * 0.25 };
    let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
    outputs.map(&root.path().join("map.nii.gz"), &header, &values).unwrap();
    let table: String = (0..5000).map(|i| format!("{i}\t{}\n", i * i % 97)).collect();
    outputs.compressed(&root.path().join("table.tsv.gz"), table.as_bytes()).unwrap();
    let checksums: Vec<String> =
        outputs.checksums().iter().map(|(_, checksum)| checksum.hex().to_owned()).collect();
    outputs.commit().unwrap();
    assert_eq!(
        checksums,
        [
            "efc96a0e3a71f61ddee0c9c2cac6950ba903a6e0c4a90b3559fcc669d7ff5aa6",
            "be1c6cd022844cde4a9b6bcad9d78ae7ba6aea3fdfb60e860ce46b826605d500"
        ]
    );
}

#[test]
fn a_target_is_replaced_only_where_it_is_as_boldly_made_it() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("t.nii");
    Overwrite::Own.refuse_foreign(&path, None).unwrap();
    fs::write(&path, "made").unwrap();
    let known = hash::bytes(b"made");
    Overwrite::Own.refuse_foreign(&path, Some(&known)).unwrap();
    // printf other | sha256sum
    let older = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";
    let older = Checksum::Sha256(older.to_owned());
    for (known, word) in [(None, "nothing says"), (Some(&older), "was changed")] {
        let error = Overwrite::Own.refuse_foreign(&path, known).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.contains(word) && text.contains("--overwrite"), "{text}");
        Overwrite::Anything.refuse_foreign(&path, known).unwrap();
    }
    fs::write(&path, "by hand").unwrap();
    assert!(Overwrite::Own.refuse_foreign(&path, Some(&known)).is_err());
}

#[test]
fn two_writers_of_one_name_share_no_file_and_the_later_commit_stands() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.tsv");
    let (mut first, mut second) = (Outputs::new(), Outputs::new());
    first.text(&path, "first").unwrap();
    second.text(&path, "second").unwrap();
    second.commit().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    first.commit().unwrap();
    second.text(&path, "second again").unwrap();
    second.commit().unwrap();
    assert_eq!(second.checksums(), [(path.clone(), hash::bytes(b"second again"))]);
    drop((first, second));
    assert_eq!(fs::read_to_string(&path).unwrap(), "second again");
    assert_eq!(listing(root.path()), ["a.tsv"]);
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
    assert_passed(&child("", "child_is_interrupted_behind_its_first_files"));
    #[cfg(target_os = "linux")]
    assert_passed(&child("", "child_loses_its_terminal"));
    #[cfg(target_os = "linux")]
    assert_passed(&child("trap '' HUP;", "child_outlives_its_terminal"));
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
    assert_eq!(interrupt::told(Error::Interrupted).to_string(), "interrupted; nothing was written");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
#[cfg(unix)]
fn child_is_interrupted_behind_its_first_files() {
    interrupt::install().unwrap();
    let root = tempfile::tempdir().unwrap();
    let mut outputs = Outputs::new();
    outputs.text(&root.path().join("a.json"), "{}").unwrap();
    outputs.text(&root.path().join("b.json"), "{}").unwrap();
    outputs.commit().unwrap();
    signal_hook::low_level::raise(signal_hook::consts::SIGINT).unwrap();
    let told = interrupt::told(interrupt::check().unwrap_err());
    assert_eq!(told.exit_code(), 130);
    let words =
        "interrupted; 2 files written before are complete and stay, nothing is half-written";
    assert_eq!(told.to_string(), words);
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

#[test]
#[ignore = "run by another test, in a process of its own"]
#[cfg(target_os = "linux")]
fn child_loses_its_terminal() {
    interrupt::install().unwrap();
    let root = tempfile::tempdir().unwrap();
    let outputs = Outputs::new();
    outputs.text(&root.path().join("a.json"), "{}").unwrap();
    for _ in 0..2 {
        signal_hook::low_level::raise(signal_hook::consts::SIGHUP).unwrap();
        assert_eq!(interrupt::check().unwrap_err().exit_code(), 130);
    }
    drop(outputs);
    assert!(listing(root.path()).is_empty());
}

#[test]
#[ignore = "run by another test, under a shell that ignores the signal"]
#[cfg(target_os = "linux")]
fn child_outlives_its_terminal() {
    interrupt::install().unwrap();
    signal_hook::low_level::raise(signal_hook::consts::SIGHUP).unwrap();
    interrupt::check().unwrap();
}
