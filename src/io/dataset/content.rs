//! Whether a file is more than its name.

use std::io::Read;
use std::path::Path;

/// What is behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Bytes.
    There,
    /// A link or a pointer of git-annex whose content was not fetched.
    NotFetched,
    /// No byte at all.
    Empty,
    /// Nothing of this name.
    Gone,
}

/// What pointer files begin with, on Windows with the other slash.
const POINTERS: [&[u8]; 4] = [
    b"/annex/objects/",
    b"\\annex\\objects\\",
    b"../.git/annex/objects/",
    b"version https://git-lfs",
];
/// Pointers are no longer than this.
const SHORT: u64 = 32 << 10;

/// What is behind a name; no more is read than the beginning of a short file.
#[must_use]
pub fn content(path: &Path) -> Content {
    let Ok(known) = std::fs::metadata(path) else {
        let is_link = path.symlink_metadata().is_ok_and(|m| m.file_type().is_symlink());
        return if is_link { Content::NotFetched } else { Content::Gone };
    };
    if !known.is_file() {
        return Content::Gone;
    }
    match known.len() {
        0 => Content::Empty,
        n if n < SHORT && is_pointer(path) => Content::NotFetched,
        _ => Content::There,
    }
}

fn is_pointer(path: &Path) -> bool {
    let mut start = [0; 32];
    let mut n = 0;
    let Ok(mut file) = std::fs::File::open(path) else { return false };
    while let Ok(more @ 1..) = file.read(&mut start[n..]) {
        n += more;
    }
    POINTERS.iter().any(|pointer| start[..n].starts_with(pointer))
}
