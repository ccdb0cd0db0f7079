//! What is refused before any fit: with which code, and in which words.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::binary::{boldly, said, succeeded};
use crate::made::{META, changed, copy, dataset, model};

/// Runs a line that must fail with a code and say some words; nothing is left in `out`.
#[track_caller]
fn refused(folder: &Path, line: &str, code: i32, words: &[&str]) {
    let done = boldly(folder, line);
    let told = said(&done);
    assert_eq!(done.status.code(), Some(code), "{line}: {told}");
    for word in words {
        assert!(told.contains(word), "{line}: no '{word}' in {told}");
    }
    assert!(!folder.join("out").exists(), "{line} left something");
}

#[test]
fn a_model_is_validated_without_data() {
    let folder = tempfile::tempdir().unwrap();
    let Some(good) = model(META) else { return };
    let line = format!("bids --validate {}", good.display());
    let done = succeeded(&line, boldly(folder.path(), &line));
    let valid = String::from_utf8(done.stdout.clone()).unwrap();
    assert!(valid.contains("4 nodes, 1 note"), "{valid}");
    assert!(said(&done).contains("/Nodes/1/Model/Type"), "{}", said(&done));
    let bad = |v: &mut serde_json::Value| v["Nodes"][0]["GroupBye"] = json!(["run"]);
    let bad = changed(folder.path(), bad).unwrap();
    let line = format!("bids --validate {}", bad.display());
    refused(folder.path(), &line, 65, &["/Nodes/0", "GroupBye", "GroupBy", "model-changed"]);
}

#[test]
fn what_a_model_alone_can_tell_of_slips_is_told_without_data() {
    let folder = tempfile::tempdir().unwrap();
    type Change = fn(&mut serde_json::Value);
    let slips: [(Change, &str); 7] = [
        (|v| v["Nodes"][0]["GroupBy"][1] = json!("subjct"), "did you mean \"subject\"?"),
        (
            |v| v["Edges"][2]["Filter"]["contrast"] = json!(["gainVsLos"]),
            "\"gainVsLos\" is no contrast",
        ),
        (|v| v["Edges"][0]["Filter"]["contrast"][1] = json!("gian"), "did you mean \"gain\"?"),
        (
            |v| v["Edges"][2]["Filter"] = json!({ "contrst": ["gain"] }),
            "did you mean \"contrast\"?",
        ),
        (
            |v| v["Nodes"][2]["GroupBy"] = json!(["contrast", "subject"]),
            "takes each subject by itself",
        ),
        (
            |v| v["Nodes"][1]["Model"]["X"] = json!(["intercpt"]),
            "did you mean \"intercept\", or 1?",
        ),
        (
            |v| v["Nodes"][0]["Transformations"]["Instructions"].as_array_mut().unwrap().reverse(),
            "a later one: is their order meant?",
        ),
    ];
    for (change, words) in slips {
        let Some(model) = changed(folder.path(), change) else { return };
        let line = format!("bids --validate {}", model.display());
        let done = succeeded(&line, boldly(folder.path(), &line));
        assert!(said(&done).contains(words), "no '{words}' in {}", said(&done));
        assert!(!String::from_utf8_lossy(&done.stdout).contains("4 nodes, 1 note"));
    }
    // a variable under its own name was there before
    let narps = "bids-models/model-zoo/model-zoo__exhibits__narps__model-narps_smdl.json";
    let line = format!("bids --validate {}", model(narps).unwrap().display());
    let done = succeeded(&line, boldly(folder.path(), &line));
    assert!(!said(&done).contains("is their order meant?"), "{}", said(&done));
    let seconds = |v: &mut serde_json::Value| {
        v["Nodes"][0]["Model"]["Options"] = json!({ "HighPassFilterCutoffHz": 128 });
    };
    let model = changed(folder.path(), seconds).unwrap();
    let line = format!("bids --validate {}", model.display());
    let words = [
        "/Nodes/0/Model/Options/HighPassFilterCutoffHz",
        "is 128 Hz",
        "0.00781 Hz is one of 128 s",
    ];
    refused(folder.path(), &line, 65, &words);
}

