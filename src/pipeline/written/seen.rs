//! What lay in the place of outputs when a command began: where another has written there since, it is looked at anew before
//! anything is replaced.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Result;
use crate::io::Overwrite;
use crate::pipeline::earlier;
use crate::pipeline::products::Layout;
use crate::pipeline::provenance::{self, real};
use crate::pipeline::spec::Command;

/// A name, and the bytes and time of change of what it holds.
type Name = (PathBuf, Option<(u64, SystemTime)>);

fn name(path: &Path) -> Name {
    let held = fs::symlink_metadata(path).ok();
    (path.to_owned(), held.and_then(|held| Some((held.len(), held.modified().ok()?))))
}

/// The commands that began, and their outputs.
#[derive(Debug, Default)]
pub struct Seen {
    begun: Vec<Begun>,
    outputs: Vec<Name>,
    /// What was found free, or as boldly made it, before the work.
    free: Vec<Name>,
}

#[derive(Debug)]
struct Begun {
    layout: Layout,
    command: Command,
    /// Every sidecar in its folders.
    sidecars: Vec<Name>,
}

impl Seen {
    /// A command begins.
    ///
    /// # Errors
    /// Missing input where a folder cannot be listed.
    pub fn begin(&mut self, layout: &Layout, command: &Command) -> Result<()> {
        let (layout, command) = (layout.clone(), command.clone());
        self.begun.push(Begun { sidecars: sidecars(&layout)?, layout, command });
        Ok(())
    }

    /// Before the work: what lies where it will make files.
    ///
    /// # Errors
    /// As [`provenance::refuse_foreign`].
    pub fn foresee(&mut self, paths: &[PathBuf], overwrite: Overwrite) -> Result<()> {
        for path in paths {
            let found = name(path); // before it is read: what changes in between is seen
            provenance::refuse_foreign(path, overwrite)?;
            self.free.push(found);
        }
        Ok(())
    }

    /// It makes a file, which may be in another's place.
    ///
    /// # Errors
    /// As [`provenance::refuse_foreign`].
    pub fn output(&mut self, path: &Path, overwrite: Overwrite) -> Result<()> {
        let found = name(path);
        let is_free = self.free.contains(&found);
        self.outputs.push(found);
        if is_free { Ok(()) } else { provenance::refuse_foreign(path, overwrite) }
    }

    /// The files of other commands that go, `removed` and those that came since; asked when nobody else writes there.
    ///
    /// # Errors
    /// Usage for what must not be replaced, or lies in the way, and came since.
    pub fn settle(&self, removed: &[PathBuf], overwrite: Overwrite) -> Result<Vec<PathBuf>> {
        let known = self.outputs.iter().map(|(path, _)| path).chain(removed);
        let known: HashSet<PathBuf> = known.map(|path| real(path)).collect();
        let mut removed = removed.to_vec();
        for Begun { layout, command, sidecars: seen } in &self.begun {
            if sidecars(layout)? == *seen {
                continue;
            }
            for earlier in earlier::in_place(layout, command)? {
                let (mut left, mut changed) = earlier.files()?;
                left.retain(|path| !known.contains(&real(path)));
                changed.retain(|path| !known.contains(&real(path)));
                let may_stay = !earlier.is_same && overwrite == Overwrite::Own;
                if may_stay && !(left.is_empty() && changed.is_empty()) {
                    return Err(earlier.in_the_way());
                }
                removed.extend(left);
            }
        }
        let changed = self.outputs.iter().filter(|(path, held)| name(path).1 != *held);
        changed
            .into_iter()
            .try_for_each(|(path, _)| provenance::refuse_foreign(path, overwrite))?;
        Ok(removed)
    }
}

fn sidecars(layout: &Layout) -> Result<Vec<Name>> {
    let mut found = Vec::new();
    for folder in layout.folders() {
        found.extend(provenance::json_files(folder)?.iter().map(|path| name(path)));
    }
    Ok(found)
}
