//! What recordings, motion and signal of the runs come to, arm x visit.

use serde::Serialize;

use super::{Estimate, Test};
use crate::trial::arm::ByArm;

/// A measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhysiologyRow {
    /// The task of the runs, where the table has tasks.
    pub task: Option<String>,
    /// The column.
    pub measure: String,
    /// In words.
    pub label: String,
    /// By the dictionary, else those that boldly writes.
    pub units: Option<String>,
    /// Before treatment.
    pub baseline: ByArm<OfVisit>,
    /// At the endpoint.
    pub endpoint: ByArm<OfVisit>,
    /// Participants with both visits.
    pub n: ByArm<usize>,
    /// Arm x visit: active minus control of the change; none where an arm has nobody, or nothing varies.
    pub interaction: Option<Estimate>,
    /// Two-sample t of the change, not adjusted.
    pub test: Option<Test>,
}

/// Those of an arm who have a value.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct OfVisit {
    /// How many.
    pub n: usize,
    /// Their mean; none of nobody.
    pub mean: Option<f64>,
    /// Their standard deviation; none of fewer than two.
    pub sd: Option<f64>,
}
