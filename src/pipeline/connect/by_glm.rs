//! A seed's map under a noise model that needs the residuals themselves, or bins: the fit of `glm` with the seed as one more column, a pass for each seed.

use ndarray::{Array2, Axis, concatenate};

use super::seeds::{OfSeed, Plan, Seed};
use crate::error::{Error, Result};
use crate::kernels::contrast::{Contrast, Prepared, Stat};
use crate::kernels::glm::Model;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::first_level::{self, fit_run};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::spec::Noise;
use crate::pipeline::watch::Watch;
use crate::stats::ar1::Rule;

/// Refit a seed by `noise`, ARMA(1,1) or nilearn's.
///
/// # Errors
/// Usage: nilearn's of a run with gaps. Reading and device errors.
pub(super) fn refit(
    of_seed: &mut OfSeed,
    ladder: &mut Ladder,
    run: &mut Run,
    (seed, noise): (&Seed, Noise),
    (plan, usable): (&Plan, &[bool]),
    watch: &dyn Watch,
) -> Result<()> {
    let (rule, used) = match noise {
        Noise::Arma11 => (Rule::Reml, Used::Arma11),
        _ => (Rule::Nilearn, Used::Own),
    };
    if rule == Rule::Nilearn && plan.pairs.has_gaps() {
        return Err(Error::usage(
            "--noise nilearn-ar1",
            format!("is asked for with censored volumes of {}", display(&run.path)),
            "be of runs without gaps: nilearn has no rule for them",
            "use --noise ar1",
        ));
    }
    let model = with_seed(run, seed)?;
    let at = run.shared().0.len();
    let mut weights = Array2::zeros((1, model.names.len()));
    weights[[0, at]] = 1.0;
    let contrast = Contrast { name: seed.name.clone(), stat: Stat::T, weights };
    let contrasts = vec![Prepared::new(contrast, &model)?];
    let noise = Autocorrelation::new((&model, &contrasts), plan.pairs.clone(), rule, used)?
        .with_doubts(true);
    let plan = first_level::Plan {
        correct: plan.correct.clone(),
        smooth: plan.smooth.clone(),
        model,
        contrasts,
        noise: Some(noise),
    };
    let mut fitted = fit_run(ladder, run.bold.as_mut(), &mut [], usable, &plan, watch)?;
    let two_sided = |maps: Option<&mut crate::pipeline::decide::ContrastMaps>| {
        maps.map(|maps| {
            maps.two_sided = true;
            maps.clone()
        })
    };
    if let Some(contrast) = two_sided(fitted.contrasts.first_mut()) {
        of_seed.contrast = contrast;
    }
    of_seed.elsewhere = fitted.beyond.as_mut().and_then(|all| two_sided(all.first_mut()));
    Ok(())
}

/// The run's model with the seed behind the columns that all voxels share.
fn with_seed(run: &Run, seed: &Seed) -> Result<Model> {
    let (names, matrix) = run.shared();
    let column = seed.series.view().insert_axis(Axis(1));
    let matrix = concatenate(Axis(1), &[matrix.view(), column])
        .map_err(|e| Error::internal("the seed", "cannot be joined", "", "").caused_by(e))?;
    let names = [names, &[format!("seed {}", seed.name)]].concat();
    Model::new(&matrix, &names, run.varying().as_ref(), run.grid.shape[2], run.dof_spent)
}
