//! What each command was asked to do, every value resolved: filled by the command line, kept in the sidecar, read back by
//! `verify`. Paths are as the user gave them; the sidecar holds them relative to itself.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::design::censor::Rules;
use crate::design::hrf::Response;
use crate::design::modulation::{Durations, Modulation};
use crate::design::{Drift, NaPolicy, Strategy};
use crate::io::physio::Format;
use crate::kernels::covariance::Scaling;
use crate::kernels::smooth::Kernel;
use crate::physio::Terms;

mod bids;
mod called;
mod connect;
mod endpoints;
mod files;
mod fixed;
mod group;
mod order;
mod out_type;
mod regions;
mod run;
mod task_times;

pub use bids::{
    AppLevel, BidsSpec, DEFAULT_DESC, DEFAULT_SPACE, FitOptions, Inference, LocalOfRuns,
    MADE_MODEL, MadeModel, Missing, PhysioFit, Wanted,
};
pub use called::{Called, MaskOfRuns};
pub use connect::{ConnectSpec, Estimator, Network};
pub use endpoints::{EndpointsSpec, MapsOfTrial};
pub use files::Role;
pub use fixed::{EstimateSpec, FixedSpec, WeighedSpec};
pub use group::{
    Correction, ErrorTerm, GroupSpec, GroupVariance, Inflated, PermuteOptions, TfceConvention,
};
pub use order::{Criterion, ModelBic, OrderChoice, OrderTest};
pub use out_type::OutType;
pub use regions::{Coordinates, GivenRegion, RegionOptions, SearchVolume, Shape};
pub use run::{EchoOptions, RecordOptions, RunSpec, SpentBy, SpentOptions};
pub use task_times::TaskTimes;

/// How columns are made from events and confounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DesignOptions {
    /// Column of the events that names their conditions, in place of trial_type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_type: Option<String>,
    /// Columns of the events that give durations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub durations: Vec<Durations>,
    /// Columns of the events that vary the height of a condition's response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modulate: Vec<Modulation>,
    /// Which volumes are left out of the fit; none: no rule was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censor: Option<Rules>,
    /// Confound columns, names or patterns.
    pub columns: Vec<String>,
    /// A set of confound columns that goes by a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// What an `n/a` in a used column does.
    pub na: NaPolicy,
    /// When task columns are sampled.
    #[serde(default, skip_serializing_if = "TaskTimes::is_metadata")]
    pub task_times: TaskTimes,
    /// Haemodynamic response.
    pub hrf: Response,
    /// Samples of a response of one's own, and the seconds from one to the next where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hrf_file: Option<ResponseFile>,
    /// Slow drift.
    pub drift: Drift,
    /// Physiological terms.
    pub terms: Terms,
    /// How their orders were chosen, where the run itself decided; `verify` fits the terms and chooses nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderChoice>,
}

/// A response of one's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseFile {
    /// Text: a column of values, or seconds and values.
    pub path: PathBuf,
    /// Seconds from one value to the next, where the file has no seconds.
    pub step_s: Option<f64>,
}

/// How volumes are smoothed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SmoothOptions {
    /// Full width at half maximum in mm; 0 copies.
    pub fwhm_mm: f64,
    /// How the Gaussian becomes weights.
    pub kernel: Kernel,
    /// Smooth within this mask.
    pub within: Option<PathBuf>,
}

/// The residuals' model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Independent, equal variance.
    Ols,
    /// First-order autoregressive, by restricted maximum likelihood at each voxel.
    Ar1,
    /// ARMA(1,1), by restricted maximum likelihood at each voxel.
    Arma11,
    /// First-order autoregressive as nilearn finds it.
    NilearnAr1,
}

impl Noise {
    /// As it is spelled on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Noise::Ols => "ols",
            Noise::Ar1 => "ar1",
            Noise::Arma11 => "arma11",
            Noise::NilearnAr1 => "nilearn-ar1",
        }
    }
}

/// How runs are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combining {
    /// Each run counts alike.
    #[default]
    Mean,
    /// By the inverse of its variance.
    Precision,
}

impl Combining {
    /// Whether it is the default, of which sidecars say nothing.
    fn is_mean(&self) -> bool {
        *self == Combining::Mean
    }
}

/// FWHM in voxels that smooths rho within the mask: a sigma of one voxel.
pub const RHO_FWHM_VOX: f64 = 2.355;

/// Degrees of freedom that must be left where nothing else is said: variances of fewer are hardly known.
pub const MIN_DOF: f64 = 10.0;

