//! Whether a column holds numbers or levels: one rule for the baseline table, for covariates and for the columns that are regions.
//!
//! Levels by a dictionary that has `Levels`, numbers by one that has `Units` or a range; where it says neither, what most cells are. So one word among numbers is a slip, which is refused
//! with its line, and does not turn all ages into classes.

use std::ops::RangeInclusive;

use super::tables::{Measured, is_missing};
use crate::error::{Error, Result};

/// Whether the column's values are numbers; else they are levels.
///
/// # Errors
/// As [`Measured::texts`].
pub(super) fn are_numbers(table: &Measured, column: &str) -> Result<bool> {
    let variable = table.dictionary.get(column);
    if variable.is_some_and(|of| !of.levels.is_empty()) {
        return Ok(false);
    }
    let cells: Vec<String> = table.texts(column)?.into_iter().flatten().collect();
    let has_units = |units: &String| !is_missing(units.trim());
    let is_measured =
        variable.is_some_and(|of| of.range.is_some() || of.units.as_ref().is_some_and(has_units));
    // Units of words, such as "text", measure nothing.
    let begins =
        |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if is_measured && cells.iter().any(begins) {
        return Ok(true);
    }
    let n = cells.iter().filter(|cell| is_meant_as_number(cell)).count();
    Ok(2 * n > cells.len() || cells.is_empty())
}

/// So many values of a column may be codes of levels, such as sites; two codes are the same model as two levels, and their mean is a share.
const CODES: RangeInclusive<usize> = 3..=6;

/// The few whole values that all numbers of a column are, which may be codes of levels: "1, 2, 3"; none where its dictionary says that they measure something.
pub(super) fn few_codes(
    table: &Measured,
    column: &str,
    values: impl Iterator<Item = f64>,
) -> Option<String> {
    let variable = table.dictionary.get(column);
    let mut numbers: Vec<f64> = values.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let are_codes = CODES.contains(&numbers.len())
        && numbers.iter().all(|v| v.fract() == 0.0)
        && !variable.is_some_and(|of| of.units.is_some() || of.range.is_some());
    are_codes.then(|| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// A number, or one with a decimal comma, which is refused where it is read.
fn is_meant_as_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok() || cell.replacen(',', ".", 1).parse::<f64>().is_ok()
}

/// The error of a cell that is no number, with what makes the column one of levels.
pub(super) fn or_levels(error: Error, table: &Measured, column: &str) -> Error {
    let Error::BadData(mut fault) = error else { return error };
    fault.hint += &format!(
        "; where {column} has classes, give their Levels in {}.json: most cells, or its Units, say that it is a number",
        table.name
    );
    Error::BadData(fault)
}
