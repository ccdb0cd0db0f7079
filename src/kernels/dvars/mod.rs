//! What DVARS are made of: over the voxels of a block that are finite and vary, the sum of y and of (y_t - y_(t-1))² at each volume t, and the sum of
//! sqrt(2 (1 - r)) s, the standard deviation of such changes that noise alone would have; r the voxel's autocorrelation at lag 1, s its
//! interquartile range / 1.349, quartiles being values of the series at floor(q (n - 1)). A voxel of s = 0 does not count.
//! Source: Power 2012; Nichols 2013, as fMRIPrep takes it.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Done, Shader, Span, Tape};

mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// The interquartile range of a normal distribution of standard deviation 1, as the sources have it.
const NORMAL_IQR: f64 = 1.349;

/// Sums over voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// Voxels that count.
    pub n_voxels: usize,
    /// Of the values, `[volume]`.
    pub values: Vec<f64>,
    /// Of squared changes, `[volume]`; 0 for the first.
    pub changes: Vec<f64>,
    /// Of the standard deviation of changes that noise alone would have.
    pub expected: f64,
}

/// Sums that are to come to the host.
#[derive(Debug)]
pub struct Coming(Where);

#[derive(Debug)]
enum Where {
    Here(Sums),
    Device(gpu::Coming),
}

impl Sums {
    /// Of no voxel.
    #[must_use]
    pub fn empty(n_volumes: usize) -> Sums {
        let zeros = vec![0.0; n_volumes];
        Sums { n_voxels: 0, values: zeros.clone(), changes: zeros, expected: 0.0 }
    }

    /// Of both sets of voxels.
    #[must_use]
    pub fn and(mut self, other: &Sums) -> Sums {
        self.n_voxels += other.n_voxels;
        self.expected += other.expected;
        self.values.iter_mut().zip(&other.values).for_each(|(sum, more)| *sum += more);
        self.changes.iter_mut().zip(&other.changes).for_each(|(sum, more)| *sum += more);
        self
    }
}

/// Of the listed voxels of a block that holds all volumes: positions within one volume of it (`0..block.volume_len()`), ascending.
///
/// # Errors
/// Device errors; internal when the list leaves the block.
pub fn sums(tape: &mut Tape<'_>, bold: &Bold, voxels: &[u32]) -> Result<Coming> {
    bold.block().check_voxels(voxels)?;
    match (tape, bold) {
        (Tape::Cpu(cpu), Bold::Host(host)) => {
            let start = Instant::now();
            let sums = cpu::sums(host, voxels);
            let n_values = (voxels.len() * host.block.volumes.len()) as u64;
            let work = (4 * n_values, 10 * n_values);
            cpu.record(Span::since("dvars", Activity::Kernel, start, work));
            Ok(Coming(Where::Here(sums)))
        }
        (Tape::Gpu(tape), Bold::Device(there)) => {
            Ok(Coming(Where::Device(gpu::sums(tape, there, voxels)?)))
        }
        _ => Err(Error::internal("the run", "is not on the device that sums it", "be", "")),
    }
}

impl Coming {
    /// The sums, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Sums> {
        match self.0 {
            Where::Here(sums) => Ok(sums),
            Where::Device(there) => there.read(done),
        }
    }
}

/// Where the quartiles of so many values stand when they are sorted.
fn quartiles(n_volumes: usize) -> [usize; 2] {
    [0.25, 0.75].map(|share| (share * n_volumes.saturating_sub(1) as f64) as usize)
}
