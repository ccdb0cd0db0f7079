//! A source of which something is kept as its blocks pass by: a sample of its voxels, their means.

use std::path::PathBuf;
use std::sync::Arc;

use super::BoldSource;
use crate::error::Result;
use crate::io::Coarse;
use crate::io::hash::Checksum;
use crate::volume::{Block, HostBold};

/// What is kept of blocks.
pub trait Keeps: Send {
    /// Keep what a block has of it. A block that comes once more changes nothing.
    fn take(&mut self, bold: &HostBold);

    /// Bytes of host memory that it takes.
    fn bytes(&self) -> u64;
}

/// Another source, of which something is kept.
pub struct Passing<'a, K> {
    source: &'a mut dyn BoldSource,
    kept: &'a mut K,
}

impl<'a, K: Keeps> Passing<'a, K> {
    /// `kept`: of a grid and run like those of `source`.
    #[must_use]
    pub fn new(source: &'a mut dyn BoldSource, kept: &'a mut K) -> Passing<'a, K> {
        Passing { source, kept }
    }
}

impl<K: Keeps> BoldSource for Passing<'_, K> {
    fn shape(&self) -> [usize; 3] {
        self.source.shape()
    }

    fn n_volumes(&self) -> usize {
        self.source.n_volumes()
    }

    fn read(&mut self, block: &Block) -> Result<HostBold> {
        let bold = self.source.read(block)?;
        self.kept.take(&bold);
        Ok(bold)
    }

    fn reuse(&mut self, data: Vec<f32>) {
        self.source.reuse(data);
    }

    fn is_stream(&self) -> bool {
        self.source.is_stream()
    }

    fn centre(&mut self) -> Result<Option<(Arc<Vec<f64>>, Coarse)>> {
        self.source.centre()
    }

    fn coarse(&mut self) -> Result<Option<Coarse>> {
        self.source.coarse()
    }

    fn beyond_f32(&mut self) -> Result<usize> {
        self.source.beyond_f32()
    }

    fn prefetch(&mut self) {
        self.source.prefetch();
    }

    fn grant(&mut self, bytes: Option<u64>) {
        self.source.grant(bytes);
    }

    fn may_lack(&self) -> bool {
        self.source.may_lack()
    }

    fn release(&mut self) {
        self.source.release();
    }

    fn checksums(&mut self) -> Result<Vec<(PathBuf, Checksum)>> {
        self.source.checksums()
    }

    fn holds(&self) -> u64 {
        self.source.holds()
    }

    fn keeps(&self) -> u64 {
        self.source.keeps() + self.kept.bytes()
    }
}
