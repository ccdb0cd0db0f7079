//! What pybids does not tell: by hand.

use boldly::bids::Notes;
use boldly::bids::variables::{Sampling, Variable, Variables};
use serde_json::{Value, json};

use crate::{after, table, texts, values};

/// A run of 10 frames, TR 2 s, with events of two kinds.
fn run() -> Variables {
    let mut variables = Variables::of_run((0..10).map(|k| f64::from(k) * 2.0).collect(), 2.0);
    let events = table(
        "events.tsv",
        &[
            "onset duration trial_type rt odd side",
            "0 1 face 0.5 0 L",
            "4 1 house n/a 1 R",
            "8 0 face 0.7 1 R",
            "12 n/a n/a 0.9 n/a L",
            "15 2 word 1.1 1.0 R",
        ],
    );
    variables.add_events(&events, &mut Notes::default()).unwrap();
    let rows: Vec<String> =
        (0..10).map(|k| format!("{k} {}", if k == 0 { "n/a" } else { "2" })).collect();
    let mut lines = vec!["ramp dvars"];
    lines.extend(rows.iter().map(String::as_str));
    variables.add_rows(&table("confounds.tsv", &lines), &mut Notes::default()).unwrap();
    variables
}

/// The message of what must be refused.
#[track_caller]
fn refused(variables: &Variables, list: Value, parts: &[&str]) {
    let error = after(variables, &list).map(|m| m.1).expect_err(&list.to_string());
    assert_eq!(error.exit_code(), 65, "{error}");
    let said = error.to_string();
    for part in parts {
        assert!(said.contains(part), "{said}: {part}");
    }
}

#[track_caller]
fn made(variables: &Variables, list: Value) -> Variables {
    after(variables, &list).unwrap_or_else(|error| panic!("{list}: {error}")).0
}

