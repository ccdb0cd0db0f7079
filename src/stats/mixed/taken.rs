//! What a correction took out of the parts of data, where its own model C was another than the later X. Part g, with its columns N_g, lost
//! Q_g y, Q_g = N_g (M N_g)^+, M = 1 - C C^+: nothing of what C spans, and of any other signal x of the data Q_g x. So the estimate a'y of
//! an effect is off by -a'Q_g x, other in each part, and white data of equal parts have the covariance s² V, V = Σ w_g (1 - Q_g)(1 - Q_g)'.
//! A later model of some volumes alone has of both the rows of these: each value lost what all volumes of the correction's fit made of it.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::{ROUNDING, beside, unit};
use crate::error::{Error, Result};
use crate::stats::least_squares::{LeastSquares, demeaned, orthonormal_basis, truncated_pinv};

/// What was taken out of each part.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    parts: Vec<Part>,
    /// Volumes of the later model, from 0, ascending.
    kept: Vec<usize>,
    /// Volumes that were corrected.
    n_volumes: usize,
}

/// Q = N R of a part.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    weight: f64,
    /// N of the kept volumes, `[volume][column]`.
    columns: Array2<f64>,
    /// R = (M N)^+ of all that were corrected, `[column][volume]`.
    fit: Array2<f64>,
}

impl Taken {
    /// Of the correction's own model C `[volume][column]` of each part, or one for all, and of the parts' weights, which sum to 1, and columns
    /// `[volume][column]`.
    ///
    /// # Errors
    /// Internal where numbers of rows or parts differ, a value is not finite, or a decomposition fails.
    pub fn of(models: &[Array2<f64>], parts: &[(f64, Array2<f64>)]) -> Result<Taken> {
        let n_volumes = models.first().map_or(0, Array2::nrows);
        let basis = |model: &Array2<f64>| match model.ncols() {
            0 => Ok(Array2::zeros((n_volumes, 0))),
            _ => orthonormal_basis(model.view()),
        };
        let models = models.iter().map(basis).collect::<Result<Vec<_>>>()?;
        if models.len() != 1 && models.len() != parts.len() {
            let found = format!("are {} for {} parts", models.len(), parts.len());
            return Err(Error::internal("models", found, "be one, or one for each part", ""));
        }
        let part = |(at, (weight, columns)): (usize, &(f64, Array2<f64>))| {
            let columns = unit(demeaned(columns.view()));
            let (_, left) = beside(&models[at.min(models.len() - 1)], &columns)?;
            let (fit, _) = truncated_pinv(left.view(), ROUNDING)?;
            Ok(Part { weight: *weight, columns, fit })
        };
        let parts = parts.iter().enumerate().map(part).collect::<Result<_>>()?;
        Ok(Taken { parts, kept: (0..n_volumes).collect(), n_volumes })
    }

    /// a'Q_g x of the part that lost least and of the one that lost most: by how much an estimate a'y of a signal x is too small.
    /// a: `[volume]` of the kept ones, x: of all.
    #[must_use]
    pub fn lost(&self, estimate: ArrayView1<f64>, signal: ArrayView1<f64>) -> (f64, f64) {
        let lost = |part: &Part| estimate.dot(&part.columns.dot(&part.fit.dot(&signal)));
        let ends = |(least, most): (f64, f64), lost: f64| (least.min(lost), most.max(lost));
        self.parts.iter().map(lost).fold((f64::INFINITY, f64::NEG_INFINITY), ends)
    }

    /// a'V a: the variance of an estimate a'y, a `[volume]` of the kept ones, over s².
    #[must_use]
    pub fn variance(&self, estimate: ArrayView1<f64>) -> f64 {
        let mut whole = Array1::zeros(self.n_volumes);
        self.kept.iter().zip(estimate).for_each(|(&volume, &weight)| whole[volume] = weight);
        let of_part = |Part { weight, columns, fit }: &Part| {
            let left = &whole - &fit.t().dot(&columns.t().dot(&estimate));
            weight * left.dot(&left)
        };
        self.parts.iter().map(of_part).sum()
    }

