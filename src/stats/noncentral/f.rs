//! The noncentral F distribution, and limits of its noncentrality.

use super::curve::{Curve, Node, falling_root};
use crate::stats::tails::{FTail, ln_gamma};

/// Denominator dof above this are taken as this.
const MOST_DOF: f64 = 1e6;
/// F up to which there is a table.
const TABLED: f64 = 4000.0;
/// Poisson weight that is left out.
const LEFT_OUT: f64 = 1e-19;

/// ln of the least term that the sum begins with.
const LEAST_LN: f64 = -600.0;

/// P(F <= f) of λ and what its slopes are made of.
struct Sum {
    cdf: f64,
    /// Σ weight T: minus twice the slope in λ.
    steps: f64,
    /// Σ weight T (ν1/2 + j): f times the slope in f.
    by_order: f64,
}

/// Σ_j e^-h h^j / j! I_y(a + j, b), h = λ/2, a = ν1/2, b = ν2/2, y = ν1 f / (ν1 f + ν2): from the last j down by I_y(a + j, b) = I_y(a + j + 1, b) + T_j,
/// T_j = y^(a+j) (1 - y)^b Γ(a + b + j) / (Γ(a + j + 1) Γ(b)) (Benton and Krishnamoorthy 2003).
fn sum(f: f64, dof1: f64, dof2: f64, lambda: f64) -> Sum {
    let (a, b, h) = (0.5 * dof1, 0.5 * dof2, 0.5 * lambda);
    let odds = dof1 * f / dof2;
    let (ln_y, ln_rest) = (-(1.0 / odds).ln_1p(), -odds.ln_1p());
    let y = ln_y.exp();
    let ln_weight = |j: f64| if j == 0.0 { -h } else { j * h.ln() - h - ln_gamma(j + 1.0) };
    let ln_step = |j: f64| {
        let order = a + j;
        order * ln_y + b * ln_rest + ln_gamma(order + b) - ln_gamma(order + 1.0) - ln_gamma(b)
    };
    // Where λ or f is tiny the later terms are below any double, and nothing could grow from them.
    let mut last = (h + 9.0 * h.sqrt() + 30.0).ceil();
    while last > 0.0 && ln_weight(last).min(ln_step(last)) < LEAST_LN {
        last -= 1.0;
    }
    let order = a + last;
    // Of the beta function after the last: 1 less the tail of the central F.
    let ln_tail = FTail::new(2.0 * (order + 1.0), dof2).ln_sf(odds * b / (order + 1.0));
    let mut beta = -ln_tail.exp_m1();
    let mut step = ln_step(last).exp();
    let mut weight = ln_weight(last).exp();
    let mut found = Sum { cdf: 0.0, steps: 0.0, by_order: 0.0 };
    let mut j = last;
    loop {
        beta += step;
        found.cdf += weight * beta;
        found.steps += weight * step;
        found.by_order += weight * step * (a + j);
        if j == 0.0 || (j < h && weight < LEFT_OUT) {
            return found;
        }
        // T_(j-1) and the weight of j - 1.
        step *= (a + j) / (y * (a + b + j - 1.0));
        weight *= j / h;
        j -= 1.0;
    }
}

/// P(F <= f) of the noncentral F, λ >= 0, within 1e-12; NaN of what is not a number, of dof that are not above 0 and of λ below 0.
#[must_use]
pub fn f_cdf(f: f64, dof1: f64, dof2: f64, lambda: f64) -> f64 {
    let is_there =
        dof1 > 0.0 && dof1.is_finite() && dof2 > 0.0 && lambda >= 0.0 && lambda.is_finite();
    if f.is_nan() || !is_there {
        return f64::NAN;
    }
    if f <= 0.0 || f.is_infinite() {
        return if f > 0.0 { 1.0 } else { 0.0 };
    }
    sum(f, dof1, dof2.min(MOST_DOF), lambda).cdf
}

/// λ of which f is the quantile p, and its slope in ln f; 0 where f is below that of λ = 0.
fn noncentrality(f: f64, dof: (f64, f64), p: f64) -> Node {
    let (dof1, dof2) = dof;
    let mut high = (dof1 * f + 1.0) * 4.0 + 100.0;
    while sum(f, dof1, dof2, high).cdf > p {
        high *= 2.0;
    }
    let lambda = falling_root((0.0, high), dof1 * f, |lambda| {
        let at = sum(f, dof1, dof2, lambda);
        (at.cdf - p, -0.5 * at.steps)
    });
    let at = sum(f, dof1, dof2, lambda);
    (lambda, 2.0 * at.by_order / at.steps)
}

/// Limits of λ for one pair of dof, tabulated over ln F; make it once a map.
#[derive(Debug, Clone)]
pub struct FLimits {
    dof: (f64, f64),
    /// λ_low and λ_high; none where the dof are not above 0.
    limits: Option<[Limit; 2]>,
}

/// One of them.
#[derive(Debug, Clone)]
struct Limit {
    /// The probability that F is the quantile of.
    p: f64,
    /// F at and below which it is 0.
    zero: f64,
    /// Over ln F from there.
    curve: Curve,
}

impl FLimits {
    /// At a confidence (0.95 or, for tests of one side, 0.9), for F up to about `greatest`; what lies beyond is found one by one.
    #[must_use]
    pub fn new(dof1: f64, dof2: f64, confidence: f64, greatest: f64) -> FLimits {
        let dof = (dof1, dof2.min(MOST_DOF));
        let is_there = dof1 > 0.0 && dof1.is_finite() && dof2 > 0.0;
        let is_there = is_there && confidence > 0.0 && confidence < 1.0;
        let half = 0.5 - 0.5 * confidence;
        let limit = |p: f64| {
            let zero = quantile(p, dof);
            let first = zero.ln();
            let last = if greatest.is_nan() { first } else { greatest.min(TABLED).max(zero).ln() };
            let curve =
                Curve::new(first, last.max(first + 1.0), |ln| noncentrality(ln.exp(), dof, p));
            Limit { p, zero, curve }
        };
        FLimits { dof, limits: is_there.then(|| [limit(1.0 - half), limit(half)]) }
    }

    /// λ_low and λ_high of F, within 1e-6 of themselves or of 1; NaN where F is not finite or below 0, or the dof are not above 0.
    #[must_use]
    pub fn of(&self, f: f64) -> (f64, f64) {
        let Some([low, high]) = self.limits.as_ref().filter(|_| f.is_finite() && f >= 0.0) else {
            return (f64::NAN, f64::NAN);
        };
        let of = |limit: &Limit| match f.ln() {
            _ if f <= limit.zero => 0.0,
            ln if limit.curve.has(ln) => limit.curve.at(ln).max(0.0),
            _ => noncentrality(f, self.dof, limit.p).0,
        };
        (of(low), of(high))
    }
}

/// The quantile p of the central F, by bisection of its logarithm.
fn quantile(p: f64, (dof1, dof2): (f64, f64)) -> f64 {
    let tail = FTail::new(dof1, dof2);
    let (mut low, mut high) = (-700.0_f64, 700.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if -tail.ln_sf(middle.exp()).exp_m1() < p { low = middle } else { high = middle }
    }
    high.exp()
}
