//! Parametric modulation: a column of the events that varies the height of a condition's response.
//!
//! For events i of a condition with values v_i, column k = 1..order has the heights a_i (v_i - m)^k less their mean over the events (centred,
//! as AFNI's AM2; with order 1 that is a_i (v_i - m)), or a_i v_i^k (uncentred); a_i is 1 or the event's `modulation`. An event
//! without a value (n/a) counts as one of the mean value. Orthogonal columns are less their projection on all columns of the condition that
//! stand before them, as SPM has it.

use std::fmt;
use std::str::FromStr;

use super::{number, quoted, similar};
use crate::error::{Error, Result};
use crate::table::Table;

/// The highest power.
const MOST_ORDER: u32 = 5;

/// What modulates which condition; its text, `pain:rating^2,uncentred,orthogonal`, is the option's and the sidecar's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Modulation {
    /// Whose response varies.
    pub condition: String,
    /// The column of the events that gives the values.
    pub column: String,
    /// Highest power, 1 or more.
    pub order: u32,
    /// Whether values, and heights, are taken less their mean over the events of the condition.
    pub centred: bool,
    /// Whether columns are made orthogonal to those of the condition that stand before them.
    pub orthogonal: bool,
}

/// That each column of the events modulates a condition once.
///
/// # Errors
/// Usage: two modulations would make one column.
pub fn refuse_twins(all: &[Modulation]) -> Result<()> {
    for (at, one) in all.iter().enumerate() {
        let same = |of: &&Modulation| of.condition == one.condition && of.column == one.column;
        let Some(other) = all[..at].iter().find(same) else { continue };
        let (less, more) = if one.order < other.order { (one, other) } else { (other, one) };
        return Err(Error::usage(
            format!("--modulate {less}"),
            format!("stands beside {more}, which makes its column {} too", less.name(1)),
            "be of another column of the events, or another condition",
            format!("leave {less} out: {more} has every power up to {}", more.order),
        ));
    }
    Ok(())
}

/// A modulation with a value for each event of the design; NaN for one of another condition or without a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Modulator {
    /// Which.
    pub of: Modulation,
    /// In the events' order.
    pub values: Vec<f64>,
}

impl Modulator {
    /// How many of its condition's events have no value; none where all have one. `conditions`: of each event.
    #[must_use]
    pub fn unknown<'a>(&self, conditions: impl Iterator<Item = &'a String>) -> Option<String> {
        let Modulation { condition, column, .. } = &self.of;
        let pairs = self.values.iter().zip(conditions);
        let own: Vec<&f64> = pairs.filter(|(_, of)| *of == condition).map(|(v, _)| v).collect();
        let without = own.iter().filter(|value| value.is_nan()).count();
        (without > 0).then(|| {
            format!(
                "{without} of {} events of `{condition}` have no {column} (n/a) and count as ones of the mean {column}",
                own.len()
            )
        })
    }
}

impl Modulation {
    /// The name of the column of a power, before the suffix of a derivative.
    #[must_use]
    pub fn name(&self, power: u32) -> String {
        format!("{}:{}", self.condition, self.unit(power))
    }

    /// What its column of a power is in units of: a beta is for each of them.
    #[must_use]
    pub fn unit(&self, power: u32) -> String {
        let behind = if power > 1 { format!("^{power}") } else { String::new() };
        format!("{}{behind}", self.column)
    }

    /// The heights of each power for `values` of the events of its condition, NaN where one has none; `amplitudes`: their plain
    /// heights.
    ///
    /// # Errors
    /// Bad data: fewer than two values, or all the same.
    pub fn heights(&self, values: &[f64], amplitudes: &[f64]) -> Result<Vec<Vec<f64>>> {
        let known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        if known.iter().all(|v| (v - mean).abs() <= 1e-12 * mean.abs()) {
            return Err(Error::bad_data(
                format!("column {} of the events of `{}`", self.column, self.condition),
                match known.first() {
                    None => "has no value".to_owned(),
                    Some(value) => format!("is {value} in all of them"),
                },
                "vary where it modulates a response",
                "leave it out of --modulate",
            ));
        }
        let base = |v: &f64| {
            let v = if v.is_finite() { *v } else { mean };
            if self.centred { v - mean } else { v }
        };
        let power = |power: u32| {
            let raised: Vec<f64> = values.iter().map(|v| base(v).powi(power as i32)).collect();
            let mean = raised.iter().sum::<f64>() / raised.len() as f64;
            let off = if self.centred { mean } else { 0.0 };
            raised.iter().zip(amplitudes).map(|(v, a)| a * (v - off)).collect()
        };
        Ok((1..=self.order).map(power).collect())
    }

