//! Fills the QC page: what was found in a run's recording, and the maps of its proof.

use crate::error::Result;
use crate::physio::{Retroicor, rvt};
use crate::pipeline::inputs::Physiology;
use crate::pipeline::peak_table;
use crate::pipeline::provenance::Provenance;
use crate::recording::{Acquisition, Recording};
use crate::report::page::FileRead;
use crate::report::qc::{Qc, RunQc, SERIES_STEP_S, Series};

mod maps;

pub use maps::pictures;

/// The page of runs whose outputs have this provenance.
#[must_use]
pub fn of_provenance(provenance: &Provenance, title: String, runs: Vec<RunQc>) -> Qc {
    let read = provenance.inputs.iter().map(|input| FileRead {
        path: input.path.to_string_lossy().into_owned(),
        role: input.role.name().to_owned(),
        checksum: input.checksum.to_string(),
    });
    let made = provenance.outputs.iter().map(|o| o.name.to_string_lossy().into_owned());
    Qc {
        title,
        version: provenance.version.clone(),
        command_line: provenance.command_line.clone(),
        inputs: read.collect(),
        outputs: made.collect(),
        warnings: provenance.warnings.clone(),
        runs,
        maps: None,
    }
}

/// What was found in one run.
///
/// # Errors
/// Slice times that cannot be used.
pub fn of_run(found: &Physiology) -> Result<RunQc> {
    let Physiology { recording, retroicor, known, shown, moment_s, columns, apart } = found;
    let mut moments = shown.clone();
    moments.slice_times.get_or_insert_with(|| vec![*moment_s]);
    let names = &retroicor.groups.names;
    Ok(RunQc {
        name: recording.name.clone(),
        peaks: peak_table::of(retroicor, known),
        peak_file: None,
        summary: retroicor.summary.clone(),
        phases: retroicor.phases(&moments)?,
        rvt: rvt_of(recording, retroicor, shown),
        described: names.iter().map(|name| crate::physio::described(name)).collect(),
        columns: columns.clone(),
        design: None,
        confounds: Vec::new(),
        left_out: Vec::new(),
        apart: apart.clone(),
        chance: None,
        acquisition: shown.clone(),
        recording: recording.clone(),
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
