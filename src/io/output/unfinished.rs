//! Files that a commit names which has begun and has not ended: who read one of them could take it with another's sidecar, or with
//! none. A command that only reads does not finish it, for it may not write there; it is refused.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::folder_of;
use super::record::{self, Begun};
use super::turn;
use crate::io::interrupt;
use crate::{Error, Result};

/// Giving names takes a moment: whoever reads in it waits.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
/// A folder that changed later than this may change once more without another time.
const SETTLED: Duration = Duration::from_secs(2);

/// Refuses a file that a commit names which was ended among its renames; waits for one that is under way.
///
/// # Errors
/// [`Error::BadData`], [`Error::Interrupted`].
pub(in crate::io) fn refuse(path: &Path) -> Result<()> {
    let real = path.canonicalize().ok();
    for path in [Some(path), real.as_deref()].into_iter().flatten() {
        let folder = folder_of(path);
        for found in records(&folder) {
            wait_or_refuse(path, &folder, &found)?;
        }
    }
    Ok(())
}

fn wait_or_refuse(path: &Path, folder: &Path, found: &Path) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while let Some(begun) = record::begun(found, path) {
        if !turn::is_taken(folder) || Instant::now() > until {
            return Err(refused(path, folder, begun));
        }
        interrupt::check()?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn refused(path: &Path, folder: &Path, begun: Begun) -> Error {
    let found = match begun {
        Begun::Forward(Some(name)) => {
            format!("is of a `boldly {name}` that was ended while it gave its files their names")
        }
        Begun::Forward(None) => {
            "is of a command that was ended while it gave its files their names".to_owned()
        }
        Begun::Back => {
            "is of a command that failed and could not put back what it had moved aside".to_owned()
        }
    };
    Error::bad_data(
        path.display().to_string(),
        found,
        "be complete, with the sidecar that describes it",
        format!("run `boldly verify {}`, which mends that, or the command again", folder.display()),
    )
}

/// The records in a folder. Many files of one are opened one after the other: it is listed anew only when it has changed.
fn records(folder: &Path) -> Vec<PathBuf> {
    type Known = HashMap<PathBuf, (SystemTime, Vec<PathBuf>)>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let changed = fs::metadata(folder).and_then(|m| m.modified()).ok();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, found)) = known.get(folder)
        && Some(*at) == changed
    {
        return found.clone();
    }
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let found: Vec<PathBuf> = names.filter(|path| record::is_record(path)).collect();
    if let Some(at) = changed
        && at.elapsed().is_ok_and(|age| age > SETTLED)
    {
        known.insert(folder.to_owned(), (at, found.clone()));
    }
    found
}
