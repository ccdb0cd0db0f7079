//! Contrasts of the generalised least-squares fit at each voxel's rho.

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::panel::Panel;
use super::{Ar1, Sums};
use crate::stats::gls::{Question, Solved};
use crate::stats::panel::width;

/// Voxels a task.
const CHUNK: usize = 512;

impl Ar1 {
    /// The answers at each voxel. `beta`: ordinary least squares, `[regressor][voxel]`; `rho`: `[voxel]`.
    #[must_use]
    pub fn solve(
        &self,
        (sums, beta): (&Sums, ArrayView2<f64>),
        rho: &[f64],
        questions: &[Question],
    ) -> Solved {
        let n = rho.len();
        let chunks: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let parts: Vec<Solved> = chunks
            .into_par_iter()
            .map(|first| {
                let rho = &rho[first..(first + CHUNK).min(n)];
                Arch::new().dispatch(Solve { model: self, sums, beta, rho, questions, first })
            })
            .collect();
        Solved::joined(parts, questions)
    }
}

struct Solve<'a> {
    model: &'a Ar1,
    sums: &'a Sums,
    beta: ArrayView2<'a, f64>,
    rho: &'a [f64],
    questions: &'a [Question],
    first: usize,
}

impl WithSimd for Solve<'_> {
    type Output = Solved;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Solved {
        let Solve { model, sums, beta, rho, questions, first } = self;
        let w = width::<S>();
        let mut solved = Solved::empty(questions, rho.len());
        let mut panel = Panel::new::<S>(model);
        let mut at_lanes = vec![0.0; w];
        for (index, rho) in rho.chunks(w).enumerate() {
            let (at, count) = (first + index * w, rho.len());
            panel.load::<S>(sums, at, count);
            for (lane, value) in at_lanes.iter_mut().enumerate() {
                *value = rho[lane.min(count - 1)];
            }
            panel.factorise(simd, model, &at_lanes);
            let beta = beta.slice(ndarray::s![.., at..at + count]);
            solved.put(simd, &mut panel.own, (index * w, beta), questions);
        }
        solved
    }
}
