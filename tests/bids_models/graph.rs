//! The graph of nodes against pybids 0.22.0 (golden: oracles/bsm/graph): units, design rows, names and weights of contrasts, on the runs
//! of the small datasets.

use std::collections::BTreeMap;
use std::path::Path;

use boldly::bids::design::{self, Missing};
use boldly::bids::graph::{self, Asked};
use boldly::bids::model::{Level, Test};
use boldly::bids::variables::{self, Variables};
use boldly::bids::{Entities, Model, Notes, transform};
use boldly::entity;
use serde_json::Value;

use super::{common, read, shared_model};

/// Folder of the golden; its dataset is what stands before `__`. And the model.
const GOLDENS: &[(&str, &str)] = &[
    (
        "ds003__fitlins_ds000003__models__model-001",
        "fitlins/examples__models__ds000003__models__model-001_smdl.json",
    ),
    ("ds003__zoo_ds003__model-001", "model-zoo/model-zoo__exhibits__ds003__model-001_smdl.json"),
    (
        "ds005__ds000005-mixedgamblestask",
        "openneuro_glmfitlins/ds000005-mixedgamblestask_specs.json",
    ),
    (
        "ds008__ds000008-conditionalstopsignal",
        "openneuro_glmfitlins/ds000008-conditionalstopsignal_specs.json",
    ),
    (
        "ds051__ds000051-abstractconcretejudgment",
        "openneuro_glmfitlins/ds000051-abstractconcretejudgment_specs.json",
    ),
    ("ds105__ds000105-objectviewing", "openneuro_glmfitlins/ds000105-objectviewing_specs.json"),
    (
        "ds108__ds000108-Emotionregulation",
        "openneuro_glmfitlins/ds000108-Emotionregulation_specs.json",
    ),
    (
        "ds114__ds000114-covertverbgeneration",
        "openneuro_glmfitlins/ds000114-covertverbgeneration_specs.json",
    ),
    ("ds114__ds000114-fingerfootlips", "openneuro_glmfitlins/ds000114-fingerfootlips_specs.json"),
    ("ds114__ds000114-linebisection", "openneuro_glmfitlins/ds000114-linebisection_specs.json"),
    (
        "ds114__ds000114-overtverbgeneration",
        "openneuro_glmfitlins/ds000114-overtverbgeneration_specs.json",
    ),
    (
        "ds114__ds000114-overtwordrepetition",
        "openneuro_glmfitlins/ds000114-overtwordrepetition_specs.json",
    ),
];

/// The preprocessed runs below a folder, by the entities of their names.
fn runs(folder: &Path, found: &mut Vec<Entities>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            runs(&path, found);
        } else if name.ends_with("_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz") {
            let parts = name.split('_').filter_map(|part| part.split_once('-'));
            let named =
                parts.map(|(key, label)| (entity::long(key).unwrap().to_owned(), label.to_owned()));
            found.push(named.filter(|(key, _)| key != "description").collect());
        }
    }
}

/// A unit as the test holds it against the golden's.
struct Made {
    entities: Entities,
    columns: Vec<String>,
    rows: Vec<Vec<f64>>,
    asked: Asked,
}

/// The golden's unit with these entities.
fn golden_of<'a>(units: &'a [Value], entities: &Entities) -> Option<&'a Value> {
    let is = |unit: &&Value| {
        let own = unit["entities"].as_object().unwrap();
        own.len() == entities.len()
            && entities.iter().all(|(key, label)| {
                own.get(key).is_some_and(|own| entity::same(key, own.as_str().unwrap(), label))
            })
    };
    units.iter().find(is)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Rows of numbers; a list of numbers is one row.
fn rows(value: &Value) -> Vec<Vec<f64>> {
    match value.as_array().unwrap().iter().all(Value::is_array) {
        true => value.as_array().unwrap().iter().map(common::numbers).collect(),
        false => vec![common::numbers(value)],
    }
}

/// Every node's units, from the runs upward; columns at the run level are the golden's.
fn walk(model: &Model, found: &[Entities], golden: &Value) -> Vec<Vec<Made>> {
    let mut made: Vec<Vec<Made>> = model.nodes.iter().map(|_| Vec::new()).collect();
    let mut out: Vec<Vec<Entities>> = vec![Vec::new(); model.nodes.len()];
    for at in model.order() {
        let node = &model.nodes[at];
        let is_run = node.level == Level::Run;
        let mut inputs: Vec<Entities> = Vec::new();
        if is_run {
            inputs = found.iter().filter(|run| graph::allows(&model.input, run)).cloned().collect();
        }
        for edge in model.edges.iter().filter(|edge| edge.destination == at) {
            let estimates = &out[edge.source];
            let passing = graph::passing(model, edge, estimates).unwrap();
            inputs.extend(passing.into_iter().map(|i| estimates[i].clone()));
        }
        let grouped = graph::units(node, &inputs).unwrap();
        assert_eq!(grouped.lacking, []);
        for unit in grouped.units {
            let incoming = graph::incoming(&unit, &inputs);
            let (columns, rows): (_, Vec<Vec<f64>>) = if is_run {
                graph::one_run(node, &unit, &inputs).unwrap();
                let golden = golden_of(golden[&node.name].as_array().unwrap(), &unit.entities);
                (texts(&golden.expect("a golden of the unit")["X_columns"]), Vec::new())
            } else {
                let mut variables = Variables::of_inputs(unit.inputs.len());
                for (name, values) in incoming {
                    let values = values.into_iter().map(variables::Value::Number).collect();
                    variables.add_values(&name, values).unwrap();
                }
                let mut notes = Notes::default();
                transform::apply(&node.transformations, &mut variables, &mut notes).unwrap();
                let made = design::columns(&variables, node, Missing::Error, &mut notes).unwrap();
                (made.names, made.matrix.rows().into_iter().map(|row| row.to_vec()).collect())
            };
            let asked = graph::contrasts(node, &columns, unit.incoming.as_deref()).unwrap();
            for contrast in asked.contrasts.iter().filter(|c| graph::goes_on(c.test)) {
                let mut estimate = unit.entities.clone();
                estimate.insert(graph::CONTRAST.into(), contrast.name.clone());
                out[at].push(estimate);
            }
            made[at].push(Made { entities: unit.entities, columns, rows, asked });
        }
    }
    made
}

