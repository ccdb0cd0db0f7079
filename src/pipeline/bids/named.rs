//! How runs and estimates are called: in messages, in folders and in file names. Source: BIDS 1.11, "Entities" for their order.

use std::path::{Path, PathBuf};

use crate::bids::Entities;
use crate::entity;

/// So many names a line.
const LISTED: usize = 8;

/// The order of entities in names; others follow.
const ORDER: [&str; 26] = [
    "subject",
    "session",
    "sample",
    "task",
    "trackingsystem",
    "acquisition",
    "ceagent",
    "tracer",
    "staining",
    "reconstruction",
    "direction",
    "run",
    "modality",
    "echo",
    "flip",
    "inversion",
    "mtransfer",
    "part",
    "processing",
    "hemisphere",
    "space",
    "cohort",
    "resolution",
    "density",
    "recording",
    "chunk",
];
/// Those that a table over time does not have.
const OF_AN_IMAGE: [&str; 5] = ["space", "cohort", "resolution", "density", "hemisphere"];

/// Entities in the order of names, without some.
fn ordered<'a>(entities: &'a Entities, without: &[&str]) -> Vec<(&'a str, &'a str)> {
    let place = |key: &str| ORDER.iter().position(|own| *own == key).unwrap_or(ORDER.len());
    let mut all: Vec<(&str, &str)> = entities
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .filter(|(key, _)| !without.contains(key))
        .collect();
    all.sort_by_key(|(key, _)| place(key));
    all
}

fn words(entities: &Entities, without: &[&str]) -> Vec<String> {
    let word = |(key, value): (&str, &str)| format!("{}-{value}", entity::key(key));
    ordered(entities, without).into_iter().map(word).collect()
}

/// In a message: `sub-01 task-x run-1`; the dataset where nothing is left.
pub(super) fn label(entities: &Entities, without: &[&str]) -> String {
    let words = words(entities, &[without, &["contrast"]].concat());
    if words.is_empty() { "dataset".to_owned() } else { words.join(" ") }
}

/// The name of a node's folder.
pub(super) fn node(name: &str) -> String {
    format!("node-{}", crate::bids::label::label(name))
}

/// The folder of a unit's outputs.
pub(super) fn folder(out: &Path, node: &str, entities: &Entities) -> PathBuf {
    let mut folder = out.join(self::node(node));
    for (key, short) in [("subject", "sub"), ("session", "ses")] {
        if let Some(value) = entities.get(key) {
            folder.push(format!("{short}-{value}"));
        }
    }
    folder
}

/// What names of maps begin with: `sub-01_task-x_run-01_space-y`; empty where there is no entity.
pub(super) fn of_maps(entities: &Entities) -> String {
    words(entities, &["contrast"]).join("_")
}

/// What names of tables begin with.
pub(super) fn of_tables(entities: &Entities) -> String {
    words(entities, &[&OF_AN_IMAGE[..], &["contrast"]].concat()).join("_")
}

/// Names in a sentence.
pub(super) fn listed(names: &[String]) -> String {
    let some: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    match names.len() > LISTED {
        true => format!("{} and {} more", some.join(", "), names.len() - LISTED),
        false => some.join(", "),
    }
}

/// What names hold of an input: not what tables say of it.
pub(super) fn of_names(of: &Entities) -> Entities {
    let is_of_names = |key: &str| ["subject", "session", "task", "run"].contains(&key);
    of.iter().filter(|(key, _)| is_of_names(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}
