//! The JSON sidecar beside every image: what was run on what, where, by which version, with which numbers, and what came of
//! it. `verify` and later commands read nothing else. BIDS fields stand at the top level, boldly's own under `boldly`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::gpu::{Device, DeviceReport, Span};
use crate::io::bids::{Name, read_value};
use crate::io::hash::Checksum;
use crate::io::{self, Overwrite, folder};
use crate::physio::{BeyondChance, PhysioSummary};
use crate::pipeline::spec::{Command, Role};

mod digest;
mod facts;

use digest::{Blank, sidecar_text};

pub use crate::io::paths::{real, relative};
pub use facts::{
    Facts, NETWORK_REGIONS, Named, Read, SMOOTHED, beside, facts_at, facts_beside, facts_of,
};

/// Version of the `boldly` object. 1 had SHA-256 of the inputs, and of the outputs their names only.
pub const SCHEMA: u32 = 2;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What it was read as.
    pub role: Role,
    /// Relative to the sidecar's folder where that is possible.
    pub path: PathBuf,
    /// Of its bytes on disk.
    #[serde(flatten)]
    pub checksum: Checksum,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Relative to the sidecar's folder.
    pub name: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// What its name says, without what names of this command begin with: `contrast-pain_stat-t_statmap`.
    pub entities: String,
    /// Of its bytes on disk, header and data.
    #[serde(flatten)]
    pub checksum: Option<Checksum>,
}

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A 4-D run.
    Bold,
    /// A map, or a mask.
    Map,
    /// A table or another text of numbers.
    Table,
    /// A page to look at.
    Page,
}

/// The `boldly` object of a sidecar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version that wrote it.
    pub version: String,
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// The command, every value resolved.
    pub command: Command,
    /// Stages in the order they ran.
    pub stages: Vec<String>,
    /// What the options and files came to: TR, frame times' origin, columns, effective FWHM, mask rule.
    pub resolved: Map<String, Value>,
    /// Files read.
    pub inputs: Vec<Input>,
    /// Files made by the same command.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// Of schema 1: images and tables made by the same command, in the sidecar's folder.
    #[serde(default, skip_serializing)]
    pub images: Vec<String>,
    /// Device, driver, precision and numerics probe.
    pub device: DeviceReport,
    /// Residual degrees of freedom of a fit.
    pub dof: Option<f64>,
    /// Degrees of freedom a correction took from the data; later fits subtract them.
    pub dof_spent: Option<f64>,
    /// Voxel counts and other facts of the result, by name.
    pub counts: Map<String, Value>,
    /// What was found in the physiological recordings, one entry a run.
    pub physio: Vec<PhysioSummary>,
    /// Whether each recording explains its run more than chance, one entry a run that has one and was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond_chance: Vec<BeyondChance>,
    /// Warnings that were printed.
    pub warnings: Vec<String>,
    /// Time by stage and activity, seconds.
    pub timings: Vec<Span>,
    /// Wall time of the whole command until the outputs were written, seconds.
    pub wall_s: f64,
}

impl Provenance {
    /// Of a command of which nothing else is known yet.
    #[must_use]
    pub fn of(command: Command) -> Provenance {
        Provenance {
            schema: SCHEMA,
            version: String::new(),
            command_line: Vec::new(),
            command,
            stages: Vec::new(),
            resolved: Map::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            images: Vec::new(),
            device: Device::cpu().report(),
            dof: None,
            dof_spent: None,
            counts: Map::new(),
            physio: Vec::new(),
            beyond_chance: Vec::new(),
            warnings: Vec::new(),
            timings: Vec::new(),
            wall_s: 0.0,
        }
    }

    /// The sidecar's text. `bids`: top-level BIDS fields.
    ///
    /// # Errors
    /// Internal when a value has no JSON form, such as a path that is not UTF-8.
    pub fn to_json(&self, bids: Map<String, Value>) -> Result<String> {
        sidecar_text(serde_json::to_value(self), bids)
    }
}

/// The sidecar of files that no command makes again: that boldly made them, and with which bytes. `fields`: what else is to be known of them.
///
/// # Errors
/// As [`Provenance::to_json`].
pub fn list(made_by: &str, outputs: &[Output], fields: Map<String, Value>) -> Result<String> {
    let own = json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        MADE_BY: made_by,
        "outputs": outputs,
    });
    sidecar_text(Ok(own), fields)
}

