//! The stories, read top to bottom, written once for both devices: [`first_level`] (`glm`), [`clean`] and [`mod@proof`]
//! (`retroicor`), [`mod@physio`] (`physio`), [`confounds`] (`confounds`), [`smoothing`] (`smooth`), and what stands on
//! them: [`verify`], [`demo`], [mod@bench]. The only place that knows every
//! stage.

pub mod automask;
pub mod bench;
pub mod blocks;
pub mod clean;
pub mod combine;
pub mod confounds;
pub mod demo;
pub mod first_level;
pub mod glm;
pub mod inputs;
pub mod maps;
pub mod moment;
pub mod order;
pub mod peak_table;
pub mod physio;
pub mod proof;
pub mod provenance;
pub mod qc;
pub mod recordings;
pub mod save;
pub mod simulate;
pub mod smoothing;
pub mod spec;
pub mod tsnr;
pub mod verify;
pub mod watch;
