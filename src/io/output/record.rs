//! What a commit is about to do, on the disk before it is done: the next boldly in one of its folders finishes what a killed one
//! began.
//!
//! `.boldly-<id>.commit` in the first folder lists every file on its way with its name, the old files that go, and the folders; in
//! the other folders a file of that name says where it lies. The list is the last of them to be written, and complete or no
//! JSON: where it is there all files are complete, and from then on the commit goes forward; where it is not nothing was renamed. It is
//! removed when all is done. Paths are relative to the list, so that they hold in another container too.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::place::sync_folder;
use super::turn::Turn;
use super::{Pending, cannot_write, folder_of};
use crate::Result;
use crate::io::paths::{real, relative};

/// How the names end.
pub(super) const ENDING: &str = ".commit";

#[derive(Debug, Serialize, Deserialize)]
enum Text {
    Commit(Commit),
    /// Where the list is.
    At(PathBuf),
    /// What a commit that failed moved aside in this folder and could not put back.
    Back(Vec<Aside>),
}

/// A file that lies aside, and the name that it had.
#[derive(Debug, Serialize, Deserialize)]
struct Aside {
    aside: PathBuf,
    target: Old,
}

#[derive(Debug, Serialize, Deserialize)]
struct Commit {
    files: Vec<Entry>,
    removed: Vec<Old>,
    folders: Vec<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    temporary: PathBuf,
    target: Old,
    is_sidecar: bool,
}

/// A name, and what it held before.
#[derive(Debug, Serialize, Deserialize)]
struct Old {
    path: PathBuf,
    /// Bytes and time of change; none where it was free.
    held: Option<(u64, SystemTime)>,
}

fn held(path: &Path) -> Option<(u64, SystemTime)> {
    let old = fs::symlink_metadata(path).ok()?;
    Some((old.len(), old.modified().ok()?))
}

/// The record's files, the list first.
#[derive(Debug, Default)]
pub(super) struct Record(Vec<PathBuf>);

impl Record {
    /// Writes the record of a writer's commit. A path that is not UTF-8 has no form in it: then there is none, and a kill leaves
    /// what it leaves.
    ///
    /// # Errors
    /// [`crate::Error::Output`].
    pub(super) fn write(name: &str, files: &[Pending], removed: &[PathBuf]) -> Result<Record> {
        let targets = files.iter().map(|file| &file.target).chain(removed);
        let of = |path: &Path| real(&folder_of(path));
        let folders: BTreeSet<PathBuf> = targets.map(|path| of(path)).collect();
        let Some(first) = folders.first() else { return Ok(Record::default()) };
        let seen =
            |path: &Path| relative(&of(path), first).join(path.file_name().unwrap_or_default());
        let old = |path: &Path| Old { path: seen(path), held: held(path) };
        let entry = |file: &Pending| Entry {
            temporary: seen(&file.temporary),
            target: old(&file.target),
            is_sidecar: file.is_sidecar,
        };
        let commit = Commit {
            files: files.iter().map(entry).collect(),
            removed: removed.iter().map(|path| old(path)).collect(),
            folders: folders.iter().map(|folder| relative(folder, first)).collect(),
        };
        let mut record = Record::default();
        let list = first.join(name);
        for folder in folders.iter().skip(1) {
            let at = relative(first, folder).join(name);
            record.put(folder.join(name), &Text::At(at))?;
        }
        record.put(list, &Text::Commit(commit))?;
        record.0.reverse();
        Ok(record)
    }

    fn put(&mut self, path: PathBuf, text: &Text) -> Result<()> {
        let Ok(text) = serde_json::to_string(text) else { return Ok(()) };
        let written = File::options().write(true).create_new(true).open(&path);
        let written = written.and_then(|mut file| {
            self.0.push(path.clone());
            file.write_all(text.as_bytes())?;
            file.sync_data()
        });
        written.map_err(|e| cannot_write(&path, e))
    }

    /// The list goes first: what is left leads nowhere.
    pub(super) fn remove(&mut self) {
        self.0.drain(..).for_each(|path| drop(fs::remove_file(path)));
    }
}

