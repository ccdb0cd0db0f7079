//! What `boldly trial` was asked to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::trial::Plan;

/// `boldly trial`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointsSpec {
    /// The study: a folder with participants.tsv, phenotype/ and tables beside them.
    pub study: PathBuf,
    /// Tables that lie elsewhere; a plan calls them by their names, as it calls the study's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<PathBuf>,
    /// Pictures for the report, SVG or PNG.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<PathBuf>,
    /// What is analysed.
    pub plan: Plan,
}
