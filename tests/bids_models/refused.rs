//! Models made here: what is refused and how the message says so, and what is taken with a note.

use serde_json::{Value, json};

use super::read;

/// A model that nothing is wrong with.
fn good() -> Value {
    json!({
        "Name": "m",
        "BIDSModelVersion": "1.0.0",
        "Input": {"task": ["rest"], "run": [1, 2]},
        "Nodes": [
            {"Level": "Run", "Name": "run", "GroupBy": ["run", "subject"],
             "Transformations": {"Transformer": "pybids-transforms-v1", "Instructions": [
                {"Name": "Factor", "Input": ["trial_type"]},
                {"Name": "Convolve", "Input": ["trial_type.*"], "Model": "spm"}]},
             "Model": {"X": [1, "trial_type.a", "trial_type.b", "rot_?"], "Type": "glm",
                "Options": {"HighPassFilterCutoffHz": 0.008, "Mask": {"desc": ["brain"], "suffix": ["mask"]}}},
             "Contrasts": [
                {"Name": "a_b", "ConditionList": ["trial_type.a", "trial_type.b"], "Weights": [1, "-1/2"], "Test": "t"},
                {"Name": "any", "ConditionList": ["trial_type.a", "trial_type.b"], "Weights": [[1, 0], [0, 1]], "Test": "F"}]},
            {"Level": "Subject", "Name": "sub", "GroupBy": ["subject", "contrast"],
             "Model": {"X": [1], "Type": "meta"}, "DummyContrasts": {"Test": "t"}},
            {"Level": "Dataset", "Name": "all", "GroupBy": ["contrast"],
             "Model": {"X": [1], "Type": "glm"}, "DummyContrasts": {"Test": "t", "Contrasts": [1]}}],
        "Edges": [
            {"Source": "run", "Destination": "sub", "Filter": {"contrast": ["a_b"]}},
            {"Source": "sub", "Destination": "all"}]
    })
}

/// The model with another value at a pointer, whose last key may be new.
fn with(pointer: &str, value: Value) -> String {
    let mut model = good();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match model.pointer_mut(parent).unwrap() {
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{parent} is {other}"),
    }
    model.to_string()
}

/// A finite impulse response with these parameters.
fn fir(parameters: Value) -> Value {
    json!({"Model": "fir", "Variables": ["trial_type.a"], "Parameters": parameters})
}

/// The message of a model that is not read, or cannot be fitted.
fn message(text: &str) -> String {
    let error = match read(text).0 {
        Err(error) => error,
        Ok(model) => model.check().unwrap_err(),
    };
    assert_eq!(error.exit_code(), 65, "{error}");
    error.to_string()
}

#[test]
fn a_good_model_is_read_without_a_note() {
    let (model, notes) = read(&good().to_string());
    let model = model.unwrap();
    assert_eq!(notes, Vec::<String>::new());
    model.check().unwrap();
    assert_eq!(model.input["run"], ["1", "2"]);
    assert_eq!(model.nodes[0].x, ["1", "trial_type.a", "trial_type.b", "rot_?"]);
    assert_eq!(model.nodes[0].contrasts[0].weights, [[1.0, -0.5]]);
    assert_eq!(model.nodes[0].mask["description"], ["brain"]);
    assert_eq!(model.edges[0].filter["contrast"], ["a_b"]);
    assert_eq!(model.order(), [0, 1, 2]);
}

