//! Heart beats in a pulse-oximeter or ECG trace.
//!
//! 1. the dominant period, found without trusting the sampling rate (`period`);
//! 2. zero-phase band-pass (difference of two Gaussians), polarity by skewness, division by the local amplitude; a
//!    spiky trace (ECG) is replaced by the local energy of its slope;
//! 3. candidates are all local maxima, scored by height; the chain of beats is chosen over the whole run (`track`);
//! 4. the median beat becomes a template, candidates are scored by their likeness to it and to its slope, the chain is chosen
//!    again with the local period (twice);
//! 5. intervals of two or more periods are filled; each beat's time is the maximum of the trace between 0.5 and 8 Hz, to a
//!    fraction of a sample by a parabola (`refine`).
//!
//! Tops that the recorder cut off are restored from their flanks before (`clipped`), what is doubtful is flagged (`unusable`).
//!
//! A trace with two levels only (a recorder's own pulse marks) gives its rising edges as candidates.

use super::clean::{CleanTrace, clean};
use super::clipped::restore_clipped;
use super::flagged::Flagged;
use super::landmark::counted_twice;
use super::peaks::Channel;
use super::period::{dominant_within, local_periods, wrong_rate};
use super::refine::{Shape, refined};
use super::signal::{decimate, gaussian_mean, local_maxima, median, standard_moment};
use super::track::{Candidate, best_chain, fill_missed};
use super::unusable;
use crate::error::{Error, Result};
use crate::recording::Trace;

/// Seconds between beats that a heart can have: 220 to 25 a minute.
pub(super) const RR_RANGE_S: (f64, f64) = (60.0 / 220.0, 60.0 / 25.0);
/// Below this the moment of a beat cannot be told.
const LOWEST_HZ: f64 = 10.0;
/// The detection works at this rate or the recorded one; the times come from the full rate.
const WORKING_HZ: f64 = 100.0;
/// Weight of regular intervals against likeness to a beat.
const RIGIDITY: f64 = 0.85;
/// Below this a candidate resembles no beat (a typical one: about 1), and speaks against the chain it is in.
const LOWEST_SCORE: f64 = 0.3;
/// Beats of a stretch whose moments tell a pulse from an ECG; the median stretch decides, so that one jolt of the sensor does not.
const STRETCH_PERIODS: f64 = 10.0;
/// Mean autocorrelation at the period below which there is no pulse in the trace (white noise: 0.02 to 0.06).
const LOWEST_CORRELATION: f64 = 0.12;

/// Beats found in a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Beats {
    /// Seconds relative to the first volume, increasing.
    pub times_s: Vec<f64>,
    /// How many of them were put into intervals of two or more periods.
    pub n_filled: usize,
    /// Times of those, seconds.
    pub filled_s: Vec<f64>,
    /// Intervals (RR) that differ by more than 30 % from the median of the twelve around them.
    pub n_rr_outliers: usize,
    /// Share of the beats seen farther than 0.1 s from where their cycle has the others, 0 to 1; 0 where that is not known.
    pub off_landmark_share: f64,
    /// Stretches that say little about the heart, those intervals among them; in order of time.
    pub flagged: Vec<Flagged>,
}

impl Beats {
    /// Beats that are known: in increasing order, seconds, none of them put in.
    #[must_use]
    pub fn known(times_s: Vec<f64>) -> Beats {
        Beats::new(times_s, Vec::new(), Vec::new())
    }

    /// Beats that are known, with what the trace they belong to shows. A trace that cannot be read shows nothing: it may be
    /// why the beats were given by hand.
    #[must_use]
    pub fn known_in(times_s: Vec<f64>, trace: &Trace) -> Beats {
        let beats = Beats::known(times_s);
        let period_s = 60.0 / beats.rate_bpm().max(1.0);
        let shown = match clean(trace, "", 0.0) {
            Ok(trace) if marks(&trace).is_none() => {
                unusable::of_trace(&trace, Channel::Cardiac, period_s)
            }
            _ => Vec::new(),
        };
        Beats::new(beats.times_s, Vec::new(), shown)
    }

    fn new(times_s: Vec<f64>, filled_s: Vec<f64>, mut flagged: Vec<Flagged>) -> Beats {
        let odd = unusable::odd_intervals(&times_s);
        let n_rr_outliers = odd.len();
        flagged.extend(odd);
        flagged.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
        let (n_filled, off_landmark_share) = (filled_s.len(), 0.0);
        Beats { times_s, n_filled, filled_s, n_rr_outliers, off_landmark_share, flagged }
    }

