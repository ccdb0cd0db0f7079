//! Fixed effects over the runs of one subject: effect = mean, variance = sum / n^2, dof = sum (nilearn, FSL's fixed
//! effects with equal weights).

use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::Fitted;

/// The runs fitted so far: their sums, so that memory does not grow with them. A voxel counts where every run fitted it.
#[derive(Debug, Default)]
pub struct FixedEffects {
    sums: Option<Fitted>,
    n_runs: usize,
}

impl FixedEffects {
    /// Add a run of this shape.
    ///
    /// # Errors
    /// Usage for an F contrast of more than one row over several runs.
    pub fn add(&mut self, run: Fitted, shape: [usize; 3]) -> Result<()> {
        self.n_runs += 1;
        let Some(sums) = &mut self.sums else {
            self.sums = Some(run);
            return Ok(());
        };
        sums.residuals.extend(run.residuals);
        for (sum, fitted) in sums.fitted.iter_mut().zip(&run.fitted) {
            *sum &= fitted;
        }
        for (sum, maps) in sums.contrasts.iter_mut().zip(&run.contrasts) {
            refuse_rows(maps)?;
            sum.dof = sum.dof.plus(&maps.dof, shape);
            for (sum, row) in [(&mut sum.effect, &maps.effect), (&mut sum.variance, &maps.variance)]
            {
                sum[0].iter_mut().zip(&row[0]).for_each(|(sum, value)| *sum += value);
            }
        }
        Ok(())
    }

    /// Their mean; one run is returned as it is. `inside`: the voxels that count, fitted or not, `[voxel]`.
    ///
    /// # Errors
    /// Internal without runs.
    pub fn mean(self, inside: &[bool]) -> Result<Fitted> {
        let Some(Fitted { mut contrasts, mut fitted, residuals, .. }) = self.sums else {
            return Err(Error::internal("fixed effects", "got no runs", "get at least one", ""));
        };
        if self.n_runs > 1 {
            let n = self.n_runs as f64;
            fitted.iter_mut().zip(inside).for_each(|(fitted, inside)| *fitted &= inside);
            contrasts.iter_mut().for_each(|maps| mean_of(maps, &fitted, n));
        }
        Ok(Fitted { residuals, ..Fitted::counted(contrasts, fitted, inside) })
    }
}

fn refuse_rows(maps: &ContrastMaps) -> Result<()> {
    if maps.effect.len() > 1 {
        return Err(Error::usage(
            format!("F contrast '{}'", maps.name),
            format!("has {} rows and is asked for over several runs", maps.effect.len()),
            "have one row when several runs are combined",
            "ask for it run by run, or give its rows as t contrasts",
        ));
    }
    Ok(())
}

/// Sums of n runs become their mean.
fn mean_of(maps: &mut ContrastMaps, fitted: &[bool], n: f64) {
    for (voxel, &fitted) in fitted.iter().enumerate() {
        let (effect, variance) = (&mut maps.effect[0][voxel], &mut maps.variance[0][voxel]);
        if !fitted {
            (*effect, *variance, maps.stat[voxel]) = (0.0, 0.0, 0.0);
            continue;
        }
        (*effect, *variance) = (*effect / n, *variance / (n * n));
        let t = if *variance > 0.0 { *effect / variance.sqrt() } else { 0.0 };
        maps.stat[voxel] = if maps.stat_kind == Stat::F { t * t } else { t };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::Dof;

    fn run(effect: f64, variance: f64, dof: f64) -> Fitted {
        let mut maps = ContrastMaps::zeros("a", Stat::T, 1, 1);
        (maps.effect[0][0], maps.variance[0][0], maps.dof) = (effect, variance, Dof::Uniform(dof));
        Fitted {
            contrasts: vec![maps],
            fitted: vec![true],
            not_finite: 0,
            constant: 0,
            flat: vec![],
            residuals: vec![],
        }
    }

    fn mean(runs: [Fitted; 2]) -> Fitted {
        let mut all = FixedEffects::default();
        runs.into_iter().for_each(|run| all.add(run, [1, 1, 1]).expect("t"));
        all.mean(&[true]).expect("two runs")
    }

    #[test]
    fn two_runs_give_the_mean_effect_and_a_quarter_of_the_summed_variance() {
        let both = mean([run(1.0, 4.0, 10.0), run(3.0, 12.0, 20.0)]);
        let maps = &both.contrasts[0];
        assert_eq!((maps.effect[0][0], maps.variance[0][0]), (2.0, 4.0));
        assert_eq!((maps.stat[0], maps.dof.least()), (1.0, 30.0));
    }

    #[test]
    fn a_voxel_one_run_could_not_fit_is_outside() {
        let mut second = run(3.0, 12.0, 20.0);
        second.fitted[0] = false;
        let both = mean([run(1.0, 4.0, 10.0), second]);
        assert_eq!((both.fitted[0], both.contrasts[0].stat[0], both.not_finite), (false, 0.0, 1));
    }
}
