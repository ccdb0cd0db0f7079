//! What a fit found: of voxels' noise, and of its columns at the noise that was used.

use ndarray::Array2;

/// Of each fitted voxel the estimates of all regressors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estimates {
    n_regressors: usize,
    /// Of each voxel of the grid its row; none of one that was not fitted.
    row_of: Vec<Option<u32>>,
    /// `[row][regressor]`
    values: Vec<f64>,
}

impl Estimates {
    /// None so far, of so many voxels.
    pub(super) fn of_grid(n_voxels: usize, n_regressors: usize) -> Estimates {
        Estimates { n_regressors, row_of: vec![None; n_voxels], values: Vec::new() }
    }

    /// Take those of some voxels, `[regressor][voxel]`, of which not all count: by their place here and in the grid.
    pub(super) fn take(
        &mut self,
        places: &[usize],
        beta: &Array2<f64>,
        counts: impl Fn(usize, usize) -> bool,
    ) {
        let all = places.iter().zip(beta.columns()).enumerate();
        for (_, (&place, beta)) in all.filter(|(at, (place, _))| counts(*at, **place)) {
            self.row_of[place] = Some((self.values.len() / self.n_regressors) as u32);
            self.values.extend(beta);
        }
    }

    /// Of a voxel, `[regressor]`.
    #[must_use]
    pub fn of(&self, place: usize) -> Option<&[f64]> {
        let row = self.row_of[place]? as usize;
        Some(&self.values[row * self.n_regressors..][..self.n_regressors])
    }

    /// All of them.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// What was found of voxels' noise, `[voxel of the grid]`.
pub struct OwnRho {
    /// rho.
    pub rho: Vec<f64>,
    /// Whether a voxel is fitted and has residuals.
    pub varies: Vec<bool>,
}
