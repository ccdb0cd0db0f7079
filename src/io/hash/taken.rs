//! Which chunks of a file somebody hashes or has hashed.

use std::ops::Range;

/// One bit a chunk.
#[derive(Debug)]
pub(super) struct Taken {
    bits: Vec<u64>,
    n: u64,
    /// No chunk before it is free.
    next: u64,
}

impl Taken {
    /// Of `n` chunks none.
    pub(super) fn none_of(n: u64) -> Taken {
        Taken { bits: vec![0; n.div_ceil(64) as usize], n, next: 0 }
    }

    fn is_free(&self, chunk: u64) -> bool {
        chunk < self.n && self.bits[(chunk / 64) as usize] & (1 << (chunk % 64)) == 0
    }

    /// Whether one of these is free.
    pub(super) fn lacks(&self, mut chunks: Range<u64>) -> bool {
        chunks.any(|chunk| self.is_free(chunk))
    }

    /// Takes a subtree of which every chunk is free.
    fn take(&mut self, chunks: Range<u64>) -> Option<Range<u64>> {
        if !chunks.clone().all(|chunk| self.is_free(chunk)) {
            return None;
        }
        for chunk in chunks.clone() {
            self.bits[(chunk / 64) as usize] |= 1 << (chunk % 64);
        }
        Some(chunks)
    }

    /// Takes those subtrees of which every chunk is free.
    pub(super) fn take_all(&mut self, all: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
        all.filter_map(|chunks| self.take(chunks)).collect()
    }

    /// Takes the first free subtree, of at most so many chunks; none where nothing is free.
    pub(super) fn take_next(&mut self, most: u64) -> Option<Range<u64>> {
        while self.next < self.n && !self.is_free(self.next) {
            self.next += 1;
        }
        let end = (self.next..self.n.min(self.next + most)).take_while(|&c| self.is_free(c)).last();
        let chunks = subtrees(self.next..end? + 1, most).next()?;
        self.take(chunks)
    }
}

/// The complete subtrees that a range of chunks consists of: each a power of two that begins at a multiple of itself, at most `most`.
pub(super) fn subtrees(chunks: Range<u64>, most: u64) -> impl Iterator<Item = Range<u64>> {
    let mut start = chunks.start;
    std::iter::from_fn(move || {
        let left = chunks.end.checked_sub(start).filter(|&left| left > 0)?;
        let aligned = if start == 0 { most } else { 1 << start.trailing_zeros() };
        let here = start..start + most.min(aligned).min(1 << left.ilog2());
        start = here.end;
        Some(here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees_cover_a_range_and_begin_at_multiples_of_their_length() {
        for (range, want) in [
            (0..0, vec![]),
            (0..5, vec![0..4, 4..5]),
            (3..17, vec![3..4, 4..8, 8..16, 16..17]),
            (16..48, vec![16..24, 24..32, 32..40, 40..48]),
        ] {
            assert_eq!(subtrees(range.clone(), 8).collect::<Vec<_>>(), want, "{range:?}");
        }
    }

    #[test]
    fn a_chunk_is_taken_once_and_what_is_left_is_found_around_it() {
        let mut taken = Taken::none_of(70);
        assert_eq!(taken.take_all([4..8, 6..8, 66..68].into_iter()), [4..8, 66..68]);
        assert!(!taken.lacks(4..8) && taken.lacks(4..9) && !taken.lacks(66..68));
        let rest: Vec<_> = std::iter::from_fn(|| taken.take_next(32)).collect();
        assert_eq!(rest, [0..4, 8..16, 16..32, 32..64, 64..66, 68..70]);
        assert!(!taken.lacks(0..1000));
    }
}
