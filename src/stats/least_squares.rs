//! Least squares of small dense designs in f64: rank, pseudo-inverse, estimability.
//!
//! The rank is judged on columns scaled to unit norm, so that it does not depend on the columns' units: singular
//! values up to max(n, p) eps s_max count as zero. The solution is that of the columns as they are: pinv(X) y has the
//! smallest norm among all beta that minimise |y - X beta| (Moore-Penrose, what `numpy.linalg.pinv` returns).

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::dense::Svd;
use crate::error::{Error, Result};

/// How far, relative to the contrast's scale, C may lie from the row space of X and still be estimable.
const ESTIMABLE: f64 = 1e-8;

/// The least-squares solution operators of a design X.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastSquares {
    /// X^+, `[regressor][volume]`.
    pub pinv: Array2<f64>,
    /// (X'X)^+ = X^+ X^+', `[regressor][regressor]`.
    pub xtx_inv: Array2<f64>,
    /// U, an orthonormal basis of X's columns, `[volume][rank]`.
    pub basis: Array2<f64>,
    /// Numerical rank of X.
    pub rank: usize,
    /// What X determines.
    pub determined: Determined,
}

/// What a design X determines of its regressors, and how well: as large as X has columns, whatever its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Determined {
    /// H with X^+ = H U', U an orthonormal basis of X's columns: (X'X)^+ = H H'. `[regressor][rank]`.
    root: Array2<f64>,
    /// Norm of each column of X, 1 for a column of zeros, `[regressor]`.
    column_norm: Array1<f64>,
    /// Orthonormal basis of the null space of X with unit-norm columns, `[regressor][p - rank]`.
    null_space: Array2<f64>,
}

impl LeastSquares {
    /// Decompose a design `[volume][regressor]`.
    ///
    /// # Errors
    /// Internal when X is empty or not finite, or its singular values cannot be found.
    pub fn new(design: ArrayView2<f64>) -> Result<LeastSquares> {
        let (n, p) = design.dim();
        if n == 0 || p == 0 || design.iter().any(|v| !v.is_finite()) {
            return Err(Error::internal(
                "the least-squares design",
                format!("is empty or not finite ({n} rows, {p} columns)"),
                "have finite values",
                "",
            ));
        }
        let column_norm = Array1::from_iter(design.columns().into_iter().map(norm_or_one));
        // Rows of zeros below a wide X change nothing and give all p right singular vectors.
        let unit = |t: usize, j: usize| if t < n { design[[t, j]] / column_norm[j] } else { 0.0 };
        let svd = svd((n.max(p), p), unit)?;
        let tolerance = n.max(p) as f64 * f64::EPSILON * svd.s.first().copied().unwrap_or(0.0);
        let rank = svd.s.iter().filter(|&&s| s > tolerance).count();
        let null_space = Array2::from_shape_fn((p, p - rank), |(j, k)| svd.v[(j, rank + k)]);
        // S^-1 U', the solution in the coordinates of the right singular vectors.
        let inner = Array2::from_shape_fn((rank, n), |(k, t)| svd.u[(t, k)] / svd.s[k]);
        let outer = outer_inverse(&svd, rank, &column_norm)?;
        let pinv = outer.dot(&inner);
        let xtx_inv = pinv.dot(&pinv.t());
        let root = Array2::from_shape_fn((p, rank), |(j, k)| outer[[j, k]] / svd.s[k]);
        let basis = Array2::from_shape_fn((n, rank), |(t, k)| svd.u[(t, k)]);
        let determined = Determined { root, column_norm, null_space };
        Ok(LeastSquares { pinv, xtx_inv, basis, rank, determined })
    }

    /// [`Determined::is_estimable`].
    #[must_use]
    pub fn is_estimable(&self, weights: ArrayView1<f64>) -> bool {
        self.determined.is_estimable(weights)
    }

    /// [`Determined::dependent_columns`].
    #[must_use]
    pub fn dependent_columns(&self) -> Vec<usize> {
        self.determined.dependent_columns()
    }

    /// Whether a column `[volume]` is a sum of the columns of the design X, to rounding.
    #[must_use]
    pub fn spans(&self, design: ArrayView2<f64>, column: ArrayView1<f64>) -> bool {
        let left = &column - &design.dot(&self.pinv.dot(&column));
        left.dot(&left) <= ESTIMABLE * column.dot(&column)
    }
}

/// Whether a column `[volume]` is a sum of the columns of a design `[volume][regressor]`, to rounding.
///
/// # Errors
/// As [`LeastSquares::new`].
pub fn spans(design: ArrayView2<f64>, column: ArrayView1<f64>) -> Result<bool> {
    Ok(LeastSquares::new(design)?.spans(design, column))
}

