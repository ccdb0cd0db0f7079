//! What a correction before preprocessing does to the effects of a run that its columns in the model do not make good: variance that they do not
//! stand for, and signal of a task that it was fitted without.

use ndarray::{Array2, ArrayView1, Axis, concatenate};

use crate::error::{Error, Result};
use crate::kernels::contrast::Prepared;
use crate::pipeline::inputs::{FittedWith, Run, Survived, display};
use crate::pipeline::watch::Watch;
use crate::stats::least_squares::LeastSquares;

/// What is off by less is not told.
const UNTOLD_PERCENT: f64 = 0.05;
/// What is off by as much is warned of.
const DOUBTED_PERCENT: f64 = 1.0;

/// Tell what is off about these contrasts of a run.
///
/// # Errors
/// Internal where the design cannot be decomposed.
pub(super) fn tell<'a>(
    run: &Run,
    contrasts: impl Iterator<Item = &'a Prepared>,
    watch: &dyn Watch,
) -> Result<()> {
    let Some(survived) = &run.survived else { return Ok(()) };
    let design = design(run)?;
    let fit = LeastSquares::new(design.view())?;
    let contrasts: Vec<&Prepared> = contrasts.collect();
    tell_variance(run, (survived, &fit), &contrasts, watch);
    if let Some(with) = &survived.with {
        tell_bias(run, (with, &design, &fit), &contrasts, watch);
    }
    Ok(())
}

/// All columns, physiology and what stands for the correction in the middle slice time's, `[volume][column]`.
fn design(run: &Run) -> Result<Array2<f64>> {
    let (_, design) = run.shared();
    let Some(varying) = run.varying() else { return Ok(design) };
    let own = &varying.columns[varying.columns.len() / 2];
    concatenate(Axis(1), &[design.view(), own.view()])
        .map_err(|e| Error::internal("the design", "cannot be joined", "", "").caused_by(e))
}

/// Says a thing according to its size.
fn say(percent: f64, told: &str, watch: &dyn Watch) {
    match percent.abs() {
        p if p < UNTOLD_PERCENT => {}
        p if p < DOUBTED_PERCENT => watch.note(told),
        _ => watch.warn(told),
    }
}

/// The furthest from 0.
fn furthest<'a>(each: impl Iterator<Item = (f64, &'a Prepared)>) -> Option<(f64, &'a Prepared)> {
    each.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
}

/// Of all contrasts the t that is furthest off.
fn tell_variance(
    run: &Run,
    (survived, fit): (&Survived, &LeastSquares),
    contrasts: &[&Prepared],
    watch: &dyn Watch,
) {
    // White noise of variance 1 has the residual variance `residual`.
    let dof = fit.basis.nrows() as f64 - fit.rank as f64 - run.dof_spent;
    let residual = survived.with.as_ref().map_or(1.0, |with| with.taken.residual(fit) / dof);
    let ratio = |row: ArrayView1<f64>| {
        let estimate = row.dot(&fit.pinv);
        match &survived.with {
            Some(with) => with.taken.variance(estimate.view()) / estimate.dot(&estimate) / residual,
            None => 1.0 + survived.uncounted.share(estimate.view()),
        }
    };
    let percent = |ratio: f64| 100.0 * (ratio.sqrt() - 1.0);
    let each = contrasts.iter().flat_map(|c| {
        let rows = c.contrast.weights.rows().into_iter();
        rows.map(|row| (percent(ratio(row)), *c)).filter(|(percent, _)| percent.is_finite())
    });
    let Some((percent, contrast)) = furthest(each) else { return };
    let (side, why) = match percent > 0.0 {
        true => ("large", "adds variance to effects that no column stands for"),
        false => ("small", "added less variance to effects than the columns that stand for it"),
    };
    let told = format!(
        "the correction of {} before preprocessing {why}: t of {} is about {:.1} % too {side}, that of no other contrast by more",
        display(&run.path),
        contrast.contrast.name,
        percent.abs()
    );
    say(percent, &told, watch);
}

/// Of all contrasts the effect that is furthest off at some slice time.
fn tell_bias(
    run: &Run,
    (with, design, fit): (&FittedWith, &Array2<f64>, &LeastSquares),
    contrasts: &[&Prepared],
    watch: &dyn Watch,
) {
    // An effect of this contrast alone: its weights are the coefficients.
    let (shared, _) = run.shared();
    let varying = run.varying().map_or(Vec::new(), |varying| varying.names);
    let names: Vec<String> = shared.iter().cloned().chain(varying).collect();
    let lost = |row: ArrayView1<f64>| {
        let estimate = row.dot(&fit.pinv);
        let signal = with.signal(names.iter().cloned().zip(row.iter().copied()));
        let (least, most) = with.taken.lost(estimate.view(), signal.view());
        let whole = estimate.dot(&design.dot(&row));
        (100.0 * least / whole, 100.0 * most / whole)
    };
    let of_rows = |c: &&Prepared| {
        let rows = c.contrast.weights.rows().into_iter().map(lost);
        rows.filter(|(least, most)| least.is_finite() && most.is_finite()).collect::<Vec<_>>()
    };
    let each = contrasts.iter().flat_map(|c| of_rows(c).into_iter().map(move |ends| (ends, *c)));
    let size = |(least, most): (f64, f64)| least.abs().max(most.abs());
    let Some((ends, contrast)) = each.max_by(|a, b| size(a.0).total_cmp(&size(b.0))) else {
        return;
    };
    let (model, next) = match (with.task, with.elsewhen) {
        (false, _) => ("without the task", "give boldly retroicor --events"),
        (true, true) => (
            "with the task of one moment of each volume for all slices",
            "correct it again: boldly retroicor takes each slice's own time (--task-times slice)",
        ),
        (true, false) => (
            "with another model of the task",
            "give boldly retroicor the events and --hrf of this model",
        ),
    };
    let told = format!(
        "the correction of {} before preprocessing was fitted {model}, and took some of it along with physiology: effects of {} are {} by \
         the slices that a voxel is made of, those of no other contrast further off; {next}, and preprocess that",
        display(&run.path),
        contrast.contrast.name,
        range(ends)
    );
    say(size(ends), &told, watch);
}

/// From the share that is lost least to the one that is lost most, percent.
fn range((least, most): (f64, f64)) -> String {
    let side = |lost: f64| if lost < 0.0 { "large" } else { "small" };
    let (from, to) = (format!("{:.1}", least.abs()), format!("{:.1}", most.abs()));
    match side(least) == side(most) {
        true if from == to => format!("{to} % too {}", side(most)),
        true => format!("{from} to {to} % too {}", side(most)),
        false => format!("{from} % too {} to {to} % too {}", side(least), side(most)),
    }
}
