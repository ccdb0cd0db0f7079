//! The arms before treatment.

use super::Sheet;
use super::column::Columns;
use crate::trial::arm::Arm;
use crate::trial::results::{BaselineRow, Results, Summary};

/// One number of a summary, by its place in mean, sd, median, q1, q3, least, greatest.
fn number(row: &BaselineRow, arm: Arm, at: usize) -> Option<f64> {
    match row.summary.get(arm) {
        Summary::Number { mean, sd, median, q1, q3, least, greatest } => {
            [mean, sd, median, q1, q3, least, greatest][at].to_owned()
        }
        Summary::Count { .. } => None,
    }
}

fn counted(row: &BaselineRow, arm: Arm) -> Option<(usize, Option<f64>)> {
    match row.summary.get(arm) {
        Summary::Count { count, share } => Some((*count, share.map(|share| 100.0 * share))),
        Summary::Number { .. } => None,
    }
}

pub(super) fn sheet(results: &Results) -> Sheet {
    Columns::<BaselineRow>::new()
        .one("variable", "table and column", |row| row.variable.clone())
        .one("level", "the level that is counted; n/a of a number", |row| row.level.clone())
        .arms("n", "participants with a value", |row, arm| *row.n.get(arm))
        .arms("missing", "participants without", |row, arm| *row.missing.get(arm))
        .arms("mean", "mean", |row, arm| number(row, arm, 0))
        .arms("sd", "standard deviation (n - 1)", |row, arm| number(row, arm, 1))
        .arms("median", "median", |row, arm| number(row, arm, 2))
        .arms("q1", "first quartile (type 7)", |row, arm| number(row, arm, 3))
        .arms("q3", "third quartile (type 7)", |row, arm| number(row, arm, 4))
        .arms("min", "least", |row, arm| number(row, arm, 5))
        .arms("max", "greatest", |row, arm| number(row, arm, 6))
        .arms("count", "participants with the level", |row, arm| counted(row, arm).map(|c| c.0))
        .arms("percent", "of those with a value", |row, arm| counted(row, arm).and_then(|c| c.1))
        .one(
            "standardised_difference",
            "active minus control over the root of the mean variance; no p is given, for a difference between randomised arms is chance (CONSORT)",
            |row| row.standardised_difference,
        )
        .sheet("baseline", "The arms before treatment: everybody randomised", &results.baseline.rows)
}
