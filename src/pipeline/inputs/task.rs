//! When the task columns of a run are sampled, and, where each slice has its own, what smoothing makes of them.
//!
//! A slice acquired `s` seconds into each volume sees the response at `k TR + s`. Smoothed along the slice axis, plane k of equal responses
//! holds sum_d w_|d| x_(k+d) / sum_d w_|d|, the sums over the planes that there are: the weights of the smoothing itself, so that
//! an effect of 1 comes out as 1.

use ndarray::{Array2, Axis, s};
use serde_json::{Map, Value, json};

use super::Run;
use crate::design::{self, Design, DesignSpec, Drift, Event, Reference};
use crate::error::{Error, Result};
use crate::io::Resampled;
use crate::io::sidecar::Sidecar;
use crate::pipeline::spec::TaskTimes;
use crate::recording::Acquisition;
use crate::volume::SliceGroups;

/// What the files of a run say of its times, besides those themselves.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    resampled: Option<&'a Resampled>,
    says_start: bool,
}

impl Known<'_> {
    /// What a run's sidecars say, and whether it was resampled.
    #[must_use]
    pub fn of<'a>(sidecar: &Sidecar, resampled: Option<&'a Resampled>) -> Known<'a> {
        let says_start = sidecar.start_time.is_some() || sidecar.volume_timing.is_some();
        Known { resampled, says_start }
    }
}

/// The moments of a run's task columns.
#[derive(Debug, Clone)]
pub struct Task {
    /// What was settled; never `Auto`.
    pub times: TaskTimes,
    /// Seconds into each volume of the columns that the design shows: all, or those of the middle slice time.
    pub at_s: f64,
    /// The drift beside them, its order settled.
    pub drift: Drift,
    /// Different moments of its slices in each volume; 1 where all share the design's.
    n_moments: usize,
    /// Whether StartTime was taken though the slices' own times are known, and nobody chose.
    passes_over_slices: bool,
    /// What the design was built from.
    made: DesignSpec,
}

/// What is said then.
const PASSED_OVER: &str =
    "; the run has slice times too: --task-times slice takes each slice's own, without StartTime";

/// Task columns that differ between planes.
#[derive(Debug, Clone)]
pub struct Slices {
    /// Of each slice at its own time; of a run that came smoothed of each plane as it came.
    pub own: SliceGroups,
    /// Of each plane as it is fitted: smoothed as the run is.
    pub fitted: SliceGroups,
}

/// Seconds into each volume at which task columns are sampled.
#[derive(Debug, Clone, PartialEq)]
pub enum Moments {
    /// One for all planes.
    One(f64),
    /// One for each plane.
    Each(Vec<f64>),
}

impl Task {
    /// What is asked, settled for a run.
    ///
    /// # Errors
    /// Usage: slices' own times asked of a run that was resampled, or whose slice times are not known; a moment outside the volume.
    pub fn settle(
        asked: TaskTimes,
        acquisition: &Acquisition,
        known: Known,
    ) -> Result<(TaskTimes, Moments)> {
        let refused = |found: String, hint: &str| {
            let thing = "--task-times slice";
            Error::usage(thing, found, "be of slices with a time of their own", hint)
        };
        let slice_times = acquisition.slice_times.as_ref();
        let elsewhere = known.says_start && acquisition.start_time != 0.0;
        let times = match (asked, known.resampled, slice_times) {
            (TaskTimes::Slice, Some(Resampled { said_by, .. }), _) => {
                return Err(refused(
                    format!("is asked of a run that was resampled, {said_by}"),
                    "leave it out: the frame times are taken then",
                ));
            }
            (TaskTimes::Slice, None, None) => {
                return Err(refused(
                    "is asked of a run whose slice times are not known".to_owned(),
                    "give --slice-times, or SliceTiming in its sidecar",
                ));
            }
            (TaskTimes::Auto, None, Some(_)) if !elsewhere => TaskTimes::Slice,
            (TaskTimes::Auto, ..) => TaskTimes::Metadata,
            (asked, ..) => asked,
        };
        let moments = match (times, slice_times) {
            (TaskTimes::Slice, Some(all)) => match all.iter().all(|time| *time == all[0]) {
                true => Moments::One(all.first().copied().unwrap_or(0.0)),
                false => Moments::Each(all.clone()),
            },
            (TaskTimes::Middle, _) => Moments::One(0.5 * acquisition.tr),
            (TaskTimes::Seconds(at_s), _) if (0.0..=acquisition.tr).contains(&at_s) => {
                Moments::One(at_s)
            }
            (TaskTimes::Seconds(at_s), _) => {
                return Err(Error::usage(
                    format!("--task-times {at_s}"),
                    "lies outside the volume",
                    format!("be seconds into each volume, 0 to {}", acquisition.tr),
                    "start, middle and slice need no number",
                ));
            }
            (TaskTimes::Start, _) => Moments::One(0.0),
            _ => Moments::One(acquisition.start_time),
        };
        Ok((times, moments))
    }

