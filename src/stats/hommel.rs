//! All-resolutions inference: how many true effects any set of voxels holds at least, for all sets at once (Rosenblatt 2018; Goeman, Meijer, Krebs and Solari 2019).
//!
//! With p_(1) <= ... <= p_(m) of the whole mask, Hommel's h is the largest number of tests that may all be null for all that Simes' test says:
//! h = max { i : i p_(m-i+j) > j level for all j = 1..i }. A set S of voxels, chosen in whatever way, then has with confidence 1 - level, all sets together, at least
//!
//! d(S) = max over u of 1 - u + #{ v in S : h p_v <= u level }   (at least 0)
//!
//! true discoveries; d(S) / |S| is its true discovery proportion. Valid where Simes' inequality holds, as for positively dependent tests.
//!
//! h follows in one pass: of each k < m with p_(k) < level the inequality is i < level (m - k) / (level - p_(k)). A p that is not a number is no test. Oracle: nilearn's
//! `_compute_hommel_value` and `_true_positive_fraction`, and the definition itself.

use rayon::prelude::*;

/// Hommel's h of a mask at a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hommel {
    /// h.
    pub h: usize,
    /// Tests.
    pub n: usize,
    /// The level: confidence is 1 - level.
    pub level: f64,
}

impl Hommel {
    /// From the p of all tests, in any order. The level is above 0 and below 1.
    #[must_use]
    pub fn new(p: &[f64], level: f64) -> Hommel {
        let sorted = ascending(p.iter().copied());
        let m = sorted.len();
        let h = match sorted.last() {
            Some(&greatest) if greatest > level => sorted[..m - 1]
                .iter()
                .enumerate()
                .fold(m, |h, (at, &p)| h.min(bound(p, m - 1 - at, level))),
            // Even i = 1 fails: all are discoveries.
            _ => 0,
        };
        Hommel { h, n: m, level }
    }

    /// The least number of true discoveries among voxels with these p.
    #[must_use]
    pub fn discoveries(&self, p: &[f64]) -> usize {
        let mut most = 0_i64;
        for (found, p) in (1_i64..).zip(ascending(p.iter().copied())) {
            // The least u that counts this p and all below it.
            let least_u = (self.h as f64 * p / self.level).ceil().max(1.0);
            most = most.max(1 + found - least_u as i64);
        }
        most as usize
    }

    /// Of these voxels, which part are true discoveries at least; NaN of none.
    #[must_use]
    pub fn proportion(&self, p: &[f64]) -> f64 {
        let n = p.iter().filter(|p| !p.is_nan()).count();
        self.discoveries(p) as f64 / n as f64
    }
}

/// The largest i that the p with `above` tests after it allows.
fn bound(p: f64, above: usize, level: f64) -> usize {
    if p >= level {
        return usize::MAX;
    }
    if p == 0.0 {
        // It rejects every set that it is in, and is in none of the `above` greatest.
        return above;
    }
    // Strictly less.
    ((level * above as f64 / (level - p)).ceil() - 1.0) as usize
}

fn ascending(p: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = p.filter(|p| !p.is_nan()).collect();
    sorted.par_sort_unstable_by(f64::total_cmp);
    sorted
}
