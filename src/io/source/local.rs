//! A run made of another: at each voxel the mean of chosen voxels within a radius, as ANATICOR takes it of white matter
//! (Jo et al. 2010, NeuroImage 52:571).

use rayon::prelude::*;

use super::{BoldSource, Sample};
use crate::error::Result;
use crate::volume::{Block, Grid, HostBold};

/// Local means of a sample of voxels.
#[derive(Debug, Clone)]
pub struct LocalMean {
    shape: [usize; 3],
    n_volumes: usize,
    sample: Sample,
    /// The ball's rows along i: steps along j and k, and how far it reaches along i on either side.
    rows: Vec<[isize; 3]>,
    /// Planes that it reaches on either side.
    reach: usize,
}

impl LocalMean {
    /// Of a sample of all volumes of a run on this grid; `radius_mm`: between voxel centres.
    #[must_use]
    pub fn new(grid: &Grid, n_volumes: usize, sample: Sample, radius_mm: f64) -> LocalMean {
        let [si, sj, sk] = grid.voxel_size_mm;
        let squared = radius_mm * radius_mm * (1.0 + 1e-9);
        let most = |step: f64, n: usize| ((radius_mm / step) as isize).min(n as isize);
        let (reach_j, reach_k) = (most(sj, grid.shape[1]), most(sk, grid.shape[2]));
        let of_plane = |dk: isize| (-reach_j..=reach_j).map(move |dj| (dj, dk));
        let row = |(dj, dk): (isize, isize)| {
            let rest = squared - (dj as f64 * sj).powi(2) - (dk as f64 * sk).powi(2);
            let reach_i = ((rest.sqrt() / si) as isize).min(grid.shape[0] as isize);
            (rest >= 0.0).then_some([dj, dk, reach_i])
        };
        let rows: Vec<[isize; 3]> =
            (-reach_k..=reach_k).flat_map(of_plane).filter_map(row).collect();
        LocalMean { shape: grid.shape, n_volumes, sample, rows, reach: reach_k.unsigned_abs() }
    }

    /// Sums over the ball at every voxel of the block's planes, of one value a sampled voxel.
    fn sums(&self, value: impl Fn(usize) -> f64, block: &Block) -> Vec<f64> {
        let [ni, nj, nk] = self.shape;
        let planes =
            block.planes.start.saturating_sub(self.reach)..(block.planes.end + self.reach).min(nk);
        // Running sums along each row, with a 0 before it: what lies between two places is one difference.
        let (wide, plane) = (ni + 1, ni * nj);
        let mut running = vec![0.0; wide * nj * planes.len()];
        let voxels = &self.sample.voxels;
        let from = voxels.partition_point(|&voxel| voxel < planes.start * plane);
        for (at, &voxel) in voxels.iter().enumerate().skip(from) {
            let row = voxel / ni;
            if row >= planes.end * nj {
                break;
            }
            running[(row - planes.start * nj) * wide + voxel % ni + 1] = value(at);
        }
        for row in running.chunks_exact_mut(wide) {
            (1..wide).for_each(|i| row[i] += row[i - 1]);
        }
        let mut sums = vec![0.0; plane * block.planes.len()];
        for (at, sums) in sums.chunks_exact_mut(ni).enumerate() {
            let (j, k) = ((at % nj) as isize, (block.planes.start + at / nj) as isize);
            for &[dj, dk, reach] in &self.rows {
                let (j, k) = (j + dj, k + dk - planes.start as isize);
                if j < 0 || j >= nj as isize || k < 0 || k >= planes.len() as isize {
                    continue;
                }
                let row = &running[(k as usize * nj + j as usize) * wide..][..wide];
                for (i, sum) in sums.iter_mut().enumerate() {
                    let (low, high) = (i as isize - reach, i as isize + reach + 1);
                    *sum += row[high.min(ni as isize) as usize] - row[low.max(0) as usize];
                }
            }
        }
        sums
    }
}

impl BoldSource for LocalMean {
    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn n_volumes(&self) -> usize {
        self.n_volumes
    }

    /// 0 where none of the sampled voxels lies within the radius.
    fn read(&mut self, block: &Block) -> Result<HostBold> {
        let counts = self.sums(|_| 1.0, block);
        let n = self.sample.voxels.len();
        let volume = |t: usize| -> Vec<f32> {
            let values = &self.sample.values[t * n..][..n];
            let sums = self.sums(|at| f64::from(values[at]), block);
            let mean = |(sum, &count): (f64, &f64)| match count {
                0.0 => 0.0,
                _ => (sum / count) as f32,
            };
            sums.into_iter().zip(&counts).map(mean).collect()
        };
        let volumes: Vec<Vec<f32>> = block.volumes.clone().into_par_iter().map(volume).collect();
        Ok(HostBold::new(block.clone(), volumes.concat()))
    }

    fn keeps(&self) -> u64 {
        (self.sample.values.len() * size_of::<f32>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(shape: [usize; 3], size: [f64; 3]) -> Grid {
        let mut affine = [[0.0; 4]; 4];
        (0..3).for_each(|d| affine[d][d] = size[d]);
        affine[3][3] = 1.0;
        Grid { shape, affine, voxel_size_mm: size, is_placed: true }
    }

    #[test]
    fn a_local_mean_is_that_of_the_voxels_within_the_radius_however_the_run_is_cut() {
        let (shape, size, radius) = ([7, 5, 6], [2.0, 2.5, 3.0], 6.0);
        let grid = grid(shape, size);
        let voxels: Vec<usize> = (0..7 * 5 * 6).filter(|v| v % 11 < 2).collect();
        let mut sample = Sample::new(voxels.clone(), 3);
        let n = voxels.len();
        (0..3 * n).for_each(|at| sample.values[at] = ((at * 37) % 101) as f32);
        let mut source = LocalMean::new(&grid, 3, sample.clone(), radius);
        let whole = source.read(&Block::whole(shape, 3)).expect("local means");
        let place = |v: usize| [v % 7, v / 7 % 5, v / 35];
        for t in 0..3 {
            for target in 0..210 {
                let near = |&at: &usize| {
                    let (a, b) = (place(target), place(voxels[at]));
                    let square = |d: usize| ((a[d] as f64 - b[d] as f64) * size[d]).powi(2);
                    (0..3).map(square).sum::<f64>() <= radius * radius
                };
                let near: Vec<usize> = (0..n).filter(near).collect();
                let sum: f64 = near.iter().map(|&at| f64::from(sample.values[t * n + at])).sum();
                let want = if near.is_empty() { 0.0 } else { sum / near.len() as f64 };
                let got = f64::from(whole.data[t * 210 + target]);
                assert!((got - want).abs() < 1e-4, "volume {t}, voxel {target}: {got} for {want}");
            }
        }
        let part = Block { planes: 2..4, core: 2..4, volumes: 1..3, ..Block::whole(shape, 3) };
        let got = source.read(&part).expect("local means").data;
        let want: Vec<f32> =
            (1..3).flat_map(|t| whole.data[t * 210 + 70..][..70].to_vec()).collect();
        assert_eq!(got, want);
    }
}