#[test]
fn what_cannot_be_right_is_refused_at_its_place_with_what_was_probably_meant() {
    let cases: &[(&str, Value, &[&str])] = &[
        ("/Steps", json!([]), &["/Steps", "before version 1.0", "Nodes"]),
        ("/Nodes/0/Model/HRF", fir(json!({})), &["/Nodes/0/Model/HRF/Parameters", "fir_delays"]),
        (
            "/Nodes/0/Model/HRF",
            fir(json!({"fir_delays": [0, 1], "oversampling": 50})),
            &["/Nodes/0/Model/HRF/Parameters/oversampling is no parameter of the model fir"],
        ),
        ("/Nodes/0/Model/HRF", fir(json!({"fir_delays": [1, 1]})), &["each once"]),
        (
            "/Nodes/0/Model/HRF",
            fir(json!({"fir_delays": [1], "FirDelays": [2]})),
            &["says the delays again"],
        ),
        (
            "/Nodes/0/Modle",
            json!({}),
            &["/Nodes/0/Modle is no key of a node", "did you mean \"Model\"?"],
        ),
        ("/Nodes/0/Contrasts/0/weights", json!([1, 1]), &["did you mean \"Weights\"?"]),
        (
            "/Nodes/0/Model/Options/HighPass",
            json!(1),
            &["/Nodes/0/Model/Options/HighPass is no key"],
        ),
        ("/nodes", json!([]), &["/nodes is no key of a model", "did you mean \"Nodes\"?"]),
        ("/a~1b~0c", json!(1), &["is no key of a model"]),
        (
            "/Input/subjct",
            json!(["01"]),
            &["/Input/subjct is no entity", "did you mean \"subject\"?"],
        ),
        ("/Input/task", json!({"a": 1}), &["/Input/task is an object of 1 keys"]),
        ("/Input/task/0", json!(1.5), &["/Input/task/0 is the number 1.5"]),
        ("/Nodes", json!([]), &["/Nodes is a list of 0"]),
        ("/Nodes/1", json!(3), &["/Nodes/1 is the number 3", "be an object, a node"]),
        ("/Nodes/0/Level", json!("Runs"), &["/Nodes/0/Level", "did you mean \"Run\"?"]),
        ("/Nodes/0/Name", json!(" "), &["/Nodes/0/Name is the text \" \""]),
        ("/Nodes/1/Name", json!("run"), &["/Nodes/1/Name is \"run\" as /Nodes/0 is"]),
        ("/Nodes/1/Name", json!("run."), &["/Nodes/1/Name"]),
        ("/Nodes/0/GroupBy", json!(null), &["/Nodes/0 has no GroupBy", "[\"run\", \"subject\"]"]),
        (
            "/Nodes/0/GroupBy",
            json!(["contrast"]),
            &["/Nodes/0/GroupBy has \"contrast\" at the run level"],
        ),
        ("/Nodes/0/Model/X", json!("a"), &["/Nodes/0/Model/X is the text \"a\"", "be a list"]),
        (
            "/Nodes/0/Model/X/0",
            json!(2),
            &["/Nodes/0/Model/X/0 is the number 2", "1 for the intercept"],
        ),
        ("/Nodes/0/Model/X", json!([]), &["/Nodes/0/Model/X names no column"]),
        (
            "/Nodes/0/Model/Type",
            json!("ols"),
            &["/Nodes/0/Model/Type is the text \"ols\"", "be glm or meta"],
        ),
        (
            "/Nodes/0/Model/Type",
            json!("meta"),
            &["/Nodes/0/Model/Type is meta at the run level", "Level Subject"],
        ),
        (
            "/Nodes/0/Model/HRF",
            json!({"Variables": ["trial_type.a"], "Model": "smp"}),
            &["/Nodes/0/Model/HRF/Model", "did you mean \"spm\"?"],
        ),
        ("/Nodes/0/Model/Formula", json!("a + b"), &["/Nodes/0/Model/Formula", "neither 0 nor 1"]),
        (
            "/Nodes/0/Model/Formula",
            json!("1 + (a | b)"),
            &["/Nodes/0/Model/Formula", "not known here"],
        ),
        ("/Nodes/0/Model/Options/HighPassFilterCutoffHz", json!(-1), &["be a number above 0"]),
        (
            "/Nodes/0/Model/Options/Aggregate",
            json!("pca"),
            &["/Nodes/0/Model/Options/Aggregate", "--roi"],
        ),
        ("/Nodes/0/Model/Options/ReplaceVariables", json!({"a": 1}), &["ReplaceVariables"]),
        (
            "/Nodes/0/Model/Options/Mask/foo",
            json!(["a"]),
            &["/Nodes/0/Model/Options/Mask/foo is no entity"],
        ),
        ("/Nodes/0/Model/Software", json!([]), &["/Nodes/0/Model/Software is a list of 0"]),
        ("/Nodes/0/Transformations/Transformer", json!("mine"), &["be \"pybids-transforms-v1\""]),
        (
            "/Nodes/0/Transformations/Instructions/0/Name",
            json!("Factr"),
            &["/Nodes/0/Transformations/Instructions/0", "Factor"],
        ),
        (
            "/Nodes/0/Contrasts/0/Name",
            json!("any"),
            &["/Nodes/0/Contrasts/1/Name is \"any\" as /Nodes/0/Contrasts/0"],
        ),
        (
            "/Nodes/0/Contrasts/0/Name",
            json!("> <"),
            &["/Nodes/0/Contrasts/0/Name", "have a letter or a digit"],
        ),
        (
            "/Nodes/0/Contrasts/0/Weights",
            json!([1]),
            &["/Nodes/0/Contrasts/0/Weights has 1 weight for 2 conditions"],
        ),
        ("/Nodes/0/Contrasts/0/Weights", json!([[1, 0], [0, 1]]), &["has 2 rows", "give Test F"]),
        ("/Nodes/0/Contrasts/1/Weights", json!([[1, 0], [0]]), &["has 1 weight for 2 conditions"]),
        ("/Nodes/0/Contrasts/0/Weights", json!([0, 0]), &["is 0 for every condition"]),
        (
            "/Nodes/0/Contrasts/0/Weights",
            json!([1, "1/0"]),
            &["/Nodes/0/Contrasts/0/Weights/1 is the text \"1/0\""],
        ),
        (
            "/Nodes/0/Contrasts/0/Weights",
            json!([1, true]),
            &["/Nodes/0/Contrasts/0/Weights/1 is true"],
        ),
        ("/Nodes/0/Contrasts/0/ConditionList", json!(["trial_type.a", "trial_type.a"]), &[]),
        (
            "/Nodes/0/Contrasts/0/Test",
            json!("z"),
            &["/Nodes/0/Contrasts/0/Test is the text \"z\"", "be t, F or pass"],
        ),
        ("/Nodes/1/DummyContrasts", json!({}), &["/Nodes/1/DummyContrasts has no Test"]),
        (
            "/Nodes/1/Transformations",
            json!([{"Name": "Convolve", "Input": ["age"]}]),
            &["/Nodes/1/Transformations", "is Convolve in a node of Level Subject", "Level Run"],
        ),
        (
            "/Edges/1/Source",
            json!("subs"),
            &["/Edges/1/Source is \"subs\", and no node has that name", "did you mean \"sub\"?"],
        ),
        ("/Edges/1", json!({"Source": "all", "Destination": "sub"}), &["no edge leads to it"]),
        ("/Edges/0", json!({"Source": "all", "Destination": "sub"}), &["/Edges", "back to it"]),
        (
            "/Edges/0",
            json!({"Source": "sub", "Destination": "run"}),
            &["/Edges", "whose Level is Run"],
        ),
        ("/Edges", json!([{"Source": "sub", "Destination": "sub"}]), &["no edge leads to it"]),
    ];
    for (pointer, value, wanted) in cases {
        if wanted.is_empty() {
            continue;
        }
        let message = message(&with(pointer, value.clone()));
        for part in *wanted {
            assert!(message.contains(part), "{pointer} = {value}: {message}\n  lacks {part}");
        }
    }
}

