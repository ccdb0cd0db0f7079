//! The index: entities, inheritance, derivatives, and files that are names alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use boldly::entity;
use boldly::io::dataset::{Content, Dataset, File, content};

use crate::common::shared;

/// Files of one name.
fn of<'a>(dataset: &'a Dataset, name: &str) -> Vec<&'a File> {
    let is_it = |f: &&File| f.path.file_name().unwrap() == name;
    dataset.files.iter().filter(is_it).collect()
}

fn entities(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Writes files, empty but for those whose names end in .json.
fn tree(root: &Path, paths: &[&str]) {
    for path in paths {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, if path.extension().unwrap() == "json" { "{}" } else { "" }).unwrap();
    }
}

#[test]
fn events_at_the_root_hold_for_every_run_of_their_task_and_no_other() {
    let Some(root) = shared("bids-mini/ds114") else { return };
    let raw = Dataset::open(&root).unwrap();
    let derived = Dataset::open_all(&root.join("derivatives")).unwrap();
    let [fmriprep] = &derived[..] else { panic!("{} datasets", derived.len()) };
    let mut n = 0;
    for bold in fmriprep.of_suffix("bold", &[".nii.gz"]) {
        let events = raw.nearest(&bold.entities, "func", ("events", ".tsv")).unwrap().unwrap();
        assert_eq!(events.entity("task"), bold.entity("task"));
        let at_root = bold.entity("task") != Some("linebisection");
        assert_eq!(events.folder() == Path::new(""), at_root, "{}", events.path.display());
        let confounds = fmriprep.confounds(&bold.entities).unwrap().unwrap();
        assert_eq!(confounds.entity("session"), bold.entity("session"));
        n += 1;
    }
    assert_eq!(n, 10);
    // what lies in derivatives is not the raw dataset's
    assert!(raw.files.iter().all(|f| f.entity("description").is_none()));
}

#[test]
fn sessions_and_acquisitions_are_read_as_they_are_written() {
    let Some(root) = shared("bids-trees/7t_trt") else { return };
    let dataset = Dataset::open(&root).unwrap();
    assert_eq!(dataset.values("subject").len(), 22);
    let bold: Vec<&File> = dataset.of_suffix("bold", &[".nii.gz"]).collect();
    assert_eq!(bold.len(), 22 * 6);
    let one = of(&dataset, "sub-01_ses-1_task-rest_acq-fullbrain_run-1_bold.nii.gz")[0];
    let want = [
        ("acquisition", "fullbrain"),
        ("run", "1"),
        ("session", "1"),
        ("subject", "01"),
        ("task", "rest"),
    ];
    assert_eq!(one.entities, entities(&want));
    assert_eq!((one.datatype.as_deref(), one.suffix.as_str()), (Some("func"), "bold"));
    let json = dataset.speaking_for(&one.entities, "func", ("bold", ".json"));
    let names: Vec<_> = json.iter().map(|f| f.path.to_str().unwrap()).collect();
    assert_eq!(names, ["task-rest_acq-fullbrain_bold.json"]);
    let physio = dataset.nearest(&one.entities, "func", ("physio", ".tsv.gz")).unwrap().unwrap();
    let own = "sub-01/ses-1/func/sub-01_ses-1_task-rest_acq-fullbrain_run-1_physio.tsv.gz";
    assert_eq!(physio.path, Path::new(own));
    assert_eq!(content(&dataset.at(one)), Content::Empty);
}

#[test]
fn names_of_fmriprep_before_and_since_are_its_confounds_and_masks_are_of_the_space() {
    for (root, suffix) in [
        ("bids-mini/fitlins-dummy", "regressors"),
        ("bids-trees/nilearn_fake/bids_dataset", "timeseries"),
    ] {
        let Some(root) = shared(root) else { return };
        let derived = Dataset::open_all(&root.join("derivatives")).unwrap();
        let [derived] = &derived[..] else { panic!("{} datasets", derived.len()) };
        let bolds = derived.of_suffix("bold", &[".nii.gz"]);
        let mut n = 0;
        for bold in bolds.filter(|f| f.entity("description") == Some("preproc")) {
            let confounds = derived.confounds(&bold.entities).unwrap().unwrap();
            assert_eq!(confounds.suffix, suffix);
            assert_eq!(confounds.entity("run"), bold.entity("run"));
            let mask = derived.brain_mask(bold).unwrap();
            assert_eq!(mask.entity("space"), bold.entity("space"));
            assert_eq!(mask.entity("task"), bold.entity("task"));
            n += 1;
        }
        assert!(n >= 12, "{n}");
    }
}

