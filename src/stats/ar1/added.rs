//! Several columns that all voxels share, each added to a model by itself: seeds, whose models have all but one column in common, from the sums of the residuals
//! e without any of them.
//!
//! With u = M s / |M s|, M = I - U U', and at a rho N = U'R⁻¹U = L L', y = L⁻¹U'R⁻¹e, v = L⁻¹U'R⁻¹u:
//!
//! g = u'R⁻¹e - v'y,   h = u'R⁻¹u - v'v,   RSS = e'R⁻¹e - y'y - g²/h,   log|N with u| = log|N| + log h,
//!
//! and the estimate of s is g / (h |M s|), its variance RSS / dof / (h |M s|²) (Frisch, Waugh and Lovell). v and h are the same for all voxels, y for all columns: so
//! a trial of rho costs O(r²) a voxel and O(r) each column more. L is made at rho a step apart; the objective is least where the polynomial through
//! five of its values is, and (1 - rho²) g, h and e'R⁻¹e - y'y, which have no pole at 1, are found between the steps by such polynomials too. With
//! m = n - rank - 1 the objective m log RSS + log|N| + log|R| + log h is m log(RSS w), w = exp((log|N| + log|R| + log h) / m) of a rho and column alone: where it is
//! least is seen without a logarithm.

use ndarray::{Array2, ArrayView1, Axis};

use super::border::paired;
use super::{Ar1, Pairs};
use crate::stats::beside::{Beside, on};

/// One more column.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// What residuals without the column are projected on too, `[volume][u, D_g u of each gap, then L_g u of each]`.
    pub columns: Array2<f64>,
    /// |M s|.
    pub(super) length: f64,
    /// u'D_gU of each gap, then u'L_gU, `[part][basis]`, and u'D_gu, u'L_gu, `[part]`.
    on_shared: Array2<f64>,
    on_itself: Vec<f64>,
}

/// What a rho makes of the design and of each column.
#[derive(Debug)]
pub(super) struct Point {
    /// R⁻¹'s weights of D_g and of -L_g, `[part]`.
    pub(super) weights: Vec<f64>,
    /// L's columns one behind the other, each from the diagonal on, which is inverted.
    pub(super) factor: Vec<f64>,
    /// v of each column, `[basis][column]`, and h.
    pub(super) v: Vec<f64>,
    pub(super) h: Vec<f64>,
    /// w of each column.
    pub(super) weight_of_rss: Vec<f64>,
}

impl Ar1 {
    /// n - rank - 1, what a column beside the design leaves.
    pub(super) fn left_beside(&self) -> f64 {
        self.n_volumes.saturating_sub(self.rank + 1).max(1) as f64
    }

    /// The model with a column `[volume]`; none where the design spans it.
    #[must_use]
    pub fn added(&self, pairs: &Pairs, column: ArrayView1<f64>) -> Option<Added> {
        let own = Beside::new(column.insert_axis(Axis(0)), &self.basis, &self.to_beta);
        if own.n_columns() == 0 {
            return None;
        }
        let u = own.basis.column(0).to_owned();
        let paired = paired(&own.basis, pairs);
        let parts = 2 * self.gaps.len();
        let on_shared = on(&u, &self.columns);
        let columns =
            ndarray::concatenate(Axis(1), &[own.basis.view(), paired.view()]).unwrap_or_default();
        Some(Added {
            columns,
            length: u.dot(&column),
            on_shared: Array2::from_shape_fn((parts, self.width), |(part, j)| {
                on_shared[part * self.width + j]
            }),
            on_itself: on(&u, &paired).to_vec(),
        })
    }

    /// What a rho makes of the design and of each column.
    pub(super) fn point(&self, rho: f64, added: &[Added]) -> Point {
        let (ends, lags) = self.weights_of_gaps(rho);
        let weights: Vec<f64> = ends.into_iter().chain(lags.into_iter().map(|w| -w)).collect();
        let packed = self.packed_ends.iter().chain(&self.packed_lags);
        let (r, mut lower) = (self.width, vec![0.0; self.width * (self.width + 1) / 2]);
        for (packed, weight) in packed.zip(&weights) {
            lower.iter_mut().zip(packed).for_each(|(to, from)| *to += weight * from);
        }
        let row = |i: usize| i * (i + 1) / 2;
        let mut ln_det = self.ln_det_r(rho);
        for i in 0..r {
            lower[row(i) + i] += 1.0;
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower[row(i) + k] * lower[row(j) + k]).sum();
                let rest = lower[row(i) + j] - dot;
                // The diagonal is kept inverted.
                lower[row(i) + j] =
                    if i == j { 1.0 / rest.sqrt() } else { rest * lower[row(j) + j] };
            }
            ln_det -= 2.0 * lower[row(i) + i].ln();
        }
        let factor: Vec<f64> =
            (0..r).flat_map(|j| (j..r).map(move |i| row(i) + j)).map(|at| lower[at]).collect();
        let k = added.len();
        let (mut v, mut h) = (vec![0.0; r * k], vec![0.0; k]);
        for (at, one) in added.iter().enumerate() {
            let mut own = vec![0.0; r];
            h[at] = 1.0;
            for (part, weight) in weights.iter().enumerate() {
                h[at] += weight * one.on_itself[part];
                let row = one.on_shared.row(part);
                own.iter_mut().zip(row).for_each(|(to, from)| *to += weight * from);
            }
            forward(&factor, &mut own);
            for (j, value) in own.iter().enumerate() {
                v[j * k + at] = *value;
                h[at] -= value * value;
            }
        }
        let of_column = |h: &f64| ((ln_det + h.ln()) / self.left_beside()).exp();
        let weight_of_rss = h.iter().map(of_column).collect();
        Point { weights, factor, v, h, weight_of_rss }
    }
}

/// x = L⁻¹x, a column of L at a time.
fn forward(factor: &[f64], x: &mut [f64]) {
    let mut at = 0;
    for j in 0..x.len() {
        let (done, below) = x.split_at_mut(j + 1);
        let y = done[j] * factor[at];
        done[j] = y;
        let column = &factor[at + 1..at + 1 + below.len()];
        for (x, l) in below.iter_mut().zip(column) {
            *x = (-l).mul_add(y, *x);
        }
        at += 1 + below.len();
    }
}
