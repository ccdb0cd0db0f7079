//! A run without some of its volumes.

use std::ops::DerefMut;
use std::path::PathBuf;
use std::sync::Arc;

use super::BoldSource;
use crate::error::{Error, Result};
use crate::io::Coarse;
use crate::io::hash::Checksum;
use crate::volume::{Block, HostBold};

/// The kept volumes of another source, owned or borrowed, numbered anew from 0.
pub struct Censored<S> {
    source: S,
    /// Volumes of `source`, ascending.
    kept: Vec<usize>,
}

impl<S> Censored<S>
where
    S: DerefMut<Target: BoldSource>,
{
    /// `kept`: volumes of `source`, counted from 0, in ascending order.
    ///
    /// # Errors
    /// [`Error::BadData`] where none is kept; [`Error::Internal`] for volumes that do not ascend or that `source` lacks.
    pub fn new(source: S, kept: Vec<usize>) -> Result<Censored<S>> {
        let n_volumes = source.n_volumes();
        let Some(last) = kept.last() else {
            return Err(Error::bad_data(
                "the run",
                format!("has {n_volumes} volumes, all of them censored"),
                "keep volumes to analyse",
                "censor less strictly, or leave the run out",
            ));
        };
        if *last >= n_volumes || kept.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::internal(
                "the list of kept volumes",
                format!("is {kept:?}"),
                format!("ascend within the run's {n_volumes} volumes"),
                "",
            ));
        }
        Ok(Censored { source, kept })
    }
}

impl<S: Send> BoldSource for Censored<S>
where
    S: DerefMut<Target: BoldSource>,
{
    fn shape(&self) -> [usize; 3] {
        self.source.shape()
    }

    fn n_volumes(&self) -> usize {
        self.kept.len()
    }

    fn read(&mut self, block: &Block) -> Result<HostBold> {
        let Some(kept) = self.kept.get(block.volumes.clone()) else {
            return Err(Error::internal(
                "a block of a censored run",
                format!("asks for volumes {:?}", block.volumes),
                format!("lie within its {} volumes", self.kept.len()),
                "",
            ));
        };
        let mut data = Vec::new();
        for stretch in kept.chunk_by(|a, b| a + 1 == *b) {
            let volumes = stretch[0]..stretch[0] + stretch.len();
            let part = self.source.read(&Block { volumes, ..block.clone() })?.data;
            if stretch.len() == kept.len() {
                data = part;
            } else {
                data.reserve_exact(block.len() - data.len());
                data.extend_from_slice(&part);
                self.source.reuse(part);
            }
        }
        Ok(HostBold::new(block.clone(), data))
    }

    fn reuse(&mut self, data: Vec<f32>) {
        self.source.reuse(data);
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
        self.source.keeps()
    }
}
