//! The score test of a difference of two proportions, and the limits it gives.
//!
//! chi^2(d) = (p1 - p0 - d)^2 / V(d),  V(d) = (q1 (1 - q1) / n1 + q0 (1 - q0) / n0) n / (n - 1),  n = n1 + n0,
//!
//! where q1, q0 are the most likely proportions that differ by d. With θ = n0 / n1, q1 is the root within bounds of the cubic a q^3 + b q^2 + c q + e,
//! a = 1 + θ,  b = -(1 + θ + p1 + θ p0 + d (θ + 2)),  c = d^2 + d (2 p1 + θ + 1) + p1 + θ p0,  e = -p1 d (1 + d), in closed form by its angle.
//!
//! Source: Miettinen and Nurminen 1985 (Stat Med 4:213); the closed form, Farrington and Manning 1990 (Stat Med 9:1447). A test holds it against the restricted likelihood itself, maximised
//! by brute force. statsmodels' `score` limits of a difference are wrong up to 0.15.0 (its issue 10269) and no oracle.

use super::{Limits, TwoArms};
use std::f64::consts::PI;

/// The limits by bisection: chi^2 is 0 at the observed difference and rises from it to either end.
pub(super) fn limits(arms: &TwoArms, critical: f64) -> Limits {
    let observed = observed(arms);
    let toward = |end: f64| {
        let (mut inside, mut outside) = (observed, end);
        loop {
            let middle = 0.5 * (inside + outside);
            if middle == inside || middle == outside {
                return middle;
            }
            if chi_square(arms, middle) < critical { inside = middle } else { outside = middle }
        }
    };
    Limits { low: toward(-1.0), high: toward(1.0) }
}

/// chi^2(d); 0 where d is the observed difference, infinite where d cannot be and V is 0.
pub(super) fn chi_square(arms: &TwoArms, d: f64) -> f64 {
    let off = observed(arms) - d;
    if off == 0.0 {
        return 0.0;
    }
    let (n1, n0) = (arms.active.n as f64, arms.control.n as f64);
    let (q1, q0) = most_likely(arms, d);
    // Of one patient an arm n / (n - 1) is 2; there are never fewer.
    let correction = (n1 + n0) / (n1 + n0 - 1.0);
    off * off / ((q1 * (1.0 - q1) / n1 + q0 * (1.0 - q0) / n0) * correction)
}

fn observed(arms: &TwoArms) -> f64 {
    arms.active.with as f64 / arms.active.n as f64
        - arms.control.with as f64 / arms.control.n as f64
}

/// The most likely proportions of the two arms that differ by d.
pub(super) fn most_likely(arms: &TwoArms, d: f64) -> (f64, f64) {
    let (n1, n0) = (arms.active.n as f64, arms.control.n as f64);
    let (p1, p0) = (arms.active.with as f64 / n1, arms.control.with as f64 / n0);
    let theta = n0 / n1;
    let a = 1.0 + theta;
    let b = -(1.0 + theta + p1 + theta * p0 + d * (theta + 2.0));
    let c = d * d + d * (2.0 * p1 + theta + 1.0) + p1 + theta * p0;
    let e = -p1 * d * (1.0 + d);
    let v = b.powi(3) / (27.0 * a.powi(3)) - b * c / (6.0 * a * a) + e / (2.0 * a);
    let u = (b * b / (9.0 * a * a) - c / (3.0 * a)).max(0.0).sqrt().copysign(v);
    let angle = if u == 0.0 { 0.0 } else { (v / u.powi(3)).clamp(-1.0, 1.0) };
    let w = (PI + angle.acos()) / 3.0;
    let q1 = (2.0 * u * w.cos() - b / (3.0 * a)).clamp(d.max(0.0), (1.0 + d).min(1.0));
    (q1, (q1 - d).clamp(0.0, 1.0))
}
