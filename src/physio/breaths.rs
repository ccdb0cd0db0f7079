//! The breaths of a trace: it breathes in from clearly below its running mean to clearly above, and out again. The end of
//! inspiration is the highest moment of the smoothed trace in between, the end of expiration the lowest.

use super::clean::{CleanTrace, clean};
use super::period::dominant_within;
use super::respiratory_phase::LOWEST_HZ;
use super::signal::{decimate, gaussian_mean, parabola_vertex, variance};
use crate::error::Result;
use crate::recording::Trace;

/// Seconds a breath can last: 60 to 2 a minute.
const BREATH_RANGE_S: (f64, f64) = (1.0, 30.0);
/// Enough to find breaths.
const WORKING_HZ: f64 = 20.0;

/// Breaths found in a trace; seconds relative to the first volume, increasing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Breaths {
    /// Ends of inspiration (maxima). One that the trace does not come down from is left out.
    pub peaks_s: Vec<f64>,
    /// Ends of expiration (minima).
    pub troughs_s: Vec<f64>,
    /// Breaths begun: rises from below the mean to above it.
    pub n_breaths: usize,
}

/// Find the breaths.
///
/// # Errors
/// Bad data: constant, too short, a gap of more than 1 s, or a rhythm that is not breathing (SamplingFrequency).
pub fn breaths(trace: &Trace) -> Result<Breaths> {
    let thing = "the respiratory trace";
    breaths_of(&clean(trace, thing, LOWEST_HZ)?, thing)
}

/// [`breaths`] of a trace already cleaned.
///
/// # Errors
/// Bad data naming SamplingFrequency when the dominant rhythm is none of breathing.
pub(super) fn breaths_of(trace: &CleanTrace, thing: &str) -> Result<Breaths> {
    let hz = trace.sampling_hz;
    let rhythm = dominant_within(&trace.samples, hz, BREATH_RANGE_S, thing, "breaths")?;
    let period_s = rhythm.map_or(4.0, |r| r.period / hz);
    let factor = ((hz / WORKING_HZ).floor() as usize).max(1);
    let hz = hz / factor as f64;
    let x = gaussian_mean(&decimate(&trace.samples, factor), 0.08 * period_s * hz);
    let baseline = gaussian_mean(&x, 1.5 * period_s * hz);
    let y: Vec<f64> = x.iter().zip(&baseline).map(|(v, b)| v - b).collect();
    let margin = 0.3 * variance(&y).sqrt();
    let time_s = |i: usize| {
        let within =
            if i > 0 && i + 1 < y.len() { parabola_vertex(y[i - 1], y[i], y[i + 1]) } else { 0.0 };
        // A mean of `factor` samples stands for the middle of them.
        trace.time_s((i as f64 + within) * factor as f64 + 0.5 * (factor as f64 - 1.0))
    };
    let mut found = Breaths::default();
    // The extreme so far on the side the trace is on; none before it was clearly on either.
    let mut extreme: Option<(bool, usize)> = None;
    for (i, &v) in y.iter().enumerate() {
        let is_high = v > margin;
        if !is_high && v >= -margin {
            continue;
        }
        match extreme {
            Some((was_high, at)) if was_high == is_high => {
                if (v > y[at]) == is_high {
                    extreme = Some((is_high, i));
                }
                continue;
            }
            // What lies on the first or last sample was cut off, not turned.
            Some((true, at)) if at > 0 => found.peaks_s.push(time_s(at)),
            Some((false, at)) if at > 0 => found.troughs_s.push(time_s(at)),
            _ => {}
        }
        found.n_breaths += usize::from(is_high && extreme.is_some());
        extreme = Some((is_high, i));
    }
    Ok(found)
}
