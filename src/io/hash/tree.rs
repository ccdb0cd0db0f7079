//! BLAKE3 of an open file in parts that come in any order, from any thread: each part is a complete subtree of the hash,
//! reduced to its chaining value; the values are merged when all are there. What others read of the file is hashed as it
//! passes, so that it is read once; who asks for the hash reads what is left.
//!
//! A subtree is a power of two of chunks that begins at a multiple of its length, and the left subtree of `n` chunks is
//! the largest power of two of them below `n`. The file is read, not mapped: one that is cut meanwhile is an error,
//! where a map would end the process.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use blake3::{CHUNK_LEN, Hash, Hasher};

use super::taken::{Taken, subtrees};
use super::{files, interrupt};
use crate::{Error, Result};

/// Bytes of a chunk, the leaf of the hash.
const CHUNK: u64 = CHUNK_LEN as u64;

/// The most bytes of a subtree that one thread reads; a file of no more is hashed at once.
const PART: u64 = 1 << 20;

/// Bytes a read: few system calls, and still in the second cache level when they are hashed.
const BUFFER: usize = 256 << 10;

/// A file, and what of it has been hashed.
#[derive(Debug)]
pub(crate) struct Tree {
    path: PathBuf,
    file: File,
    length: u64,
    state: Mutex<State>,
    cancelled: AtomicBool,
}

#[derive(Debug)]
struct State {
    taken: Taken,
    made: Vec<Subtree>,
}

/// A subtree of these chunks.
#[derive(Debug, Clone)]
struct Subtree {
    chunks: Range<u64>,
    value: ChainingValue,
}

impl Tree {
    pub(super) fn open(path: &Path) -> Result<Tree> {
        Tree::of_file(path, files::open(path)?)
    }

    pub(super) fn of_file(path: &Path, file: File) -> Result<Tree> {
        let length = file.metadata().map_err(|e| files::cannot_read(path, e))?.len();
        let chunks = if length > PART { length.div_ceil(CHUNK) } else { 0 };
        let state = Mutex::new(State { taken: Taken::none_of(chunks), made: Vec::new() });
        let cancelled = AtomicBool::new(false);
        Ok(Tree { path: path.to_path_buf(), file, length, state, cancelled })
    }

    /// The most threads that find work.
    pub(super) fn n_parts(&self) -> usize {
        self.length.div_ceil(PART) as usize
    }

    /// No more parts are given out.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes before these a read of them has to begin, for [`Tree::pass`] to hash them; none where they have been.
    pub(crate) fn lead(&self, bytes: Range<u64>) -> Option<usize> {
        let chunks = bytes.start / CHUNK..bytes.end.div_ceil(CHUNK);
        self.state().taken.lacks(chunks).then_some((bytes.start % CHUNK) as usize)
    }

    /// Hashes whole chunks of what was read from byte `at` on, where a chunk begins, but for what has been.
    pub(crate) fn pass(&self, at: u64, bytes: &[u8]) {
        let end = at + bytes.len() as u64;
        let last = if end == self.length { end.div_ceil(CHUNK) } else { end / CHUNK };
        let mine = self.state().taken.take_all(subtrees(at / CHUNK..last, PART / CHUNK));
        let hashed = mine.into_iter().map(|chunks| {
            let from = (chunks.start * CHUNK - at) as usize;
            let to = bytes.len().min((chunks.end * CHUNK - at) as usize);
            let mut hash = Hasher::new();
            hash.set_input_offset(chunks.start * CHUNK).update(&bytes[from..to]);
            Subtree { chunks, value: hash.finalize_non_root() }
        });
        let hashed: Vec<Subtree> = hashed.collect();
        self.state().made.extend(hashed);
    }

    /// Reads and hashes what nobody has taken until nothing is left.
    pub(super) fn work(&self) -> Result<()> {
        let mut buffer = Vec::new();
        while !self.cancelled.load(Ordering::Relaxed) {
            let Some(chunks) = self.state().taken.take_next(PART / CHUNK) else { break };
            let value = self.part(chunks.clone(), &mut buffer)?.finalize_non_root();
            self.state().made.push(Subtree { chunks, value });
        }
        Ok(())
    }

