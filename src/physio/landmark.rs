//! One landmark a cycle. Where the top of a pulse has two humps of nearly one height, the higher is now the first and now the
//! second, and beats timed by it jump though the heart does not.
//!
//! The fundamental of the pulse (its band about the rate) has one maximum a cycle. A beat lies d_i from it; the landmark lies at
//! the median of d over the sixty beats around, since the shape of a pulse changes slowly. Beats farther than 0.1 s from the
//! landmark are off it; where they are many, one that has another hump of nearly its own height at the landmark is moved
//! there. A record with few stays as it is, and so in step with the peers of docs/accuracy.md.

use super::band::band_passed;
use super::signal::{local_maxima, median, parabola_vertex};

/// Of the fundamental, in rates of the heart.
const BAND: (f64, f64) = (0.6, 1.45);
/// Of its filter.
const ORDER: i32 = 2;
/// Beats on each side that say where the landmark is.
const AROUND: usize = 30;
/// A beat this far from the landmark is off it, seconds.
const OFF_S: f64 = 0.1;
/// Share of beats off the landmark from which on they are moved, and worth a warning.
pub const MANY_OFF: f64 = 0.08;
/// A beat farther than the first from the landmark goes to a hump nearer than the second, seconds.
const MOVE_S: (f64, f64) = (0.08, 0.04);
/// Height of that hump, and of the dip before it at least, as shares of the beat's.
const HUMP: f64 = 0.85;
const DIP: f64 = 0.35;
/// Farthest between two humps of one beat, seconds and share of a period.
const APART: (f64, f64) = (0.35, 0.4);

/// A pulse, beats upward.
pub(super) struct Pulse<'a> {
    /// Its band, `[sample]`.
    pub x: &'a [f64],
    pub hz: f64,
    /// Time of the first sample, seconds.
    pub start_s: f64,
    /// Typical interval, seconds.
    pub period_s: f64,
}

/// Moves beats of a pulse with two humps to one landmark: their times in seconds, and the share of them that stay off it.
pub(super) fn one_landmark(pulse: &Pulse<'_>, times_s: Vec<f64>) -> (Vec<f64>, f64) {
    let Some(landmark) = Landmark::of(pulse, &times_s) else { return (times_s, 0.0) };
    let share = landmark.share_off(&times_s);
    if share < MANY_OFF {
        return (times_s, share);
    }
    let maxima = local_maxima(pulse.x);
    let place = |i: usize| (times_s[i], landmark.off_s(i, times_s[i]));
    let moved: Vec<f64> = (0..times_s.len())
        .map(|i| {
            let (time_s, off_s) = place(i);
            let hump = (off_s.abs() > MOVE_S.0)
                .then(|| other_hump(pulse, &maxima, time_s, time_s - off_s))
                .flatten();
            hump.unwrap_or(time_s)
        })
        .collect();
    if moved.windows(2).any(|pair| pair[1] <= pair[0]) {
        return (times_s, share);
    }
    let share = landmark.share_off(&moved);
    (moved, share)
}

/// Where the landmark of each beat's cycle is.
struct Landmark {
    /// Seconds, `[beat]`.
    at_s: Vec<f64>,
}

impl Landmark {
    /// None of a trace without a fundamental.
    fn of(pulse: &Pulse<'_>, times_s: &[f64]) -> Option<Landmark> {
        let band_hz = (BAND.0 / pulse.period_s, BAND.1 / pulse.period_s);
        let fundamental = band_passed(pulse.x, pulse.hz, band_hz, ORDER);
        let tops: Vec<f64> = local_maxima(&fundamental)
            .iter()
            .map(|&i| pulse.start_s + i as f64 / pulse.hz)
            .collect();
        let nearest = |t: f64| {
            let k = tops.partition_point(|&top| top < t);
            let near =
                [k.checked_sub(1), Some(k)].into_iter().flatten().filter_map(|k| tops.get(k));
            near.copied().min_by(|a, b| (a - t).abs().total_cmp(&(b - t).abs()))
        };
        let tops: Vec<f64> = times_s.iter().map(|&t| nearest(t)).collect::<Option<_>>()?;
        let after: Vec<f64> = times_s.iter().zip(&tops).map(|(t, top)| t - top).collect();
        let around = |i: usize| &after[i.saturating_sub(AROUND)..(i + AROUND + 1).min(after.len())];
        let usual = |i: usize| median(around(i)).unwrap_or(0.0);
        Some(Landmark { at_s: (0..tops.len()).map(|i| tops[i] + usual(i)).collect() })
    }

    fn off_s(&self, beat: usize, time_s: f64) -> f64 {
        time_s - self.at_s[beat]
    }

    fn share_off(&self, times_s: &[f64]) -> f64 {
        let off = times_s.iter().enumerate().filter(|(i, t)| self.off_s(*i, **t).abs() > OFF_S);
        off.count() as f64 / times_s.len().max(1) as f64
    }
}

/// The hump at the landmark beside the one that a beat was timed by, if there is one of nearly its height, seconds.
fn other_hump(pulse: &Pulse<'_>, maxima: &[usize], time_s: f64, landmark_s: f64) -> Option<f64> {
    let (x, hz) = (pulse.x, pulse.hz);
    let last = x.len() - 1;
    let position = |t: f64| (((t - pulse.start_s) * hz).round().max(0.0) as usize).min(last);
    let own = position(time_s);
    let reach = (0.6 * pulse.period_s * hz) as usize;
    let mut around = x[own.saturating_sub(reach)..=(own + reach).min(last)].to_vec();
    around.sort_by(f64::total_cmp);
    let rest = around[around.len() / 8];
    let height = x[own] - rest;
    let apart = (APART.0.min(APART.1 * pulse.period_s) * hz) as usize;
    let is_hump = |&&i: &&usize| {
        let dip = x[i.min(own)..=i.max(own)].iter().fold(f64::MAX, |low, &v| low.min(v));
        i != own
            && i.abs_diff(own) <= apart
            && x[i] - rest >= HUMP * height
            && dip - rest >= DIP * height
    };
    let from = maxima.partition_point(|&i| i < position(landmark_s - MOVE_S.1));
    let to = maxima.partition_point(|&i| i <= position(landmark_s + MOVE_S.1));
    let hump = maxima[from..to].iter().filter(is_hump).max_by(|&&a, &&b| x[a].total_cmp(&x[b]))?;
    let vertex = parabola_vertex(x[hump - 1], x[*hump], x[hump + 1]);
    Some(pulse.start_s + (*hump as f64 + vertex) / hz)
}