    /// Expected residual sum of squares of a later model of the kept volumes, over s²: tr (1 - X X^+) V.
    #[must_use]
    pub fn residual(&self, later: &LeastSquares) -> f64 {
        let free = later.basis.nrows() as f64 - later.rank as f64;
        let beside = |series: &Array2<f64>| series - &later.basis.dot(&later.basis.t().dot(series));
        let of_part = |Part { weight, columns, fit }: &Part| {
            let left = beside(columns);
            let once = (&left * &fit.select(Axis(1), &self.kept).t()).sum();
            let twice = (&left.t().dot(&left) * &fit.dot(&fit.t())).sum();
            weight * (free - 2.0 * once + twice)
        };
        self.parts.iter().map(of_part).sum()
    }

    /// Of a later model of these alone of the kept volumes.
    pub fn keep_rows(&mut self, rows: &[usize]) {
        for part in &mut self.parts {
            part.columns = part.columns.select(Axis(0), rows);
        }
        self.kept = rows.iter().map(|&row| self.kept[row]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Q_g = N (M N)^+ by the normal equations, one part's columns N and the correction's C.
    fn q(model: &Array2<f64>, columns: &Array2<f64>) -> Array2<f64> {
        let inverse = |a: Array2<f64>| LeastSquares::new(a.view()).expect("columns").pinv;
        let beside = Array2::eye(model.nrows()) - model.dot(&inverse(model.clone()));
        let own = demeaned(columns.view());
        let left = beside.dot(&own);
        own.dot(&inverse(left.t().dot(&left))).dot(&left.t())
    }

    #[test]
    fn a_model_of_some_volumes_lost_what_all_made_of_these() {
        let n = 30;
        let wave = |hz: f64, at: f64| {
            Array2::from_shape_fn((n, 2), |(t, c)| (hz * t as f64 + at + 1.6 * c as f64).sin())
        };
        let model = Array2::from_shape_fn((n, 2), |(t, c)| if c == 0 { 1.0 } else { t as f64 });
        let parts = [(0.6, wave(0.7, 0.0)), (0.4, wave(0.9, 0.4))];
        let kept: Vec<usize> = (0..n).filter(|t| t % 3 != 1).collect();
        let mut taken = Taken::of(std::slice::from_ref(&model), &parts).expect("columns");
        taken.keep_rows(&kept[..10]);
        let mut taken_anew = Taken::of(&[model.clone(), model.clone()], &parts).expect("columns");
        taken_anew.keep_rows(&kept);
        taken_anew.keep_rows(&(0..10).collect::<Vec<_>>());
        assert_eq!(taken, taken_anew, "of what was kept before");

        let kept = &kept[..10];
        let signal = Array1::from_shape_fn(n, |t| f64::from(u8::from(t % 9 < 4)));
        let design = ndarray::concatenate![Axis(1), model, signal.view().insert_axis(Axis(1))];
        let fit = LeastSquares::new(design.select(Axis(0), kept).view()).expect("columns");
        let estimate = fit.pinv.row(2).to_owned();
        let qs: Vec<Array2<f64>> = parts.iter().map(|(_, own)| q(&model, own)).collect();
        let rows = |matrix: Array2<f64>| matrix.select(Axis(0), kept);
        let lost = qs.iter().map(|q| estimate.dot(&rows(q.clone()).dot(&signal)));
        let lost: Vec<f64> = lost.collect();
        let (least, most) = taken.lost(estimate.view(), signal.view());
        assert!((least - lost[0].min(lost[1])).abs() < 1e-12, "{least} {lost:?}");
        assert!((most - lost[0].max(lost[1])).abs() < 1e-12, "{most} {lost:?}");
        assert!(lost.iter().any(|lost| lost.abs() > 1e-3), "{lost:?}");

        let v = qs.iter().zip([0.6, 0.4]).fold(Array2::zeros((10, 10)), |sum, (q, weight)| {
            let left = rows(Array2::eye(n) - q);
            sum + weight * left.dot(&left.t())
        });
        let variance = taken.variance(estimate.view());
        assert!((variance - estimate.dot(&v.dot(&estimate))).abs() < 1e-12, "{variance}");
        let beside = Array2::eye(10) - fit.basis.dot(&fit.basis.t());
        let residual = taken.residual(&fit);
        assert!((residual - beside.dot(&v).diag().sum()).abs() < 1e-9, "{residual}");
    }
}
