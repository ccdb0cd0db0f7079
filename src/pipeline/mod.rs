//! The stories, read top to bottom, written once for both devices: [`first_level`] (`glm`), [`clean`] and [`mod@proof`]
//! (`retroicor`), [`mod@physio`] (`physio`), [`confounds`] (`confounds`), [`smoothing`] (`smooth`), and what stands on
//! them: [`verify`], [`demo`], [mod@bench]. The only place that knows every
//! stage.

pub mod automask;
pub mod bench;
pub mod blocks;
pub mod calibrate;
pub mod carried;
pub mod censor;
pub mod chance;
pub mod clean;
pub mod combine;
mod command;
pub mod compared;
pub mod comparison;
pub mod confounds;
pub mod connect;
pub mod decide;
pub mod demo;
pub mod demo_group;
pub mod dvars;
pub mod earlier;
pub mod echoes;
pub mod endpoints;
pub mod first_level;
pub mod flat;
pub mod glm;
pub mod group;
pub mod inputs;
pub mod masks;
pub mod moment;
pub mod noise;
pub mod order;
pub mod peak_table;
pub mod physio;
pub mod physio_summary;
pub mod precision;
pub mod products;
pub mod proof;
pub mod provenance;
pub mod qc;
pub mod recordings;
pub mod regions;
pub mod residuals;
pub mod retroicor;
pub mod scaling;
pub mod session;
pub mod simulate;
pub mod smooth;
pub mod smoothing;
pub mod spec;
pub mod tsnr;
pub mod verify;
pub mod voxelwise;
pub mod watch;
pub mod weigh;
pub mod written;
