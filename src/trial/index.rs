//! Indices of runs and repetitions: numbers, of which 1, 01 and a spreadsheet's 1.0 are one. Source: BIDS 1.11, "Entities".

use super::tables::{Measured, TASK, is_missing};
use crate::error::{Error, Result};

/// Columns that hold them.
const COLUMNS: [&str; 2] = ["run", "repetition"];

/// A cell as it counts: a number as such, with `run-` before it or not, any other label as it stands.
#[must_use]
pub fn index(cell: &str) -> String {
    let number: Option<f64> = without_entity(cell, "run").parse().ok();
    match number.filter(|number| number.is_finite()) {
        Some(number) => number.to_string(),
        None => cell.to_owned(),
    }
}

/// A label without the name of its entity: `rest` of `task-rest`.
pub(super) fn without_entity<'a>(cell: &'a str, entity: &str) -> &'a str {
    cell.strip_prefix(entity).and_then(|rest| rest.strip_prefix('-')).unwrap_or(cell)
}

/// Refuse indices that are no whole numbers, 0 or more. `what`: of which a cell says which it is, a visit's runs.
///
/// # Errors
/// Bad data naming the line.
pub(super) fn refuse_words(table: &Measured, column: &str, what: &str) -> Result<()> {
    let Some(at) = table.table.position(column) else { return Ok(()) };
    let cell = |row: usize| table.table.rows[row][at].trim();
    let is_word =
        |&row: &usize| !is_missing(cell(row)) && !is_whole(without_entity(cell(row), column));
    match (0..table.table.rows.len()).find(is_word) {
        Some(row) => Err(Error::bad_data(
            table.line(row),
            format!("holds '{}' in column {column}", cell(row)),
            format!("hold a whole number, 0 or more: which of {what} it is"),
            "number them 1, 2, ..., or leave the column out",
        )),
        None => Ok(()),
    }
}

/// Whether a cell is a whole number, 0 or more.
fn is_whole(cell: &str) -> bool {
    cell.parse().is_ok_and(|number: f64| number >= 0.0 && number.fract() == 0.0)
}

/// Whether two cells of a column say the same.
pub(super) fn are_one(column: &str, one: &str, other: &str) -> bool {
    let are_tasks = || without_entity(one, TASK) == without_entity(other, TASK);
    one == other
        || COLUMNS.contains(&column) && index(one) == index(other)
        || column == TASK && are_tasks()
}
