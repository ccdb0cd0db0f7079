//! The f64 twin of `shaders/lags.wgsl`, written from the equation: panels of a few voxels' whole time courses.

use ndarray::{Array2, ArrayViewMut2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{LagModel, SCALARS};
use crate::kernels::glm::{HostFit, Model, Solver};
use crate::stats::ar1::{Ar1, FIRST, Sums};
use crate::stats::lines::{Lines, with_room};
use crate::stats::panel::{
    add_combination, centre, gather, gathered_len, lanes_mut, mean, negate, project,
    sum_of_squares, widen, width,
};
use crate::volume::HostBold;

/// Voxels gathered at once, whole panels.
const VOXELS: usize = 160;

/// One group's matrices in the layout of the panel products, `[volume][column]`.
struct Operators<'a> {
    solver: &'a Solver,
    ar1: &'a Ar1,
    design: Vec<f64>,
    columns: Vec<f64>,
}

/// Voxels of one group and where their sums go, `[row][voxel]`.
struct Job<'a> {
    slice_group: u32,
    voxels: &'a [u32],
    first: usize,
    sums: ArrayViewMut2<'a, f64>,
}

pub(super) fn sums(
    bold: &HostBold,
    voxels: &[u32],
    (fit, model): (&HostFit, &Model),
    lags: &LagModel,
) -> Sums {
    let mut groups: Vec<u32> = fit.slice_group.clone();
    groups.dedup();
    groups.sort_unstable();
    groups.dedup();
    let operators = |&group: &u32| {
        let (solver, ar1) = (&model.solvers[group as usize], &lags.of_groups[group as usize]);
        Operators {
            solver,
            ar1,
            design: solver.design.iter().copied().collect(),
            columns: ar1.columns.iter().copied().collect(),
        }
    };
    let operators: Vec<Operators> = groups.iter().map(operators).collect();
    let mut all = Array2::zeros((lags.n_rows(), voxels.len()));
    let mut jobs = cut(voxels, &fit.slice_group, &mut all);
    jobs.par_iter_mut().for_each(|job| {
        let operators = &operators[groups.partition_point(|&g| g < job.slice_group)];
        with_room(|scratch| Arch::new().dispatch(Sum { bold, fit, lags, operators, job, scratch }));
    });
    drop(jobs);
    split(all, lags.pairs.gaps.len())
}

/// Rows in the order total, square, last, ends, lags, columns.
pub(super) fn split(all: Array2<f64>, n_gaps: usize) -> Sums {
    let rows = |range: std::ops::Range<usize>| {
        all.slice(ndarray::s![range, ..]).as_standard_layout().into_owned()
    };
    Sums {
        total: all.row(0).to_vec(),
        square: all.row(1).to_vec(),
        last: all.row(2).to_vec(),
        ends: rows(SCALARS..SCALARS + n_gaps),
        lags: rows(SCALARS + n_gaps..SCALARS + 2 * n_gaps),
        // Most of it: where it is.
        columns: all.slice_move(ndarray::s![SCALARS + 2 * n_gaps.., ..]),
    }
}

/// e = y - X beta, `[volume][voxel]`; none where there is no residual variance, whatever rounding leaves.
pub(super) fn residuals(
    bold: &HostBold,
    voxels: &[u32],
    (fit, model): (&HostFit, &Model),
) -> Array2<f64> {
    let (n, volume_len) = (model.n_volumes(), bold.block.volume_len());
    let mut series = Array2::zeros((n, voxels.len()));
    let columns: Vec<_> = series.axis_iter_mut(Axis(1)).collect();
    columns.into_par_iter().enumerate().with_min_len(64).for_each(|(at, mut e)| {
        if fit.sigma2[at] == 0.0 {
            return;
        }
        let design = &model.solvers[fit.slice_group[at] as usize].design;
        let beta = fit.beta.column(at).to_owned(); // side by side
        for (t, (e, row)) in e.iter_mut().zip(design.rows()).enumerate() {
            *e = f64::from(bold.data[t * volume_len + voxels[at] as usize]) - row.dot(&beta);
        }
    });
    series
}

fn cut<'a>(voxels: &'a [u32], slice_group: &[u32], all: &'a mut Array2<f64>) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    let (mut first, mut left) = (0, all.view_mut());
    for same in slice_group.chunk_by(|a, b| a == b) {
        for here in same.chunks(VOXELS) {
            let (sums, rest) = left.split_at(Axis(1), here.len());
            let voxels = &voxels[first..first + here.len()];
            jobs.push(Job { slice_group: here[0], voxels, first, sums });
            (first, left) = (first + here.len(), rest);
        }
    }
    jobs
}

