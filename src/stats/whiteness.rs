//! Whether residuals are white once they are whitened: Ljung and Box's idea with the moments that a design leaves.
//!
//! With u the residuals of the whitened model, M = I - QQ' what projects on them, of rank v, and A_k the symmetric matrix for which
//! u'A_k u = Σ u_t u_(t+k): white noise has, whatever its variance (Durbin & Watson 1950, exact for normal noise)
//!
//! c_k = u'A_k u / u'u,  E c_k = tr(M A_k) / v,  cov(c_j, c_k) = 2 (v tr(M A_j M A_k) - tr(M A_j) tr(M A_k)) / (v² (v + 2)),
//!
//! and X = (c - E c)' cov⁻¹ (c - E c) is near chi-squared with a degree of freedom a lag. Ljung & Box (1978) have E c = 0 and
//! cov = (n - k) / (n (n + 2)), which holds without a design: drift and task columns alone make its residuals look correlated.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

use crate::stats::tails::critical_f;

/// Lags that are looked at, where there are five volumes for each.
pub const LAGS: usize = 10;
/// The share of white residuals that are called correlated.
pub const LEVEL: f64 = 0.05;

/// What a whitened design leaves of white noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    mean: Array1<f64>,
    /// L of cov = L L'.
    factor: Array2<f64>,
}

impl Expected {
    /// Of the orthonormal columns Q of a whitened design, `[volume][column]`; none where too few volumes are left.
    #[must_use]
    pub fn of(q: ArrayView2<f64>) -> Option<Expected> {
        let (n, rank) = q.dim();
        let lags = LAGS.min(n / 5);
        let v = n.checked_sub(rank).filter(|&v| lags > 0 && v > lags + 2)? as f64;
        // A_k Q, and Q'A_k Q.
        let shifted = |lag: usize| {
            let mut to = Array2::zeros((n, rank));
            to.slice_mut(s![lag.., ..]).scaled_add(0.5, &q.slice(s![..n - lag, ..]));
            to.slice_mut(s![..n - lag, ..]).scaled_add(0.5, &q.slice(s![lag.., ..]));
            to
        };
        let moved: Vec<Array2<f64>> = (1..=lags).map(shifted).collect();
        let within: Vec<Array2<f64>> = moved.iter().map(|moved| q.t().dot(moved)).collect();
        let trace = |lag: usize| -within[lag].diag().sum();
        let product = |a: &Array2<f64>, b: &Array2<f64>| a.flatten().dot(&b.flatten());
        let joint = |j: usize, k: usize| {
            let own = if j == k { (n - (k + 1)) as f64 / 2.0 } else { 0.0 };
            own - 2.0 * product(&moved[j], &moved[k]) + product(&within[j], &within[k])
        };
        let cov = Array2::from_shape_fn((lags, lags), |(j, k)| {
            2.0 * (v * joint(j, k) - trace(j) * trace(k)) / (v * v * (v + 2.0))
        });
        let mean = (0..lags).map(|lag| trace(lag) / v).collect();
        Some(Expected { mean, factor: cholesky(&cov)? })
    }

    /// Lags that are looked at.
    #[must_use]
    pub fn lags(&self) -> usize {
        self.mean.len()
    }

    /// X of residuals u `[volume]`; 0 where there are none.
    #[must_use]
    pub fn statistic(&self, u: ArrayView1<f64>) -> f64 {
        let square = u.dot(&u);
        if square <= 0.0 {
            return 0.0;
        }
        let n = u.len();
        let mut z = Array1::zeros(self.lags());
        for lag in 0..self.lags() {
            let c = u.slice(s![lag + 1..]).dot(&u.slice(s![..n - lag - 1])) / square;
            let before: f64 = (0..lag).map(|j| self.factor[[lag, j]] * z[j]).sum();
            z[lag] = (c - self.mean[lag] - before) / self.factor[[lag, lag]];
        }
        z.dot(&z)
    }
}

/// Above this X residuals are called correlated; `fitted`: how many parameters of the noise were found at the voxel itself.
#[must_use]
pub fn critical(lags: usize, fitted: usize) -> f64 {
    let dof = lags.saturating_sub(fitted).max(1) as f64;
    // F with endless degrees of freedom below.
    dof * critical_f(LEVEL, dof, 1e9)
}

fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let n = matrix.nrows();
    let mut factor = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| factor[[i, k]] * factor[[j, k]]).sum();
            let left = matrix[[i, j]] - sum;
            factor[[i, j]] = if i == j { left.sqrt() } else { left / factor[[j, j]] };
        }
        if factor[[i, i]].is_nan() || factor[[i, i]] <= 0.0 {
            return None;
        }
    }
    Some(factor)
}

/// The orthonormal columns of a whitened basis `[volume][column]`, and a whitened series without what they explain. Columns of
/// a basis that was orthonormal stay far from dependent.
#[must_use]
pub fn residual(mut basis: Array2<f64>, mut series: Array1<f64>) -> (Array2<f64>, Array1<f64>) {
    for j in 0..basis.ncols() {
        let (before, mut rest) = basis.view_mut().split_at(ndarray::Axis(1), j);
        let mut column = rest.column_mut(0);
        for _ in 0..2 {
            for earlier in before.columns() {
                let share = earlier.dot(&column);
                column.scaled_add(-share, &earlier);
            }
        }
        let size = column.dot(&column).sqrt();
        column.mapv_inplace(|v| if size > 0.0 { v / size } else { 0.0 });
    }
    for column in basis.columns() {
        let share = column.dot(&series);
        series.scaled_add(-share, &column);
    }
    (basis, series)
}

