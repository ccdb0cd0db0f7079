//! Haemodynamic response models: from the events of one condition to its design columns.
//!
//! Canonical response: h(t) = gamma(t; 6) - gamma(t; 16) / 6, t in seconds, unit dispersions (SPM's p = [6 16 1 1 6 0
//! 32]), scaled to sum 1. A regressor is (boxcar * h)(t_v) at the frame times t_v.
//!
//! - [`Model::Spm`]: bins of dt = TR / 16 counted from the first frame time; an event fills round(duration / dt) + 1 bins from
//!   the nearest bin to its onset with its amplitude, or with amplitude / dt where all durations of the condition are
//!   zero; sampled at the frame times given, that is at SPM's T0 = 1. [`MicroTime`] sets another T0:
//!   SPM's own default T0 = 8 samples 7/16 TR later. Unlike SPM, which begins 2 TR before the run, earlier events count in full.
//!   Derivatives: h(t) - h(t - 1 s), and (h - h with dispersion 1.01) / 0.01, orthogonalised as basis functions and, as SPM does
//!   within a condition, as regressors.
//! - [`Model::SpmNilearn`], [`Model::Glover`]: nilearn's convention: 50 bins a TR from 24 s before the run, events of less than a bin fill
//!   one bin with height 1, gamma densities begin one bin late, undershoot ratio 0.167 (Glover: 12 s, dispersions 0.9, ratio
//!   0.48), linear interpolation at the frame times. Derivatives (steps 0.1 s and 0.01) are orthogonalised as regressors.
//! - [`Model::Fir`], [`Model::Stimulus`]: nilearn's `fir` and `None`, on the same bins.
//! - [`Model::Block`], [`Model::Gamma`], [`Model::Spmg`]: AFNI's, and [`Model::Own`]: exact at every moment.
//!
//! Source: Friston et al. 1998; Glover 1999; conventions checked by number against SPM's designs in nipy (spm_dmtx.npz, TR 1, T0 2)
//! and nilearn 0.14.1 (`tests/oracles/design.py`); AFNI's from its help text.

use ndarray::Array2;

use super::events::Event;
use crate::error::{Error, Result};

mod continuous;
mod grid;
mod nilearn;
mod own;
mod spm;
mod text;

pub(super) use grid::orthogonalise;
pub use own::Sampled;
pub use spm::spm_basis;

/// Which response, by which convention.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Model {
    /// SPM's canonical response on SPM's micro-time grid.
    #[default]
    Spm,
    /// nilearn's `spm`.
    SpmNilearn,
    /// nilearn's `glover`.
    Glover,
    /// nilearn's `fir`: a column a delay.
    Fir {
        /// Delays in TRs, each once.
        delays: Vec<usize>,
    },
    /// nilearn's `None`: the stimulus itself.
    Stimulus,
    /// AFNI's BLOCK.
    Block {
        /// 4, or 5 for BLOCK5.
        power: u8,
        /// Seconds that every event lasts; none: each its own, a response without end coming to 1 (dmUBLOCK).
        duration: Option<f64>,
        /// Of the response to one event; none or 0: as it is.
        peak: Option<f64>,
    },
    /// AFNI's GAM.
    Gamma {
        /// Exponent.
        p: f64,
        /// Seconds; the peak is at p q.
        q: f64,
        /// Seconds that every event lasts, the peak then being 1; none: each its own.
        duration: Option<f64>,
    },
    /// AFNI's SPMG1, SPMG2, SPMG3.
    Spmg {
        /// 1 to 3.
        functions: u8,
        /// Seconds that every event lasts, the peaks then being 1; none: each its own.
        duration: Option<f64>,
    },
    /// A response of one's own ([`Sampled`]).
    Own,
}

/// Which derivatives accompany the response; only canonical responses have some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Derivatives {
    /// The response only.
    #[default]
    None,
    /// Also `<condition>_derivative`.
    Time,
    /// Also `<condition>_derivative` and `<condition>_dispersion`.
    TimeDispersion,
}

impl Derivatives {
    /// Suffixes of the column names of one condition.
    #[must_use]
    pub fn suffixes(self) -> &'static [&'static str] {
        match self {
            Derivatives::None => &[""],
            Derivatives::Time => &["", "_derivative"],
            Derivatives::TimeDispersion => &["", "_derivative", "_dispersion"],
        }
    }
}

/// SPM's micro-time grid; only [`Model::Spm`] uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicroTime {
    /// Bins per TR (SPM's fMRI_T). 0 counts as 1.
    pub bins: usize,
    /// The bin of each TR at which the regressor is sampled, from 1 (SPM's fMRI_T0): 1 is the frame time itself. 0
    /// counts as 1.
    pub reference: usize,
}

impl Default for MicroTime {
    /// 16 bins, sampled at the frame times.
    fn default() -> MicroTime {
        MicroTime { bins: 16, reference: 1 }
    }
}

/// A response with all that its columns depend on; its text (`spm+derivative`, `fir:0-7`, `block:20,1`) is the option's and the
/// sidecar's.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Response {
    /// Which.
    pub model: Model,
    /// With which derivatives.
    pub derivatives: Derivatives,
    /// On which grid.
    pub micro_time: MicroTime,
}

impl From<Model> for Response {
    fn from(model: Model) -> Response {
        Response { model, ..Response::default() }
    }
}

/// Length of every canonical response in seconds.
const LENGTH_S: f64 = 32.0;

