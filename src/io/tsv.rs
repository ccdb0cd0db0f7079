//! BIDS tables: tab-separated text with a header line. Source: BIDS 1.11, "Tabular files".

use std::path::Path;

use super::files;
use crate::table::Table;
use crate::{Error, Result};

/// The most cells of a table: thousands of volumes with a thousand columns each.
const MOST_CELLS: usize = 4_000_000;

/// Reads a table with a header line; .tsv or, by its content, gzip. Cells stay as they are, quotes around them taken
/// off.
///
/// # Errors
/// [`Error::BadData`] naming the line for commas in place of tabs, rows of another length, and columns named twice.
pub fn read(path: &Path) -> Result<Table> {
    let text = files::read_text(path)?;
    let thing = path.display().to_string();
    let mut lines = rows(&text);
    let Some((_, header)) = lines.next() else {
        return Err(Error::bad_data(
            thing,
            "is empty",
            "have a header line",
            "check how it was made",
        ));
    };
    if !header.contains('\t') {
        for (mark, name) in [(',', "commas"), (';', "semicolons")] {
            if header.contains(mark) {
                return Err(Error::bad_data(
                    thing,
                    format!("separates its columns by {name}"),
                    "separate them by tabs",
                    "export it as tab-separated text (.tsv)",
                ));
            }
        }
    }
    let columns = cells(header);
    for (n, column) in columns.iter().enumerate() {
        if columns[..n].contains(column) {
            return Err(Error::bad_data(
                thing,
                format!("has two columns named '{column}'"),
                "name each column once",
                "rename or delete one",
            ));
        }
    }
    table(path, columns, lines)
}

/// Reads a table without a header line, such as physio.tsv.gz, whose columns are named elsewhere.
///
/// # Errors
/// [`Error::BadData`] naming the line for rows of another length.
pub fn read_headerless(path: &Path, columns: &[String]) -> Result<Table> {
    let text = files::read_text(path)?;
    table(path, columns.to_vec(), rows(&text))
}

fn table<'a>(
    path: &Path,
    columns: Vec<String>,
    lines: impl Iterator<Item = (usize, &'a str)>,
) -> Result<Table> {
    let mut rows = Vec::new();
    for (line, text) in lines {
        let row = cells(text);
        if row.len() != columns.len() {
            return Err(ragged(path, line, row.len(), columns.len()));
        }
        if (rows.len() + 1) * columns.len() > MOST_CELLS {
            return Err(Error::bad_data(
                path.display().to_string(),
                format!("has more than {MOST_CELLS} cells"),
                "be the table of one run",
                "check that it is the file you meant",
            ));
        }
        rows.push(row);
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    Ok(Table { name: name.unwrap_or_default(), columns, rows })
}

/// A row of the wrong length.
pub(super) fn ragged(path: &Path, line: usize, found: usize, expected: usize) -> Error {
    let cells = if found == 1 { "cell" } else { "cells" };
    Error::bad_data(
        format!("{}, line {line},", path.display()),
        if found == 1 { "has 1 cell".to_string() } else { format!("has {found} {cells}") },
        format!("have {expected}, one a column"),
        "separate cells by one tab and write n/a where a value is missing",
    )
}

/// Lines with their number from 1; empty lines at the end do not count.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.trim_end_matches(['\n', '\r']);
    let text = if text.is_empty() { None } else { Some(text) };
    text.into_iter()
        .flat_map(|t| t.split('\n'))
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .enumerate()
        .map(|(n, line)| (n + 1, line))
}

/// The cells of a line. A cell in double quotes may hold tabs; two double quotes inside stand for one.
fn cells(line: &str) -> Vec<String> {
    if !line.contains('"') {
        return line.split('\t').map(str::to_string).collect();
    }
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, tail) = match rest.strip_prefix('"').and_then(quoted) {
            Some(found) => found,
            None => match rest.split_once('\t') {
                Some((cell, tail)) => (cell.to_string(), Some(tail)),
                None => (rest.to_string(), None),
            },
        };
        cells.push(cell);
        match tail {
            Some(tail) => rest = tail,
            None => return cells,
        }
    }
}

/// A cell behind its opening quote, and what follows its tab; none where no quote closes it.
fn quoted(text: &str) -> Option<(String, Option<&str>)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, tail) = rest.split_once('"')?;
        cell.push_str(part);
        match tail.strip_prefix('"') {
            Some(tail) => {
                cell.push('"');
                rest = tail;
            }
            None if tail.is_empty() => return Some((cell, None)),
            None => return tail.strip_prefix('\t').map(|tail| (cell, Some(tail))),
        }
    }
}

/// The table as text: header, rows, a line feed after each.
#[must_use]
pub fn write_string(table: &Table) -> String {
    let mut out = String::new();
    for row in std::iter::once(&table.columns).chain(&table.rows) {
        for (n, cell) in row.iter().enumerate() {
            if n > 0 {
                out.push('\t');
            }
            if cell.contains(['\t', '"', '\n', '\r']) {
                // A line feed has no place in a line; everything else survives in quotes.
                let cell = cell.replace('"', "\"\"").replace(['\n', '\r'], " ");
                out.extend(["\"", &cell, "\""]);
            } else {
                out.push_str(cell);
            }
        }
        out.push('\n');
    }
    out
}
