//! What a preprocessed run was made of, by its sidecar's `Sources` and `RawSources` and the dataset it lies in. Source: BIDS 1.11, "Common
//! data types and metadata" of derivatives and "BIDS URIs"; fMRIPrep writes both fields and `DatasetLinks`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::bids::{Name, ROOT_MARK, read_json};
use super::folder;
use super::paths::each_once;
use crate::Result;

/// Where a run comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Runs that its sidecar names as its sources and that are there.
    pub sources: Vec<PathBuf>,
    /// Datasets that it may have been made from, and folders of derivatives in them.
    datasets: Vec<PathBuf>,
}

/// The origin of a run, by what its sidecars say.
///
/// # Errors
/// [`crate::Error::MissingInput`] where a folder of derivatives cannot be listed.
pub fn origin(bold: &Path, fields: &Map<String, Value>) -> Result<Origin> {
    let Ok(absolute) = std::path::absolute(bold) else { return Ok(Origin::default()) };
    let Some(root) = root(&absolute) else { return Ok(Origin::default()) };
    let described = read_json(&root.join(ROOT_MARK)).unwrap_or_default();
    let links = links(&described, &root);
    let mut datasets: Vec<PathBuf> = links.iter().map(|(_, folder)| folder.clone()).collect();
    datasets.extend(above(&root));
    datasets.extend(["sourcedata/raw", "sourcedata"].map(|folder| root.join(folder)));
    let named = |key: &str| fields.get(key).and_then(Value::as_array).into_iter().flatten();
    let texts = named("Sources").chain(named("RawSources")).filter_map(Value::as_str);
    let mut sources = Vec::new();
    for text in texts {
        let found = places(text, &root, &links, &datasets).into_iter().find(|path| path.is_file());
        sources.extend(found.filter(|path| is_run(path)));
    }
    Ok(Origin { sources: each_once(sources), datasets: with_derivatives(each_once(datasets))? })
}

/// Whether a name or sidecar says that a run was made of another.
#[must_use]
pub fn is_derived(bold: &Path, fields: &Map<String, Value>) -> bool {
    let by_name = |entity: &String| entity.starts_with("desc-") || entity.starts_with("space-");
    Name::of(bold).entities.iter().any(by_name)
        || ["Sources", "RawSources"].iter().any(|key| fields.contains_key(*key))
}

impl Origin {
    /// The JSON files of functional runs of a subject in these datasets, in order. `bold`: a run of the subject.
    ///
    /// # Errors
    /// [`crate::Error::MissingInput`] where a folder of theirs cannot be listed.
    pub fn sidecars_like(&self, bold: &Path) -> Result<Vec<PathBuf>> {
        let entities = Name::of(bold).entities;
        let of = |key: &str| entities.iter().find(|entity| entity.starts_with(key));
        let Some(subject) = of("sub-") else { return Ok(Vec::new()) };
        let of_subject = of("ses-").map_or(subject.into(), |ses| PathBuf::from(subject).join(ses));
        let mut found = Vec::new();
        for dataset in &self.datasets {
            let func = dataset.join(&of_subject).join("func");
            found.extend(folder::paths(folder::listed_if_there(&func)?));
        }
        found.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut found = each_once(found);
        found.sort();
        Ok(found)
    }
}

/// The dataset a file lies in: the nearest folder above that says so, else what holds its subject's.
fn root(absolute: &Path) -> Option<PathBuf> {
    let folders = || absolute.ancestors().skip(1);
    let is_subject = |folder: &&Path| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sub-"))
    };
    let described = folders().find(|folder| folder.join(ROOT_MARK).is_file());
    described.or_else(|| folders().find(is_subject)?.parent()).map(Path::to_owned)
}

/// `DatasetLinks` by name and `SourceDatasets` that are folders here.
fn links(described: &Map<String, Value>, root: &Path) -> Vec<(String, PathBuf)> {
    let linked = described.get("DatasetLinks").and_then(Value::as_object).into_iter().flatten();
    let linked = linked.filter_map(|(name, to)| Some((name.clone(), to.as_str()?)));
    let made_of = described.get("SourceDatasets").and_then(Value::as_array).into_iter().flatten();
    let made_of = made_of.filter_map(|one| Some((String::new(), one.get("URL")?.as_str()?)));
    linked
        .chain(made_of)
        .map(|(name, to)| (name, root.join(to.strip_prefix("file://").unwrap_or(to))))
        .filter(|(_, folder)| folder.is_dir())
        .collect()
}

