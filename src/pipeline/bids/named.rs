//! How runs and estimates are called: in messages, in folders and in file names. Source: BIDS 1.11, "Entities" for their order.

use std::path::{Path, PathBuf};

use crate::bids::Entities;
use crate::entity;

/// So many names in brackets.
const FIRST: usize = 3;
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

/// In a message, a unit of a node above the run by what it is grouped by: `ses-post, contrast pain`.
pub(super) fn of_a_unit(by: &Entities) -> String {
    let own = words(by, &["space", "contrast"]).join(" ");
    let contrast = by.get("contrast").map(|name| format!("contrast {name}"));
    let all: Vec<String> = (!own.is_empty()).then_some(own).into_iter().chain(contrast).collect();
    if all.is_empty() { "dataset".to_owned() } else { all.join(", ") }
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

/// Names in brackets behind another: the first of them, and how many more there are.
pub(super) fn first(names: &[&str]) -> String {
    match names.len().saturating_sub(FIRST) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..FIRST].join(", ")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_listed_are_counted() {
        assert_eq!(first(&["a", "b", "c", "d"]), "a, b, c, d");
        assert_eq!(first(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn a_unit_is_called_by_all_that_it_is_grouped_by() {
        let of = |by: &[(&str, &str)]| {
            let own = by.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            of_a_unit(&own.collect())
        };
        assert_eq!(of(&[]), "dataset");
        assert_eq!(of(&[("contrast", "pain")]), "contrast pain");
        assert_eq!(of(&[("session", "post"), ("contrast", "pain")]), "ses-post, contrast pain");
    }
}
