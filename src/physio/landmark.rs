//! One landmark a cycle. Where a pulse has two humps of nearly one height, the higher is now the first and now the second (their
//! heights cross over with each breath), and beats timed by it jump though the heart does not.
//!
//! The other hump of a beat is the highest maximum beside the one that it was timed by. A pulse with a notch has it behind the beat in
//! every cycle, and no beat jumps; noise has it anywhere. Where it lies at one distance, behind in some cycles and ahead in others, beats
//! do jump: all are timed by the hump that most have, and one that shows a single hump by it or by the distance, whichever its
//! neighbours say.
//!
//! Where there is no such distance a beat's place in its cycle is told by the fundamental of the pulse (its band about the rate), which
//! has one maximum a cycle: a beat is off where it lies over 0.1 s from the median of the sixty beats around. Of twin humps that says
//! nothing, since the fundamental moves with their heights.

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
/// Share of beats off the landmark that is worth a warning.
pub const MANY_OFF: f64 = 0.08;
/// Height of another hump at least, as a share of the beat's.
const HUMP: f64 = 0.3;
/// Nearest between two humps of one beat, seconds, where the fundamental has few beats off: nearer, noise at the upper edge of the pulse's band (8 Hz, a period of 0.125 s) makes two of one.
const NEAREST_S: f64 = 0.15;
/// Farthest between them, seconds and share of a period.
const APART: (f64, f64) = (0.36, 0.42);
/// Two humps are twins where their distance varies by no more than this (median difference from its median, seconds).
const SPREAD_S: f64 = 0.03;
/// A hump is the other one where it lies this near that distance, seconds.
const NEAR_S: f64 = 0.06;
/// Share of beats that have one there at least.
const MANY_TWINS: f64 = 0.33;
/// Share of beats on the rarer hump from which on they jump, and not a few for a reason of their own.
const MANY_JUMPS: f64 = 0.02;

/// One interval over the next differs by more than this share of both where they alternate.
const ALTERNATES: f64 = 0.15;

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

/// Moves beats of a pulse with twin humps to one landmark: their times in seconds, and the share of them that stay off it.
pub(super) fn one_landmark(pulse: &Pulse<'_>, times_s: Vec<f64>) -> (Vec<f64>, f64) {
    let share = Landmark::of(pulse, &times_s).map_or(0.0, |landmark| landmark.share_off(&times_s));
    let nearest_s = if share < MANY_OFF { NEAREST_S } else { 0.0 };
    match Twins::of(pulse, &times_s, nearest_s) {
        Some(twins) => twins.one_hump(&times_s).unwrap_or((times_s, twins.rarer)),
        None => (times_s, share),
    }
}

/// Share of the beats that are a second count of the beat before: a half where intervals alternate, long and short, in most of the record, else none. Two humps nearly half a
/// period apart are counted as two beats; intervals of a heart follow its breath, over several beats.
pub(super) fn counted_twice(times_s: &[f64]) -> f64 {
    let rr: Vec<f64> = times_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let steps: Vec<f64> =
        rr.windows(2).map(|pair| 2.0 * (pair[1] - pair[0]) / (pair[1] + pair[0])).collect();
    let turns =
        |pair: &&[f64]| pair.iter().all(|s| s.abs() > ALTERNATES) && pair[0] * pair[1] < 0.0;
    let n = steps.windows(2).filter(turns).count();
    if 2 * n > steps.len() { 0.5 } else { 0.0 }
}

/// The two humps of a pulse.
struct Twins {
    /// Time of each beat's other hump, seconds, where it has one at `apart_s`; `[beat]`.
    others_s: Vec<Option<f64>>,
    /// From the first to the second, seconds.
    apart_s: f64,
    /// Most beats are timed by the first.
    by_first: bool,
    /// Share of beats that are timed by the other.
    rarer: f64,
}

impl Twins {
    /// None where the other humps have no distance of their own.
    fn of(pulse: &Pulse<'_>, times_s: &[f64], nearest_s: f64) -> Option<Twins> {
        let maxima = local_maxima(pulse.x);
        let lags: Vec<Option<f64>> =
            times_s.iter().map(|&t| Some(other_hump(pulse, &maxima, t, nearest_s)? - t)).collect();
        let distances: Vec<f64> = lags.iter().flatten().map(|lag| lag.abs()).collect();
        let apart_s = median(&distances)?;
        let from_it: Vec<f64> = distances.iter().map(|d| (d - apart_s).abs()).collect();
        let is_other = |lag: f64| (lag.abs() - apart_s).abs() <= NEAR_S;
        let others_s: Vec<Option<f64>> = times_s
            .iter()
            .zip(&lags)
            .map(|(t, lag)| lag.filter(|l| is_other(*l)).map(|l| t + l))
            .collect();
        let side = |is_first: bool| {
            let by = others_s.iter().zip(times_s);
            by.filter(|(other, t)| other.is_some_and(|other| (other > **t) == is_first)).count()
        };
        let (first, second) = (side(true), side(false));
        let share = |count: usize| count as f64 / times_s.len().max(1) as f64;
        let are_twins = median(&from_it)? <= SPREAD_S && share(first + second) >= MANY_TWINS;
        let rarer = share(first.min(second));
        are_twins.then_some(Twins { others_s, apart_s, by_first: first >= second, rarer })
    }

