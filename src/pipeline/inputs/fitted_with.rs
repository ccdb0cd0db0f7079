//! The model that a correction before preprocessing was fitted with, made again from its sidecar: signal of the task that it did not hold went along
//! with physiology.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, Axis, concatenate};
use serde_json::{Map, Value};

use super::task::Known;
use super::{Run, columned};
use crate::design::Design;
use crate::error::Result;
use crate::pipeline::provenance::{self, Provenance};
use crate::pipeline::spec::{Command, DesignOptions, RetroicorSpec, RunSpec, TaskTimes};
use crate::pipeline::watch::Quiet;
use crate::recording::Acquisition;
use crate::stats::mixed::Taken;

/// Smoothed runs are followed so many times to the correction that they were made of.
const MOST_STEPS: usize = 8;

/// What a correction was fitted with, and so what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedWith {
    /// Whether it held the task of some events, or a ready design.
    pub task: bool,
    /// Whether it held the task of another moment than that at which some slice was acquired.
    pub elsewhen: bool,
    /// What it took of each slice time.
    pub taken: Taken,
    /// The design of the later model with a row for every volume of the image: what is censored there was signal to the correction.
    whole: Design,
}

/// A correction, as its sidecar has it.
pub(super) struct Correction {
    pub(super) spec: RetroicorSpec,
    /// What its options and files came to.
    resolved: Map<String, Value>,
}

/// The columns of a correction's model beside those of physiology.
pub(super) struct Columns {
    task: bool,
    elsewhen: bool,
    /// Of each slice time, or one for all, `[volume][column]`.
    matrices: Vec<Array2<f64>>,
}

impl FittedWith {
    /// Of the correction's columns, the parts' weights and physiological columns `[volume][column]`, and the `whole` design of the later model.
    ///
    /// # Errors
    /// As [`Taken::of`].
    pub(super) fn of(
        known: Columns,
        parts: &[(f64, Array2<f64>)],
        whole: Design,
    ) -> Result<FittedWith> {
        let Columns { task, elsewhen, matrices } = known;
        Ok(FittedWith { task, elsewhen, taken: Taken::of(&matrices, parts)?, whole })
    }

    /// Signal whose coefficients are the `weights` of these columns of the later model, in every volume of the image, `[volume]`.
    #[must_use]
    pub fn signal(&self, weights: impl Iterator<Item = (String, f64)>) -> Array1<f64> {
        let Design { names, matrix, .. } = &self.whole;
        let mut signal = Array1::zeros(matrix.nrows());
        for (name, weight) in weights {
            if let Some(at) = names.iter().position(|own| *own == name) {
                signal.scaled_add(weight, &matrix.column(at));
            }
        }
        signal
    }
}

impl Correction {
    /// Whether it was fitted with a task: a ready design, or events, of which the table had some.
    fn has_task(&self) -> bool {
        let run = &self.spec.run;
        run.design.is_some() || run.events.is_some() && self.resolved.contains_key("task_times")
    }

    /// By how many seconds task columns were sampled later than slices of these times, seconds, were acquired. Of a run that had been resampled no
    /// slice is known.
    fn late_s(&self, slice_times_s: &[f64]) -> Vec<f64> {
        let number = |name: &str| self.resolved.get(name).and_then(Value::as_f64);
        let at_s = match self.spec.run.events {
            Some(_) if !self.resolved.contains_key("volume_wise_at_s") => {
                let first_s = || number("first_frame_time_s");
                let is_first = self.spec.design.task_times == TaskTimes::Metadata;
                number("task_times_s").or_else(|| first_s().filter(|_| is_first))
            }
            _ => None,
        };
        slice_times_s.iter().map(|slice_s| at_s.map_or(0.0, |at_s| at_s - slice_s)).collect()
    }

    /// A column of a single 1 for each volume that was left out of its fit, `[volume][column]`.
    fn spikes(&self, n_volumes: usize) -> Array2<f64> {
        let left_out = self.resolved.get("censored").and_then(Value::as_array);
        let volume = |left: &Value| usize::try_from(left.get("volume")?.as_u64()?).ok();
        let volumes: Vec<usize> =
            left_out.into_iter().flatten().filter_map(volume).filter(|&v| v < n_volumes).collect();
        Array2::from_shape_fn((n_volumes, volumes.len()), |(v, c)| f64::from(v == volumes[c]))
    }
}

/// The correction whose sidecar this is, or from which the smoothed run was made whose it is; none where it does not say.
pub(super) fn correction(sidecar: &Path) -> Option<Correction> {
    let mut sidecar = sidecar.to_owned();
    for _ in 0..MOST_STEPS {
        let folder = sidecar.with_file_name("");
        let Provenance { command, resolved, .. } = provenance::read(&sidecar).ok()??.provenance;
        match command.map_paths(&|path| folder.join(path)) {
            Command::Retroicor(spec) => return Some(Correction { spec, resolved }),
            Command::Smooth(spec) => sidecar = provenance::sidecar_path(&spec.bold),
            _ => return None,
        }
    }
    None
}

/// What is to be said of a correction whose columns are lost, where it was fitted without the task.
pub(super) fn lost_task(of: Option<&Correction>) -> &'static str {
    match of {
        Some(of) if !of.has_task() => {
            "; it was fitted without the task, so that effects are biased by what it took of them: give boldly retroicor --events"
        }
        _ => "",
    }
}

fn has_task(run: &RunSpec) -> bool {
    run.events.is_some() || run.design.is_some()
}

/// The columns of a correction's model beside slices of these times, seconds, as late as it sampled them, from the moment of this run's own task on; none where
/// its events, or its design, are not at hand, nor the run's own.
pub(super) fn columns(
    of: &Correction,
    (run, own): (&Run, &RunSpec),
    known: Known,
    slice_times_s: &[f64],
) -> Option<Columns> {
    let mut spec = of.spec.run.clone();
    let task = of.has_task();
    let at_hand = |theirs: Option<PathBuf>, own: &Option<PathBuf>| match theirs {
        Some(path) if !path.is_file() => own.clone(),
        theirs => theirs,
    };
    (spec.events, spec.design) =
        (at_hand(spec.events, &own.events), at_hand(spec.design, &own.design));
    if task && !has_task(&spec) {
        return None;
    }
    (spec.design_slices, spec.censored) = (None, None);
    let mut theirs = DesignOptions { censor: None, ..of.spec.design.clone() };
    theirs.task_times = TaskTimes::Metadata;
    if !spec.confounds.iter().all(|table| table.is_file()) {
        spec.confounds.clear();
        (theirs.columns, theirs.strategy) = (Vec::new(), None);
    }
    let acquisition = run.acquisition.as_ref()?;
    let at_s = run.task.as_ref().map_or(acquisition.start_time, |task| task.at_s);
    let spikes = of.spikes(run.n_volumes);
    let matrix = |late_s: &f64| {
        let moment = Ok(Acquisition { start_time: at_s + late_s, ..acquisition.clone() });
        // What is wrong with those files was said when they were read for the correction.
        let made = columned::design(&spec, &theirs, (&moment, known), run.n_volumes, &Quiet);
        let columned::Columned { design: Design { matrix, .. }, .. } = made.ok()?;
        concatenate(Axis(1), &[matrix.view(), spikes.view()]).ok()
    };
    let mut late_s = of.late_s(slice_times_s);
    let elsewhen = late_s.iter().any(|late_s| *late_s != 0.0);
    if !elsewhen {
        late_s.truncate(1);
    }
    let matrices = late_s.iter().map(matrix).collect::<Option<_>>()?;
    Some(Columns { task, elsewhen, matrices })
}
