//! Where a run lacks values, found as its blocks pass.

use super::Passing;
use super::passing::Keeps;
use crate::volume::HostBold;

/// Voxels that are not finite in some volume, and the volumes where some voxel is not.
#[derive(Debug)]
pub struct Lacking {
    /// `[voxel]`
    voxels: Vec<bool>,
    /// `[volume]`
    volumes: Vec<bool>,
}

/// A source, of which it is kept where it lacks values.
pub type Looked<'a> = Passing<'a, Lacking>;

impl Lacking {
    /// Of a run of this shape; nothing has passed.
    #[must_use]
    pub fn new(shape: [usize; 3], n_volumes: usize) -> Lacking {
        Lacking { voxels: vec![false; shape.iter().product()], volumes: vec![false; n_volumes] }
    }

    /// How many voxels lack some volume, and how many volumes some voxel.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let count = |which: &[bool]| which.iter().filter(|&&lacks| lacks).count();
        (count(&self.voxels), count(&self.volumes))
    }
}

impl Keeps for Lacking {
    fn take(&mut self, bold: &HostBold) {
        let (block, lacking) = (&bold.block, bold.missing());
        let first = block.planes.start * block.plane_len();
        for &at in lacking {
            self.voxels[first + at as usize] = true;
        }
        if lacking.is_empty() {
            return;
        }
        let volumes = bold.data.chunks_exact(block.volume_len());
        for (volume, t) in volumes.zip(block.volumes.clone()) {
            self.volumes[t] |= lacking.iter().any(|&at| !volume[at as usize].is_finite());
        }
    }

    fn bytes(&self) -> u64 {
        (self.voxels.len() + self.volumes.len()) as u64
    }
}
