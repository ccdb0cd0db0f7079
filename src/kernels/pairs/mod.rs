//! Sums over pairs of region and voxel: S = Σ (y_t - y_0) over the voxels of a row, `[row][volume]`, y_0 the voxel's value in the block's first volume, so that f32
//! loses nothing to a large level. What takes a constant out of S has taken out the level too. A row is a part of a region, no longer than
//! [`MOST_OF_A_ROW`]; regions may share voxels.

use std::time::Instant;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Done, Shader, Span, Tape};

mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// Voxels of a row at most: their sum is one loop, in f32 on some devices.
pub const MOST_OF_A_ROW: usize = 1024;

/// Rows of voxels, positions within one volume of a block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Where each row begins among `voxels`, and the end of the last, `[row + 1]`; empty without rows.
    starts: Vec<u32>,
    /// One row behind the other.
    voxels: Vec<u32>,
}

impl Rows {
    /// Add a row.
    pub fn push(&mut self, voxels: &[u32]) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.voxels.extend(voxels);
        self.starts.push(self.voxels.len() as u32);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The voxels of each, in order.
    fn each(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|ends| &self.voxels[ends[0] as usize..ends[1] as usize])
    }
}

/// Sums that are to come to the host.
#[derive(Debug)]
pub struct Coming(Where);

#[derive(Debug)]
enum Where {
    Here(Array2<f64>),
    Device(gpu::Coming),
}

/// Of a block that holds all volumes; every voxel of a row finite in each.
///
/// # Errors
/// Device errors; internal when a row leaves the block, or is too long.
pub fn sums(tape: &mut Tape<'_>, bold: &Bold, rows: &Rows) -> Result<Coming> {
    let len = bold.block().volume_len();
    let is_wrong = |row: &[u32]| {
        row.is_empty() || row.len() > MOST_OF_A_ROW || row.iter().any(|&v| v as usize >= len)
    };
    if rows.each().any(is_wrong) {
        let expected = format!("have 1 to {MOST_OF_A_ROW} voxels within 0..{len}");
        return Err(Error::internal("a row of voxels", "is none of the block", expected, ""));
    }
    match (tape, bold) {
        (Tape::Cpu(cpu), Bold::Host(host)) => {
            let start = Instant::now();
            let sums = cpu::sums(host, rows);
            let n_values = (rows.voxels.len() * host.block.volumes.len()) as u64;
            cpu.record(Span::since("pairs", Activity::Kernel, start, (4 * n_values, 2 * n_values)));
            Ok(Coming(Where::Here(sums)))
        }
        (Tape::Gpu(tape), Bold::Device(there)) => {
            Ok(Coming(Where::Device(gpu::sums(tape, there, rows)?)))
        }
        _ => Err(Error::internal("the run", "is not on the device that sums it", "be", "")),
    }
}

impl Coming {
    /// `[row][volume]`, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Array2<f64>> {
        match self.0 {
            Where::Here(sums) => Ok(sums),
            Where::Device(there) => there.read(done),
        }
    }
}
