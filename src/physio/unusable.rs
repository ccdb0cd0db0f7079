//! Which stretches of a trace are flagged.
//!
//! - missing: no values, bridged by a straight line;
//! - flat: one value for half a period or more (a pulse or a breath rests shorter);
//! - clipped: at the record's lowest or highest value for a quarter of a period or more (shorter ones leave the phase
//!   good to an eighth of a turn);
//! - noise, pulse: around beats whose likeness to the median beat is below one half, and where no beat was seen and beats
//!   were put in; breath: where what is faster than breathing exceeds half the breathing itself;
//! - interval: RR intervals that differ by more than 30 % from the median of the twelve around them.

use super::clean::CleanTrace;
use super::clipped::clipped;
use super::flagged::{Flagged, Reason};
use super::peaks::Channel;
use super::signal::{gaussian_mean, median, variance};
use super::track::neighbours_median;

/// Share of a period at one value that is flat.
const FLAT_PERIODS: f64 = 0.5;
/// A pulse or breath of any rate may rest this long, seconds.
const FLAT_LEAST_S: f64 = 0.5;
/// Share of a period at an end of the recorder's range that is clipped.
const CLIPPED_PERIODS: f64 = 0.25;
/// Likeness (correlation) to the median beat below which a beat may be none.
pub(super) const LEAST_LIKENESS: f64 = 0.5;
/// An interval off the local median by this share stands out.
const INTERVAL_OFF: f64 = 0.3;
/// Intervals on each side that make the local median.
const INTERVALS_AROUND: usize = 6;
/// Share of breathing's own deviation from its mean.
const BREATH_NOISE: f64 = 0.5;

/// What the trace itself shows: missing, flat and clipped. `period_s`: of a beat or breath.
pub(super) fn of_trace(trace: &CleanTrace, channel: Channel, period_s: f64) -> Vec<Flagged> {
    let flag = |reason| {
        move |&(from, to): &(usize, usize)| Flagged {
            channel,
            // From the last sample before to the first behind: values in between are not known.
            from_s: trace.time_s(from as f64 - 1.0).max(trace.start_s),
            to_s: trace.time_s(to as f64).min(trace.end_s()),
            reason,
        }
    };
    let x = &trace.samples;
    let lasts =
        |run: &(usize, usize), seconds: f64| (run.1 - run.0) as f64 >= seconds * trace.sampling_hz;
    let ends: Vec<_> =
        clipped(x).into_iter().filter(|run| lasts(run, CLIPPED_PERIODS * period_s)).collect();
    let is_known = |run: &(usize, usize)| {
        trace.gaps.iter().chain(&ends).any(|known| run.0 <= known.1 && known.0 <= run.1)
    };
    let mut from = 0;
    let runs = x.chunk_by(|a, b| a == b).map(|run| {
        from += run.len();
        (from - run.len(), from)
    });
    let still: Vec<_> = runs
        .filter(|run| lasts(run, (FLAT_PERIODS * period_s).max(FLAT_LEAST_S)) && !is_known(run))
        .collect();
    let missing = trace.gaps.iter().map(flag(Reason::Missing));
    let flat = still.iter().map(flag(Reason::Flat));
    missing.chain(flat).chain(ends.iter().map(flag(Reason::Clipped))).collect()
}

/// Stretches of the pulse without a clear beat: about each beat seen whose likeness to the typical one is low, and
/// between beats seen where others were put in. `seen`: time and likeness.
pub(super) fn unlike_beats(seen: &[(f64, f64)], filled_s: &[f64]) -> Vec<Flagged> {
    let mut found: Vec<Flagged> = Vec::new();
    let mut push = |from_s: f64, to_s: f64| match found.last_mut() {
        Some(last) if last.to_s >= from_s => last.to_s = last.to_s.max(to_s),
        _ => found.push(Flagged { channel: Channel::Cardiac, from_s, to_s, reason: Reason::Noise }),
    };
    for (i, &(time_s, likeness)) in seen.iter().enumerate() {
        let before_s = if i > 0 { seen[i - 1].0 } else { time_s };
        let after_s = seen.get(i + 1).map_or(time_s, |next| next.0);
        if likeness < LEAST_LIKENESS {
            push(0.5 * (before_s + time_s), 0.5 * (time_s + after_s));
        }
        let first_filled = filled_s.partition_point(|&t| t <= time_s);
        if filled_s.get(first_filled).is_some_and(|&t| t < after_s) {
            push(time_s, after_s);
        }
    }
    found
}

/// Intervals between beats that stand out.
pub(super) fn odd_intervals(beats_s: &[f64]) -> Vec<Flagged> {
    let rr: Vec<f64> = beats_s.windows(2).map(|w| w[1] - w[0]).collect();
    (0..rr.len())
        .filter(|&i| {
            (rr[i] / neighbours_median(&rr, i, INTERVALS_AROUND) - 1.0).abs() > INTERVAL_OFF
        })
        .map(|i| Flagged {
            channel: Channel::Cardiac,
            from_s: beats_s[i],
            to_s: beats_s[i + 1],
            reason: Reason::Interval,
        })
        .collect()
}

/// Stretches of the breathing trace that move faster than breathing does.
pub(super) fn fast_breathing(trace: &CleanTrace, period_s: f64) -> Vec<Flagged> {
    let hz = trace.sampling_hz;
    let x = &trace.samples;
    let smooth = gaussian_mean(x, 0.08 * period_s * hz);
    let window = ((0.5 * period_s * hz).round() as usize).max(2);
    let energy_of = |y: &[f64]| y.iter().map(|v| v * v).sum::<f64>() / y.len() as f64;
    let fast: Vec<f64> = x.iter().zip(&smooth).map(|(v, s)| v - s).collect();
    let slow: Vec<f64> = smooth.chunks(4 * window).map(variance).collect();
    let Some(typical) = median(&slow).filter(|v| *v > 0.0) else { return Vec::new() };
    let mut found: Vec<Flagged> = Vec::new();
    for (k, part) in fast.chunks(window).enumerate() {
        if energy_of(part) <= BREATH_NOISE * BREATH_NOISE * typical {
            continue;
        }
        let (from_s, to_s) =
            (trace.time_s((k * window) as f64), trace.time_s((k * window + part.len()) as f64));
        match found.last_mut() {
            Some(last) if last.to_s >= from_s => last.to_s = to_s,
            _ => found.push(Flagged {
                channel: Channel::Respiratory,
                from_s,
                to_s,
                reason: Reason::Noise,
            }),
        }
    }
    found
}
