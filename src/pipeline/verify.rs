//! The verifying story: rerun finished outputs on the f64 path from their sidecars alone, and compare every value.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::finish_left;
use crate::io::folder::{self, Entry};
use crate::pipeline::blocks::{Ladder, PROCESS_BYTES};
use crate::pipeline::compared::Compared;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{self, Output, Provenance, real, sidecar_path};
use crate::pipeline::session::Session;
use crate::pipeline::watch::{ProgressAlone, Watch};

mod later;
mod listed;
mod strangers;

use listed::Listed;
use strangers::strangers;

/// What became of a verification.
#[derive(Debug, Default)]
pub struct Verified {
    /// Each output that was looked at.
    pub comparisons: Vec<Comparison>,
    /// Commands that were run again.
    pub commands: usize,
    /// Why others could not be: an input that is gone or was changed, a sidecar that cannot be read, a place without outputs.
    pub errors: Vec<Error>,
}

/// Verify finished outputs: files, their sidecars, or folders with all below them. Those of one command are rerun once, in
/// so many bytes of memory at most. What fails is noted, and the rest verified.
///
/// # Errors
/// Interrupted.
pub fn verify(outs: &[PathBuf], memory: Option<u64>, watch: &dyn Watch) -> Result<Verified> {
    let mut verified = Verified::default();
    let mut finished: Vec<Finished> = Vec::new();
    let mut listed: Vec<Listed> = Vec::new();
    for out in outs {
        let (folders, _) = below(out, &mut Vec::new());
        folders.iter().flat_map(|at| finish_left(at)).for_each(|line| watch.warn(&line));
        let (found, others) = find(out, &mut verified.errors)?;
        listed.extend(others);
        for one in found {
            match finished.iter_mut().find(|other| other.is_of_the_same_command(&one)) {
                Some(other) => other.add(one),
                None => finished.push(one),
            }
        }
    }
    let strangers = strangers(outs, &finished, &listed);
    verified.note(leave_to_newest(&mut finished, watch))?;
    for one in finished {
        let (found, rerun) = one.rerun(memory, watch);
        verified.commands += usize::from(rerun.is_ok());
        verified.note(rerun)?;
        verified.comparisons.extend(found);
    }
    for one in &listed {
        verified.comparisons.push(one.compare()?);
    }
    verified.add_strangers(strangers, watch);
    if verified.comparisons.is_empty() && verified.errors.is_empty() {
        verified.errors.push(Error::missing_input(
            "verify",
            "found nothing to verify",
            "find an output of a boldly command",
            "give the --out of a command, or one of its files",
        ));
    }
    Ok(verified)
}

impl Verified {
    /// Notes an error, and gives back what there is without one.
    fn note<T>(&mut self, done: Result<T>) -> Result<Option<T>> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Error::Interrupted) => Err(Error::Interrupted),
            Err(error) => {
                self.errors.push(error);
                Ok(None)
            }
        }
    }
}

