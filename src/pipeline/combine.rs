//! Fixed effects over the runs of one subject. With m_r = C beta the effects of run r and V_r their covariance, of n runs
//!
//! - mean: m = Σ m_r / n, V = Σ V_r / n² (nilearn, FSL's fixed effects with equal weights);
//! - precision: V = (Σ V_r⁻¹)⁻¹, m = V Σ V_r⁻¹ m_r: what is measured better counts more (nilearn's `precision_weighted`);
//!
//! t = m / sqrt V, F = m' V⁻¹ m / rank, dof = Σ dof. For F of several rows this is not the sum of the runs' own whitened effects,
//! as nilearn adds them, whose signs are arbitrary.

use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::Fitted;
use crate::pipeline::spec::Combining;

/// A pivot up to this share of the largest variance is rounding: the row depends on others.
const DEPENDENT: f64 = 1e-10;

/// The runs fitted so far: their sums, so that memory does not grow with them. A voxel counts where every run fitted it.
#[derive(Debug, Default)]
pub struct FixedEffects {
    by: Combining,
    sums: Option<Fitted>,
    n_runs: usize,
}

impl FixedEffects {
    /// None so far.
    #[must_use]
    pub fn new(by: Combining) -> FixedEffects {
        FixedEffects { by, ..FixedEffects::default() }
    }

    /// Add a run of this shape.
    ///
    /// # Errors
    /// Internal for an F of several rows without their covariances.
    pub fn add(&mut self, mut run: Fitted, shape: [usize; 3]) -> Result<()> {
        self.n_runs += 1;
        let Some(sums) = &mut self.sums else {
            self.sums = Some(run);
            return Ok(());
        };
        if self.by == Combining::Precision {
            // Of the first run only once there is another.
            let first = (self.n_runs == 2).then_some(&mut *sums);
            for run in first.into_iter().chain([&mut run]) {
                let fitted = &run.fitted;
                run.contrasts.iter_mut().for_each(|maps| each_voxel(maps, fitted, Own::turn));
            }
        }
        sums.residuals.extend(run.residuals);
        for (sum, fitted) in sums.fitted.iter_mut().zip(&run.fitted) {
            *sum &= fitted;
        }
        for (sum, maps) in sums.contrasts.iter_mut().zip(&run.contrasts) {
            let rows = maps.effect.len();
            if maps.covariance.len() != rows * (rows - 1) / 2 {
                return Err(Error::internal(
                    format!("contrast '{}'", maps.name),
                    "has no covariances of its rows",
                    "have them where runs are combined",
                    "",
                ));
            }
            sum.dof = sum.dof.plus(&maps.dof, shape);
            let pairs = [
                (&mut sum.effect, &maps.effect),
                (&mut sum.variance, &maps.variance),
                (&mut sum.covariance, &maps.covariance),
            ];
            for (sum, row) in pairs.into_iter().flat_map(|(sum, rows)| sum.iter_mut().zip(rows)) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        }
        Ok(())
    }

    /// What they say together; one run is returned as it is. `inside`: the voxels that count, fitted or not, `[voxel]`.
    ///
    /// # Errors
    /// Internal without runs.
    pub fn combined(self, inside: &[bool]) -> Result<Fitted> {
        let Some(Fitted { mut contrasts, mut fitted, residuals, .. }) = self.sums else {
            return Err(Error::internal("fixed effects", "got no runs", "get at least one", ""));
        };
        if self.n_runs == 1 {
            return Ok(Fitted { residuals, ..Fitted::counted(contrasts, fitted, inside) });
        }
        fitted.iter_mut().zip(inside).for_each(|(fitted, inside)| *fitted &= inside);
        let n = self.n_runs as f64;
        for maps in &mut contrasts {
            match self.by {
                Combining::Precision => each_voxel(maps, &fitted, Own::turn),
                Combining::Mean => each_voxel(maps, &fitted, |own| own.divide(n)),
            }
            decide(maps, &fitted);
        }
        Ok(Fitted { residuals, ..Fitted::counted(contrasts, fitted, inside) })
    }
}

/// A voxel's effects and their covariance.
struct Own {
    effect: Vec<f64>,
    /// Lower triangle, row by row.
    covariance: Vec<f64>,
}

impl Own {
    fn divide(&mut self, n: f64) {
        self.effect.iter_mut().for_each(|v| *v /= n);
        self.covariance.iter_mut().for_each(|v| *v /= n * n);
    }

