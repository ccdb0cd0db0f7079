//! A run made ready: its image, when it was acquired, its design and its physiological columns, each named in errors by the
//! file it came from.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;
use serde_json::{Map, Value};

use crate::design::Design;
use crate::design::censor::{LeftOut, Measures};
use crate::design::confounds::Unmatched;
use crate::design::modulation;
use crate::error::{Error, Result};
use crate::io::bids::{EchoName, Name, without_echo};
use crate::io::physio::Logs;
use crate::io::source::BoldSource;
use crate::io::{self, BoldFile, Header, Resampled};
use crate::physio::{Peaks, PhysioSummary, Retroicor, Terms};
use crate::pipeline::carried::Carried;
use crate::pipeline::moment::{self, Moment};
use crate::pipeline::recordings::{self, OfRun};
use crate::pipeline::spec::{DesignOptions, RecordOptions, Role, RunSpec, SmoothOptions};
use crate::pipeline::watch::Watch;
use crate::recording::{Acquisition, Recording};
use crate::volume::{Grid, SliceGroups};

mod absent;
mod alike;
mod before;
mod belongs;
mod censored;
mod columned;
mod combined;
mod confounded;
mod echo;
mod filtered;
mod fitted_with;
mod found;
mod patterns;
mod ready;
mod resolved;
mod response;
mod shared;
mod sliced;
mod smoothed;
mod spent;
mod task;
mod timing;
mod varied;

pub use before::Survived;
pub use belongs::{apart, of_one_subject, refuse_others, say_apart};
use columned::Columned;
pub use combined::Echoes;
pub use confounded::measures;
pub use echo::{Columns, echo};
pub use filtered::{say_filtered, was_filtered};
pub use fitted_with::FittedWith;
pub use found::find_spent;
pub use patterns::leave_out_unmatched;
pub use resolved::resolved;
pub use shared::{
    names, numbers, refuse_one_recording, refuse_one_recording_of, say_numbers, say_shared,
};
pub use sliced::table as of_slices;
pub use smoothed::{say_smoothed_series, say_twice, smoothed, was_smoothed};
pub use spent::{Earlier, earlier};
pub use task::{Known, Moments, Slices, Task, at_one_moment, at_slices, middle, unique};
pub use timing::{acquisition_of_smoothed, bids_fields, say_skull, sidecar};

/// A run and all that its model needs.
pub struct Run {
    /// The image's file.
    pub path: PathBuf,
    /// Its header.
    pub header: Header,
    /// Its voxel grid.
    pub grid: Grid,
    /// Volumes of `bold`, and rows of every column: those of the image, or of [`Run::kept`] once the others were left out.
    pub n_volumes: usize,
    /// Volumes of the image, from 0, ascending, that models are fitted to: all, unless some are censored. Row i of the design is of
    /// volume `kept[i]`. They keep their times, the series is never spliced: two neighbours in this list are
    /// `kept[i + 1] - kept[i]` repetition times apart.
    pub kept: Vec<usize>,
    /// Why each of the others is left out, ascending.
    pub left_out: Vec<LeftOut>,
    /// Columns of which the volumes that are kept show nothing, and the others did.
    pub lost: Vec<String>,
    /// What is known of each volume of the image.
    pub measures: Measures,
    /// Its data: the file, or an adaptor over it.
    pub bold: Box<dyn BoldSource>,
    /// Its echoes, where `bold` is but the first of several that are to be one, or has become that one.
    pub echoes: Option<Echoes>,
    /// What its data are read without, `[voxel]`: the mean over time of a run whose swing float32 cannot hold beside it.
    pub level: Option<Arc<Vec<f64>>>,
    /// When its volumes and slices were acquired; none where nothing needed it and no TR is known.
    pub acquisition: Option<Acquisition>,
    /// Task, confounds, drift, constant.
    pub design: Design,
    /// When the task columns of the design are sampled, and those of each slice; none of a ready design.
    pub task: Option<Task>,
    /// Each slice's own columns, in place of the design's first.
    own_times: Option<Slices>,
    /// Which of its columns are confounds.
    pub confounds: Vec<String>,
    /// What was done to the run's slices before; none on its native ones.
    pub resampled: Option<Resampled>,
    /// Which moment of each volume, and seconds into it, volume-wise columns hold; none where they are slice-wise.
    pub moment: Option<(Moment, f64)>,
    /// Its recordings and their columns.
    pub physio: Option<Physiology>,
    /// Columns that an earlier correction took out of this image.
    pub carried: Option<Carried>,
    /// Degrees of freedom an earlier correction spent on this image whose columns are not at hand, from its sidecar.
    pub dof_spent: f64,
    /// What a correction before preprocessing left in the model; none where there was none.
    pub survived: Option<Survived>,
    /// How boldly smoothed it before, the first first; none where no sidecar beside it says so.
    pub smoothed: Vec<SmoothOptions>,
    /// What was left out of its events or assumed about them.
    pub doubts: Vec<String>,
    /// Those of them that may be why a condition has no column.
    pub why_no_column: Vec<String>,
    /// Conditions of its events that have none, since all their events were left out; each with where they are and why.
    pub absent: Vec<(String, String)>,
    /// Patterns of confounds that match none of its columns.
    pub unmatched: Vec<Unmatched>,
    /// Files found beside those that the command names.
    pub found: Vec<(Role, PathBuf)>,
    /// All that its sidecars say.
    pub fields: Map<String, Value>,
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

