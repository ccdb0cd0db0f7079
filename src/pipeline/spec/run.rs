//! A run: its image, and the files and options that belong to it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::io::physio::Format;
use crate::physio::{Align, Treatment};
use crate::stats::decay::{Fit, Good};

/// One run and what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct RunSpec {
    /// The 4-D image.
    pub bold: PathBuf,
    /// The echoes that are combined with it to one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echoes: Option<Box<EchoOptions>>,
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
    /// What its first columns are at the time of each slice, in place of what they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design_slices: Option<PathBuf>,
    /// Tables of confounds, one row a volume.
    pub confounds: Vec<PathBuf>,
    /// Volumes that are left out of the fit, listed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censored: Option<PathBuf>,
    /// Physiological logs of this run (one, or one each for pulse and breathing).
    pub physio: Vec<PathBuf>,
    /// How they are placed on the run's time, and corrected beats.
    #[serde(default)]
    pub record: RecordOptions,
    /// How the logs are read: one for each, one for all, or none where they tell themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub physio_formats: Vec<Format>,
    /// What a correction took out of the run before it was preprocessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Box<SpentOptions>>,
}

/// A correction that came before preprocessing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentOptions {
    /// The JSON that it wrote beside its corrected run.
    pub sidecar: PathBuf,
    /// How it is known to be this run's.
    pub by: SpentBy,
}

/// How a correction before preprocessing is known to be a run's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpentBy {
    /// It was given.
    Given,
    /// The preprocessed run names the corrected one as its source.
    Source,
    /// Names and folders alone: no source is at hand.
    Name,
}

impl RunSpec {
    /// Its image, and those of its other echoes.
    pub fn images(&self) -> impl Iterator<Item = PathBuf> {
        let others = self.echoes.iter().flat_map(|echoes| &echoes.others);
        std::iter::once(&self.bold).chain(others).cloned()
    }
}

/// The other echoes of a run, and how all are combined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EchoOptions {
    /// Their images.
    pub others: Vec<PathBuf>,
    /// Echo times of the run's image and of these, ms; none: those of the sidecars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times_ms: Option<Vec<f64>>,
    /// Which echoes are good.
    pub good: Good,
    /// How T2* is found.
    pub fit: Fit,
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
    /// What is done about what is wrong with the recording.
    #[serde(flatten)]
    pub treatment: Treatment,
}
