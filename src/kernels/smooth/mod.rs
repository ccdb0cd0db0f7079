//! Gaussian smoothing of every volume: y'(v) = sum_u w(v-u) y(u) / sum_u w(v-u), u over voxels that are inside the
//! volume, inside `within` where it is given, and finite. Separable: one pass along i, j and k.
//!
//! w is a Gaussian of the given FWHM in mm, sigma = FWHM / (2 sqrt(2 ln 2)), on anisotropic voxels.
//! [`Kernel::Sampled`] takes exp(-d^2 / 2 sigma^2) at voxel distances up to round-half-up(4 sigma) (FSL, nilearn,
//! MRtrix3); [`Kernel::Exact`] is the discrete Gaussian exp(-s) I_d(s), s = sigma_vox^2, whose variance is exactly
//! sigma^2 (Lindeberg 1990), out to where 1e-4 of the variance is left. A voxel that is itself missing (not finite)
//! stays as it is; voxels outside `within` become 0, as AFNI's 3dBlurInMask does.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Shader, Span, Tape};
use crate::volume::{Block, Mask};

mod cpu;
mod gpu;
mod passes;
mod taps;

pub use taps::{Kernel, Taps};

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// Smooth each volume of the block. The planes outside the block's core are valid only where the halo suffices.
///
/// # Errors
/// Device errors; internal when `within` has another shape than the run.
pub fn smooth(tape: &mut Tape<'_>, bold: Bold, taps: &Taps, within: Option<&Mask>) -> Result<Bold> {
    let shape = bold.block().run_shape;
    if let Some(mask) = within
        && (mask.grid.shape != shape || mask.inside.len() != mask.grid.n_voxels())
    {
        return Err(Error::internal(
            "the smoothing mask",
            format!("has shape {:?}", mask.grid.shape),
            format!("have the run's, {shape:?}"),
            "",
        ));
    }
    match (tape, bold) {
        (Tape::Cpu(cpu), Bold::Host(host)) => {
            let start = Instant::now();
            let block = host.block.clone();
            let smoothed = cpu::smooth(host, taps, within)?;
            let work = (bytes(&block), flops(&block, taps));
            cpu.record(Span::since("smooth", Activity::Kernel, start, work));
            Ok(Bold::Host(smoothed))
        }
        (Tape::Gpu(tape), Bold::Device(there)) => {
            Ok(Bold::Device(gpu::smooth(tape, there, taps, within)?))
        }
        _ => Err(Error::internal("the run", "is not on the device that smooths it", "be", "")),
    }
}

/// Bytes that smoothing must move: each value read and written once.
fn bytes(block: &Block) -> u64 {
    8 * block.len() as u64
}

/// One addition and one multiplication for each pair of symmetric taps and axis, one multiplication at the centre.
fn flops(block: &Block, taps: &Taps) -> u64 {
    let per_voxel: usize = taps.weights.iter().map(|w| 3 * (w.len() - 1) + 1).sum();
    (block.len() * per_voxel) as u64
}