    /// Slice-dependent columns that a model of the run holds: those of an earlier correction, then its own.
    #[must_use]
    pub fn modelled(&self) -> Option<SliceGroups> {
        match (&self.carried, self.slices()) {
            (Some(carried), Some(own)) => Some(carried.and(own)),
            (Some(carried), None) => Some(carried.groups.clone()),
            (None, own) => own.cloned(),
        }
    }

    /// Whether physiology was taken out of it before, by its sidecar or one that is named.
    #[must_use]
    pub fn was_corrected(&self) -> bool {
        self.carried.is_some() || self.survived.is_some() || self.dof_spent > 0.0
    }

    /// What it is called: the entities of its image, of several echoes without theirs.
    #[must_use]
    pub fn name(&self) -> String {
        let of_run = self.echoes.as_ref().and_then(|_| without_echo(&self.path, EchoName::Any));
        Name::of(of_run.as_ref().unwrap_or(&self.path)).prefix()
    }

    /// What was found in the recordings.
    #[must_use]
    pub fn summary(&self) -> Option<&PhysioSummary> {
        self.physio.as_ref().map(|physio| &physio.retroicor.summary)
    }
}

/// Edges of voxels as BOLD images have them, of mice and men.
const PLAUSIBLE_MM: std::ops::RangeInclusive<f64> = 0.05..=20.0;

/// Open a 4-D image, and tell what its header leaves to be told.
///
/// # Errors
/// What it lacks.
pub fn open_bold(path: &Path, watch: &dyn Watch) -> Result<BoldFile> {
    let bold = BoldFile::open(path)?;
    bold.notes.iter().for_each(|line| watch.note(line));
    bold.warnings.iter().for_each(|line| watch.warn(line));
    let [i, j, k] = bold.grid.voxel_size_mm;
    if [i, j, k].iter().any(|mm| !PLAUSIBLE_MM.contains(mm)) {
        watch.warn(&format!(
            "{}: its voxels are {i} x {j} x {k} mm; smoothing, regions and distances go by that: is the spatial unit of its header right?",
            display(path)
        ));
    }
    Ok(bold)
}

/// Open the runs of one command and build their columns.
///
/// # Errors
/// What their files hold or lack.
pub fn open(specs: &[RunSpec], options: &DesignOptions, watch: &dyn Watch) -> Result<Vec<Run>> {
    modulation::refuse_twins(&options.modulate)?;
    response::say_doubts(options.hrf_file.as_ref(), watch)?;
    let options = varied::of_each(specs, options, watch)?;
    say_shared(&specs.iter().collect::<Vec<_>>(), watch)?;
    alike::say_further_echoes(specs, watch)?;
    let open = |(spec, options): (_, &Cow<DesignOptions>)| open_one(spec, options, watch);
    let runs = specs.iter().zip(&options).map(open).collect::<Result<Vec<Run>>>()?;
    refuse_unmatched(&runs, watch)?;
    alike::say_unlike_smoothing(&runs, watch);
    alike::say_unlike_echoes(&runs, watch);
    Ok(runs)
}

/// [`open`] of a command that has one.
///
/// # Errors
/// As [`open`].
pub fn open_alone(spec: &RunSpec, options: &DesignOptions, watch: &dyn Watch) -> Result<Run> {
    modulation::refuse_twins(&options.modulate)?;
    response::say_doubts(options.hrf_file.as_ref(), watch)?;
    let run = open_one(spec, options, watch)?;
    refuse_unmatched(std::slice::from_ref(&run), watch)?;
    Ok(run)
}

/// A pattern of confounds that matches nothing in one run is noted; where no run has such a column it is refused, unless it is of
/// outliers, which a good run has not.
fn refuse_unmatched(runs: &[Run], watch: &dyn Watch) -> Result<()> {
    for none in runs.iter().flat_map(|run| &run.unmatched) {
        let lacks = |run: &Run| run.unmatched.iter().any(|other| other.pattern == none.pattern);
        if !none.is_of_outliers() && runs.iter().all(lacks) {
            return Err(none.refused());
        }
        watch.note(&format!("`{}` matches no column of {}", none.pattern, none.tables));
    }
    Ok(())
}

