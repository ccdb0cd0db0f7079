//! The command: what it plans, what lies in the folder of results, and what it takes of what is there.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::{boldly, said, succeeded};
use crate::made::{META, changed, copy, dataset, files, model, without_difference};

fn json(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_plan_names_every_unit_and_writes_nothing() {
    let (Some(raw), Some(model)) = (dataset("ds005"), model(META)) else { return };
    let folder = tempfile::tempdir().unwrap();
    let line = format!("bids {} out dataset -m {} --dry-run", raw.display(), model.display());
    let done = succeeded(&line, boldly(folder.path(), &line));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("24 units"), "{table}");
    assert!(table.contains("run_level (Run, glm): 8 units"), "{table}");
    assert!(table.contains("subject_level (Subject, meta): 12 units"), "{table}");
    assert!(table.contains("gainVsLoss_sexEffect"), "{table}");
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
    // of a level below, the nodes above are not told
    let line = line.replace("dataset -m", "run -m");
    let done = succeeded(&line, boldly(folder.path(), &line));
    assert!(!String::from_utf8(done.stdout).unwrap().contains("group_mean"));
}

#[test]
fn an_edge_lets_through_those_of_whom_participants_tsv_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let planned = |sex: &str| {
        let model = changed(folder.path(), |value| {
            without_difference(value);
            value["Edges"][0]["Filter"]["sex"] = serde_json::json!([sex]);
        });
        let (raw, model) = (dataset("ds005")?, model?);
        let line = format!("bids {} out dataset -m {} --dry-run", raw.display(), model.display());
        Some(boldly(folder.path(), &line))
    };
    let Some(done) = planned("F") else { return };
    let table = String::from_utf8(succeeded("F", done).stdout).unwrap();
    // Two of the four.
    assert!(table.contains("subject_level (Subject, meta): 6 units"), "{table}");
    let refused = planned("X").unwrap();
    let heard = said(&refused);
    assert!(
        heard.contains("asks for sex \"X\"") && heard.contains("did you mean \"F\""),
        "{heard}"
    );
}

