//! BIDS datasets and Stats Models as a command: the index, the plan, the levels, and what lies in the folder of results.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../common/mod.rs"]
mod common;

mod again;
mod beside;
mod command;
mod dataset;
#[path = "../described/mod.rs"]
mod described;
mod events;
mod foreseen;
mod golden;
mod judged;
mod made;
mod options;
mod pages;
mod refused;
mod slices;
mod small;
mod stated;
mod tables;
mod together;
mod told;
mod validator;
