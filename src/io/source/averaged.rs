//! A run whose voxels are averaged over time as its blocks pass by.

use pulp::Arch;
use rayon::prelude::*;

use super::passing::{Keeps, Passing};
use crate::volume::HostBold;

/// So many volumes at the start of a run show whether it had reached its steady state.
const FIRST: usize = 50;

/// Voxels that one core adds up at a time: a part of a plane, where a block is one.
const CHUNK: usize = 512;

/// The mean over time of each voxel, as far as blocks have passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Means {
    /// `[voxel]`
    sum: Vec<f64>,
    /// Of all voxels that are finite, of the first volumes, `[volume]`.
    first: Vec<f64>,
    n_volumes: usize,
    plane_len: usize,
    /// Planes whose volumes have all passed.
    planes: Vec<bool>,
    /// Volumes that have passed whole, where planes have not.
    volumes: Vec<bool>,
}

impl Means {
    /// Of a run of these extents.
    #[must_use]
    pub fn new(shape: [usize; 3], n_volumes: usize) -> Means {
        let plane_len = shape[0] * shape[1];
        Means {
            sum: vec![0.0; plane_len * shape[2]],
            first: vec![0.0; n_volumes.min(FIRST)],
            n_volumes,
            plane_len,
            planes: vec![false; shape[2]],
            volumes: vec![false; n_volumes],
        }
    }

    /// The means over voxels of the first volumes, `[volume]`, of a run of which all has passed.
    #[must_use]
    pub fn of_first_volumes(&self) -> Vec<f64> {
        self.first.iter().map(|sum| sum / self.sum.len().max(1) as f64).collect()
    }

    /// The means, `[voxel]`; none where something of the run has not passed.
    #[must_use]
    pub fn image(&self) -> Option<Vec<f64>> {
        let is_whole = self.planes.iter().all(|&p| p) || self.volumes.iter().all(|&v| v);
        let n = self.n_volumes as f64;
        is_whole.then(|| self.sum.iter().map(|sum| sum / n).collect())
    }
}

impl Keeps for Means {
    /// Add what a block has that has not passed: planes of all volumes, or whole volumes.
    fn take(&mut self, bold: &HostBold) {
        let block = &bold.block;
        let len = block.volume_len();
        if block.volumes == (0..self.n_volumes) && !self.volumes.contains(&true) {
            for plane in
                block.planes.clone().filter(|&plane| !self.planes[plane]).collect::<Vec<_>>()
            {
                let at = (plane - block.planes.start) * self.plane_len;
                let sum = &mut self.sum[plane * self.plane_len..][..self.plane_len];
                add(sum, &bold.data, (at, len));
                let volumes = bold.data.par_chunks_exact(len.max(1));
                let first = self.first.par_iter_mut().zip(volumes).with_min_len(8);
                first.for_each(|(first, volume)| {
                    *first += finite(&volume[at..at + self.plane_len]);
                });
                self.planes[plane] = true;
            }
        } else if block.planes.len() == self.planes.len() && !self.planes.contains(&true) {
            for (volume, data) in block.volumes.clone().zip(bold.data.chunks_exact(len.max(1))) {
                if !self.volumes[volume] {
                    add(&mut self.sum, data, (0, len));
                    if let Some(first) = self.first.get_mut(volume) {
                        *first += finite(data);
                    }
                    self.volumes[volume] = true;
                }
            }
        }
    }

    fn bytes(&self) -> u64 {
        (self.sum.len() * size_of::<f64>()) as u64
    }
}

/// The sum of the values that are finite; several sums side by side, so that none waits for itself.
fn finite(values: &[f32]) -> f64 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let or_0 = |value: f32| if value.is_finite() { f64::from(value) } else { 0.0 };
            let (eights, rest) = values.as_chunks::<8>();
            let mut sums = [0.0; 8];
            for eight in eights {
                (0..8).for_each(|at| sums[at] += or_0(eight[at]));
            }
            sums.iter_mut().zip(rest).for_each(|(sum, &value)| *sum += or_0(value));
            sums.iter().sum()
        },
    )
}

/// Add the volumes of `data`, each of `len` values, to sums that begin at `first` in each.
fn add(sum: &mut [f64], data: &[f32], (first, len): (usize, usize)) {
    sum.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, sum)| {
        let first = first + chunk * CHUNK;
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for volume in data.chunks_exact(len.max(1)) {
                    let values = &volume[first..first + sum.len()];
                    sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
                }
            },
        );
    });
}

/// Another source, whose voxels are averaged.
pub type Averaged<'a> = Passing<'a, Means>;

#[cfg(test)]
mod tests {
    use super::super::{BoldSource, Memory};
    use super::*;
    use crate::volume::Block;

    #[test]
    fn means_are_the_same_however_the_run_is_cut_and_none_where_a_part_is_missing() {
        let whole = Block::whole([3, 4, 5], 6);
        let data: Vec<f32> = (0..whole.len()).map(|at| (at * at % 97) as f32).collect();
        let mean = |v: usize| (0..6).map(|t| f64::from(data[t * 60 + v])).sum::<f64>() / 6.0;
        let want: Vec<f64> = (0..60).map(mean).collect();
        let planes = |planes: std::ops::Range<usize>| Block { planes, ..whole.clone() };
        let volumes = |volumes: std::ops::Range<usize>| Block { volumes, ..whole.clone() };
        for (cut, is_whole) in [
            (vec![whole.clone()], true),
            (vec![planes(3..5), planes(0..2), planes(1..4), whole.clone()], true),
            (vec![volumes(4..6), volumes(0..4), volumes(2..3), whole.clone()], true),
            (vec![planes(3..5), planes(0..2)], false),
            (vec![volumes(0..5)], false),
        ] {
            let mut source = Memory { run: HostBold::new(whole.clone(), data.clone()) };
            let mut means = Means::new([3, 4, 5], 6);
            let mut averaged = Averaged::new(&mut source, &mut means);
            for block in &cut {
                averaged.read(block).expect("memory reads");
            }
            assert_eq!(means.image(), is_whole.then(|| want.clone()), "{cut:?}");
            let sum = |t: usize| data[t * 60..][..60].iter().map(|v| f64::from(*v)).sum::<f64>();
            let first: Vec<f64> = (0..6).map(|t| sum(t) / 60.0).collect();
            assert_eq!(means.of_first_volumes() == first, is_whole, "{cut:?}");
        }
    }
}
