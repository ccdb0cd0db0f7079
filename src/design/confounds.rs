//! Confound columns chosen by name or glob from a BIDS table.

use super::number::{self, cell, line};
use super::similar;
use crate::error::{Error, Result};
use crate::table::Table;
use ndarray::Array2;

/// What to do with `n/a` in a chosen column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NaPolicy {
    /// An error that names the column and the first line.
    #[default]
    Error,
    /// The column is left out.
    Drop,
    /// The value is 0.
    Zero,
    /// The value is the mean of the column's other values.
    Mean,
}

/// Chosen confounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Confounds {
    /// Column names, in the order of the patterns, and within a pattern of the table.
    pub names: Vec<String>,
    /// `[volume][column]`, in the table's units.
    pub values: Array2<f64>,
    /// Columns left out because they hold `n/a` ([`NaPolicy::Drop`]).
    pub dropped: Vec<String>,
    /// Columns with filled cells, and how many ([`NaPolicy::Zero`], [`NaPolicy::Mean`]).
    pub filled: Vec<(String, usize)>,
    /// Chosen columns that hold one value throughout: they say nothing that `constant` does not.
    pub constant: Vec<String>,
}

impl Confounds {
    /// No columns, for `n_volumes` volumes.
    #[must_use]
    pub fn none(n_volumes: usize) -> Confounds {
        Confounds {
            names: Vec::new(),
            values: Array2::zeros((n_volumes, 0)),
            dropped: Vec::new(),
            filled: Vec::new(),
            constant: Vec::new(),
        }
    }
}

/// The columns that match `patterns` (exact names, or globs with `*`, `?`, `[...]`; an exact name goes first; an element
/// may hold several, separated by commas). A column matched twice is taken once.
///
/// # Errors
/// Usage: a pattern that is no glob or matches nothing (with the closest name). Bad data: another number of rows than
/// volumes; a cell that is no number; `n/a` under [`NaPolicy::Error`] or in a whole column under [`NaPolicy::Mean`]; a
/// chosen column that stands twice in the table.
pub fn select(
    table: &Table,
    patterns: &[String],
    n_volumes: usize,
    na: NaPolicy,
) -> Result<Confounds> {
    number_of_rows(table, n_volumes)?;
    let mut chosen = Confounds::none(n_volumes);
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for position in matches(table, patterns)? {
        let name = table.columns[position].clone();
        let cells: Vec<Option<f64>> =
            (0..n_volumes).map(|row| cell(table, row, position)).collect::<Result<_>>()?;
        let missing = cells.iter().filter(|c| c.is_none()).count();
        let present: Vec<f64> = cells.iter().flatten().copied().collect();
        let fill = match (missing, na) {
            (0, _) | (_, NaPolicy::Zero) => 0.0,
            (_, NaPolicy::Drop) => {
                chosen.dropped.push(name);
                continue;
            }
            (_, NaPolicy::Mean) if !present.is_empty() => mean(&present),
            _ => return Err(missing_value(table, &name, &cells, missing)),
        };
        if missing > 0 {
            chosen.filled.push((name.clone(), missing));
        }
        let values: Vec<f64> = cells.iter().map(|c| c.unwrap_or(fill)).collect();
        if values.iter().all(|v| Some(v) == values.first()) {
            chosen.constant.push(name.clone());
        }
        chosen.names.push(name);
        columns.push(values);
    }
    chosen.values = Array2::from_shape_fn((n_volumes, columns.len()), |(v, c)| columns[c][v]);
    Ok(chosen)
}

/// Check that the table has one row for each volume.
///
/// # Errors
/// Bad data with both counts.
pub(super) fn number_of_rows(table: &Table, n_volumes: usize) -> Result<()> {
    if table.rows.len() == n_volumes {
        return Ok(());
    }
    Err(Error::bad_data(
        table.name.clone(),
        format!("has {} rows but the run has {n_volumes} volumes", table.rows.len()),
        "have one row for each volume",
        "drop the same dummy scans from both",
    ))
}

/// The mean, without overflow.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    values.iter().map(|v| v / n).sum()
}

fn missing_value(table: &Table, name: &str, cells: &[Option<f64>], missing: usize) -> Error {
    let first = cells.iter().position(Option::is_none).unwrap_or(0);
    let all = missing == cells.len();
    Error::bad_data(
        format!("{} column {name}", table.name),
        if all {
            format!("is n/a in all {missing} rows")
        } else {
            format!("is n/a in line {}{}", line(first), others(missing))
        },
        "have a number for each volume",
        if all {
            "leave the column out, or take --na drop"
        } else {
            "choose --na drop (leave the column out), zero or mean"
        },
    )
}

fn others(missing: usize) -> String {
    match missing {
        1 => String::new(),
        2 => " and 1 more".into(),
        n => format!(" and {} more", n - 1),
    }
}

/// Positions of the matched columns, each once, in the order of the patterns.
fn matches(table: &Table, patterns: &[String]) -> Result<Vec<usize>> {
    let mut positions: Vec<usize> = Vec::new();
    // A column whose own name holds a comma may be named whole.
    let split = |p: &String| -> Vec<String> {
        if table.columns.contains(p) {
            return vec![p.clone()];
        }
        p.split(',').map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect()
    };
    for pattern in patterns.iter().flat_map(split) {
        let found: Vec<usize> = if table.columns.contains(&pattern) {
            vec![number::column(table, &pattern, "")?]
        } else {
            let glob = glob::Pattern::new(&pattern).map_err(|e| {
                Error::usage(
                    format!("pattern `{}`", number::short(&pattern)),
                    "is no glob",
                    "be a column name or a glob such as 'trans_*'",
                    "",
                )
                .caused_by(e)
            })?;
            (0..table.columns.len()).filter(|&i| glob.matches(&table.columns[i])).collect()
        };
        if found.is_empty() {
            let hint = match similar::closest(&pattern, &table.columns) {
                Some(close) => format!("did you mean `{close}`?"),
                None => similar::listing(&table.columns),
            };
            return Err(Error::usage(
                format!("pattern `{}`", number::short(&pattern)),
                format!("matches no column of {}", table.name),
                "match one or more",
                hint,
            ));
        }
        for position in found {
            number::column(table, &table.columns[position], "")?;
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
    }
    Ok(positions)
}
