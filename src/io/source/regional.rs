//! A run of which the mean over each of some regions is kept as its blocks pass by.

use rayon::prelude::*;

use super::passing::{Keeps, Passing};
use crate::volume::HostBold;

/// Sums over regions' voxels, plane by plane, so that they do not depend on how a run is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Regional {
    n_volumes: usize,
    /// Of the regions in order, their planes ascending.
    parts: Vec<Part>,
    /// The first so many regions are those whose voxels' noise is measured.
    measured: usize,
}

/// What a region has in a plane.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    region: usize,
    plane: usize,
    /// Positions in the plane, ascending.
    voxels: Vec<u32>,
    /// Those that are finite in every volume.
    n_finite: usize,
    /// `[volume]`
    sum: Vec<f64>,
    /// Position in the grid, mean and standard deviation (n - 1) over time of each finite voxel.
    moments: Vec<(usize, f64, f64)>,
    /// Volumes that have passed.
    seen: Vec<bool>,
}

/// A region's mean over its voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionSeries {
    /// BOLD units, `[volume]`; NaN where no voxel, or not all of the run, has passed.
    pub mean: Vec<f64>,
    /// Voxels in it.
    pub n_voxels: usize,
    /// Each plane with how many of them it has, ascending.
    pub planes: Vec<(usize, usize)>,
    /// Position in the grid, mean and standard deviation (n - 1) over time of each; empty where they were not measured.
    pub moments: Vec<(usize, f64, f64)>,
}

impl Regional {
    /// Of regions, each its voxels' positions in a grid of planes of `plane_len`, ascending. Of the first `measured` of them each voxel's mean
    /// and standard deviation are kept too.
    #[must_use]
    pub fn new(
        regions: &[Vec<usize>],
        (plane_len, n_volumes): (usize, usize),
        measured: usize,
    ) -> Regional {
        let mut parts: Vec<Part> = Vec::new();
        for (region, voxels) in regions.iter().enumerate() {
            for of_plane in voxels.chunk_by(|a, b| a / plane_len == b / plane_len) {
                parts.push(Part {
                    region,
                    plane: of_plane[0] / plane_len,
                    voxels: of_plane.iter().map(|v| (v % plane_len) as u32).collect(),
                    n_finite: 0,
                    sum: vec![0.0; n_volumes],
                    moments: Vec::new(),
                    seen: vec![false; n_volumes],
                });
            }
        }
        Regional { n_volumes, parts, measured }
    }

    /// The mean of a region.
    #[must_use]
    pub fn series(&self, region: usize) -> RegionSeries {
        let parts = || self.parts.iter().filter(|part| part.region == region);
        let n_voxels: usize = parts().map(|part| part.n_finite).sum();
        let is_whole = n_voxels > 0 && parts().all(|part| !part.seen.contains(&false));
        let sum = |t: usize| parts().map(|part| part.sum[t]).sum::<f64>();
        let mean = |t| if is_whole { sum(t) / n_voxels as f64 } else { f64::NAN };
        RegionSeries {
            mean: (0..self.n_volumes).map(mean).collect(),
            n_voxels,
            planes: parts().map(|part| (part.plane, part.n_finite)).collect(),
            moments: parts().flat_map(|part| part.moments.iter().copied()).collect(),
        }
    }
}

impl Part {
    /// All volumes at once: what is not finite in one of them is left out.
    fn take_whole(&mut self, bold: &HostBold, is_measured: bool) {
        let plane_len = bold.block.plane_len();
        let offset = (self.plane - bold.block.planes.start) * plane_len;
        let missing = bold.missing();
        let finite: Vec<usize> = (self.voxels.iter().map(|&v| offset + v as usize))
            .filter(|at| missing.binary_search(&(*at as u32)).is_err())
            .collect();
        let volumes = || bold.data.chunks_exact(bold.block.volume_len().max(1));
        for (sum, volume) in self.sum.iter_mut().zip(volumes()) {
            *sum = finite.iter().map(|&at| f64::from(volume[at])).sum();
        }
        self.n_finite = finite.len();
        self.seen.fill(true);
        if is_measured {
            let n = self.sum.len() as f64;
            let moments = |&at: &usize| {
                let values = || volumes().map(|volume| f64::from(volume[at]));
                let mean = values().sum::<f64>() / n;
                let square: f64 = values().map(|v| (v - mean).powi(2)).sum();
                let voxel = at - offset + self.plane * plane_len;
                (voxel, mean, (square / (n - 1.0).max(1.0)).sqrt())
            };
            self.moments = finite.iter().map(moments).collect();
        }
    }

