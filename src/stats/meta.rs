//! Mixed effects over subjects whose own variances are known: y = X b + between + within, at each voxel by itself.
//!
//! y_i is a subject's effect, v_i its variance from the first level (within), tau^2 the variance between subjects; w_i = 1 / (v_i + tau^2). tau^2 >= 0 maximises the
//! restricted likelihood
//!
//! 2 l(tau^2) = Σ ln w - ln |X' W X| - Σ w (y - X b)²,   b = (X' W X)^-1 X' W y
//!
//! (Raudenbush 2009; Viechtbauer 2005; what FLAME1 and the REML of meta-regressions maximise). It may have several maxima: it is looked at on a grid from 0 to a bound above which its slope
//! is below 0, and the root of the slope beside the best is found to 1e-12 of l.
//!
//! The variance of b is (X' W X)^-1, with Knapp and Hartung 2003 times q = Σ w (y - X b)² / (n - p), which pays for tau^2 being an estimate; t has n - p dof either way.
//!
//! A subject whose y is not finite, or whose v is not finite and above 0, is missing at that voxel. Where those that are there do not determine b with a degree of freedom left, all is NaN.
//! Oracle: PyMARE and a dense search (`tests/oracles/group_meta.py`).

mod likelihood;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::error::{Error, Result};
use likelihood::{Slopes, Voxel};

/// Voxels that a thread takes at a time.
const CHUNK: usize = 64;
/// What a column may have left, of its length, once those before it are taken out.
const DEPENDENT: f64 = 1e-8;

/// What the variance of b is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inflation {
    /// Nothing: tau^2 is taken as known.
    None,
    /// Knapp and Hartung's q.
    KnappHartung,
    /// The greater of q and 1.
    AtLeastOne,
}

/// A fit at all voxels.
#[derive(Debug, Clone)]
pub struct MixedEffects {
    /// Columns of the design.
    pub n_regressors: usize,
    /// b, `[voxel][regressor]`.
    pub beta: Vec<f64>,
    /// (X' W X)^-1, `[voxel][regressor][regressor]`.
    pub covariance: Vec<f64>,
    /// tau^2, `[voxel]`.
    pub tau_square: Vec<f64>,
    /// q, `[voxel]`.
    pub q: Vec<f64>,
    /// Subjects that are there, `[voxel]`.
    pub n: Vec<u32>,
}

/// One voxel's part.
struct Fitted {
    tau_square: f64,
    q: f64,
    n: u32,
}

impl MixedEffects {
    /// Fit effects and their variances, each `[subject][voxel]`, by a design `[subject][regressor]`.
    ///
    /// # Errors
    /// Internal where the three disagree in shape, or a column is a combination of those before it or not finite.
    pub fn fit<T: Copy + Into<f64> + Sync>(
        effects: &[T],
        variances: &[T],
        design: ArrayView2<f64>,
    ) -> Result<MixedEffects> {
        let (n_subjects, p) = design.dim();
        let is_whole = n_subjects > 0 && effects.len().is_multiple_of(n_subjects);
        if !is_whole || effects.len() != variances.len() || p == 0 {
            return Err(Error::internal(
                "the mixed-effects fit",
                format!(
                    "has {} effects, {} variances and a design of {n_subjects} by {p}",
                    effects.len(),
                    variances.len()
                ),
                "have an effect and a variance of each subject at each voxel",
                "",
            ));
        }
        let n_voxels = effects.len() / n_subjects;
        let (basis, back) = orthonormal(design)?;
        let mut fit = MixedEffects {
            n_regressors: p,
            beta: vec![f64::NAN; n_voxels * p],
            covariance: vec![f64::NAN; n_voxels * p * p],
            tau_square: vec![f64::NAN; n_voxels],
            q: vec![f64::NAN; n_voxels],
            n: vec![0; n_voxels],
        };
        let each = fit.beta.par_chunks_mut(CHUNK * p);
        let each = each.zip(fit.covariance.par_chunks_mut(CHUNK * p * p));
        let each = each.zip(fit.tau_square.par_chunks_mut(CHUNK));
        let each = each.zip(fit.q.par_chunks_mut(CHUNK)).zip(fit.n.par_chunks_mut(CHUNK));
        each.enumerate().for_each_init(
            || Voxel::new(n_subjects, p),
            |voxel, (chunk, ((((beta, covariance), tau_square), q), n))| {
                for at in 0..n.len() {
                    let column = chunk * CHUNK + at;
                    voxel.clear();
                    for (subject, row) in basis.rows().into_iter().enumerate() {
                        let place = subject * n_voxels + column;
                        voxel.push(effects[place].into(), variances[place].into(), row);
                    }
                    let fitted = one(
                        voxel,
                        &back,
                        &mut beta[at * p..(at + 1) * p],
                        &mut covariance[at * p * p..(at + 1) * p * p],
                    );
                    (tau_square[at], q[at], n[at]) = (fitted.tau_square, fitted.q, fitted.n);
                }
            },
        );
        Ok(fit)
    }

    /// Degrees of freedom of a voxel's t: n - p, 0 where there is none.
    #[must_use]
    pub fn dof(&self, voxel: usize) -> f64 {
        (f64::from(self.n[voxel]) - self.n_regressors as f64).max(0.0)
    }

