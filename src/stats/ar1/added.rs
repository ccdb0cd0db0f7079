//! A model with one more column that all voxels share, from the sums of the residuals without it: seeds, each a model of its own, over one pass.
//!
//! u = M s / |M s|, M = I - U U', is the column's own direction. With b = u'e the residuals with it are e - b u, and their sums follow from those of e:
//! Σ (e - b u)² = Σ e² - b², (e - b u)'D(e - b u) = e'De - 2 b e'Du + b² u'Du, and so on; the estimate of s is b / |M s|
//! (Frisch, Waugh and Lovell).

use ndarray::{Array1, Array2, ArrayView1, Axis, s};

use super::border::paired;
use super::{Ar1, Pairs, Sums};
use crate::stats::beside::{Beside, on};

/// Of the residuals' squares: less is what rounding leaves of none.
const NOTHING: f64 = 1e-10;

/// A model with one more column.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// It solves sums, and makes none.
    pub ar1: Ar1,
    /// What residuals without the column are projected on too, `[volume][u, D_g u of each gap, then L_g u of each]`.
    pub columns: Array2<f64>,
    /// |M s|.
    pub length: f64,
    /// u'D_gU of each gap, then u'L_gU, `[part][basis]`, and u'D_gu, u'L_gu, `[part]`.
    on_shared: Array2<f64>,
    on_itself: Vec<f64>,
    /// u of the last volume.
    last: f64,
}

impl Ar1 {
    /// The model with a column `[volume]`; none where the design spans it.
    #[must_use]
    pub fn added(&self, pairs: &Pairs, column: ArrayView1<f64>) -> Option<Added> {
        let own = Beside::new(column.insert_axis(Axis(0)), &self.basis, &self.to_beta);
        if own.n_columns() == 0 {
            return None;
        }
        let u = own.basis.column(0).to_owned();
        let (border, _) = self.beside(pairs, &own, (&Array1::zeros(u.len()), 0.0));
        let paired = paired(&own.basis, pairs);
        let parts = 2 * self.gaps.len();
        let on_shared = on(&u, &self.columns);
        let columns =
            ndarray::concatenate(Axis(1), &[own.basis.view(), paired.view()]).unwrap_or_default();
        Some(Added {
            ar1: self.with(&border),
            columns,
            length: u.dot(&column),
            on_shared: Array2::from_shape_fn((parts, self.width), |(part, j)| {
                on_shared[part * self.width + j]
            }),
            on_itself: on(&u, &paired).to_vec(),
            last: u[u.len() - 1],
        })
    }
}

impl Added {
    /// u'e, `[voxel]`, and the sums of the residuals with the column, from those without: whose rows of columns go on with `from` those of
    /// [`Added::columns`].
    #[must_use]
    pub fn sums(&self, without: &Sums, from: usize) -> (Vec<f64>, Sums) {
        let (parts, width) = self.on_shared.dim();
        let n_gaps = parts / 2;
        let n = without.square.len();
        let row = |at: usize| without.columns.row(from + at);
        let mut with = Sums {
            total: without.total.clone(),
            square: without.square.clone(),
            last: without.last.clone(),
            ends: without.ends.clone(),
            lags: without.lags.clone(),
            columns: Array2::zeros((parts * (width + 1), n)),
        };
        let b = row(0).to_vec();
        for v in 0..n {
            with.last[v] -= b[v] * self.last;
            with.square[v] -= b[v] * b[v];
        }
        for part in 0..parts {
            let itself = self.on_itself[part];
            let on_u = row(1 + part);
            let sums = if part < n_gaps { &mut with.ends } else { &mut with.lags };
            for (v, sum) in sums.row_mut(part % n_gaps.max(1)).iter_mut().enumerate() {
                *sum += b[v] * (b[v] * itself - 2.0 * on_u[v]);
            }
            for j in 0..=width {
                let own = j == width;
                let (from, of_u) = match own {
                    true => (on_u, itself),
                    false => (without.columns.row(part * width + j), self.on_shared[[part, j]]),
                };
                let mut to = with.columns.row_mut(part * (width + 1) + j);
                for (v, (to, from)) in to.iter_mut().zip(from).enumerate() {
                    *to = from - b[v] * of_u;
                }
            }
        }
        // What the column leaves of a series that it is itself is none, not rounding.
        for v in 0..n {
            if with.square[v] > NOTHING * without.square[v] {
                continue;
            }
            (with.square[v], with.last[v]) = (0.0, 0.0);
            with.ends.slice_mut(s![.., v]).fill(0.0);
            with.lags.slice_mut(s![.., v]).fill(0.0);
            with.columns.slice_mut(s![.., v]).fill(0.0);
        }
        (b, with)
    }
}
