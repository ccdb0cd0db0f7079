//! Who left, when and why.

use serde::Serialize;

use super::{Estimate, Test};
use crate::trial::arm::ByArm;

/// Disposition.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Disposition {
    /// The arms.
    pub arms: ByArm<DispositionOfArm>,
    /// Every reason, the most frequent first: participants, and risk difference of those randomised.
    pub reasons: Vec<(String, ByArm<usize>, Option<Estimate>)>,
    /// Risk difference of having discontinued, of those randomised.
    pub discontinued: Option<Estimate>,
    /// Log-rank chi squared of the time to discontinuation.
    pub log_rank: Option<Test>,
}

/// An arm.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct DispositionOfArm {
    /// Randomised.
    pub randomised: usize,
    /// Treated.
    pub treated: usize,
    /// Completed; none where it is known of nobody.
    pub completed: Option<usize>,
    /// Discontinued; none likewise.
    pub discontinued: Option<usize>,
    /// Of whom it is not known.
    pub not_known: usize,
    /// The day by which half have discontinued; none where it does not come to that.
    pub median_day: Option<f64>,
    /// Kaplan-Meier: share still in the study.
    pub curve: Vec<SurvivalStep>,
}

/// A step of a Kaplan-Meier curve.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SurvivalStep {
    /// The day.
    pub day: f64,
    /// At risk just before.
    pub at_risk: usize,
    /// Left on that day.
    pub events: usize,
    /// Censored on that day.
    pub censored: usize,
    /// From that day on, with Greenwood's standard error and log-log limits.
    pub share: Estimate,
}
