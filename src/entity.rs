//! The entities of BIDS: by their keys, as file names have them (`sub`), and by their long names (`subject`). Source: BIDS 1.11 schema,
//! "entities", derivatives included.

/// Key in file names, and long name.
const ENTITIES: &[(&str, &str)] = &[
    ("sub", "subject"),
    ("tpl", "template"),
    ("ses", "session"),
    ("cohort", "cohort"),
    ("sample", "sample"),
    ("task", "task"),
    ("tracksys", "trackingsystem"),
    ("acq", "acquisition"),
    ("nuc", "nucleus"),
    ("voi", "volume"),
    ("ce", "ceagent"),
    ("trc", "tracer"),
    ("stain", "staining"),
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

/// The key of an entity in file names, by its long name; the name itself of what is no entity.
#[must_use]
pub fn key(name: &str) -> &str {
    ENTITIES.iter().find(|(_, long)| *long == name).map_or(name, |(key, _)| key)
}

/// All long names.
pub fn names() -> impl Iterator<Item = &'static str> {
    ENTITIES.iter().map(|(_, long)| *long)
}

/// Whether two labels of an entity (long name) are the same: text by text, numbers of runs and the like by value.
#[must_use]
pub fn same(entity: &str, a: &str, b: &str) -> bool {
    a == b || (INDICES.contains(&entity) && index(a).is_some() && index(a) == index(b))
}

/// The label by which an entity's values are told apart: a number without the zeros before it for runs and the like.
#[must_use]
pub fn canonical(entity: &str, label: &str) -> String {
    match index(label).filter(|_| INDICES.contains(&entity)) {
        Some(number) => number.to_string(),
        None => label.to_owned(),
    }
}

fn index(label: &str) -> Option<u64> {
    label.parse().ok()
}
