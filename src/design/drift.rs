//! Slow drift of the signal as design columns.
//!
//! DCT-II: column k = sqrt(2/n) cos(pi k (v + 1/2) / n), v = 0..n, k = 1..K, K = floor(2 n TR / cutoff), at most n - 1: all
//! cosines of a period of `cutoff` seconds or more. Same columns and count as SPM and nilearn (high_pass = 1/cutoff).
//! Polynomial: nilearn's: powers 0..order of the frame time over the last one, each less its projection on those before it, without
//! power 0, which is the constant.
//! Legendre: P_1..P_order on -1..1 over the run (AFNI's polort); they span the same.

use crate::error::{Error, Result};
use ndarray::{Array1, Array2};

/// A drift model. The constant is not part of it; every design has one.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// Discrete cosines with periods of `cutoff_s` seconds or more.
    Cosine {
        /// Longest period kept in the data, in seconds.
        cutoff_s: f64,
    },
    /// nilearn's orthogonalised powers 1 to `order` of the frame times.
    Polynomial {
        /// Highest degree.
        order: usize,
    },
    /// Legendre polynomials of degree 1 to `order`.
    Legendre {
        /// Highest degree; none: AFNI's `A`, 1 + whole part of (the run's seconds / 150).
        order: Option<usize>,
    },
    /// Nothing but the constant.
    None,
}

impl Default for Drift {
    /// Cosines at 128 s, as in SPM.
    fn default() -> Drift {
        Drift::Cosine { cutoff_s: 128.0 }
    }
}

impl Drift {
    /// With AFNI's rule for the order settled for a run of `n_volumes` volumes `tr` seconds apart.
    #[must_use]
    pub fn settled(self, n_volumes: usize, tr: f64) -> Drift {
        match self {
            Drift::Legendre { order: None } => {
                let order = 1 + (n_volumes as f64 * tr / SECONDS_A_DEGREE).floor() as usize;
                Drift::Legendre { order: Some(order) }
            }
            settled => settled,
        }
    }
}

/// Seconds of a run for which AFNI takes one degree more.
const SECONDS_A_DEGREE: f64 = 150.0;

/// The drift columns `[volume][k]` of `n_volumes` volumes `tr` seconds apart, the first at 0 s; they are named `drift_1..`.
///
/// # Errors
/// Usage: a cutoff not above 0, or one that leaves no volume for anything else.
pub fn columns(drift: Drift, n_volumes: usize, tr: f64) -> Result<Array2<f64>> {
    columns_from(drift, n_volumes, tr, 0.0)
}

/// [`columns`] of a run whose first frame time is `start_s` seconds; only nilearn's polynomials depend on it, but not what they span.
///
/// # Errors
/// As [`columns`].
pub fn columns_from(drift: Drift, n_volumes: usize, tr: f64, start_s: f64) -> Result<Array2<f64>> {
    match drift.settled(n_volumes, tr) {
        Drift::None => Ok(Array2::zeros((n_volumes, 0))),
        Drift::Cosine { cutoff_s } => {
            if cutoff_s.is_nan() || cutoff_s <= 0.0 {
                return Err(Error::usage(
                    "the drift cutoff",
                    format!("is {cutoff_s} s"),
                    "be above 0",
                    "128 is usual; --drift none leaves drift out",
                ));
            }
            // `floor` of a float beyond usize saturates.
            let count = (2.0 * n_volumes as f64 * tr / cutoff_s).floor() as usize;
            refuse_saturation(count, n_volumes, &format!("a cutoff of {cutoff_s} s"))?;
            let n = n_volumes as f64;
            Ok(Array2::from_shape_fn((n_volumes, count), |(v, k)| {
                let angle = std::f64::consts::PI / n * (v as f64 + 0.5) * (k as f64 + 1.0);
                (2.0 / n).sqrt() * angle.cos()
            }))
        }
        Drift::Polynomial { order } => {
            refuse_saturation(order, n_volumes, &format!("drift order {order}"))?;
            Ok(powers(order, n_volumes, tr, start_s))
        }
        Drift::Legendre { order } => {
            let order = order.unwrap_or_default();
            refuse_saturation(order, n_volumes, &format!("drift order {order}"))?;
            let last = n_volumes.saturating_sub(1).max(1) as f64;
            Ok(Array2::from_shape_fn((n_volumes, order), |(v, k)| {
                legendre(k + 1, 2.0 * v as f64 / last - 1.0)
            }))
        }
    }
}

/// Powers 1..=order of the frame time over the last one, each less its projection on all of lower degree. Legendre polynomials of these times
/// span the lower degrees without loss of digits.
fn powers(order: usize, n_volumes: usize, tr: f64, start_s: f64) -> Array2<f64> {
    let time = |v: usize| start_s + v as f64 * tr;
    let last = time(n_volumes.saturating_sub(1));
    let steps = n_volumes.saturating_sub(1).max(1) as f64;
    let mut lower: Vec<Array1<f64>> = Vec::new();
    let mut columns = Array2::zeros((n_volumes, order));
    for degree in 0..=order {
        let power = |v: usize| if last == 0.0 { 0.0 } else { (time(v) / last).powi(degree as i32) };
        let mut column: Array1<f64> = (0..n_volumes).map(power).collect();
        let mut next: Array1<f64> =
            (0..n_volumes).map(|v| legendre(degree, 2.0 * v as f64 / steps - 1.0)).collect();
        for _ in 0..2 {
            for unit in &lower {
                for column in [&mut column, &mut next] {
                    let weight = unit.dot(column);
                    column.scaled_add(-weight, unit);
                }
            }
        }
        let length = next.dot(&next).sqrt();
        lower.push(next / length);
        if degree > 0 {
            columns.column_mut(degree - 1).assign(&column);
        }
    }
    columns
}

fn refuse_saturation(count: usize, n_volumes: usize, asked: &str) -> Result<()> {
    if count == 0 || count.saturating_add(1) < n_volumes {
        return Ok(());
    }
    Err(Error::usage(
        asked,
        format!("gives {count} drift columns for {n_volumes} volumes"),
        "leave volumes for the task",
        "take a longer cutoff or a lower order",
    ))
}

/// P_degree(x) by Bonnet's recurrence.
fn legendre(degree: usize, x: f64) -> f64 {
    if degree == 0 {
        return 1.0;
    }
    let (mut before, mut value) = (1.0, x);
    for k in 1..degree {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
    }
    value
}
