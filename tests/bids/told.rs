//! What is said of a run: by its name once, on pages without this machine's folders; and nothing of what boldly itself asks.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded};
use crate::made::{changed, copy, dataset, without_difference};
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

#[test]
fn what_is_left_out_lost_or_of_before_is_told_and_stands_on_the_nodes_page() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let (Some(raw), Some(model)) = (dataset("ds005"), changed(dir, without_difference)) else {
        return;
    };
    copy(&raw, &dir.join("ds005"));
    // a run without one of its modulators
    let table = dir.join("ds005/sub-03/func/sub-03_task-mixedgamblestask_run-02_events.tsv");
    change(&table, "parametric gain\tdistance", "other\tdistance");
    let line = format!(
        "bids ds005 out dataset -m {} --noise ols --drop-missing --censor fd:0.05 --min-dof 2 --device cpu --inference=--permutations=200",
        model.display()
    );
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let run_2 = "sub-03 task-mixedgamblestask run-02";
    let lacks = "for want of parametric gain";
    let wanted = [
        format!("run_level: {run_2}: without column parametric gain, which the run lacks; without contrast gainVsLoss, {lacks}; without contrast gain, {lacks}; without contrast anyParametric, {lacks}"),
        "sub-03 task-mixedgamblestask: gain, gainVsLoss (subject_level) rest on 1 run, where those of others rest on 2".to_owned(),
        "sub-01 task-mixedgamblestask run-01 and 7 more: ".to_owned(),
        " % of the volumes are left out".to_owned(),
        " degrees of freedom are left: variances are little known".to_owned(),
    ];
    wanted.iter().for_each(|part| assert!(told.contains(part), "no '{part}' in {told}"));
    let page = |name: &str| fs::read_to_string(dir.join("out").join(name)).unwrap();
    let node = page("node-groupMean.html");
    let (serious, others) =
        node.split("id=\"notes\"").nth(1).unwrap().split_once("Left out, assumed").unwrap();
    assert!(serious.contains(&wanted[3]) && serious.contains(&wanted[4]), "{serious}");
    for part in [
        format!("without contrast gain, {lacks}: run_level: {run_2}"),
        "gain, gainVsLoss (subject_level) rest on 1 run, where those of others rest on 2: sub-03 task"
            .to_owned(),
    ] {
        assert!(others.contains(&part), "no '{part}'");
    }
    // the rules, and as many rearrangements as there were
    for part in [
        "where framewise displacement exceeded 0.05 mm (--censor fd:0.05)",
        "over 16 rearrangements of the residuals given the nuisance, all that there are [",
        "<th scope=\"row\">node-subjectLevel/sub-01/sub-01_task",
    ] {
        assert!(node.contains(part), "no '{part}'");
    }
    assert!(!node.contains("../node-"), "files are named as seen from the page");
    assert!(
        page("sub-01.html").contains("<th scope=\"row\">../ds005/derivatives/fmriprep/sub-01/")
    );
    // of the runs without such a column each stands on its subject's page
    let idle = "`motion_outlier*` matches no variable of this run";
    assert!(!page("sub-02.html").contains(idle));
    let own = format!("{idle}: sub-03 task-mixedgamblestask run-01, {run_2}");
    assert!(page("sub-03.html").contains(&own) && !page("sub-03.html").contains("4 runs (sub-01"));

    let derived = dir.join("ds005/derivatives/fmriprep");
    fs::remove_dir_all(derived.join("sub-03")).unwrap();
    let stale = [
        "5 units in the folder of results are not of this analysis",
        "node-runLevel/sub-03_task-mixedgamblestask_run-01, ",
        "the page sub-03.html in the folder of results is of subjects without a run",
    ];
    let reported = format!("{line} --reports-only");
    let done = boldly(dir, &reported);
    let alone = format!("{line} --participant-label 01 --dry-run").replace(" dataset ", " run ");
    let told = [said(&done), said(&succeeded(&line, boldly(dir, &line)))];
    for (told, part) in told.iter().flat_map(|told| stale.iter().map(move |part| (told, part))) {
        assert!(told.contains(part), "no '{part}' in {told}");
    }
    assert!(page("node-groupMean.html").contains(stale[0]));
    // who fits one participant is not told of pages and estimates of others
    let told = said(&succeeded(&alone, boldly(dir, &alone)));
    assert!(!told.contains("not of this analysis"), "{told}");
}

#[test]
fn a_folder_that_was_moved_is_fitted_again_and_why_is_said() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let line = |out: &str| {
        format!("bids study {out} run -m model.json --noise ols --fwhm 20 --device cpu")
    };
    run(dir, &line("out"));
    fs::create_dir(dir.join("deeper")).unwrap();
    fs::rename(dir.join("out"), dir.join("deeper/out")).unwrap();
    let moved = line("deeper/out");
    let told = said(&succeeded(&moved, boldly(dir, &moved)));
    let why = "run: sub-01 task-pain was there and is fitted again: files that it was made of are not where they were as seen from its sidecar";
    assert!(told.contains(why), "{told}");
}
