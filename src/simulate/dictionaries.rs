//! What the columns of simulated tables are: their BIDS data dictionaries.

use crate::table::dictionary::{DataDictionary, Entry};

/// Beside maps.tsv of a group. `what`: which maps.
#[must_use]
pub fn maps(what: &str) -> DataDictionary {
    DataDictionary::of("Maps of the patients, a row a map, for boldly group")
        .column("subject", "The patient")
        .column("group", "What the patient was randomised to")
        .column("session", "The visit")
        .column("effect", format!("{what}: the file, from this folder on"))
}

/// Of a table of events with `trial_type`. `conditions`: what each is.
pub(super) fn events(conditions: &[(&str, &str)]) -> DataDictionary {
    DataDictionary::default()
        .column("onset", Entry::of("Onset, from the first volume on").in_units("s"))
        .column("duration", Entry::of("How long it lasts").in_units("s"))
        .column("trial_type", Entry::of("The condition").levels(conditions))
}

/// Of a run's confounds, under fMRIPrep's names.
pub(super) fn confounds() -> DataDictionary {
    let moved = ["x", "y", "z"].map(|axis| {
        (
            format!("trans_{axis}"),
            Entry::of(format!("Translation of the head along {axis}")).in_units("mm"),
        )
    });
    let turned = ["x", "y", "z"].map(|axis| {
        (
            format!("rot_{axis}"),
            Entry::of(format!("Rotation of the head about {axis}")).in_units("rad"),
        )
    });
    DataDictionary::default()
        .column("csf", Entry::of("Mean of the run over cerebrospinal fluid").in_units("arbitrary"))
        .column("white_matter", Entry::of("Mean of the run over white matter").in_units("arbitrary"))
        .column(
            "framewise_displacement",
            Entry::of("Framewise displacement (Power et al. 2012) from the volume before; n/a of the first").in_units("mm"),
        )
        .columns(moved)
        .columns(turned)
}

/// Of what is recorded beside a run: `cardiac`, `respiratory`, `trigger`.
pub(super) fn recorded(column: &str) -> Entry {
    match column {
        "cardiac" => Entry::of("Pulse clip").in_units("arbitrary"),
        "respiratory" => Entry::of("Breathing belt").in_units("arbitrary"),
        _ => Entry::of("Trigger of the scanner: 1 where a volume begins, else 0"),
    }
}

/// Beside participants.tsv of one made-up run.
pub(super) fn participants() -> DataDictionary {
    let species = [("simulated", "Nobody: the data are made up")];
    DataDictionary::default()
        .column("participant_id", "Who was scanned")
        .column("species", Entry::of("Species").levels(&species))
}

/// Beside checksums.tsv.
pub(super) fn checksums() -> DataDictionary {
    DataDictionary::default()
        .column("path", "A file, from the dataset's folder on")
        .column("sha256_of_content", "SHA-256 of its text, or of an image's voxels as stored")
}

/// Of the names of labelled regions.
pub(super) fn labels() -> DataDictionary {
    DataDictionary::default()
        .column("index", "The label: the value of the region's voxels in the image of this name")
        .column("name", "The region")
}