/// First-order autoregressive whitening of columns `[volume][column]` in place: row t less r times the row before, r = rho^gap, over
/// sqrt(1 - r²). `gaps`: volumes since the one before, `[volume]`; `scaled`: whether rows are divided, which nilearn leaves out.
pub fn whiten_ar1(columns: &mut Array2<f64>, gaps: &[usize], rho: f64, scaled: bool) {
    for t in (1..columns.nrows()).rev() {
        let r = rho.powi(gaps[t] as i32);
        let (above, mut below) = columns.view_mut().split_at(ndarray::Axis(0), t);
        let mut row = below.row_mut(0);
        row.scaled_add(-r, &above.row(t - 1));
        if scaled {
            row.mapv_inplace(|v| v / (1.0 - r * r).sqrt());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::least_squares::orthonormal_basis;

    /// Normal deviates by Box and Muller from a congruential stream.
    fn normal(seed: u64, n: usize) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let two = |u: f64, v: f64| (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        (0..n).map(|_| two(uniform(), uniform())).collect()
    }

    /// A constant, slow cosines and a block design.
    fn design(n: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, 14), |(t, j)| {
            let place = (t as f64 + 0.5) / n as f64;
            if j == 13 {
                f64::from(u8::from(t / 8 % 2 == 0))
            } else {
                (std::f64::consts::PI * j as f64 * place).cos()
            }
        })
    }

    #[test]
    fn the_mean_and_covariance_are_those_of_white_noise_after_the_design() {
        let (n, draws) = (60, 4000);
        let q = orthonormal_basis(design(n).view()).expect("a basis");
        let expected = Expected::of(q.view()).expect("enough volumes");
        let lags = expected.lags();
        let mut sums = Array1::<f64>::zeros(lags);
        let mut products = Array2::<f64>::zeros((lags, lags));
        for draw in 0..draws {
            let e = Array1::from_vec(normal(draw + 1, n));
            let u = &e - &q.dot(&q.t().dot(&e));
            let c: Array1<f64> = (1..=lags)
                .map(|k| u.slice(s![k..]).dot(&u.slice(s![..n - k])) / u.dot(&u))
                .collect();
            products += &Array2::from_shape_fn((lags, lags), |(j, k)| c[j] * c[k]);
            sums += &c;
        }
        let mean = sums / draws as f64;
        let cov = &expected.factor.dot(&expected.factor.t());
        for j in 0..lags {
            let error = (cov[[j, j]] / draws as f64).sqrt();
            assert!((mean[j] - expected.mean[j]).abs() < 4.0 * error, "{mean} {}", expected.mean);
            for k in 0..lags {
                let got = products[[j, k]] / draws as f64 - mean[j] * mean[k];
                let error = (cov[[j, j]] * cov[[k, k]] * 2.0 / draws as f64).sqrt();
                assert!((got - cov[[j, k]]).abs() < 4.0 * error, "{j} {k}: {got} {}", cov[[j, k]]);
            }
        }
    }

    #[test]
    fn one_in_twenty_whitened_series_is_called_correlated_and_most_that_are_not_whitened() {
        let n = 120;
        let kept: Vec<usize> = (0..n).map(|t| t + t / 30 * 3).collect();
        let gaps: Vec<usize> =
            (0..n).map(|t| if t == 0 { 0 } else { kept[t] - kept[t - 1] }).collect();
        let basis = orthonormal_basis(design(n).view()).expect("a basis");
        let share = |rho: f64, used: f64| {
            let mut whitened = basis.clone();
            whiten_ar1(&mut whitened, &gaps, used, true);
            let (q, _) = residual(whitened, Array1::zeros(n));
            let expected = Expected::of(q.view()).expect("enough volumes");
            let limit = critical(expected.lags(), 0);
            let found = (0..1000_u64).filter(|&draw| {
                let noise = normal(draw + 77, n);
                let mut y = Array2::zeros((n, 1));
                y[[0, 0]] = noise[0];
                for t in 1..n {
                    let r = rho.powi(gaps[t] as i32);
                    y[[t, 0]] = r * y[[t - 1, 0]] + (1.0 - r * r).sqrt() * noise[t];
                }
                whiten_ar1(&mut y, &gaps, used, true);
                let u = y.column(0).to_owned();
                let u = &u - &q.dot(&q.t().dot(&u));
                expected.statistic(u.view()) > limit
            });
            found.count() as f64 / 1000.0
        };
        // sqrt(.05 * .95 / 1000) = .007
        for rho in [0.0, 0.4, 0.7] {
            let got = share(rho, rho);
            assert!((got - LEVEL).abs() < 0.025, "rho {rho}: {got}");
        }
        assert!(share(0.4, 0.0) > 0.6, "{}", share(0.4, 0.0));
    }

    #[test]
    fn nilearns_rows_are_not_divided_and_gaps_count() {
        let column = || Array2::from_shape_vec((3, 1), vec![1.0, 2.0, 4.0]).expect("a column");
        let mut plain = column();
        whiten_ar1(&mut plain, &[0, 1, 2], 0.5, false);
        assert_eq!(plain.as_slice(), Some(&[1.0, 1.5, 3.5][..]));
        let mut scaled = column();
        whiten_ar1(&mut scaled, &[0, 1, 2], 0.5, true);
        let want = [1.0, 1.5 / 0.75_f64.sqrt(), 3.5 / 0.9375_f64.sqrt()];
        scaled.iter().zip(want).for_each(|(got, want)| assert!((got - want).abs() < 1e-14));
    }
}
