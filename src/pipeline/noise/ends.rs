//! Voxels whose estimate stands at an end of the range that it is looked for in: their noise may lie beyond it.

use super::Autocorrelation;
use crate::stats::ar1::LARGEST;
use crate::stats::arma11;

/// So near to the end of its range an estimate stands at it.
const NEAR_END: f64 = 1e-3;

/// Shares of the voxels with residual variance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AtEnds {
    /// rho, or a, is the largest that is looked for.
    pub slow: f64,
    /// rho is the most negative; of ARMA(1,1), which has no negative correlation, it is white where the rho of first-order noise is below 0 by more than
    /// 1.96 standard errors.
    pub quick: f64,
    /// b of ARMA(1,1) is the largest, and a is not.
    pub b: f64,
}

impl Autocorrelation {
    /// Of maps `[voxel of the grid]`: `own` is the rho of first-order noise, `arma11` a and b.
    pub(super) fn at_ends(
        &self,
        own: &[f64],
        arma11: Option<&[Vec<f64>; 2]>,
        sigma2: &[f64],
    ) -> AtEnds {
        let known: Vec<usize> = (0..sigma2.len()).filter(|&voxel| sigma2[voxel] > 0.0).collect();
        let share = |is_there: &dyn Fn(usize) -> bool| {
            known.iter().filter(|&&voxel| is_there(voxel)).count() as f64
                / known.len().max(1) as f64
        };
        let Some([a, b]) = arma11 else {
            return AtEnds {
                slow: share(&|voxel| own[voxel] > LARGEST - NEAR_END),
                quick: share(&|voxel| own[voxel] < NEAR_END - LARGEST),
                b: 0.0,
            };
        };
        // Along a + b = 0, where noise is white, neither says anything.
        let lambda = |voxel: usize| arma11::lambda(a[voxel], b[voxel]);
        let is_largest = |value: f64| value > arma11::LARGEST - NEAR_END;
        let chance = self.lags.pairs.rho_error().at(0.0).map(|error| 1.96 * error);
        let is_negative = |voxel: usize| chance.is_some_and(|chance| own[voxel] < -chance);
        AtEnds {
            slow: share(&|voxel| is_largest(a[voxel]) && lambda(voxel) > 0.5),
            quick: share(&|voxel| lambda(voxel) < NEAR_END && is_negative(voxel)),
            b: share(&|voxel| is_largest(b[voxel]) && !is_largest(a[voxel])),
        }
    }
}
