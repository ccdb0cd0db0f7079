//! Another echo of a run: the same volumes, each excited once and read out several times, so the same recording, the same
//! task and the same columns.

use std::path::PathBuf;

use super::task::{Slices, Task};
use super::timing::repetition_time;
use super::{Physiology, Run, display, open_bold, sidecar, smoothed};
use crate::design::Design;
use crate::design::censor::{LeftOut, Measures};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::moment::{self, Moment};
use crate::pipeline::recordings::SAME_SLICE_TIME_S;
use crate::pipeline::spec::{Role, RunSpec};
use crate::pipeline::watch::Watch;
use crate::recording::Acquisition;

/// What the echoes of a run share.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The image that they were made for.
    pub bold: PathBuf,
    n_planes: usize,
    kept: Vec<usize>,
    left_out: Vec<LeftOut>,
    lost: Vec<String>,
    measures: Measures,
    acquisition: Option<Acquisition>,
    /// By the scanner's clock, seconds since midnight.
    began_s: Option<f64>,
    design: Design,
    task: Option<Task>,
    own_times: Option<Slices>,
    confounds: Vec<String>,
    moment: Option<(Moment, f64)>,
    physio: Option<Physiology>,
    found: Vec<(Role, PathBuf)>,
}

impl Columns {
    /// Those of an opened run.
    #[must_use]
    pub fn of(run: &Run) -> Columns {
        Columns {
            bold: run.path.clone(),
            n_planes: run.grid.shape[2],
            kept: run.kept.clone(),
            left_out: run.left_out.clone(),
            lost: run.lost.clone(),
            measures: run.measures.clone(),
            acquisition: run.acquisition.clone(),
            began_s: io::sidecar::acquisition_time(&run.fields),
            design: run.design.clone(),
            task: run.task.clone(),
            own_times: run.own_times.clone(),
            confounds: run.confounds.clone(),
            moment: run.moment,
            physio: run.physio.clone(),
            found: run.found.clone(),
        }
    }
}

/// Open another echo of a run with that run's columns. None where its slice times differ by what a clock rounds, so that
/// it needs columns of its own.
///
/// # Errors
/// What its files hold or lack; bad data when it is not of the same acquisition.
pub fn echo(first: &Columns, spec: &RunSpec, watch: &dyn Watch) -> Result<Option<Run>> {
    let bold = open_bold(&spec.bold, watch)?;
    let sidecar = sidecar(&bold, spec.sidecar.as_deref(), spec.tr, watch)?;
    let slice_times = spec.slice_times.as_deref().map(io::slice_times::read).transpose()?;
    let tr = repetition_time(&bold, &sidecar, spec, watch)?;
    let acquisition = io::acquisition(&bold, &sidecar, tr, slice_times.as_deref())?;
    let resampled = io::resampled(&bold, &sidecar);
    let moment = match resampled {
        Some(_) => Some(moment::of_resampled(&acquisition, &sidecar)?),
        None => None,
    };
    let Some(mut known) = first.acquisition.clone() else { return Ok(None) };
    if acquisition.slice_times.is_none() && resampled.is_none() {
        known.slice_times = None; // they came from a scanner's log, which is this echo's too
    }
    let began_s = [first.began_s, io::sidecar::acquisition_time(&sidecar.fields)];
    if let Some(found) = apart(&known, &acquisition).or_else(|| began_apart(began_s, known.tr)) {
        return Err(Error::bad_data(
            display(&bold.path),
            found,
            format!("be an echo of {}: the same volumes at the same times", display(&first.bold)),
            "write what one sidecar alone says of time into those of all its echoes; give a run that differs in more than its echo a --physio of its own",
        ));
    }
    if known != acquisition || moment != first.moment || bold.grid.shape[2] != first.n_planes {
        return Ok(None);
    }
    let of_sidecar = sidecar.files.iter().map(|file| (Role::Sidecar, file.clone()));
    let shared = first.found.iter().filter(|(role, _)| *role != Role::Sidecar).cloned();
    let mut run = Run {
        acquisition: first.acquisition.clone(),
        design: first.design.clone(),
        task: first.task.clone(),
        own_times: first.own_times.clone(),
        confounds: first.confounds.clone(),
        physio: first.physio.clone(),
        doubts: Vec::new(),
        why_no_column: Vec::new(),
        absent: Vec::new(),
        unmatched: Vec::new(),
        found: of_sidecar.chain(shared).collect(),
        carried: None,
        dof_spent: 0.0,
        survived: None,
        smoothed: smoothed(&spec.bold, watch)?,
        path: bold.path.clone(),
        header: bold.header.clone(),
        grid: bold.grid.clone(),
        n_volumes: bold.n_volumes,
        kept: first.kept.clone(),
        left_out: first.left_out.clone(),
        lost: first.lost.clone(),
        measures: first.measures.clone(),
        bold: Box::new(bold),
        echoes: None,
        level: None,
        fields: sidecar.fields,
        resampled,
        moment,
    };
    run.take_earlier(spec, watch)?;
    Ok(Some(run))
}

/// What tells two acquisitions apart by more than a clock rounds.
pub(super) fn apart(first: &Acquisition, other: &Acquisition) -> Option<String> {
    let far = |a: f64, b: f64| (a - b).abs() > SAME_SLICE_TIME_S;
    if first.n_volumes != other.n_volumes {
        return Some(format!("has {} volumes and not {}", other.n_volumes, first.n_volumes));
    }
    for (what, a, b) in [
        ("a repetition time", first.tr, other.tr),
        ("a StartTime", first.start_time, other.start_time),
    ] {
        if far(a, b) {
            return Some(format!("has {what} of {b} s and not {a} s"));
        }
    }
    let same = match (&first.slice_times, &other.slice_times) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| !far(a, b)),
        _ => true, // of one echo they are those of the run
    };
    (!same).then(|| "has other slice times".to_owned())
}

/// A day, seconds.
const DAY_S: f64 = 86_400.0;

/// What tells two runs apart that began, seconds since midnight by the scanner's clock, more than a volume of `tr` seconds from each other. Echoes of
/// one excitation have times of their own, milliseconds apart.
pub(super) fn began_apart([first, other]: [Option<f64>; 2], tr: f64) -> Option<String> {
    let (first, other) = (first?, other?);
    let apart = (other - first).abs();
    let is_apart = apart.min(DAY_S - apart) > tr; // one of them may be past midnight
    let told = |s: f64| {
        let (hours, minutes) = ((s / 3600.0).floor(), (s / 60.0).floor() % 60.0);
        format!("{hours:02}:{minutes:02}:{:06.3}", s % 60.0)
    };
    is_apart.then(|| format!("has an AcquisitionTime of {} and not {}", told(other), told(first)))
}
