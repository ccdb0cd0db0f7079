//! The model that a correction before preprocessing was fitted with, made again from its sidecar: signal of the task that it did not hold went along
//! with physiology.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::task::Known;
use super::{Run, columned};
use crate::design::Design;
use crate::error::Result;
use crate::pipeline::provenance;
use crate::pipeline::spec::{Command, DesignOptions, RetroicorSpec, RunSpec};
use crate::pipeline::watch::Quiet;
use crate::stats::mixed::Taken;

/// Smoothed runs are followed so many times to the correction that they were made of.
const MOST_STEPS: usize = 8;

/// What a correction was fitted with, and so what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedWith {
    /// Whether it held the task of some events, or a ready design.
    pub task: bool,
    /// What it took of each slice time.
    pub taken: Taken,
}

/// The columns of a correction's model beside those of physiology, `[volume][column]`.
pub(super) struct Columns {
    task: bool,
    matrix: Array2<f64>,
}

impl FittedWith {
    /// Of the correction's columns, and the parts' weights and physiological columns `[volume][column]`.
    ///
    /// # Errors
    /// As [`Taken::of`].
    pub(super) fn of(known: Columns, parts: &[(f64, Array2<f64>)]) -> Result<FittedWith> {
        let taken = Taken::of(known.matrix.view(), parts)?;
        Ok(FittedWith { task: known.task, taken })
    }
}

/// The correction whose sidecar this is, or from which the smoothed run was made whose it is; none where it does not say.
pub(super) fn spec_of(sidecar: &Path) -> Option<RetroicorSpec> {
    let mut sidecar = sidecar.to_owned();
    for _ in 0..MOST_STEPS {
        let folder = sidecar.with_file_name("");
        let command = provenance::read(&sidecar).ok()??.provenance.command;
        match command.map_paths(&|path| folder.join(path)) {
            Command::Retroicor(spec) => return Some(spec),
            Command::Smooth(spec) => sidecar = provenance::sidecar_path(&spec.bold),
            _ => return None,
        }
    }
    None
}

/// What is to be said of a correction whose columns are lost, where it was fitted without the task.
pub(super) fn lost_task(of: Option<&RetroicorSpec>) -> &'static str {
    match of {
        Some(of) if !has_task(&of.run) => {
            "; it was fitted without the task, so that effects are biased by what it took of them: give boldly retroicor --events"
        }
        _ => "",
    }
}

fn has_task(run: &RunSpec) -> bool {
    run.events.is_some() || run.design.is_some()
}

/// The columns of a correction's model at the times of this run; none where its events, or its design, are not at hand, nor the run's own.
pub(super) fn columns(
    of: &RetroicorSpec,
    (run, own): (&Run, &RunSpec),
    (options, known): (&DesignOptions, Known),
) -> Option<Columns> {
    let mut spec = of.run.clone();
    let task = has_task(&spec);
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
    let mut theirs = DesignOptions { censor: None, ..of.design.clone() };
    theirs.task_times = options.task_times;
    if !spec.confounds.iter().all(|table| table.is_file()) {
        spec.confounds.clear();
        (theirs.columns, theirs.strategy) = (Vec::new(), None);
    }
    let acquisition = run.acquisition.clone()?;
    let n_volumes = run.n_volumes;
    let made = columned::design(&spec, &theirs, (&Ok(acquisition), known), n_volumes, &Quiet);
    // What is wrong with those files was said when they were read for the correction.
    let columned::Columned { design: Design { matrix, .. }, .. } = made.ok()?;
    Some(Columns { task, matrix })
}
