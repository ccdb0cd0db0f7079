//! Whether each table of a folder has its BIDS data dictionary beside it, read without boldly. Source: BIDS 1.11, "Tabular files".
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What is wrong with the dictionary of a table: the columns that have no object with a Description that says something, Units that are no text,
/// Levels that are no object.
pub fn wrong(columns: &[&str], dictionary: &Value) -> Vec<String> {
    let of = |column: &&&str| {
        let entry = &dictionary[**column];
        let is_text = |key: &str| entry[key].as_str().is_some_and(|text| !text.trim().is_empty());
        let is_right = entry.is_object()
            && is_text("Description")
            && (entry["Units"].is_null() || is_text("Units"))
            && (entry["LongName"].is_null() || is_text("LongName"))
            && (entry["Levels"].is_null() || entry["Levels"].is_object());
        !is_right
    };
    columns.iter().filter(of).map(|column| format!("{column}: {}", dictionary[*column])).collect()
}

/// The files of a folder and those in it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// Asserts that each table in a folder is described, recordings by their `Columns`; their names.
#[track_caller]
pub fn assert_described(folder: &Path) -> Vec<String> {
    let (mut names, mut faults) = (Vec::new(), Vec::new());
    for path in files(folder) {
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        let Some(stem) = name.strip_suffix(".tsv").or_else(|| name.strip_suffix(".tsv.gz")) else {
            continue;
        };
        let json = fs::read_to_string(folder.join(format!("{stem}.json")));
        let dictionary: Value =
            json.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        let text =
            if name.ends_with(".gz") { String::new() } else { fs::read_to_string(&path).unwrap() };
        let columns: Vec<&str> = match dictionary["Columns"].as_array() {
            Some(columns) if name.ends_with(".gz") => {
                columns.iter().map(|column| column.as_str().unwrap()).collect()
            }
            _ => text.lines().next().unwrap_or_default().split('\t').collect(),
        };
        let wrong = wrong(&columns, &dictionary);
        if !wrong.is_empty() {
            faults.push(format!("{name}\n    {}", wrong.join("\n    ")));
        }
        names.push(name);
    }
    assert!(
        faults.is_empty(),
        "tables with columns that are not described:\n{}",
        faults.join("\n")
    );
    names
}
