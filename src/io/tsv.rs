//! BIDS tables: tab-separated text with a header line. Source: BIDS 1.11, "Tabular files".

use std::path::Path;

use super::files;
use super::output::refuse_unfinished;
use crate::table::{Table, is_missing};
use crate::{Error, Result};

/// The most cells of a table: thousands of volumes with a thousand columns each.
const MOST_CELLS: usize = 4_000_000;

/// Reads a table with a header line; .tsv or, by its content, gzip. Cells stay as they are, quotes around them taken
/// off; of names of columns blanks around them, too.
///
/// # Errors
/// [`Error::BadData`] for numbers in place of a header line; naming the line for commas or blanks in place of tabs, rows of
/// another length, and columns named twice; a table of a command that was ended while it gave its files their names.
pub fn read(path: &Path) -> Result<Table> {
    read_where(path, |_| true)
}

/// The same of some columns alone, in the table's order, as far as it has them: for tables of hundreds of thousands of rows.
///
/// # Errors
/// As [`read`].
pub fn read_columns(path: &Path, names: &[&str]) -> Result<Table> {
    read_where(path, |column| names.contains(&column))
}

fn read_where(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Table> {
    refuse_unfinished(path)?;
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
    refuse_data_as_header(path, header)?;
    refuse_other_marks(path, header, rows(&text).nth(1).map_or("", |(_, first)| first))?;
    // A blank that nobody sees would make another name of it.
    let columns: Vec<String> = cells(header).iter().map(|name| name.trim().to_owned()).collect();
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
    let wanted: Vec<bool> = columns.iter().map(|column| is_wanted(column)).collect();
    table(path, (columns, &wanted), lines)
}

/// A first line of numbers, or a comment, is no header: its row would be lost and every later one would shift.
fn refuse_data_as_header(path: &Path, header: &str) -> Result<()> {
    let mut words = header.split(['\t', ' ', ',', ';']).filter(|word| !word.is_empty()).peekable();
    let is_data = |word: &str| {
        let word = word.trim_matches(['"', '\'']);
        word.parse::<f64>().is_ok() || is_missing(word)
    };
    // AFNI's .1D begin with comments, FSL's design.mat with what it counts.
    let is_comment =
        header.starts_with('#') && !header.contains('\t') || header.starts_with("/Num");
    if words.peek().is_none() || !(is_comment || words.clone().all(is_data)) {
        return Ok(());
    }
    let shown: Vec<&str> = words.take(6).collect();
    let what = if is_comment { "is" } else { "holds the numbers" };
    Err(Error::bad_data(
        path.display().to_string(),
        format!("has no header line: its first line {what} '{}'", shown.join(" ")),
        "name its columns in the first line, separated by tabs",
        "a motion file is known by its name: FSL's .par, SPM's rp_*.txt, AFNI's .1D; to any other, such as FSL's three-column \
         events, add a header line, with tabs between the columns",
    ))
}

/// Columns that something else than tabs separates: a header without a tab whose marks part the row below it too.
fn refuse_other_marks(path: &Path, header: &str, first: &str) -> Result<()> {
    if header.contains('\t') {
        return Ok(());
    }
    let blanks = |line: &str| line.split_whitespace().count();
    let name = if header.contains(',') {
        "commas"
    } else if header.contains(';') {
        "semicolons"
    } else if blanks(header) > 1 && blanks(header) == blanks(first) && !first.contains('\t') {
        "spaces"
    } else {
        return Ok(());
    };
    Err(Error::bad_data(
        path.display().to_string(),
        format!("separates its columns by {name}"),
        "separate them by tabs",
        "export it as tab-separated text (.tsv)",
    ))
}

/// Reads a table without a header line, such as physio.tsv.gz, whose columns are named elsewhere.
///
/// # Errors
/// [`Error::BadData`] naming the line for rows of another length.
pub fn read_headerless(path: &Path, columns: &[String]) -> Result<Table> {
    let text = files::read_text(path)?;
    table(path, (columns.to_vec(), &vec![true; columns.len()]), rows(&text))
}

fn table<'a>(
    path: &Path,
    (mut columns, wanted): (Vec<String>, &[bool]),
    lines: impl Iterator<Item = (usize, &'a str)>,
) -> Result<Table> {
    let mut rows = Vec::new();
    let n_wanted = wanted.iter().filter(|wanted| **wanted).count();
    for (line, text) in lines {
        let (row, n) = cells_of(text, wanted);
        if n != columns.len() && text.trim().is_empty() {
            return Err(Error::bad_data(
                format!("{}, line {line},", path.display()),
                "is blank",
                format!("have {} cells, one a column", columns.len()),
                "delete the line, or write n/a where values are missing",
            ));
        }
        if n != columns.len() {
            return Err(ragged(path, line, n, columns.len()));
        }
        if (rows.len() + 1) * n_wanted > MOST_CELLS {
            return Err(Error::bad_data(
                path.display().to_string(),
                format!("has more than {MOST_CELLS} cells"),
                "be the table of one run",
                "check that it is the file you meant",
            ));
        }
        rows.push(row);
    }
    let mut is_wanted = wanted.iter();
    columns.retain(|_| is_wanted.next() == Some(&true));
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

/// The cells of a line that are wanted, and how many it has.
fn cells_of(line: &str, wanted: &[bool]) -> (Vec<String>, usize) {
    let mut n = 0;
    let mut is_wanted = || {
        n += 1;
        wanted.get(n - 1) == Some(&true)
    };
    let kept: Vec<String> = match line.contains('"') {
        false => line.split('\t').filter(|_| is_wanted()).map(str::to_owned).collect(),
        true => cells(line).into_iter().filter(|_| is_wanted()).collect(),
    };
    (kept, n)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn some_columns_of_a_table_are_those_of_all_and_its_rows_are_held_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("edges.tsv");
        std::fs::write(&path, "a\tb\tc\td\n1\t\"x\ty\"\t3\t4\n5\t6\t7\t8\n").unwrap();
        let some = read_columns(&path, &["d", "b", "none"]).unwrap();
        assert_eq!(some.columns, ["b", "d"]);
        assert_eq!(some.rows, [["x\ty", "4"], ["6", "8"]]);
        std::fs::write(&path, "a\tb\tc\n1\t2\t3\n4\t5\n").unwrap();
        let said = read_columns(&path, &["a"]).unwrap_err().to_string();
        assert!(said.contains("line 3, has 2 cells; it must have 3"), "{said}");
    }

    #[test]
    fn a_first_row_of_missing_values_and_numbers_in_quotes_is_no_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fd.tsv");
        for first in ["NA\t0.1", "N/A\t0.1", "nan\t-0.1", "\"0.2\"\t\"0.1\"", "NA"] {
            std::fs::write(&path, format!("{first}\n1\t2\n")).unwrap();
            let said = read(&path).unwrap_err().to_string();
            assert!(said.contains("has no header line"), "{first}: {said}");
        }
        std::fs::write(&path, "\"NA\"\t\"PAG\"\n1\t2\n").unwrap();
        assert_eq!(read(&path).unwrap().columns, ["NA", "PAG"], "the nucleus accumbens");
    }
}
