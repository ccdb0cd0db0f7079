//! Stretches of a trace that say little about the heart or the breath.

use serde::{Deserialize, Serialize};

use super::peaks::Channel;

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
