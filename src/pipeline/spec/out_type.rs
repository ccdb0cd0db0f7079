//! How the values of a run are stored, as `--out-type` says it.

use serde::{Deserialize, Serialize};

/// How the values of a run are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutType {
    /// As they were computed.
    #[default]
    Float32,
    /// As integers of 16 bits, with the scale that the run's range asks for.
    Int16,
}

impl OutType {
    /// Whether it is the default, of which sidecars say nothing.
    pub(super) fn is_float32(&self) -> bool {
        *self == OutType::Float32
    }
}