    /// Some volumes: what is not finite leaves the whole region without a mean.
    fn take_volumes(&mut self, bold: &HostBold) {
        let offset = (self.plane - bold.block.planes.start) * bold.block.plane_len();
        let volumes = bold.data.chunks_exact(bold.block.volume_len().max(1));
        for (t, volume) in bold.block.volumes.clone().zip(volumes) {
            if !self.seen[t] {
                let values = self.voxels.iter().map(|&v| f64::from(volume[offset + v as usize]));
                self.sum[t] = values.sum();
                self.seen[t] = true;
            }
        }
        self.n_finite = self.voxels.len();
    }
}

impl Keeps for Regional {
    fn take(&mut self, bold: &HostBold) {
        let (block, measured) = (&bold.block, self.measured);
        let is_whole = block.volumes == (0..self.n_volumes);
        let new =
            |part: &&mut Part| block.planes.contains(&part.plane) && part.seen.contains(&false);
        self.parts.par_iter_mut().filter(new).for_each(|part| match is_whole {
            true => part.take_whole(bold, part.region < measured),
            false => part.take_volumes(bold),
        });
    }

    fn bytes(&self) -> u64 {
        let of = |part: &Part| {
            9 * part.sum.len()
                + 4 * part.voxels.len()
                + 24 * part.moments.len().max(part.voxels.len())
        };
        self.parts.iter().map(|part| of(part) as u64).sum()
    }
}

/// Another source, whose regions are averaged.
pub type Averaging<'a> = Passing<'a, Regional>;

#[cfg(test)]
mod tests {
    use super::super::{BoldSource, Memory};
    use super::*;
    use crate::volume::Block;

    #[test]
    fn regions_means_are_the_same_however_the_run_is_cut_and_leave_out_what_is_not_finite() {
        let whole = Block::whole([3, 4, 5], 6);
        let mut data: Vec<f32> = (0..whole.len()).map(|at| (at * at % 97) as f32 / 7.0).collect();
        data[3 * 60 + 13] = f32::NAN;
        let regions = [vec![0, 7, 12, 13, 40], vec![], vec![59]];
        let kept = [0, 7, 12, 40];
        let mean = |t: usize| kept.iter().map(|v| f64::from(data[t * 60 + v])).sum::<f64>() / 4.0;
        let planes = |planes: std::ops::Range<usize>| Block { planes, ..whole.clone() };
        for cut in [vec![whole.clone()], vec![planes(3..5), planes(0..2), planes(1..4)]] {
            let mut source = Memory { run: HostBold::new(whole.clone(), data.clone()) };
            let mut regional = Regional::new(&regions, (12, 6), 1);
            let mut averaging = Averaging::new(&mut source, &mut regional);
            for block in &cut {
                averaging.read(block).expect("memory reads");
            }
            let first = regional.series(0);
            for (t, got) in first.mean.iter().enumerate() {
                assert!((got - mean(t)).abs() < 1e-12, "volume {t}: {got} for {}", mean(t));
            }
            assert_eq!((first.n_voxels, &first.planes[..]), (4, &[(0, 2), (1, 1), (3, 1)][..]));
            assert_eq!(first.moments.iter().map(|m| m.0).collect::<Vec<_>>(), kept);
            assert!(regional.series(1).mean.iter().all(|v| v.is_nan()));
            assert!(regional.series(2).moments.is_empty());
        }
        let mut source = Memory { run: HostBold::new(whole.clone(), data.clone()) };
        let mut regional = Regional::new(&regions, (12, 6), 1);
        for volumes in [4..6, 0..4, 2..3] {
            let block = Block { volumes, ..whole.clone() };
            Averaging::new(&mut source, &mut regional).read(&block).expect("memory reads");
        }
        assert!(regional.series(0).mean[3].is_nan() && regional.series(2).mean[3].is_finite());
        let want = f64::from(data[60 + 59]);
        assert_eq!(regional.series(2).mean[1], want);
    }
}
