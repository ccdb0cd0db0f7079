//! Terms of one run among several: `pain@run-1`, `pain@ses-2`, `pain@ses-2_run-1`. A session of several runs is their mean.
//!
//! While it is read, an expression has two weights for each column, one behind the other: that of the mean over runs, for terms without a run, and
//! that of the run or session that is read for. A name behind a term, or a parenthesis, moves what is in the first to the second, or to nothing
//! where it is another's.

use super::{Parser, Value};
use crate::design::{quoted, similar};
use crate::error::Result;

/// What begins the name of a run, and that of its session.
const RUN: &str = "run-";
const SESSION: &str = "ses-";

/// The name of a run that a text begins with, behind `@`: `run-1`, `ses-2`, `ses-2_run-1`.
fn leading(text: &str) -> Option<&str> {
    let label = |text: &str| text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let of = |key: &str, text: &str| text.strip_prefix(key).map(|rest| key.len() + label(rest));
    let length = match of(SESSION, text) {
        Some(session) => {
            let run = text[session..].strip_prefix('_').and_then(|rest| of(RUN, rest));
            session + run.map_or(0, |run| 1 + run)
        }
        None => of(RUN, text)?,
    };
    Some(&text[..length])
}

/// Without zeros before the numbers in it: `ses-2_run-1` of `ses-02_run-01`.
fn plain(name: &str) -> String {
    let part = |part: &str| match part.split_once('-') {
        Some((key, label)) => format!("{key}-{}", label.trim_start_matches('0')),
        None => part.to_owned(),
    };
    name.split('_').map(part).collect::<Vec<_>>().join("_")
}

/// An expression with its runs named as they are to be: `pain@1-pain@run2` is `pain@run-1 - pain@run-2`.
pub(super) fn named(text: &str) -> String {
    let mut parts = text.split('@');
    let mut spoken = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some(name) = leading(part) {
            let after = &part[name.len()..];
            spoken += &format!("@{name}{}", spaced(after));
            continue;
        }
        let of_session = part
            .strip_prefix("ses")
            .filter(|rest| rest.trim_start_matches('_').starts_with(|c: char| c.is_ascii_digit()));
        let (key, part) = match of_session {
            Some(rest) => (SESSION, rest.trim_start_matches('_')),
            None => (RUN, part),
        };
        let short = part.strip_prefix("run").map(|rest| rest.trim_start_matches(['-', '_']));
        let is_label = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_digit());
        let part = short.filter(is_label).unwrap_or(part).trim_start();
        let length = part.find(|c: char| !c.is_alphanumeric()).unwrap_or(part.len());
        let (label, after) = part.split_at(length);
        spoken += &format!("@{key}{}", if label.is_empty() { "1" } else { label });
        spoken += &spaced(after);
    }
    quoted::short(&spoken).to_string()
}

/// A sign that begins what follows, with blanks about it.
fn spaced(after: &str) -> String {
    match after.chars().next().filter(|c| "+-".contains(*c)) {
        Some(sign) => format!(" {sign} {}", after[1..].trim_start()),
        None => after.to_owned(),
    }
}

impl Parser<'_> {
    /// Weights of the run that is named behind them, if one is.
    pub(super) fn of_its_run(&mut self, mut weights: Vec<f64>) -> Result<Vec<f64>> {
        let Some(name) = self.rest().strip_prefix('@').and_then(leading) else {
            return Ok(weights);
        };
        let (name, length) = (name.to_owned(), 1 + name.len());
        let is_read = self.is_read(&name)?;
        self.named.push(self.at..self.at + length);
        self.at += length;
        let (of_mean, of_run) = weights.split_at_mut(self.names.len());
        for (of_mean, of_run) in of_mean.iter_mut().zip(of_run) {
            *of_run += if is_read { *of_mean } else { 0.0 };
            *of_mean = 0.0;
        }
        Ok(weights)
    }

    /// Whether what is called so, a run by its session, by its run or by both, or a session of several, is what is read for; all is where no
    /// runs are known.
    fn is_read(&mut self, name: &str) -> Result<bool> {
        let Some(labels) = self.labels else { return Ok(true) };
        let asked = plain(name);
        let is_named = |at: &usize| {
            let label = plain(&labels[*at]);
            label == asked || label.split('_').any(|part| part == asked)
        };
        let runs: Vec<usize> = (0..labels.len()).filter(is_named).collect();
        let wrong = |found: String| {
            let hint = similar::listing(labels).replacen("columns", "runs", 1);
            Err(self.error(&found, "name runs that are given, each clearly", &hint))
        };
        match runs.len() {
            0 => return wrong(format!("names {name}, which is none of the runs")),
            n if n > 1 && !asked.starts_with(SESSION) => {
                return wrong(format!("names {name}, which is the name of {n} runs"));
            }
            _ => {}
        }
        let is_read = runs == self.reading;
        if self.called.iter().all(|(_, known)| *known != runs) {
            self.called.push((name.to_owned(), runs));
        }
        Ok(is_read)
    }

    /// The same of a value; a number is of no run.
    pub(super) fn value_of_its_run(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Weights(weights) => self.of_its_run(weights).map(Value::Weights),
            value => Ok(value),
        }
    }
}
