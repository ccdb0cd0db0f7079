//! A value of an event or an input.

use crate::design::number;

/// A value as tables have it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// Text.
    Text(String),
    /// n/a.
    Missing,
}

impl Value {
    /// The number; not a number for n/a; none for text.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Missing => Some(f64::NAN),
            Value::Text(_) => None,
        }
    }

    /// Of a number: n/a where it is not finite.
    #[must_use]
    pub fn of(number: f64) -> Value {
        if number.is_finite() { Value::Number(number) } else { Value::Missing }
    }

    /// The cells of one column: numbers where all that are not n/a are, else texts.
    #[must_use]
    pub fn column(cells: &[&str]) -> Vec<Value> {
        let parsed = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let known = || cells.iter().filter(|text| !number::is_missing(text));
        let is_numeric = known().all(|text| parsed(text).is_some());
        let value = |text: &&str| match (number::is_missing(text), is_numeric) {
            (true, _) => Value::Missing,
            (false, true) => parsed(text).map_or(Value::Missing, Value::Number),
            (false, false) => Value::Text(text.trim().to_owned()),
        };
        cells.iter().map(value).collect()
    }
}

/// As names of levels have it: whole numbers without a point.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // -0 is 0.
            Value::Number(number) => write!(f, "{}", number + 0.0),
            Value::Text(text) => write!(f, "{text}"),
            Value::Missing => write!(f, "n/a"),
        }
    }
}
