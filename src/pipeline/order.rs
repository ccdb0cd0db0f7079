//! Orders of the Fourier series chosen from the run itself, on request: every series up to `--terms` is weighed at the voxels of
//! the mask, unsmoothed, with task, confounds, drift and slow terms always in.
//!
//! One fit of the largest model gives the residual sum of squares of each nested one: leaving out q columns raises it to
//! RSS = sigma2 (dof + q F), F of the contrast that picks them (extra sum of squares).
//!
//! **BIC** = n ln(RSS/n) + k ln n, n volumes, k = rank (Schwarz 1978, Gaussian residuals; without the constant n (1 + ln 2 pi)),
//! mean over voxels; the smallest mean is chosen among all cardiac x respiratory orders with the interactions between them.
//!
//! **F test**: an order's columns have a partial F at each voxel, the orders below it and the other series in. Its share of
//! voxels with p < .05 would be .05 by chance if noise were white and voxels independent; they are not (2 to 13 % on a real
//! run with a stranger's recording), so the run itself says what chance gives: the same columns, shifted round the run by 19 steps
//! from a tenth to nine tenths of it, are tested in the same way beside the unshifted ones. An order is kept while its
//! share exceeds all 19, which chance does once in twenty; the first that does not ends its series. The tests are done at 20,000
//! voxels at most, evenly spread over the mask.
//!
//! An interaction m x n needs the orders m and n of its series.

use std::path::Path;

use crate::error::{Error, Result};
use crate::io;
use crate::physio::Terms;
use crate::pipeline::automask::Common;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::censor::{self, Within};
use crate::pipeline::echoes;
use crate::pipeline::flat;
use crate::pipeline::inputs::{self, common_grid, display};
use crate::pipeline::precision;
use crate::pipeline::signal;
use crate::pipeline::spec::{
    Criterion, DesignOptions, GlmSpec, ModelBic, OrderChoice, OrderTest, RecordOptions,
    RetroicorSpec, RunSpec,
};
use crate::pipeline::watch::{Quiet, Watch};

mod nested;
mod text;

pub use nested::{Columns, Gathered, Largest};

/// Level of the F test at a voxel.
const LEVEL: f64 = 0.05;
/// Shifts that say what chance gives: 1/(1 + 19) = .05.
const N_SHIFTS: usize = 19;
/// Voxels at which F is tested, at most.
const MOST_TESTED: usize = 20_000;

/// The `glm` command with its orders chosen, as [`for_runs`] does.
///
/// # Errors
/// As [`for_runs`].
pub fn for_glm(
    ladder: &mut Ladder,
    mut spec: GlmSpec,
    by: Option<Criterion>,
    watch: &dyn Watch,
) -> Result<GlmSpec> {
    let (design, within) = (&mut spec.design, Within::fitted(spec.mask.as_deref(), spec.scaling));
    for_runs(ladder, (&mut spec.runs, design), within, by, watch)?;
    Ok(spec)
}

/// The orders of some runs chosen; they stay as they are where no criterion is given. Where no term is chosen, the model
/// goes without physiology.
///
/// # Errors
/// What the runs hold or lack; columns that cannot be told apart.
pub fn for_runs(
    ladder: &mut Ladder,
    (runs, design): (&mut [RunSpec], &mut DesignOptions),
    within: Within<'_>,
    by: Option<Criterion>,
    watch: &dyn Watch,
) -> Result<()> {
    let Some(by) = by else { return Ok(()) };
    let (choice, terms) = choose(ladder, (runs, design), within, by, watch)?;
    match terms {
        Some(terms) => design.terms = terms,
        None => {
            watch.warn(&format!(
                "{} finds no term of pulse or breathing worth its columns; the model goes without them",
                by.name()
            ));
            for run in runs {
                run.physio.clear();
                run.physio_formats.clear();
                run.record = RecordOptions::default();
            }
        }
    }
    design.order = Some(choice);
    Ok(())
}

/// Choose the orders of a run that `retroicor` corrects from all its echoes; they stay as they are where no criterion is
/// given.
///
/// # Errors
/// What the runs hold or lack; columns that cannot be told apart; bad data where no term is chosen, as nothing would be
/// subtracted.
pub fn for_retroicor(
    ladder: &mut Ladder,
    echoes: &mut [&mut RetroicorSpec],
    by: Option<Criterion>,
    watch: &dyn Watch,
) -> Result<()> {
    if let (Some(by), [first, ..]) = (by, &echoes[..]) {
        let runs: Vec<RunSpec> = echoes.iter().map(|echo| echo.run.clone()).collect();
        let within = Within::all(first.given_mask());
        let (choice, terms) = choose(ladder, (&runs, &first.design), within, by, watch)?;
        let terms = terms.ok_or_else(|| nothing_to_subtract(&runs[0].bold, by, &choice))?;
        for echo in echoes {
            echo.design.terms = terms.clone();
            echo.design.order = Some(choice.clone());
        }
    }
    Ok(())
}

