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

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::physio::Terms;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::glm::{self, common_grid};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::save::Cleaning;
use crate::pipeline::spec::{DesignOptions, GlmSpec, RecordOptions, RetroicorSpec, RunSpec};
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

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The smallest mean Bayesian information criterion.
    Bic,
    /// Partial F tests, pooled over voxels.
    FTest,
}

impl Criterion {
    /// As `--choose-order` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Criterion::Bic => "bic",
            Criterion::FTest => "f-test",
        }
    }
}

/// How the orders were chosen; the sidecar keeps it beside the terms that it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderChoice {
    /// What decided.
    pub by: Criterion,
    /// The largest model.
    pub at_most: Terms,
    /// The orders chosen, as `--terms` spells them; `0/0/0` where none is.
    pub chosen: String,
    /// Voxels that were compared, over all runs.
    pub n_voxels: usize,
    /// Each nested model, when BIC decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelBic>,
    /// Each order, when F tests decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<OrderTest>,
}

/// A nested model and its criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelBic {
    /// Its orders.
    pub terms: String,
    /// Its physiological columns.
    pub n_columns: usize,
    /// Mean over voxels.
    pub bic: f64,
}

/// An order of a series and its test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderTest {
    /// `cardiac`, `respiratory` or `interaction`.
    pub series: String,
    /// 1 for the first.
    pub order: usize,
    /// Share of the voxels with p < .05, 0 to 1.
    pub share: f64,
    /// The share that it must exceed: the largest among the shifted columns.
    pub threshold: f64,
    /// Whether it is in the model.
    pub kept: bool,
}

/// The `glm` command with its orders chosen; as it is where no criterion is given. Where no term is chosen, the model
/// goes without physiology.
///
/// # Errors
/// What the runs hold or lack; columns that cannot be told apart.
pub fn for_glm(
    ladder: &mut Ladder,
    mut spec: GlmSpec,
    by: Option<Criterion>,
    watch: &dyn Watch,
) -> Result<GlmSpec> {
    let Some(by) = by else { return Ok(spec) };
    let (choice, terms) =
        choose(ladder, &spec.runs, &spec.design, spec.mask.as_deref(), by, watch)?;
    match terms {
        Some(terms) => spec.design.terms = terms,
        None => {
            watch.warn(&format!(
                "{} finds no term of pulse or breathing worth its columns; the model goes without them",
                by.name()
            ));
            for run in &mut spec.runs {
                run.physio.clear();
                run.physio_formats.clear();
                run.record = RecordOptions::default();
            }
        }
    }
    spec.design.order = Some(choice);
    Ok(spec)
}

/// The images of a `retroicor` command with the orders of each run chosen from all its echoes; as they are where no
/// criterion is given.
///
/// # Errors
/// What the runs hold or lack; columns that cannot be told apart; bad data where no term is chosen, as nothing would be
/// subtracted.
pub fn for_retroicor(
    ladder: &mut Ladder,
    mut cleanings: Vec<Cleaning>,
    by: Option<Criterion>,
    watch: &dyn Watch,
) -> Result<Vec<Cleaning>> {
    let Some(by) = by else { return Ok(cleanings) };
    for echoes in cleanings.chunk_by_mut(|a, b| a.run == b.run) {
        let runs: Vec<RunSpec> = echoes.iter().map(|echo| echo.spec.run.clone()).collect();
        let RetroicorSpec { design, proof, .. } = &echoes[0].spec;
        let mask = proof.as_ref().and_then(|proof| proof.mask.as_deref());
        let (choice, terms) = choose(ladder, &runs, design, mask, by, watch)?;
        let terms = terms.ok_or_else(|| nothing_to_subtract(&runs[0].bold, by, &choice))?;
        for echo in echoes {
            echo.spec.design.terms = terms.clone();
            echo.spec.design.order = Some(choice.clone());
        }
    }
    Ok(cleanings)
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
    specs: &[RunSpec],
    options: &DesignOptions,
    mask: Option<&Path>,
    by: Criterion,
    watch: &dyn Watch,
) -> Result<(OrderChoice, Option<Terms>)> {
    // Notes and warnings come when the chosen model is made.
    let open = |run: &RunSpec| inputs::open(run, options, &Quiet);
    let mut runs = specs.iter().map(open).collect::<Result<Vec<Run>>>()?;
    let grid = common_grid(&runs)?;
    let inside = glm::mask(mask, &mut runs[0].bold, &Quiet)?.inside;
    let mut gathered = Gathered::default();
    for run in &mut runs {
        let Some(slices) = &run.slices else { continue };
        let columns = Columns { design: &run.design, slices, dof_spent: run.dof_spent };
        let largest = Largest::new(&columns, grid.shape[2], &options.terms, by)?;
        gathered.add(largest.gather(ladder, &mut run.bold, &inside, watch)?);
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
