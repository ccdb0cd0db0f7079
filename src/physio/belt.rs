//! A breathing belt that shows no breath: most of its trace cannot be used, or its breaths keep step with the volumes.
//!
//! - `share`: of the scan, what is flat, cut off, missing, or moves faster than breathing does;
//! - `step`: as of a pulse, with one breath in q volumes, q = 1 to 4: the length of the mean of exp(2 pi i t_j / (q TR)) over the ends of
//!   inspiration t_j, 1 when each is at the same moment of its q volumes. Breathing wanders: its phase against the scan is lost within minutes.

use std::f64::consts::TAU;

use super::breaths::Breaths;
use super::flagged::Reason;
use super::moments::SliceMoments;

/// Share of the scan that may not be usable.
const MOST: f64 = 0.25;
/// Rates this near one breath in a whole number of volumes may be the scanner's.
const NEAR: f64 = 0.01;
/// The most volumes that a bump comes once in.
const MOST_VOLUMES: usize = 4;
/// Fewer volumes or breaths tell nothing.
const FEWEST: (usize, usize) = (20, 15);
/// Step that says that the breaths are the scanner's; of fewer than so many breaths, through which a person may keep a rate.
const STEP: f64 = 0.95;
const STEP_OF_FEW: f64 = 0.99;
const FEW: usize = 30;

/// Why the breathing must not be used, a verb phrase; none where nothing speaks against it. `is_filtered`: what is faster than breathing was
/// taken out of the trace.
pub(super) fn why(breaths: &Breaths, slices: &SliceMoments, is_filtered: bool) -> Option<String> {
    in_step(&breaths.peaks_s, slices).or_else(|| {
        let share = share(breaths, slices, is_filtered);
        (share > MOST).then(|| {
            format!(
                "shows no breathing to follow: {:.0} % of the scan cannot be used (at most {:.0} % may be so)",
                100.0 * share,
                100.0 * MOST
            )
        })
    })
}

/// Share of the scan that is flagged; what two stretches share counts once.
fn share(breaths: &Breaths, slices: &SliceMoments, is_filtered: bool) -> f64 {
    let scan_s = slices.tr * slices.n_volumes as f64;
    let (mut seconds, mut until_s) = (0.0, 0.0_f64);
    let counts = |reason| reason != Reason::Noise || !is_filtered;
    for f in breaths.flagged.iter().filter(|f| counts(f.reason)) {
        seconds += (f.to_s.min(scan_s) - f.from_s.max(until_s)).max(0.0);
        until_s = until_s.max(f.to_s);
    }
    seconds / scan_s
}

/// That the breaths keep step with the volumes.
fn in_step(peaks_s: &[f64], slices: &SliceMoments) -> Option<String> {
    let (tr, end_s) = (slices.tr, slices.tr * slices.n_volumes as f64);
    let within: Vec<f64> = peaks_s.iter().copied().filter(|t| (0.0..end_s).contains(t)).collect();
    let [first, .., last] = within[..] else { return None };
    if slices.n_volumes < FEWEST.0 || within.len() < FEWEST.1 {
        return None;
    }
    let breath_s = (last - first) / (within.len() - 1) as f64;
    let volumes = (breath_s / tr).round();
    let off = (breath_s / (volumes * tr) - 1.0).abs();
    if !(1.0..=MOST_VOLUMES as f64).contains(&volumes) || off > NEAR {
        return None;
    }
    let sums = within.iter().map(|t| (TAU * t / (volumes * tr)).sin_cos());
    let (sine, cosine) = sums.fold((0.0, 0.0), |(s, c), (a, b)| (s + a, c + b));
    let step = f64::hypot(sine, cosine) / within.len() as f64;
    let every = if volumes == 1.0 { "volume".to_owned() } else { format!("{volumes} volumes") };
    let least = if within.len() < FEW { STEP_OF_FEW } else { STEP };
    (step >= least).then(|| {
        format!(
            "follows the scanner: its breaths, one in each {every} within {:.1} %, keep step with the volumes by {step:.2} (a person: near 0)",
            100.0 * off
        )
    })
}
