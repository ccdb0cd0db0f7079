//! What a trace looks like that has no good pulse or breathing in it, so that every message about it says what to look for:
//!
//! - two levels alone: triggers, or a recorder's marks;
//! - clipped: at the record's lowest or highest value, as where the gain is too high;
//! - still: one value for a second or more, as where a sensor came off;
//! - spikes: nearly all samples near the median; one every part of a repetition time, or at no steady rate.
//!
//! The spikes of an ECG are none of these: they are far from steady with the scanner, and come at a heart's rate.

use super::beats::RR_RANGE_S;
use super::clipped::clipped;
use super::signal::median;
use crate::recording::Trace;

/// One value for so long is no pulse and no breath: seconds, and samples where the declared rate is wrong.
const STILL: (f64, usize) = (1.0, 20);
/// Share of the samples from which a trace is told to be still, or clipped.
const STILL_SHARE: f64 = 0.2;
const CLIPPED_SHARE: f64 = 0.1;
/// The longest top of a breath that is cut off, seconds.
const LONGEST_TOP_S: f64 = 5.0;
/// Samples are at rest within this share of the range about the median; so many of them, and the others are spikes.
const REST: f64 = 0.1;
const AT_REST_SHARE: f64 = 0.9;
/// Spikes nearer to each other than this are one, seconds.
const ONE_SPIKE_S: f64 = 0.1;
/// Fewer spikes a minute are jolts.
const JOLTS_PER_MINUTE: f64 = 6.0;
/// Intervals that differ by this share of their median come at no steady rate; the scanner's own by less than this.
const UNSTEADY: f64 = 0.25;
const EXACT: f64 = 0.02;

/// A verb phrase; none where nothing stands out. `tr`: seconds, where it is known.
#[must_use]
pub fn signs(trace: &Trace, tr: Option<f64>) -> Option<String> {
    let hz = trace.sampling_hz;
    let x: Vec<f64> = trace.samples.iter().copied().filter(|v| v.is_finite()).collect();
    let (low, high) = x.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    if low >= high || !(hz.is_finite() && hz > 0.0) {
        return None; // the messages about a trace without values, or with one alone, say why
    }
    let share = |n: usize| n as f64 / x.len() as f64;
    let percent = |share: f64| format!("{:.0} % of its time", 100.0 * share);
    if x.iter().all(|&v| v == low || v == high) {
        let levels = "has two levels alone, as triggers or a recorder's marks";
        let with_scanner = in_step(&onsets(&x, hz, low, 0.5 * (high - low)), tr, hz);
        return Some(with_scanner.map_or(levels.to_owned(), |s| format!("{levels}, and {s}")));
    }
    // A breath that is cut off rests shorter than a sensor that is lost.
    let tops = clipped(&x).into_iter().map(|(from, to)| to - from);
    let clipped = share(tops.filter(|&n| n as f64 <= LONGEST_TOP_S * hz).sum());
    if clipped >= CLIPPED_SHARE {
        return Some(format!(
            "lies at its lowest or highest value for {}: clipped, as where the gain is too high",
            percent(clipped)
        ));
    }
    let is_long = |run: &&[f64]| run.len() >= STILL.1 && run.len() as f64 >= STILL.0 * hz;
    let still = share(x.chunk_by(|a, b| a == b).filter(is_long).map(<[f64]>::len).sum());
    if still >= STILL_SHARE {
        return Some(format!("does not move for {}, as where the sensor came off", percent(still)));
    }
    spikes(&x, (low, high), tr, hz)
}

/// What the spikes of a trace are, that is at rest but for them.
fn spikes(x: &[f64], (low, high): (f64, f64), tr: Option<f64>, hz: f64) -> Option<String> {
    let rest = median(x)?;
    let is_at_rest = |v: &&f64| (**v - rest).abs() <= REST * (high - low);
    let share = x.iter().filter(is_at_rest).count() as f64 / x.len() as f64;
    if share < AT_REST_SHARE {
        return None;
    }
    let onsets_s = onsets(x, hz, rest, 0.5 * (high - rest).max(rest - low));
    let minutes = x.len() as f64 / hz / 60.0;
    let n = onsets_s.len();
    if (n as f64) < JOLTS_PER_MINUTE * minutes {
        let jolts = if n == 1 { "one jolt".to_owned() } else { format!("{n} jolts") };
        return Some(format!("lies still but for {jolts}: the sensor or its electrodes moved"));
    }
    let (interval_s, apart) = steadiness(&onsets_s)?;
    let is_beat = (RR_RANGE_S.0..=RR_RANGE_S.1).contains(&interval_s) && apart < UNSTEADY;
    in_step(&onsets_s, tr, hz).or_else(|| {
        (!is_beat).then(|| {
            format!(
                "lies still but for {n} spikes at no heart's rate, as electrodes or a sensor in motion, gradients and triggers leave them"
            )
        })
    })
}

