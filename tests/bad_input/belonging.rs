//! Files of another subject, session, task or run than the image, by their names; and what is said where that may be meant.

use super::*;

/// The good run as run 1 of a subject, with a file called so in place of another.
fn named(dir: &Path, from: &str, to: &str) {
    copy(dir, "bold.nii", "sub-01_ses-1_task-pain_run-1_bold.nii");
    copy(dir, "bold.json", "sub-01_ses-1_task-pain_run-1_bold.json");
    copy(dir, from, to);
}

macro_rules! given {
    ($name:literal, $from:literal as $to:literal, $line:literal, $apart:literal) => {
        case(
            $name,
            |dir| named(dir, $from, $to),
            concat!(
                "glm sub-01_ses-1_task-pain_run-1_bold.nii --contrast pain --out out --device cpu ",
                $line
            ),
            2,
            &[
                $to,
                "by its name not of sub-01_ses-1_task-pain_run-1_bold.nii",
                $apart,
                "name a copy",
            ],
        )
    };
}

pub fn cases() -> Vec<Case> {
    vec![
        given!(
            "events of another subject, task and run",
            "events.tsv" as "sub-02_task-rest_run-2_events.tsv",
            "--events sub-02_task-rest_run-2_events.tsv",
            "sub-02 for sub-01, task-rest for task-pain, run-2 for run-1"
        ),
        given!(
            "events of another run",
            "events.tsv" as "sub-01_ses-1_task-pain_run-2_events.tsv",
            "--events sub-01_ses-1_task-pain_run-2_events.tsv",
            "run-2 for run-1"
        ),
        given!(
            "events of another session",
            "events.tsv" as "sub-01_ses-2_task-pain_run-01_events.tsv",
            "--events sub-01_ses-2_task-pain_run-01_events.tsv",
            ": ses-2 for ses-1;"
        ),
        given!(
            "confounds of another run",
            "confounds.tsv" as "sub-01_task-pain_run-2_desc-confounds_timeseries.tsv",
            "--events events.tsv --columns * --confounds sub-01_task-pain_run-2_desc-confounds_timeseries.tsv",
            "(confounds)"
        ),
        given!(
            "a motion file of another subject",
            "confounds.tsv" as "sub-02_run-1_bold_mcf.par",
            "--events events.tsv --columns * --confounds sub-02_run-1_bold_mcf.par",
            "sub-02 for sub-01"
        ),
        given!(
            "censored volumes of another task",
            "events.tsv" as "sub-01_task-rest_outliers.txt",
            "--events events.tsv --censor-volumes sub-01_task-rest_outliers.txt",
            "task-rest for task-pain"
        ),
        given!(
            "a mask of another subject",
            "mask.nii" as "sub-02_desc-brain_mask.nii",
            "--events events.tsv --mask sub-02_desc-brain_mask.nii",
            "(mask)"
        ),
        given!(
            "a voxel-wise image of another run",
            "bold.nii" as "sub-01_task-pain_run-2_desc-local_bold.nii",
            "--events events.tsv --voxelwise sub-01_task-pain_run-2_desc-local_bold.nii",
            "(voxelwise)"
        ),
        case(
            "a mask of another subject to smooth within",
            |dir| named(dir, "mask.nii", "sub-02_desc-brain_mask.nii"),
            "smooth sub-01_ses-1_task-pain_run-1_bold.nii --fwhm 6 --smooth-within sub-02_desc-brain_mask.nii --out out.nii --device cpu",
            2,
            &["(smooth within)", "sub-02 for sub-01"],
        ),
        case(
            "runs of two subjects",
            |dir| {
                second_run(dir);
                copy(dir, "bold.nii", "sub-01_task-pain_bold.nii");
                copy(dir, "bold.json", "sub-01_task-pain_bold.json");
                copy(dir, "second_bold.nii", "sub-02_task-pain_bold.nii");
                copy(dir, "bold.json", "sub-02_task-pain_bold.json");
            },
            "glm sub-01_task-pain_bold.nii sub-02_task-pain_bold.nii --events events.tsv events.tsv --contrast pain --out out --device cpu",
            2,
            &["of several subjects: sub-01, sub-02", "run boldly glm on each", "boldly group"],
        ),
        case(
            "one design of another task for several runs",
            |dir| {
                named(dir, "events.tsv", "task-rest_events.tsv");
                second_run(dir);
            },
            "glm sub-01_ses-1_task-pain_run-1_bold.nii second_bold.nii --events task-rest_events.tsv task-rest_events.tsv \
             --contrast pain --out out --device cpu",
            2,
            &["task-rest for task-pain"],
        ),
    ]
}

/// What is said of a fit of the good run under one name with its events under another.
fn said_of(bold: &str, events: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let renamed = [("bold.nii", format!("{bold}.nii")), ("bold.json", format!("{bold}.json"))];
    for (from, to) in renamed.iter().chain([&("events.tsv", events.to_owned())]) {
        if from != to {
            copy(dir, from, to);
        }
    }
    let line = format!(
        "glm {bold}.nii --events {events} --mask mask.nii --contrast pain --out out --device cpu"
    );
    let output = boldly(dir, &line);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{message}");
    message
}

