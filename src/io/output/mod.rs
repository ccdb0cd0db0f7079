//! Results on disk, all or nothing: every file is written under a temporary name in its folder, [`Outputs::commit`]
//! renames them, and without it they vanish, with the folders that were made for them.
//!
//! Sidecars get their names last, and the old sidecar of a name goes before its data change: whatever ends the process in
//! between, no sidecar describes bytes that it was not written for, and the next one that comes to the folder finishes it (`record`).
//! Two that give names in one folder take turns (`turn`).

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::compress::{gzip, gzip_samples};
use super::hash::{self, Checksum};
use super::header::Header;
use super::{interrupt, sample};
use crate::{Error, Result};

mod claim;
mod commit;
mod foreign;
mod keep;
mod place;
mod record;
mod sync;
mod temporary;
mod turn;
mod unfinished;

pub use claim::{Claim, is_claim, is_passing};
use commit::{Rename, Renames};
pub use foreign::Overwrite;
pub use keep::{forget, keep};
pub(super) use place::folder_of;
pub(super) use place::{cannot_write, is_compressed_image};
use place::{make_folders, refuse_odd_target};
use record::Record;
use sync::Syncing;
use temporary::Writer;
pub(super) use temporary::anonymous;
use turn::Turn;
pub(super) use unfinished::refuse as refuse_unfinished;

/// Bytes between two looks at the interrupt flag.
const STEP: usize = 8 << 20;

/// Files on their way. Methods take `&self`: several threads may write at once.
#[derive(Debug, Default)]
pub struct Outputs {
    overwrite: Overwrite,
    state: Mutex<State>,
    syncing: Arc<Syncing>,
}

#[derive(Debug, Default)]
struct State {
    writer: Writer,
    files: Vec<Pending>,
    /// Checksums of what has its name.
    written: Vec<(PathBuf, Checksum)>,
    /// Folders made here, parents first.
    folders: Vec<PathBuf>,
}

#[derive(Debug)]
struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    is_sidecar: bool,
    /// There once it is complete.
    checksum: Arc<OnceLock<Checksum>>,
}

/// A temporary file being written.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) file: File,
    target: PathBuf,
    checksum: Arc<OnceLock<Checksum>>,
    syncing: Arc<Syncing>,
}

impl Started {
    /// Everything is written; `checksum` is that of the file's bytes.
    pub(super) fn complete(self, checksum: Checksum) {
        self.checksum.get_or_init(|| checksum);
        self.syncing.push(&self.target, self.file);
    }
}

/// Finishes in a folder what killed commands began there, and sweeps what else they left; what there is to tell, a line each.
pub fn finish_left(folder: &Path) -> Vec<String> {
    let mut writer = Writer::default();
    writer.enter(folder);
    writer.told()
}

impl Outputs {
    /// Nothing yet; see [`Overwrite`] for what is refused when names are given.
    #[must_use]
    pub fn new() -> Outputs {
        Outputs::default()
    }

    /// The same with a choice of what may be replaced.
    #[must_use]
    pub fn replacing(overwrite: Overwrite) -> Outputs {
        let mut outputs = Outputs::new();
        outputs.overwrite = overwrite;
        outputs
    }

    /// Makes a folder for outputs to come, so that a place that cannot be written shows before the work, not after it; what a
    /// killed command began there is finished.
    ///
    /// # Errors
    /// [`Error::Output`] where it cannot be made.
    pub fn folder(&self, path: &Path) -> Result<()> {
        let mut state = self.lock();
        make_folders(path, &mut state.folders).map_err(|e| cannot_write(path, e))?;
        state.writer.enter(if path.as_os_str().is_empty() { Path::new(".") } else { path });
        Ok(())
    }

    /// What was done for killed commands, a line each, to be told; once.
    pub fn told(&self) -> Vec<String> {
        self.lock().writer.told()
    }

