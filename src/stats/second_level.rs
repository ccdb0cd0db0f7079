//! Least squares over subjects at one voxel: effects, their variance, t and F, with one variance for all rows or one a group (Welch).
//!
//! y_j = X beta_j + e_j for combinations j = 1..q_w of each subject's maps, which are orthonormal within a subject and share one error
//! variance s2 = sum_j |e_j|^2 / (q_w (n - rank X)). For weights C (q_b rows) the effects are C beta_j, their variance
//! s2 C (X'X)^- C', and F = sum_j (C beta_j)' [C (X'X)^- C']^- (C beta_j) / (q_b q_w s2). One combination and one row: t.

use ndarray::{Array2, ArrayView2};

use crate::error::Result;
use crate::stats::least_squares::{LeastSquares, orthonormal_basis, truncated_pinv};

/// Residual sums of squares below this share of the sum of squares are rounding: the rows are fitted exactly.
const EXACT: f64 = 1e-24;

/// A design over rows with a contrast, ready for many voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct SecondLevel {
    /// Rows of the design.
    pub n: usize,
    /// Of the design.
    pub rank: usize,
    /// Rows of the contrast that are independent.
    pub rank_of_weights: usize,
    /// Q of X, `[row][rank]`.
    basis: Array2<f64>,
    /// C X^+, `[row of the contrast][row]`.
    to_effect: Array2<f64>,
    /// C (X'X)^- C', its diagonal first of all what an effect's variance is times s2.
    scale: Array2<f64>,
    /// Its pseudo-inverse.
    metric: Array2<f64>,
    /// The diagonal of I - Q Q', `[row]`: the share of a row's variance that its residual keeps.
    kept: Vec<f64>,
}

/// What a voxel answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// `[combination, row of the contrast the slower]`
    pub effect: Vec<f64>,
    /// Of each effect.
    pub variance: Vec<f64>,
    /// t or F; 0 where the residuals are 0.
    pub stat: f64,
    /// Of the residuals.
    pub dof: f64,
}

impl SecondLevel {
    /// `design` `[row][column]`, `weights` `[row of the contrast][column]`.
    ///
    /// # Errors
    /// As [`LeastSquares::new`].
    pub fn new(design: ArrayView2<f64>, weights: ArrayView2<f64>) -> Result<SecondLevel> {
        let solved = LeastSquares::new(design)?;
        let basis = orthonormal_basis(design)?;
        let to_effect = weights.dot(&solved.pinv);
        let scale = to_effect.dot(&to_effect.t());
        let largest = (0..scale.nrows()).map(|at| scale[[at, at]]).fold(0.0, f64::max);
        let (metric, rank_of_weights) = truncated_pinv(scale.view(), 1e-10 * largest)?;
        let kept = basis.rows().into_iter().map(|row| 1.0 - row.dot(&row)).collect();
        let n = design.nrows();
        Ok(SecondLevel {
            n,
            rank: solved.rank,
            rank_of_weights,
            basis,
            to_effect,
            scale,
            metric,
            kept,
        })
    }

    /// Standard errors over the residuals' standard deviation, of the first row of weights: an effect over that deviation is t times
    /// this (1 / sqrt(n) of one sample, sqrt(1 / n1 + 1 / n2) of two).
    #[must_use]
    pub fn effect_scale(&self) -> f64 {
        self.scale[[0, 0]].sqrt()
    }

    /// Fit `y` `[combination][row]`. `is_f`: F, else t of the one row and combination.
    #[must_use]
    pub fn answer(&self, y: &[Vec<f64>], is_f: bool) -> Answer {
        let n_combined = y.len();
        let dof = (n_combined * (self.n - self.rank)) as f64;
        let (mut rss, mut size) = (0.0, 0.0);
        for y in y {
            rss += self.residuals(y).iter().map(|e| e * e).sum::<f64>();
            size += y.iter().map(|y| y * y).sum::<f64>();
        }
        let s2 = if rss <= EXACT * size { 0.0 } else { rss / dof };
        let n_rows = self.to_effect.nrows();
        let mut answer = Answer { dof, ..Answer::default() };
        let mut quadratic = 0.0;
        for y in y {
            let effects = self.effects(y);
            for (a, row) in effects.iter().zip(self.metric.rows()) {
                quadratic += a * row.iter().zip(&effects).map(|(m, b)| m * b).sum::<f64>();
            }
            answer.variance.extend((0..n_rows).map(|at| s2 * self.scale[[at, at]]));
            answer.effect.extend(effects);
        }
        answer.stat = match (s2 > 0.0, is_f) {
            (false, _) => 0.0,
            (true, true) => quadratic / ((self.rank_of_weights * n_combined) as f64 * s2),
            (true, false) => answer.effect[0] / answer.variance[0].sqrt(),
        };
        answer
    }

    /// The same of one combination and one row of weights, each group with a variance of its own, and Satterthwaite's degrees of
    /// freedom. Source: Welch 1947; Winkler et al. 2014, eq. 6. `group`: of each row.
    #[must_use]
    pub fn welch(&self, y: &[f64], group: &[usize], n_groups: usize) -> Answer {
        let residuals = self.residuals(y);
        let effect = self.effects(y)[0];
        let (mut rss, mut dof) = (vec![0.0; n_groups], vec![0.0; n_groups]);
        let mut share = vec![0.0; n_groups];
        for (at, &g) in group.iter().enumerate() {
            rss[g] += residuals[at] * residuals[at];
            dof[g] += self.kept[at];
            share[g] += self.to_effect[[0, at]] * self.to_effect[[0, at]];
        }
        let part = |g: usize| if share[g] > 0.0 { share[g] * rss[g] / dof[g] } else { 0.0 };
        let parts: Vec<f64> = (0..n_groups).map(part).collect();
        let variance: f64 = parts.iter().sum();
        let size: f64 = y.iter().map(|y| y * y).sum();
        if rss.iter().sum::<f64>() <= EXACT * size {
            let effect = vec![effect];
            return Answer { effect, variance: vec![0.0], stat: 0.0, dof: dof.iter().sum() };
        }
        let below = parts.iter().zip(&dof).filter(|(v, _)| **v > 0.0).map(|(v, d)| v * v / d);
        Answer {
            effect: vec![effect],
            variance: vec![variance],
            stat: effect / variance.sqrt(),
            dof: variance * variance / below.sum::<f64>(),
        }
    }

    /// A group whose residuals are 0 whatever its values, so that its variance cannot be found; none: all can.
    #[must_use]
    pub fn group_without_variance(&self, group: &[usize], n_groups: usize) -> Option<usize> {
        (0..n_groups).find(|g| {
            let of_group = group.iter().zip(&self.kept).filter(|(own, _)| *own == g);
            of_group.map(|(_, kept)| kept).sum::<f64>() < 1e-6
        })
    }

    fn effects(&self, y: &[f64]) -> Vec<f64> {
        let rows = self.to_effect.rows().into_iter();
        rows.map(|row| row.iter().zip(y).map(|(w, y)| w * y).sum()).collect()
    }

    /// What the design leaves of y, `[row]`.
    #[must_use]
    pub fn residuals(&self, y: &[f64]) -> Vec<f64> {
        let mut left = y.to_vec();
        for column in self.basis.columns() {
            let along: f64 = column.iter().zip(y).map(|(q, y)| q * y).sum();
            left.iter_mut().zip(column).for_each(|(e, q)| *e -= along * q);
        }
        left
    }
}
