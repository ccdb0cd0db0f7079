//! The 201 models of the shared collection.

use super::{read, shared_model};

/// What becomes of a model that its schema calls invalid, or that is refused though it does not.
enum Verdict {
    /// It is read and can be fitted; a note holds this.
    Noted(&'static str),
    /// It cannot be read; the message holds this.
    Unread(&'static str),
    /// It is read and cannot be fitted; the message holds this.
    Unfit(&'static str),
}
use Verdict::{Noted, Unfit, Unread};

const STEPS: &str = "/Steps is the form that models had before version 1.0";
const FRAGMENT: &str = "/Level is no key of a model";
const OTHER_TRANSFORMER: &str = "/Nodes/0/Transformations/Transformer: is \"bidspm\"";

/// One verdict or several for each model that the schema calls invalid, and for three that it calls valid.
const VERDICTS: &[(&str, &[Verdict])] = &[
    (
        "fitlins/examples__models__ds000003__models__model-001_smdl.json",
        &[
            Noted("/Input/task: is \"rhymejudgment\" alone"),
            Noted("/Nodes/0/Level: is \"run\"; taken as \"Run\""),
            Noted("/Nodes/1/Level: is \"dataset\"; taken as \"Dataset\""),
            Noted("/Nodes/0/Model/Type: is absent; taken as \"glm\""),
            Noted("/Nodes/0/DummyContrasts/Conditions: is another name of Contrasts"),
        ],
    ),
    ("fitlins/examples__models__ds000030__models__model-001_smdl.json", &[Unread(STEPS)]),
    ("fitlins/examples__models__ds000114__models__model-001_smdl.json", &[Unread(STEPS)]),
    ("fitlins/examples__models__ds000117__models__model-001_smdl.json", &[Unread(STEPS)]),
    (
        "model-zoo/model-zoo__exhibits___template__cookiecutter.exhibit_name__model-default_smdl.json",
        &[
            Noted("/Nodes/0/Transformations/Transformer: is absent"),
            Noted("/Nodes/0/Transformations: has no Instructions; taken as none"),
            Noted("/Nodes/2/Model/Type: is absent"),
        ],
    ),
    (
        "model-zoo/model-zoo__exhibits__narps__model-narps_smdl.json",
        &[
            Noted("/Input/task: is \"MGT\" alone"),
            Noted("/Nodes/2/Model/Type: is absent"),
            Noted("/Nodes/4/Model/Type: is absent"),
        ],
    ),
    (
        "pybids/tests__data__ds005__models__ds-005_type-mfx_model.json",
        &[Unread("/Nodes/0 has no GroupBy")],
    ),
    (
        "pybids/tests__data__ds005__models__ds-005_type-test_intercept.json",
        &[
            Noted("/BIDSModelVersion: is absent"),
            Noted("/Nodes/1/Model/Type: is absent"),
            Noted("/Nodes/1/DummyContrasts/Test: is \"FEMA\""),
        ],
    ),
    (
        "pybids/tests__data__ds005__models__ds-005_type-test_model.json",
        &[
            Noted("/BIDSModelVersion: is absent"),
            Noted("/Nodes/0/Model/Type: is absent"),
            Noted("/Nodes/1/Contrasts/0/Test: is \"FEMA\""),
        ],
    ),
    (
        "pybids/tests__data__ds005__models__ds-005_type-testnodummy_model.json",
        &[Unread("did you mean \"ConditionList\"?")],
    ),
    (
        "pybids/tests__data__ds005__models__extras__ds-005_type-test_model.json",
        &[Unread("/dummy is no key of a model")],
    ),
    (
        "stats-models-spec/specification__examples__model-walkthrough_smdl.json",
        &[Noted("/Input/task: is \"simon\" alone")],
    ),
    (
        "bidspm/demos__ds003717__code__models__model-SESS01_desc-replace_smdl__copy.json",
        &[Noted("/Nodes/0/Transformations/Transformer: is \"bids-matlab_v0.1.0dev\"")],
    ),
    ("bidspm/demos__efficiency__smdl.json", &[Unread("/Nodes/0/GroupBy/0 is an empty text")]),
    (
        "bidspm/demos__face_repetition__models__model-faceRepetitionParametric_smdl.json",
        &[Noted(OTHER_TRANSFORMER)],
    ),
    (
        "bidspm/demos__face_repetition__models__model-faceRepetition_smdl.json",
        &[Noted(OTHER_TRANSFORMER)],
    ),
    (
        "bidspm/demos__openneuro__models__model-narps_desc-U26C_smdl.json",
        &[Unread("/Nodes/0/Transformations/Instructions/9/Descriptions is no argument of Scale")],
    ),
    (
        "bidspm/demos__transformers__models__model-VisuoTact_smdl.json",
        &[Noted("/Nodes/0/Transformations/Transformer: is \"bids-matlab_v0.1.0dev\"")],
    ),
    ("bidspm/docs__source__stats__examples__model-ContrastWithRuns_smdl.json", &[Unread(FRAGMENT)]),
    ("bidspm/docs__source__stats__examples__model-NoRun_smdl.json", &[Unread(FRAGMENT)]),
    ("bidspm/docs__source__stats__examples__model-contrastsSubject_smdl.json", &[Unread(FRAGMENT)]),
    (
        "bidspm/docs__source__stats__examples__model-crossSession_smdl.json",
        &[Unread("the model has no Name")],
    ),
    ("bidspm/docs__source__stats__examples__model-datasetLevel_smdl.json", &[Unread(FRAGMENT)]),
    ("bidspm/docs__source__stats__examples__model_betweenGroups_smdl.json", &[Unread(FRAGMENT)]),
    ("bidspm/docs__source__stats__examples__model_withinGroup_smdl.json", &[Unread(FRAGMENT)]),
    (
        "bidspm/tests__data__models__model-balloonanalogrisktask_smdl.json",
        &[Unread("/Nodes/0/Transformations/Instructions/0/Inputs is no argument of Factor")],
    ),
    ("bidspm/tests__data__models__model-bug616_smdl.json", &[Noted(OTHER_TRANSFORMER)]),
    (
        "bidspm/tests__data__models__model-bug966_smdl.json",
        &[Unread("/Nodes/0/Model/Options/Mask is an empty text")],
    ),
    (
        "bidspm/tests__data__models__model-default_smdl.json",
        &[Unread("/Nodes/0/Transformations/Transformer is an empty text")],
    ),
    (
        "bidspm/tests__data__models__model-vismotion_desc-parametric_smdl.json",
        &[Noted(OTHER_TRANSFORMER)],
    ),
    (
        "fitlins/conftest_sample_model_smdl.json",
        &[Noted("/Nodes/0/Level: is \"run\""), Noted("/Input/task: is")],
    ),
    // Valid by the schema, which does not look so far.
    (
        "bidspm/tests__data__models__model-dummy_smdl.json",
        &[Unfit("/Nodes/0/Model/X names no column")],
    ),
    (
        "openneuro_glmfitlins/ds001715-dts_specs.json",
        &[Unfit("/Nodes/0/Contrasts/5/Weights is 0 for every condition")],
    ),
    (
        "openneuro_glmfitlins/ds002033-ChangeDetection_specs.json",
        &[Unfit("/Nodes/0/Contrasts/1/Name is \"digitsvletter\" as /Nodes/0/Contrasts/0 is")],
    ),
    (
        "openneuro_glmfitlins/ds003481-verbs_specs.json",
        &[Unfit("/Nodes/0/Contrasts/4/Weights has 4 weights for 3 conditions")],
    ),
];

/// What is not as the verdict says; nothing where all is.
fn against(file: &str, verdict: &Verdict, text: &str) -> Option<String> {
    let (model, notes) = read(text);
    let (found, wanted) = match (model, verdict) {
        (Ok(model), Noted(wanted)) => match model.check() {
            Ok(()) => (notes.join("\n"), wanted),
            Err(e) => return Some(format!("{file}: {e}")),
        },
        (Err(e), Unread(wanted)) if e.exit_code() == 65 => (e.to_string(), wanted),
        (Ok(model), Unfit(wanted)) => match model.check() {
            Ok(()) => return Some(format!("{file} can be fitted; it should say {wanted}")),
            Err(e) => (e.to_string(), wanted),
        },
        (Ok(_), Unread(wanted)) => return Some(format!("{file} is read; it should say {wanted}")),
        (Err(e), _) => return Some(format!("{file}: {e}")),
    };
    (!found.contains(wanted)).then(|| format!("{file} says {found}\n  not {wanted}"))
}

#[test]
fn every_valid_model_is_read_and_every_other_gets_its_verdict() {
    let Some(index) = shared_model("VALIDATION.tsv") else { return };
    let mut wrong = Vec::new();
    let mut n = [0_usize; 2];
    for line in index.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (file, is_valid) = (cells[0], cells[1] == "valid");
        n[usize::from(is_valid)] += 1;
        let text = shared_model(file).unwrap();
        let verdicts =
            VERDICTS.iter().find(|(name, _)| *name == file).map(|(_, verdicts)| *verdicts);
        match verdicts {
            Some(verdicts) => wrong.extend(verdicts.iter().filter_map(|v| against(file, v, &text))),
            None if is_valid => wrong.extend(against(file, &Noted(""), &text)),
            None => wrong.push(format!("{file} has no verdict here")),
        }
        assert!(!is_valid || read(&text).0.is_ok(), "{file} is valid and is not read");
    }
    assert_eq!(n, [31, 170], "invalid and valid models");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_node_that_asks_for_fema_combines_by_fixed_effects() {
    let file = "pybids/tests__data__ds005__models__ds-005_type-test_intercept.json";
    let Some(text) = shared_model(file) else { return };
    let model = read(&text).0.unwrap();
    let kinds: Vec<_> = model.nodes.iter().map(|node| node.kind).collect();
    use boldly::bids::model::Kind::{Glm, Meta};
    assert_eq!(kinds, [Glm, Meta, Glm]);
}
