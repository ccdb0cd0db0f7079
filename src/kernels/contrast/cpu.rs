//! The f64 twin of `shaders/contrast.wgsl`, written from the equation: voxels side by side, one block a task.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use pulp::Arch;
use rayon::prelude::*;

use super::{ContrastValues, Prepared, Stat};
use crate::kernels::glm::HostFit;

/// Voxels a task.
const BLOCK: usize = 2048;

/// A block of voxels: its estimates and where its values go.
struct Job<'a> {
    slice_group: &'a [u32],
    beta: ArrayView2<'a, f64>,
    sigma2: &'a [f64],
    effect: ArrayViewMut2<'a, f64>,
    variance: ArrayViewMut2<'a, f64>,
    stat: &'a mut [f64],
}

pub(super) fn evaluate(fit: &HostFit, prepared: &Prepared) -> ContrastValues {
    let (rows, n_voxels) = (prepared.contrast.weights.nrows(), fit.sigma2.len());
    let mut effect = Array2::zeros((rows, n_voxels));
    let mut variance = Array2::zeros((rows, n_voxels));
    let mut stat = vec![0.0; n_voxels];
    let sigma2: Vec<f64> = fit.sigma2.iter().copied().collect();
    let jobs: Vec<Job> = effect
        .axis_chunks_iter_mut(Axis(1), BLOCK)
        .zip(variance.axis_chunks_iter_mut(Axis(1), BLOCK))
        .zip(stat.chunks_mut(BLOCK))
        .zip(fit.beta.axis_chunks_iter(Axis(1), BLOCK))
        .zip(sigma2.chunks(BLOCK).zip(fit.slice_group.chunks(BLOCK)))
        .map(|((((effect, variance), stat), beta), (sigma2, slice_group))| Job {
            slice_group,
            beta,
            sigma2,
            effect,
            variance,
            stat,
        })
        .collect();
    jobs.into_par_iter().for_each(|job| {
        Arch::new().dispatch(
            #[inline(always)]
            || job.run(prepared),
        );
    });
    ContrastValues { effect, variance, stat }
}

impl Job<'_> {
    #[inline(always)]
    fn run(mut self, prepared: &Prepared) {
        for (weights, mut effect) in
            prepared.contrast.weights.rows().into_iter().zip(self.effect.rows_mut())
        {
            for (&weight, beta) in weights.iter().zip(self.beta.rows()) {
                if weight != 0.0 {
                    effect.zip_mut_with(&beta, |e, b| *e += weight * b);
                }
            }
        }
        for (row, mut variance) in self.variance.rows_mut().into_iter().enumerate() {
            for ((v, &sigma2), &group) in variance.iter_mut().zip(self.sigma2).zip(self.slice_group)
            {
                *v = sigma2 * prepared.row_variance[group as usize][row];
            }
        }
        match prepared.contrast.stat {
            Stat::T => self.t(),
            Stat::F => self.f(prepared),
        }
    }

    /// effect / sqrt(variance).
    #[inline(always)]
    fn t(&mut self) {
        let (effect, variance) = (self.effect.row(0), self.variance.row(0));
        for ((stat, e), v) in self.stat.iter_mut().zip(effect).zip(variance) {
            *stat = if *v > 0.0 { e / v.sqrt() } else { 0.0 };
        }
    }

    /// (C beta)' (C (X'X)^+ C')^+ (C beta) / (rank sigma2).
    #[inline(always)]
    fn f(&mut self, prepared: &Prepared) {
        let rank = prepared.rank as f64;
        for (voxel, stat) in self.stat.iter_mut().enumerate() {
            let inner = &prepared.inner[self.slice_group[voxel] as usize];
            let effect = self.effect.column(voxel);
            let mut form = 0.0;
            for (row, e) in inner.rows().into_iter().zip(effect) {
                form += e * row.iter().zip(effect).map(|(m, e)| m * e).sum::<f64>();
            }
            let sigma2 = self.sigma2[voxel];
            *stat = if sigma2 > 0.0 { form / (rank * sigma2) } else { 0.0 };
        }
    }
}
