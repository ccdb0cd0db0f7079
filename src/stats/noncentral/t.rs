//! The noncentral t distribution, and limits of its noncentrality.

use std::f64::consts::PI;

use super::curve::{Curve, Node, falling_root};
use crate::stats::tails::{ln_sf_normal, z_from_ln_sf};

/// Dof above this are taken as this.
const MOST_DOF: f64 = 1e8;
/// |t| up to which there is a table; beyond it each is found by itself.
const TABLED: f64 = 60.0;
/// Share of the distribution of s that is left out.
const LEFT_OUT: f64 = 1e-15;

/// s and its weights, whose sum is 1.
struct Nodes(Vec<(f64, f64)>);

impl Nodes {
    /// In ln s, where the density is exp(ν (x - e^2x / 2)), greatest at 0. The error of steps of h is about exp(-2π y / h), y being how far into the complex plane the
    /// integrand stays small: about h of 0.4 over the root of its curvature ν + t²/2, and for few dof a seventh of the angle at which Φ outgrows the density.
    fn new(t: f64, dof: f64) -> Nodes {
        let dof = if dof > MOST_DOF { MOST_DOF } else { dof };
        let angle = (dof / (t * t + 2.0 * dof)).sqrt().asin();
        let step = (0.4 / (dof + 0.5 * t * t).sqrt()).min(0.15 * angle);
        let density = |x: f64| (dof * (x - 0.5 * (2.0 * x).exp_m1())).exp();
        let mut nodes = vec![(1.0, 1.0)];
        for side in [-step, step] {
            for k in 1.. {
                let x = side * f64::from(k);
                let weight = density(x);
                // To the left it falls as slowly as e^νx.
                if weight < LEFT_OUT * step {
                    break;
                }
                nodes.push((x.exp(), weight));
            }
        }
        let total: f64 = nodes.iter().map(|n| n.1).sum();
        nodes.iter_mut().for_each(|n| n.1 /= total);
        Nodes(nodes)
    }

    /// P(T <= t) of δ.
    fn cdf(&self, t: f64, delta: f64) -> f64 {
        self.0.iter().map(|&(s, weight)| weight * ln_sf_normal(delta - t * s).exp()).sum()
    }

    /// ∫ φ(t s - δ) and ∫ s φ(t s - δ): minus the slope of the cdf in δ, and its slope in t.
    fn slopes(&self, t: f64, delta: f64) -> (f64, f64) {
        self.0.iter().fold((0.0, 0.0), |(plain, by_s), &(s, weight)| {
            let z = t * s - delta;
            let density = weight * (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
            (plain + density, by_s + s * density)
        })
    }

    /// δ of which t is the quantile p, and its slope in t.
    fn noncentrality(&self, t: f64, p: f64, dof: f64) -> Node {
        // As if s were normal about 1. No s of 10 or more, nor z of 20, has a chance.
        let z = -z_from_ln_sf(p.ln());
        let start = t - z * (1.0 + t * t / (2.0 * dof)).sqrt();
        let reach = 20.0 + 10.0 * t.abs();
        let delta = falling_root((-reach, reach), start, |delta| {
            (self.cdf(t, delta) - p, -self.slopes(t, delta).0)
        });
        let (plain, by_s) = self.slopes(t, delta);
        (delta, by_s / plain)
    }
}

/// P(T <= t) of the noncentral t with `dof` of at least 1 and noncentrality `delta`, within 1e-12; NaN of dof below 1 or what is not a number.
#[must_use]
pub fn t_cdf(t: f64, dof: f64, delta: f64) -> f64 {
    if t.is_nan() || delta.is_nan() || dof.is_nan() || dof < 1.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return if t > 0.0 { 1.0 } else { 0.0 };
    }
    Nodes::new(t, dof).cdf(t, delta)
}

/// δ_low and δ_high of one t at a confidence (0.95, say), from the distribution itself; NaN where t is not finite or the dof are below 1. For a map make a [`TLimits`] once.
#[must_use]
pub fn t_limits(t: f64, dof: f64, confidence: f64) -> (f64, f64) {
    if !t.is_finite() || dof.is_nan() || dof < 1.0 || !(confidence > 0.0 && confidence < 1.0) {
        return (f64::NAN, f64::NAN);
    }
    let low = |t: f64| Nodes::new(t, dof).noncentrality(t, 0.5 + 0.5 * confidence, dof).0;
    (low(t), -low(-t))
}

/// Limits of δ for one number of dof, tabulated over t; make it once a map.
#[derive(Debug, Clone)]
pub struct TLimits {
    dof: f64,
    /// 1 - α/2.
    upper: f64,
    /// δ_low over t from minus to plus the greatest |t|; none where the dof are below 1.
    low: Option<Curve>,
}

impl TLimits {
    /// At a confidence (0.95, say), for t up to about `greatest` in size; what lies beyond is found one by one.
    #[must_use]
    pub fn new(dof: f64, confidence: f64, greatest: f64) -> TLimits {
        let upper = 0.5 + 0.5 * confidence;
        let is_there = dof >= 1.0 && confidence > 0.0 && confidence < 1.0;
        let reach = if greatest.is_nan() { 1.0 } else { greatest.abs().clamp(1.0, TABLED) };
        let low = is_there.then(|| {
            Curve::new(-reach, reach, |t| Nodes::new(t, dof).noncentrality(t, upper, dof))
        });
        TLimits { dof, upper, low }
    }

    /// δ_low and δ_high of t, within 1e-6; NaN where t is not finite or the dof are below 1.
    #[must_use]
    pub fn of(&self, t: f64) -> (f64, f64) {
        // P(T <= t; δ) = 1 - P(T <= -t; -δ).
        (self.low(t), -self.low(-t))
    }

    fn low(&self, t: f64) -> f64 {
        match &self.low {
            Some(curve) if curve.has(t) => curve.at(t),
            Some(_) if t.is_finite() => {
                Nodes::new(t, self.dof).noncentrality(t, self.upper, self.dof).0
            }
            _ => f64::NAN,
        }
    }
}
