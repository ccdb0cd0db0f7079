//! What only a Unix can be made to do: limits, interrupts, rights, names that are not UTF-8.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;

use super::*;

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

/// Smooths a run, and sends a signal once a temporary output is there; how it ended, and what was there before.
fn stopped_by(signal: &str, dir: &Path) -> (std::process::ExitStatus, Vec<std::path::PathBuf>) {
    nifti(dir, "bold.nii", &[64, 64, 40, 160], 3.0, value);
    let before = listing(dir);
    let mut child = Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args("smooth bold.nii --fwhm 12 --out smooth.nii.gz --device cpu".split(' '))
        .current_dir(dir)
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    // once the temporary output is there, the work is under way
    let began = std::time::Instant::now();
    while listing(dir) == before && began.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(killed.is_ok_and(|s| s.success()), "the process was still there to stop");
    (child.wait().expect("it ends"), before)
}

#[test]
fn an_interrupt_in_the_middle_exits_130_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (status, before) = stopped_by("-INT", folder.path());
    assert_eq!((status.code(), listing(folder.path())), (Some(130), before));
}

#[test]
fn a_study_is_made_as_long_as_it_may_go_on_which_is_asked_at_each_volume() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    let spec = boldly::simulate::Spec {
        shape: [6, 6, 6],
        multiband: 1,
        n_volumes: 40,
        ..boldly::simulate::Spec::default()
    };
    let asked = AtomicUsize::new(0);
    let made = boldly::simulate::run_while(&spec, &|| match asked.fetch_add(1, SeqCst) {
        30.. => Err(boldly::Error::Interrupted),
        _ => Ok(()),
    });
    assert!(matches!(made, Err(boldly::Error::Interrupted)));
    // Each thread may be told once, none asks behind it.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let asked = asked.load(SeqCst);
    assert!((31..31 + threads).contains(&asked), "asked {asked} times, by {threads} threads");
}

#[test]
fn what_makes_up_its_data_stops_when_it_is_told_to() {
    use std::os::unix::process::ExitStatusExt;

    for line in [
        "simulate study --shape 24,24,16 --voxel-size 9,9,9 --volumes 3000",
        "simulate study --trial --patients 400",
        "bench --shape 48,48,32,200 --repeats 400 --no-files --device cpu",
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path();
        let mut child = Command::new(env!("CARGO_BIN_EXE_boldly"))
            .args(line.split(' '))
            .current_dir(dir)
            .env("TMPDIR", dir)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(killed.is_ok_and(|s| s.success()), "{line}: the process was still there to stop");
        let began = std::time::Instant::now();
        let status = loop {
            match child.try_wait().expect("a child") {
                Some(status) => break Some(status),
                None if began.elapsed().as_secs() > 120 => break None,
                None => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        };
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let ended = status.map(|status| (status.code(), status.signal()));
        assert_eq!(ended, Some((Some(130), None)), "{line}");
        assert_eq!(listing(dir), Vec::<std::path::PathBuf>::new(), "{line}");
    }
}

#[test]
fn an_abort_as_where_memory_cannot_be_had_exits_75_and_gives_no_file_its_name() {
    use std::os::unix::process::ExitStatusExt;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    let (status, _) = stopped_by("-ABRT", dir);
    assert_eq!((status.code(), status.signal()), (Some(75), None));
    assert!(!dir.join("smooth.nii.gz").exists());
}

#[test]
fn an_unreadable_file_is_named() {
    for (file, line) in [("bold.nii", SMOOTH), ("mask.nii", GLM), ("events.tsv", GLM)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path();
        good_dataset(dir);
        let before = listing(dir);
        fs::set_permissions(dir.join(file), fs::Permissions::from_mode(0o000)).expect("its owner");
        if fs::read(dir.join(file)).is_ok() {
            println!("skipped 1: this user reads what nobody may read");
            return;
        }
        let output = boldly(dir, line);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(66), "{message}");
        assert!(message.contains(file), "{message}");
        assert_eq!(listing(dir), before);
    }
}

#[test]
fn a_name_that_is_not_utf_8_is_refused_by_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let bad = OsString::from_vec(b"run\xff.nii".to_vec());
    let before = listing(dir);
    for line in [
        "smooth BAD --fwhm 5 --out smooth.nii",
        "smooth bold.nii --fwhm 5 --out BAD",
        "glm bold.nii --events BAD --contrast pain --out out",
        "retroicor bold.nii --physio BAD --out clean.nii",
        "verify BAD",
        "simulate BAD",
        "BAD",
    ] {
        let words = line.split(' ').map(|w| if w == "BAD" { bad.clone() } else { w.into() });
        let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
            .args(words)
            .current_dir(dir)
            .output()
            .expect("the binary starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert!(message.contains("'run\u{fffd}.nii', which is not UTF-8"), "{line}: {message}");
        assert_eq!(listing(dir), before, "{line}");
    }
}

#[cfg(target_os = "linux")] // others refuse to make such a folder
#[test]
fn a_path_that_leads_to_a_name_that_is_not_utf_8_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join(OsString::from_vec(b"study\xff".to_vec()));
    fs::create_dir(&dir).expect("a name that this system takes");
    good_dataset(&dir);
    std::os::unix::fs::symlink(&dir, folder.path().join("study")).expect("a link");
    for (from, line) in [
        (&dir, SMOOTH),
        (&folder.path().to_owned(), "smooth study/bold.nii --fwhm 5 --out smooth.nii"),
        (&folder.path().to_owned(), "retroicor --physio=study/physio.tsv.gz --out x.nii bold.nii"),
    ] {
        let output = boldly(from, line);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert!(message.contains("study\u{fffd}/"), "{line}: {message}");
        assert!(message.contains("which is not UTF-8"), "{line}: {message}");
    }
}
