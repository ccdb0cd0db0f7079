//! Finished files on their way to the disk itself, while the work goes on.
//!
//! A file that is renamed before its bytes have reached the disk may be empty after a power cut. Several threads wait for
//! the disk, because it serves many files at once; they do not compute, so they take nothing from the pool.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::cannot_write;
use crate::{Error, Result};

/// Threads that wait for the disk.
const MOST_THREADS: usize = 8;

/// Files that wait for a thread: open files are few.
const MOST_WAITING: usize = 32;

/// Files being brought to the disk.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<(PathBuf, File)>,
    threads: usize,
    failed: Option<Error>,
    cancelled: bool,
}

impl Syncing {
    /// Takes a file whose bytes are written; it is closed when the disk has it.
    pub(super) fn push(self: &Arc<Syncing>, target: &Path, file: File) {
        let mut queue = self.lock();
        while queue.waiting.len() >= MOST_WAITING && !queue.cancelled {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.cancelled {
            return;
        }
        queue.waiting.push_back((target.to_owned(), file));
        if queue.threads < MOST_THREADS {
            let syncing = Arc::clone(self);
            let thread = std::thread::Builder::new().name("boldly-sync".to_owned());
            match thread.spawn(move || syncing.work()) {
                Ok(_) => queue.threads += 1,
                Err(_) => {
                    drop(queue);
                    self.sync_waiting();
                }
            }
        }
    }

    /// A thread of its own: it ends where it finds nothing to do, in one step, so that no file waits for a thread that ends.
    fn work(&self) {
        loop {
            let mut queue = self.lock();
            let next = queue.waiting.pop_front();
            queue.threads -= usize::from(next.is_none());
            drop(queue);
            self.changed.notify_all();
            match next {
                Some((target, file)) => self.sync(&target, file),
                None => return,
            }
        }
    }

    /// Does the threads' work on the thread that waits for it.
    fn sync_waiting(&self) {
        loop {
            let Some((target, file)) = self.lock().waiting.pop_front() else { return };
            self.changed.notify_all();
            self.sync(&target, file);
        }
    }

    fn sync(&self, target: &Path, file: File) {
        if let Err(e) = file.sync_data() {
            self.lock().failed.get_or_insert(cannot_write(target, e));
        }
    }

    /// Waits until the disk has all files.
    ///
    /// # Errors
    /// [`Error::Output`] where it refused one.
    pub(super) fn finish(&self) -> Result<()> {
        self.sync_waiting();
        let mut queue = self.lock();
        while queue.threads > 0 {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.failed.take().map_or(Ok(()), Err)
    }

    /// Closes all files, and those to come, whether the disk has them or not.
    pub(super) fn cancel(&self) {
        let mut queue = self.lock();
        queue.cancelled = true;
        queue.waiting.clear();
        self.changed.notify_all();
        while queue.threads > 0 {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_files_than_may_wait_all_reach_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let syncing = Arc::new(Syncing::default());
        for n in 0..3 * MOST_WAITING {
            let path = folder.path().join(n.to_string());
            syncing.push(&path, File::create(&path).unwrap());
        }
        syncing.finish().unwrap();
        assert!(syncing.lock().waiting.is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_disk_that_refuses_is_an_output_error_that_names_the_target() {
        // A pipe cannot be synced.
        let file = File::from(std::os::fd::OwnedFd::from(std::io::pipe().unwrap().1));
        let syncing = Arc::new(Syncing::default());
        syncing.push(Path::new("maps/t.nii"), file);
        let error = syncing.finish().unwrap_err();
        assert!(error.exit_code() == 74 && error.to_string().contains("maps/t.nii"), "{error}");
    }
}
