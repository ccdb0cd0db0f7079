//! p-values adjusted for many tests: what level each test would be found at, were that the level asked for.
//!
//! With p_(1) <= ... <= p_(n):
//!
//! - Benjamini and Hochberg 1995 (false discovery rate, independent or positively dependent tests): min over k >= i of p_(k) n / k
//! - Benjamini and Yekutieli 2001 (any dependence): that times Σ 1/k, k from 1 to n
//! - Bonferroni (family-wise): n p
//! - Holm 1979 (family-wise, never below in power): max over k <= i of p_(k) (n - k + 1)
//!
//! each at most 1. A p that is not a number is no test: it is not counted in n, and stays what it is. Oracle: scipy.stats.false_discovery_control and
//! statsmodels (`tests/oracles/group_p.py`).

use rayon::prelude::*;

/// What is held at the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// The false discovery rate of independent or positively dependent tests.
    BenjaminiHochberg,
    /// The false discovery rate whatever the dependence.
    BenjaminiYekutieli,
    /// The family-wise error rate.
    Bonferroni,
    /// The family-wise error rate, step by step.
    Holm,
}

/// The adjusted p of each p, in their order.
#[must_use]
pub fn adjusted(p: &[f64], adjustment: Adjustment) -> Vec<f64> {
    let tests = (0_u32..).zip(p).filter(|(_, p)| !p.is_nan());
    let mut order: Vec<(f64, u32)> = tests.map(|(at, &p)| (p, at)).collect();
    order.par_sort_unstable_by(|(p, a), (other, b)| p.total_cmp(other).then(a.cmp(b)));
    let n = order.len() as f64;
    let mut adjusted = vec![f64::NAN; p.len()];
    // Rank i from 1 on and its p.
    let sorted = (1_u32..).zip(&order).map(|(rank, &(_, at))| (f64::from(rank), at as usize));
    match adjustment {
        Adjustment::BenjaminiHochberg | Adjustment::BenjaminiYekutieli => {
            let any = adjustment == Adjustment::BenjaminiYekutieli;
            let factor = if any { (1..=order.len()).map(|k| 1.0 / k as f64).sum() } else { 1.0 };
            let mut least = 1.0_f64;
            for (rank, at) in sorted.collect::<Vec<_>>().into_iter().rev() {
                least = least.min(p[at] * (n / rank) * factor);
                adjusted[at] = least;
            }
        }
        Adjustment::Bonferroni => sorted.for_each(|(_, at)| adjusted[at] = (n * p[at]).min(1.0)),
        Adjustment::Holm => {
            let mut most = 0.0_f64;
            for (rank, at) in sorted {
                most = most.max(p[at] * (n - rank + 1.0));
                adjusted[at] = most.min(1.0);
            }
        }
    }
    adjusted
}

/// The largest p that is found at a level, its adjusted p being at most that; none where nothing is.
#[must_use]
pub fn cutoff(p: &[f64], adjusted: &[f64], level: f64) -> Option<f64> {
    let found = p.iter().zip(adjusted).filter(|(_, adjusted)| **adjusted <= level);
    found.map(|(p, _)| *p).reduce(f64::max)
}
