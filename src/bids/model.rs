//! A model as it was meant: every key known, every leniency resolved and noted.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Instruction;
use super::formula::Formula;

mod check;
mod column;
mod contrast;
mod doubts;
mod edges;
mod filter;
mod hrf;
mod json;
mod node;
mod read;

pub use hrf::{fir_delays, is_fir_delays};

/// A BIDS Stats Model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// `Name`.
    pub name: String,
    /// `Description`; empty without.
    pub description: String,
    /// `Input`: the values allowed for each entity (long names: `subject`, `task`, ...), as text.
    pub input: BTreeMap<String, Vec<String>>,
    /// Nodes in the order of the file.
    pub nodes: Vec<Node>,
    /// Edges by node index, in the order of the file; a chain of the nodes where the file has none.
    pub edges: Vec<Edge>,
}

impl Model {
    /// Nodes by index, each after those whose estimates it takes.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        edges::order(self.nodes.len(), &self.edges)
            .unwrap_or_else(|_| (0..self.nodes.len()).collect())
    }
}

/// What a node's units are before grouping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Runs.
    Run,
    /// Sessions.
    Session,
    /// Subjects.
    Subject,
    /// The dataset.
    Dataset,
}

/// `Model.Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `glm`: least squares.
    Glm,
    /// `meta`: fixed effects by the estimates' variances.
    Meta,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// `Level`.
    pub level: Level,
    /// `Name`.
    pub name: String,
    /// `GroupBy` entities; `contrast` among them.
    pub group_by: Vec<String>,
    /// `Transformations.Instructions`.
    pub transformations: Vec<Instruction>,
    /// `Model.Type`.
    pub kind: Kind,
    /// `Model.X` in the order of the file: names, patterns, and `1` for the intercept.
    pub x: Vec<String>,
    /// `Model.Formula`: products of the columns of X, which then are the design's.
    pub formula: Option<Formula>,
    /// `Model.HRF`: the variables that are convolved, and with what; it does what `Convolve` would as the last instruction.
    pub hrf: Option<Hrf>,
    /// `Model.Options.HighPassFilterCutoffHz`.
    pub high_pass_hz: Option<f64>,
    /// `Model.Options.LowPassFilterCutoffHz`, which is not applied.
    pub low_pass_hz: Option<f64>,
    /// `Model.Options.Mask`: entities (long names) of the mask image.
    pub mask: BTreeMap<String, Vec<String>>,
    /// `Contrasts`.
    pub contrasts: Vec<Contrast>,
    /// `DummyContrasts`.
    pub dummy: Option<Dummy>,
    /// Where it stands: `/Nodes/0`.
    pub pointer: String,
}

/// `Model.HRF`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hrf {
    /// Names and patterns of columns of X.
    pub variables: Vec<String>,
    /// The response: `spm`, `glover`, `fir`, with derivatives as `Convolve` names them.
    pub model: String,
    /// `Parameters`: those of `fir` (`fir_delays`).
    pub parameters: Map<String, Value>,
}

/// The statistic of a contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// A t test.
    T,
    /// An F test.
    F,
    /// The estimate alone is passed on.
    Pass,
}

/// A contrast of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// `Name`.
    pub name: String,
    /// `ConditionList`: columns of X, `1` for the intercept.
    pub conditions: Vec<String>,
    /// `Weights`, one row for t, rows for F, `[row][condition]`; `check` tells whether they fit the conditions.
    pub weights: Vec<Vec<f64>>,
    /// `Test`.
    pub test: Test,
    /// Where it stands: `/Nodes/0/Contrasts/1`.
    pub pointer: String,
}

/// `DummyContrasts`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dummy {
    /// `Test`.
    pub test: Test,
    /// `Contrasts`: the columns that each get one; none: every column.
    pub columns: Option<Vec<String>>,
}

/// An edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// JSON pointer to it, or to the node it leads to where the model has no `Edges`.
    pub pointer: String,
    /// The node whose estimates it carries.
    pub source: usize,
    /// The node that takes them.
    pub destination: usize,
    /// `Filter`: values allowed for an entity of an estimate (mostly `contrast`).
    pub filter: BTreeMap<String, Vec<String>>,
}
