//! Subspaces that rearrangements keep, by eigenvectors of small symmetric matrices.

use ndarray::{Array2, ArrayView2};

use super::{Exchange, Rearrangement};
use crate::error::{Error, Result};
use crate::stats::dense::Eigen;

/// Sums of squares of unit vectors up to this are rounding.
const ROUNDING: f64 = 1e-14;

/// Orthonormal eigenvectors of a symmetric matrix in two parts: eigenvalues up to `limit`, and above.
fn parted(matrix: &Array2<f64>, limit: f64) -> Result<[Array2<f64>; 2]> {
    let n = matrix.nrows();
    if n == 0 {
        return Ok([Array2::zeros((0, 0)), Array2::zeros((0, 0))]);
    }
    let failed = |found: &str| Error::internal("the rows of a contrast", found, "", "");
    if matrix.iter().any(|v| !v.is_finite()) {
        return Err(failed("hold a value that is not finite"));
    }
    let Eigen { values, vectors } = Eigen::of(n, |i, j| matrix[[i, j]])
        .ok_or_else(|| failed("have eigenvalues that did not converge"))?;
    let n_small = (0..n).filter(|&k| values[k] <= limit).count();
    let columns = |from: usize, to: usize| {
        Array2::from_shape_fn((n, to - from), |(i, k)| vectors[(i, from + k)])
    };
    Ok([columns(0, n_small), columns(n_small, n)])
}

/// An orthonormal basis of what is in the span of `whole` (orthonormal columns) and orthogonal to `part` (orthonormal columns in
/// that span).
pub(super) fn beside(whole: ArrayView2<f64>, part: ArrayView2<f64>) -> Result<Array2<f64>> {
    let inside = whole.t().dot(&part);
    Ok(whole.dot(&parted(&inside.dot(&inside.t()), 0.5)?[0]))
}

/// Of the span of `columns` (orthonormal) an orthonormal basis of what some rearrangement moves out of it: the rest is a
/// subspace that all keep, K = {q in span: P q in K for every P}.
pub(super) fn moved(columns: ArrayView2<f64>, exchange: &Exchange) -> Result<Array2<f64>> {
    let generators = exchange.generators();
    let mut kept = columns.to_owned();
    while kept.ncols() > 0 {
        let r = kept.ncols();
        let mut leaving = Array2::zeros((r, r));
        for one in &generators {
            let image = rearranged(kept.view(), one);
            let outside = &image - &kept.dot(&kept.t().dot(&image));
            leaving += &outside.t().dot(&outside);
        }
        let limit = ROUNDING * generators.len().max(1) as f64;
        let [stays, leaves] = parted(&leaving, limit)?;
        if leaves.ncols() == 0 {
            break;
        }
        kept = kept.dot(&stays);
    }
    beside(columns, kept.view())
}

/// P X.
fn rearranged(columns: ArrayView2<f64>, one: &Rearrangement) -> Array2<f64> {
    Array2::from_shape_fn(columns.raw_dim(), |(row, column)| {
        f64::from(one.sign[row]) * columns[[one.from[row] as usize, column]]
    })
}
