//! Stretches of a trace that say little about the heart or the breath, and what becomes of them.

use serde::{Deserialize, Serialize};

use super::peaks::Channel;
use super::respiratory_phase::BreathTurns;

/// Why a stretch is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No values were recorded; a straight line took their place.
    Missing,
    /// The trace does not move.
    Flat,
    /// The trace sits at the recorder's lowest or highest value.
    Clipped,
    /// Nothing in it looks like a beat or a breath.
    Noise,
    /// The interval between two beats or breaths stands out from those around it.
    Interval,
}

impl Reason {
    /// Each of them.
    pub const ALL: [Reason; 5] =
        [Reason::Missing, Reason::Flat, Reason::Clipped, Reason::Noise, Reason::Interval];

    /// As summaries spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::Flat => "flat",
            Reason::Clipped => "clipped",
            Reason::Noise => "noise",
            Reason::Interval => "interval",
        }
    }
}

/// One flagged stretch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Flagged {
    /// Whose trace.
    pub channel: Channel,
    /// Where it begins, seconds relative to the first volume.
    pub from_s: f64,
    /// Where it ends, seconds.
    pub to_s: f64,
    /// Why.
    pub reason: Reason,
}

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
