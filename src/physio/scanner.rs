//! A pulse sensor that hears the scanner and no heart: its trace repeats with the volumes, and its beats keep step with them.
//!
//! - `repeats`: share of the trace's variance about its running mean that the mean over the volumes explains, by the time
//!   within the volume; a heart is at another moment of each volume, so of n volumes it leaves about 1/n;
//! - `step`: with k beats a volume, k whole, the length of the mean of exp(2 pi i k t_j / TR) over the beats t_j of the scan: 1 when
//!   every beat is at the same moment of its k-th part of the volume, about n^(-1/2) for n beats of a heart, whose rate wanders;
//! - `odd`: share of the beats that were put in or whose interval stands out.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::beats::Beats;
use super::moments::SliceMoments;
use super::peaks::Channel;
use super::signal::moving_mean;
use crate::error::Error;
use crate::recording::Trace;

/// Rates this near a whole number of beats a volume may be the scanner's.
const NEAR: f64 = 0.02;
/// Parts of a volume, and the shortest of them, seconds: a clock that drifts does not leave its part.
const PARTS: (usize, f64) = (40, 0.04);
/// Half the window of the running mean, seconds.
const MEAN_S: f64 = 1.0;
/// Fewer volumes or beats tell nothing.
const FEWEST: (usize, usize) = (20, 30);
/// Repetition that no heart has, and what beside it says that the beats are the scanner's.
const REPEATS: f64 = 0.1;
const STEP_THEN: f64 = 0.5;
const ODD_THEN: f64 = 0.15;
/// Step that says so alone, and with many odd intervals.
const STEP: f64 = 0.9;
const ODD: f64 = 0.25;
/// Many odd intervals alone leave the heart untold.
const ODD_ALONE: f64 = 0.25;

/// Why a trace must not be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unusable {
    /// Whose trace.
    pub channel: Channel,
    /// What was found, a verb phrase with its numbers.
    pub why: String,
}

impl Unusable {
    /// That no columns are made of a pulse that follows the scanner. `thing`: the trace, for messages.
    #[must_use]
    pub fn refused(&self, thing: &str) -> Error {
        Error::bad_data(
            thing,
            &self.why,
            "show a heart",
            "do not use it: --terms 0/4/0 models breathing alone; beats that are known come with --peaks",
        )
    }
}

/// What was measured of a pulse against the scanner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scanner {
    per_volume: f64,
    off: f64,
    repeats: f64,
    step: f64,
    odd: f64,
}

impl Scanner {
    /// None where the scan is too short to tell. `trace`: none of beats that come without one.
    pub fn of(beats: &Beats, trace: Option<&Trace>, slices: &SliceMoments) -> Option<Scanner> {
        let (tr, end_s) = (slices.tr, slices.tr * slices.n_volumes as f64);
        let times_s = &beats.times_s;
        let within: Vec<f64> =
            times_s.iter().copied().filter(|t| (0.0..end_s).contains(t)).collect();
        let [first, .., last] = within[..] else { return None };
        if slices.n_volumes < FEWEST.0 || within.len() < FEWEST.1 {
            return None;
        }
        let per_volume = tr * (within.len() - 1) as f64 / (last - first);
        let k = per_volume.round().max(1.0);
        let sums = within.iter().map(|t| (TAU * k * t / tr).sin_cos());
        let (sine, cosine) = sums.fold((0.0, 0.0), |(s, c), (a, b)| (s + a, c + b));
        Some(Scanner {
            per_volume: k,
            off: (per_volume / k - 1.0).abs(),
            repeats: trace.map_or(0.0, |trace| repeats(trace, tr, end_s)),
            step: f64::hypot(sine, cosine) / within.len() as f64,
            odd: (beats.n_rr_outliers + beats.n_filled) as f64 / times_s.len() as f64,
        })
    }

    /// Whether the beats are the scanner's.
    pub fn is_heard(&self) -> bool {
        let in_step = self.off <= NEAR && self.step >= STEP_THEN;
        let by_trace = self.repeats >= REPEATS && (in_step || self.odd >= ODD_THEN);
        let by_beats =
            self.off <= NEAR && (self.step >= STEP || self.step >= STEP_THEN && self.odd >= ODD);
        by_trace || by_beats
    }

    /// Why the beats must not be used, a verb phrase; none where nothing speaks against them.
    pub fn why(&self) -> Option<String> {
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        if self.is_heard() {
            return Some(format!(
                "follows the scanner: {} of its variance repeats with the volumes, its beats ({} a volume within {:.1} %) keep step \
                 with them by {:.2} (a heart: near 0), {} of them are odd",
                percent(self.repeats),
                self.per_volume,
                100.0 * self.off,
                self.step,
                percent(self.odd)
            ));
        }
        (self.odd >= ODD_ALONE)
            .then(|| format!("shows no steady heart: {} of its beats are odd", percent(self.odd)))
    }
}

/// Share of the variance of a trace within the scan that the mean over the volumes explains.
fn repeats(trace: &Trace, tr: f64, end_s: f64) -> f64 {
    let hz = trace.sampling_hz;
    let finite = trace.samples.iter().copied().filter(|v| v.is_finite());
    let (sum, n) = finite.fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    let known: Vec<f64> = trace
        .samples
        .iter()
        .map(|v| if v.is_finite() { *v } else { sum / f64::max(n, 1.0) })
        .collect();
    let mean = moving_mean(&known, (MEAN_S * hz).round() as usize);
    let n_parts = PARTS.0.min((tr / PARTS.1.max(1.0 / hz)) as usize).max(2);
    let mut parts = vec![(0.0, 0.0_f64); n_parts];
    let (mut squares, mut count) = (0.0, 0.0);
    for (i, (v, m)) in known.iter().zip(&mean).enumerate() {
        let time_s = trace.start_s + i as f64 / hz;
        if !(0.0..end_s).contains(&time_s) {
            continue;
        }
        let part = ((time_s / tr).fract() * n_parts as f64) as usize;
        let part = &mut parts[part.min(n_parts - 1)];
        (part.0, part.1) = (part.0 + v - m, part.1 + 1.0);
        (squares, count) = (squares + (v - m).powi(2), count + 1.0);
    }
    let explained: f64 = parts.iter().map(|(sum, n)| sum * sum / n.max(1.0)).sum();
    // So much a trace without repetition leaves in the means.
    let chance = n_parts as f64 / f64::max(count, 1.0);
    if squares > 0.0 { (explained / squares - chance).max(0.0) } else { 0.0 }
}
