//! Fixed effects over the runs of one subject: effect = mean, variance = sum / n^2, dof = sum (nilearn, FSL's fixed
//! effects with equal weights).

use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::pipeline::first_level::Fitted;
use crate::pipeline::maps::ContrastMaps;

/// Combine fitted runs; one run is returned as it is. A voxel counts where every run fitted it.
///
/// # Errors
/// Usage for an F contrast of more than one row over several runs; internal without runs.
pub fn fixed_effects(mut runs: Vec<Fitted>) -> Result<Fitted> {
    let Some(last) = runs.pop() else {
        return Err(Error::internal("fixed effects", "got no runs", "get at least one", ""));
    };
    if runs.is_empty() {
        return Ok(last);
    }
    runs.push(last);
    let n_voxels = runs[0].fitted.len();
    let fitted: Vec<bool> = (0..n_voxels).map(|v| runs.iter().all(|r| r.fitted[v])).collect();
    let contrasts = (0..runs[0].contrasts.len())
        .map(|c| {
            let maps: Vec<&ContrastMaps> = runs.iter().map(|r| &r.contrasts[c]).collect();
            mean_of(&maps, &fitted)
        })
        .collect::<Result<_>>()?;
    let in_mask = runs[0].fitted.iter().filter(|&&v| v).count() + runs[0].not_finite;
    Ok(Fitted::counted(contrasts, fitted, in_mask))
}

fn mean_of(runs: &[&ContrastMaps], fitted: &[bool]) -> Result<ContrastMaps> {
    let first = runs[0];
    if first.effect.len() > 1 {
        return Err(Error::usage(
            format!("F contrast '{}'", first.name),
            format!("has {} rows and is asked for over {} runs", first.effect.len(), runs.len()),
            "have one row when several runs are combined",
            "ask for it run by run, or give its rows as t contrasts",
        ));
    }
    let n = runs.len() as f64;
    let mut all = ContrastMaps::zeros(&first.name, first.stat_kind, 1, fitted.len());
    all.rank = first.rank;
    all.dof = runs.iter().map(|r| r.dof).sum();
    for voxel in (0..fitted.len()).filter(|&v| fitted[v]) {
        let effect = runs.iter().map(|r| r.effect[0][voxel]).sum::<f64>() / n;
        let variance = runs.iter().map(|r| r.variance[0][voxel]).sum::<f64>() / (n * n);
        let t = if variance > 0.0 { effect / variance.sqrt() } else { 0.0 };
        all.effect[0][voxel] = effect;
        all.variance[0][voxel] = variance;
        all.stat[voxel] = if all.stat_kind == Stat::F { t * t } else { t };
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(effect: f64, variance: f64, dof: f64) -> Fitted {
        let mut maps = ContrastMaps::zeros("a", Stat::T, 1, 1);
        (maps.effect[0][0], maps.variance[0][0], maps.dof) = (effect, variance, dof);
        Fitted { contrasts: vec![maps], fitted: vec![true], not_finite: 0, constant: 0 }
    }

    #[test]
    fn two_runs_give_the_mean_effect_and_a_quarter_of_the_summed_variance() {
        let both = fixed_effects(vec![run(1.0, 4.0, 10.0), run(3.0, 12.0, 20.0)]).expect("t");
        let maps = &both.contrasts[0];
        assert_eq!((maps.effect[0][0], maps.variance[0][0]), (2.0, 4.0));
        assert_eq!((maps.stat[0], maps.dof), (1.0, 30.0));
    }

    #[test]
    fn a_voxel_one_run_could_not_fit_is_outside() {
        let mut second = run(3.0, 12.0, 20.0);
        second.fitted[0] = false;
        let both = fixed_effects(vec![run(1.0, 4.0, 10.0), second]).expect("t");
        assert_eq!((both.fitted[0], both.contrasts[0].stat[0]), (false, 0.0));
    }
}
