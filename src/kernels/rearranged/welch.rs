//! Aspin and Welch's v of rearranged data: b by least squares, each row weighed by one over its group's residual variance in the
//! variance of the estimate. On an orthonormal basis U of the design whose last column is Xe: v = g_p sqrt(d), with g = U' P u and d
//! the last pivot of U' W U, one over the last element of its inverse.

use ndarray::Array2;

use crate::stats::rearrange::{Rearrangement, Tested, VarianceGroups};

/// A group's residual sum of squares is taken as at least this part of the voxel's: identical rows would weigh without bound.
pub(super) const LEAST: f64 = 1e-12;

/// What all voxels share.
pub(super) struct Operators {
    /// `[row][column]`, Xe last.
    basis: Vec<f32>,
    n_columns: usize,
    group_of: Vec<usize>,
    /// Residual degrees of freedom, `[group]`.
    traces: Vec<f64>,
    /// U_g' U_g, `[group][column][column]`.
    crossed: Vec<f64>,
    rearrangements: Vec<Rearrangement>,
}

/// Working memory for a tile.
pub(super) struct Scratch {
    width: usize,
    /// P u, `[row][lane]`.
    moved: Vec<f32>,
    /// U' P u, `[column][lane]`.
    estimates: Vec<f32>,
    residual: Vec<f32>,
    /// `[group][lane]`
    squares: Vec<f32>,
    matrix: Vec<f64>,
    scores: Vec<f32>,
}

impl Operators {
    pub(super) fn new(
        tested: &Tested,
        variances: &VarianceGroups,
        rearrangements: &[Rearrangement],
    ) -> Operators {
        let basis: Array2<f64> = tested.basis();
        let p = basis.ncols();
        let mut crossed = vec![0.0; variances.n_groups * p * p];
        for (row, &group) in basis.rows().into_iter().zip(&variances.group_of) {
            for a in 0..p {
                for b in 0..p {
                    crossed[(group * p + a) * p + b] += row[a] * row[b];
                }
            }
        }
        Operators {
            basis: basis.iter().map(|&v| v as f32).collect(),
            n_columns: p,
            group_of: variances.group_of.clone(),
            traces: tested.residual_traces(),
            crossed,
            rearrangements: rearrangements.to_vec(),
        }
    }

    /// v of a tile `[row][lane]`.
    #[inline(always)]
    pub(super) fn scores<'s>(
        &self,
        unit: &[f32],
        index: usize,
        scratch: &'s mut Scratch,
    ) -> &'s [f32] {
        let (width, p) = (scratch.width, self.n_columns);
        let Rearrangement { from, sign } = &self.rearrangements[index];
        scratch.estimates.fill(0.0);
        scratch.squares.fill(0.0);
        for (row, (&from, &sign)) in from.iter().zip(sign).enumerate() {
            let sign = f32::from(sign);
            let moved = &mut scratch.moved[row * width..][..width];
            for (to, &u) in moved.iter_mut().zip(&unit[from as usize * width..][..width]) {
                *to = sign * u;
            }
            let weights = &self.basis[row * p..][..p];
            for (sums, &weight) in scratch.estimates.chunks_exact_mut(width).zip(weights) {
                sums.iter_mut().zip(&*moved).for_each(|(sum, y)| *sum += weight * y);
            }
        }
        for (row, &group) in self.group_of.iter().enumerate() {
            scratch.residual.copy_from_slice(&scratch.moved[row * width..][..width]);
            let weights = &self.basis[row * p..][..p];
            for (sums, &weight) in scratch.estimates.chunks_exact(width).zip(weights) {
                scratch.residual.iter_mut().zip(sums).for_each(|(e, b)| *e -= weight * b);
            }
            let squares = &mut scratch.squares[group * width..][..width];
            squares.iter_mut().zip(&scratch.residual).for_each(|(sum, e)| *sum += e * e);
        }
        for lane in 0..width {
            let pivot = self.last_pivot(&scratch.squares[lane..], width, &mut scratch.matrix);
            let effect = f64::from(scratch.estimates[(p - 1) * width + lane]);
            scratch.scores[lane] = (effect * pivot.max(0.0).sqrt()) as f32;
        }
        &scratch.scores
    }

    /// Of U' W U; `squares` every `width`-th is a group's.
    #[inline(always)]
    fn last_pivot(&self, squares: &[f32], width: usize, matrix: &mut [f64]) -> f64 {
        let p = self.n_columns;
        matrix.fill(0.0);
        for (group, trace) in self.traces.iter().enumerate() {
            let weight = trace / f64::from(squares[group * width]).max(LEAST);
            let crossed = &self.crossed[group * p * p..][..p * p];
            matrix.iter_mut().zip(crossed).for_each(|(sum, c)| *sum += weight * c);
        }
        for k in 0..p - 1 {
            for row in k + 1..p {
                let factor = matrix[row * p + k] / matrix[k * p + k];
                for column in k + 1..p {
                    matrix[row * p + column] -= factor * matrix[k * p + column];
                }
            }
        }
        matrix[p * p - 1]
    }
}

impl Scratch {
    pub(super) fn new(operators: &Operators, width: usize) -> Scratch {
        let (n, p) = (operators.group_of.len(), operators.n_columns);
        Scratch {
            width,
            moved: vec![0.0; n * width],
            estimates: vec![0.0; p * width],
            residual: vec![0.0; width],
            squares: vec![0.0; operators.traces.len() * width],
            matrix: vec![0.0; p * p],
            scores: vec![0.0; width],
        }
    }
}
