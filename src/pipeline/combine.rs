//! Fixed effects over the runs of one subject. With m_r = C_r beta the effects of run r and V_r their covariance, of the n runs that a contrast
//! counts, those whose design determines it
//!
//! - mean: m = Σ m_r / n, V = Σ V_r / n² (nilearn, FSL's fixed effects with equal weights);
//! - precision: V = (Σ V_r⁻¹)⁻¹, m = V Σ V_r⁻¹ m_r: what is measured better counts more (nilearn's `precision_weighted`);
//! - of a contrast that names runs, whose C_r differ: m = Σ m_r, V = Σ V_r;
//!
//! t = m / sqrt V, F = m' V⁻¹ m / rank, dof = Σ dof. For F of several rows this is not the sum of the runs' own whitened effects,
//! as nilearn adds them, whose signs are arbitrary. Where rows depend on each other V⁻¹ is taken on what they span.

use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::Fitted;
use crate::pipeline::spec::Combining;

mod joint;
mod own;

pub use joint::{Joining, Joint};
use own::{each_voxel, own};

/// The runs fitted so far: their sums, so that memory does not grow with them. A voxel counts where every run fitted it.
#[derive(Debug)]
pub struct FixedEffects {
    by: Combining,
    joint: Vec<Joint>,
    sums: Option<Fitted>,
    n_runs: usize,
}

impl FixedEffects {
    /// Of no run so far, for these contrasts.
    #[must_use]
    pub fn new(by: Combining, joint: Vec<Joint>) -> FixedEffects {
        FixedEffects { by, joint, sums: None, n_runs: 0 }
    }

    /// Whether one run is all there is.
    fn is_alone(&self) -> bool {
        self.joint.iter().all(|joint| joint.rows.len() == 1)
    }

    /// Add the next run, of this shape, with its parts of the contrasts that it counts for, in their order.
    ///
    /// # Errors
    /// Internal for parts of other contrasts, or an F of several rows without their covariances.
    pub fn add(&mut self, mut run: Fitted, shape: [usize; 3]) -> Result<()> {
        let at = self.n_runs;
        self.n_runs += 1;
        if self.is_alone() {
            self.sums = Some(run);
            return Ok(());
        }
        let mut parts = std::mem::take(&mut run.contrasts).into_iter();
        let fitted = run.fitted.clone();
        let sums = match &mut self.sums {
            Some(sums) => {
                sums.residuals.append(&mut run.residuals);
                sums.fitted.iter_mut().zip(&run.fitted).for_each(|(sum, fitted)| *sum &= fitted);
                sums
            }
            None => {
                let none = |joint: &Joint| ContrastMaps::zeros(&joint.name, joint.stat, 0, 0);
                let contrasts = self.joint.iter().map(none).collect();
                self.sums.insert(Fitted { contrasts, ..run })
            }
        };
        for (joint, sum) in self.joint.iter().zip(&mut sums.contrasts) {
            let Some(Some(rows)) = joint.rows.get(at) else { continue };
            let part = parts.next().filter(|part| part.effect.len() == rows.len());
            let Some(mut part) = part else {
                return Err(Error::internal(
                    format!("contrast '{}'", joint.name),
                    "has another part in a run than was planned",
                    "have the one that was prepared",
                    "",
                ));
            };
            if part.covariance.len() != rows.len() * (rows.len() - 1) / 2 {
                return Err(Error::internal(
                    format!("contrast '{}'", joint.name),
                    "has no covariances of its rows",
                    "have them where runs are combined",
                    "",
                ));
            }
            if self.by == Combining::Precision && joint.joining == Joining::Runs {
                let span = joint.span.as_ref();
                each_voxel(&mut part, &fitted, |own| own.turn(span));
            }
            joint.take(sum, part, rows, shape);
        }
        Ok(())
    }