/// The files of such a list; none where the file is none.
///
/// # Errors
/// As for [`read`].
pub fn listed(path: &Path) -> Result<Option<Vec<Output>>> {
    let Some((_, own)) = own_object(path)? else { return Ok(None) };
    if own.get(MADE_BY).is_none() || own.get("command").is_some() {
        return Ok(None);
    }
    let facts: Facts = serde_json::from_value(own).map_err(|e| not_understood(path, e))?;
    Ok(Some(facts.outputs))
}

/// Names, in place of a command, what made the files that a sidecar lists.
const MADE_BY: &str = "made_by";

/// Whether the text of a sidecar of schema 2 is the one that was written.
///
/// # Errors
/// As for [`read`].
pub fn is_as_written(sidecar: &Path) -> Result<bool> {
    let text = io::read_text(sidecar)?;
    Ok(Blank::of(&text).is_some_and(|blank| blank.digest() == blank.found))
}

/// What a sidecar has `.json` in place of.
const ENDINGS: [&str; 7] = [".nii.gz", ".hdr.gz", ".img.gz", ".nii", ".hdr", ".img", ".tsv"];

/// The sidecar's path: the name with `.json` for the ending of an image (either half of a pair) or of a table.
#[must_use]
pub fn sidecar_path(image: &Path) -> PathBuf {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let stem = ENDINGS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    image.with_file_name(format!("{stem}.json"))
}

/// What boldly's sidecars say of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// Nothing: somebody else made it.
    Nowhere,
    /// It was made with these bytes.
    As(Checksum),
    /// It was made as it is: a sidecar, or what one of schema 1 names.
    Unchecked,
    /// It is a sidecar whose text was written otherwise.
    Changed,
}

/// Whether the sidecars in a file's folder say that boldly made it.
///
/// # Errors
/// Missing input where the folder cannot be listed.
pub fn recorded(file: &Path) -> Result<Recorded> {
    let is_json = file.extension().is_some_and(|e| e == "json");
    if is_json && let Ok(Some((_, own))) = own_object(file) {
        let has_digest = own.get("schema").and_then(Value::as_u64).is_some_and(|schema| schema > 1);
        let is_changed = has_digest && !is_as_written(file)?;
        return Ok(if is_changed { Recorded::Changed } else { Recorded::Unchecked });
    }
    let mut sidecars = vec![sidecar_path(file)];
    sidecars.extend(json_files(file.parent().unwrap_or(Path::new("")))?);
    let name = file.file_name().map(Path::new);
    for sidecar in sidecars.iter().filter(|path| path.is_file()) {
        // What is no sidecar of boldly's says nothing.
        let Ok(Some((_, own))) = own_object(sidecar) else { continue };
        let Ok(facts) = serde_json::from_value::<Facts>(own) else { continue };
        if let Some(output) = facts.outputs.iter().find(|o| Some(o.name.as_path()) == name) {
            return Ok(output.checksum.clone().map_or(Recorded::Unchecked, Recorded::As));
        }
        if facts.images.iter().any(|image| Some(Path::new(image)) == name) {
            return Ok(Recorded::Unchecked);
        }
    }
    Ok(Recorded::Nowhere)
}

/// A file in an output's place must be as boldly made it, unless anything may be replaced.
///
/// # Errors
/// As [`Overwrite::refuse_foreign`], and those of [`recorded`].
pub fn refuse_foreign(path: &Path, overwrite: Overwrite) -> Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    match recorded(path)? {
        Recorded::Unchecked => Ok(()),
        Recorded::As(checksum) => overwrite.refuse_foreign(path, Some(&checksum)),
        Recorded::Changed => overwrite.refuse_changed(path),
        Recorded::Nowhere => overwrite.refuse_foreign(path, None),
    }
}

/// The JSON files of a folder, in order; no pipes, no links that lead nowhere.
///
/// # Errors
/// Missing input where it cannot be listed.
pub fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = folder::paths(folder::listed(folder)?);
    found.retain(|path| path.extension().is_some_and(|e| e == "json") && path.is_file());
    Ok(found)
}

/// A whole sidecar.
#[derive(Debug, Clone)]
pub struct Sidecar {
    /// boldly's object.
    pub provenance: Provenance,
    /// The fields at the top level.
    pub fields: Map<String, Value>,
}

