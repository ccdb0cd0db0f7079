//! Subjects of the dataset of whom no run is meant, where all subjects are, and raw runs that the derivatives lack: in no level, which is told.

use std::collections::BTreeSet;

use super::found::Found;
use super::named::listed;
use super::people::People;
use crate::bids::Model;
use crate::entity;
use crate::error::Result;
use crate::io::dataset::File;
use crate::io::folder;
use crate::pipeline::spec::BidsSpec;

/// A sentence about raw runs of subjects, sessions and tasks that are meant of which no image is among those; none where there are none, or where the
/// raw images are those.
pub(super) fn runs(spec: &BidsSpec, model: &Model, found: &Found) -> Option<String> {
    const OF_A_RUN: [&str; 7] =
        ["subject", "session", "task", "acquisition", "reconstruction", "direction", "run"];
    let is_derived =
        |path: &std::path::Path| found.derivatives.iter().any(|(_, of)| path.starts_with(&of.root));
    if !found.runs.iter().any(|run| is_derived(&run.bold)) {
        return None;
    }
    let has = |key: &str, value: Option<&str>| {
        found.runs.iter().any(|run| match (run.entities.get(key), value) {
            (Some(own), Some(value)) => entity::same(key, own, value),
            (own, value) => own.is_none() && value.is_none(),
        })
    };
    let is_allowed = |file: &File| {
        model.input.iter().chain(&spec.filter).all(|(key, allowed)| match file.entity(key) {
            Some(value) => allowed.iter().any(|one| entity::same(key, one, value)),
            None => true,
        })
    };
    let is_meant = |file: &&File| {
        ["subject", "task"].iter().all(|key| has(key, file.entity(key))) && is_allowed(file)
    };
    let is_there = |file: &File| {
        found.runs.iter().any(|run| {
            OF_A_RUN.iter().all(|key| match (run.entities.get(*key), file.entity(key)) {
                (Some(own), Some(value)) => entity::same(key, own, value),
                (own, value) => own.is_none() && value.is_none(),
            })
        })
    };
    let raw = found.raw.of_suffix("bold", &[".nii.gz", ".nii"]).filter(is_meant);
    let lacking: BTreeSet<String> = raw
        .filter(|file| !is_there(file))
        .map(|file| super::named::label(&file.entities, &["echo", "part"]))
        .collect();
    let n = lacking.len();
    let lacking: Vec<String> = lacking.into_iter().collect();
    (n > 0).then(|| {
        let (runs, have) = if n == 1 { ("run", "has") } else { ("runs", "have") };
        format!(
            "{n} raw {runs} of these subjects and tasks {have} no image among those that are meant, and {} in no level: {}",
            if n == 1 { "is" } else { "are" },
            listed(&lacking)
        )
    })
}

/// A sentence about them; none where there are none, or where subjects were chosen.
pub(super) fn told(
    spec: &BidsSpec,
    model: &Model,
    (found, people): (&Found, &People),
) -> Result<Option<String>> {
    let is_chosen =
        |all: &std::collections::BTreeMap<String, Vec<String>>| all.contains_key("subject");
    if !spec.participants.is_empty() || is_chosen(&spec.filter) || is_chosen(&model.input) {
        return Ok(None);
    }
    let mut known: BTreeSet<String> = people.subjects().into_iter().collect();
    for entry in folder::listed(&found.raw.root)? {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(label) = name.strip_prefix("sub-").filter(|_| entry.path.is_dir()) {
            known.insert(label.to_owned());
        }
    }
    let n = known.len();
    let has_run =
        |label: &String| found.runs.iter().any(|run| run.entities.get("subject") == Some(label));
    known.retain(|label| !has_run(label));
    let absent: Vec<String> = known.iter().map(|label| format!("sub-{label}")).collect();
    let have = if absent.len() == 1 { "has" } else { "have" };
    Ok((!absent.is_empty()).then(|| {
        format!(
            "{} of {n} subjects of the dataset (participants.tsv, sub-* folders) {have} no BOLD image of those that are meant (derivatives, space, desc, the model's Input) and {} in no level: {}",
            absent.len(),
            if absent.len() == 1 { "is" } else { "are" },
            listed(&absent)
        )
    }))
}
