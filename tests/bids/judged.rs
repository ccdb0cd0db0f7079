//! What may make findings wrong is told of those that it holds of, once, by name; and what people changed in the folder of results is theirs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{boldly, run, said, succeeded};
use crate::small;
use crate::tables::{LINE, SHAPE, model, nifti, study};

const SERIOUS: &str = "What may make the findings wrong";

fn page(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join("out").join(name)).unwrap()
}

/// The part of a page's notes that is under a title.
fn notes(page: &str, title: &str) -> String {
    let all = page.split("id=\"notes\"").nth(1).unwrap().split("</section>").next().unwrap();
    let own = all.split("<h3>").find(|part| part.starts_with(title));
    own.unwrap_or_default().to_owned()
}

#[track_caller]
fn refused(dir: &Path, line: &str, code: i32, words: &[&str]) {
    let done = boldly(dir, line);
    assert_eq!(done.status.code(), Some(code), "{line}: {}", said(&done));
    for word in words {
        assert!(said(&done).contains(word), "{line}: no '{word}' in {}", said(&done));
    }
}

#[test]
fn maps_of_one_subject_are_no_subjects_unless_the_model_tells_subjects_apart() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    model(dir, json!([1]), json!([]), &["contrast"]);
    let wanted = "node all: takes 12 maps of 3 subjects (4 of sub-";
    for line in [format!("{LINE} --dry-run"), LINE.to_owned()] {
        let told = said(&succeeded(&line, boldly(dir, &line)));
        assert!(told.contains(wanted) && told.contains("Factor of subject"), "{told}");
    }
    let serious = notes(&page(dir, "node-all.html"), SERIOUS);
    assert!(serious.contains("takes 12 maps of 3 subjects"), "{serious}");
    assert_eq!(page(dir, "node-all.html").matches("of one subject for independent").count(), 1);
    // a paired design has each subject's mean
    let factors = json!([{ "Name": "Factor", "Input": ["subject", "session"] }]);
    model(dir, json!(["subject.*", "session.2"]), factors, &["contrast"]);
    let line = format!("{LINE} --overwrite");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let all = told + &page(dir, "node-all.html");
    assert!(!all.contains("for independent"), "{all}");
}

#[test]
fn a_warning_of_all_contrasts_of_a_unit_is_one_and_groups_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    // a voxel without data in one run
    let name = "raw/sub-3/ses-1/func/sub-3_ses-1_task-a_run-1_bold.nii";
    let n = SHAPE.iter().product::<usize>();
    let value = |at: usize| if at % n == 7 { 0.0 } else { 1000.0 + (at * at % 37) as f32 };
    nifti(&dir.join(name), &[SHAPE[0], SHAPE[1], SHAPE[2], 24], &value);
    model(dir, json!([1, "rating"]), json!([]), &["contrast"]);
    run(dir, &format!("{LINE} -q"));
    let all = page(dir, "node-all.html");
    let own = notes(&all, "Left out");
    let text = "voxels have fewer than 12 of 12 maps and are left out";
    assert_eq!(own.matches(text).count(), 1, "{own}");
    assert!(!own.contains(&format!("trial_type.on: 1 of {n}")), "{own}");
    // of groups
    model(dir, json!([1]), json!([]), &["contrast", "group"]);
    run(dir, &format!("{LINE} -q --overwrite"));
    let all = page(dir, "node-all.html");
    for group in ["group-a", "group-b"] {
        let heading = format!("Contrast trial_type.on (all, {group})");
        assert!(all.contains(&heading), "no '{heading}'");
    }
}

/// Sessions of each subject beside each other, by fixed effects.
fn sessions(dir: &Path) {
    let factors = json!([{ "Name": "Factor", "Input": ["session"] }]);
    model(dir, json!(["session.1", "session.2"]), factors, &["subject", "contrast"]);
    let path = dir.join("model.json");
    let mut all: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    all["Nodes"][1]["Level"] = json!("Subject");
    all["Nodes"][1]["Model"]["Type"] = json!("meta");
    fs::write(&path, all.to_string()).unwrap();
}

#[test]
fn an_estimate_rests_on_the_runs_that_its_contrast_weighs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    sessions(dir);
    fs::remove_file(dir.join("raw/sub-3/ses-1/func/sub-3_ses-1_task-a_run-2_bold.nii")).unwrap();
    let line = LINE.replace("dataset", "participant");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let own = "sub-3 task-a: trial_type.on_session.1 (all) rests on 1 run, where that of others rests on 2";
    assert!(told.contains(own), "{told}");
    assert!(!told.contains("trial_type.on_session.2 (all)"), "{told}");
    assert!(page(dir, "sub-3.html").contains("trial_type.on_session.1 (all) rests on 1 run"));
}

