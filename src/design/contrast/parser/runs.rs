//! Terms of one run among several: `pain@run-1`.
//!
//! While it is read, an expression has two weights for each column, one behind the other: that of the mean over runs, for terms without a run, and
//! that of the run that is read for. A run behind a term, or a parenthesis, moves what is in the first to the second, or to nothing
//! where it is another run.

use super::{Parser, Value};
use crate::design::{quoted, similar};
use crate::error::Result;

/// What begins the name of a run.
const RUN: &str = "@run-";

/// An expression with its runs named as they are to be: `pain@1-pain@run2` is `pain@run-1 - pain@run-2`.
pub(super) fn named(text: &str) -> String {
    let mut parts = text.split('@');
    let mut spoken = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let short = part.strip_prefix("run").map(|rest| rest.trim_start_matches(['-', '_']));
        let is_label = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_digit());
        let part = short.filter(is_label).unwrap_or(part).trim_start();
        let length = part.find(|c: char| !c.is_alphanumeric()).unwrap_or(part.len());
        let (label, after) = part.split_at(length);
        spoken += &format!("{RUN}{}", if label.is_empty() { "1" } else { label });
        spoken += &match after.chars().next().filter(|c| "+-".contains(*c)) {
            Some(sign) => format!(" {sign} {}", after[1..].trim_start()),
            None => after.to_owned(),
        };
    }
    quoted::short(&spoken).to_string()
}

impl Parser<'_> {
    /// Weights of the run that is named behind them, if one is.
    pub(super) fn of_its_run(&mut self, mut weights: Vec<f64>) -> Result<Vec<f64>> {
        let Some(after) = self.rest().strip_prefix(RUN) else { return Ok(weights) };
        let length = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
        let label = after[..length].to_owned();
        let is_read_for = self.is_run(&label)?;
        self.is_across = true;
        self.named.push(self.at..self.at + RUN.len() + length);
        self.at += RUN.len() + length;
        let (of_mean, of_run) = weights.split_at_mut(self.names.len());
        for (of_mean, of_run) in of_mean.iter_mut().zip(of_run) {
            *of_run += if is_read_for { *of_mean } else { 0.0 };
            *of_mean = 0.0;
        }
        Ok(weights)
    }

    /// Whether a run called so is the one that is read for; any is where no runs are known.
    fn is_run(&self, label: &str) -> Result<bool> {
        let Some((labels, at)) = self.of_run else { return Ok(true) };
        let plain = |label: &str| label.trim_start_matches('0').to_owned();
        match labels.iter().position(|known| plain(known) == plain(label)) {
            Some(named) => Ok(named == at),
            None => Err(self.error(
                &format!("names run-{label}, which is none of the runs"),
                "name runs that are given",
                &similar::listing(labels).replacen("columns", "runs", 1),
            )),
        }
    }

    /// The same of a value; a number is of no run.
    pub(super) fn value_of_its_run(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Weights(weights) => self.of_its_run(weights).map(Value::Weights),
            value => Ok(value),
        }
    }
}
