//! An index of a BIDS dataset and of derivatives: every file by its entities, its datatype, suffix and extension, and which file speaks for
//! which. Nothing is opened for it but `dataset_description.json` and `.bidsignore`. Source: BIDS 1.11, "File name structure", "The
//! Inheritance Principle", "Derived dataset and pipeline description"; fMRIPrep's names before and since 20.2.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::bids::{self, ROOT_MARK};
use crate::entity;
use crate::{Error, Result};

mod content;
mod ignored;
mod inherited;
mod walk;

pub use content::{Content, content};
pub use ignored::Ignored;

/// Entities of a file by their long names, values as they are written.
pub type Entities = BTreeMap<String, String>;

/// A file of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the dataset's root.
    pub path: PathBuf,
    /// By their long names (`subject`, `session`, `run`, ...), values as they are written: `01`.
    pub entities: Entities,
    /// The folder of its kind of data (`func`, `anat`, ...); none at a root.
    pub datatype: Option<String>,
    /// What follows the last underscore: `bold`, `events`, `timeseries`.
    pub suffix: String,
    /// From its first dot on: `.nii.gz`, `.func.gii`.
    pub extension: String,
}

/// A dataset.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its folder, as it was given.
    pub root: PathBuf,
    /// What `dataset_description.json` says; empty without.
    pub description: Map<String, Value>,
    /// Its files, by their paths.
    pub files: Vec<File>,
    /// What to know of it, one sentence each.
    pub notes: Vec<String>,
    /// Files of each folder.
    by_folder: HashMap<PathBuf, Vec<usize>>,
}

/// Folders of a dataset's root that are not of it.
const NOT_OF_IT: [&str; 4] = ["derivatives", "sourcedata", "code", "models"];

impl Dataset {
    /// Index what lies below a folder. Datasets within it (`derivatives`, any folder with a description of its own) are not part of it.
    ///
    /// # Errors
    /// [`Error::MissingInput`] for a folder that is not there or cannot be listed; [`Error::BadData`] for a description that is no JSON object.
    pub fn open(root: &Path) -> Result<Dataset> {
        if !root.is_dir() {
            return Err(Error::missing_input(
                root.display().to_string(),
                if root.exists() { "is not a folder" } else { "does not exist" },
                "be the folder of a BIDS dataset",
                "check the path; the first argument is the dataset, the second where results go",
            ));
        }
        let described = root.join(ROOT_MARK);
        let mut notes = Vec::new();
        let description = if described.is_file() {
            bids::read_json(&described)?
        } else {
            notes.push(format!(
                "{} has no {ROOT_MARK}, which every BIDS dataset has; it is read as one",
                root.display()
            ));
            Map::new()
        };
        let is_derivative = description.get("DatasetType").and_then(Value::as_str)
            == Some("derivative")
            || description.contains_key("GeneratedBy")
            || description.contains_key("PipelineDescription");
        // What fMRIPrep tells the validator to pass over (its confounds, for one) is what derivatives are for.
        let ignored = if is_derivative { Ignored::default() } else { Ignored::read(root)? };
        let mut paths = walk::files(root, &NOT_OF_IT)?;
        let before = paths.len();
        paths.retain(|path| !ignored.matches(path));
        if paths.len() < before {
            notes.push(format!(
                "{} files of {} are left out by its .bidsignore",
                before - paths.len(),
                root.display()
            ));
        }
        let files: Vec<File> = paths.into_iter().map(File::of).collect();
        let mut by_folder: HashMap<PathBuf, Vec<usize>> = HashMap::new();
        for (at, file) in files.iter().enumerate() {
            by_folder.entry(file.folder().to_owned()).or_default().push(at);
        }
        Ok(Dataset { root: root.to_owned(), description, files, notes, by_folder })
    }

    /// The datasets of derivatives in and below a folder: the folder itself where it is one, else those that lie in it. Of what is
    /// neither, none.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn open_all(folder: &Path) -> Result<Vec<Dataset>> {
        let is_one = |at: &Path| Ok(at.join(ROOT_MARK).is_file() || walk::has_subjects(at)?);
        if !folder.is_dir() || is_one(folder)? {
            return Ok(vec![Dataset::open(folder)?]);
        }
        let mut all = Vec::new();
        for at in walk::folders(folder)? {
            if is_one(&at)? {
                all.push(Dataset::open(&at)?);
            }
        }
        Ok(all)
    }

    /// What it is called: its description's `Name`, else its folder.
    #[must_use]
    pub fn name(&self) -> String {
        let named = self.description.get("Name").and_then(Value::as_str).map(str::to_owned);
        named.unwrap_or_else(|| self.root.display().to_string())
    }

    /// Where a file lies.
    #[must_use]
    pub fn at(&self, file: &File) -> PathBuf {
        self.root.join(&file.path)
    }

    /// Values of an entity, in order.
    #[must_use]
    pub fn values(&self, entity: &str) -> BTreeSet<&str> {
        self.files.iter().filter_map(|file| file.entities.get(entity)).map(String::as_str).collect()
    }

    /// The files of a suffix with one of these extensions.
    pub fn of_suffix<'a>(
        &'a self,
        suffix: &'a str,
        extensions: &'a [&'a str],
    ) -> impl Iterator<Item = &'a File> {
        self.files
            .iter()
            .filter(move |f| f.suffix == suffix && extensions.contains(&f.extension.as_str()))
    }
}

impl File {
    /// By its path, relative to the root.
    fn of(path: PathBuf) -> File {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (stem, extension) = match name.find('.') {
            Some(dot) if dot > 0 => name.split_at(dot),
            _ => (name.as_str(), ""),
        };
        let parts = bids::Name::of(Path::new(stem));
        let entities = parts.entities.iter().filter_map(|part| part.split_once('-'));
        let entities = entities
            .map(|(key, value)| (entity::long(key).unwrap_or(key).to_owned(), value.to_owned()));
        let folder = path.parent().and_then(Path::file_name).map(|f| f.to_string_lossy());
        let is_datatype =
            |f: &str| f.starts_with(|c: char| c.is_ascii_lowercase()) && !f.contains('-');
        File {
            entities: entities.collect(),
            datatype: folder.filter(|f| is_datatype(f)).map(|f| f.into_owned()),
            suffix: parts.suffix,
            extension: extension.to_owned(),
            path,
        }
    }

    /// Its folder, relative to the root.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The value of an entity.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<&str> {
        self.entities.get(name).map(String::as_str)
    }
}
