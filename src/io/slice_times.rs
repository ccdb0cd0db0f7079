//! Slice times from a text file (`--slice-times`).

use std::path::Path;

use super::files;
use crate::{Error, Result};

/// Reads slice times in seconds, one for each plane k in file order, separated by spaces, tabs, commas or lines; what
/// follows a `#` is a comment. Of a Siemens `_Info.log`, also inside a DICOM file, the mean times of
/// its slices.
///
/// # Errors
/// [`Error::BadData`] naming the line for what is no number, or for a file without any.
pub fn read(path: &Path) -> Result<Vec<f64>> {
    if let Some(times) = super::physio::slice_times(path) {
        return times;
    }
    let text = files::read_text(path)?;
    let mut times = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        for word in line.split([' ', '\t', ',', ';', '\r']).filter(|w| !w.is_empty()) {
            match word.parse::<f64>() {
                Ok(time) if time.is_finite() => times.push(time),
                _ => {
                    return Err(Error::bad_data(
                        format!("{}, line {},", path.display(), n + 1),
                        format!("holds '{word}'"),
                        "hold numbers, the slice times in seconds",
                        "write one number a slice",
                    ));
                }
            }
        }
    }
    if times.is_empty() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "holds no numbers",
            "hold the slice times in seconds",
            "write one number a slice",
        ));
    }
    Ok(times)
}
