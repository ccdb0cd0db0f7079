//! A straight line through one series, and where it reaches a value: the pressure that would be rated 50, with Fieller's limits.
//!
//! y = a + b x + e, b = Sxy / Sxx, a = mean y - b mean x, s^2 = sum e^2 / (n - 2). The x at which the line is y0 is x0 = (y0 - a) / b. Its limits at
//! confidence 1 - α are all x whose y0 the line's own interval holds, (a + b x - y0)^2 <= t^2 s^2 (1/n + (x - mean x)^2 / Sxx) with t the 1 - α/2 quantile
//! of n - 2 dof. With g = t^2 s^2 / (b^2 Sxx):
//!
//! c ± h, c = mean x + (x0 - mean x) / (1 - g), h = t s / (|b| (1 - g)) sqrt((1 - g) / n + (x0 - mean x)^2 / Sxx)
//!
//! Where g >= 1 the slope does not differ from 0 at that level and the limits are no interval: they are unbounded, which is said and never replaced by another
//! interval. Source: Fieller 1954; Draper and Smith 1998, section 3.2. Oracle: the roots of that inequality by `scipy.optimize` (`tests/oracles/curves.py`).

use crate::error::{Error, Result};
use crate::stats::tails::critical_t;

/// Residuals below this share of the spread of y are rounding: the points lie on the line.
const EXACT: f64 = 1e-24;

/// A straight line fitted by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Points.
    pub n: usize,
    /// In units of y per unit of x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Standard deviation of the residuals, in units of y.
    pub residual_sd: f64,
    /// n - 2.
    pub dof: f64,
    /// Of the points.
    pub mean_x: f64,
    /// Sum of squares of x about its mean.
    pub sxx: f64,
}

/// Where a line reaches a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// In units of x.
    pub x: f64,
    /// Fieller's g: the square of the slope's critical t over its t; 1 and above, the limits are unbounded.
    pub g: f64,
    /// Between which x; none: unbounded, the slope does not differ from 0 at this confidence.
    pub limits: Option<(f64, f64)>,
}

impl Line {
    /// Through points (x, y).
    ///
    /// # Errors
    /// Bad data for fewer than 3 points, another number of y than of x, values that are not finite, and x that are all the same.
    pub fn through(x: &[f64], y: &[f64]) -> Result<Line> {
        let n = x.len();
        if n < 3 || y.len() != n || x.iter().chain(y).any(|v| !v.is_finite()) {
            return Err(Error::bad_data(
                "a straight line",
                format!("has {n} x and {} y, or one that is not finite", y.len()),
                "have 3 points or more",
                "give the series more points",
            ));
        }
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n as f64;
        let (mean_x, mean_y) = (mean(x), mean(y));
        let sxx: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
        let largest = x.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        if sxx <= EXACT * largest * largest * n as f64 {
            return Err(Error::bad_data(
                "a straight line",
                format!("has {n} points at one x, {mean_x}"),
                "have points at 2 x or more",
                "give the series other intensities",
            ));
        }
        let sxy: f64 = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let syy: f64 = y.iter().map(|y| (y - mean_y).powi(2)).sum();
        let slope = sxy / sxx;
        let residual = |(x, y): (&f64, &f64)| y - mean_y - slope * (x - mean_x);
        let rss: f64 = x.iter().zip(y).map(residual).map(|e| e * e).sum();
        let rss = if rss <= EXACT * syy { 0.0 } else { rss };
        let dof = (n - 2) as f64;
        Ok(Line {
            n,
            slope,
            intercept: mean_y - slope * mean_x,
            residual_sd: (rss / dof).sqrt(),
            dof,
            mean_x,
            sxx,
        })
    }

    /// Standard error of the slope.
    #[must_use]
    pub fn slope_se(&self) -> f64 {
        self.residual_sd / self.sxx.sqrt()
    }

    /// Where the line is `y`, with Fieller's limits at `confidence` (0.95); none for a line without a slope.
    #[must_use]
    pub fn x_at(&self, y: f64, confidence: f64) -> Option<Reached> {
        if self.slope == 0.0 {
            return None;
        }
        let x = (y - self.intercept) / self.slope;
        let t = critical_t(0.5 * (1.0 - confidence), self.dof);
        let g = (t * self.slope_se() / self.slope).powi(2);
        let from_mean = x - self.mean_x;
        let limits = (g < 1.0).then(|| {
            let centre = self.mean_x + from_mean / (1.0 - g);
            let half = t * self.residual_sd / (self.slope.abs() * (1.0 - g))
                * ((1.0 - g) / self.n as f64 + from_mean * from_mean / self.sxx).sqrt();
            (centre - half, centre + half)
        });
        Some(Reached { x, g, limits })
    }
}
