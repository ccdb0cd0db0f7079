//! boldly reanalyses BOLD fMRI on any GPU: RETROICOR, smoothing and the GLM over whole runs, each verified against an
//! f64 CPU path.
//!
//! The modules in reading order: plain data ([`error`], [`entity`], [`volume`], [`table`],
//! [`recording`], [`maps`]), the devices ([`gpu`]),
//! the statistics ([`stats`]), the GPU rooms with their f64 twins ([`kernels`]), files ([`io`]), regressors
//! ([`physio`], [`design`]), a made-up study with known truth ([`simulate`]), the stories ([`pipeline`]), what
//! people see ([`report`]) and the command line ([`cli`]).

pub mod bids;
pub mod cli;
pub mod design;
pub mod entity;
pub mod error;
pub mod gpu;
pub mod io;
pub mod kernels;
pub mod maps;
pub mod physio;
pub mod pipeline;
pub mod recording;
pub mod report;
pub mod simulate;
pub mod stats;
pub mod table;
pub mod trial;
pub mod volume;

pub use error::{Error, Result};
