//! A BIDS table as plain text cells with column names. No I/O: `io::tsv` reads and writes it, `design` gives it meaning.

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
