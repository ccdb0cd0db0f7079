//! Regions, arm x visit.

use serde::Serialize;

use super::{AncovaRow, Correlation, Estimate, Test};
use crate::trial::arm::ByArm;

/// All regions.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Brain {
    /// A region a row.
    pub rows: Vec<BrainRow>,
    /// Motion against each region over participants; empty where the table has no column of motion.
    pub motion: Vec<MotionRow>,
    /// Where values are means of maps: what each rests on, a map and region a row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<RegionValue>,
}

/// The mean of a region in a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionValue {
    /// Who.
    pub participant: String,
    /// The visit.
    pub session: String,
    /// The region.
    pub region: String,
    /// The mean over its voxels that have a value; none where these are less than half of it.
    pub value: Option<f64>,
    /// How many these are.
    pub voxels: usize,
    /// Their share of the region, 0 to 1.
    pub coverage: f64,
}

/// A region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BrainRow {
    /// The column.
    pub region: String,
    /// Participants with both visits.
    pub n: ByArm<usize>,
    /// Arm x visit: active minus control of the change.
    pub interaction: Estimate,
    /// Two-sample t of the change.
    pub interaction_test: Test,
    /// t^2 / (t^2 + dof).
    pub partial_eta_square: f64,
    /// Mean of the arms' mean changes, each arm weighing the same.
    pub visit: Estimate,
    /// Of it.
    pub visit_test: Test,
    /// Active minus control of the mean over visits.
    pub arm: Estimate,
    /// Of it.
    pub arm_test: Test,
    /// Endpoint given baseline.
    pub ancova: AncovaRow,
}

/// Motion against a region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MotionRow {
    /// The region's column.
    pub region: String,
    /// The session, or "change".
    pub visit: String,
    /// The column of motion.
    pub motion: String,
    /// Pearson's r over participants of both arms.
    pub correlation: Correlation,
}
