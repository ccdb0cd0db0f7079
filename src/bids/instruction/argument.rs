//! Values of an instruction's keys.

use serde_json::{Map, Value};

use super::known::{Holds, Known};
use super::refuse;
use crate::bids::Notes;
use crate::bids::pattern::Pattern;
use crate::design::similar;
use crate::error::{Error, Result};

/// The most names or numbers of one key.
const MOST: usize = 100_000;

/// What a JSON value is, in words.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("{value}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", short(text)),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".into(),
    }
}

/// A text cut to what a message bears.
pub fn short(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() { format!("{shown}...") } else { shown }
}

/// One name or a list of names; numbers count as their text.
pub fn names(value: &Value, at: &str) -> Result<Vec<String>> {
    let one = |value: &Value, at: &str| match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
        Value::String(_) => Err(refuse(at, "is empty", "be the name of a variable", "")),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(refuse(at, format!("is {}", kind(other)), "be the name of a variable", "")),
    };
    match value {
        Value::Array(list) if list.len() > MOST => {
            Err(refuse(at, format!("has {} names", list.len()), format!("have {MOST} at most"), ""))
        }
        Value::Array(list) => {
            list.iter().enumerate().map(|(i, value)| one(value, &format!("{at}/{i}"))).collect()
        }
        value => Ok(vec![one(value, at)?]),
    }
}

/// The value of an argument in the form that its transformation takes.
pub fn read(
    known: &Known,
    name: &str,
    value: &Value,
    at: &str,
    notes: &mut Notes,
) -> Result<Value> {
    let Some(argument) = known.arguments.iter().find(|argument| argument.name == name) else {
        return text(value, at); // an affix of outputs
    };
    match argument.holds {
        Holds::Flag => flag(value, at, notes),
        Holds::Number => number(value, at, notes),
        Holds::NumberOrText => match value {
            Value::String(_) | Value::Number(_) => Ok(value.clone()),
            other => Err(wrong(at, other, "be a number or text")),
        },
        Holds::Rate => match value {
            Value::String(text) if text.eq_ignore_ascii_case("tr") => Ok("TR".into()),
            value => {
                let rate = number(value, at, notes)?;
                match rate.as_f64() {
                    Some(hz) if hz > 0.0 && hz <= 1e4 => Ok(rate),
                    _ => Err(wrong(at, value, "be TR, or a rate above 0 and at most 10000 Hz")),
                }
            }
        },
        Holds::Numbers => list(value, at, |value, at| number(value, at, notes)),
        Holds::Delays => delays(value, at),
        Holds::Text => text(value, at),
        Holds::Names => {
            Ok(Value::Array(names(value, at)?.into_iter().map(Value::String).collect()))
        }
        Holds::OneOf(choices) => choice(value, at, choices, notes),
        Holds::Pairs => pairs(value, at, notes),
    }
}

fn wrong(at: &str, value: &Value, expected: &str) -> Error {
    refuse(at, format!("is {}", kind(value)), expected, "")
}

/// `true` or `false`; as text, with a note: pybids takes every text for true.
fn flag(value: &Value, at: &str, notes: &mut Notes) -> Result<Value> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => {
            let is = match text.trim().to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => return Err(wrong(at, value, "be true or false")),
            };
            let but = if is { "" } else { " (pybids takes it for true)" };
            notes.add(at, format!("the text \"{text}\" is read as {is}{but}"));
            Ok(Value::Bool(is))
        }
        other => Err(wrong(at, other, "be true or false")),
    }
}

fn number(value: &Value, at: &str, notes: &mut Notes) -> Result<Value> {
    let finite = |number: f64| number.is_finite().then_some(number);
    match value {
        Value::Number(number) if number.as_f64().and_then(finite).is_some() => Ok(value.clone()),
        Value::String(text) => match text.trim().parse::<f64>().ok().and_then(finite) {
            Some(number) => {
                notes.add(at, format!("the text \"{}\" is read as a number", short(text)));
                Ok(number.into())
            }
            None => Err(wrong(at, value, "be a number")),
        },
        other => Err(wrong(at, other, "be a number")),
    }
}

fn text(value: &Value, at: &str) -> Result<Value> {
    match value {
        Value::String(_) => Ok(value.clone()),
        other => Err(wrong(at, other, "be text")),
    }
}

