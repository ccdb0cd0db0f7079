//! What is found as tables: a column says its name, what it holds and how a row fills it, so that a table and its data dictionary are made of one list.

mod ancova;
mod baseline;
mod column;
mod counts;
mod curves;
mod edges;
mod physiology;
mod populations;
mod relations;

use serde_json::{Map, Value};

use super::results::Results;
use crate::table::Table;

/// A table with its data dictionary.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// `ancova`: the file's name without an ending.
    pub name: &'static str,
    /// Column names and cells; numbers in full.
    pub table: Table,
    /// Entries of the dictionary: Description, then one a column.
    pub dictionary: Map<String, Value>,
}

/// Every table that the results fill. Parts that were not asked for have none.
#[must_use]
pub fn sheets(results: &Results) -> Vec<Sheet> {
    let mut all = vec![populations::populations(results)];
    let parts = [
        (!results.populations.missing.is_empty()).then(|| populations::missing(results)),
        (!results.baseline.rows.is_empty()).then(|| baseline::sheet(results)),
        counts::disposition(results),
        counts::time_to_discontinuation(results),
        ancova::sheet(results),
        counts::responders(results),
        counts::adverse_events(results),
        curves::cpm(results),
        curves::cpm_measure(results),
        curves::pressure(results),
        curves::intensities(results),
        curves::series(results),
        relations::brain(results),
        relations::motion(results),
        relations::region_values(results),
        edges::sheet(results),
        edges::networks(results),
        physiology::sheet(results),
        relations::correlations(results),
        relations::differ(results),
        relations::crossover(results),
    ];
    all.extend(parts.into_iter().flatten());
    all
}
