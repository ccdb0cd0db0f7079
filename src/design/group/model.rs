//! What a table is analysed by.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A model: in words, as a formula, or as a ready matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// One map a subject: is the mean 0?
    OneSample,
    /// Two maps a subject: is their difference 0?
    Paired,
    /// Two groups of subjects.
    TwoSample,
    /// Two groups and covariates.
    Ancova,
    /// Two groups, two maps a subject: does the change differ?
    #[serde(rename = "2x2-mixed")]
    Mixed2x2,
    /// Four maps a subject, as in a crossover of drug and condition.
    #[serde(rename = "2x2-within")]
    Within2x2,
    /// One factor within subjects, of any number of levels.
    OneWayRm,
    /// Two factors within subjects, of any number of levels.
    TwoWayRm,
    /// Covariates.
    Regression,
    /// Terms over the table's columns, as patsy and R write them; all maps are rows.
    Formula(String),
    /// A file with a row for each of the table's.
    Matrix(PathBuf),
}

impl Model {
    /// Those in words.
    pub const WORDS: [Model; 9] = [
        Model::OneSample,
        Model::Paired,
        Model::TwoSample,
        Model::Ancova,
        Model::Mixed2x2,
        Model::Within2x2,
        Model::OneWayRm,
        Model::TwoWayRm,
        Model::Regression,
    ];

    /// As on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Model::OneSample => "one-sample",
            Model::Paired => "paired",
            Model::TwoSample => "two-sample",
            Model::Ancova => "ancova",
            Model::Mixed2x2 => "2x2-mixed",
            Model::Within2x2 => "2x2-within",
            Model::OneWayRm => "one-way-rm",
            Model::TwoWayRm => "two-way-rm",
            Model::Regression => "regression",
            Model::Formula(text) => text,
            Model::Matrix(path) => path.to_str().unwrap_or("matrix"),
        }
    }

    /// How many levels the factor between subjects has, where the model has one.
    pub(super) fn n_groups(&self) -> Option<usize> {
        matches!(self, Model::TwoSample | Model::Ancova | Model::Mixed2x2).then_some(2)
    }

    /// How many factors there are within subjects.
    pub(super) fn n_within(&self) -> usize {
        match self {
            Model::Paired | Model::Mixed2x2 | Model::OneWayRm => 1,
            Model::Within2x2 | Model::TwoWayRm => 2,
            _ => 0,
        }
    }

    /// Whether each factor within subjects has two levels.
    pub(super) fn is_two_by_two(&self) -> bool {
        matches!(self, Model::Paired | Model::Mixed2x2 | Model::Within2x2)
    }
}
