//! What made the subjects' maps, as their sidecars say it: by which command, and of which runs.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map as Fields, Value};

use super::table::{SEED, contrast};
use crate::design::group::Sample;
use crate::error::Result;
use crate::io::{self, sidecar::Beside};
use crate::pipeline::alike::{self, Asked, Compared};
use crate::pipeline::provenance::{self, Facts, sidecar_path};
use crate::pipeline::regions::{MapOfRuns, REFERENCE};
use crate::pipeline::spec::{RegionOptions, Role};
use crate::pipeline::watch::Watch;

/// Of a map.
pub(super) struct Made {
    /// Whether its header says where its voxels lie.
    pub(super) is_placed: bool,
    pub path: PathBuf,
    /// All that the JSON beside it says.
    fields: Fields<String, Value>,
    facts: Option<Facts>,
    /// The images that boldly made it of.
    runs: Vec<PathBuf>,
}

impl Made {
    /// `said`: what lies beside it; nothing is known of a map that this does not describe.
    pub(super) fn of((path, is_placed): (PathBuf, bool), said: &Beside) -> Made {
        let facts = match said.doubt {
            None => provenance::facts_beside(&path).unwrap_or_default(),
            Some(_) => None,
        };
        let sidecar = sidecar_path(&path);
        let runs = facts.iter().flat_map(|facts| facts.read(&sidecar)).collect();
        let mut fields = said.fields.clone();
        // Where the sidecar of a run is still there, it says what its name may not.
        let read = facts.iter().flat_map(|facts| &facts.inputs);
        for file in read.filter(|file| file.role == Role::Sidecar.name()) {
            let of_run = io::bids::read_json(&sidecar.with_file_name("").join(&file.path));
            let space = of_run.unwrap_or_default().remove(REFERENCE);
            space.into_iter().for_each(|space| {
                fields.entry(REFERENCE).or_insert(space);
            });
        }
        Made { is_placed, path, fields, facts, runs }
    }

    /// The seed of a map of its connectivity, and all that the command had, their files by paths that hold here; of a map of which nothing else is known by its name alone, without these.
    pub(super) fn seed(&self) -> Option<(String, RegionOptions)> {
        if self.facts.is_none() {
            let called = contrast(&self.path)?;
            return Some((called.strip_prefix(SEED)?.to_owned(), RegionOptions::default()));
        }
        let name = self.fields.get("Seed")?.as_str()?;
        let given = self.facts.as_ref()?.command.options.get("seeds")?;
        let mut given = RegionOptions::deserialize(given).ok()?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        given.files_mut().into_iter().for_each(|(_, path)| *path = folder.join(&*path));
        Some((name.to_owned(), given))
    }

    /// As regions are held against it.
    pub(super) fn for_regions(&self) -> MapOfRuns<'_> {
        let Made { is_placed, path, fields, runs, .. } = self;
        MapOfRuns { path, is_placed: *is_placed, fields, runs }
    }
}

/// Warn where maps were made with other options. `made`: of these rows of the sample.
///
/// # Errors
/// As the table's columns.
pub(super) fn tell_differences(
    made: &[Made],
    (rows, sample): (&[usize], &Sample),
    watch: &dyn Watch,
) -> Result<()> {
    let sessions = match sample.table.position("session") {
        Some(_) => sample.texts("session")?,
        None => vec![None; sample.subjects.len()],
    };
    let who = |row: usize| match &sessions[row] {
        Some(session) => format!("{} at {session}", sample.subjects[row]),
        None => sample.subjects[row].clone(),
    };
    let asked = |(made, &row): (&Made, &usize)| {
        let command = made.facts.as_ref()?.command.clone();
        Some(Asked { who: who(row), command })
    };
    let all: Vec<Asked> = made.iter().zip(rows).filter_map(asked).collect();
    let called = made.first().and_then(|one| contrast(&one.path));
    let seed = called.as_deref().and_then(|called| called.strip_prefix(SEED));
    if let Some(said) = alike::differences(&all, Compared::Map(seed)) {
        watch.warn(&format!(
            "the maps were made with other options, and what differs between them may be that: {said}; make them alike"
        ));
    }
    Ok(())
}
