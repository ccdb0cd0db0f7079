//! The moment of each beat, to a fraction of a sample: the extreme of the lightly smoothed trace nearby. (Moving the median
//! beat along each beat to where the two correlate best was tried and measured no better at any level of noise.)

use super::clean::CleanTrace;
use super::signal::{gaussian_mean, median, parabola_vertex};

/// A beat is moved at most this far from where the band-passed trace has it.
const REACH_S: f64 = 0.1;

/// What is known of the beats.
pub(super) struct Shape {
    /// Beats point down in the recorded trace.
    pub inverted: bool,
    /// ECG-like.
    pub spiky: bool,
    /// Typical interval, seconds.
    pub period_s: f64,
}

/// The moment of each beat near the one given, seconds.
pub(super) fn refined(trace: &CleanTrace, times: &[f64], shape: &Shape) -> Vec<f64> {
    let noise = noise_of(trace, shape.period_s);
    let smooth_s = if shape.spiky { 0.004 } else { smoothing_s(noise, shape.period_s) };
    let sign = if shape.inverted { -1.0 } else { 1.0 };
    let hz = trace.sampling_hz;
    let x: Vec<f64> =
        gaussian_mean(&trace.samples, smooth_s * hz).iter().map(|v| sign * v).collect();
    extremes(trace, &x, times, shape.period_s)
}

/// Each beat at the highest point of `x` within reach; where that is at the edge of the reach it stays.
fn extremes(trace: &CleanTrace, x: &[f64], times: &[f64], period_s: f64) -> Vec<f64> {
    let hz = trace.sampling_hz;
    let reach = ((REACH_S.min(0.15 * period_s) * hz).round() as usize).max(1);
    let moved = |&time_s: &f64| {
        let position = (time_s - trace.start_s) * hz;
        let centre = (position.round().max(0.0) as usize).min(x.len() - 1);
        let (from, to) = (centre.saturating_sub(reach), (centre + reach).min(x.len() - 1));
        let top = (from..=to).max_by(|&a, &b| x[a].total_cmp(&x[b])).unwrap_or(centre);
        if top == from || top == to || top == 0 || top + 1 >= x.len() {
            time_s
        } else {
            trace.time_s(top as f64 + parabola_vertex(x[top - 1], x[top], x[top + 1]))
        }
    };
    times.iter().map(moved).collect()
}

/// Standard deviation of the noise between neighbouring samples, as a share of the height of the pulse; what a rate
/// above 50 Hz averages out does not count.
fn noise_of(trace: &CleanTrace, period_s: f64) -> f64 {
    let hz = trace.sampling_hz;
    let x = &trace.samples;
    let bends: Vec<f64> = x.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).powi(2) / 6.0).collect();
    let typical: Vec<f64> = bends.chunks(64).filter_map(median).collect();
    // The median square of a Gaussian is 0.455 of its variance.
    let noise = (median(&typical).unwrap_or(0.0) / 0.455).sqrt();
    let stretch = ((1.5 * period_s * hz) as usize).max(2);
    let heights: Vec<f64> = gaussian_mean(x, 0.03 * hz)
        .chunks(stretch)
        .map(|c| {
            c.iter().fold(f64::MIN, |m, &v| m.max(v)) - c.iter().fold(f64::MAX, |m, &v| m.min(v))
        })
        .collect();
    let height = median(&heights).unwrap_or(0.0);
    noise / height.max(1e-300) * (50.0 / hz.max(50.0)).sqrt()
}

/// Width of the smoothing before a maximum is taken, seconds: more of it the more noise there is.
fn smoothing_s(noise: f64, period_s: f64) -> f64 {
    (0.015 + 0.25 * noise).min(0.07 * period_s).min(0.06)
}
