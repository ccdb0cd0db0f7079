//! What each command was asked to do, every value resolved: filled by the command line, kept in the sidecar, read back by
//! `verify`. Paths are as the user gave them; the sidecar holds them relative to itself.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::design::hrf::Model as Hrf;
use crate::design::{Drift, NaPolicy};
use crate::io::physio::Format;
use crate::kernels::smooth::Kernel;
use crate::physio::{Align, BadStretches, Terms};

/// One run and what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct RunSpec {
    /// The 4-D image.
    pub bold: PathBuf,
    /// A BIDS sidecar that takes the place of the inherited ones.
    pub sidecar: Option<PathBuf>,
    /// Slice times in seconds, one a plane; overrules the sidecar.
    pub slice_times: Option<PathBuf>,
    /// Repetition time in seconds; overrules sidecar and header.
    pub tr: Option<f64>,
    /// BIDS events.
    pub events: Option<PathBuf>,
    /// A ready design matrix, `[volume][regressor]` with column names.
    pub design: Option<PathBuf>,
    /// Confounds, one row a volume.
    pub confounds: Option<PathBuf>,
    /// Physiological logs of this run (one, or one each for pulse and breathing).
    pub physio: Vec<PathBuf>,
    /// How they are placed on the run's time, and corrected beats.
    #[serde(default)]
    pub record: RecordOptions,
    /// How the logs are read: one for each, one for all, or none where they tell themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub physio_formats: Vec<Format>,
}

/// How a recording is placed on the run's time, and what was corrected in it by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct RecordOptions {
    /// What says when the scan began.
    pub align: Align,
    /// Volumes dropped from the image's start.
    pub dummies: usize,
    /// Peak table whose beats take the place of detection.
    pub peaks: Option<PathBuf>,
    /// What becomes of acquisitions within flagged stretches.
    #[serde(default)]
    pub bad_stretches: BadStretches,
    /// Band of the breathing trace that is used, Hz; none: all of it.
    #[serde(default)]
    pub breath_band_hz: Option<(f64, f64)>,
}

/// How columns are made from events and confounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DesignOptions {
    /// Confound columns, names or patterns.
    pub columns: Vec<String>,
    /// What an `n/a` in a used column does.
    pub na: NaPolicy,
    /// Haemodynamic response.
    pub hrf: Hrf,
    /// Slow drift.
    pub drift: Drift,
    /// Physiological terms.
    pub terms: Terms,
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
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// Independent, equal variance.
    Ols,
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
    /// t contrasts, `name=expression` or an expression.
    pub contrasts: Vec<String>,
    /// F contrasts, `name=row; row`.
    pub f_contrasts: Vec<String>,
    /// Residuals.
    pub noise: Noise,
}

/// `boldly retroicor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetroicorSpec {
    /// The run.
    pub run: RunSpec,
    /// Columns fitted jointly (only the physiological part is subtracted).
    pub design: DesignOptions,
}

/// `boldly smooth`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SmoothSpec {
    /// The 4-D image.
    pub bold: PathBuf,
    /// How.
    pub smooth: SmoothOptions,
}

/// A command that makes images, as its sidecar keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Command {
    /// First-level model.
    Glm(GlmSpec),
    /// Physiological correction.
    Retroicor(RetroicorSpec),
    /// Smoothing.
    Smooth(SmoothSpec),
}

impl Command {
    /// The same command with every path changed.
    #[must_use]
    pub fn map_paths(mut self, change: &dyn Fn(&Path) -> PathBuf) -> Command {
        let each = |p: &mut PathBuf| *p = change(p);
        match &mut self {
            Command::Glm(spec) => {
                spec.runs.iter_mut().flat_map(RunSpec::paths_mut).for_each(each);
                spec.mask.iter_mut().chain(spec.smooth.within.iter_mut()).for_each(each);
            }
            Command::Retroicor(spec) => spec.run.paths_mut().into_iter().for_each(each),
            Command::Smooth(spec) => {
                each(&mut spec.bold);
                spec.smooth.within.iter_mut().for_each(each);
            }
        }
        self
    }
}

impl RunSpec {
    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let RunSpec {
            bold,
            sidecar,
            slice_times,
            tr: _,
            events,
            design,
            confounds,
            physio,
            record,
            physio_formats: _,
        } = self;
        let optional = [sidecar, slice_times, events, design, confounds, &mut record.peaks];
        let optional = optional.into_iter().filter_map(Option::as_mut);
        std::iter::once(bold).chain(optional).chain(physio).collect()
    }
}

impl Default for DesignOptions {
    fn default() -> DesignOptions {
        DesignOptions {
            columns: Vec::new(),
            na: NaPolicy::Error,
            hrf: Hrf::default(),
            drift: Drift::default(),
            terms: Terms::HARVEY,
        }
    }
}
