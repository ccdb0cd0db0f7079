//! Contrasts as expressions over column names: `pain - control`, `0.5*a + 0.5*b`, `(a + b)/2`; F as rows parted by `;`.
//!
//! ```text
//! rows   = sum (";" sum)*
//! sum    = ["+"|"-"] product (("+"|"-") product)*
//! product = factor (("*"|"/") factor)*
//! factor = ("+"|"-")* ( number | column | quoted column | pattern | mean | column ":basis" | "(" sum ")" )
//! mean   = "mean(" ( column | pattern ) ("," ( column | pattern ))* ")"
//! ```
//! A pattern (`pain*`, `?` for one letter; in quotes where it holds anything but letters, digits, `_` and `.`) is the **sum** of the
//! conditions that it matches, not their mean: `pain* - control*` weighs 2 and 3 conditions by 1 each. `mean(pain*) -
//! mean(control*)` weighs them by 1/2 and 1/3, and `mean(a, b)` is `(a + b)/2`. Patterns match conditions only: no derivatives,
//! modulators, confounds or drift. `pain:basis` makes a row for each column of the response of `pain` (derivatives, delays), so that
//! an F contrast of it asks whether any differs from 0; `pain:basis - control:basis` has a row a column too.
//!
//! Behind a column, pattern, mean or parenthesis `@run-1` means that run alone; without it a term is the mean of the runs: `pain@run-1 -
//! pain@run-2`, `pain@run-1 - pain`. `@ses-2` is the mean of a session's runs. Runs that are not named weigh nothing where no term is without a run.
//!
//! Where a name may stand, the longest column name that fits is taken, also one that holds operators, dots or spaces: with
//! a column `face-left`, `face-left` is that column and `face - left` a difference. A column whose name is a number is
//! quoted: `"2" - "1"` (or `'` or a backtick).

mod parser;

use crate::error::{Error, Result};
use std::ops::RangeInclusive;

use ndarray::{Array1, Array2};
use parser::Parser;

/// Sizes of weights, but 0, whose squares times a variance float32 can hold.
const WEIGHTS: RangeInclusive<f64> = 1e-9..=1e9;

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
    let mut parser = Parser::new(text, names, 0);
    let mut spoken = text.to_owned();
    if parser.rows().is_ok() {
        for at in parser.places() {
            let name = text[at.clone()].replace('-', " ");
            spoken.replace_range(at, &name);
        }
    }
    spoken
}

/// What the columns of a contrast are taken from.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Names, one a column.
    pub names: &'a [String],
    /// How many, the first ones, come from events: patterns mean no others; 0 where that is not known.
    pub n_task: usize,
    /// Names that have no column, each with why.
    pub absent: &'a [(String, String)],
    /// Those that are known to hold one value throughout, whatever their names: no conditions.
    pub constants: &'a [String],
}

impl<'a> Columns<'a> {
    /// Columns of which nothing but their names is known.
    #[must_use]
    pub fn named(names: &'a [String]) -> Columns<'a> {
        Columns { names, n_task: 0, absent: &[], constants: &[] }
    }

    fn parser(&self, text: &'a str) -> Parser<'a> {
        let mut parser = Parser::new(text, self.names, self.n_task);
        parser.absent = self.absent;
        parser.conditions.retain(|&at| !self.constants.contains(&self.names[at]));
        parser
    }
}

/// The weights `[regressor]` of a t contrast.
///
/// # Errors
/// Usage: not one expression; an unknown column (with the closest); weights that are all zero or not finite.
pub fn parse_t(expression: &str, names: &[String]) -> Result<Array1<f64>> {
    parse_t_of(expression, &Columns::named(names))
}

/// [`parse_t`] of a design.
///
/// # Errors
/// As [`parse_t`].
pub fn parse_t_of(expression: &str, columns: &Columns) -> Result<Array1<f64>> {
    let rows = columns.parser(expression).rows()?;
    refuse_empty(expression, &[&rows])?;
    refuse_rows(expression, rows.len())?;
    Ok(Array1::from_iter(rows.into_iter().flatten()))
}

/// The weights `[row][regressor]` of an F contrast.
///
/// # Errors
/// As [`parse_t`], for each row.
pub fn parse_f(expression: &str, names: &[String]) -> Result<Array2<f64>> {
    parse_f_of(expression, &Columns::named(names))
}

/// [`parse_f`] of a design.
///
/// # Errors
/// As [`parse_f`].
pub fn parse_f_of(expression: &str, columns: &Columns) -> Result<Array2<f64>> {
    let rows = columns.parser(expression).rows()?;
    refuse_empty(expression, &[&rows])?;
    Ok(matrix(&rows, columns.names.len()))
}

/// What a contrast weighs in several runs: m = mean over runs of `of_mean` β_r + Σ `of_runs`_r β_r + Σ over `of_sessions` of the mean
/// over the session's runs of its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct OverRuns {
    /// Of terms without a run, `[row][regressor]`.
    pub of_mean: Array2<f64>,
    /// Of terms of one run, `[run][row][regressor]`.
    pub of_runs: Vec<Array2<f64>>,
    /// Of terms of a session of several runs.
    pub of_sessions: Vec<OfSession>,
    /// Whether a term names its run, or a session.
    pub is_across: bool,
}

/// What a contrast weighs in the mean of a session's runs.
#[derive(Debug, Clone, PartialEq)]
pub struct OfSession {
    /// As it was called: `ses-2`.
    pub name: String,
    /// The places of its runs, two or more, ascending.
    pub runs: Vec<usize>,
    /// `[row][regressor]`
    pub weights: Array2<f64>,
}

/// The weights of an expression over runs. `columns`: those of any run; `labels`: what stands behind `@`, one a run (`run-1`, `ses-2_run-1`); `one_row`: of a
/// t contrast.
///
/// # Errors
/// Usage, as [`parse_t`] where there is to be one row, as [`parse_f`] else; a run that is none of these; a row that weighs nothing in any run.
pub fn parse_over_runs(
    expression: &str,
    columns: &Columns,
    labels: &[String],
    one_row: bool,
) -> Result<OverRuns> {
    let n_columns = columns.names.len();
    let read = |runs: &[usize]| -> Result<_> {
        let mut parser = columns.parser(expression);
        (parser.labels, parser.reading) = (Some(labels), runs.to_vec());
        let (of_mean, own): (Vec<_>, Vec<_>) =
            parser.parts()?.into_iter().map(|[of_mean, own]| (of_mean, own)).unzip();
        Ok((of_mean, own, parser.called))
    };
    let (of_mean, none, called) = read(&[])?;
    let own = called.iter().map(|(_, runs)| Ok(read(runs)?.1)).collect::<Result<Vec<_>>>()?;
    refuse_empty(expression, &own.iter().chain([&of_mean]).collect::<Vec<_>>())?;
    if one_row {
        refuse_rows(expression, of_mean.len())?;
    }
    let is_across = !called.is_empty();
    let mut of_runs = vec![matrix(&none, n_columns); labels.len()];
    let mut of_sessions = Vec::new();
    for ((name, runs), own) in called.into_iter().zip(own) {
        let weights = matrix(&own, n_columns);
        match runs[..] {
            [run] => of_runs[run] = weights,
            _ => of_sessions.push(OfSession { name, runs, weights }),
        }
    }
    Ok(OverRuns { of_mean: matrix(&of_mean, n_columns), of_runs, of_sessions, is_across })
}

/// What the patterns of an expression mean, and whether a difference of their sums weighs one side more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meant {
    /// A sentence a pattern.
    pub notes: Vec<String>,
    /// Said of each row whose positive and negative weights do not cancel.
    pub doubts: Vec<String>,
}

