//! Compressed images in memory: unpacked at once with libdeflate where the memory plan allows, else as a stream.
//!
//! Memory: the f32 values, plus the compressed bytes where these stay below half of them and 100 MiB. The whole-buffer
//! path unpacks the stored samples into the end of the f32 buffer and widens them in place, front to back. Samples of one
//! or two bytes that are asked for by blocks stay as they are stored, in half the memory, and each block is widened alone.

use std::fs::File;
use std::io::{BufReader, Read};

use flate2::read::MultiGzDecoder;
use rayon::prelude::*;

use super::image::{Image, zeroed};
use super::sample::Decoder;
use super::swing::Swing;
use super::unpacking::Reading;
use super::{files, interrupt};
use crate::Result;
use crate::volume::Block;

/// Values a task of the conversion.
const PIECE: usize = 1 << 16;

/// Compressed bytes that may be held beside the values, beyond half the values' size.
const SPARE: usize = 100 << 20;

/// Bytes that memory for compressed bytes is a multiple of.
const PACKED: usize = 4 << 20;

/// Values a page of memory holds, or less.
const PAGE: usize = 1024;

/// The data of a compressed image, for those who ask for blocks.
#[derive(Debug)]
pub(super) enum Unpacked {
    /// All values, `[volume][voxel]`.
    Values(Vec<f32>),
    /// All samples as they are stored, `[volume][voxel]`.
    Stored(Stored),
}

/// Stored samples: the end of `memory`, from byte `first` on.
#[derive(Debug)]
pub(super) struct Stored {
    memory: Vec<f32>,
    first: usize,
}

impl Stored {
    fn samples(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.memory)[self.first..]
    }
}

impl Unpacked {
    /// Bytes of memory it takes.
    pub(super) fn bytes(&self) -> u64 {
        let (Unpacked::Values(memory) | Unpacked::Stored(Stored { memory, .. })) = self;
        (memory.capacity() * size_of::<f32>()) as u64
    }

    /// The values of a block `[volume][plane][voxel]`, into `out`, which is as long.
    pub(super) fn copy_block(&self, block: &Block, decoder: Decoder, out: &mut [f32]) {
        let plane = block.plane_len();
        let slab = plane * block.planes.len();
        let start = |volume: usize| plane * (volume * block.run_shape[2] + block.planes.start);
        let pieces = out.par_chunks_mut(slab.max(1)).zip(block.volumes.clone());
        match self {
            Unpacked::Values(all) => {
                pieces.for_each(|(out, v)| out.copy_from_slice(&all[start(v)..][..slab]));
            }
            Unpacked::Stored(stored) => {
                let stored = stored.samples();
                let size = decoder.sample.size();
                pieces.for_each(|(out, v)| {
                    decoder.decode(&stored[start(v) * size..][..slab * size], out);
                });
            }
        }
    }
}

/// All values of a compressed image. `unpacking` is called when one core unpacks and the others have time; `swing` sees the
/// samples as they are stored.
pub(super) fn whole(
    image: &Image,
    file: &File,
    unpacking: &mut dyn FnMut(),
    swing: Option<&mut Swing>,
) -> Result<Vec<f32>> {
    let n = image.header.len();
    match at_once(image, file, n, unpacking)? {
        Some(stored) => {
            see(image, &stored, swing)?;
            Ok(widened(stored, n, image.header.decoder()))
        }
        None => streamed(image, file, unpacking, swing),
    }
}

/// The same to take blocks from.
pub(super) fn for_blocks(
    image: &Image,
    file: &File,
    unpacking: &mut dyn FnMut(),
    swing: Option<&mut Swing>,
) -> Result<Unpacked> {
    if image.header.sample.size() > 2 {
        return whole(image, file, unpacking, swing).map(Unpacked::Values);
    }
    match at_once(image, file, 0, unpacking)? {
        Some(stored) => {
            see(image, &stored, swing)?;
            Ok(Unpacked::Stored(stored))
        }
        None => streamed(image, file, unpacking, swing).map(Unpacked::Values),
    }
}

/// Shows samples that are all in memory.
fn see(image: &Image, stored: &Stored, swing: Option<&mut Swing>) -> Result<()> {
    let Some(swing) = swing else { return Ok(()) };
    let size = image.header.sample.size();
    *swing = Swing::of(&image.header, |value, out| {
        out.copy_from_slice(&stored.samples()[value * size..][..out.len()]);
        Ok(())
    })?;
    Ok(())
}

