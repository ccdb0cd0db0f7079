//! Instructions read, with what is noted and what is refused.

use boldly::bids::{Instruction, Notes};
use serde_json::{Value, json};

fn read(value: &Value) -> (boldly::error::Result<Instruction>, Notes) {
    let mut notes = Notes::default();
    (Instruction::read(value, "/Nodes/0/Transformations/Instructions/2", &mut notes), notes)
}

/// The message of what must be refused.
#[track_caller]
fn refused(value: Value, parts: &[&str]) {
    let error = read(&value).0.expect_err(&value.to_string());
    assert_eq!(error.exit_code(), 65);
    let said = error.to_string();
    for part in parts.iter().chain(&["/Nodes/0/Transformations/Instructions/2"]) {
        assert!(said.contains(part), "{said}: {part}");
    }
}

/// What is read, and the note about it.
#[track_caller]
fn noted(value: Value, part: &str) -> Instruction {
    let (read, notes) = read(&value);
    let read = read.unwrap_or_else(|error| panic!("{value}: {error}"));
    assert!(notes.all().iter().any(|note| note.contains(part)), "{:?}: {part}", notes.all());
    read
}

#[test]
fn names_are_known_by_any_case_and_their_spelling_is_noted() {
    let read =
        noted(json!({"Name": "AND", "Input": ["a", "b"], "Output": ["c"]}), "AND is read as And");
    assert_eq!(read.name, "And");
    assert_eq!(noted(json!({"Name": "drop_na", "Input": "a"}), "read as DropNA").name, "DropNA");
    let own = noted(json!({"Name": "Power", "Input": "a", "Value": 2}), "bidspm's own");
    assert_eq!(own.arguments["Value"], 2);
}

#[test]
fn a_name_or_a_list_of_names_is_an_input_and_keys_have_any_case() {
    let (read, notes) = read(&json!({"Name": "Factor", "Input": "trial_type"}));
    assert_eq!(read.unwrap().input, ["trial_type"]);
    assert!(notes.all().is_empty(), "{:?}", notes.all());
    let read = noted(
        json!({"Name": "Scale", "input": ["a"], "replace_na": "After"}),
        "is read as ReplaceNA",
    );
    assert_eq!(read.arguments["ReplaceNA"], "after");
    // As the specification's models have it.
    let (read, notes) = self::read(&json!({"Name": "Convolve", "Input": ["a"], "Model": "spm"}));
    assert!(read.is_ok() && notes.all().is_empty());
}

#[test]
fn the_text_false_is_false() {
    let convolve =
        json!({"Name": "Convolve", "Input": ["a"], "Model": "spm", "Derivative": "False"});
    assert_eq!(noted(convolve, "\"False\" is read as false").arguments["Derivative"], false);
    let convolve =
        json!({"Name": "Convolve", "Input": ["a"], "Derivative": "True", "Dispersion": true});
    assert_eq!(noted(convolve, "\"True\" is read as true").arguments["Derivative"], true);
}

#[test]
fn what_is_unknown_is_refused_with_the_closest_name() {
    refused(json!({"Name": "Convole", "Input": ["a"]}), &["`Convole`", "did you mean Convolve?"]);
    refused(json!({"Name": "", "Input": ["a"]}), &["is no transformation"]);
    refused(json!({"Name": "Demean", "Input": ["a"], "Frobnicate": 1}), &["/Frobnicate", "Demean"]);
    refused(json!({"Name": "Factor", "Inputs": ["a"]}), &["/Inputs", "did you mean Input?"]);
    let model = json!({"Name": "Convolve", "Input": ["a"], "Model": "sqm"});
    refused(model, &["/Model", "did you mean spm?"]);
    refused(json!({"Input": ["a"]}), &["has no Name"]);
    refused(json!([1]), &["is a list of 1", "be an object"]);
    refused(json!({"Name": "Demean"}), &["has no Input"]);
    refused(json!({"Name": "Demean", "Input": [" "]}), &["/Input/0", "is empty"]);
    refused(json!({"Name": "Demean", "Input": ["a"], "input": ["b"]}), &["a second time"]);
}

#[test]
fn outputs_are_as_many_as_inputs() {
    let rename = json!({"Name": "Rename", "Input": ["gain", "loss"], "Output": ["money"]});
    refused(rename, &["1 names in Output for 2 in Input"]);
    refused(json!({"Name": "Product", "Input": ["a", "b"]}), &["0 names in Output"]);
    refused(json!({"Name": "Sum", "Input": ["a", "b"], "Output": ["c", "d"]}), &["2 names"]);
    refused(json!({"Name": "Copy", "Input": ["a"]}), &["without Output"]);
    refused(json!({"Name": "Factor", "Input": ["a"], "Output": ["b"]}), &["have no Output"]);
    // How many a pattern means only the variables tell.
    assert!(read(&json!({"Name": "Rename", "Input": ["g*"], "Output": ["a", "b"]})).0.is_ok());
}

#[test]
fn what_is_bidspms_own_and_not_carried_out_is_named_so_with_what_may_be() {
    refused(json!({"Name": "Mean", "Input": ["a"]}), &["bidspm's own Mean", "Demean"]);
    refused(json!({"Name": "Std", "Input": ["a"]}), &["bidspm's own Std", "Scale"]);
    let rows = json!({"Name": "Merge_identical_rows", "Input": ["a"]});
    refused(rows, &["Merge_identical_rows, bidspm's own", "merge the rows in the events file"]);
}

#[test]
fn a_response_is_whole() {
    let lone = json!({"Name": "Convolve", "Input": ["a"], "Dispersion": true});
    refused(lone, &["/Dispersion", "Derivative"]);
    let lone =
        json!({"Name": "Convolve", "Input": ["a"], "Dispersion": true, "Derivative": "false"});
    refused(lone, &["/Dispersion"]);
    refused(json!({"Name": "Convolve", "Input": ["a"], "Model": "fir"}), &["FirDelays"]);
    refused(json!({"Name": "Convolve", "Input": ["a"], "FirDelays": [0]}), &["/FirDelays", "fir"]);
    let twice = json!({"Name": "Convolve", "Input": ["a"], "Model": "fir", "FirDelays": [1, 1]});
    refused(twice, &["/FirDelays/1", "1 again"]);
}

#[test]
fn values_have_their_type() {
    refused(json!({"Name": "Threshold", "Input": ["a"], "Threshold": "high"}), &["be a number"]);
    noted(json!({"Name": "Threshold", "Input": ["a"], "Threshold": "0.5"}), "read as a number");
    refused(json!({"Name": "Threshold", "Input": ["a"], "Binarize": 1}), &["be true or false"]);
    refused(json!({"Name": "Resample", "Input": ["a"], "SamplingRate": 0}), &["above 0"]);
    refused(json!({"Name": "Replace", "Input": ["a"], "Replace": {}}), &["is empty"]);
    refused(json!({"Name": "Replace", "Input": ["a"], "Replace": {"x": [1]}}), &["/Replace/x"]);
    refused(json!({"Name": "Replace", "Input": ["a"]}), &["without Replace"]);
    let pair =
        json!({"Name": "Replace", "Input": ["a"], "Replace": [{"key": "(x|y)", "value": 1}]});
    refused(pair, &["/Replace/0", "`(`"]);
    refused(json!({"Name": "Sum", "Input": ["a"], "Output": "b", "Weights": []}), &["/Weights"]);
}
