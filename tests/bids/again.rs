//! A second command into a folder of results: what is finished is taken, what is of other options or another model is never mixed with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use boldly::io::read_map;
use serde_json::{Value, json};

use crate::binary::{boldly, said, succeeded};
use crate::made::{changed, copy, dataset, files, without_difference};

/// What lies in a folder, byte by byte.
fn held(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(folder)
        .into_iter()
        .map(|name| (name.clone(), fs::read(folder.join(name)).unwrap()))
        .collect()
}

fn told(done: &std::process::Output) -> Value {
    serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{}", said(done)))
}

#[track_caller]
fn refused(folder: &Path, line: &str, words: &[&str]) {
    let before = held(&folder.join("out"));
    for line in [line.to_owned(), format!("{line} --dry-run")] {
        let done = boldly(folder, &line);
        assert_eq!(done.status.code(), Some(2), "{line}: {}", said(&done));
        for word in words.iter().chain(&["another analysis", "--overwrite"]) {
            assert!(said(&done).contains(word), "{line}: no '{word}' in {}", said(&done));
        }
    }
    assert!(held(&folder.join("out")) == before, "{line} changed something");
}

#[test]
fn other_options_or_another_model_are_refused_before_anything_changes_and_replace_all_where_asked()
{
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let line = |level: &str, more: &str| {
        format!(
            "bids {} out {level} -m {} --noise ols --participant-label 01 03 --json {more}",
            raw.display(),
            model.display()
        )
    };
    let whole = line("dataset", "");
    let done = succeeded(&whole, boldly(folder.path(), &whole));
    assert_eq!((&told(&done)["computed"], &told(&done)["kept"]), (&13.into(), &0.into()));
    let out = folder.path().join("out");
    // the same once more: all is there
    let done = succeeded(&whole, boldly(folder.path(), &whole));
    assert_eq!((&told(&done)["computed"], &told(&done)["kept"]), (&0.into(), &13.into()));

    let fwhm = line("participant", "--fwhm 5");
    refused(folder.path(), &fwhm, &["--fwhm: 0 there, 5 asked now", "removes 13 units"]);
    refused(folder.path(), &line("dataset", "--two-sided"), &["--two-sided: none there, yes"]);
    refused(folder.path(), &line("run", "--task-times middle"), &["values of the column", "there"]);
    let own = fs::read(&model).unwrap();
    let without_rt = |v: &mut Value| {
        without_difference(v);
        v["Nodes"][0]["Model"]["X"].as_array_mut().unwrap().retain(|name| name != "rt");
    };
    changed(folder.path(), without_rt);
    refused(folder.path(), &line("run", ""), &["the design's columns: rt there, no rt asked"]);
    let renamed = |v: &mut Value| {
        without_difference(v);
        v["Nodes"][2]["Name"] = json!("mean");
        v["Edges"][1]["Destination"] = json!("mean");
    };
    changed(folder.path(), renamed);
    refused(folder.path(), &line("run", ""), &["node-groupMean", "a node that the model has not"]);
    fs::write(&model, own).unwrap();

    let done = succeeded(&fwhm, boldly(folder.path(), &(fwhm.clone() + " --overwrite")));
    assert_eq!((&told(&done)["computed"], &told(&done)["kept"]), (&10.into(), &0.into()));
    assert!(said(&done).contains("13 units of another analysis removed"), "{}", said(&done));
    let left = files(&out);
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("groupMean")), "{left:?}");
    assert!(!out.join("node-groupMean").exists());
    refused(folder.path(), &whole, &["--fwhm: 5 there, 0 asked now"]);
    let above = line("dataset", "--fwhm 5");
    let done = succeeded(&above, boldly(folder.path(), &above));
    assert_eq!((&told(&done)["computed"], &told(&done)["kept"]), (&3.into(), &10.into()));
}

#[test]
fn the_voxels_that_a_page_of_the_dataset_counts_are_those_of_its_mask() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let line = format!(
        "bids {} out dataset -m {} --noise ols --participant-label 01 03",
        raw.display(),
        model.display()
    );
    succeeded(&line, boldly(folder.path(), &line));
    let out = folder.path().join("out");
    let mask =
        "node-groupMean/task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_mask.nii.gz";
    let n = read_map(&out.join(mask)).unwrap().2.iter().filter(|v| **v != 0.0).count();
    let page = fs::read_to_string(out.join("node-groupMean.html")).unwrap();
    assert!(page.contains(&format!("Voxels in all estimates</th><td>{n}<")), "{n}");
}

#[test]
fn subjects_of_other_options_are_not_put_beside_each_other_unawares() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let line = |more: &str| {
        format!("bids {} out run -m {} --noise ols {more}", raw.display(), model.display())
    };
    let first = line("--participant-label 01");
    succeeded(&first, boldly(folder.path(), &first));
    let other = line("--participant-label 03 --scaling none");
    refused(folder.path(), &other, &["--scaling: psc there", "which is not asked for now"]);
    let other = other + " --overwrite";
    let done = succeeded(&other, boldly(folder.path(), &other));
    assert!(said(&done).contains("2 units of other options stay beside"), "{}", said(&done));
    assert!(folder.path().join("out/node-runLevel/sub-01").is_dir());
}

