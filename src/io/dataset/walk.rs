//! The files below a folder.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::io::bids::ROOT_MARK;
use crate::io::interrupt;
use crate::{Error, Result};

/// Folders below the root are looked into so deep: links may lead in circles.
const DEEPEST: usize = 16;

/// All files, relative to the root, in order; hidden ones, those of `without` at the root and those of datasets within it left out.
pub(super) fn files(root: &Path, without: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = below(root, Path::new(""), without, 0)?;
    found.sort();
    Ok(found)
}

fn below(root: &Path, folder: &Path, without: &[&str], deep: usize) -> Result<Vec<PathBuf>> {
    interrupt::check()?;
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for (path, is_folder) in entries(&root.join(folder))? {
        let name = path.file_name().unwrap_or_default();
        let here = folder.join(name);
        if !is_folder {
            files.push(here);
        } else if !(folder.as_os_str().is_empty() && without.iter().any(|w| name == *w)) {
            folders.push(here);
        }
    }
    let is_own = |at: &&PathBuf| !root.join(at).join(ROOT_MARK).is_file();
    if deep < DEEPEST {
        let of = |at: &PathBuf| below(root, at, without, deep + 1);
        let all = folders.par_iter().filter(is_own).map(of).collect::<Result<Vec<_>>>()?;
        files.extend(all.into_iter().flatten());
    }
    Ok(files)
}

/// The folders of a folder, in order; hidden ones left out.
pub(super) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let all = entries(folder)?;
    let mut folders: Vec<PathBuf> = all.into_iter().filter(|(_, is)| *is).map(|(p, _)| p).collect();
    folders.sort();
    Ok(folders)
}

/// Whether a folder has folders of subjects.
pub(super) fn has_subjects(folder: &Path) -> bool {
    let is_subject = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sub-"))
    };
    folders(folder).is_ok_and(|all| all.iter().any(is_subject))
}

/// What lies in a folder, and whether each is a folder; what is hidden is left out.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, bool)>> {
    let unreadable = |e: std::io::Error| {
        Error::missing_input(
            folder.display().to_string(),
            "cannot be listed",
            "be a folder that may be read",
            "check its permissions and the disk",
        )
        .caused_by(e)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(unreadable)?;
        let path = entry.path();
        // A link to a file that is not here is a file still: git-annex leaves such where content was not fetched.
        let is_folder = kind.is_dir() || kind.is_symlink() && path.is_dir();
        found.push((path, is_folder));
    }
    Ok(found)
}
