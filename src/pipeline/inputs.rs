//! A run made ready: its image, when it was acquired, its design and its physiological columns, each named in errors by the
//! file it came from.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde_json::{Map, Value, json};

use crate::design::{self, Confounds, Design, DesignSpec};
use crate::error::{Error, Result};
use crate::io::physio::{Logs, Scan};
use crate::io::sidecar::Sidecar;
use crate::io::source::BoldSource;
use crate::io::{self, BoldFile, Header, Resampled};
use crate::physio::{Peaks, PhysioSummary, Retroicor, Terms};
use crate::pipeline::moment::{self, Moment};
use crate::pipeline::spec::{DesignOptions, RecordOptions, Role, RunSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{provenance, recordings};
use crate::recording::{Acquisition, Recording};
use crate::volume::{Grid, SliceGroups};

mod belongs;
mod echo;

pub use belongs::{apart, say_apart};
pub use echo::{Columns, echo};

/// Slice times this far apart differ by more than the scanner's clock (tics of 2.5 ms) rounds, seconds.
const SAME_SLICE_TIME_S: f64 = 0.005;

/// A run and all that its model needs.
pub struct Run {
    /// The image's file.
    pub path: PathBuf,
    /// Its header.
    pub header: Header,
    /// Its voxel grid.
    pub grid: Grid,
    /// Its volumes.
    pub n_volumes: usize,
    /// Its data: the file, or an adaptor over it.
    pub bold: Box<dyn BoldSource>,
    /// When its volumes and slices were acquired; none where nothing needed it and no TR is known.
    pub acquisition: Option<Acquisition>,
    /// Task, confounds, drift, constant.
    pub design: Design,
    /// What was done to the run's slices before; none on its native ones.
    pub resampled: Option<Resampled>,
    /// Which moment of each volume, and seconds into it, volume-wise columns hold; none where they are slice-wise.
    pub moment: Option<(Moment, f64)>,
    /// Its recordings and their columns.
    pub physio: Option<Physiology>,
    /// Degrees of freedom an earlier correction spent on this image, from its sidecar.
    pub dof_spent: f64,
    /// Files found beside those that the command names.
    pub found: Vec<(Role, PathBuf)>,
}

/// What became of a run's recordings.
#[derive(Debug, Clone)]
pub struct Physiology {
    /// On the run's time.
    pub recording: Recording,
    /// Beats, breaths, the columns of each slice time, and what was found. Of a run that was resampled one group, taken at
    /// the run's moment.
    pub retroicor: Retroicor,
    /// Peaks corrected by hand; empty where none were read.
    pub known: Peaks,
    /// When the run was acquired, with the slice times that were used; none where columns are volume-wise.
    pub shown: Acquisition,
    /// Seconds into each volume of `columns`.
    pub moment_s: f64,
    /// Columns at one moment of each volume, `[volume][column]`.
    pub columns: Array2<f64>,
    /// Entities of the recording that contradict those of the image; none where their names have none in common.
    pub apart: Option<Vec<String>>,
}

impl Run {
    /// Slice-dependent physiological columns.
    #[must_use]
    pub fn slices(&self) -> Option<&SliceGroups> {
        self.physio.as_ref().map(|physio| &physio.retroicor.groups)
    }

    /// What was found in the recordings.
    #[must_use]
    pub fn summary(&self) -> Option<&PhysioSummary> {
        self.physio.as_ref().map(|physio| &physio.retroicor.summary)
    }
}

/// Open a run and build its columns.
///
/// # Errors
/// What its files hold or lack.
pub fn open(spec: &RunSpec, options: &DesignOptions, watch: &dyn Watch) -> Result<Run> {
    let bold = BoldFile::open(&spec.bold)?;
    let sidecar = io::sidecar::find(&spec.bold, spec.sidecar.as_deref())?;
    let slice_times = spec.slice_times.as_deref().map(io::slice_times::read).transpose()?;
    let mut acquisition = io::acquisition(&bold, &sidecar, spec.tr, slice_times.as_deref());
    io::acquisition_notes(&bold, &sidecar, spec.tr).iter().for_each(|note| watch.note(note));
    let design = design(spec, options, &acquisition, bold.n_volumes, watch)?;
    let resampled = io::resampled(&bold, &sidecar);
    let mut run = Run {
        path: bold.path.clone(),
        header: bold.header.clone(),
        grid: bold.grid.clone(),
        n_volumes: bold.n_volumes,
        bold: Box::new(bold),
        acquisition: None,
        design,
        resampled,
        moment: None,
        physio: None,
        dof_spent: 0.0,
        found: sidecar.files.iter().map(|file| (Role::Sidecar, file.clone())).collect(),
    };
    if !spec.physio.is_empty() {
        let acquisition = acquisition.as_mut().map_err(|e| duplicate(e))?;
        let logs = read_logs(spec, &run, &sidecar, acquisition, watch)?;
        run.found.extend(logs.found.iter().map(|file| (Role::Physio, file.clone())));
        if let Some(Resampled { said_by, .. }) = &run.resampled {
            let (at, at_s) = moment::of_resampled(acquisition, &sidecar)?;
            watch.note(&format!(
                "physiology volume-wise, at {} ({at_s} s into each volume): the run was resampled, {said_by}",
                at.name()
            ));
            run.moment = Some((at, at_s));
        }
        let mut moments = acquisition.clone();
        if let Some((_, at_s)) = run.moment {
            moments.slice_times = Some(vec![at_s; run.grid.shape[2]]);
        }
        let mut physio = physiology(logs, &spec.record, &options.terms, moments, watch)?;
        if let Some((_, at_s)) = run.moment {
            (physio.shown.slice_times, physio.moment_s) = (None, at_s);
        }
        physio.apart = apart(&spec.bold, &spec.physio);
        say_apart(&physio, &spec.bold, watch);
        run.physio = Some(physio);
    }
    run.dof_spent = dof_spent(&spec.bold, run.physio.is_some(), watch)?;
    run.acquisition = acquisition.ok();
    Ok(run)
}

/// A ready design, or one from events and confounds.
fn design(
    spec: &RunSpec,
    options: &DesignOptions,
    acquisition: &Result<Acquisition>,
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Design> {
    if let Some(path) = &spec.design {
        let ready = design::from_table(&io::tsv::read(path)?, n_volumes)?;
        return match confounds(spec, options, n_volumes, watch)? {
            Some(confounds) => ready.with(&confounds),
            None => Ok(ready),
        };
    }
    let acquisition = acquisition.as_ref().map_err(duplicate)?;
    let from = if acquisition.start_time == 0.0 { "" } else { " (StartTime)" };
    let (start_s, tr) = (acquisition.start_time, acquisition.tr);
    watch.note(&format!("frame times: {start_s} s{from} + k x {tr} s"));
    from_events(spec, options, acquisition, n_volumes, watch)
}

/// The columns of a run's logs at the moments of its slices.
fn physiology(
    logs: Logs,
    record: &RecordOptions,
    terms: &Terms,
    moments: Acquisition,
    watch: &dyn Watch,
) -> Result<Physiology> {
    let (recording, mut retroicor, known) =
        recordings::columns(logs.recording, record, &moments, terms, watch)?;
    retroicor.summary.logs = logs.notes;
    // The slice times ascend, so this is the one in the middle.
    let columns = retroicor.groups.columns[retroicor.groups.columns.len() / 2].clone();
    let (shown, moment_s, apart) = (moments, 0.0, None);
    Ok(Physiology { recording, retroicor, known, shown, moment_s, columns, apart })
}

/// The run's physiological logs; slice times that only a log knows go into `acquisition`.
fn read_logs(
    spec: &RunSpec,
    run: &Run,
    sidecar: &Sidecar,
    acquisition: &mut Acquisition,
    watch: &dyn Watch,
) -> Result<Logs> {
    let scan = Scan {
        tr: acquisition.tr,
        n_volumes: acquisition.n_volumes,
        n_slices: run.resampled.is_none().then_some(run.grid.shape[2]),
        first_volume_of_day_s: sidecar.acquisition_time.as_ref().map(|t| t.value),
    };
    let logs = io::physio::read_run(&spec.physio, &spec.physio_formats, &scan)?;
    logs.notes.iter().for_each(|note| watch.note(note));
    let Some(timing) = &logs.timing else { return Ok(logs) };
    let file = display(&timing.file);
    match &acquisition.slice_times {
        Some(used) => {
            let pairs = used.iter().zip(&timing.slice_times);
            let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            if apart > SAME_SLICE_TIME_S {
                watch.warn(&format!(
                    "the slice times of {file} differ from those that are used by up to {:.1} ms; --slice-times {file} \
                     takes the scanner's own",
                    1000.0 * apart
                ));
            }
        }
        // A run that was resampled has no slice times any more.
        None if run.resampled.is_none() => {
            watch.note(&format!("slice times are those of {file}, slice 0 as the first plane"));
            acquisition.slice_times = Some(timing.slice_times.clone());
        }
        None => {}
    }
    Ok(logs)
}

/// An acquisition error is only raised by what needs the acquisition, possibly twice.
fn duplicate(error: &Error) -> Error {
    let Some(f) = error.fault() else { return Error::Interrupted };
    let make = match error {
        Error::MissingInput(_) => Error::missing_input,
        Error::Usage(_) => Error::usage,
        _ => Error::bad_data,
    };
    make(f.thing.clone(), f.found.clone(), f.expected.clone(), f.hint.clone())
}

fn from_events(
    spec: &RunSpec,
    options: &DesignOptions,
    acquisition: &Acquisition,
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Design> {
    let mut design = DesignSpec::new(acquisition.frame_times(), acquisition.tr);
    (design.hrf, design.drift) = (options.hrf, options.drift);
    if let Some(path) = &spec.events {
        let table = io::tsv::read(path)?;
        design.events = design::events::from_table(&table)?;
        design.events_name = table.name;
    }
    if let Some(confounds) = confounds(spec, options, n_volumes, watch)? {
        design.confounds = confounds;
    }
    design::build(&design)
}

/// The confound columns that are asked for.
fn confounds(
    spec: &RunSpec,
    options: &DesignOptions,
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Option<Confounds>> {
    let Some(path) = spec.confounds.first() else { return Ok(None) };
    if options.columns.is_empty() {
        return Err(Error::usage(
            "--confounds",
            format!("names {} but no column of it is asked for", display(path)),
            "come with --columns",
            "for example --columns 'trans_*,rot_*,csf'",
        ));
    }
    let tables = spec.confounds.iter().map(|p| io::tsv::read(p)).collect::<Result<Vec<_>>>()?;
    let chosen = design::confounds::select_among(&tables, &options.columns, n_volumes, options.na)?;
    watch.note(&format!("confounds ({}): {}", chosen.names.len(), chosen.names.join(", ")));
    Ok(Some(chosen))
}

/// The grid that all runs lie on.
///
/// # Errors
/// Bad data where one lies on another.
pub fn common_grid(runs: &[Run]) -> Result<Grid> {
    let first = &runs[0];
    for run in &runs[1..] {
        let (a, b) = (&first.grid, &run.grid);
        if a.shape != b.shape || a.affine_difference_mm(b) > 1e-3 {
            return Err(Error::bad_data(
                display(&run.path),
                format!("has shape {:?} or an affine other than the first run's", b.shape),
                format!("lie on the grid of {} ({:?})", display(&first.path), a.shape),
                "resample the runs to one grid",
            ));
        }
    }
    Ok(first.grid.clone())
}

/// What a run's options and files came to, for the sidecar.
#[must_use]
pub fn resolved(run: &Run) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("volumes".to_owned(), json!(run.n_volumes));
    values.insert("columns".to_owned(), json!(run.design.names));
    if let Some(a) = &run.acquisition {
        values.insert("repetition_time_s".to_owned(), json!(a.tr));
        values.insert("first_frame_time_s".to_owned(), json!(a.start_time));
        values.insert("slice_times_s".to_owned(), json!(a.slice_times));
    }
    if let Some(slices) = run.slices() {
        values.insert("slice_columns".to_owned(), json!(slices.names));
    }
    if let Some((moment, moment_s)) = run.moment {
        values.insert("volume_wise_at".to_owned(), json!(moment));
        values.insert("volume_wise_at_s".to_owned(), json!(moment_s));
    }
    values
}

/// BIDS fields that stay true of a corrected run.
#[must_use]
pub fn bids_fields(
    acquisition: Option<Acquisition>,
    resampled: Option<Resampled>,
) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(resampled) = resampled {
        if resampled.slice_timing_corrected {
            fields.insert("SliceTimingCorrected".to_owned(), json!(true));
        }
        fields.extend(resampled.space.map(|s| ("SpatialReference".to_owned(), json!(s))));
    }
    if let Some(a) = acquisition {
        fields.insert("RepetitionTime".to_owned(), json!(a.tr));
        fields.insert("StartTime".to_owned(), json!(a.start_time));
        if let Some(times) = &a.slice_times {
            fields.insert("SliceTiming".to_owned(), json!(times));
            fields.insert("SliceEncodingDirection".to_owned(), json!("k"));
        }
    }
    fields
}

/// What boldly's own sidecar beside the image says an earlier correction spent.
fn dof_spent(bold: &Path, corrected_again: bool, watch: &dyn Watch) -> Result<f64> {
    let Some(facts) = provenance::facts_beside(bold)? else { return Ok(0.0) };
    let spent = facts.dof_spent.unwrap_or(0.0);
    if spent > 0.0 && !facts.describe(bold) {
        watch.warn(&format!(
            "the sidecar beside {} describes another file; the {spent} degrees of freedom that it says were spent are not \
             counted",
            display(bold)
        ));
        return Ok(0.0);
    }
    if spent == 0.0 {
        return Ok(0.0);
    }
    if corrected_again {
        watch.warn(&format!(
            "{} was already corrected for physiology; --physio models it again, and the {spent} degrees of freedom \
             spent before are not counted twice",
            display(bold)
        ));
        return Ok(0.0);
    }
    watch.note(&format!("{spent} degrees of freedom were spent by an earlier correction"));
    Ok(spent)
}

/// Known columns for the joint fit of the physiological ones: task, confounds, drift, constant.
#[must_use]
pub fn common_columns(run: &Run) -> &Array2<f64> {
    &run.design.matrix
}

/// A path as messages show it.
#[must_use]
pub fn display(path: &Path) -> String {
    path.display().to_string()
}
