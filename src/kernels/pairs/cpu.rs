//! The f64 twin of `shaders/pairs.wgsl`, written from the definition: a row at a time, volume by volume.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::Rows;
use crate::volume::HostBold;

pub(super) fn sums(bold: &HostBold, rows: &Rows) -> Array2<f64> {
    let len = bold.block.volume_len();
    let mut sums = Array2::zeros((rows.len(), bold.block.volumes.len()));
    let each: Vec<(&[u32], _)> = rows.each().zip(sums.axis_iter_mut(Axis(0))).collect();
    each.into_par_iter().with_min_len(8).for_each(|(row, mut sums)| {
        let first: f64 = row.iter().map(|&v| f64::from(bold.data[v as usize])).sum();
        for (sum, volume) in sums.iter_mut().zip(bold.data.chunks_exact(len)) {
            *sum = row.iter().map(|&v| f64::from(volume[v as usize])).sum::<f64>() - first;
        }
    });
    sums
}
