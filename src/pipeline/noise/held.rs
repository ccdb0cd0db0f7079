//! What a fit needs of its voxels, held until all blocks are in.

use std::borrow::Cow;

use ndarray::{Array2, s};

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
    pub sums: Cow<'a, Sums>,
    pub beta: Cow<'a, Array2<f64>>,
    /// `[voxel]`, or none.
    pub own: &'a [Own],
}

impl Held {
    /// The block's voxels in stretches of one slice group: mostly it is one, as it is held.
    pub(super) fn of_one_group(&self) -> Vec<OneGroup<'_>> {
        let mut first = 0;
        let stretch = |same: &[u32]| {
            let range = first..first + same.len();
            first = range.end;
            let (sums, beta) = match same.len() == self.places.len() {
                true => (Cow::Borrowed(&self.sums), Cow::Borrowed(&self.fit.beta)),
                false => {
                    let beta = self.fit.beta.slice(s![.., range.clone()]);
                    let beta = beta.as_standard_layout().into_owned();
                    (Cow::Owned(self.sums.of(range.clone())), Cow::Owned(beta))
                }
            };
            OneGroup {
                group: same[0] as usize,
                places: &self.places[range.clone()],
                sums,
                own: self.own.get(range).unwrap_or_default(),
                beta,
            }
        };
        self.fit.slice_group.chunk_by(|a, b| a == b).map(stretch).collect()
    }
}
