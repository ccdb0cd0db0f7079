//! Upper tails of t, F and the normal in log space: ln P(X > x), and the z of the same tail.
//!
//! p-values of imaging statistics leave the range of a double (1e-308) long before they stop being of interest, so
//! every tail is a natural logarithm and z is found from it without forming p.
//! The t and F tails are the regularised incomplete beta function:
//! P(F > f) = I_x(d2/2, d1/2) with x = d2 / (d2 + d1 f), and P(t > u) = I_x(dof/2, 1/2) / 2 with f = u^2, u > 0.
//!
//! Source: DiDonato and Morris 1992 (ACM TOMS 708) for the continued fraction of I_x; Loader 2000 for its
//! prefactor by Stirling errors; Shepherd and Laframboise 1981 for erfcx; Wichura 1988 (AS 241) for the normal
//! quantile. Oracle: mpmath with 50 digits (`tests/oracles/tails.py`).
//!
//! Undefined input (a NaN, dof not above 0) gives NaN. An infinite denominator dof counts as [`MAX_DOF`].

mod beta;
mod gamma;
mod normal;
mod table;

pub use gamma::ln_gamma;
pub use normal::{ln_sf_normal, z_from_ln_sf};
pub use table::TTable;

use beta::LnBetaTail;
use std::f64::consts::LN_2;

/// Degrees of freedom above this are taken as this: t is then normal to within 1e-9 of ln p up to |t| = 9, and d1 F
/// chi-squared.
pub const MAX_DOF: f64 = 1e12;

/// The upper tail of Student's t for one dof; make it once a map.
#[derive(Debug, Clone)]
pub struct TTail {
    f: FTail,
}

/// The upper tail of F for one pair of dof; make it once a map.
#[derive(Debug, Clone)]
pub struct FTail {
    dof1: f64,
    dof2: f64,
    /// I_x(dof2/2, dof1/2); none when the dof are not positive numbers.
    beta: Option<LnBetaTail>,
}

/// Which side of the median's neighbourhood a statistic lies on.
enum Side {
    /// ln P(F > f), accurate where P is below about 0.6.
    Upper(f64),
    /// ln P(F <= f), accurate where P(F > f) is above about 0.05.
    Lower(f64),
}

impl FTail {
    /// Prepare for numerator dof `dof1` and denominator dof `dof2` (fractions are fine). Dof that are NaN or not
    /// above 0 make every tail NaN.
    #[must_use]
    pub fn new(dof1: f64, dof2: f64) -> FTail {
        // Not `min`, which would turn a NaN into the bound.
        let bounded = |dof: f64| if dof > MAX_DOF { MAX_DOF } else { dof };
        let (dof1, dof2) = (bounded(dof1), bounded(dof2));
        let beta = (dof1 > 0.0 && dof2 > 0.0).then(|| LnBetaTail::new(0.5 * dof2, 0.5 * dof1));
        FTail { dof1, dof2, beta }
    }

    /// ln P(F > f). 0 at f <= 0, minus infinity at infinity.
    #[must_use]
    pub fn ln_sf(&self, f: f64) -> f64 {
        match self.side(f, || f.ln()) {
            Side::Upper(ln_sf) => ln_sf,
            Side::Lower(ln_cdf) => (-ln_cdf.exp()).ln_1p(),
        }
    }

    /// The normal deviate with the same upper tail: infinite at f = infinity, minus infinity at f <= 0.
    #[must_use]
    pub fn z(&self, f: f64) -> f64 {
        match self.side(f, || f.ln()) {
            Side::Upper(ln_sf) => z_from_ln_sf(ln_sf),
            Side::Lower(ln_cdf) => -z_from_ln_sf(ln_cdf),
        }
    }

    /// [`FTail::z`] and [`FTail::ln_sf`] for the price of one.
    #[must_use]
    pub fn z_and_ln_sf(&self, f: f64) -> (f64, f64) {
        match self.side(f, || f.ln()) {
            Side::Upper(ln_sf) => (z_from_ln_sf(ln_sf), ln_sf),
            Side::Lower(ln_cdf) => (-z_from_ln_sf(ln_cdf), (-ln_cdf.exp()).ln_1p()),
        }
    }

    /// The tail of f, with ln f given because f itself may have overflowed.
    #[inline]
    fn side(&self, f: f64, ln_f: impl Fn() -> f64) -> Side {
        let Some(beta) = &self.beta else { return Side::Upper(f64::NAN) };
        if f.is_nan() {
            return Side::Upper(f64::NAN);
        }
        if f <= 0.0 {
            return Side::Lower(f64::NEG_INFINITY);
        }
        // Far out P is a power of f: I_x(a, b) = x^a / (a B(a, b)) (1 + O(x)).
        let far = 1e30 * (self.dof2 / self.dof1).max(1.0);
        if f <= far {
            return self.near_side(beta, f, ln_f);
        }
        match self.near_side(beta, far, || far.ln()) {
            Side::Upper(ln_sf) => Side::Upper(ln_sf - 0.5 * self.dof2 * (ln_f() - far.ln())),
            lower => lower,
        }
    }

