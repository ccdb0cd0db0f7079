//! BLAKE3 of an open file in parts that any thread may take: each part is a subtree of the hash, read at its place and
//! reduced to its chaining value; the values are merged when all are there.
//!
//! A part is a power of two of BLAKE3's chunks, so every part but the last is a complete subtree, and the left subtree of
//! `n` parts is the largest power of two of them below `n`. The file is read, not mapped: one that is cut meanwhile is an
//! error, where a map would end the process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use blake3::{Hash, Hasher};

use super::{files, interrupt};
use crate::{Error, Result};

/// Bytes of a part.
const PART: u64 = 1 << 20;

/// Bytes a read: few system calls, and still in the second cache level when they are hashed.
const BUFFER: usize = 256 << 10;

/// Parts with their chaining values.
pub(super) type Values = Vec<(usize, ChainingValue)>;

/// A file and which of its parts have been taken.
#[derive(Debug)]
pub(super) struct Tree {
    path: PathBuf,
    file: File,
    length: u64,
    taken: AtomicUsize,
    cancelled: AtomicBool,
}

impl Tree {
    pub(super) fn open(path: &Path) -> Result<Tree> {
        Tree::of_file(path, files::open(path)?)
    }

    pub(super) fn of_file(path: &Path, file: File) -> Result<Tree> {
        let length = file.metadata().map_err(|e| files::cannot_read(path, e))?.len();
        let (taken, cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Tree { path: path.to_path_buf(), file, length, taken, cancelled })
    }

    pub(super) fn n_parts(&self) -> usize {
        self.length.div_ceil(PART) as usize
    }

    /// No more parts are given out.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Hashes parts that nobody has taken until none is left.
    pub(super) fn work(&self) -> Result<Values> {
        let mut buffer = Vec::new();
        let mut values = Values::new();
        while !self.cancelled.load(Ordering::Relaxed) {
            let part = self.taken.fetch_add(1, Ordering::Relaxed);
            if part >= self.n_parts() {
                break;
            }
            values.push((part, self.part(part as u64 * PART, &mut buffer)?.finalize_non_root()));
        }
        Ok(values)
    }

    /// The part from byte `start` on, hashed.
    fn part(&self, start: u64, buffer: &mut Vec<u8>) -> Result<Hasher> {
        let end = self.length.min(start + PART);
        buffer.resize(BUFFER, 0);
        let mut hash = Hasher::new();
        hash.set_input_offset(start);
        for at in (start..end).step_by(BUFFER) {
            interrupt::check()?;
            let piece = &mut buffer[..(end - at).min(BUFFER as u64) as usize];
            files::read_exact_at(&self.file, piece, at)
                .map_err(|e| files::cannot_read(&self.path, e))?;
            hash.update(piece);
        }
        Ok(hash)
    }

    /// The hash of the whole file from the values of all its parts, in any order.
    pub(super) fn root(&self, mut values: Values) -> Result<Hash> {
        values.sort_unstable_by_key(|(part, _)| *part);
        let length = self.file.metadata().map_err(|e| files::cannot_read(&self.path, e))?.len();
        if length != self.length {
            return Err(Error::bad_data(
                self.path.display().to_string(),
                format!("had {} bytes and now has {length}", self.length),
                "stay as it is while it is read",
                "wait until it is complete, then rerun",
            ));
        }
        if self.n_parts() < 2 {
            return Ok(self.part(0, &mut Vec::new())?.finalize());
        }
        if !values.iter().map(|(part, _)| *part).eq(0..self.n_parts()) {
            return Err(Error::internal(
                format!("the checksum of {}", self.path.display()),
                "was asked for again after it failed",
                "be given up",
                "",
            ));
        }
        let values: Vec<ChainingValue> = values.into_iter().map(|(_, value)| value).collect();
        let (left, right) = values.split_at(left_parts(values.len()));
        Ok(merge_subtrees_root(&merged(left), &merged(right), Mode::Hash))
    }
}

/// Parts of the left subtree of `n`, two or more: the largest power of two below `n`.
fn left_parts(n: usize) -> usize {
    n.next_power_of_two() / 2
}

fn merged(values: &[ChainingValue]) -> ChainingValue {
    match values {
        [one] => *one,
        values => {
            let (left, right) = values.split_at(left_parts(values.len()));
            merge_subtrees_non_root(&merged(left), &merged(right), Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_taken_by_several_in_any_order_hash_as_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let part = PART as usize;
        for n in [0, 1, 1024, part - 1, part, part + 1, 2 * part, 5 * part + 3, 8 * part + 1] {
            let bytes: Vec<u8> = (0..n).map(|i| (i * 31 % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let tree = Tree::open(&path).unwrap();
            let mut values: Values = std::thread::scope(|s| {
                let workers: Vec<_> = (0..3).map(|_| s.spawn(|| tree.work().unwrap())).collect();
                workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
            });
            values.reverse();
            assert_eq!(tree.root(values).unwrap(), blake3::hash(&bytes), "{n} bytes");
        }
    }

    #[test]
    fn a_file_that_changes_its_length_while_it_is_hashed_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (length, now, word) in
            [(3 * PART, PART, "ends too early"), (2 * PART, 2 * PART + 1, "had 2097152 bytes")]
        {
            std::fs::write(&path, vec![7; length as usize]).unwrap();
            let tree = Tree::open(&path).unwrap();
            File::options().write(true).open(&path).unwrap().set_len(now).unwrap();
            let error = tree.work().and_then(|values| tree.root(values)).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert_eq!(error.exit_code(), 65);
        }
    }
}
