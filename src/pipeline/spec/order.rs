//! How the orders of RETROICOR's series were chosen from the run itself.

use serde::{Deserialize, Serialize};

use crate::physio::Terms;

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The smallest mean Bayesian information criterion.
    Bic,
    /// Partial F tests, pooled over voxels.
    FTest,
}

impl Criterion {
    /// As `--choose-order` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Criterion::Bic => "bic",
            Criterion::FTest => "f-test",
        }
    }
}

/// How the orders were chosen; the sidecar keeps it beside the terms that it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderChoice {
    /// What decided.
    pub by: Criterion,
    /// The largest model.
    pub at_most: Terms,
    /// The orders chosen, as `--terms` spells them; `0/0/0` where none is.
    pub chosen: String,
    /// Voxels that were compared, over all runs.
    pub n_voxels: usize,
    /// Each nested model, when BIC decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelBic>,
    /// Each order, when F tests decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<OrderTest>,
}

/// A nested model and its criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelBic {
    /// Its orders.
    pub terms: String,
    /// Its physiological columns.
    pub n_columns: usize,
    /// Mean over voxels.
    pub bic: f64,
}

/// An order of a series and its test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderTest {
    /// `cardiac`, `respiratory` or `interaction`.
    pub series: String,
    /// 1 for the first.
    pub order: usize,
    /// Share of the voxels with p < .05, 0 to 1.
    pub share: f64,
    /// The share that it must exceed: the largest among the shifted columns.
    pub threshold: f64,
    /// Whether it is in the model.
    pub kept: bool,
}
