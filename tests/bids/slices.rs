//! Runs on native slices, whose task columns are each slice's own: what pages and methods say of them.

use std::fs;
use std::path::Path;

use boldly::stats::least_squares::LeastSquares;
use ndarray::{Array1, Array2};

use crate::binary::{boldly, run, said, succeeded};
use crate::small::{RAW, STEM, model, only, second_subject, study};

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
    let wanted = variance(&design, &[0, 7, 20]);
    assert!(wanted > 0.02 && wanted < 0.4, "{wanted}");
    let page = words(&dir.join("out/sub-01.html"));
    for part in [
        format!("pain yes {wanted:.3}"),
        "37 volumes from top to bottom, 4 columns from left to right".to_owned(),
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
    let line = format!("bids study out dataset {NATIVE}");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let page = words(&dir.join("out/node-group.html"));
    assert!(page.contains("2 runs, 4 columns: each run has each of them"), "{page}");
    let methods = "in 1 of 2 runs the columns trial_type.pain, trial_type.control were sampled at each slice&#39;s own time";
    assert!(page.contains(methods), "{page}");
    drop(told);
}
