//! A trial's endpoints: from a BIDS study's tables and a plan to the numbers of its report.
//!
//! No I/O: `pipeline::endpoints` reads the files and writes what is found. In the order of reading:
//!
//! - [`Plan`] (plan.json): which column is the arm, which visits, which outcomes, what is done where values lack;
//! - [`People`]: the rows of participants.tsv, with [`Arm`], strata and what became of them;
//! - [`Tables`] of [`Measured`]: the other tables with their data dictionaries, every cell checked on its way to a number;
//! - [`Visits`]: one column by participant and session, duplicates refused;
//! - [`covariates`]: what else enters the analyses of covariance;
//! - an analysis a file, each `analyse(&Plan, &People, &Tables, &mut Notes) -> Result<its part>`;
//! - [`Results`]: the parts, plain rows of numbers; the report and the tables are made of the same.
//!
//! Participants keep the names that participants.tsv has (`sub-001`); analyses know them by their place in [`People::all`]. A scalar endpoint is a map with one
//! voxel: designs are fitted by [`crate::stats::second_level`], and there is no second stack of statistics. What is left out, assumed or cannot be computed becomes a [`Note`]
//! with the participants it is about; what cannot be right is an error that names file, line and participant.

pub mod adverse;
mod afterwards;
pub mod ancova;
mod are_numbers;
mod arm;
mod arms_agree;
pub mod baseline;
mod better;
pub mod brain;
mod by_region;
mod column;
pub mod correlations;
mod counts;
pub mod covariate;
pub mod covariates;
pub mod cpm;
pub mod crossover;
pub mod derived;
mod dictionary;
mod differences;
pub mod digits;
pub mod disposition;
pub mod edges;
mod edges_of_runs;
pub mod index;
mod meant;
mod moment;
mod motion;
mod note;
mod numbered;
mod odd;
pub mod outcomes;
mod people;
pub mod physiology;
mod plan;
pub mod populations;
pub mod pressure;
mod remarks;
mod repeated;
mod resolve;
pub mod responders;
pub mod results;
mod rule;
mod sessions;
pub mod sheets;
mod spelling;
mod still;
mod strata;
mod tables;
mod tasks;
mod twice;
mod two_sample;
pub mod unequal;
pub mod unit;
mod visits;
mod whole;
mod words;

pub use arm::{Arm, ByArm};
pub use by_region::{
    BY_CONSTRUCTION, LEAST_COVERAGE, Low, by_region, is_by_region, refuse_without_means, tell_low,
};
pub use covariate::Covariate;
pub use dictionary::{Dictionary, Direction, Variable};
pub use edges_of_runs::{EdgesOfRun, EdgesOfRuns, Fewer, RunOf};
pub use moment::Moment;
pub use motion::is_taken;
pub use note::{Note, Notes, Severity};
pub use people::{People, Person};
pub use plan::{
    BrainPlan, Column, CpmPlan, CrossoverPlan, Design, EdgesPlan, Missing, Outcome, Permutations,
    Plan, PressurePlan, Relation,
};
pub use results::Results;
pub use rule::{Operator, Part, Rule, Threshold};
pub use tables::{Measured, Tables, part_of, stem, whole};
pub use visits::Visits;
pub use whole::analyse;
