//! The respiratory phase: phi_r(t) = pi sgn(dR/dt) CDF(R(t)). Source: Glover, Li & Ress 2000, eq. 3.
//!
//! CDF: (mid-rank - 1/2)/n of the sample, free of bins, or Glover's histogram of 100 bins. dR/dt: quadratic
//! Savitzky-Golay over 1 s, at the ends from the parabola through the last second; where it is exactly 0 the sign before
//! holds, so no sample loses its phase. A slope over 1 s turns up to a tenth of a second off the extreme where a trace falls
//! fast and rests; on request the sign turns at the extreme of each breath instead, as AFNI's does. Between samples the CDF is interpolated and the nearest sample's sign taken;
//! the wrapped phase itself is never interpolated.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::breaths::{Breaths, LOWEST_HZ, breaths_of};
use super::clean::{CleanTrace, clean};
use super::signal::paired_sums;
use crate::error::Result;
use crate::recording::Trace;

/// Width of the derivative's window, seconds.
const DERIVATIVE_WINDOW_S: f64 = 1.0;
/// Glover's number of histogram bins.
const GLOVER_BINS: usize = 100;

/// How depth becomes the share of samples below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Equalisation {
    /// (mid-rank - 1/2) / n: the limit of many bins.
    #[default]
    MidRank,
    /// Cumulated histogram of 100 bins, as published.
    Glover,
}

/// Where the sign of the phase turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreathTurns {
    /// Where the slope over 1 s changes its sign (Glover, PhysIO).
    #[default]
    Slope,
    /// At the highest and the lowest sample of each breath (AFNI).
    Extremes,
}

/// The phase of breathing at any moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RespiratoryPhase {
    /// Share of samples below, `[sample]`, in [0, 1].
    cdf: Vec<f64>,
    /// +1 breathing in (the trace rises), -1 breathing out, `[sample]`.
    sign: Vec<f64>,
    sampling_hz: f64,
    start_s: f64,
    end_s: f64,
    breaths: Breaths,
}

impl RespiratoryPhase {
    /// From a breathing trace, bin-free.
    ///
    /// # Errors
    /// Bad data: constant, too short, a gap of more than 30 s, or a rhythm that is not breathing (SamplingFrequency).
    pub fn new(trace: &Trace) -> Result<RespiratoryPhase> {
        let turns = BreathTurns::default();
        Self::named(trace, Equalisation::default(), turns, "the respiratory trace")
    }

    /// From a breathing trace. `thing`: what messages call it.
    ///
    /// # Errors
    /// As [`RespiratoryPhase::new`].
    pub fn named(
        trace: &Trace,
        by: Equalisation,
        turns: BreathTurns,
        thing: &str,
    ) -> Result<RespiratoryPhase> {
        let trace = clean(trace, thing, LOWEST_HZ)?;
        let breaths = breaths_of(&trace, thing)?;
        let cdf = match by {
            Equalisation::MidRank => mid_rank_cdf(&trace.samples),
            Equalisation::Glover => histogram_cdf(&trace.samples, GLOVER_BINS),
        };
        // Ties to even, as the reference rounds.
        let half = (0.5 * DERIVATIVE_WINDOW_S * trace.sampling_hz).round_ties_even() as usize;
        let sign = match turns {
            BreathTurns::Slope => signs(&derivative(&trace.samples, half.max(1))),
            BreathTurns::Extremes => {
                signs_between(&extremes(&trace, &breaths), trace.samples.len())
            }
        };
        Ok(RespiratoryPhase {
            cdf,
            sign,
            sampling_hz: trace.sampling_hz,
            start_s: trace.start_s,
            end_s: trace.end_s(),
            breaths,
        })
    }

    /// Phase in [-pi, pi] at a moment in seconds; before and after the record that of its first and last sample.
    #[must_use]
    pub fn at(&self, time_s: f64) -> f64 {
        let last = self.cdf.len() - 1;
        let position = ((time_s - self.start_s) * self.sampling_hz).clamp(0.0, last as f64);
        let i = (position.floor() as usize).min(last);
        let w = position - i as f64;
        let next = (i + 1).min(last);
        let cdf = self.cdf[i] * (1.0 - w) + self.cdf[next] * w;
        PI * cdf * self.sign[if w < 0.5 { i } else { next }]
    }

    /// Phase of each sample, `[sample]`, radians.
    #[must_use]
    pub fn samples(&self) -> Vec<f64> {
        self.cdf.iter().zip(&self.sign).map(|(c, s)| PI * c * s).collect()
    }

    /// Whether the moment lies outside the record.
    #[must_use]
    pub fn is_extrapolated(&self, time_s: f64) -> bool {
        time_s < self.start_s || time_s > self.end_s
    }

    /// First and last moment of the record, seconds.
    #[must_use]
    pub fn interval_s(&self) -> (f64, f64) {
        (self.start_s, self.end_s)
    }

    /// Breaths of the record.
    #[must_use]
    pub fn breaths(&self) -> &Breaths {
        &self.breaths
    }
}

