//! A run of which some voxels' time courses are kept as its blocks pass by.

use super::passing::{Keeps, Passing};
use crate::volume::HostBold;

/// Time courses of some voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Positions in the grid, ascending.
    pub voxels: Vec<usize>,
    /// BOLD units, `[volume][voxel]`; NaN where no block has passed.
    pub values: Vec<f32>,
}

impl Sample {
    /// Of these voxels, positions in the grid, ascending.
    #[must_use]
    pub fn new(voxels: Vec<usize>, n_volumes: usize) -> Sample {
        let values = vec![f32::NAN; voxels.len() * n_volumes];
        Sample { voxels, values }
    }
}

impl Keeps for Sample {
    /// Keep what a block has of them. A block that comes once more changes nothing.
    fn take(&mut self, bold: &HostBold) {
        let block = &bold.block;
        let plane = block.plane_len();
        let first = block.planes.start * plane;
        let from = self.voxels.partition_point(|&v| v < first);
        let to = self.voxels.partition_point(|&v| v < block.planes.end * plane);
        let n = self.voxels.len();
        let volumes = bold.data.chunks_exact(block.volume_len().max(1)).zip(block.volumes.clone());
        for (volume, t) in volumes {
            let kept = &mut self.values[t * n..][from..to];
            for (kept, &voxel) in kept.iter_mut().zip(&self.voxels[from..to]) {
                *kept = volume[voxel - first];
            }
        }
    }

    fn bytes(&self) -> u64 {
        // Once more in f64 when it is looked at.
        3 * (self.values.len() * size_of::<f32>()) as u64
    }
}

/// Another source, of which a sample is kept.
pub type Sampled<'a> = Passing<'a, Sample>;

#[cfg(test)]
mod tests {
    use super::super::{BoldSource, Memory};
    use super::*;
    use crate::volume::Block;

    #[test]
    fn a_sample_is_the_same_however_the_run_is_cut() {
        let whole = Block::whole([3, 4, 5], 6);
        let data: Vec<f32> = (0..whole.len() as u16).map(f32::from).collect();
        let voxels = vec![0, 7, 12, 13, 40, 59];
        let want: Vec<f32> =
            (0..6).flat_map(|t| voxels.iter().map(move |v| (t * 60 + v) as f32)).collect();
        let planes = |planes: std::ops::Range<usize>| Block { planes, ..whole.clone() };
        let volumes = |volumes: std::ops::Range<usize>| Block { volumes, ..whole.clone() };
        for cut in [
            vec![whole.clone()],
            vec![planes(3..5), planes(0..2), planes(1..4)],
            vec![volumes(4..6), volumes(0..4)],
        ] {
            let mut source = Memory { run: HostBold::new(whole.clone(), data.clone()) };
            let mut sample = Sample::new(voxels.clone(), 6);
            let mut sampled = Sampled::new(&mut source, &mut sample);
            for block in &cut {
                sampled.read(block).expect("memory reads");
            }
            assert_eq!(sample.values, want, "{cut:?}");
        }
    }
}