/// boldly's sidecar at a path; none where the file has no `boldly` object, or one without a command.
///
/// # Errors
/// Missing input when it cannot be read; bad data when it is no JSON, or where it is of a schema or a command that this version does not know.
pub fn read(path: &Path) -> Result<Option<Sidecar>> {
    let Some((fields, own)) = own_object(path)? else { return Ok(None) };
    if own.get(MADE_BY).is_some() && own.get("command").is_none() {
        return Ok(None); // a list of files, see [`list`]
    }
    let schema = own.get("schema").and_then(Value::as_u64).unwrap_or(0);
    if !(1..=u64::from(SCHEMA)).contains(&schema) {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("was written with sidecar schema {schema}"),
            format!("have schema 1 to {SCHEMA}"),
            "use the version of boldly that wrote it",
        ));
    }
    let mut provenance: Provenance =
        serde_json::from_value(own).map_err(|e| not_understood(path, e))?;
    if provenance.schema == 1 {
        provenance.outputs = outputs_of_schema_1(&provenance);
    }
    Ok(Some(Sidecar { provenance, fields }))
}

/// The outputs whose names alone schema 1 kept.
fn outputs_of_schema_1(provenance: &Provenance) -> Vec<Output> {
    let prefix = match &provenance.command {
        Command::Retroicor(spec) => Name::of(&spec.run.bold).prefix() + "_",
        _ => String::new(),
    };
    let output = |name: &String| {
        let stem = sidecar_path(Path::new(name)).with_extension("").display().to_string();
        let kind = match name {
            name if name.ends_with(".tsv") => Kind::Table,
            _ if stem.ends_with("_statmap") || stem.ends_with("mask") => Kind::Map,
            _ => Kind::Bold,
        };
        let entities = match kind {
            Kind::Bold => "bold".to_owned(),
            Kind::Table => "desc-confounds_timeseries".to_owned(),
            _ => stem.strip_prefix(&prefix).unwrap_or(&stem).to_owned(),
        };
        Output { name: name.into(), kind, entities, checksum: None }
    };
    provenance.images.iter().map(output).collect()
}

/// The fields of a JSON file, and its `boldly` object; none where it has none.
///
/// # Errors
/// Missing input when it cannot be read; bad data when it is no JSON.
fn own_object(path: &Path) -> Result<Option<(Map<String, Value>, Value)>> {
    let value = read_value(path)?;
    let Value::Object(mut fields) = value else { return Ok(None) };
    Ok(fields.shift_remove("boldly").map(|own| (fields, own)))
}

fn not_understood(path: &Path, cause: serde_json::Error) -> Error {
    Error::bad_data(
        path.display().to_string(),
        "holds a boldly object that this version does not understand",
        format!("be a sidecar of schema {SCHEMA}"),
        "use the version of boldly that wrote it, or rerun the command",
    )
    .caused_by(cause)
}

/// Time, bytes and operations summed over blocks, by stage and activity, in the order they first appear.
#[must_use]
pub fn totals(spans: Vec<Span>) -> Vec<Span> {
    let mut sums: Vec<Span> = Vec::new();
    for span in spans {
        let same = |s: &&mut Span| s.stage == span.stage && s.activity == span.activity;
        match sums.iter_mut().find(same) {
            Some(sum) => {
                sum.seconds += span.seconds;
                sum.bytes += span.bytes;
                sum.flops += span.flops;
            }
            None => sums.push(span),
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sidecar_keeps_dots_in_names() {
        let name = |p: &str| sidecar_path(Path::new(p));
        assert_eq!(name("a/sm5.5_bold.nii.gz"), Path::new("a/sm5.5_bold.json"));
        assert_eq!(name("a/sm5.5_bold.nii"), Path::new("a/sm5.5_bold.json"));
    }

    #[test]
    fn numbers_are_read_as_they_were_written_to_the_last_bit() {
        for n in 0..4000 {
            let number = 100.0 + f64::from(n).sqrt() / 3.0;
            let text = serde_json::to_string(&number).expect("a number");
            let read: f64 = serde_json::from_str(&text).expect("a number");
            assert_eq!(read.to_bits(), number.to_bits(), "{text}");
        }
    }
}