    /// The design of `made`, whose frame times are set here, and when its task columns are sampled.
    ///
    /// # Errors
    /// As [`Task::settle`] and [`design::build`].
    pub(super) fn build(
        mut made: DesignSpec,
        asked: TaskTimes,
        acquisition: &Acquisition,
        known: Known,
    ) -> Result<(Design, Task, Option<Slices>)> {
        let (times, moments) = Task::settle(asked, acquisition, known)?;
        let at = |at_s: f64| -> Vec<f64> {
            (0..acquisition.n_volumes).map(|k| at_s + k as f64 * acquisition.tr).collect()
        };
        let each = match moments {
            Moments::Each(each) if !made.events.is_empty() => each,
            Moments::Each(each) => vec![middle(&each)],
            Moments::One(at_s) => vec![at_s],
        };
        let at_s = middle(&each);
        made.frame_times = at(at_s);
        let drift = made.drift.settled(acquisition.n_volumes, acquisition.tr);
        let design = design::build(&made)?;
        let passes_over_slices = asked == TaskTimes::Auto
            && times == TaskTimes::Metadata
            && known.resampled.is_none()
            && acquisition.slice_times.is_some();
        if each.len() == 1 {
            let task = Task { times, at_s, drift, n_moments: 1, passes_over_slices, made };
            return Ok((design, task, None));
        }
        let unique = unique(&each);
        let mut columns = Vec::with_capacity(unique.len());
        for &time in &unique {
            made.frame_times = at(time);
            columns.push(design::task_columns(&made)?.1);
        }
        let names = design.names[..design.n_task].to_vec();
        let slices = Slices::new(&each, &unique, (names, columns));
        let n_moments = unique.len();
        let task = Task { times, at_s, drift, n_moments, passes_over_slices, made };
        Ok((design, task, Some(slices)))
    }

    /// What each task column of the design is measured by; none of derivatives.
    ///
    /// # Errors
    /// Those of the response.
    pub fn references(&self) -> Result<Vec<Option<Reference>>> {
        design::references(&self.made)
    }

    /// What the beta of each task column of the design is for each unit of; none of an event.
    #[must_use]
    pub fn units(&self) -> Vec<Option<String>> {
        design::units(&self.made)
    }

    /// Whether there are any: of a table without an event there are none.
    #[must_use]
    pub fn has_columns(&self) -> bool {
        !self.made.events.is_empty()
    }

    /// In words, for a person.
    #[must_use]
    pub fn told(&self, acquisition: &Acquisition) -> String {
        let (at_s, tr) = (self.at_s, acquisition.tr);
        if self.n_moments > 1 {
            return at_slices(self.n_moments, tr);
        }
        at_one_moment((self.times, at_s), tr, self.passes_over_slices)
    }