#[test]
fn text_that_is_no_json_is_refused_with_line_and_column() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["line 1 column 0"]),
        ("{\n \"Name\": \"m\",\n}", &["line 3 column 1", "comma after the last entry"]),
        ("{\"Name\": NaN}", &["line 1 column", "NaN"]),
        ("{\"Name\": 1e999}", &["line 1 column", "out of range"]),
        ("{\"Name\": \"a\"} x", &["line 1 column"]),
        (
            "{\"Name\": \"a\",\n\"Name\": \"b\"}",
            &["/Name is there twice, with two values", "line 2"],
        ),
        ("[]", &["the model is a list of 0", "be an object"]),
        ("null", &["the model is null"]),
    ];
    for (text, wanted) in cases {
        let message = message(text);
        for part in *wanted {
            assert!(message.contains(part), "{text}: {message}\n  lacks {part}");
        }
    }
    assert!(message(&"[".repeat(100_000)).contains("recursion limit"));
    assert!(message(&" ".repeat(5 << 20)).contains("at most 4194304"));
}

#[test]
fn what_is_meant_though_said_otherwise_is_taken_with_one_note_each() {
    let cases: &[(&str, Value, &str)] = &[
        ("/Nodes/0/Level", json!("rUN"), "/Nodes/0/Level: is \"rUN\"; taken as \"Run\""),
        ("/Nodes/0/Model/Type", json!(null), "/Nodes/0/Model/Type: is absent"),
        (
            "/Nodes/1/Model/Type",
            json!("Meta"),
            "/Nodes/1/Model/Type: is \"Meta\"; taken as \"meta\"",
        ),
        ("/Input/task", json!("rest"), "/Input/task: is \"rest\" alone"),
        ("/Input/subject", json!(["sub-01"]), "/Input/subject: has \"sub-01\"; taken as \"01\""),
        (
            "/Edges/0/Filter",
            json!({"sub": ["sub-01"]}),
            "/Edges/0/Filter/sub: has \"sub-01\"; taken as \"01\"",
        ),
        (
            "/Nodes/1/Model/Options",
            json!({"Mask": {"suffix": ["mask"]}}),
            "Mask: is not used above the run level",
        ),
        (
            "/Nodes/1/Model/Options",
            json!({"HighPassFilterCutoffHz": 0.01}),
            "Hz: is not used above the run level",
        ),
        ("/BIDSModelVersion", json!(null), "/BIDSModelVersion: is absent"),
        ("/Nodes/0/Transformations", json!([]), "/Nodes/0/Transformations: is a list"),
        (
            "/Nodes/1/DummyContrasts",
            json!({"Type": "t"}),
            "/Nodes/1/DummyContrasts/Type: is the old name of Test",
        ),
        (
            "/Nodes/1/DummyContrasts/Conditions",
            json!([1]),
            "Conditions: is another name of Contrasts",
        ),
        ("/Nodes/0/Contrasts/0/Test", json!("T"), "Test: is \"T\"; taken as \"t\""),
        (
            "/Nodes/0/GroupBy",
            json!(["sub", "run"]),
            "/Nodes/0/GroupBy/0: is \"sub\"; taken as \"subject\"",
        ),
        (
            "/Nodes/0/Model/X",
            json!([1, "trial_type.a", "trial_type.b", 1]),
            "/Nodes/0/Model/X/3: is \"1\" once more",
        ),
        ("/Nodes/0/Model/Software", json!({"SPM": {"a": 1}}), "/Nodes/0/Model/Software/SPM"),
        ("/Nodes/0/Model/Options/LowPassFilterCutoffHz", json!(0.1), "is not applied"),
        (
            "/Nodes/0/Contrasts/0/ConditionList",
            json!(["trial_type.a", "trial_type.c"]),
            "is \"trial_type.c\", which X does not have; did you mean \"trial_type.a\"?",
        ),
        ("/Nodes/2/DummyContrasts", json!(null), "/Nodes/2: has no Contrasts"),
    ];
    for (pointer, value, wanted) in cases {
        let (model, notes) = read(&with(pointer, value.clone()));
        model.unwrap().check().unwrap();
        assert_eq!(notes.len(), 1, "{pointer} = {value}: {notes:?}");
        assert!(notes[0].contains(wanted), "{pointer} = {value}: {notes:?}\n  lacks {wanted}");
    }
}

#[test]
fn weights_of_a_condition_that_is_named_twice_are_added_up() {
    let text = with("/Nodes/0/Contrasts/0/ConditionList", json!(["trial_type.a", "trial_type.a"]));
    let (model, notes) = read(&text);
    let contrast = &model.unwrap().nodes[0].contrasts[0];
    assert_eq!(contrast.merged(), (vec!["trial_type.a".to_owned()], vec![vec![0.5]]));
    assert!(notes[0].contains("names a condition twice"), "{notes:?}");
}

#[test]
fn nodes_without_edges_are_a_chain_and_come_after_what_they_take() {
    let mut model = good();
    model.as_object_mut().unwrap().remove("Edges");
    let chain = read(&model.to_string()).0.unwrap();
    let ends: Vec<_> = chain.edges.iter().map(|e| (e.source, e.destination)).collect();
    assert_eq!(ends, [(0, 1), (1, 2)]);
    let mut model = good();
    model["Nodes"].as_array_mut().unwrap().swap(0, 2);
    assert_eq!(read(&model.to_string()).0.unwrap().order(), [2, 1, 0]);
}
