//! A BIDS table as plain text cells with column names. No I/O: `io::tsv` reads and writes it, `design` gives it meaning.

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
}
