//! JSON text as a value, strictly: what serde would pass over in silence (a key given twice) is refused.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::bids::Notes;
use crate::bids::place::below;
use crate::error::{Error, Result};

/// Longest text, in bytes: real models have a few thousand.
const LONGEST: usize = 4 << 20;

/// The value that `text` holds.
///
/// # Errors
/// Bad data with line and column: what is no JSON, a key that an object has twice with different values (the same: a note), a number beyond f64, more than 128 levels of nesting; a
/// text longer than 4 MiB.
pub(super) fn value(text: &str, notes: &mut Notes) -> Result<Value> {
    if text.len() > LONGEST {
        return Err(Error::bad_data(
            "the model",
            format!("has {} bytes", text.len()),
            format!("have at most {LONGEST}"),
            "check that this file is the model",
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let notes = RefCell::new(notes);
    let value = At(String::new(), &notes).deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|e| {
        let hint = if e.is_data() {
            "keep one of the two"
        } else {
            "look there for a missing quote, bracket or comma; comments, NaN and a comma after the last entry are no JSON"
        };
        Error::bad_data("the model", format!("cannot be read: {e}"), "be JSON, each key of an object once", hint)
    })
}

/// A value at a JSON pointer, and where notes go.
struct At<'n>(String, &'n RefCell<&'n mut Notes>);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> std::result::Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) =
            from.next_element_seed(At(format!("{}/{}", self.0, list.len()), self.1))?
        {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> std::result::Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            let here = below(&self.0, &key);
            let value = from.next_value_seed(At(here.clone(), self.1))?;
            match fields.get(&key) {
                Some(before) if *before == value => {
                    self.1
                        .borrow_mut()
                        .add(&here, "is there twice with the same value; taken once");
                }
                Some(_) => {
                    return Err(A::Error::custom(format!(
                        "{here} is there twice, with two values"
                    )));
                }
                None => {
                    fields.insert(key, value);
                }
            }
        }
        Ok(fields.into())
    }
}