    /// c b and its variance, `[voxel]`, for weights `[regressor]`; t is the one over the root of the other.
    ///
    /// # Panics
    /// Where the weights are not one a regressor.
    #[must_use]
    pub fn contrast(&self, weights: &[f64], inflation: Inflation) -> (Vec<f64>, Vec<f64>) {
        let p = self.n_regressors;
        assert_eq!(weights.len(), p, "one weight a regressor");
        let dot = |row: &[f64]| row.iter().zip(weights).map(|(a, b)| a * b).sum::<f64>();
        let variance = |(covariance, &q): (&[f64], &f64)| {
            let spread = covariance.chunks_exact(p).zip(weights).map(|(row, w)| w * dot(row));
            spread.sum::<f64>() * inflation.of(q)
        };
        let variances = self.covariance.par_chunks_exact(p * p).zip(&self.q).map(variance);
        (self.beta.par_chunks_exact(p).map(dot).collect(), variances.collect())
    }

    /// F of several contrasts at once `[row][regressor]`, their rows independent: (C b)' (C V C')^-1 C b / rows, `[voxel]`, with that many and n - p dof.
    ///
    /// # Panics
    /// Where the weights are not one a regressor.
    #[must_use]
    pub fn f(&self, weights: ArrayView2<f64>, inflation: Inflation) -> Vec<f64> {
        let (rows, p) = weights.dim();
        assert_eq!(p, self.n_regressors, "one weight a regressor");
        let of = |voxel: usize| {
            let beta = &self.beta[voxel * p..(voxel + 1) * p];
            let covariance = &self.covariance[voxel * p * p..(voxel + 1) * p * p];
            let mut spread = vec![0.0; rows * rows];
            for a in 0..rows {
                for b in 0..rows {
                    spread[a * rows + b] = (0..p * p)
                        .map(|k| weights[[a, k / p]] * covariance[k] * weights[[b, k % p]])
                        .sum();
                }
            }
            let mut effect: Vec<f64> =
                (0..rows).map(|a| (0..p).map(|j| weights[[a, j]] * beta[j]).sum()).collect();
            if !likelihood::cholesky(&mut spread, rows) {
                return f64::NAN;
            }
            likelihood::forward(&spread, rows, &mut effect);
            let square: f64 = effect.iter().map(|e| e * e).sum();
            square / (rows as f64 * inflation.of(self.q[voxel]))
        };
        (0..self.n.len()).into_par_iter().map(of).collect()
    }
}

impl Inflation {
    fn of(self, q: f64) -> f64 {
        match self {
            Inflation::None => 1.0,
            Inflation::KnappHartung => q,
            Inflation::AtLeastOne => q.max(1.0),
        }
    }
}

/// 2 l(tau^2) of one voxel's effects and variances `[subject]`, up to a constant of the design `[subject][regressor]`: what [`MixedEffects::fit`] maximises.
///
/// # Errors
/// As [`MixedEffects::fit`].
pub fn restricted_likelihood(
    effects: &[f64],
    variances: &[f64],
    design: ArrayView2<f64>,
    tau_square: f64,
) -> Result<f64> {
    let (basis, _) = orthonormal(design)?;
    let mut voxel = Voxel::new(design.nrows(), design.ncols());
    for (subject, row) in basis.rows().into_iter().enumerate() {
        voxel.push(effects[subject], variances[subject], row);
    }
    Ok(2.0 * voxel.slopes(tau_square).likelihood)
}

/// Fit what a voxel holds.
fn one(voxel: &mut Voxel, back: &Array2<f64>, beta: &mut [f64], covariance: &mut [f64]) -> Fitted {
    let n = voxel.n() as u32;
    let p = back.ncols();
    let Some(tau_square) = voxel.most_likely() else {
        beta.fill(f64::NAN);
        covariance.fill(f64::NAN);
        return Fitted { tau_square: f64::NAN, q: f64::NAN, n };
    };
    let Slopes { squares, .. } = voxel.slopes(tau_square);
    voxel.solution(beta, covariance);
    // From the basis's coordinates to the design's: b = R^-1 g.
    let coordinates = |of: &[f64], j: usize| (0..p).map(|k| back[[j, k]] * of[k]).sum::<f64>();
    voxel.spare.clear();
    voxel.spare.extend((0..p).map(|j| coordinates(beta, j)));
    beta.copy_from_slice(&voxel.spare);
    voxel.spare.clear();
    for a in 0..p {
        for b in 0..p {
            let row =
                (0..p).map(|k| back[[a, k]] * coordinates(&covariance[k * p..(k + 1) * p], b));
            voxel.spare.push(row.sum());
        }
    }
    covariance.copy_from_slice(&voxel.spare);
    Fitted { tau_square, q: squares / (f64::from(n) - p as f64), n }
}

/// An orthonormal basis Q of the design's columns, and R^-1 with X R^-1 = Q, by Gram and Schmidt.
fn orthonormal(design: ArrayView2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
    let p = design.ncols();
    let (mut basis, mut back) = (design.to_owned(), Array2::eye(p));
    for j in 0..p {
        let length = basis.column(j).dot(&basis.column(j)).sqrt();
        for k in 0..j {
            let along = basis.column(k).dot(&basis.column(j));
            for of in [&mut basis, &mut back] {
                let from = of.column(k).to_owned();
                of.column_mut(j).scaled_add(-along, &from);
            }
        }
        let left = basis.column(j).dot(&basis.column(j)).sqrt();
        if left.is_nan() || left <= DEPENDENT * length {
            return Err(Error::internal(
                "the mixed-effects design",
                format!("has a column, number {}, that is no column of its own", j + 1),
                "have independent columns",
                "leave out those that others make up",
            ));
        }
        for of in [&mut basis, &mut back] {
            of.column_mut(j).mapv_inplace(|v| v / left);
        }
    }
    Ok((basis, back))
}