fn nothing_to_subtract(bold: &Path, by: Criterion, choice: &OrderChoice) -> Error {
    Error::bad_data(
        display(bold),
        format!(
            "shows no term of pulse or breathing worth its columns, by {} of {} at most",
            by.name(),
            choice.at_most
        ),
        "hold physiological noise, or there is nothing to subtract",
        "use the run as it is, or name the orders with --terms and without --choose-order",
    )
}

/// The choice over all runs, told to `watch`, and its terms; none where it has no column.
fn choose(
    ladder: &mut Ladder,
    (specs, options): (&[RunSpec], &DesignOptions),
    within: Within<'_>,
    by: Criterion,
    watch: &dyn Watch,
) -> Result<(OrderChoice, Option<Terms>)> {
    io::refuse_twins(&specs.iter().flat_map(RunSpec::images).collect::<Vec<_>>())?;
    // Notes and warnings come when the chosen model is made.
    let mut runs = inputs::open(specs, options, &Quiet)?;
    echoes::combine(&mut runs, within.mask, ladder, &Quiet)?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    censor::apply(&mut runs, options, within, ladder, &Quiet)?;
    let grid = common_grid(&runs, &Quiet)?;
    let mut common = Common::new(within.mask, &grid, runs.len(), &Quiet)?;
    for run in &mut runs {
        precision::keep(run, &Quiet)?;
        let inside = common.with(run, &Quiet)?;
        if within.with_signal {
            let level = run.level.as_ref().map(|level| level.as_slice());
            let has = signal::of_run(run.bold.as_mut(), level, &inside)?;
            let dim: Vec<usize> = (0..has.len()).filter(|&v| inside[v] && !has[v]).collect();
            common.without_signal(&dim, run)?;
        }
        if specs.len() > 1 {
            let flat = flat::of_run(run.bold.as_mut(), &inside)?;
            common.without(&flat, run, &Quiet)?;
            run.bold.release(); // none stays in memory while the others are looked at
        }
    }
    if common.constant() > 0 {
        watch.note(&format!(
            "--choose-order leaves out {} mask voxels that are constant over time in some run",
            common.constant()
        ));
    }
    let inside = common.inside();
    let mut gathered = Gathered::default();
    for run in &mut runs {
        let Some(slices) = run.slices() else { continue };
        let columns = Columns { design: &run.design, slices, dof_spent: run.dof_spent };
        let largest = Largest::new(&columns, grid.shape[2], &options.terms, by)?;
        largest.models().try_for_each(|model| precision::refuse_level((run, false), model, &[]))?;
        gathered.add(largest.gather(ladder, run.bold.as_mut(), &inside, watch)?);
        run.bold.release();
    }
    let (choice, terms) = decide(&options.terms, by, &gathered)?;
    text::lines(&choice).iter().for_each(|line| watch.note(line));
    Ok((choice, Some(terms).filter(|t| t.n_columns() > 0)))
}

/// What the gathered sums come to.
///
/// # Errors
/// Bad data where no voxel could be compared.
pub fn decide(at_most: &Terms, by: Criterion, gathered: &Gathered) -> Result<(OrderChoice, Terms)> {
    if gathered.n_voxels == 0 {
        return Err(Error::bad_data(
            "--choose-order",
            "has no voxel to compare models at",
            "find voxels in the mask that are finite and vary",
            "check the mask",
        ));
    }
    let n = gathered.n_voxels as f64;
    let mut choice = OrderChoice {
        by,
        at_most: at_most.clone(),
        chosen: String::new(),
        n_voxels: gathered.n_voxels,
        models: Vec::new(),
        tests: Vec::new(),
    };
    let terms = match by {
        Criterion::Bic => {
            let models = nested::models(at_most);
            let mut best = (f64::INFINITY, at_most.clone());
            for (terms, sum) in models.into_iter().zip(&gathered.sums) {
                let bic = sum / n;
                let (text, n_columns) = (terms.to_string(), terms.n_columns());
                choice.models.push(ModelBic { terms: text, n_columns, bic });
                if bic < best.0 {
                    best = (bic, terms);
                }
            }
            best.1
        }
        Criterion::FTest => {
            let steps = nested::steps(at_most);
            let n_steps = steps.len();
            let mut kept = nested::Orders::default();
            for (at, step) in steps.into_iter().enumerate() {
                let share = gathered.sums[at] / n;
                let shifted = gathered.sums.iter().skip(n_steps + at).step_by(n_steps);
                let threshold = shifted.fold(0.0_f64, |most, sum| most.max(sum / n));
                let is_kept = share > threshold && step.follows(kept, at_most);
                if is_kept {
                    kept = step.kept_after(kept);
                }
                choice.tests.push(OrderTest {
                    series: step.series.name().to_owned(),
                    order: step.order,
                    share,
                    threshold,
                    kept: is_kept,
                });
            }
            kept.terms(at_most)
        }
    };
    choice.chosen = terms.to_string();
    Ok((choice, terms))
}
