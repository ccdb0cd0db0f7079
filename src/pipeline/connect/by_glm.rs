//! A seed's map where the fit needs the residuals themselves, bins, or columns of each voxel's own: the fit of `glm` with the seed as one more column, a pass
//! for each seed.

use ndarray::{Array2, Axis, concatenate};

use super::seeds::{Mapped, OfSeed, Plan, Rho, Seed};
use crate::error::{Error, Result};
use crate::io::source::BoldSource;
use crate::kernels::contrast::{Contrast, Prepared, Stat};
use crate::kernels::glm::Model;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::{self, fit_run};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::spec::Noise;
use crate::pipeline::voxelwise::Voxelwise;
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
    let noise = noise_of(noise, plan, run)?;
    let of_run = (run, &mut [][..]);
    let fitted = fit(ladder, of_run, (seed, noise), (plan, usable), watch)?;
    (of_seed.contrast, of_seed.elsewhere) = (fitted.contrast, fitted.elsewhere);
    Ok(())
}

/// The maps of seeds in a run whose voxels have columns of their own, `beside` the nuisance columns; these are told where they do not count.
///
/// # Errors
/// Usage: nilearn's of a run with gaps. Reading and device errors.
pub(super) fn beside(
    ladder: &mut Ladder,
    (run, beside): (&mut Run, &mut Voxelwise),
    (seeds, noise): (&[Seed], Noise),
    (plan, usable): (&Plan, &[bool]),
    watch: &dyn Watch,
) -> Result<Mapped> {
    let (mut mapped, mut fitted) = (Vec::new(), usable.to_vec());
    for seed in seeds {
        let columns = &mut beside.sources[..];
        let (rule, used) = noise_of(noise, plan, run)?;
        let plain = (seed, (Rule::Reml, Used::Zero));
        let plain = fit(ladder, (run, &mut *columns), plain, (plan, usable), watch)?;
        let own = match noise {
            Noise::Ols => None,
            _ => Some(fit(ladder, (run, columns), (seed, (rule, used)), (plan, usable), watch)?),
        };
        // t = √nu sinh z
        let z = |(voxel, t): (usize, &f64)| {
            let nu = plain.contrast.dof.at(voxel, run.grid.plane_len());
            if plain.fitted[voxel] { (t / nu.sqrt()).asinh() } else { 0.0 }
        };
        let z = plain.contrast.stat.iter().enumerate().map(z).collect();
        fitted.iter_mut().zip(&plain.fitted).for_each(|(all, own)| *all &= own);
        beside.spanned.clone_from(&plain.spanned);
        let Fit { contrast, elsewhere, .. } = own.unwrap_or(plain);
        mapped.push(OfSeed { contrast, z, elsewhere });
    }
    Ok(Mapped { seeds: mapped, fitted })
}

/// A noise model as a fit takes it.
fn noise_of(noise: Noise, plan: &Plan, run: &Run) -> Result<(Rule, Used)> {
    if noise == Noise::NilearnAr1 && plan.pairs.has_gaps() {
        return Err(Error::usage(
            "--noise nilearn-ar1",
            format!("is asked for with censored volumes of {}", display(&run.path)),
            "be of runs without gaps: nilearn has no rule for them",
            "use --noise ar1",
        ));
    }
    Ok(match (noise, &plan.rho) {
        (Noise::Arma11, _) => (Rule::Reml, Used::Arma11),
        (Noise::NilearnAr1, _) => (Rule::Nilearn, Used::Own),
        (_, Rho::Zero) => (Rule::Reml, Used::Zero),
        (_, Rho::Own) => (Rule::Reml, Used::Own),
        (_, Rho::Smoothed(taps)) => (Rule::Reml, Used::Smoothed(taps.clone())),
    })
}

/// A seed's fit.
struct Fit {
    contrast: ContrastMaps,
    elsewhere: Option<ContrastMaps>,
    fitted: Vec<bool>,
    /// Voxels where a column of their own does not count, `[column]`.
    spanned: Vec<usize>,
}

fn fit(
    ladder: &mut Ladder,
    (run, beside): (&mut Run, &mut [Box<dyn BoldSource>]),
    (seed, (rule, used)): (&Seed, (Rule, Used)),
    (plan, usable): (&Plan, &[bool]),
    watch: &dyn Watch,
) -> Result<Fit> {
    let model = with_seed(run, seed)?;
    let at = run.shared().0.len();
    let mut weights = Array2::zeros((1, model.names.len()));
    weights[[0, at]] = 1.0;
    let contrast = Contrast { name: seed.name.clone(), stat: Stat::T, weights };
    let contrasts = vec![Prepared::new(contrast, &model)?];
    let noise = Autocorrelation::new((&model, &contrasts), plan.pairs.clone(), rule, used)?
        .with_beside(beside.len())
        .with_doubts(true);
    let plan = first_level::Plan {
        correct: plan.correct.clone(),
        smooth: plan.smooth.clone(),
        model,
        contrasts,
        noise: Some(noise),
    };
    let fitted = fit_run(ladder, run.bold.as_mut(), beside, usable, &plan, watch)?;
    let two_sided = |maps: ContrastMaps| ContrastMaps { two_sided: true, ..maps };
    let first = |maps: Vec<ContrastMaps>| maps.into_iter().next().map(two_sided);
    let contrast = first(fitted.contrasts)
        .ok_or_else(|| Error::internal("the seed", "has no map", "have one", ""))?;
    Ok(Fit {
        contrast,
        elsewhere: fitted.beyond.and_then(first),
        fitted: fitted.fitted,
        spanned: fitted.residuals.into_iter().flat_map(|residuals| residuals.spanned).collect(),
    })
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
