//! Indices of runs and repetitions: numbers, of which 1, 01 and a spreadsheet's 1.0 are one. Source: BIDS 1.11, "Entities".

use crate::design::similar::are_one_number;
use crate::error::{Error, Result};

/// The column that names the task of a row.
pub(super) const TASK: &str = "task";
/// Columns that say what was measured in a row: the task, and the condition that was rated.
pub(super) const STATES: [&str; 2] = [TASK, "condition"];

/// Columns that hold them.
const COLUMNS: [&str; 2] = ["run", "repetition"];

/// Whether a column holds them.
pub(super) fn holds_them(column: &str) -> bool {
    COLUMNS.contains(&column)
}

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

/// Whether a cell is a whole number, 0 or more.
pub(super) fn is_whole(cell: &str) -> bool {
    cell.parse().is_ok_and(|number: f64| number >= 0.0 && number.fract() == 0.0)
}

/// Refuse a label of `run-` in a path that is none, as a column `run` is held to them.
///
/// # Errors
/// Bad data naming the path.
pub fn refuse_word(path: String, run: Option<&str>) -> Result<()> {
    match run.filter(|run| !is_whole(run)) {
        Some(run) => Err(Error::bad_data(
            path,
            format!("is of run-{run} by its path"),
            "be of a whole number, 0 or more: which of a visit's runs it is",
            "name runs run-1, run-2, ..., or call what is no run by another entity",
        )),
        None => Ok(()),
    }
}

/// Whether two cells of a column say the same.
pub(super) fn are_one(column: &str, one: &str, other: &str) -> bool {
    let are_states = || without_entity(one, column) == without_entity(other, column);
    one == other
        || are_one_number(one, other)
        || COLUMNS.contains(&column) && index(one) == index(other)
        || STATES.contains(&column) && are_states()
}
