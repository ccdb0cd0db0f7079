//! Temporal signal-to-noise ratio of a run: tSNR = mean / sd over time, sd with n - 1, nothing taken off before (what
//! `mean / std` of the image gives in any tool). 0 where a voxel is constant or not finite in some volume.

use rayon::prelude::*;

use crate::volume::HostBold;

/// Voxels a task: their volumes pass through a core's cache together.
const VOXELS_A_TASK: usize = 2048;

/// Mean and scatter of each voxel of a block over time, f64, `[voxel]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Mean; not finite where some volume is not.
    pub mean: Vec<f64>,
    /// Standard deviation, divided by n - 1; NaN where some volume is not finite.
    pub sd: Vec<f64>,
}

impl Moments {
    /// Of a block that holds all volumes. Two passes: squares are of differences from the mean.
    #[must_use]
    pub fn of(bold: &HostBold) -> Moments {
        let (n_voxels, n_volumes) = (bold.block.volume_len(), bold.block.volumes.len());
        let mut mean = vec![0.0; n_voxels];
        let mut sd = vec![0.0; n_voxels];
        let tasks = mean.par_chunks_mut(VOXELS_A_TASK).zip(sd.par_chunks_mut(VOXELS_A_TASK));
        tasks.enumerate().for_each(|(task, (mean, sd))| {
            let rows = || {
                let volumes = bold.data.chunks_exact(n_voxels);
                volumes.map(|volume| &volume[task * VOXELS_A_TASK..][..mean.len()])
            };
            let mut sum = vec![0.0; mean.len()];
            for row in rows() {
                sum.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            sum.iter_mut().for_each(|sum| *sum /= n_volumes as f64);
            for row in rows() {
                for ((sd, &v), mean) in sd.iter_mut().zip(row).zip(&sum) {
                    *sd += (f64::from(v) - mean).powi(2);
                }
            }
            let n_free = n_volumes.saturating_sub(1).max(1) as f64;
            sd.iter_mut().for_each(|sum| *sum = (*sum / n_free).sqrt());
            mean.copy_from_slice(&sum);
        });
        Moments { mean, sd }
    }

    /// tSNR of one voxel.
    #[must_use]
    pub fn tsnr(&self, voxel: usize) -> f64 {
        let (mean, sd) = (self.mean[voxel], self.sd[voxel]);
        if sd > 0.0 { mean / sd } else { 0.0 }
    }
}
