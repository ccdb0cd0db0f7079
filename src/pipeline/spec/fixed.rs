//! Fixed effects of finished estimates: what a node of type `meta` asks.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Combining;
use crate::design::contrast::without_hyphens;
use crate::design::label;
use crate::error::Result;

/// Fixed effects over estimates whose variances are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixedSpec {
    /// The estimates, a row of the design each.
    pub estimates: Vec<EstimateSpec>,
    /// Names of the design's columns.
    pub columns: Vec<String>,
    /// `[estimate][column]`
    pub design: Vec<Vec<f64>>,
    /// What is asked of the columns.
    pub contrasts: Vec<WeighedSpec>,
    /// How estimates count.
    #[serde(default, skip_serializing_if = "Combining::is_mean")]
    pub combine: Combining,
    /// Whether p of t counts both tails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_sided: bool,
}

impl FixedSpec {
    /// The contrasts as file names say them; a hyphen within a column's name is no minus.
    ///
    /// # Errors
    /// Usage: names without a letter, or two of one label.
    pub fn labels(&self) -> Result<Vec<String>> {
        let spoken = |name: &String| without_hyphens(name, &self.columns);
        let all = self.contrasts.iter().map(|contrast| spoken(&contrast.name));
        label::labels(&all.collect::<Vec<_>>())
    }
}

/// A finished estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimateSpec {
    /// Its map.
    pub effect: PathBuf,
    /// The map of its variance.
    pub variance: PathBuf,
}

/// A contrast by its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeighedSpec {
    /// Its name.
    pub name: String,
    /// `[row][column]`; of t one row.
    pub weights: Vec<Vec<f64>>,
    /// Whether it is an F test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_f: bool,
}
