//! What an output may take the place of.

use std::fs;
use std::path::Path;

use crate::io::hash::Checksum;
use crate::{Error, Result};

/// What may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwrite {
    /// What boldly made and nobody has changed since.
    #[default]
    Own,
    /// Any file.
    Anything,
}

impl Overwrite {
    /// Refuses a target that holds another's work, unless anything may be replaced. `known`: the checksum that a sidecar of
    /// boldly records for it, where there is one.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that no sidecar records, or whose bytes are not the recorded ones; what reading it meets.
    pub fn refuse_foreign(self, path: &Path, known: Option<&Checksum>) -> Result<()> {
        if self == Overwrite::Anything || fs::symlink_metadata(path).is_err() {
            return Ok(());
        }
        match known {
            Some(known) if known.again(path)? == *known => Ok(()),
            Some(_) => self.refuse_changed(path),
            None => Err(in_the_way(path, "exists, and nothing says that boldly made it")),
        }
    }

    /// Refuses a target that somebody has changed since boldly made it, unless anything may be replaced.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn refuse_changed(self, path: &Path) -> Result<()> {
        match self {
            Overwrite::Anything => Ok(()),
            Overwrite::Own => Err(in_the_way(path, "was changed since boldly made it")),
        }
    }
}

fn in_the_way(path: &Path, found: &str) -> Error {
    Error::usage(
        path.display().to_string(),
        found,
        "be free, or as boldly made it",
        "choose another name, or add --overwrite",
    )
}