/// (mid-rank - 1/2)/n, equal samples sharing the mean of their ranks.
fn mid_rank_cdf(x: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let mut cdf = vec![0.0; n];
    let mut from = 0;
    while from < n {
        let mut to = from + 1;
        while to < n && x[order[to]] == x[order[from]] {
            to += 1;
        }
        // Ranks from+1 ..= to; their mean less one half.
        let value = 0.5 * (from + to) as f64 / n as f64;
        order[from..to].iter().for_each(|&i| cdf[i] = value);
        from = to;
    }
    cdf
}

fn histogram_cdf(x: &[f64], n_bins: usize) -> Vec<f64> {
    let (low, high) = x.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    let bin = |v: f64| (((v - low) / (high - low) * n_bins as f64) as usize).min(n_bins - 1);
    let mut counts = vec![0usize; n_bins];
    x.iter().for_each(|&v| counts[bin(v)] += 1);
    let mut sum = 0;
    let cumulated: Vec<f64> = counts
        .iter()
        .map(|&c| {
            sum += c;
            sum as f64 / x.len() as f64
        })
        .collect();
    x.iter().map(|&v| cumulated[bin(v)]).collect()
}

/// Slope per sample: least-squares parabola over 2 half + 1 samples; at the ends the derivative of the parabola through
/// the first or last of them.
fn derivative(x: &[f64], half: usize) -> Vec<f64> {
    let n = x.len();
    let half = half.min((n - 1) / 2).max(1);
    if n < 3 {
        return vec![x[n - 1] - x[0]; n];
    }
    let m2: f64 = (1..=half).map(|j| 2.0 * (j * j) as f64).sum();
    let weights: Vec<f64> = (0..=half).map(|j| j as f64).collect();
    let sums = paired_sums(x, &weights, -1.0);
    let slope = |i: usize| sums[i - half] / m2;
    // Curvature of the parabola around i: sum (j^2 - mean j^2) x / sum (j^2 - mean j^2)^2.
    let mean2 = m2 / (2 * half + 1) as f64;
    let curvature = |i: usize| {
        let spread = (0..=2 * half).map(|k| (k as f64 - half as f64).powi(2) - mean2);
        let (mut up, mut down) = (0.0, 0.0);
        for (k, s) in spread.enumerate() {
            up += s * (x[i + k - half] - x[i]);
            down += s * s;
        }
        if down > 0.0 { up / down } else { 0.0 }
    };
    let (first, last) = (half, n - 1 - half);
    let (bend_first, bend_last) = (curvature(first), curvature(last));
    (0..n)
        .map(|i| {
            if i < first {
                slope(first) - 2.0 * bend_first * (first - i) as f64
            } else if i > last {
                slope(last) + 2.0 * bend_last * (i - last) as f64
            } else {
                slope(i)
            }
        })
        .collect()
}

/// +1 or -1; 0 inherits the sign before, at the start the first one that is not 0.
fn signs(derivative: &[f64]) -> Vec<f64> {
    let mut sign = derivative.iter().find(|d| **d != 0.0).map_or(1.0, |d| d.signum());
    derivative
        .iter()
        .map(|&d| {
            if d != 0.0 {
                sign = d.signum();
            }
            sign
        })
        .collect()
}

/// The extremes of the trace itself, one a breath: sample, and +1 for a highest, -1 for a lowest. Each is looked for halfway
/// to the breath's other extremes.
fn extremes(trace: &CleanTrace, breaths: &Breaths) -> Vec<(usize, f64)> {
    let last = trace.samples.len() - 1;
    let at =
        |t: &f64| (((t - trace.start_s) * trace.sampling_hz).round().max(0.0) as usize).min(last);
    let mut turns: Vec<(usize, f64)> = breaths.peaks_s.iter().map(|t| (at(t), 1.0)).collect();
    turns.extend(breaths.troughs_s.iter().map(|t| (at(t), -1.0)));
    turns.sort_by_key(|turn| turn.0);
    let exact = (0..turns.len()).map(|k| {
        let (place, side) = turns[k];
        let from = k.checked_sub(1).map_or(0, |before| turns[before].0).midpoint(place);
        let to = turns.get(k + 1).map_or(last, |after| after.0).midpoint(place);
        let value = |i: usize| side * trace.samples[i];
        let top = (from..=to).max_by(|&a, &b| value(a).total_cmp(&value(b)));
        (top.unwrap_or(place), side)
    });
    exact.collect()
}

/// -1 behind a highest, +1 behind a lowest sample, and before the first extreme as it leads there.
fn signs_between(extremes: &[(usize, f64)], n: usize) -> Vec<f64> {
    let before = extremes.first().map_or(1.0, |first| first.1);
    let sign = |i: usize| {
        let passed = extremes.partition_point(|extreme| extreme.0 <= i);
        passed.checked_sub(1).map_or(before, |k| -extremes[k].1)
    };
    (0..n).map(sign).collect()
}
