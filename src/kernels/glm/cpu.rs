//! The f64 twin of `shaders/glm.wgsl`, written from the equation: panels of a few voxels' whole time courses, all of
//! whose passes run in the first cache level. In f64 the residual sum of squares is |y - c|^2 - |g|^2 where that leaves
//! more than a little; else a second pass takes U g off.

use ndarray::{Array1, Array2, ArrayViewMut2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{HostFit, Model, NOTHING, Solver};
use crate::error::Result;
use crate::stats::lines::{Lines, with_room};
use crate::stats::panel::{
    add_combination, add_outer, centre, gather, gathered_len, lanes_mut, mean, negate, project,
    sum_of_squares, widen, width,
};
use crate::volume::HostBold;

/// Values gathered at once: panels that stay in the second cache level, 256 KiB, of neighbours that a volume has side by side.
const BLOCK_VALUES: usize = 65_536;

/// The difference of two sums keeps its digits, but for the last, where at least this share is left.
const LITTLE: f64 = 1.0 / 16.0;

/// One solution operator in the layout of the panel products.
struct Operators<'a> {
    solver: &'a Solver,
    /// U, `[volume][rank]`.
    basis: Vec<f64>,
    /// H', `[rank][regressor]`.
    to_beta_t: Vec<f64>,
    /// pinv(X) 1, `[regressor]`.
    mean_beta: Vec<f64>,
    /// 1 - X pinv(X) 1, `[volume]`, and whether it is anything at all.
    mean_residual: Vec<f64>,
    uses_mean: bool,
}

/// A block of voxels of one group and where its estimates go.
struct Job<'a> {
    slice_group: u32,
    voxels: &'a [u32],
    beta: ArrayViewMut2<'a, f64>,
    sigma2: &'a mut [f64],
}

pub(super) fn fit(bold: &HostBold, voxels: &[u32], model: &Model) -> Result<HostFit> {
    let plane_len = bold.block.plane_len();
    let slice_group: Vec<u32> = voxels
        .iter()
        .map(|&v| model.group_of_plane[bold.block.planes.start + v as usize / plane_len] as u32)
        .collect();
    // Of the groups of these voxels only: a slab has few of them.
    let mut groups: Vec<u32> = slice_group.clone();
    groups.dedup();
    groups.sort_unstable();
    groups.dedup();
    let operators: Vec<Operators> =
        groups.iter().map(|&g| Operators::new(&model.solvers[g as usize])).collect();
    let mut beta = Array2::zeros((model.names.len(), voxels.len()));
    let mut sigma2 = vec![0.0; voxels.len()];
    let block = block_voxels(model.n_volumes());
    let mut jobs = cut(block, voxels, &slice_group, &mut beta, &mut sigma2);
    jobs.par_iter_mut().for_each(|job| {
        let operators = &operators[groups.partition_point(|&g| g < job.slice_group)];
        with_room(|scratch| Arch::new().dispatch(Fit { bold, operators, job, scratch }));
    });
    drop(jobs);
    Ok(HostFit { slice_group, beta, sigma2: Array1::from_vec(sigma2) })
}

