//! The cardiac phase: phi_c(t) = 2 pi (k + (t - t_k)/(t_(k+1) - t_k)) between beats k and k+1, unwrapped.
//! Source: Glover, Li & Ress 2000, eq. 2. Outside the beats the rhythm goes on with the mean of the nearest min(20, n/2)
//! intervals of n beats (PhysIO's rule).

use std::f64::consts::TAU;

use super::signal::wrapped;
use crate::error::{Error, Result};

/// The phase of the heart at any moment.
#[derive(Debug, Clone, PartialEq)]
pub struct CardiacPhase {
    beats_s: Vec<f64>,
    /// Interval that continues the rhythm before the first beat, seconds.
    rr_before_s: f64,
    /// Interval that continues it after the last.
    rr_after_s: f64,
}

impl CardiacPhase {
    /// `beats_s`: seconds relative to the first volume.
    ///
    /// # Errors
    /// Bad data: fewer than two beats, or beats not finite and strictly increasing.
    pub fn new(beats_s: &[f64]) -> Result<CardiacPhase> {
        let increasing = beats_s.windows(2).all(|w| w[1] > w[0]);
        if beats_s.len() < 2 || !increasing || beats_s.iter().any(|t| !t.is_finite()) {
            return Err(Error::bad_data(
                "the list of beats",
                format!("has {} times, finite and increasing: {increasing}", beats_s.len()),
                "hold two or more finite times in increasing order",
                "check the beats",
            ));
        }
        let rr: Vec<f64> = beats_s.windows(2).map(|w| w[1] - w[0]).collect();
        let n_near = (beats_s.len() / 2).clamp(1, 20).min(rr.len());
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        Ok(CardiacPhase {
            beats_s: beats_s.to_vec(),
            rr_before_s: mean(&rr[..n_near]),
            rr_after_s: mean(&rr[rr.len() - n_near..]),
        })
    }

    /// Beats done (k) and the fraction of the next, in [0, 1), at a moment in seconds.
    fn cycles(&self, time_s: f64) -> (f64, f64) {
        let beats = &self.beats_s;
        let n = beats.len();
        let split = |from_s: f64, rr: f64, k: f64| {
            let whole = ((time_s - from_s) / rr).floor();
            let fraction = ((time_s - (from_s + whole * rr)) / rr).clamp(0.0, 1.0);
            (k + whole, fraction)
        };
        match beats.partition_point(|&t| t <= time_s) {
            0 => split(beats[0], self.rr_before_s, 0.0),
            k if k == n => split(beats[n - 1], self.rr_after_s, (n - 1) as f64),
            k => {
                let fraction = (time_s - beats[k - 1]) / (beats[k] - beats[k - 1]);
                ((k - 1) as f64, fraction)
            }
        }
    }

    /// Unwrapped phase in radians at a moment in seconds: 2 pi k at beat k (from 0).
    #[must_use]
    pub fn unwrapped(&self, time_s: f64) -> f64 {
        let (k, fraction) = self.cycles(time_s);
        TAU * (k + fraction)
    }

    /// Phase in [0, 2 pi) at a moment in seconds, exact in f64 however long the run.
    #[must_use]
    pub fn at(&self, time_s: f64) -> f64 {
        wrapped(TAU * self.cycles(time_s).1)
    }

    /// Whether the moment lies before the first beat or after the last.
    #[must_use]
    pub fn is_extrapolated(&self, time_s: f64) -> bool {
        self.beats_s.first().is_some_and(|&t| time_s < t)
            || self.beats_s.last().is_some_and(|&t| time_s > t)
    }
}
