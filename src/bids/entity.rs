//! The entities of BIDS by their long names.

use crate::design::similar;

/// Key in file names, and long name (BIDS 1.11, derivatives included).
const ENTITIES: &[(&str, &str)] = &[
    ("sub", "subject"),
    ("tpl", "template"),
    ("ses", "session"),
    ("cohort", "cohort"),
    ("sample", "sample"),
    ("task", "task"),
    ("tracksys", "trackingsystem"),
    ("acq", "acquisition"),
    ("ce", "ceagent"),
    ("stain", "staining"),
    ("trc", "tracer"),
    ("rec", "reconstruction"),
    ("dir", "direction"),
    ("run", "run"),
    ("mod", "modality"),
    ("echo", "echo"),
    ("flip", "flip"),
    ("inv", "inversion"),
    ("mt", "mtransfer"),
    ("part", "part"),
    ("proc", "processing"),
    ("hemi", "hemisphere"),
    ("space", "space"),
    ("split", "split"),
    ("recording", "recording"),
    ("chunk", "chunk"),
    ("seg", "segmentation"),
    ("scale", "scale"),
    ("res", "resolution"),
    ("den", "density"),
    ("label", "label"),
    ("desc", "description"),
    ("atlas", "atlas"),
    ("contrast", "contrast"),
    ("stat", "statistic"),
    ("node", "node"),
    // Of a file rather than of its name's parts.
    ("datatype", "datatype"),
    ("suffix", "suffix"),
    ("extension", "extension"),
];

/// Entities whose labels are numbers, so that `run-1` and `run-01` are the same.
const INDICES: &[&str] = &["run", "echo", "flip", "inversion", "split", "chunk"];

/// The long name of an entity that is given by its long name or by its key in file names; none of what is no entity.
#[must_use]
pub fn long(name: &str) -> Option<&'static str> {
    ENTITIES.iter().find(|(key, long)| name == *long || name == *key).map(|(_, long)| *long)
}

/// The entity that was probably meant.
#[must_use]
pub fn meant(name: &str) -> Option<String> {
    let names: Vec<String> = ENTITIES.iter().map(|(_, long)| (*long).to_owned()).collect();
    similar::closest(name, &names).map(str::to_owned)
}

/// Whether two labels of an entity (long name) are the same: text by text, numbers of runs and the like by value.
#[must_use]
pub fn same(entity: &str, a: &str, b: &str) -> bool {
    a == b || (INDICES.contains(&entity) && index(a).is_some() && index(a) == index(b))
}

/// The label by which an entity's values are told apart: a number without the zeros before it for runs and the like.
pub(super) fn canonical(entity: &str, label: &str) -> String {
    match index(label).filter(|_| INDICES.contains(&entity)) {
        Some(number) => number.to_string(),
        None => label.to_owned(),
    }
}

fn index(label: &str) -> Option<u64> {
    label.parse().ok()
}

/// A name as a label of BIDS: letters and digits alone, each part after the first with a capital (`trial_type.word` is
/// `trialTypeWord`).
#[must_use]
pub fn label(name: &str) -> String {
    let mut label = String::new();
    let mut capital = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            label.push(if capital && !label.is_empty() { c.to_ascii_uppercase() } else { c });
            capital = false;
        } else {
            capital = true;
        }
    }
    label
}
