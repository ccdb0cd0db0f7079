//! Where the blocks of a run come from and where they go: files, or host memory.

use super::{BoldFile, BoldWriter};
use crate::error::Result;
use crate::volume::{Block, HostBold};

/// Where blocks come from.
pub trait BoldSource {
    /// Voxels along i, j, k.
    fn shape(&self) -> [usize; 3];
    /// Volumes in the run.
    fn n_volumes(&self) -> usize;
    /// The block's data.
    ///
    /// # Errors
    /// Whatever reading meets.
    fn read(&mut self, block: &Block) -> Result<HostBold>;
    /// Takes back what a block was read into: the next read may fill it, which new memory would have to be zeroed for.
    fn reuse(&mut self, _data: Vec<f32>) {}
    /// Whether it is decoded as a whole anyway, so that one block of the whole run takes the least memory.
    fn is_stream(&self) -> bool {
        false
    }
}

/// Where blocks go; blocks do not overlap in their cores.
pub trait BoldSink {
    /// Take the core planes of a block.
    ///
    /// # Errors
    /// Whatever writing meets.
    fn write(&mut self, bold: &HostBold) -> Result<()>;
    /// Whether it takes volumes in order, so that slabs of planes would be collected first.
    fn is_stream(&self) -> bool {
        false
    }
    /// Every block was written.
    ///
    /// # Errors
    /// Whatever finishing meets, and blocks that are missing.
    fn finish(self: Box<Self>) -> Result<()>;
}

impl BoldSource for BoldFile {
    fn shape(&self) -> [usize; 3] {
        self.grid.shape
    }
    fn n_volumes(&self) -> usize {
        self.n_volumes
    }
    fn read(&mut self, block: &Block) -> Result<HostBold> {
        BoldFile::read(self, block)
    }
    fn reuse(&mut self, data: Vec<f32>) {
        BoldFile::reuse(self, data);
    }
    fn is_stream(&self) -> bool {
        self.is_compressed()
    }
}

impl BoldSink for BoldWriter {
    fn finish(self: Box<Self>) -> Result<()> {
        BoldWriter::finish(*self)
    }
    fn write(&mut self, bold: &HostBold) -> Result<()> {
        self.write_block(bold)
    }
    fn is_stream(&self) -> bool {
        self.is_compressed()
    }
}

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
        Memory { run: HostBold { block, data } }
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
}

impl BoldSink for Memory {
    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
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
    HostBold { block: block.clone(), data }
}
