//! What is left of columns that were taken out of data before the data were mixed. Each part g of the data lost the span of its own
//! columns N_g, and then every value became a mixture of parts. With X the columns of a later model, M = I - X X^+ and P_g the projection on
//! M N_g, white data of equal parts have the expected residual sum of squares s² tr M (1 - P), P = Σ w_g P_g.
//!
//! P has eigenvalues between 0 and 1: how much of a direction was lost. Those above a half become columns U of the model, and the rest is
//! degrees of freedom: tr P = Σ rank P_g w_g were lost, Σ λ of them in the span of U, so that the residual sum of squares on [X U] is
//! s² (n - rank X - rank U - (tr P - Σ λ)).

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use super::least_squares::orthonormal_basis;
use super::principal::PrincipalComponents;
use crate::error::{Error, Result};

/// A direction that lost more than this becomes a column.
const LOST: f64 = 0.5;
/// Singular values up to this share of the largest are rounding: squares are decomposed.
const ROUNDING: f64 = 1e-7;

/// What is left of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// U, orthonormal, orthogonal to X, the most lost first, `[volume][column]`.
    pub columns: Array2<f64>,
    /// λ of each.
    pub lost: Vec<f64>,
    /// tr P: degrees of freedom lost beside X.
    pub spent: f64,
}

impl Mixed {
    /// Of the parts' columns `[volume][column]` and their weights, which sum to 1; `known`: X.
    ///
    /// # Errors
    /// Internal where numbers of rows differ, a value is not finite, or a decomposition fails.
    pub fn of(known: ArrayView2<f64>, parts: &[(f64, Array2<f64>)]) -> Result<Mixed> {
        let n = known.nrows();
        let x = match known.ncols() {
            0 => Array2::zeros((n, 0)),
            _ => orthonormal_basis(known)?,
        };
        let (mut spent, mut bases) = (0.0, Vec::new());
        for (weight, columns) in parts {
            let own = beside(&x, columns)?;
            spent += weight * own.ncols() as f64;
            bases.push(own * weight.sqrt());
        }
        let views: Vec<ArrayView2<f64>> = bases.iter().map(|basis| basis.view()).collect();
        let all = concatenate(Axis(1), &views)
            .map_err(|e| Error::internal("columns", "cannot be joined", "", "").caused_by(e))?;
        let (columns, values) = left_singular(&all)?;
        let kept = values.iter().take_while(|&&value| value * value > LOST).count();
        let columns = columns.slice(s![.., ..kept]).to_owned();
        let lost = values[..kept].iter().map(|value| (value * value).min(1.0)).collect();
        Ok(Mixed { columns, lost, spent })
    }

    /// Degrees of freedom that no column stands for.
    #[must_use]
    pub fn alone(&self) -> f64 {
        (self.spent - self.lost.iter().sum::<f64>()).max(0.0)
    }
}

/// An orthonormal basis of what the columns have beside the orthonormal `x`.
fn beside(x: &Array2<f64>, columns: &Array2<f64>) -> Result<Array2<f64>> {
    if columns.nrows() != x.nrows() {
        return Err(Error::internal("columns", "are of other volumes", "be of the run's", ""));
    }
    let mut left = columns.to_owned();
    for mut column in left.columns_mut() {
        let norm = column.dot(&column).sqrt();
        column.mapv_inplace(|v| v / if norm > 0.0 { norm } else { 1.0 });
    }
    left = &left - &x.dot(&x.t().dot(&left));
    let (basis, values) = left_singular(&left)?;
    let kept = values.iter().take_while(|&&value| value > ROUNDING).count();
    Ok(basis.slice(s![.., ..kept]).to_owned())
}

/// Left singular vectors and singular values, falling, by the smaller of the two products.
fn left_singular(matrix: &Array2<f64>) -> Result<(Array2<f64>, Vec<f64>)> {
    let (n, p) = matrix.dim();
    if n <= p {
        let found = PrincipalComponents::of(matrix.dot(&matrix.t()).view())?;
        return Ok((found.series, found.singular_values));
    }
    let found = PrincipalComponents::of(matrix.t().dot(matrix).view())?;
    let mut left = matrix.dot(&found.series);
    for (mut column, &value) in left.columns_mut().into_iter().zip(&found.singular_values) {
        column.mapv_inplace(|v| if value > ROUNDING { v / value } else { 0.0 });
    }
    Ok((left, found.singular_values))
}

