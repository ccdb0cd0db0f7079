//! What later commands take from a sidecar. Facts are read without the command, so that a sidecar of a newer boldly, whose commands this
//! one may not know, still says how many degrees of freedom were spent.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Kind, Output, not_understood, own_object, sidecar_path};
use crate::error::Result;
use crate::io::described::{Described, Listed, described};
use crate::io::is_aside;
use crate::io::sidecar::{self, Beside};
use crate::pipeline::spec::{Role, SmoothOptions};

/// Where [`super::Provenance::resolved`] says how a run that was made had been smoothed.
pub const SMOOTHED: &str = "smoothed";
/// Where sidecars of networks have the regions of each, among what options came to.
pub const NETWORK_REGIONS: &str = "networks";

/// What later commands take from a sidecar, whichever version of boldly wrote it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Facts {
    /// Version of the object.
    #[serde(default)]
    pub schema: u32,
    /// Residual degrees of freedom of a fit.
    pub dof: Option<f64>,
    /// Degrees of freedom a correction took from the data.
    pub dof_spent: Option<f64>,
    /// Files made by the same command.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// The same of schema 1.
    #[serde(default)]
    pub(super) images: Vec<String>,
    /// The command that made them.
    #[serde(default)]
    pub command: Named,
    /// Files that it read.
    #[serde(default)]
    pub inputs: Vec<Read>,
    /// What its options and files came to.
    #[serde(default)]
    pub resolved: Map<String, Value>,
}

/// A command, by its name, whatever this version knows of its options.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Named {
    /// As on the command line.
    #[serde(default)]
    pub name: String,
    /// Its options, as the sidecar has them.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// A file that a command read, whatever this version knows of its role.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Read {
    /// What it was read as.
    pub role: String,
    /// As [`super::Input::path`].
    pub path: PathBuf,
}

/// The facts of boldly's sidecar beside an image, if there is one.
///
/// # Errors
/// Missing input when it cannot be read; bad data when it is no JSON, or when a fact is not what its name says.
pub fn facts_beside(image: &Path) -> Result<Option<Facts>> {
    let path = sidecar_path(image);
    if path.is_file() && !is_aside(&path) { facts_at(&path) } else { Ok(None) }
}

/// The same where it speaks of this image, or lists no file at all; none where it speaks of others.
///
/// # Errors
/// As [`facts_beside`], and those of reading the image where the sidecar has its checksum.
pub fn facts_of(image: &Path) -> Result<Option<Facts>> {
    let Some(facts) = facts_beside(image)? else { return Ok(None) };
    let lists_nothing = facts.outputs.is_empty() && facts.images.is_empty();
    Ok((lists_nothing || facts.of(image)? != Described::Not).then_some(facts))
}

/// What the JSON beside a map or a table says of it, whoever wrote it.
///
/// # Errors
/// As [`sidecar::beside`].
pub fn beside(file: &Path) -> Result<Beside> {
    sidecar::beside(file, &sidecar_path(file))
}

/// The facts of a sidecar; none where it is not boldly's.
///
/// # Errors
/// As [`facts_beside`].
pub fn facts_at(sidecar: &Path) -> Result<Option<Facts>> {
    let own = own_object(sidecar)?;
    own.map(|(_, own)| serde_json::from_value(own).map_err(|e| not_understood(sidecar, e)))
        .transpose()
}

impl Facts {
    /// Degrees of freedom that corrections took from the data; none where there was none.
    #[must_use]
    pub fn spent(&self) -> Option<f64> {
        self.dof_spent.filter(|&spent| spent > 0.0)
    }

    /// Whether a run was made by the name that their sidecar bears, with whatever ending of an image.
    #[must_use]
    pub fn name_run_of(&self, sidecar: &Path) -> bool {
        let mut runs = self.outputs.iter().filter(|output| output.kind == Kind::Bold);
        runs.any(|output| sidecar_path(&output.name).file_name() == sidecar.file_name())
    }

    /// How the runs that were made had been smoothed in all, the first first.
    #[must_use]
    pub fn smoothed(&self) -> Vec<SmoothOptions> {
        let read = |value: &Value| SmoothOptions::deserialize(value).ok();
        let said = self.resolved.get(SMOOTHED).and_then(Value::as_array);
        let said = said.map(|all| all.iter().filter_map(read).collect());
        // A sidecar from before smoothing was passed on.
        let smooth = || self.command.options.get("smooth");
        let own = || read(smooth()?).filter(|_| self.command.name == "smooth");
        let all: Vec<SmoothOptions> = said.unwrap_or_else(|| own().into_iter().collect());
        all.into_iter().filter(|one| one.fwhm_mm > 0.0).collect()
    }

    /// The images that were read. `sidecar`: theirs.
    pub fn read(&self, sidecar: &Path) -> impl Iterator<Item = PathBuf> {
        let bold = |file: &&Read| file.role == Role::Bold.name();
        self.inputs.iter().filter(bold).map(|file| sidecar.with_file_name("").join(&file.path))
    }

    /// What they say of the image that they lie beside: they may be of another one of the same stem, and it may have changed.
    ///
    /// # Errors
    /// Those of reading the image.
    pub fn of(&self, image: &Path) -> Result<Described> {
        let listed =
            |one: &Output| Listed { name: one.name.clone(), checksum: one.checksum.clone() };
        let older = |name: &String| Listed { name: name.into(), checksum: None };
        let listed: Vec<Listed> =
            self.outputs.iter().map(listed).chain(self.images.iter().map(older)).collect();
        described(&listed, image.parent().unwrap_or(Path::new("")), image)
    }
}
