//! Removal of slice-dependent nuisance (RETROICOR): for each slice-time group the joint least-squares fit of
//! [X N], X the columns that are known (task, drift, confounds, constant), N the physiological columns of that group;
//! only N g is subtracted: y' = y - N g, g = the N rows of pinv([X N]) times (y - mean y). N is demeaned, so the
//! voxel's mean stays. Source: Glover 2000; joint fit as in ../shared METHODS (AFNI's 3dretroicor subtracts marginal
//! projections instead).

use ndarray::Array2;

use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::volume::SliceGroups;

mod cpu;
mod gpu;

/// What both devices apply: for each group the rows that yield g and the columns they scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// For each plane k of the run, its group.
    pub group_of_plane: Vec<usize>,
    /// For each group, `[column][volume]`: g = rows (y - mean y).
    pub rows: Vec<Array2<f64>>,
    /// For each group, `[volume][column]`, demeaned.
    pub columns: Vec<Array2<f64>>,
    /// Degrees of freedom spent: for each group, rank([X N]) - rank([X]).
    pub dof_spent: Vec<usize>,
}

impl Projection {
    /// The joint fit's rows for each group.
    ///
    /// `common`: X, `[volume][regressor]`; `nuisance`: N for each group.
    ///
    /// # Errors
    /// Bad data when the row counts differ or [X N] has as many columns as volumes.
    pub fn new(common: &Array2<f64>, nuisance: &SliceGroups) -> Result<Projection> {
        todo!()
    }
}

/// Subtract the nuisance from each voxel of the block, in place. A voxel that is not finite in some volume is left
/// as it is.
///
/// # Errors
/// Device errors; internal when the block does not hold all volumes.
pub fn subtract(device: &Device, bold: Bold, projection: &Projection) -> Result<Bold> {
    todo!()
}
