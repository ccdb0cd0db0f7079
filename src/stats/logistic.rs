//! Logistic regression of yes and no.
//!
//! ln(p / (1 - p)) = X b, b of greatest likelihood by Newton's steps (iteratively reweighted least squares), its covariance (X' diag(p (1 - p)) X)^-1. Where a plane through the
//! columns parts yes from no the likelihood has no maximum (b grows without end): no fit, rather than the numbers of the last step.
//!
//! Source: McCullagh and Nelder 1989, ch. 4; Albert and Anderson 1984 for separation. Oracle: statsmodels' `Logit` (`tests/oracles/counts.py`).

use ndarray::{Array1, Array2, ArrayView2};

use super::least_squares::LeastSquares;
use crate::error::Result;

/// Newton's steps: some 6 are needed, and of what is parted each makes the predictor a little larger without end.
const MOST_STEPS: usize = 40;
/// The largest change of X b that ends them: the next step would be the square of it.
const SMALL: f64 = 1e-9;

/// A fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// b, `[regressor]`, in log odds per unit.
    pub beta: Array1<f64>,
    /// Its covariance, `[regressor][regressor]`.
    pub covariance: Array2<f64>,
    /// ln of the likelihood at b.
    pub ln_likelihood: f64,
}

impl Logistic {
    /// Fit a design `[row][regressor]` to who responds `[row]`; none where there is no maximum, or columns are not independent.
    ///
    /// # Errors
    /// As [`LeastSquares::new`].
    pub fn fit(design: ArrayView2<f64>, responds: &[bool]) -> Result<Option<Logistic>> {
        let y = Array1::from_iter(responds.iter().map(|&yes| f64::from(u8::from(yes))));
        let mut beta = Array1::zeros(design.ncols());
        for _ in 0..MOST_STEPS {
            let p = design.dot(&beta).mapv(|eta| 1.0 / (1.0 + (-eta).exp()));
            let root = p.mapv(|p| (p * (1.0 - p)).sqrt());
            if root.iter().any(|&root| root == 0.0) {
                return Ok(None);
            }
            let weighted = Array2::from_shape_fn(design.dim(), |(i, j)| root[i] * design[[i, j]]);
            let solved = LeastSquares::new(weighted.view())?;
            if solved.rank < design.ncols() {
                return Ok(None);
            }
            let step = solved.pinv.dot(&((&y - &p) / &root));
            beta += &step;
            let change = design.dot(&step).iter().fold(0.0, |most: f64, v| most.max(v.abs()));
            if change < SMALL {
                let ln_likelihood = ln_likelihood(design, &beta, responds);
                return Ok(Some(Logistic { beta, covariance: solved.xtx_inv, ln_likelihood }));
            }
        }
        Ok(None)
    }
}

fn ln_likelihood(design: ArrayView2<f64>, beta: &Array1<f64>, responds: &[bool]) -> f64 {
    let eta = design.dot(beta);
    // ln p = -ln(1 + e^-eta), ln(1 - p) = -ln(1 + e^eta).
    let one = |(&eta, &yes): (&f64, &bool)| -(if yes { -eta } else { eta }).exp().ln_1p();
    eta.iter().zip(responds).map(one).sum()
}