#[test]
fn two_commands_at_once_give_what_one_gives_and_the_group_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let (raw, model) = (raw.display().to_string(), model.display().to_string());
    let begin = |subject: &str| {
        let words = ["bids", &raw, "two", "participant", "-m", &model, "--noise", "ols", "--quiet"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
        let command = command.args(words).args(["--participant-label", subject]);
        command.current_dir(folder.path()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [begin("01"), begin("sub-03")].map(|child| child.wait_with_output().unwrap());
    for done in &both {
        assert!(done.status.success(), "{}", said(done));
    }
    let line = |out: &str, level: &str| {
        format!(
            "bids {raw} {out} {level} -m {model} --noise ols --participant-label 01 03 --json -q"
        )
    };
    let done = boldly(folder.path(), &line("two", "group"));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    // 2 x 2 runs and 2 x 3 estimates of subjects were there, 3 groups were not
    assert_eq!((&told["kept"], &told["computed"]), (&Value::from(10), &Value::from(3)), "{told}");
    let all = line("one", "dataset");
    succeeded(&all, boldly(folder.path(), &all));
    let [one, two] = ["one", "two"].map(|out| folder.path().join(out));
    let names = files(&one);
    assert_eq!(names, files(&two), "nothing else lies there, no lock and no temporary file");
    let images = names.iter().filter(|name| name.to_string_lossy().ends_with(".nii.gz"));
    let mut n = 0;
    for image in images {
        assert_eq!(fs::read(one.join(image)).unwrap(), fs::read(two.join(image)).unwrap());
        n += 1;
    }
    assert!(n > 100, "{n}");
}

#[test]
fn commands_that_come_to_one_folder_at_once_keep_it_one_analysis() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let (raw, model) = (raw.display().to_string(), model.display().to_string());
    let begin = |out: &str, more: &str| {
        let words = ["bids", &raw, out, "participant", "-m", &model, "--noise", "ols", "--quiet"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
        let command = command.args(words).args(more.split_whitespace());
        command.current_dir(folder.path()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // Another analysis, and the same subject again: one of the two goes on, and the other says why it does not.
    let both = |out: &str, one: &str, other: &str| {
        let both = [begin(out, one), begin(out, other)];
        let done = both.map(|child| child.wait_with_output().unwrap());
        let n = done.iter().filter(|done| done.status.success()).count();
        let heard = done.iter().map(said).collect::<Vec<_>>().join("\n");
        (n, heard)
    };
    let one = "--participant-label 01";
    let (n, heard) = both("options", &format!("{one} --fwhm 4"), "--participant-label 03 --fwhm 5");
    assert_eq!(n, 1, "{heard}");
    assert!(heard.contains("is at work now") || heard.contains("of another analysis"), "{heard}");
    assert!(heard.contains("--fwhm"), "{heard}");
    // Where the first has ended before the second looks, this takes what it finished.
    let (n, heard) = both("same", one, one);
    assert!(n == 2 || n == 1 && heard.contains("on units of this command too"), "{heard}");
    for out in ["options", "same"] {
        let left = files(&folder.path().join(out));
        let left = left.iter().filter(|name| name.to_string_lossy().contains(".boldly-"));
        assert_eq!(left.count(), 0, "{out}");
    }
    // What a killed command may leave of a folder that it made is no other's.
    std::fs::create_dir(folder.path().join("killed")).unwrap();
    let name = ".boldly-0123456789abcdef0123456789abcdef-1.tmp";
    std::fs::write(folder.path().join("killed").join(name), "").unwrap();
    let done = begin("killed", one).wait_with_output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    // Nor is one that another command has claimed and not described yet.
    std::fs::create_dir(folder.path().join("begun")).unwrap();
    std::fs::write(folder.path().join("begun/README"), "").unwrap();
    let done = begin("begun", one).wait_with_output().unwrap();
    assert!(said(&done).contains("no results of boldly bids"), "{}", said(&done));
    let claim = ".boldly-0123456789abcdef0123456789abcdef-1.claim";
    std::fs::write(folder.path().join("begun").join(claim), "").unwrap();
    let done = begin("begun", one).wait_with_output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
}

#[test]
fn results_are_a_dataset_whose_sidecars_say_where_maps_come_from() {
    let (Some(raw), Some(model)) =
        (dataset("fitlins-dummy"), model("bids-models/fitlins/conftest_sample_model_smdl.json"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "bids {} out run -m {} --space T1w --noise ols --participant-label bert -q",
        raw.display(),
        model.display()
    );
    succeeded(&line, boldly(folder.path(), &line));
    let out = folder.path().join("out");
    let described = json(&out.join("dataset_description.json"));
    assert_eq!(described["DatasetType"], "derivative");
    assert_eq!(described["GeneratedBy"][0]["Name"], "boldly");
    assert!(described["DatasetLinks"]["fmriprep"].is_string(), "{described}");
    for name in [".bidsignore", "README", "model-junkfoodModel001_smdl.json"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let at = out.join("node-run/sub-bert/ses-lunch");
    let stem = "sub-bert_ses-lunch_task-eating_run-02";
    let map =
        json(&at.join(format!("{stem}_space-T1w_contrast-icecreamGtCake_stat-t_statmap.json")));
    let sources: Vec<&str> =
        map["Sources"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let func = "sub-bert/ses-lunch/func/sub-bert_ses-lunch_task-eating_run-02";
    let want = [
        format!("bids:fmriprep:{func}_space-T1w_desc-preproc_bold.nii.gz"),
        format!("bids:fmriprep:{func}_space-T1w_desc-brain_mask.nii.gz"),
        format!("bids:raw:{func}_events.tsv"),
        format!("bids:fmriprep:{func}_desc-confounds_regressors.tsv"),
    ];
    assert_eq!(sources, want);
    assert_eq!((&map["SpatialReference"], &map["ValueOutsideMask"]), (&"T1w".into(), &0.into()));
    let p = json(&at.join(format!("{stem}_space-T1w_contrast-icecreamGtCake_stat-p_statmap.json")));
    assert_eq!(p["ValueOutsideMask"], 1);
    // a run's model has a constant, in X or not, behind what X names; no contrast is of it
    let design = fs::read_to_string(at.join(format!("{stem}_design.tsv"))).unwrap();
    let head = design.lines().next().unwrap();
    assert_eq!(head, "trial_type.ice_cream\ttrial_type.cake\tfood_sweats\tintercept");
    assert!(!files(&out).iter().any(|name| name.to_string_lossy().contains("contrast-intercept")));
    assert!(at.join(format!("{stem}_space-T1w_stat-rSquare_statmap.nii.gz")).is_file());
    assert!(at.join(format!("{stem}_space-T1w_mask.nii.gz")).is_file());
}

#[test]
fn a_subject_that_fails_takes_the_group_with_it_and_no_other_subject() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(shared), Some(model)) =
        (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let raw = folder.path().join("ds");
    copy(&shared, &raw);
    let stem =
        "sub-02_task-mixedgamblestask_run-02_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz";
    let bold = raw.join("derivatives/fmriprep/sub-02/func").join(stem);
    let bytes = fs::read(&bold).unwrap();
    fs::write(&bold, &bytes[..bytes.len() / 2]).unwrap();
    let line = format!(
        "bids ds out dataset -m {} --noise ols --participant-label 01 02 --json",
        model.display()
    );
    let done = boldly(folder.path(), &line);
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    let failed: Vec<&String> = told["failed"].as_object().unwrap().keys().collect();
    assert_eq!(failed, ["run_level: sub-02 task-mixedgamblestask run-02"]);
    // 3 runs and sub-01's 3 estimates; sub-02's 3 and 3 groups need what failed
    assert_eq!((&told["computed"], told["not_begun"].as_array().unwrap().len()), (&6.into(), 6));
    assert!(
        said(&done).contains("were not begun: each needs run_level: sub-02"),
        "{}",
        said(&done)
    );
    assert!(folder.path().join("out/node-subjectLevel/sub-01").is_dir());
    assert!(!folder.path().join("out/node-subjectLevel/sub-02").is_dir());
    let page = fs::read_to_string(folder.path().join("out/sub-02.html")).unwrap();
    for (run, is_fitted) in [("run-02", false), ("run-01", true)] {
        let row = format!("sub-02 task-mixedgamblestask {run} (not fitted)");
        assert_eq!(page.contains(&row), !is_fitted, "{row}");
    }
    // a quiet command says what fails, which is no warning
    let quiet = boldly(folder.path(), &line.replace("--json", "-q"));
    assert_eq!(quiet.status.code(), Some(1));
    assert!(
        said(&quiet).contains("sub-02 task-mixedgamblestask run-02 failed: "),
        "{}",
        said(&quiet)
    );
    // mended, the rest is done and no more
    fs::write(&bold, bytes).unwrap();
    let done = succeeded(&line, boldly(folder.path(), &line));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&told["kept"], &told["computed"]), (&6.into(), &7.into()), "{told}");
}

#[test]
fn without_a_model_one_is_made_that_can_be_given_back() {
    let Some(raw) = dataset("ds114") else { return };
    let folder = tempfile::tempdir().unwrap();
    let line = format!("bids {} out run --task fingerfootlips --noise ols -q", raw.display());
    let words = line.split_whitespace().map(str::to_owned);
    let contrasts =
        ["--contrast", "hand=Finger - 0.5*Foot - 0.5*Lips", "--f-contrast", "any=Foot; Lips"];
    let whole: Vec<String> =
        words.clone().chain(contrasts.map(str::to_owned)).chain(["--dry-run".to_owned()]).collect();
    let done = succeeded(&line, crate::binary::with_words(folder.path(), whole.iter()));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("run_level (Run, glm): 2 units"), "{table}");
    assert!(table.contains("hand, any"), "{table}");
    // 1, three conditions, 24 of motion, the cosines of the table and its first volumes
    assert!(table.contains("  184  "), "{table}");
    // a condition that is none
    let wrong = words.chain(["--contrast".to_owned(), "Finger - Toe".to_owned()]);
    let done = crate::binary::with_words(folder.path(), wrong);
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("Foot"), "{}", said(&done));
}

#[test]
fn a_run_that_is_a_copy_of_another_is_refused_and_what_people_wrote_into_the_folder_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(folder.path(), without_difference))
    else {
        return;
    };
    let own = folder.path().join("ds");
    copy(&raw, &own);
    let line = |out: &str, more: &str| {
        format!(
            "bids ds {out} participant -m {} --noise ols --participant-label 01 -q{more}",
            model.display()
        )
    };
    let run = |line: &str| boldly(folder.path(), line);
    succeeded(&line("out", ""), run(&line("out", "")));
    let (readme, ignored) =
        (folder.path().join("out/README"), folder.path().join("out/.bidsignore"));
    let made = fs::read_to_string(&readme).unwrap();
    for path in [&readme, &ignored] {
        fs::write(path, fs::read_to_string(path).unwrap() + "mine\n").unwrap();
    }
    let again = line("out", "").replace(" -q", "");
    let done = succeeded(&again, run(&again));
    assert!(said(&done).contains("README is not as boldly makes it"), "{}", said(&done));
    assert!(!said(&done).contains(".bidsignore"), "{}", said(&done));
    for path in [&readme, &ignored] {
        assert!(fs::read_to_string(path).unwrap().contains("mine"), "{}", path.display());
    }
    let over = line("out", " --overwrite");
    succeeded(&over, run(&over));
    assert_eq!(fs::read_to_string(&readme).unwrap(), made);

    let images: Vec<std::path::PathBuf> = files(&own)
        .into_iter()
        .filter(|path| path.display().to_string().contains("sub-01"))
        .filter(|path| path.display().to_string().ends_with("preproc_bold.nii.gz"))
        .map(|path| own.join(path))
        .collect();
    assert!(images.len() > 1, "{images:?}");
    fs::write(&images[1], fs::read(&images[0]).unwrap()).unwrap();
    for more in [" --dry-run", ""] {
        let done = run(&line("copied", more));
        assert_eq!(done.status.code(), Some(2), "{more}: {}", said(&done));
        assert!(said(&done).contains("holds the same as"), "{more}: {}", said(&done));
    }
    assert!(!folder.path().join("copied").exists(), "nothing half-written");
}
