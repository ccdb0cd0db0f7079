//! Results on disk, all or nothing: every file is written under a temporary name in its folder, [`Outputs::commit`]
//! renames them, and without it they vanish, with the folders that were made for them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::compress::{gzip, gzip_samples};
use super::header::Header;
use super::write::BoldWriter;
use super::{interrupt, sample};
use crate::{Error, Result};

/// Bytes between two looks at the interrupt flag.
const STEP: usize = 8 << 20;

/// Files on their way. Methods take `&self`: several threads may write at once.
#[derive(Debug, Default)]
pub struct Outputs {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Pending>,
    /// Folders made here, parents first.
    folders: Vec<PathBuf>,
}

#[derive(Debug)]
struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    complete: Arc<AtomicBool>,
}

/// A temporary file being written.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) file: File,
    complete: Arc<AtomicBool>,
}

impl Started {
    /// Everything is written.
    pub(super) fn complete(self) {
        self.complete.store(true, Ordering::Release);
    }
}

impl Outputs {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Outputs {
        Outputs::default()
    }

    /// Makes a folder for outputs to come, so that a place that cannot be written shows before the work, not after it.
    ///
    /// # Errors
    /// [`Error::Output`] where it cannot be made.
    pub fn folder(&self, path: &Path) -> Result<()> {
        make_folders(path, &mut self.lock().folders).map_err(|e| cannot_write(path, e))
    }

    /// Writes maps of one grid as the volumes of one image; a single map stays 3-D.
    ///
    /// # Errors
    /// As for [`Outputs::map`].
    pub fn maps(&self, path: &Path, header: &Header, rows: &[Vec<f32>]) -> Result<()> {
        match rows {
            [row] => self.map(path, header, row),
            rows => {
                let mut header = header.clone();
                header.shape.push(rows.len());
                self.map(path, &header, &rows.concat())
            }
        }
    }

    /// Writes one map, or any image whose values are all at hand, as float32; .nii or .nii.gz by its name.
    ///
    /// # Errors
    /// [`Error::Usage`] for another ending or a name given twice, [`Error::Output`] where it cannot be written,
    /// [`Error::Internal`] where the values are not as many as the header says.
    pub fn map(&self, path: &Path, header: &Header, values: &[f32]) -> Result<()> {
        if values.len() != header.len() {
            return Err(Error::internal(
                path.display().to_string(),
                format!("was given {} values", values.len()),
                format!("get {} for the extents {:?}", header.len(), header.shape),
                "",
            ));
        }
        let compressed = is_compressed_image(path)?;
        let bytes = [&header.as_f32().to_bytes()[..], &sample::little_endian(values)].concat();
        if compressed { self.bytes(path, &gzip_samples(&bytes)) } else { self.bytes(path, &bytes) }
    }

    /// Starts a run of the header's extents, to be filled block by block; .nii or .nii.gz by its name.
    ///
    /// # Errors
    /// As for [`Outputs::map`].
    pub fn bold(&self, path: &Path, header: &Header) -> Result<BoldWriter> {
        let compressed = is_compressed_image(path)?;
        BoldWriter::start(path, header, compressed, self.start(path)?)
    }

    /// Writes a text file.
    ///
    /// # Errors
    /// [`Error::Output`] where it cannot be written, [`Error::Usage`] for a name given twice.
    pub fn text(&self, path: &Path, text: &str) -> Result<()> {
        self.bytes(path, text.as_bytes())
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// As for [`Outputs::text`].
    pub fn bytes(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut started = self.start(path)?;
        for part in bytes.chunks(STEP) {
            interrupt::check()?;
            started.file.write_all(part).map_err(|e| cannot_write(path, e))?;
        }
        started.complete();
        Ok(())
    }

    /// Writes bytes as one gzip member, for .tsv.gz.
    ///
    /// # Errors
    /// As for [`Outputs::text`].
    pub fn compressed(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.bytes(path, &gzip(bytes))
    }

    /// Gives every file its final name. Nothing is renamed unless all are complete and no name is taken by a folder.
    ///
    /// # Errors
    /// [`Error::Output`] where a file cannot be renamed, [`Error::Interrupted`], [`Error::Internal`] for a run whose
    /// writer was not finished. What has no final name then vanishes.
    pub fn commit(&mut self) -> Result<()> {
        interrupt::check()?;
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for file in &state.files {
            if !file.complete.load(Ordering::Acquire) {
                return Err(Error::internal(
                    file.target.display().to_string(),
                    "was committed before its writer finished",
                    "be complete",
                    "",
                ));
            }
            refuse_odd_target(&file.target)?;
        }
        while let Some(file) = state.files.first() {
            fs::rename(&file.temporary, &file.target).map_err(|e| cannot_write(&file.target, e))?;
            state.files.remove(0);
        }
        state.folders.clear();
        Ok(())
    }

    /// Opens a temporary file for a target, making the folders above it.
    fn start(&self, path: &Path) -> Result<Started> {
        interrupt::check()?;
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut state = self.lock();
        if state.files.iter().any(|f| f.target == path) {
            return Err(Error::usage(
                path.display().to_string(),
                "is the name of two outputs",
                "be the name of one",
                "rename one of them",
            ));
        }
        refuse_odd_target(path)?;
        let folder = match path.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        make_folders(folder, &mut state.folders).map_err(|e| cannot_write(path, e))?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!(".boldly-{}-{number}.tmp", std::process::id()));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(|e| cannot_write(path, e))?;
        let complete = Arc::new(AtomicBool::new(false));
        state.files.push(Pending {
            temporary,
            target: path.to_path_buf(),
            complete: Arc::clone(&complete),
        });
        Ok(Started { file, complete })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for file in &state.files {
            let _ = fs::remove_file(&file.temporary);
        }
        // Only folders that are empty again go; others hold what somebody else has put there.
        for folder in state.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Makes a folder and those above it, noting which are new.
fn make_folders(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
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

/// A rename must not replace a folder or a device.
fn refuse_odd_target(path: &Path) -> Result<()> {
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
pub(super) fn is_compressed_image(path: &Path) -> Result<bool> {
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
pub(super) fn cannot_write(path: &Path, error: io::Error) -> Error {
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
