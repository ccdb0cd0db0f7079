//! The dominant period of a trace in samples, found without knowing the sampling rate, so that a wrong rate shows.
//!
//! At each octave k the trace is averaged over 2^k samples, its running mean is removed, and the autocorrelation of
//! short stretches is averaged: r(lag) = mean over stretches of sum x_t x_(t+lag) / sqrt(sum x_t^2 sum x_(t+lag)^2).
//! Short stretches let the rate vary over the run; the first high maximum is the period, not a multiple of it.

use super::signal::{decimate, median, moving_mean, parabola_vertex, variance};
use crate::error::{Error, Result};

/// Samples of one stretch after averaging: 5 to 20 periods.
const STRETCH: usize = 128;
/// Lags searched at each octave, in averaged samples; two octaves, so neighbours overlap.
const LAGS: std::ops::RangeInclusive<usize> = 6..=25;
/// Mean autocorrelation that the rhythm of a window needs to replace the whole run's, and how much more of it per unit of the
/// logarithm of their ratio: the scanner's own rhythm may pass for a heart that halves its rate.
const CLEAR: (f64, f64) = (0.3, 0.5);
/// Half the width of the running mean, in averaged samples.
const BASELINE_RADIUS: usize = 16;

/// One rhythm found in a trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    /// Samples.
    pub period: f64,
    /// Mean autocorrelation at that lag.
    pub correlation: f64,
    /// Correlation times the root of the share of the trace's variance at this octave.
    pub strength: f64,
}

/// The strongest rhythm of each octave that has one.
pub(super) fn rhythms(samples: &[f64]) -> Vec<Rhythm> {
    let total = variance(samples);
    let mut found = Vec::new();
    let mut x = samples.to_vec();
    let mut scale = 1.0;
    while x.len() >= 4 * BASELINE_RADIUS && total > 0.0 {
        let baseline = moving_mean(&x, BASELINE_RADIUS);
        let y: Vec<f64> = x.iter().zip(&baseline).map(|(v, b)| v - b).collect();
        let share = (variance(&y) / total).min(1.0);
        if let Some((lag, correlation)) = first_high_maximum(&autocorrelation(&y)) {
            found.push(Rhythm {
                period: lag * scale,
                correlation,
                strength: correlation * share.sqrt(),
            });
        }
        x = decimate(&x, 2);
        scale *= 2.0;
    }
    found
}

/// The strongest rhythm within `range_s` (seconds a period) at the declared sampling rate.
///
/// # Errors
/// Bad data naming SamplingFrequency when a much stronger rhythm lies outside: the rate is declared wrong.
pub(super) fn dominant_within(
    samples: &[f64],
    sampling_hz: f64,
    range_s: (f64, f64),
    thing: &str,
    beat: &str,
) -> Result<Option<Rhythm>> {
    let all = rhythms(samples);
    let seconds = |r: &Rhythm| r.period / sampling_hz;
    let inside = |r: &&Rhythm| (range_s.0..=range_s.1).contains(&seconds(r));
    let strongest = |a: &Rhythm, b: &Rhythm| a.strength.total_cmp(&b.strength);
    let best_inside = all.iter().filter(inside).copied().max_by(strongest);
    let best = all.iter().copied().max_by(strongest);
    if let Some(outside) = best.filter(|b| !inside(&b)) {
        let (rival, clarity) = best_inside.map_or((0.0, 0.0), |r| (r.strength, r.correlation));
        // Slow wander, however large, is common beside a clear pulse; a fast strong rhythm is not.
        let is_slow = seconds(&outside) > range_s.1;
        let is_wander = is_slow && (clarity >= 0.5 || outside.strength <= 4.0 * rival);
        if outside.correlation >= 0.4 && outside.strength > 2.0 * rival && !is_wander {
            return Err(wrong_rate(60.0 / seconds(&outside), sampling_hz, range_s, thing, beat));
        }
    }
    Ok(best_inside)
}

