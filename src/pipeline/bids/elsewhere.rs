//! What the dataset of a run's image has not and others have: taken where they say the same, and told; refused where they differ, as two images of
//! one run are.

use std::path::PathBuf;

use super::named;
use crate::error::{Error, Result};
use crate::io::dataset::{self, Content, Dataset, File};
use crate::io::sha256_of_content;

/// A file with its dataset, and the name of that.
type Of<'a> = (&'a str, &'a Dataset, &'a File);

/// What is looked for.
pub(super) struct Wanted<'a> {
    /// The image's dataset.
    pub of: &'a Dataset,
    pub bold: &'a File,
    /// What it is called.
    pub what: &'a str,
}

impl Wanted<'_> {
    /// The one that is meant of those that there are; none of none. What is not of the image's own dataset is told.
    ///
    /// # Errors
    /// Bad data: several that differ. Missing input: a name alone.
    pub fn one(&self, all: Vec<Of<'_>>, told: &mut Vec<String>) -> Result<Option<PathBuf>> {
        let Some((name, of, first)) = all.first() else { return Ok(None) };
        let path = there(of.at(first))?;
        if all.len() > 1 {
            let own = sha256_of_content(&path)?;
            for (_, other_s, other) in &all[1..] {
                let other = there(other_s.at(other))?;
                if sha256_of_content(&other)? != own {
                    return Err(self.differ(&path, &other));
                }
            }
        }
        if of.root != self.of.root {
            told.push(format!(
                "the {} is that of the dataset {name}: the image's own has none",
                self.what
            ));
        }
        Ok(Some(path))
    }

    fn differ(&self, one: &std::path::Path, other: &std::path::Path) -> Error {
        let run = named::label(
            &self.bold.entities,
            &["space", "resolution", "density", "cohort", "description"],
        );
        Error::bad_data(
            run,
            format!(
                "has two files for its {} that differ, {} and {}",
                self.what,
                one.display(),
                other.display()
            ),
            "have one, for beside its image there is none",
            "name the datasets that are meant with -d, without the other",
        )
    }
}

/// A file whose content is on this disk.
///
/// # Errors
/// Missing input: a name alone.
pub(super) fn there(path: PathBuf) -> Result<PathBuf> {
    match dataset::content(&path) {
        Content::There => Ok(path),
        Content::NotFetched => Err(Error::missing_input(
            path.display().to_string(),
            "is a placeholder of git-annex, whose content is not here",
            "be on this disk",
            "fetch it first (datalad get, git annex get)",
        )),
        Content::Empty | Content::Gone => Err(Error::missing_input(
            path.display().to_string(),
            "is an empty file (0 bytes)",
            "hold data",
            "copy or download it again; example datasets hold names alone",
        )),
    }
}
