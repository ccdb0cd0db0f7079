//! Columns that number the rows of a visit: runs, repetitions.

use super::index::{is_whole, without_entity};
use super::tables::{Measured, is_missing};
use crate::error::{Error, Result};

/// Refuse indices that are no whole numbers, 0 or more. `what`: of which a cell says which it is, a visit's runs.
///
/// # Errors
/// As [`Measured::has`]; bad data naming the line.
pub(super) fn refuse_words(table: &Measured, column: &str, what: &str) -> Result<()> {
    let Some(at) = table.table.optional(column)? else { return Ok(()) };
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