/// A series sampled every volume, read `shift` volumes later: its trend goes along, the rest by its Fourier series, zeros behind its ends (as
/// slice-time correction does).
#[must_use]
pub fn shifted(columns: &Array2<f64>, shift: f64) -> Array2<f64> {
    let n = columns.nrows();
    if shift == 0.0 || n < 2 {
        return columns.clone();
    }
    let middle = (n as f64 - 1.0) / 2.0;
    let spread: f64 = (0..n).map(|t| (t as f64 - middle).powi(2)).sum();
    let period = 2 * n;
    // The Dirichlet kernel of an even number of samples.
    let weight = |t: usize, u: usize| {
        let x = std::f64::consts::PI * (t as f64 + shift - u as f64);
        let half = x / period as f64;
        if half.sin().abs() < 1e-12 { 1.0 } else { x.sin() / (period as f64 * half.tan()) }
    };
    let weights = Array2::from_shape_fn((n, n), |(t, u)| weight(t, u));
    let mut shifted = columns.clone();
    for mut column in shifted.columns_mut() {
        let mean = column.sum() / n as f64;
        let slope = column.iter().enumerate().map(|(t, v)| (t as f64 - middle) * v).sum::<f64>();
        let trend = |at: f64| mean + slope / spread * (at - middle);
        column.indexed_iter_mut().for_each(|(t, v)| *v -= trend(t as f64));
        let moved = weights.dot(&column);
        column.assign(&moved);
        column.indexed_iter_mut().for_each(|(t, v)| *v += trend(t as f64 + shift));
    }
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(n: usize, hz: f64, at: f64) -> Array2<f64> {
        Array2::from_shape_fn((n, 2), |(t, c)| {
            (std::f64::consts::TAU * hz * (t as f64 + at) + c as f64 * std::f64::consts::FRAC_PI_2)
                .sin()
        })
    }

    fn constant(n: usize) -> Array2<f64> {
        Array2::ones((n, 1))
    }

    #[test]
    fn what_all_parts_lost_becomes_columns_and_what_one_lost_is_counted() {
        let n = 40;
        // one period at other phases is one span; the third part lost another one
        let parts =
            [(0.4, waves(n, 0.1, 0.0)), (0.4, waves(n, 0.1, 0.3)), (0.2, waves(n, 0.2, 0.0))];
        let found = Mixed::of(constant(n).view(), &parts).expect("columns");
        assert_eq!(found.lost.len(), 2, "{found:?}");
        assert!(found.lost.iter().all(|lost| (lost - 0.8).abs() < 1e-9), "{:?}", found.lost);
        assert!((found.spent - 2.0).abs() < 1e-9 && (found.alone() - 0.4).abs() < 1e-9);
        let outside = &parts[1].1 - &found.columns.dot(&found.columns.t().dot(&parts[1].1));
        assert!(outside.iter().all(|v| v.abs() < 1e-6), "the span of the two");
        // what the model has anyway was not lost beside it
        let known = ndarray::concatenate![Axis(1), constant(n), waves(n, 0.1, 0.7)];
        let found = Mixed::of(known.view(), &parts).expect("columns");
        assert!(found.lost.is_empty() && (found.spent - 0.4).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_shifted_wave_is_the_wave_at_the_later_time_away_from_the_ends() {
        let n = 200;
        let trend = |t: f64| 3.0 + 0.02 * t;
        let mut wave = waves(n, 0.13, 0.0);
        wave.indexed_iter_mut().for_each(|((t, _), v)| *v += trend(t as f64));
        let (moved, want) = (shifted(&wave, 0.37), waves(n, 0.13, 0.37));
        for t in 60..140 {
            let off = moved[[t, 0]] - want[[t, 0]] - trend(t as f64 + 0.37);
            assert!(off.abs() < 0.02, "{off} at {t}");
        }
    }
}
