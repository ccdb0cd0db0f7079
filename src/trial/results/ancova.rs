//! Outcomes compared by analysis of covariance.

use serde::Serialize;

use super::{Estimate, Test};
use crate::trial::arm::{Arm, ByArm};
use crate::trial::dictionary::Direction;
use crate::trial::plan::Missing;

/// All outcomes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Ancova {
    /// An outcome and a way with missing values a row; of an outcome the primary way first.
    pub rows: Vec<AncovaRow>,
    /// The outcomes (`table:column`) whose p are adjusted together; empty: none is.
    pub family: Vec<String>,
}

/// post = b0 + b1 arm (+ strata) + b2 (baseline - its mean over those analysed).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AncovaRow {
    /// `table:column`, or a name such as `cpm:absolute`.
    pub outcome: String,
    /// What it is called.
    pub label: String,
    /// Units, where the dictionary says.
    pub units: Option<String>,
    /// Which way is better.
    pub direction: Option<Direction>,
    /// What was done about missing values.
    pub missing: Missing,
    /// What is estimated, in words.
    pub estimand: String,
    /// Participants analysed.
    pub n: ByArm<usize>,
    /// Participants of the arms who are not analysed.
    pub left_out: ByArm<Vec<String>>,
    /// Columns of the design, in order.
    pub columns: Vec<String>,
    /// Those of them that follow from others or are the same in all, and take no degree of freedom of their own; empty: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependent: Vec<String>,
    /// Strata of one level among those analysed, for which nothing is adjusted; empty: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_level: Vec<String>,
    /// Of those analysed, both arms together: where LS means are taken.
    pub baseline_mean: f64,
    /// Active minus control, adjusted.
    pub difference: Estimate,
    /// Of it: t with n - rank degrees of freedom.
    pub test: Test,
    /// Holm's p within the family; none outside it and for other ways with missing values.
    pub p_holm: Option<f64>,
    /// By rearrangement (Freedman and Lane), two-sided, where the plan asks.
    pub p_permuted: Option<f64>,
    /// Rearrangements behind it.
    pub n_permutations: Option<u64>,
    /// Slope on baseline, common to both arms.
    pub slope: f64,
    /// Standard deviation of the residuals.
    pub sigma: f64,
    /// t^2 / (t^2 + dof).
    pub partial_eta_square: f64,
    /// Endpoint of each arm at the mean baseline.
    pub ls_means: ByArm<LsMean>,
    /// Of arm x baseline; none where it cannot be fitted.
    pub slopes_differ: Option<Test>,
    /// The same model: the difference at the mean baseline by HC3.
    pub unequal_slopes: Option<UnequalSlopes>,
    /// Standard error of the difference by the HC3 rule; none where a row is fitted exactly.
    pub hc3_se: Option<f64>,
    /// Changes, unadjusted.
    pub change: Change,
    /// Mean of each participant's percentage change, for description alone; none where a baseline is 0 or less.
    pub percent_change: ByArm<Option<f64>>,
    /// Whose percentage change is not defined.
    pub percent_undefined: Vec<String>,
    /// The participants.
    pub points: Vec<PairPoint>,
}

/// The difference where each arm has a slope of its own.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct UnequalSlopes {
    /// Active minus control at the mean baseline.
    pub difference: f64,
    /// Its standard error by HC3.
    pub hc3_se: f64,
    /// t of it.
    pub test: Test,
}

/// An arm's mean at the mean baseline.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LsMean {
    /// Of the endpoint.
    pub endpoint: Estimate,
    /// Less the mean baseline.
    pub change: f64,
}

/// Endpoint less baseline, compared without adjustment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Change {
    /// The arms.
    pub arms: ByArm<ChangeOfArm>,
    /// Active minus control, with Welch's limits.
    pub difference: Estimate,
    /// Each arm with a variance of its own; none where both are 0.
    pub welch: Option<Test>,
    /// One variance.
    pub student: Option<Test>,
    /// d = difference / pooled standard deviation; none where that is 0.
    pub d: Option<f64>,
    /// Hedges' g = J d with limits of the noncentral t.
    pub hedges: Option<Estimate>,
}

/// An arm's changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ChangeOfArm {
    /// Mean.
    pub mean: f64,
    /// Standard deviation; none for one participant.
    pub sd: Option<f64>,
    /// Against 0, within the arm: no test of the treatment.
    pub paired: Option<Paired>,
}

/// Changes of one arm against 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Paired {
    /// t on n - 1 degrees of freedom.
    pub test: Test,
    /// Limits of the mean.
    pub low: f64,
    /// Limits of the mean.
    pub high: f64,
    /// Mean over the root of the mean of both visits' variances.
    pub d_av: Option<f64>,
    /// Mean over the changes' standard deviation.
    pub d_z: f64,
}

/// A participant's two values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairPoint {
    /// Who.
    pub participant: String,
    /// The arm.
    pub arm: Arm,
    /// Before.
    pub baseline: f64,
    /// At the endpoint, as analysed.
    pub endpoint: f64,
    /// Whether the endpoint was carried forward.
    pub carried: bool,
}
