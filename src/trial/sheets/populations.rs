//! Populations and missing values.

use super::Sheet;
use super::column::{Columns, names};
use crate::trial::results::{MissingRow, Population, Results};

pub(super) fn populations(results: &Results) -> Sheet {
    Columns::<Population>::new()
        .one("population", "who is counted", |row| row.name.clone())
        .arms("n", "participants", |row, arm| *row.n.get(arm))
        .one("definition", "who is in it, and for what it serves", |row| row.definition.clone())
        .sheet(
            "populations",
            "How many participants each population has",
            &results.populations.rows,
        )
}

pub(super) fn missing(results: &Results) -> Sheet {
    Columns::<MissingRow>::new()
        .one("outcome", "table and column", |row| row.outcome.clone())
        .one("session_id", "the visit", |row| row.session.clone())
        .arms("randomised", "participants randomised", |row, arm| *row.expected.get(arm))
        .arms("present", "participants with a value", |row, arm| *row.present.get(arm))
        .arms("left", "who lacks a value and did not complete the study", |row, arm| {
            names(&row.left, arm)
        })
        .arms(
            "lacking",
            "who lacks a value though having completed it, or of whom that is not known",
            |row, arm| names(&row.lacking, arm),
        )
        .sheet(
            "missing",
            "Values of the outcomes that are there and that lack",
            &results.populations.missing,
        )
}