/// A record that is not written to its end is none.
impl Drop for Record {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Leaves a record, in each of their folders, of files that could not be put back: each with its name before.
pub(super) fn leave(name: &str, stuck: &[(PathBuf, PathBuf)]) {
    let folders: BTreeSet<PathBuf> = stuck.iter().map(|(aside, _)| folder_of(aside)).collect();
    for folder in folders {
        let own = stuck.iter().filter(|(aside, _)| folder_of(aside) == folder);
        let name_of = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
        let aside = |(aside, target): &(PathBuf, PathBuf)| Aside {
            aside: name_of(aside),
            target: Old { path: name_of(target), held: held(target) },
        };
        let text = serde_json::to_string(&Text::Back(own.map(aside).collect()));
        // Where nothing can be written the error that names them is all there is.
        let _ = text.map(|text| fs::write(folder.join(name), text));
    }
}

/// Whether a path has the name of a record.
pub(super) fn is_record(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(".boldly-") && name.ends_with(ENDING)
}

/// Whether a record is one of what could not be put back: its writer is done.
pub(super) fn is_back(found: &Path) -> bool {
    matches!(read(found), Some(Text::Back(_)))
}

/// What a commit that has not ended was doing.
#[derive(Debug)]
pub(super) enum Begun {
    /// Giving names; the command, where a sidecar of its says it.
    Forward(Option<String>),
    /// Putting back.
    Back,
}

/// The commit of a record, if it names a file or the file's sidecar.
pub(super) fn begun(found: &Path, path: &Path) -> Option<Begun> {
    let place =
        |path: &Path| (real(&folder_of(path)), path.file_name().map(Path::new).map(Path::to_owned));
    let own = place(path);
    if let Some(Text::Back(asides)) = read(found) {
        let stem = |name: &Path| name.to_string_lossy().split('.').next().map(str::to_owned);
        let stem_of = |path: &Path| path.file_name().map(Path::new).and_then(stem);
        let is_own = asides.iter().any(|one| stem_of(&one.target.path) == stem_of(path));
        return is_own.then_some(Begun::Back);
    }
    let (list, commit) = listed(found)?;
    let base = folder_of(&list);
    let targets = commit.files.iter().map(|file| &file.target).chain(&commit.removed);
    let mut named = targets.map(|old| place(&base.join(&old.path)));
    named.any(|one| one == own).then(|| Begun::Forward(commit.command(&base)))
}

/// What became of a dead writer's commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It had not begun.
    NotBegun,
    /// All its files have their names; what to tell.
    Finished(String),
    /// It cannot be finished, and its files on their way are worth nothing; what to tell.
    Given(String),
    /// It could not be finished now; what to tell.
    Left(String),
}

/// Finishes the commit of a dead writer, of which this file lies in a folder.
pub(super) fn settle(found: &Path) -> Settled {
    if let Some(Text::Back(asides)) = read(found) {
        return put_back(found, &asides);
    }
    let Some((list, _)) = listed(found) else { return Settled::NotBegun };
    let base = folder_of(&list);
    let shown = base.display();
    let began =
        format!("{shown}: an earlier command was ended while it gave its files their names");
    let Some((_, commit)) = listed(&list) else { return Settled::NotBegun };
    let folders: BTreeSet<PathBuf> = commit.folders.iter().map(|f| base.join(f)).collect();
    let turn = match Turn::take(&folders) {
        Ok(turn) => turn,
        Err(error) => return Settled::Left(format!("{began}, which cannot be finished ({error})")),
    };
    // Another may have done it while this one waited.
    let Some((_, commit)) = listed(&list) else { return Settled::NotBegun };
    let settled = match commit.changed_since(&base) {
        Some(path) => Settled::Given(format!(
            "{began}, and {} was changed since, so it cannot be finished: what it made is incomplete",
            path.display()
        )),
        None => match commit.finish(&base, &list) {
            Ok(()) => {
                let n = commit.files.len();
                Settled::Finished(format!("{began}; that is finished now ({n} files)"))
            }
            Err(e) => return Settled::Left(format!("{began}, which cannot be finished ({e})")),
        },
    };
    let name = list.file_name().unwrap_or_default();
    let _ = fs::remove_file(&list);
    folders.iter().for_each(|folder| drop(fs::remove_file(folder.join(name))));
    drop(turn);
    settled
}

