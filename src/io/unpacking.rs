//! How far compressed images are read while they are unpacked, for whoever shows it. What unpacks is several calls below
//! whoever watches, and may be a thread of its own, so it counts for the process.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes between two counts where a file is read at once.
const PART: u64 = 4 << 20;

/// What the process unpacks now.
static NOW: Counts = Counts::new();

/// Compressed bytes of the images that are being unpacked now: those read, and all; none where none is.
#[must_use]
pub fn under_way() -> Option<(u64, u64)> {
    NOW.under_way()
}

struct Counts {
    read: AtomicU64,
    all: AtomicU64,
}

impl Counts {
    const fn new() -> Counts {
        Counts { read: AtomicU64::new(0), all: AtomicU64::new(0) }
    }

    fn under_way(&self) -> Option<(u64, u64)> {
        let all = self.all.load(Relaxed);
        // A file may have grown.
        (all > 0).then(|| (self.read.load(Relaxed).min(all), all))
    }
}

/// A compressed file that is read to be unpacked; under way until it is dropped.
pub(super) struct Reading<R> {
    inner: R,
    read: u64,
    all: u64,
    counts: &'static Counts,
}

impl<R> Reading<R> {
    /// `all`: bytes of the file.
    pub(super) fn new(inner: R, all: u64) -> Reading<R> {
        Reading::among(&NOW, inner, all)
    }

    fn among(counts: &'static Counts, inner: R, all: u64) -> Reading<R> {
        counts.all.fetch_add(all, Relaxed);
        Reading { inner, read: 0, all, counts }
    }

    fn count(&mut self, n: usize) {
        self.read += n as u64;
        self.counts.read.fetch_add(n as u64, Relaxed);
    }
}

impl Reading<&File> {
    /// Begins the file anew.
    pub(super) fn rewind(&mut self) -> std::io::Result<()> {
        self.counts.read.fetch_sub(std::mem::take(&mut self.read), Relaxed);
        self.inner.rewind()
    }

    /// The rest of the file, in parts: the file itself fills memory that nobody zeroed, where a reader around it would not.
    pub(super) fn rest(&mut self, packed: &mut Vec<u8>) -> std::io::Result<()> {
        loop {
            match self.inner.take(PART).read_to_end(packed)? {
                0 => return Ok(()),
                n => self.count(n),
            }
        }
    }
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)?;
        self.count(n);
        Ok(n)
    }
}

impl<R> Drop for Reading<R> {
    fn drop(&mut self) {
        self.counts.all.fetch_sub(self.all, Relaxed);
        self.counts.read.fetch_sub(self.read, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_unpacked_together_are_counted_together_until_each_is_done() {
        static COUNTS: Counts = Counts::new();
        assert_eq!(COUNTS.under_way(), None);
        let mut first = Reading::among(&COUNTS, &[0_u8; 40][..], 40);
        let mut second = Reading::among(&COUNTS, &[0_u8; 60][..], 60);
        first.read_exact(&mut [0; 10]).expect("10 of 40");
        second.read_exact(&mut [0; 60]).expect("60 of 60");
        assert_eq!(COUNTS.under_way(), Some((70, 100)));
        drop(second);
        assert_eq!(COUNTS.under_way(), Some((10, 40)));
        drop(first);
        assert_eq!(COUNTS.under_way(), None);
    }
}
