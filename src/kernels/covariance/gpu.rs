//! Host side of `shaders/covariance.wgsl`.

use std::time::Instant;

use ndarray::Array2;

use super::{Filter, Scaling, by_plane, symmetric, work};
use crate::error::Result;
use crate::gpu::{Activity, Buffer, DeviceBold, Gpu, Shader, Step, Variant, shaders};

const WORKGROUP: usize = 64;
/// Rows and columns of C a workgroup.
const TILE: usize = 32;
/// Chosen voxels whose products are summed before they are added to C: two levels of sums, and loops of a bounded length.
const STRETCH: usize = 1024;

pub(super) fn accumulate(
    gpu: &Gpu,
    bold: &DeviceBold,
    voxels: &[u32],
    filter: &Filter,
    mut sum: Array2<f64>,
) -> Result<Array2<f64>> {
    let (n, n_columns) = filter.basis.dim();
    let quads = shaders::quads_for("covariance", n_columns)?;
    let n_quads = n.div_ceil(4);
    let pairs = tiles(n);
    let room = Room {
        bold,
        n_chosen: voxels.len(),
        quads,
        unit_variance: u32::from(filter.scaling == Scaling::UnitVariance),
        voxels: gpu.upload("voxels", voxels)?,
        basis: gpu.upload_sums("basis", &padded(filter, quads as usize))?,
        tiles: gpu.upload("tiles", pairs.as_flattened())?,
        n_tiles: pairs.len() as u32,
        filtered: gpu.output("filtered", 4 * n_quads * voxels.len())?,
        sums: gpu.output("sums", 16 * n_quads * n_quads * gpu.acc().bytes() / 4)?,
    };
    let (bytes, _) = work(voxels.len(), filter);
    gpu.run("covariance", bytes, &[room.filter(gpu, n)])?;
    let mut start = 0;
    for plane in by_plane(voxels, bold.block.plane_len()) {
        let end = start + plane.len();
        let steps: Vec<Step> = (start..end)
            .step_by(STRETCH)
            .map(|from| room.sum(gpu, n, [from, end.min(from + STRETCH)], from == start))
            .collect();
        gpu.run("covariance", 0, &steps)?;
        let began = Instant::now();
        let here = gpu.download_sums(&room.sums)?;
        gpu.record("covariance", Activity::Download, began, room.sums.words());
        for row in 0..n {
            for column in 0..=row {
                sum[[row, column]] += here[row * 4 * n_quads + column];
            }
        }
        start = end;
    }
    Ok(symmetric(sum))
}

/// Everything that both steps bind.
struct Room<'a> {
    bold: &'a DeviceBold,
    n_chosen: usize,
    quads: u32,
    unit_variance: u32,
    voxels: Buffer,
    basis: Buffer,
    tiles: Buffer,
    n_tiles: u32,
    filtered: Buffer,
    sums: Buffer,
}

impl Room<'_> {
    fn filter(&self, gpu: &Gpu, n: usize) -> Step<'_> {
        let quads = u64::from(self.quads);
        let n_values = (n * self.n_chosen) as u64;
        let iterations = n as u64 * (3 + 2 * quads) + quads + 2 * n.div_ceil(4) as u64;
        Step {
            workgroups: self.n_chosen.div_ceil(WORKGROUP) as u32,
            iterations,
            bytes: 20 * n_values,
            flops: n_values * (16 * quads + 6),
            ..self.step(gpu, 0, n, [0, 0, 0])
        }
    }

    fn sum(&self, gpu: &Gpu, n: usize, [from, to]: [usize; 2], is_first: bool) -> Step<'_> {
        let products = u64::from(self.n_tiles) * (TILE * TILE * (to - from)) as u64;
        Step {
            workgroups: self.n_tiles,
            iterations: (to - from) as u64,
            bytes: 2 * products,
            flops: 2 * products,
            ..self.step(gpu, 1, n, [from as u32, to as u32, u32::from(is_first)])
        }
    }

    fn step(&self, gpu: &Gpu, step: u32, n: usize, [from, to, is_first]: [u32; 3]) -> Step<'_> {
        let quads = if step == 0 { self.quads } else { 1 };
        let sizes = [n, self.bold.block.volume_len(), self.n_chosen].map(|size| size as u32);
        Step {
            variant: Variant { acc: gpu.acc(), quads, ..Variant::step(Shader::Covariance, step) },
            buffers: vec![
                ("bold", &self.bold.buffer),
                ("voxels", &self.voxels),
                ("basis", &self.basis),
                ("tiles", &self.tiles),
                ("filtered", &self.filtered),
                ("sums", &self.sums),
            ],
            params: [&sizes[..], &[self.unit_variance, from, to, is_first]].concat(),
            workgroups: 0,
            iterations: 0,
            bytes: 0,
            flops: 0,
        }
    }
}

/// Q with columns of zeros up to whole fours.
fn padded(filter: &Filter, quads: usize) -> Vec<f64> {
    let mut words = vec![0.0; filter.n_volumes() * 4 * quads];
    for ((t, column), &value) in filter.basis.indexed_iter() {
        words[t * 4 * quads + column] = value;
    }
    words
}

/// The tiles that hold the lower triangle of C: row and column, in [`TILE`]s.
fn tiles(n_volumes: usize) -> Vec<[u32; 2]> {
    let count = n_volumes.div_ceil(TILE) as u32;
    (0..count).flat_map(|row| (0..=row).map(move |column| [row, column])).collect()
}
