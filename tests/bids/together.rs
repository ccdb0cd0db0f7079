//! What a unit above the run takes together: names of two meanings, inputs that no column has a part of, contrasts that cannot be asked, and what
//! its columns make of effects.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{boldly, said, succeeded};
use crate::tables::{LINE, study};

/// Runs with the contrasts `on` and `level`, and a node above them.
fn model(dir: &Path, above: Value) {
    let contrast = |name: &str, of: Value| json!({ "Name": name, "ConditionList": [of], "Weights": [1], "Test": "t" });
    let mut node = json!({ "Level": "Dataset", "Name": "all", "GroupBy": ["contrast"], "DummyContrasts": { "Test": "t" } });
    for (key, value) in above.as_object().unwrap() {
        node[key] = value.clone();
    }
    if node["DummyContrasts"].is_null() {
        node.as_object_mut().unwrap().remove("DummyContrasts");
    }
    if let Some(list) = node["Transformations"].as_array().cloned() {
        node["Transformations"] =
            json!({ "Transformer": "pybids-transforms-v1", "Instructions": list });
    }
    let model = json!({
        "Name": "together", "BIDSModelVersion": "1.0.0", "Input": { "task": ["a"] },
        "Nodes": [
            {
                "Level": "Run", "Name": "run", "GroupBy": ["run", "session", "subject"],
                "Transformations": { "Transformer": "pybids-transforms-v1", "Instructions": [
                    { "Name": "Factor", "Input": ["trial_type"] },
                    { "Name": "Convolve", "Model": "spm", "Input": ["trial_type.on"] },
                ] },
                "Model": { "X": ["trial_type.on", 1], "Type": "glm" },
                "Contrasts": [contrast("on", json!("trial_type.on")), contrast("level", json!(1))],
            },
            node,
        ],
        "Edges": [{ "Source": "run", "Destination": "all" }],
    });
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
}

/// What the plan of a model says, standard error behind it.
fn planned(dir: &Path, above: Value, more: &str) -> String {
    model(dir, above);
    let line = format!("{LINE} --dry-run {more}");
    let done = succeeded(&line, boldly(dir, &line));
    String::from_utf8(done.stdout.clone()).unwrap() + &said(&done)
}

#[track_caller]
fn refused(dir: &Path, above: Value, words: &[&str]) {
    model(dir, above);
    let done = boldly(dir, &format!("{LINE} --dry-run"));
    let told = said(&done);
    assert_eq!(done.status.code(), Some(65), "{told}");
    words.iter().for_each(|word| assert!(told.contains(word), "no '{word}' in {told}"));
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    words.iter().for_each(|word| assert!(text.contains(word), "no '{word}' in {text}"));
}

/// The groups of the three subjects, and ratings that are called as a contrast is.
fn people(dir: &Path, groups: [&str; 3]) {
    let [one, two, three] = groups;
    let text = format!(
        "participant_id\tgroup\ton\tintercept\nsub-1\t{one}\t4\t2\nsub-2\t{two}\t1\t3\nsub-3\t{three}\t9\t5\n"
    );
    fs::write(dir.join("raw/participants.tsv"), text).unwrap();
}

