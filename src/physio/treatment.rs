//! What is done about what is wrong with a recording.

use serde::{Deserialize, Serialize};

use super::respiratory_phase::BreathTurns;

/// What becomes of acquisitions within a flagged stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadStretches {
    /// The phases are carried through from the beats and depths on either side.
    #[default]
    Interpolate,
    /// The columns that need the flagged trace are 0 there.
    Censor,
}

/// What is done about what is wrong with a recording.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Treatment {
    /// What becomes of acquisitions within flagged stretches.
    #[serde(default)]
    pub bad_stretches: BadStretches,
    /// Band of the breathing trace that is used, Hz, amplitude one half at each end; none: all of it. The drift of a belt
    /// makes the share of samples below a depth that of the drift.
    #[serde(default)]
    pub breath_band_hz: Option<(f64, f64)>,
    /// Where the sign of the respiratory phase turns.
    #[serde(default)]
    pub breath_turns: BreathTurns,
}
