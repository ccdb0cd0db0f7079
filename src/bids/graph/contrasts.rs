//! The contrasts of a unit: names, conditions and weights over its columns.

use crate::bids::model::{Node, Test};
use crate::bids::names::Wanted;
use crate::design::similar;
use crate::error::Result;

/// Name of the column that `1` of X is.
const INTERCEPT: &str = "intercept";

/// A contrast over a unit's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Its name as it goes on: with the incoming contrast's, where all inputs are of one.
    pub name: String,
    /// Columns that it weighs, each once.
    pub conditions: Vec<String>,
    /// `[row][condition]`
    pub weights: Vec<Vec<f64>>,
    /// Its test.
    pub test: Test,
    /// Where it stands: `/Nodes/0/Contrasts/1`, or `/Nodes/0/DummyContrasts`.
    pub pointer: String,
}

impl Resolved {
    /// Its rows over all columns, `[row][column]`.
    #[must_use]
    pub fn over(&self, columns: &[String]) -> Vec<Vec<f64>> {
        let weight = |row: &[f64], column: &String| {
            self.conditions.iter().position(|own| own == column).map_or(0.0, |at| row[at])
        };
        self.weights.iter().map(|row| columns.iter().map(|c| weight(row, c)).collect()).collect()
    }
}

/// A contrast that a unit cannot have, for want of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Its name in the model.
    pub name: String,
    /// The first condition that is no column of the unit.
    pub condition: String,
    /// The column that was probably meant.
    pub nearest: Option<String>,
    /// Where it stands.
    pub pointer: String,
}

/// What comes of a node's contrasts in a unit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// Those that it has: first those of `DummyContrasts`, then `Contrasts`.
    pub contrasts: Vec<Resolved>,
    /// Those that it cannot have.
    pub lacking: Vec<Lacking>,
}

/// The contrasts of a unit with these columns. Above the run `incoming` is the one contrast that all its inputs are of: the contrast of
/// the intercept alone keeps its name, any other becomes `incoming_name`. `DummyContrasts` without a list makes one of every column but
/// those of the high-pass filter; a contrast of `Contrasts` goes before a dummy of the same name.
///
/// # Errors
/// Bad data: those of [`crate::bids::model::Contrast::check`].
pub fn contrasts(node: &Node, columns: &[String], incoming: Option<&str>) -> Result<Asked> {
    let mut asked = Asked::default();
    for contrast in &node.contrasts {
        contrast.check()?;
    }
    let is_taken =
        |name: &str| node.contrasts.iter().any(|contrast| column_of(&contrast.name) == name);
    if let Some(dummy) = &node.dummy {
        for column in dummies(node, columns).iter().filter(|column| !is_taken(column)) {
            asked.add(
                Resolved {
                    name: column.clone(),
                    conditions: vec![column.clone()],
                    weights: vec![vec![1.0]],
                    test: dummy.test,
                    pointer: format!("{}/DummyContrasts", node.pointer),
                },
                columns,
                incoming,
            );
        }
    }
    for contrast in &node.contrasts {
        let (conditions, weights) = contrast.merged();
        let resolved = Resolved {
            name: column_of(&contrast.name).to_owned(),
            conditions: conditions.iter().map(|name| column_of(name).to_owned()).collect(),
            weights,
            test: contrast.test,
            pointer: contrast.pointer.clone(),
        };
        asked.add(resolved, columns, incoming);
    }
    Ok(asked)
}

/// The column that a name of X is.
fn column_of(name: &str) -> &str {
    if name == "1" { INTERCEPT } else { name }
}

/// The column that was probably meant: one that differs in case, spaces and punctuation alone, one that is a slip away, or the shortest that
/// goes on where the name ends (`negative feedback` of `negative`).
fn nearest<'a>(condition: &str, columns: &'a [String]) -> Option<&'a String> {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(condition);
    let longer = || {
        let longer = columns.iter().filter(|name| plain(name).starts_with(&wanted));
        longer.filter(|_| wanted.len() > 2).min_by_key(|name| name.len())
    };
    columns
        .iter()
        .find(|name| plain(name) == wanted)
        .or_else(|| columns.iter().find(|name| similar::closest(condition, columns) == Some(*name)))
        .or_else(longer)
}

/// Columns that get a contrast each: a pattern gives its matches, one that matches nothing stays as it is, which is no column then.
fn dummies(node: &Node, columns: &[String]) -> Vec<String> {
    if let Some(named) = node.dummy.as_ref().and_then(|dummy| dummy.columns.as_ref()) {
        let mut all: Vec<String> = Vec::new();
        for name in named.iter().map(|name| column_of(name)) {
            let found = Wanted::new(name).among(columns).into_iter().map(|at| columns[at].clone());
            let found: Vec<String> = found.collect();
            let found = if found.is_empty() { vec![name.to_owned()] } else { found };
            let new: Vec<String> = found.into_iter().filter(|one| !all.contains(one)).collect();
            all.extend(new);
        }
        return all;
    }
    let x: Vec<Wanted> = node.x.iter().map(|name| Wanted::new(name)).collect();
    let is_filter = |name: &String| {
        let number = name.strip_prefix("drift_").map(str::parse::<u32>);
        node.high_pass_hz.is_some()
            && number.is_some_and(|number| number.is_ok())
            && !x.iter().any(|wanted| wanted.is(name))
    };
    columns.iter().filter(|name| !is_filter(name)).cloned().collect()
}

impl Asked {
    /// Adds a contrast, named as it goes on, or says what it lacks.
    fn add(&mut self, mut contrast: Resolved, columns: &[String], incoming: Option<&str>) {
        let absent = contrast.conditions.iter().find(|name| !columns.contains(name));
        if let Some(condition) = absent {
            self.lacking.push(Lacking {
                nearest: nearest(condition, columns).cloned(),
                condition: condition.clone(),
                name: contrast.name,
                pointer: contrast.pointer,
            });
            return;
        }
        if let Some(incoming) = incoming {
            let is_itself = contrast.name == INTERCEPT;
            contrast.name = if is_itself {
                incoming.to_owned()
            } else {
                format!("{incoming}_{}", contrast.name)
            };
        }
        self.contrasts.push(contrast);
    }
}
