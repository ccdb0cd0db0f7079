//! What `boldly bids` was asked to do. It is not a command of its own: each of its units is one, and has a sidecar.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{
    Called, Combining, GroupSpec, MaskOfRuns, Noise, RecordOptions, RegionOptions, SignalScale,
    SmoothOptions, TaskTimes,
};
use crate::design::censor::Rules;
use crate::design::{Drift, Strategy};
use crate::io::physio::Format;
use crate::physio::Terms;

/// `boldly bids`.
#[derive(Debug, Clone, PartialEq)]
pub struct BidsSpec {
    /// The raw dataset.
    pub dataset: PathBuf,
    /// Where results go.
    pub out: PathBuf,
    /// Up to which level.
    pub level: AppLevel,
    /// The model's file, or, of one that is made, the name that it gets.
    pub model: PathBuf,
    /// What a model is made of where none is given.
    pub made: Option<MadeModel>,
    /// Datasets of derivatives, or folders of such; none: those in the dataset's `derivatives`.
    pub derivatives: Vec<PathBuf>,
    /// Subjects without `sub-`; none: all.
    pub participants: Vec<String>,
    /// Space of the images; none where images without a space are meant; by default the model's own, else [`DEFAULT_SPACE`].
    pub space: Option<Wanted>,
    /// `desc` of the images; by default `preproc`.
    pub desc: Option<Wanted>,
    /// Values allowed for entities of the images, long names.
    pub filter: BTreeMap<String, Vec<String>>,
    /// What a column of X that is not there does.
    pub missing_variable: Missing,
    /// What a contrast does whose columns or estimates are not there.
    pub missing_contrast: Missing,
    /// How runs are fitted.
    pub fit: FitOptions,
    /// How estimates count at nodes of type `meta`.
    pub combine: Combining,
    /// How nodes of the dataset test, but for their maps, model and contrasts; none: parametric, each voxel by itself.
    pub inference: Option<Inference>,
}

/// How nodes of the dataset test.
#[derive(Debug, Clone, PartialEq)]
pub struct Inference {
    /// As it was asked for.
    pub words: String,
    /// As `boldly group` takes it, but for maps, model and contrasts.
    pub test: Box<GroupSpec>,
}

/// The space where nothing else is said.
pub const DEFAULT_SPACE: &str = "MNI152NLin2009cAsym";
/// The `desc` of preprocessed runs.
pub const DEFAULT_DESC: &str = "preproc";

/// A model that is made: conditions convolved, confounds, runs to subjects by fixed effects, subjects to the dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeModel {
    /// Tasks.
    pub tasks: Vec<String>,
    /// t contrasts over conditions, `name=expression` or an expression.
    pub contrasts: Vec<String>,
    /// F contrasts.
    pub f_contrasts: Vec<String>,
    /// Which confounds.
    pub strategy: Strategy,
}

/// The name of a model that is made.
pub const MADE_MODEL: &str = "model-made_smdl.json";

/// What an entity must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This.
    Value(String),
    /// Not there.
    Nothing,
}

/// Levels of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppLevel {
    /// Runs alone.
    Run,
    /// Runs and sessions.
    Session,
    /// Up to subjects.
    Participant,
    /// All.
    Dataset,
}

/// What is done where something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// An error before any fit.
    Error,
    /// It is left out, and said.
    Skip,
}

/// How each run is fitted, as `boldly glm` does.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// Smoothing before the fit.
    pub smooth: SmoothOptions,
    /// What effects are measured in.
    pub scaling: SignalScale,
    /// Whether p of t counts both tails.
    pub two_sided: bool,
    /// Degrees of freedom that must be left of a run that lacks volumes.
    pub min_dof: f64,
    /// Residuals.
    pub noise: Noise,
    /// Full width at half maximum, in voxels, that smooths rho within the mask.
    pub rho_fwhm_vox: f64,
    /// Slow drift, beside what the model asks.
    pub drift: Drift,
    /// Volumes that are left out.
    pub censor: Option<Rules>,
    /// When task columns are sampled.
    pub task_times: TaskTimes,
    /// Whether recordings beside the raw runs become columns, and how.
    pub physio: Option<PhysioFit>,
    /// Whether maps of the fit are written.
    pub maps: bool,
    /// Whether residuals are written.
    pub residuals: bool,
    /// Images of regressors beside each run, columns of each voxel's own.
    pub voxelwise: Vec<Called>,
    /// The local mean of white matter.
    pub local: Option<LocalOfRuns>,
    /// Regions whose mean series are fitted too, the same in all runs.
    pub roi: RegionOptions,
}

/// The mean of each run over the voxels of its mask within a radius.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalOfRuns {
    /// White matter, eroded.
    pub mask: MaskOfRuns,
    /// Between voxel centres.
    pub radius_mm: f64,
}

/// How the recordings beside raw runs become columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PhysioFit {
    /// Which columns.
    pub terms: Terms,
    /// How each recording is placed on its run's time, and what is done about what is wrong with it.
    pub record: RecordOptions,
    /// What the logs do not tell; one for all.
    pub format: Option<Format>,
}
