//! Checksums of bytes on their way to a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use blake3::Hasher;

use super::{Checksum, open_file};
use crate::Result;

/// Hashes what passes to a writer.
#[derive(Debug)]
pub(crate) struct Hashed<W> {
    to: W,
    hash: Hasher,
}

impl<W> Hashed<W> {
    pub(crate) fn new(to: W) -> Hashed<W> {
        Hashed { to, hash: Hasher::new() }
    }

    pub(crate) fn checksum(&self) -> Checksum {
        self.hash.finalize().into()
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Hashes pieces of a file that are written at their places: as they pass where they come in order, else by reading the
/// file when all are there.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    hash: Hasher,
    /// Bytes hashed: where the next piece in order begins.
    next: u64,
    out_of_order: bool,
}

impl Placed {
    /// The piece from byte `at` on; no piece comes twice.
    pub(crate) fn piece(&mut self, at: u64, bytes: &[u8]) {
        self.out_of_order |= at != self.next;
        if !self.out_of_order {
            self.hash.update_rayon(bytes);
            self.next += bytes.len() as u64;
        }
    }

    /// Pieces come in no order.
    pub(crate) fn scattered(&mut self) {
        self.out_of_order = true;
    }

    /// The checksum of the whole file, which is complete.
    pub(crate) fn checksum(&self, path: &Path, file: &File) -> Result<Checksum> {
        if self.out_of_order { open_file(path, file) } else { Ok(self.hash.finalize().into()) }
    }
}
