//! A trial's endpoints: the goldens of a simulated trial with traps, what is refused, and what is said.
#![allow(clippy::unwrap_used, reason = "tests")]

mod adverse;
mod ancova;
mod baseline;
mod brain;
#[path = "../report_page/browser.rs"]
mod browser;
mod by_region;
#[path = "../qc_page/checked.rs"]
mod checked;
mod claims;
mod coded;
mod colons;
mod command;
mod correlations;
mod covariates;
mod cpm;
mod crossover;
#[path = "../described/mod.rs"]
mod described;
mod disposition;
mod doubts;
mod edges;
mod entries;
mod estimates;
mod given;
mod goldens;
mod image;
mod keys;
mod lapses;
mod listed;
mod made;
mod maps;
mod named;
mod networks;
mod one_level;
mod physiology;
mod pictures;
mod pressure;
mod report;
mod respelt;
mod responders;
mod rule;
mod runs;
mod seen;
mod sessions;
mod study;
mod tables;
mod times;
mod unread;
