//! Confound columns chosen by name or glob from a BIDS table.

use super::number::{self, cell, line};
use super::{quoted, similar};
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
    /// Patterns that match no column of these tables; one of another run may have some.
    pub unmatched: Vec<Unmatched>,
    /// Columns without a name, as a data frame's index, which no pattern means.
    pub nameless: usize,
}

/// A pattern without a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmatched {
    /// As it was asked for.
    pub pattern: String,
    /// The tables' names.
    pub tables: String,
    /// The name that was meant, or those that there are.
    hint: String,
}

impl Unmatched {
    /// Whether a run may well be without such columns: fMRIPrep writes one for each volume that stands out.
    #[must_use]
    pub fn is_of_outliers(&self) -> bool {
        ["motion_outlier", "non_steady_state_outlier"].iter().any(|family| {
            let starts = self.pattern.starts_with(family);
            starts && self.pattern[family.len()..].starts_with(['*', '?', '[', '_', '0'])
        })
    }

    /// Where it must have one.
    #[must_use]
    pub fn refused(&self) -> Error {
        Error::usage(
            format!("pattern `{}`", quoted::short(&self.pattern)),
            format!("matches no column of {}", self.tables),
            "match one or more",
            self.hint.clone(),
        )
    }
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
            unmatched: Vec::new(),
            nameless: 0,
        }
    }
}

/// The columns of one table that match `patterns`: [`select_among`] it alone.
///
/// # Errors
/// As for [`select_among`]; usage for a pattern that matches nothing.
pub fn select(
    table: &Table,
    patterns: &[String],
    n_volumes: usize,
    na: NaPolicy,
) -> Result<Confounds> {
    let chosen = select_among(std::slice::from_ref(table), patterns, n_volumes, na)?;
    chosen.unmatched.first().map_or(Ok(()), |one| Err(one.refused()))?;
    Ok(chosen)
}

/// The columns that match `patterns` (exact names, or globs with `*`, `?`, `[...]`; an exact name goes first; an element
/// may hold several, separated by commas), from tables that stand side by side. A column matched twice is taken once.
///
/// # Errors
/// Usage: a pattern that is no glob, or a name that is not there (with the closest one). Bad data: another number of rows than
/// volumes; a cell that is no number; `n/a` under [`NaPolicy::Error`] or in a whole column under [`NaPolicy::Mean`]; a
/// chosen column that stands twice in a table, or in two of them.
pub fn select_among(
    tables: &[Table],
    patterns: &[String],
    n_volumes: usize,
    na: NaPolicy,
) -> Result<Confounds> {
    tables.iter().try_for_each(|table| number_of_rows(table, n_volumes))?;
    let mut chosen = Confounds::none(n_volumes);
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let names = tables.iter().flat_map(|table| &table.columns);
    chosen.nameless = names.filter(|name| name.trim().is_empty()).count();
    for (table, position) in matches(tables, patterns, &mut chosen.unmatched)? {
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

/// Whether a name asked for may stand for several columns.
#[must_use]
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Whether a pattern matches one of these names; none where it is no glob.
#[must_use]
pub fn matches_any(pattern: &str, names: &[String]) -> bool {
    let glob = glob::Pattern::new(pattern);
    names.iter().any(|name| name == pattern || glob.as_ref().is_ok_and(|glob| glob.matches(name)))
}

/// Check that the table has one row for each volume.
///
/// # Errors
/// Bad data with both counts.
pub fn number_of_rows(table: &Table, n_volumes: usize) -> Result<()> {
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

/// The matched columns, each once, in the order of the patterns: table and position.
fn matches<'a>(
    tables: &'a [Table],
    patterns: &[String],
    unmatched: &mut Vec<Unmatched>,
) -> Result<Vec<(&'a Table, usize)>> {
    let columns: Vec<(&Table, usize)> =
        tables.iter().flat_map(|t| (0..t.columns.len()).map(move |at| (t, at))).collect();
    let names: Vec<String> = columns.iter().map(|(t, at)| t.columns[*at].clone()).collect();
    let mut taken: Vec<usize> = Vec::new();
    // A column whose own name holds a comma may be named whole.
    let split = |p: &String| -> Vec<String> {
        if names.contains(p) {
            return vec![p.clone()];
        }
        p.split(',').map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect()
    };
    for pattern in patterns.iter().flat_map(split) {
        let found: Vec<usize> = if names.contains(&pattern) {
            (0..names.len()).filter(|&i| names[i] == pattern).collect()
        } else {
            let glob = glob::Pattern::new(&pattern).map_err(|e| {
                Error::usage(
                    format!("pattern `{}`", quoted::short(&pattern)),
                    "is no glob",
                    "be a column name or a glob such as 'trans_*'",
                    "",
                )
                .caused_by(e)
            })?;
            let is_meant = |name: &str| !name.trim().is_empty() && glob.matches(name);
            (0..names.len()).filter(|&i| is_meant(&names[i])).collect()
        };
        if found.is_empty() {
            let hint = match similar::closest(&pattern, &names) {
                Some(close) => format!("did you mean `{close}`?"),
                None => similar::listing(&names),
            };
            let tables: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
            let none = Unmatched { pattern, tables: tables.join(" or "), hint };
            if !is_pattern(&none.pattern) {
                return Err(none.refused());
            }
            unmatched.push(none);
            continue;
        }
        for at in found {
            let (table, _) = columns[at];
            number::column(table, &names[at], "")?;
            let same = |&other: &usize| other != at && names[other] == names[at];
            if let Some(other) = (0..names.len()).find(same) {
                return Err(Error::bad_data(
                    format!("column `{}`", names[at]),
                    format!(
                        "stands in {} and in {}",
                        columns[other.min(at)].0.name,
                        columns[other.max(at)].0.name
                    ),
                    "stand in one of the tables",
                    "name it in --columns no more, or remove it from one of them",
                ));
            }
            if !taken.contains(&at) {
                taken.push(at);
            }
        }
    }
    Ok(taken.into_iter().map(|at| columns[at]).collect())
}