    /// Mean rate, beats a minute.
    #[must_use]
    pub fn rate_bpm(&self) -> f64 {
        match (self.times_s.first(), self.times_s.last()) {
            (Some(a), Some(b)) if b > a => 60.0 * (self.times_s.len() - 1) as f64 / (b - a),
            _ => 0.0,
        }
    }
}

/// Times of the heart beats in seconds relative to the first volume, increasing.
///
/// # Errors
/// Bad data: constant, too short, a gap of more than 30 s, no regular pulse, or a rate no heart has (the declared
/// SamplingFrequency is wrong).
pub fn beats(trace: &Trace) -> Result<Vec<f64>> {
    Ok(detect(trace, "the cardiac trace")?.times_s)
}

/// [`beats()`] with what was mended. `thing`: what messages call the trace.
///
/// # Errors
/// As [`beats()`].
pub fn detect(trace: &Trace, thing: &str) -> Result<Beats> {
    let mut trace = clean(trace, thing, LOWEST_HZ)?;
    let as_recorded = trace.samples.clone();
    let marks = marks(&trace);
    let (seen, off_landmark_share) = match &marks {
        Some(marks) => (from_marks(marks, &trace, thing)?, 0.0),
        None => {
            restore_clipped(&mut trace.samples, trace.sampling_hz);
            from_waveform(&trace, thing)?
        }
    };
    let times: Vec<f64> = seen.iter().map(|(time_s, _)| *time_s).collect();
    let (times_s, filled_s) = fill_missed(&times);
    let mut flagged = unusable::unlike_beats(&seen, &filled_s);
    if let (None, [first, .., last]) = (marks, &times_s[..]) {
        let period_s = (last - first) / (times_s.len() - 1) as f64;
        trace.samples = as_recorded;
        flagged.extend(unusable::of_trace(&trace, Channel::Cardiac, period_s));
    }
    let off_landmark_share = off_landmark_share.max(counted_twice(&times_s));
    let beats = Beats { off_landmark_share, ..Beats::new(times_s, filled_s, flagged) };
    if beats.times_s.len() < 3 {
        return Err(no_pulse(thing));
    }
    let seconds = 60.0 / beats.rate_bpm();
    if !(RR_RANGE_S.0..=RR_RANGE_S.1).contains(&seconds) {
        return Err(wrong_rate(beats.rate_bpm(), trace.sampling_hz, RR_RANGE_S, thing, "beats"));
    }
    Ok(beats)
}

fn no_pulse(thing: &str) -> Error {
    Error::bad_data(
        thing,
        "shows no regular pulse",
        "hold a pulse-oximeter or ECG signal",
        "look at the trace: a channel of spikes (a dead sensor, gradients, triggers) or of noise has no pulse; use --terms 0/4/0 to model \
         breathing alone",
    )
}

/// Rising edges in samples, when the trace has two levels only and is mostly low.
fn marks(trace: &CleanTrace) -> Option<Vec<usize>> {
    let x = &trace.samples;
    let high = x.iter().copied().fold(f64::MIN, f64::max);
    let low = x.iter().copied().fold(f64::MAX, f64::min);
    let two_levels = x.iter().all(|&v| v == low || v == high);
    let n_high = x.iter().filter(|&&v| v == high).count();
    (two_levels && 2 * n_high < x.len())
        .then(|| (1..x.len()).filter(|&i| x[i] == high && x[i - 1] == low).collect())
}

/// Times of the marks that are beats, each with a likeness of 1.
fn from_marks(marks: &[usize], trace: &CleanTrace, thing: &str) -> Result<Vec<(f64, f64)>> {
    let times: Vec<f64> = marks.iter().map(|&i| trace.time_s(i as f64)).collect();
    let rr: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let period = median(&rr).ok_or_else(|| no_pulse(thing))?;
    if !(RR_RANGE_S.0..=RR_RANGE_S.1).contains(&period) {
        return Err(wrong_rate(60.0 / period, trace.sampling_hz, RR_RANGE_S, thing, "beats"));
    }
    let candidates: Vec<Candidate> = (0..times.len())
        .map(|i| Candidate {
            time_s: times[i],
            score: 1.0,
            period_s: local_period(&times, times[i], period),
        })
        .collect();
    Ok(best_chain(&candidates, RIGIDITY).into_iter().map(|i| (times[i], 1.0)).collect())
}

