//! The table and its JSON on disk.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Column, Component, ConfoundsResult, Kind, run};
use crate::error::Result;
use crate::io::{Outputs, tsv};
use crate::pipeline::provenance::{Provenance, sidecar_path};
use crate::pipeline::save::{Made, Session, file_name, hashed, provenance, refuse_overwriting};
use crate::pipeline::spec::{Command, ConfoundsSpec};
use crate::pipeline::watch::{Journal, Watch};
use crate::table::Table;

/// What follows the prefix.
const ENDING: &str = "_desc-confounds_timeseries.tsv";

/// Run `confounds` and write `table` (`.tsv`) with its JSON.
///
/// # Errors
/// Input, device and output errors; then nothing is left behind.
pub fn write(
    session: &mut Session,
    spec: &ConfoundsSpec,
    table: &Path,
    watch: &dyn Watch,
) -> Result<Provenance> {
    let journal = Journal::new(watch);
    let mut outputs = Outputs::new();
    let mut result = run(spec, &mut session.ladder, &journal)?;
    let read = result.files.iter().map(|(_, path)| path).chain([&spec.bold]);
    refuse_overwriting(read, [table.to_owned(), sidecar_path(table)].into_iter())?;
    outputs.text(table, &tsv::write_string(&as_table(&result.columns)))?;
    let mut inputs = vec![("bold", spec.bold.clone(), result.bold.checksum()?)];
    inputs.extend(hashed(&result.files)?);
    let made = Made {
        command: Command::Confounds(spec.clone()),
        stages: std::mem::take(&mut result.stages),
        dof: None,
        dof_spent: None,
        resolved: std::mem::take(&mut result.resolved),
        images: vec![file_name(table)],
        counts: std::mem::take(&mut result.counts),
        physio: Vec::new(),
    };
    let folder = table.parent().unwrap_or(Path::new(""));
    let provenance = provenance(session, made, &inputs, folder, &journal);
    outputs.text(&sidecar_path(table), &provenance.to_json(description(&result))?)?;
    outputs.commit()?;
    Ok(provenance)
}

/// The table's path: `out` itself where it ends in .tsv; else what its name begins with; in a folder (it exists, or the name
/// ends in /) the run's name without its suffix, `desc-` and `space-`.
#[must_use]
pub fn table_path(out: &Path, bold: &Path) -> PathBuf {
    let text = out.as_os_str().to_string_lossy();
    if text.to_lowercase().ends_with(".tsv") {
        return out.to_owned();
    }
    if !out.is_dir() && !text.ends_with(['/', '\\']) {
        return out.with_file_name(file_name(out) + ENDING);
    }
    let name = file_name(bold);
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_bold").unwrap_or(stem);
    let is_of_image = |part: &&str| ["desc-", "space-", "res-"].iter().any(|e| part.starts_with(e));
    let parts: Vec<&str> = stem.split('_').filter(|part| !is_of_image(part)).collect();
    out.join(parts.join("_") + ENDING)
}

/// Every digit of every column.
fn as_table(columns: &[Column]) -> Table {
    let n_volumes = columns.first().map_or(0, |c| c.values.len());
    let row = |t: usize| columns.iter().map(|c| c.values[t].to_string()).collect();
    Table {
        name: String::new(),
        columns: columns.iter().map(|c| c.name.clone()).collect(),
        rows: (0..n_volumes).map(row).collect(),
    }
}

/// A field a column, as in fMRIPrep's JSON, and the components that were not kept.
fn description(result: &ConfoundsResult) -> Map<String, Value> {
    let mut fields = Map::new();
    for column in &result.columns {
        let value = match &column.kind {
            Kind::Mean(voxels) => json!({
                "Description": format!("Mean of the run over {voxels} voxels"),
                "Method": "Mean",
                "Units": "arbitrary",
            }),
            Kind::Component(component) => described(component, true),
            Kind::Cosine(period_s) => json!({
                "Description": format!(
                    "Cosine with a period of {period_s} s: taken out before the components were found, so a model that uses \
                     them needs it, or drift of its own"
                ),
                "Method": "DCT",
                "Units": "arbitrary",
            }),
        };
        fields.insert(column.name.clone(), value);
    }
    let dropped = result.dropped.iter().enumerate();
    fields.extend(dropped.map(|(k, c)| (format!("dropped_{k}"), described(c, false))));
    fields
}

fn described(component: &Component, retained: bool) -> Value {
    json!({
        "Method": component.method,
        "Mask": component.mask,
        "SingularValue": component.singular_value,
        "VarianceExplained": component.variance_explained,
        "CumulativeVarianceExplained": component.cumulative_variance_explained,
        "Retained": retained,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_named_by_itself_by_a_prefix_or_by_the_run() {
        let path = |out: &str, bold: &str| table_path(Path::new(out), Path::new(bold));
        assert_eq!(path("a/x.tsv", "b.nii"), Path::new("a/x.tsv"));
        assert_eq!(path("a/sub-1", "b.nii"), Path::new("a/sub-1_desc-confounds_timeseries.tsv"));
        let run = "in/sub-1_task-pain_space-MNI_res-2_desc-preproc_bold.nii.gz";
        let want = Path::new("new/sub-1_task-pain_desc-confounds_timeseries.tsv");
        assert_eq!(path("new/", run), want);
    }
}
