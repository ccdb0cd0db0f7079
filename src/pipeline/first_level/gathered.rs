//! A run whose blocks are all in, before its noise is decided. What turns out to leave the mask once the whole run was seen leaves here: rho is smoothed,
//! and the noise told of, over the voxels that stay.

use super::{Fitted, Plan};
use crate::error::Result;
use crate::pipeline::noise::{self, Held};

/// What the blocks of a run came to.
#[derive(Debug)]
pub struct Gathered {
    /// With the contrasts of residuals that are taken as independent.
    pub(super) so_far: Fitted,
    /// What noise is found from.
    pub(super) held: Vec<Held>,
    /// Residuals of the voxels that are looked at.
    pub(super) sampled: Vec<noise::Series>,
    /// Voxels along i, j, k.
    pub(super) shape: [usize; 3],
}

impl Gathered {
    /// The voxels that are fitted, `[voxel]`.
    #[must_use]
    pub fn fitted(&self) -> &[bool] {
        &self.so_far.fitted
    }

    /// Mask voxels that left because some volume of the run itself is not finite there.
    #[must_use]
    pub fn not_finite(&self) -> usize {
        self.so_far.not_finite - self.so_far.not_finite_beside
    }

    /// Mask voxels of one value throughout, as they were read: positions in the grid, ascending.
    #[must_use]
    pub fn flat(&self) -> &[usize] {
        &self.so_far.flat
    }

    /// The fitted voxels in which something was measured: not of one value throughout, nor what the columns explain to rounding, `[voxel]`.
    #[must_use]
    pub fn measured(&self, plan: &Plan) -> Vec<bool> {
        let Fitted { contrasts, fitted, flat, .. } = &self.so_far;
        let mut measured = fitted.clone();
        if plan.noise.as_ref().is_some_and(|noise| noise.contrasts()) {
            for part in &self.held {
                let voxels = part.places.iter().zip(&part.sums.square);
                voxels.for_each(|(&place, square)| measured[place] &= *square != 0.0);
            }
        } else if !contrasts.is_empty() {
            let varies = |voxel: usize| contrasts.iter().any(|c| c.variance[0][voxel] != 0.0);
            (0..measured.len()).for_each(|voxel| measured[voxel] &= varies(voxel));
        }
        flat.iter().for_each(|&voxel| measured[voxel] = false);
        measured
    }

    /// Have voxels, positions in the grid, leave the fit.
    pub fn leave_out(&mut self, voxels: &[usize]) {
        let Fitted { contrasts, fitted, .. } = &mut self.so_far;
        for &voxel in voxels {
            fitted[voxel] = false;
            contrasts.iter_mut().for_each(|maps| maps.clear(voxel));
        }
    }

    /// The fit, with the noise of the voxels that are left and vary.
    ///
    /// # Errors
    /// Internal ones.
    pub fn decided(self, plan: &Plan) -> Result<Fitted> {
        let Gathered { mut so_far, mut held, mut sampled, shape } = self;
        let Some(noise) = &plan.noise else { return Ok(so_far) };
        let mut counts = so_far.fitted.clone();
        so_far.flat.iter().for_each(|&voxel| counts[voxel] = false);
        let few = (!noise.holds_all()).then(|| noise::renumber(&mut held, &mut sampled, &counts));
        let (shape, counts) = match &few {
            Some(few) => ([few.len(), 1, 1], few),
            None => (shape, &counts),
        };
        let of_run = noise.decide((&held, &sampled), (shape, counts), &mut so_far.contrasts)?;
        Ok(Fitted { residuals: vec![of_run.0], beyond: of_run.1, ..so_far })
    }
}
