//! Names given to all files or to none.
//!
//! What a name held before gets a second name first (a hard link), so that the name itself always holds the old file or
//! the new one; where the disk knows no such links the old file is moved aside. Until [`Renames::keep`] every step can be
//! taken back, and is where it is not reached; where the process ends before either, the record (`record`) stays, by which the next one
//! goes on.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place::sync_folder;
use super::record::{self, Record};
use super::temporary::{Use, Writer};
use super::{cannot_write, folder_of};
use crate::{Error, Result};

/// How a file is renamed: [`fs::rename`], or a test's.
pub(super) type Rename<'a> = &'a mut dyn FnMut(&Path, &Path) -> io::Result<()>;

/// Steps taken, in order.
pub(super) struct Renames<'a> {
    writer: &'a mut Writer,
    rename: Rename<'a>,
    steps: Vec<Step>,
    record: Record,
}

struct Step {
    target: PathBuf,
    /// Where the file is that the name held before.
    aside: Option<PathBuf>,
    /// Whether the name still holds what it held before.
    is_as_before: bool,
}

impl Step {
    /// Its name holds again what it held before.
    fn back(&self) -> io::Result<()> {
        match &self.aside {
            Some(aside) if self.is_as_before => fs::remove_file(aside),
            Some(aside) => {
                fs::rename(aside, &self.target)?;
                // Two names of one file stay both when one is renamed to the other.
                let _ = fs::remove_file(aside);
                Ok(())
            }
            None if self.is_as_before => Ok(()),
            None => fs::remove_file(&self.target),
        }
    }
}

impl<'a> Renames<'a> {
    pub(super) fn new(writer: &'a mut Writer, rename: Rename<'a>, record: Record) -> Renames<'a> {
        Renames { writer, rename, steps: Vec::new(), record }
    }

    /// Moves a file aside, where there is one: its name is free then.
    pub(super) fn free(&mut self, target: &Path) -> Result<()> {
        if !is_there(target) {
            return Ok(());
        }
        let aside = self.writer.name(&folder_of(target), Use::Kept);
        (self.rename)(target, &aside).map_err(|e| cannot_write(target, e))?;
        self.step(target, Some(aside), false);
        Ok(())
    }

    /// Gives a file its name.
    pub(super) fn give(&mut self, temporary: &Path, target: &Path) -> Result<()> {
        if is_there(target) {
            let old = self.writer.name(&folder_of(target), Use::Old);
            match fs::hard_link(target, &old) {
                Ok(()) => self.step(target, Some(old), true),
                Err(_) => self.free(target)?,
            }
        } else {
            self.step(target, None, true);
        }
        (self.rename)(temporary, target).map_err(|e| cannot_write(target, e))?;
        self.steps.iter_mut().last().into_iter().for_each(|step| step.is_as_before = false);
        Ok(())
    }

    fn step(&mut self, target: &Path, aside: Option<PathBuf>, is_as_before: bool) {
        self.steps.push(Step { target: target.to_owned(), aside, is_as_before });
    }

    /// The lists of names reach the disk: of the files' folders, and of those above folders that were made.
    pub(super) fn sync_folders(&self, made: &[PathBuf]) -> Result<()> {
        let targets = self.steps.iter().map(|step| &step.target);
        let folders: BTreeSet<PathBuf> = targets.chain(made).map(|path| folder_of(path)).collect();
        folders
            .iter()
            .try_for_each(|folder| sync_folder(folder).map_err(|e| cannot_write(folder, e)))
    }

    /// The old files go for good.
    pub(super) fn keep(mut self) {
        for step in std::mem::take(&mut self.steps) {
            step.aside.map(fs::remove_file); // what stays is hidden, and swept later where nothing is lost with it
        }
        self.record.remove();
    }

    /// Every name holds again what it held before; where one does not, the error says so and where that is.
    pub(super) fn back(mut self, error: Error) -> Error {
        let stuck = self.take_back();
        let Some((aside, target)) = stuck.first() else { return error };
        error.with_hint(&format!(
            "{} could not be put back: what it held is in {} ({} such); `boldly verify {}` and the next boldly that writes there \
             put it back, and so does renaming it by hand",
            target.display(),
            aside.display(),
            stuck.len(),
            folder_of(target).display()
        ))
    }

    /// What cannot be put back, each with the name that it had: a record of them stays.
    fn take_back(&mut self) -> Vec<(PathBuf, PathBuf)> {
        self.record.remove(); // from here on it goes back
        let mut stuck = Vec::new();
        for step in self.steps.drain(..).rev() {
            let is_back = step.back().is_ok() || step.is_as_before;
            stuck.extend(step.aside.filter(|_| !is_back).map(|aside| (aside, step.target)));
        }
        record::leave(&self.writer.record(), &stuck);
        stuck
    }
}

