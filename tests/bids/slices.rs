//! Runs on native slices, whose task columns are each slice's own: what pages and methods say of them.

use std::fs;
use std::path::Path;

use boldly::stats::least_squares::LeastSquares;
use ndarray::{Array1, Array2};

use crate::binary::{boldly, run, said, succeeded};
use crate::made::files;
use crate::small::{DERIVED, IN_SPACE, RAW, STEM, model, only, second_subject, study};

/// The native runs, of which both conditions are compared.
const NATIVE: &str = "-m model.json --space none --desc-label none --noise ols --device cpu -q";

/// The model with what the contrast weighs, and a node of the dataset.
fn compared(dir: &Path) {
    model(dir);
    let text = fs::read_to_string(dir.join("model.json")).unwrap();
    let text = text.replace(
        r#""ConditionList": ["trial_type.pain"], "Weights": [1]"#,
        r#""ConditionList": ["trial_type.pain", "trial_type.control"], "Weights": [1, -1]"#,
    );
    let group = r#"}, {"Level": "Dataset", "Name": "group", "GroupBy": ["contrast"],
        "Model": {"X": [1], "Type": "meta"}, "DummyContrasts": {"Test": "t"}}]}"#;
    let (nodes, _) = text.rsplit_once("}]}").unwrap();
    fs::write(dir.join("model.json"), format!("{nodes}{group}")).unwrap();
}