fn list(
    value: &Value,
    at: &str,
    mut one: impl FnMut(&Value, &str) -> Result<Value>,
) -> Result<Value> {
    match value {
        Value::Array(list) if !list.is_empty() && list.len() <= MOST => {
            let read = list.iter().enumerate().map(|(i, value)| one(value, &format!("{at}/{i}")));
            Ok(Value::Array(read.collect::<Result<_>>()?))
        }
        other => Err(wrong(at, other, "be a list of numbers")),
    }
}

fn delays(value: &Value, at: &str) -> Result<Value> {
    let mut seen = Vec::new();
    list(value, at, |value, at| {
        let delay = value
            .as_u64()
            .filter(|delay| *delay <= 10_000)
            .ok_or_else(|| wrong(at, value, "be a whole number of TRs from 0 to 10000"))?;
        if seen.contains(&delay) {
            return Err(refuse(at, format!("is {delay} again"), "have each delay once", ""));
        }
        seen.push(delay);
        Ok(delay.into())
    })
}

fn choice(value: &Value, at: &str, choices: &[&str], notes: &mut Notes) -> Result<Value> {
    let given = match value {
        Value::Null if choices.contains(&"none") => "none",
        Value::String(given) => given.as_str(),
        other => return Err(wrong(at, other, &format!("be one of {}", choices.join(", ")))),
    };
    let lower = given.trim().to_ascii_lowercase().replace('-', "_");
    match choices.iter().find(|choice| **choice == lower) {
        Some(choice) => {
            if *choice != given {
                notes.add(at, format!("{} is read as {choice}", short(given)));
            }
            Ok(Value::String((*choice).to_owned()))
        }
        None => {
            let all: Vec<String> = choices.iter().map(|&choice| choice.to_owned()).collect();
            let hint = match similar::closest(given, &all) {
                Some(close) => format!("did you mean {close}?"),
                None => String::new(),
            };
            let expected = format!("be one of {}", choices.join(", "));
            Err(refuse(at, format!("is {}", kind(value)), expected, hint))
        }
    }
}

/// Old and new values, as a list of objects `key`, `value`, `is_pattern`: keys of bidspm's form are regular expressions.
fn pairs(value: &Value, at: &str, notes: &mut Notes) -> Result<Value> {
    let pair = |key: Value, value: &Value, is_pattern: bool, at: &str| {
        if !matches!(value, Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_)) {
            return Err(wrong(at, value, "be text, a number, true, false or null (n/a)"));
        }
        let mut pair = Map::new();
        pair.insert("key".into(), key);
        pair.insert("value".into(), value.clone());
        pair.insert("is_pattern".into(), is_pattern.into());
        Ok(Value::Object(pair))
    };
    let of_bidspm =
        |object: &Map<String, Value>, at: &str| match (object.get("key"), object.get("value")) {
            (Some(Value::String(key)), Some(value)) if object.len() == 2 => {
                Pattern::new(key).map_err(|found| {
                    let expected = "have characters, ., [...], *, +, ? and \\ only";
                    refuse(at, found, expected, "name the values one by one")
                })?;
                pair(Value::String(key.clone()), value, true, at)
            }
            (Some(key @ Value::Number(_)), Some(value)) if object.len() == 2 => {
                pair(Value::String(key.to_string()), value, false, at)
            }
            _ => Err(refuse(at, "is no pair of key and value", "have key and value", "")),
        };
    let read = match value {
        Value::Object(object)
            if object.len() == 2 && object.contains_key("key") && object.contains_key("value") =>
        {
            notes.add(at, "is bidspm's pair of key and value; the key is a regular expression");
            vec![of_bidspm(object, at)?]
        }
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| {
                pair(
                    Value::String(key.clone()),
                    value,
                    false,
                    &format!("{at}/{}", super::escaped(key)),
                )
            })
            .collect::<Result<_>>()?,
        Value::Array(list) if list.len() <= MOST => {
            notes.add(at, "is bidspm's list of key and value, which pybids ignores; keys are regular expressions");
            let one = |(i, value): (usize, &Value)| {
                let at = format!("{at}/{i}");
                match value {
                    Value::Object(object) => of_bidspm(object, &at),
                    other => Err(wrong(&at, other, "be an object with key and value")),
                }
            };
            list.iter().enumerate().map(one).collect::<Result<_>>()?
        }
        other => return Err(wrong(at, other, "be an object of old and new values")),
    };
    if read.is_empty() {
        return Err(refuse(at, "is empty", "have one old and new value or more", ""));
    }
    Ok(Value::Array(read))
}
