//! From events, confounds and drift to a design matrix with named columns, and from text to contrasts of them.
//!
//! Column order (as nilearn's): task columns sorted by condition name, each followed by its derivatives and modulators; confounds in
//! the order they were matched; drift `drift_1..`; `constant`.

pub mod band;
pub mod censor;
pub mod confounds;
pub mod contrast;
pub mod drift;
pub mod events;
pub mod group;
pub mod hrf;
pub mod label;
pub mod letters;
mod matrix;
pub mod modulation;
pub mod motion;
pub(crate) mod number;
pub mod odd;
mod quoted;
pub mod reference;
pub mod similar;
pub mod strategy;

pub use confounds::{Confounds, NaPolicy};
pub use drift::Drift;
pub use events::Event;
pub use matrix::{Design, DesignSpec, build, from_table, task_columns};
pub use reference::{Reference, references, units};
pub use strategy::Strategy;