    /// What they say together; one run is returned as it is within it. `inside`: the voxels that count, fitted or not, `[voxel]`.
    ///
    /// # Errors
    /// Internal without runs.
    pub fn combined(self, inside: &[bool]) -> Result<Fitted> {
        let is_alone = self.is_alone();
        let Some(Fitted { mut contrasts, mut fitted, residuals, .. }) = self.sums else {
            return Err(Error::internal("fixed effects", "got no runs", "get at least one", ""));
        };
        if is_alone {
            let out = (0..fitted.len()).filter(|&voxel| fitted[voxel] && !inside[voxel]);
            for voxel in out.collect::<Vec<usize>>() {
                fitted[voxel] = false;
                contrasts.iter_mut().for_each(|maps| maps.clear(voxel));
            }
            return Ok(Fitted { residuals, ..Fitted::counted(contrasts, fitted, inside) });
        }
        fitted.iter_mut().zip(inside).for_each(|(fitted, inside)| *fitted &= inside);
        for (joint, maps) in self.joint.iter().zip(&mut contrasts) {
            let n = joint.runs().count() as f64;
            match (joint.joining, self.by) {
                (Joining::Sum, _) => each_voxel(maps, &fitted, |_| ()),
                (Joining::Runs, Combining::Mean) => each_voxel(maps, &fitted, |own| own.divide(n)),
                (Joining::Runs, Combining::Precision) => {
                    each_voxel(maps, &fitted, |own| own.turn(joint.span.as_ref()));
                }
            }
            maps.rank = joint.rank;
            decide(maps, &fitted);
        }
        Ok(Fitted { residuals, ..Fitted::counted(contrasts, fitted, inside) })
    }
}

