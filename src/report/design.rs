//! A design as a picture, and how its columns go together.

use ndarray::{Array2, Axis};

use super::cells::{Cell, Cells};
use super::html::{counted, folded, natural, number};
use super::letters::{self, Lines};
use super::picture;
use super::svg::{Path, Plot, Svg};
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
            "The design. Rows: {}. Each column over its own largest value: white 1, grey 0, black −1.{numbers}",
            listed(&design.rows)
        );
        let drawn = Greys { matrix: &design.values, names: &design.columns, row: "row" };
        drawn.drawn(id, (&alt, &caption))?
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

/// A matrix to be drawn in grey levels, rows from top to bottom, each column over its own largest value and named above.
pub(super) struct Greys<'a> {
    /// `[row][column]`
    pub matrix: &'a Array2<f64>,
    /// One a column.
    pub names: &'a [String],
    /// What a row is: `volume`.
    pub row: &'a str,
}

/// Pixels of a column and of the picture's height at most, of a column at least, and how many of them all columns have.
const COLUMN: [f64; 2] = [LINE, 48.0];
const HEIGHT: f64 = 320.0;
const ACROSS: f64 = 820.0;
/// Pixels of a name at most, of its letters and of a line of them.
const NAME: f64 = 190.0;
const SIZE: f64 = 11.0;
const LINE: f64 = 12.0;
/// Pixels on the left, for numbers of rows.
const LEFT: f64 = 50.0;

impl Greys<'_> {
    /// The figure. `id`: unique on the page.
    ///
    /// # Errors
    /// Internal for a matrix without a cell.
    pub fn drawn(&self, id: &str, (alt, caption): (&str, &str)) -> Result<String> {
        let (n, n_columns) = self.matrix.dim();
        let largest =
            self.matrix.map_axis(Axis(0), |c| c.iter().fold(0.0_f64, |m, v| m.max(v.abs())));
        let level = |((_, j), &v): ((usize, usize), &f64)| {
            if largest[j] > 0.0 { (v / largest[j]) as f32 } else { 0.0 }
        };
        let levels: Vec<f32> = self.matrix.indexed_iter().map(level).collect();
        let png = picture::greys(n_columns, &levels)?;
        let [least, most] = COLUMN;
        let across = (ACROSS / n_columns as f64).clamp(least, most);
        let named = |name: &String| letters::lines(name, (NAME, SIZE), 1);
        let names: Vec<Lines> = self.names.iter().map(named).collect();
        let longest = names.iter().map(|name| name.width(SIZE)).fold(0.0, f64::max);
        let width = across * n_columns as f64;
        let plot = Plot { left: LEFT, top: longest + 14.0, width, height: HEIGHT };
        let whole = plot.right() + 4.0;
        let mut svg = Svg::new(whole, plot.bottom() + 6.0);
        let rows = plot.up(n as f64, 0.0);
        svg.y_axis(&plot, &rows, &rows.ticks(5), self.row);
        for (nth, name) in names.iter().enumerate() {
            let x = plot.left + across * (nth as f64 + 0.5) + 4.0;
            svg.lines_upwards("tick", [x, plot.top - 6.0], (name, LINE));
        }
        svg.png([plot.left, plot.top, plot.width, plot.height], &png);
        let mut frame = Path::default();
        frame.bar(plot.left, plot.top, plot.width, plot.height);
        svg.path("frame", &frame);
        let drawing = svg.finish(id, "The design", alt);
        Ok(natural("The design", &drawing, caption, whole))
    }
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
