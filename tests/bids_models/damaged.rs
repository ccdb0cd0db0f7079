//! Damage to ten models of the collection, key by key: it is read or refused, and never a panic; a key that nobody knows is refused.

use serde_json::{Value, json};

use super::{read, shared_model};

const MODELS: &[&str] = &[
    "own/model-ds005Meta_smdl.json",
    "model-zoo/model-zoo__exhibits__ds003__model-001_smdl.json",
    "model-zoo/model-zoo__exhibits__narps__model-narps_smdl.json",
    "model-zoo/model-zoo__exhibits__fsl_glm_models__model-ds0005_altered_anova_2_by_4_cell_means_smdl.json",
    "model-zoo/model-zoo__exhibits__ds2799__model-ds2799_desc-scrubbing_smdl.json",
    "model-zoo/model-zoo__exhibits__spm_tutorials__model-FaceRepParametric_desc-fitlins_smdl.json",
    "pybids/tests__data__ds005__models__ds-005_type-interceptonlyrunlevel_model.json",
    "bidspm/demos__MoAE__models__model-MoAE_smdl.json",
    "bidspm/demos__openneuro__models__model-ds003397_smdl.json",
    "openneuro_glmfitlins/ds000005-mixedgamblestask_specs.json",
];

/// Objects whose keys are names rather than the specification's: what follows in them is nobody's to know.
const FREE: &[&str] = &["Software", "Filter", "Replace", "Parameters"];

/// Pointers of all values below one.
fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                pointers(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        // Three of a list are as good as all.
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate().take(3) {
                pointers(value, format!("{at}/{i}"), all);
            }
        }
        _ => {}
    }
    if !at.is_empty() {
        all.push(at);
    }
}

/// The object and key that a pointer names; none of an element of a list.
fn keyed<'a>(
    model: &'a mut Value,
    pointer: &str,
) -> Option<(&'a mut serde_json::Map<String, Value>, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    let fields = model.pointer_mut(parent)?.as_object_mut()?;
    Some((fields, key.replace("~1", "/").replace("~0", "~")))
}

/// The text of a model with a key that an object has twice.
fn doubled(model: &Value, pointer: &str) -> Option<String> {
    let mut model = model.clone();
    let (fields, key) = keyed(&mut model, pointer)?;
    fields.insert("the second one".into(), json!({"another": "value"}));
    Some(model.to_string().replace("\"the second one\"", &Value::from(key).to_string()))
}

#[test]
fn no_damage_to_a_model_makes_the_reader_panic_and_no_unknown_or_doubled_key_passes() {
    let (mut n_renamed, mut n_doubled, mut n_others) = (0, 0, 0);
    for file in MODELS {
        let Some(text) = shared_model(file) else { return };
        let good: Value = serde_json::from_str(&text).unwrap();
        let mut all = Vec::new();
        pointers(&good, String::new(), &mut all);
        for pointer in &all {
            for other in [
                json!(null),
                json!(true),
                json!(-3.5),
                json!("x"),
                json!([]),
                json!([[]]),
                json!({}),
            ] {
                let mut model = good.clone();
                *model.pointer_mut(pointer).unwrap() = other;
                if let Ok(model) = read(&model.to_string()).0 {
                    let _ = model.check();
                }
                n_others += 1;
            }
            let mut model = good.clone();
            let Some((fields, key)) = keyed(&mut model, pointer) else { continue };
            let value = fields.shift_remove(&key).unwrap();
            let _ = read(&model.to_string());
            if !FREE.iter().any(|free| pointer.contains(&format!("/{free}/"))) {
                let (fields, key) = keyed(&mut model, pointer).unwrap();
                fields.insert(format!("{key}Of"), value);
                read(&model.to_string()).0.expect_err(pointer);
                n_renamed += 1;
            }
            let doubled = doubled(&good, pointer).unwrap();
            let message = read(&doubled).0.expect_err(pointer).to_string();
            assert!(
                message.contains("is there twice, with two values"),
                "{file} {pointer}: {message}"
            );
            n_doubled += 1;
        }
    }
    assert!(
        n_renamed > 400 && n_doubled > 400 && n_others > 5000,
        "{n_renamed} {n_doubled} {n_others}"
    );
}
