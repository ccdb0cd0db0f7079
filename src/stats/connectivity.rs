//! How series that nuisance columns N were taken out of go together: r_ab = e_a'e_b / (|e_a| |e_b|), e = (1 - N N⁺) y.
//!
//! With nu = n - rank N - 1 (n the volumes that are kept): t = r sqrt(nu / (1 - r²)) is that of a as a column beside N in the regression of b, so that r is
//! the exact partial correlation given N; z = atanh r, its standard error 1 / sqrt(nu - 1). Given q other series too, r is that of the inverse of
//! the matrix, and q more are spent. All of it supposes that what N leaves is white.
//!
//! Source: Fisher 1924 (partial correlation and its degrees of freedom); Davey 2013 for N of a band.

use ndarray::{Array2, ArrayView2};

use super::dense;

/// The share of a series that all others must leave of it.
const NOTHING: f64 = 1e-9;
/// The largest |r|: beyond it two series are one, and atanh is infinite.
pub const LARGEST: f64 = 1.0 - 1e-12;

/// r of each pair of `series` `[region][volume]` that have mean 0, `[region][region]`, 1 with itself; NaN beside one that is 0 throughout or not known.
#[must_use]
pub fn correlations(series: ArrayView2<f64>) -> Array2<f64> {
    let products = series.dot(&series.t());
    let length: Vec<f64> = products.diag().iter().map(|square| square.sqrt()).collect();
    Array2::from_shape_fn(products.dim(), |(a, b)| {
        let of_both = length[a] * length[b];
        match (of_both > 0.0, a == b) {
            (true, true) => 1.0,
            (true, false) => (products[[a, b]] / of_both).clamp(-1.0, 1.0),
            _ => f64::NAN,
        }
    })
}

/// What each series, as the one column beside N, explains of each other: e_a'e_b / e_a'e_a, `[column a][series b]`; NaN as [`correlations`].
#[must_use]
pub fn slopes(series: ArrayView2<f64>) -> Array2<f64> {
    let products = series.dot(&series.t());
    Array2::from_shape_fn(products.dim(), |(a, b)| match products[[a, a]] > 0.0 {
        true => products[[a, b]] / products[[a, a]],
        false => f64::NAN,
    })
}

/// r of each pair given all others, by the inverse of their correlations `[region][region]`, all known; none where these are not independent.
#[must_use]
pub fn partial(r: ArrayView2<f64>) -> Option<Array2<f64>> {
    let n = r.nrows();
    let inverse = dense::inverse(n, |a, b| r[[a, b]])?;
    // The inverse of a diagonal value is the share that the others leave of it.
    let is_known = (0..n).all(|a| inverse[(a, a)].is_finite() && inverse[(a, a)] < 1.0 / NOTHING);
    is_known.then(|| {
        Array2::from_shape_fn((n, n), |(a, b)| match a == b {
            true => 1.0,
            false => {
                let (a, b) = (a.max(b), a.min(b));
                -inverse[(a, b)] / (inverse[(a, a)] * inverse[(b, b)]).sqrt()
            }
        })
    })
}

/// Fisher's z.
#[must_use]
pub fn fisher_z(r: f64) -> f64 {
    r.clamp(-LARGEST, LARGEST).atanh()
}

/// The standard error of Fisher's z; NaN where nothing is left to find it by.
#[must_use]
pub fn standard_error(nu: f64) -> f64 {
    if nu > 1.0 { 1.0 / (nu - 1.0).sqrt() } else { f64::NAN }
}

/// The standard error of the mean of values, such as runs' Fisher z, that count alike, of their own: the root of the sum of their squares over their number.
#[must_use]
pub fn mean_error(own: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = own.len() as f64;
    own.map(|se| se.powi(2)).sum::<f64>().sqrt() / n
}

/// t of a correlation.
#[must_use]
pub fn t(r: f64, nu: f64) -> f64 {
    let r = r.clamp(-LARGEST, LARGEST);
    r * (nu / (1.0 - r * r)).sqrt()
}

/// Both tails of a t; `ln_sf`: ln P(T > t).
#[must_use]
pub fn p_two_sided(t: f64, ln_sf: impl Fn(f64) -> f64) -> f64 {
    if t.is_nan() { f64::NAN } else { (2.0 * ln_sf(t.abs()).exp()).min(1.0) }
}
