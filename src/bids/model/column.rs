//! Names of columns as X and lists of conditions have them.

use serde_json::Value;

use crate::bids::place::wrong;
use crate::error::Result;

/// Whether it is a form that nobody filled in: templates of bidspm have some.
pub(super) fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A column's name; the number 1 is the intercept.
pub(super) fn column(value: &Value, pointer: &str) -> Result<String> {
    match value {
        Value::String(name) if !name.trim().is_empty() => Ok(name.clone()),
        Value::Number(number) if number.as_f64() == Some(1.0) => Ok("1".into()),
        other => Err(wrong(pointer, other, "be the name of a column, or 1 for the intercept")),
    }
}
