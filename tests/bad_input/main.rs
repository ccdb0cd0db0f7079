//! Every bad input the issue tracker has seen: the binary must say which thing is wrong, what it is and what it must be, exit
//! with the code of its class, and leave nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

mod dataset;

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
                   --contrast painControl=pain-control --out out --device cpu";
const PHYSIO: &str = "glm bold.nii --events events.tsv --mask mask.nii --physio physio.tsv.gz --terms 1/1/0 \
                      --contrast pain --out out --device cpu";
const RETROICOR: &str = "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --out clean.nii.gz --device cpu";
const SMOOTH: &str = "smooth bold.nii --fwhm 5 --out smooth.nii.gz --device cpu";

fn nothing(_: &Path) {}

fn cases() -> Vec<Case> {
    let case = |name, spoil, line, code, says| Case { name, spoil, line, code, says };
    vec![
        case("a missing file", |d| remove(d, "bold.nii"), GLM, 66, &["bold.nii"]),
        case(
            "not NIfTI",
            |d| text(d, "bold.nii", &"hello ".repeat(100)),
            GLM,
            65,
            &["bold.nii", "NIfTI"],
        ),
        case(
            "a truncated gz",
            truncated_gz,
            "glm bold.nii.gz --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            65,
            &["bold.nii.gz"],
        ),
        case("truncated data", |d| cut(d, "bold.nii", 5000), GLM, 65, &["bold.nii", "bytes"]),
        case(
            "3-D where 4-D is needed",
            |d| copy(d, "mask.nii", "bold.nii"),
            GLM,
            65,
            &["bold.nii", "4-D"],
        ),
        case(
            "a mask of another shape",
            |d| nifti(d, "mask.nii", &[5, 5, 4], 3.0, |_| 1.0),
            GLM,
            65,
            &["mask.nii", "5x5x4", "6x5x4"],
        ),
        case(
            "a mask of another affine",
            |d| nifti(d, "mask.nii", &SHAPE[..3], 2.0, |_| 1.0),
            GLM,
            65,
            &["mask.nii", "affine"],
        ),
        case(
            "an empty mask",
            |d| nifti(d, "mask.nii", &SHAPE[..3], 3.0, |_| 0.0),
            GLM,
            65,
            &["mask.nii"],
        ),
        case(
            "an all-zero run",
            |d| nifti(d, "bold.nii", &SHAPE, 3.0, |_| 0.0),
            "glm bold.nii --events events.tsv --contrast pain --out out --device cpu",
            65,
            &["bold.nii", "--mask"],
        ),
        case(
            "events beyond the run",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n500\t10\tpain\n10\t10\tcontrol\n",
                )
            },
            GLM,
            65,
            &["events.tsv", "500"],
        ),
        case(
            "events without onset",
            |d| text(d, "events.tsv", "start\tduration\ttrial_type\n5\t10\tpain\n"),
            GLM,
            65,
            &["events.tsv", "onset"],
        ),
        case(
            "events with commas",
            |d| text(d, "events.tsv", "onset,duration,trial_type\n5,10,pain\n"),
            GLM,
            65,
            &["events.tsv", "tab"],
        ),
        case(
            "confounds with another number of rows",
            |d| text(d, "confounds.tsv", "trans_x\n1\n2\n3\n"),
            GLM,
            65,
            &["confounds.tsv", "3 rows", "40"],
        ),
        case(
            "confounds with n/a",
            na_confounds,
            GLM,
            65,
            &["confounds.tsv", "trans_x", "n/a", "--na"],
        ),
        case(
            "a confound that is not there",
            nothing,
            "glm bold.nii --events events.tsv --confounds confounds.tsv --columns trans_q --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["trans_q"],
        ),
        case(
            "physio that does not cover the run",
            |d| physio(d, 25.0, 50.0, true),
            PHYSIO,
            65,
            &["physio.tsv.gz", "cover"],
        ),
        case(
            "physio with a wrong sampling rate",
            |d| physio_json(d, 5.0, true),
            PHYSIO,
            65,
            &["SamplingFrequency"],
        ),
        case(
            "physio without cardiac",
            |d| physio(d, 120.0, 50.0, false),
            PHYSIO,
            66,
            &["cardiac", "--terms"],
        ),
        case(
            "SliceTiming in ms",
            |d| sidecar(d, "[0, 500, 1000, 1500]"),
            PHYSIO,
            65,
            &["SliceTiming", "ms"],
        ),
        case(
            "SliceTiming of wrong length",
            |d| sidecar(d, "[0, 0.5, 1.0]"),
            PHYSIO,
            65,
            &["SliceTiming", "3", "4"],
        ),
        case(
            "SliceTiming missing",
            |d| text(d, "bold.json", "{\"RepetitionTime\": 2.0}"),
            PHYSIO,
            66,
            &["SliceTiming", "--slice-times"],
        ),
        case(
            "SliceTiming missing for retroicor",
            |d| text(d, "bold.json", "{\"RepetitionTime\": 2.0}"),
            RETROICOR,
            66,
            &["SliceTiming", "--slice-times"],
        ),
        case(
            "a negative FWHM",
            nothing,
            "smooth bold.nii --fwhm -5 --out smooth.nii.gz --device cpu",
            2,
            &["FWHM", "-5"],
        ),
        case(
            "a negative FWHM in glm",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --fwhm -1 --out out --device cpu",
            2,
            &["FWHM", "-1"],
        ),
        case(
            "an unknown contrast column",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pane --out out --device cpu",
            2,
            &["pane", "pain"],
        ),
        case(
            "a contrast that is not estimable",
            twin_columns,
            "glm bold.nii --design design.tsv --mask mask.nii --contrast a --out out --device cpu",
            65,
            &["estimable"],
        ),
        case(
            "more columns than volumes",
            wide_design,
            "glm bold.nii --design design.tsv --mask mask.nii --contrast c0 --out out --device cpu",
            65,
            &["41", "40"],
        ),
        case(
            "an output path below a regular file",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out events.tsv/out --device cpu",
            74,
            &["events.tsv"],
        ),
        case(
            "a smoothed image below a regular file",
            nothing,
            "smooth bold.nii --fwhm 5 --out events.tsv/smooth.nii --device cpu",
            74,
            &["events.tsv"],
        ),
        case(
            "no contrast",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --out out --device cpu",
            2,
            &["--contrast"],
        ),
        case(
            "neither events nor design",
            nothing,
            "glm bold.nii --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["--events"],
        ),
        case(
            "an adapter that does not exist",
            nothing,
            "smooth bold.nii --fwhm 5 --out smooth.nii.gz --device nonesuch",
            69,
            &["nonesuch"],
        ),
        case(
            "an unknown output ending",
            nothing,
            "smooth bold.nii --fwhm 5 --out smooth.mgz --device cpu",
            2,
            &[".nii"],
        ),
        case(
            "two contrasts of one name",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast a=pain --contrast a=control --out out --device cpu",
            2,
            &["a"],
        ),
        case("verify of an empty folder", nothing, "verify empty", 66, &["empty"]),
    ]
}

