//! The f64 twin of `shaders/dvars.wgsl`, written from the definition: series are sorted, and r is a ratio of products.

use rayon::prelude::*;

use super::{NORMAL_IQR, Sums, quartiles};
use crate::volume::HostBold;

/// Positions of a block whose voxels one core adds up at a time.
const PIECE: u32 = 1024;

pub(super) fn sums(bold: &HostBold, voxels: &[u32]) -> Sums {
    let (len, n_volumes) = (bold.block.volume_len(), bold.block.volumes.len());
    let series = |&voxel: &u32| -> Vec<f64> {
        (0..n_volumes).map(|t| f64::from(bold.data[t * len + voxel as usize])).collect()
    };
    // In pieces of one size, added in their order: the same sum on any number of cores.
    let pieces: Vec<&[u32]> = voxels.chunk_by(|a, b| a / PIECE == b / PIECE).collect();
    let add = |voxels: &[u32]| {
        let mut sums = Sums::empty(n_volumes);
        voxels.iter().for_each(|voxel| add_voxel(&mut sums, &series(voxel)));
        sums
    };
    let pieces: Vec<Sums> = pieces.into_par_iter().map(add).collect();
    pieces.iter().fold(Sums::empty(n_volumes), Sums::and)
}

/// A voxel that varies and is finite.
fn add_voxel(sums: &mut Sums, series: &[f64]) {
    let n = series.len();
    if n < 2 || series.iter().any(|value| !value.is_finite()) {
        return;
    }
    let mut sorted = series.to_vec();
    sorted.sort_by(f64::total_cmp);
    let [lower, upper] = quartiles(n).map(|at| sorted[at]);
    let sd = (upper - lower) / NORMAL_IQR;
    if sd == 0.0 {
        return;
    }
    let mean = series.iter().sum::<f64>() / n as f64;
    let product = |lag: usize| -> f64 {
        (lag..n).map(|t| (series[t] - mean) * (series[t - lag] - mean)).sum()
    };
    let r = product(1) / product(0);
    sums.n_voxels += 1;
    sums.expected += (2.0 * (1.0 - r)).sqrt() * sd;
    sums.values.iter_mut().zip(series).for_each(|(sum, value)| *sum += value);
    for t in 1..n {
        sums.changes[t] += (series[t] - series[t - 1]).powi(2);
    }
}
