//! Entities by their short names, as file names have them, and by their long ones. Source: BIDS 1.11 schema, "entities"; `space`, `label` and
//! a few others have one name only.

/// Short, long.
const NAMES: [(&str, &str); 22] = [
    ("sub", "subject"),
    ("ses", "session"),
    ("acq", "acquisition"),
    ("nuc", "nucleus"),
    ("voi", "volume"),
    ("ce", "ceagent"),
    ("trc", "tracer"),
    ("stain", "staining"),
    ("rec", "reconstruction"),
    ("dir", "direction"),
    ("mod", "modality"),
    ("inv", "inversion"),
    ("mt", "mtransfer"),
    ("proc", "processing"),
    ("hemi", "hemisphere"),
    ("tracksys", "trackingsystem"),
    ("chunk", "chunk"),
    ("seg", "segmentation"),
    ("res", "resolution"),
    ("den", "density"),
    ("desc", "description"),
    ("stat", "statistic"),
];

/// The long name of an entity, whichever way it is written; its own where it has no other.
#[must_use]
pub fn long_name(name: &str) -> &str {
    NAMES.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long)
}

/// The name of an entity in file names.
#[must_use]
pub fn short_name(name: &str) -> &str {
    NAMES.iter().find(|(_, long)| *long == name).map_or(name, |(short, _)| short)
}

/// Whether two values of an entity are the same: as text, or as whole numbers (`1` and `01` of a run or an echo).
#[must_use]
pub fn is_same_value(entity: &str, a: &str, b: &str) -> bool {
    let index = |text: &str| text.parse::<u64>().ok();
    let is_index = matches!(entity, "run" | "echo" | "flip" | "inversion" | "split");
    a == b || is_index && index(a).is_some() && index(a) == index(b)
}
