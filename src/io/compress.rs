//! Gzip out: one member, compressed in parallel blocks whose bytes do not depend on the number of threads.
//!
//! The stream is cut at fixed places; each piece is deflated alone and ended by a sync flush (an empty stored block,
//! RFC 1951), so that the pieces stand one behind the other in a single deflate stream. The modification time is 0.

use std::io::{self, Write};

use flate2::Crc;
use rayon::prelude::*;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Strategy};

/// Uncompressed bytes of a piece. A property of the format written: other values give other bytes.
const PIECE: usize = 256 << 10;

/// Bytes collected before their pieces are compressed together.
const BATCH: usize = 32 * PIECE;

/// What is compressed, which says where its redundancy lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Samples of an image. Noise repeats no sequence: runs of equal bytes (the background) and the unequal frequency of
    /// bytes (exponents) are all there is, and looking for more takes three times as long and gains 1 % at most.
    Samples,
    /// A table.
    Text,
}

impl Content {
    fn deflate(self) -> Deflate {
        let strategy = match self {
            Content::Samples => Strategy::Rle,
            Content::Text => Strategy::Default,
        };
        // Raw deflate of the widest window; the level says how far to look for sequences, in text only.
        Deflate::new_with_config(DeflateConfig {
            level: 6,
            strategy,
            window_bits: -15,
            ..DeflateConfig::default()
        })
    }
}

/// Magic, deflate, no flags, no time, no extra flags, unknown system (RFC 1952).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// An empty final block with fixed codes.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Text as one gzip member.
#[must_use]
pub fn gzip(text: &[u8]) -> Vec<u8> {
    at_once(text, Content::Text)
}

/// Samples of an image, with its header, as one gzip member.
#[must_use]
pub fn gzip_samples(bytes: &[u8]) -> Vec<u8> {
    at_once(bytes, Content::Samples)
}

fn at_once(bytes: &[u8], content: Content) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
    let mut stream = GzipStream::new(&mut out, content);
    stream
        .write(bytes)
        .and_then(|()| stream.finish().map(|_| ()))
        .expect("writing to memory does not fail");
    out
}

/// A gzip member that is written as its content comes.
#[derive(Debug)]
pub(super) struct GzipStream<W> {
    out: W,
    content: Content,
    started: bool,
    pending: Vec<u8>,
    /// The last batch, compressed and not yet written.
    packed: Vec<io::Result<(Vec<u8>, Crc)>>,
    crc: Crc,
    length: u64,
}

impl<W: Write + Send> GzipStream<W> {
    pub(super) fn new(out: W, content: Content) -> GzipStream<W> {
        GzipStream {
            out,
            content,
            started: false,
            pending: Vec::new(),
            packed: Vec::new(),
            crc: Crc::new(),
            length: 0,
        }
    }

    /// Takes the next bytes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while self.pending.len() + bytes.len() >= BATCH {
            if self.pending.is_empty() {
                let (batch, rest) = bytes.split_at(BATCH);
                self.compress(batch)?;
                bytes = rest;
            } else {
                let (part, rest) = bytes.split_at(BATCH - self.pending.len());
                self.pending.extend_from_slice(part);
                bytes = rest;
                let batch = std::mem::take(&mut self.pending);
                self.compress(&batch)?;
                self.pending = batch;
                self.pending.clear();
            }
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// Compresses what begins at a piece's boundary, while the batch before it is written.
    fn compress(&mut self, bytes: &[u8]) -> io::Result<()> {
        let content = self.content;
        let fresh = || (content.deflate(), vec![0; PIECE + PIECE / 8]);
        let pieces = bytes.par_chunks(PIECE);
        let (packed, written) = rayon::join(
            || {
                pieces
                    .map_init(fresh, |(stream, room), piece| deflate(stream, room, piece))
                    .collect()
            },
            || self.write_packed(),
        );
        written?;
        self.packed = packed;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn write_packed(&mut self) -> io::Result<()> {
        if !self.started {
            self.out.write_all(&HEADER)?;
            self.started = true;
        }
        for piece in self.packed.drain(..) {
            let (bytes, crc) = piece?;
            self.out.write_all(&bytes)?;
            self.crc.combine(&crc);
        }
        Ok(())
    }

    /// Writes what is left and the trailer; gives the writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let rest = std::mem::take(&mut self.pending);
        self.compress(&rest)?;
        self.write_packed()?;
        self.out.write_all(&LAST_BLOCK)?;
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&(self.length as u32).to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One piece: deflate blocks up to a byte boundary, made in `room`, and its checksum.
fn deflate(stream: &mut Deflate, room: &mut Vec<u8>, bytes: &[u8]) -> io::Result<(Vec<u8>, Crc)> {
    stream.reset();
    loop {
        let (taken, made) = (stream.total_in() as usize, stream.total_out() as usize);
        let more = stream.compress(&bytes[taken..], &mut room[made..], DeflateFlush::SyncFlush);
        more.map_err(|e| io::Error::other(e.as_str()))?;
        // Room left over means that the flush is complete.
        if stream.total_in() as usize == bytes.len() && (stream.total_out() as usize) < room.len() {
            break;
        }
        room.resize(room.len() + bytes.len() / 4 + 1024, 0);
    }
    let mut crc = Crc::new();
    crc.update(bytes);
    Ok((room[..stream.total_out() as usize].to_vec(), crc))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn noise(n: usize) -> Vec<u8> {
        let mut state = 12_345_u64;
        (0..n)
            .map(|i| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if i % 4 < 2 { (state >> 56) as u8 } else { 7 }
            })
            .collect()
    }

    #[test]
    fn what_is_packed_unpacks_to_itself_as_one_member() {
        let lengths = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17, BATCH, BATCH + 5];
        for (n, content) in
            lengths.iter().flat_map(|&n| [(n, Content::Samples), (n, Content::Text)])
        {
            let bytes = noise(n);
            let packed = at_once(&bytes, content);
            let mut out = Vec::new();
            // GzDecoder stops after the first member.
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut out).unwrap();
            assert!(out == bytes, "{n} bytes");
            let mut whole = vec![0; n];
            let got = libdeflater::Decompressor::new().gzip_decompress(&packed, &mut whole);
            assert_eq!(got, Ok(n), "{n} bytes by libdeflate");
        }
    }

    #[test]
    fn bytes_that_cannot_be_compressed_grow_by_less_than_a_thousandth() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        for n in [PIECE, 7 * PIECE + 12_345] {
            let bytes: Vec<u8> = (0..n).map(|_| random()).collect();
            for content in [Content::Samples, Content::Text] {
                let packed = at_once(&bytes, content);
                assert!(packed.len() < n + n / 1000, "{n} {content:?}: {}", packed.len());
                let mut whole = vec![0; n];
                let got = libdeflater::Decompressor::new().gzip_decompress(&packed, &mut whole);
                assert!(got == Ok(n) && whole == bytes, "{n} {content:?}");
            }
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_threads_or_on_the_size_of_the_writes() {
        let bytes = noise(BATCH + 3 * PIECE + 99);
        let want = gzip_samples(&bytes);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| gzip_samples(&bytes)) == want, "{threads} threads");
        }
        for step in [70_000, BATCH - 1] {
            let mut stream = GzipStream::new(Vec::new(), Content::Samples);
            for part in bytes.chunks(step) {
                stream.write(part).unwrap();
            }
            assert!(stream.finish().unwrap() == want, "writes of {step}");
        }
    }
}
