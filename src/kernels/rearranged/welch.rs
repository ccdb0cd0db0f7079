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
    /// U' W U, `[column][column][lane]`.
    matrix: Vec<f64>,
    factor: Vec<f64>,
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
        self.last_pivots(&scratch.squares, &mut scratch.matrix, &mut scratch.factor);
        let pivots = &scratch.matrix[(p * p - 1) * width..];
        let effects = &scratch.estimates[(p - 1) * width..];
        for ((score, effect), pivot) in scratch.scores.iter_mut().zip(effects).zip(pivots) {
            *score = (f64::from(*effect) * pivot.max(0.0).sqrt()) as f32;
        }
        &scratch.scores
    }

    /// The last pivots of U' W U, where its last element was.
    #[inline(always)]
    fn last_pivots(&self, squares: &[f32], matrix: &mut [f64], factor: &mut [f64]) {
        let (p, width) = (self.n_columns, factor.len());
        matrix.fill(0.0);
        for (group, squares) in squares.chunks_exact(width).enumerate() {
            for (weight, &square) in factor.iter_mut().zip(squares) {
                *weight = self.traces[group] / f64::from(square).max(LEAST);
            }
            let crossed = &self.crossed[group * p * p..][..p * p];
            for (sums, crossed) in matrix.chunks_exact_mut(width).zip(crossed) {
                sums.iter_mut().zip(&*factor).for_each(|(sum, weight)| *sum += weight * crossed);
            }
        }
        for k in 0..p - 1 {
            for row in k + 1..p {
                let (above, below) = matrix.split_at_mut(row * p * width);
                let pivots = &above[(k * p + k) * width..][..width];
                for ((factor, below), pivot) in
                    factor.iter_mut().zip(&below[k * width..]).zip(pivots)
                {
                    *factor = below / pivot;
                }
                for column in k + 1..p {
                    let above = &above[(k * p + column) * width..][..width];
                    let below = &mut below[column * width..][..width];
                    for ((below, above), factor) in below.iter_mut().zip(above).zip(&*factor) {
                        *below -= factor * above;
                    }
                }
            }
        }
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
            matrix: vec![0.0; p * p * width],
            factor: vec![0.0; width],
            scores: vec![0.0; width],
        }
    }
}
