//! How much a correlation of two series varies that each follow themselves, as published. Conventions to hold others against (`boldly calibrate --connect`):
//! no result of boldly rests on them.
//!
//! With T values of each series, r their correlation, a_k, b_k their autocorrelations at lag k, and c_k, c_-k their cross-correlation on either side:
//!
//! - Bartlett, Bayley and Hammersley: 1 / n = (1 + 2 Σ (1 - k / T) a_k b_k) / T over k < T / 5; z = atanh(r) sqrt(n - 3).
//! - xDF: V = ((T - 1) (1 - r²)² + Σ w_k (r² (a_k² + b_k² + c_k² + c_-k²) - 2 r (a_k + b_k) (c_k + c_-k) + 2 (a_k b_k + c_k c_-k))) / T² with
//!   w_k = T - 1 - k, at least (1 - r²)² / T; z = atanh(r) (1 - r²) / sqrt(V). What stands at and behind the first lag where |a_k| < 1.96 / sqrt(T) is taken
//!   for 0 (adaptive truncation), of c behind the later of both.
//!
//! Source: Bartlett 1946; Bayley and Hammersley 1946 (effective number); Afyouni, Smith and Nichols 2019, equation 1, with its authors' T - 1 in the first term.

use ndarray::{Array1, ArrayView1, s};

/// Quantile .975 of the normal distribution: beyond it an autocorrelation is told from 0.
const TOLD_APART: f64 = 1.959_963_984_540_054;
/// Least and, times T, largest effective number of values.
const EFFECTIVE: [f64; 2] = [4.0, 10.0];

/// A series of mean 0 and mean square 1, and its autocorrelations.
#[derive(Debug, Clone)]
pub struct Standard {
    values: Array1<f64>,
    /// At lags 1 to T - 2.
    own: Vec<f64>,
}

/// What is made of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Pearson's correlation.
    pub r: f64,
    /// Of r; Bartlett's where nothing goes together.
    pub variance: f64,
    /// Normal where nothing goes together.
    pub z: f64,
}

impl Standard {
    /// Of a series `[volume]`; none where it does not vary.
    #[must_use]
    pub fn new(series: ArrayView1<f64>) -> Option<Standard> {
        let mean = series.mean()?;
        let about = series.mapv(|value| value - mean);
        let square = about.dot(&about) / about.len() as f64;
        (square > 0.0).then(|| {
            let values = about / square.sqrt();
            let own = (1..values.len() - 1).map(|k| lagged(&values, &values, k)).collect();
            Standard { values, own }
        })
    }

    /// How many autocorrelations stand before the first that is not told from 0.
    fn told_apart(&self) -> usize {
        let least = TOLD_APART / (self.values.len() as f64).sqrt();
        self.own.iter().take_while(|a| a.abs() > least).count()
    }
}

/// Mean product of a value with that of the other series `k` volumes later, over all T.
fn lagged(x: &Array1<f64>, y: &Array1<f64>, k: usize) -> f64 {
    let n = x.len();
    x.slice(s![..n - k]).dot(&y.slice(s![k..])) / n as f64
}

/// The effective number of values by the product of autocorrelations. Both series have as many volumes.
#[must_use]
pub fn bartlett(x: &Standard, y: &Standard) -> Answer {
    let n = x.values.len();
    let weighted = |k: usize| (1.0 - k as f64 / n as f64) * x.own[k - 1] * y.own[k - 1];
    let inflated = 1.0 + 2.0 * (1..n / 5).map(weighted).sum::<f64>();
    let n = n as f64;
    // A sum below 0 is chance: more than ten times as many values is nothing that a series has.
    let effective = match inflated > 0.0 {
        true => (n / inflated).clamp(EFFECTIVE[0], EFFECTIVE[1] * n),
        false => EFFECTIVE[1] * n,
    };
    let r = lagged(&x.values, &y.values, 0);
    Answer { r, variance: 1.0 / effective, z: r.atanh() * (effective - 3.0).sqrt() }
}

/// xDF with adaptive truncation. Both series have as many volumes.
#[must_use]
pub fn xdf(x: &Standard, y: &Standard) -> Answer {
    let (n, r) = (x.values.len(), lagged(&x.values, &y.values, 0));
    let (of_x, of_y) = (x.told_apart(), y.told_apart());
    let own = |of: &Standard, known: usize, k: usize| if k <= known { of.own[k - 1] } else { 0.0 };
    let term = |k: usize| {
        let (a, b) = (own(x, of_x, k), own(y, of_y, k));
        let (c, d) = (lagged(&x.values, &y.values, k), lagged(&y.values, &x.values, k));
        let squares = r * r * (a * a + b * b + c * c + d * d);
        let weight = (n - 1 - k) as f64;
        weight * (squares - 2.0 * r * (a + b) * (c + d) + 2.0 * (a * b + c * d))
    };
    let sum: f64 = (1..=of_x.max(of_y)).map(term).sum();
    let (n, left) = (n as f64, 1.0 - r * r);
    let least = left * left / n;
    let variance = (((n - 1.0) * left * left + sum) / (n * n)).max(least);
    Answer { r, variance, z: r.atanh() * left / variance.sqrt() }
}
