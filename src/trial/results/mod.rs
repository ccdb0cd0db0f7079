//! What is found: plain rows of numbers, nothing formatted. The report, the TSV files and results.json are made of the same. A part's file is its analysis's own;
//! others only read it, so fields are added, not renamed.
//!
//! Numbers that do not exist are none (n/a in tables, null in JSON), never NaN. Differences are active minus control. p are two-sided. Shares are from 0 to 1.

mod adverse;
mod ancova;
mod baseline;
mod brain;
mod correlations;
mod cpm;
mod crossover;
mod disposition;
mod edges;
mod physiology;
mod populations;
mod pressure;
mod responders;

use serde::Serialize;

use super::arm::ByArm;
use super::note::Notes;
use super::plan::Plan;

pub use adverse::{AdverseEvents, AdverseRow};
pub use ancova::{
    Ancova, AncovaRow, Change, ChangeOfArm, LsMean, PairPoint, Paired, UnequalSlopes,
};
pub use baseline::{Baseline, BaselineRow, Summary};
pub use brain::{Brain, BrainRow, MotionRow, RegionValue};
pub use correlations::{Correlation, CorrelationPoint, CorrelationRow, Correlations, SlopesDiffer};
pub use cpm::{Cpm, CpmOfVisit};
pub use crossover::{Crossover, CrossoverRow};
pub use disposition::{Disposition, DispositionOfArm, SurvivalStep};
pub use edges::{EdgeRow, Edges, EdgesMotion};
pub use physiology::{OfVisit, PhysiologyRow};
pub use populations::{Analysed, Flow, FlowOfArm, MissingRow, Population, Populations};
pub use pressure::{
    IntensityRow, Pressure, PressureCurve, PressureOfVisit, SeriesDiffer, SeriesRow, SummaryMeasure,
};
pub use responders::{AdjustedOdds, Nnt, OfOneArm, ResponderRow, Responders, Stratified};

/// A value with its standard error and limits at the plan's confidence.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error, where the limits come of one.
    pub se: Option<f64>,
    /// The lower limit; none: unbounded, or undefined.
    pub low: Option<f64>,
    /// The upper limit.
    pub high: Option<f64>,
}

/// A statistic with its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Test {
    /// t, z or chi squared, as its place says.
    pub statistic: f64,
    /// Of t and chi squared.
    pub dof: Option<f64>,
    /// Two-sided.
    pub p: f64,
}

/// Everything that a study comes to.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Results {
    /// What the study is called: dataset_description.json's Name, else the folder.
    pub study: String,
    /// The version of boldly.
    pub version: String,
    /// The plan, every option resolved and every column with its table.
    pub plan: Plan,
    /// The arms' names.
    pub arms: ByArm<String>,
    /// Participants from listed to analysed (CONSORT).
    pub flow: Flow,
    /// Who is in which population, and which values lack.
    pub populations: Populations,
    /// The arms before treatment.
    pub baseline: Baseline,
    /// The outcomes, compared by analysis of covariance.
    pub ancova: Ancova,
    /// Responders, where the plan has rules.
    pub responders: Option<Responders>,
    /// Conditioned pain modulation.
    pub cpm: Option<Cpm>,
    /// Pressure pain.
    pub pressure: Option<Pressure>,
    /// Adverse events.
    pub adverse_events: Option<AdverseEvents>,
    /// Who left, when and why.
    pub disposition: Option<Disposition>,
    /// Regions, arm x visit.
    pub brain: Option<Brain>,
    /// Edges between regions; results.json lists the 1,000 of least p, and says where all are.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "edges::listed")]
    pub edges: Option<Edges>,
    /// Networks of these regions: the mean of Fisher's z within each, and between two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Edges>,
    /// What recordings, motion and signal of the runs come to, arm x visit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub physiology: Vec<PhysiologyRow>,
    /// Correlations over participants.
    pub correlations: Option<Correlations>,
    /// A crossover.
    pub crossover: Option<Crossover>,
    /// What must be known of all this.
    pub notes: Notes,
}