/// What a person should know of the patterns of an expression; nothing where it has none, or is none.
#[must_use]
pub fn meant(expression: &str, columns: &Columns) -> Meant {
    let (mut parser, names) = (columns.parser(expression), columns.names);
    let rows = parser.rows();
    let (Ok(rows), false) = (rows, parser.meant.is_empty()) else { return Meant::default() };
    let note = |(pattern, columns): &(String, Vec<usize>)| {
        let columns: Vec<&str> = columns.iter().map(|&at| names[at].as_str()).collect();
        format!("`{pattern}` in contrast `{expression}` is {}", columns.join(" + "))
    };
    let lopsided = |row: &&Vec<f64>| {
        let (sum, size) = row.iter().fold((0.0, 0.0), |(sum, size), w| (sum + w, size + w.abs()));
        let differs = row.iter().any(|w| *w > 0.0) && row.iter().any(|w| *w < 0.0);
        differs && f64::abs(sum) > 1e-9 * size
    };
    let doubt = |_: &Vec<f64>| {
        format!(
            "contrast `{expression}` subtracts sums of different numbers of conditions, so that it is not 0 where all are \
             alike; mean(...) - mean(...) weighs both sides by 1"
        )
    };
    Meant {
        notes: parser.meant.iter().map(note).collect(),
        doubts: rows.iter().filter(lopsided).map(doubt).collect(),
    }
}

fn matrix(rows: &[Vec<f64>], n_columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), n_columns), |(row, column)| rows[row][column])
}

/// A t contrast has one row.
fn refuse_rows(expression: &str, n_rows: usize) -> Result<()> {
    if n_rows == 1 {
        return Ok(());
    }
    Err(Error::usage(
        format!("contrast `{}`", super::quoted::short(expression)),
        format!("has {n_rows} rows"),
        "be one expression for a t test",
        "several rows make an F test",
    ))
}

/// Each row weighs something in one of these parts, `[part][row][regressor]`, and nothing in them is not finite.
fn refuse_empty(expression: &str, parts: &[&Vec<Vec<f64>>]) -> Result<()> {
    let n_rows = parts.first().map_or(0, |rows| rows.len());
    for row in 0..n_rows {
        let weights = || parts.iter().flat_map(|rows| &rows[row]);
        let beyond = weights().find(|w| **w != 0.0 && !WEIGHTS.contains(&w.abs()));
        let (found, expected) = if weights().any(|w| !w.is_finite()) {
            ("has weights that are not finite".to_owned(), "weigh one column or more".to_owned())
        } else if weights().all(|w| *w == 0.0) {
            ("has only zero weights".to_owned(), "weigh one column or more".to_owned())
        } else if let Some(weight) = beyond {
            // The variance takes its square, and maps are float32.
            let size = format!("have sizes from {:e} to {:e}", WEIGHTS.start(), WEIGHTS.end());
            (format!("has the weight {weight:e}"), size)
        } else {
            continue;
        };
        return Err(Error::usage(
            format!("contrast `{}`", super::quoted::short(expression)),
            found,
            expected,
            "",
        ));
    }
    Ok(())
}