fn open_one(spec: &RunSpec, options: &DesignOptions, watch: &dyn Watch) -> Result<Run> {
    let bold = open_bold(&spec.bold, watch)?;
    let vouched = spent::vouched_for(spec);
    let told_by = spec.sidecar.as_deref().or(vouched.as_deref());
    let sidecar = combined::sidecar_of_run(spec, told_by, watch)?;
    timing::say(&bold, &sidecar, spec.tr, watch);
    belongs::say_other_task(spec, &sidecar, watch);
    let mut acquisition = timing::acquisition(&bold, &sidecar, (spec, options.task_times), watch);
    let resampled = io::resampled(&bold, &sidecar);
    let is_of = resampled.clone();
    let known = task::Known::of(&sidecar, is_of.as_ref());
    let Columned {
        design,
        task,
        own_times,
        confounds,
        doubts,
        why_no_column,
        absent,
        unmatched,
        measures,
        found,
    } = columned::design(spec, options, (&acquisition, known), bold.n_volumes, watch)?;
    let echoes = combined::open(spec, (&bold, &sidecar), &acquisition, watch)?;
    let mut run = Run {
        path: bold.path.clone(),
        header: bold.header.clone(),
        grid: bold.grid.clone(),
        n_volumes: bold.n_volumes,
        kept: (0..bold.n_volumes).collect(),
        left_out: Vec::new(),
        lost: Vec::new(),
        measures,
        bold: Box::new(bold),
        echoes,
        level: None,
        acquisition: None,
        design,
        task,
        own_times,
        confounds,
        resampled,
        moment: None,
        physio: None,
        carried: None,
        dof_spent: 0.0,
        survived: None,
        smoothed: smoothed(&spec.bold, watch)?,
        doubts,
        why_no_column,
        absent,
        unmatched,
        found: sidecar.files.iter().chain(&found).map(|f| (Role::Sidecar, f.clone())).collect(),
        fields: sidecar.fields.clone(),
    };
    run.smooth_as_before()?;
    run.say_smoothed(watch);
    run.found.extend(run.echoes.iter().flat_map(|echoes| echoes.found.clone()));
    if !spec.physio.is_empty() {
        let acquisition = acquisition.as_mut().map_err(|e| duplicate(e))?;
        let of_run = OfRun {
            files: &spec.physio,
            formats: &spec.physio_formats,
            record: &spec.record,
            sidecar: &sidecar,
            n_slices: run.resampled.is_none().then_some(run.grid.shape[2]),
            is_resampled: run.resampled.is_some(),
        };
        let logs = recordings::open(&of_run, acquisition, watch)?;
        run.found.extend(logs.found.iter().map(|file| (Role::Physio, file.clone())));
        if let Some(resampled) = &run.resampled {
            let (at, at_s) = moment::of_resampled(acquisition, &sidecar)?;
            watch.note(&format!(
                "physiology volume-wise, at {} ({at_s} s into each volume): the run was resampled, {}",
                at.name(),
                resampled.said_by
            ));
            if let Some(task) = run.task.as_ref().filter(|_| !run.events().is_empty()) {
                let two = moment::two_origins(task.at_s, (resampled, &sidecar), acquisition)?;
                two.iter().for_each(|two| watch.warn(&format!("{}: {two}", display(&run.path))));
            }
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
        physio.apart = apart(&spec.bold, &spec.physio, spec.record.peaks.as_deref());
        say_apart(&physio, &spec.bold, watch);
        run.physio = Some(physio);
    }
    run.take_earlier(spec, watch)?;
    run.acquisition = acquisition.ok();
    run.take_before(spec, known, watch)?;
    Ok(run)
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

/// The grid that all runs lie on; where it lies is known where each of them says it.
///
/// # Errors
/// Usage where there is none; bad data where one lies on another.
pub fn common_grid(runs: &[Run], watch: &dyn Watch) -> Result<Grid> {
    let [first, others @ ..] = runs else {
        return Err(Error::usage("the command", "has no run", "have one or more", "name an image"));
    };
    for run in others {
        let of_first = display(&first.path);
        let hint = "resample the runs to one grid";
        let note = io::check_grid(&run.path, &run.grid, (&first.grid, &of_first), hint)?;
        note.iter().for_each(|line| watch.note(line));
        say_other_tr(first, run, watch);
    }
    let is_placed = runs.iter().all(|run| run.grid.is_placed);
    Ok(Grid { is_placed, ..first.grid.clone() })
}

/// Warn of a run that was measured at another pace: few studies mean to.
fn say_other_tr(first: &Run, run: &Run, watch: &dyn Watch) {
    let [Some(one), Some(other)] = [first, run].map(|run| run.acquisition.as_ref()) else { return };
    let told = |tr: f64| (tr * 1e4).round() / 1e4;
    if (one.tr - other.tr).abs() > 1e-3 * one.tr {
        watch.warn(&format!(
            "{} has TR {} s and {} TR {} s. Each is modelled at its own, which is right where both are: look at their sidecars and headers",
            display(&first.path),
            told(one.tr),
            display(&run.path),
            told(other.tr)
        ));
    }
}

/// A path as messages show it.
#[must_use]
pub fn display(path: &Path) -> String {
    path.display().to_string()
}
