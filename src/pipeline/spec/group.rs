//! What `boldly group` was asked to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Coordinates, GivenRegion, RegionOptions};
use crate::design::group::{Centre, Model};

/// `boldly group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupSpec {
    /// The table of maps, a row a map; its paths are relative to it.
    pub table: PathBuf,
    /// The first-level contrast, where the table names folders of `boldly glm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The model.
    pub model: Model,
    /// The factor between subjects, where it is not the model's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<String>,
    /// The factors within subjects, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// Columns of numbers that enter the design.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<String>,
    /// About what they are centred.
    #[serde(default)]
    pub centre: Centre,
    /// What error a contrast is held against.
    #[serde(default)]
    pub error: ErrorTerm,
    /// How the errors' variance is found.
    #[serde(default)]
    pub variance: GroupVariance,
    /// What the variance of mixed effects is multiplied by.
    #[serde(default, skip_serializing_if = "Inflated::is_default")]
    pub inflated: Inflated,
    /// t contrasts; with no F contrast either, the model's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrasts: Vec<String>,
    /// F contrasts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub f_contrasts: Vec<String>,
    /// Limits the analysis; without it all voxels that every map has.
    pub mask: Option<PathBuf>,
    /// The least number of subjects at a voxel; without it all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_subjects: Option<usize>,
    /// Whether a 0 in a map is a value; else it is taken for a voxel outside the subject's brain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zeros_count: bool,
    /// Whether p of t counts both tails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_sided: bool,
    /// Whether maps of effect sizes with their limits are written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sizes: bool,
    /// Which voxels touch: 6, 18 or 26.
    pub touch: u8,
    /// The uncorrected p from which on voxels are in the table of clusters.
    pub table_p: f64,
    /// A labelled image that names where peaks are, and whose regions are tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atlas: Option<PathBuf>,
    /// Names of its labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atlas_names: Option<PathBuf>,
    /// Shapes, masks, tables of them and labelled images whose means are tested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<GivenRegion>,
    /// Names of the labels of images among regions and search volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_names: Option<PathBuf>,
    /// What the user says of the coordinates of regions and search volumes; none: those of a template, which maps in subjects' own spaces do not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// How far regions are moved along x, y and z to see how much hangs on their place, mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift_mm: Option<f64>,
    /// Corrections without rearranging.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// Parts of the brain that were chosen beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<GivenRegion>,
    /// An image of the anatomy, below the statistic in pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlay: Option<PathBuf>,
    /// Whether no pictures are drawn, and no page of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_pictures: bool,
    /// Whether the page has live viewers of its maps, and the methods in words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report: bool,
    /// p by rearrangement of the subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permute: Option<PermuteOptions>,
}

/// How p is found by rearrangement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermuteOptions {
    /// The most rearrangements, the observed one among them; all that there are where they are no more.
    pub n: u64,
    /// Of random ones.
    pub seed: u64,
    /// A column of blocks within which, or as which, subjects are exchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<String>,
    /// Whether blocks are exchanged as a whole; else what is within them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Threshold-free cluster enhancement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tfce: Option<TfceConvention>,
    /// The uncorrected p that forms clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_p: Option<f64>,
    /// Whether corrected p holds for all contrasts together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub across: bool,
    /// Whether small corrected p come from a generalised Pareto tail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pareto: bool,
    /// Part k of n alone, to be joined with the others later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<[u64; 2]>,
}

impl PermuteOptions {
    /// So many at most, and the largest statistic alone.
    #[must_use]
    pub fn new(n: u64, seed: u64) -> PermuteOptions {
        PermuteOptions {
            n,
            seed,
            blocks: None,
            whole: false,
            tfce: None,
            cluster_p: None,
            across: false,
            pareto: false,
            shard: None,
        }
    }
}

/// A correction of p for all voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Correction {
    /// False discovery rate, Benjamini and Hochberg.
    Fdr,
    /// The same whatever the dependence, Benjamini and Yekutieli.
    Fdry,
    /// Family-wise.
    Bonferroni,
    /// Family-wise, step by step.
    Holm,
    /// Family-wise, height and extent of clusters by random fields.
    Rft,
}

impl GroupSpec {
    /// Whether p are corrected for the number of voxels in any way.
    #[must_use]
    pub fn corrects(&self) -> bool {
        self.permute.is_some() || !self.corrections.is_empty() || !self.volumes.is_empty()
    }

    /// What `boldly group` takes where nothing else is said.
    #[must_use]
    pub fn new(table: PathBuf, model: Model) -> GroupSpec {
        GroupSpec {
            table,
            of: None,
            model,
            between: None,
            within: Vec::new(),
            covariates: Vec::new(),
            centre: Centre::default(),
            error: ErrorTerm::default(),
            variance: GroupVariance::default(),
            inflated: Inflated::default(),
            contrasts: Vec::new(),
            f_contrasts: Vec::new(),
            mask: None,
            least_subjects: None,
            zeros_count: false,
            two_sided: false,
            sizes: false,
            touch: 6,
            table_p: 0.001,
            atlas: None,
            atlas_names: None,
            regions: Vec::new(),
            region_names: None,
            coordinates: None,
            shift_mm: None,
            corrections: Vec::new(),
            volumes: Vec::new(),
            underlay: None,
            no_pictures: false,
            report: false,
            permute: None,
        }
    }

    /// The regions that are named beside the atlas's, and how they are taken.
    #[must_use]
    pub fn region_options(&self) -> RegionOptions {
        let (coordinates, shift_mm) = (self.coordinates, self.shift_mm);
        let (given, names) = (self.regions.clone(), self.region_names.clone());
        RegionOptions { given, names, csf: None, coordinates, shift_mm }
    }

    /// The uncorrected p that forms clusters.
    #[must_use]
    pub fn forming_p(&self) -> f64 {
        self.permute.as_ref().and_then(|options| options.cluster_p).unwrap_or(self.table_p)
    }
}

/// How TFCE sums over heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TfceConvention {
    /// The integral.
    Exact,
    /// Hundredths of the observed map's greatest height, not multiplied by the step.
    Fsl,
    /// Hundredths of each map's greatest height, not multiplied by the step.
    Nilearn,
}

/// What error a contrast is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorTerm {
    /// Its own: how much the contrast varies between subjects.
    #[default]
    Partitioned,
    /// One for all maps, with a column a subject.
    Pooled,
}

/// How the errors' variance is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupVariance {
    /// The same in all groups.
    #[default]
    Equal,
    /// Each group's own (Welch).
    Welch,
    /// The sum of each subject's own, which is known, and that between subjects (restricted maximum likelihood).
    Mixed,
}

/// What the variance of a mixed effect is multiplied by (Knapp and Hartung 2003): q = sum w e^2 / (n - p).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inflated {
    /// q.
    #[default]
    KnappHartung,
    /// q, or 1 where it is less.
    AtLeastOne,
    /// 1.
    Not,
}

impl Inflated {
    fn is_default(&self) -> bool {
        *self == Inflated::default()
    }
}