/// Puts back what a failed commit could not; where another file has taken its name since, the old one goes.
fn put_back(found: &Path, asides: &[Aside]) -> Settled {
    let base = folder_of(found);
    let left = format!(
        "{}: an earlier command failed and could not put back what it had moved aside",
        base.display()
    );
    let turn = match Turn::take(&BTreeSet::from([base.clone()])) {
        Ok(turn) => turn,
        Err(error) => {
            return Settled::Left(format!("{left}, which still cannot be done ({error})"));
        }
    };
    let mut n = 0;
    for Aside { aside, target } in asides {
        let (aside, path) = (base.join(aside), base.join(&target.path));
        if !aside.exists() {
            continue;
        }
        let now = held(&path);
        if now.is_none() || now == target.held {
            if let Err(error) = fs::rename(&aside, &path) {
                return Settled::Left(format!("{left}, which still cannot be done ({error})"));
            }
            n += 1;
        }
        let _ = fs::remove_file(aside);
    }
    let _ = fs::remove_file(found);
    drop(turn);
    let files = if n == 1 { "file" } else { "files" };
    Settled::Finished(format!("{left}; it is put back now ({n} {files})"))
}

fn read(path: &Path) -> Option<Text> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// The list that a file of a record is or leads to.
fn listed(found: &Path) -> Option<(PathBuf, Commit)> {
    match read(found)? {
        Text::Commit(commit) => Some((found.to_owned(), commit)),
        Text::At(at) => {
            let list = folder_of(found).join(at);
            match read(&list)? {
                Text::Commit(commit) => Some((list, commit)),
                Text::At(_) | Text::Back(_) => None,
            }
        }
        Text::Back(_) => None,
    }
}

impl Commit {
    /// What made its files, as one of their sidecars says it.
    fn command(&self, base: &Path) -> Option<String> {
        let sidecars = self.files.iter().filter(|file| file.is_sidecar);
        let mut texts = sidecars.flat_map(|file| [&file.temporary, &file.target.path]);
        texts.find_map(|path| {
            let text = fs::read_to_string(base.join(path)).ok()?;
            let sidecar: serde_json::Value = serde_json::from_str(&text).ok()?;
            Some(sidecar.pointer("/boldly/command_line/1")?.as_str()?.to_owned())
        })
    }

    /// A name that still waits for its file and holds something else than before.
    fn changed_since(&self, base: &Path) -> Option<PathBuf> {
        let waits = |file: &&Entry| base.join(&file.temporary).exists();
        let targets = self.files.iter().filter(waits).map(|file| &file.target);
        let mut all = targets.chain(&self.removed).map(|old| (base.join(&old.path), old.held));
        all.find(|(path, old)| held(path).is_some_and(|now| Some(now) != *old))
            .map(|(path, _)| path)
    }

    /// The steps that are left, in the order of the commit.
    fn finish(&self, base: &Path, list: &Path) -> io::Result<()> {
        let waits = |file: &&Entry| base.join(&file.temporary).exists();
        let sidecars = self.files.iter().filter(|file| file.is_sidecar).filter(waits);
        for old in sidecars.map(|file| &file.target).chain(&self.removed) {
            gone(fs::remove_file(base.join(&old.path)))?;
        }
        let (sidecars, data): (Vec<_>, Vec<_>) =
            self.files.iter().filter(waits).partition(|file| file.is_sidecar);
        for file in data.iter().chain(&sidecars) {
            fs::rename(base.join(&file.temporary), base.join(&file.target.path))?;
        }
        let name = list.file_name().unwrap_or_default().to_string_lossy();
        let own = name.strip_suffix(ENDING).unwrap_or(&name);
        for folder in &self.folders {
            for entry in fs::read_dir(base.join(folder))?.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_left = [".old", ".kept", ".lock"].iter().any(|end| name.ends_with(end));
                if name.starts_with(own) && is_left {
                    gone(fs::remove_file(entry.path()))?;
                }
            }
            sync_folder(&base.join(folder))?;
        }
        Ok(())
    }
}

/// What is gone need not be removed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