fn min_dof() -> f64 {
    MIN_DOF
}

fn is_min_dof(dof: &f64) -> bool {
    *dof == MIN_DOF
}

/// `boldly glm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlmSpec {
    /// The runs; more than one are combined by fixed effects.
    pub runs: Vec<RunSpec>,
    /// Columns.
    pub design: DesignOptions,
    /// Limits the fit; without it a mask is made from the mean image.
    pub mask: Option<PathBuf>,
    /// Smoothing before the fit.
    pub smooth: SmoothOptions,
    /// What effects are measured in; sidecars without it are of the image's units.
    #[serde(default)]
    pub scaling: SignalScale,
    /// Whether p of t counts both tails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_sided: bool,
    /// t contrasts, `name=expression` or an expression.
    pub contrasts: Vec<String>,
    /// F contrasts, `name=row; row`.
    pub f_contrasts: Vec<String>,
    /// Residuals.
    pub noise: Noise,
    /// Full width at half maximum, in voxels, that smooths rho within the mask; 0 leaves each voxel its own.
    #[serde(default, skip_serializing_if = "is_none")]
    pub rho_fwhm_vox: f64,
    /// How runs are combined.
    #[serde(default, skip_serializing_if = "Combining::is_mean")]
    pub combine: Combining,
    /// Whether maps of the fit itself are written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maps: bool,
    /// Whether a run that does not determine a contrast is left out of it; else it is an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_missing: bool,
    /// Degrees of freedom that must be left of a run that lacks volumes; more than [`MIN_DOF`] of any.
    #[serde(default = "min_dof", skip_serializing_if = "is_min_dof")]
    pub min_dof: f64,
    /// Whether its residuals are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub residuals: bool,
    /// Columns of each voxel's own.
    #[serde(default, skip_serializing_if = "VoxelwiseOptions::is_empty")]
    pub voxelwise: VoxelwiseOptions,
    /// Regions whose mean series are fitted too.
    #[serde(default, skip_serializing_if = "RegionOptions::is_empty")]
    pub roi: RegionOptions,
    /// Whether a page of the whole analysis is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report: bool,
}

/// Columns of each voxel's own beside the design.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VoxelwiseOptions {
    /// 4-D images of regressors, on the runs' grid, `[run][column]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Vec<PathBuf>>,
    /// The local mean of white matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalMeanOptions>,
}

impl VoxelwiseOptions {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.images.iter().all(Vec::is_empty) && self.local.is_none()
    }
}

/// The mean of the run over the voxels of a mask within a radius.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalMeanOptions {
    /// White matter, eroded.
    pub mask: PathBuf,
    /// Between voxel centres.
    pub radius_mm: f64,
}

/// Of a smoothing that is none sidecars say nothing.
fn is_none(fwhm: &f64) -> bool {
    *fwhm == 0.0
}

/// What effects are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalScale {
    /// Percent of each voxel's mean.
    Psc,
    /// As the mean over the mask were this.
    GrandMean(f64),
    /// The units of the image.
    #[default]
    None,
}

impl SignalScale {
    /// The units of an effect.
    #[must_use]
    pub fn units(self) -> String {
        match self {
            SignalScale::Psc => "percent signal change".to_owned(),
            SignalScale::GrandMean(to) => format!("grand mean {to}"),
            SignalScale::None => "arbitrary".to_owned(),
        }
    }

    /// The same as a sentence says it, behind `in`.
    #[must_use]
    pub fn said(self) -> String {
        match self {
            SignalScale::Psc => "percent signal change".to_owned(),
            SignalScale::GrandMean(to) => format!("units of a grand mean of {to}"),
            SignalScale::None => "arbitrary units".to_owned(),
        }
    }
}

/// `boldly retroicor` of one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetroicorSpec {
    /// The run.
    pub run: RunSpec,
    /// Columns fitted jointly (only the physiological part is subtracted).
    pub design: DesignOptions,
    /// Where echoes are compared, where no maps are asked for that have a mask of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<PathBuf>,
    /// Maps that show what the correction brought; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofOptions>,
    /// How the corrected run is stored.
    #[serde(default, skip_serializing_if = "OutType::is_float32")]
    pub out_type: OutType,
    /// Degrees of freedom that must be left, as in [`GlmSpec`].
    #[serde(default = "min_dof", skip_serializing_if = "is_min_dof")]
    pub min_dof: f64,
}