/// When a run was sampled.
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a> {
    /// Seconds, increasing, two or more.
    pub times: &'a [f64],
    /// Repetition time in seconds, above 0.
    pub tr: f64,
}

impl Response {
    /// Suffixes of the column names of one condition, one for each column.
    #[must_use]
    pub fn suffixes(&self) -> Vec<String> {
        match &self.model {
            Model::Spm | Model::SpmNilearn | Model::Glover => {
                self.derivatives.suffixes().iter().map(|&s| s.to_owned()).collect()
            }
            Model::Fir { delays } => delays.iter().map(|d| format!("_delay_{d}")).collect(),
            Model::Spmg { functions, .. } => {
                let all = Derivatives::TimeDispersion.suffixes();
                all.iter().take(usize::from(*functions)).map(|&s| s.to_owned()).collect()
            }
            Model::Stimulus | Model::Block { .. } | Model::Gamma { .. } | Model::Own => {
                vec![String::new()]
            }
        }
    }

    /// Seconds that every event lasts whatever its own duration is; none where each has its own.
    #[must_use]
    pub fn fixed_duration(&self) -> Option<f64> {
        match self.model {
            Model::Block { duration, .. }
            | Model::Gamma { duration, .. }
            | Model::Spmg { duration, .. } => duration,
            _ => None,
        }
    }

    /// Seconds after the end of an event at which its response is over, at most.
    #[must_use]
    pub fn lasts_s(&self, tr: f64, own: Option<&Sampled>) -> f64 {
        match &self.model {
            Model::Spm | Model::SpmNilearn | Model::Glover => LENGTH_S,
            Model::Fir { delays } => delays.iter().max().map_or(0.0, |&d| (d + 1) as f64 * tr),
            Model::Stimulus => 0.0,
            Model::Block { .. } => continuous::BLOCK_LENGTH_S,
            Model::Gamma { p, q, .. } => continuous::gamma_length_s(*p, *q),
            Model::Spmg { .. } => continuous::SPMG_LENGTH_S,
            Model::Own => own.and_then(|own| own.times_s.last().copied()).unwrap_or(0.0),
        }
    }

    /// The columns `[volume][response, derivatives..]` of the events of one condition. `own`: the response of [`Model::Own`].
    ///
    /// # Errors
    /// Bad data: an event of 0 s where a block lasts as long as its event; a response of one's own that is not there.
    pub fn columns(
        &self,
        events: &[&Event],
        frames: &Frames,
        own: Option<&Sampled>,
    ) -> Result<Array2<f64>> {
        let count = self.suffixes().len();
        let canonical = |response| {
            nilearn::columns(&nilearn::Kernels::Canonical(response, count), events, frames.times)
        };
        let columns = match &self.model {
            Model::Spm => spm::columns(count, self.micro_time, events, frames),
            Model::SpmNilearn => canonical(&nilearn::SPM),
            Model::Glover => canonical(&nilearn::GLOVER),
            Model::Fir { delays } => {
                nilearn::columns(&nilearn::Kernels::Delays(delays), events, frames.times)
            }
            Model::Stimulus => nilearn::columns(&nilearn::Kernels::Stimulus, events, frames.times),
            Model::Block { .. } | Model::Gamma { .. } | Model::Spmg { .. } | Model::Own => {
                self.check_continuous(events, own)?;
                continuous::columns(&self.model, own, events, frames.times)
            }
        };
        Ok(Array2::from_shape_fn((frames.times.len(), count), |(v, c)| columns[c][v]))
    }

    /// The columns `[response, derivatives..][time]` of the events of one condition at times of a finer step than a TR, `bins` a step,
    /// `tr` seconds a delay: of nilearn's responses alone, for a sampled version of them. `times`: evenly spaced, two or more.
    ///
    /// # Errors
    /// Internal: another response.
    pub fn on_grid(
        &self,
        events: &[&Event],
        times: &[f64],
        bins: usize,
        tr: f64,
    ) -> Result<Vec<Vec<f64>>> {
        let step = times.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
        let per_tr = ((tr / step) * bins as f64).round().clamp(1.0, 1e6) as usize;
        let bins = nilearn::Bins { per_step: bins.max(1), per_tr };
        let count = self.suffixes().len();
        let kernels = match &self.model {
            Model::SpmNilearn => nilearn::Kernels::Canonical(&nilearn::SPM, count),
            Model::Glover => nilearn::Kernels::Canonical(&nilearn::GLOVER, count),
            Model::Fir { delays } => nilearn::Kernels::Delays(delays),
            other => {
                let found = format!("is {other:?}");
                return Err(Error::internal("the response", found, "be one of nilearn's", ""));
            }
        };
        Ok(nilearn::columns_on(&kernels, events, times, bins))
    }

    fn check_continuous(&self, events: &[&Event], own: Option<&Sampled>) -> Result<()> {
        if self.model == Model::Own && own.is_none() {
            return Err(Error::internal("the response", "is not there", "be read", ""));
        }
        let lasts = matches!(self.model, Model::Block { duration: None, .. });
        match events.iter().find(|event| lasts && event.duration == 0.0) {
            None => Ok(()),
            Some(event) => Err(Error::bad_data(
                format!("event `{}` at {} s", event.trial_type, event.onset),
                "lasts 0 s, and a block of 0 s has no response",
                "last longer with --hrf block",
                "give every event a duration: --hrf block:1,1",
            )),
        }
    }
}