    /// The tail of a positive f that is not extreme.
    #[inline]
    fn near_side(&self, beta: &LnBetaTail, f: f64, ln_f: impl Fn() -> f64) -> Side {
        let total = self.dof2 + self.dof1 * f;
        let (x, y) = (self.dof2 / total, self.dof1 * f / total);
        // x and y over their means, as logarithms without cancellation near f = 1.
        let mean_x = self.dof1 * (1.0 - f) / total;
        let mean_y = self.dof2 * (f - 1.0) / total;
        let ln_ratio_x = if mean_x.abs() < 0.5 {
            mean_x.ln_1p()
        } else {
            ((self.dof1 + self.dof2) / total).ln()
        };
        let ln_ratio_y = if mean_y.abs() < 0.5 {
            mean_y.ln_1p()
        } else {
            ln_f() + ((self.dof1 + self.dof2) / total).ln()
        };
        let (upper, ln_p) = beta.ln_tail(x, y, ln_ratio_x, ln_ratio_y);
        if upper { Side::Upper(ln_p) } else { Side::Lower(ln_p) }
    }
}

impl TTail {
    /// Prepare for `dof` degrees of freedom (fractions are fine). NaN or not above 0 makes every tail NaN.
    #[must_use]
    pub fn new(dof: f64) -> TTail {
        TTail { f: FTail::new(1.0, dof) }
    }

    /// ln P(T > t), for either sign of t.
    #[must_use]
    pub fn ln_sf(&self, t: f64) -> f64 {
        match (self.side(t), t > 0.0) {
            // P(T > |t|) = P(F > t^2) / 2.
            (Side::Upper(ln_both), true) => ln_both - LN_2,
            (Side::Upper(ln_both), false) => (-0.5 * ln_both.exp()).ln_1p(),
            (Side::Lower(ln_within), true) => (-ln_within.exp()).ln_1p() - LN_2,
            (Side::Lower(ln_within), false) => ln_within.exp().ln_1p() - LN_2,
        }
    }

    /// The normal deviate with the same upper tail; `z(-t) == -z(t)` exactly.
    #[must_use]
    pub fn z(&self, t: f64) -> f64 {
        let z = match self.side(t) {
            Side::Upper(ln_both) => z_from_ln_sf(ln_both - LN_2),
            Side::Lower(ln_within) => normal::z_from_half_minus_sf(0.5 * ln_within.exp()),
        };
        if t < 0.0 { -z } else { z }
    }

    /// [`TTail::z`] and [`TTail::ln_sf`] for the price of one.
    #[must_use]
    pub fn z_and_ln_sf(&self, t: f64) -> (f64, f64) {
        let (z, ln_upper, upper) = match self.side(t) {
            Side::Upper(ln_both) => {
                let ln_upper = ln_both - LN_2;
                (z_from_ln_sf(ln_upper), ln_upper, ln_upper.exp())
            }
            Side::Lower(ln_within) => {
                let q = 0.5 * ln_within.exp();
                (normal::z_from_half_minus_sf(q), (-2.0 * q).ln_1p() - LN_2, 0.5 - q)
            }
        };
        if t < 0.0 { (-z, (-upper).ln_1p()) } else { (z, ln_upper) }
    }

    /// The two-sided tail P(|T| > |t|) or its complement.
    fn side(&self, t: f64) -> Side {
        let t = t.abs();
        self.f.side(t * t, || 2.0 * t.ln())
    }
}

/// ln P(T > t) of Student's t with `dof` degrees of freedom. For a whole map make a [`TTail`] once.
#[must_use]
pub fn ln_sf_t(t: f64, dof: f64) -> f64 {
    TTail::new(dof).ln_sf(t)
}

/// ln P(F > f) with `dof1` and `dof2` degrees of freedom. For a whole map make an [`FTail`] once.
#[must_use]
pub fn ln_sf_f(f: f64, dof1: f64, dof2: f64) -> f64 {
    FTail::new(dof1, dof2).ln_sf(f)
}

/// The F that is exceeded with probability `level`, by bisection.
#[must_use]
pub fn critical_f(level: f64, dof1: f64, dof2: f64) -> f64 {
    let tail = FTail::new(dof1, dof2);
    let (mut low, mut high) = (0.0, 1e6);
    // Few dof or small levels lie further out.
    while tail.ln_sf(high) > level.ln() && high < 1e300 {
        (low, high) = (high, 1e3 * high);
    }
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if tail.ln_sf(middle) > level.ln() { low = middle } else { high = middle }
    }
    high
}

/// The t that is exceeded with probability `level`, up to 1/2.
#[must_use]
pub fn critical_t(level: f64, dof: f64) -> f64 {
    critical_f(2.0 * level, 1.0, dof).sqrt()
}

/// The normal deviate with the upper tail of t. For a whole map make a [`TTail`] once.
#[must_use]
pub fn z_from_t(t: f64, dof: f64) -> f64 {
    TTail::new(dof).z(t)
}

/// The normal deviate with the upper tail of F. For a whole map make an [`FTail`] once.
#[must_use]
pub fn z_from_f(f: f64, dof1: f64, dof2: f64) -> f64 {
    FTail::new(dof1, dof2).z(f)
}
