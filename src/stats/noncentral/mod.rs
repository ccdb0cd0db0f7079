//! Noncentral t and F: how large an effect is, and between which limits, given its statistic.
//!
//! A t of ν dof whose effect is not 0 has noncentrality δ = effect / standard error, an F of ν1, ν2 dof has λ. The limits of δ at confidence 1 - α are those at which the t at hand is
//! the 1 - α/2 and the α/2 quantile: P(T <= t; δ_low) = 1 - α/2, P(T <= t; δ_high) = α/2 (Steiger and Fouladi 1997; Smithson 2003), and λ's likewise, at least 0.
//!
//! - one sample, or differences: d = δ / sqrt n; two samples: d = δ sqrt(1/n1 + 1/n2). Hedges' g = J d, J = Γ(ν/2) / (sqrt(ν/2) Γ((ν-1)/2)), which takes out d's bias
//!   (Hedges 1981); its limits are J times d's;
//! - partial η² = ν1 F / (ν1 F + ν2), its limits λ / (λ + ν1 + ν2 + 1).
//!
//! P(T <= t; δ) = ∫ Φ(t s - δ) dP(s), s = sqrt(χ²_ν / ν), by the trapezoidal rule in ln s, which for so smooth an integrand converges exponentially; P(F <= f; λ) is the Poisson sum
//! of incomplete beta functions, from the last term down, so that all adds up. Maps of 200,000 voxels need limits by the hundred thousand: [`TLimits`] and [`FLimits`] keep a table for
//! one pair of dof, cubic between nodes with their exact slopes, made finer until midpoints are within 1e-7. Oracle: mpmath's integral and sum (`tests/oracles/group_noncentral.py`).

mod curve;
mod f;
mod t;

pub use f::{FLimits, f_cdf};
pub use t::{TLimits, t_cdf, t_limits};

use crate::stats::tails::ln_gamma;

/// J, what d is multiplied by to be unbiased; NaN for dof of 1 or less.
#[must_use]
pub fn hedges_correction(dof: f64) -> f64 {
    if dof.is_nan() || dof <= 1.0 {
        return f64::NAN;
    }
    // From here on J = 1 - 3 / (4 ν - 1) to rounding, where logarithms of Γ lose digits.
    if dof > 1e5 {
        return 1.0 - 3.0 / (4.0 * dof - 1.0);
    }
    (ln_gamma(0.5 * dof) - ln_gamma(0.5 * (dof - 1.0))).exp() / (0.5 * dof).sqrt()
}

/// d of a noncentrality, or of t itself: one sample of n.
#[must_use]
pub fn one_sample_factor(n: f64) -> f64 {
    1.0 / n.sqrt()
}

/// The same for the difference of two samples.
#[must_use]
pub fn two_sample_factor(n1: f64, n2: f64) -> f64 {
    (1.0 / n1 + 1.0 / n2).sqrt()
}

/// Partial η² of F.
#[must_use]
pub fn partial_eta_square(f: f64, dof1: f64, dof2: f64) -> f64 {
    dof1 * f / (dof1 * f + dof2)
}

/// Partial η² of a noncentrality λ.
#[must_use]
pub fn partial_eta_square_of(lambda: f64, dof1: f64, dof2: f64) -> f64 {
    lambda / (lambda + dof1 + dof2 + 1.0)
}
