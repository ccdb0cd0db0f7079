//! The design of a contrast as a picture: subjects from top to bottom, columns from left to right.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::Axis;

use super::Contrast;
use crate::error::Result;
use crate::report::html::escaped;
use crate::report::picture;

/// Names of columns and subjects that are listed.
const MOST: usize = 12;

pub(super) fn section(one: &Contrast) -> Result<String> {
    let (n, n_columns) = one.design.dim();
    if n * n_columns == 0 {
        return Ok(String::new());
    }
    let largest = one.design.map_axis(Axis(0), |c| c.iter().fold(0.0_f64, |m, v| m.max(v.abs())));
    let level = |((_, j), &v): ((usize, usize), &f64)| {
        if largest[j] > 0.0 { (v / largest[j]) as f32 } else { 0.0 }
    };
    let levels: Vec<f32> = one.design.indexed_iter().map(level).collect();
    let png = STANDARD.encode(picture::greys(n_columns, &levels)?);
    let alt =
        format!("The design: {n} rows from top to bottom, {n_columns} columns from left to right");
    let caption = format!(
        "Rows: {}. Columns: {}. Each column over its own largest value: white 1, grey 0, black −1. The numbers are in the design's table beside this page.",
        listed(&one.subjects),
        listed(&one.columns)
    );
    Ok(format!(
        "<figure class=\"design group\">\n<img alt=\"{}\" src=\"data:image/png;base64,{png}\">\n<figcaption>{}</figcaption>\n</figure>\n",
        escaped(&alt),
        escaped(&caption)
    ))
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