impl RetroicorSpec {
    /// The mask that was given.
    #[must_use]
    pub fn given_mask(&self) -> Option<&Path> {
        let of_proof = self.proof.as_ref().and_then(|proof| proof.mask.as_deref());
        of_proof.or(self.mask.as_deref())
    }
}

/// Maps of what a correction brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct ProofOptions {
    /// Limits the maps; without it a mask is made from the mean image.
    pub mask: Option<PathBuf>,
}

/// `boldly smooth`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SmoothSpec {
    /// The 4-D image.
    pub bold: PathBuf,
    /// How.
    pub smooth: SmoothOptions,
    /// How the smoothed run is stored.
    #[serde(default, skip_serializing_if = "OutType::is_float32")]
    pub out_type: OutType,
}

/// How many principal components become columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The first so many.
    Count(usize),
    /// As many as explain this share of the variance, above 0 and below 1.
    Share(f64),
}

/// `boldly confounds`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfoundsSpec {
    /// The 4-D image.
    pub bold: PathBuf,
    /// A BIDS sidecar that takes the place of the inherited ones.
    pub sidecar: Option<PathBuf>,
    /// Repetition time in seconds; overrules sidecar and header.
    pub tr: Option<f64>,
    /// Cerebrospinal fluid: a mask, or probabilities.
    pub csf: Option<PathBuf>,
    /// White matter: a mask, or probabilities.
    pub white_matter: Option<PathBuf>,
    /// The brain, for its mean and tCompCor.
    pub mask: Option<PathBuf>,
    /// Probability from which on a voxel is in a tissue.
    pub threshold: f64,
    /// Layers of voxels taken off CSF and off white matter.
    pub erode: [usize; 2],
    /// Longest period that stays in the series before the components are found, seconds; none leaves drift in.
    pub high_pass_s: Option<f64>,
    /// Whether voxels of a large variance weigh more.
    pub scaling: Scaling,
    /// Components of CSF, of white matter and of both.
    pub acompcor: Option<Keep>,
    /// Components of the most variable voxels of the brain.
    pub tcompcor: Option<Keep>,
    /// Share of the brain's voxels that are the most variable.
    pub variable_share: f64,
    /// Which volumes the components are found without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censor: Option<Rules>,
    /// Volumes that they are found without, listed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censored: Option<PathBuf>,
    /// A table or file of the motion that censoring goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<PathBuf>,
    /// Whether DVARS become columns.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dvars: bool,
}

/// `boldly physio`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct PhysioSpec {
    /// Recordings of the run.
    pub physio: Vec<PathBuf>,
    /// How they are read: one for each, one for all, or none where they tell themselves.
    pub physio_formats: Vec<Format>,
    /// How they are placed on the run's time, and corrected beats.
    pub record: RecordOptions,
    /// Which columns.
    pub terms: Terms,
    /// The run, for its number of volumes, TR and slice times; without it `tr` and `volumes` say so.
    pub bold: Option<PathBuf>,
    /// A BIDS sidecar in place of the inherited ones.
    pub sidecar: Option<PathBuf>,
    /// Slice times in seconds, one a plane.
    pub slice_times: Option<PathBuf>,
    /// Repetition time in seconds.
    pub tr: Option<f64>,
    /// Volumes of the run, where no image says it.
    pub volumes: Option<usize>,
}

/// A command whose outputs can be verified, as its sidecar keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Command {
    /// First-level model.
    Glm(GlmSpec),
    /// Physiological correction.
    Retroicor(RetroicorSpec),
    /// Smoothing.
    Smooth(SmoothSpec),
    /// Tissue means and CompCor.
    Confounds(ConfoundsSpec),
    /// Physiological regressors.
    Physio(PhysioSpec),
    /// Group inference.
    Group(GroupSpec),
    /// Connectivity.
    Connect(ConnectSpec),
    /// A trial's endpoints.
    Trial(EndpointsSpec),
    /// Fixed effects over finished estimates.
    Fixed(FixedSpec),
}

impl Default for DesignOptions {
    fn default() -> DesignOptions {
        DesignOptions {
            trial_type: None,
            durations: Vec::new(),
            modulate: Vec::new(),
            columns: Vec::new(),
            strategy: None,
            censor: None,
            na: NaPolicy::Error,
            task_times: TaskTimes::default(),
            hrf: Response::default(),
            hrf_file: None,
            drift: Drift::default(),
            terms: Terms::HARVEY,
            order: None,
        }
    }
}
