//! What is analysed, as it stands in plan.json.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use super::column::Column;
use super::covariate::Covariate;
use super::dictionary::Direction;
use super::rule::Rule;
use crate::error::Error;

/// An endpoint that is measured at both visits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Where it stands.
    pub column: Column,
    /// What the report calls it; without it the dictionary's LongName, or the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Which way is better; without it what the dictionary says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

/// What is done where the value of the endpoint's visit lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// Those with both values are analysed.
    Observed,
    /// Baseline carried forward: no change; a responder rule that lacks a value is not met.
    Bocf,
    /// The last value of the visits between, else the baseline, carried forward; without a visit between that is BOCF, which is said and stands in its place.
    Locf,
}

/// Parallel arms or a crossover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Design {
    /// Each participant is in one arm.
    #[default]
    Parallel,
    /// Each participant has both treatments, in one of two sequences.
    Crossover,
}

/// Conditioned pain modulation: a row a repetition, with the test stimulus rated before and during (or after) the conditioning one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CpmPlan {
    /// The table.
    pub table: String,
    /// Column of the test stimulus before.
    #[serde(default = "ts_pre")]
    pub pre: String,
    /// Column of the test stimulus during or after.
    #[serde(default = "ts_post")]
    pub post: String,
    /// Whether the columns are thresholds rather than ratings, which turns the sign of inhibition.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub threshold: bool,
}

impl CpmPlan {
    /// Of a table with the usual columns.
    #[must_use]
    pub fn of(table: String) -> CpmPlan {
        CpmPlan { table, pre: ts_pre(), post: ts_post(), threshold: false }
    }
}

/// Pressure pain: a row a stimulus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PressurePlan {
    /// The table.
    pub table: String,
    /// Column of the pressure.
    #[serde(default = "pressure_kpa")]
    pub pressure: String,
    /// Column of the rating.
    #[serde(default = "rating")]
    pub rating: String,
    /// The rating whose pressure is found (P50: 50).
    #[serde(default = "fifty")]
    pub target: f64,
}

impl PressurePlan {
    /// Of a table with the usual columns, for a rating of 50.
    #[must_use]
    pub fn of(table: String) -> PressurePlan {
        PressurePlan { table, pressure: pressure_kpa(), rating: rating(), target: fifty() }
    }
}

/// Values of regions: a row a participant and session, a column a region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrainPlan {
    /// The table.
    pub table: String,
    /// Its columns that are analysed; none: all that hold numbers, less those of motion (`mean_fd`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

/// Edges between regions: Fisher's z of a row a run and pair of regions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgesPlan {
    /// The table; [`EdgesPlan::OF_CONNECT`]: those that `connect` wrote.
    pub table: String,
}

impl EdgesPlan {
    /// How a plan calls the tables that `connect` wrote, a file a run.
    pub const OF_CONNECT: &str = "connect";
}

/// Two things whose correlation over participants is asked for: `brain:insula_dmn_z~questionnaires:nrs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Relation {
    /// Left of `~`.
    pub first: Column,
    /// Right of it.
    pub second: Column,
}

impl FromStr for Relation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Relation, Error> {
        match text.split('~').collect::<Vec<_>>()[..] {
            [first, second] => Ok(Relation { first: first.parse()?, second: second.parse()? }),
            _ => Err(Error::usage(
                format!("the relation '{text}'"),
                "is not two columns with ~ between them",
                "be A~B, such as brain:insula_dmn_z~questionnaires:nrs",
                "give --correlate once for each pair",
            )),
        }
    }
}

impl TryFrom<String> for Relation {
    type Error = Error;

    fn try_from(text: String) -> Result<Relation, Error> {
        text.parse()
    }
}

impl From<Relation> for String {
    fn from(relation: Relation) -> String {
        relation.to_string()
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.first, self.second)
    }
}

/// A crossover: a row a participant and period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossoverPlan {
    /// The table.
    pub table: String,
    /// Column of what is measured at a period's end.
    #[serde(default = "outcome")]
    pub outcome: String,
    /// Column of what is measured at a period's start; none: `baseline` where the table has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

