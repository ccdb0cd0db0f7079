//! Checksums of files for the sidecars: BLAKE3, whose tree lets every core hash a part. Sidecars of older versions hold
//! SHA-256, which is computed only to check what they say.
//! Source: the BLAKE3 paper (O'Connor, Aumasson, Neves, Wilcox-O'Hearn 2020), section 2.1 for the tree; FIPS 180-4.

use std::fmt;
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

mod beside;
mod passing;
mod sha256;
mod taken;
mod tree;

pub(crate) use beside::Hashing;
pub(crate) use passing::{Hashed, Placed};
pub(crate) use tree::Tree;

use super::{files, interrupt};
use crate::Result;

/// A checksum of a file as it lies on disk (compressed bytes where it is compressed), in lower-case hexadecimal. In a
/// sidecar it is a field of its kind's name: `"blake3": "af13..."`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    /// What boldly writes.
    Blake3(String),
    /// What its first versions wrote.
    Sha256(String),
}

impl Checksum {
    /// The digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        match self {
            Checksum::Blake3(hex) | Checksum::Sha256(hex) => hex,
        }
    }

    /// The checksum of the same kind that a file has now.
    ///
    /// # Errors
    /// As for [`file()`].
    pub fn again(&self, path: &Path) -> Result<Checksum> {
        match self {
            Checksum::Blake3(_) => file(path),
            Checksum::Sha256(_) => sha256::file(path).map(Checksum::Sha256),
        }
    }
}

impl From<blake3::Hash> for Checksum {
    fn from(hash: blake3::Hash) -> Checksum {
        Checksum::Blake3(hash.to_hex().to_string())
    }
}

/// `BLAKE3 af13...`
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Checksum::Blake3(_) => "BLAKE3",
            Checksum::Sha256(_) => "SHA-256",
        };
        write!(f, "{kind} {}", self.hex())
    }
}

/// The BLAKE3 of a file, by all cores.
///
/// # Errors
/// As for any input that cannot be opened or read, [`crate::Error::BadData`] where it changes its length meanwhile;
/// [`crate::Error::Interrupted`].
pub fn file(path: &Path) -> Result<Checksum> {
    Hashing::prepare(path)?.finish()
}

/// The same of a file that is open and may have no name of its own; `path` is what errors call it.
pub(crate) fn open_file(path: &Path, file: &File) -> Result<Checksum> {
    Hashing::of_file(path, file)?.finish()
}

/// The BLAKE3 of bytes, by all cores.
#[must_use]
pub fn bytes(bytes: &[u8]) -> Checksum {
    blake3::Hasher::new().update_rayon(bytes).finalize().into()
}
