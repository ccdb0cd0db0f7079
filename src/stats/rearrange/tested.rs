//! What a contrast makes of a design, in the coordinates in which statistics of rearranged data are products.

use ndarray::{Array2, ArrayView2};

use super::{Exchange, subspace};
use crate::error::{Error, Result};
use crate::stats::least_squares::{LeastSquares, orthonormal_basis};
use crate::stats::tails::{z_from_f, z_from_t};

/// 1 - s² is taken as at least a step of f32: statistics stay finite.
const LEAST_LEFT: f64 = f32::EPSILON as f64 / 2.0;

/// A contrast of a design, for data of which Freedman and Lane's method rearranges the residuals given the nuisance.
///
/// With r the residuals of y given the nuisance and u = r / |r|, a rearrangement P has g = Xe' P u, h = Q' P u and the score
/// s = g / sqrt(1 - |h|²) for t (partial correlation, -1..1), s = |g| / sqrt(1 - |h|²) for F (0..1). Then
/// t = s sqrt(dof) / sqrt(1 - s²), F = (s² / q) / ((1 - s²) / dof): both rise with s.
/// Source: Freedman and Lane 1983; Winkler et al. 2014.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// Xe, an orthonormal basis of the contrast's part of the design once the nuisance is taken out, `[row][q]`. With one
    /// column its sign is that of the contrast's estimate.
    pub effect: Array2<f64>,
    /// An orthonormal basis of the nuisance, `[row][nuisance column]`: r = y - N N' y.
    pub nuisance: Array2<f64>,
    /// Q, of the nuisance what some rearrangement moves out of its span; for the rest h = 0.
    pub moved: Array2<f64>,
    /// Rows less the rank of the design.
    pub dof: f64,
    /// Whether the statistic has a sign, t and v, which takes a contrast of one row; F has none ([`Tested::as_f`]).
    pub signed: bool,
    /// Rows of unequal variance: t is then Aspin and Welch's v.
    pub variances: Option<VarianceGroups>,
}

/// Rows that share a variance. They are places: data that move into them take the variance there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarianceGroups {
    /// `[row]` its group, from 0.
    pub group_of: Vec<usize>,
    /// How many there are.
    pub n_groups: usize,
}

impl VarianceGroups {
    /// By any numbers, `[row]`.
    #[must_use]
    pub fn new(numbers: &[usize]) -> VarianceGroups {
        let mut known: Vec<usize> = numbers.to_vec();
        known.sort_unstable();
        known.dedup();
        let group_of = numbers.iter().map(|n| known.partition_point(|k| k < n)).collect();
        VarianceGroups { group_of, n_groups: known.len() }
    }
}

impl Tested {
    /// Of contrast weights `[q][regressor]` of a design `[row][regressor]`.
    ///
    /// # Errors
    /// Usage when the contrast is not estimable, has no effect or leaves no residual, or a variance group has none; internal when
    /// shapes disagree or a decomposition fails.
    pub fn new(
        design: ArrayView2<f64>,
        weights: ArrayView2<f64>,
        exchange: &Exchange,
        variances: Option<VarianceGroups>,
    ) -> Result<Tested> {
        let (n, p) = design.dim();
        let groups = variances.as_ref().map_or(n, |v| v.group_of.len());
        if weights.ncols() != p || exchange.n_rows() != n || groups != n {
            return Err(Error::internal(
                "the contrast",
                format!("has {:?} weights for a design of {:?}", weights.dim(), design.dim()),
                format!("fit {} rows that are exchanged", exchange.n_rows()),
                "",
            ));
        }
        let squares = LeastSquares::new(design)?;
        let estimable = weights.rows().into_iter().all(|row| squares.is_estimable(row));
        let directions = squares.pinv.t().dot(&weights.t());
        if !estimable || weights.iter().all(|&w| w == 0.0) {
            return Err(Error::usage(
                "the contrast",
                if estimable {
                    "is zero throughout"
                } else {
                    "cannot be estimated from the design"
                },
                "weigh effects that the design tells apart",
                "",
            ));
        }
        if squares.rank >= n {
            return Err(Error::usage(
                "the design",
                format!("has rank {} for {n} rows", squares.rank),
                "leave at least one degree of freedom for error",
                "more subjects or fewer columns",
            ));
        }
        let effect = match directions.ncols() {
            1 => {
                let length = directions.iter().map(|v| v * v).sum::<f64>().sqrt();
                directions / length
            }
            _ => orthonormal_basis(directions.view())?,
        };
        let whole = orthonormal_basis(design)?;
        let nuisance = subspace::beside(whole.view(), effect.view())?;
        let moved = subspace::moved(nuisance.view(), exchange)?;
        let dof = (n - squares.rank) as f64;
        let signed = weights.nrows() == 1;
        let tested = Tested { effect, nuisance, moved, dof, signed, variances };
        tested.check_variances()?;
        Ok(tested)
    }

