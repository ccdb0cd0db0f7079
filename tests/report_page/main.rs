//! The page of an analysis with its live viewer: what stands on it, and what a browser makes of it.
//!
//! The browser is Chromium: `BOLDLY_CHROMIUM`, or the first of its names on the path. Where there is none these tests say so and pass; `./test.sh` gets one where it may install.
//! `BOLDLY_LOOK=FOLDER` keeps the pages and pictures of them, to be looked at.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../binary/mod.rs"]
mod binary;
mod browser;
#[path = "../qc_page/checked.rs"]
mod checked;
mod command;
mod drawn;
mod keys;
mod live;
mod made_up;
mod of_bids;
mod page;