impl CrossoverPlan {
    /// Of a table with the usual columns; a column baseline is used where it is there.
    #[must_use]
    pub fn of(table: String) -> CrossoverPlan {
        CrossoverPlan { table, outcome: outcome(), baseline: None }
    }
}

/// p by rearrangement of the arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permutations {
    /// The most rearrangements, the observed one among them.
    pub n: u64,
    /// Of random ones.
    pub seed: u64,
}

/// What is analysed, every option resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Column of participants.tsv that holds the arm.
    #[serde(default = "arm")]
    pub arm: String,
    /// The level of it that is the control.
    #[serde(default)]
    pub control: String,
    /// The level that is the active arm; none where there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The session before treatment, with `ses-`.
    #[serde(default)]
    pub baseline: String,
    /// The session at whose end effects are judged, with `ses-`.
    #[serde(default)]
    pub endpoint: String,
    /// Outcomes that are compared by ANCOVA.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// The outcomes whose p are adjusted together (Holm); none: none is adjusted, and that is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary: Vec<Column>,
    /// Columns of participants.tsv that are factors beside the arm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<String>,
    /// Columns that enter the analyses of covariance beside arm and baseline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<Covariate>,
    /// Further columns of participants.tsv for the baseline table; none: age and sex where they are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub describe: Vec<String>,
    /// Responder rules. Each part of a rule is counted alone, then the first two together, the first three, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub responders: Vec<Rule>,
    /// What is done where values lack; the first is the primary analysis.
    #[serde(default = "missing")]
    pub missing: Vec<Missing>,
    /// Conditioned pain modulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpm: Option<CpmPlan>,
    /// Pressure pain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<PressurePlan>,
    /// The table of adverse events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adverse_events: Option<String>,
    /// Values of regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brain: Option<BrainPlan>,
    /// Edges between regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<EdgesPlan>,
    /// The column of each visit's motion, held against edges, and against regions whose table has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<Column>,
    /// Correlations over participants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlations: Vec<Relation>,
    /// Whether regions that were chosen by the correlated contrast may be correlated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exploratory: bool,
    /// Parallel arms or a crossover.
    #[serde(default)]
    pub design: Design,
    /// The crossover's table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossover: Option<CrossoverPlan>,
    /// Confidence of all intervals.
    #[serde(default = "conf")]
    pub conf: f64,
    /// p by rearrangement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permutations: Option<Permutations>,
}

impl Plan {
    /// What an analysis of covariance is adjusted for beside arm and baseline, where strata of `one_level` among those analysed are none; empty: nothing.
    #[must_use]
    pub fn adjusted_for(&self, one_level: &[String]) -> String {
        let strata = self.strata.iter().filter(|column| !one_level.contains(column)).cloned();
        let covariates = self.covariates.iter().map(Covariate::called);
        strata.chain(covariates).collect::<Vec<_>>().join(", ")
    }
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            arm: arm(),
            control: String::new(),
            active: None,
            baseline: String::new(),
            endpoint: String::new(),
            outcomes: Vec::new(),
            primary: Vec::new(),
            strata: Vec::new(),
            covariates: Vec::new(),
            describe: Vec::new(),
            responders: Vec::new(),
            missing: missing(),
            cpm: None,
            pressure: None,
            adverse_events: None,
            brain: None,
            edges: None,
            motion: None,
            correlations: Vec::new(),
            exploratory: false,
            design: Design::Parallel,
            crossover: None,
            conf: conf(),
            permutations: None,
        }
    }
}

fn arm() -> String {
    "arm".to_owned()
}
fn missing() -> Vec<Missing> {
    vec![Missing::Observed, Missing::Bocf]
}
fn conf() -> f64 {
    0.95
}
fn ts_pre() -> String {
    "ts_pre".to_owned()
}
fn ts_post() -> String {
    "ts_post".to_owned()
}
fn pressure_kpa() -> String {
    "pressure_kpa".to_owned()
}
fn rating() -> String {
    "rating".to_owned()
}
fn fifty() -> f64 {
    50.0
}
fn outcome() -> String {
    "outcome".to_owned()
}