struct Sum<'a, 'j> {
    bold: &'a HostBold,
    fit: &'a HostFit,
    lags: &'a LagModel,
    operators: &'a Operators<'a>,
    job: &'a mut Job<'j>,
    scratch: &'a mut Lines,
}

impl WithSimd for Sum<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Sum { bold, fit, lags, operators, job, scratch } = self;
        let (n, p) = operators.solver.design.dim();
        let (w, n_columns) = (width::<S>(), operators.ar1.columns.ncols());
        let n_gathered = gathered_len::<S>(n, job.voxels.len());
        let (panel_len, n_scalars) = (n * w, SCALARS + 2 * lags.pairs.gaps.len());
        let scratch = scratch.of_len(n_gathered + panel_len + (p + n_scalars + n_columns) * w);
        let (gathered, rest) = scratch.split_at_mut(n_gathered);
        let (panel, rest) = rest.split_at_mut(panel_len);
        let (estimates, sums) = rest.split_at_mut(p * w);
        let gathered = gather::<S>(&bold.data, bold.block.volume_len(), job.voxels, gathered);

        for (index, narrow) in gathered.chunks_exact(panel_len).enumerate() {
            widen(narrow, panel);
            let first = index * w;
            let count = w.min(job.voxels.len() - first);
            let e = lanes_mut::<S>(panel);
            let c = mean(simd, e);
            centre(simd, e, c);
            let total = sum_of_squares(simd, e);
            // -(beta - c pinv(X) 1): what is left of the centred series, and c times what X leaves of a constant.
            for ((values, row), mean_beta) in
                estimates.chunks_exact_mut(w).zip(fit.beta.rows()).zip(&operators.solver.mean_beta)
            {
                let own = row.iter().skip(job.first + first).take(count);
                values.iter_mut().zip(own).for_each(|(to, beta)| *to = *beta);
                let values = &mut lanes_mut::<S>(values)[0];
                let constant = simd.splat_f64s(*mean_beta);
                values[0] = simd.mul_add_e_f64s(simd.neg_f64s(constant), c[0], values[0]);
                values[1] = simd.mul_add_e_f64s(simd.neg_f64s(constant), c[1], values[1]);
            }
            let estimates = lanes_mut::<S>(estimates);
            negate(simd, estimates);
            add_combination(simd, &operators.design, estimates, e);
            for (e, &left) in e.iter_mut().zip(&operators.solver.mean_residual) {
                let left = simd.splat_f64s(left);
                e[0] = simd.mul_add_e_f64s(left, c[0], e[0]);
                e[1] = simd.mul_add_e_f64s(left, c[1], e[1]);
            }

            let sums_of = lanes_mut::<S>(sums);
            let (scalars, columns) = sums_of.split_at_mut(n_scalars);
            scalars[0] = total;
            scalars[1] = sum_of_squares(simd, e);
            scalars[2] = e[n - 1];
            let zero = simd.splat_f64s(0.0);
            let n_gaps = lags.pairs.gaps.len();
            let (ends, products) = scalars[SCALARS..].split_at_mut(n_gaps);
            ends.fill([zero; 2]);
            products.fill([zero; 2]);
            for t in 1..n {
                let gap = lags.pairs.gap_of[t];
                if gap == FIRST {
                    continue;
                }
                let (a, b) = (e[t - 1], e[t]);
                let (ends, product) = (&mut ends[gap as usize], &mut products[gap as usize]);
                for half in 0..2 {
                    ends[half] = simd.mul_add_e_f64s(a[half], a[half], ends[half]);
                    ends[half] = simd.mul_add_e_f64s(b[half], b[half], ends[half]);
                    let twice = simd.add_f64s(a[half], a[half]);
                    product[half] = simd.mul_add_e_f64s(twice, b[half], product[half]);
                }
            }
            project(simd, &operators.columns, e, columns);
            // A voxel without residuals has none, not what rounding leaves of them.
            for lane in 0..count {
                if fit.sigma2[job.first + first + lane] == 0.0 {
                    sums.iter_mut().skip(w + lane).step_by(w).for_each(|sum| *sum = 0.0);
                }
            }
            for (mut to, from) in job.sums.rows_mut().into_iter().zip(sums.chunks_exact(w)) {
                to.iter_mut().skip(first).zip(&from[..count]).for_each(|(to, from)| *to = *from);
            }
        }
    }
}
