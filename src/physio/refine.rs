//! The moment of each beat, to a fraction of a sample: the highest maximum nearby of the trace between 0.5 and 8 Hz (third-order
//! Butterworth forward and back: Elgendi 2013, PLoS ONE 8:e76585; neurokit2 and peakdet take the same band), so that neither the
//! wander a pulse rides on nor a notch in its top moves it; of two humps the one that the other cycles have (`landmark`). An R wave is sharper than that: it is smoothed by 4 ms only.
//!
//! In strong noise the maximum is the noise's: the band is narrowed there. From less noise on that would be nearer the truth, and
//! further from the moments that the peers agree on; docs/accuracy.md has both.

use super::band::band_passed;
use super::clean::CleanTrace;
use super::landmark::{Pulse, one_landmark};
use super::signal::{decimate, gaussian_mean, local_maxima, median, parabola_vertex};

/// A beat is moved at most this far from where it was found, seconds and share of a period.
const REACH: (f64, f64) = (0.15, 0.2);
/// Where the pulse is, Hz.
const BAND_HZ: (f64, f64) = (0.5, 8.0);
/// Of the Butterworth filter.
const ORDER: i32 = 3;
/// The band suffices for this.
const WORKING_HZ: f64 = 100.0;
/// Noise, as a share of the height of the pulse, above which the band is narrowed.
const MUCH_NOISE: f64 = 0.15;

/// What is known of the beats.
pub(super) struct Shape {
    /// Beats point down in the recorded trace.
    pub inverted: bool,
    /// ECG-like.
    pub spiky: bool,
    /// Typical interval, seconds.
    pub period_s: f64,
}

/// The moment of each beat near the one given, seconds, and the share of them that lie off the landmark of their cycle.
pub(super) fn refined(trace: &CleanTrace, times: &[f64], shape: &Shape) -> (Vec<f64>, f64) {
    let spiky_hz = if shape.spiky { f64::INFINITY } else { WORKING_HZ };
    let factor = ((trace.sampling_hz / spiky_hz).floor() as usize).max(1);
    let hz = trace.sampling_hz / factor as f64;
    let samples = decimate(&trace.samples, factor);
    let smooth = if shape.spiky {
        gaussian_mean(&samples, 0.004 * hz)
    } else {
        let up_to = |upper_hz| band_passed(&samples, hz, (BAND_HZ.0, upper_hz), ORDER);
        let pulse = up_to(BAND_HZ.1);
        let noise = noise_of(&samples, &pulse, hz, shape.period_s);
        if noise > MUCH_NOISE { up_to(BAND_HZ.1 * (MUCH_NOISE / noise).powi(2)) } else { pulse }
    };
    let sign = if shape.inverted { -1.0 } else { 1.0 };
    let x: Vec<f64> = smooth.iter().map(|v| sign * v).collect();
    // A mean of `factor` samples stands for the middle of them.
    let start_s = trace.time_s((factor as f64 - 1.0) / 2.0);
    let maxima = local_maxima(&x);
    let reach_s = REACH.0.min(REACH.1 * shape.period_s);
    let moved = |&time_s: &f64| {
        let position = |t: f64| (t - start_s) * hz;
        let from = maxima.partition_point(|&i| (i as f64) < position(time_s - reach_s));
        let to = maxima.partition_point(|&i| i as f64 <= position(time_s + reach_s));
        let highest = maxima[from..to].iter().max_by(|&&a, &&b| x[a].total_cmp(&x[b]));
        highest.map_or(time_s, |&i| {
            start_s + (i as f64 + parabola_vertex(x[i - 1], x[i], x[i + 1])) / hz
        })
    };
    let times_s = times.iter().map(moved).collect();
    if shape.spiky {
        return (times_s, 0.0);
    }
    one_landmark(&Pulse { x: &x, hz, start_s, period_s: shape.period_s }, times_s)
}

/// Standard deviation of the noise between neighbouring samples of `x`, as a share of the height of the pulse, which is `x` within
/// its band; what a rate above 50 Hz averages out does not count.
fn noise_of(x: &[f64], pulse: &[f64], hz: f64, period_s: f64) -> f64 {
    let bends: Vec<f64> = x.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).powi(2) / 6.0).collect();
    let typical: Vec<f64> = bends.chunks(64).filter_map(median).collect();
    // The median square of a Gaussian is 0.455 of its variance.
    let noise = (median(&typical).unwrap_or(0.0) / 0.455).sqrt();
    let stretch = ((1.5 * period_s * hz) as usize).max(2);
    let heights: Vec<f64> = pulse
        .chunks(stretch)
        .map(|c| {
            c.iter().fold(f64::MIN, |m, &v| m.max(v)) - c.iter().fold(f64::MAX, |m, &v| m.min(v))
        })
        .collect();
    let height = median(&heights).unwrap_or(0.0);
    noise / height.max(1e-300) * (50.0 / hz.max(50.0)).sqrt()
}
