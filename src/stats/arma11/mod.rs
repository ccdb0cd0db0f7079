//! ARMA(1,1) noise by restricted maximum likelihood: corr(0) = 1, corr(k) = lambda a^(k-1),
//! lambda = (b + a)(1 + a b) / (1 + 2 a b + b²), at the kept volumes' own times.
//!
//! Source: the objective, (n - m) log RSS + log|U'R⁻¹U| + log|R|, and the trial values, a from 0 and b from -0.8 to 0.8 in steps of 0.1
//! with lambda not negative, are those of 3dREMLfit; a and b are then refined off the grid by Newton steps, so that they vary
//! continuously with the data. The whole series is needed: what R⁻¹ does to it is no function of a few sums.
//!
//! R is semiseparable, so that its factor L D L' whitens a series in one pass: with g the gap before volume t, S = a^(2g) S +
//! a^(2g-2) D W², f = a^g f + a^(g-1) W z (of the volume before), D = 1 - lambda² S, W = (1 - lambda a S) / D, z = y - lambda f.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::error::Result;
use crate::stats::beside::Beside;
use crate::stats::gls::{Question, Solved};
use crate::stats::least_squares::{LeastSquares, orthonormal_basis};
use crate::stats::panel::{Lanes, lanes_mut, sum_of_squares, width};

mod evaluation;
mod refine;
mod trial;

use evaluation::Evaluation;
use refine::{refine, refine_at_edges};
use trial::Trial;

/// The largest a, and magnitude of b.
const LARGEST: f64 = 0.8;
/// Between trial values.
const STEP: f64 = 0.1;
/// Voxels a task.
const CHUNK: usize = 64;

/// What one slice group's design makes of series; all f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Arma11 {
    /// Orthonormal, `[volume][basis]`.
    basis: Array2<f64>,
    /// X⁺U, `[regressor][basis]`.
    pub to_beta: Array2<f64>,
    /// Volumes since the kept volume before, 0 for the first, `[volume]`.
    gaps: Vec<u32>,
    /// What divides the residual sum of squares.
    dof: f64,
}

/// What was found at each voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// `[voxel]`
    pub a: Vec<f64>,
    /// `[voxel]`
    pub b: Vec<f64>,
    /// The answers there.
    pub solved: Solved,
}

/// lambda of a and b.
#[must_use]
pub fn lambda(a: f64, b: f64) -> f64 {
    (b + a) * (1.0 + a * b) / (1.0 + 2.0 * a * b + b * b)
}

impl Arma11 {
    /// Of a design `[volume][regressor]` at kept volumes, positions in the run, ascending; `dof`: what is left.
    ///
    /// # Errors
    /// Internal when the design's singular values cannot be found.
    pub fn new(design: ArrayView2<f64>, kept: &[usize], dof: f64) -> Result<Arma11> {
        let basis = orthonormal_basis(design)?;
        let to_beta = LeastSquares::new(design)?.pinv.dot(&basis);
        let steps = kept.windows(2).map(|pair| (pair[1] - pair[0]) as u32);
        Ok(Arma11 { basis, to_beta, gaps: std::iter::once(0).chain(steps).collect(), dof })
    }

    /// The model of a voxel that has columns of its own.
    #[must_use]
    pub fn with(&self, own: &Beside) -> Arma11 {
        Arma11 {
            basis: ndarray::concatenate![Axis(1), self.basis, own.basis],
            to_beta: own.joined(&self.to_beta),
            gaps: self.gaps.clone(),
            dof: self.dof - own.n_columns() as f64,
        }
    }

    /// Bytes of host memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<f64>() * (self.basis.len() + self.to_beta.len() + self.gaps.len())
    }

    /// a, b and the answers of voxels of this group. `residual`: of ordinary least squares, `[volume][voxel]`; `beta`: its estimates,
    /// `[regressor][voxel]`.
    #[must_use]
    pub fn fit(
        &self,
        residual: ArrayView2<f64>,
        beta: ArrayView2<f64>,
        questions: &[Question],
    ) -> Found {
        let trials = self.trials();
        let n = residual.ncols();
        let chunks: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let parts: Vec<Found> = chunks
            .into_par_iter()
            .map(|first| {
                let voxels = ndarray::s![.., first..(first + CHUNK).min(n)];
                let (residual, beta) = (residual.slice(voxels), beta.slice(voxels));
                let fit = Fit { model: self, trials: &trials, residual, beta, questions };
                Arch::new().dispatch(fit)
            })
            .collect();
        let mut found = Found { a: Vec::new(), b: Vec::new(), solved: Solved::empty(questions, 0) };
        let mut solved = Vec::with_capacity(parts.len());
        for part in parts {
            found.a.extend(part.a);
            found.b.extend(part.b);
            solved.push(part.solved);
        }
        Found { solved: Solved::joined(solved, questions), ..found }
    }

    /// [`Arma11::fit`] of the one voxel that this model is of: trial values stand side by side where voxels do otherwise.
    #[must_use]
    pub fn fit_alone(
        &self,
        residual: ArrayView1<f64>,
        beta: ArrayView2<f64>,
        questions: &[Question],
    ) -> Found {
        Arch::new().dispatch(Alone { model: self, residual, beta, questions })
    }

    fn trials(&self) -> Vec<Trial> {
        trial_values().into_iter().map(|(a, b)| Trial::new(self, a, b)).collect()
    }

    fn objective(&self, rss: f64, ln_det: f64) -> f64 {
        let (n, rank) = self.basis.dim();
        (n - rank) as f64 * rss.ln() + ln_det
    }
}