    /// These chunks, hashed.
    fn part(&self, chunks: Range<u64>, buffer: &mut Vec<u8>) -> Result<Hasher> {
        let (start, end) = (chunks.start * CHUNK, self.length.min(chunks.end * CHUNK));
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

    /// The hash of the whole file, of which nothing is left.
    pub(super) fn root(&self) -> Result<Hash> {
        let length = self.file.metadata().map_err(|e| files::cannot_read(&self.path, e))?.len();
        if length != self.length {
            return Err(Error::bad_data(
                self.path.display().to_string(),
                format!("had {} bytes and now has {length}", self.length),
                "stay as it is while it is read",
                "wait until it is complete, then rerun",
            ));
        }
        let chunks = self.length.div_ceil(CHUNK);
        if self.length <= PART {
            return Ok(self.part(0..chunks, &mut Vec::new())?.finalize());
        }
        let mut made = std::mem::take(&mut self.state().made);
        made.sort_unstable_by_key(|subtree| subtree.chunks.start);
        let end = made.iter().try_fold(0, |end, subtree| {
            (subtree.chunks.start == end).then_some(subtree.chunks.end)
        });
        if end != Some(chunks) {
            return Err(Error::internal(
                format!("the checksum of {}", self.path.display()),
                "was asked for again after it failed",
                "be given up",
                "",
            ));
        }
        let (left, right) = halves(&made);
        Ok(merge_subtrees_root(&merged(left), &merged(right), Mode::Hash))
    }
}

/// Subtrees of the left half of the chunks they cover, and of the right one.
fn halves(subtrees: &[Subtree]) -> (&[Subtree], &[Subtree]) {
    let ends = subtrees.first().zip(subtrees.last());
    let (first, end) = ends.map_or((0, 0), |(a, b)| (a.chunks.start, b.chunks.end));
    let middle = first + (end - first).next_power_of_two() / 2;
    subtrees.split_at(subtrees.partition_point(|subtree| subtree.chunks.start < middle))
}

fn merged(subtrees: &[Subtree]) -> ChainingValue {
    match subtrees {
        [one] => one.value,
        several => {
            let (left, right) = halves(several);
            merge_subtrees_non_root(&merged(left), &merged(right), Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: usize) -> Vec<u8> {
        (0..n).map(|i| (i * 31 % 251) as u8).collect()
    }

    fn file_of(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn parts_taken_by_several_in_any_order_hash_as_the_whole() {
        let part = PART as usize;
        for n in [0, 1, 1024, part - 1, part, part + 1, 2 * part, 5 * part + 3, 8 * part + 1] {
            let bytes = bytes(n);
            let (_folder, path) = file_of(&bytes);
            let tree = Tree::open(&path).unwrap();
            std::thread::scope(|s| {
                (0..3).for_each(|_| drop(s.spawn(|| tree.work().unwrap())));
            });
            assert_eq!(tree.root().unwrap(), blake3::hash(&bytes), "{n} bytes");
        }
    }

    /// Planes of volumes behind a header, as a run is read, twice; volumes that nobody reads; the end.
    #[test]
    fn what_passes_in_pieces_of_any_length_is_hashed_once_and_the_rest_is_read() {
        let (header, plane, planes, volumes) = (352, 4999, 9, 60);
        let bytes = bytes(header + plane * planes * volumes);
        let (_folder, path) = file_of(&bytes);
        for volumes in [0..0, 0..volumes, 3..volumes - 1] {
            let tree = Tree::open(&path).unwrap();
            for _ in 0..2 {
                for k in (0..planes).rev() {
                    for volume in volumes.clone() {
                        let from = header + (volume * planes + k) * plane;
                        let to = from + plane;
                        if let Some(lead) = tree.lead(from as u64..to as u64) {
                            tree.pass((from - lead) as u64, &bytes[from - lead..to]);
                        }
                    }
                }
            }
            let passed: u64 = tree.state().made.iter().map(|s| s.chunks.end - s.chunks.start).sum();
            let read = volumes.len() * planes * plane / CHUNK_LEN;
            assert!(passed.abs_diff(read as u64) < 2, "{passed} of {read} chunks");
            tree.work().unwrap();
            assert_eq!(tree.root().unwrap(), blake3::hash(&bytes), "volumes {volumes:?}");
        }
    }

    #[test]
    fn a_file_that_changes_its_length_while_it_is_hashed_is_an_error() {
        for (length, now, word) in
            [(3 * PART, PART, "ends too early"), (2 * PART, 2 * PART + 1, "had 2097152 bytes")]
        {
            let (_folder, path) = file_of(&vec![7; length as usize]);
            let tree = Tree::open(&path).unwrap();
            File::options().write(true).open(&path).unwrap().set_len(now).unwrap();
            let error = tree.work().and_then(|()| tree.root()).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert_eq!(error.exit_code(), 65);
        }
    }
}
