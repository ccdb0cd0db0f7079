//! `boldly connect` through the binary: numbers of outside tools, seeds as glm has them, runs, regions and what is said of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alike;
mod before;
#[path = "../binary/mod.rs"]
mod binary;
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "its good dataset is another")]
#[path = "../bad_input/dataset.rs"]
mod dataset;
mod explained;
mod golden;
mod made;
mod names;
mod own;
mod pictures;
mod regions;
mod runs;
mod seeds;
#[path = "../test_adapter/mod.rs"]
mod test_adapter;