    /// The same by F, whatever its rank: F of one row is t², which has no sign.
    #[must_use]
    pub fn as_f(self) -> Tested {
        Tested { signed: false, ..self }
    }

    /// q, the rank of the contrast.
    #[must_use]
    pub fn q(&self) -> usize {
        self.effect.ncols()
    }

    /// Rows of the data.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.effect.nrows()
    }

    /// The statistic of a score: t, F, or v itself.
    #[must_use]
    pub fn statistic(&self, score: f64) -> f64 {
        if self.variances.is_some() {
            return score;
        }
        let left = (1.0 - score * score).max(LEAST_LEFT);
        match self.signed {
            true => score * (self.dof / left).sqrt(),
            false => score * score / self.q() as f64 * self.dof / left,
        }
    }

    /// The normal deviate of a score, a scale that contrasts of other degrees of freedom or ranks share; v is taken for t.
    #[must_use]
    pub fn z(&self, score: f64) -> f64 {
        let statistic = self.statistic(score);
        match self.signed {
            true => z_from_t(statistic, self.dof),
            false => z_from_f(statistic, self.q() as f64, self.dof),
        }
    }

    /// How far two scores that are equal by algebra may lie apart in f32: each of two sums of products of unit vectors is off by
    /// at most n 2^-24 (Cauchy and Schwarz), q + r of them enter a score; v, which is no correlation, in units of itself.
    #[must_use]
    pub fn slack(&self) -> f32 {
        let columns = match &self.variances {
            Some(variances) => self.q() + self.nuisance.ncols() + variances.n_groups,
            None => self.q() + self.moved.ncols(),
        };
        let n = self.n_rows() as f32 + 2.0;
        2.0 * n * (columns as f32).sqrt() * f32::EPSILON / 2.0
    }

    /// Sum over the rows of each group of the diagonal of R = I - X X^+, `[group]`.
    #[must_use]
    pub fn residual_traces(&self) -> Vec<f64> {
        let Some(variances) = &self.variances else { return vec![self.dof] };
        let mut traces = vec![0.0; variances.n_groups];
        for (row, &group) in variances.group_of.iter().enumerate() {
            let squares = |basis: &Array2<f64>| basis.row(row).iter().map(|v| v * v).sum::<f64>();
            traces[group] += 1.0 - squares(&self.effect) - squares(&self.nuisance);
        }
        traces
    }

    /// Both bases side by side, `[row][column]`, the effect last.
    #[must_use]
    pub fn basis(&self) -> Array2<f64> {
        let mut basis = self.nuisance.clone();
        for column in self.effect.columns() {
            // Rows agree: both are of one design.
            if basis.push_column(column).is_err() {
                basis = self.effect.clone();
            }
        }
        basis.as_standard_layout().into_owned()
    }

    fn check_variances(&self) -> Result<()> {
        if self.variances.is_none() {
            return Ok(());
        }
        if !self.signed {
            return Err(Error::usage(
                "variance groups",
                format!("stand beside an F of rank {}", self.q()),
                "test one row of weights, with its sign",
                "test its rows one by one",
            ));
        }
        match self.residual_traces().iter().position(|&trace| trace < 1e-8) {
            Some(group) => Err(Error::usage(
                format!("variance group {}", group + 1),
                "has no degree of freedom for error",
                "have more rows than the design explains in it",
                "join variance groups",
            )),
            None => Ok(()),
        }
    }

    /// The rows `[row][column]` that decide which rearrangements this contrast tells apart: Xe, and Q after it.
    pub(super) fn rows(&self) -> Array2<f64> {
        let (n, q) = self.effect.dim();
        Array2::from_shape_fn((n, q + self.moved.ncols()), |(row, column)| match column < q {
            true => self.effect[[row, column]],
            false => self.moved[[row, column - q]],
        })
    }
}
