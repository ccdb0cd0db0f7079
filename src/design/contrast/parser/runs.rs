//! Terms of one run among several: `pain@run-1`.
//!
//! Runs are combined by their mean, so that a term without a run is the mean of the runs' own; a term of one run is that run's alone, which is n
//! times its weight in that run's contrast, n runs, and nothing in the others'.

use super::{Parser, Value, scaled};
use crate::design::similar;
use crate::error::Result;

/// What begins the name of a run.
const RUN: &str = "@run-";

/// Which run weights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfRun<'a> {
    /// Any: what is said of runs is not looked at.
    Any,
    /// One of those called so, by its place.
    This {
        /// What stands behind `run-`, for each run.
        labels: &'a [String],
        /// Its place.
        at: usize,
    },
}

impl Parser<'_> {
    /// What a term that ends here weighs in this run: 1, or, where it names a run, the number of runs in that one and 0 in others.
    pub(super) fn share_of_run(&mut self) -> Result<f64> {
        let Some(after) = self.rest().strip_prefix(RUN) else { return Ok(1.0) };
        let length = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
        let label = after[..length].to_owned();
        let plain = |label: &str| label.trim_start_matches('0').to_owned();
        self.is_across = true;
        self.named.push(self.at..self.at + RUN.len() + length);
        self.at += RUN.len() + length;
        let OfRun::This { labels, at } = self.of_run else { return Ok(1.0) };
        match labels.iter().position(|known| plain(known) == plain(&label)) {
            Some(named) if named == at => Ok(labels.len() as f64),
            Some(_) => Ok(0.0),
            None => Err(self.error(
                &format!("names run-{label}, which is none of the runs"),
                "name runs that are given",
                &similar::listing(labels).replacen("columns", "runs", 1),
            )),
        }
    }

    /// A value of the run that is named behind it.
    pub(super) fn of_its_run(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Weights(weights) if self.rest().starts_with(RUN) => {
                let share = self.share_of_run()?;
                Ok(scaled(weights, |w| w * share))
            }
            value => Ok(value),
        }
    }
}
