//! Filters by gains on the spectrum, without phase shift.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// Order of the Butterworth filters of breathing.
pub(super) const ORDER: i32 = 4;
/// Mirrored at each end, seconds.
const MIRROR_S: f64 = 100.0;

/// The series with its ends mirrored, and how many samples that put before it.
pub(super) fn mirrored(x: &[f64], hz: f64) -> (Vec<f64>, usize) {
    let n = x.len();
    let mirror = ((MIRROR_S * hz).round() as usize).min(n.saturating_sub(1));
    let before = (1..=mirror).rev().map(|i| x[i]);
    let after = (1..=mirror).map(|i| x[n - 1 - i]);
    (before.chain(x.iter().copied()).chain(after).collect(), mirror)
}

/// What lies between two frequencies in Hz, amplitude one half at each: Butterworth filters of an order, run forward and back.
pub(super) fn band_passed(x: &[f64], hz: f64, band_hz: (f64, f64), order: i32) -> Vec<f64> {
    let (padded, mirror) = mirrored(x, hz);
    let gain = |f: f64| below(f.abs(), band_hz.1, order) * (1.0 - below(f.abs(), band_hz.0, order));
    filtered(&padded, hz, gain).iter().skip(mirror).take(x.len()).map(|v| v.re).collect()
}

/// Gain of a low-pass at `f` Hz, one half at the cut-off.
pub(super) fn below(f: f64, cut_off_hz: f64, order: i32) -> f64 {
    1.0 / (1.0 + (f / cut_off_hz).powi(2 * order))
}

/// The series with each frequency (Hz, negative ones in the upper half of the spectrum) multiplied by its gain.
pub(super) fn filtered(x: &[f64], hz: f64, gain: impl Fn(f64) -> f64) -> Vec<Complex<f64>> {
    let n = x.len();
    let mut planner = FftPlanner::new();
    let mut spectrum: Vec<Complex<f64>> = x.iter().map(|&v| Complex::new(v, 0.0)).collect();
    planner.plan_fft_forward(n).process(&mut spectrum);
    for (k, v) in spectrum.iter_mut().enumerate() {
        let signed = if k <= n / 2 { k as f64 } else { k as f64 - n as f64 };
        *v *= gain(signed * hz / n as f64) / n as f64;
    }
    planner.plan_fft_inverse(n).process(&mut spectrum);
    spectrum
}
