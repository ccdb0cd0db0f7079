//! Subjects of the dataset of whom no run is meant, where all subjects are: in no level, which is told.

use std::collections::BTreeSet;

use super::found::Found;
use super::named::listed;
use super::people::People;
use crate::bids::Model;
use crate::error::Result;
use crate::io::folder;
use crate::pipeline::spec::BidsSpec;

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
