//! Whether a sidecar of boldly's speaks of a file. BIDS goes by names, and `X_bold.json` speaks of `X_bold.nii` and of
//! `X_bold.nii.gz`; what boldly wrote for one of them says nothing of the other. So its sidecars list what they describe, by name
//! and by checksum, and who reads one checks it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::hash::{self, Checksum};
use crate::Result;

/// A file that a sidecar lists.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Listed {
    /// Relative to the sidecar's folder.
    pub name: PathBuf,
    /// Of its bytes on disk; none where the sidecar has none.
    #[serde(flatten)]
    pub checksum: Option<Checksum>,
}

/// What a list of files says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Described {
    /// It has these bytes, whatever its name is now.
    Bytes,
    /// It has this name; the list has no checksum to hold its bytes against.
    Name,
    /// It has this name and other bytes.
    Changed,
    /// The list is of other files.
    Not,
}

/// What the sidecar of boldly's in `folder`, which lists these files, says of an image. Its bytes are read where the list has
/// checksums.
///
/// # Errors
/// Those of reading the image.
pub fn described(listed: &[Listed], folder: &Path, image: &Path) -> Result<Described> {
    if listed.iter().any(|one| one.checksum.is_some()) {
        let own = hash::file(image)?;
        if listed.iter().any(|one| one.checksum.as_ref() == Some(&own)) {
            return Ok(Described::Bytes);
        }
    }
    Ok(match listed.iter().find(|one| is_same(&folder.join(&one.name), image)) {
        Some(Listed { checksum: Some(_), .. }) => Described::Changed,
        Some(_) => Described::Name,
        None => Described::Not,
    })
}

/// The files that a JSON file lists as boldly's outputs; none where it is no sidecar of boldly's, or of so old a one that it
/// lists nothing.
pub(super) fn listed(json: &Map<String, Value>) -> Option<Vec<Listed>> {
    let own = json.get("boldly")?;
    let list = |key: &str| own.get(key).and_then(Value::as_array).into_iter().flatten();
    let output = |one: &Value| Listed::deserialize(one).ok();
    let older = |one: &Value| Some(Listed { name: one.as_str()?.into(), checksum: None });
    let all: Vec<Listed> =
        list("outputs").filter_map(output).chain(list("images").filter_map(older)).collect();
    (!all.is_empty()).then_some(all)
}

/// Whether two paths lead to one file, by name or through links.
fn is_same(a: &Path, b: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).ok();
    let real = |path: &Path| path.canonicalize().ok();
    absolute(a) == absolute(b) || real(a).is_some_and(|a| real(b) == Some(a))
}
