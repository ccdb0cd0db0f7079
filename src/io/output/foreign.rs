//! What an output may take the place of.

use std::fs;
use std::path::Path;

use super::Outputs;
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

impl Outputs {
    /// Refuses a target that holds another's work, unless anything may be replaced. `known`: the checksum that a sidecar of
    /// boldly records for it, where there is one.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that no sidecar records, or whose bytes are not the recorded ones; what reading it meets.
    pub fn refuse_foreign(&self, path: &Path, known: Option<&Checksum>) -> Result<()> {
        if self.overwrite == Overwrite::Anything || fs::symlink_metadata(path).is_err() {
            return Ok(());
        }
        let found = match known {
            Some(known) if known.again(path)? == *known => return Ok(()),
            Some(_) => "was changed since boldly made it",
            None => "exists, and nothing says that boldly made it",
        };
        Err(Error::usage(
            path.display().to_string(),
            found,
            "be free, or as boldly made it",
            "choose another name, or add --overwrite",
        ))
    }
}