    /// (m, V) becomes (V⁻¹ m, V⁻¹), and back: both directions are one. Zeros stay.
    fn turn(&mut self) {
        let q = self.effect.len();
        if self.covariance.iter().all(|&v| v == 0.0) {
            return;
        }
        // Gauss and Jordan on [V | I, m] with V positive definite.
        let at =
            |i: usize, j: usize| if i >= j { i * (i + 1) / 2 + j } else { j * (j + 1) / 2 + i };
        let mut rows: Vec<Vec<f64>> = (0..q)
            .map(|i| {
                let of_v = (0..q).map(|j| self.covariance[at(i, j)]);
                let unit = (0..q).map(|j| f64::from(u8::from(i == j)));
                of_v.chain(unit).chain([self.effect[i]]).collect()
            })
            .collect();
        for k in 0..q {
            let pivot = rows[k][k];
            rows[k].iter_mut().for_each(|v| *v /= pivot);
            let own = rows[k].clone();
            for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
                let times = row[k];
                row.iter_mut().zip(&own).for_each(|(v, own)| *v -= times * own);
            }
        }
        for (i, row) in rows.iter().enumerate() {
            self.effect[i] = row[2 * q];
            (0..=i).for_each(|j| self.covariance[at(i, j)] = row[q + j]);
        }
    }

    /// m' V⁻¹ m, by a Cholesky factor with pivots: rows that depend on others add nothing.
    fn form(&self) -> f64 {
        let q = self.effect.len();
        let at =
            |i: usize, j: usize| if i >= j { i * (i + 1) / 2 + j } else { j * (j + 1) / 2 + i };
        let mut left: Vec<Vec<f64>> =
            (0..q).map(|i| (0..q).map(|j| self.covariance[at(i, j)]).collect()).collect();
        let mut effect = self.effect.clone();
        let largest = (0..q).map(|i| left[i][i]).fold(0.0, f64::max);
        let mut form = 0.0;
        for _ in 0..q {
            let k = (0..q).max_by(|&a, &b| left[a][a].total_cmp(&left[b][b])).unwrap_or(0);
            let pivot = left[k][k];
            if pivot <= DEPENDENT * largest || pivot <= 0.0 {
                break;
            }
            form += effect[k] * effect[k] / pivot;
            let (row, own) = (left[k].clone(), effect[k]);
            for i in 0..q {
                let share = row[i] / pivot;
                effect[i] -= share * own;
                (0..q).for_each(|j| left[i][j] -= share * row[j]);
            }
        }
        form
    }
}

/// Change every fitted voxel; the others become 0.
fn each_voxel(maps: &mut ContrastMaps, fitted: &[bool], change: impl Fn(&mut Own)) {
    for (voxel, &fitted) in fitted.iter().enumerate() {
        let mut own = own(maps, voxel);
        if fitted {
            change(&mut own);
        } else {
            own.effect.fill(0.0);
            own.covariance.fill(0.0);
            maps.stat[voxel] = 0.0;
        }
        let mut pair = 0;
        for i in 0..own.effect.len() {
            maps.effect[i][voxel] = own.effect[i];
            for j in 0..=i {
                let value = own.covariance[i * (i + 1) / 2 + j];
                if i == j {
                    maps.variance[i][voxel] = value;
                } else {
                    maps.covariance[pair][voxel] = value;
                    pair += 1;
                }
            }
        }
    }
}

fn own(maps: &ContrastMaps, voxel: usize) -> Own {
    let effect: Vec<f64> = maps.effect.iter().map(|row| row[voxel]).collect();
    let mut covariance = Vec::with_capacity(effect.len() * (effect.len() + 1) / 2);
    let mut pairs = maps.covariance.iter();
    for i in 0..effect.len() {
        covariance.extend(pairs.by_ref().take(i).map(|row| row[voxel]));
        covariance.push(maps.variance[i][voxel]);
    }
    Own { effect, covariance }
}

