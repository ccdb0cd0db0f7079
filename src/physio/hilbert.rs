//! Respiration volume per time by the analytic signal a(t) = R(t) + i H[R](t): RVT(t) = 2 |a| (d arg a / dt) / (2 pi),
//! |a| and the frequency each low-passed at 0.2 Hz. No peak has to be found. Source: Harrison, Bianchi, Heinzle, Stephan,
//! Iglesias & Kasper 2021.
//!
//! R is band-passed (0.05 to 2 Hz) by gains on its spectrum, without phase shift, the trace mirrored at both ends; slower
//! drift of a belt would pass for depth. The paper also repairs stretches where the phase turns back. Here they are left: the
//! low-pass of the frequency removes what a repair moves (on PhysIO's CPULSE3T record ten rounds of it change nothing in the
//! third digit of the correlation with PhysIO's RVT).

use std::f64::consts::{PI, TAU};

use super::band::{ORDER, below, filtered, mirrored};
use super::signal::decimate;
use crate::recording::Trace;

/// Passes breathing, Hz: amplitude one half at each end.
const BAND_HZ: (f64, f64) = (0.05, 2.0);
/// Slowness of depth and rate, Hz.
const SLOW_HZ: f64 = 0.2;
/// Enough for breathing.
const WORKING_HZ: f64 = 20.0;

/// RVT at each moment, in the trace's units per second, never below 0; beyond an end of the trace that end's value.
///
/// `times_s`: seconds relative to the first volume.
#[must_use]
pub fn rvt_hilbert(trace: &Trace, times_s: &[f64]) -> Vec<f64> {
    let factor = ((trace.sampling_hz / WORKING_HZ).floor() as usize).max(1);
    let hz = trace.sampling_hz / factor as f64;
    let start_s = trace.start_s + 0.5 * (factor as f64 - 1.0) / trace.sampling_hz;
    let rvt = series(&decimate(&trace.samples, factor), hz);
    let Some(last) = rvt.len().checked_sub(1) else {
        return vec![0.0; times_s.len()];
    };
    let at = |&time_s: &f64| {
        let position = ((time_s - start_s) * hz).clamp(0.0, last as f64);
        let i = position.floor() as usize;
        rvt[i] + (position - i as f64) * (rvt[(i + 1).min(last)] - rvt[i])
    };
    times_s.iter().map(at).collect()
}

/// RVT of each sample.
fn series(x: &[f64], hz: f64) -> Vec<f64> {
    let n = x.len();
    if n < 3 {
        return vec![0.0; n];
    }
    let (padded, mirror) = mirrored(x, hz);
    // Twice the positive half of the spectrum, none of the negative: the analytic signal.
    let analytic = filtered(&padded, hz, |f| {
        let band = below(f, BAND_HZ.1, ORDER) * (1.0 - below(f, BAND_HZ.0, ORDER));
        if f > 0.0 { 2.0 * band } else { 0.0 }
    });
    let amplitude: Vec<f64> = analytic.iter().map(|a| a.norm()).collect();
    let phase = unwrapped(analytic.iter().map(|a| a.arg()));
    let last = phase.len() - 1;
    let frequency_hz: Vec<f64> = (0..=last)
        .map(|i| {
            let (from, to) = (i.saturating_sub(1), (i + 1).min(last));
            (phase[to] - phase[from]) / ((to - from) as f64 * TAU) * hz
        })
        .collect();
    let slow = |v: &[f64]| filtered(v, hz, |f| below(f.abs(), SLOW_HZ, ORDER));
    slow(&amplitude)
        .iter()
        .zip(slow(&frequency_hz))
        .skip(mirror)
        .take(n)
        .map(|(a, f)| (2.0 * a.re * f.re).max(0.0))
        .collect()
}

/// Angles without jumps of more than pi.
fn unwrapped(angles: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut phase: Vec<f64> = Vec::new();
    for angle in angles {
        let before = phase.last().copied().unwrap_or(angle);
        let step = (angle - before + PI).rem_euclid(TAU) - PI;
        phase.push(before + step);
    }
    phase
}