/// A file that several commands say they made is the one's whose checksum it has: the others' was replaced.
fn leave_to_newest(finished: &mut Vec<Finished>, watch: &dyn Watch) -> Result<()> {
    let mut replaced = Vec::new();
    for at in 0..finished.len() {
        for output in &finished[at].chosen {
            let path = finished[at].folder.join(&output.name);
            let is_claimed = finished.iter().enumerate().any(|(other, f)| {
                let same = |o: &Output| real(&f.folder.join(&o.name)) == real(&path);
                other != at && f.provenance.outputs.iter().any(same)
            });
            let Some(checksum) = output.checksum.as_ref().filter(|_| is_claimed) else { continue };
            if !path.is_file() || checksum.again(&path)? == *checksum {
                continue;
            }
            let by_another = finished.iter().enumerate().any(|(other, f)| {
                let own = |o: &&Output| real(&f.folder.join(&o.name)) == real(&path);
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

/// What is finished at a place, and what else is listed there; what cannot be read there is added to the errors.
fn find(out: &Path, errors: &mut Vec<Error>) -> Result<(Vec<Finished>, Vec<Listed>)> {
    let found = if out.is_dir() { in_folder(out, errors) } else { of_file(out) };
    match found {
        Ok((found, listed)) if found.is_empty() && listed.is_empty() => {
            errors.push(Error::missing_input(
                display(out),
                "holds no output with a boldly sidecar",
                "be the output of a boldly command",
                "give the --out of a command, or one of its files",
            ));
        }
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        Err(error) => errors.push(error),
        Ok(found) => return Ok(found),
    }
    Ok((Vec::new(), Vec::new()))
}

fn in_folder(out: &Path, errors: &mut Vec<Error>) -> Result<(Vec<Finished>, Vec<Listed>)> {
    let root = real(out);
    let mut found = Vec::new();
    let (_, listed) = below(out, errors);
    for sidecar in listed.iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        match of_sidecar(sidecar) {
            Ok(None) => {}
            Ok(Some(own)) if !own.has_sidecar(sidecar) => errors.push(Error::bad_data(
                display(sidecar),
                "describes no output of its own name: it is a copy, or was renamed",
                "lie under the name of an output that it lists",
                "remove it, or give it its name again",
            )),
            Ok(Some(own)) => match own.of(|path| place(path).starts_with(&root)) {
                // Its own output at least lies beside it.
                own if own.chosen.is_empty() => errors.push(Error::bad_data(
                    display(sidecar),
                    "lists no output that lies here",
                    "list what its command made",
                    "restore it, or rerun the command",
                )),
                own => found.push(own),
            },
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => errors.push(error),
        }
    }
    let others = listed::in_files(&listed, errors)?;
    Ok((found, others))
}

fn of_file(out: &Path) -> Result<(Vec<Finished>, Vec<Listed>)> {
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
        let own = own.of(|path| sidecar_path(path) == *out);
        let own = if own.chosen.is_empty() { Vec::new() } else { vec![own] };
        return Ok((own, Vec::new()));
    }
    // Its own sidecar, else one beside it that lists it.
    let mut sidecars = vec![sidecar_path(out)];
    sidecars.extend(provenance::json_files(out.parent().unwrap_or(Path::new("")))?);
    for sidecar in sidecars.iter().filter(|path| path.is_file()) {
        let Some(own) = of_sidecar(sidecar)? else { continue };
        let own = own.of(|path| path.file_name() == out.file_name());
        if !own.chosen.is_empty() {
            return Ok((vec![own], Vec::new()));
        }
    }
    Ok((Vec::new(), listed::of_file(out)?))
}

/// A folder and those below it, or that of a file, and all regular files in them; links to folders are not followed. What cannot be
/// listed is added to the errors.
fn below(out: &Path, errors: &mut Vec<Error>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    if !out.is_dir() {
        let folder = out.parent().filter(|p| !p.as_os_str().is_empty());
        return (vec![folder.unwrap_or(Path::new(".")).to_owned()], Vec::new());
    }
    let (mut folders, mut files) = (vec![out.to_owned()], Vec::new());
    let mut at = 0;
    while at < folders.len() {
        match folder::listed(&folders[at]) {
            Ok(all) => {
                let (own, other): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(Entry::is_own_folder);
                folders.extend(folder::paths(own));
                files.extend(folder::paths(other).into_iter().filter(|path| path.is_file()));
            }
            Err(error) => errors.push(error),
        }
        at += 1;
    }
    files.sort();
    (folders, files)
}

/// The outputs that a sidecar lists. None where the file is no sidecar of boldly's.
fn of_sidecar(sidecar: &Path) -> Result<Option<Finished>> {
    let Some(own) = provenance::read(sidecar)? else { return Ok(None) };
    let folder = sidecar.parent().unwrap_or(Path::new("")).to_owned();
    let chosen = own.provenance.outputs.clone();
    Ok(Some(Finished { folder, provenance: own.provenance, chosen }))
}

impl Finished {
    /// Whether a file is the sidecar of one of its outputs, there or not.
    fn has_sidecar(&self, sidecar: &Path) -> bool {
        let own = |output: &Output| place(&sidecar_path(&self.folder.join(&output.name)));
        self.provenance.outputs.iter().any(|output| own(output) == place(sidecar))
    }

    /// With some of its outputs alone.
    fn of(mut self, which: impl Fn(&Path) -> bool) -> Finished {
        let folder = &self.folder;
        self.chosen.retain(|output| which(&folder.join(&output.name)));
        self
    }

    /// Images made alike on different devices have different bounds; the same command into two folders is two commands.
    fn is_of_the_same_command(&self, other: &Finished) -> bool {
        let place = |f: &Finished| -> Vec<PathBuf> {
            f.provenance.outputs.iter().map(|o| real(&f.folder.join(&o.name))).collect()
        };
        let command = |f: &Finished| {
            f.provenance.command.clone().map_paths(&|path| real(&f.folder.join(path)))
        };
        self.provenance.device.precision == other.provenance.device.precision
            && place(self) == place(other)
            && command(self) == command(other)
    }

    fn add(&mut self, other: Finished) {
        for output in other.chosen {
            let at = real(&other.folder.join(&output.name));
            let folder = &self.folder;
            if !self.chosen.iter().any(|known| real(&folder.join(&known.name)) == at) {
                let own = |o: &&Output| real(&folder.join(&o.name)) == at;
                let named = self.provenance.outputs.iter().find(own).cloned();
                self.chosen.extend(named);
            }
        }
    }

    /// What was found; where the command cannot be rerun the outputs that are at fault without that, by their bytes, and why it cannot.
    fn rerun(self, memory: Option<u64>, watch: &dyn Watch) -> (Vec<Comparison>, Result<()>) {
        let mut compared = Compared::new(&self.folder, &self.chosen, &self.provenance);
        match compared.check_files().and_then(|()| self.compare(&mut compared, memory, watch)) {
            Ok(()) => (compared.comparisons(), Ok(())),
            Err(error) => (compared.at_fault(), Err(error)),
        }
    }

    /// Run the command again, beside its outputs.
    fn compare(
        self,
        compared: &mut Compared,
        memory: Option<u64>,
        watch: &dyn Watch,
    ) -> Result<()> {
        let Finished { folder, provenance, .. } = self;
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
        let command = provenance.command.clone().map_paths(&|path| folder.join(path));
        let _aside = later::set_aside(&command, (&provenance, &folder), watch);
        // A block of the rerun stands beside the same block of the finished file, and its scale.
        let for_rerun = memory.map(|bytes| bytes.saturating_sub(PROCESS_BYTES) / 3 + PROCESS_BYTES);
        let ladder = Ladder::around(Device::cpu()).within(for_rerun);
        // What a rerun notes and warns of was said when the outputs were made.
        let progress = ProgressAlone(watch);
        let mut session = Session::new(provenance.command_line, ladder, &progress);
        command.run(&mut session, compared)
    }
}

/// Where a file lies, not what it links to.
fn place(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    real(folder).join(path.file_name().unwrap_or_default())
}