/// Folders above a dataset that are datasets; of `X/derivatives/NAME` also X.
fn above(root: &Path) -> Vec<PathBuf> {
    let is_derivatives = |folder: &Path| folder.file_name().is_some_and(|n| n == "derivatives");
    let is_dataset = |folder: &&Path| {
        folder.join(ROOT_MARK).is_file() || root.parent().is_some_and(is_derivatives)
    };
    let levels = root.ancestors().skip(1).take(4);
    levels.filter(is_dataset).filter(|folder| !is_derivatives(folder)).map(Path::to_owned).collect()
}

/// Where the file that a source names may lie.
fn places(
    text: &str,
    root: &Path,
    links: &[(String, PathBuf)],
    datasets: &[PathBuf],
) -> Vec<PathBuf> {
    let Some(uri) = text.strip_prefix("bids:") else {
        let path = text.strip_prefix("file://").unwrap_or(text);
        return datasets.iter().map(|folder| folder.join(path)).chain([root.join(path)]).collect();
    };
    let (name, path) = uri.split_once(':').unwrap_or(("", uri));
    if name.is_empty() {
        return vec![root.join(path)];
    }
    let linked = links.iter().filter(|(link, _)| link == name).map(|(_, folder)| folder);
    linked.chain(datasets).map(|folder| folder.join(path)).collect()
}

fn is_run(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with("_bold.nii.gz") || name.ends_with("_bold.nii")
}

fn with_derivatives(datasets: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for dataset in &datasets {
        all.extend(folder::paths(folder::listed_if_there(&dataset.join("derivatives"))?));
    }
    all.extend(datasets);
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn put(root: &Path, path: &str, text: &str) -> PathBuf {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_source_is_found_by_every_way_that_fmriprep_has_named_it() {
        let folder = tempfile::tempdir().unwrap();
        let study = folder.path();
        let raw = put(study, "raw/sub-01/func/sub-01_task-a_bold.nii.gz", "");
        put(study, "raw/dataset_description.json", "{}");
        let relative = "sub-01/func/sub-01_task-a_bold.nii.gz";
        let prep = "out/sub-01/func/sub-01_task-a_desc-preproc_bold.nii.gz";
        let inside = format!("raw/derivatives/{prep}");
        let linked = json!({ "DatasetLinks": { "raw": study.join("raw") } });
        let nested = json!({ "SourceDatasets": [{ "URL": "https://doi.org/x" }] });
        let url =
            json!({ "SourceDatasets": [{ "URL": format!("file://{}/raw", study.display()) }] });
        for (at, described, fields) in [
            (
                prep,
                &linked,
                json!({ "Sources": [format!("bids:raw:{relative}"), "bids:raw:x.h5"] }),
            ),
            (prep, &url, json!({ "RawSources": [relative] })),
            (prep, &json!({}), json!({ "RawSources": [raw] })),
            (&inside, &nested, json!({ "RawSources": [relative] })),
            (&inside, &nested, json!({ "Sources": [format!("bids:raw:{relative}")] })),
        ] {
            let bold = put(study, at, "");
            let root = bold.ancestors().nth(3).unwrap();
            put(root, ROOT_MARK, &described.to_string());
            let found = origin(&bold, fields.as_object().unwrap()).unwrap();
            assert_eq!(found.sources, std::slice::from_ref(&raw), "{at}, {described}, {fields}");
        }
    }

    #[test]
    fn the_sidecars_of_a_subject_are_looked_for_in_the_raw_dataset_and_its_derivatives() {
        let folder = tempfile::tempdir().unwrap();
        let raw = folder.path();
        put(raw, ROOT_MARK, "{}");
        let bold = put(raw, "derivatives/prep/sub-01/ses-2/func/sub-01_ses-2_desc-x_bold.nii", "");
        put(raw, "derivatives/prep/dataset_description.json", "{}");
        let own = put(raw, "derivatives/boldly/sub-01/ses-2/func/c_bold.json", "{}");
        let beside = put(raw, "sub-01/ses-2/func/sub-01_ses-2_bold.json", "{}");
        put(raw, "sub-01/ses-1/func/sub-01_ses-1_bold.json", "{}");
        let found = origin(&bold, &Map::new()).unwrap().sidecars_like(&bold).unwrap();
        assert_eq!(found, [own, beside]);
    }

    #[test]
    fn one_correction_by_two_ways_to_its_folder_is_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let raw = folder.path().canonicalize().unwrap();
        put(&raw, ROOT_MARK, "{}");
        let bold = put(&raw, "derivatives/prep/sub-01/func/sub-01_task-a_desc-x_bold.nii", "");
        let described = json!({ "DatasetLinks": { "raw": "../.." } }).to_string();
        put(&raw, "derivatives/prep/dataset_description.json", &described);
        let own = put(&raw, "derivatives/boldly/sub-01/func/sub-01_task-a_bold.json", "{}");
        let found = origin(&bold, &Map::new()).unwrap().sidecars_like(&bold).unwrap();
        assert_eq!(found, [own]);
    }
}
