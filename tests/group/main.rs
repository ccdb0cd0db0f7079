//! The `group` command: models in words, formulas, matrices and folders, against statsmodels and scipy (golden:
//! tests/oracles/group.py), and what must not change them.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../qc_page/checked.rs"]
mod checked;
#[path = "../common/mod.rs"]
mod common;
#[path = "../test_adapter/mod.rs"]
mod test_adapter;

mod any;
mod calibrated;
mod demo_trial;
mod folder;
mod golden;
mod level;
mod made;
mod parts;
mod picture;
mod real;
mod regions;
mod said;
mod same;
mod trial;