impl Determined {
    /// H: beta of least squares is H U'y, and of smallest norm. `[regressor][rank]`.
    #[must_use]
    pub fn to_beta(&self) -> ArrayView2<'_, f64> {
        self.root.view()
    }

    /// B of contrasts C `[row][regressor]`, for which C (X'X)^+ C' = B'B: `[rank][row]`.
    #[must_use]
    pub fn spread(&self, weights: ArrayView2<f64>) -> Array2<f64> {
        self.root.t().dot(&weights.t())
    }

    /// Values that it holds.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.root.len() + self.column_norm.len() + self.null_space.len()
    }

    /// Whether a contrast `[regressor]` has the same value for every least-squares solution: C = C pinv(X) X.
    #[must_use]
    pub fn is_estimable(&self, weights: ArrayView1<f64>) -> bool {
        // In unit-norm columns beta is scaled by the column norms, so the weights are divided by them.
        let scaled = &weights / &self.column_norm;
        let size = scaled.dot(&scaled).sqrt();
        self.null_space.columns().into_iter().all(|v| scaled.dot(&v).abs() <= ESTIMABLE * size)
    }

    /// The columns that are linear combinations of others, ascending; empty for full rank.
    #[must_use]
    pub fn dependent_columns(&self) -> Vec<usize> {
        let depends = |row: ArrayView1<f64>| row.iter().any(|v| v.abs() > ESTIMABLE);
        (0..self.null_space.nrows()).filter(|&j| depends(self.null_space.row(j))).collect()
    }
}

/// D^-1 V for full rank, else the pseudo-inverse of V_r' D: from singular coordinates to beta of smallest norm.
fn outer_inverse(svd: &Svd, rank: usize, column_norm: &Array1<f64>) -> Result<Array2<f64>> {
    let p = column_norm.len();
    if rank == p {
        return Ok(Array2::from_shape_fn((p, p), |(j, k)| svd.v[(j, k)] / column_norm[j]));
    }
    if rank == 0 {
        return Ok(Array2::zeros((p, 0)));
    }
    let inner = self::svd((p, rank), |j, k| column_norm[j] * svd.v[(j, k)])?;
    let from = Array2::from_shape_fn((p, rank), |(j, k)| inner.u[(j, k)] / inner.s[k]);
    let to = Array2::from_shape_fn((rank, rank), |(k, i)| inner.v[(i, k)]);
    Ok(from.dot(&to))
}

/// An orthonormal basis of the columns of X, `[volume][rank]`, with the rank rule of [`LeastSquares`].
///
/// # Errors
/// As [`LeastSquares::new`].
pub fn orthonormal_basis(design: ArrayView2<f64>) -> Result<Array2<f64>> {
    let (n, p) = design.dim();
    let norm: Vec<f64> = design.columns().into_iter().map(norm_or_one).collect();
    let svd = svd((n, p), |t, j| design[[t, j]] / norm[j])?;
    let tolerance = n.max(p) as f64 * f64::EPSILON * svd.s.first().copied().unwrap_or(0.0);
    let rank = svd.s.iter().filter(|&&s| s > tolerance).count();
    Ok(Array2::from_shape_fn((n, rank), |(t, k)| svd.u[(t, k)]))
}

/// The pseudo-inverse `[column][row]` and rank of a matrix `[row][column]`, singular values up to `noise` taken
/// as zero.
///
/// # Errors
/// Internal when the singular values cannot be found.
pub fn truncated_pinv(matrix: ArrayView2<f64>, noise: f64) -> Result<(Array2<f64>, usize)> {
    let (n, p) = matrix.dim();
    let svd = svd((n, p), |t, j| matrix[[t, j]])?;
    let rank = svd.s.iter().filter(|&&s| s > noise).count();
    let v = Array2::from_shape_fn((p, rank), |(j, k)| svd.v[(j, k)] / svd.s[k]);
    let u = Array2::from_shape_fn((rank, n), |(k, t)| svd.u[(t, k)]);
    Ok((v.dot(&u), rank))
}

/// The columns with their means taken off, `[volume][column]`.
#[must_use]
pub fn demeaned(columns: ArrayView2<f64>) -> Array2<f64> {
    match columns.mean_axis(Axis(0)) {
        Some(mean) => &columns - &mean,
        None => columns.to_owned(),
    }
}

fn norm_or_one(column: ArrayView1<f64>) -> f64 {
    let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    // Scaled by the largest element: squares neither overflow nor vanish.
    largest * column.iter().map(|v| (v / largest) * (v / largest)).sum::<f64>().sqrt()
}

/// Thin singular value decomposition.
fn svd(shape: (usize, usize), value: impl Fn(usize, usize) -> f64) -> Result<Svd> {
    Svd::of(shape, value).ok_or_else(|| {
        Error::internal("the design's singular values", "did not converge", "converge", "")
    })
}
