//! From a slow measure to BOLD: y(t) = integral h(s) x(t - s) ds over s from 0 to 90 s, x the measure less its mean in
//! units of its standard deviation, h the respiratory or the cardiac response, t in seconds:
//!
//! RRF(t) = 0.6 t^2.1 e^(-t/1.6) - 0.0023 t^3.54 e^(-t/4.25) (Birn, Smith, Jones & Bandettini 2008);
//! CRF(t) = 0.6 t^2.7 e^(-t/1.6) - 16/sqrt(18 pi) e^(-(t - 12)^2/18) (Chang, Cunningham & Glover 2009).
//!
//! Only the past counts; before the grid x is at its mean. A step in breathing therefore shows in y later, never earlier
//! (AFNI's RetroTS shifts RVT the other way), and h is sampled in seconds whatever the recorder's rate (phys2denoise hands
//! its responses Hz).

/// Step of the grid, seconds.
pub(super) const STEP_S: f64 = 0.1;
/// Length of the responses, seconds: by then the RRF has come down to 1e-5 of its extreme.
pub(super) const RESPONSE_S: f64 = 90.0;

/// Respiratory response at `t` seconds after a change in breathing; 0 before it.
#[must_use]
pub fn rrf(t: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    0.6 * t.powf(2.1) * (-t / 1.6).exp() - 0.0023 * t.powf(3.54) * (-t / 4.25).exp()
}

/// Cardiac response at `t` seconds after a change in heart rate; 0 before it.
#[must_use]
pub fn crf(t: f64) -> f64 {
    if t < 0.0 {
        return 0.0;
    }
    let late = 16.0 / (18.0 * std::f64::consts::PI).sqrt() * (-(t - 12.0).powi(2) / 18.0).exp();
    0.6 * t.powf(2.7) * (-t / 1.6).exp() - late
}

/// The measure, demeaned and in units of its standard deviation, convolved causally with a response; one value each
/// 0.1 s. None when the measure does not vary or is not finite.
///
/// `measure`: one value each 0.1 s; `response`: [`rrf`] or [`crf`].
#[must_use]
pub fn convolved(measure: &[f64], response: fn(f64) -> f64) -> Option<Vec<f64>> {
    let n = measure.len() as f64;
    let mean = measure.iter().sum::<f64>() / n;
    let sd = super::signal::variance(measure).sqrt();
    // What rounding leaves of a constant is no variation.
    if !(sd.is_finite() && sd > 1e-9 * mean.abs()) {
        return None;
    }
    let x: Vec<f64> = measure.iter().map(|v| (v - mean) / sd).collect();
    let n_lags = (RESPONSE_S / STEP_S).round() as usize;
    let h: Vec<f64> = (0..=n_lags).map(|i| STEP_S * response(i as f64 * STEP_S)).collect();
    let at = |j: usize| h.iter().zip(x[..=j].iter().rev()).map(|(h, x)| h * x).sum();
    Some((0..x.len()).map(at).collect())
}
