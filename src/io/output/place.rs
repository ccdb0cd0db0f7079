//! Where outputs go: folders, names that may be written, and why others may not.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The folder a file lies in.
pub(in crate::io) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes a folder and those above it, noting which are new.
pub(super) fn make_folders(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut missing = Vec::new();
    for folder in folder.ancestors().filter(|f| !f.as_os_str().is_empty()) {
        match fs::metadata(folder) {
            Ok(m) if m.is_dir() => break,
            Ok(_) => return Err(ErrorKind::NotADirectory.into()),
            Err(e) if e.kind() == ErrorKind::NotFound => missing.push(folder),
            Err(e) => return Err(e),
        }
    }
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Ok(()) => made.push(folder.to_path_buf()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// The list of its names reaches the disk.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // A disk that does not sync folders, or one that may be written and not listed.
        Err(e)
            if [ErrorKind::Unsupported, ErrorKind::InvalidInput, ErrorKind::PermissionDenied]
                .contains(&e.kind()) =>
        {
            Ok(())
        }
        done => done,
    }
}

/// A folder is no file there.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A rename must not replace a folder or a device.
pub(super) fn refuse_odd_target(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(m) if !m.is_file() => Err(Error::output(
            path.display().to_string(),
            if m.is_dir() { "is a folder" } else { "is not a regular file" },
            "be free or a file that may be replaced",
            "choose another name",
        )),
        _ => Ok(()),
    }
}

/// Whether the name asks for .nii.gz (true) or .nii (false).
pub(in crate::io) fn is_compressed_image(path: &Path) -> Result<bool> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase());
    let name = name.unwrap_or_default();
    if name.ends_with(".nii.gz") {
        Ok(true)
    } else if name.ends_with(".nii") {
        Ok(false)
    } else {
        Err(Error::usage(
            path.display().to_string(),
            "is no name for an image",
            "end in .nii or .nii.gz",
            "the ending chooses whether it is compressed",
        ))
    }
}

/// An error while writing.
pub(in crate::io) fn cannot_write(path: &Path, error: io::Error) -> Error {
    let (found, hint) = match error.kind() {
        ErrorKind::StorageFull => ("does not fit the disk", "free some space or write elsewhere"),
        ErrorKind::QuotaExceeded => {
            ("exceeds your disk quota", "free some space or write elsewhere")
        }
        ErrorKind::FileTooLarge => {
            ("exceeds the file size limit", "raise the limit (ulimit -f) or write elsewhere")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ("cannot be written: permission denied", "choose a folder that you may write to")
        }
        ErrorKind::NotADirectory => {
            ("lies below a file that is not a folder", "choose another folder")
        }
        ErrorKind::InvalidFilename => {
            ("has a name that the disk does not take", "choose a shorter name")
        }
        _ => {
            return Error::output(
                path.display().to_string(),
                format!("cannot be written ({error})"),
                "be writable",
                "choose another folder",
            )
            .caused_by(error);
        }
    };
    Error::output(path.display().to_string(), found, "be writable", hint).caused_by(error)
}
