//! Contrasts of the generalised least-squares fit at each voxel's rho.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::panel::Panel;
use super::{Ar1, Sums};
use crate::error::Result;
use crate::stats::least_squares::orthonormal_basis;
use crate::stats::panel::width;

/// Weights over regressors, prepared for one slice group.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Weights of the regressors, `[row][regressor]`, and on the basis, `[row][basis]`.
    rows: Array2<f64>,
    on_basis: Array2<f64>,
    /// For F: as many independent combinations of the rows as their rank; none for t.
    independent: Option<(Array2<f64>, Array2<f64>)>,
    /// Whether the covariances of the rows' effects are answered too: what runs are combined by.
    pub covariances: bool,
}

/// A contrast's values, f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `[row][voxel]`.
    pub effect: Array2<f64>,
    /// `[row][voxel]`.
    pub variance: Array2<f64>,
    /// Of the rows i > j, in the order (1, 0), (2, 0), (2, 1), ..: `[pair][voxel]`; none unless asked for.
    pub covariance: Array2<f64>,
    /// t, or F divided by the rank of its rows; 0 where the residual variance is 0.
    pub stat: Vec<f64>,
}

/// All answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// `[question]`
    pub answers: Vec<Answer>,
    /// Residual variance, `[voxel]`.
    pub sigma2: Vec<f64>,
}

impl Question {
    /// Rows of weights `[row][regressor]`, estimable; `is_f`: their joint F in place of t.
    ///
    /// # Errors
    /// Internal when singular values cannot be found.
    pub fn new(rows: ArrayView2<f64>, is_f: bool, model: &Ar1) -> Result<Question> {
        let on_basis = rows.dot(&model.to_beta);
        let independent = if is_f {
            // The row space of the weights on the basis: A (C U) with A of full row rank.
            let space = orthonormal_basis(on_basis.view())?;
            Some((space.t().dot(&rows), space.t().dot(&on_basis)))
        } else {
            None
        };
        Ok(Question { rows: rows.to_owned(), on_basis, independent, covariances: false })
    }
}

impl Question {
    fn n_pairs(&self) -> usize {
        let n = self.rows.nrows();
        if self.covariances { n * n.saturating_sub(1) / 2 } else { 0 }
    }
}

impl Ar1 {
    /// The answers at each voxel. `beta`: ordinary least squares, `[regressor][voxel]`; `rho`: `[voxel]`.
    #[must_use]
    pub fn solve(
        &self,
        (sums, beta): (&Sums, ArrayView2<f64>),
        rho: &[f64],
        questions: &[Question],
    ) -> Solved {
        let n = rho.len();
        let chunks: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let parts: Vec<Solved> = chunks
            .into_par_iter()
            .map(|first| {
                let rho = &rho[first..(first + CHUNK).min(n)];
                Arch::new().dispatch(Solve { model: self, sums, beta, rho, questions, first })
            })
            .collect();
        Solved {
            answers: (0..questions.len()).map(|at| joined(&parts, at)).collect(),
            sigma2: parts.iter().flat_map(|part| part.sigma2.iter().copied()).collect(),
        }
    }
}

/// Voxels a task.
const CHUNK: usize = 512;

fn joined(parts: &[Solved], at: usize) -> Answer {
    let stack = |rows: &dyn Fn(&Answer) -> ArrayView2<'_, f64>| {
        let views: Vec<Array2<f64>> =
            parts.iter().map(|p| rows(&p.answers[at]).to_owned()).collect();
        let views: Vec<_> = views.iter().map(|v| v.view()).collect();
        ndarray::concatenate(Axis(1), &views).unwrap_or_default()
    };
    Answer {
        effect: stack(&|answer| answer.effect.view()),
        variance: stack(&|answer| answer.variance.view()),
        covariance: stack(&|answer| answer.covariance.view()),
        stat: parts.iter().flat_map(|p| p.answers[at].stat.iter().copied()).collect(),
    }
}

struct Solve<'a> {
    model: &'a Ar1,
    sums: &'a Sums,
    beta: ArrayView2<'a, f64>,
    rho: &'a [f64],
    questions: &'a [Question],
    first: usize,
}

