//! What the QC page shows, as plain data: what was read, what was found in it, what the model holds, and maps of what the
//! correction did.

use std::sync::Arc;

use ndarray::Array2;

use crate::design::Design;
use crate::design::censor::LeftOut;
use crate::physio::{BeyondChance, Peaks, Phases, PhysioSummary};
use crate::recording::{Acquisition, Recording};
use crate::report::page::FileRead;
use crate::volume::Grid;

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct Qc {
    /// What the page is about: the run's name.
    pub title: String,
    /// Version that made it.
    pub version: String,
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// Files read.
    pub inputs: Vec<FileRead>,
    /// Files written beside the page.
    pub outputs: Vec<String>,
    /// Warnings that were printed.
    pub warnings: Vec<String>,
    /// One a run.
    pub runs: Vec<RunQc>,
    /// Maps on slices; none where no image was corrected.
    pub maps: Option<Pictures>,
}

/// One run's recording and columns.
#[derive(Debug, Clone)]
pub struct RunQc {
    /// What headings call it.
    pub name: String,
    /// The recording on the run's time.
    pub recording: Recording,
    /// When the run was acquired.
    pub acquisition: Acquisition,
    /// Beats and breaths with their status.
    pub peaks: Peaks,
    /// The peak table beside the page, to be corrected by hand; none where none was written.
    pub peak_file: Option<String>,
    /// What was found.
    pub summary: PhysioSummary,
    /// At each slice's own time, or one column at the frame times where slice times are not known.
    pub phases: Phases,
    /// Respiration volume per time; none where it is not defined.
    pub rvt: Option<Series>,
    /// Physiological columns at one moment of each volume, `[volume][column]`.
    pub columns: Array2<f64>,
    /// What each of them is, in words.
    pub described: Vec<String>,
    /// Task, confounds and drift; none where the command has no design.
    pub design: Option<Design>,
    /// Which of its columns are confounds.
    pub confounds: Vec<String>,
    /// Volumes that are left out of the fit, and why.
    pub left_out: Vec<LeftOut>,
    /// Entities of the recording that contradict those of the image; none where their names have none in common.
    pub apart: Option<Vec<String>>,
    /// Whether the recording explains the run more than chance; none where no image was looked at.
    pub chance: Option<BeyondChance>,
}

/// A quantity over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Seconds relative to the first volume, increasing.
    pub times_s: Vec<f64>,
    /// Not finite where it is not defined.
    pub values: Vec<f64>,
}

/// Maps over one grey image.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// Of all of them.
    pub grid: Grid,
    /// Grey image, `[voxel]`.
    pub background: Vec<f32>,
    /// The voxels that were computed; the cuts go through their middle. `[voxel]`
    pub inside: Vec<bool>,
    /// In the order of the page.
    pub maps: Vec<Picture>,
}

/// One map.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What it shows, Latin-1: `partial F, cardiac`.
    pub title: String,
    /// Its unit, degrees of freedom and the like, Latin-1.
    pub note: String,
    /// What a reader should take from it, in a sentence.
    pub caption: String,
    /// `[voxel]`; what is not finite is not shown.
    pub values: Arc<Vec<f32>>,
    /// The smallest |value| that shows.
    pub threshold: f32,
    /// The |value| at which the colours begin; that of the threshold or below.
    pub floor: f32,
    /// The |value| at which the colours end.
    pub max: f32,
}

/// Seconds between the values of a series over the scan.
pub const SERIES_STEP_S: f64 = 1.0;
