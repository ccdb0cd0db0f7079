//! `Model.HRF`: which columns are convolved, and with what.

use serde_json::{Map, Value};

use super::Hrf;
use crate::bids::Notes;
use crate::bids::names::Wanted;
use crate::bids::place::{Place, below, list, short, text, wrong};
use crate::design::similar;
use crate::error::{Error, Result};

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
    if model == "fir" {
        refuse_others(&parameters, &place.at("Parameters"))?;
        fir_delays(&parameters, pointer)?;
    } else if !parameters.is_empty() {
        let said = format!("are not used: the response is {model} with its own parameters");
        notes.add(&place.at("Parameters"), said);
    }
    Ok(Hrf { variables, model, parameters })
}

/// `fir` has no other parameter than its delays.
fn refuse_others(parameters: &Map<String, Value>, at: &str) -> Result<()> {
    let mut own = parameters.keys().filter(|key| is_fir_delays(key));
    let other = parameters.keys().find(|key| !is_fir_delays(key));
    let (key, said) = match (own.next(), own.next(), other) {
        (_, _, Some(other)) => (other, "is no parameter of the model fir"),
        (Some(_), Some(again), None) => (again, "says the delays again"),
        _ => return Ok(()),
    };
    Err(Error::bad_data(
        below(at, key),
        said,
        "be fir_delays, once",
        "\"Parameters\": {\"fir_delays\": [0, 1, 2, 3]}",
    ))
}

/// The delays of `fir` in TRs, of a response that stands at `place`.
///
/// # Errors
/// Bad data: none, or what are no whole TRs up to 10000.
pub fn fir_delays(parameters: &Map<String, Value>, place: &str) -> Result<Vec<usize>> {
    let list = parameters.iter().find(|(key, _)| is_fir_delays(key));
    let list = list.and_then(|(_, list)| list.as_array());
    let delay =
        |value: &Value| value.as_u64().filter(|delay| *delay <= 10_000).map(|delay| delay as usize);
    let delays: Option<Vec<usize>> = list.and_then(|list| list.iter().map(delay).collect());
    let is_once = |all: &Vec<usize>| (1..all.len()).all(|at| !all[..at].contains(&all[at]));
    delays.filter(|delays| !delays.is_empty() && is_once(delays)).ok_or_else(|| {
        Error::bad_data(
            format!("{place}/Parameters"),
            "has no fir_delays in whole TRs, each once",
            "have them for the model fir",
            "\"Parameters\": {\"fir_delays\": [0, 1, 2, 3]}",
        )
    })
}

/// Whether a key of `Parameters` is the delays of `fir`: `fir_delays`, in any case, with or without underscores.
#[must_use]
pub fn is_fir_delays(key: &str) -> bool {
    key.replace('_', "").eq_ignore_ascii_case("firdelays")
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