fn trial_values() -> Vec<(f64, f64)> {
    let steps = (LARGEST / STEP).round() as i32;
    let at = |i: i32| f64::from(i) * STEP;
    let b_of = move |i: i32| (-i..=steps).map(move |j| (at(i), at(j)));
    // Where lambda is 0 noise is white, whatever a: one trial stands for all.
    (0..=steps).flat_map(b_of).filter(|(a, b)| *a == 0.0 || a + b > 1e-9).collect()
}

struct Alone<'a> {
    model: &'a Arma11,
    residual: ArrayView1<'a, f64>,
    beta: ArrayView2<'a, f64>,
    questions: &'a [Question],
}

impl WithSimd for Alone<'_> {
    type Output = Found;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Found {
        let Alone { model, residual, beta, questions } = self;
        let w = width::<S>();
        let mut e = Vec::with_capacity(residual.len() * w);
        residual.iter().for_each(|&value| e.extend(std::iter::repeat_n(value, w)));
        let series: &[Lanes<S>] = lanes_mut::<S>(&mut e);
        let mut own = Evaluation::new::<S>(model);
        lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, series);
        let trials = trial_values();
        let values = own.objectives(simd, (model, series), &trials);
        let least = (0..values.len()).fold(0, |l, k| if values[k] < values[l] { k } else { l });
        let mut at = [trials[least]];
        refine(simd, (model, series), &mut at, &mut own);
        refine_at_edges(simd, (model, series), &mut at, &mut own);
        own.evaluate(simd, (model, series), &vec![at[0]; w]);
        let (a, b) = if own.factor.square[0] > 0.0 { at[0] } else { (0.0, 0.0) };
        let mut solved = Solved::empty(questions, 1);
        solved.put(simd, &mut own.factor, (0, beta), questions);
        Found { a: vec![a], b: vec![b], solved }
    }
}

struct Fit<'a> {
    model: &'a Arma11,
    trials: &'a [Trial],
    residual: ArrayView2<'a, f64>,
    beta: ArrayView2<'a, f64>,
    questions: &'a [Question],
}

impl WithSimd for Fit<'_> {
    type Output = Found;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Found {
        let Fit { model, trials, residual, beta, questions } = self;
        let (n, r) = model.basis.dim();
        let (w, n_voxels) = (width::<S>(), residual.ncols());
        let mut found = Found {
            a: Vec::with_capacity(n_voxels),
            b: Vec::with_capacity(n_voxels),
            solved: Solved::empty(questions, n_voxels),
        };
        let mut e = vec![0.0; n * w];
        let mut room = vec![0.0; n * w];
        let mut own = Evaluation::new::<S>(model);
        for first in (0..n_voxels).step_by(w) {
            let count = w.min(n_voxels - first);
            for (row, series) in e.chunks_exact_mut(w).zip(residual.rows()) {
                for (lane, value) in row.iter_mut().enumerate() {
                    *value = series[first + lane.min(count - 1)];
                }
            }
            let series: &[Lanes<S>] = lanes_mut::<S>(&mut e);
            lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, series);
            let mut least = vec![f64::INFINITY; w];
            let mut at = vec![(0.0, 0.0); w];
            let mut rss = vec![0.0; w];
            for trial in trials {
                let q = &mut lanes_mut::<S>(&mut own.factor.projected)[..r];
                lanes_mut::<S>(&mut rss)[0] =
                    trial.rss(simd, series, (lanes_mut::<S>(&mut room), q));
                for lane in 0..w {
                    let share = rss[lane] / own.factor.square[lane];
                    let value = model.objective(share, trial.ln_det);
                    if value < least[lane] {
                        (least[lane], at[lane]) = (value, (trial.a, trial.b));
                    }
                }
            }
            refine(simd, (model, series), &mut at, &mut own);
            refine_at_edges(simd, (model, series), &mut at, &mut own);
            own.evaluate(simd, (model, series), &at);
            for (lane, &(a, b)) in at.iter().take(count).enumerate() {
                let varies = own.factor.square[lane] > 0.0;
                found.a.push(if varies { a } else { 0.0 });
                found.b.push(if varies { b } else { 0.0 });
            }
            let beta = beta.slice(ndarray::s![.., first..first + count]);
            found.solved.put(simd, &mut own.factor, (first, beta), questions);
        }
        found
    }
}
