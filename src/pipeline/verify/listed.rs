//! Files that no command makes again, held against the checksums that were written with them: the picture of `demo`, whose sidecar lists it, and
//! a simulated study, whose `checksums.tsv` lists all of it.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::inputs::display;
use crate::pipeline::provenance;
use crate::simulate::write::paths::CHECKSUMS;

/// What was written with a file.
enum Sum {
    /// Of its bytes.
    Bytes(io::hash::Checksum),
    /// Of what it holds, in hexadecimal.
    Content(String),
    /// None: people may change it, and it is there.
    There,
}

/// A file that is listed.
pub(super) struct Listed {
    pub(super) path: PathBuf,
    sum: Sum,
    /// Whether the list is as it was written.
    is_whole: bool,
}

/// What the lists among some files list; what cannot be read of them is added to the errors.
pub(super) fn in_files(files: &[PathBuf], errors: &mut Vec<Error>) -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    for path in files {
        match of_list(path) {
            Ok(listed) => found.extend(listed),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            // What is no JSON is said by who looks for sidecars.
            Err(_) if path.extension().is_some_and(|e| e == "json") => {}
            Err(error) => errors.push(error),
        }
    }
    Ok(found)
}

/// What lists a file: a sidecar beside it, or the checksums of the study that it lies in.
pub(super) fn of_file(out: &Path) -> Result<Vec<Listed>> {
    let absolute = provenance::real(out);
    let beside = provenance::json_files(out.parent().unwrap_or(Path::new("")))?;
    let above = absolute.ancestors().skip(1).map(|folder| folder.join(CHECKSUMS));
    for list in beside.into_iter().chain(above.filter(|path| path.is_file())) {
        let Ok(mut listed) = of_list(&list) else { continue };
        listed.retain(|one| provenance::real(&one.path) == absolute);
        if !listed.is_empty() {
            return Ok(listed);
        }
    }
    Ok(Vec::new())
}

/// Nothing where a file is no list.
fn of_list(path: &Path) -> Result<Vec<Listed>> {
    if path.ends_with(CHECKSUMS) {
        return of_study(path);
    }
    if path.extension().is_none_or(|e| e != "json") {
        return Ok(Vec::new());
    }
    let Some(outputs) = provenance::listed(path)? else { return Ok(Vec::new()) };
    let is_whole = provenance::is_as_written(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let listed = outputs.into_iter().map(|output| {
        let sum = output.checksum.map_or(Sum::There, Sum::Bytes);
        Listed { path: folder.join(output.name), sum, is_whole }
    });
    Ok(listed.collect())
}

/// The files of a simulated study.
fn of_study(checksums: &Path) -> Result<Vec<Listed>> {
    let depth = Path::new(CHECKSUMS).components().count();
    let study = checksums.ancestors().nth(depth).unwrap_or(Path::new(""));
    let table = io::tsv::read(checksums)?;
    let columns = ["path", "sha256_of_content"].map(|name| table.position(name));
    let [Some(path), Some(sum)] = columns else {
        return Err(Error::bad_data(
            display(checksums),
            "lacks the columns path and sha256_of_content",
            "be as `boldly simulate` wrote it",
            "restore it, or simulate the study again",
        ));
    };
    let listed = |row: &Vec<String>| {
        let at = row[path].split('/').fold(study.to_owned(), |folder, part| folder.join(part));
        Listed { path: at, sum: Sum::Content(row[sum].clone()), is_whole: true }
    };
    Ok(table.rows.iter().map(listed).collect())
}

impl Listed {
    /// Holds the file against its checksum.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn compare(&self) -> Result<Comparison> {
        let mut comparison = Comparison::of(&self.path);
        let fault = match self.is_same() {
            Ok(true) => None,
            Ok(false) if !self.path.is_file() => Some("is gone".to_owned()),
            Ok(false) => Some("its bytes are not those that were written".to_owned()),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(_) if !self.path.is_file() => Some("is gone".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        comparison.faults.extend(fault);
        if !self.is_whole {
            comparison.faults.push("its sidecar was edited since it was written".to_owned());
        }
        Ok(comparison)
    }

    fn is_same(&self) -> Result<bool> {
        Ok(match &self.sum {
            Sum::Bytes(sum) => sum.again(&self.path)? == *sum,
            Sum::Content(sum) => io::sha256_of_content(&self.path)? == *sum,
            Sum::There => self.path.symlink_metadata().is_ok_and(|found| found.len() > 0),
        })
    }
}
