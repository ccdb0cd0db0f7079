//! A run on its way to disk, block by block.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::compress::{Content, GzipStream};
use super::hash::{Hashed, Placed};
use super::header::Header;
use super::output::{Outputs, Started, cannot_write, is_compressed_image};
use super::{files, interrupt, sample};
use crate::volume::HostBold;
use crate::{Error, Result};

mod int16;

use int16::Spool;
pub use int16::{Rounding, Spread};

/// Bytes between two looks at the interrupt flag.
const STEP: usize = 8 << 20;

/// Writes a run, as float32 or int16. Blocks may come in any order and must cover it once; of each only the core planes are
/// written. A .nii is written in place; a .nii.gz is compressed as volumes come in order, and collected in memory from
/// the first block on that is out of order or holds a part of the planes. As int16 it is written when all blocks are there.
#[derive(Debug)]
pub struct BoldWriter {
    path: PathBuf,
    /// Values of one plane, planes, volumes.
    extents: [usize; 3],
    /// `[volume][plane]`: what has been written.
    covered: Vec<bool>,
    started: Started,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Plain { offset: u64, hash: Placed },
    Gzip { stream: GzipStream<Hashed<File>>, next_volume: usize, collected: Vec<f32> },
    Int16(Spool),
}

impl Outputs {
    /// Starts a run of the header's extents, to be filled block by block; .nii or .nii.gz by its name.
    ///
    /// # Errors
    /// As for [`Outputs::map`].
    pub fn bold(&self, path: &Path, header: &Header) -> Result<BoldWriter> {
        let compressed = is_compressed_image(path)?;
        BoldWriter::start(path, header, compressed, self.start(path, false)?)
    }

    /// The same for a run that is stored as int16, with the scale that its range asks for; [`BoldWriter::finish`] gives back
    /// what that costs.
    ///
    /// # Errors
    /// As for [`Outputs::map`].
    pub fn bold_int16(&self, path: &Path, header: &Header) -> Result<BoldWriter> {
        let compressed = is_compressed_image(path)?;
        let started = self.start(path, false)?;
        let data = Data::Int16(Spool::new(path, header, compressed)?);
        Ok(BoldWriter::of(path, header, started, data))
    }
}

impl BoldWriter {
    pub(super) fn start(
        path: &Path,
        header: &Header,
        compressed: bool,
        started: Started,
    ) -> Result<BoldWriter> {
        let bytes = header.as_f32().to_bytes();
        let failed = |e| cannot_write(path, e);
        let data = if compressed {
            let file = started.file.try_clone().map_err(failed)?;
            let mut stream = GzipStream::new(Hashed::new(file), Content::Samples);
            stream.write(&bytes).map_err(failed)?;
            Data::Gzip { stream, next_volume: 0, collected: Vec::new() }
        } else {
            let offset = bytes.len() as u64;
            // At once in full length, so that a file size limit shows before the work, not after it.
            started.file.set_len(offset + 4 * header.len() as u64).map_err(failed)?;
            files::write_all_at(&started.file, &bytes, 0).map_err(failed)?;
            let mut hash = Placed::default();
            hash.piece(0, &bytes);
            Data::Plain { offset, hash }
        };
        Ok(BoldWriter::of(path, header, started, data))
    }

    fn of(path: &Path, header: &Header, started: Started, data: Data) -> BoldWriter {
        let [ni, nj, nk] = header.grid_shape();
        let extents = [ni * nj, nk, header.n_volumes()];
        let covered = vec![false; extents[1] * extents[2]];
        BoldWriter { path: path.to_path_buf(), extents, covered, started, data }
    }