/// The words of a page, without its marks.
fn words(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let (_, text) = text.split_once("</style>").unwrap();
    let words = text.split('<').filter_map(|part| part.split_once('>')).map(|(_, words)| words);
    words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// w (X'X)^- w' of pain less control in the table that was made for the fit, of all volumes but some.
fn variance(design: &Path, without: &[usize]) -> f64 {
    let text = fs::read_to_string(design).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let kept = lines.enumerate().filter(|(row, _)| !without.contains(row)).map(|(_, line)| line);
    let rows: Vec<Vec<f64>> =
        kept.map(|line| line.split('\t').map(|cell| cell.parse().unwrap()).collect()).collect();
    let x = Array2::from_shape_fn((rows.len(), names.len()), |(row, column)| rows[row][column]);
    let weight = |name: &&str| match *name {
        "trial_type.pain" => 1.0,
        "trial_type.control" => -1.0,
        _ => 0.0,
    };
    let w: Array1<f64> = names.iter().map(weight).collect();
    w.dot(&LeastSquares::new(x.view()).unwrap().xtx_inv.dot(&w))
}

#[test]
fn a_design_of_slices_is_shown_and_judged_with_its_task_columns() {
    let folder = study();
    let dir = folder.path();
    compared(dir);
    run(dir, &format!("bids study out run {NATIVE} --censor after:1,fd:0.5"));
    let design = only(&dir.join("out"), "desc-model_design.tsv");
    let wanted = variance(&design, &[7, 8, 20, 21]);
    assert!(wanted > 0.02 && wanted < 0.4, "{wanted}");
    let page = words(&dir.join("out/sub-01.html"));
    for part in [
        format!("pain yes {wanted:.3}"),
        "36 volumes from top to bottom, 4 columns from left to right".to_owned(),
        "1 run, 4 columns: each run has each of them".to_owned(),
        "Columns 4 ".to_owned(),
        "2 of these (trial_type.pain, trial_type.control), fitted in each slice as they are at its time".to_owned(),
        "the columns trial_type.pain, trial_type.control were sampled at each slice's own time".to_owned(),
    ] {
        let part = part.replace('\'', "&#39;");
        assert!(page.contains(&part), "{part}: {page}");
    }
    assert!(!page.contains("columns were sampled at the times of the frames"), "{page}");
}

#[test]
fn runs_with_slice_times_and_without_have_the_same_columns() {
    let folder = study();
    let dir = folder.path();
    compared(dir);
    second_subject(dir);
    // What holds of all runs becomes the first one's alone, without slice times for the other.
    let shared = dir.join("study/task-pain_bold.json");
    let text = fs::read_to_string(&shared).unwrap();
    fs::write(dir.join(RAW).join(format!("{STEM}_bold.json")), &text).unwrap();
    fs::write(&shared, r#"{"TaskName": "pain", "RepetitionTime": 2.0}"#).unwrap();
    let line = format!("bids study out dataset {}", NATIVE.replace(" -q", ""));
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let page = || words(&dir.join("out/node-group.html"));
    let all = page();
    assert!(all.contains("2 runs, 4 columns: each run has each of them"), "{all}");
    let methods = "in 1 of 2 runs the columns trial_type.pain, trial_type.control were sampled at each slice&#39;s own time";
    assert!(all.contains(methods), "{all}");
    // Both lie as the scanner took them.
    let elsewhere = "takes 2 subjects together of which the images name no space, as those do that lie as the scanner took them";
    assert!(told.contains(elsewhere), "{told}");
    let (_, serious) = all.split_once("What may make the findings wrong").unwrap();
    let (serious, _) = serious.split_once("How things were done").unwrap();
    assert!(serious.contains(elsewhere), "{serious}");
    assert!(all.contains("Runs that were fitted: 2, of 2 subjects."), "{all}");
    assert!(!all.contains(" Fitted by "), "{all}");
    // Pages alone, of what is left.
    fs::remove_dir_all(dir.join("out/node-run/sub-02")).unwrap();
    let done = boldly(dir, &format!("{line} --reports-only"));
    assert!(!done.status.success(), "{}", said(&done));
    let all = page();
    for part in ["Runs that were fitted: 1, of 1 subject.", "fitted in 1 of 2", "fitted in 0 of 1"]
    {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("Estimates were combined"), "{all}");
    let own = words(&dir.join("out/sub-01.html"));
    let (_, fitted_by) = own.split_once(" Fitted by ").unwrap();
    let (fitted_by, _) = fitted_by.split_once(" Runs and columns").unwrap();
    assert!(fitted_by.ends_with(&line), "{fitted_by}");
    // What was made for slices goes with them.
    run(dir, &format!("bids study out dataset {NATIVE} --task-times middle --overwrite"));
    let left = files(&dir.join("out"));
    let is_of_slices = |name: &std::path::PathBuf| name.to_string_lossy().contains("slice");
    assert!(!left.iter().any(is_of_slices), "{left:?}");
}

#[test]
fn what_slices_and_contrasts_are_without_is_among_the_warnings_of_a_page() {
    let folder = study();
    let dir = folder.path();
    compared(dir);
    let model = fs::read_to_string(dir.join("model.json")).unwrap();
    let cue = r#""Contrasts": [{"Name": "cue", "ConditionList": ["trial_type.cue"], "Weights": [1], "Test": "t"}, "#;
    fs::write(dir.join("model.json"), model.replacen(r#""Contrasts": ["#, cue, 1)).unwrap();
    let shared = dir.join("study/task-pain_bold.json");
    let text = fs::read_to_string(&shared).unwrap();
    let mut told: serde_json::Value = serde_json::from_str(&text).unwrap();
    told["SliceTiming"][1] = 1000.into();
    fs::write(&shared, told.to_string()).unwrap();
    run(dir, &format!("bids study out run {NATIVE} --missing-contrast skip"));
    let page = words(&dir.join("out/sub-01.html"));
    let (_, warnings) = page.split_once("Left out, assumed, or not to be computed").unwrap();
    let (warnings, _) = warnings.split_once("How things were done").unwrap();
    for part in [
        "without contrast cue, for want of trial_type.cue",
        "! SliceTiming[1] in task-pain_bold.json is 1000",
        "its columns are of one moment in each volume",
    ] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    let line = format!("bids study x run {NATIVE} --task-times slice --dry-run");
    fs::write(&shared, r#"{"TaskName": "pain", "RepetitionTime": 2.0}"#).unwrap();
    let told = said(&boldly(dir, &line));
    assert!(told.contains("give SliceTiming in a sidecar of"), "{told}");
    assert!(!told.contains("--slice-times"), "{told}");
}

#[test]
fn a_task_and_a_recording_of_different_moments_are_told() {
    let folder = study();
    let dir = folder.path();
    compared(dir);
    let sidecar = dir.join(DERIVED).join(format!("{IN_SPACE}_desc-preproc_bold.json"));
    fs::write(sidecar, r#"{"RepetitionTime": 2.0, "SliceTimingCorrected": true}"#).unwrap();
    let line = "bids study x run -m model.json --physio --terms 1/0/0 --dry-run";
    let told = said(&succeeded(line, boldly(dir, line)));
    for part in ["0 s into each volume", "two moments in one model", "no StartTime says"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let line = format!("{line} --task-times middle");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    assert!(!told.contains("two moments"), "{told}");
}
