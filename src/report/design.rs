//! A design as a picture, and how its columns go together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::{Array2, Axis};

use super::html::escaped;
use super::picture;
use crate::error::Result;

/// Names that are listed at most.
const MOST: usize = 40;

/// Rows from top to bottom, columns from left to right, as grey levels: each column over its own largest value. `class`: of the figure.
///
/// # Errors
/// Internal for a matrix without a cell.
pub(super) fn image(
    class: &str,
    matrix: &Array2<f64>,
    (alt, caption): (&str, &str),
) -> Result<String> {
    let largest = matrix.map_axis(Axis(0), |c| c.iter().fold(0.0_f64, |m, v| m.max(v.abs())));
    let level = |((_, j), &v): ((usize, usize), &f64)| {
        if largest[j] > 0.0 { (v / largest[j]) as f32 } else { 0.0 }
    };
    let levels: Vec<f32> = matrix.indexed_iter().map(level).collect();
    let png = STANDARD.encode(picture::greys(matrix.ncols(), &levels)?);
    Ok(format!(
        "<figure class=\"{class}\">\n<img alt=\"{}\" src=\"data:image/png;base64,{png}\">\n<figcaption>{}</figcaption>\n</figure>\n",
        escaped(alt),
        escaped(caption)
    ))
}

/// The first names, and how many more there are.
pub(super) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Each column less its mean, of unit length; a constant one is NaN.
pub(super) fn unit_columns(columns: &Array2<f64>) -> Array2<f64> {
    let mut unit = columns.clone();
    for mut column in unit.columns_mut() {
        let mean = column.sum() / column.len().max(1) as f64;
        column -= mean;
        let length = column.dot(&column).sqrt();
        column.mapv_inplace(|v| if length > 1e-12 { v / length } else { f64::NAN });
    }
    unit
}