/// The statistic of combined effects.
fn decide(maps: &mut ContrastMaps, fitted: &[bool]) {
    for voxel in (0..fitted.len()).filter(|&voxel| fitted[voxel]) {
        let (effect, variance) = (maps.effect[0][voxel], maps.variance[0][voxel]);
        maps.stat[voxel] = match maps.stat_kind {
            Stat::T if variance > 0.0 => effect / variance.sqrt(),
            Stat::T => 0.0,
            Stat::F => own(maps, voxel).form(maps.rank) / maps.rank as f64,
        };
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::own::Own;
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
            not_finite_beside: 0,
            flat: vec![],
            residuals: vec![],
            beyond: None,
        }
    }

    /// A contrast that weighs as many columns as it has rows, in these rows of each run.
    fn joint(n_rows: usize, rows: &[Option<Vec<usize>>], joining: Joining) -> Joint {
        let weights = |rows: &Vec<usize>| {
            Array2::from_shape_fn((rows.len(), n_rows), |(at, c)| {
                f64::from(u8::from(rows[at] == c))
            })
        };
        let parts: Vec<_> = rows
            .iter()
            .map(|rows| rows.as_ref().map(|rows| (rows.clone(), weights(rows))))
            .collect();
        let stat = if n_rows == 1 { Stat::T } else { Stat::F };
        Joint::new(("a", stat, n_rows), &parts, joining).expect("a span")
    }

    fn together(by: Combining, joint: Joint, runs: Vec<Fitted>) -> Fitted {
        let mut all = FixedEffects::new(by, vec![joint]);
        runs.into_iter().for_each(|run| all.add(run, [1, 1, 1]).expect("its parts"));
        all.combined(&[true]).expect("runs")
    }

    fn combined(by: Combining, runs: [Fitted; 2]) -> Fitted {
        let n_rows = runs[0].contrasts[0].effect.len();
        let rows = vec![Some((0..n_rows).collect()); 2];
        together(by, joint(n_rows, &rows, Joining::Runs), runs.into())
    }

    fn without(mut run: Fitted) -> Fitted {
        run.contrasts.clear();
        run
    }

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-13 * want.abs().max(1.0), "{got} for {want}");
    }

    #[test]
    fn a_run_that_does_not_count_adds_neither_effect_nor_variance_nor_dof_to_the_mean() {
        for by in [Combining::Mean, Combining::Precision] {
            let rows = [Some(vec![0]), None, Some(vec![0])];
            let runs = || [run(&[1.0], &[4.0], 10.0), run(&[3.0], &[12.0], 20.0)];
            let [one, two] = runs();
            let three = vec![one, without(run(&[9.0], &[1.0], 40.0)), two];
            let some = together(by, joint(1, &rows, Joining::Runs), three);
            let want = combined(by, runs());
            assert_eq!(some.contrasts[0], want.contrasts[0], "{by:?}");
            assert_eq!(some.contrasts[0].dof.least(), 30.0);
            // the first of all may be the one that does not count
            let rows = [None, Some(vec![0])];
            let last = vec![without(run(&[9.0], &[1.0], 40.0)), run(&[3.0], &[12.0], 20.0)];
            let last = together(by, joint(1, &rows, Joining::Runs), last);
            close(last.contrasts[0].effect[0][0], 3.0);
            close(last.contrasts[0].stat[0], 3.0 / 12.0_f64.sqrt());
            assert_eq!(last.contrasts[0].dof.least(), 20.0);
        }
    }

    #[test]
    fn a_sum_over_runs_puts_the_rows_of_each_where_they_belong() {
        // Run 1 weighs rows 0 and 2, run 2 rows 1 and 2.
        let rows = [Some(vec![0, 2]), None, Some(vec![1, 2])];
        let one = run(&[1.0, 3.0], &[2.0, 1.0, 3.0], 10.0);
        let two = run(&[3.0, -1.0], &[4.0, -1.0, 1.0], 20.0);
        let runs = vec![one, without(run(&[9.0], &[1.0], 40.0)), two];
        let all = together(Combining::Mean, joint(3, &rows, Joining::Sum), runs);
        let maps = &all.contrasts[0];
        let effect: Vec<f64> = maps.effect.iter().map(|row| row[0]).collect();
        assert_eq!(effect, [1.0, 3.0, 2.0]);
        let variance: Vec<f64> = maps.variance.iter().map(|row| row[0]).collect();
        assert_eq!(variance, [2.0, 4.0, 4.0]);
        let covariance: Vec<f64> = maps.covariance.iter().map(|row| row[0]).collect();
        assert_eq!(covariance, [0.0, 1.0, -1.0]);
        assert_eq!((maps.rank, maps.dof.least()), (3, 30.0));
        // V = [2 0 1; 0 4 -1; 1 -1 4], det 26, adjugate times m = (1, 3, 2)
        let solved =
            [(15.0 - 3.0 - 8.0) / 26.0, (-1.0 + 21.0 + 4.0) / 26.0, (-4.0 + 6.0 + 16.0) / 26.0];
        let form = solved[0] + 3.0 * solved[1] + 2.0 * solved[2];
        close(maps.stat[0], form / 3.0);
    }

    #[test]
    fn rows_that_depend_on_each_other_leave_f_as_it_is_by_mean_and_by_precision() {
        // a third row that is the difference of the two
        let with_difference = |effect: [f64; 2], [a, ab, b]: [f64; 3], dof: f64| {
            let effect = [effect[0], effect[1], effect[0] - effect[1]];
            run(&effect, &[a, ab, b, a - ab, ab - b, a - 2.0 * ab + b], dof)
        };
        let [one, two] = [([1.0, 3.0], [2.0, 1.0, 3.0]), ([3.0, -1.0], [4.0, -1.0, 1.0])];
        for by in [Combining::Mean, Combining::Precision] {
            let want = combined(by, [run(&one.0, &one.1, 10.0), run(&two.0, &two.1, 20.0)]);
            let weights = ndarray::array![[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]];
            let parts = vec![Some((vec![0, 1, 2], weights)); 2];
            let joint = Joint::new(("a", Stat::F, 3), &parts, Joining::Runs).expect("a span");
            assert_eq!(joint.rank, 2);
            let runs =
                vec![with_difference(one.0, one.1, 10.0), with_difference(two.0, two.1, 20.0)];
            let got = together(by, joint, runs);
            let (got, want) = (&got.contrasts[0], &want.contrasts[0]);
            close(got.stat[0], want.stat[0]);
            assert_eq!(got.rank, 2);
            (0..2).for_each(|row| close(got.effect[row][0], want.effect[row][0]));
            close(got.effect[2][0], want.effect[0][0] - want.effect[1][0]);
            (0..2).for_each(|row| close(got.variance[row][0], want.variance[row][0]));
        }
    }

    #[test]
    fn f_does_not_hang_on_the_units_of_its_rows() {
        let own =
            |u: f64| Own { effect: vec![1.0, 3.0 * u], covariance: vec![2.0, u, 3.0 * u * u] };
        close(own(1e-7).form(2), own(1.0).form(2));
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
        assert!((own.form(1) - 0.25).abs() < 1e-14, "{}", own.form(1));
        assert!((own.form(2) - 0.25).abs() < 1e-14, "{}", own.form(2));
    }

    #[test]
    fn a_voxel_one_run_could_not_fit_is_outside() {
        let mut second = run(&[3.0], &[12.0], 20.0);
        second.fitted[0] = false;
        let both = combined(Combining::Mean, [run(&[1.0], &[4.0], 10.0), second]);
        assert_eq!((both.fitted[0], both.contrasts[0].stat[0], both.not_finite), (false, 0.0, 1));
    }
}
