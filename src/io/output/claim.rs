//! Claims: while a command writes into a folder over a long time, others that come there see what it is at.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::cannot_write;
use super::place::make_folders;
use super::temporary::{PREFIX, Use, Writer, create_first};
use super::turn::Turn;
use crate::Result;
use crate::io::paths::real;

/// How a claim's name ends.
const ENDING: &str = ".claim";

/// What a command says of itself in a folder, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    file: Option<File>,
    /// Folders made for it, which go with it where nothing came into them.
    made: Vec<PathBuf>,
}

impl Claim {
    /// Lay a claim, `text`, to a folder, which is made where it is not there. `judge` is asked of the text of each living command's claim first, and nobody
    /// else lays one in between. What a killed command left goes. A disk that knows no locks has no claims that others see.
    ///
    /// # Errors
    /// [`crate::Error::Output`], those of `judge`.
    pub fn lay(folder: &Path, text: &str, judge: &dyn Fn(&str) -> Result<()>) -> Result<Claim> {
        let mut made = Vec::new();
        make_folders(folder, &mut made).map_err(|cause| cannot_write(folder, cause))?;
        // Drops what was made, whatever comes.
        let mut claim = Claim { path: PathBuf::new(), file: None, made };
        let folder = real(folder);
        let turn = Turn::take(&[folder.clone()].into())?;
        living(&folder).iter().try_for_each(|text| judge(text))?;
        let mut writer = Writer::default();
        let (path, file) = create_first(|| writer.name(&folder, Use::Claim))
            .map_err(|cause| cannot_write(&folder, cause))?;
        claim.path = path;
        let _ = file.try_lock(); // without it nobody takes it for living
        // From here on it goes with the claim, be it half written.
        let file = claim.file.insert(file);
        file.write_all(text.as_bytes()).map_err(|cause| cannot_write(&folder, cause))?;
        drop(turn);
        Ok(claim)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = fs::remove_file(&self.path);
            drop(file);
        }
        for folder in self.made.drain(..).rev() {
            let _ = fs::remove_dir(folder); // stays where it holds something
        }
    }
}

/// Whether a file is only there while a command writes, or was left by one that was killed.
#[must_use]
pub fn is_passing(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// Whether a file is a command's claim, living or left.
#[must_use]
pub fn is_claim(path: &Path) -> bool {
    is_passing(path) && path.to_string_lossy().ends_with(ENDING)
}

/// The texts of the claims of living commands; those of dead ones go.
fn living(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !is_claim(&path) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => texts.extend(fs::read_to_string(&path)),
            Ok(()) => drop(fs::remove_file(&path)),
            Err(TryLockError::Error(_)) => {}
        }
    }
    texts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::Error;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        names.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_claim_is_seen_while_it_lives_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("made/out");
        let first = Claim::lay(&out, "one", &|_| unreachable!("nobody is there")).unwrap();
        let seen = std::cell::RefCell::new(Vec::new());
        let see = |text: &str| {
            seen.borrow_mut().push(text.to_owned());
            Ok(())
        };
        let second = Claim::lay(&out, "two", &see).unwrap();
        assert_eq!(*seen.borrow(), ["one"]);
        let refuse = |_: &str| Err(Error::output("a folder", "is claimed", "be free", ""));
        assert!(Claim::lay(&out, "three", &refuse).is_err());
        assert_eq!(names(&out).len(), 2, "the refused one left nothing");
        // As if it were killed: its lock goes, its file stays.
        let mut second = second;
        drop(second.file.take());
        seen.borrow_mut().clear();
        let third = Claim::lay(&out, "three", &see).unwrap();
        assert_eq!(*seen.borrow(), ["one"], "the dead are not asked");
        drop(third);
        drop(first);
        assert!(!folder.path().join("made").exists(), "made for the claims, and empty");
    }

    #[test]
    fn folders_that_hold_something_stay() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let claim = Claim::lay(&out, "", &|_| Ok(())).unwrap();
        fs::write(out.join("map.nii"), "x").unwrap();
        drop(claim);
        assert_eq!(names(&out), ["map.nii"]);
        assert!(is_passing(&out.join(".boldly-commit.lock")));
        assert!(!is_passing(&out.join("map.nii")));
    }
}
