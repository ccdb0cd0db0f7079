//! Contrasts as expressions over column names: `pain - control`, `0.5*a + 0.5*b`, `(a + b)/2`; F as rows parted by `;`.
//!
//! ```text
//! rows   = sum (";" sum)*
//! sum    = ["+"|"-"] product (("+"|"-") product)*
//! product = factor (("*"|"/") factor)*
//! factor = ("+"|"-")* ( number | column | quoted column | "(" sum ")" )
//! ```
//! Where a name may stand, the longest column name that fits is taken, also one that holds operators, dots or spaces: with
//! a column `face-left`, `face-left` is that column and `face - left` a difference. A column whose name is a number is
//! quoted: `"2" - "1"` (or `'` or a backtick).

mod parser;

use crate::error::{Error, Result};
use ndarray::{Array1, Array2};
use parser::Parser;

/// A contrast as the command line gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedContrast {
    /// Before the `=`, or the expression itself where there is none.
    pub name: String,
    /// The expression.
    pub expression: String,
}

/// Split `name=expression` at the first `=`. Without one the expression names itself.
///
/// # Errors
/// Usage: nothing on one side.
pub fn parse_named(text: &str) -> Result<NamedContrast> {
    let (name, expression) = text.split_once('=').unwrap_or((text, text));
    let (name, expression) = (name.trim(), expression.trim());
    if name.is_empty() || expression.is_empty() {
        return Err(Error::usage(
            format!("contrast `{}`", super::quoted::short(text)),
            if name.is_empty() { "has no name" } else { "has no expression" },
            "read name=expression",
            "for example 'pain=pain-control'",
        ));
    }
    Ok(NamedContrast { name: name.into(), expression: expression.into() })
}

/// The text with hyphens inside column names as blanks, so that each `-` that is left is a minus: with columns `pain-high` and
/// `pain-low`, `pain-high - pain-low` is `pain high - pain low`. Text that is no expression of these columns stays as it is.
#[must_use]
pub fn without_hyphens(text: &str, names: &[String]) -> String {
    let mut parser = Parser::new(text, names);
    let mut spoken = text.to_owned();
    if parser.rows().is_ok() {
        for at in parser.named() {
            let name = text[at.clone()].replace('-', " ");
            spoken.replace_range(at, &name);
        }
    }
    spoken
}

/// The weights `[regressor]` of a t contrast.
///
/// # Errors
/// Usage: not one expression; an unknown column (with the closest); weights that are all zero or not finite.
pub fn parse_t(expression: &str, names: &[String]) -> Result<Array1<f64>> {
    let rows = rows(expression, names)?;
    match <[Vec<f64>; 1]>::try_from(rows) {
        Ok([row]) => Ok(Array1::from_vec(row)),
        Err(rows) => Err(Error::usage(
            format!("contrast `{}`", super::quoted::short(expression)),
            format!("has {} rows", rows.len()),
            "be one expression for a t test",
            "several rows make an F test",
        )),
    }
}

/// The weights `[row][regressor]` of an F contrast.
///
/// # Errors
/// As [`parse_t`], for each row.
pub fn parse_f(expression: &str, names: &[String]) -> Result<Array2<f64>> {
    let rows = rows(expression, names)?;
    Ok(Array2::from_shape_fn((rows.len(), names.len()), |(r, c)| rows[r][c]))
}

fn rows(expression: &str, names: &[String]) -> Result<Vec<Vec<f64>>> {
    let rows = Parser::new(expression, names).rows()?;
    for row in &rows {
        let found = if row.iter().any(|w| !w.is_finite()) {
            "has weights that are not finite"
        } else if row.iter().all(|w| *w == 0.0) {
            "has only zero weights"
        } else {
            continue;
        };
        return Err(Error::usage(
            format!("contrast `{}`", super::quoted::short(expression)),
            found,
            "weigh one column or more",
            "",
        ));
    }
    Ok(rows)
}
