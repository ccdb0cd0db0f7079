//! A design as a picture, and how its columns go together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::{Array2, Axis};

use super::cells::{Cell, Cells};
use super::html::{counted, escaped, folded, natural, number};
use super::picture;
use crate::error::Result;

/// Names that are listed at most.
const MOST: usize = 40;
/// Rows and columns whose names are drawn at most, pixels of a row, and rows of a picture that is not folded.
const NAMED: [usize; 2] = [40, 24];
const ROW: f64 = 18.0;
const OPEN: usize = 24;

/// What is compared with what: a row an estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Whose the rows are.
    pub rows: Vec<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// `[row][column]`
    pub values: Array2<f64>,
    /// Whether a table with its numbers lies beside the maps.
    pub has_table: bool,
}

/// The design of a group, each row and column by its name where there are few; nothing where it has no cell. `id`: unique on the page.
///
/// # Errors
/// Those of the picture.
pub(super) fn of_rows(design: &Design, id: &str) -> Result<String> {
    let (n, n_columns) = design.values.dim();
    if n * n_columns == 0 {
        return Ok(String::new());
    }
    let shape = format!("{} by {}", counted(n, "row"), counted(n_columns, "column"));
    let numbers = match design.has_table {
        true => " The numbers are in the design's table beside the maps.",
        false => "",
    };
    let html = if n <= NAMED[0] && n_columns <= NAMED[1] {
        let most =
            design.values.map_axis(Axis(0), |c| c.iter().fold(0.0_f64, |m, v| m.max(v.abs())));
        let cell = |(j, value): (usize, &f64)| Cell {
            strength: if most[j] > 0.0 { value / most[j] } else { 0.0 },
            number: short(*value),
        };
        let cells = |row: usize| design.values.row(row).iter().enumerate().map(cell).collect();
        let rows = design.rows.iter().enumerate().map(|(at, name)| (name.clone(), cells(at)));
        let of = Cells { columns: design.columns.clone(), rows: rows.collect(), row_height: ROW };
        let said = format!("{shape}: orange above 0, blue below");
        let (drawing, width) = of.drawn((id, "The design", &said));
        let caption = format!(
            "The design, a row for each estimate that is compared: orange above 0, blue below, the largest of a column darkest.{numbers}"
        );
        natural("The design", &drawing, &caption, width)
    } else {
        let alt = format!("The design: {shape}, rows from top to bottom");
        let caption = format!(
            "The design. Rows: {}. Columns: {}. Each column over its own largest value: white 1, grey 0, black −1.{numbers}",
            listed(&design.rows),
            listed(&design.columns)
        );
        image("design group", &design.values, (&alt, &caption))?
    };
    Ok(if n > OPEN { folded("The design", &html) } else { html })
}

/// A value in as few digits as serve; nothing for 0.
fn short(value: f64) -> String {
    if value == 0.0 {
        return String::new();
    }
    let text = number(value, 2);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    // What rounds to 0 is not 0: its cell has a colour alone.
    if text.trim_start_matches(['-', '−']) == "0" { String::new() } else { text.to_owned() }
}

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
