//! How many breaths a trace holds: rises of the smoothed trace from clearly below its running mean to clearly above.

use super::clean::CleanTrace;
use super::period::dominant_within;
use super::signal::{decimate, gaussian_mean, variance};
use crate::error::Result;

/// Seconds a breath can last: 60 to 2 a minute.
const BREATH_RANGE_S: (f64, f64) = (1.0, 30.0);
/// Enough to count breaths.
const WORKING_HZ: f64 = 20.0;

/// Count the breaths.
///
/// # Errors
/// Bad data naming SamplingFrequency when the dominant rhythm is none of breathing.
pub(super) fn count_breaths(trace: &CleanTrace, thing: &str) -> Result<usize> {
    let hz = trace.sampling_hz;
    let rhythm = dominant_within(&trace.samples, hz, BREATH_RANGE_S, thing, "breaths")?;
    let period_s = rhythm.map_or(4.0, |r| r.period / hz);
    let factor = ((hz / WORKING_HZ).floor() as usize).max(1);
    let hz = hz / factor as f64;
    let x = gaussian_mean(&decimate(&trace.samples, factor), 0.08 * period_s * hz);
    let baseline = gaussian_mean(&x, 1.5 * period_s * hz);
    let y: Vec<f64> = x.iter().zip(&baseline).map(|(v, b)| v - b).collect();
    let margin = 0.3 * variance(&y).sqrt();
    let (mut n, mut was_low) = (0, false);
    for v in y {
        if v < -margin {
            was_low = true;
        } else if v > margin && was_low {
            n += 1;
            was_low = false;
        }
    }
    Ok(n)
}
