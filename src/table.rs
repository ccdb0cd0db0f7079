//! A BIDS table as plain text cells with column names. No I/O: `io::tsv` reads and writes it, `design` gives it meaning.

use crate::error::{Error, Result};

pub mod dictionary;
pub mod digits;

/// A table with named columns; every column has the same number of cells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// What messages call it: the file name.
    pub name: String,
    /// Column names in file order.
    pub columns: Vec<String>,
    /// `[row][column]`, verbatim; row r stands in line r + 2 of the file.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The position of a column.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == column)
    }

    /// The position of a column that is read where it is there.
    ///
    /// # Errors
    /// Bad data: it is not there, and a column differs from it in case, `_`, `-` or blanks alone, whose cells would be ignored.
    pub fn optional(&self, column: &str) -> Result<Option<usize>> {
        match (self.position(column), self.respelt(column)) {
            (None, Some(other)) => Err(respelt(&self.name, other, column)),
            (at, _) => Ok(at),
        }
    }

    /// The column that differs from one that is not there in case, `_`, `-` or blanks alone.
    #[must_use]
    pub fn respelt(&self, column: &str) -> Option<&str> {
        let is_absent = self.position(column).is_none();
        let other = self.columns.iter().find(|name| are_one_name(name, column));
        other.filter(|_| is_absent).map(String::as_str)
    }

    /// With another's rows below its own; cells of a column that one of them lacks are n/a.
    #[must_use]
    pub fn above(mut self, other: Table) -> Table {
        for column in &other.columns {
            if self.position(column).is_none() {
                self.columns.push(column.clone());
                self.rows.iter_mut().for_each(|row| row.push("n/a".to_owned()));
            }
        }
        let places: Vec<Option<usize>> =
            self.columns.iter().map(|column| other.position(column)).collect();
        let cell = |row: &Vec<String>, at: &Option<usize>| {
            at.and_then(|at| row.get(at)).cloned().unwrap_or_else(|| "n/a".to_owned())
        };
        let below = other.rows.iter().map(|row| places.iter().map(|at| cell(row, at)).collect());
        self.rows.extend(below);
        self
    }
}

/// Whether two names of columns differ in case, `_`, `-` or blanks at most.
#[must_use]
pub fn are_one_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| -> String {
        let own = name.chars().filter(|c| !matches!(c, '_' | '-') && !c.is_whitespace());
        own.flat_map(char::to_lowercase).collect()
    };
    letters(one) == letters(other)
}

/// The error of a column that would be ignored for how its name is spelt.
#[must_use]
pub fn respelt(table: &str, column: &str, meant: &str) -> Error {
    Error::bad_data(
        format!("column '{column}' of {table}"),
        format!("would be ignored: what is read is called {meant}"),
        format!("be called {meant}"),
        "rename it, or call it something else if it is not that",
    )
}

/// Whether a cell says that there is no value.
#[must_use]
pub fn is_missing(cell: &str) -> bool {
    let cell = cell.trim();
    cell.is_empty()
        || ["n/a", "na", "nan", "+nan", "-nan"].iter().any(|m| cell.eq_ignore_ascii_case(m))
}

/// A number as a cell: seven significant digits, as many as a float32 map has, by a power of ten below 1e-4 and from 1e15 on; `n/a` where it is not finite.
#[must_use]
pub fn number(value: f64) -> String {
    let rounded = format!("{value:.6e}").parse().unwrap_or(value);
    match rounded.abs() {
        size if !size.is_finite() => "n/a".to_owned(),
        size if size == 0.0 || (1e-4..1e15).contains(&size) => rounded.to_string(),
        _ => format!("{rounded:e}"),
    }
}
