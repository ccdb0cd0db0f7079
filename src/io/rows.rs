//! Plain numbers by rows, without a header line.

use std::path::Path;

use super::files;
use crate::{Error, Result};

/// Reads the numbers of each line, separated by spaces, tabs, commas or semicolons; what follows a `#` is a comment, and lines
/// without numbers are left out.
///
/// # Errors
/// [`Error::BadData`] naming the line for what is no finite number.
pub fn read(path: &Path) -> Result<Vec<Vec<f64>>> {
    let text = files::read_text(path)?;
    let mut rows = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let number = |word: &str| {
            word.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
                Error::bad_data(
                    format!("{}, line {},", path.display(), n + 1),
                    format!("holds '{word}'"),
                    "hold finite numbers",
                    "comments begin with #",
                )
            })
        };
        let words = line.split([' ', '\t', ',', ';', '\r']).filter(|word| !word.is_empty());
        let row = words.map(number).collect::<Result<Vec<f64>>>()?;
        if !row.is_empty() {
            rows.push(row);
        }
    }
    Ok(rows)
}
