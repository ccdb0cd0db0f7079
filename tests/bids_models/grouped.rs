//! Grouping, filters and names of contrasts on entities made here.

use boldly::bids::graph::{self, units};
use boldly::bids::model::Test;
use boldly::bids::{Entities, Model};
use serde_json::{Value, json};

use super::read;

/// `subject=01 run=1` as entities.
fn of(text: &str) -> Entities {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn all(texts: &[&str]) -> Vec<Entities> {
    texts.iter().map(|text| of(text)).collect()
}

/// A model of a run-level node and one above it, which are given in part.
fn model(run: Value, above: Value) -> Model {
    let mut nodes = [
        json!({"Level": "Run", "Name": "run", "GroupBy": ["run", "subject"], "Model": {"X": ["a", "b"], "Type": "glm"}}),
        json!({"Level": "Dataset", "Name": "all", "GroupBy": ["contrast"], "Model": {"X": [1], "Type": "glm"}}),
    ];
    for (node, given) in nodes.iter_mut().zip([run, above]) {
        for (key, value) in given.as_object().unwrap() {
            node[key] = value.clone();
        }
    }
    let edges = json!([{"Source": "run", "Destination": "all"}]);
    let model = json!({"Name": "m", "BIDSModelVersion": "1.0.0", "Nodes": nodes, "Edges": edges});
    read(&model.to_string()).0.unwrap()
}

fn names(asked: &graph::Asked) -> Vec<&str> {
    asked.contrasts.iter().map(|contrast| contrast.name.as_str()).collect()
}

#[test]
fn units_do_not_hang_on_the_order_of_group_by_and_come_in_the_order_of_their_inputs() {
    let inputs = all(&[
        "subject=02 run=1 contrast=x",
        "subject=01 run=1 contrast=x",
        "subject=01 run=2 contrast=x",
        "subject=01 run=1 contrast=y",
    ]);
    let one = model(json!({}), json!({"GroupBy": ["subject", "contrast"]}));
    let other = model(json!({}), json!({"GroupBy": ["contrast", "subject"]}));
    let grouped = units(&one.nodes[1], &inputs).unwrap();
    assert_eq!(grouped, units(&other.nodes[1], &inputs).unwrap());
    let members: Vec<_> = grouped.units.iter().map(|unit| unit.inputs.clone()).collect();
    assert_eq!(members, [vec![0], vec![1, 2], vec![3]]);
    assert_eq!(grouped.units[1].entities, of("subject=01 contrast=x"));
    assert_eq!(grouped.units[1].incoming.as_deref(), Some("x"));
}

#[test]
fn numbers_of_runs_are_the_same_with_and_without_a_zero_but_subjects_are_not() {
    let inputs = all(&["subject=1 run=01", "subject=1 run=1", "subject=01 run=1"]);
    let by = |keys: Value| {
        let model = model(json!({"GroupBy": keys}), json!({}));
        units(&model.nodes[0], &inputs).unwrap().units.len()
    };
    assert_eq!(by(json!(["run"])), 1);
    assert_eq!(by(json!(["subject"])), 2);
}

#[test]
fn what_no_input_is_grouped_by_is_left_out_of_runs_and_sessions_and_refused_of_anything_else() {
    let inputs = all(&["subject=01 group=a contrast=x", "subject=02 group=n/a contrast=x"]);
    let by = |keys: Value| units(&model(json!({}), json!({"GroupBy": keys})).nodes[1], &inputs);
    let grouped = by(json!(["session", "run", "contrast"])).unwrap();
    assert_eq!(grouped.units[0].entities, of("contrast=x"));
    assert_eq!(grouped.units[0].inputs, [0, 1]);
    let message = by(json!(["Group", "contrast"])).unwrap_err().to_string();
    assert!(message.contains("/Nodes/1/GroupBy has \"Group\""), "{message}");
    assert!(message.contains("did you mean \"group\"?"), "{message}");
    let grouped = by(json!(["group", "contrast"])).unwrap();
    assert_eq!(grouped.lacking, [(1, "group".to_owned())]);
    assert_eq!(grouped.units.len(), 1);
}

#[test]
fn a_run_level_unit_of_two_runs_is_refused_with_what_parts_them() {
    let model = model(json!({"GroupBy": ["subject"]}), json!({}));
    let runs =
        all(&["subject=01 run=1 task=x", "subject=01 run=2 task=x", "subject=02 run=1 task=x"]);
    let grouped = units(&model.nodes[0], &runs).unwrap();
    assert_eq!(graph::one_run(&model.nodes[0], &grouped.units[1], &runs).unwrap(), 2);
    let error = graph::one_run(&model.nodes[0], &grouped.units[0], &runs).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    let message = error.to_string();
    assert!(message.contains("subject 01") && message.contains("differ in \"run\":"), "{message}");
}

#[test]
fn a_filter_passes_what_all_of_its_keys_allow_and_refuses_what_nothing_is_of() {
    let estimates = all(&[
        "subject=01 run=01 contrast=gain",
        "subject=01 run=02 contrast=gain",
        "subject=01 run=01 contrast=loss",
    ]);
    let with = |filter: Value| {
        let run = json!({"DummyContrasts": {"Test": "t", "Contrasts": ["b"]}});
        let mut model = model(run, json!({}));
        model.edges[0].pointer = "/Edges/0".to_owned();
        for (key, labels) in filter.as_object().unwrap() {
            let labels = labels.as_array().unwrap().iter();
            let labels = labels.map(|label| label.as_str().unwrap().to_owned()).collect();
            model.edges[0].filter.insert(key.clone(), labels);
        }
        graph::passing(&model, &model.edges[0], &estimates)
    };
    assert_eq!(with(json!({})).unwrap(), [0, 1, 2]);
    assert_eq!(with(json!({"contrast": ["gain"]})).unwrap(), [0, 1]);
    assert_eq!(with(json!({"contrast": ["gain", "loss"], "run": ["1"]})).unwrap(), [0, 2]);
    // A contrast that the model asks for and that every run was without.
    assert_eq!(with(json!({"contrast": ["b", "loss"]})).unwrap(), [2]);
    for (filter, wanted) in [
        (json!({"contrast": ["gian"]}), "did you mean \"gain\"?"),
        (json!({"contrast": ["somewhat"]}), "it has the labels \"gain\", \"loss\""),
        (json!({"contrasts": ["gain"]}), "did you mean \"contrast\"?"),
    ] {
        let message = with(filter).unwrap_err().to_string();
        assert!(message.contains(wanted) && message.contains("/Edges/0/Filter"), "{message}");
    }
}

#[test]
fn a_contrast_of_one_that_comes_in_keeps_its_name_as_the_intercept_and_is_appended_otherwise() {
    let above = json!({
        "Model": {"X": [1, "age"], "Type": "glm"},
        "Contrasts": [{"Name": "older", "ConditionList": ["age"], "Weights": [1], "Test": "t"},
                      {"Name": 1, "ConditionList": [1], "Weights": [1], "Test": "t"}],
    });
    let model = model(json!({}), above);
    let columns = ["intercept".to_owned(), "age".to_owned()];
    let one = graph::contrasts(&model.nodes[1], &columns, Some("gain")).unwrap();
    assert_eq!(names(&one), ["gain_older", "gain"]);
    let several = graph::contrasts(&model.nodes[1], &columns, None).unwrap();
    assert_eq!(names(&several), ["older", "intercept"]);
    assert_eq!(one.contrasts[0].over(&columns), [[0.0, 1.0]]);
}

#[test]
fn dummies_are_of_every_column_but_the_filters_and_yield_to_a_contrast_of_their_name() {
    let run = json!({
        "Model": {"X": ["a", "b", "drift_9"], "Type": "glm", "Options": {"HighPassFilterCutoffHz": 0.01}},
        "DummyContrasts": {"Test": "t"},
        "Contrasts": [{"Name": "b", "ConditionList": ["b", "a"], "Weights": [1, -1], "Test": "t"}],
    });
    let model = model(run, json!({}));
    let columns = ["a", "b", "drift_9", "drift_1", "intercept"].map(str::to_owned);
    let asked = graph::contrasts(&model.nodes[0], &columns, None).unwrap();
    assert_eq!(names(&asked), ["a", "drift_9", "intercept", "b"]);
    assert_eq!(asked.contrasts[3].over(&columns), [[-1.0, 1.0, 0.0, 0.0, 0.0]]);
    assert_eq!(asked.contrasts[0].test, Test::T);
}

#[test]
fn a_contrast_without_its_column_is_told_with_the_nearest_and_the_others_are_made() {
    let run = json!({
        "Model": {"X": ["face*", "house"], "Type": "glm"},
        "DummyContrasts": {"Test": "t", "Contrasts": ["house", "face"]},
    });
    let model = model(run, json!({}));
    let columns = ["faces".to_owned(), "house".to_owned()];
    let asked = graph::contrasts(&model.nodes[0], &columns, None).unwrap();
    assert_eq!(names(&asked), ["house"]);
    assert_eq!(asked.lacking[0].condition, "face");
    assert_eq!(asked.lacking[0].nearest.as_deref(), Some("faces"));
    assert_eq!(asked.lacking[0].pointer, "/Nodes/0/DummyContrasts");
}

#[test]
fn inputs_are_told_apart_by_the_contrasts_that_they_are_of_each_in_its_row() {
    let inputs = all(&["subject=01 contrast=x", "subject=01 contrast=y", "subject=02 contrast=x"]);
    let model = model(json!({}), json!({"GroupBy": []}));
    let grouped = units(&model.nodes[1], &inputs).unwrap();
    assert_eq!(grouped.units[0].incoming, None);
    let columns = graph::incoming(&grouped.units[0], &inputs);
    assert_eq!(
        columns,
        [("x".to_owned(), vec![1.0, 0.0, 1.0]), ("y".to_owned(), vec![0.0, 1.0, 0.0])]
    );
}