/// Where the trace leaves its rest by more than `least`, seconds from the first sample.
fn onsets(x: &[f64], hz: f64, rest: f64, least: f64) -> Vec<f64> {
    let (mut onsets_s, mut last): (Vec<f64>, _) = (Vec::new(), None);
    for i in (0..x.len()).filter(|&i| (x[i] - rest).abs() > least) {
        if last.is_none_or(|last| (i - last) as f64 > (ONE_SPIKE_S * hz).max(1.0)) {
            onsets_s.push(i as f64 / hz);
        }
        last = Some(i);
    }
    onsets_s
}

/// Median interval, seconds, and the median difference from it as its share.
fn steadiness(onsets_s: &[f64]) -> Option<(f64, f64)> {
    let intervals: Vec<f64> = onsets_s.windows(2).map(|w| w[1] - w[0]).collect();
    let interval_s = median(&intervals).filter(|_| intervals.len() >= 3)?;
    let apart: Vec<f64> = intervals.iter().map(|i| (i - interval_s).abs()).collect();
    Some((interval_s, median(&apart)? / interval_s))
}

/// Whether spikes come at parts of a repetition time, as exactly as the scanner's do.
fn in_step(onsets_s: &[f64], tr: Option<f64>, hz: f64) -> Option<String> {
    let (interval_s, apart) = steadiness(onsets_s)?;
    let tr = tr.filter(|tr| *tr > 0.0)?;
    let parts = (tr / interval_s).round().max(1.0);
    let exact = EXACT.max(1.0 / (hz * interval_s));
    let is_in_step = (interval_s * parts / tr - 1.0).abs() <= exact && apart <= exact;
    let often = if parts > 1.0 { format!("{parts} times") } else { "once".to_owned() };
    is_in_step.then(|| {
        format!("has a spike {often} a TR: triggers or gradients that the sensor picked up")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: f64 = 100.0;

    fn of(value: impl Fn(f64) -> f64) -> Option<String> {
        let samples = (0..12_000).map(|i| value(f64::from(i) / HZ)).collect();
        signs(&Trace { samples, sampling_hz: HZ, start_s: 0.0 }, Some(2.0))
    }

    /// 1 for 30 ms from each moment on, over a little of what always moves.
    fn spiky(moments_s: &[f64]) -> Option<String> {
        let is_spike = |t: f64| moments_s.iter().any(|m| (0.0..0.03).contains(&(t - m)));
        of(|t| 0.02 * (7.3 * t).sin() + f64::from(u8::from(is_spike(t))))
    }

    fn every(seconds: f64, sway: f64) -> Vec<f64> {
        (0..(120.0 / seconds) as u32)
            .map(|k| seconds * f64::from(k) + sway * (2.4 * f64::from(k)).sin())
            .collect()
    }

    #[test]
    fn the_cause_of_a_bad_trace_is_told_by_its_samples_and_a_good_one_shows_none() {
        let wrong = [
            (of(|t| f64::from(u8::from(t % 2.0 < 0.05))), "two levels alone", "once a TR"),
            (of(|t| (6.0 * t).sin() * f64::from(u8::from(t < 90.0))), "for 25 %", "came off"),
            (of(|t| (6.0 * t).sin().clamp(-0.9, 0.9)), "lowest or highest", "gain"),
            (spiky(&[31.0, 34.5, 77.0]), "3 jolts", "electrodes moved"),
            (spiky(&every(2.0, 0.0)), "once a TR", "triggers or gradients"),
            (spiky(&every(0.5, 0.0)), "4 times a TR", "triggers or gradients"),
            (spiky(&every(1.1, 0.9)), "no heart's rate", "motion"),
        ];
        for (at, (found, what, why)) in wrong.iter().enumerate() {
            let found = found.as_deref().unwrap_or("nothing");
            assert!(found.contains(what) && found.contains(why), "{at}: {found}");
        }
        // A pulse, a breath, and the R waves of an ECG.
        assert_eq!(of(|t| (7.0 * t + 0.3 * (0.2 * t).sin()).sin()), None);
        assert_eq!(of(|t| (1.5 * t).sin()), None);
        assert_eq!(spiky(&every(0.9, 0.06)), None);
        assert_eq!(of(|_| 3.0), None);
    }
}
