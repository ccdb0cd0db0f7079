//! Two arms compared within strata (sites), and the strata put together.
//!
//! With x1 of n1 and x0 of n0 in a stratum of n = n1 + n0 and w = n1 n0 / n:
//!
//! - risk difference R = Σ w (p1 - p0) / Σ w; its variance by Sato, also where strata are many and small:
//!   (R Σ P + Σ Q) / (Σ w)^2,  P = (n1^2 x0 - n0^2 x1 + n1 n0 (n0 - n1) / 2) / n^2,  Q = (x1 (n0 - x0) + x0 (n1 - x1)) / (2 n);
//! - odds ratio Σ x1 (n0 - x0) / n over Σ x0 (n1 - x1) / n, its limits by Robins, Breslow and Greenland;
//! - Cochran, Mantel and Haenszel's test, no correction for continuity.
//!
//! Source: Mantel and Haenszel 1959; Greenland and Robins 1985; Sato 1989 (Biometrics 45:1323); Robins, Breslow and Greenland 1986 (Biometrics 42:311).

use super::{Limits, Ratio, TwoArms, chi_square_p, deviate, on_logarithm};

/// What strata say together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MantelHaenszel {
    /// The risk difference.
    pub difference: Pooled,
    /// The odds ratio; none where the patients that it divides by are none.
    pub odds_ratio: Option<Ratio>,
    /// Chi-squared of one dof of no association in any stratum, and its p; none where no stratum could show any.
    pub test: Option<(f64, f64)>,
    /// Strata that say something: with patients of both arms.
    pub n_strata: usize,
    /// Patients of the strata that say nothing, for want of one arm.
    pub left_out: usize,
}

/// A difference, its standard error and limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// R.
    pub value: f64,
    /// The root of its variance.
    pub se: f64,
    /// R -+ z se.
    pub limits: Limits,
}

/// Sums over strata.
#[derive(Default)]
struct Sums {
    weight: f64,
    weighted: f64,
    p: f64,
    q: f64,
    /// Σ x1 (n0 - x0) / n and Σ x0 (n1 - x1) / n.
    concordant: f64,
    discordant: f64,
    /// The three sums of the variance of the odds ratio's logarithm.
    both_concordant: f64,
    mixed: f64,
    both_discordant: f64,
    observed_less_expected: f64,
    variance: f64,
}

impl Sums {
    fn add(&mut self, stratum: &TwoArms) {
        let [x1, n1] = [stratum.active.with as f64, stratum.active.n as f64];
        let [x0, n0] = [stratum.control.with as f64, stratum.control.n as f64];
        let n = n1 + n0;
        let weight = n1 * n0 / n;
        self.weight += weight;
        self.weighted += weight * (x1 / n1 - x0 / n0);
        self.p += (n1 * n1 * x0 - n0 * n0 * x1 + 0.5 * n1 * n0 * (n0 - n1)) / (n * n);
        self.q += (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2.0 * n);
        let (concordant, discordant) = (x1 * (n0 - x0) / n, x0 * (n1 - x1) / n);
        let (like, unlike) = ((x1 + n0 - x0) / n, (x0 + n1 - x1) / n);
        self.concordant += concordant;
        self.discordant += discordant;
        self.both_concordant += like * concordant;
        self.mixed += like * discordant + unlike * concordant;
        self.both_discordant += unlike * discordant;
        let all = x1 + x0;
        self.observed_less_expected += x1 - all * n1 / n;
        self.variance += all * (n - all) * n1 * n0 / (n * n * (n - 1.0));
    }

    fn odds_ratio(&self, conf: f64) -> Option<Ratio> {
        let (r, s) = (self.concordant, self.discordant);
        let value = r / s;
        let variance = self.both_concordant / (2.0 * r * r)
            + self.mixed / (2.0 * r * s)
            + self.both_discordant / (2.0 * s * s);
        (s > 0.0).then(|| Ratio { value, limits: on_logarithm(value, variance, conf) })
    }
}

impl MantelHaenszel {
    /// From the strata; none where no stratum has patients of both arms.
    #[must_use]
    pub fn of(strata: &[TwoArms], conf: f64) -> Option<MantelHaenszel> {
        let (telling, silent): (Vec<&TwoArms>, Vec<&TwoArms>) =
            strata.iter().partition(|s| s.active.n > 0 && s.control.n > 0);
        let mut sums = Sums::default();
        telling.iter().for_each(|stratum| sums.add(stratum));
        if telling.is_empty() {
            return None;
        }
        let value = sums.weighted / sums.weight;
        // Rounding may leave it below 0 where all strata are all or nothing.
        let se = (value * sums.p + sums.q).max(0.0).sqrt() / sums.weight;
        let half = deviate(conf) * se;
        let chi_square = sums.observed_less_expected.powi(2) / sums.variance;
        Some(MantelHaenszel {
            difference: Pooled {
                value,
                se,
                limits: Limits { low: value - half, high: value + half },
            },
            odds_ratio: sums.odds_ratio(conf),
            test: (sums.variance > 0.0).then(|| (chi_square, chi_square_p(chi_square))),
            n_strata: telling.len(),
            left_out: silent.iter().map(|s| s.active.n + s.control.n).sum(),
        })
    }
}
