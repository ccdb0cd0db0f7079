//! What the BIDS validator has no names for among results: a `.bidsignore` for a dataset of derivatives that has none.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Result;
use crate::io::dataset::Ignored;
use crate::io::{Outputs, Overwrite, bids, read_text};

/// Patterns, a line each, below a line that says whose they are; a folder's name goes without a slash, or the folder itself is reported.
pub const NAMES: &str = "# What the BIDS validator has no names for among results of boldly.\n*.html\n*.svg\nlogs\nfigures\nnode-*\n*_statmap.*\n*_design.*\n\
                         *_design_slice-groups.tsv\n*_timeseries.*\n*_mask.json\n*_qc.*\nmodel-*\n*_clusters.*\n*_corrdesign.*\n*_regressors.*\n\
                         *_physio_summary.*\n*_desc-retroicor_summary.json\n*_desc-peaks_events.*\n*.slibase.1D\n*_relmat.*\n*_edges.*\n*_networks.*\n\
                         *_regions.*\n*_region_values.*\n*_svc.*\n*_smoothness.*\n*_acf.*\n";
/// The file.
pub const NAME: &str = ".bidsignore";
const DESCRIPTION: &str = "dataset_description.json";
/// Folders that are looked into, from an output up.
const HIGHEST: usize = 8;
/// Folders of kinds of data within a subject or session.
const DATATYPES: [&str; 3] = ["func", "anat", "fmap"];
/// Entities of a preprocessed run, in the order that names have. Source: BIDS 1.10, "Common file level metadata fields" of derivatives.
const KEYS: [&str; 13] = [
    "sub", "ses", "task", "acq", "ce", "rec", "dir", "run", "echo", "part", "space", "res", "desc",
];

/// Writes one where outputs have come into a dataset of derivatives that has none, or adds what none of its patterns is of to one of boldly's;
/// where. One of somebody else's stays as it is.
///
/// # Errors
/// Output errors.
pub fn beside(made: &[PathBuf]) -> Result<Option<PathBuf>> {
    let Some(root) = made.first().and_then(|path| root(path)) else { return Ok(None) };
    let path = root.join(NAME);
    let there = path.exists().then(|| read_text(&path)).transpose()?;
    let head = NAMES.lines().next().unwrap_or_default();
    if there.as_ref().is_some_and(|text| text.lines().next() != Some(head)) {
        return Ok(None);
    }
    let mut text = there.clone().unwrap_or_else(|| NAMES.to_owned());
    for relative in made.iter().filter_map(|path| below(path, &root)) {
        let Some((pattern, what)) = pattern(&relative) else { continue };
        let is_there = text.lines().any(|line| line == pattern);
        if !is_there && !Ignored::of(&text).matches(&what) {
            text += &format!("{pattern}\n");
        }
    }
    if there.as_ref() == Some(&text) {
        return Ok(None);
    }
    let mut outputs = Outputs::replacing(Overwrite::Anything);
    outputs.text(&path, &text)?;
    outputs.commit()?;
    Ok(Some(path))
}

/// The dataset of derivatives that a file lies in.
fn root(path: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(path).ok()?;
    let is_root = |folder: &&Path| folder.join(DESCRIPTION).is_file();
    let root = whole.ancestors().skip(1).take(HIGHEST).find(is_root)?;
    let described = bids::read_json(&root.join(DESCRIPTION)).ok()?;
    let is_derived = described.get("DatasetType").and_then(Value::as_str) == Some("derivative");
    is_derived.then(|| root.to_owned())
}

/// A path, relative to a folder that it lies in.
fn below(path: &Path, root: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()?.strip_prefix(root).ok().map(Path::to_owned)
}

/// What keeps the validator from a file, and of what it is: the first folder on its way that BIDS does not know, that of every subject and session
/// alike, else its name; none of a run by a name of BIDS.
fn pattern(relative: &Path) -> Option<(String, PathBuf)> {
    let parts: Vec<String> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let (name, folders) = parts.split_last()?;
    let mut way: Vec<String> = Vec::new();
    for folder in folders {
        let known = match way.last().map(String::as_str) {
            None => is_label(folder, "sub-").then_some("sub-*"),
            Some("sub-*") if is_label(folder, "ses-") => Some("ses-*"),
            Some("sub-*" | "ses-*") => DATATYPES.into_iter().find(|known| known == folder),
            Some(_) => None,
        };
        way.push(known.map_or_else(|| escaped(folder), str::to_owned));
        if known.is_none() {
            return Some((way.join("/"), relative.iter().take(way.len()).collect()));
        }
    }
    let is_named = way.last().is_some_and(|folder| folder == "func") && is_run(name);
    (!is_named).then(|| (escaped(name), relative.to_owned()))
}

/// Whether a name is a key with a label of letters and digits.
fn is_label(name: &str, key: &str) -> bool {
    let label = name.strip_prefix(key).unwrap_or_default();
    !label.is_empty() && label.chars().all(char::is_alphanumeric)
}

/// Whether a file is a run's image or its sidecar, as BIDS calls them.
fn is_run(name: &str) -> bool {
    let stem = [".nii.gz", ".nii", ".json"].into_iter().find_map(|end| name.strip_suffix(end));
    let Some(stem) = stem.and_then(|stem| stem.strip_suffix("_bold")) else { return false };
    let mut keys = KEYS.into_iter();
    let is_next = |part: &str| {
        let key = part.split_once('-').map_or("", |(key, _)| key);
        is_label(part, &format!("{key}-")) && keys.any(|known| known == key)
    };
    stem.starts_with("sub-") && stem.contains("_task-") && stem.split('_').all(is_next)
}

/// A name as a pattern of itself alone.
fn escaped(name: &str) -> String {
    let mut pattern = String::new();
    for (at, c) in name.chars().enumerate() {
        if "*?[\\".contains(c) || at == 0 && "#!".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