#[test]
fn warnings_of_what_is_taken_as_it_is_are_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    sessions(dir);
    let line = format!("{} -vv --json", LINE.replace("dataset", "participant"));
    let all = [0, 1].map(|_| {
        let done = succeeded(&line, boldly(dir, &line));
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        (told, said(&done))
    });
    let [(first, _), (second, told)] = &all;
    assert_eq!((&first["kept"], &second["computed"]), (&json!(0), &json!(0)));
    assert!(first["warned"].as_u64() > Some(0) && first["warned"] == second["warned"], "{second}");
    assert!(told.contains("warning: run: sub-"), "{told}");
    for key in ["notes", "left_out", "left_out_of_units"] {
        assert!(!second[key].is_null(), "no {key} in {second}");
    }
}

#[test]
fn what_a_level_above_the_run_cannot_do_is_said_with_whose_it_is_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let people = dir.join("raw/participants.tsv");
    let table = "participant_id\theight\tgroup\nsub-1\t171\tb\nsub-2\t167,5\ta\nsub-3\t180\ta\n";
    fs::write(&people, table).unwrap();
    let line = format!("{LINE} --dry-run");
    for instructions in [json!([]), json!([{ "Name": "Demean", "Input": ["height"] }])] {
        model(dir, json!([1, "height"]), instructions, &["contrast"]);
        refused(
            dir,
            &line,
            65,
            &["`height`", "is text (`167,5`)", "sub-2", "point before decimals"],
        );
    }
    model(dir, json!([1]), json!([{ "Name": "DropNA", "Input": ["days"] }]), &["contrast"]);
    refused(dir, &line, 65, &["a value for each input", "Filter of the edge"]);
    let divided = json!([{ "Name": "Divide", "Input": ["days"], "Value": 0 }]);
    model(dir, json!([1, "days"]), divided, &["contrast"]);
    refused(dir, &line, 65, &["/Value", "divides by 0"]);
    fs::remove_file(&people).unwrap();
    let none = "BIDS_DIR has no participants.tsv";
    model(dir, json!([1, "height"]), json!([]), &["contrast"]);
    refused(dir, &line, 65, &["`height`", "is no variable", none]);
    model(dir, json!([1]), json!([]), &["contrast", "group"]);
    refused(dir, &line, 65, &["\"group\"", none]);
}

#[test]
fn a_model_that_was_changed_in_the_folder_of_results_is_not_replaced_unasked() {
    let folder = small::study();
    let dir = folder.path();
    small::second_subject(dir);
    let line = |who: &str| {
        format!(
            "bids study out run --task pain --contrast pain --noise ols --device cpu -q --participant-label {who}"
        )
    };
    run(dir, &line("01"));
    let path = dir.join("out/model-made_smdl.json");
    let made = fs::read_to_string(&path).unwrap();
    let own = made.replace("Made by boldly bids", "Mine");
    assert_ne!(own, made);
    fs::write(&path, &own).unwrap();
    for more in ["", " --dry-run"] {
        let line = line("01 02") + more;
        refused(dir, &line, 2, &["model-made_smdl.json", "changed since", "-m ", "--overwrite"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), own, "{line}");
    }
    // what it says can be asked for, and put back
    run(dir, "bids study out run -m out/model-made_smdl.json --noise ols --device cpu -q");
    assert_eq!(fs::read_to_string(&path).unwrap(), own);
    run(dir, &(line("01 02") + " --overwrite"));
    assert_eq!(fs::read_to_string(&path).unwrap(), made);
}

#[test]
fn what_boldly_itself_wrote_for_another_model_is_no_change_of_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let line = LINE.replace("dataset", "run");
    small::model(dir);
    model(dir, json!([1]), json!([]), &["contrast"]);
    run(dir, &line);
    let path = dir.join("model.json");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("\"all\"", "\"everybody\""))
        .unwrap();
    let told = said(&succeeded(&line, boldly(dir, &line)));
    assert!(!told.contains("README"), "{told}");
    let readme = fs::read_to_string(dir.join("out/README")).unwrap();
    assert!(readme.contains("everybody"), "{readme}");
    fs::write(dir.join("out/README"), "mine").unwrap();
    let told = said(&succeeded(&line, boldly(dir, &line)));
    assert!(told.contains("README is not as boldly makes it"), "{told}");
    assert_eq!(fs::read_to_string(dir.join("out/README")).unwrap(), "mine");
    run(dir, "verify out -q");
}
