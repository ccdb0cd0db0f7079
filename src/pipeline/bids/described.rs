//! The JSON beside the tables that units read: their BIDS data dictionaries.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::pipeline::provenance::sidecar_path;
use crate::table::dictionary::{DataDictionary, Entry};

/// Beside each of a unit's tables the JSON that describes its columns, and its text.
pub(super) fn of(tables: &[(PathBuf, String)]) -> Vec<(PathBuf, String)> {
    let of_one = |(path, table): &(PathBuf, String)| {
        let columns = || table.lines().next().unwrap_or_default().split('\t');
        let fields = dictionary(path, columns()).fields(columns());
        (sidecar_path(path), format!("{:#}\n", Value::Object(fields)))
    };
    tables.iter().map(of_one).collect()
}

fn dictionary<'a>(path: &Path, columns: impl Iterator<Item = &'a str>) -> DataDictionary {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match () {
        () if name.ends_with("_maps.tsv") => {
            DataDictionary::of("Maps of the level below, a row an estimate")
                .column("subject", "Whose it is")
                .column("effect", "The map of the effect, from this folder on")
                .column("variance", "The map of its variance, from this folder on")
        }
        () if name.contains("_desc-slices_") => DataDictionary::of(
            "What columns of the model are at the times of slices, a row for each time and volume",
        )
        .column("slice_time", Entry::of("Seconds into the volume").in_units("s"))
        .columns(
            columns.map(|column| (column, "Column of the model (X) at the time of the slice")),
        ),
        () => DataDictionary::of("The model's design matrix, as the unit fits it").columns(
            columns
                .map(|column| (column, "Column of the model (X), or drift or constant beside it")),
        ),
    }
}