/// One-shot decoding into memory of `room` values at least; none where the stream must be looked at piece by piece:
/// several members, data of eight bytes, memory, or damage (which the stream can name).
fn at_once(
    image: &Image,
    file: &File,
    room: usize,
    unpacking: &mut dyn FnMut(),
) -> Result<Option<Stored>> {
    let header = &image.header;
    let size = header.sample.size();
    let n = header.len();
    let stored = n * size;
    let Ok(offset) = usize::try_from(header.vox_offset) else { return Ok(None) };
    let raw = offset + stored;
    let length = file.metadata().map_or(u64::MAX, |m| m.len());
    let affordable = 2 * n + SPARE;
    if size > 4 || offset > SPARE || usize::try_from(length).map_or(true, |l| l > affordable) {
        return Ok(None);
    }
    // The last four bytes hold the length of the last member, modulo 2^32: another one means several members, or
    // something behind the data, or damage.
    let mut end = [0; 4];
    if files::read_exact_at(file, &mut end, length.saturating_sub(4)).is_err()
        || u32::from_le_bytes(end) != raw as u32
    {
        return Ok(None);
    }
    // Set aside here and not where it is filled, so that it is one thread's: what one run gives back fits the next.
    let mut packed = Vec::new();
    if packed.try_reserve_exact((length as usize + 1).next_multiple_of(PACKED)).is_err() {
        return Ok(None);
    }
    let mut memory = zeroed(room.max(raw.div_ceil(4)), &image.path)?;
    // Under way until it is unpacked, which one call does at once.
    let mut reading = Reading::new(file, length);
    rayon::join(|| read_packed(image, &mut reading, &mut packed), || touch(&mut memory)).0?;
    interrupt::check()?;
    unpacking();
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
    let tail = bytes.len() - raw;
    match libdeflater::Decompressor::new().gzip_decompress(&packed, &mut bytes[tail..]) {
        Ok(got) if got == raw => {}
        _ => return Ok(None),
    }
    let first = bytes.len() - stored;
    interrupt::check()?;
    Ok(Some(Stored { memory, first }))
}

/// `n` values in the memory of their samples, which has room for them.
fn widened(stored: Stored, n: usize, decoder: Decoder) -> Vec<f32> {
    let Stored { memory: mut values, first } = stored;
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
    if decoder.is_native_f32() {
        bytes.copy_within(first.., 0);
        decoder.scale(&mut values[..n]);
    } else {
        widen(bytes, first, n, decoder);
    }
    values.truncate(n);
    values
}

/// The file as it is.
fn read_packed(image: &Image, reading: &mut Reading<&File>, packed: &mut Vec<u8>) -> Result<()> {
    let read = reading.rewind().and_then(|()| reading.rest(packed));
    read.map_err(|e| files::cannot_read(&image.data_path, e))
}

/// Has the system hand out the pages of memory: it does so at the first write, and all cores write here, where unpacking would
/// do it on one.
fn touch(values: &mut [f32]) {
    let pages = values.par_chunks_mut(PAGE).with_min_len(256);
    pages.for_each(|page| page[0] = std::hint::black_box(0.0));
}

/// Converts `n` samples that fill the end of `bytes` from `source` on into f32 at its front. Samples are no wider than
/// four bytes, so writing never catches up with reading.
fn widen(bytes: &mut [u8], mut source: usize, n: usize, decoder: Decoder) {
    let size = decoder.sample.size();
    let mut done = 0;
    let mut scratch = Vec::new();
    while done < n {
        // As many values as fit before the first unread byte are converted in parallel ...
        let free = (source / 4 - done).min(n - done);
        if free >= PIECE || free == n - done {
            let (front, back) = bytes.split_at_mut(4 * (done + free));
            let target: &mut [f32] = bytemuck::cast_slice_mut(&mut front[4 * done..]);
            let stored = &back[source - 4 * (done + free)..][..free * size];
            target
                .par_chunks_mut(PIECE)
                .zip(stored.par_chunks(PIECE * size))
                .for_each(|(out, stored)| decoder.decode(stored, out));
            done += free;
            source += free * size;
        } else {
            // ... the last few by way of a copy.
            let count = PIECE.min(n - done);
            scratch.clear();
            scratch.extend_from_slice(&bytes[source..source + count * size]);
            let target = bytemuck::cast_slice_mut(&mut bytes[4 * done..4 * (done + count)]);
            decoder.decode(&scratch, target);
            done += count;
            source += count * size;
        }
    }
}

fn streamed(
    image: &Image,
    file: &File,
    unpacking: &mut dyn FnMut(),
    mut swing: Option<&mut Swing>,
) -> Result<Vec<f32>> {
    let mut values = zeroed(image.header.len(), &image.path)?;
    let decoder = image.header.decoder();
    through(image, file, unpacking, &mut |stream| {
        fill(stream, decoder, &mut values, swing.as_deref_mut())
    })?;
    Ok(values)
}