#[test]
fn a_name_of_a_contrast_and_of_a_column_is_refused_and_1_is_always_the_constant() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    people(dir, ["b", "a", "a"]);
    let both = "is one of the contrasts that come in, and a column of tables about them too";
    let x = |x: Value| json!({ "GroupBy": [], "Model": { "X": x, "Type": "glm" } });
    refused(dir, x(json!(["on", "level"])), &["`on` of /Nodes/1/Model/X (node all)", both]);
    refused(dir, x(json!(["o?", "level"])), &["`on` of /Nodes/1/Model/X (node all)", both]);
    let mut formula = x(json!(["on", "level"]));
    formula["Model"]["Formula"] = "0 + on + level".into();
    refused(dir, formula, &["`on` of /Nodes/1/Model/Formula (node all)", both]);
    let mut taken = x(json!(["rated", "level"]));
    taken["Transformations"] = json!([{ "Name": "Copy", "Input": ["on"], "Output": ["rated"] }]);
    refused(dir, taken, &["`on` of /Nodes/1/Transformations/Instructions/0 (node all)", both]);
    // a node of single contrasts has no such column of its own
    let alone = json!({ "Model": { "X": [1, "on"], "Type": "glm" } });
    let text = planned(dir, alone, "");
    says(
        &text,
        &["12        2  on, on_on", "1 is the column of ones, not the variable `intercept`"],
    );
    let twice = json!({ "Model": { "X": [1, "int*"], "Type": "glm" } });
    refused(
        dir,
        twice,
        &["/Nodes/1/Model/X of node all has 1, whose column is called intercept, and a var"],
    );
    // where the only other is a constant too there is nothing to tell
    let own = dir.join("raw/participants.tsv");
    let text = fs::read_to_string(&own).unwrap().replace("intercept", "other");
    fs::write(own, text).unwrap();
    let alone = json!({ "Model": { "X": [1, "on"], "Type": "glm" } });
    assert!(!planned(dir, alone, "").contains("column of ones"));
}

#[test]
fn above_the_run_each_contrast_that_cannot_be_is_skipped_and_named_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let factor = json!([{ "Name": "Factor", "Input": ["group"] }]);
    let over = json!({
        "Transformations": factor, "Model": { "X": [1, "group.*"], "Type": "glm" }, "DummyContrasts": null,
        "Contrasts": [
            { "Name": "first", "ConditionList": [1], "Weights": [1], "Test": "t" },
            { "Name": "differ", "ConditionList": ["group.a", "group.b"], "Weights": [1, -1], "Test": "t" },
            { "Name": "last", "ConditionList": ["group.a"], "Weights": [1], "Test": "t" },
        ],
    });
    let text = planned(dir, over.clone(), "--missing-contrast skip");
    let lost = |name: &str| format!("left out: contrast {name}, which the inputs do not determine");
    says(&text, &["12        3  on_differ\n", &lost("on_first"), &lost("level_last")]);
    refused(
        dir,
        over,
        &["contrast 'on_first' of node all (task-a, contrast on) is not determined"],
    );
    // what a unit of too few loses is named, too
    let few = json!({
        "GroupBy": ["contrast", "subject", "session"],
        "Model": { "X": [1, "rating"], "Type": "glm" },
    });
    let text = planned(dir, few.clone(), "--missing-contrast skip");
    says(
        &text,
        &[
            "node all (sub-1 ses-1): no contrast is left to ask (node all (sub-1 ses-1 task-a, contrast on) has 2 inputs for 2 columns",
            "; contrast on; contrast on_rating)",
        ],
    );
    refused(dir, few, &["has 2 inputs for 2 columns"]);
}

#[test]
fn an_input_that_no_column_has_a_part_of_is_refused_and_levels_that_are_nearly_one_are_asked_after()
{
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let factor = json!([{ "Name": "Factor", "Input": ["group"] }]);
    let node = |x: Value| json!({ "Transformations": factor, "Model": { "X": x, "Type": "glm" } });
    people(dir, ["pateint", "patient", "patient"]);
    let zero = "is 0 in every column of the design, group.patient (as 3 more)";
    let slip = "its group is 'pateint'; did you mean 'patient'?";
    refused(dir, node(json!(["group.patient"])), &["node all: sub-1 ses-1 task-a", zero, slip]);
    let near = "level `pateint` of `group` (4 of 12 values) is nearly `patient` (8); are they one?";
    says(&planned(dir, node(json!([1, "group.patient"])), ""), &[near]);
    let formula =
        json!({ "Model": { "X": [1, "group"], "Formula": "1 + C(group)", "Type": "glm" } });
    says(&planned(dir, formula, ""), &[near]);
    people(dir, ["other", "patient", "patient"]);
    refused(dir, node(json!(["group.patient"])), &["its group is 'other' "]);
    // a contrast that no column is of
    let on = json!({ "GroupBy": ["subject"], "Model": { "X": ["on"], "Type": "glm" } });
    fs::write(dir.join("raw/participants.tsv"), "participant_id\nsub-1\nsub-2\nsub-3\n").unwrap();
    refused(dir, on, &["is 0 in every column of the design, on", "its contrast is 'level'"]);
    // 0 of a measure is a value as any
    let days = json!({ "Model": { "X": ["days"], "Type": "glm" } });
    let text = planned(dir, days, "");
    says(&text, &["no sum of its columns (days) is one: it is fitted through 0; add 1 to X"]);
}