    /// How many values its column holds in the rows of its condition, two for more; none of a table without one of them. `conditions`: the column that
    /// names conditions.
    #[must_use]
    pub fn values_in(&self, table: &Table, conditions: &str) -> Option<usize> {
        let (names, values) = (table.position(conditions)?, table.position(&self.column)?);
        let of_condition = |row: &&Vec<String>| row[names].trim() == self.condition;
        let mut known = table.rows.iter().filter(of_condition).map(|row| row[values].trim());
        let mut known = known.by_ref().filter(|cell| !number::is_missing(cell));
        let first = known.next();
        Some(first.map_or(0, |first| 1 + usize::from(known.any(|cell| cell != first))))
    }

    /// That the condition is one of those of the events, `names`.
    ///
    /// # Errors
    /// Usage, with the closest name.
    pub fn check(&self, names: &[String]) -> Result<()> {
        if names.contains(&self.condition) {
            return Ok(());
        }
        let hint = match similar::closest(&self.condition, names) {
            Some(close) => format!("did you mean `{close}`?"),
            None => similar::listing(names).replacen("columns", "conditions", 1),
        };
        Err(Error::usage(
            format!("--modulate {self}"),
            format!("names `{}`, which is no condition", quoted::short(&self.condition)),
            "name a condition of the events",
            hint,
        ))
    }
}

impl FromStr for Modulation {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Modulation, String> {
        let expected = || {
            format!(
                "it must be CONDITION:COLUMN, as pain:rating; with powers up to {MOST_ORDER} pain:rating^2; then ,uncentred or \
                 ,orthogonal or both"
            )
        };
        let mut parts = text.split(',');
        let named = parts.next().unwrap_or_default().trim();
        let (named, order) = match named.rsplit_once('^') {
            Some((named, order)) => (named, order.trim().parse().map_err(|_| expected())?),
            None => (named, 1),
        };
        let (condition, column) = named.rsplit_once(':').ok_or_else(expected)?;
        let (condition, column) = (condition.trim().to_owned(), column.trim().to_owned());
        let mut made = Modulation { condition, column, order, centred: true, orthogonal: false };
        for word in parts {
            match word.trim() {
                "uncentred" => made.centred = false,
                "centred" => made.centred = true,
                "orthogonal" => made.orthogonal = true,
                _ => return Err(expected()),
            }
        }
        let named = !made.condition.is_empty() && !made.column.is_empty();
        let fits = named && (1..=MOST_ORDER).contains(&made.order);
        if fits { Ok(made) } else { Err(expected()) }
    }
}

impl fmt::Display for Modulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name(self.order))?;
        f.write_str(if self.centred { "" } else { ",uncentred" })?;
        f.write_str(if self.orthogonal { ",orthogonal" } else { "" })
    }
}

impl TryFrom<String> for Modulation {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Modulation, String> {
        text.parse()
    }
}

impl From<Modulation> for String {
    fn from(modulation: Modulation) -> String {
        modulation.to_string()
    }
}

/// A column of the events that gives durations, of one condition or of all: `pain:response_time`, `response_time`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Durations {
    /// Whose; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The column, in seconds.
    pub column: String,
}

impl FromStr for Durations {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Durations, String> {
        let (condition, column) = match text.rsplit_once(':') {
            Some((condition, column)) => (Some(condition.trim().to_owned()), column.trim()),
            None => (None, text.trim()),
        };
        if column.is_empty() || condition.as_ref().is_some_and(String::is_empty) {
            return Err("it must be COLUMN or CONDITION:COLUMN, as pain:response_time".to_owned());
        }
        Ok(Durations { condition, column: column.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_modulates_a_condition_twice_is_to_be_left_out_once() {
        let all = |texts: &[&str]| -> Vec<Modulation> {
            texts.iter().map(|text| text.parse().expect("a modulation")).collect()
        };
        for texts in [["pain:rating", "pain:rating^2"], ["pain:rating^2", "pain:rating"]] {
            let said = refuse_twins(&all(&texts)).expect_err("one column twice");
            assert_eq!(said.exit_code(), 2);
            let fault = said.fault().expect("a fault");
            let told = [&fault.thing, &fault.found, &fault.hint].map(String::as_str).join(" ");
            for words in
                ["--modulate pain:rating ", "beside pain:rating^2", "leave pain:rating out"]
            {
                assert!(told.contains(words), "no {words:?} in {told}");
            }
        }
        assert!(refuse_twins(&all(&["pain:rating^2", "pain:rt", "control:rating"])).is_ok());
    }
}
