//! A column as a plan names it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A column of a table: `questionnaires:nrs`. The table, a file's name without `.tsv`, is what stands before the first colon, or before that behind `[COLUMN=VALUE]`, the column all
/// that follows (`pain:nrs:24h`); no table: the one that has such a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Column {
    /// The table, a file's name without `.tsv`; empty where the column alone says which.
    pub table: String,
    /// The column.
    pub column: String,
}

impl FromStr for Column {
    type Err = Error;

    fn from_str(text: &str) -> Result<Column, Error> {
        let (table, column) = parted(text.trim());
        if column.trim().is_empty() {
            return Err(Error::usage(
                format!("'{text}'"),
                "names no column",
                "be TABLE:COLUMN, such as questionnaires:nrs",
                "the table is the file's name without .tsv",
            ));
        }
        Ok(Column { table: table.trim().to_owned(), column: column.trim().to_owned() })
    }
}

/// Table and column.
fn parted(text: &str) -> (&str, &str) {
    let colon = text.find(':');
    let bracket = text.find('[').filter(|open| colon.is_none_or(|colon| *open < colon));
    // A value of the rows that are meant may hold a colon, too.
    let behind = bracket.and_then(|open| Some(open + text[open..].find("]:")? + 1));
    match behind.or(colon) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => ("", text),
    }
}

impl TryFrom<String> for Column {
    type Error = Error;

    fn try_from(text: String) -> Result<Column, Error> {
        text.parse()
    }
}

impl From<Column> for String {
    fn from(column: Column) -> String {
        column.to_string()
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table.as_str() {
            "" => write!(f, "{}", self.column),
            table => write!(f, "{table}:{}", self.column),
        }
    }
}
