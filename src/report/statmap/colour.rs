//! What a value looks like.

use super::Statmap;
use crate::report::colour::{Colour, colour_of};

/// Opacity of the highest value that does not pass.
const FADED: f64 = 0.85;
/// The colours end at so many thresholds at most: a few huge values must not darken all others.
const MOST_THRESHOLDS: f64 = 4.0;

/// The colours of one picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colours {
    /// The |statistic| at which they end.
    pub max: f64,
    /// Whether larger ones are there.
    pub is_cut: bool,
    /// Whether there are values below 0.
    pub is_signed: bool,
    full: f64,
}

impl Colours {
    pub fn of(map: &Statmap) -> Colours {
        let full = map.threshold.full;
        let values = map.inside.iter().zip(&*map.statistic).filter(|(inside, _)| **inside);
        let (mut largest, mut is_signed) = (0.0_f64, false);
        for (_, &value) in values.filter(|(_, v)| !v.is_nan()) {
            largest = largest.max(f64::from(value).abs());
            is_signed |= value < 0.0;
        }
        let max = largest.clamp(1.25 * full, MOST_THRESHOLDS * full);
        Colours { max, is_cut: largest > max, is_signed, full }
    }

    /// Of a value by itself.
    pub fn opaque(&self, value: f64) -> Colour {
        colour_of((value.abs() / self.max) as f32, value >= 0.0)
    }

    /// How much of it shows over what lies below.
    pub fn opacity(&self, value: f64, passed: bool) -> f64 {
        match passed {
            true => 1.0,
            false => FADED * (value.abs() / self.full).min(1.0).powi(2),
        }
    }

    /// Of a value over another colour.
    pub fn over(&self, below: Colour, value: f64, passed: bool) -> Colour {
        let (own, share) = (self.opaque(value), self.opacity(value, passed) as f32);
        [0, 1, 2].map(|c| below[c] + share * (own[c] - below[c]))
    }
}
