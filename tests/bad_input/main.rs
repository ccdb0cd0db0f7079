//! Bad inputs and what is said of them: the binary must say which thing is wrong, what it is and what it must be, exit with
//! the code of its class, and leave nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

mod belonging;
mod confounds;
mod connect;
mod dataset;
mod designs;
mod doubted;
mod echoes;
mod group;
mod group_models;
mod images;
mod lost;
mod lost_echoes;
mod options;
mod outputs;
mod physiology;
mod regions;
mod spent;
mod stored;
mod stored_space;
#[cfg(unix)]
mod surroundings;
mod tables;
mod trial;
#[cfg(unix)]
mod unix;
mod unplaced;
mod unusable;

use dataset::*;

/// What the table says of one input.
struct Case {
    name: &'static str,
    /// Spoils the good dataset in this folder.
    spoil: fn(&Path),
    /// The command line, relative to the folder.
    line: &'static str,
    code: i32,
    /// What the message must say.
    says: &'static [&'static str],
}

const GLM: &str = "glm bold.nii --events events.tsv --confounds confounds.tsv --columns trans_* --mask mask.nii \
                   --contrast painControl=pain-control --scaling none --out out --device cpu";
const PHYSIO: &str = "glm bold.nii --events events.tsv --mask mask.nii --physio physio.tsv.gz --terms 1/1/0 \
                      --contrast pain --out out --device cpu";
const RETROICOR: &str = "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --out clean.nii.gz --device cpu";
const DESIGN: &str =
    "glm bold.nii --design design.tsv --mask mask.nii --contrast a --out out --device cpu";
const SMOOTH: &str = "smooth bold.nii --fwhm 5 --out smooth.nii.gz --device cpu";

fn nothing(_: &Path) {}

fn case(
    name: &'static str,
    spoil: fn(&Path),
    line: &'static str,
    code: i32,
    says: &'static [&'static str],
) -> Case {
    Case { name, spoil, line, code, says }
}

fn cases() -> Vec<Case> {
    let themes = [
        belonging::cases(),
        designs::cases(),
        echoes::cases(),
        group::cases(),
        group_models::cases(),
        images::cases(),
        lost::cases(),
        tables::cases(),
        trial::cases(),
        physiology::cases(),
        regions::cases(),
        options::cases(),
        outputs::cases(),
        confounds::cases(),
        connect::cases(),
        spent::cases(),
        stored_space::cases(),
    ];
    themes.into_iter().flatten().collect()
}

