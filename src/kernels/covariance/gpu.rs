//! Host side of `shaders/covariance.wgsl`.

use std::ops::Range;
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
    let widest = by_plane(voxels, bold.block.plane_len()).map(<[u32]>::len).max().unwrap_or(0);
    let room = Room {
        gpu,
        bold,
        filter,
        quads,
        voxels: gpu.upload("voxels", voxels)?,
        basis: gpu.upload_sums("basis", &padded(filter, quads as usize))?,
        tiles: gpu.upload("tiles", pairs.as_flattened())?,
        n_tiles: pairs.len() as u32,
        filtered: gpu.output("filtered", 4 * n_quads * widest)?,
        sums: gpu.output("sums", 16 * n_quads * n_quads * gpu.acc().bytes() / 4)?,
    };
    let mut first = 0;
    for plane in by_plane(voxels, bold.block.plane_len()) {
        let here = [first, plane.len()];
        let mut steps = vec![room.filter(here)];
        let starts = (0..plane.len()).step_by(STRETCH);
        steps.extend(starts.map(|start| room.sum(here, start..plane.len().min(start + STRETCH))));
        gpu.run("covariance", work(plane.len(), filter).0, &steps)?;
        let began = Instant::now();
        let products = gpu.download_sums(&room.sums)?;
        gpu.record("covariance", Activity::Download, began, room.sums.words());
        for row in 0..n {
            for column in 0..=row {
                sum[[row, column]] += products[row * 4 * n_quads + column];
            }
        }
        first += plane.len();
    }
    Ok(symmetric(sum))
}

/// Everything that both steps bind.
struct Room<'a> {
    gpu: &'a Gpu,
    bold: &'a DeviceBold,
    filter: &'a Filter,
    quads: u32,
    voxels: Buffer,
    basis: Buffer,
    tiles: Buffer,
    n_tiles: u32,
    filtered: Buffer,
    sums: Buffer,
}

impl Room<'_> {
    /// z of a plane's chosen voxels: the first, and how many.
    fn filter(&self, plane: [usize; 2]) -> Step<'_> {
        let (n, quads) = (self.filter.n_volumes(), u64::from(self.quads));
        let n_values = (n * plane[1]) as u64;
        Step {
            workgroups: plane[1].div_ceil(WORKGROUP) as u32,
            iterations: n as u64 * (3 + 2 * quads) + quads + 2 * n.div_ceil(4) as u64,
            bytes: 20 * n_values,
            flops: n_values * (16 * quads + 6),
            ..self.step(0, plane, 0..0)
        }
    }

    /// The products of a stretch of them.
    fn sum(&self, plane: [usize; 2], stretch: Range<usize>) -> Step<'_> {
        let products = u64::from(self.n_tiles) * (TILE * TILE * stretch.len()) as u64;
        Step {
            workgroups: self.n_tiles,
            iterations: stretch.len() as u64,
            bytes: 2 * products,
            flops: 2 * products,
            ..self.step(1, plane, stretch)
        }
    }

    fn step(&self, step: u32, [first, count]: [usize; 2], stretch: Range<usize>) -> Step<'_> {
        let quads = if step == 0 { self.quads } else { 1 };
        let sizes = [self.filter.n_volumes(), self.bold.block.volume_len(), first, count];
        let unit_variance = u32::from(self.filter.scaling == Scaling::UnitVariance);
        let ends = [stretch.start as u32, stretch.end as u32, u32::from(stretch.start == 0)];
        let variant = Variant::step(Shader::Covariance, step);
        Step {
            variant: Variant { acc: self.gpu.acc(), quads, ..variant },
            buffers: vec![
                ("bold", &self.bold.buffer),
                ("voxels", &self.voxels),
                ("basis", &self.basis),
                ("tiles", &self.tiles),
                ("filtered", &self.filtered),
                ("sums", &self.sums),
            ],
            params: [&sizes.map(|size| size as u32)[..], &[unit_variance], &ends].concat(),
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
