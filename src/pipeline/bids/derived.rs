//! The datasets of derivatives: those that -d names, or those beside the raw data.

use std::collections::HashSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::io::dataset::Dataset;
use crate::io::paths::real;
use crate::pipeline::spec::BidsSpec;

/// Where derivatives lie when nothing is said.
const OWN: &str = "derivatives";
/// What -d must name.
const WANTED: &str = "be a dataset of derivatives, such as fMRIPrep's output, or a folder of such";

/// So many are named.
const LISTED: usize = 3;

/// Each dataset with the name by which sidecars link to it.
///
/// # Errors
/// Missing input: a folder of -d that is not there, or holds no dataset; those of reading them.
pub(super) fn all(spec: &BidsSpec, raw: &Dataset) -> Result<Vec<(String, Dataset)>> {
    let own = raw.root.join(OWN);
    let folders = match spec.derivatives.as_slice() {
        [] if own.is_dir() => vec![own],
        given => given.to_vec(),
    };
    let mut all: Vec<(String, Dataset)> = Vec::new();
    let out = real(&spec.out);
    let mut places = HashSet::from([real(&raw.root)]);
    for folder in folders {
        let is_asked = !spec.derivatives.is_empty();
        if is_asked && !folder.is_dir() {
            let found = if folder.exists() { "is no folder" } else { "does not exist" };
            return Err(lost(&folder, found, raw));
        }
        let here = Dataset::open_all(&folder)?;
        if is_asked && here.is_empty() {
            let found =
                "has no dataset_description.json and no sub-* folder, nor has a folder in it";
            return Err(lost(&folder, found, raw));
        }
        for one in here {
            let place = real(&one.root);
            // Results that an earlier run left in derivatives; a dataset that was named before, or as the raw one, which is read anyway.
            if place == out || !places.insert(place) {
                continue;
            }
            let name = one.root.file_name().unwrap_or_default().to_string_lossy();
            let mut label = crate::bids::label::label(&name);
            while all.iter().any(|(other, _)| *other == label) || label.is_empty() {
                label.push('x');
            }
            all.push((label, one));
        }
    }
    Ok(all)
}

/// A folder of -d that is none of derivatives, and where some are.
fn lost(folder: &Path, found: &str, raw: &Dataset) -> Error {
    let own = raw.root.join(OWN);
    let near = [raw.root.join(folder), own.join(folder)];
    let is_one =
        |path: &&std::path::PathBuf| Dataset::open_all(path).is_ok_and(|all| !all.is_empty());
    let there = Dataset::open_all(&own).unwrap_or_default();
    let hint = match near.iter().find(is_one) {
        Some(near) => format!("did you mean {}? A path begins where you are", near.display()),
        None if there.is_empty() => {
            "name the folder that fMRIPrep wrote; a path begins where you are".to_owned()
        }
        None => {
            let names: Vec<String> =
                there.iter().take(LISTED).map(|one| one.root.display().to_string()).collect();
            format!("leave -d out to take what is there: {}", names.join(", "))
        }
    };
    Error::missing_input(format!("-d {}", folder.display()), found, WANTED, hint)
}
