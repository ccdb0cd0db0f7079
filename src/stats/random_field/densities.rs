//! How many clusters, holes and handles a resel holds: Euler characteristic densities.
//!
//! Worsley 1996 (Human Brain Mapping 4: 58), table 2, in dimensions 0 to 3; ρ_0 is the tail itself. Oracle: the same densities from Taylor's Gaussian
//! kinematic formula, in which ρ_d is (4 ln 2 / 2 π)^(d/2) times the d-th derivative of the probability of a tube (`tests/oracles/group_fields.py`).

use std::f64::consts::{LN_2, PI};

use crate::stats::tails::{FTail, TTail, ln_gamma, ln_sf_normal};

/// What a statistic is at each voxel where there is no effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field {
    /// Standard normal.
    Z,
    /// Student's t.
    T {
        /// Degrees of freedom.
        dof: f64,
    },
    /// Chi-squared.
    ChiSquare {
        /// Degrees of freedom.
        dof: f64,
    },
    /// F.
    F {
        /// Of the numerator.
        dof1: f64,
        /// Of the denominator.
        dof2: f64,
    },
}

impl Field {
    /// ln P(X > x) at one voxel.
    #[must_use]
    pub fn ln_sf(&self, x: f64) -> f64 {
        match *self {
            Field::Z => ln_sf_normal(x),
            Field::T { dof } => TTail::new(dof).ln_sf(x),
            Field::ChiSquare { dof } => FTail::new(dof, f64::INFINITY).ln_sf(x / dof),
            Field::F { dof1, dof2 } => FTail::new(dof1, dof2).ln_sf(x),
        }
    }

    /// ρ_0 to ρ_3 above x, a resel of each dimension. Chi-squared and F that are not above 0 are exceeded everywhere: 1, 0, 0, 0.
    #[must_use]
    pub fn densities(&self, x: f64) -> [f64; 4] {
        let own = self.ln_sf(x).exp();
        let [one, two, three] = match *self {
            Field::Z => {
                let e = (-0.5 * x * x).exp();
                normalised([e, x * e, (x * x - 1.0) * e])
            }
            Field::T { dof } => {
                let e = (-0.5 * (dof - 1.0) * (x * x / dof).ln_1p()).exp();
                let plane =
                    (ln_gamma(0.5 * (dof + 1.0)) - ln_gamma(0.5 * dof)).exp() / (0.5 * dof).sqrt();
                normalised([e, plane * x * e, ((dof - 1.0) / dof * x * x - 1.0) * e])
            }
            _ if x <= 0.0 => [0.0; 3],
            Field::ChiSquare { dof } => {
                let ln = 0.5 * (dof - 1.0) * x.ln()
                    - 0.5 * x
                    - 0.5 * (dof - 2.0) * LN_2
                    - ln_gamma(0.5 * dof);
                let root = x.sqrt();
                let three = x * x - (2.0 * dof - 1.0) * x + (dof - 1.0) * (dof - 2.0);
                scaled(ln, [1.0, (x - (dof - 1.0)) / root, three / x])
            }
            Field::F { dof1: k, dof2: v } => {
                let y = k * x / v;
                let ln = 0.5 * (k - 1.0) * y.ln()
                    - 0.5 * (v + k - 2.0) * y.ln_1p()
                    - ln_gamma(0.5 * v)
                    - ln_gamma(0.5 * k);
                let gamma = |less: f64| {
                    (ln_gamma(0.5 * (v + k - less)) - ln_gamma(0.5 * (v + k - 1.0))).exp()
                };
                let ln = ln + ln_gamma(0.5 * (v + k - 1.0)) + 0.5 * LN_2;
                let two = ((v - 1.0) * y - (k - 1.0)) / y.sqrt();
                let three = (v - 1.0) * (v - 2.0) * y * y - (2.0 * v * k - v - k - 1.0) * y
                    + (k - 1.0) * (k - 2.0);
                scaled(ln, [1.0, gamma(2.0) * two / 2.0_f64.sqrt(), gamma(3.0) * three / (2.0 * y)])
            }
        };
        [own, one, two, three]
    }
}

/// (4 ln 2)^(d/2) / (2 π)^((d+1)/2) times each.
fn normalised(of: [f64; 3]) -> [f64; 3] {
    let [one, two, three] = of.map(|v| v / (2.0 * PI).sqrt());
    scaled(0.0, [one, two, three])
}

/// (4 ln 2 / 2 π)^(d/2) e^ln times each.
fn scaled(ln: f64, of: [f64; 3]) -> [f64; 3] {
    let step = (4.0 * LN_2 / (2.0 * PI)).sqrt();
    let e = ln.exp();
    [step * e * of[0], step.powi(2) * e * of[1], step.powi(3) * e * of[2]]
}
