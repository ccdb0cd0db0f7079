//! Whether a recording is of the run that it is given with, by what their names say.

use std::path::{Path, PathBuf};

use super::{Physiology, display};
use crate::pipeline::watch::Watch;

/// Entities that tell one run from another; echoes and parts of a run share a recording.
const TELLING: [&str; 4] = ["sub", "ses", "task", "run"];

/// The value of an entity in a file's name, else of a subject or session in those of its folders.
fn value(path: &Path, key: &str) -> Option<String> {
    let of = |text: &str| {
        let value = text.strip_prefix(key)?.strip_prefix('-')?.split('.').next()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let name = path.file_name()?.to_string_lossy();
    let folders = || {
        let folders = path.parent()?.ancestors().filter_map(Path::file_name);
        folders.filter_map(|folder| of(&folder.to_string_lossy())).next()
    };
    let own = name.split('_').find_map(of);
    own.or_else(|| matches!(key, "sub" | "ses").then(folders).flatten())
}

/// Whether two values are one: `1` is `01`.
fn same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    a == b || number(a).is_some_and(|a| number(b) == Some(a))
}

/// Entities that tell one run of a dataset from another.
pub(super) const OF_A_RUN: [&str; 8] = ["sub", "ses", "task", "acq", "ce", "rec", "dir", "run"];

/// What the names of recordings say that contradicts an image's: `sub-06 for sub-02`; none where they have no entity in common.
#[must_use]
pub fn apart(bold: &Path, recordings: &[PathBuf]) -> Option<Vec<String>> {
    apart_in(&TELLING, bold, recordings)
}

/// [`apart`] of any files, by these entities.
pub(super) fn apart_in(keys: &[&str], bold: &Path, files: &[PathBuf]) -> Option<Vec<String>> {
    let mut is_comparable = false;
    let mut apart = Vec::new();
    for recording in files {
        for key in keys {
            let (Some(here), Some(there)) = (value(bold, key), value(recording, key)) else {
                continue;
            };
            is_comparable = true;
            let found = format!("{key}-{there} for {key}-{here}");
            if !same(&here, &there) && !apart.contains(&found) {
                apart.push(found);
            }
        }
    }
    is_comparable.then_some(apart)
}

/// A warning where names contradict each other.
pub fn say_apart(physio: &Physiology, bold: &Path, watch: &dyn Watch) {
    if let Some(apart) = physio.apart.as_ref().filter(|apart| !apart.is_empty()) {
        watch.warn(&format!(
            "the recording {} is by its name not of {} ({}): is it the right one?",
            physio.recording.name,
            display(bold),
            apart.join(", ")
        ));
    }
}

/// Whether two files are of one run by their names: none of these entities differs, and none stands in one name alone.
pub(super) fn is_same_run(a: &Path, b: &Path) -> bool {
    OF_A_RUN.iter().all(|key| match (value(a, key), value(b, key)) {
        (Some(a), Some(b)) => same(&a, &b),
        (a, b) => a.is_none() && b.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_contradict_each_other_are_told_from_those_that_say_nothing() {
        let of = |bold: &str, log: &str| apart(Path::new(bold), &[PathBuf::from(log)]);
        let bold = "d/sub-02/func/sub-02_task-rest_run-1_echo-2_bold.nii.gz";
        assert_eq!(of(bold, "sub-02_task-rest_run-01_recording-belt_physio.tsv.gz"), Some(vec![]));
        let other = of(bold, "sub-06_task-nback_physio.tsv.gz").expect("entities in common");
        assert_eq!(other, ["sub-06 for sub-02", "task-nback for task-rest"]);
        assert_eq!(of(bold, "x/sub-06/scan.puls"), Some(vec!["sub-06 for sub-02".to_owned()]));
        assert_eq!(of(bold, "pulse.log"), None);
        assert_eq!(of("bold.nii", "sub-06_physio.tsv.gz"), None);
    }
}