/// Weights `[row][condition]`, test, conditions.
type Weighed = (Vec<Vec<f64>>, String, Vec<String>);

/// Contrasts by name.
fn by_name(asked: &Asked) -> BTreeMap<String, Weighed> {
    let test = |test| match test {
        Test::T => "t",
        Test::F => "F",
        Test::Pass => "pass",
    };
    let of = |c: &graph::Resolved| {
        (c.name.clone(), (c.weights.clone(), test(c.test).to_owned(), c.conditions.clone()))
    };
    asked.contrasts.iter().map(of).collect()
}

#[test]
fn units_names_and_weights_are_those_of_pybids_on_twelve_datasets_and_models() {
    let Some(goldens) = common::shared("../oracles/bsm/graph") else { return };
    let Some(datasets) = common::shared("bids-mini") else { return };
    let (mut n_units, mut n_contrasts, mut n_lacking) = (0, 0, 0);
    for (folder, file) in GOLDENS {
        let text = std::fs::read_to_string(goldens.join(folder).join("graph.json")).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let model = read(&shared_model(file).unwrap()).0.unwrap();
        let mut found = Vec::new();
        let dataset = folder.split("__").next().unwrap();
        runs(&datasets.join(dataset).join("derivatives/fmriprep"), &mut found);
        let made = walk(&model, &found, &golden);
        assert_eq!(model.nodes.len(), golden.as_object().unwrap().len(), "{folder}");
        for (node, made) in model.nodes.iter().zip(&made) {
            let units = golden[&node.name].as_array().unwrap();
            assert_eq!(made.len(), units.len(), "{folder} {}: units", node.name);
            for made in made {
                let place = format!("{folder} {} {:?}", node.name, made.entities);
                let golden = golden_of(units, &made.entities).unwrap_or_else(|| panic!("{place}"));
                assert_eq!(made.columns, texts(&golden["X_columns"]), "{place}");
                if node.level != Level::Run {
                    let (mut own, mut theirs) = (made.rows.clone(), rows(&golden["X"]));
                    own.sort_by(|a, b| a.partial_cmp(b).unwrap());
                    theirs.sort_by(|a, b| a.partial_cmp(b).unwrap());
                    assert_eq!(own, theirs, "{place}");
                }
                // pybids leaves out without a word what a run has no columns for.
                for lacking in &made.asked.lacking {
                    assert!(!made.columns.contains(&lacking.condition), "{place}: {lacking:?}");
                    n_lacking += 1;
                }
                let contrasts = golden["contrasts"].as_array().unwrap();
                let theirs: BTreeMap<_, _> = contrasts
                    .iter()
                    .map(|c| {
                        let test = c["test"].as_str().unwrap().to_owned();
                        let name = c["name"].as_str().unwrap().to_owned();
                        (name, (rows(&c["weights"]), test, texts(&c["conditions"])))
                    })
                    .collect();
                assert_eq!(by_name(&made.asked), theirs, "{place}");
                n_contrasts += theirs.len();
                n_units += 1;
            }
        }
    }
    assert!(n_units > 150 && n_contrasts > 200, "{n_units} units, {n_contrasts} contrasts");
    assert_eq!(n_lacking, 5, "contrasts of ds008, whose conditions are spelled with spaces");
}

#[test]
fn a_run_without_the_conditions_of_its_contrasts_says_which_it_lacks_and_the_nearest() {
    let file = "openneuro_glmfitlins/ds000052-weatherprediction_specs.json";
    let Some(text) = shared_model(file) else { return };
    let Some(designs) = common::shared("../oracles/bsm/designs-exact") else { return };
    let design = designs.join("ds052__ds000052-weatherprediction/run-1_subject-01_design.tsv");
    let header = std::fs::read_to_string(design).unwrap();
    let columns: Vec<String> =
        header.lines().next().unwrap().split('\t').map(str::to_owned).collect();
    let model = read(&text).0.unwrap();
    let asked = graph::contrasts(&model.nodes[0], &columns, None).unwrap();
    assert_eq!(asked.contrasts, []);
    assert!(!asked.lacking.is_empty());
    for lacking in &asked.lacking {
        assert!(!columns.contains(&lacking.condition), "{lacking:?}");
        assert!(lacking.pointer.starts_with("/Nodes/0/"), "{lacking:?}");
    }
    assert_eq!(asked.lacking[0].condition, "trial_type.negative");
    let nearest = asked.lacking[0].nearest.as_deref();
    assert_eq!(nearest, Some("trial_type.negative feedback"), "{:?}", asked.lacking);
}