    /// What a sidecar keeps of it.
    pub(super) fn resolved(&self, values: &mut Map<String, Value>) {
        values.insert("drift".to_owned(), json!(self.drift));
        if !self.has_columns() {
            return;
        }
        values.insert("task_times".to_owned(), json!(self.times));
        if self.n_moments == 1 {
            values.insert("task_times_s".to_owned(), json!(self.at_s));
        }
    }
}

impl Slices {
    /// Columns with these names at each of `moments`, `[moment][volume][column]`, for planes acquired at `each` of them, none smoothed.
    pub(super) fn new(
        each: &[f64],
        moments: &[f64],
        (names, columns): (Vec<String>, Vec<Array2<f64>>),
    ) -> Slices {
        let group = |time: &f64| moments.iter().position(|moment| moment == time);
        let group_of_plane = each.iter().map(|time| group(time).unwrap_or_default()).collect();
        let own = SliceGroups { group_of_plane, names, columns };
        Slices { fitted: own.clone(), own }
    }

    /// The run was smoothed with these weights along the slice axis, `[distance in planes]`, before it was opened.
    pub(super) fn were_smoothed(&mut self, weights: &[f64]) {
        let Slices { own, fitted } = self;
        *own = smoothed(own, weights);
        *fitted = own.clone();
    }

    /// Take the rows of volumes that are kept.
    pub(super) fn keep_rows(&mut self, rows: impl Fn(&mut Array2<f64>)) {
        self.own.columns.iter_mut().chain(&mut self.fitted.columns).for_each(rows);
    }
}

/// Different times, ascending.
#[must_use]
pub fn unique(times: &[f64]) -> Vec<f64> {
    let mut unique = times.to_vec();
    unique.sort_by(f64::total_cmp);
    unique.dedup();
    unique
}

/// The middle of some times.
#[must_use]
pub fn middle(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

impl Run {
    /// The events of its design; none of a ready one.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.task.as_ref().map_or(&[], |task| &task.made.events)
    }

    /// Make the design anew with other events, in place of [`Run::events`] and all else as it is.
    ///
    /// # Errors
    /// Internal for a run with a ready design; what the events make impossible.
    pub fn redesign(&mut self, events: Vec<Event>) -> Result<()> {
        let (Some(task), Some(acquisition)) = (&self.task, &self.acquisition) else {
            return Err(Error::internal("the design", "is ready", "be made of events", ""));
        };
        let known = Known { resampled: self.resampled.as_ref(), says_start: false };
        let made = DesignSpec { events, ..task.made.clone() };
        let (mut design, task, mut slices) = Task::build(made, task.times, acquisition, known)?;
        if self.kept.len() < acquisition.n_volumes {
            let rows = |columns: &mut Array2<f64>| *columns = columns.select(Axis(0), &self.kept);
            rows(&mut design.matrix);
            slices.iter_mut().for_each(|slices| slices.keep_rows(rows));
        }
        (self.design, self.task, self.own_times) = (design, Some(task), slices);
        self.smooth_as_before()
    }

    /// Each plane's own task columns, smoothed with these weights along the slice axis, `[distance in planes]`.
    pub fn smooth_task(&mut self, weights: &[f64]) {
        if let Some(Slices { own, fitted }) = &mut self.own_times {
            *fitted = smoothed(own, weights);
        }
    }

    /// The task columns that differ between planes, as they are fitted; none where all planes share the design's.
    #[must_use]
    pub fn task_slices(&self) -> Option<&Slices> {
        self.own_times.as_ref()
    }

    /// Names and columns that all planes share, `[volume][regressor]`: the design's, without task columns where these differ.
    #[must_use]
    pub fn shared(&self) -> (&[String], Array2<f64>) {
        let Design { names, matrix, n_task } = &self.design;
        let from = if self.task_slices().is_some() { *n_task } else { 0 };
        (&names[from..], matrix.slice(s![.., from..]).to_owned())
    }

    /// All columns that differ between planes: task, then what an earlier correction took out, then physiology.
    #[must_use]
    pub fn varying(&self) -> Option<SliceGroups> {
        match (self.task_slices(), self.modelled()) {
            (Some(task), Some(others)) => Some(task.fitted.beside(&others)),
            (Some(task), None) => Some(task.fitted.clone()),
            (None, others) => others,
        }
    }

    /// Known columns for the joint fit of physiological ones, before this command smooths: one set for each group of these; or one for
    /// all. The physiological columns come back with a group for each pair of theirs and the task's.
    #[must_use]
    pub fn known_of(&self, nuisance: &SliceGroups) -> (Vec<Array2<f64>>, SliceGroups) {
        let Some(Slices { own, .. }) = self.task_slices() else {
            return (vec![self.design.matrix.clone()], nuisance.clone());
        };
        let n_task = self.design.n_task;
        let SliceGroups { group_of_plane, columns, .. } = own.beside(nuisance);
        let known = |both: &Array2<f64>| {
            let mut known = self.design.matrix.clone();
            known.slice_mut(s![.., ..n_task]).assign(&both.slice(s![.., ..n_task]));
            known
        };
        let known = columns.iter().map(known).collect();
        let columns = columns.iter().map(|both| both.slice(s![.., n_task..]).to_owned()).collect();
        (known, SliceGroups { group_of_plane, names: nuisance.names.clone(), columns })
    }
}

