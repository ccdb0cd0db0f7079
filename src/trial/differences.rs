//! Columns whose difference is taken: of one unit, and of one direction.

use super::dictionary::Variable;
use super::tables::{Measured, is_missing};
use crate::error::{Error, Result};

/// The Units of two columns of a table; of one where the other has none. `of`: which option names them, and what is their difference.
///
/// # Errors
/// Usage, naming the columns, where they differ.
pub(super) fn shared_units(
    table: &Measured,
    columns: [&str; 2],
    of: (&str, &str),
) -> Result<Option<String>> {
    let units = |variable: &'_ Variable| variable.units.clone();
    let [first, second] = columns.map(|column| {
        let own = table.dictionary.get(column).and_then(units).map(|own| own.trim().to_owned());
        own.filter(|units| !is_missing(units))
    });
    match (first, second) {
        (Some(first), Some(second)) if first != second => {
            let found = format!("the Units '{first}' and '{second}'");
            Err(differ(table, columns, of, &found, "bring both to one unit, or correct the Units"))
        }
        (first, second) => Ok(first.or(second)),
    }
}

/// Refuse two columns of which one is better lower and the other higher.
///
/// # Errors
/// Usage, naming the columns.
pub(super) fn refuse_opposite(
    table: &Measured,
    columns: [&str; 2],
    of: (&str, &str),
) -> Result<()> {
    let said = columns.map(|column| table.dictionary.get(column).and_then(|own| own.direction));
    match said {
        [Some(one), Some(other)] if one != other => {
            let found = "opposite Directions";
            Err(differ(
                table,
                columns,
                of,
                found,
                "turn one of them round, or correct its Direction",
            ))
        }
        _ => Ok(()),
    }
}

fn differ(
    table: &Measured,
    [one, other]: [&str; 2],
    (option, what): (&str, &str),
    found: &str,
    hint: &str,
) -> Error {
    Error::usage(
        format!("columns {one} and {other} of {option} {}", table.name),
        format!("have {found} by {}", table.dictionary.name),
        format!("have the same, for {what} is their difference"),
        hint,
    )
}