/// The statistic of combined effects.
fn decide(maps: &mut ContrastMaps, fitted: &[bool]) {
    for voxel in (0..fitted.len()).filter(|&voxel| fitted[voxel]) {
        let (effect, variance) = (maps.effect[0][voxel], maps.variance[0][voxel]);
        maps.stat[voxel] = match maps.stat_kind {
            Stat::T if variance > 0.0 => effect / variance.sqrt(),
            Stat::T => 0.0,
            Stat::F => own(maps, voxel).form() / maps.rank as f64,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::Dof;

    fn run(effect: &[f64], covariance: &[f64], dof: f64) -> Fitted {
        let q = effect.len();
        let stat = if q == 1 { Stat::T } else { Stat::F };
        let mut maps = ContrastMaps::zeros("a", stat, q, 1);
        maps.covariance = vec![vec![0.0]; q * (q - 1) / 2];
        let own = Own { effect: effect.to_vec(), covariance: covariance.to_vec() };
        each_voxel(&mut maps, &[true], |to| {
            (to.effect, to.covariance) = (own.effect.clone(), own.covariance.clone());
        });
        maps.dof = Dof::Uniform(dof);
        Fitted {
            contrasts: vec![maps],
            fitted: vec![true],
            not_finite: 0,
            constant: 0,
            flat: vec![],
            residuals: vec![],
        }
    }

    fn combined(by: Combining, runs: [Fitted; 2]) -> Fitted {
        let mut all = FixedEffects::new(by);
        runs.into_iter().for_each(|run| all.add(run, [1, 1, 1]).expect("their covariances"));
        all.combined(&[true]).expect("two runs")
    }

    #[test]
    fn two_runs_give_the_mean_effect_and_a_quarter_of_the_summed_variance() {
        let both =
            combined(Combining::Mean, [run(&[1.0], &[4.0], 10.0), run(&[3.0], &[12.0], 20.0)]);
        let maps = &both.contrasts[0];
        assert_eq!((maps.effect[0][0], maps.variance[0][0]), (2.0, 4.0));
        assert_eq!((maps.stat[0], maps.dof.least()), (1.0, 30.0));
    }

    #[test]
    fn by_precision_a_run_counts_by_the_inverse_of_its_variance() {
        let both =
            combined(Combining::Precision, [run(&[1.0], &[4.0], 10.0), run(&[3.0], &[12.0], 20.0)]);
        let maps = &both.contrasts[0];
        // weights 1/4 and 1/12: (1/4 + 3/12) / (1/3) = 1.5, variance 3
        assert!(
            (maps.effect[0][0] - 1.5).abs() < 1e-14 && (maps.variance[0][0] - 3.0).abs() < 1e-14
        );
        assert!((maps.stat[0] - 1.5 / 3.0_f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn f_over_runs_is_that_of_the_summed_effects_and_covariances() {
        // V1 = [2 1; 1 3], V2 = [4 -1; -1 1]: V = [6 0; 0 4] / 4, m = (2, 1)
        let runs = || {
            [run(&[1.0, 3.0], &[2.0, 1.0, 3.0], 10.0), run(&[3.0, -1.0], &[4.0, -1.0, 1.0], 20.0)]
        };
        let both = combined(Combining::Mean, runs());
        let want = (4.0 / 1.5 + 1.0 / 1.0) / 2.0;
        assert!((both.contrasts[0].stat[0] - want).abs() < 1e-14, "{}", both.contrasts[0].stat[0]);
        // V1^-1 = [3 -1; -1 2] / 5, V2^-1 = [1 1; 1 4] / 3
        let both = combined(Combining::Precision, runs());
        let inverse = [3.0 / 5.0 + 1.0 / 3.0, -1.0 / 5.0 + 1.0 / 3.0, 2.0 / 5.0 + 4.0 / 3.0];
        let right = [0.0 + 2.0 / 3.0, 1.0 - 1.0 / 3.0];
        let det = inverse[0] * inverse[2] - inverse[1] * inverse[1];
        let m = [
            (inverse[2] * right[0] - inverse[1] * right[1]) / det,
            (inverse[0] * right[1] - inverse[1] * right[0]) / det,
        ];
        let want = (m[0] * right[0] + m[1] * right[1]) / 2.0;
        assert!((both.contrasts[0].stat[0] - want).abs() < 1e-13, "{}", both.contrasts[0].stat[0]);
        assert!((both.contrasts[0].effect[1][0] - m[1]).abs() < 1e-13);
    }

    #[test]
    fn a_row_that_depends_on_another_adds_nothing_to_f() {
        let own = Own { effect: vec![1.0, 2.0], covariance: vec![4.0, 8.0, 16.0] };
        assert!((own.form() - 0.25).abs() < 1e-14, "{}", own.form());
    }

    #[test]
    fn a_voxel_one_run_could_not_fit_is_outside() {
        let mut second = run(&[3.0], &[12.0], 20.0);
        second.fitted[0] = false;
        let both = combined(Combining::Mean, [run(&[1.0], &[4.0], 10.0), second]);
        assert_eq!((both.fitted[0], both.contrasts[0].stat[0], both.not_finite), (false, 0.0, 1));
    }
}
