//! Cells of a BIDS table as numbers.

use super::{quoted, similar};
use crate::error::{Error, Result};
use crate::table::Table;

/// A cell's number, or none where BIDS says `n/a` (also an empty cell, `nan` and `NA`).
///
/// # Errors
/// Bad data naming line and column: text that is no number, an infinity, a row without this column.
pub(crate) fn cell(table: &Table, row: usize, column: usize) -> Result<Option<f64>> {
    let text = text(table, row, column)?.trim();
    if is_missing(text) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        Ok(_) => Err(bad_cell(table, row, column, "be a finite number or n/a", OR_LEAVE_OUT)),
        Err(_) => Err(bad_cell(table, row, column, "be a number or n/a", OR_LEAVE_OUT)),
    }
}

/// A cell's text.
///
/// # Errors
/// Bad data where the row is too short.
pub(crate) fn text(table: &Table, row: usize, column: usize) -> Result<&str> {
    let cells = table.rows.get(row).map_or(&[][..], Vec::as_slice);
    cells.get(column).map(String::as_str).ok_or_else(|| {
        Error::bad_data(
            format!("{} line {}", table.name, line(row)),
            format!("has {} cells", cells.len()),
            format!("have one for each of the {} columns", table.columns.len()),
            "check that the cells are separated by tabs",
        )
    })
}

pub(crate) use crate::table::is_missing;

/// The line of the file a row stands in, the header being line 1.
pub(crate) fn line(row: usize) -> usize {
    row + 2
}

/// What to do about a cell of a column that nobody must take.
pub(crate) const OR_LEAVE_OUT: &str = "correct the cell or leave the column out";

/// An error about one cell.
pub(crate) fn bad_cell(
    table: &Table,
    row: usize,
    column: usize,
    expected: &str,
    hint: &str,
) -> Error {
    let shown = table.rows.get(row).and_then(|r| r.get(column)).map_or("", String::as_str);
    let name = table.columns.get(column).map_or("", String::as_str);
    Error::bad_data(
        format!("{} line {} column {name}", table.name, line(row)),
        format!("is `{}`", quoted::short(shown)),
        expected,
        hint,
    )
}

/// The position of a column that must be there exactly once.
///
/// # Errors
/// Bad data when it is absent (with the closest name) or stands twice.
pub(crate) fn column(table: &Table, name: &str, hint: &str) -> Result<usize> {
    let mut found = table.columns.iter().enumerate().filter(|(_, c)| *c == name).map(|(i, _)| i);
    let first = found.next().ok_or_else(|| {
        let close = similar::closest(name, &table.columns);
        let hint = match close {
            Some(close) => format!("did you mean `{close}`? {hint}"),
            None => hint.to_string(),
        };
        Error::bad_data(
            table.name.clone(),
            format!("has no column `{name}` ({})", similar::listing(&table.columns)),
            format!("have the column `{name}`"),
            hint,
        )
    })?;
    if found.next().is_some() {
        return Err(Error::bad_data(
            table.name.clone(),
            format!("has the column `{name}` twice"),
            "have each column once",
            "rename or remove one of them",
        ));
    }
    Ok(first)
}