#[test]
fn what_of_a_model_cannot_be_fitted_is_said_by_validate_in_the_words_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    type Change = fn(&mut serde_json::Value);
    let unfit: [(Change, &str); 6] = [
        (|v| v["Nodes"][0]["Model"]["X"] = json!([]), "/Nodes/0/Model/X"),
        (|v| v["Nodes"][0]["Model"]["X"] = json!(["", " "]), "/Nodes/0/Model/X"),
        (|v| v["Nodes"][0]["Contrasts"][1]["Weights"] = json!([0]), "/Nodes/0/Contrasts/1/Weights"),
        (
            |v| v["Nodes"][0]["Contrasts"][0]["ConditionList"][1] = json!("parametric gain"),
            "/Nodes/0/Contrasts/0/Weights",
        ),
        (
            |v| v["Nodes"][0]["Contrasts"][1]["Name"] = json!("gainVsLoss"),
            "/Nodes/0/Contrasts/1/Name",
        ),
        (
            |v| v["Nodes"][0]["Contrasts"][0]["Weights"] = json!([1, -1, 1]),
            "/Nodes/0/Contrasts/0/Weights",
        ),
    ];
    for (change, pointer) in unfit {
        let Some(model) = changed(folder.path(), change) else { return };
        let Some(raw) = dataset("ds005") else { return };
        let [validated, run] = [
            format!("bids --validate {}", model.display()),
            format!("bids {} out dataset -m {}", raw.display(), model.display()),
        ]
        .map(|line| {
            let done = boldly(folder.path(), &line);
            assert_eq!(done.status.code(), Some(65), "{line}: {}", said(&done));
            let told = said(&done);
            told.lines().find(|line| line.starts_with("boldly: ")).unwrap_or_default().to_owned()
        });
        assert!(validated.contains(&format!("{pointer} of ")), "{validated}");
        assert_eq!(validated, run);
    }
    // a node that asks nothing is valid, and told of
    let nothing: [Change; 2] = [
        |v| {
            v["Nodes"][0]["Contrasts"] = json!([]);
            v["Nodes"][0]["DummyContrasts"]["Contrasts"] = json!([]);
        },
        |v| {
            v["Nodes"][0]["Contrasts"].take();
            v["Nodes"][0]["DummyContrasts"].take();
        },
    ];
    for change in nothing {
        let Some(model) = changed(folder.path(), change) else { return };
        let Some(raw) = dataset("ds005") else { return };
        let told = "/Nodes/0: asks no contrast of any run";
        let validated = boldly(folder.path(), &format!("bids --validate {}", model.display()));
        let text = said(&validated);
        assert!(validated.status.success() && text.contains(told), "{text}");
        let line = format!("bids {} out dataset -m {}", raw.display(), model.display());
        let run = boldly(folder.path(), &line);
        let text = said(&run);
        assert_eq!(run.status.code(), Some(65), "{text}");
        assert!(text.contains("/Nodes/0 (run_level) asks no contrast of any run"), "{text}");
    }
    // so is one above, which is left out
    let Some(model) = changed(folder.path(), |v| drop(v["Nodes"][1]["DummyContrasts"].take()))
    else {
        return;
    };
    let validated = boldly(folder.path(), &format!("bids --validate {}", model.display()));
    let text = said(&validated);
    let told = "/Nodes/1: asks no contrast, so that nothing is estimated";
    assert!(validated.status.success() && text.contains(told), "{text}");
}

