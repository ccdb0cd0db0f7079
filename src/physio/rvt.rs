//! Respiration volume per time by peaks: RVT(t) = (upper(t) - lower(t)) / period(t). The upper envelope joins the ends of
//! inspiration, the lower one the ends of expiration, by straight lines; the period is that between two successive ends of
//! inspiration, placed midway between them. Beyond the first and last value each stays.
//! Source: Birn, Diamond, Smith & Bandettini 2006.

use super::breaths::Breaths;
use crate::error::{Error, Result};
use crate::recording::Trace;

/// Breaths below which there is no envelope to speak of.
const FEWEST_PEAKS: usize = 3;
/// The same for the ends of expiration.
const FEWEST_TROUGHS: usize = 2;

/// RVT at each moment, in the trace's units per second.
///
/// `times_s`: seconds relative to the first volume, as `breaths`. `thing`: what messages call the trace.
///
/// # Errors
/// Bad data: fewer than 3 ends of inspiration or 2 of expiration.
pub fn rvt(trace: &Trace, breaths: &Breaths, times_s: &[f64], thing: &str) -> Result<Vec<f64>> {
    let (peaks_s, troughs_s) = (&breaths.peaks_s, &breaths.troughs_s);
    if peaks_s.len() < FEWEST_PEAKS || troughs_s.len() < FEWEST_TROUGHS || trace.samples.is_empty()
    {
        return Err(Error::bad_data(
            thing,
            format!(
                "shows {} ends of inspiration and {} of expiration",
                peaks_s.len(),
                troughs_s.len()
            ),
            format!("show at least {FEWEST_PEAKS} and {FEWEST_TROUGHS} for RVT"),
            "look at the trace; leave rvt out of --terms",
        ));
    }
    let depth = |at_s: &[f64]| at_s.iter().map(|&t| sample_at(trace, t)).collect::<Vec<f64>>();
    let (upper, lower) = (depth(peaks_s), depth(troughs_s));
    let period_s: Vec<f64> = peaks_s.windows(2).map(|w| w[1] - w[0]).collect();
    let middle_s: Vec<f64> = peaks_s.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect();
    let at = |&t: &f64| {
        (joined(peaks_s, &upper, t) - joined(troughs_s, &lower, t))
            / joined(&middle_s, &period_s, t)
    };
    Ok(times_s.iter().map(at).collect())
}

/// The trace at a moment, by a straight line between samples.
fn sample_at(trace: &Trace, time_s: f64) -> f64 {
    let last = trace.samples.len() - 1;
    let position = ((time_s - trace.start_s) * trace.sampling_hz).clamp(0.0, last as f64);
    let i = position.floor() as usize;
    let (a, b) = (trace.samples[i], trace.samples[(i + 1).min(last)]);
    a + (position - i as f64) * (b - a)
}

/// The polygon through `(x, y)` at a place, the end values beyond its ends. `x`: increasing, not empty.
fn joined(x: &[f64], y: &[f64], at: f64) -> f64 {
    match x.partition_point(|&v| v <= at) {
        0 => y[0],
        k if k == x.len() => y[k - 1],
        k => y[k - 1] + (at - x[k - 1]) / (x[k] - x[k - 1]) * (y[k] - y[k - 1]),
    }
}
