//! Surroundings that are not the tool's to choose: where messages go, who ends it, what lies in its folders, names that would
//! move a cursor.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::*;

const GLM_SHORT: &str =
    "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu";

/// A command with its streams where `arrange` puts them.
fn spawned(dir: &Path, line: &str, arrange: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
    command.args(line.split(' ')).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
    arrange(&mut command);
    command.spawn().expect("the binary starts")
}

fn full() -> Stdio {
    fs::OpenOptions::new().write(true).open("/dev/full").expect("a Linux device").into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_is_closed_or_full_fails_no_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let code = |line: &str, arrange: &dyn Fn(&mut Command)| {
        let mut child = spawned(dir, line, |c| arrange(c));
        drop((child.stderr.take(), child.stdout.take())); // a pipe without a reader
        child.wait().expect("it ends").code()
    };
    let lines = [
        GLM_SHORT,
        RETROICOR,
        SMOOTH,
        "verify out",
        "verify out --json",
        "confounds bold.nii --mask mask.nii --out c.tsv --device cpu",
        "physio --physio physio.tsv.gz --bold bold.nii --out p",
        "simulate made --shape 5,5,4 --voxel-size 16,16,16 --volumes 40",
    ];
    for line in lines {
        assert_eq!(
            code(line, &|c| {
                c.stderr(Stdio::piped());
            }),
            Some(0),
            "{line}"
        );
        assert_eq!(
            code(line, &|c| {
                c.stderr(full());
            }),
            Some(0),
            "{line}"
        );
        let both = |c: &mut Command| {
            c.stderr(Stdio::piped()).stdout(Stdio::piped());
        };
        assert_eq!(code(line, &both), Some(0), "{line}");
    }
    assert!(dir.join("out/contrast-pain_stat-t_statmap.json").is_file());
    // a result that cannot be written is an error, an error that cannot be said the same error
    for (line, want) in [
        ("verify out --json", 74),
        ("devices --device cpu", 74),
        ("--help", 74),
        ("glm bold.nii --nonsense", 2),
        ("smooth gone.nii --fwhm 5 --out x.nii", 66),
    ] {
        let both = |c: &mut Command| {
            c.stderr(full()).stdout(full());
        };
        assert_eq!(code(line, &both), Some(want), "{line}");
    }
}

#[test]
fn names_with_escape_sequences_reach_the_terminal_spelled_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let evil = "x\u{1b}]0;title\u{7}\u{1b}[2J\r\u{9b}31m\u{202e}";
    for (kind, name) in [("bold", "nii"), ("events", "tsv"), ("confounds", "tsv")] {
        fs::copy(dir.join(format!("{kind}.{name}")), dir.join(format!("{kind}{evil}.{name}")))
            .expect("a name");
    }
    fs::create_dir(dir.join(format!("made{evil}"))).expect("a name");
    text(
        dir,
        "columns.tsv",
        &fs::read_to_string(dir.join("confounds.tsv")).expect("text").replacen("trans_x", evil, 1),
    );
    text(dir, "design.tsv", &format!("a{evil}\tb\n{}", "1\t1\n".repeat(40)));
    for line in [
        "glm boldE.nii --events eventsE.tsv --confounds confoundsE.tsv --columns * --contrast pain --out outE --device cpu -v",
        "glm bold.nii --events events.tsv --confounds columns.tsv --columns * --contrast pain --out o2 --device cpu -v",
        "glm bold.nii --design design.tsv --contrast a --out outE --device cpu",
        "glm bold.nii --events events.tsv --contrast painE --out outE --device cpu",
        "smooth boldE.nii --fwhm 5 --out outE/sE.nii --device cpu",
        "smooth goneE.nii --fwhm 5 --out sE.nii --device cpu",
        "verify outE -v",
        "verify outE --json",
        "verify goneE",
        "confounds boldE.nii --mask mask.nii --out cE.tsv --device cpu",
        "physio --physio physio.tsv.gz --bold boldE.nii --out pE --json",
        "glm --optionE",
        "E",
        "simulate madeE --shape 5,5,4 --voxel-size 16,16,16 --volumes 40 --json",
    ] {
        let words = line.split(' ').map(|word| word.replace('E', evil));
        let output =
            Command::new(env!("CARGO_BIN_EXE_boldly")).args(words).current_dir(dir).output();
        let output = output.expect("the binary starts");
        for (stream, bytes) in [("stderr", &output.stderr), ("stdout", &output.stdout)] {
            let text = String::from_utf8(bytes.clone()).expect("UTF-8");
            let seen = text.chars().find(|&c| c != '\n' && (c.is_control() || c == '\u{202e}'));
            assert_eq!(seen, None, "{line}: {stream}: {text:?}");
        }
        assert!(output.status.code().is_some_and(|code| code != 101 && code != 70), "{line}");
    }
}