    /// The beats, each by the same hump, and the share of them of which that is not known. None where they do not jump, and where they would
    /// not follow each other.
    fn one_hump(&self, times_s: &[f64]) -> Option<(Vec<f64>, f64)> {
        if self.rarer < MANY_JUMPS {
            return None;
        }
        // From the rarer hump to the other.
        let step_s = if self.by_first { -self.apart_s } else { self.apart_s };
        let known: Vec<Option<f64>> = times_s
            .iter()
            .zip(&self.others_s)
            .map(|(&time_s, other)| {
                let is_first = other.as_ref().map(|other| *other > time_s)?;
                if is_first == self.by_first { Some(time_s) } else { *other }
            })
            .collect();
        let mut n_off = 0;
        let moved: Vec<f64> = (0..times_s.len())
            .map(|i| {
                known[i].unwrap_or_else(|| {
                    let Some(expected_s) = between(&known, i) else { return times_s[i] };
                    let off_s = |time_s: f64| (time_s - expected_s).abs();
                    let places = [times_s[i], times_s[i] + step_s];
                    let [stays, steps] = places.map(off_s);
                    n_off += usize::from(stays.min(steps) > OFF_S);
                    if steps < stays { places[1] } else { places[0] }
                })
            })
            .collect();
        let in_order = moved.windows(2).all(|pair| pair[1] > pair[0]);
        in_order.then(|| (moved, n_off as f64 / times_s.len().max(1) as f64))
    }
}

/// Where a beat would lie between those that are known before and after it, in even steps, seconds.
fn between(known: &[Option<f64>], i: usize) -> Option<f64> {
    let before = (0..i).rev().find_map(|k| Some((k, known[k]?)))?;
    let after = (i + 1..known.len()).find_map(|k| Some((k, known[k]?)))?;
    let share = (i - before.0) as f64 / (after.0 - before.0) as f64;
    Some(before.1 + share * (after.1 - before.1))
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

    fn share_off(&self, times_s: &[f64]) -> f64 {
        let off = times_s.iter().zip(&self.at_s).filter(|(t, at)| (*t - *at).abs() > OFF_S);
        off.count() as f64 / times_s.len().max(1) as f64
    }
}

/// The highest hump beside the one that a beat was timed by, if it is high enough, seconds.
fn other_hump(pulse: &Pulse<'_>, maxima: &[usize], time_s: f64, nearest_s: f64) -> Option<f64> {
    let (x, hz) = (pulse.x, pulse.hz);
    let last = x.len() - 1;
    let near = (((time_s - pulse.start_s) * hz).round().max(0.0) as usize).min(last);
    let k = maxima.partition_point(|&i| i < near);
    let around = [k.checked_sub(1), Some(k)].into_iter().flatten().filter_map(|k| maxima.get(k));
    let own = *around.min_by_key(|i| i.abs_diff(near))?;
    let reach = (0.6 * pulse.period_s * hz) as usize;
    let mut level = x[own.saturating_sub(reach)..=(own + reach).min(last)].to_vec();
    level.sort_by(f64::total_cmp);
    let rest = level[level.len() / 8];
    let apart = (APART.0.min(APART.1 * pulse.period_s) * hz) as usize;
    let nearest = ((nearest_s * hz).ceil() as usize).max(1);
    let is_hump =
        |&&i: &&usize| i.abs_diff(own) >= nearest && x[i] - rest >= HUMP * (x[own] - rest);
    let from = maxima.partition_point(|&i| i + apart < own);
    let to = maxima.partition_point(|&i| i <= own + apart);
    let hump = maxima[from..to].iter().filter(is_hump).max_by(|&&a, &&b| x[a].total_cmp(&x[b]))?;
    let vertex = parabola_vertex(x[hump - 1], x[*hump], x[hump + 1]);
    Some(pulse.start_s + (*hump as f64 + vertex) / hz)
}
