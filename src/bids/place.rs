//! A place of the file: an object, where it stands, and what it may hold.

use serde_json::{Map, Value};

use crate::design::similar;
use crate::error::{Error, Result};

/// Most entries of a list: real models have at most some hundred.
const MOST: usize = 2_000;

/// An object of the model.
pub(super) struct Place<'a> {
    fields: &'a Map<String, Value>,
    /// Where it stands: `/Nodes/0/Model`.
    pub pointer: String,
    /// What it is: `a contrast`.
    what: &'static str,
}

impl<'a> Place<'a> {
    /// An object in which every key is one of `keys`.
    ///
    /// # Errors
    /// Bad data: something else than an object, an unknown key (with the one probably meant).
    pub fn open(
        value: &'a Value,
        pointer: impl Into<String>,
        what: &'static str,
        keys: &[&str],
    ) -> Result<Place<'a>> {
        let place = Place::free(value, pointer, what)?;
        let stranger = place.fields.keys().find(|key| !keys.contains(&key.as_str()));
        match stranger {
            Some(key) => Err(place.unknown(key, keys)),
            None => Ok(place),
        }
    }

    /// An object whose keys are names.
    ///
    /// # Errors
    /// Bad data: something else.
    pub fn free(
        value: &'a Value,
        pointer: impl Into<String>,
        what: &'static str,
    ) -> Result<Place<'a>> {
        let pointer = pointer.into();
        match value {
            Value::Object(fields) => Ok(Place { fields, pointer, what }),
            other => Err(wrong(&pointer, other, &format!("be an object, {what}"))),
        }
    }

    /// What is wrong with a key that is not known here.
    fn unknown(&self, key: &str, keys: &[&str]) -> Error {
        let names: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let hint = match similar::closest(key, &names) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "take it out, or say it in Description".into(),
        };
        Error::bad_data(
            self.at(key),
            format!("is no key of {}", self.what),
            format!("be one of {}", keys.join(", ")),
            hint,
        )
    }

    /// Where a key of it stands.
    pub fn at(&self, key: &str) -> String {
        below(&self.pointer, key)
    }

    /// Keys and values, those without a value left out.
    pub fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.fields.iter().filter(|(_, value)| !value.is_null())
    }

    /// What a key holds; nothing where it is absent or null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    /// What a key that must be there holds.
    ///
    /// # Errors
    /// Bad data where it is absent.
    pub fn need(&self, key: &str) -> Result<&'a Value> {
        self.get(key).ok_or_else(|| {
            let at = if self.pointer.is_empty() { "the model" } else { &self.pointer };
            Error::bad_data(
                at,
                format!("has no {key}"),
                format!("have it: {} needs one", self.what),
                "",
            )
        })
    }

    /// A text; empty where it is absent.
    ///
    /// # Errors
    /// Bad data: something else than a text.
    pub fn text(&self, key: &str) -> Result<&'a str> {
        match self.get(key) {
            Some(value) => text(value, &self.at(key)),
            None => Ok(""),
        }
    }

    /// A name that must be there and say something.
    ///
    /// # Errors
    /// Bad data: absent, no text, empty.
    pub fn name(&self, key: &str) -> Result<&'a str> {
        let value = self.need(key)?;
        let name = text(value, &self.at(key))?;
        if name.trim().is_empty() {
            return Err(wrong(&self.at(key), value, "have at least one letter"));
        }
        Ok(name)
    }

    /// A list; none where it is absent.
    ///
    /// # Errors
    /// Bad data: something else than a list.
    pub fn list(&self, key: &str) -> Result<Option<&'a [Value]>> {
        self.get(key).map(|value| list(value, &self.at(key))).transpose()
    }

    /// A number above 0; none where it is absent.
    ///
    /// # Errors
    /// Bad data: something else.
    pub fn above_0(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().filter(|v| v.is_finite() && *v > 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(&self.at(key), value, "be a number above 0")),
        }
    }
}

/// A text.
///
/// # Errors
/// Bad data: something else.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value.as_str().ok_or_else(|| wrong(pointer, value, "be a text in quotes"))
}

/// A list.
///
/// # Errors
/// Bad data: something else.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> Result<&'a [Value]> {
    match value {
        Value::Array(list) if list.len() <= MOST => Ok(list),
        Value::Array(_) => Err(wrong(pointer, value, &format!("have at most {MOST} entries"))),
        other => Err(wrong(pointer, other, "be a list in [ ]")),
    }
}

/// What stands at a pointer is not what must stand there.
pub(super) fn wrong(pointer: &str, value: &Value, expected: &str) -> Error {
    let thing = if pointer.is_empty() { "the model" } else { pointer };
    let found = match value {
        Value::Null => "is null".to_owned(),
        Value::Bool(value) => format!("is {value}"),
        Value::Number(number) => format!("is the number {number}"),
        Value::String(text) if text.is_empty() => "is an empty text".into(),
        Value::String(text) => format!("is the text {:?}", short(text)),
        Value::Array(list) => format!("is a list of {}", list.len()),
        Value::Object(fields) => format!("is an object of {} keys", fields.len()),
    };
    Error::bad_data(thing, found, expected, "")
}

/// Text cut to what a message can hold.
pub(super) fn short(text: &str) -> String {
    let mut cut: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.chars().count() > 60 {
        cut.push_str("...");
    }
    cut
}

/// The pointer of a key below a pointer (RFC 6901), long keys cut.
pub(super) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", short(key).replace('~', "~0").replace('/', "~1"))
}
