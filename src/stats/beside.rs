//! Columns of a voxel's own beside a slice group's design: local white matter, any regressor that is an image.
//!
//! With V the voxel's columns, M = I - U U' and M V = W T, W orthonormal, the basis of [X V] is [U W]: what all voxels share stays, and each adds the rows
//! of W to the sums. c'beta of the joint model weighs -c'X⁺V T⁻¹ on W. A column that the design, or a column before it, spans up to rounding is
//! left out, and its degree of freedom stays.

use ndarray::{Array1, Array2, ArrayView2, Axis};

/// A column is spanned where the rest of it is this share of its deviations from its mean, what an image of f32 cannot tell from none,
/// or what rounding leaves of its level.
const SPANNED: f64 = 1e-5;
const ROUNDING: f64 = 1e-9;

/// A voxel's own columns beside a design.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// W, `[volume][column]`.
    pub basis: Array2<f64>,
    /// -X⁺V T⁻¹: what a regressor's weight is on W, `[regressor][column]`.
    pub to_beta: Array2<f64>,
    /// Which of the columns are left out, in order.
    pub spanned: Vec<usize>,
}

impl Beside {
    /// Of a voxel's columns `[column][volume]` and the design's `basis` U, `[volume][basis]`, and `to_beta` X⁺U.
    #[must_use]
    pub fn new(columns: ArrayView2<f64>, basis: &Array2<f64>, to_beta: &Array2<f64>) -> Beside {
        let (n, p) = (basis.nrows(), to_beta.nrows());
        let (basis_of, to_beta_of) = (Array2::zeros((n, 0)), Array2::zeros((p, 0)));
        let mut own = Beside { basis: basis_of, to_beta: to_beta_of, spanned: Vec::new() };
        for (at, column) in columns.rows().into_iter().enumerate() {
            let mean = column.sum() / n as f64;
            let swing = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
            let mut rest = column.to_owned();
            let mut weights = Array1::zeros(p);
            // Twice: the second pass takes out what rounding left in the first.
            for _ in 0..2 {
                let on_design = on(&rest, basis);
                rest -= &basis.dot(&on_design);
                weights -= &to_beta.dot(&on_design);
                let on_own = on(&rest, &own.basis);
                rest -= &own.basis.dot(&on_own);
                weights -= &own.to_beta.dot(&on_own);
            }
            let (length, level) = (rest.dot(&rest).sqrt(), mean.abs() * (n as f64).sqrt());
            if length > SPANNED * swing + ROUNDING * level && length.is_finite() {
                // Both have as many rows as what is pushed.
                let _ = own.basis.push_column((rest / length).view());
                let _ = own.to_beta.push_column((weights / length).view());
            } else {
                own.spanned.push(at);
            }
        }
        own
    }

    /// How many columns count.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.basis.ncols()
    }

    /// Residuals of ordinary least squares without these columns become those with them, and so do its estimates. What a column leaves of a
    /// series that it is itself is none, not rounding.
    pub fn take_from(&self, residual: &mut Array1<f64>, beta: &mut Array1<f64>) {
        let before = residual.dot(residual);
        let on_own = on(residual, &self.basis);
        *residual -= &self.basis.dot(&on_own);
        *beta += &self.to_beta.dot(&on_own);
        if residual.dot(residual) <= SPANNED * SPANNED * before {
            residual.fill(0.0);
        }
    }

    /// X⁺U of a group with what these columns add, `[regressor][basis]`.
    #[must_use]
    pub fn joined(&self, to_beta: &Array2<f64>) -> Array2<f64> {
        ndarray::concatenate(Axis(1), &[to_beta.view(), self.to_beta.view()]).unwrap_or_default()
    }
}

/// What a series is on the columns of a matrix `[volume][column]`, volume by volume.
pub(crate) fn on(series: &Array1<f64>, columns: &Array2<f64>) -> Array1<f64> {
    let mut sums = Array1::zeros(columns.ncols());
    for (value, row) in series.iter().zip(columns.rows()) {
        sums.scaled_add(*value, &row);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::least_squares::{LeastSquares, orthonormal_basis};

    fn series(n: usize, seed: usize) -> Array1<f64> {
        Array1::from_shape_fn(n, |t| ((t * 37 + seed * 101 + t * t * 7) % 97) as f64 / 50.0)
    }

    #[test]
    fn estimates_with_a_voxels_own_columns_are_those_of_the_joint_design() {
        let n = 40;
        let of = |seeds: &[usize]| {
            let columns: Vec<_> = seeds.iter().map(|&seed| series(n, seed)).collect();
            Array2::from_shape_fn((n, seeds.len()), |(t, j)| columns[j][t])
        };
        let (design, y) = (of(&[1, 2, 3]), series(n, 9));
        // the third is spanned by the design, the fourth constant
        let mut own = of(&[5, 6, 7, 8]);
        let spanned = design.dot(&ndarray::array![1.0, 0.0, -2.0]);
        own.column_mut(2).assign(&spanned);
        own.column_mut(3).fill(1000.0);
        let design = ndarray::concatenate(Axis(1), &[design.view(), Array2::ones((n, 1)).view()])
            .expect("equal rows");

        let basis = orthonormal_basis(design.view()).expect("a basis");
        let pinv = LeastSquares::new(design.view()).expect("a pseudo-inverse").pinv;
        let beside = Beside::new(own.t(), &basis, &pinv.dot(&basis));
        assert_eq!((beside.n_columns(), &beside.spanned[..]), (2, &[2, 3][..]));
        let mut beta = pinv.dot(&y);
        let mut residual = &y - &design.dot(&beta);
        beside.take_from(&mut residual, &mut beta);

        let joint =
            ndarray::concatenate(Axis(1), &[design.view(), own.slice(ndarray::s![.., ..2])])
                .expect("equal rows");
        let all = LeastSquares::new(joint.view()).expect("a pseudo-inverse").pinv.dot(&y);
        let left = &y - &joint.dot(&all);
        for (got, want) in beta.iter().zip(&all).chain(residual.iter().zip(&left)) {
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        }
    }
}
