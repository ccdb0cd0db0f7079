//! Host side of `shaders/smooth.wgsl`: each axis a dispatch, a few volumes at a time through scratch buffers small
//! enough for the device's cache, the result in the block's own buffer.

use super::Taps;
use crate::error::{Error, Result};
use crate::gpu::{Buffer, DeviceBold, Gpu, Shader, Step, Variant};
use crate::volume::{Block, Mask};

const AXIS: u32 = 0;
const FILL: u32 = 1;
const MARK: u32 = 2;
const DIVIDE: u32 = 3;
const WORKGROUP: usize = 256;

/// Bytes of one scratch buffer: what a last-level cache holds.
fn scratch_bytes(gpu: &Gpu) -> usize {
    if gpu.is_software() { 4 << 20 } else { 16 << 20 }
}

pub(super) fn smooth(
    gpu: &Gpu,
    bold: DeviceBold,
    taps: &Taps,
    within: Option<&Mask>,
) -> Result<DeviceBold> {
    let copies = taps.weights.iter().all(|weights| weights.len() <= 1);
    if bold.block.is_empty() || (copies && within.is_none()) {
        return Ok(bold);
    }
    let needed = 8 * bold.block.len() as u64;
    let per_chunk =
        (scratch_bytes(gpu) / 4 / bold.block.volume_len()).clamp(1, bold.block.volumes.len());
    let tables = Tables::new(gpu, &bold.block, taps, within)?;
    let scratch = |label| gpu.output(label, per_chunk * bold.block.volume_len());
    let (one, two) = (scratch("scratch 1")?, scratch("scratch 2")?);
    if within.is_none() && !bold.has_missing {
        let mut steps = Vec::new();
        for (at, volumes) in chunks(&bold.block, per_chunk) {
            steps.push(tables.axis(0, volumes, (&bold.buffer, at), (&one, 0)));
            steps.push(tables.axis(1, volumes, (&one, 0), (&two, 0)));
            steps.push(tables.axis(2, volumes, (&two, 0), (&bold.buffer, at)));
        }
        gpu.run("smooth", needed, &steps)?;
        drop(steps);
        return Ok(bold);
    }
    let three = scratch("scratch 3")?;
    let mut steps = Vec::new();
    for (n, (at, volumes)) in chunks(&bold.block, per_chunk).enumerate() {
        // Without missing values all volumes have the first one's divisor.
        let marked = if bold.has_missing { volumes } else { 1 };
        if bold.has_missing || n == 0 {
            steps.push(tables.step(MARK, marked, (&bold.buffer, at), (&one, 0)));
            steps.push(tables.axis(0, marked, (&one, 0), (&three, 0)));
            steps.push(tables.axis(1, marked, (&three, 0), (&one, 0)));
            steps.push(tables.axis(2, marked, (&one, 0), (&three, 0)));
        }
        steps.push(tables.step(FILL, volumes, (&bold.buffer, at), (&one, 0)));
        steps.push(tables.axis(0, volumes, (&one, 0), (&two, 0)));
        steps.push(tables.axis(1, volumes, (&two, 0), (&one, 0)));
        steps.push(tables.axis(2, volumes, (&one, 0), (&two, 0)));
        steps.push(tables.divide(volumes, (&two, 0), (&bold.buffer, at), (&three, marked)));
    }
    gpu.run("smooth", needed, &steps)?;
    drop(steps);
    Ok(bold)
}

/// (first value, volumes) of each chunk.
fn chunks(block: &Block, per_chunk: usize) -> impl Iterator<Item = (usize, usize)> {
    let (len, total) = (block.volume_len(), block.volumes.len());
    (0..total).step_by(per_chunk).map(move |volume| (volume * len, per_chunk.min(total - volume)))
}

/// What all dispatches of a block share.
struct Tables {
    shape: [usize; 3],
    radii: [usize; 3],
    /// For each axis, where its weights begin in `table`.
    starts: [usize; 3],
    table: Buffer,
    within: Buffer,
}

