//! Columns of each voxel's own beside the model: what the residuals of the shared columns become with them. The device gives the
//! residuals; what follows is small algebra of one voxel at a time, in f64 on the host.

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use super::{Autocorrelation, Held, OneGroup};
use crate::error::Result;
use crate::maps::Dof;
use crate::stats::ar1::{Border, Sums};
use crate::stats::arma11::Found;
use crate::stats::beside::Beside;
use crate::stats::gls::{Question, Solved};
use crate::stats::least_squares::LeastSquares;

/// Voxels a task.
const CHUNK: usize = 64;

/// What is held of a voxel with columns of its own.
#[derive(Debug, Clone)]
pub struct Own {
    /// How many of them count.
    n_columns: usize,
    /// Which do not.
    spanned: Vec<usize>,
    border: Border,
    sums: Sums,
}

impl Own {
    pub(super) fn border(&self) -> &Border {
        &self.border
    }

    pub(super) fn sums(&self) -> &Sums {
        &self.sums
    }
}

/// A voxel's share of a block.
struct Taken {
    own: Own,
    beta: Array1<f64>,
    found: Option<Found>,
}

impl Autocorrelation {
    /// Take the residuals of a block, `[volume][voxel]`, and the voxels' own columns, `[column][volume][voxel]`.
    ///
    /// # Errors
    /// Internal where singular values cannot be found.
    pub fn take_beside(
        &self,
        held: &mut Held,
        residual: &Array2<f64>,
        columns: &[Array2<f64>],
    ) -> Result<()> {
        let voxels = |first: usize| first..(first + CHUNK).min(held.places.len());
        let chunks: Vec<usize> = (0..held.places.len()).step_by(CHUNK).collect();
        let take = |first: usize| -> Result<Vec<Taken>> {
            voxels(first).map(|voxel| self.take_voxel(held, voxel, residual, columns)).collect()
        };
        let taken: Vec<Vec<Taken>> = chunks.into_par_iter().map(take).collect::<Result<_>>()?;
        let mut found = Vec::new();
        for (voxel, taken) in taken.into_iter().flatten().enumerate() {
            held.fit.beta.column_mut(voxel).assign(&taken.beta);
            held.sums.square[voxel] = taken.own.sums.square[0];
            held.own.push(taken.own);
            found.extend(taken.found);
        }
        if self.takes_series() {
            held.found = self.joined(held, found);
        }
        Ok(())
    }

    fn take_voxel(
        &self,
        held: &Held,
        voxel: usize,
        residual: &Array2<f64>,
        columns: &[Array2<f64>],
    ) -> Result<Taken> {
        let group = held.fit.slice_group[voxel] as usize;
        let ar1 = &self.lags.of_groups[group];
        let series: Vec<_> = columns.iter().map(|column| column.column(voxel)).collect();
        let series = ndarray::stack(Axis(0), &series).unwrap_or_default();
        let beside = Beside::new(series.view(), &ar1.basis, &ar1.to_beta);
        let mut e = residual.column(voxel).to_owned();
        let mut beta = held.fit.beta.column(voxel).to_owned();
        beside.take_from(&mut e, &mut beta);
        let found = match self.arma11.get(group) {
            None => None,
            Some(arma11) => {
                let model = arma11.with(&beside);
                let questions = joined(&self.questions[group], &model.to_beta)?;
                let beta = beta.view().insert_axis(Axis(1));
                Some(model.fit_alone(e.view(), beta, &questions))
            }
        };
        let (border, sums) = ar1.beside(&self.lags.pairs, &beside, (&e, held.sums.total[voxel]));
        let own = Own { n_columns: beside.n_columns(), spanned: beside.spanned, border, sums };
        Ok(Taken { own, beta, found })
    }

