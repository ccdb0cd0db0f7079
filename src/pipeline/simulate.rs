//! Writes a simulated study as a BIDS dataset.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io::sample::SampleType;
use crate::io::{self, Header, Outputs, Overwrite, interrupt, tsv};
use crate::pipeline::watch::Watch;
use crate::simulate::drug_trial::{self, DrugTrial, DrugTrialSpec};
use crate::simulate::write::paths::{CHECKSUMS, README};
use crate::simulate::write::{self, Content, files_while};
use crate::simulate::{Spec, run_while};

/// Simulate and write into `out`, all files or none; files that are there already must be those of the same study, unless
/// anything may be replaced. `command`: the line that makes it again.
///
/// # Errors
/// Usage for an impossible spec, and for other files in its place; output errors.
pub fn write(
    spec: &Spec,
    out: &Path,
    overwrite: Overwrite,
    command: &str,
    watch: &dyn Watch,
) -> Result<()> {
    let names = write::names();
    refuse_others(
        &in_folder(out, &names),
        (&out.join(README), &write::readme(command)),
        overwrite,
    )?;
    refuse_changed(out, overwrite)?;
    watch.note("simulating");
    let study = run_while(spec, &interrupt::check)?;
    let files = files_while(&study, command, &interrupt::check)?;
    write_files((files.len(), files), out, overwrite, watch)
}

/// Simulate a drug trial and write it into `out`, run by run, all files or none; as [`write()`].
///
/// # Errors
/// Usage for an impossible trial, and for other files in its place; output errors.
pub fn write_trial(
    spec: &DrugTrialSpec,
    out: &Path,
    overwrite: Overwrite,
    command: &str,
    watch: &dyn Watch,
) -> Result<DrugTrial> {
    watch.note("simulating");
    let trial = drug_trial::run_while(spec, &interrupt::check)?;
    let names = drug_trial::names(&trial);
    let readme = drug_trial::readme(command);
    refuse_others(&in_folder(out, &names), (&out.join(README), &readme), overwrite)?;
    let files = drug_trial::files_while(&trial, command, &interrupt::check);
    write_each((names.len(), files), out, overwrite, watch)?;
    Ok(trial)
}

/// Where files of a study lie.
pub(super) fn in_folder(out: &Path, names: &[String]) -> Vec<PathBuf> {
    let place = |name: &String| name.split('/').fold(out.to_owned(), |path, part| path.join(part));
    names.iter().map(place).collect()
}

/// Refuses what lies in the places of a study that is not there yet, before any of it is made. It is there where its README, which has the
/// line that makes it, is in its place; then its files are held against the new ones as these are made.
///
/// # Errors
/// Usage, unless anything may be replaced.
pub(super) fn refuse_others(
    places: &[PathBuf],
    (readme, text): (&Path, &str),
    overwrite: Overwrite,
) -> Result<()> {
    let is_there = |path: &&PathBuf| path.symlink_metadata().is_ok();
    if overwrite == Overwrite::Anything || io::read_text(readme).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let found = [readme.to_owned()];
    let found = found.iter().chain(places).find(is_there);
    found.map_or(Ok(()), |path| Err(of_another_study(path)))
}

/// Refuses files of a finished study that were changed since, by the checksums that were written with them.
fn refuse_changed(out: &Path, overwrite: Overwrite) -> Result<()> {
    let checksums = out.join(CHECKSUMS);
    if overwrite == Overwrite::Anything || !checksums.is_file() {
        return Ok(());
    }
    for row in tsv::read(&checksums)?.rows {
        let [name, sum] = &row[..] else { continue };
        let place = in_folder(out, std::slice::from_ref(name)).remove(0);
        interrupt::check()?;
        // What cannot be read is no file of this study.
        if place.is_file() && !io::sha256_of_content(&place).is_ok_and(|own| own == *sum) {
            return Err(of_another_study(&place));
        }
    }
    Ok(())
}

/// Write so many files into `out`, all or none; those that are there already must be the same, unless anything may be replaced.
///
/// # Errors
/// Usage for other files in their place; output errors.
pub(super) fn write_files(
    (n_files, files): (usize, impl IntoIterator<Item = (String, Content)>),
    out: &Path,
    overwrite: Overwrite,
    watch: &dyn Watch,
) -> Result<()> {
    write_each((n_files, files.into_iter().map(Ok)), out, overwrite, watch)
}

/// The same of files that may not come.
///
/// # Errors
/// As [`write_files`], and those of `files`.
fn write_each(
    (n_files, files): (usize, impl IntoIterator<Item = Result<(String, Content)>>),
    out: &Path,
    overwrite: Overwrite,
    watch: &dyn Watch,
) -> Result<()> {
    watch.stage("write", n_files);
    let mut outputs = Outputs::replacing(overwrite);
    for file in files {
        let (path, content) = file?;
        let path = path.split('/').fold(out.to_owned(), |folder, part| folder.join(part));
        match content {
            Content::Text(text) => outputs.text(&path, &text)?,
            Content::GzText(text) => outputs.compressed(&path, text.as_bytes())?,
            Content::Image(image) => {
                let header = Header::new(&image.grid, image.tr);
                let header = match image.tr {
                    Some(_) => header.for_bold(image.n_volumes),
                    None => header,
                };
                let Some(sample) = SampleType::from_code(image.stored.datatype()).ok() else {
                    return Err(Error::internal(path.display().to_string(), "has no type", "", ""));
                };
                let stored = (sample, image.stored.slope());
                outputs.stored(&path, &header, stored, &image.bytes())?;
            }
        }
        if overwrite == Overwrite::Own && path.is_file() {
            let made = outputs.checksums().into_iter().find(|(made, _)| *made == path);
            let is_same = made.map(|(_, sum)| Ok(sum.again(&path)? == sum)).transpose()?;
            if is_same != Some(true) {
                return Err(of_another_study(&path));
            }
        }
        watch.step();
    }
    outputs.told().iter().for_each(|line| watch.warn(line));
    outputs.commit()
}

/// A file in its place that this study does not make.
fn of_another_study(path: &Path) -> Error {
    Error::usage(
        path.display().to_string(),
        "is not the one of this study: it is of another (other options, seed or version of boldly), or was changed since",
        "be free, or as this command makes it",
        "choose another folder, or add --overwrite",
    )
}