#[test]
fn every_bad_input_gets_its_message_and_exit_code_and_leaves_nothing() {
    let mut failures = Vec::new();
    let cases = cases();
    let n = cases.len();
    for case in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path();
        good_dataset(dir);
        (case.spoil)(dir);
        let before = listing(dir);
        let output = boldly(dir, case.line);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut wrong = Vec::new();
        if output.status.code() != Some(case.code) {
            wrong.push(format!("exit {:?} instead of {}", output.status.code(), case.code));
        }
        if message.contains("panicked") {
            wrong.push("it panicked".to_owned());
        }
        for part in case.says.iter().filter(|part| !message.contains(**part)) {
            wrong.push(format!("the message lacks {part:?}"));
        }
        if listing(dir) != before {
            wrong.push(format!("left behind {:?}", listing(dir)));
        }
        if !wrong.is_empty() {
            failures.push(format!("{}: {}\n    {}", case.name, wrong.join("; "), message.trim()));
        }
    }
    assert!(failures.is_empty(), "{} of {n} cases:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_good_dataset_passes_every_command_the_table_spoils() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    good_dataset(folder.path());
    for line in [GLM, RETROICOR, SMOOTH, confounds::BRAIN] {
        let output = boldly(folder.path(), line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::remove_dir_all(folder.path().join("out")).expect("glm wrote a folder");
    let output = boldly(folder.path(), PHYSIO);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn nan_and_infinite_and_constant_voxels_are_counted_and_written_as_documented() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let per_volume = SHAPE[0] * SHAPE[1] * SHAPE[2];
    nifti(dir, "bold.nii", &SHAPE, 3.0, move |n| match n % 120 {
        7 if n / per_volume == 3 => f32::NAN,
        8 if n / per_volume == 5 => f32::INFINITY,
        9 => 0.0,
        10 => 123.0,
        _ => value(n),
    });
    let output = boldly(dir, &format!("{GLM} --json"));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let count = |name: &str| json["counts"][name].as_u64();
    assert_eq!(count("voxels_in_mask"), Some(120), "{json}");
    assert_eq!(count("voxels_not_finite"), Some(2), "{message}");
    assert_eq!(count("voxels_constant_in_some_run"), Some(2), "{message}");
    let read = |stat: &str| {
        let path = dir.join(format!("out/contrast-painControl_stat-{stat}_statmap.nii.gz"));
        boldly::io::read_map(&path).expect("a map").2
    };
    let (t, p) = (read("t"), read("p"));
    for voxel in [7, 8] {
        let values = ["effect", "variance", "z"].map(|stat| read(stat)[voxel]);
        assert_eq!(values, [0.0; 3], "voxel {voxel} is outside the mask");
    }
    let rest = GLM.replace("--mask mask.nii", "").replace("--out out", "--out made");
    let output = boldly(dir, &format!("{rest} --json"));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(json["counts"]["voxels_not_finite"], 2, "with a mask made from the mean: {json}");
    for voxel in [7, 8, 9, 10] {
        assert_eq!((t[voxel], p[voxel]), (0.0, 1.0), "voxel {voxel}");
    }
    assert!(t.iter().all(|t| t.is_finite()) && t.iter().filter(|&&t| t != 0.0).count() == 116);
}

#[test]
fn a_voxel_that_is_left_out_is_counted_once_by_its_first_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let per_volume = SHAPE[0] * SHAPE[1] * SHAPE[2];
    nifti(dir, "bold.nii", &SHAPE, 3.0, move |n| match n % 120 {
        7 if n / per_volume == 3 => f32::NAN,
        9 => 0.0,
        10 => 7.0,
        11 => 0.02 * value(n),
        12 => -value(n),
        _ => value(n),
    });
    let line = GLM.replace("--scaling none ", "--report --json ");
    let output = boldly(dir, &line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for told in [
        "warning: 1 mask voxel is not finite in some volume of bold.nii; it is outside (0",
        "warning: 2 mask voxels are constant over time in bold.nii",
        "warning: 2 mask voxels of bold.nii have a mean below 10 %",
    ] {
        assert!(said.contains(told), "no {told:?} in {said}");
    }
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let left = ["not_finite", "constant_in_some_run", "without_signal", "fitted"];
    let counts = left.map(|name| json["counts"][format!("voxels_{name}")].as_u64());
    assert_eq!(counts, [1, 2, 2, 115].map(Some), "{json}");
    let page = fs::read_to_string(dir.join("out/report.html")).expect("a page");
    let coverage = "115 of the 120 voxels that all masks share were fitted (95.8 %); 1 not finite in some volume, 2 constant in some run, \
                    2 without signal for their units";
    assert!(page.contains(coverage), "no {coverage:?} in the page");
}

#[test]
fn device_gpu_without_a_gpu_says_which_adapters_there_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let before = listing(dir);
    let line = "smooth bold.nii --fwhm 5 --out smooth.nii.gz --device gpu";
    // an empty list of drivers makes a machine without a GPU of any machine
    let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split(' '))
        .current_dir(dir)
        .env("VK_DRIVER_FILES", "/nonexistent.json")
        .output()
        .expect("the binary starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{message}");
    assert!(message.contains("--device cpu"), "{message}");
    assert_eq!(listing(dir), before);
}

fn boldly(dir: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split_whitespace())
        .current_dir(dir)
        .output()
        .expect("the binary starts")
}
