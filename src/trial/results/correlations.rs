//! Correlations over participants.

use serde::Serialize;

use super::{Estimate, Test};
use crate::stats::correlation;
use crate::trial::arm::{Arm, ByArm};

/// All relations.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Correlations {
    /// A relation a row.
    pub rows: Vec<CorrelationRow>,
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrelationRow {
    /// As it was asked for: `brain:insula_dmn_z~questionnaires:nrs`.
    pub relation: String,
    /// What is on the first axis: "change of insula_dmn_z".
    pub first: String,
    /// What is on the second.
    pub second: String,
    /// Given the arm (the primary one), and further columns.
    pub given_arm: Option<Correlation>,
    /// What it is given.
    pub given: Vec<String>,
    /// Given the arm and motion, where a region is in the relation and its table has a column of motion.
    pub given_motion: Option<Correlation>,
    /// What motion that is: "mean_fd (change)".
    pub motion: Option<String>,
    /// All participants as one.
    pub pooled: Option<Correlation>,
    /// Each arm alone.
    pub by_arm: ByArm<Option<Correlation>>,
    /// Whether the arms' r differ: z, active minus control.
    pub arms_differ: Option<Test>,
    /// Spearman's, all participants.
    pub spearman: Option<Correlation>,
    /// Spearman's of each arm alone.
    pub spearman_by_arm: ByArm<Option<Correlation>>,
    /// Kendall's tau-b, all participants; its statistic is z.
    pub kendall: Option<Correlation>,
    /// Kendall's tau-b of each arm alone.
    pub kendall_by_arm: ByArm<Option<Correlation>>,
    /// Whether the arms' slopes differ.
    pub slopes_differ: Option<SlopesDiffer>,
    /// Whether regions were chosen by the contrast that is correlated.
    pub exploratory: bool,
    /// The participants.
    pub points: Vec<CorrelationPoint>,
}

/// A correlation coefficient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlation {
    /// Participants.
    pub n: usize,
    /// r with limits by Fisher's z.
    pub r: Estimate,
    /// t on n - 2 - (columns given); of Kendall's z, which has no degrees of freedom.
    pub test: Test,
}

impl Correlation {
    /// As `stats` has it.
    pub(in crate::trial) fn of(found: &correlation::Correlation) -> Correlation {
        Correlation {
            n: found.n,
            r: Estimate { value: found.r, se: None, low: found.low, high: found.high },
            test: Test {
                statistic: found.t,
                dof: Some(found.dof).filter(|dof| dof.is_finite()),
                p: found.p,
            },
        }
    }
}

/// Slopes of the arms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlopesDiffer {
    /// Of first on second, by arm.
    pub slopes: ByArm<f64>,
    /// t of their difference.
    pub test: Test,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrelationPoint {
    /// Who.
    pub participant: String,
    /// The arm.
    pub arm: Arm,
    /// On the first axis.
    pub first: f64,
    /// On the second.
    pub second: f64,
}