    /// What was found voxel by voxel, a stretch of one slice group each.
    fn joined(&self, held: &Held, found: Vec<Found>) -> Vec<Found> {
        let mut found = found.into_iter();
        let stretch = |run: OneGroup<'_>| {
            let own = found.by_ref().take(run.places.len()).collect();
            Found::joined(own, &self.questions[run.group])
        };
        held.of_one_group().into_iter().map(stretch).collect()
    }

    /// Take out of a voxel's series what its own columns `[volume][column]` explain, by noise ([`super::ResidualMaps::noise`]): least squares of both, whitened.
    ///
    /// # Errors
    /// Internal where singular values cannot be found.
    pub fn without_own(
        &self,
        series: &mut Array1<f64>,
        own: &Array2<f64>,
        noise: [f64; 2],
    ) -> Result<()> {
        let both = ndarray::concatenate![Axis(1), *own, series.view().insert_axis(Axis(1))];
        let both = self.whitened(both, &self.gaps(), noise);
        let (columns, whitened) = both.view().split_at(Axis(1), own.ncols());
        let estimates = LeastSquares::new(columns)?.pinv.dot(&whitened.column(0));
        *series -= &own.dot(&estimates);
        Ok(())
    }

    /// rho of voxels with columns of their own, `[voxel]`.
    pub(super) fn rho_beside(&self, held: &Held) -> Vec<f64> {
        let rho = |(own, &group): (&Own, &u32)| {
            self.lags.of_groups[group as usize].with(&own.border).rho_alone(&own.sums)
        };
        held.own.par_iter().zip(&held.fit.slice_group).with_min_len(CHUNK).map(rho).collect()
    }

    /// The answers of a stretch of voxels with columns of their own, at their rho.
    ///
    /// # Errors
    /// Internal where singular values cannot be found.
    pub(super) fn solve_beside(&self, run: &OneGroup<'_>, rho: &[f64]) -> Result<Solved> {
        let (ar1, questions) = (&self.lags.of_groups[run.group], &self.questions[run.group]);
        let solve = |(voxel, (own, rho)): (usize, (&Own, &f64))| -> Result<Solved> {
            let model = ar1.with(&own.border);
            let questions = joined(questions, &model.to_beta)?;
            let beta = run.beta.slice(s![.., voxel..=voxel]);
            Ok(model.solve((&own.sums, beta), &[*rho], &questions))
        };
        let voxels = run.own.par_iter().zip(rho).enumerate().with_min_len(CHUNK);
        Ok(Solved::joined(voxels.map(solve).collect::<Result<_>>()?, questions))
    }

    /// Degrees of freedom of the fitted voxels of all blocks: those of the model less each voxel's own columns.
    pub(super) fn dof_beside(
        &self,
        held: &[Held],
        (shared, n_beside): (&Dof, usize),
        (plane_len, fitted): (usize, &[bool]),
    ) -> Dof {
        if !held.iter().any(|part| part.own.iter().any(|own| own.n_columns < n_beside)) {
            return shared.less(n_beside as f64);
        }
        // Outside as if no column counted, so that the least is that of a fitted voxel.
        let mut dof: Vec<f32> =
            (0..fitted.len()).map(|voxel| shared.at(voxel, plane_len) as f32).collect();
        let (mut most, mut fewest) = (0, n_beside);
        for (&place, own) in fitted_own(held, fitted) {
            dof[place] -= own.n_columns as f32;
            (most, fewest) = (most.max(own.n_columns), fewest.min(own.n_columns));
        }
        let is_one = most == fewest;
        if is_one { shared.less(most as f64) } else { Dof::PerVoxel(dof) }
    }

    /// Of each column of voxels' own, the fitted voxels where it does not count, `[column]`.
    pub(super) fn spanned(&self, held: &[Held], fitted: &[bool]) -> Vec<usize> {
        let mut voxels = vec![0; self.n_beside];
        let spanned = fitted_own(held, fitted).flat_map(|(_, own)| &own.spanned);
        spanned.for_each(|&column| voxels[column] += 1);
        voxels
    }
}

/// The fitted voxels of all blocks, by their places in the grid.
fn fitted_own<'h>(held: &'h [Held], fitted: &[bool]) -> impl Iterator<Item = (&'h usize, &'h Own)> {
    let voxels = held.iter().flat_map(|part| part.places.iter().zip(&part.own));
    voxels.filter(|(place, _)| fitted[**place])
}

/// Questions of the shared columns, asked of them and a voxel's own.
fn joined(questions: &[Question], to_beta: &Array2<f64>) -> Result<Vec<Question>> {
    questions.iter().map(|question| question.on(to_beta.view())).collect()
}
