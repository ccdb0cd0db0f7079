//! A block's bytes into memory that the device can fetch, copied by all cores. The memory is used again and stays mapped
//! until it is full: the host never waits for it.

use rayon::prelude::*;

use super::Gpu;
use super::pool::Pooled;
use crate::error::{DeviceFailure, Result};

/// Bytes a task.
const PIECE: usize = 1 << 18;

/// Staging memory that is filled from its start on.
#[derive(Debug)]
pub(super) struct Staging {
    staged: Pooled,
    filled: u64,
}

impl Staging {
    /// For so many bytes.
    pub(super) fn new(gpu: &Gpu, bytes: u64) -> Result<Staging> {
        let staged = gpu.scoped("staging a block", || Ok(gpu.pools.up.take(&gpu.device, bytes)));
        if staged.is_err() {
            gpu.pools.up.clear();
        }
        Ok(Staging { staged: staged?, filled: 0 })
    }

    /// The next bytes, a multiple of four, or of eight where more follow.
    pub(super) fn put(&mut self, gpu: &Gpu, bytes: &[u8]) -> Result<()> {
        let end = self.filled + bytes.len() as u64;
        let view = self.staged.raw.get_mapped_range_mut(self.filled..end);
        let mut view = view.map_err(|cause| {
            gpu.failure(DeviceFailure::Lost, "staging a block").caused_by(cause)
        })?;
        let (pieces, mut rest) = view.slice(..).into_chunks::<PIECE>();
        let (whole, last) = bytes.as_chunks::<PIECE>();
        let pieces: Vec<_> = pieces.into_iter().zip(whole).collect();
        pieces.into_par_iter().for_each(|(to, from)| {
            wgpu::WriteOnly::<[u8]>::from(to).copy_from_slice(from);
        });
        rest.copy_from_slice(last);
        self.filled = end;
        Ok(())
    }

    /// All is there.
    pub(super) fn end(self) -> Pooled {
        self.staged.raw.unmap();
        self.staged
    }
}

/// The same values in host memory, copied by all cores.
pub(super) fn copied(from: &[f32], mut to: Vec<f32>) -> Vec<f32> {
    to.resize(from.len(), 0.0);
    to.par_chunks_mut(PIECE)
        .zip(from.par_chunks(PIECE))
        .for_each(|(to, from)| to.copy_from_slice(from));
    to
}
