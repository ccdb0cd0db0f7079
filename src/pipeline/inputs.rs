//! A run made ready: its image, when it was acquired, its design and its physiological columns, each named in errors by the
//! file it came from.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde_json::{Map, Value, json};

use crate::design::{self, Confounds, Design, DesignSpec};
use crate::error::{Error, Result};
use crate::io::bids::Name;
use crate::io::physio::{Logs, Scan};
use crate::io::sidecar::Sidecar;
use crate::io::{self, BoldFile, Resampled};
use crate::physio::PhysioSummary;
use crate::pipeline::moment::{self, Moment};
use crate::pipeline::qc::{self, Found, RunQc};
use crate::pipeline::recordings;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;
use crate::recording::Acquisition;
use crate::volume::SliceGroups;

mod echo;

pub use echo::echo;

/// Slice times this far apart differ by more than the scanner's clock (tics of 2.5 ms) rounds, seconds.
const SAME_SLICE_TIME_S: f64 = 0.005;

/// A run and all that its model needs.
#[derive(Debug)]
pub struct Run {
    /// The image.
    pub bold: BoldFile,
    /// When its volumes and slices were acquired; none where nothing needed it and no TR is known.
    pub acquisition: Option<Acquisition>,
    /// Task, confounds, drift, constant.
    pub design: Design,
    /// Slice-dependent physiological columns; of a run that was resampled one group, taken at `moment`.
    pub slices: Option<SliceGroups>,
    /// What was done to the run's slices before; none on its native ones.
    pub resampled: Option<Resampled>,
    /// Which moment of each volume, and seconds into it, volume-wise columns hold; none where they are slice-wise.
    pub moment: Option<(Moment, f64)>,
    /// What was found in the recordings.
    pub physio: Option<PhysioSummary>,
    /// The recordings for the QC page.
    pub qc: Option<RunQc>,
    /// Degrees of freedom an earlier correction spent on this image, from its sidecar.
    pub dof_spent: f64,
    /// Every file read beside the image, with its role.
    pub files: Vec<(&'static str, PathBuf)>,
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

    for note in io::acquisition_notes(&bold, &sidecar, spec.tr) {
        watch.note(&note);
    }

    let mut files: Vec<(&'static str, PathBuf)> = Vec::new();
    files.extend(sidecar.files.iter().map(|f| ("sidecar", f.clone())));
    for (role, path) in
        [("slice times", &spec.slice_times), ("events", &spec.events), ("design", &spec.design)]
    {
        files.extend(path.iter().map(|p| (role, p.clone())));
    }
    files.extend(spec.confounds.iter().map(|p| ("confounds", p.clone())));
    files.extend(spec.physio.iter().map(|p| ("physio", p.clone())));
    files.extend(spec.record.peaks.iter().map(|p| ("peaks", p.clone())));

    let design = match &spec.design {
        Some(path) => {
            let ready = design::from_table(&io::tsv::read(path)?, bold.n_volumes)?;
            match confounds(spec, options, &bold, watch)? {
                Some(confounds) => ready.with(&confounds)?,
                None => ready,
            }
        }
        None => {
            let acquisition = acquisition.as_ref().map_err(duplicate)?;
            let from = if acquisition.start_time == 0.0 { "" } else { " (StartTime)" };
            watch.note(&format!(
                "frame times: {} s{from} + k x {} s",
                acquisition.start_time, acquisition.tr
            ));
            from_events(spec, options, acquisition, &bold, watch)?
        }
    };
    let resampled = io::resampled(&bold, &sidecar);
    let (mut slices, mut summary, mut moment, mut of_page) = (None, None, None, None);
    if !spec.physio.is_empty() {
        let acquisition = acquisition.as_mut().map_err(|e| duplicate(e))?;
        let logs = read_logs(spec, &bold, &sidecar, acquisition, watch)?;
        files.extend(logs.found.iter().map(|p| ("physio", p.clone())));
        let recording = logs.recording;
        let mut moments = acquisition.clone();
        if let Some(Resampled { said_by, .. }) = &resampled {
            let (at, at_s) = moment::of_resampled(acquisition, &sidecar)?;
            watch.note(&format!(
                "physiology volume-wise, at {} ({at_s} s into each volume): the run was resampled, {said_by}",
                at.name()
            ));
            moments.slice_times = Some(vec![at_s; bold.grid.shape[2]]);
            moment = Some((at, at_s));
        }
        let (recording, retroicor, known) =
            recordings::columns(recording, &spec.record, &moments, &options.terms, watch)?;
        let found = Found { recording, retroicor: &retroicor, known: &known };
        let shown = Acquisition {
            slice_times: moments.slice_times.filter(|_| moment.is_none()),
            ..acquisition.clone()
        };
        // The slice times ascend, so this is the one in the middle.
        let middle = &retroicor.groups.columns[retroicor.groups.columns.len() / 2];
        let moment_s = moment.map_or(0.0, |(_, at_s)| at_s);
        of_page = Some(RunQc {
            name: Name::of(&spec.bold).prefix(),
            design: Some(design.clone()),
            ..qc::of_run(found, &shown, moment_s, middle.clone())?
        });
        slices = Some(retroicor.groups);
        summary = Some(PhysioSummary { logs: logs.notes, ..retroicor.summary });
    }
    let dof_spent = dof_spent(&spec.bold, slices.is_some(), watch)?;
    let acquisition = acquisition.ok();
    Ok(Run {
        bold,
        acquisition,
        design,
        slices,
        resampled,
        moment,
        physio: summary,
        qc: of_page,
        dof_spent,
        files,
    })
}

/// The run's physiological logs; slice times that only a log knows go into `acquisition`.
fn read_logs(
    spec: &RunSpec,
    bold: &BoldFile,
    sidecar: &Sidecar,
    acquisition: &mut Acquisition,
    watch: &dyn Watch,
) -> Result<Logs> {
    let scan = Scan {
        tr: acquisition.tr,
        n_volumes: acquisition.n_volumes,
        n_slices: io::resampled(bold, sidecar).is_none().then_some(bold.grid.shape[2]),
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
        None if io::resampled(bold, sidecar).is_none() => {
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
    bold: &BoldFile,
    watch: &dyn Watch,
) -> Result<Design> {
    let mut design = DesignSpec::new(acquisition.frame_times(), acquisition.tr);
    (design.hrf, design.drift) = (options.hrf, options.drift);
    if let Some(path) = &spec.events {
        let table = io::tsv::read(path)?;
        design.events = design::events::from_table(&table)?;
        design.events_name = table.name;
    }
    if let Some(confounds) = confounds(spec, options, bold, watch)? {
        design.confounds = confounds;
    }
    design::build(&design)
}

/// The confound columns that are asked for.
fn confounds(
    spec: &RunSpec,
    options: &DesignOptions,
    bold: &BoldFile,
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
    let (patterns, n_volumes) = (&options.columns, bold.n_volumes);
    let chosen = design::confounds::select_among(&tables, patterns, n_volumes, options.na)?;
    watch.note(&format!("confounds ({}): {}", chosen.names.len(), chosen.names.join(", ")));
    Ok(Some(chosen))
}

/// What a run's options and files came to, for the sidecar.
#[must_use]
pub fn resolved(run: &Run) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("volumes".to_owned(), json!(run.bold.n_volumes));
    values.insert("columns".to_owned(), json!(run.design.names));
    if let Some(a) = &run.acquisition {
        values.insert("repetition_time_s".to_owned(), json!(a.tr));
        values.insert("first_frame_time_s".to_owned(), json!(a.start_time));
        values.insert("slice_times_s".to_owned(), json!(a.slice_times));
    }
    if let Some(slices) = &run.slices {
        values.insert("slice_columns".to_owned(), json!(slices.names));
    }
    if let Some((moment, moment_s)) = run.moment {
        values.insert("volume_wise_at".to_owned(), json!(moment));
        values.insert("volume_wise_at_s".to_owned(), json!(moment_s));
    }
    values
}

/// What boldly's own sidecar beside the image says an earlier correction spent.
fn dof_spent(bold: &Path, corrected_again: bool, watch: &dyn Watch) -> Result<f64> {
    let Some(provenance) = super::provenance::beside(bold)? else { return Ok(0.0) };
    let spent = provenance.dof_spent.unwrap_or(0.0);
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