impl<'a> Operators<'a> {
    fn new(solver: &'a Solver) -> Operators<'a> {
        Operators {
            solver,
            basis: solver.basis.iter().copied().collect(),
            to_beta_t: solver.to_beta().t().iter().copied().collect(),
            mean_beta: solver.mean_beta.to_vec(),
            mean_residual: solver.mean_residual.to_vec(),
            uses_mean: solver.mean_residual.iter().any(|&r| r != 0.0),
        }
    }
}

/// Voxels gathered at once, whole panels: one visit to each volume fetches this many.
fn block_voxels(n_volumes: usize) -> usize {
    (BLOCK_VALUES / n_volumes.max(1)).clamp(16, 512).next_multiple_of(16)
}

/// Cut the voxels into blocks of one group each.
fn cut<'a>(
    block: usize,
    mut voxels: &'a [u32],
    slice_group: &[u32],
    beta: &'a mut Array2<f64>,
    mut sigma2: &'a mut [f64],
) -> Vec<Job<'a>> {
    let mut jobs = Vec::with_capacity(voxels.len() / block + 1);
    let mut beta = beta.view_mut();
    for same in slice_group.chunk_by(|a, b| a == b) {
        for here in same.chunks(block) {
            let (these, other_voxels) = voxels.split_at(here.len());
            let (beta_here, other_beta) = beta.split_at(Axis(1), here.len());
            let (sigma2_here, other_sigma2) = sigma2.split_at_mut(here.len());
            (voxels, beta, sigma2) = (other_voxels, other_beta, other_sigma2);
            jobs.push(Job {
                slice_group: here[0],
                voxels: these,
                beta: beta_here,
                sigma2: sigma2_here,
            });
        }
    }
    jobs
}

struct Fit<'a, 'j> {
    bold: &'a HostBold,
    operators: &'a Operators<'a>,
    job: &'a mut Job<'j>,
    scratch: &'a mut Lines,
}

impl WithSimd for Fit<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fit { bold, operators, job, scratch } = self;
        let solver = operators.solver;
        let (n, p) = solver.design.dim();
        let w = width::<S>();
        let panel_len = n * w;
        let (rank, n_gathered) = (solver.rank, gathered_len::<S>(n, job.voxels.len()));
        let scratch = scratch.of_len(n_gathered + panel_len + (rank + p + 3) * w);
        let (gathered, rest) = scratch.split_at_mut(n_gathered);
        let (panel, rest) = rest.split_at_mut(panel_len);
        let (scores, rest) = rest.split_at_mut(rank * w);
        let (estimates, rest) = rest.split_at_mut(p * w);
        let (exact, sums) = rest.split_at_mut(w);
        let gathered = gather::<S>(&bold.data, bold.block.volume_len(), job.voxels, gathered);

        for (index, narrow) in gathered.chunks_exact(panel_len).enumerate() {
            widen(narrow, panel);
            let y = lanes_mut::<S>(panel);
            let c = mean(simd, y);
            centre(simd, y, c);
            let total = sum_of_squares(simd, y);
            let g = lanes_mut::<S>(scores);
            project(simd, &operators.basis, y, g);
            let explained = sum_of_squares(simd, g);
            let beta = lanes_mut::<S>(estimates);
            project(simd, &operators.to_beta_t, g, beta);
            add_outer(simd, &operators.mean_beta, c, beta);
            lanes_mut::<S>(sums).copy_from_slice(&[explained, total]);

            let first = index * w;
            let count = w.min(job.voxels.len() - first);
            let (left, total) = sums.split_at_mut(w);
            for (left, total) in left.iter_mut().zip(&*total) {
                *left = total - *left;
            }
            let is_little = |left: f64, total: f64| {
                operators.uses_mean || left.is_nan() || left < LITTLE * total
            };
            if (0..count).any(|lane| is_little(left[lane], total[lane])) {
                if operators.uses_mean {
                    add_outer(simd, &operators.mean_residual, c, y);
                }
                negate(simd, g);
                add_combination(simd, &operators.basis, g, y);
                lanes_mut::<S>(exact).copy_from_slice(&[sum_of_squares(simd, y)]);
                for lane in 0..count {
                    if is_little(left[lane], total[lane]) {
                        left[lane] = exact[lane];
                    }
                }
            }
            let sums = left.iter().zip(&*total);
            for (v, (left, total)) in job.sigma2[first..][..count].iter_mut().zip(sums) {
                *v = if *left <= NOTHING * total { 0.0 } else { left / solver.dof };
            }
            for (mut row, values) in job.beta.rows_mut().into_iter().zip(estimates.chunks_exact(w))
            {
                for (to, from) in row.iter_mut().skip(first).zip(&values[..count]) {
                    *to = *from;
                }
            }
        }
    }
}