/// Sets of columns closer than this share of the weights are one.
const SAME: f64 = 1e-12;

/// Each plane's weighted mean of the columns of its neighbours.
fn smoothed(own: &SliceGroups, weights: &[f64]) -> SliceGroups {
    let n_planes = own.group_of_plane.len();
    let shares = |plane: usize| {
        let mut shares = vec![0.0; own.columns.len()];
        for (other, &group) in own.group_of_plane.iter().enumerate() {
            shares[group] += weights.get(plane.abs_diff(other)).copied().unwrap_or(0.0);
        }
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        shares
    };
    let mut sets: Vec<Vec<f64>> = Vec::new();
    let mut group_of_plane = Vec::with_capacity(n_planes);
    for plane in 0..n_planes {
        let shares = shares(plane);
        let near = |set: &Vec<f64>| set.iter().zip(&shares).all(|(a, b)| (a - b).abs() < SAME);
        let known = sets.iter().position(near);
        group_of_plane.push(known.unwrap_or(sets.len()));
        if known.is_none() {
            sets.push(shares);
        }
    }
    let mean = |shares: &Vec<f64>| {
        let mut mean = Array2::zeros(own.columns[0].dim());
        own.columns.iter().zip(shares).for_each(|(columns, &w)| mean.scaled_add(w, columns));
        mean
    };
    let columns = sets.iter().map(mean).collect();
    SliceGroups { group_of_plane, names: own.names.clone(), columns }
}

/// When the task columns of a run are sampled whose slices have `n` times of their own, in words. `tr`: seconds.
#[must_use]
pub fn at_slices(n: usize, tr: f64) -> String {
    format!(
        "task columns at each slice's own time, {n} times in each volume of {tr} s; --task-times says otherwise"
    )
}

/// When the task columns of a run are sampled that has one moment in each volume, in words. `at_s`: seconds into each volume; `tr`: seconds;
/// `passes_over_slices`: slices have known times of their own, and nobody chose.
#[must_use]
pub fn at_one_moment((times, at_s): (TaskTimes, f64), tr: f64, passes_over_slices: bool) -> String {
    let moment = match times {
        TaskTimes::Metadata if at_s == 0.0 => "the start of each volume",
        TaskTimes::Metadata => "StartTime",
        TaskTimes::Start => "the start of each volume, as asked",
        TaskTimes::Middle => "the middle of each volume, as asked",
        TaskTimes::Slice => "the time of all slices",
        _ => "the moment asked for",
    };
    let more = if passes_over_slices { PASSED_OVER } else { "" };
    format!("task columns at {moment}: {at_s} s + k x {tr} s{more}")
}