    /// Writes maps of one grid as the volumes of one image; a single map stays 3-D.
    ///
    /// # Errors
    /// As for [`Outputs::map`].
    pub fn maps(&self, path: &Path, header: &Header, rows: &[&[f32]]) -> Result<()> {
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

    /// Writes a text file.
    ///
    /// # Errors
    /// [`Error::Output`] where it cannot be written, [`Error::Usage`] for a name given twice.
    pub fn text(&self, path: &Path, text: &str) -> Result<()> {
        self.bytes(path, text.as_bytes())
    }

    /// Writes the JSON sidecar of an output: the last to get its name.
    ///
    /// # Errors
    /// As for [`Outputs::text`].
    pub fn sidecar(&self, path: &Path, text: &str) -> Result<()> {
        self.write(path, text.as_bytes(), true)
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// As for [`Outputs::text`].
    pub fn bytes(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.write(path, bytes, false)
    }

    /// Writes bytes as one gzip member, for .tsv.gz.
    ///
    /// # Errors
    /// As for [`Outputs::text`].
    pub fn compressed(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.bytes(path, &gzip(bytes))
    }

    /// The outputs that are complete, sidecars left out, with the checksums of their bytes; by path.
    #[must_use]
    pub fn checksums(&self) -> Vec<(PathBuf, Checksum)> {
        let state = self.lock();
        let complete = |file: &Pending| Some((file.target.clone(), file.checksum.get()?.clone()));
        let pending = state.files.iter().filter(|file| !file.is_sidecar).filter_map(complete);
        let mut all: Vec<_> = state.written.iter().cloned().chain(pending).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Gives every file its final name, or none: nothing is renamed unless all are complete and on the disk and no name is
    /// taken by a folder, and where one cannot be renamed all old files come back.
    ///
    /// # Errors
    /// [`Error::Output`] where a file cannot be brought to the disk or renamed, [`Error::Interrupted`],
    /// [`Error::Internal`] for a run whose writer was not finished.
    pub fn commit(&mut self) -> Result<()> {
        self.commit_but(&|| Ok(Vec::new()))
    }

    /// The same, and in the same step some files of earlier commands go. Which they are, or why nothing may be written any more, is
    /// asked when the folders are this command's alone.
    ///
    /// # Errors
    /// As for [`Outputs::commit`], and those of `removed`.
    pub fn commit_but(&mut self, removed: &dyn Fn() -> Result<Vec<PathBuf>>) -> Result<()> {
        self.commit_by(removed, &mut |from, to| fs::rename(from, to))
    }

    /// What may be replaced.
    #[must_use]
    pub fn overwrite(&self) -> Overwrite {
        self.overwrite
    }

    fn commit_by(
        &mut self,
        removed: &dyn Fn() -> Result<Vec<PathBuf>>,
        rename: Rename<'_>,
    ) -> Result<()> {
        interrupt::check()?;
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.files.iter().try_for_each(Pending::refuse_unready)?;
        self.syncing.finish()?;
        let folders: BTreeSet<PathBuf> = state.files.iter().map(|f| folder_of(&f.target)).collect();
        let turn = Turn::take(&folders)?;
        let mut removed = removed()?;
        removed.retain(|path| !state.files.iter().any(|file| file.target == *path));
        interrupt::check()?;
        let record = Record::write(&state.writer.record(), &state.files, &removed)?;
        let mut renames = Renames::new(&mut state.writer, rename, record);
        let given = give(&mut renames, &state.files, &removed);
        match given.and_then(|()| renames.sync_folders(&state.folders)) {
            Ok(()) => renames.keep(),
            Err(error) => return Err(renames.back(error)),
        }
        interrupt::finished(state.files.len());
        drop(turn);
        state.folders.clear();
        state.writer.leave();
        let named = state.files.drain(..).filter(|file| !file.is_sidecar);
        for Pending { target, checksum, .. } in named {
            state.written.retain(|(path, _)| *path != target);
            state.written.extend(checksum.get().map(|checksum| (target, checksum.clone())));
        }
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8], is_sidecar: bool) -> Result<()> {
        let mut started = self.start(path, is_sidecar)?;
        for part in bytes.chunks(STEP) {
            interrupt::check()?;
            started.file.write_all(part).map_err(|e| cannot_write(path, e))?;
        }
        started.complete(hash::bytes(bytes));
        Ok(())
    }

    /// Opens a temporary file for a target, making the folders above it.
    pub(super) fn start(&self, path: &Path, is_sidecar: bool) -> Result<Started> {
        interrupt::check()?;
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
        let folder = folder_of(path);
        make_folders(&folder, &mut state.folders).map_err(|e| cannot_write(path, e))?;
        let (temporary, file) = state.writer.create(&folder).map_err(|e| cannot_write(path, e))?;
        let (target, checksum) = (path.to_path_buf(), Arc::new(OnceLock::new()));
        let started = Started {
            file,
            target: target.clone(),
            checksum: Arc::clone(&checksum),
            syncing: Arc::clone(&self.syncing),
        };
        state.files.push(Pending { temporary, target, is_sidecar, checksum });
        Ok(started)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives files their names in an order in which no sidecar describes other bytes.
fn give(renames: &mut Renames<'_>, files: &[Pending], removed: &[PathBuf]) -> Result<()> {
    let (sidecars, data): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.is_sidecar);
    sidecars.iter().try_for_each(|file| renames.free(&file.target))?;
    removed.iter().try_for_each(|path| renames.free(path))?;
    data.iter().chain(&sidecars).try_for_each(|file| renames.give(&file.temporary, &file.target))
}

impl Pending {
    fn refuse_unready(&self) -> Result<()> {
        if self.checksum.get().is_none() {
            return Err(Error::internal(
                self.target.display().to_string(),
                "was committed before its writer finished",
                "be complete",
                "",
            ));
        }
        refuse_odd_target(&self.target)
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        self.syncing.cancel();
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for file in &state.files {
            let _ = fs::remove_file(&file.temporary);
        }
        state.writer.leave();
        // Only folders that are empty again go; others hold what somebody else has put there.
        for folder in state.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
