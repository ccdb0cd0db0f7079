//! What `boldly trial` was asked to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Coordinates, GivenRegion};
use crate::trial::Plan;

/// `boldly trial`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointsSpec {
    /// The study: a folder with participants.tsv, phenotype/ and tables beside them.
    pub study: PathBuf,
    /// Tables that lie elsewhere; a plan calls them by their names, as it calls the study's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<PathBuf>,
    /// Maps whose regions' means are a table of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maps: Option<MapsOfTrial>,
    /// Folders in which `connect` wrote tables of edges, subject and session by their paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<PathBuf>,
    /// Pictures for the report, SVG or PNG.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<PathBuf>,
    /// What is analysed.
    pub plan: Plan,
}

/// A folder of maps, and the regions whose means are taken of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapsOfTrial {
    /// In which maps are found as `group` finds them, subject and session by their paths.
    pub folder: PathBuf,
    /// The contrast (`seed-NAME`: the seed) whose maps are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The regions.
    pub regions: Vec<GivenRegion>,
    /// What the user says of their coordinates, as of a group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
}

impl MapsOfTrial {
    /// How a plan calls the table of their means.
    pub const TABLE: &str = "maps";
}
