//! Made-up runs, designs and slice-dependent columns.

use boldly::volume::{Block, Grid, HostBold, SliceGroups};
use ndarray::Array2;

/// Deterministic noise, uniform in -1..1.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A run with a baseline near 1000, drift and noise; a constant and an all-zero voxel where there is room.
pub fn run(block: Block, seed: u64) -> HostBold {
    let mut noise = Noise(seed);
    let n = block.volume_len();
    let base: Vec<f64> = (0..n).map(|_| 1000.0 + 100.0 * noise.next()).collect();
    let slope: Vec<f64> = (0..n).map(|_| 20.0 * noise.next()).collect();
    let total = block.volumes.len() as f64;
    let mut data = Vec::with_capacity(block.len());
    for t in 0..block.volumes.len() {
        let block_on = if t / 10 % 2 == 0 { 4.0 } else { 0.0 };
        for voxel in 0..n {
            let value =
                base[voxel] + slope[voxel] * t as f64 / total + block_on + 20.0 * noise.next();
            data.push(match voxel {
                5 => 731.25,
                9 => 0.0,
                _ => value as f32,
            });
        }
    }
    HostBold::new(block, data)
}

pub fn grid(shape: [usize; 3]) -> Grid {
    let mut affine = [[0.0; 4]; 4];
    (0..4).for_each(|d| affine[d][d] = 1.0);
    Grid { shape, affine, voxel_size_mm: [1.0; 3], is_placed: true }
}

/// Constant, drift, task, and noise columns to `p` in all.
pub fn design(n: usize, p: usize, seed: u64) -> (Array2<f64>, Vec<String>) {
    let mut noise = Noise(seed);
    let x = Array2::from_shape_fn((n, p), |(t, column)| match column {
        0 => f64::from(u8::from(t / 10 % 2 == 0)),
        1 => 1.0,
        2 => t as f64 / n as f64 - 0.5,
        3 => 50.0 + 3.0 * noise.next(),
        _ => noise.next(),
    });
    (x, (0..p).map(|column| format!("x{column}")).collect())
}

/// The last column of a design becomes column 4, but for 3e-5 of itself.
pub fn nearly_one(x: &mut Array2<f64>) {
    let last = x.ncols() - 1;
    let both = &x.column(4) + &(3e-5 * &x.column(last));
    x.column_mut(last).assign(&both);
}

/// Three groups of slice-dependent columns over interleaved planes.
pub fn slice_groups(n: usize, columns: usize, n_planes: usize) -> SliceGroups {
    SliceGroups {
        group_of_plane: (0..n_planes).map(|plane| plane % 3).collect(),
        names: (0..columns).map(|c| format!("physio{c}")).collect(),
        columns: (0..3)
            .map(|group| {
                Array2::from_shape_fn((n, columns), |(t, c)| {
                    let phase = (1.7 + 0.31 * c as f64) * (t as f64 + 0.3 * group as f64);
                    if c % 2 == 0 { phase.sin() } else { phase.cos() }
                })
            })
            .collect(),
    }
}

pub fn as_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
