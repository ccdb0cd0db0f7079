//! Writes a simulated study as a BIDS dataset.

use std::path::Path;

use crate::error::{Error, Result};
use crate::io::sample::SampleType;
use crate::io::{Header, Outputs, Overwrite, interrupt};
use crate::pipeline::watch::Watch;
use crate::simulate::drug_trial::{self, DrugTrial, DrugTrialSpec};
use crate::simulate::write::{Content, files_while};
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
    let files =
        (drug_trial::count(&trial), drug_trial::files_while(&trial, command, &interrupt::check));
    write_each(files, out, overwrite, watch)?;
    Ok(trial)
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
        watch.step();
    }
    outputs.told().iter().for_each(|line| watch.warn(line));
    for (path, checksum) in outputs.checksums() {
        let is_other = path.is_file() && checksum.again(&path)? != checksum;
        if is_other && overwrite == Overwrite::Own {
            return Err(of_another_study(&path));
        }
    }
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
