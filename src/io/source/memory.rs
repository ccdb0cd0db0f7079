//! Runs in host memory.

use super::{BoldSink, BoldSource};
use crate::error::Result;
use crate::io::Rounding;
use crate::volume::{Block, HostBold};

/// A run in host memory, f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The whole run.
    pub run: HostBold,
}

impl Memory {
    /// An all-zero run.
    #[must_use]
    pub fn zeros(shape: [usize; 3], n_volumes: usize) -> Memory {
        let block = Block::whole(shape, n_volumes);
        let data = vec![0.0; block.len()];
        Memory { run: HostBold::new(block, data) }
    }

    /// All of another source.
    ///
    /// # Errors
    /// Whatever reading it meets.
    pub fn of(source: &mut dyn BoldSource) -> Result<Memory> {
        let whole = Block::whole(source.shape(), source.n_volumes());
        source.read(&whole).map(|run| Memory { run })
    }
}

impl BoldSource for Memory {
    fn shape(&self) -> [usize; 3] {
        self.run.block.run_shape
    }
    fn n_volumes(&self) -> usize {
        self.run.block.volumes.len()
    }
    fn read(&mut self, block: &Block) -> Result<HostBold> {
        Ok(cut(&self.run, block))
    }
    fn holds(&self) -> u64 {
        (self.run.data.len() * size_of::<f32>()) as u64
    }
}

impl BoldSink for Memory {
    fn finish(self: Box<Self>) -> Result<Option<Rounding>> {
        Ok(None)
    }
    fn write(&mut self, bold: &HostBold) -> Result<()> {
        let block = &bold.block;
        let plane = block.plane_len();
        let core = (block.core.start - block.planes.start) * plane
            ..(block.core.end - block.planes.start) * plane;
        let (to, length) = (block.core.start * plane, core.len());
        let volume_len = self.run.block.volume_len();
        for (volume, values) in
            block.volumes.clone().zip(bold.data.chunks_exact(block.volume_len()))
        {
            self.run.data[volume * volume_len + to..][..length]
                .copy_from_slice(&values[core.clone()]);
        }
        Ok(())
    }
}

/// The part of a block that another block describes; `block` lies within `bold.block`.
fn cut(bold: &HostBold, block: &Block) -> HostBold {
    let plane = block.plane_len();
    let from = (block.planes.start - bold.block.planes.start) * plane;
    let mut data = Vec::with_capacity(block.len());
    for volume in block.volumes.clone() {
        let start = (volume - bold.block.volumes.start) * bold.block.volume_len() + from;
        data.extend_from_slice(&bold.data[start..start + block.volume_len()]);
    }
    HostBold::new(block.clone(), data)
}
