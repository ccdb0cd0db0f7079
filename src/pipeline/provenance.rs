//! The JSON sidecar beside every image: what was run on what, where, by which version, with which numbers. `verify` and
//! later commands read nothing else. BIDS fields stand at the top level, boldly's own under `boldly`.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::gpu::{DeviceReport, Span};
use crate::io::hash::Checksum;
use crate::physio::PhysioSummary;
use crate::pipeline::spec::Command;

/// Version of the `boldly` object.
pub const SCHEMA: u32 = 1;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// `bold`, `mask`, `events`, ...
    pub role: String,
    /// Relative to the sidecar's folder where that is possible.
    pub path: PathBuf,
    /// Of the file as it lies on disk: the field `blake3`, or `sha256` in sidecars of older versions.
    #[serde(flatten)]
    pub checksum: Checksum,
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
    /// Images and tables made by the same command, file names in the sidecar's folder.
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
    /// Warnings that were printed.
    pub warnings: Vec<String>,
    /// Time by stage and activity, seconds.
    pub timings: Vec<Span>,
    /// Wall time of the whole command until the outputs were written, seconds.
    pub wall_s: f64,
}

impl Provenance {
    /// The sidecar's text. `bids`: top-level BIDS fields.
    ///
    /// # Errors
    /// Internal when a value has no JSON form, such as a path that is not UTF-8.
    pub fn to_json(&self, bids: Map<String, Value>) -> Result<String> {
        let text = serde_json::to_value(self).and_then(|own| {
            let mut top = bids;
            top.insert("boldly".to_owned(), own);
            serde_json::to_string_pretty(&Value::Object(top))
        });
        text.map(|text| text + "\n").map_err(|e| {
            Error::internal("a sidecar", "cannot be written as JSON", "be plain text", "")
                .caused_by(e)
        })
    }
}

/// The sidecar's path: the name with `.json` for `.nii`, `.nii.gz` or `.tsv`.
#[must_use]
pub fn sidecar_path(image: &Path) -> PathBuf {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let stem =
        [".nii.gz", ".nii", ".tsv"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    image.with_file_name(format!("{stem}.json"))
}

/// boldly's provenance of an image, if its sidecar has one.
///
/// # Errors
/// Bad data when there is one that cannot be understood.
pub fn beside(image: &Path) -> Result<Option<Provenance>> {
    let path = sidecar_path(image);
    if path.is_file() { read(&path) } else { Ok(None) }
}

/// The `boldly` object of a JSON file; none when it has none.
///
/// # Errors
/// Missing input when it cannot be read; bad data when it is no JSON or of another schema.
pub fn read(path: &Path) -> Result<Option<Provenance>> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::missing_input(&shown, "cannot be read", "be readable", "check the path").caused_by(e)
    })?;
    let bad = |e: serde_json::Error, what: &str| {
        Error::bad_data(
            &shown,
            what,
            format!("be a JSON sidecar of schema {SCHEMA}"),
            "rerun the command that made it with this version",
        )
        .caused_by(e)
    };
    let mut value: Value = serde_json::from_str(&text).map_err(|e| bad(e, "is not JSON"))?;
    let Some(own) = value.get_mut("boldly").map(Value::take) else { return Ok(None) };
    let schema = own.get("schema").and_then(Value::as_u64);
    if schema != Some(SCHEMA.into()) {
        return Err(Error::bad_data(
            &shown,
            format!("was written with sidecar schema {}", schema.unwrap_or(0)),
            format!("have schema {SCHEMA}"),
            "use the version of boldly that wrote it",
        ));
    }
    serde_json::from_value(own)
        .map(Some)
        .map_err(|e| bad(e, "holds a boldly object that this version does not understand"))
}

/// `path` as seen from `folder`, both made absolute; absolute where they share no root.
#[must_use]
pub fn relative(path: &Path, folder: &Path) -> PathBuf {
    let (Ok(path), Ok(folder)) = (resolved(path), resolved(folder)) else {
        return path.to_owned();
    };
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return path;
    }
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

/// Absolute, links resolved as far as the path exists.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut rest = Vec::new();
    let mut known = absolute.clone();
    loop {
        if let Ok(real) = known.canonicalize() {
            return Ok(rest.iter().rev().fold(real, |p, part| p.join(part)));
        }
        match known.file_name() {
            Some(name) => rest.push(name.to_owned()),
            None => return Ok(absolute),
        }
        known.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_relative_to_the_sidecar() {
        let at = |p: &str, f: &str| relative(Path::new(p), Path::new(f));
        assert_eq!(at("/nowhere/a/b.nii", "/nowhere/a"), Path::new("b.nii"));
        assert_eq!(at("/nowhere/a/b.nii", "/nowhere/out/x"), Path::new("../../a/b.nii"));
        assert_eq!(at("/elsewhere/b.nii", "/nowhere/out"), Path::new("../../elsewhere/b.nii"));
    }

    #[test]
    fn an_input_holds_its_checksum_under_the_name_of_its_kind() {
        let read = |kind: &str| {
            let text = format!(r#"{{"role":"bold","path":"b.nii","{kind}":"af13"}}"#);
            let input = serde_json::from_str::<Input>(&text)?;
            assert_eq!(serde_json::to_string(&input)?, text);
            Ok::<_, serde_json::Error>(input.checksum)
        };
        assert_eq!(read("blake3").unwrap(), Checksum::Blake3("af13".to_owned()));
        assert_eq!(read("sha256").unwrap(), Checksum::Sha256("af13".to_owned()));
        assert!(read("md5").is_err());
    }

    #[test]
    fn the_sidecar_keeps_dots_in_names() {
        let name = |p: &str| sidecar_path(Path::new(p));
        assert_eq!(name("a/sm5.5_bold.nii.gz"), Path::new("a/sm5.5_bold.json"));
        assert_eq!(name("a/sm5.5_bold.nii"), Path::new("a/sm5.5_bold.json"));
    }
}