/// Not kept: every name holds again what it held before.
impl Drop for Renames<'_> {
    fn drop(&mut self) {
        if !self.steps.is_empty() {
            self.take_back();
        }
    }
}

/// A link that leads nowhere is there too.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::unfinished;
    use super::*;
    use crate::io::Outputs;
    use crate::io::hash;

    /// What stands in the folder before: two images with their sidecars, and a table.
    const OLD: [(&str, &str); 5] = [
        ("a.nii", "old a"),
        ("a.json", "describes old a"),
        ("b.nii", "old b"),
        ("b.json", "describes old b"),
        ("c.tsv", "old c"),
    ];

    fn old_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in OLD {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// Writes the same names anew, and one that was not there; sidecars first, which must make no difference.
    fn write_new(folder: &Path) -> Outputs {
        let outputs = Outputs::new();
        for (name, text) in OLD {
            let (path, text) = (folder.join(name), text.replace("old", "new"));
            if name.ends_with(".json") {
                outputs.sidecar(&path, &text).unwrap();
            } else {
                outputs.text(&path, &text).unwrap();
            }
        }
        outputs.text(&folder.join("new/d.tsv"), "new d").unwrap();
        outputs
    }

    /// Every file's name and text, in order.
    fn content(folder: &Path) -> Vec<(String, String)> {
        let mut all: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.is_file())
            .map(|p| {
                let name = p.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(&p).unwrap())
            })
            .collect();
        all.sort();
        all
    }

    fn sorted_old() -> Vec<(String, String)> {
        let mut old = OLD.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        old.sort();
        old
    }

    fn sorted_new() -> Vec<(String, String)> {
        let new = |(name, text): (String, String)| (name, text.replace("old", "new"));
        sorted_old().into_iter().map(new).collect()
    }

    /// What a command is told that comes to a folder.
    fn entered(folder: &Path) -> Vec<String> {
        let outputs = Outputs::new();
        outputs.folder(folder).unwrap();
        outputs.told()
    }

    /// No file of another command goes.
    fn none() -> crate::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    /// A rename whose `last` successful call is counted down; then it does `then`.
    fn failing_after(
        mut left: usize,
        then: impl Fn() -> std::io::Error,
    ) -> impl FnMut(&Path, &Path) -> std::io::Result<()> {
        move |from, to| {
            if left == 0 {
                return Err(then());
            }
            left -= 1;
            fs::rename(from, to)
        }
    }

    /// Two sidecars set aside, six files named.
    const RENAMES: usize = 8;

    #[test]
    fn where_a_rename_fails_every_old_file_comes_back_and_no_new_one_stays() {
        for n in 0..RENAMES {
            let folder = old_folder();
            let mut outputs = write_new(folder.path());
            let full = || std::io::ErrorKind::StorageFull.into();
            let error = outputs.commit_by(&none, &mut failing_after(n, full)).unwrap_err();
            assert!(error.exit_code() == 74 && error.to_string().contains("disk"), "{n}: {error}");
            drop(outputs);
            assert_eq!(content(folder.path()), sorted_old(), "after {n} renames");
            assert!(!folder.path().join("new").exists(), "after {n} renames");
        }
    }

    #[test]
    fn what_cannot_be_put_back_is_named_and_put_back_by_the_next_one_that_comes_there() {
        let folder = old_folder();
        let sidecar = folder.path().join("a.json");
        let mut outputs = write_new(folder.path());
        let in_the_way = || {
            fs::create_dir(&sidecar).unwrap(); // as a disk that lets nothing be renamed
            std::io::ErrorKind::StorageFull.into()
        };
        let error = outputs.commit_by(&none, &mut failing_after(3, in_the_way)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("a.json could not be put back") && text.contains(".kept"), "{text}");
        drop(outputs);
        fs::remove_dir(&sidecar).unwrap();
        let refused = |name: &str| unfinished::refuse(&folder.path().join(name)).is_err();
        assert_eq!(["a.nii", "a.json", "b.nii"].map(refused), [true, true, false]);
        let told = entered(folder.path());
        assert!(told.len() == 1 && told[0].contains("is put back now (1 file"), "{told:?}");
        assert_eq!(content(folder.path()), sorted_old());
        assert_eq!(["a.nii", "a.json", "b.nii"].map(refused), [false; 3]);
    }

    #[test]
    fn a_file_of_a_commit_that_was_killed_is_refused_until_the_commit_is_finished() {
        let folder = old_folder();
        kill_after(3, folder.path());
        let refused = |name: &str| unfinished::refuse(&folder.path().join(name)).is_err();
        fs::write(folder.path().join("mine.nii"), "of nobody's").unwrap();
        assert_eq!(
            ["a.nii", "b.nii", "new/d.tsv", "mine.nii"].map(refused),
            [true, true, true, false]
        );
        entered(folder.path());
        assert_eq!(["a.nii", "b.nii", "new/d.tsv"].map(refused), [false; 3]);
    }

    #[test]
    fn all_renames_done_the_new_files_stand_and_nothing_else() {
        let folder = old_folder();
        let mut outputs = write_new(folder.path());
        let full = || std::io::ErrorKind::StorageFull.into();
        outputs.commit_by(&none, &mut failing_after(RENAMES, full)).unwrap();
        let names: Vec<String> = outputs
            .checksums()
            .into_iter()
            .map(|(path, checksum)| {
                assert_eq!(checksum, hash::file(&path).unwrap());
                path.strip_prefix(folder.path()).unwrap().display().to_string()
            })
            .collect();
        assert_eq!(names, ["a.nii", "b.nii", "c.tsv", "new/d.tsv"]);
        drop(outputs);
        assert_eq!(content(folder.path()), sorted_new());
        assert_eq!(content(&folder.path().join("new")), [("d.tsv".to_owned(), "new d".to_owned())]);
    }

    /// Where the next test's child is told what to do.
    const KILLED: &str = "BOLDLY_TEST_KILLED_AFTER";

    #[test]
    fn a_process_killed_between_two_renames_leaves_no_sidecar_of_other_bytes() {
        for n in 0..=RENAMES {
            let folder = old_folder();
            let status = kill_after(n, folder.path());
            assert_eq!(status.success(), n == RENAMES, "after {n} renames: {status}");
            let files = content(folder.path());
            let text = |name: &str| files.iter().find(|(n, _)| n == name).map(|(_, text)| text);
            for image in ["a", "b"] {
                let data = text(&format!("{image}.nii")).expect("old or new, it is always there");
                if let Some(sidecar) = text(&format!("{image}.json")) {
                    assert_eq!(*sidecar, format!("describes {data}"), "after {n} renames");
                }
            }
            assert!(text("c.tsv").is_some(), "after {n} renames");
            assert_eq!(
                files.len() == OLD.len(),
                n == RENAMES,
                "the record and what is to be done lie there"
            );
            // The next one that comes there goes on where it ended.
            let told = entered(folder.path());
            assert_eq!(told.len(), usize::from(n < RENAMES), "{told:?}");
            assert!(
                told.iter().all(|line| line.contains("that is finished now (6 files)")),
                "{told:?}"
            );
            assert_eq!(content(folder.path()), sorted_new(), "after {n} renames");
            assert_eq!(
                content(&folder.path().join("new")),
                [("d.tsv".to_owned(), "new d".to_owned())]
            );
        }
    }

    #[test]
    fn what_was_changed_after_the_kill_is_not_replaced() {
        for changed in ["b.nii", "b.json"] {
            let folder = old_folder();
            kill_after(3, folder.path()); // both sidecars are aside and a.nii is new
            fs::write(folder.path().join(changed), "by hand").unwrap();
            let told = entered(folder.path());
            assert!(
                told.len() == 1 && told[0].contains(&format!("{changed} was changed since")),
                "{told:?}"
            );
            let files = content(folder.path());
            let text = |name: &str| files.iter().find(|(n, _)| n == name).map(|(_, t)| t.as_str());
            assert_eq!(text(changed), Some("by hand"));
            assert!(
                files.iter().all(|(name, _)| !name.ends_with(".tmp") && !name.ends_with(".commit"))
            );
            assert!(files.iter().any(|(name, _)| name.ends_with(".kept")), "only copies stay");
            assert_eq!(entered(folder.path()), [] as [String; 0], "it is told once");
        }
    }

    #[test]
    fn an_unfinished_record_is_none_and_nothing_was_renamed() {
        let folder = old_folder();
        kill_after(0, folder.path());
        let record = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
        let record = record.into_iter().find(|p| p.extension().is_some_and(|e| e == "commit"));
        let record = record.expect("it is there before the first rename");
        let text = fs::read(&record).unwrap();
        fs::write(&record, &text[..text.len() / 2]).unwrap();
        assert_eq!(entered(folder.path()), [] as [String; 0]);
        assert_eq!(content(folder.path()), sorted_old());
    }

    /// Ends a process after so many renames in a folder.
    fn kill_after(n: usize, folder: &Path) -> std::process::ExitStatus {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "io::output::commit::tests::child_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(KILLED, format!("{n} {}", folder.display()))
            .output()
            .unwrap()
            .status
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn child_is_killed() {
        let told = std::env::var(KILLED).unwrap();
        let (n, folder) = told.split_once(' ').unwrap();
        let mut outputs = write_new(Path::new(folder));
        let kill = || std::process::abort(); // as a kill: nothing is cleaned up
        outputs.commit_by(&none, &mut failing_after(n.parse().unwrap(), kill)).unwrap();
    }
}
