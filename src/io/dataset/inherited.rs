//! Which file speaks for which: BIDS lets a table or JSON stand in any folder from the root down to the data's own, with no entity that the
//! data lack.

use std::path::{Path, PathBuf};

use super::{Dataset, Entities, File};
use crate::entity;
use crate::{Error, Result};

/// Entities that derivatives add to a run's.
const OF_DERIVATIVES: [&str; 9] = [
    "space",
    "cohort",
    "resolution",
    "density",
    "description",
    "hemisphere",
    "label",
    "atlas",
    "segmentation",
];
/// Entities that an image in a space has in common with its mask.
const OF_A_SPACE: [&str; 4] = ["space", "cohort", "resolution", "density"];

/// The entities of the run that a derivative was made of.
#[must_use]
fn of_run(entities: &Entities) -> Entities {
    let own = entities.iter().filter(|(key, _)| !OF_DERIVATIVES.contains(&key.as_str()));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Dataset {
    /// The files of a suffix and extension that speak for data of these entities, the most general first: those of the root, of the
    /// subject's folder, the session's and the datatype's, in each with ever more entities.
    pub fn speaking_for<'a>(
        &'a self,
        entities: &Entities,
        datatype: &str,
        (suffix, extension): (&'a str, &'a str),
    ) -> Vec<&'a File> {
        let mut folder = PathBuf::new();
        let mut folders = vec![folder.clone()];
        for (key, name) in [("subject", "sub"), ("session", "ses")] {
            if let Some(value) = entities.get(key) {
                folder.push(format!("{name}-{value}"));
                folders.push(folder.clone());
            }
        }
        folders.push(folder.join(datatype));
        let mut found = Vec::new();
        for folder in &folders {
            let here = self.by_folder.get(Path::new(folder)).into_iter().flatten();
            let mut here: Vec<&File> = here
                .map(|&at| &self.files[at])
                .filter(|f| f.suffix == suffix && f.extension == extension)
                .filter(|f| is_within(&f.entities, entities))
                .collect();
            here.sort_by_key(|f| f.entities.len());
            found.extend(here);
        }
        found
    }

    /// The one table of a suffix that holds for a run, by its nearest folder and then by most entities: its events. `entities`: of the run or
    /// of a derivative of it.
    ///
    /// # Errors
    /// [`Error::BadData`] where two of one folder hold as well.
    pub fn nearest<'a>(
        &'a self,
        entities: &Entities,
        datatype: &str,
        name: (&'a str, &'a str),
    ) -> Result<Option<&'a File>> {
        let all = self.speaking_for(&of_run(entities), datatype, name);
        let Some(last) = all.last() else { return Ok(None) };
        let is_as_near =
            |f: &&&File| f.folder() == last.folder() && f.entities.len() == last.entities.len();
        match all[..all.len() - 1].iter().rfind(is_as_near) {
            None => Ok(Some(last)),
            Some(other) => Err(two(self, other, last)),
        }
    }

    /// The confounds of a run: `_desc-confounds_timeseries.tsv`, before fMRIPrep 20.2 `_desc-confounds_regressors.tsv`; of drafts of BIDS
    /// `_timeseries.tsv` alone.
    ///
    /// # Errors
    /// As [`Dataset::nearest`].
    pub fn confounds(&self, entities: &Entities) -> Result<Option<&File>> {
        let mut own = of_run(entities);
        own.insert("description".to_owned(), "confounds".to_owned());
        let all = ["regressors", "timeseries"].map(|suffix| (suffix, ".tsv"));
        let mut found: Vec<&File> = Vec::new();
        for name in all {
            let of_name = self.speaking_for(&own, "func", name);
            // Those that say what they are before those that do not.
            found.extend(of_name.into_iter().max_by_key(|f| f.entity("description").is_some()));
        }
        Ok(found.into_iter().max_by_key(|f| f.entity("description").is_some()))
    }

    /// The mask of the brain beside a preprocessed run: the same run and space, `desc-brain_mask`, of
    /// drafts of BIDS `label-brain_mask`.
    #[must_use]
    pub fn brain_mask(&self, bold: &File) -> Option<&File> {
        let run = of_run(&bold.entities);
        let in_space = |f: &&File| {
            OF_A_SPACE.iter().all(|key| f.entity(key) == bold.entity(key))
                && [f.entity("description"), f.entity("label")].contains(&Some("brain"))
                && is_within(&of_run(&f.entities), &run)
        };
        let here = self.by_folder.get(bold.folder()).into_iter().flatten();
        let masks = here.map(|&at| &self.files[at]).filter(|f| f.suffix == "mask");
        let images = masks.filter(|f| matches!(f.extension.as_str(), ".nii.gz" | ".nii"));
        images.filter(in_space).max_by_key(|f| f.entities.len())
    }
}

/// Whether all entities of one are those of the other.
fn is_within(some: &Entities, all: &Entities) -> bool {
    some.iter().all(|(key, a)| all.get(key).is_some_and(|b| entity::same(key, a, b)))
}

fn two(dataset: &Dataset, one: &File, other: &File) -> Error {
    Error::bad_data(
        dataset.at(other).display().to_string(),
        format!("and {} hold for the same run", dataset.at(one).display()),
        "be one alone in its folder, as BIDS has it",
        "remove one, or name the entity that tells them apart",
    )
}