/// Decodes a file as a stream, with every member and every checksum. `take` reads the data, all of them; its outer error is
/// none of the stream's.
pub(super) fn through(
    image: &Image,
    file: &File,
    unpacking: &mut dyn FnMut(),
    take: &mut dyn FnMut(&mut dyn Read) -> Result<std::io::Result<()>>,
) -> Result<()> {
    unpacking();
    let header = &image.header;
    let path = &image.data_path;
    let length = file.metadata().map_or(0, |m| m.len());
    let mut reading = Reading::new(file, length);
    reading.rewind().map_err(|e| files::cannot_read(path, e))?;
    let packed = BufReader::with_capacity(1 << 20, reading);
    let mut stream = Counted { inner: MultiGzDecoder::new(packed), bytes: 0 };
    let needed = header.vox_offset + (header.len() * header.sample.size()) as u64;
    let read = match skip(&mut stream, header.vox_offset)? {
        Ok(()) => take(&mut stream)?,
        failed => failed,
    };
    if let Err(error) = read {
        // A stream that ends by the book but too early holds too few values; else it was cut or damaged.
        let clean_end = error.kind() == std::io::ErrorKind::UnexpectedEof
            && stream.inner.read(&mut [0; 1]).is_ok_and(|n| n == 0);
        return Err(if clean_end {
            image.truncated(&format!("holds {} bytes uncompressed", stream.bytes), needed)
        } else {
            files::bad_gzip(path, error)
        });
    }
    // To the end, so that the last checksum is looked at.
    let mut rest = vec![0; 1 << 16];
    loop {
        interrupt::check()?;
        match stream.inner.read(&mut rest) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Padding behind a member whose checksum held, as gzip itself ignores it.
            Err(e) if e.to_string().contains("invalid gzip header") => return Ok(()),
            Err(e) => return Err(files::bad_gzip(path, e)),
        }
    }
}

/// Skips what stands before the data. The outer error is an interrupt.
fn skip(stream: &mut dyn Read, mut offset: u64) -> Result<std::io::Result<()>> {
    let mut scratch = vec![0; 1 << 16];
    while offset > 0 {
        interrupt::check()?;
        let count = offset.min(scratch.len() as u64) as usize;
        if let Err(e) = stream.read_exact(&mut scratch[..count]) {
            return Ok(Err(e));
        }
        offset -= count as u64;
    }
    Ok(Ok(()))
}

/// Fills `values`. The outer error is an interrupt.
fn fill(
    stream: &mut dyn Read,
    decoder: Decoder,
    values: &mut [f32],
    mut swing: Option<&mut Swing>,
) -> Result<std::io::Result<()>> {
    let mut scratch = Vec::new();
    for piece in values.chunks_mut(PIECE) {
        interrupt::check()?;
        let result = if decoder.is_native_f32() {
            stream.read_exact(bytemuck::cast_slice_mut(piece))
        } else {
            scratch.resize(piece.len() * decoder.sample.size(), 0);
            stream.read_exact(&mut scratch)
        };
        if result.is_err() {
            return Ok(result);
        }
        if let Some(swing) = &mut swing {
            let is_direct = decoder.is_native_f32();
            let stored = if is_direct { bytemuck::cast_slice(piece) } else { &scratch[..] };
            swing.see(decoder, stored);
        }
        if decoder.is_native_f32() {
            decoder.scale(piece);
        } else {
            decoder.decode(&scratch, piece);
        }
    }
    Ok(Ok(()))
}

/// Counts the bytes that came out.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::io::sample::{ByteOrder, SampleType};
    use crate::io::unpacking::under_way;

    #[test]
    fn a_run_counts_as_under_way_while_it_is_unpacked_at_once_or_as_a_stream() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/io");
        // What other tests unpack meanwhile is counted too.
        let open = |name| {
            let image = Image::open(&folder.join(name)).expect("a golden");
            let length = image.file.metadata().expect("a golden").len();
            (image, length)
        };
        let (image, length) = open("gz_one_i2.nii.gz");
        let mut at_once = None;
        whole(&image, &image.file, &mut || at_once = under_way(), None).expect("a golden");
        assert!(at_once.is_some_and(|(read, all)| read >= length && all >= length), "{at_once:?}");

        let (image, length) = open("gz_members_f4.nii.gz");
        let mut read = None;
        through(&image, &image.file, &mut || (), &mut |stream| {
            let mut values = vec![0; image.data_bytes() as usize];
            let done = stream.read_exact(&mut values);
            read = under_way();
            Ok(done)
        })
        .expect("a golden");
        assert!(read.is_some_and(|(read, all)| read >= length / 2 && all >= length), "{read:?}");
    }

    #[test]
    fn widening_in_place_equals_widening_apart() {
        for (sample, n) in [
            (SampleType::U8, 300_001),
            (SampleType::I16, 262_147),
            (SampleType::U16, 1),
            (SampleType::I32, 150_000),
        ] {
            let size = sample.size();
            let decoder = Decoder { sample, order: ByteOrder::Little, scaling: None };
            let stored: Vec<u8> = (0..n * size).map(|i| (i * 37 % 251) as u8).collect();
            let mut want = vec![f32::NAN; n];
            decoder.decode(&stored, &mut want);
            let mut buffer = vec![0.0_f32; n.max((352 + n * size).div_ceil(4))];
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut buffer);
            let first = bytes.len() - stored.len();
            bytes[first..].copy_from_slice(&stored);
            widen(bytes, first, n, decoder);
            assert!(buffer[..n] == want[..], "{sample:?}");
        }
    }
}
