//! Who responded, in a small language: `pain=nrs<=-30%; pgic<=2; pcs>=+6`.
//!
//! Parts are parted by `;` and all must be met. A part is `[NAME=]COLUMN OP NUMBER`, OP one of `<=`, `>=`, `<`, `>`. A number with a sign is a change from baseline in the column's units,
//! with `%` one in percent of baseline, without either the value at the endpoint.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::column::Column;
use crate::error::Error;

/// Rounding that a comparison forgives, so that 10 -> 7 is a loss of 30 %.
pub const SLACK: f64 = 1e-12;

/// How a value is held against a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `>`
    Above,
}

impl Operator {
    /// Whether `value` meets the bound; `size`: of the numbers it was computed from, by which the slack is scaled.
    #[must_use]
    pub fn holds(self, value: f64, bound: f64, size: f64) -> bool {
        let slack = SLACK * size.abs().max(1.0);
        match self {
            Operator::AtMost => value <= bound + slack,
            Operator::AtLeast => value >= bound - slack,
            Operator::Below => value < bound - slack,
            Operator::Above => value > bound + slack,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Operator::AtMost => "<=",
            Operator::AtLeast => ">=",
            Operator::Below => "<",
            Operator::Above => ">",
        }
    }
}

/// What a value is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// The value at the endpoint: `2`.
    Value(f64),
    /// Endpoint less baseline: `+6`, `-2`.
    Change(f64),
    /// 100 (endpoint - baseline) / baseline: `-30%`.
    Percent(f64),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is called; the column where no name is given.
    pub name: String,
    /// The column; its table is empty until the plan is resolved, where one is not given.
    pub column: Column,
    /// How.
    pub operator: Operator,
    /// Against what.
    pub threshold: Threshold,
}

impl Part {
    /// Whether the part is met; none where a value that it needs lacks, or a percentage has no baseline above 0.
    #[must_use]
    pub fn met(&self, baseline: Option<f64>, endpoint: Option<f64>) -> Option<bool> {
        let end = endpoint?;
        Some(match self.threshold {
            Threshold::Value(bound) => self.operator.holds(end, bound, end.abs().max(bound.abs())),
            Threshold::Change(bound) => {
                let start = baseline?;
                self.operator.holds(end - start, bound, start.abs().max(end.abs()))
            }
            // In units of the column: 10 -> 7 is -3 against -3, whatever 1 / 10 rounds to.
            Threshold::Percent(bound) => {
                let start = baseline.filter(|start| *start > 0.0)?;
                self.operator.holds(end - start, bound / 100.0 * start, start.max(end.abs()))
            }
        })
    }

    /// The part without its name: `nrs<=-30%`.
    #[must_use]
    pub fn condition(&self) -> String {
        let bound = match self.threshold {
            Threshold::Value(bound) => format!("{bound}"),
            Threshold::Change(bound) => format!("{bound:+}"),
            Threshold::Percent(bound) => format!("{bound:+}%"),
        };
        format!("{}{}{bound}", self.column.column, self.operator.text())
    }

    /// Whether the part has no name of its own.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.name == self.column.column
    }

    /// Whether the value at baseline is needed.
    #[must_use]
    pub fn needs_baseline(&self) -> bool {
        !matches!(self.threshold, Threshold::Value(_))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_unnamed() {
            write!(f, "{}=", self.name)?;
        }
        if !self.column.table.is_empty() {
            write!(f, "{}:", self.column.table)?;
        }
        write!(f, "{}", self.condition())
    }
}

/// A responder meets all parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    /// In the order given; one at least.
    pub parts: Vec<Part>,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(Part::to_string).collect();
        write!(f, "{}", parts.join("; "))
    }
}

impl TryFrom<String> for Rule {
    type Error = Error;

    fn try_from(text: String) -> Result<Rule, Error> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> String {
        rule.to_string()
    }
}

fn wrong(text: &str, found: impl Into<String>) -> Error {
    Error::usage(
        format!("the responder rule '{text}'"),
        found,
        "be parts such as 'pain=nrs<=-30%; pgic<=2; pcs>=+6'",
        "a signed number is a change from baseline, with % in percent of it; without a sign it is the value at the endpoint",
    )
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Rule, Error> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(part);
        let parts = parts.collect::<Result<Vec<Part>, Error>>()?;
        if parts.is_empty() {
            return Err(wrong(text, "has no parts"));
        }
        for (at, part) in parts.iter().enumerate() {
            if let Some(other) = parts[..at].iter().find(|other| other.name == part.name) {
                let called = |name: &str, of: &Part| Part { name: name.to_owned(), ..of.clone() };
                return Err(Error::usage(
                    format!("the responder rule '{text}'"),
                    format!("has two parts named '{}'", part.name),
                    "have parts that are called apart: a part without a name is called as its column",
                    format!("name them: '{}; {}'", called("a", other), called("b", part)),
                ));
            }
        }
        Ok(Rule { parts })
    }
}

fn part(text: &str) -> Result<Part, Error> {
    let Some(at) = text.find(['<', '>']) else {
        return Err(wrong(text, "compares nothing"));
    };
    let (left, right) = text.split_at(at);
    let (operator, number) = match right.as_bytes() {
        [b'<', b'=', ..] => (Operator::AtMost, &right[2..]),
        [b'>', b'=', ..] => (Operator::AtLeast, &right[2..]),
        [b'<', ..] => (Operator::Below, &right[1..]),
        _ => (Operator::Above, &right[1..]),
    };
    let (name, column) = match left.split_once('=') {
        Some((name, column)) => (name.trim(), column.trim()),
        None => ("", left.trim()),
    };
    if column.contains('=') {
        return Err(wrong(
            text,
            format!(
                "holds '{}' where <=, >=, < or > belongs",
                column[column.find('=').unwrap_or_default()..].to_owned() + &right[..1]
            ),
        ));
    }
    if column.is_empty() || left.contains('=') && name.is_empty() {
        return Err(wrong(text, "names no column"));
    }
    let column: Column = column.parse()?;
    let number = number.trim();
    let digits = number.strip_suffix('%').map_or(number, str::trim_end);
    let value: f64 = digits
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite())
        .ok_or_else(|| wrong(text, format!("holds '{number}' where a number belongs")))?;
    let threshold = match (number.ends_with('%'), digits.starts_with(['+', '-'])) {
        (true, true) => Threshold::Percent(value),
        (true, false) => {
            return Err(wrong(text, format!("does not say which way {number} goes (+ or -)")));
        }
        (false, true) => Threshold::Change(value),
        (false, false) => Threshold::Value(value),
    };
    let name = if name.is_empty() { column.column.clone() } else { name.to_owned() };
    Ok(Part { name, column, operator, threshold })
}
