//! Names that the commands and what is read of their results share.

/// What the model of the groups calls its contrast.
pub(super) const CONTRAST: &str = "interaction";
/// The seed.
pub(super) const SEED: &str = "insula";
/// The network that it is held against.
pub(super) const NETWORK: &str = "dmn";
/// Where what `group` makes of maps goes, and the table of them: of pain, then of rest.
pub(super) const MAPS: [(&str, &str); 2] =
    [("group-pain", "tables/pain_maps.tsv"), ("group-coupling", "tables/coupling_maps.tsv")];
/// Values of the brain by visit.
pub(super) const BRAIN: &str = "tables/brain.tsv";
/// What the recordings come to by visit.
pub(super) const PHYSIO: &str = "tables/physio_summary.tsv";
