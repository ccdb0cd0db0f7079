//! BIDS names and the inheritance of JSON sidecars. Source: BIDS 1.11, "File name structure" and "The Inheritance
//! Principle".

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{files, folder, is_aside};
use crate::{Error, Result};

/// Endings that are not part of a name's last word.
const ENDINGS: [&str; 9] =
    [".nii.gz", ".hdr.gz", ".img.gz", ".tsv.gz", ".nii", ".hdr", ".img", ".tsv", ".json"];

/// The file that a dataset has at its root.
pub(super) const ROOT_MARK: &str = "dataset_description.json";

/// A file name in parts: `sub-01_task-rest_bold.nii.gz` has two entities and the suffix `bold`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `key-value` parts, in order.
    pub entities: Vec<String>,
    /// What follows the last underscore, or the whole stem.
    pub suffix: String,
}

impl Name {
    /// Takes the last part of a path apart; names that are not BIDS have no entities.
    #[must_use]
    pub fn of(path: &Path) -> Name {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        let end = ENDINGS.iter().find(|e| lower.ends_with(*e)).map_or(0, |e| e.len());
        let stem = name.get(..name.len() - end).unwrap_or(&name);
        let mut parts: Vec<String> = stem.split('_').map(str::to_string).collect();
        let suffix = parts.pop().unwrap_or_default();
        if parts.iter().all(|p| p.contains('-')) {
            Name { entities: parts, suffix }
        } else {
            Name { entities: Vec::new(), suffix: stem.to_string() }
        }
    }

    /// What the names of derivatives begin with: the entities but `desc-`, or the whole of a name that is not BIDS.
    #[must_use]
    pub fn prefix(&self) -> String {
        let kept = self.entities.iter().filter(|entity| !entity.starts_with("desc-"));
        let entities: Vec<&str> = kept.map(String::as_str).collect();
        if entities.is_empty() { self.suffix.clone() } else { entities.join("_") }
    }

    /// Whether a sidecar of this name speaks for `file`: the same suffix, no entity that the file lacks.
    fn applies_to(&self, file: &Name) -> bool {
        self.suffix == file.suffix && self.entities.iter().all(|e| file.entities.contains(e))
    }
}

/// How a name may say which echo it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EchoName {
    /// By the BIDS entity: `sub-01_echo-2_bold`.
    Entity,
    /// Also as dcm2niix and others do: `run_e2`, `run_echo2`.
    Any,
}

/// A path without the part of its name that says which echo it is; none where no part does.
#[must_use]
pub fn without_echo(path: &Path, how: EchoName) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let (stem, ending) = match name.find('.') {
        Some(dot) => name.split_at(dot),
        None => (name.as_str(), ""),
    };
    let mut parts: Vec<&str> = stem.split('_').collect();
    let forms: &[&str] = match how {
        EchoName::Entity => &["echo-"],
        EchoName::Any => &["echo-", "echo", "e-", "e"],
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_echo = |part: &&str| forms.iter().any(|f| part.strip_prefix(f).is_some_and(is_number));
    let at = parts.iter().position(is_echo)?;
    parts.remove(at);
    Some(path.with_file_name(parts.join("_") + ending))
}

/// The JSON files that speak for a data file, the most general first: those of its folder and, within a dataset (a
/// folder above holds dataset_description.json), of the folders up to its root.
///
/// # Errors
/// [`Error::MissingInput`] where the folder cannot be listed.
pub fn inherited(path: &Path) -> Result<Vec<PathBuf>> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let absolute = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
    let depth = absolute.ancestors().position(|f| f.join(ROOT_MARK).is_file()).unwrap_or(0);
    let wanted = Name::of(path);
    let mut found = Vec::new();
    for level in (0..=depth).rev() {
        let Some(at) = absolute.ancestors().nth(level) else { continue };
        // The folder itself keeps the name it was given by; those above are named in full.
        let at = if level == 0 { folder.as_path() } else { at };
        let mut here: Vec<(usize, PathBuf)> = list(at)?
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")))
            .filter(|p| p.file_name().is_some_and(|n| n != ROOT_MARK))
            .map(|p| (Name::of(&p), p))
            .filter(|(name, p)| name.applies_to(&wanted) && !is_aside(p))
            .map(|(name, p)| (name.entities.len(), p))
            .collect();
        here.sort();
        found.extend(here.into_iter().map(|(_, p)| match p.strip_prefix("./") {
            Ok(short) => short.to_path_buf(),
            Err(_) => p,
        }));
    }
    Ok(found)
}