#[test]
fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
    for (file, line) in [
        ("bold.nii", SMOOTH),
        ("mask.nii", GLM),
        ("events.tsv", GLM),
        ("confounds.tsv", GLM),
        ("bold.json", "smooth bold.nii --fwhm 5 --out smooth.nii --device cpu"),
        ("physio.tsv.gz", RETROICOR),
        ("physio.json", RETROICOR),
        (
            "slices.txt",
            "glm bold.nii --events events.tsv --slice-times slices.txt --contrast pain --out out --device cpu",
        ),
        (
            "own.json",
            "glm bold.nii --events events.tsv --sidecar own.json --contrast pain --out out --device cpu",
        ),
        ("smooth.nii", "smooth bold.nii --fwhm 5 --out smooth.nii --device cpu"),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path();
        good_dataset(dir);
        let _ = fs::remove_file(dir.join(file));
        assert!(Command::new("mkfifo").arg(dir.join(file)).status().is_ok_and(|s| s.success()));
        let line = line.replace("trans_*", "trans_x");
        let mut child = spawned(dir, &line, |_| {});
        let code = ended(&mut child, &line).code();
        assert!([Some(65), Some(66), Some(74)].contains(&code), "{file}: {line}: {code:?}");
    }
}

#[test]
fn a_pipe_or_a_device_in_place_of_a_picture_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    trial::study(dir);
    assert!(Command::new("mkfifo").arg(dir.join("pipe.svg")).status().is_ok_and(|s| s.success()));
    for picture in ["pipe.svg", "/dev/zero"] {
        let line = format!("{} --picture {picture}", trial::TRIAL);
        let mut child = spawned(dir, &line, |_| {});
        assert_eq!(ended(&mut child, &line).code(), Some(65), "{line}");
        assert!(!dir.join("out").exists(), "{line}");
    }
}

#[test]
fn a_pipe_in_place_of_a_manual_page_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    assert!(Command::new("mkfifo").arg(dir.join("boldly.1")).status().is_ok_and(|s| s.success()));
    let mut child = spawned(dir, "manual .", |_| {});
    assert_eq!(ended(&mut child, "manual .").code(), Some(2));
    let kind = fs::symlink_metadata(dir.join("boldly.1")).expect("the pipe").file_type();
    assert!(!kind.is_file(), "it was replaced");
}

/// How it ends, within half a minute.
fn ended(child: &mut Child, line: &str) -> std::process::ExitStatus {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a child");
    panic!("{line} hangs");
}

#[test]
fn gzip_that_unpacks_to_far_more_than_a_table_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let bomb = gzip(&b"0\t0\t0\n".repeat(12 << 20));
    assert!(bomb.len() < 1 << 20);
    for (file, line) in [("events.tsv", GLM), ("physio.tsv.gz", RETROICOR)] {
        let kept = fs::read(dir.join(file)).expect("a file");
        fs::write(dir.join(file), &bomb).expect("a writable folder");
        let output = boldly(dir, line);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(65), "{message}");
        assert!(message.contains(file) && message.contains("more than 64 MiB"), "{message}");
        fs::write(dir.join(file), kept).expect("a writable folder");
    }
}

#[test]
fn whatever_ends_a_command_nothing_of_it_stays_and_kill_9_is_swept_by_the_next() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    nifti(dir, "bold.nii", &[64, 64, 40, 160], 3.0, value);
    let before = listing(dir);
    let line = "smooth bold.nii --fwhm 12 --out smooth.nii.gz --device cpu";
    for (signal, code) in [("-TERM", Some(130)), ("-HUP", Some(130)), ("-KILL", None)] {
        let mut child = spawned(dir, line, |_| {});
        let began = Instant::now();
        while listing(dir) == before && began.elapsed().as_secs() < 60 {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(20));
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(killed.is_ok_and(|s| s.success()), "it was still there to end");
        assert_eq!(ended(&mut child, line).code(), code, "{signal}");
        assert_eq!(listing(dir) == before, signal != "-KILL", "{signal}: {:?}", listing(dir));
    }
    if cfg!(target_os = "linux") {
        nifti(dir, "small.nii", &[6, 6, 4, 20], 3.0, value);
        let output = boldly(dir, "smooth small.nii --fwhm 6 --out smooth.nii.gz --device cpu");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let is_hidden = |path: &std::path::PathBuf| path.to_string_lossy().contains(".boldly-");
        assert_eq!(listing(dir).into_iter().find(is_hidden), None);
    }
}

/// Whether this machine lets a user make pid namespaces; where not, `writers_of_one_process_share_no_name` stands for it.
#[cfg(target_os = "linux")]
#[test]
fn two_writers_of_one_name_that_are_both_process_1_leave_one_of_two_whole_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    nifti(dir, "bold.nii", &[32, 32, 20, 60], 3.0, value);
    let alone = |line: &str| {
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--pid",
            "--fork",
            env!("CARGO_BIN_EXE_boldly"),
        ]);
        command.args(line.split(' ')).current_dir(dir).stderr(Stdio::null());
        command.spawn()
    };
    let can = alone("devices --device cpu").and_then(|mut c| c.wait());
    if !can.is_ok_and(|status| status.success()) {
        println!("skipped 1: this machine makes no pid namespaces");
        return;
    }
    for _ in 0..3 {
        let line = "smooth bold.nii --fwhm 6 --out same.nii.gz --device cpu -q";
        let mut both = [alone(line).expect("unshare"), alone(line).expect("unshare")];
        for child in &mut both {
            assert!(ended(child, line).success());
        }
        let output = boldly(dir, "verify same.nii.gz");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