#[test]
fn what_is_tested_where_a_covariate_is_0_is_named_whatever_the_coding() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let differ = |of: [&str; 2]| json!([{ "Name": "differ", "ConditionList": of, "Weights": [1, -1], "Test": "t" }]);
    let by_x = |centred: bool| {
        let factor = json!({ "Name": "Factor", "Input": ["group"] });
        let demean = json!({ "Name": "Demean", "Input": ["age"] });
        let list = if centred { json!([factor, demean]) } else { json!([factor]) };
        json!({
            "Transformations": list,
            "Model": { "X": ["group.a", "group.b", "age"], "Type": "glm" },
            "Contrasts": differ(["group.a", "group.b"]),
        })
    };
    let by = |formula: &str, centred: bool| {
        let demean = json!([{ "Name": "Demean", "Input": ["age"] }]);
        let list = if centred { demean } else { json!([]) };
        let x = json!([1, "group", "age"]);
        json!({ "Transformations": list, "Model": { "X": x, "Formula": formula, "Type": "glm" } })
    };
    let told = |above: Value| {
        let text = planned(dir, above, "");
        let lines =
            text.lines().filter(|line| line.contains("tests on") || line.contains("tests level"));
        lines
            .filter(|line| line.contains("warning"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    says(&told(by_x(false)), &["tests on_group.a, on_group.b where age (mean 21.5000) is 0"]);
    let of_formula = told(by("0 + age + C(group)", false));
    says(&of_formula, &["tests on_C(group)[a], on_C(group)[b] where age (mean 21.5000) is 0"]);
    let crossed = told(by("1 + C(group)*age", false));
    says(
        &crossed,
        &[
            "tests on where age (mean 21.5000) is 0; Demean it",
            "tests on_C(group)[T.b] where C(group)[T.b]:age (mean 11.5000) is 0; Demean its variable",
        ],
    );
    for centred in [
        by_x(true),
        by("1 + C(group)*age", true),
        by("0 + C(group)*age", true),
        by("1 + C(group)", false),
    ] {
        assert_eq!(told(centred), "");
    }
}

#[test]
fn contrasts_that_become_one_and_a_fit_through_0_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let mean = |by: &[&str]| json!({ "Level": "Subject", "GroupBy": by, "Model": { "X": [1], "Type": "meta" } });
    let one = "takes 2 contrasts as one, for no column tells them apart (level, on)";
    says(&planned(dir, mean(&["subject"]), ""), &[one]);
    assert!(!planned(dir, mean(&["subject", "contrast"]), "").contains("contrasts as one"));
    let apart = json!({ "GroupBy": ["subject"], "Model": { "X": ["on", "level"], "Type": "glm" } });
    let text = planned(dir, apart, "");
    assert!(!text.contains("contrasts as one") && !text.contains("fitted through 0"), "{text}");
    let age = json!({ "Model": { "X": ["age"], "Type": "glm" } });
    let through = "has no constant, and no sum of its columns (age) is one: it is fitted through 0";
    says(&planned(dir, age, ""), &[through]);
}
