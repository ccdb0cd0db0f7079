//! What the BIDS validator has no names for among results: a `.bidsignore` for a dataset of derivatives that has none.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Result;
use crate::io::{Outputs, Overwrite, bids, read_text};

/// Patterns, a line each; a folder's name goes without a slash, or the folder itself is reported.
pub const NAMES: &str = "*.html\n*.svg\nlogs\nfigures\nnode-*\n*_statmap.*\n*_design.*\n*_design_slice-groups.tsv\n*_timeseries.*\n*_mask.json\n*_qc.*\nmodel-*\n\
                         *_clusters.*\n*_corrdesign.*\n*_regressors.*\n*_physio_summary.*\n*_desc-retroicor_summary.json\n*_desc-peaks_events.*\n*.slibase.1D\n\
                         *_relmat.*\n*_edges.*\n*_networks.*\n*_regions.*\n*_region_values.*\n*_svc.*\n*_smoothness.*\n*_acf.*\n";
const NAME: &str = ".bidsignore";
const DESCRIPTION: &str = "dataset_description.json";
/// Folders that are looked into, from an output up.
const HIGHEST: usize = 8;

/// Writes one where outputs have come into a dataset of derivatives that has none, or adds a folder to one of boldly's; where. One of somebody
/// else's stays as it is.
///
/// # Errors
/// Output errors.
pub fn beside(made: &[PathBuf]) -> Result<Option<PathBuf>> {
    let Some(root) = made.first().and_then(|path| root(path)) else { return Ok(None) };
    let path = root.join(NAME);
    let there = path.exists().then(|| read_text(&path)).transpose()?;
    if there.as_ref().is_some_and(|text| !text.starts_with(NAMES)) {
        return Ok(None);
    }
    let mut text = there.clone().unwrap_or_else(|| NAMES.to_owned());
    // Folders at the top that are no subjects' have no names either.
    for name in made.iter().filter_map(|path| top(path, &root)) {
        if !text.lines().any(|line| line == name) {
            text += &format!("{name}\n");
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

/// The folder at the top of the dataset that a file lies in, if it is no subject's.
fn top(path: &Path, root: &Path) -> Option<String> {
    let whole = std::path::absolute(path).ok()?;
    let inside = whole.strip_prefix(root).ok()?;
    let first = inside.components().next()?.as_os_str().to_string_lossy().into_owned();
    (inside.components().count() > 1 && !first.starts_with("sub-")).then_some(first)
}
