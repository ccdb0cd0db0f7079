//! What is said of a run: by its name once, on pages without this machine's folders; and nothing of what boldly itself asks.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded};
use crate::small::{DERIVED, IN_SPACE, RAW, STEM, model, study};

const TABLE: &str = "desc-confounds_timeseries.tsv";

#[track_caller]
fn refused(dir: &Path, line: &str, code: i32, words: &[&str]) -> String {
    let done = boldly(dir, line);
    assert_eq!(done.status.code(), Some(code), "{line}: {}", said(&done));
    for word in words {
        assert!(said(&done).contains(word), "{line}: no '{word}' in {}", said(&done));
    }
    said(&done)
}

/// Changes a file's text.
fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}: {from}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn an_error_of_a_run_names_it_once() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let all = r#""trans*", "rot*", "csf*", "white*", "global*", 1]"#;
    change(&dir.join("model.json"), r#""trans_x", 1]"#, all);
    let told = refused(
        dir,
        "bids study out run -m model.json --dry-run",
        65,
        &["sub-01 task-pain has 40 volumes for 40 independent columns"],
    );
    assert!(!told.contains("of sub-01 task-pain"), "{told}");
}

#[test]
fn a_page_names_files_by_what_tells_them_from_others_of_their_run_and_lists_what_was_left_out() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let described = format!("{DERIVED}/{IN_SPACE}_desc-preproc_bold.json");
    change(&dir.join(described), r#""RepetitionTime": 2.0"#, r#""RepetitionTime": 2.5"#);
    let whole = dir.join("study");
    run(
        dir,
        &format!(
            "bids {} out run -m model.json --noise ols --censor fd:0.5 --device cpu -q",
            whole.display()
        ),
    );
    let page = fs::read_to_string(dir.join("out/sub-01.html")).unwrap();
    let notes = page.split("id=\"notes\"").nth(1).unwrap().split("</section>").next().unwrap();
    let file = "_space-MNI152NLin2009cAsym_desc-preproc_bold";
    let said = format!("repetition time 2.5 s (*{file}.json) is used; *{file}.nii.gz says 2 s");
    assert!(notes.contains(&said), "{notes}");
    assert!(!notes.contains(&*dir.to_string_lossy()), "{notes}");
    assert!(notes.contains("sub-01 task-pain: 2 of 40 volumes are left out"), "{notes}");
    for part in [
        "<td>7, 20: framewise displacement 2</td><td class=\"n\">38 of 40</td>",
        "2 volumes left out, and why",
        "framewise displacement 0.900 mm",
    ] {
        assert!(page.contains(part), "no '{part}'");
    }
}

#[test]
fn what_only_other_datasets_have_is_told_or_refused_where_they_differ() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let derived = dir.join(DERIVED);
    let mask = |name: &str| format!("{name}_desc-brain_mask.nii.gz");
    fs::copy(derived.join(mask(IN_SPACE)), derived.join(mask(STEM))).unwrap();
    let other = dir.join("study/derivatives/other");
    fs::create_dir_all(other.join("sub-01/func")).unwrap();
    fs::copy(
        dir.join("study/derivatives/fmriprep/dataset_description.json"),
        other.join("dataset_description.json"),
    )
    .unwrap();
    let table = format!("{STEM}_{TABLE}");
    for name in [&table, &mask(STEM)] {
        fs::copy(derived.join(name), other.join("sub-01/func").join(name)).unwrap();
    }
    let line = "bids study out run -m model.json --space none --desc-label none --dry-run";
    let done = succeeded(line, boldly(dir, line));
    for what in ["table of confounds", "mask"] {
        let why = format!(
            "sub-01 task-pain: the {what} is that of the dataset fmriprep: the image's own has none"
        );
        assert_eq!(said(&done).matches(&why).count(), 1, "{}", said(&done));
    }
    // an image that has its own needs no word
    let own = "bids study out run -m model.json --dry-run";
    let done = succeeded(own, boldly(dir, own));
    assert!(!said(&done).contains("is that of the dataset"), "{}", said(&done));

    change(&other.join("sub-01/func").join(&table), "motion_outlier00", "motion_outlier01");
    let both = [
        "sub-01 task-pain has two files for its table of confounds that differ",
        "fmriprep/sub-01",
        "other/sub-01",
        "with -d",
    ];
    refused(dir, line, 65, &both);
    let one = format!("{line} -d study/derivatives/fmriprep");
    succeeded(&one, boldly(dir, &one));
    succeeded(own, boldly(dir, own));
    fs::remove_file(other.join("sub-01/func").join(&table)).unwrap();
    crate::tables::nifti(
        &other.join("sub-01/func").join(mask(STEM).replace(".gz", "")),
        &[2, 2, 2],
        &|_| 1.0,
    );
    fs::remove_file(other.join("sub-01/func").join(mask(STEM))).unwrap();
    refused(dir, line, 65, &["sub-01 task-pain has two files for its mask that differ"]);
}

#[test]
fn a_model_that_is_made_is_no_cause_of_warnings() {
    let folder = study();
    let dir = folder.path();
    let line = "bids study out run --task pain --contrast pain --strategy scrubbing --dry-run";
    let done = succeeded(line, boldly(dir, line));
    assert!(!said(&done).contains("warning"), "{}", said(&done));
    // a run with cosines of its own, beside the filter of the model
    let path = dir.join(DERIVED).join(format!("{STEM}_{TABLE}"));
    let text = fs::read_to_string(&path).unwrap();
    let with = |(at, row): (usize, &str)| match at {
        0 => format!("{row}\tcosine00\n"),
        t => format!("{row}\t{}\n", (std::f64::consts::PI * (t as f64 - 0.5) / 40.0).cos()),
    };
    fs::write(&path, text.lines().enumerate().map(with).collect::<String>()).unwrap();
    let json = format!("{line} --json");
    let done = succeeded(&json, boldly(dir, &json));
    assert!(!said(&done).contains("warning"), "{}", said(&done));
    let plan: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let columns = plan["units"][0]["columns"].as_array().unwrap();
    assert!(columns.contains(&"cosine00".into()) && !columns.contains(&"drift_1".into()), "{plan}");
    assert_eq!(plan["notes"].as_array().unwrap().len(), 0, "{plan}");
}

#[test]
fn what_can_be_known_before_a_fit_is_refused_by_a_dry_run_too() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let line = |more: &str| format!("bids study out run -m model.json --dry-run {more}");
    refused(dir, &line("--censor non-steady:columns"), 2, &["finds no column non_steady_state"]);
    let atlas = "bids study out run -m model.json --dry-run --inference=--atlas=nowhere.nii.gz";
    refused(dir, atlas, 66, &["--inference: nowhere.nii.gz is not there"]);
    succeeded("as it is", boldly(dir, &line("")));
    let mask = dir.join(DERIVED).join(format!("{IN_SPACE}_desc-brain_mask.nii.gz"));
    fs::remove_file(&mask).unwrap();
    crate::tables::nifti(&mask.with_extension(""), &[2, 2, 2], &|_| 1.0);
    refused(dir, &line(""), 65, &["desc-brain_mask.nii", "sub-01 task-pain"]);
    assert!(dir.join(RAW).is_dir() && !dir.join("out").exists());
}
