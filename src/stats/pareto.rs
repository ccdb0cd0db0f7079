//! A generalised-Pareto tail of a permutation distribution, for p-values below what its count of rearrangements can resolve (Knijnenburg 2009; Winkler 2016).
//!
//! Of n values of the null the m largest are taken, u the next one, and P(X > x) = m/n (1 + ξ (x - u) / σ)^(-1/ξ), ξ and σ by maximum likelihood over the profile
//! ξ(θ) = mean ln(1 + θ (x - u)), σ = ξ / θ (Grimshaw 1993), ξ at least -1/2, below which that has no regular maximum. It is begun with a quarter of the values, and the threshold
//! u raised by a hundredth of them until Anderson and Darling's test no longer rejects the fit at .05 (Choulakian and Stephens 2001, for fitted parameters). Where it still does with 30 values
//! left there is no tail, and p is the count's.
//!
//! p is given where the count's is below .1 and x above u. A fitted tail with ξ < 0 ends; and n values say nothing of what is a thousand times rarer than 1 in n: p is never
//! below 1 / (1000 n), so that it is never 0. Oracle: scipy.stats.genpareto (`tests/oracles/group_p.py`).

mod quality;

use quality::{anderson_darling, p_of};

/// The least number of values a tail is fitted to.
const LEAST: usize = 30;
/// The count's p above which it needs no help.
const RESOLVED: f64 = 0.1;
/// Level of the test of the fit.
const LEVEL: f64 = 0.05;
/// The least shape.
const LEAST_SHAPE: f64 = -0.5;

/// A fitted tail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoTail {
    /// u, in units of the statistic.
    pub threshold: f64,
    /// The values it was fitted to.
    pub fit: Fit,
    /// How many values there are in all.
    pub n: usize,
    /// The value that a tenth of all exceed.
    tenth: f64,
}

/// Maximum likelihood of values above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// m.
    pub n: usize,
    /// ξ: above 0 the tail is a power, at 0 exponential, below 0 it ends at -σ / ξ.
    pub shape: f64,
    /// σ, in units of the values.
    pub scale: f64,
    /// Anderson and Darling's A².
    pub a_square: f64,
    /// Its p: small where the values are not of such a law. Between .001 and .5, beyond which the table does not tell.
    pub goodness: f64,
}

impl ParetoTail {
    /// The tail of a null distribution `[rearrangement]` in any order, large values being extreme. None of fewer than 120 values, where one is not finite, and where no
    /// threshold gives a fit that passes.
    #[must_use]
    pub fn fit(null: &[f64]) -> Option<ParetoTail> {
        let n = null.len();
        if n < 4 * LEAST || null.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut falling = null.to_vec();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let tenth = falling[(RESOLVED * n as f64) as usize];
        let mut m = n / 4;
        while m >= LEAST {
            let threshold = falling[m];
            // Values equal to the threshold do not exceed it.
            let above: Vec<f64> =
                falling[..m].iter().map(|v| v - threshold).take_while(|v| *v > 0.0).collect();
            if above.len() >= LEAST {
                let fit = Fit::of(&above);
                if fit.goodness > LEVEL {
                    return Some(ParetoTail { threshold, fit, n, tenth });
                }
            }
            m -= (n / 100).max(1);
        }
        None
    }

    /// P(X >= x); none where the count serves.
    #[must_use]
    pub fn p(&self, x: f64) -> Option<f64> {
        let n = self.n as f64;
        let is_beyond = x > self.threshold && x > self.tenth;
        let share = self.fit.n as f64 / n;
        is_beyond.then(|| (share * self.fit.sf(x - self.threshold)).max(1e-3 / n))
    }
}

impl Fit {
    /// The law of values above 0, the largest first.
    ///
    /// # Panics
    /// Of no value.
    #[must_use]
    pub fn of(falling: &[f64]) -> Fit {
        let theta = most_likely(falling);
        let (shape, scale) = parameters(falling, theta);
        let law = Fit { n: falling.len(), shape, scale, a_square: 0.0, goodness: 0.0 };
        let a_square = anderson_darling(falling, |x| law.sf(x));
        Fit { a_square, goodness: p_of(a_square, shape), ..law }
    }

    /// P(X > x).
    #[must_use]
    pub fn sf(&self, x: f64) -> f64 {
        if self.shape == 0.0 {
            return (-x / self.scale).exp();
        }
        let reach = self.shape * x / self.scale;
        if reach <= -1.0 { 0.0 } else { (-reach.ln_1p() / self.shape).exp() }
    }
}

/// ξ and σ of θ = ξ / σ.
fn parameters(values: &[f64], theta: f64) -> (f64, f64) {
    let mean =
        |of: &dyn Fn(f64) -> f64| values.iter().map(|&x| of(x)).sum::<f64>() / values.len() as f64;
    if theta == 0.0 {
        return (0.0, mean(&|x| x));
    }
    let shape = mean(&|x| (theta * x).ln_1p());
    (shape, shape / theta)
}

/// The θ of greatest likelihood: the best of a grid in units of the largest value, and a golden section about it.
fn most_likely(falling: &[f64]) -> f64 {
    // Minus the logarithm of the likelihood, a value: ln σ + ξ + 1; the constraint is its wall.
    let minus = |theta: f64| {
        let (shape, scale) = parameters(falling, theta);
        if shape >= LEAST_SHAPE { scale.ln() + shape } else { f64::INFINITY }
    };
    let largest = falling[0];
    let below = (0..24).map(|k| -1.0 + 1e-6 * 10_f64.powf(0.25 * f64::from(k)));
    let above = (0..30).map(|k| 0.01 * 10_f64.powf(0.2 * f64::from(k)));
    let grid: Vec<f64> = below.chain([0.0]).chain(above).map(|theta| theta / largest).collect();
    let value = |at: usize| minus(grid[at]);
    let best = (0..grid.len()).min_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or(0);
    let (mut low, mut high) = (grid[best.saturating_sub(1)], grid[(best + 1).min(grid.len() - 1)]);
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (minus(a), minus(b));
    for _ in 0..60 {
        // Left of the wall both are infinite, and the way is right.
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = minus(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = minus(b);
        }
    }
    if at_b.is_finite() { b } else { high }
}