#[test]
fn every_bad_input_gets_its_message_and_exit_code_and_leaves_nothing() {
    let mut failures = Vec::new();
    for case in cases() {
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
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_good_dataset_passes_every_command_the_table_spoils() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    good_dataset(folder.path());
    for line in [GLM, RETROICOR, SMOOTH] {
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
    assert_eq!(count("voxels_constant"), Some(2), "{message}");
    let read = |stat: &str| {
        let path = dir.join(format!("out/contrast-painControl_stat-{stat}_statmap.nii.gz"));
        boldly::io::read_map(&path).expect("a map").2
    };
    let (t, p) = (read("t"), read("p"));
    let rest = GLM.replace("--mask mask.nii", "").replace("--out out", "--out made");
    let output = boldly(dir, &format!("{rest} --json"));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(json["counts"]["voxels_not_finite"], 2, "with a mask made from the mean: {json}");
    for voxel in [7, 8, 9, 10] {
        assert_eq!((t[voxel], p[voxel]), (0.0, 1.0), "voxel {voxel}");
    }
    assert!(t.iter().all(|t| t.is_finite()) && t.iter().filter(|&&t| t != 0.0).count() == 116);
}

#[cfg(unix)]
#[test]
fn a_file_size_limit_hit_while_writing_is_an_output_error_that_leaves_nothing() {
    for line in [SMOOTH, GLM, "smooth bold.nii --fwhm 5 --out smooth.nii --device cpu"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path();
        good_dataset(dir);
        let before = listing(dir);
        let script = format!(
            "ulimit -f 1; exec {} {}",
            env!("CARGO_BIN_EXE_boldly"),
            line.replace("trans_*", "trans_x")
        );
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(dir).output().expect("bash");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{line}: {message}");
        assert_eq!(listing(dir), before, "{line}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_in_the_middle_exits_130_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    nifti(dir, "bold.nii", &[64, 64, 40, 160], 3.0, value);
    let before = listing(dir);
    let mut child = Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args("smooth bold.nii --fwhm 12 --out smooth.nii.gz --device cpu".split(' '))
        .current_dir(dir)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // once the temporary output is there, the work is under way
    let began = std::time::Instant::now();
    while listing(dir) == before && began.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.is_ok_and(|s| s.success()), "the process was still there to interrupt");
    let code = child.wait().expect("it ends").code();
    assert_eq!((code, listing(dir)), (Some(130), before));
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
