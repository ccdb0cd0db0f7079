//! BIDS Stats Models: every model of the shared collection gets its verdict, what is refused is named by its JSON pointer, and no damage
//! to a model makes the reader panic; their graphs are those of pybids.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod binary;
#[path = "bids_models/command.rs"]
mod command;
mod common;
#[path = "bids_models/damaged.rs"]
mod damaged;
#[path = "bids_models/described.rs"]
mod described;
#[path = "bids_models/failures.rs"]
mod failures;
#[path = "bids_models/graph.rs"]
mod graph;
#[path = "bids_models/grouped.rs"]
mod grouped;
#[path = "bids_models/refused.rs"]
mod refused;
#[path = "bids_models/verdicts.rs"]
mod verdicts;

use boldly::Result;
use boldly::bids::{Model, Notes};

/// A model, and the notes on it.
fn read(text: &str) -> (Result<Model>, Vec<String>) {
    let mut notes = Notes::default();
    let model = Model::read(text, &mut notes);
    (model, notes.all().to_vec())
}

/// A model of the shared collection; none where the data are missing.
fn shared_model(file: &str) -> Option<String> {
    let path = common::shared("bids-models")?.join(file);
    Some(std::fs::read_to_string(path).unwrap())
}
