//! What the QC page shows, as plain data: what was read, what was found in it, what the model holds, and maps of what the
//! correction did. Stories fill it; `report::qc` draws it.

use ndarray::Array2;

use crate::design::Design;
use crate::error::Result;
use crate::physio::{Peaks, Phases, PhysioSummary, Retroicor, rvt};
use crate::pipeline::peak_table;
use crate::pipeline::provenance::{Input, Provenance};
use crate::recording::{Acquisition, Recording};
use crate::volume::Grid;

mod maps;

/// Draws the page: `report::qc::page`, which stands above the stories and is handed to them.
pub type Page = fn(&Qc) -> Result<String>;

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
    pub inputs: Vec<Input>,
    /// Files written beside the page.
    pub outputs: Vec<String>,
    /// Warnings that were printed.
    pub warnings: Vec<String>,
    /// One a run.
    pub runs: Vec<RunQc>,
    /// Maps on slices; none where no image was corrected.
    pub maps: Option<MapsQc>,
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
pub struct MapsQc {
    /// Of all of them.
    pub grid: Grid,
    /// Grey image, `[voxel]`.
    pub background: Vec<f32>,
    /// The voxels that were computed; the cuts go through their middle. `[voxel]`
    pub inside: Vec<bool>,
    /// In the order of the page.
    pub maps: Vec<MapQc>,
}

/// One map.
#[derive(Debug, Clone)]
pub struct MapQc {
    /// What it shows, ASCII: `partial F, cardiac`.
    pub title: String,
    /// Its unit, degrees of freedom and the like, ASCII.
    pub note: String,
    /// What a reader should take from it, in a sentence.
    pub caption: String,
    /// `[voxel]`; what is not finite is not shown.
    pub values: Vec<f32>,
    /// The smallest |value| that shows.
    pub threshold: f32,
    /// The |value| at which the colours end.
    pub max: f32,
}

impl Qc {
    /// The page of runs whose outputs have this provenance.
    #[must_use]
    pub fn of_provenance(provenance: &Provenance, title: String, runs: Vec<RunQc>) -> Qc {
        Qc {
            title,
            version: provenance.version.clone(),
            command_line: provenance.command_line.clone(),
            inputs: provenance.inputs.clone(),
            outputs: provenance.images.clone(),
            warnings: provenance.warnings.clone(),
            runs,
            maps: None,
        }
    }
}

/// Seconds between the values of a series over the scan.
pub const SERIES_STEP_S: f64 = 1.0;

/// A recording on the run's time, what was made of it, and the peak table that was read.
pub struct Found<'a> {
    /// The recording.
    pub recording: Recording,
    /// Its beats, breaths and columns.
    pub retroicor: &'a Retroicor,
    /// Corrected by hand; empty where none was read.
    pub known: &'a Peaks,
}

/// What was found in one run. `columns`: those at one moment of each volume, `moment_s` seconds into it; phases are taken
/// at that moment where the slices' own times are not known.
///
/// # Errors
/// Slice times that cannot be used.
pub fn of_run(
    found: Found,
    acquisition: &Acquisition,
    moment_s: f64,
    columns: Array2<f64>,
) -> Result<RunQc> {
    let Found { recording, retroicor, known } = found;
    let mut moments = acquisition.clone();
    moments.slice_times.get_or_insert_with(|| vec![moment_s]);
    Ok(RunQc {
        name: recording.name.clone(),
        peaks: peak_table::of(retroicor, known),
        peak_file: None,
        summary: retroicor.summary.clone(),
        phases: retroicor.phases(&moments)?,
        rvt: rvt_of(&recording, retroicor, acquisition),
        described: retroicor.groups.names.iter().map(|n| super::physio::described(n)).collect(),
        columns,
        design: None,
        acquisition: acquisition.clone(),
        recording,
    })
}

/// RVT by peaks over the scan, where there are breaths enough.
fn rvt_of(
    recording: &Recording,
    retroicor: &Retroicor,
    acquisition: &Acquisition,
) -> Option<Series> {
    let breaths = retroicor.breaths.as_ref()?;
    let scan_s = acquisition.n_volumes as f64 * acquisition.tr;
    let times_s: Vec<f64> =
        (0..=(scan_s / SERIES_STEP_S) as usize).map(|k| k as f64 * SERIES_STEP_S).collect();
    let values = rvt(recording.respiratory.as_ref()?, breaths, &times_s, "").ok()?;
    Some(Series { times_s, values })
}