    /// Whether it takes volumes in order best: it is compressed as they come.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.data, Data::Gzip { .. })
    }

    /// Writes the core planes of a block.
    ///
    /// # Errors
    /// [`Error::Output`] where the disk refuses, [`Error::Interrupted`], [`Error::Internal`] for a block that does not
    /// belong to this run or was written before.
    pub fn write_block(&mut self, bold: &HostBold) -> Result<()> {
        self.cover(bold)?;
        let block = &bold.block;
        let [plane, planes, _] = self.extents;
        let held = block.volume_len();
        let core = (block.core.start - block.planes.start) * plane
            ..(block.core.end - block.planes.start) * plane;
        let whole = block.planes == (0..planes) && block.core == block.planes;
        let failed = |e| cannot_write(&self.path, e);
        match &mut self.data {
            Data::Plain { offset, hash } => {
                let at = |volume: usize| {
                    *offset + 4 * ((volume * planes + block.core.start) * plane) as u64
                };
                let mut write = |values: &[f32], at: u64| -> Result<()> {
                    for (n, part) in values.chunks(STEP / 4).enumerate() {
                        interrupt::check()?;
                        let (bytes, at) = (sample::little_endian(part), at + (n * STEP) as u64);
                        let file = &self.started.file;
                        // A file takes one writer at a time; another core hashes what passes.
                        let (written, ()) = rayon::join(
                            || files::write_all_at(file, &bytes, at),
                            || hash.piece(at, &bytes),
                        );
                        written.map_err(failed)?;
                    }
                    Ok(())
                };
                if whole {
                    write(&bold.data, at(block.volumes.start))?;
                } else {
                    hash.scattered();
                    let volumes = block.volumes.clone().zip(bold.data.chunks_exact(held));
                    for (volume, values) in volumes {
                        interrupt::check()?;
                        let bytes = sample::little_endian(&values[core.clone()]);
                        let file = &self.started.file;
                        files::write_all_at(file, &bytes, at(volume)).map_err(failed)?;
                    }
                }
            }
            Data::Int16(spool) => {
                for (volume, values) in block.volumes.clone().zip(bold.data.chunks_exact(held)) {
                    interrupt::check()?;
                    let at = (volume * planes + block.core.start) * plane;
                    spool.write(&values[core.clone()], at).map_err(failed)?;
                }
            }
            Data::Gzip { stream, next_volume, collected } => {
                if whole && collected.is_empty() && block.volumes.start == *next_volume {
                    for part in bold.data.chunks(STEP / 4) {
                        interrupt::check()?;
                        stream.write(&sample::little_endian(part)).map_err(failed)?;
                    }
                    *next_volume = block.volumes.end;
                } else {
                    let [_, _, volumes] = self.extents;
                    if collected.is_empty() {
                        *collected = super::image::zeroed(
                            (volumes - *next_volume) * planes * plane,
                            &self.path,
                        )?;
                    }
                    for (volume, values) in block.volumes.clone().zip(bold.data.chunks_exact(held))
                    {
                        interrupt::check()?;
                        let at = ((volume - *next_volume) * planes + block.core.start) * plane;
                        collected[at..at + core.len()].copy_from_slice(&values[core.clone()]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks that a block belongs here and notes what it brings.
    fn cover(&mut self, bold: &HostBold) -> Result<()> {
        let b = &bold.block;
        let [plane, planes, volumes] = self.extents;
        let within = |inner: &Range<usize>, outer: &Range<usize>| {
            outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end
        };
        let refuse = |found: String| {
            Err(Error::internal(
                format!("a block of {}", self.path.display()),
                found,
                format!("lie within {planes} planes of {plane} voxels and {volumes} volumes, once"),
                "",
            ))
        };
        if b.plane_len() != plane
            || b.run_shape[2] != planes
            || !within(&b.planes, &(0..planes))
            || !within(&b.core, &b.planes)
            || !within(&b.volumes, &(0..volumes))
            || bold.data.len() != b.len()
        {
            return refuse(format!("is {b:?} with {} values", bold.data.len()));
        }
        for volume in b.volumes.clone() {
            let rows = &mut self.covered[volume * planes..][b.core.clone()];
            if rows.contains(&true) {
                return refuse(format!("brings planes {:?} of volume {volume} again", b.core));
            }
            rows.fill(true);
        }
        Ok(())
    }

    /// Writes what was collected and completes the file; [`super::Outputs::commit`] then gives it its name. Gives back what
    /// storing it as int16 cost.
    ///
    /// # Errors
    /// [`Error::Output`] where the disk refuses, [`Error::Interrupted`], [`Error::Internal`] where blocks are missing,
    /// [`Error::BadData`] for values that int16 cannot hold.
    pub fn finish(self) -> Result<Option<Rounding>> {
        let [_, planes, _] = self.extents;
        if let Some(at) = self.covered.iter().position(|&c| !c) {
            return Err(Error::internal(
                self.path.display().to_string(),
                format!("lacks plane {} of volume {}", at % planes, at / planes),
                "be written in full",
                "",
            ));
        }
        let mut rounding = None;
        let checksum = match self.data {
            Data::Int16(spool) => {
                let (checksum, cost) = spool.finish(&self.path, &self.started)?;
                rounding = Some(cost);
                checksum
            }
            Data::Plain { hash, .. } => hash.checksum(&self.path, &self.started.file)?,
            Data::Gzip { mut stream, collected, .. } => {
                let failed = |e| cannot_write(&self.path, e);
                for part in collected.chunks(STEP / 4) {
                    interrupt::check()?;
                    stream.write(&sample::little_endian(part)).map_err(failed)?;
                }
                stream.finish().map_err(failed)?.checksum()
            }
        };
        self.started.complete(checksum);
        Ok(rounding)
    }
}
