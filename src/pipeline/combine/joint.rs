//! A contrast over runs: which of them count, with which rows, and how their parts are added.

use ndarray::Array2;

use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::pipeline::decide::ContrastMaps;
use crate::stats::least_squares::orthonormal_basis;

/// How the parts of a contrast become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// Each run answers it: `--combine` says how.
    Runs,
    /// Each run gives what it weighs in it, and these are added.
    Sum,
}

/// A contrast over runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// As the user named it.
    pub name: String,
    /// Which statistic.
    pub stat: Stat,
    /// Its rows.
    pub n_rows: usize,
    /// `[run]`: the rows that the run's part of it has, ascending; none where the run does not count.
    pub rows: Vec<Option<Vec<usize>>>,
    /// How the parts become one.
    pub joining: Joining,
    /// Numerator degrees of freedom: 1 for t, the rank of its rows for F.
    pub rank: usize,
    /// What its rows span, `[row][rank]`, orthonormal; none where they are independent.
    pub(super) span: Option<Array2<f64>>,
}

impl Joint {
    /// A contrast of `n_rows` rows; `parts`: of each run the rows that it weighs and their weights `[row][regressor]`, none where it does not
    /// count.
    ///
    /// # Errors
    /// Internal when singular values cannot be found.
    pub fn new(
        (name, stat, n_rows): (&str, Stat, usize),
        parts: &[Option<(Vec<usize>, Array2<f64>)>],
        joining: Joining,
    ) -> Result<Joint> {
        let n_weights = parts.iter().flatten().map(|(_, weights)| weights.ncols()).sum();
        let mut beside = Array2::zeros((n_rows, n_weights));
        let mut first = 0;
        for (rows, weights) in parts.iter().flatten() {
            let columns = first..first + weights.ncols();
            first = columns.end;
            for (&row, weights) in rows.iter().zip(weights.rows()) {
                beside.slice_mut(ndarray::s![row, columns.clone()]).assign(&weights);
            }
        }
        // Weights that a design determines keep their rank in what it makes of them.
        let span = orthonormal_basis(beside.view())?;
        let rank = span.ncols();
        let rows = parts.iter().map(|part| part.as_ref().map(|(rows, _)| rows.clone())).collect();
        let span = (rank < n_rows).then_some(span);
        Ok(Joint { name: name.to_owned(), stat, n_rows, rows, joining, rank, span })
    }

    /// The runs that count, by their place.
    pub fn runs(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().enumerate().filter(|(_, rows)| rows.is_some()).map(|(run, _)| run)
    }

    /// Add a run's part, which has these rows; the first becomes the sum where it has all.
    pub(super) fn take(
        &self,
        sum: &mut ContrastMaps,
        part: ContrastMaps,
        rows: &[usize],
        shape: [usize; 3],
    ) {
        let is_first = sum.effect.is_empty();
        let dof = if is_first { part.dof.clone() } else { sum.dof.plus(&part.dof, shape) };
        if is_first && rows.len() == self.n_rows {
            *sum = part;
            sum.name.clone_from(&self.name);
            return;
        }
        if is_first {
            let n_voxels = part.stat.len();
            *sum = ContrastMaps::zeros(&self.name, self.stat, self.n_rows, n_voxels);
            sum.covariance = vec![vec![0.0; n_voxels]; self.n_rows * (self.n_rows - 1) / 2];
        }
        sum.dof = dof;
        let add = |sum: &mut Vec<f64>, part: &Vec<f64>| {
            sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        };
        let mut pairs = part.covariance.iter();
        for (at, &row) in rows.iter().enumerate() {
            add(&mut sum.effect[row], &part.effect[at]);
            add(&mut sum.variance[row], &part.variance[at]);
            for (&other, pair) in rows[..at].iter().zip(pairs.by_ref()) {
                add(&mut sum.covariance[row * (row - 1) / 2 + other], pair);
            }
        }
    }
}
