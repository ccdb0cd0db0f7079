//! What is asked of a table.

use serde::{Deserialize, Serialize};

use super::model::Model;
use crate::table::Table;

/// About what covariates are centred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Centre {
    /// Their mean over all subjects of the contrast.
    #[default]
    Overall,
    /// Their mean in each group.
    Group,
    /// Nothing: as they are.
    None,
}

/// What is asked of a table.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The model.
    pub model: &'a Model,
    /// What the file of [`Model::Matrix`] holds.
    pub matrix: Option<&'a Table>,
    /// The factor between subjects, where it is not the model's own choice.
    pub between: Option<&'a str>,
    /// The factors within subjects, likewise.
    pub within: &'a [String],
    /// Columns of numbers that enter the design.
    pub covariates: &'a [String],
    /// About what they are centred.
    pub centre: Centre,
    /// t contrasts over cells and covariates, or the names of the model's own; none: all of the model's own.
    pub contrasts: &'a [String],
    /// F contrasts.
    pub f_contrasts: &'a [String],
    /// Whether all maps share one error, with a column a subject.
    pub pooled: bool,
}
