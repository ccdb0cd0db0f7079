//! A contrast over cells as what it is within subjects, times what it is between them.

use ndarray::{Array1, Array2, ArrayView1};

use super::asked::Asked;
use super::factors::Factors;

/// Weights closer to 0 than this, relative to the largest, are 0.
pub(super) const NOTHING: f64 = 1e-10;

/// What a contrast is within subjects and between them: its weights factor into both.
pub(super) struct Parts {
    /// `[combination][cell within]`
    pub within: Vec<Array1<f64>>,
    /// `[row][group]`
    pub between: Array2<f64>,
}

/// The part of a row that orthonormal vectors do not span.
fn beyond(row: ArrayView1<f64>, basis: &[Array1<f64>]) -> Array1<f64> {
    basis.iter().fold(row.to_owned(), |rest, b| {
        let along = rest.dot(b);
        rest - b * along
    })
}

/// An orthonormal basis of rows, in their order.
fn basis(rows: &[Array1<f64>]) -> Vec<Array1<f64>> {
    let scale = rows.iter().map(|row| row.dot(row).sqrt()).fold(0.0, f64::max);
    let mut all: Vec<Array1<f64>> = Vec::new();
    for row in rows {
        let rest = beyond(row.view(), &all);
        let size = rest.dot(&rest).sqrt();
        if size > NOTHING * scale {
            all.push(rest / size);
        }
    }
    all
}

impl Parts {
    /// None where the weights do not factor.
    pub fn of(asked: &Asked, factors: &Factors) -> Option<Parts> {
        let (n_groups, n_within) = (factors.n_groups(), factors.n_within());
        let n_cells = n_groups * n_within;
        let n_rows = asked.rows.nrows();
        let part = |row: usize, group: usize| {
            asked.rows.slice(ndarray::s![row, group * n_within..(group + 1) * n_within]).to_owned()
        };
        let all: Vec<Array1<f64>> =
            (0..n_rows).flat_map(|r| (0..n_groups).map(move |g| part(r, g))).collect();
        let of_within = basis(&all);
        if of_within.len() <= 1 {
            // As it was written for the first group that counts, with positive weights that sum to 1; of covariates alone the mean
            // over cells.
            let within = all.iter().find(|w| w.iter().any(|w| w.abs() > NOTHING)).map_or_else(
                || Array1::from_elem(n_within, 1.0 / n_within as f64),
                |first| {
                    let size: f64 = first.iter().filter(|w| **w > 0.0).sum();
                    first / if size > 0.0 { size } else { 1.0 }
                },
            );
            let size = within.dot(&within);
            let between = Array2::from_shape_fn((n_rows, n_groups), |(row, group)| {
                part(row, group).dot(&within) / size
            });
            let between = if of_within.is_empty() { between * 0.0 } else { between };
            return Some(Parts { within: vec![within], between });
        }
        let coefficients: Vec<Array1<f64>> = of_within
            .iter()
            .flat_map(|w| {
                (0..n_rows).map(move |row| (0..n_groups).map(|g| part(row, g).dot(w)).collect())
            })
            .collect();
        let of_between = basis(&coefficients);
        let rows: Vec<Array1<f64>> =
            (0..n_rows).map(|r| asked.rows.slice(ndarray::s![r, ..n_cells]).to_owned()).collect();
        if basis(&rows).len() != of_within.len() * of_between.len() {
            return None;
        }
        let between =
            Array2::from_shape_fn((of_between.len(), n_groups), |(r, g)| of_between[r][g]);
        Some(Parts { within: of_within, between })
    }
}
