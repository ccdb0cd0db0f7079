//! `Model.HRF`: which columns are convolved, and with what.

use serde_json::{Map, Value};

use super::Hrf;
use crate::bids::Notes;
use crate::bids::names::Wanted;
use crate::bids::place::{Place, list, short, text, wrong};
use crate::design::similar;
use crate::error::Result;

/// Responses by the specification's names, spaces aside.
const MODELS: &[&str] = &[
    "spm",
    "spm + derivative",
    "spm + derivative + dispersion",
    "glover",
    "glover + derivative",
    "glover + derivative + dispersion",
    "fir",
];

/// `Model.HRF` of a model with the columns `x`.
pub(super) fn read(value: &Value, pointer: &str, x: &[String], notes: &mut Notes) -> Result<Hrf> {
    let keys = &["Variables", "Model", "Parameters", "Description"];
    let place = Place::open(value, pointer, "a response", keys)?;
    place.text("Description")?;
    let x: Vec<Wanted> = x.iter().map(|name| Wanted::new(name)).collect();
    let mut variables = Vec::new();
    let at = place.at("Variables");
    for (i, value) in list(place.need("Variables")?, &at)?.iter().enumerate() {
        let at = format!("{at}/{i}");
        let name = text(value, &at)?;
        if name.trim().is_empty() {
            notes.add(&at, "is blank; left out");
            continue;
        }
        // Of hundreds of both it is not told: comparing them would take long.
        let is_told = i * x.len() <= 100_000 && !Wanted::new(name).is_pattern();
        if is_told && !x.iter().any(|x| x.is(name)) {
            let said = format!("is {:?}, which X does not have; it is not convolved", short(name));
            notes.add(&at, said);
        }
        variables.push(name.to_owned());
    }
    let model = model(&place, notes)?;
    let parameters = match place.get("Parameters") {
        None => Map::new(),
        Some(Value::Object(parameters)) => parameters.clone(),
        Some(other) => return Err(wrong(&place.at("Parameters"), other, "be an object")),
    };
    if model != "fir" && !parameters.is_empty() {
        let said = format!("are not used: the response is {model} with its own parameters");
        notes.add(&place.at("Parameters"), said);
    }
    Ok(Hrf { variables, model, parameters })
}

fn model(place: &Place, notes: &mut Notes) -> Result<String> {
    let at = place.at("Model");
    let value = place.need("Model")?;
    let given = text(value, &at)?;
    if ["doublegamma", "double-gamma"].contains(&given.to_ascii_lowercase().as_str()) {
        notes.add(&at, format!("is {given:?}; taken as \"spm\", which is one"));
        return Ok("spm".into());
    }
    let plain = |name: &str| name.replace(char::is_whitespace, "").to_ascii_lowercase();
    match MODELS.iter().find(|known| plain(known) == plain(given)) {
        Some(known) => Ok((*known).to_owned()),
        None => {
            let names: Vec<String> = MODELS.iter().map(|&name| name.to_owned()).collect();
            let hint = similar::closest(given, &names).map(|m| format!("did you mean {m:?}?"));
            Err(wrong(&at, value, &format!("be one of {}", MODELS.join(", ")))
                .with_hint(&hint.unwrap_or_default()))
        }
    }
}
