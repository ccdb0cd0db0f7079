//! Where the blocks of a run come from and where they go. Files and host memory are sources by themselves; [`Censored`] is
//! a source made of another, [`Stack`] one made of maps.

use super::{BoldFile, BoldWriter};
use crate::error::Result;
use crate::volume::{Block, HostBold};

mod censored;
mod memory;
mod stack;

pub use censored::Censored;
pub use memory::Memory;
pub use stack::Stack;

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
        BoldFile::is_stream(self)
    }
}

impl BoldSink for BoldWriter {
    fn write(&mut self, bold: &HostBold) -> Result<()> {
        self.write_block(bold)
    }
    fn is_stream(&self) -> bool {
        self.is_compressed()
    }
}
