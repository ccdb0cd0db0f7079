//! The verifying story: rerun finished outputs on the f64 path from their sidecars alone, and compare every value.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::pipeline::blocks::{Ladder, PROCESS_BYTES};
use crate::pipeline::compared::Compared;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{self, Output, Provenance, sidecar_path};
use crate::pipeline::session::Session;
use crate::pipeline::watch::Watch;

/// Verify finished outputs: files, their sidecars, or folders with all below them. Those of one command are rerun once, in
/// so many bytes of memory at most.
///
/// # Errors
/// When there is nothing to verify, an input changed, or a rerun fails.
pub fn verify(outs: &[PathBuf], memory: Option<u64>, watch: &dyn Watch) -> Result<Vec<Comparison>> {
    let mut finished: Vec<Finished> = Vec::new();
    for out in outs {
        let found = find(out)?;
        if found.is_empty() {
            return Err(Error::missing_input(
                display(out),
                "holds no output with a boldly sidecar",
                "be the output of a boldly command",
                "give the --out of a command, or one of its files",
            ));
        }
        for one in found {
            match finished.iter_mut().find(|other| other.is_of_the_same_command(&one)) {
                Some(other) => other.add(one),
                None => finished.push(one),
            }
        }
    }
    leave_to_newest(&mut finished, watch)?;
    let mut comparisons = Vec::new();
    for one in finished {
        comparisons.extend(one.rerun(memory, watch)?);
    }
    if comparisons.is_empty() {
        return Err(Error::bad_data("verify", "found nothing to compare", "compare something", ""));
    }
    Ok(comparisons)
}

/// A file that several commands say they made is the one's whose checksum it has: the others' was replaced.
fn leave_to_newest(finished: &mut Vec<Finished>, watch: &dyn Watch) -> Result<()> {
    let mut replaced = Vec::new();
    for at in 0..finished.len() {
        for output in &finished[at].chosen {
            let path = finished[at].folder.join(&output.name);
            let is_claimed = finished.iter().enumerate().any(|(other, f)| {
                let same = |o: &Output| absolute(&f.folder.join(&o.name)) == absolute(&path);
                other != at && f.provenance.outputs.iter().any(same)
            });
            let Some(checksum) = output.checksum.as_ref().filter(|_| is_claimed) else { continue };
            if !path.is_file() || checksum.again(&path)? == *checksum {
                continue;
            }
            let by_another = finished.iter().enumerate().any(|(other, f)| {
                let own = |o: &&Output| absolute(&f.folder.join(&o.name)) == absolute(&path);
                let theirs = f.provenance.outputs.iter().find(own);
                let theirs = theirs.and_then(|o| o.checksum.as_ref());
                other != at && theirs.is_some_and(|c| c.again(&path).is_ok_and(|now| now == *c))
            });
            if by_another {
                replaced.push((at, output.name.clone()));
            }
        }
    }
    for (at, name) in &replaced {
        finished[*at].chosen.retain(|output| output.name != *name);
    }
    if let Some((at, name)) = replaced.first() {
        watch.warn(&format!(
            "{} outputs of an earlier command were replaced by a later one's, which is verified ({}); what else it made is \
             left over",
            replaced.len(),
            display(&finished[*at].folder.join(name))
        ));
    }
    finished.retain(|one| !one.chosen.is_empty());
    Ok(())
}

/// Finished outputs of one command that are to be compared.
#[derive(Debug)]
struct Finished {
    folder: PathBuf,
    provenance: Provenance,
    chosen: Vec<Output>,
}

