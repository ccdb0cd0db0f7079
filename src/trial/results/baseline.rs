//! The arms before treatment.

use serde::Serialize;

use crate::trial::arm::ByArm;

/// The baseline table: no p, for any difference between randomised arms is chance (CONSORT 2010, item 15).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Baseline {
    /// A variable, or a level of one, a row.
    pub rows: Vec<BaselineRow>,
}

/// A variable, or a level of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaselineRow {
    /// `table:column`.
    pub variable: String,
    /// What it is called.
    pub label: String,
    /// The level that is counted; none for a number.
    pub level: Option<String>,
    /// Units, where the dictionary says.
    pub units: Option<String>,
    /// Participants with a value.
    pub n: ByArm<usize>,
    /// Participants without.
    pub missing: ByArm<usize>,
    /// The arms.
    pub summary: ByArm<Summary>,
    /// (active - control) / sqrt((s_a^2 + s_c^2) / 2); of a level s^2 = p (1 - p). None where both s are 0.
    pub standardised_difference: Option<f64>,
}

/// What an arm has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Summary {
    /// Of a number.
    Number {
        /// Mean.
        mean: Option<f64>,
        /// Standard deviation (n - 1).
        sd: Option<f64>,
        /// Median.
        median: Option<f64>,
        /// First quartile (type 7).
        q1: Option<f64>,
        /// Third quartile.
        q3: Option<f64>,
        /// Least.
        least: Option<f64>,
        /// Greatest.
        greatest: Option<f64>,
    },
    /// Of a level.
    Count {
        /// Participants with the level.
        count: usize,
        /// Of those with a value.
        share: Option<f64>,
    },
}

impl Default for Summary {
    fn default() -> Summary {
        Summary::Count { count: 0, share: None }
    }
}
