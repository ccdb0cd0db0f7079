//! Responders.

use serde::Serialize;

use super::{Estimate, Test};
use crate::trial::arm::{Arm, ByArm};
use crate::trial::plan::Missing;

/// All rules.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Responders {
    /// A rule (a part, or the first parts together) and a way with missing values a row.
    pub rows: Vec<ResponderRow>,
}

/// A rule, counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ResponderRow {
    /// "pain", "pain + pgic".
    pub name: String,
    /// The rule as it is written: `pain=questionnaires:nrs<=-30%`.
    pub rule: String,
    /// Parts of it.
    pub n_parts: usize,
    /// What was done about missing values.
    pub missing: Option<Missing>,
    /// Who met it.
    pub responders: ByArm<usize>,
    /// Of how many.
    pub n: ByArm<usize>,
    /// Responders / n, with Wilson's limits.
    pub share: ByArm<Option<Estimate>>,
    /// Active minus control, with Miettinen and Nurminen's score limits.
    pub risk_difference: Option<Estimate>,
    /// The same with Newcombe's hybrid score limits.
    pub risk_difference_newcombe: Option<Estimate>,
    /// Of no difference, by the score.
    pub p_score: Option<f64>,
    /// Fisher's exact, two-sided.
    pub p_fisher: Option<f64>,
    /// With Woolf's limits; none where a cell is 0.
    pub odds_ratio: Option<Estimate>,
    /// With limits of its logarithm; none where an arm has no responder.
    pub risk_ratio: Option<Estimate>,
    /// Number needed to treat.
    pub nnt: Option<Nnt>,
    /// Who lacks a value that the rule needs.
    pub lacking: ByArm<Vec<String>>,
    /// How many of these are known to fail another part.
    pub known_nonresponders: usize,
    /// Risk difference if all who lack a value had responded in the control arm and none in the active.
    pub worst_case: Option<f64>,
    /// The other way round.
    pub best_case: Option<f64>,
    /// The odds ratio given the baselines that the rule uses; none where it uses none, or there is none.
    pub adjusted: Option<AdjustedOdds>,
    /// Over strata, by Mantel and Haenszel.
    pub stratified: Option<Stratified>,
}

/// By logistic regression on arm and baselines.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AdjustedOdds {
    /// The columns whose baselines are in it, `table:column`.
    pub given: Vec<String>,
    /// Participants: those of the row who have these baselines.
    pub n: usize,
    /// Active over control, with Wald's limits of its logarithm.
    pub odds_ratio: Estimate,
    /// z of its logarithm.
    pub test: Test,
}

/// One over the risk difference.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Nnt {
    /// Signed: negative is to harm.
    pub value: f64,
    /// As Altman writes it, of Miettinen and Nurminen's limits of the risk difference: "NNTB 2.4 to 12.3", "NNTB 5 to infinity to NNTH 20".
    pub text: String,
    /// The same of Newcombe's limits of the risk difference.
    pub text_newcombe: String,
}

/// Over strata.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Stratified {
    /// The strata's columns.
    pub by: Vec<String>,
    /// Strata with participants of both arms.
    pub n_strata: usize,
    /// Participants of strata that have one arm alone: they say nothing.
    pub left_out: usize,
    /// These strata.
    pub of_one_arm: Vec<OfOneArm>,
    /// Mantel-Haenszel risk difference with Sato's standard error.
    pub risk_difference: Option<Estimate>,
    /// Mantel-Haenszel odds ratio.
    pub odds_ratio: Option<Estimate>,
    /// Cochran, Mantel and Haenszel's chi squared, uncorrected.
    pub test: Option<Test>,
}

/// A stratum without participants of the other arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfOneArm {
    /// Its levels, a column of the strata each: "C, F".
    pub stratum: String,
    /// The arm that it has.
    pub arm: Arm,
    /// Who is in it.
    pub participants: Vec<String>,
}
