//! A run of which the mean over each of some regions is kept as its blocks pass by.

use rayon::prelude::*;

use super::passing::{Keeps, Passing};
use crate::volume::HostBold;

/// Volumes whose sums are made at once.
const SIDE_BY_SIDE: usize = 8;

/// Sums over regions' voxels, plane by plane, so that they do not depend on how a run is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Regional {
    n_volumes: usize,
    /// Of the regions in order, their planes ascending.
    parts: Vec<Part>,
    plane_len: usize,
    /// The first so many regions are those whose voxels' noise is measured.
    measured: usize,
}

/// What a region has in a plane.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    region: usize,
    plane: usize,
    /// Positions in the plane, ascending; once all volumes have passed at once those that are used.
    voxels: Vec<u32>,
    /// Those that are finite in every volume and vary.
    n_used: usize,
    /// Those that hold one value throughout: nothing was measured there.
    n_flat: usize,
    /// Where volumes pass one after another, what each voxel held first; none of one that varies.
    held: Vec<Option<f32>>,
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
    /// Voxels in it: finite in every volume, and not of one value throughout.
    pub n_voxels: usize,
    /// Voxels that hold one value throughout, which are not in it.
    pub n_flat: usize,
    /// Their positions in the grid, ascending.
    pub voxels: Vec<usize>,
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
                    n_used: 0,
                    n_flat: 0,
                    held: Vec::new(),
                    sum: vec![0.0; n_volumes],
                    moments: Vec::new(),
                    seen: vec![false; n_volumes],
                });
            }
        }
        Regional { n_volumes, parts, plane_len, measured }
    }

    /// The mean of a region.
    #[must_use]
    pub fn series(&self, region: usize) -> RegionSeries {
        let parts = || self.parts.iter().filter(|part| part.region == region);
        let n_voxels: usize = parts().map(|part| part.n_used).sum();
        let is_whole = n_voxels > 0 && parts().all(|part| !part.seen.contains(&false));
        let sum = |t: usize| parts().map(|part| part.sum[t] - part.flat()).sum::<f64>();
        let mean = |t| if is_whole { sum(t) / n_voxels as f64 } else { f64::NAN };
        RegionSeries {
            mean: (0..self.n_volumes).map(mean).collect(),
            n_voxels,
            voxels: parts().flat_map(|part| part.used(self.plane_len)).collect(),
            n_flat: parts().map(|part| part.n_flat).sum(),
            planes: parts().map(|part| (part.plane, part.n_used)).collect(),
            moments: parts().flat_map(|part| part.moments.iter().copied()).collect(),
        }
    }
}

impl Part {
    /// What the sums of volumes that passed one after another have of voxels that hold one value.
    fn flat(&self) -> f64 {
        self.held.iter().flatten().map(|&value| f64::from(value)).sum()
    }

    /// Positions in the grid.
    fn used(&self, plane_len: usize) -> impl Iterator<Item = usize> {
        let varies = |nth: &usize| self.held.get(*nth).is_none_or(Option::is_none);
        let all = (0..self.voxels.len()).filter(varies);
        all.map(move |nth| self.plane * plane_len + self.voxels[nth] as usize)
    }

    /// All volumes at once: what is not finite in one of them, or the same in all, is left out.
    fn take_whole(&mut self, bold: &HostBold, is_measured: bool) {
        let plane_len = bold.block.plane_len();
        let offset = (self.plane - bold.block.planes.start) * plane_len;
        let missing = bold.missing();
        let mut finite: Vec<usize> = (self.voxels.iter().map(|&v| offset + v as usize))
            .filter(|at| missing.binary_search(&(*at as u32)).is_err())
            .collect();
        let volumes = || bold.data.chunks_exact(bold.block.volume_len().max(1));
        let n_finite = finite.len();
        finite.retain(|&at| volumes().any(|volume| volume[at] != bold.data[at]));
        self.n_flat = n_finite - finite.len();
        self.held.clear();
        // Several volumes side by side: no sum waits for itself.
        let len = bold.block.volume_len().max(1);
        let together = bold.data.chunks(SIDE_BY_SIDE * len);
        for (sums, volumes) in self.sum.chunks_mut(SIDE_BY_SIDE).zip(together) {
            let mut own = [0.0; SIDE_BY_SIDE];
            for &at in &finite {
                let values = volumes.iter().skip(at).step_by(len);
                own.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
            }
            sums.copy_from_slice(&own[..sums.len()]);
        }
        self.n_used = finite.len();
        self.voxels = finite.iter().map(|at| (at - offset) as u32).collect();
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
                let values = || self.voxels.iter().map(|&v| volume[offset + v as usize]);
                self.sum[t] = values().map(f64::from).sum();
                if self.held.is_empty() {
                    self.held = values().map(Some).collect();
                }
                let held = self.held.iter_mut().zip(values());
                held.for_each(|(held, value)| *held = held.filter(|held| *held == value));
                self.seen[t] = true;
            }
        }
        self.n_flat = self.held.iter().flatten().count();
        self.n_used = self.voxels.len() - self.n_flat;
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
                + 12 * part.voxels.len()
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
        // A voxel without signal, one of another value throughout, and one that differs in the last volume alone.
        for (voxel, value) in [(8, 0.0), (41, 5.0), (42, 5.0)] {
            (0..6).for_each(|t| data[t * 60 + voxel] = value);
        }
        data[5 * 60 + 42] = 6.0;
        let regions = [vec![0, 7, 8, 12, 13, 40, 41], vec![8], vec![42, 59]];
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
            assert_eq!((first.n_flat, &first.voxels[..]), (2, &kept[..]));
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
        let want = f64::midpoint(f64::from(data[60 + 59]), 5.0);
        assert_eq!((regional.series(2).mean[1], regional.series(2).n_voxels), (want, 2));
        // Volume after volume the same are left out, without what is not finite.
        let regions = [vec![0, 7, 8, 12, 40, 41], vec![8]];
        let mut regional = Regional::new(&regions, (12, 6), 0);
        for volumes in [4..6, 0..4, 2..3] {
            let block = Block { volumes, ..whole.clone() };
            Averaging::new(&mut source, &mut regional).read(&block).expect("memory reads");
        }
        let first = regional.series(0);
        assert_eq!((first.n_voxels, first.n_flat, &first.voxels[..]), (4, 2, &kept[..]));
        for (t, got) in first.mean.iter().enumerate() {
            assert!((got - mean(t)).abs() < 1e-12, "volume {t}: {got} for {}", mean(t));
        }
        assert!(regional.series(1).mean.iter().all(|v| v.is_nan()));
    }
}
