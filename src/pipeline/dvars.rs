//! DVARS of a run and its mean over voxels, in one pass over the run, f64.
//!
//! DVARS of volume t: the root mean square over voxels of y_t - y_(t-1), in the run's units (Power 2012). Standardised (Nichols 2013, as
//! fMRIPrep takes it): over the mean over voxels of sqrt(2 (1 - r)) s, which noise alone would give; r the voxel's autocorrelation at lag
//! 1, s its interquartile range / 1.349, quartiles being values of the series at floor(q (n - 1)).

use rayon::prelude::*;

use crate::error::Result;
use crate::io::source::BoldSource;
use crate::pipeline::blocks::{plane_bytes, slabs};

/// Bytes a read.
const PIECE: usize = 8 << 20;

/// Voxels that one core adds up at a time.
const VOXELS: usize = 1024;

/// The interquartile range of a normal distribution of standard deviation 1, as the sources have it.
const NORMAL_IQR: f64 = 1.349;

/// What a run shows over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The mean over voxels, `[volume]`.
    pub means: Vec<f64>,
    /// DVARS, `[volume]`; 0 for the first.
    pub dvars: Vec<f64>,
    /// The same over what noise alone would give, `[volume]`.
    pub std_dvars: Vec<f64>,
}

/// Sums over voxels.
struct Sums {
    n_voxels: usize,
    /// Of the values, `[volume]`.
    values: Vec<f64>,
    /// Of squared changes, `[volume]`.
    changes: Vec<f64>,
    /// Of the standard deviation of changes that noise alone would have.
    expected: f64,
}

impl Sums {
    fn empty(n_volumes: usize) -> Sums {
        let zeros = vec![0.0; n_volumes];
        Sums { n_voxels: 0, values: zeros.clone(), changes: zeros, expected: 0.0 }
    }

    fn and(mut self, other: Sums) -> Sums {
        self.n_voxels += other.n_voxels;
        self.expected += other.expected;
        self.values.iter_mut().zip(other.values).for_each(|(sum, more)| *sum += more);
        self.changes.iter_mut().zip(other.changes).for_each(|(sum, more)| *sum += more);
        self
    }

    /// A voxel that varies and is finite.
    fn add(mut self, series: &[f64]) -> Sums {
        let n = series.len();
        if n < 2 || series.iter().any(|value| !value.is_finite()) {
            return self;
        }
        let mut sorted = series.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[(share * (n - 1) as f64) as usize];
        let sd = (at(0.75) - at(0.25)) / NORMAL_IQR;
        if sd == 0.0 {
            return self;
        }
        let mean = series.iter().sum::<f64>() / n as f64;
        let product = |lag: usize| -> f64 {
            (lag..n).map(|t| (series[t] - mean) * (series[t - lag] - mean)).sum()
        };
        let r = product(1) / product(0);
        self.n_voxels += 1;
        self.expected += (2.0 * (1.0 - r)).sqrt() * sd;
        self.values.iter_mut().zip(series).for_each(|(sum, value)| *sum += value);
        for t in 1..n {
            self.changes[t] += (series[t] - series[t - 1]).powi(2);
        }
        self
    }
}

/// What the voxels of a mask `[voxel]` show; zeros where none of them varies.
///
/// # Errors
/// Those of reading the run.
pub fn shown(source: &mut dyn BoldSource, inside: &[bool]) -> Result<Shown> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let one_plane = plane_bytes(shape, n_volumes);
    let mut all = Sums::empty(n_volumes);
    for block in slabs(shape, n_volumes, 0, PIECE.max(one_plane)).unwrap_or_default() {
        let bold = source.read(&block)?;
        let (len, first) = (block.volume_len(), block.planes.start * block.plane_len());
        let series = |voxel: usize| -> Vec<f64> {
            (0..n_volumes).map(|t| f64::from(bold.data[t * len + voxel])).collect()
        };
        // In pieces of one size, added in their order: the same sum on any number of cores.
        let piece = |piece: usize| {
            let voxels =
                (piece * VOXELS..len.min((piece + 1) * VOXELS)).filter(|v| inside[first + v]);
            voxels.fold(Sums::empty(n_volumes), |sums, voxel| sums.add(&series(voxel)))
        };
        let pieces: Vec<Sums> = (0..len.div_ceil(VOXELS)).into_par_iter().map(piece).collect();
        all = pieces.into_iter().fold(all, Sums::and);
        source.reuse(bold.data);
    }
    let n = all.n_voxels.max(1) as f64;
    let expected = if all.expected > 0.0 { all.expected / n } else { f64::INFINITY };
    let dvars: Vec<f64> = all.changes.iter().map(|sum| (sum / n).sqrt()).collect();
    Ok(Shown {
        means: all.values.iter().map(|sum| sum / n).collect(),
        std_dvars: dvars.iter().map(|dvars| dvars / expected).collect(),
        dvars,
    })
}
