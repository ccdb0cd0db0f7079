//! What a correction took out of the parts of data, where its own model C was another than the later X. Part g, with its columns N_g, lost
//! Q_g y, Q_g = N_g (M N_g)^+, M = 1 - C C^+: nothing of what C spans, and of any other signal x of the data Q_g x. So the estimate a'y of
//! an effect is off by -a'Q_g x, other in each part, and white data of equal parts have the covariance s² V, V = Σ w_g (1 - Q_g)(1 - Q_g)'.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::{ROUNDING, beside, unit};
use crate::error::Result;
use crate::stats::least_squares::{LeastSquares, demeaned, orthonormal_basis, truncated_pinv};

/// What was taken out of each part.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    parts: Vec<Part>,
}

/// Q = N R of a part.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    weight: f64,
    /// N, `[volume][column]`.
    columns: Array2<f64>,
    /// R = (M N)^+, `[column][volume]`.
    fit: Array2<f64>,
}

impl Taken {
    /// Of the correction's own model C `[volume][column]`, and of the parts' weights, which sum to 1, and columns `[volume][column]`.
    ///
    /// # Errors
    /// Internal where numbers of rows differ, a value is not finite, or a decomposition fails.
    pub fn of(model: ArrayView2<f64>, parts: &[(f64, Array2<f64>)]) -> Result<Taken> {
        let model = match model.ncols() {
            0 => Array2::zeros((model.nrows(), 0)),
            _ => orthonormal_basis(model)?,
        };
        let part = |(weight, columns): &(f64, Array2<f64>)| {
            let columns = unit(demeaned(columns.view()));
            let (_, left) = beside(&model, &columns)?;
            let (fit, _) = truncated_pinv(left.view(), ROUNDING)?;
            Ok(Part { weight: *weight, columns, fit })
        };
        Ok(Taken { parts: parts.iter().map(part).collect::<Result<_>>()? })
    }

    /// a'Q_g x of the part that lost least and of the one that lost most: by how much an estimate a'y of a signal x is too small.
    /// Both `[volume]`.
    #[must_use]
    pub fn lost(&self, estimate: ArrayView1<f64>, signal: ArrayView1<f64>) -> (f64, f64) {
        let lost = |part: &Part| estimate.dot(&part.columns.dot(&part.fit.dot(&signal)));
        let ends = |(least, most): (f64, f64), lost: f64| (least.min(lost), most.max(lost));
        self.parts.iter().map(lost).fold((f64::INFINITY, f64::NEG_INFINITY), ends)
    }

    /// a'V a: the variance of an estimate a'y, a `[volume]`, over s².
    #[must_use]
    pub fn variance(&self, estimate: ArrayView1<f64>) -> f64 {
        let of_part = |Part { weight, columns, fit }: &Part| {
            let left = &estimate - &fit.t().dot(&columns.t().dot(&estimate));
            weight * left.dot(&left)
        };
        self.parts.iter().map(of_part).sum()
    }

    /// Expected residual sum of squares of a later model, over s²: tr (1 - X X^+) V.
    #[must_use]
    pub fn residual(&self, later: &LeastSquares) -> f64 {
        let free = later.basis.nrows() as f64 - later.rank as f64;
        let beside = |series: &Array2<f64>| series - &later.basis.dot(&later.basis.t().dot(series));
        let of_part = |Part { weight, columns, fit }: &Part| {
            let left = beside(columns);
            let once = (&left * &fit.t()).sum();
            let twice = (&left.t().dot(&left) * &fit.dot(&fit.t())).sum();
            weight * (free - 2.0 * once + twice)
        };
        self.parts.iter().map(of_part).sum()
    }

    /// Of these volumes alone.
    pub fn keep_rows(&mut self, kept: &[usize]) {
        for part in &mut self.parts {
            part.columns = part.columns.select(Axis(0), kept);
            part.fit = part.fit.select(Axis(1), kept);
        }
    }
}