/// The trace ready for detection, at the working rate.
struct Prepared {
    /// The trace itself.
    x: Vec<f64>,
    /// Band-passed, beats upward, in units of the local amplitude.
    z: Vec<f64>,
    hz: f64,
    /// Time of the first sample, seconds.
    start_s: f64,
    /// Beats point down in the recorded trace.
    inverted: bool,
    /// ECG-like.
    spiky: bool,
}

/// Times of the beats seen, each with its likeness to the median beat, and the share of them off their landmark.
fn from_waveform(trace: &CleanTrace, thing: &str) -> Result<(Vec<(f64, f64)>, f64)> {
    let rhythm = dominant_within(&trace.samples, trace.sampling_hz, RR_RANGE_S, thing, "beats")?
        .filter(|r| r.correlation >= LOWEST_CORRELATION)
        .ok_or_else(|| no_pulse(thing))?;
    let period_s = rhythm.period / trace.sampling_hz;
    let p = prepare(trace, period_s);
    let periods = local_periods(&p.x, p.hz, RR_RANGE_S, period_s);
    let maxima: Vec<usize> = local_maxima(&p.z).into_iter().filter(|&i| p.z[i] > 0.05).collect();
    let time = |i: usize| p.start_s + i as f64 / p.hz;
    let typical = typical_height(&p.z, &maxima, period_s, p.hz);
    let height = |i: usize| (p.z[i] / typical).clamp(0.0, 1.3);
    let mut candidates: Vec<Candidate> = maxima
        .iter()
        .map(|&i| Candidate {
            time_s: time(i),
            score: height(i),
            period_s: periods.at(i as f64 / p.hz),
        })
        .collect();
    let mut chain = best_chain(&candidates, RIGIDITY);
    let mut likenesses = vec![0.0; candidates.len()];
    let slope: Vec<f64> = (0..p.z.len())
        .map(|i| p.z[(i + 1).min(p.z.len() - 1)] - p.z[i.saturating_sub(1)])
        .collect();
    for _ in 0..2 {
        let positions: Vec<usize> = chain.iter().map(|&c| maxima[c]).collect();
        let times: Vec<f64> = positions.iter().map(|&i| time(i)).collect();
        // Wander tilts a beat and hardly changes its slope.
        let [beat, steepness] =
            [&p.z, &slope].map(|x| (x, template(x, &positions, period_s, p.hz)));
        for ((c, &i), likeness) in candidates.iter_mut().zip(&maxima).zip(&mut likenesses) {
            // A ripple may resemble a beat, but it has no height.
            *likeness = beat.1.likeness(beat.0, i).max(0.0);
            let both = 0.5 * (*likeness + steepness.1.likeness(steepness.0, i).max(0.0));
            let score = (0.4 * height(i) + 0.6 * both) * (4.0 * height(i)).min(1.0);
            c.score = score - LOWEST_SCORE;
            c.period_s = local_period(&times, c.time_s, c.period_s);
        }
        chain = best_chain(&candidates, RIGIDITY);
    }
    // What was chosen only to break a long interval is no beat: it is filled with the rest of the interval.
    chain.retain(|&c| candidates[c].score >= 0.0);
    let times: Vec<f64> = chain.iter().map(|&c| time(maxima[c])).collect();
    let shape = Shape { inverted: p.inverted, spiky: p.spiky, period_s };
    let likeness = chain.iter().map(|&c| likenesses[c]);
    let (times_s, off_landmark_share) = refined(trace, &times, &shape);
    let mut seen: Vec<(f64, f64)> = times_s.into_iter().zip(likeness).collect();
    // Two that were moved onto one are one.
    seen.dedup_by(|b, a| b.0 <= a.0);
    Ok((seen, off_landmark_share))
}

