//! A block's bytes into memory that the device can fetch, copied by all cores. The memory is used again and stays mapped
//! until it is full: the host never waits for it.

use rayon::prelude::*;

use super::Gpu;
use super::pool::Pooled;
use crate::error::{DeviceFailure, Result};

/// Bytes a task.
const PIECE: usize = 1 << 20;

/// Bytes, a multiple of four, in staging memory.
pub(super) fn stage(gpu: &Gpu, bytes: &[u8]) -> Result<Pooled> {
    let staged = gpu.scoped("staging a block", || {
        let staged = gpu.pools.up.take(&gpu.device, bytes.len() as u64);
        let mut view = staged.raw.get_mapped_range_mut(..bytes.len() as u64).map_err(|cause| {
            gpu.failure(DeviceFailure::Lost, "staging a block").caused_by(cause)
        })?;
        let (pieces, mut rest) = view.slice(..).into_chunks::<PIECE>();
        let (whole, last) = bytes.as_chunks::<PIECE>();
        let pieces: Vec<_> = pieces.into_iter().zip(whole).collect();
        pieces.into_par_iter().for_each(|(to, from)| {
            wgpu::WriteOnly::<[u8]>::from(to).copy_from_slice(from);
        });
        rest.copy_from_slice(last);
        drop(view);
        staged.raw.unmap();
        Ok(staged)
    });
    if staged.is_err() {
        gpu.pools.up.clear();
    }
    staged
}

/// The same values in host memory, copied by all cores.
pub(super) fn copied(from: &[f32], mut to: Vec<f32>) -> Vec<f32> {
    to.resize(from.len(), 0.0);
    to.par_chunks_mut(PIECE / 4)
        .zip(from.par_chunks(PIECE / 4))
        .for_each(|(to, from)| to.copy_from_slice(from));
    to
}
