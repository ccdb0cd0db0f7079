//! Conditions that a run has lost: to censoring, or to a column that says the same.

use super::*;

/// The volumes in which the response to `control` (34 to 49 s) is not 0, as a list to be left out.
fn without_control(dir: &Path) {
    let volumes: String = (17..40).map(|volume| format!("{volume}\n")).collect();
    text(dir, "left_out.txt", &volumes);
    text(
        dir,
        "events.tsv",
        "onset\tduration\ttrial_type\n0\t4\tpain\n12\t4\tpain\n34\t15\tcontrol\n",
    );
}

/// The same, and a second run in which nothing is left out: its list is empty.
fn without_control_in_the_first(dir: &Path) {
    without_control(dir);
    second_run(dir);
    text(dir, "none.txt", "");
}

/// Two ready designs, the second of which has one column twice.
fn twice_in_the_second(dir: &Path) {
    second_run(dir);
    let design = |b: fn(usize) -> usize| -> String {
        let rows = (0..SHAPE[3]).map(|n| format!("{}\t{}\t1\n", n / 5 % 2, b(n)));
        "a\tb\tconstant\n".to_owned() + &rows.collect::<String>()
    };
    text(dir, "first.tsv", &design(|n| n / 7 % 2));
    text(dir, "second.tsv", &design(|n| n / 5 % 2));
}

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "a condition that censoring took",
            without_control,
            "glm bold.nii --events events.tsv --mask mask.nii --censor-volumes left_out.txt --drift none --min-dof 1 --contrast pain-control \
             --out out --device cpu",
            65,
            &[
                "contrast 'pain-control'",
                "censoring took all of `control` from bold.nii (with 23 of its 40 volumes)",
                "censor less strictly",
            ],
        ),
        case(
            "a condition that censoring took from every slice",
            without_control,
            "glm bold.nii --events events.tsv --mask mask.nii --censor-volumes left_out.txt --drift none --min-dof 1 --task-times slice \
             --f-contrast pain;control --out out --device cpu",
            65,
            &["contrast 'pain;control'", "censoring took all of `control` from bold.nii"],
        ),
        case(
            "a condition that censoring took from one of two runs",
            without_control_in_the_first,
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --mask mask.nii --censor-volumes left_out.txt none.txt --drift none \
             --min-dof 1 --contrast control --out out --device cpu",
            65,
            &[
                "contrast 'control'",
                "is estimable in 1 of 2 runs: censoring took all of `control` from bold.nii (with 23 of its 40 volumes)",
                "--skip-missing",
            ],
        ),
        case(
            "a condition that censoring took from the run that is named",
            without_control_in_the_first,
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --mask mask.nii --censor-volumes left_out.txt none.txt --drift none \
             --min-dof 1 --contrast control@run-1-control@run-2 --out out --device cpu",
            65,
            &["weighs run-1 by its name, and censoring took all of `control` from bold.nii"],
        ),
        case(
            "all volumes censored",
            |d| {
                let volumes: String = (0..SHAPE[3]).map(|n| format!("{n}\n")).collect();
                text(d, "left_out.txt", &volumes);
            },
            "glm bold.nii --events events.tsv --mask mask.nii --censor-volumes left_out.txt --contrast pain --out out --device cpu",
            65,
            &["bold.nii keeps 0 of its 40 volumes under --censor-volumes"],
        ),
        case(
            "a design that is singular in one of two runs",
            twice_in_the_second,
            "glm bold.nii second_bold.nii --design first.tsv second.tsv --mask mask.nii --contrast a --out out --device cpu",
            65,
            &[
                "contrast 'a'",
                "is estimable in 1 of 2 runs: the design of second_bold.nii does not determine it (these columns depend on each other: a, b)",
                "--skip-missing",
            ],
        ),
    ]
}

#[test]
fn what_censoring_took_is_said_where_no_contrast_asks_for_it_and_where_runs_may_be_skipped() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    without_control_in_the_first(dir);
    let line = |contrast: &str, more: &str, out: &str| {
        format!(
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --mask mask.nii --censor-volumes left_out.txt none.txt --drift none \
             --min-dof 1 --contrast {contrast} {more} --out {out} --device cpu"
        )
    };
    for (contrast, more, said) in [
        ("pain", "", "the design of bold.nii is rank deficient: censoring took all of `control`"),
        (
            "control",
            "--skip-missing",
            "is that of 1 of 2 runs, with their variance and degrees of freedom: censoring took all of `control`",
        ),
    ] {
        let output = boldly(dir, &line(contrast, more, contrast));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && message.contains(said), "{contrast}: {message}");
    }
}

#[test]
fn a_repetition_time_that_header_and_sidecar_contradict_each_other_on_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    text(dir, "bold.json", "{\"RepetitionTime\": 2.5}");
    let output = boldly(
        dir,
        "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
    );
    let message = String::from_utf8_lossy(&output.stderr);
    let said = "repetition time 2.5 s (bold.json) is used; bold.nii says 2 s";
    assert!(output.status.success() && message.contains(said), "{message}");
}
