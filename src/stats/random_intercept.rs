//! Rows of several groups (the periods of a patient), each group with a level of its own: y = X b + u_group + e, by restricted maximum likelihood.
//!
//! With theta = var u / var e and n_g rows in a group, V_g = I + theta J; a row less lambda_g = 1 - (1 + n_g theta)^-1/2 times its group's mean is independent of the others, so that b is least
//! squares of such rows. theta is where the restricted likelihood's derivative is 0:
//!
//! Σ n_g / (1 + n_g theta) - tr (X' V^-1 X)^-1 Σ x_g x_g' / (1 + n_g theta)² = (N - p) Σ (1' r_g)² / (1 + n_g theta)² / (r' V^-1 r),  x_g = X_g' 1,
//!
//! found among values over 16 decades, and halved to rounding; 0 where the likelihood falls from there on. Source: Laird and Ware 1982; Patterson and Thompson 1971. Oracle: the same
//! likelihood in 40 digits (`tests/trial/crossover.rs`).

use ndarray::{Array1, Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::stats::least_squares::LeastSquares;

/// Steps of log theta at which the derivative's sign is looked at.
const STEPS: usize = 160;

/// The fit.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomIntercept {
    /// Of the design's columns.
    pub beta: Array1<f64>,
    /// Variance between groups over that within.
    pub theta: f64,
}

/// Rows with their groups.
struct Rows<'a> {
    design: ArrayView2<'a, f64>,
    y: &'a [f64],
    groups: Vec<Vec<usize>>,
}

/// Fit `design` `[row][column]` to `y`; `group` of each row. None where columns depend on each other, no degree of freedom is left, or the model fits exactly.
///
/// # Errors
/// Internal where numbers of rows differ, a value is not finite, or a decomposition fails.
pub fn fit(design: ArrayView2<f64>, y: &[f64], group: &[usize]) -> Result<Option<RandomIntercept>> {
    let n = y.len();
    if design.nrows() != n || group.len() != n || y.iter().any(|v| !v.is_finite()) {
        return Err(Error::internal(
            "rows of a mixed model",
            format!("are {n}, with {} of the design and {} groups", design.nrows(), group.len()),
            "be as many, and finite",
            "",
        ));
    }
    let last = group.iter().max().map_or(0, |last| last + 1);
    let mut groups = vec![Vec::new(); last];
    group.iter().enumerate().for_each(|(row, &of)| groups[of].push(row));
    let rows = Rows { design, y, groups };
    if n <= design.ncols() || LeastSquares::new(design)?.rank < design.ncols() {
        return Ok(None);
    }
    let at = |step: usize| 10_f64.powf(-8.0 + 16.0 * step as f64 / STEPS as f64);
    let Some(mut before) = rows.derivative(0.0)? else { return Ok(None) };
    let mut bracket = None;
    let mut below = 0.0;
    for step in 0..=STEPS {
        let Some(here) = rows.derivative(at(step))? else { return Ok(None) };
        // The first maximum: -2 log likelihood falls, then rises.
        if before < 0.0 && here >= 0.0 {
            bracket = Some((below, at(step)));
            break;
        }
        (before, below) = (here, at(step));
    }
    let theta = match bracket {
        None => 0.0,
        Some((mut low, mut high)) => {
            while high - low > 4.0 * f64::EPSILON * high {
                let middle = 0.5 * (low + high);
                match rows.derivative(middle)? {
                    Some(found) if found < 0.0 => low = middle,
                    _ => high = middle,
                }
            }
            0.5 * (low + high)
        }
    };
    Ok(Some(RandomIntercept { beta: rows.solved(theta)?.0, theta }))
}

impl Rows<'_> {
    /// b at a theta, and (X' V^-1 X)^-1.
    fn solved(&self, theta: f64) -> Result<(Array1<f64>, Array2<f64>)> {
        let (mut x, mut y) = (self.design.to_owned(), Array1::from(self.y.to_vec()));
        for own in self.groups.iter().filter(|own| !own.is_empty()) {
            let n = own.len() as f64;
            let lambda = 1.0 - (1.0 + n * theta).sqrt().recip();
            for column in 0..x.ncols() {
                let mean = own.iter().map(|&row| self.design[[row, column]]).sum::<f64>() / n;
                own.iter().for_each(|&row| x[[row, column]] -= lambda * mean);
            }
            let mean = own.iter().map(|&row| self.y[row]).sum::<f64>() / n;
            own.iter().for_each(|&row| y[row] -= lambda * mean);
        }
        let solved = LeastSquares::new(x.view())?;
        Ok((solved.pinv.dot(&y), solved.xtx_inv))
    }

    /// The derivative of -2 log of the restricted likelihood; none where nothing is left of y.
    fn derivative(&self, theta: f64) -> Result<Option<f64>> {
        let (beta, inverse) = self.solved(theta)?;
        let residual: Vec<f64> =
            (0..self.y.len()).map(|row| self.y[row] - self.design.row(row).dot(&beta)).collect();
        let (mut of_v, mut of_x, mut slope, mut left) = (0.0, 0.0, 0.0, 0.0);
        for own in self.groups.iter().filter(|own| !own.is_empty()) {
            let n = own.len() as f64;
            let shrunk = 1.0 + n * theta;
            let x: Array1<f64> = (0..self.design.ncols())
                .map(|column| own.iter().map(|&row| self.design[[row, column]]).sum::<f64>())
                .collect();
            let sum: f64 = own.iter().map(|&row| residual[row]).sum();
            of_v += n / shrunk;
            of_x += x.dot(&inverse.dot(&x)) / (shrunk * shrunk);
            slope += (sum / shrunk).powi(2);
            let squares: f64 = own.iter().map(|&row| residual[row].powi(2)).sum();
            left += squares - theta * sum * sum / shrunk;
        }
        let dof = (self.y.len() - self.design.ncols()) as f64;
        Ok((left > 0.0).then(|| of_v - of_x - dof * slope / left))
    }
}
