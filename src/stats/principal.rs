//! Principal components over time from C = M M', M the series of many voxels `[volume][voxel]`: the left singular vectors of
//! M are the eigenvectors of C, its singular values the roots of C's eigenvalues. Components whose singular value lies
//! below 1e-8 of the largest are rounding noise: C holds squares.

use ndarray::{Array2, ArrayView2};

use super::dense::Eigen;
use crate::error::{Error, Result};

/// All components of a set of voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalComponents {
    /// Of unit norm, by falling singular value, `[volume][component]`; of the two signs the one whose value of the largest
    /// magnitude (the first of them) is positive.
    pub series: Array2<f64>,
    /// Singular values of M, falling, `[component]`.
    pub singular_values: Vec<f64>,
}

impl PrincipalComponents {
    /// The components of a symmetric matrix `[volume][volume]`, of which the lower triangle is read.
    ///
    /// # Errors
    /// Internal when a value is not finite or the eigenvalues do not converge.
    pub fn of(covariance: ArrayView2<f64>) -> Result<PrincipalComponents> {
        let n = covariance.nrows();
        let failed = |found: &str| Error::internal("the covariance over time", found, "", "");
        if covariance.iter().any(|v| !v.is_finite()) {
            return Err(failed("holds a value that is not finite"));
        }
        if n == 0 {
            return Ok(PrincipalComponents {
                series: Array2::zeros((0, 0)),
                singular_values: vec![],
            });
        }
        let Eigen { values, vectors } = Eigen::of(n, |t, s| covariance[[t, s]])
            .ok_or_else(|| failed("has eigenvalues that did not converge"))?;
        let mut series = Array2::from_shape_fn((n, n), |(t, k)| vectors[(t, n - 1 - k)]);
        for mut component in series.columns_mut() {
            let larger = |a: f64, &b: &f64| if b.abs() > a.abs() { b } else { a };
            if component.iter().fold(0.0, larger) < 0.0 {
                component.mapv_inplace(|v| -v);
            }
        }
        let singular_values = (0..n).map(|k| values[n - 1 - k].max(0.0).sqrt()).collect();
        Ok(PrincipalComponents { series, singular_values })
    }

    /// Each component's share of the variance of M, falling, `[component]`; 0 where M is 0.
    #[must_use]
    pub fn variance_explained(&self) -> Vec<f64> {
        let total: f64 = self.singular_values.iter().map(|s| s * s).sum();
        let share = |s: &f64| if total > 0.0 { s * s / total } else { 0.0 };
        self.singular_values.iter().map(share).collect()
    }

    /// How far each component may move when C is off by `error` (spectral norm): Davis and Kahan's sin(angle) <= error / gap,
    /// gap the distance to the nearest other eigenvalue. Unit vectors are never further apart than 2; infinite where
    /// eigenvalues touch.
    #[must_use]
    pub fn sensitivity(&self, error: f64) -> Vec<f64> {
        let eigenvalue: Vec<f64> = self.singular_values.iter().map(|s| s * s).collect();
        let gap = |k: usize| {
            let before = k.checked_sub(1).map_or(f64::INFINITY, |b| eigenvalue[b] - eigenvalue[k]);
            let after = eigenvalue.get(k + 1).map_or(f64::INFINITY, |next| eigenvalue[k] - next);
            before.min(after)
        };
        // The distance between unit vectors is at most sqrt(2) sin(angle); the perturbed gap is at least half the gap.
        let moved = |k| 2.0 * std::f64::consts::SQRT_2 * error / gap(k);
        let anywhere = f64::INFINITY;
        (0..eigenvalue.len()).map(|k| if gap(k) > 0.0 { moved(k) } else { anywhere }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_known_components_gives_them_back_in_order_and_sign() {
        // C = 9 a a' + 4 b b', a = (3, -4)/5 turned positive at its largest value: (-3, 4)/5; b = (4, 3)/5.
        let (a, b) = ([0.6, -0.8], [0.8, 0.6]);
        let c = Array2::from_shape_fn((2, 2), |(t, s)| 9.0 * a[t] * a[s] + 4.0 * b[t] * b[s]);
        let found = PrincipalComponents::of(c.view()).expect("finite");
        let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-14, "{got} {want}");
        [3.0, 2.0].iter().zip(&found.singular_values).for_each(|(w, g)| close(*g, *w));
        let want = [[-0.6, 0.8], [0.8, 0.6]];
        found.series.indexed_iter().for_each(|((t, k), &got)| close(got, want[t][k]));
        close(found.variance_explained()[0], 9.0 / 13.0);
    }

    #[test]
    fn equal_eigenvalues_may_turn_anywhere() {
        let found = PrincipalComponents::of(Array2::eye(3).view()).expect("finite");
        assert!(found.sensitivity(1e-9).iter().all(|moved| *moved > 1.0));
    }

    #[test]
    fn a_matrix_that_is_not_finite_is_refused() {
        let c = Array2::from_elem((2, 2), f64::NAN);
        assert_eq!(PrincipalComponents::of(c.view()).expect_err("NaN").exit_code(), 70);
    }
}
