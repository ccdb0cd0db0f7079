//! A contrast over estimates, voxel by voxel.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::estimates::Estimates;
use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::spec::{Combining, FixedSpec, WeighedSpec};
use crate::stats::least_squares::{LeastSquares, truncated_pinv};

/// What of a variance is rounding.
const ROUNDING: f64 = 1e-10;

/// A contrast, ready for many voxels.
pub(super) struct Question {
    /// X `[estimate][column]`
    design: Array2<f64>,
    /// C `[row][column]`
    weights: Array2<f64>,
    /// C X⁺ `[row][estimate]`
    to_effect: Array2<f64>,
    /// Independent rows.
    pub rank: usize,
    by: Combining,
}

/// Effects of a voxel `[row]`, their covariance, and the statistic.
type Answer = (Array1<f64>, Array2<f64>, f64);

impl Question {
    /// # Errors
    /// Bad data for a contrast that the design does not determine.
    pub fn new(spec: &FixedSpec, contrast: &WeighedSpec) -> Result<Question> {
        let (n, p, q) = (spec.estimates.len(), spec.columns.len(), contrast.weights.len());
        let has_shape = spec.design.len() == n
            && spec.design.iter().chain(&contrast.weights).all(|row| row.len() == p);
        if !has_shape || q == 0 {
            return Err(Error::internal(
                format!("contrast '{}'", contrast.name),
                "does not fit the design of its estimates",
                "have a weight a column",
                "",
            ));
        }
        let design = Array2::from_shape_fn((n, p), |(row, column)| spec.design[row][column]);
        let weights = Array2::from_shape_fn((q, p), |(row, column)| contrast.weights[row][column]);
        let solved = LeastSquares::new(design.view())?;
        if !weights.rows().into_iter().all(|row| solved.is_estimable(row)) {
            return Err(Error::bad_data(
                format!("contrast '{}'", contrast.name),
                format!(
                    "is not determined by {n} estimates and columns {}",
                    spec.columns.join(", ")
                ),
                "be of columns that can be told apart",
                "look at the design: columns may be alike, or 0 in all estimates",
            ));
        }
        let to_effect = weights.dot(&solved.pinv);
        let scale = to_effect.dot(&to_effect.t());
        let largest = scale.diag().iter().fold(0.0, |a: f64, b| a.max(*b));
        let (_, rank) = truncated_pinv(scale.view(), ROUNDING * largest)?;
        Ok(Question { design, weights, to_effect, rank, by: spec.combine })
    }

    /// Put the answers of the voxels that count into maps.
    ///
    /// # Errors
    /// Internal where a voxel's equations cannot be solved.
    pub fn answer(
        &self,
        estimates: &Estimates,
        inside: &[bool],
        maps: &mut ContrastMaps,
    ) -> Result<()> {
        let places: Vec<usize> = (0..inside.len()).filter(|&voxel| inside[voxel]).collect();
        let is_f = maps.stat_kind == Stat::F;
        let of = |&voxel: &usize| {
            let n = estimates.effects.len();
            let y = Array1::from_shape_fn(n, |at| f64::from(estimates.effects[at][voxel]));
            let v = Array1::from_shape_fn(n, |at| f64::from(estimates.variances[at][voxel]));
            self.at(&y, &v, is_f)
        };
        let all: Vec<Answer> =
            places.par_iter().with_min_len(256).map(of).collect::<Result<_>>()?;
        for (voxel, (effect, covariance, stat)) in places.into_iter().zip(all) {
            for row in 0..effect.len() {
                maps.effect[row][voxel] = effect[row];
                maps.variance[row][voxel] = covariance[[row, row]];
            }
            maps.stat[voxel] = stat;
        }
        Ok(())
    }

    fn at(&self, y: &Array1<f64>, v: &Array1<f64>, is_f: bool) -> Result<Answer> {
        let (effect, covariance) = match self.by {
            Combining::Mean => {
                let scaled = &self.to_effect * &v.mapv(f64::sqrt);
                (self.to_effect.dot(y), scaled.dot(&scaled.t()))
            }
            Combining::Precision => self.weighed(y, v)?,
        };
        let stat = if is_f {
            let largest = covariance.diag().iter().fold(0.0, |a: f64, b| a.max(*b));
            let (inverse, _) = truncated_pinv(covariance.view(), ROUNDING * largest)?;
            effect.dot(&inverse.dot(&effect)) / self.rank as f64
        } else {
            effect[0] / covariance[[0, 0]].sqrt()
        };
        Ok((effect, covariance, stat))
    }

    /// By the inverse of each estimate's variance.
    fn weighed(&self, y: &Array1<f64>, v: &Array1<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
        let root = v.mapv(|v| 1.0 / v.sqrt());
        let rooted = &self.design * &root.view().insert_axis(ndarray::Axis(1));
        let (beta, inverse) = if self.design.ncols() == 1 {
            let information: f64 = rooted.iter().map(|x| x * x).sum();
            let along: f64 =
                rooted.column(0).iter().zip(y).zip(&root).map(|((x, y), r)| x * y * r).sum();
            (
                Array1::from_elem(1, along / information),
                Array2::from_elem((1, 1), 1.0 / information),
            )
        } else {
            let solved = LeastSquares::new(rooted.view())?;
            (solved.pinv.dot(&(y * &root)), solved.xtx_inv)
        };
        let covariance = self.weights.dot(&inverse).dot(&self.weights.t());
        Ok((self.weights.dot(&beta), covariance))
    }
}
