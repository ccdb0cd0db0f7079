//! What each of several added columns ([`super::added`]) is at every voxel: rho with it, and its estimate.

use pulp::Arch;
use rayon::prelude::*;

use super::added::Point;
use super::reml::LARGEST;
use super::{Added, Ar1, Sums};

mod beside;
mod chunk;
mod known;

use chunk::Chunk;

/// Of the residuals' squares: less is what rounding leaves of none.
const NOTHING: f64 = 1e-10;
/// L is made so far apart, also at so many points beyond the largest rho on either side, and the objective first looked at every so many of the others.
const STEP: f64 = 0.005;
const BEYOND: usize = 2;
const COARSE: usize = 10;
/// Voxels of a task: those that ask for the same rho are looked at side by side. As many as a byte counts.
const CHUNK: usize = 1 << u8::BITS;

/// The estimate of a column and what it is held against, `[voxel]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estimate {
    /// Of the column.
    pub effect: Vec<f64>,
    /// Its variance; 0 where there are no residuals.
    pub variance: Vec<f64>,
    /// t; 0 where there are no residuals.
    pub stat: Vec<f64>,
}

/// A slice group's models with each of several columns.
#[derive(Debug)]
pub struct EachAdded<'a> {
    model: &'a Ar1,
    added: &'a [Added],
    /// By rising rho; none where rho is 0 everywhere.
    points: Vec<Point>,
}

impl<'a> EachAdded<'a> {
    /// Of a group's model and its columns; `has_rho`: whether rho is anything but 0.
    #[must_use]
    pub fn new(model: &'a Ar1, added: &'a [Added], has_rho: bool) -> EachAdded<'a> {
        let n = if has_rho { (2.0 * LARGEST / STEP).round() as usize + 1 + 2 * BEYOND } else { 0 };
        let point = |at: usize| model.point(rho_of(at as f64), added);
        EachAdded { model, added, points: (0..n).into_par_iter().map(point).collect() }
    }

    /// Rows of sums a voxel: Σ e², ends and lags, on the model's columns, on each column.
    fn n_rows(&self) -> usize {
        let parts = 2 * self.model.gaps.len();
        1 + parts * (1 + self.model.width) + self.added.len() * (1 + parts)
    }

    /// u'e of each column, `[column][voxel]`. `sums`: of residuals without the columns; their rows of columns are
    /// those of the model, then those of each column.
    #[must_use]
    pub fn on_columns(&self, sums: &Sums) -> Vec<Vec<f64>> {
        let (parts, n) = (2 * self.model.gaps.len(), self.added.len());
        let from = parts * self.model.width;
        (0..n).map(|at| sums.columns.row(from + at * (1 + parts)).to_vec()).collect()
    }

    /// Whether a column, whose u'e is `b`, leaves anything of residuals whose squares sum to `square`.
    #[must_use]
    pub fn is_left(square: f64, b: f64) -> bool {
        square - b * b > NOTHING * square
    }

    /// rho of each voxel with each column, `[column][voxel]`; 0 where nothing is left to explain, and everywhere where it is 0.
    #[must_use]
    pub fn rho(&self, sums: &Sums) -> Vec<Vec<f64>> {
        if self.points.is_empty() {
            return vec![vec![0.0; sums.square.len()]; self.added.len()];
        }
        self.each(sums, Task::Rho)
    }

    /// The estimate of each column at the rho of each voxel with it, `[column][voxel]`.
    #[must_use]
    pub fn solve(&self, sums: &Sums, rho: &[Vec<f64>]) -> Vec<Estimate> {
        let mut found = self.each(sums, Task::Solve(rho)).into_iter();
        let mut estimates = Vec::with_capacity(self.added.len());
        while let (Some(effect), Some(variance)) = (found.next(), found.next()) {
            let stat = |(effect, variance): (&f64, &f64)| match *variance > 0.0 {
                true => effect / variance.sqrt(),
                false => 0.0,
            };
            let stat = effect.iter().zip(&variance).map(stat).collect();
            estimates.push(Estimate { effect, variance, stat });
        }
        estimates
    }

    /// What is found of each voxel: `[column][voxel]` of rho, of estimates `[effect, then variance, of each column][voxel]`.
    fn each(&self, sums: &Sums, task: Task<'_>) -> Vec<Vec<f64>> {
        let n = sums.square.len();
        let n_rows = self.added.len() * if matches!(task, Task::Rho) { 1 } else { 2 };
        let starts: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let chunk = |first: usize| {
            let voxels = first..(first + CHUNK).min(n);
            Arch::new().dispatch(Chunk { all: self, sums, voxels, task })
        };
        let found: Vec<Vec<f64>> = starts.into_par_iter().map(chunk).collect();
        let row = |at: usize| {
            let mut row = Vec::with_capacity(n);
            for chunk in &found {
                let n = chunk.len() / n_rows;
                row.extend_from_slice(&chunk[at * n..][..n]);
            }
            row
        };
        (0..n_rows).into_par_iter().map(row).collect()
    }
}

/// What is asked of each voxel.
#[derive(Clone, Copy)]
enum Task<'a> {
    Rho,
    /// At `[column][voxel]`.
    Solve(&'a [Vec<f64>]),
}

/// rho of a point, also between two.
fn rho_of(at: f64) -> f64 {
    STEP * (at - BEYOND as f64) - LARGEST
}