impl Tables {
    fn new(gpu: &Gpu, block: &Block, taps: &Taps, within: Option<&Mask>) -> Result<Tables> {
        let shape = [block.run_shape[0], block.run_shape[1], block.planes.len()];
        let mut table: Vec<f32> = Vec::new();
        let mut starts = [0; 3];
        let mut radii = [0; 3];
        for (axis, weights) in taps.weights.iter().enumerate() {
            // A distance beyond the axis never has a voxel.
            let weights = &weights[..weights.len().min(shape[axis])];
            (starts[axis], radii[axis]) = (table.len(), weights.len() - 1);
            table.extend(weights.iter().map(|&w| w as f32));
            table.extend((0..shape[axis]).map(|position| {
                let inside = |d: usize| (d <= position) as u8 + (position + d < shape[axis]) as u8;
                let others: f64 =
                    weights.iter().enumerate().skip(1).map(|(d, w)| f64::from(inside(d)) * w).sum();
                (1.0 / (weights[0] + others)) as f32
            }));
        }
        Ok(Tables {
            shape,
            radii,
            starts,
            table: gpu.upload("table", &table)?,
            within: gpu.upload("within", &bits(block, within)?)?,
        })
    }

    fn step<'a>(
        &'a self,
        step: u32,
        volumes: usize,
        values: (&'a Buffer, usize),
        result: (&'a Buffer, usize),
    ) -> Step<'a> {
        let n_voxels: usize = self.shape.iter().product();
        let n_values = volumes * n_voxels;
        Step {
            variant: Variant::step(Shader::Smooth, step),
            buffers: vec![
                ("values", values.0),
                ("result", result.0),
                ("table", &self.table),
                ("within", &self.within),
                ("divisor", &self.table),
            ],
            params: [n_values, values.1, result.1, 1, 1, 0, 0, n_voxels, 0]
                .map(|word| word as u32)
                .to_vec(),
            workgroups: n_values.div_ceil(WORKGROUP) as u32,
            iterations: 0,
            bytes: 8 * n_values as u64,
            flops: n_values as u64,
        }
    }

    /// `divisor`: the smoothed marks and the volumes they are for.
    fn divide<'a>(
        &'a self,
        volumes: usize,
        values: (&'a Buffer, usize),
        result: (&'a Buffer, usize),
        divisor: (&'a Buffer, usize),
    ) -> Step<'a> {
        let mut step = self.step(DIVIDE, volumes, values, result);
        step.buffers.retain(|(name, _)| *name != "divisor");
        step.buffers.push(("divisor", divisor.0));
        step.params[8] = (divisor.1 * self.shape.iter().product::<usize>()) as u32;
        step
    }

    fn axis<'a>(
        &'a self,
        axis: usize,
        volumes: usize,
        values: (&'a Buffer, usize),
        result: (&'a Buffer, usize),
    ) -> Step<'a> {
        let mut step = self.step(AXIS, volumes, values, result);
        let radius = self.radii[axis];
        let stride: usize = self.shape[..axis].iter().product();
        for (word, value) in
            step.params[3..7].iter_mut().zip([self.shape[axis], stride, self.starts[axis], radius])
        {
            *word = value as u32;
        }
        step.iterations = radius as u64;
        step.flops *= 4 * radius as u64 + 2;
        step
    }
}

/// One bit a voxel of the block's volumes: it counts.
fn bits(block: &Block, within: Option<&Mask>) -> Result<Vec<u32>> {
    let mut words = vec![u32::MAX; block.volume_len().div_ceil(32)];
    if let Some(mask) = within {
        let first = block.planes.start * block.plane_len();
        let inside = mask.inside.get(first..first + block.volume_len()).ok_or_else(|| {
            Error::internal(
                "the mask to smooth within",
                "is smaller than the run",
                "have its shape",
                "",
            )
        })?;
        words.fill(0);
        for (voxel, _) in inside.iter().enumerate().filter(|(_, inside)| **inside) {
            words[voxel / 32] |= 1 << (voxel % 32);
        }
    }
    Ok(words)
}