impl WithSimd for Solve<'_> {
    type Output = Solved;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Solved {
        let Solve { model, sums, beta, rho, questions, first } = self;
        let w = width::<S>();
        let empty = |q: &Question| Answer {
            effect: Array2::zeros((q.rows.nrows(), rho.len())),
            variance: Array2::zeros((q.rows.nrows(), rho.len())),
            covariance: Array2::zeros((q.n_pairs(), rho.len())),
            stat: vec![0.0; rho.len()],
        };
        let mut answers: Vec<Answer> = questions.iter().map(empty).collect();
        let mut residual = Vec::with_capacity(rho.len());
        let mut panel = Panel::new::<S>(model);
        let mut at_lanes = vec![0.0; w];
        for (index, rho) in rho.chunks(w).enumerate() {
            let count = rho.len();
            panel.load::<S>(sums, first + index * w, count);
            for (lane, value) in at_lanes.iter_mut().enumerate() {
                *value = rho[lane.min(count - 1)];
            }
            panel.factorise(simd, model, &at_lanes);
            residual.extend((0..count).map(|lane| panel.sigma2(model, lane)));
            let ols = |row: ndarray::ArrayView1<f64>, lane: usize| {
                row.dot(&beta.column(first + index * w + lane))
            };
            for (question, answer) in questions.iter().zip(&mut answers) {
                let weighed: Vec<_> = question
                    .on_basis
                    .rows()
                    .into_iter()
                    .map(|row| panel.weigh(simd, &row.to_vec()))
                    .collect();
                for lane in 0..count {
                    let sigma2 = panel.sigma2(model, lane);
                    let voxel = index * w + lane;
                    for (row, [square, change]) in weighed.iter().enumerate() {
                        let effect = ols(question.rows.row(row), lane) + change[lane];
                        answer.effect[[row, voxel]] = effect;
                        answer.variance[[row, voxel]] = sigma2 * square[lane];
                    }
                    let (effect, variance) =
                        (answer.effect[[0, voxel]], answer.variance[[0, voxel]]);
                    answer.stat[voxel] =
                        if variance > 0.0 { effect / variance.sqrt() } else { 0.0 };
                }
                if question.covariances {
                    let rows: Vec<Vec<f64>> = question
                        .on_basis
                        .rows()
                        .into_iter()
                        .map(|row| {
                            panel.weigh(simd, &row.to_vec());
                            panel.row.clone()
                        })
                        .collect();
                    let pairs = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
                    for (pair, (i, j)) in pairs.enumerate() {
                        for lane in 0..count {
                            let of = |row: usize| rows[row].iter().skip(lane).step_by(w);
                            let product: f64 = of(i).zip(of(j)).map(|(a, b)| a * b).sum();
                            answer.covariance[[pair, index * w + lane]] =
                                panel.sigma2(model, lane) * product;
                        }
                    }
                }
                let Some((rows, on_basis)) = &question.independent else { continue };
                let mut joint = Vec::with_capacity(rows.nrows());
                for row in on_basis.rows() {
                    let [_, change] = panel.weigh(simd, &row.to_vec());
                    joint.push((panel.row.clone(), change));
                }
                for lane in 0..count {
                    let effects =
                        (0..rows.nrows()).map(|row| ols(rows.row(row), lane) + joint[row].1[lane]);
                    let weighed = joint.iter().map(|(row, _)| row.iter().skip(lane).step_by(w));
                    let weighed: Vec<Vec<f64>> =
                        weighed.map(|values| values.copied().collect()).collect();
                    answer.stat[index * w + lane] =
                        f(&effects.collect::<Array1<f64>>(), &weighed, panel.sigma2(model, lane));
                }
            }
        }
        Solved { answers, sigma2: residual }
    }
}

/// effect' (W W')⁻¹ effect / (rank sigma2), W's rows given: by a small Cholesky factor.
fn f(effect: &Array1<f64>, rows: &[Vec<f64>], sigma2: f64) -> f64 {
    let k = rows.len();
    if sigma2 <= 0.0 || k == 0 {
        return 0.0;
    }
    let mut factor = vec![0.0; k * k];
    let mut form = 0.0;
    let mut y = vec![0.0; k];
    for i in 0..k {
        for j in 0..=i {
            let dot: f64 = rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum();
            let sum: f64 = (0..j).map(|m| factor[i * k + m] * factor[j * k + m]).sum();
            factor[i * k + j] =
                if i == j { (dot - sum).sqrt() } else { (dot - sum) / factor[j * k + j] };
        }
        let sum: f64 = (0..i).map(|m| factor[i * k + m] * y[m]).sum();
        y[i] = (effect[i] - sum) / factor[i * k + i];
        form += y[i] * y[i];
    }
    form / (k as f64 * sigma2)
}
