//! The design of a contrast as a picture: subjects from top to bottom, columns from left to right.

use super::Contrast;
use crate::error::Result;
use crate::report::design::{image, listed};

pub(super) fn section(one: &Contrast) -> Result<String> {
    let (n, n_columns) = one.design.dim();
    if n * n_columns == 0 {
        return Ok(String::new());
    }
    let alt =
        format!("The design: {n} rows from top to bottom, {n_columns} columns from left to right");
    let caption = format!(
        "Rows: {}. Columns: {}. Each column over its own largest value: white 1, grey 0, black −1. The numbers are in the design's table beside this page.",
        listed(&one.subjects),
        listed(&one.columns)
    );
    image("design group", &one.design, (&alt, &caption))
}
