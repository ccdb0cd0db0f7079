//! What lies in a folder. What cannot be listed is an error: a file that is missed would be missing in silence.

use std::fs::FileType;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A name in a folder.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its path, the folder's before it.
    pub path: PathBuf,
    kind: FileType,
}

/// The entries of a folder by name, those of its subfolders not; of an empty path those of the current folder.
///
/// # Errors
/// [`Error::MissingInput`] where it or one of them cannot be read.
pub(crate) fn listed(folder: &Path) -> Result<Vec<Entry>> {
    let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let unreadable = |cause| cannot_list(shown, cause);
    let mut all = Vec::new();
    for entry in std::fs::read_dir(shown).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        all.push(Entry { path: folder.join(entry.file_name()), kind });
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// The same, none of a folder that is not there.
///
/// # Errors
/// As [`listed`].
pub(crate) fn listed_if_there(folder: &Path) -> Result<Vec<Entry>> {
    match std::fs::metadata(folder) {
        Ok(of) if of.is_dir() => listed(folder),
        Err(cause) if !is_absent(&cause) => Err(cannot_list(folder, cause)),
        _ => Ok(Vec::new()),
    }
}

fn is_absent(cause: &std::io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn cannot_list(folder: &Path, cause: std::io::Error) -> Error {
    Error::missing_input(
        folder.display().to_string(),
        "cannot be listed",
        "be a folder that may be read",
        "check its permissions and the disk, or name folders without it",
    )
    .caused_by(cause)
}

impl Entry {
    /// Whether its name begins with a dot.
    pub fn is_hidden(&self) -> bool {
        self.path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
    }

    /// Whether it is a folder itself; a link to one is not.
    pub fn is_own_folder(&self) -> bool {
        self.kind.is_dir()
    }

    /// Whether it is a folder or a link to one. A link to what is not here is a file still: git-annex leaves such where content was not
    /// fetched.
    ///
    /// # Errors
    /// [`Error::MissingInput`] for a link that cannot be followed: by permissions, or round a circle.
    pub fn is_folder(&self) -> Result<bool> {
        if !self.kind.is_symlink() {
            return Ok(self.kind.is_dir());
        }
        match std::fs::metadata(&self.path) {
            Ok(of) => Ok(of.is_dir()),
            Err(cause) if is_absent(&cause) => Ok(false),
            Err(cause) => Err(Error::missing_input(
                self.path.display().to_string(),
                "is a link that cannot be followed",
                "lead to a file or a folder that may be read",
                "look where it leads, or take it out of the folder",
            )
            .caused_by(cause)),
        }
    }
}

/// The paths of entries.
pub(crate) fn paths(entries: Vec<Entry>) -> Vec<PathBuf> {
    entries.into_iter().map(|entry| entry.path).collect()
}
