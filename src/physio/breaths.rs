//! The breaths of a trace: the smoothed trace rises and falls by at least a fifth of the median swing of the breaths around. The
//! end of inspiration is the highest moment between two such falls, the end of expiration the lowest between two rises. No
//! level has to be crossed, so shallow breaths between sighs count, and so do those on a drifting baseline.

use super::clean::{CleanTrace, clean};
use super::flagged::Flagged;
use super::peaks::Channel;
use super::period::dominant_within;
use super::signal::{decimate, gaussian_mean, median, parabola_vertex, variance};
use super::unusable;
use crate::error::Result;
use crate::recording::Trace;

/// Below this a breath cannot be followed.
pub(super) const LOWEST_HZ: f64 = 1.0;
/// Seconds a breath can last: 60 to 2 a minute.
const BREATH_RANGE_S: (f64, f64) = (1.0, 30.0);
/// A swing smaller than this share of the standard deviation about the running mean says nothing of the others.
const RIPPLE: f64 = 0.5;
/// Share of the median swing around that is a breath.
const LEAST_SWING: f64 = 0.2;
/// Swings on each side that make the median: eight breaths.
const SWINGS_AROUND: usize = 8;
/// Where the trace has no rhythm of its own.
const USUAL_S: f64 = 4.0;
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
    /// Stretches that say little about breathing, in order of time.
    pub flagged: Vec<Flagged>,
}

/// Find the breaths.
///
/// # Errors
/// Bad data: constant, too short, a gap of more than 30 s, or a rhythm that is not breathing (SamplingFrequency).
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
    let period_s = rhythm.map_or(USUAL_S, |r| r.period / hz);
    let factor = ((hz / WORKING_HZ).floor() as usize).max(1);
    let hz = hz / factor as f64;
    let x = gaussian_mean(&decimate(&trace.samples, factor), 0.08 * period_s * hz);
    let time_s = |i: usize| {
        let within =
            if i > 0 && i + 1 < x.len() { parabola_vertex(x[i - 1], x[i], x[i + 1]) } else { 0.0 };
        // A mean of `factor` samples stands for the middle of them.
        trace.time_s((i as f64 + within) * factor as f64 + 0.5 * (factor as f64 - 1.0))
    };
    let mut flagged = unusable::of_trace(trace, Channel::Respiratory, period_s);
    flagged.extend(unusable::fast_breathing(trace, period_s));
    flagged.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    let turns = turns(&x, &least_swings(&x, period_s * hz));
    let mut found = Breaths { flagged, ..Breaths::default() };
    for &Turn { at, is_high, ended } in &turns {
        found.n_breaths += usize::from(is_high && at > 0);
        // What lies on the first or last sample, or is not left again, was cut off, not turned.
        if at > 0 && ended {
            if is_high { &mut found.peaks_s } else { &mut found.troughs_s }.push(time_s(at));
        }
    }
    Ok(found)
}

/// A place where a trace turns.
struct Turn {
    at: usize,
    is_high: bool,
    /// The trace moves away from it again by the least swing.
    ended: bool,
}

/// The places between which `x` moves by at least the least swing, `[sample]`, high and low in turn.
fn turns(x: &[f64], least: &[f64]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let (mut highest, mut lowest) = (0, 0);
    for i in 0..x.len() {
        let rising = turns.last().map(|t| t.is_high);
        if x[i] > x[highest] {
            highest = i;
        }
        if x[i] < x[lowest] {
            lowest = i;
        }
        match rising {
            // Not known yet which way it goes: the first extreme is what it first moves away from.
            None if x[highest] - x[i] >= least[i] => {
                turns.push(Turn { at: highest, is_high: true, ended: true });
                turns.push(Turn { at: i, is_high: false, ended: false });
                lowest = i;
            }
            None if x[i] - x[lowest] >= least[i] => {
                turns.push(Turn { at: lowest, is_high: false, ended: true });
                turns.push(Turn { at: i, is_high: true, ended: false });
                highest = i;
            }
            None => {}
            Some(true) => {
                let end = x[highest] - x[i] >= least[i];
                if let Some(t) = turns.last_mut() {
                    (t.at, t.ended) = (highest, end);
                }
                if end {
                    turns.push(Turn { at: i, is_high: false, ended: false });
                    lowest = i;
                }
            }
            Some(false) => {
                let end = x[i] - x[lowest] >= least[i];
                if let Some(t) = turns.last_mut() {
                    (t.at, t.ended) = (lowest, end);
                }
                if end {
                    turns.push(Turn { at: i, is_high: true, ended: false });
                    highest = i;
                }
            }
        }
    }
    turns
}

/// The least swing that is a breath, `[sample]`: a share of the median swing around, of those that are no ripple.
fn least_swings(x: &[f64], period: f64) -> Vec<f64> {
    let baseline = gaussian_mean(x, 1.5 * period);
    let detail: Vec<f64> = x.iter().zip(&baseline).map(|(v, b)| v - b).collect();
    let ripple = RIPPLE * variance(&detail).sqrt();
    let places: Vec<usize> = turns(x, &vec![ripple; x.len()]).iter().map(|t| t.at).collect();
    let swings: Vec<f64> = places.windows(2).map(|w| (x[w[1]] - x[w[0]]).abs()).collect();
    let typical: Vec<f64> = (0..swings.len())
        .map(|k| {
            let around =
                &swings[k.saturating_sub(SWINGS_AROUND)..(k + SWINGS_AROUND + 1).min(swings.len())];
            median(around).unwrap_or(0.0)
        })
        .collect();
    let mut k = 0;
    (0..x.len())
        .map(|i| {
            while k + 1 < typical.len() && places[k + 1] <= i {
                k += 1;
            }
            typical.get(k).map_or(ripple, |&t| (LEAST_SWING * t).max(0.5 * ripple))
        })
        .collect()
}

/// The ends of inspiration that a person gave, in order. Between two of them the end of expiration is the lowest of those
/// detected, or where none was the lowest moment of the trace. `detected`: the breaths of the same trace.
pub(super) fn corrected(trace: &CleanTrace, peaks_s: Vec<f64>, detected: &Breaths) -> Breaths {
    let last = trace.samples.len() - 1;
    let position = |t: f64| (((t - trace.start_s) * trace.sampling_hz).max(0.0) as usize).min(last);
    let value = |t: f64| trace.samples[position(t)];
    let lowest = |pair: &[f64]| {
        let between = detected.troughs_s.iter().copied().filter(|t| pair[0] < *t && *t < pair[1]);
        between.min_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or_else(|| {
            let within = position(pair[0])..=position(pair[1]);
            let at = within.min_by(|&a, &b| trace.samples[a].total_cmp(&trace.samples[b]));
            let time_s = trace.time_s(at.unwrap_or(0) as f64);
            // Inside the pair, however close the two lie.
            if pair[0] < time_s && time_s < pair[1] { time_s } else { 0.5 * (pair[0] + pair[1]) }
        })
    };
    let (Some(&first_s), Some(&last_s)) = (peaks_s.first(), peaks_s.last()) else {
        return detected.clone();
    };
    let outside = |is_outside: &dyn Fn(f64) -> bool| -> Vec<f64> {
        detected.troughs_s.iter().copied().filter(|&t| is_outside(t)).collect()
    };
    let mut troughs_s = outside(&|t| t < first_s);
    troughs_s.extend(peaks_s.windows(2).map(lowest));
    troughs_s.extend(outside(&|t| t > last_s));
    let (n_breaths, flagged) = (peaks_s.len(), detected.flagged.clone());
    Breaths { peaks_s, troughs_s, n_breaths, flagged }
}
