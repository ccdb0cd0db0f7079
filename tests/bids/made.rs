//! Where the shared datasets and models lie, and what tests change of them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::shared;

/// A dataset of `bids-mini`.
pub fn dataset(name: &str) -> Option<PathBuf> {
    shared(&format!("bids-mini/{name}"))
}

/// The model of ds005 with parametric modulators, `meta` and two dataset nodes.
pub const META: &str = "bids-models/own/model-ds005Meta_smdl.json";

/// A model of the collection.
pub fn model(name: &str) -> Option<PathBuf> {
    shared(name)
}

/// The model [`META`], changed, as a file in a folder.
pub fn changed(folder: &Path, change: impl Fn(&mut Value)) -> Option<PathBuf> {
    let mut value: Value = serde_json::from_slice(&fs::read(model(META)?).unwrap()).unwrap();
    change(&mut value);
    let path = folder.join("model-changed_smdl.json");
    fs::write(&path, serde_json::to_vec(&value).unwrap()).unwrap();
    Some(path)
}

/// Without the node that needs more subjects than two.
pub fn without_difference(value: &mut Value) {
    value["Nodes"].as_array_mut().unwrap().pop();
    value["Edges"].as_array_mut().unwrap().pop();
}

/// A copy of a tree that may be written to.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// Files below a folder, relative to it, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    fn walk(root: &Path, at: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => walk(root, &entry.path(), found),
                false => found.push(entry.path().strip_prefix(root).unwrap().to_owned()),
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}
