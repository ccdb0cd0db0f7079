//! The table of maps: a row a map, with the subject it is of, what was done there, and covariates.

use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::table::{Table, is_missing};

/// Names of the column of subjects, in this order of preference.
const SUBJECT: [&str; 2] = ["subject", "participant_id"];

/// A table of maps as text, its subjects found.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The table.
    pub table: Table,
    /// The subject of each row, without `sub-`.
    pub subjects: Vec<String>,
    /// Whether the rows were found in a folder, and have no lines that a person could look at.
    is_found: bool,
}

/// Whether squares of a number, and of its inverse, can be summed.
pub(super) fn sensible(number: &f64) -> bool {
    *number == 0.0 || (1e-100..=1e100).contains(&number.abs())
}

impl Sample {
    /// Find the subjects of a table.
    ///
    /// # Errors
    /// Bad data: no column of subjects, no rows, or a row without a subject.
    pub fn new(table: Table) -> Result<Sample> {
        let Some(at) = SUBJECT.iter().find_map(|name| table.position(name)) else {
            return Err(Error::bad_data(
                table.name.clone(),
                format!("has the columns {}, and none named subject", table.columns.join(", ")),
                "have a column subject (or participant_id), and effect with the paths of the maps",
                "name the column so",
            ));
        };
        if table.rows.is_empty() {
            return Err(Error::bad_data(
                table.name.clone(),
                "has no rows",
                "have a row for each map",
                "check how it was made",
            ));
        }
        let mut subjects = Vec::new();
        for (row, cells) in table.rows.iter().enumerate() {
            if is_missing(&cells[at]) {
                return Err(Error::bad_data(
                    format!("{}, line {},", table.name, row + 2),
                    "names no subject",
                    "name one",
                    "delete the row if its map is not to be used",
                ));
            }
            let name = cells[at].trim();
            subjects.push(name.strip_prefix("sub-").unwrap_or(name).to_owned());
        }
        Ok(Sample { table, subjects, is_found: false })
    }

    /// The same of a table that stands in no file.
    ///
    /// # Errors
    /// As [`Sample::new`].
    pub fn found(table: Table) -> Result<Sample> {
        Ok(Sample { is_found: true, ..Sample::new(table)? })
    }

    /// Another table with a row for each of these.
    #[must_use]
    pub fn beside(&self, table: &Table) -> Sample {
        Sample { table: table.clone(), subjects: self.subjects.clone(), is_found: false }
    }

    /// The rows of each subject, in the order of the table.
    #[must_use]
    pub fn by_subject(&self) -> Vec<(String, Vec<usize>)> {
        let mut all: Vec<(String, Vec<usize>)> = Vec::new();
        for (row, subject) in self.subjects.iter().enumerate() {
            match all.iter_mut().find(|(name, _)| name == subject) {
                Some((_, rows)) => rows.push(row),
                None => all.push((subject.clone(), vec![row])),
            }
        }
        all
    }

    /// The cells of a column, blanks around them taken off, none where a cell is empty or n/a.
    ///
    /// # Errors
    /// Usage: no such column, with the closest.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>> {
        let Some(at) = self.table.position(column) else {
            let names = &self.table.columns;
            let hint = match closest(column, names) {
                Some(name) => format!("did you mean '{name}'?"),
                None if column == "effect" => {
                    "call the column with the maps' paths effect".to_owned()
                }
                None => "check the spelling, or add it to the table".to_owned(),
            };
            return Err(Error::usage(
                format!("column '{column}'"),
                format!(
                    "is not among those of {}: {}",
                    self.table.name,
                    self.table.columns.join(", ")
                ),
                "be a column of the table",
                hint,
            ));
        };
        let cell = |row: &Vec<String>| match is_missing(&row[at]) {
            true => None,
            false => Some(row[at].trim().to_owned()),
        };
        Ok(self.table.rows.iter().map(cell).collect())
    }

    /// The numbers of a column, NaN where a cell is empty or n/a.
    ///
    /// # Errors
    /// As [`Sample::texts`]; bad data naming the line of what is no finite number.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        let number = |(row, cell): (usize, Option<String>)| {
            match cell {
            None => Ok(f64::NAN),
            Some(text) => text.parse().ok().filter(sensible).ok_or_else(|| {
                Error::bad_data(
                    format!("{}, {},", self.table.name, self.line(row)),
                    format!("holds '{text}' in column '{column}'"),
                    "hold a number (0, or of a size from 1e-100 to 1e100) or n/a, for a covariate is a number",
                    "for words give the column as a factor: --between, --within, or in a formula",
                )
            }),
        }
        };
        self.texts(column)?.into_iter().enumerate().map(number).collect()
    }

    /// What a message calls a row.
    #[must_use]
    pub fn line(&self, row: usize) -> String {
        match self.table.position("effect").filter(|_| self.is_found) {
            Some(at) => self.table.rows[row][at].clone(),
            None => format!("line {}", row + 2),
        }
    }
}