/// Files above a data file that would speak for it, and do not because no folder above says that it is the root of a dataset: one
/// sentence, where there are any. Looked for up to the folder that holds its subject's.
pub(super) fn unread(path: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    let folders: Vec<&Path> = absolute.ancestors().skip(1).collect();
    if folders.iter().any(|folder| folder.join(ROOT_MARK).is_file()) {
        return None;
    }
    let is_subject = |folder: &&Path| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sub-"))
    };
    let root = folders.iter().rposition(is_subject)? + 1;
    let wanted = Name::of(path);
    let above = folders.get(1..=root)?.iter().flat_map(|folder| list(folder).unwrap_or_default());
    let is_json = |p: &PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let found = above.filter(is_json).find(|p| Name::of(p).applies_to(&wanted))?;
    Some(format!(
        "{} would speak of {}, but is not read, because {} has no {ROOT_MARK}; add one there, which every BIDS dataset has",
        found.display(),
        path.display(),
        folders[root].display()
    ))
}

/// All that lies in a folder. One entry that cannot be read is an error like a folder that cannot: a sidecar that is missed would
/// take its slice times with it, and nobody would know.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(folder::paths(folder::listed(folder)?))
}

/// A JSON file that holds an object.
///
/// # Errors
/// As [`read_value`]; [`Error::BadData`] for what is no object.
pub fn read_json(path: &Path) -> Result<Map<String, Value>> {
    match read_value(path)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::bad_data(
            path.display().to_string(),
            "holds no JSON object",
            "be {...}",
            "check it with a JSON validator",
        )),
    }
}

/// A JSON file, with or without a byte order mark.
///
/// # Errors
/// As for any text file; [`Error::BadData`] naming line and column for text that is not JSON.
pub fn read_value(path: &Path) -> Result<Value> {
    let text = files::read_text(path)?;
    serde_json::from_str(&text).map_err(|e| {
        Error::bad_data(
            path.display().to_string(),
            format!("is not JSON ({e})"),
            "be a JSON object",
            "check it with a JSON validator",
        )
        .caused_by(e)
    })
}

/// Files of one folder that both speak of a data file, of which BIDS allows one only, and contradict each other in some of
/// these fields: one sentence for each field. The later file counts, whose name is no farther from the data file's.
pub(super) fn at_odds(files: &[(PathBuf, Map<String, Value>)], fields: &[&str]) -> Vec<String> {
    let mut doubts = Vec::new();
    for (at, (file, map)) in files.iter().enumerate() {
        let beside = files[..at].iter().filter(|(other, _)| other.parent() == file.parent());
        for ((other, theirs), field) in beside.flat_map(|b| fields.iter().map(move |f| (b, f))) {
            let (Some(a), Some(b)) = (theirs.get(*field), map.get(*field)) else { continue };
            if !a.is_null() && !b.is_null() && !is_same(a, b) {
                doubts.push(format!(
                    "{field} in {} and in {} differ, and both speak of the same data, where BIDS allows one sidecar in a folder; \
                     that of {} is used",
                    other.display(),
                    file.display(),
                    file.display()
                ));
            }
        }
    }
    doubts
}

/// Whether two values are the same, however their numbers are written.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        _ => a == b,
    }
}

/// A number with the file it came from. Text that spells a number counts.
pub(super) fn number(map: &Map<String, Value>, key: &str, file: &Path) -> Result<Option<f64>> {
    let value = match map.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    match number.filter(|n: &f64| n.is_finite()) {
        Some(n) => Ok(Some(n)),
        None => Err(Error::bad_data(
            format!("{key} in {}", file.display()),
            format!("is {value}"),
            "be a number",
            "BIDS gives times in seconds",
        )),
    }
}

/// A list of numbers; `key` and `file` say in messages where it stands.
pub(super) fn list_of_numbers(value: &Value, key: &str, file: &Path) -> Result<Vec<f64>> {
    let Value::Array(values) = value else {
        return Err(Error::bad_data(
            format!("{key} in {}", file.display()),
            format!("is {value}"),
            "be a list of numbers",
            "BIDS gives one a slice or volume, in seconds",
        ));
    };
    let list: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
    list.ok_or_else(|| {
        let at = values.iter().position(|v| v.as_f64().is_none()).unwrap_or(0);
        Error::bad_data(
            format!("{key}[{at}] in {}", file.display()),
            format!("is {}", values[at]),
            "be a number",
            "BIDS gives times in seconds",
        )
    })
}