#[test]
fn derivatives_alone_are_a_dataset_whose_ignored_confounds_are_found() {
    let Some(root) = shared("bids-trees/ds000001-fmriprep") else { return };
    let dataset = Dataset::open(&root).unwrap();
    let bold: Vec<&File> = dataset
        .of_suffix("bold", &[".nii.gz"])
        .filter(|f| f.entity("space") == Some("MNI152NLin2009cAsym"))
        .filter(|f| f.entity("description") == Some("preproc"))
        .collect();
    assert_eq!(bold.len(), 4 * 3);
    for one in bold {
        assert_eq!(one.entity("resolution"), Some("2"));
        assert!(dataset.confounds(&one.entities).unwrap().is_some(), "{}", one.path.display());
        assert_eq!(dataset.brain_mask(one).unwrap().entity("resolution"), Some("2"));
        assert_eq!(content(&dataset.at(one)), Content::Empty);
    }
}

#[test]
fn the_synthetic_and_the_timed_datasets_are_indexed() {
    let Some(root) = shared("bids-trees/synthetic") else { return };
    let dataset = Dataset::open(&root).unwrap();
    assert_eq!(dataset.values("subject").len(), 5);
    let tasks: Vec<_> = dataset.values("task").into_iter().collect();
    assert_eq!(tasks, ["nback", "rest", "stroop+blackbg", "stroop+whitebg"]);
    for bold in dataset.of_suffix("bold", &[".nii"]) {
        let events = dataset.nearest(&bold.entities, "func", ("events", ".tsv")).unwrap();
        assert_eq!(events.is_some(), bold.entity("task") == Some("nback"));
    }
    assert_eq!(dataset.of_suffix("bold", &[".nii"]).count(), 5 * 2 * 3);
    // names of a draft: the mask by a label, confounds by no description
    let derived = Dataset::open_all(&root.join("derivatives")).unwrap();
    for bold in derived[0].of_suffix("bold", &[".nii"]) {
        let mask = derived[0].brain_mask(bold).unwrap();
        assert_eq!(
            (mask.entity("label"), mask.entity("space")),
            (Some("brain"), bold.entity("space"))
        );
        assert!(derived[0].confounds(&bold.entities).unwrap().is_some());
    }
    let Some(root) = shared("bids-trees/volume_timing") else { return };
    let dataset = Dataset::open(&root).unwrap();
    assert!(dataset.of_suffix("bold", &[".nii.gz"]).count() > 0);
}

#[test]
fn the_nearest_table_holds_and_two_of_one_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    tree(
        root,
        &[
            "dataset_description.json",
            "task-a_events.tsv",
            "sub-1/sub-1_task-a_events.tsv",
            "sub-1/func/sub-1_task-a_run-1_events.tsv",
            "sub-1/func/sub-1_task-a_run-01_bold.nii.gz",
            "sub-2/sub-2_task-a_acq-x_events.tsv",
            "sub-2/sub-2_task-a_run-1_events.tsv",
        ],
    );
    let dataset = Dataset::open(root).unwrap();
    let of_run = |pairs: &[(&str, &str)]| {
        let found = dataset.nearest(&entities(pairs), "func", ("events", ".tsv"));
        found.map(|f| f.map(|f| f.path.display().to_string()))
    };
    let own = of_run(&[("subject", "1"), ("task", "a"), ("run", "01"), ("space", "MNI")]);
    assert_eq!(own.unwrap().unwrap(), "sub-1/func/sub-1_task-a_run-1_events.tsv");
    let above = of_run(&[("subject", "1"), ("task", "a"), ("run", "2")]);
    assert_eq!(above.unwrap().unwrap(), "sub-1/sub-1_task-a_events.tsv");
    let root_s = of_run(&[("subject", "3"), ("task", "a")]);
    assert_eq!(root_s.unwrap().unwrap(), "task-a_events.tsv");
    assert_eq!(of_run(&[("subject", "3"), ("task", "b")]).unwrap(), None);
    let two = [("subject", "2"), ("task", "a"), ("run", "1"), ("acquisition", "x")];
    let error = of_run(&two).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("acq-x"), "{error}");
}

