//! Gzip out: one member, compressed in parallel blocks whose bytes do not depend on the number of threads.
//!
//! The stream is cut at fixed places; each piece is deflated alone and ended by a sync flush (an empty stored block,
//! RFC 1951), so that the pieces stand one behind the other in a single deflate stream. The modification time is 0.

use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress};
use rayon::prelude::*;

/// Uncompressed bytes of a piece. A property of the format written: other values give other bytes.
const PIECE: usize = 256 << 10;

/// Bytes collected before their pieces are compressed together.
const BATCH: usize = 32 * PIECE;

/// Deflate level of zlib-rs, as nibabel's: speed before size.
const LEVEL: u32 = 1;

/// Magic, deflate, no flags, no time, no extra flags, unknown system (RFC 1952).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// An empty final block with fixed codes.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// The bytes as one gzip member.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
    let mut stream = GzipStream::new(&mut out);
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
    started: bool,
    pending: Vec<u8>,
    crc: Crc,
    length: u64,
}

impl<W: Write> GzipStream<W> {
    pub(super) fn new(out: W) -> GzipStream<W> {
        GzipStream { out, started: false, pending: Vec::new(), crc: Crc::new(), length: 0 }
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

    /// Compresses what begins at a piece's boundary.
    fn compress(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.started {
            self.out.write_all(&HEADER)?;
            self.started = true;
        }
        let fresh = || Compress::new(Compression::new(LEVEL), false);
        let pieces: Vec<io::Result<(Vec<u8>, Crc)>> =
            bytes.par_chunks(PIECE).map_init(fresh, deflate).collect();
        for piece in pieces {
            let (packed, crc) = piece?;
            self.out.write_all(&packed)?;
            self.crc.combine(&crc);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Writes what is left and the trailer; gives the writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let rest = std::mem::take(&mut self.pending);
        self.compress(&rest)?;
        self.out.write_all(&LAST_BLOCK)?;
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&(self.length as u32).to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One piece: deflate blocks up to a byte boundary, and its checksum.
fn deflate(stream: &mut Compress, bytes: &[u8]) -> io::Result<(Vec<u8>, Crc)> {
    stream.reset();
    let mut out = Vec::with_capacity(bytes.len() / 2 + 1024);
    loop {
        let taken = stream.total_in() as usize;
        stream.compress_vec(&bytes[taken..], &mut out, FlushCompress::Sync)?;
        // Room left over means that the flush is complete.
        if stream.total_in() as usize == bytes.len() && out.len() < out.capacity() {
            break;
        }
        out.reserve(bytes.len() / 4 + 1024);
    }
    let mut crc = Crc::new();
    crc.update(bytes);
    Ok((out, crc))
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
        for n in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17, BATCH, BATCH + 5] {
            let bytes = noise(n);
            let packed = gzip(&bytes);
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
    fn the_bytes_do_not_depend_on_threads_or_on_the_size_of_the_writes() {
        let bytes = noise(BATCH + 3 * PIECE + 99);
        let want = gzip(&bytes);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| gzip(&bytes)) == want, "{threads} threads");
        }
        for step in [70_000, BATCH - 1] {
            let mut stream = GzipStream::new(Vec::new());
            for part in bytes.chunks(step) {
                stream.write(part).unwrap();
            }
            assert!(stream.finish().unwrap() == want, "writes of {step}");
        }
    }
}
