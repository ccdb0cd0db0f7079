//! Turns: while one process gives files their names in a folder, another waits.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cannot_write;
use crate::io::interrupt;
use crate::io::paths::real;
use crate::{Error, Result};

/// The file whose lock is the turn; there while somebody has it, and after a kill until the next one had it.
const NAME: &str = ".boldly-commit.lock";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);
/// Giving names takes a moment: who has not done it by then was stopped.
const PATIENCE: Duration = Duration::from_secs(60);

/// The turn in some folders, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Vec<(PathBuf, File)>);

impl Turn {
    /// Waits for the turn in all of them; they are taken in order, so that no two wait for each other. A disk that knows no locks
    /// gives it at once.
    ///
    /// # Errors
    /// [`Error::Output`] where it does not come, [`Error::Interrupted`].
    pub(super) fn take(folders: &BTreeSet<PathBuf>) -> Result<Turn> {
        let until = Instant::now() + PATIENCE;
        let mut turn = Turn(Vec::new());
        for folder in folders.iter().map(|folder| real(folder)).collect::<BTreeSet<_>>() {
            turn.0.extend(locked(&folder, until)?);
        }
        Ok(turn)
    }
}

impl Drop for Turn {
    /// The name goes while the lock is held: who opened the file before looks again ([`is_at`]).
    fn drop(&mut self) {
        for (path, file) in self.0.drain(..) {
            let _ = fs::remove_file(path);
            drop(file);
        }
    }
}

/// Whether somebody has the turn in a folder, as far as can be told here.
pub(super) fn is_taken(folder: &Path) -> bool {
    let file = File::open(folder.join(NAME));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Removes the file of a process that was killed in its turn.
pub(super) fn tidy(folder: &Path) {
    let path = folder.join(NAME);
    if fs::symlink_metadata(&path).is_ok_and(|m| m.is_file())
        && let Ok(file) = File::open(&path)
        && file.try_lock().is_ok()
    {
        drop(Turn(vec![(path, file)]));
    }
}

fn locked(folder: &Path, until: Instant) -> Result<Option<(PathBuf, File)>> {
    let path = folder.join(NAME);
    loop {
        interrupt::check()?;
        // A link may lead anywhere; another's file may be read only.
        if fs::symlink_metadata(&path).is_ok_and(|m| !m.is_file()) {
            return Ok(None);
        }
        let mut create = File::options();
        create.write(true).create(true).truncate(false);
        let file = match create.open(&path).or_else(|_| File::open(&path)) {
            Ok(file) => file,
            Err(e) => return Err(cannot_write(folder, e)),
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(Some((path, file))),
            Ok(()) => {} // it was the last one's, whose name is gone
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::output(
                    folder.display().to_string(),
                    "is where another boldly has been giving its files their names for a minute",
                    "be free",
                    "wait until that command has ended, or end it; then run this one again",
                ));
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Whether a path still leads to an open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Whether a path still leads to an open file: there its name stays as long as it is open.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn of_many_that_want_it_one_has_the_turn_and_its_file_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let folders = BTreeSet::from([folder.path().to_owned()]);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let turn = Turn::take(&folders).unwrap();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(1));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    #[test]
    fn a_turn_that_does_not_come_is_an_output_error_that_names_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let _held = Turn::take(&BTreeSet::from([folder.path().to_owned()])).unwrap();
        let error = locked(folder.path(), Instant::now()).unwrap_err();
        assert!(error.exit_code() == 74 && error.to_string().contains("another boldly"), "{error}");
    }
}
