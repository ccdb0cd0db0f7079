//! Subjects of the dataset of whom no run is meant, where all subjects are: in no level, which is told.

use std::collections::BTreeSet;

use super::found::{Found, listed};
use super::people::People;
use crate::bids::Model;
use crate::pipeline::spec::BidsSpec;

/// A sentence about them; none where there are none, or where subjects were chosen.
pub(super) fn told(
    spec: &BidsSpec,
    model: &Model,
    (found, people): (&Found, &People),
) -> Option<String> {
    let is_chosen =
        |all: &std::collections::BTreeMap<String, Vec<String>>| all.contains_key("subject");
    if !spec.participants.is_empty() || is_chosen(&spec.filter) || is_chosen(&model.input) {
        return None;
    }
    let mut known: BTreeSet<String> = people.subjects().into_iter().collect();
    let folders = std::fs::read_dir(&found.raw.root).into_iter().flatten().flatten();
    let names = folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
    known.extend(names.filter_map(|name| Some(name.to_str()?.strip_prefix("sub-")?.to_owned())));
    let n = known.len();
    let has_run =
        |label: &String| found.runs.iter().any(|run| run.entities.get("subject") == Some(label));
    known.retain(|label| !has_run(label));
    let absent: Vec<String> = known.iter().map(|label| format!("sub-{label}")).collect();
    let have = if absent.len() == 1 { "has" } else { "have" };
    (!absent.is_empty()).then(|| {
        format!(
            "{} of {n} subjects of the dataset (participants.tsv, sub-* folders) {have} no BOLD image of those that are meant (derivatives, space, desc, the model's Input) and {} in no level: {}",
            absent.len(),
            if absent.len() == 1 { "is" } else { "are" },
            listed(&absent)
        )
    })
}
