//! The data of an image as f32: all of them, or a block.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use blake3::CHUNK_LEN;
use rayon::prelude::*;

use super::decode::{self, Unpacked};
use super::hash::Tree;
use super::image::{Image, zeroed};
use super::swing::Swing;
use super::{files, interrupt, spill};
use crate::Result;
use crate::volume::Block;

/// Values a read: 256 KiB of f32, large for the system, small for the cache.
const PIECE: usize = 1 << 16;

/// Units that a thread reads one behind the other: what is hashed with one of them, and lies before it in the file, is read
/// over the end of the one before and then put back, so that nothing is copied twice.
const TOGETHER: usize = 8;

/// Samples of an image as a file holds them.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a> {
    pub(super) file: &'a File,
    /// Where they begin.
    pub(super) first_byte: u64,
    /// What is taken off each voxel of a volume.
    pub(super) level: Option<&'a [f64]>,
    /// The file's checksum, which what is read passes through.
    pub(super) hash: Option<&'a Tree>,
}

impl Samples<'_> {
    pub(super) fn of(file: &File, first_byte: u64) -> Samples<'_> {
        Samples { file, first_byte, level: None, hash: None }
    }
}

impl Image {
    /// All values in file order. `unpacking` is called where one core unpacks and the others have time.
    pub(crate) fn read_all(&self, unpacking: &mut dyn FnMut()) -> Result<Vec<f32>> {
        if self.is_compressed() {
            return decode::whole(self, &self.file, unpacking, None);
        }
        let mut out = zeroed(self.header.len(), &self.path)?;
        let own = Samples::of(&self.file, self.header.vox_offset);
        self.read_pieces(own, &mut out, PIECE, |piece| piece * PIECE)?;
        Ok(out)
    }

    /// All data of a compressed image as they are stored, in a file without a name.
    pub(super) fn spill(&self, unpacking: &mut dyn FnMut()) -> Result<File> {
        spill::spilled(self, &self.file, unpacking)
    }

    /// All data of a compressed image, for [`Image::block_of`]; `swing` sees them as they are stored.
    pub(super) fn unpack(
        &self,
        unpacking: &mut dyn FnMut(),
        swing: Option<&mut Swing>,
    ) -> Result<Unpacked> {
        decode::for_blocks(self, &self.file, unpacking, swing)
    }

    /// The swing of data that a file holds as they are stored, from a byte on.
    pub(super) fn swing_of(&self, (file, first_byte): (&File, u64)) -> Result<Swing> {
        let size = self.header.sample.size();
        Swing::of(&self.header, |value, out| {
            interrupt::check()?;
            let offset = first_byte + (value * size) as u64;
            files::read_exact_at(file, out, offset)
                .map_err(|e| files::cannot_read(&self.data_path, e))
        })
    }

    /// A block of unpacked data; fills `spare` where it is large enough.
    pub(super) fn block_of(
        &self,
        unpacked: &Unpacked,
        block: &Block,
        spare: Vec<f32>,
    ) -> Result<Vec<f32>> {
        let mut out = room(block.len(), spare, &self.path)?;
        unpacked.copy_block(block, self.header.decoder(), &mut out);
        Ok(out)
    }

    /// Planes of constant k times volumes, of an image that is not compressed; fills `spare` where it is large enough.
    pub(crate) fn read_slab(
        &self,
        planes: Range<usize>,
        volumes: Range<usize>,
        spare: Vec<f32>,
    ) -> Result<Vec<f32>> {
        self.read_slab_of(Samples::of(&self.file, self.header.vox_offset), (planes, volumes), spare)
    }

    /// The same of samples that may be another file's.
    pub(super) fn read_slab_of(
        &self,
        samples: Samples<'_>,
        (planes, volumes): (Range<usize>, Range<usize>),
        spare: Vec<f32>,
    ) -> Result<Vec<f32>> {
        let [ni, nj, nk] = self.header.grid_shape();
        let plane = ni * nj;
        let slab = plane * planes.len();
        let first = (volumes.start * nk + planes.start) * plane;
        let mut out = room(slab * volumes.len(), spare, &self.path)?;
        if planes.len() == nk && samples.level.is_none() {
            self.read_pieces(samples, &mut out, PIECE, |piece| first + piece * PIECE)?;
        } else if slab > 0 {
            self.read_pieces(samples, &mut out, slab, |volume| first + volume * nk * plane)?;
        }
        Ok(out)
    }

    /// Fills `out` in parallel, `unit` values (not 0) at a time; unit n begins at value `start(n)` of the data. With a level no unit
    /// reaches into another volume.
    fn read_pieces(
        &self,
        samples: Samples<'_>,
        out: &mut [f32],
        unit: usize,
        start: impl Fn(usize) -> usize + Sync,
    ) -> Result<()> {
        let decoder = self.header.decoder();
        let size = decoder.sample.size();
        let Samples { file, first_byte, level, hash } = samples;
        let is_direct = decoder.is_native_f32() && level.is_none();
        let scratch = || (Vec::new(), Vec::new());
        let together = out.par_chunks_mut(unit * TOGETHER).enumerate();
        together.try_for_each_init(scratch, |(scratch, wide), (group, values)| {
            let len = values.len();
            let pieces = (0..len.div_ceil(unit)).flat_map(|n| {
                let end = len.min((n + 1) * unit);
                (n * unit..end).step_by(PIECE).map(move |at| (n, at..end.min(at + PIECE)))
            });
            for (n, at) in pieces {
                interrupt::check()?;
                let value = start(group * TOGETHER + n) + (at.start - n * unit);
                let offset = first_byte + value as u64 * size as u64;
                let end = offset + (at.len() * size) as u64;
                let hashed = hash.and_then(|hash| Some((hash, hash.lead(offset..end)?)));
                let lead = hashed.map_or(0, |(_, lead)| lead);
                let from = offset - lead as u64;
                let is_direct = is_direct && lead <= size * at.start;
                let bytes: &mut [u8] = if is_direct {
                    let values: &mut [u8] = bytemuck::cast_slice_mut(values);
                    &mut values[size * at.start - lead..size * at.end]
                } else {
                    scratch.resize(lead + at.len() * size, 0);
                    scratch
                };
                let before = &mut [0; CHUNK_LEN][..lead];
                before.copy_from_slice(&bytes[..lead]);
                files::read_exact_at(file, bytes, from)
                    .map_err(|e| files::cannot_read(&self.data_path, e))?;
                if let Some((hash, _)) = hashed {
                    hash.pass(from, bytes);
                }
                bytes[..lead].copy_from_slice(before);
                let piece = &mut values[at];
                match level {
                    Some(level) => {
                        let voxel = value % level.len();
                        let level = &level[voxel..][..piece.len()];
                        decoder.decode_about(&scratch[lead..], level, wide, piece);
                    }
                    None if is_direct => decoder.scale(piece),
                    None => decoder.decode(&scratch[lead..], piece),
                }
            }
            Ok(())
        })
    }
}

/// Memory for `n` values, whatever it holds: `spare` where that is large enough.
fn room(n: usize, spare: Vec<f32>, path: &Path) -> Result<Vec<f32>> {
    if spare.capacity() < n {
        drop(spare);
        return zeroed(n, path);
    }
    let mut out = spare;
    out.resize(n, 0.0);
    Ok(out)
}