/// The period by time, for rhythms that change over the run: of each window of 20 s, every 5 s, the strongest rhythm
/// within a factor of 3 of the whole run's; medians of five windows. Seconds.
pub(super) fn local_periods(
    samples: &[f64],
    sampling_hz: f64,
    range_s: (f64, f64),
    whole_s: f64,
) -> LocalPeriod {
    let length = ((20.0 * sampling_hz) as usize).min(samples.len()).max(1);
    let hop_s = 5.0;
    let hop = ((hop_s * sampling_hz) as usize).max(1);
    let usable = |r: &Rhythm| {
        let s = r.period / sampling_hz;
        (range_s.0..=range_s.1).contains(&s) && (whole_s / 3.0..=3.0 * whole_s).contains(&s)
    };
    let is_clear = |r: &Rhythm| {
        let apart = (r.period / sampling_hz / whole_s).ln().abs();
        r.correlation >= CLEAR.0 + CLEAR.1 * apart
    };
    let raw: Vec<f64> = samples
        .windows(length)
        .step_by(hop)
        .map(|w| {
            let best = rhythms(w).into_iter().filter(usable);
            best.max_by(|a, b| a.strength.total_cmp(&b.strength))
                .filter(is_clear)
                .map_or(whole_s, |r| r.period / sampling_hz)
        })
        .collect();
    let smooth = (0..raw.len())
        .map(|i| median(&raw[i.saturating_sub(2)..(i + 3).min(raw.len())]).unwrap_or(whole_s))
        .collect();
    LocalPeriod { periods_s: smooth, first_s: 0.5 * length as f64 / sampling_hz, hop_s }
}

/// A period that changes over the run.
pub(super) struct LocalPeriod {
    periods_s: Vec<f64>,
    /// Middle of the first window, seconds from the first sample.
    first_s: f64,
    hop_s: f64,
}

impl LocalPeriod {
    /// Seconds, at a moment in seconds from the first sample: of the nearest window.
    pub fn at(&self, from_start_s: f64) -> f64 {
        let window = ((from_start_s - self.first_s) / self.hop_s).round().max(0.0) as usize;
        self.periods_s[window.min(self.periods_s.len() - 1)]
    }
}

/// The error for a rate per minute that no person has.
pub(super) fn wrong_rate(
    per_minute: f64,
    sampling_hz: f64,
    range_s: (f64, f64),
    thing: &str,
    beat: &str,
) -> Error {
    Error::bad_data(
        thing,
        format!("shows {per_minute:.1} {beat} a minute at {sampling_hz} Hz"),
        format!("lie between {:.0} and {:.0}", 60.0 / range_s.1, 60.0 / range_s.0),
        "wrong sampling rate, or a channel of spikes and no pulse: check the rate in Hz (SamplingFrequency of a BIDS recording, hz= of \
         a log) and look at the trace",
    )
}

fn autocorrelation(y: &[f64]) -> Vec<f64> {
    let length = STRETCH.min(y.len());
    let max_lag = LAGS.end() + 1;
    let mut mean = vec![0.0; max_lag + 1];
    let mut n = 0.0_f64;
    let mut from = 0;
    while from + length <= y.len() {
        let s = &y[from..from + length];
        from += length / 2;
        if s.iter().map(|v| v * v).sum::<f64>() <= 0.0 {
            continue;
        }
        n += 1.0;
        // Sums of squares of the first and last `length - lag` samples, from running sums.
        let mut squares = vec![0.0; length + 1];
        for (i, v) in s.iter().enumerate() {
            squares[i + 1] = squares[i] + v * v;
        }
        for (lag, m) in mean.iter_mut().enumerate() {
            let dot: f64 = s[..length - lag].iter().zip(&s[lag..]).map(|(u, v)| u * v).sum();
            let norm = (squares[length - lag] * (squares[length] - squares[lag])).max(0.0).sqrt();
            *m += if norm > 0.0 { (dot / norm).clamp(-1.0, 1.0) } else { 0.0 };
        }
    }
    mean.iter_mut().for_each(|m| *m /= n.max(1.0));
    mean
}

fn first_high_maximum(r: &[f64]) -> Option<(f64, f64)> {
    let is_maximum = |&lag: &usize| r[lag] >= r[lag - 1] && r[lag] > r[lag + 1] && r[lag] > 0.0;
    let highest = LAGS.filter(is_maximum).map(|lag| r[lag]).fold(f64::NEG_INFINITY, f64::max);
    let lag = LAGS.filter(is_maximum).find(|&lag| r[lag] >= 0.85 * highest)?;
    Some((lag as f64 + parabola_vertex(r[lag - 1], r[lag], r[lag + 1]), r[lag]))
}
