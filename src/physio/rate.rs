//! RV: standard deviation of breathing within ±3 s. HR: 60 / mean interval of the beats within ±3 s and one more on
//! each side, beats a minute. Source: Chang, Cunningham & Glover 2009; the beat on each side is PhysIO's rule, which keeps
//! the rate from jumping when a beat enters or leaves the window.

use crate::recording::Trace;

/// Half the window of both, seconds.
pub(super) const HALF_WINDOW_S: f64 = 3.0;
/// A sample this close to the edge of the window is in it, samples: times are sums of rounded steps.
const ON_EDGE: f64 = 1e-6;

/// Standard deviation (divisor n) of the samples within ±3 s of each moment, in the trace's units. At the ends of the
/// trace the window holds what there is; a moment beyond an end takes that end's value.
///
/// `times_s`: seconds relative to the first volume.
#[must_use]
pub fn rv(trace: &Trace, times_s: &[f64]) -> Vec<f64> {
    let last = trace.samples.len().saturating_sub(1) as f64;
    let reach = HALF_WINDOW_S * trace.sampling_hz;
    let deviation = |&time_s: &f64| {
        let position = ((time_s - trace.start_s) * trace.sampling_hz).clamp(0.0, last);
        let from = (position - reach - ON_EDGE).ceil().max(0.0) as usize;
        let to = (position + reach + ON_EDGE).floor().min(last) as usize;
        match trace.samples.get(from..=to) {
            Some(window) => super::signal::variance(window).sqrt(),
            None => 0.0,
        }
    };
    times_s.iter().map(deviation).collect()
}

/// Heart rate in beats a minute at each moment; NaN where no beat lies within ±3 s.
///
/// `beats_s`: increasing; `times_s`: both in seconds relative to the first volume.
#[must_use]
pub fn heart_rate(beats_s: &[f64], times_s: &[f64]) -> Vec<f64> {
    let rate = |&time_s: &f64| {
        let (from_s, to_s) = (time_s - HALF_WINDOW_S, time_s + HALF_WINDOW_S);
        let (begin, end) =
            (beats_s.partition_point(|&b| b < from_s), beats_s.partition_point(|&b| b <= to_s));
        if begin == end {
            return f64::NAN;
        }
        // The last beat up to the window, and the first from its end on; the first and last beat where there is none.
        let before = beats_s.partition_point(|&b| b <= from_s).saturating_sub(1);
        let after = beats_s.partition_point(|&b| b < to_s).min(beats_s.len() - 1);
        let seconds = beats_s[after] - beats_s[before];
        if seconds > 0.0 { 60.0 * (after - before) as f64 / seconds } else { f64::NAN }
    };
    times_s.iter().map(rate).collect()
}
