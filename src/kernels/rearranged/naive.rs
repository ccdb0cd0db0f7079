//! The scores in f64 by plain loops, for `verify` and the tests: no arithmetic of the other side.

use ndarray::Array2;
use rayon::prelude::*;

use super::Residuals;
use crate::stats::rearrange::{Rearrangement, Tested, VarianceGroups};

/// Scores of all voxels, `[rearrangement][voxel]`.
#[must_use]
pub fn scores(
    residuals: &Residuals,
    tested: &Tested,
    rearrangements: &[Rearrangement],
) -> Array2<f64> {
    let n_voxels = residuals.n_voxels();
    let mut all = Array2::zeros((rearrangements.len(), n_voxels));
    let rows: Vec<_> = all.outer_iter_mut().zip(rearrangements).collect();
    rows.into_par_iter().for_each(|(mut scores, one)| {
        for (voxel, score) in scores.iter_mut().enumerate() {
            let moved = |(&from, &sign): (&u32, &i8)| {
                f64::from(sign) * f64::from(residuals.unit()[from as usize * n_voxels + voxel])
            };
            let y: Vec<f64> = one.from.iter().zip(&one.sign).map(moved).collect();
            *score = match &tested.variances {
                None => pooled(&y, tested),
                Some(variances) => welch(&y, tested, variances),
            };
        }
    });
    all
}

fn dot(column: ndarray::ArrayView1<f64>, y: &[f64]) -> f64 {
    column.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn pooled(y: &[f64], tested: &Tested) -> f64 {
    let on = |columns: &Array2<f64>| -> Vec<f64> {
        columns.columns().into_iter().map(|column| dot(column, y)).collect()
    };
    let (g, h) = (on(&tested.effect), on(&tested.moved));
    let square = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
    let floor = y.len() as f64 / 16_777_216.0;
    let left = (1.0 - square(&h)).max(floor).sqrt();
    match g[..] {
        [g] if tested.signed => (g / left).clamp(-1.0, 1.0),
        _ => (square(&g).sqrt() / left).min(1.0),
    }
}

fn welch(y: &[f64], tested: &Tested, variances: &VarianceGroups) -> f64 {
    let basis = tested.basis();
    let p = basis.ncols();
    let estimates: Vec<f64> = basis.columns().into_iter().map(|column| dot(column, y)).collect();
    let mut squares = vec![0.0; variances.n_groups];
    for (row, y) in y.iter().enumerate() {
        let e = y - dot(basis.row(row), &estimates);
        squares[variances.group_of[row]] += e * e;
    }
    let traces = tested.residual_traces();
    let mut matrix = Array2::<f64>::zeros((p, p));
    for (row, &group) in variances.group_of.iter().enumerate() {
        let weight = traces[group] / squares[group].max(super::welch::LEAST);
        for a in 0..p {
            for b in 0..p {
                matrix[[a, b]] += weight * basis[[row, a]] * basis[[row, b]];
            }
        }
    }
    // The last element of the inverse is one over the last pivot of elimination.
    for k in 0..p - 1 {
        for row in k + 1..p {
            let factor = matrix[[row, k]] / matrix[[k, k]];
            for column in k..p {
                matrix[[row, column]] -= factor * matrix[[k, column]];
            }
        }
    }
    estimates[p - 1] * matrix[[p - 1, p - 1]].max(0.0).sqrt()
}