#[test]
fn what_bidsignore_names_and_datasets_within_are_not_of_the_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    tree(
        root,
        &[
            "dataset_description.json",
            "sub-1/func/sub-1_task-a_bold.nii.gz",
            "sub-1/func/sub-1_task-a_acq-try_bold.nii.gz",
            "sub-1/extra/sub-1_task-a_bold.nii.gz",
            "sub-1/extra/sub-1_task-keep_bold.nii.gz",
            "inner/dataset_description.json",
            "inner/sub-1/func/sub-1_task-b_bold.nii.gz",
            "sourcedata/sub-1/func/sub-1_task-c_bold.nii.gz",
            "sub-1/.hidden/sub-1_task-d_bold.nii.gz",
        ],
    );
    let ignored = "# tries\n*_acq-try_*\nextra/\n!sub-1/**/*keep*\n";
    fs::write(root.join(".bidsignore"), ignored).unwrap();
    let dataset = Dataset::open(root).unwrap();
    let found: Vec<_> = dataset.of_suffix("bold", &[".nii.gz"]).map(|f| f.path.clone()).collect();
    let want = ["sub-1/extra/sub-1_task-keep_bold.nii.gz", "sub-1/func/sub-1_task-a_bold.nii.gz"];
    assert_eq!(found, want.map(std::path::PathBuf::from));
    assert!(dataset.notes[0].contains("2 files"), "{:?}", dataset.notes);
}

#[cfg(unix)]
#[test]
fn links_and_pointers_of_git_annex_are_told_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = ".git/annex/objects/aa/bb/MD5E-s1--c.nii.gz/MD5E-s1--c.nii.gz";
    std::os::unix::fs::symlink(format!("../{key}"), at("link.nii.gz")).unwrap();
    fs::write(at("pointer.nii.gz"), "/annex/objects/MD5E-s1--c.nii.gz\n").unwrap();
    fs::write(at("empty.nii.gz"), "").unwrap();
    fs::write(at("there.nii.gz"), "x").unwrap();
    let all = ["link", "pointer", "empty", "there", "none"];
    let found = all.map(|name| content(&at(&format!("{name}.nii.gz"))));
    let want =
        [Content::NotFetched, Content::NotFetched, Content::Empty, Content::There, Content::Gone];
    assert_eq!(found, want);
    // and the index lists a link to what is not here as the file that it stands for
    fs::write(at("dataset_description.json"), "{}").unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    assert_eq!(of(&dataset, "link.nii.gz").len(), 1);
}

#[test]
fn ten_thousand_files_are_indexed_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    for subject in 0..100 {
        let at = folder.path().join(format!("sub-{subject:03}/func"));
        fs::create_dir_all(&at).unwrap();
        for run in 0..100 {
            fs::write(at.join(format!("sub-{subject:03}_task-a_run-{run}_bold.json")), "").unwrap();
        }
    }
    fs::write(folder.path().join("dataset_description.json"), "{}").unwrap();
    let began = Instant::now();
    let dataset = Dataset::open(folder.path()).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(dataset.of_suffix("bold", &[".json"]).count(), 10_000);
    // a debug build beside others on two cores takes longer, and must not take it as the square
    let most = if cfg!(debug_assertions) { 5.0 } else { 1.0 };
    assert!(seconds < most, "{seconds:.2} s");
}

#[test]
fn every_entity_has_one_key_and_one_long_name_and_runs_are_numbers() {
    let names: Vec<&str> = entity::names().collect();
    assert!(names.len() > 35, "{names:?}");
    for (at, name) in names.iter().enumerate() {
        let key = entity::key(name);
        assert_eq!((entity::long(key), entity::long(name)), (Some(*name), Some(*name)));
        assert!(names[..at].iter().all(|other| entity::key(other) != key), "{key} twice");
    }
    assert_eq!((entity::key("volume"), entity::long("vol")), ("voi", None));
    assert_eq!(entity::key("made_up"), "made_up");
    assert!(entity::same("run", "1", "01") && entity::same("chunk", "2", "002"));
    assert!(!entity::same("run", "1", "2") && !entity::same("run", "a", "b"));
    assert!(!entity::same("subject", "1", "01") && entity::same("subject", "1", "1"));
    assert_eq!(entity::canonical("run", "007"), "7");
    assert_eq!(entity::canonical("subject", "007"), "007");
}