/// What is finished at a place.
fn find(out: &Path) -> Result<Vec<Finished>> {
    if out.is_dir() {
        let mut sidecars = Vec::new();
        list(out, &mut sidecars)?;
        let root = absolute(out);
        let inside = |sidecar: &PathBuf| {
            let own = of_sidecar(sidecar)?;
            Ok(own.map(|own| own.of(|path| absolute(path).starts_with(&root))))
        };
        return sidecars.iter().map(inside).filter_map(Result::transpose).collect();
    }
    if !out.is_file() {
        return Err(Error::missing_input(
            display(out),
            "does not exist",
            "be the output of a boldly command",
            "check the path",
        ));
    }
    if out.extension().is_some_and(|e| e == "json")
        && let Some(own) = of_sidecar(out)?
    {
        return Ok(vec![own.of(|path| sidecar_path(path) == *out)]);
    }
    // Its own sidecar, else one beside it that lists it.
    let mut sidecars = vec![sidecar_path(out)];
    sidecars.extend(provenance::json_files(out.parent().unwrap_or(Path::new("")))?);
    for sidecar in sidecars.iter().filter(|path| path.is_file()) {
        let Some(own) = of_sidecar(sidecar)? else { continue };
        let own = own.of(|path| path.file_name() == out.file_name());
        if !own.chosen.is_empty() {
            return Ok(vec![own]);
        }
    }
    Ok(Vec::new())
}

/// JSON files of a folder and of those below it, in order.
fn list(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    found.extend(provenance::json_files(folder)?);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut below: Vec<PathBuf> =
        entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect();
    below.sort();
    below.iter().try_for_each(|folder| list(folder, found))
}

/// The outputs that a sidecar lists. None where the file is no sidecar of boldly's.
fn of_sidecar(sidecar: &Path) -> Result<Option<Finished>> {
    let Some(own) = provenance::read(sidecar)? else { return Ok(None) };
    let folder = sidecar.parent().unwrap_or(Path::new("")).to_owned();
    let chosen = own.provenance.outputs.clone();
    Ok(Some(Finished { folder, provenance: own.provenance, chosen }))
}

impl Finished {
    /// With some of its outputs alone.
    fn of(mut self, which: impl Fn(&Path) -> bool) -> Finished {
        let folder = &self.folder;
        self.chosen.retain(|output| which(&folder.join(&output.name)));
        self
    }

    /// Images made alike on different devices have different bounds; the same command into two folders is two commands.
    fn is_of_the_same_command(&self, other: &Finished) -> bool {
        let place = |f: &Finished| -> Vec<PathBuf> {
            f.provenance.outputs.iter().map(|o| absolute(&f.folder.join(&o.name))).collect()
        };
        let command = |f: &Finished| {
            f.provenance.command.clone().map_paths(&|path| absolute(&f.folder.join(path)))
        };
        self.provenance.device.precision == other.provenance.device.precision
            && place(self) == place(other)
            && command(self) == command(other)
    }

    fn add(&mut self, other: Finished) {
        for output in other.chosen {
            let at = absolute(&other.folder.join(&output.name));
            let folder = &self.folder;
            if !self.chosen.iter().any(|known| absolute(&folder.join(&known.name)) == at) {
                let own = |o: &&Output| absolute(&folder.join(&o.name)) == at;
                let named = self.provenance.outputs.iter().find(own).cloned();
                self.chosen.extend(named);
            }
        }
    }

    fn rerun(self, memory: Option<u64>, watch: &dyn Watch) -> Result<Vec<Comparison>> {
        let Finished { folder, provenance, chosen } = self;
        for input in &provenance.inputs {
            let path = folder.join(&input.path);
            if input.checksum.again(&path)? != input.checksum {
                return Err(Error::bad_data(
                    display(&path),
                    "has changed since the output was made",
                    format!("have the checksum {}", input.checksum),
                    "restore it, or rerun the command",
                ));
            }
        }
        let mut compared = Compared::new(&folder, &chosen, &provenance);
        compared.check_files()?;
        let command = provenance.command.map_paths(&|path| folder.join(path));
        // A block of the rerun stands beside the same block of the finished file, and its scale.
        let for_rerun = memory.map(|bytes| bytes.saturating_sub(PROCESS_BYTES) / 3 + PROCESS_BYTES);
        let ladder = Ladder::around(Device::cpu()).within(for_rerun);
        let mut session = Session::new(provenance.command_line, ladder, watch);
        command.run(&mut session, &mut compared)?;
        Ok(compared.comparisons())
    }
}

/// Absolute, links resolved as far as the path exists.
fn absolute(path: &Path) -> PathBuf {
    provenance::real(path).unwrap_or_else(|_| path.to_owned())
}
