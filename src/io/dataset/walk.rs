//! The files below a folder.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::Result;
use crate::io::bids::ROOT_MARK;
use crate::io::{folder, interrupt};

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
pub(super) fn has_subjects(folder: &Path) -> Result<bool> {
    let is_subject = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sub-"))
    };
    Ok(folders(folder)?.iter().any(is_subject))
}

/// What lies in a folder, and whether each is a folder; what is hidden is left out.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, bool)>> {
    let seen = folder::listed(folder)?.into_iter().filter(|entry| !entry.is_hidden());
    seen.map(|entry| {
        let is_folder = entry.is_folder()?;
        Ok((entry.path, is_folder))
    })
    .collect()
}
