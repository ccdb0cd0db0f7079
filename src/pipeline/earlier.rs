//! What earlier commands left where another is about to write: their maps and its own must not lie side by side as if they
//! were of one analysis.

use std::mem::discriminant;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::pipeline::products::Layout;
use crate::pipeline::provenance::{self, Kind, Output, Provenance, Recorded, real, sidecar_path};
use crate::pipeline::spec::Command;

/// The files of an earlier command, as one of its sidecars lists them.
#[derive(Debug, PartialEq)]
pub struct Earlier {
    /// Where the sidecar lies.
    folder: PathBuf,
    /// Its name.
    command: String,
    /// Whether it is the command that runs: what it made and does not make now is out of date.
    pub is_same: bool,
    /// Whether an image of it has the stem of the one that is named, and so the same sidecar.
    pub is_of_one_stem: bool,
    outputs: Vec<Output>,
}

/// What commands of the kind of this one left under names that the layout gives; the same command may be run again.
///
/// # Errors
/// Missing input where a folder cannot be listed.
pub fn in_place(layout: &Layout, command: &Command) -> Result<Vec<Earlier>> {
    let own = command.clone().map_paths(&real);
    let mut found: Vec<Earlier> = Vec::new();
    let mut seen = Vec::new();
    for folder in layout.folders() {
        for sidecar in provenance::json_files(folder)? {
            let path = real(&sidecar);
            if seen.contains(&path) {
                continue;
            }
            seen.push(path);
            // What this version cannot read is no sidecar, or says what no command of this version says.
            let Ok(Some(theirs)) = provenance::read(&sidecar) else { continue };
            let theirs = theirs.provenance;
            let folder = sidecar.parent().unwrap_or(Path::new(""));
            let at = |output: &Output| folder.join(&output.name);
            let is_in_place = |output: &Output| {
                layout.gives(output.kind, &output.entities, &at(output)) && at(output).is_file()
            };
            let is_same = theirs.command.clone().map_paths(&|p| real(&folder.join(p))) == own;
            // Another kind of command makes other files, though their names may begin alike; one of them may be named. Two analyses of
            // one folder have masks and pages of the same names.
            let is_alike = discriminant(&theirs.command) == discriminant(command)
                || layout.is_folder() && [command, &theirs.command].into_iter().all(is_analysis);
            let is_in_the_way = match is_alike {
                true => theirs.outputs.iter().any(is_in_place),
                false => theirs.outputs.iter().any(|output| layout.is_named(&at(output))),
            };
            let is_of_one_stem = theirs.outputs.iter().any(|one| layout.is_of_one_stem(&at(one)));
            if is_in_the_way || is_of_one_stem {
                let is_same = is_same && !is_of_one_stem;
                let another = Earlier::another(&sidecar, theirs);
                let one = Earlier { is_same, is_of_one_stem, ..another };
                // Each of a command's sidecars lists all that it made.
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        }
    }
    Ok(found)
}

impl Earlier {
    /// The command whose sidecar this is, as another that is in the way.
    #[must_use]
    pub fn another(sidecar: &Path, theirs: Provenance) -> Earlier {
        Earlier {
            folder: sidecar.parent().unwrap_or(Path::new("")).to_owned(),
            command: theirs.command_line.get(1).cloned().unwrap_or_default(),
            is_same: false,
            is_of_one_stem: false,
            outputs: theirs.outputs,
        }
    }

    /// Its outputs and their sidecars that are there as they were made, and those that somebody has changed since.
    ///
    /// # Errors
    /// Those of reading.
    pub fn files(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let (mut made, mut changed) = (Vec::new(), Vec::new());
        for output in &self.outputs {
            let path = self.folder.join(&output.name);
            let is_changed = match &output.checksum {
                Some(checksum) if path.is_file() => checksum.again(&path)? != *checksum,
                _ => false,
            };
            let sidecar = sidecar_path(&path);
            let has_own = matches!(output.kind, Kind::Bold | Kind::Map | Kind::Table);
            let is_own = has_own && provenance::facts_beside(&path).is_ok_and(|f| f.is_some());
            if is_changed {
                // The JSON of a table speaks of what it was, and would be verified as that.
                let is_table = output.kind == Kind::Table && is_own;
                if is_table && provenance::recorded(&sidecar)? != Recorded::Changed {
                    made.push(sidecar);
                }
                changed.push(path);
                continue;
            }
            made.push(path);
            if is_own {
                let is_edited = provenance::recorded(&sidecar)? == Recorded::Changed;
                if is_edited { changed.push(sidecar) } else { made.push(sidecar) }
            }
        }
        made.retain(|path| path.is_file());
        Ok((made, changed))
    }

    /// Refuses to write among its files.
    #[must_use]
    pub fn in_the_way(&self) -> Error {
        let first = self.outputs.first().map_or(Path::new(""), |output| output.name.as_path());
        Error::usage(
            "--out",
            format!(
                "holds another analysis: {} and {} other files of `boldly {}`",
                self.folder.join(first).display(),
                self.outputs.len().saturating_sub(1),
                self.command
            ),
            "hold one analysis, or their results would be taken for those of one",
            "choose another --out, or add --overwrite, which removes what that command made",
        )
    }
}

/// Whether its outputs are one analysis, and a folder that they have to themselves holds no other; those of other commands are of a recording
/// or a run and are named by it.
fn is_analysis(command: &Command) -> bool {
    match command {
        Command::Glm(_)
        | Command::Group(_)
        | Command::Connect(_)
        | Command::Trial(_)
        | Command::Fixed(_) => true,
        Command::Retroicor(_) | Command::Smooth(_) | Command::Confounds(_) | Command::Physio(_) => {
            false
        }
    }
}
