//! The f64 twin of `shaders/pairs.wgsl`, written from the definition: a row at a time, volume by volume.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::Rows;
use crate::volume::HostBold;

/// Volumes whose sums are made side by side, so that none waits for itself.
const TOGETHER: usize = 4;

pub(super) fn sums(bold: &HostBold, rows: &Rows) -> Array2<f64> {
    let (len, n) = (bold.block.volume_len(), bold.block.volumes.len());
    let mut sums = Array2::zeros((rows.len(), n));
    let each: Vec<(&[u32], _)> = rows.each().zip(sums.axis_iter_mut(Axis(0))).collect();
    each.into_par_iter().with_min_len(8).for_each(|(row, mut sums)| {
        let mut first = None;
        for (group, mut sums) in sums.axis_chunks_iter_mut(Axis(0), TOGETHER).enumerate() {
            // Beyond the last volume the last once more.
            let at = |k: usize| (group * TOGETHER + k).min(n - 1) * len;
            let found = of_volumes(row, std::array::from_fn(|k| &bold.data[at(k)..][..len]));
            let first = *first.get_or_insert(found[0]);
            sums.iter_mut().zip(found).for_each(|(sum, found)| *sum = found - first);
        }
    });
    sums
}

fn of_volumes(row: &[u32], volumes: [&[f32]; TOGETHER]) -> [f64; TOGETHER] {
    row.iter().fold([0.0; TOGETHER], |mut sums, &voxel| {
        for (sum, volume) in sums.iter_mut().zip(volumes) {
            *sum += f64::from(volume[voxel as usize]);
        }
        sums
    })
}
