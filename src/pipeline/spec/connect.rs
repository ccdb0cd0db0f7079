//! `boldly connect`.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DesignOptions, Noise, RegionOptions, RunSpec, SmoothOptions, VoxelwiseOptions};

/// Correlations of regions with voxels and with each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectSpec {
    /// The runs, each by itself.
    pub runs: Vec<RunSpec>,
    /// Nuisance columns; none is a task's.
    pub design: DesignOptions,
    /// Nuisance columns of each voxel's own.
    #[serde(default, skip_serializing_if = "VoxelwiseOptions::is_empty")]
    pub voxelwise: VoxelwiseOptions,
    /// Limits maps and regions; without it a mask is made from the mean image.
    pub mask: Option<PathBuf>,
    /// Smoothing of the maps; series of regions are not smoothed.
    pub smooth: SmoothOptions,
    /// Residuals of the maps.
    pub noise: Noise,
    /// Full width at half maximum, in voxels, that smooths rho within the mask; 0 leaves each voxel its own.
    #[serde(default, skip_serializing_if = "super::is_none")]
    pub rho_fwhm_vox: f64,
    /// Regions with a map each.
    #[serde(default, skip_serializing_if = "RegionOptions::is_empty")]
    pub seeds: RegionOptions,
    /// Regions without one.
    #[serde(default, skip_serializing_if = "RegionOptions::is_empty")]
    pub regions: RegionOptions,
    /// Regions that go together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// The band that is kept, Hz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band_hz: Option<[f64; 2]>,
    /// What the matrix holds.
    #[serde(default)]
    pub estimator: Estimator,
    /// Whether the mean of the mask is a nuisance column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub global_signal: bool,
    /// Whether a seed's series is its first principal component, not its mean.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seed_first_pc: bool,
    /// Share of a region's voxels below which it is not known.
    pub min_coverage: f64,
    /// Degrees of freedom below which nothing is.
    pub min_dof: f64,
    /// White matter, a mask or probabilities: what regions are held against, beside the fluid of their options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub white_matter: Option<PathBuf>,
    /// Whether no pictures are drawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_pictures: bool,
}

/// What a matrix of regions holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// Correlations.
    #[default]
    R,
    /// Those given all other regions.
    Partial,
    /// Slopes of the column's region on the row's.
    Beta,
}

impl Estimator {
    /// How several runs come to one value.
    #[must_use]
    pub fn over(self, n_runs: usize) -> String {
        match self {
            Estimator::R | Estimator::Partial => {
                format!("the mean of Fisher's z over {n_runs} runs")
            }
            Estimator::Beta => format!("the mean over {n_runs} runs"),
        }
    }
}

/// Regions that go together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Names of regions, or patterns of them.
    pub nodes: Vec<String>,
}

impl FromStr for Network {
    type Err = String;

    /// `dmn=pcc,mpfc,angular_*`.
    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || "it must be name=region,region: dmn=pcc,mpfc,angular_*".to_owned();
        let (name, nodes) = text.split_once('=').ok_or_else(wrong)?;
        let nodes: Vec<String> = nodes.split(',').map(|node| node.trim().to_owned()).collect();
        let is_named = |text: &str| text.chars().any(char::is_alphanumeric);
        if !is_named(name) || nodes.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Network { name: name.trim().to_owned(), nodes })
    }
}
