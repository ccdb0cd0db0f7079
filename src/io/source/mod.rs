//! Where the blocks of a run come from and where they go. Files and host memory are sources by themselves; [`Censored`] is
//! a source made of another, [`Sampled`] one that keeps some voxels of another, [`Averaged`] one that keeps their means, [`Averaging`] one that keeps regions' means, [`Looked`] one of which it is kept where it lacks values, [`Filled`] one of which it is kept which volumes are empty, [`Combined`] one made of a run's
//! echoes, [`LocalMean`] one made of a sample of a run's voxels, [`Stack`] one made of maps.

use std::path::PathBuf;
use std::sync::Arc;

use super::hash::Checksum;
use super::sample::SampleType;
use super::{BoldFile, BoldWriter, Coarse, Rounding};
use crate::error::Result;
use crate::volume::{Block, HostBold};

mod averaged;
mod censored;
mod combined;
mod empty;
mod lacking;
mod local;
mod memory;
mod passing;
mod regional;
mod sampled;
mod stack;

pub use averaged::{Averaged, Means};
pub use censored::Censored;
pub use combined::{Combined, OverTime};
pub use empty::{Empty, Filled};
pub use lacking::{Lacking, Looked};
pub use local::LocalMean;
pub use memory::Memory;
pub use passing::{Keeps, Passing};
pub use regional::{Averaging, RegionSeries, Regional};
pub use sampled::{Sample, Sampled};
pub use stack::Stack;

/// Where blocks come from.
pub trait BoldSource: Send {
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
    /// Gives from now on what each voxel differs by from its mean over time, where f32 would lose digits that a fit needs:
    /// the means, `[voxel]`, and the voxels concerned. To be called before the first read.
    ///
    /// # Errors
    /// Whatever reading meets.
    fn centre(&mut self) -> Result<Option<(Arc<Vec<f64>>, Coarse)>> {
        Ok(None)
    }
    /// The voxels whose swing over time an image of f32 would hold poorly.
    ///
    /// # Errors
    /// Whatever reading meets.
    fn coarse(&mut self) -> Result<Option<Coarse>> {
        Ok(None)
    }
    /// Voxels with a value beyond the range of f32.
    ///
    /// # Errors
    /// Whatever reading meets.
    fn beyond_f32(&mut self) -> Result<usize> {
        Ok(0)
    }
    /// Whether it is decoded as a whole anyway, so that one block of the whole run takes the least memory.
    fn is_stream(&self) -> bool {
        false
    }
    /// Begins to read what will be wanted, beside other work.
    fn prefetch(&mut self) {}
    /// Grants bytes of memory for what is held between two reads; none: any number.
    fn grant(&mut self, _bytes: Option<u64>) {}
    /// Whether a value may not be finite.
    fn may_lack(&self) -> bool {
        true
    }
    /// Lets go of what is held between two reads.
    fn release(&mut self) {}
    /// The files behind it with their checksums, as they lie on disk.
    ///
    /// # Errors
    /// Whatever reading them to their end meets.
    fn checksums(&mut self) -> Result<Vec<(PathBuf, Checksum)>> {
        Ok(Vec::new())
    }
    /// Bytes it holds between reads of blocks that are not the whole run.
    fn holds(&self) -> u64 {
        0
    }
    /// Bytes that it keeps beside what it holds, however the run is cut.
    fn keeps(&self) -> u64 {
        0
    }
}

/// Where blocks go; blocks do not overlap in their cores.
pub trait BoldSink {
    /// Take the core planes of a block.
    ///
    /// # Errors
    /// Whatever writing meets.
    fn write(&mut self, bold: &HostBold) -> Result<()>;
    /// The same where another device may have found `other` as well, of the same block.
    ///
    /// # Errors
    /// As [`BoldSink::write`].
    fn write_either(&mut self, bold: &HostBold, _other: &HostBold) -> Result<()> {
        self.write(bold)
    }
    /// Whether it takes volumes in order, so that slabs of planes would be collected first.
    fn is_stream(&self) -> bool {
        false
    }
    /// Every block was written; what storing them as integers cost.
    ///
    /// # Errors
    /// Whatever finishing meets, and blocks that are missing.
    fn finish(self: Box<Self>) -> Result<Option<Rounding>>;
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
    fn centre(&mut self) -> Result<Option<(Arc<Vec<f64>>, Coarse)>> {
        BoldFile::centre(self)
    }
    fn coarse(&mut self) -> Result<Option<Coarse>> {
        BoldFile::coarse(self)
    }
    fn beyond_f32(&mut self) -> Result<usize> {
        BoldFile::beyond_f32(self)
    }
    fn is_stream(&self) -> bool {
        BoldFile::is_stream(self)
    }
    fn prefetch(&mut self) {
        BoldFile::prefetch(self);
    }
    fn grant(&mut self, bytes: Option<u64>) {
        BoldFile::grant(self, bytes);
    }
    fn release(&mut self) {
        BoldFile::release(self);
    }
    fn may_lack(&self) -> bool {
        matches!(self.header.sample, SampleType::F32 | SampleType::F64)
            || self.header.may_exceed_f32()
    }
    fn checksums(&mut self) -> Result<Vec<(PathBuf, Checksum)>> {
        Ok(vec![(self.data_path().to_owned(), self.checksum()?)])
    }
    fn holds(&self) -> u64 {
        if BoldFile::is_stream(self) { self.unpacked_bytes() } else { 0 }
    }
}

impl BoldSink for BoldWriter {
    fn finish(self: Box<Self>) -> Result<Option<Rounding>> {
        BoldWriter::finish(*self)
    }
    fn write(&mut self, bold: &HostBold) -> Result<()> {
        self.write_block(bold)
    }
    fn is_stream(&self) -> bool {
        BoldWriter::is_stream(self)
    }
}
