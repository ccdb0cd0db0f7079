//! Fisher's exact test.
//!
//! Given the margins, x1 is hypergeometric: P(x) ~ C(n1, x) C(n0, m - x), m = x1 + x0. Two-sided p is the sum of P over all x with P(x) <= P(x1), where P that differ by rounding alone are equal.
//!
//! Source: Fisher 1935; the two-sided rule of R's `fisher.test` and scipy's `fisher_exact`.

use super::TwoArms;

/// By how much a P may be above the observed one and still count as equal, relative to it: R's.
const SLACK: f64 = 1e-7;

/// The two-sided p. One term at a time from the observed one, by P(x + 1) / P(x) = (n1 - x) (m - x) / ((x + 1) (n0 - m + x + 1)).
pub(super) fn p(arms: &TwoArms) -> f64 {
    let (n1, n0) = (arms.active.n, arms.control.n);
    let m = arms.active.with + arms.control.with;
    let up =
        |x: usize| (n1 - x) as f64 * (m - x) as f64 / ((x + 1) as f64 * (n0 + x + 1 - m) as f64);
    let (least, most) = (m.saturating_sub(n0), n1.min(m));
    // Relative to the observed table, whose term is 1. Far terms vanish, or are beyond doubles: then the rest is nothing beside them.
    let mut terms = vec![1.0];
    let mut term = 1.0;
    for x in arms.active.with..most {
        term *= up(x);
        terms.push(term);
    }
    term = 1.0;
    for x in (least..arms.active.with).rev() {
        term /= up(x);
        terms.push(term);
    }
    let all: f64 = terms.iter().sum();
    let rare: f64 = terms.iter().filter(|&&t| t <= 1.0 + SLACK).sum();
    (rare / all).min(1.0)
}