#[test]
fn numbers_below_zero_and_conditions_that_are_none_are_refused_in_their_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), model(META)) else { return };
    let line = format!("bids {} out run -m {}", raw.display(), model.display());
    refused(folder.path(), &format!("{line} --fwhm -3"), 2, &["'-3'", "--fwhm", "0 or more"]);
    refused(folder.path(), &format!("{line} --drift -3"), 2, &["'-3'", "--drift"]);
    let Some(raw) = dataset("ds114") else { return };
    let line = format!("bids {} out run --task fingerfootlips --contrast", raw.display());
    let words = ["`Foto`, which is no condition (trial_type)", "did you mean `Foot`?"];
    refused(folder.path(), &format!("{line} Foto"), 2, &words);
    refused(folder.path(), &format!("{line} Hand"), 2, &["conditions: Finger, Foot, Lips"]);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), model(META)) else { return };
    let line = format!("bids {} out participant -m {}", raw.display(), model.display());
    let with = |more: &str| format!("{line} {more}");
    refused(folder.path(), &with("--participant-label 05"), 66, &["'05'", "01, 02, 03, 04"]);
    refused(folder.path(), &with("--space T1w"), 66, &["space-T1w", "MNI152NLin2009cAsym"]);
    refused(folder.path(), &with("--desc-label smooth"), 66, &["desc-smooth", "preproc"]);
    // -d: what it is, what it must be, and what is there
    let must = "must be a dataset of derivatives, such as fMRIPrep's output, or a folder of such";
    let leave = "leave -d out to take what is there: ";
    let words = ["-d nowhere does not exist", must, leave, "derivatives/fmriprep"];
    refused(folder.path(), &with("-d nowhere"), 66, &words);
    let words = ["model-ds005Meta_smdl.json is no folder", must, leave];
    refused(folder.path(), &with(&format!("-d {}", model.display())), 66, &words);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let words = ["-d empty has no dataset_description.json and no sub-* folder", must, leave];
    refused(folder.path(), &with("-d empty"), 66, &words);
    let words =
        ["-d fmriprep does not exist", "did you mean", "derivatives/fmriprep? A path begins"];
    refused(folder.path(), &with("-d fmriprep"), 66, &words);
    let elsewhere = line.replace("ds005", "ds006");
    refused(folder.path(), &elsewhere, 66, &["ds006", "does not exist"]);
    // names alone: the example datasets of BIDS hold no data
    let Some(tree) = crate::common::shared("bids-trees/ds000001-fmriprep") else { return };
    let own = |v: &mut serde_json::Value| v["Input"]["task"] = json!(["balloonanalogrisktask"]);
    let own = changed(folder.path(), own).unwrap();
    let line = format!("bids {} out run -m {}", tree.display(), own.display());
    refused(folder.path(), &line, 66, &["_bold.nii.gz", "is an empty file (0 bytes)"]);
}

#[test]
fn a_folder_of_other_things_is_no_place_for_results() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(raw), Some(model)) = (dataset("ds005"), model(META)) else { return };
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/notes.txt"), "mine").unwrap();
    let line = format!("bids {} mine run -m {}", raw.display(), model.display());
    refused(folder.path(), &line, 2, &["mine", "not empty"]);
}

#[test]
fn a_column_that_a_run_lacks_is_refused_by_subject_and_run_or_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let Some(raw) = dataset("ds005") else { return };
    let typo =
        |v: &mut serde_json::Value| v["Nodes"][0]["Model"]["X"][2] = json!("parametric gian");
    let Some(typo) = changed(folder.path(), typo) else { return };
    let line = format!("bids {} out run -m {} --dry-run", raw.display(), typo.display());
    let words = ["parametric gian", "sub-01", "run-01", "did you mean `parametric gain`?"];
    refused(folder.path(), &line, 65, &words);
    // dropped, its contrasts are missing
    let drop = line.clone() + " --missing-variable drop";
    refused(folder.path(), &drop, 65, &["weighs parametric gain", "--missing-contrast skip"]);
    let skip = line + " --drop-missing";
    let done = succeeded(&skip, boldly(folder.path(), &skip));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("column parametric gian, which the run lacks"), "{table}");
    assert!(table.contains("contrast gain, for want of parametric gain"), "{table}");
    assert!(table.contains("trial_type.gamble"), "{table}");
}

#[test]
fn levels_above_are_checked_before_any_run_is_fitted() {
    let folder = tempfile::tempdir().unwrap();
    let Some(raw) = dataset("ds005") else { return };
    let Some(text) = model("bids-models/own/model-ds005MetaStringSex_smdl.json") else { return };
    let line = format!("bids {} out dataset -m {}", raw.display(), text.display());
    refused(folder.path(), &line, 65, &["`sex`", "is text", "Factor"]);
    // one subject leaves least squares nothing to find an error from
    let Some(model) = model(META) else { return };
    let line =
        format!("bids {} out dataset -m {} --participant-label 01", raw.display(), model.display());
    refused(folder.path(), &line, 65, &["group_mean", "has 1 input for 1 column"]);
}

#[test]
fn two_images_of_one_run_are_refused_until_a_filter_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(shared), Some(model)) = (dataset("ds005"), model(META)) else { return };
    let raw = folder.path().join("ds");
    copy(&shared, &raw);
    let at = raw.join("derivatives/fmriprep/sub-01/func");
    let stem = "sub-01_task-mixedgamblestask_run-01_space-MNI152NLin2009cAsym";
    for (desc, ending) in
        [("preproc_bold", ".nii.gz"), ("preproc_bold", ".json"), ("brain_mask", ".nii.gz")]
    {
        let from = at.join(format!("{stem}_desc-{desc}{ending}"));
        fs::copy(&from, at.join(format!("{stem}_res-2_desc-{desc}{ending}"))).unwrap();
    }
    let line = format!("bids ds out run -m {} --participant-label 01", model.display());
    refused(folder.path(), &line, 65, &["res-2", "both of one run", "--bids-filter-file"]);
    fs::write(folder.path().join("filter.json"), r#"{"bold": {"res": "2", "run": 1}}"#).unwrap();
    let line = format!("{line} --bids-filter-file filter.json --dry-run");
    let done = succeeded(&line, boldly(folder.path(), &line));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("run_level (Run, glm): 1 units"), "{table}");
}

