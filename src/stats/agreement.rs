//! Whether a measure gives the same value twice: the intraclass correlation for absolute agreement of single measurements, ICC(A,1).
//!
//! n subjects by k occasions; MSR, MSC and MSE are the mean squares between subjects, between occasions and of what is left:
//!
//! ICC(A,1) = (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n)
//!
//! A shift of all subjects between occasions lowers it, as it should where a value is to be the same again. Limits by Satterthwaite's dof. Source: McGraw and Wong
//! 1996, tables 4 and 7 (Shrout and Fleiss's ICC(2,1)). Oracle: pingouin (`tests/oracles/curves.py`).

use crate::error::{Error, Result};
use crate::stats::tails::critical_f;

/// ICC(A,1) with its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Subjects.
    pub n: usize,
    /// Occasions.
    pub k: usize,
    /// The estimate; it may fall below 0.
    pub icc: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// Of `values` `[subject][occasion]`, limits at `confidence` (0.95); none where nothing varies.
///
/// # Errors
/// Bad data for fewer than 2 subjects or occasions, rows of unequal length, and values that are not finite.
pub fn agreement(values: &[Vec<f64>], confidence: f64) -> Result<Option<Agreement>> {
    let (n, k) = (values.len(), values.first().map_or(0, Vec::len));
    let is_off = |row: &Vec<f64>| row.len() != k || row.iter().any(|v| !v.is_finite());
    if n < 2 || k < 2 || values.iter().any(is_off) {
        return Err(Error::bad_data(
            "an intraclass correlation",
            format!("has {n} subjects by {k} occasions, or a value that is missing"),
            "have 2 subjects or more, each with the same 2 occasions or more",
            "leave out subjects that lack an occasion",
        ));
    }
    let (subjects, occasions) = (n as f64, k as f64);
    let grand = values.iter().flatten().sum::<f64>() / (subjects * occasions);
    let of_row: Vec<f64> = values.iter().map(|r| r.iter().sum::<f64>() / occasions).collect();
    let of_column: Vec<f64> =
        (0..k).map(|c| values.iter().map(|r| r[c]).sum::<f64>() / subjects).collect();
    let squares = |means: &[f64]| means.iter().map(|m| (m - grand).powi(2)).sum::<f64>();
    let msr = occasions * squares(&of_row) / (subjects - 1.0);
    let msc = subjects * squares(&of_column) / (occasions - 1.0);
    let left = values.iter().zip(&of_row).flat_map(|(row, mean)| {
        row.iter().zip(&of_column).map(move |(v, of_column)| v - mean - of_column + grand)
    });
    let mse = left.map(|e| e * e).sum::<f64>() / ((subjects - 1.0) * (occasions - 1.0));
    let denominator = msr + (occasions - 1.0) * mse + occasions * (msc - mse) / subjects;
    if denominator.is_nan() || denominator <= 0.0 || msr + msc + mse == 0.0 {
        return Ok(None);
    }
    let icc = (msr - mse) / denominator;
    let (low, high) = limits(icc, (subjects, occasions), (msr, msc, mse), confidence);
    Ok(Some(Agreement { n, k, icc, low, high }))
}

/// McGraw and Wong's, table 7, case 2A. `(n, k)`, `(MSR, MSC, MSE)`.
fn limits(
    icc: f64,
    (n, k): (f64, f64),
    (msr, msc, mse): (f64, f64, f64),
    confidence: f64,
) -> (f64, f64) {
    if icc >= 1.0 {
        return (1.0, 1.0);
    }
    let a = k * icc / (n * (1.0 - icc));
    let b = 1.0 + k * icc * (n - 1.0) / (n * (1.0 - icc));
    let dof = (a * msc + b * mse).powi(2)
        / ((a * msc).powi(2) / (k - 1.0) + (b * mse).powi(2) / ((n - 1.0) * (k - 1.0)));
    let level = 0.5 * (1.0 - confidence);
    let (above, below) = (critical_f(level, n - 1.0, dof), critical_f(level, dof, n - 1.0));
    let rest = k * msc + (k * n - k - n) * mse;
    let low = n * (msr - above * mse) / (above * rest + n * msr);
    let high = n * (below * msr - mse) / (rest + n * below * msr);
    (low, high)
}
