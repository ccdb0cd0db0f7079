//! What a fit needs of its voxels, held until all blocks are in.

use ndarray::Array2;

use super::Own;
use crate::kernels::glm::HostFit;
use crate::stats::ar1::Sums;
use crate::stats::arma11::Found;

/// What is held of a block.
#[derive(Debug)]
pub struct Held {
    /// Of each voxel, its position in the grid.
    pub places: Vec<usize>,
    /// Ordinary least squares.
    pub fit: HostFit,
    /// Of its residuals.
    pub sums: Sums,
    /// Of ARMA(1,1), a stretch of one slice group each.
    pub found: Vec<Found>,
    /// Of voxels with columns of their own, `[voxel]`; none where there are none.
    pub own: Vec<Own>,
}

/// Voxels of one slice group.
pub(super) struct OneGroup<'a> {
    pub group: usize,
    pub places: &'a [usize],
    pub sums: Sums,
    pub beta: Array2<f64>,
    /// `[voxel]`, or none.
    pub own: &'a [Own],
}

impl Held {
    /// The block's voxels in stretches of one slice group.
    pub(super) fn of_one_group(&self) -> Vec<OneGroup<'_>> {
        let mut first = 0;
        let stretch = |same: &[u32]| {
            let range = first..first + same.len();
            first = range.end;
            OneGroup {
                group: same[0] as usize,
                places: &self.places[range.clone()],
                sums: self.sums.of(range.clone()),
                own: self.own.get(range.clone()).unwrap_or_default(),
                beta: self.fit.beta.slice(ndarray::s![.., range]).as_standard_layout().into_owned(),
            }
        };
        self.fit.slice_group.chunk_by(|a, b| a == b).map(stretch).collect()
    }
}