fn prepare(trace: &CleanTrace, period_s: f64) -> Prepared {
    let factor = ((trace.sampling_hz / WORKING_HZ).floor() as usize).max(1);
    let x = decimate(&trace.samples, factor);
    let hz = trace.sampling_hz / factor as f64;
    let start_s = trace.time_s((factor as f64 - 1.0) / 2.0);
    let baseline = gaussian_mean(&x, 0.5 * period_s * hz);
    let detail: Vec<f64> = x.iter().zip(&baseline).map(|(v, b)| v - b).collect();
    let slope: Vec<f64> = detail.windows(2).map(|w| w[1] - w[0]).collect();
    let stretch = ((STRETCH_PERIODS * period_s * hz) as usize).max(2);
    let moment = |x: &[f64], order: i32| {
        let of_stretch = |s: &[f64]| standard_moment(s, order);
        median(&x.chunks(stretch).map(of_stretch).collect::<Vec<f64>>()).unwrap_or(0.0)
    };
    let spiky = moment(&detail, 4) > 8.0 && moment(&slope, 4) > 12.0;
    // A pulse rises faster than it falls and stands out upward; an R wave stands out whichever way it points.
    let lean = moment(&detail, 3) + if spiky { 0.0 } else { moment(&slope, 3) };
    let inverted = lean < 0.0;
    let smooth_s = (0.04_f64).min(0.05 * period_s);
    let band = if spiky {
        let energy: Vec<f64> = slope.iter().map(|d| d * d).collect();
        let energy = gaussian_mean(&energy, 0.06 * hz);
        let root: Vec<f64> = energy.iter().map(|e| e.max(0.0).sqrt()).collect();
        let slow = gaussian_mean(&root, 0.5 * period_s * hz);
        root.iter().zip(&slow).map(|(v, s)| v - s).collect()
    } else {
        let sign = if inverted { -1.0 } else { 1.0 };
        let smooth = gaussian_mean(&detail, smooth_s * hz);
        smooth.iter().map(|v| sign * v).collect::<Vec<f64>>()
    };
    let energy: Vec<f64> = band.iter().map(|v| v * v).collect();
    let amplitude: Vec<f64> =
        gaussian_mean(&energy, 2.5 * period_s * hz).iter().map(|e| e.max(0.0).sqrt()).collect();
    // Where the amplitude all but vanishes (sensor off) noise must not be raised to a pulse.
    let least = 0.2 * median(&amplitude).unwrap_or(0.0);
    let z = band.iter().zip(&amplitude).map(|(v, a)| v / a.max(least).max(1e-300)).collect();
    Prepared { x, z, hz, start_s, inverted, spiky }
}

/// Median of the highest maximum in each stretch of one and a half periods.
fn typical_height(z: &[f64], maxima: &[usize], period_s: f64, hz: f64) -> f64 {
    let stretch = ((1.5 * period_s * hz) as usize).max(1);
    let mut highest = vec![0.0_f64; z.len() / stretch + 1];
    for &i in maxima {
        let h = &mut highest[i / stretch];
        *h = h.max(z[i]);
    }
    median(&highest).unwrap_or(0.0).max(1e-6)
}

/// The median beat: `before` samples ahead of the peak and `after` behind it.
struct Template {
    shape: Vec<f64>,
    before: usize,
}

fn template(z: &[f64], positions: &[usize], period_s: f64, hz: f64) -> Template {
    let before = (0.35 * period_s * hz).round() as usize;
    let after = (0.45 * period_s * hz).round() as usize;
    let whole: Vec<&[f64]> = positions
        .iter()
        .filter(|&&i| i >= before && i + after < z.len())
        .map(|&i| &z[i - before..=i + after])
        .collect();
    let shape = (0..=before + after)
        .map(|k| median(&whole.iter().map(|w| w[k]).collect::<Vec<_>>()).unwrap_or(0.0))
        .collect();
    Template { shape, before }
}

impl Template {
    /// Pearson correlation with the stretch around position i, as far as the trace reaches.
    fn likeness(&self, z: &[f64], i: usize) -> f64 {
        let from = i.saturating_sub(self.before);
        let skipped = from + self.before - i;
        let to = (i + self.shape.len() - self.before).min(z.len());
        let (a, b) = (&self.shape[skipped..skipped + to - from], &z[from..to]);
        let n = a.len() as f64;
        let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (u, v) in a.iter().zip(b) {
            ab += (u - ma) * (v - mb);
            aa += (u - ma).powi(2);
            bb += (v - mb).powi(2);
        }
        if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
    }
}

/// Median of the intervals of the eight beats around a moment; `otherwise` where there are too few.
fn local_period(times: &[f64], time_s: f64, otherwise: f64) -> f64 {
    let i = times.partition_point(|&t| t < time_s);
    let near = &times[i.saturating_sub(5)..(i + 5).min(times.len())];
    let rr: Vec<f64> = near.windows(2).map(|w| w[1] - w[0]).collect();
    match median(&rr) {
        Some(m) if rr.len() >= 3 => m.clamp(RR_RANGE_S.0, RR_RANGE_S.1),
        _ => otherwise,
    }
}