#[test]
fn results_above_of_estimates_that_have_changed_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(shared), Some(model)) =
        (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    copy(&shared, &folder.path().join("ds"));
    let line = |level: &str, who: &str| {
        format!(
            "bids ds out {level} -m {} --noise ols --json --participant-label {who}",
            model.display()
        )
    };
    let all = line("dataset", "01 03");
    succeeded(&all, boldly(folder.path(), &all));
    // a run preprocessed anew: that of another one
    let at = folder.path().join("ds/derivatives/fmriprep");
    let name = |subject: &str| {
        format!(
            "{subject}/func/{subject}_task-mixedgamblestask_run-01_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
        )
    };
    fs::copy(at.join(name("sub-02")), at.join(name("sub-01"))).unwrap();
    let one = line("participant", "01");
    let done = succeeded(&one, boldly(folder.path(), &one));
    assert_eq!((&told(&done)["computed"], &told(&done)["kept"]), (&4.into(), &1.into()));
    let why = "3 units of levels above are of estimates that have changed since";
    assert!(said(&done).contains(why), "{}", said(&done));
    assert!(said(&done).contains("node-groupMean/task-mixedgamblestask_contrast-gain"));
    let done = succeeded(&all, boldly(folder.path(), &all));
    assert_eq!((&told(&done)["computed"], &told(&done)["kept"]), (&3.into(), &10.into()));
    assert!(!said(&done).contains("changed since"), "{}", said(&done));
}

#[test]
fn a_file_of_another_maker_in_the_last_unit_s_place_is_seen_before_the_first_fit() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let line = |who: &str| {
        format!(
            "bids {} out participant -m {} --noise ols -q --participant-label {who}",
            raw.display(),
            model.display()
        )
    };
    let first = line("01");
    succeeded(&first, boldly(folder.path(), &first));
    let at = folder.path().join("out/node-subjectLevel/sub-03");
    fs::create_dir_all(&at).unwrap();
    let name = "sub-03_task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_stat-t_statmap.nii.gz";
    fs::write(at.join(name), "mine").unwrap();
    let done = boldly(folder.path(), &line("03"));
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("nothing says that boldly made it"), "{}", said(&done));
    assert!(!folder.path().join("out/node-runLevel/sub-03").exists(), "a run was fitted first");
}

#[cfg(unix)]
#[test]
fn who_stops_it_is_told_what_is_finished_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let line = format!("bids {} out run -m {} --json -q", raw.display(), model.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
    let command = command.args(line.split_whitespace()).current_dir(folder.path());
    let child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let first = "out/node-runLevel/sub-01/sub-01_task-mixedgamblestask_run-01_space-MNI152NLin2009cAsym_mask.json";
    let began = Instant::now();
    while !folder.path().join(first).is_file() && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130), "{}", said(&done));
    assert!(!said(&done).contains("nothing was written"), "{}", said(&done));
    let words = " of 8 units are finished in out; the same command goes on from there";
    let n = said(&done).split(words).next().unwrap().split(' ').next_back().unwrap().to_owned();
    let done = succeeded(&line, boldly(folder.path(), &line));
    let kept: u64 = n.parse().unwrap_or_else(|_| panic!("{n}"));
    assert!(kept >= 1, "{kept}");
    assert_eq!(told(&done)["kept"], json!(kept));
    assert_eq!(told(&done)["computed"], json!(8 - kept));
}

/// Fourteen subjects of a run each, noise, and a model whose dataset node has their ages.
fn many(dir: &Path) {
    let put = |name: &str, text: &str| {
        fs::create_dir_all(dir.join("raw")).unwrap();
        fs::write(dir.join("raw").join(name), text).unwrap();
    };
    put("dataset_description.json", r#"{"Name": "x", "BIDSVersion": "1.10.0"}"#);
    put("task-a_bold.json", r#"{"RepetitionTime": 2.0, "TaskName": "a"}"#);
    put("task-a_events.tsv", "onset\tduration\ttrial_type\n4\t6\ton\n24\t6\ton\n");
    let mut ages = String::from("participant_id\tage\n");
    for subject in 10..24 {
        ages += &format!("sub-{subject}\t{}\n", subject * subject % 37);
        let image = dir.join(format!("raw/sub-{subject}/func/sub-{subject}_task-a_bold.nii"));
        crate::tables::image(&image, subject);
    }
    put("participants.tsv", &ages);
    crate::tables::model(dir, json!([1, "age"]), json!([]), &["contrast"]);
}

#[cfg(unix)]
#[test]
fn a_stopped_test_of_the_dataset_is_told_with_what_it_keeps_and_is_no_failure_of_its_unit() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    many(dir);
    let words = crate::tables::LINE.split_whitespace();
    let test = ["-vv", "--inference", "--permutations 3000000 --tfce exact"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
    let command = command.args(words.chain(test)).current_dir(dir);
    let (code, told) = crate::binary::stopped(command, "rearrange trial_type.on_age");
    assert_eq!(code, Some(130), "{told}");
    for part in [
        "14 of 15 units are finished in out; of the next no map was written; ",
        " rearrangements are kept in out/node-all, hidden; the same command goes on from there",
    ] {
        assert!(told.contains(part), "no '{part}' in {told}");
    }
    assert!(!told.contains("failed") && !told.contains("nothing was written"), "{told}");
}