fn samples(variables: &Variables, name: &str) -> (Sampling, Vec<f64>) {
    match variables.get(name).unwrap() {
        Variable::Samples(samples) => (samples.sampling, samples.values.clone()),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn missing_values_are_no_level_and_whole_numbers_have_no_point() {
    let all = made(&run(), json!([{"Name": "Factor", "Input": ["trial_type", "odd"]}]));
    let names = all.names();
    let levels: Vec<&String> = names.iter().filter(|n| n.contains('.')).collect();
    assert_eq!(
        levels,
        ["trial_type.face", "trial_type.house", "trial_type.word", "odd.0", "odd.1"]
    );
    assert_eq!(values(&all, "trial_type.face"), [1.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(values(&all, "odd.1"), [0.0, 1.0, 1.0, 0.0, 1.0]);
    let reference = json!([{"Name": "Factor", "Input": ["trial_type"], "Constraint": "drop_one", "RefLevel": "hose"}]);
    refused(&run(), reference, &["no level `hose`", "did you mean `house`?"]);
}

#[test]
fn numbers_are_replaced_by_text_keys_and_what_matches_nothing_is_refused() {
    let replaced =
        made(&run(), json!([{"Name": "Replace", "Input": ["odd"], "Replace": {"1": 5}}]));
    assert_eq!(values(&replaced, "odd")[..3], [0.0, 5.0, 5.0]);
    let list = json!([{"Name": "Replace", "Input": ["odd"], "Replace": {"1.0": 0.5}, "Attribute": "duration"}]);
    let Some(Variable::Events(events)) = made(&run(), list).get("odd").cloned() else { panic!() };
    assert_eq!(events.duration[..3], [0.5, 0.5, 0.0]);
    let list = json!([{"Name": "Replace", "Input": "trial_type", "Replace": [{"key": "fa.*", "value": "person"}]}]);
    assert_eq!(texts(&made(&run(), list), "trial_type")[..3], ["person", "house", "person"]);
    let list = json!([{"Name": "Replace", "Input": ["trial_type"], "Replace": {"hause": "x"}}]);
    refused(&run(), list, &["/Instructions/0/Replace", "matches nothing", "did you mean `house`"]);
    // An old value that this run lacks is no slip where another one is there.
    let list = json!([{"Name": "Replace", "Input": ["trial_type"], "Replace": {"junk": "x", "word": "w"}}]);
    assert_eq!(texts(&made(&run(), list), "trial_type")[4], "w");
}

#[test]
fn an_event_that_counts_has_a_duration() {
    let list = json!([{"Name": "Factor", "Input": ["trial_type"]}, {"Name": "Convolve", "Input": ["trial_type.*"]}]);
    // The event without one has no level: it counts for none.
    assert!(after(&run(), &list).is_ok());
    refused(
        &run(),
        json!([{"Name": "Convolve", "Input": ["rt"]}]),
        &["`rt`", "line 5", "duration"],
    );
    let list = json!([{"Name": "Assign", "Input": ["rt"], "Target": ["odd"], "TargetAttr": "duration"}, {"Name": "Convolve", "Input": ["odd"]}]);
    refused(&run(), list, &["`odd`", "line 3"]);
    let list = json!([{"Name": "DropNA", "Input": ["rt"]}, {"Name": "Assign", "Input": ["rt"], "Target": ["odd"], "TargetAttr": "duration"}]);
    refused(&run(), list, &["`rt`", "4 events and `odd` has 5"]);
}

#[test]
fn conditions_choose_events() {
    let filtered = |query: &str| {
        let list = json!([{"Name": "Filter", "Input": ["rt"], "Query": query, "Output": ["kept"]}]);
        let Some(Variable::Events(events)) = made(&run(), list).get("kept").cloned() else {
            panic!()
        };
        events.onset
    };
    assert_eq!(filtered("rt > 0.6"), [8.0, 12.0, 15.0]);
    assert_eq!(filtered("trial_type == 'face' and rt >= 0.7"), [8.0]);
    assert_eq!(filtered("not (trial_type==face | side == \"R\")"), [12.0]);
    assert_eq!(filtered("trial_type in ['house', word]"), [4.0, 15.0]);
    assert_eq!(filtered("trial_type==^.*o.*$"), [4.0, 15.0]);
    assert_eq!(filtered("`odd` != 1"), [0.0]);
    for (query, part) in [
        ("rt >", "ends"),
        ("rt > 1 2", "where it should end"),
        ("tr > 1", "`tr`"),
        ("(rt > 1", "no )"),
    ] {
        refused(&run(), json!([{"Name": "Filter", "Input": ["rt"], "Query": query}]), &[part]);
    }
}

#[test]
fn an_unknown_truth_stays_unknown_unless_the_other_decides() {
    let list = json!([
        {"Name": "Factor", "Input": ["side"]},
        {"Name": "And", "Input": ["odd", "side.L"], "Output": "and"},
        {"Name": "Or", "Input": ["odd", "side.L"], "Output": "or"},
        {"Name": "And", "Input": ["odd", "trial_type==face"], "Output": "odd_face"},
    ]);
    let all = made(&run(), list);
    assert_eq!(values(&all, "or"), [1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(values(&all, "and")[..3], [0.0, 0.0, 0.0]);
    assert!(values(&all, "and")[3].is_nan());
    assert_eq!(values(&all, "odd_face"), [0.0, 0.0, 1.0, 0.0, 0.0]);
    refused(
        &run(),
        json!([{"Name": "Not", "Input": ["rt"]}]),
        &["has the value 0.5", "0, 1 or n/a"],
    );
}

#[test]
fn bidspms_own_transformations_are_carried_out() {
    let list = json!([
        {"Name": "LabelIdenticalRows", "Input": ["trial_type"], "Cumulative": true},
        {"Name": "LabelIdenticalRows", "Input": ["odd"]},
        {"Name": "Concatenate", "Input": ["trial_type", "trial_type_label"], "Output": "each"},
        {"Name": "Constant", "Value": 3, "Output": "three"},
        {"Name": "Power", "Input": ["rt"], "Value": 2, "Output": ["square"]},
        {"Name": "Subtract", "Input": ["rt"], "Value": 0.5, "Query": "side==R"},
        {"Name": "Add", "Input": ["onset"], "Value": 0.25, "Query": "trial_type==fa.*"},
        {"Name": "Sum", "Input": ["onset", "three"], "Output": "later"},
    ]);
    let all = made(&run(), list);
    assert_eq!(texts(&all, "each"), ["face_1", "house_1", "face_2", "n/a", "word_1"]);
    assert_eq!(values(&all, "odd_label")[..3], [1.0, 1.0, 2.0]);
    assert_eq!(values(&all, "odd_label")[4], 1.0, "n/a ends a row of equals");
    assert_eq!(values(&all, "three"), [3.0; 5]);
    assert_eq!(values(&all, "square")[0], 0.25);
    assert!((values(&all, "rt")[2] - 0.2).abs() < 1e-12 && values(&all, "rt")[0] == 0.5);
    let Some(Variable::Events(events)) = all.get("trial_type") else { panic!() };
    assert_eq!(events.onset, [0.25, 4.0, 8.25, 12.0, 15.0]);
    assert_eq!(values(&all, "later")[0], 3.25);
}

#[test]
fn samples_are_taken_at_other_times_without_stretch_or_filter() {
    let list = json!([{"Name": "Resample", "Input": ["ramp"], "SamplingRate": 1}]);
    let (sampling, ramp) = samples(&made(&run(), list), "ramp");
    assert_eq!(sampling, Sampling::Rate { start_s: 0.0, hz: 1.0 });
    assert_eq!(ramp[..4], [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(ramp.len(), 20);
    assert_eq!(ramp[19], 9.0, "the last value goes on");
    let list = json!([{"Name": "Factor", "Input": ["trial_type"]}, {"Name": "ToDense", "Input": ["trial_type.face"], "SamplingRate": 2}]);
    let (_, face) = samples(&made(&run(), list), "trial_type.face");
    let ones: Vec<usize> =
        face.iter().enumerate().filter(|(_, v)| **v == 1.0).map(|(i, _)| i).collect();
    assert_eq!(ones, [0, 1, 16], "1 s from 0 s, and an impulse at 8 s");
    let list = json!([{"Name": "Resample", "Input": ["ramp"], "SamplingRate": "TR"}]);
    assert_eq!(samples(&made(&run(), list), "ramp").0, Sampling::Frames);
}

#[test]
fn what_has_other_times_is_brought_together_and_said() {
    let list = json!([
        {"Name": "Factor", "Input": ["trial_type"]},
        {"Name": "Product", "Input": ["trial_type.face", "ramp"], "Output": "ppi"},
        {"Name": "Convolve", "Input": ["trial_type.house"]},
        {"Name": "Product", "Input": ["trial_type.house", "ramp"], "Output": "late"},
    ]);
    let (all, notes) = after(&run(), &list).unwrap();
    let (sampling, ppi) = samples(&all, "ppi");
    assert_eq!(sampling, Sampling::Rate { start_s: 0.0, hz: 10.0 });
    assert!((ppi[80] - 4.0).abs() < 1e-12, "an impulse at 8 s, where the ramp is 4: {}", ppi[80]);
    assert!(
        notes.all().iter().any(|n| n.contains("`ppi`") || n.contains("10 Hz")),
        "{:?}",
        notes.all()
    );
    // A response has a value at every frame: no detour.
    assert_eq!(samples(&all, "late").0, Sampling::Frames);
}

#[test]
fn values_of_inputs_are_transformed_too() {
    let mut inputs = Variables::of_inputs(4);
    inputs.add_texts("sex", &["M", "F", "F", "n/a"]).unwrap();
    inputs.add_texts("age", &["30", "20", "25", "41"]).unwrap();
    let list = json!([
        {"Name": "Factor", "Input": ["sex"]},
        {"Name": "Demean", "Input": "age", "Output": "age_dm"},
        {"Name": "Product", "Input": ["sex.F", "age_dm"], "Output": "age.F"},
    ]);
    let all = made(&inputs, list);
    // Who is n/a is in no level: neither 0 nor 1, and refused where a design asks for it.
    let male = values(&all, "sex.M");
    assert_eq!(male[..3], [1.0, 0.0, 0.0]);
    assert!(male[3].is_nan(), "{male:?}");
    // and has no product of a level, which would be his own age
    let age = values(&all, "age.F");
    assert_eq!(age[..3], [0.0, -9.0, -4.0]);
    assert!(age[3].is_nan(), "{age:?}");
    refused(&inputs, json!([{"Name": "Convolve", "Input": ["age"]}]), &["above the run"]);
    refused(
        &inputs,
        json!([{"Name": "Demean", "Input": ["sex"]}]),
        &["`sex`", "is text (`M`)", "Factor"],
    );
}

#[test]
fn what_is_not_there_is_named_with_the_closest() {
    refused(
        &run(),
        json!([{"Name": "Demean", "Input": ["rtt"]}]),
        &["`rtt`", "/Instructions/0 (Demean)", "did you mean `rt`?"],
    );
    refused(&run(), json!([{"Name": "Demean", "Input": ["x*"]}]), &["`x*`", "matches no variable"]);
    refused(
        &run(),
        json!([{"Name": "Convolve", "Input": ["odd"]}, {"Name": "Convolve", "Input": ["odd"]}]),
        &["convolved already"],
    );
    let two = json!([{"Name": "Demean", "Input": ["r*"], "Output": ["a", "b", "c"]}]);
    refused(&run(), two, &["3 names in Output for 2 in Input"]);
    refused(&run(), json!([{"Name": "Scale", "Input": ["duration"]}]), &["`duration`"]);
}

#[test]
fn a_constant_is_scaled_only_where_zeros_are_asked_for() {
    let constant =
        json!([{"Name": "Constant", "Output": "one"}, {"Name": "Scale", "Input": ["one"]}]);
    refused(&run(), constant, &["the value 1 throughout", "ReplaceNA"]);
    let zeros = json!([{"Name": "Constant", "Output": "one"}, {"Name": "Scale", "Input": ["one"], "ReplaceNA": "after"}]);
    assert_eq!(values(&made(&run(), zeros), "one"), [0.0; 5]);
}

#[test]
fn a_group_stands_for_its_members() {
    let list = json!([{"Name": "Group", "Input": ["rt", "odd"], "Output": "both"}, {"Name": "Delete", "Input": ["both"]}]);
    let left = made(&run(), list).names();
    assert_eq!(left, ["trial_type", "side", "ramp", "dvars"]);
    let list = json!([{"Name": "Select", "Input": ["side"]}]);
    assert_eq!(made(&run(), list).names(), ["side"]);
}

#[test]
fn a_variable_is_split_by_levels_of_others() {
    let list = json!([{"Name": "Split", "Input": ["rt"], "By": ["odd", "side"]}]);
    let all = made(&run(), list);
    let names: Vec<String> = all.names().into_iter().filter(|n| n.starts_with("rt.")).collect();
    assert_eq!(names, ["rt.odd[0].side[L]", "rt.odd[1].side[R]"]);
    assert_eq!(values(&all, "rt.odd[1].side[R]")[1..], [0.7, 1.1]);
    assert!(all.get("rt").is_some());
    // A name with brackets is a name first.
    let list = json!([{"Name": "Split", "Input": ["rt"], "By": ["odd"]}, {"Name": "Rename", "Input": ["rt.odd[1]"], "Output": ["fast"]}]);
    assert!(made(&run(), list).get("fast").is_some());
}

#[test]
fn tables_say_what_is_wrong_with_them() {
    let mut variables = Variables::of_run(vec![0.0, 2.0, 4.0], 2.0);
    let events = |lines: &[&str]| table("sub-01_events.tsv", lines);
    let mut notes = Notes::default();
    let negative = variables.add_events(&events(&["onset duration a", "1 -1 x"]), &mut notes);
    assert!(negative.unwrap_err().to_string().contains("sub-01_events.tsv line 2 column duration"));
    let lines = ["onset duration a", "n/a 1 x", "1 1 y", "7 1 z"];
    variables.add_events(&events(&lines), &mut notes).unwrap();
    let said = notes.all().join("\n");
    assert!(said.contains("1 of 3 events have no onset (n/a) and are left out: line 2"), "{said}");
    assert!(said.contains("1 of 2 events begin after the run, which ends at 6 s"), "{said}");
    let rows = variables.add_rows(&table("confounds.tsv", &["csf", "1", "2"]), &mut notes);
    assert!(rows.unwrap_err().to_string().contains("has 2 rows but the run has 3 volumes"));
    let twice = variables.add_rows(&table("confounds.tsv", &["a", "1", "2", "3"]), &mut notes);
    assert!(twice.unwrap_err().to_string().contains("is a variable already"));
}

#[test]
fn what_a_run_lacks_is_dropped_where_that_is_asked_for() {
    let mut run = run();
    run.drop_missing();
    let list = json!([
        {"Name": "Factor", "Input": ["trial_type", "junk"]},
        {"Name": "Copy", "Input": ["nothing", "rt"], "Output": ["a", "b"]},
        {"Name": "Product", "Input": ["rt", "nothing"], "Output": "c"},
        {"Name": "Assign", "Input": ["rt", "odd"], "Target": ["nothing", "rt"]},
        {"Name": "Orthogonalize", "Input": ["odd"], "Other": ["nothing"]},
        {"Name": "Convolve", "Input": ["trial_type.junk", "trial_type.face"], "Output": ["junk", "face"]},
    ]);
    let (all, notes) = after(&run, &list).unwrap();
    assert_eq!(texts(&all, "b"), texts(&run, "rt"), "the output of the input that is there");
    assert_eq!(values(&all, "rt")[..2], [0.0, 1.0], "assigned from odd");
    for name in ["a", "c", "junk"] {
        assert!(all.get(name).is_none(), "{name}");
    }
    assert!(matches!(all.get("face"), Some(Variable::Convolved(_))));
    let said = notes.all().join("\n");
    for part in [
        "0 (Factor): `junk` not among",
        "2 (Product): `nothing` not among the variables: the instruction is left out",
        "4 (Orthogonalize)",
        "`trial_type.junk` not among the variables and dropped",
    ] {
        assert!(said.contains(part), "{said}: {part}");
    }
}

/// One instruction of each transformation, the input left open.
fn one_of_each(input: &str) -> Value {
    json!([
        {"Name": "Add", "Input": [input], "Value": 1, "Query": "odd == 1"},
        {"Name": "And", "Input": [input, "odd"], "Output": "x"},
        {"Name": "Assign", "Input": [input], "Target": ["odd"], "TargetAttr": "duration"},
        {"Name": "Assign", "Input": ["odd"], "Target": [input], "InputAttr": "onset"},
        {"Name": "Concatenate", "Input": [input, "odd"], "Output": "x"},
        {"Name": "Constant", "Output": input},
        {"Name": "Convolve", "Input": [input], "Derivative": true, "Dispersion": true},
        {"Name": "Convolve", "Input": [input], "Model": "fir", "FirDelays": [0, 9999]},
        {"Name": "Copy", "Input": [input], "Output": ["x"]},
        {"Name": "Delete", "Input": [input]},
        {"Name": "Demean", "Input": [input]},
        {"Name": "Divide", "Input": [input], "Value": 0},
        {"Name": "DropNA", "Input": [input]},
        {"Name": "Factor", "Input": [input], "Constraint": "mean_zero"},
        {"Name": "Filter", "Input": [input], "Query": "odd in [0, face] or not rt > 0.6", "By": ["rt"]},
        {"Name": "Group", "Input": [input], "Output": "x"},
        {"Name": "LabelIdenticalRows", "Input": [input]},
        {"Name": "Lag", "Input": [input], "Shift": -1e5, "Mode": "constant"},
        {"Name": "Lag", "Input": [input], "Shift": 1e5, "Order": 0},
        {"Name": "Not", "Input": [input]},
        {"Name": "Or", "Input": [input, "odd"], "Output": "x"},
        {"Name": "Orthogonalize", "Input": [input], "Other": ["ramp", "odd"], "Dense": true},
        {"Name": "Power", "Input": [input], "Value": 0.5},
        {"Name": "Product", "Input": [input, "ramp"], "Output": "x"},
        {"Name": "Rename", "Input": [input], "Output": ["odd"]},
        {"Name": "Replace", "Input": [input], "Replace": {"1": "x", "n/a": 3}, "Attribute": "all"},
        {"Name": "Resample", "Input": [input], "SamplingRate": 3},
        {"Name": "Scale", "Input": [input], "ReplaceNA": "before"},
        {"Name": "Select", "Input": [input]},
        {"Name": "Split", "Input": [input], "By": ["odd", "trial_type"]},
        {"Name": "Sum", "Input": [input, "odd"], "Weights": [1, 2], "Output": "x"},
        {"Name": "Threshold", "Input": [input], "Signed": false},
        {"Name": "ToDense", "Input": [input], "SamplingRate": "TR"},
    ])
}

#[test]
fn whatever_is_asked_of_a_variable_is_carried_out_or_refused_with_its_place() {
    let mut run = made(
        &run(),
        json!([{"Name": "Copy", "Input": ["odd"], "Output": ["bold"]}, {"Name": "Convolve", "Input": ["bold"]}]),
    );
    run.add_recording("pulse", -1.0, 50.0, vec![1.0; 1000]).unwrap();
    let mut empty = Variables::of_run(vec![0.0, 2.0], 2.0);
    empty
        .add_events(
            &table("events.tsv", &["onset duration trial_type rt odd ramp"]),
            &mut Notes::default(),
        )
        .unwrap();
    let mut inputs = Variables::of_inputs(2);
    for (name, texts) in [
        ("odd", ["0", "1"]),
        ("rt", ["1", "n/a"]),
        ("trial_type", ["a", "b"]),
        ("ramp", ["1", "1"]),
    ] {
        inputs.add_texts(name, &texts).unwrap();
    }
    let none = Variables::of_inputs(0);
    let (mut done, mut refused) = (0, 0);
    for variables in [&run, &empty, &inputs, &none] {
        let mut names = variables.names();
        names.push("nothing".into());
        for name in names {
            for instruction in one_of_each(&name).as_array().unwrap() {
                match after(variables, &json!([instruction])) {
                    Ok(_) => done += 1,
                    Err(error) => {
                        let said = error.to_string();
                        assert!(
                            error.exit_code() == 65 && said.contains("/Instructions/0"),
                            "{instruction}: {said}"
                        );
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(done > 150 && refused > 150, "{done} done, {refused} refused");
}

#[test]
fn events_of_no_level_are_counted_where_levels_become_columns() {
    let events = ["onset duration trial_type side", "1 1 a L", "3 1 n/a R", "5 1 b n/a", "7 1 a R"];
    let mut variables = Variables::of_run((0..10).map(f64::from).collect(), 1.0);
    variables.add_events(&table("events.tsv", &events), &mut Notes::default()).unwrap();
    let told = |list: Value| after(&variables, &list).unwrap().1.all().join("\n");
    let said = told(json!([{"Name": "Factor", "Input": ["trial_type"]}]));
    assert!(said.contains("1 of 4 values of `trial_type` is n/a, which is no level"), "{said}");
    let said = told(json!([{"Name": "Split", "Input": ["trial_type"], "By": ["side"]}]));
    assert!(said.contains("1 of 4 values of `side` is n/a"), "{said}");
}
