//! Files of which nobody takes note for a while: a command is run again as it was, though sidecars of what it read, or tables that these name, have come since. One list
//! for the whole process, because sidecars are looked for in many places.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::paths::real;

static ASIDE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Files that speak of nothing until it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Aside(Vec<PathBuf>);

impl Aside {
    /// Set files aside.
    pub fn of(files: &[PathBuf]) -> Aside {
        let files: Vec<PathBuf> = files.iter().map(|file| real(file)).collect();
        list().extend(files.iter().cloned());
        Aside(files)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let mut list = list();
        for file in &self.0 {
            let at = list.iter().position(|other| other == file);
            at.map(|at| list.swap_remove(at));
        }
    }
}

/// Whether a file is set aside.
pub(crate) fn is_aside(file: &Path) -> bool {
    let list = list();
    !list.is_empty() && list.contains(&real(file))
}

fn list() -> MutexGuard<'static, Vec<PathBuf>> {
    ASIDE.lock().unwrap_or_else(PoisonError::into_inner)
}