#[test]
fn an_entity_that_only_one_of_two_names_has_is_noted_once() {
    let bold = "sub-01_task-pain_bold";
    let said = said_of(bold, "sub-01_ses-2_task-pain_run-1_events.tsv");
    let note = "sub-01_ses-2_task-pain_run-1_events.tsv (events) names ses-2, run-1, which sub-01_task-pain_bold.nii does not";
    assert_eq!(said.matches(note).count(), 1, "{said}");
    let said = said_of("sub-01_task-pain_run-2_bold", "sub-01_task-pain_events.tsv");
    assert!(
        said.contains("(events) does not name run-2, as sub-01_task-pain_run-2_bold.nii does"),
        "{said}"
    );
    for (bold, events) in
        [(bold, "sub-01_task-pain_events.tsv"), (bold, "events.tsv"), ("bold", "sub-01_events.tsv")]
    {
        let said = said_of(bold, events);
        assert!(!said.contains("it is taken for this run's"), "{said}");
    }
}

#[test]
fn what_is_doubted_of_events_is_no_part_of_an_error_that_they_do_not_cause() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    let events =
        "onset\tduration\ttrial_type\n5\t5\tcontrol\n20\t5\tpain\n35\t5\tcontrol\n900\t9\tpain\n";
    text(dir, "late.tsv", events);
    let line =
        "glm bold.nii --events late.tsv --mask mask.nii --contrast pian --out out --device cpu";
    let message = String::from_utf8_lossy(&boldly(dir, line).stderr).into_owned();
    let error = message.lines().find(|line| line.starts_with("boldly: ")).expect("an error");
    assert!(error.contains("did you mean `pain`?"), "{error}");
    assert!(!error.contains("after the run"), "{error}");
    assert!(message.contains("1 of 4 events begin after the run"), "it is a warning: {message}");
}

#[test]
fn one_design_for_several_runs_may_be_called_after_one_of_them_and_a_mask_after_another_task() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    second_run(dir);
    for (run, from) in [(1, "bold"), (2, "second_bold")] {
        copy(dir, &format!("{from}.nii"), &format!("sub-01_task-pain_run-{run}_bold.nii"));
        copy(dir, &format!("{from}.json"), &format!("sub-01_task-pain_run-{run}_bold.json"));
    }
    copy(dir, "events.tsv", "sub-01_task-pain_run-1_events.tsv");
    copy(dir, "mask.nii", "sub-01_task-rest_run-2_desc-brain_mask.nii");
    let events = "sub-01_task-pain_run-1_events.tsv sub-01_task-pain_run-1_events.tsv";
    let line = format!(
        "glm sub-01_task-pain_run-1_bold.nii sub-01_task-pain_run-2_bold.nii --events {events} --mask \
         sub-01_task-rest_run-2_desc-brain_mask.nii --contrast pain --out out --device cpu"
    );
    let output = boldly(dir, &line);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{message}");
    let note = "sub-01_task-pain_run-1_events.tsv is by its name of one run, and taken for all 2";
    assert_eq!(message.matches(note).count(), 1, "{message}");
    // events that name no run, one a run
    copy(dir, "events.tsv", "sub-01_task-pain_events.tsv");
    copy(dir, "events.tsv", "sub-01_events.tsv");
    let line =
        line.replace(events, "sub-01_task-pain_events.tsv sub-01_events.tsv") + " --overwrite";
    let message = String::from_utf8_lossy(&boldly(dir, &line).stderr).into_owned();
    assert_eq!(message.matches("(events) does not name run-1, as").count(), 1, "{message}");
    assert_eq!(
        message.matches("(events) does not name task-pain, run-2, as").count(),
        1,
        "{message}"
    );
    copy(dir, "events.tsv", "sub-01_task-pain_acq-2_events.tsv");
    let line = line.replace("sub-01_events.tsv", "sub-01_task-pain_acq-2_events.tsv");
    let message = String::from_utf8_lossy(&boldly(dir, &line).stderr).into_owned();
    assert_eq!(message.matches("(events) does not name").count(), 1, "once for both: {message}");
}

#[test]
fn runs_of_two_tasks_are_told_to_be_averaged_over_both() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    second_run(dir);
    for (from, task) in [("bold", "pain"), ("second_bold", "heat")] {
        copy(dir, &format!("{from}.nii"), &format!("sub-01_task-{task}_bold.nii"));
        copy(dir, "bold.json", &format!("sub-01_task-{task}_bold.json"));
    }
    let line = "glm sub-01_task-pain_bold.nii sub-01_task-heat_bold.nii --events events.tsv events.tsv --mask mask.nii --contrast pain \
                --out out --device cpu";
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the runs are of several tasks (task-pain, task-heat)"), "{said}");
}
