//! Host side of `shaders/smooth.wgsl`: each axis a dispatch, a few volumes at a time through scratch buffers small
//! enough for the device's cache, the result in the block's own buffer. Scratch holds what sums are kept in.

use super::Taps;
use crate::error::{Error, Result};
use crate::gpu::{Acc, Buffer, Constants, DeviceBold, Recording, Shader, Step, Variant};
use crate::volume::{Block, Mask};

/// `shaders/smooth.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "smooth",
    wgsl: include_str!("../../../shaders/smooth.wgsl"),
    constants: every_constants,
};

const AXIS: u32 = 0;
const FILL: u32 = 1;
const MARK: u32 = 2;
const DIVIDE: u32 = 3;
const WORKGROUP: usize = 256;

fn constants(acc: Acc, reads: Acc, writes: Acc, step: u32) -> Constants {
    vec![("Acc", acc.into()), ("In", reads.into()), ("Out", writes.into()), ("STEP", step.into())]
}

/// All in f32; or from the f32 block to f64 between the passes, and back.
fn every_constants() -> Vec<Constants> {
    let (narrow, wide) = (Acc::F32, Acc::F64);
    let all_narrow = (AXIS..=DIVIDE).map(|step| constants(narrow, narrow, narrow, step));
    let mixed = [
        (AXIS, narrow, wide),
        (AXIS, wide, wide),
        (AXIS, wide, narrow),
        (FILL, narrow, wide),
        (MARK, narrow, wide),
        (DIVIDE, wide, narrow),
    ];
    all_narrow
        .chain(mixed.map(|(step, reads, writes)| constants(wide, reads, writes, step)))
        .collect()
}

/// Values of one scratch buffer: as many as a last-level cache holds in f32.
fn scratch_values(tape: &Recording<'_>) -> usize {
    if tape.gpu().is_software() { 1 << 20 } else { 4 << 20 }
}

/// Where the values of a dispatch begin, and what they are.
#[derive(Clone, Copy)]
struct Place<'a> {
    buffer: &'a Buffer,
    first: usize,
    holds: Acc,
}

pub(super) fn smooth(
    tape: &mut Recording<'_>,
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
        (scratch_values(tape) / bold.block.volume_len()).clamp(1, bold.block.volumes.len());
    let tables = Tables::new(tape, &bold.block, taps, within)?;
    let acc = tape.acc();
    let words = per_chunk * bold.block.volume_len() * acc.bytes() / 4;
    let between = |buffer| Place { buffer, first: 0, holds: acc };
    let run = |first| Place { buffer: &bold.buffer, first, holds: Acc::F32 };
    let (one, two) = (tape.output("scratch 1", words)?, tape.output("scratch 2", words)?);
    let (one, two) = (between(&one), between(&two));
    if within.is_none() && bold.missing.is_empty() {
        let mut steps = Vec::new();
        for (at, volumes) in chunks(&bold.block, per_chunk) {
            steps.push(tables.axis(0, volumes, run(at), one));
            steps.push(tables.axis(1, volumes, one, two));
            steps.push(tables.axis(2, volumes, two, run(at)));
        }
        tape.run("smooth", needed, steps)?;
        return Ok(bold);
    }
    let three = tape.output("scratch 3", words)?;
    let three = between(&three);
    let mut steps = Vec::new();
    for (n, (at, volumes)) in chunks(&bold.block, per_chunk).enumerate() {
        // Without missing values all volumes have the first one's divisor.
        let marked = if bold.missing.is_empty() { 1 } else { volumes };
        if !bold.missing.is_empty() || n == 0 {
            steps.push(tables.step(MARK, marked, run(at), one));
            steps.push(tables.axis(0, marked, one, three));
            steps.push(tables.axis(1, marked, three, one));
            steps.push(tables.axis(2, marked, one, three));
        }
        steps.push(tables.step(FILL, volumes, run(at), one));
        steps.push(tables.axis(0, volumes, one, two));
        steps.push(tables.axis(1, volumes, two, one));
        steps.push(tables.axis(2, volumes, one, two));
        steps.push(tables.divide(volumes, two, run(at), (three.buffer, marked)));
    }
    tape.run("smooth", needed, steps)?;
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
    acc: Acc,
}

impl Tables {
    fn new(
        tape: &mut Recording<'_>,
        block: &Block,
        taps: &Taps,
        within: Option<&Mask>,
    ) -> Result<Tables> {
        let shape = [block.run_shape[0], block.run_shape[1], block.planes.len()];
        let mut table: Vec<f64> = Vec::new();
        let mut starts = [0; 3];
        let mut radii = [0; 3];
        for (axis, weights) in taps.weights.iter().enumerate() {
            // A distance beyond the axis never has a voxel.
            let weights = &weights[..weights.len().min(shape[axis])];
            (starts[axis], radii[axis]) = (table.len(), weights.len() - 1);
            table.extend(weights);
            table.extend((0..shape[axis]).map(|position| {
                let inside = |d: usize| (d <= position) as u8 + (position + d < shape[axis]) as u8;
                let others: f64 =
                    weights.iter().enumerate().skip(1).map(|(d, w)| f64::from(inside(d)) * w).sum();
                1.0 / (weights[0] + others)
            }));
        }
        Ok(Tables {
            shape,
            radii,
            starts,
            table: tape.upload("table", &tape.acc().words(&table))?,
            within: tape.upload("within", &bits(block, within)?)?,
            acc: tape.acc(),
        })
    }

    fn step(&self, step: u32, volumes: usize, values: Place<'_>, result: Place<'_>) -> Step {
        let n_voxels: usize = self.shape.iter().product();
        let n_values = volumes * n_voxels;
        Step {
            variant: Variant {
                shader: &SHADER,
                constants: constants(self.acc, values.holds, result.holds, step),
            },
            buffers: vec![
                ("values", values.buffer.clone()),
                ("result", result.buffer.clone()),
                ("table", self.table.clone()),
                ("within", self.within.clone()),
                ("divisor", self.table.clone()),
            ],
            params: [n_values, values.first, result.first, 1, 1, 0, 0, n_voxels, 0]
                .map(|word| word as u32)
                .to_vec(),
            workgroups: n_values.div_ceil(WORKGROUP) as u32,
            iterations: 0,
            bytes: (n_values * (values.holds.bytes() + result.holds.bytes())) as u64,
            flops: n_values as u64,
        }
    }

    /// `divisor`: the smoothed marks and the volumes they are for.
    fn divide(
        &self,
        volumes: usize,
        values: Place<'_>,
        result: Place<'_>,
        divisor: (&Buffer, usize),
    ) -> Step {
        let mut step = self.step(DIVIDE, volumes, values, result);
        step.buffers.retain(|(name, _)| *name != "divisor");
        step.buffers.push(("divisor", divisor.0.clone()));
        step.params[8] = (divisor.1 * self.shape.iter().product::<usize>()) as u32;
        step
    }

    fn axis(&self, axis: usize, volumes: usize, values: Place<'_>, result: Place<'_>) -> Step {
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
