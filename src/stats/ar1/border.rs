//! A slice group's first-order model with a voxel's own columns beside its design.

use ndarray::{Array1, Array2};

use super::{Ar1, FIRST, Pairs, Sums};
use crate::stats::beside::{Beside, on};

/// What a voxel's own columns add to what its slice group's voxels share.
#[derive(Debug, Clone, PartialEq)]
pub struct Border {
    /// Rows of W in the packed U'D_gU and U'L_gU, `[gap][entry]`.
    ends: Vec<Vec<f64>>,
    lags: Vec<Vec<f64>>,
    /// The last row of W, `[column]`.
    last: Vec<f64>,
    /// -X⁺V T⁻¹, `[regressor][column]`.
    to_beta: Array2<f64>,
}

impl Border {
    /// Bytes of host memory of so many columns beside a model.
    #[must_use]
    pub fn bytes(model: &Ar1, n_columns: usize) -> usize {
        let rows = n_columns * (model.width + n_columns) * 2 * model.gaps.len();
        size_of::<f64>() * (rows + n_columns * (1 + model.to_beta.nrows()))
    }
}

impl Ar1 {
    /// What a voxel's own columns add, and the sums of its residuals on all columns. `residual`: with its own columns, `[volume]`; `total`: Σ (y - mean y)².
    #[must_use]
    pub fn beside(
        &self,
        pairs: &Pairs,
        own: &Beside,
        (residual, total): (&Array1<f64>, f64),
    ) -> (Border, Sums) {
        let (g, k, n) = (self.gaps.len(), own.n_columns(), self.n_volumes);
        // D_g W and L_g W of all gaps, as `Ar1::columns`.
        let paired = paired(&own.basis, pairs);
        let on_shared: Vec<Array1<f64>> =
            own.basis.columns().into_iter().map(|w| on(&w.to_owned(), &self.columns)).collect();
        let on_own: Vec<Array1<f64>> =
            own.basis.columns().into_iter().map(|w| on(&w.to_owned(), &paired)).collect();
        let rows = |part: usize| -> Vec<f64> {
            let row = |i: usize| {
                let shared = on_shared[i].iter().skip(part * self.width).take(self.width);
                shared.chain(on_own[i].iter().skip(part * k).take(i + 1)).copied()
            };
            (0..k).flat_map(row).collect()
        };
        let border = Border {
            ends: (0..g).map(rows).collect(),
            lags: (g..2 * g).map(rows).collect(),
            last: own.basis.row(n - 1).to_vec(),
            to_beta: own.to_beta.clone(),
        };
        let (shared, beside) = (on(residual, &self.columns), on(residual, &paired));
        let columns = (0..2 * g).flat_map(|part| {
            let shared = shared.iter().skip(part * self.width).take(self.width);
            shared.chain(beside.iter().skip(part * k).take(k)).copied()
        });
        let columns: Vec<f64> = columns.collect();
        let (mut ends, mut lags) = (Array2::zeros((g, 1)), Array2::zeros((g, 1)));
        for (t, &gap) in pairs.gap_of.iter().enumerate().filter(|(_, gap)| **gap != FIRST) {
            let (a, b) = (residual[t - 1], residual[t]);
            ends[[gap as usize, 0]] += a * a + b * b;
            lags[[gap as usize, 0]] += 2.0 * a * b;
        }
        let n_columns = columns.len();
        let sums = Sums {
            total: vec![total],
            square: vec![residual.dot(residual)],
            last: vec![residual[n - 1]],
            ends,
            lags,
            columns: Array2::from_shape_vec((n_columns, 1), columns).unwrap_or_default(),
        };
        (border, sums)
    }

    /// The model of a voxel with its own columns beside it: it solves sums, and makes none.
    #[must_use]
    pub fn with(&self, border: &Border) -> Ar1 {
        let k = border.last.len();
        let joined = |shared: &[Vec<f64>], own: &[Vec<f64>]| {
            shared.iter().zip(own).map(|(shared, own)| [&shared[..], own].concat()).collect()
        };
        Ar1 {
            rule: self.rule,
            n_volumes: self.n_volumes,
            rank: self.rank + k,
            dof: self.dof - k as f64,
            gaps: self.gaps.clone(),
            n_pairs: self.n_pairs.clone(),
            lowest: self.lowest,
            basis: Array2::zeros((0, 0)),
            columns: Array2::zeros((0, 0)),
            ends: Array2::zeros((0, 0)),
            to_beta: ndarray::concatenate![ndarray::Axis(1), self.to_beta, border.to_beta],
            width: self.width + k,
            packed_ends: joined(&self.packed_ends, &border.ends),
            packed_lags: joined(&self.packed_lags, &border.lags),
            last: [&self.last[..], &border.last].concat(),
        }
    }
}

/// Columns `[volume][D_g of each gap, then L_g of each]` of a basis.
pub(super) fn paired(basis: &Array2<f64>, pairs: &Pairs) -> Array2<f64> {
    let (n, width) = basis.dim();
    let n_gaps = pairs.gaps.len();
    let mut columns = Array2::zeros((n, 2 * n_gaps * width));
    for (t, &gap) in pairs.gap_of.iter().enumerate().filter(|(_, gap)| **gap != FIRST) {
        let gap = gap as usize;
        for j in 0..width {
            columns[[t, gap * width + j]] += basis[[t, j]];
            columns[[t - 1, gap * width + j]] += basis[[t - 1, j]];
            columns[[t, (n_gaps + gap) * width + j]] += basis[[t - 1, j]];
            columns[[t - 1, (n_gaps + gap) * width + j]] += basis[[t, j]];
        }
    }
    columns
}