#[test]
fn a_contrast_that_a_design_does_not_determine_is_refused_or_skipped_and_groups_go_by_participants()
{
    let folder = tempfile::tempdir().unwrap();
    let Some(raw) = dataset("ds005") else { return };
    // a column a second time; the dataset in groups of a column of participants.tsv
    let twice = |v: &mut serde_json::Value| {
        let copy = json!({ "Name": "Copy", "Input": ["parametric gain"], "Output": ["both"] });
        v["Nodes"][0]["Transformations"]["Instructions"].as_array_mut().unwrap().push(copy);
        v["Nodes"][0]["Model"]["X"].as_array_mut().unwrap().push(json!("both"));
        v["Nodes"][2]["GroupBy"] = json!(["contrast", "sex"]);
        v["Nodes"].as_array_mut().unwrap().pop();
        v["Edges"].as_array_mut().unwrap().pop();
        v["Edges"][0]["Filter"]["contrast"] = json!(["trial_type.gamble"]);
    };
    let Some(twice) = changed(folder.path(), twice) else { return };
    let line = format!("bids {} out dataset -m {} --dry-run", raw.display(), twice.display());
    refused(folder.path(), &line, 65, &["'gainVsLoss'", "sub-01", "is not determined", "both"]);
    let skip = line + " --missing-contrast skip";
    let done = succeeded(&skip, boldly(folder.path(), &skip));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("contrast gain, which the design does not determine"), "{table}");
    assert!(table.contains("sex-F"), "{table}");
    assert!(table.contains("sex-M"), "{table}");
}

/// The golden model without the two-regressor node, on a copy of ds005 in `raw`; its words.
fn on_a_copy(folder: &std::path::Path, more: &str) -> Option<String> {
    copy(&dataset("ds005")?, &folder.join("raw"));
    Some(format!("bids raw out dataset --noise ols {more}"))
}

#[test]
fn a_subject_of_whom_a_table_says_nothing_is_in_no_level() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = on_a_copy(folder.path(), "--dry-run -m") else { return };
    let table = folder.path().join("raw/participants.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    let kept: Vec<&str> = text.lines().filter(|row| !row.starts_with("sub-02")).collect();
    std::fs::write(&table, kept.join("\n") + "\n").unwrap();
    let done = boldly(folder.path(), &format!("{line} {}", model(META).unwrap().display()));
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    let said = said(&done);
    assert!(said.contains("has no value (n/a) for input") && said.contains("sub-02"), "{said}");
}

#[test]
fn a_mask_to_smooth_within_that_is_not_there_is_refused_before_anything_changes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) = on_a_copy(folder.path(), "--fwhm 5 --smooth-within none.nii") else { return };
    for more in ["--dry-run -m", "-m"] {
        let done =
            boldly(folder.path(), &format!("{line} {more} {}", model(META).unwrap().display()));
        assert_eq!(done.status.code(), Some(66), "{}", said(&done));
        assert!(said(&done).contains("none.nii"), "{}", said(&done));
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn a_made_model_takes_all_columns_of_its_strategy_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let Some(line) =
        on_a_copy(folder.path(), "--dry-run --task mixedgamblestask --contrast x=gain")
    else {
        return;
    };
    let line = format!("{line} --strategy 36p");
    let tables = folder.path().join("raw/derivatives/fmriprep/sub-01/func");
    let name = "sub-01_task-mixedgamblestask_run-01_desc-confounds_timeseries.tsv";
    let text = std::fs::read_to_string(tables.join(name)).unwrap();
    std::fs::write(tables.join(name), text.replacen("rot_z_power2", "rot_z_other", 1)).unwrap();
    let done = boldly(folder.path(), &line);
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    assert!(said(&done).contains("columns of --strategy 36p, and lacks"), "{}", said(&done));
    std::fs::remove_file(tables.join(name)).unwrap();
    let done = boldly(folder.path(), &line);
    assert_eq!(done.status.code(), Some(66), "{}", said(&done));
    assert!(said(&done).contains("run-01 has no table of confounds"), "{}", said(&done));
}
