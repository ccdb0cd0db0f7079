//! Conditioned pain modulation. Sign: inhibition is positive (pre - post of ratings).

use serde::Serialize;

use super::{AncovaRow, Estimate};
use crate::trial::arm::{Arm, ByArm};

/// Conditioned pain modulation.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Cpm {
    /// What the sign means: "inhibition positive: mean before - mean during or after, of ratings". It belongs into every header.
    pub sign: String,
    /// Which way is taken to be better, and what says it.
    pub better: String,
    /// A participant and visit a row.
    pub visits: Vec<CpmOfVisit>,
    /// Absolute and percentage CPM at the endpoint, given that at baseline.
    pub ancova: Vec<AncovaRow>,
    /// Standard error of measurement of the test stimulus: root of the mean variance within participants at baseline.
    pub sem: Option<f64>,
    /// Repetitions behind a mean at the endpoint; the harmonic mean where participants differ.
    pub n_repetitions: Option<f64>,
    /// Absolute CPM above which a participant inhibits at the endpoint: 2 SEM sqrt(2 / n_rep).
    pub cutoff: Option<f64>,
    /// Repetitions behind a mean at baseline.
    pub baseline_repetitions: Option<f64>,
    /// Absolute CPM above which a participant inhibits at baseline.
    pub baseline_cutoff: Option<f64>,
    /// Who inhibits at the endpoint.
    pub inhibitors: ByArm<usize>,
    /// Of how many.
    pub inhibitors_of: ByArm<usize>,
    /// Retest of absolute CPM in the control arm, ICC(A,1).
    pub retest: Option<Estimate>,
    /// Correlation of change with baseline that comes of retest alone: -sqrt((1 - icc) / 2).
    pub expected_correlation: Option<f64>,
    /// Correlation of change with baseline that was found, each arm alone.
    pub change_with_baseline: ByArm<Option<f64>>,
    /// Percentages that are not defined (mean before of 0).
    pub undefined_percent: usize,
}

/// A participant's visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CpmOfVisit {
    /// Who.
    pub participant: String,
    /// The arm.
    pub arm: Option<Arm>,
    /// The session.
    pub session: String,
    /// Mean before.
    pub pre: f64,
    /// Mean during or after.
    pub post: f64,
    /// pre - post of ratings, post - pre of thresholds.
    pub absolute: f64,
    /// 100 absolute / pre; none where pre is 0.
    pub percent: Option<f64>,
    /// Repetitions behind the mean before.
    pub n_pre: usize,
    /// Those behind the mean during or after.
    pub n_post: usize,
    /// Whether absolute CPM is above the cutoff of this visit; none where there is no cutoff.
    pub inhibits: Option<bool>,
}
