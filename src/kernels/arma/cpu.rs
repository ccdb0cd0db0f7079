//! The f64 twin of `shaders/arma.wgsl`, written from the equation: RSS by the factor of the whitened design's products, panels of a few
//! voxels' whole time courses.

use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::stats::arma11::{Arma11, MOST_STARTS, Starts, Trial, lowest, neighbours, trial_values};
use crate::stats::gls::take_product;
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes_mut, project, sum_of_squares, width};

/// Voxels a task.
const CHUNK: usize = 256;

/// `residual`: `[volume][voxel]`; `slice_group`: `[voxel]`.
pub(super) fn starts(
    residual: &Array2<f64>,
    slice_group: &[u32],
    of_groups: &[Arma11],
) -> Vec<Starts> {
    let mut found = vec![[0; MOST_STARTS]; slice_group.len()];
    let beside = neighbours(&trial_values());
    let mut groups = slice_group.to_vec();
    groups.sort_unstable();
    groups.dedup();
    // One group after the other: what trials make of a design is large.
    for group in groups {
        let model = &of_groups[group as usize];
        let trials: Vec<Trial> =
            trial_values().into_par_iter().map(|at| Trial::new(model, at)).collect();
        let mut jobs = cut(&mut found, slice_group, group);
        jobs.par_iter_mut().for_each(|(first, found)| {
            let voxels = ndarray::s![.., *first..*first + found.len()];
            let residual = residual.slice(voxels);
            Arch::new().dispatch(Scan { model, trials: &trials, beside: &beside, residual, found });
        });
    }
    found
}

/// The voxels of one group: where each task's begin, and what is found of them.
fn cut<'a>(
    found: &'a mut [Starts],
    slice_group: &[u32],
    group: u32,
) -> Vec<(usize, &'a mut [Starts])> {
    let mut jobs = Vec::new();
    let (mut first, mut left) = (0, found);
    for same in slice_group.chunk_by(|a, b| a == b) {
        let (stretch, rest) = left.split_at_mut(same.len());
        if same[0] == group {
            let parts = stretch.chunks_mut(CHUNK).enumerate();
            jobs.extend(parts.map(|(part, found)| (first + part * CHUNK, found)));
        }
        (first, left) = (first + same.len(), rest);
    }
    jobs
}

/// Series of one slice group.
struct Scan<'a> {
    model: &'a Arma11,
    trials: &'a [Trial],
    beside: &'a [Vec<usize>],
    residual: ArrayView2<'a, f64>,
    found: &'a mut [Starts],
}

impl WithSimd for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Scan { model, trials, beside, residual, found } = self;
        let (w, (n, rank)) = (width::<S>(), model.dim());
        let (mut e, mut room) = (Lines::zeros(n * w), Lines::zeros(n * w));
        let (mut q, mut square, mut rss) =
            (Lines::zeros(rank * w), Lines::zeros(w), Lines::zeros(w));
        let mut values = vec![vec![0.0; trials.len()]; w];
        for (part, found) in found.chunks_mut(w).enumerate() {
            for (row, series) in e.chunks_exact_mut(w).zip(residual.rows()) {
                row.fill(0.0);
                row.iter_mut().zip(series.iter().skip(part * w)).for_each(|(to, e)| *to = *e);
            }
            lanes_mut::<S>(&mut square)[0] = sum_of_squares(simd, lanes_mut::<S>(&mut e));
            for (k, trial) in trials.iter().enumerate() {
                let room = (&mut lanes_mut::<S>(&mut room)[..], &mut lanes_mut::<S>(&mut q)[..]);
                lanes_mut::<S>(&mut rss)[0] =
                    residual_squares(simd, trial, lanes_mut::<S>(&mut e), room);
                for (lane, values) in values.iter_mut().enumerate() {
                    values[k] = model.objective(rss[lane] / square[lane], trial.ln_det);
                }
            }
            for (found, values) in found.iter_mut().zip(&values) {
                *found = lowest(values, beside, model.doubt());
            }
        }
    }
}

/// RSS of a panel's series at trial values. `whitened`, `q`: room.
#[inline(always)]
fn residual_squares<S: Simd>(
    simd: S,
    trial: &Trial,
    e: &[Lanes<S>],
    (whitened, q): (&mut [Lanes<S>], &mut [Lanes<S>]),
) -> Lanes<S> {
    let zero = simd.splat_f64s(0.0);
    let minus_lambda = simd.splat_f64s(-trial.lambda);
    let (mut f, mut z) = ([zero; 2], [zero; 2]);
    for (t, (out, e)) in whitened.iter_mut().zip(e).enumerate() {
        let decay = simd.splat_f64s(trial.decay[t]);
        let step = simd.splat_f64s(trial.step[t]);
        let scale = simd.splat_f64s(trial.scale[t]);
        for half in 0..2 {
            f[half] = simd.mul_add_e_f64s(step, z[half], simd.mul_f64s(decay, f[half]));
            z[half] = simd.mul_add_e_f64s(minus_lambda, f[half], e[half]);
            out[half] = simd.mul_f64s(z[half], scale);
        }
    }
    let mut rss = sum_of_squares(simd, whitened);
    project(simd, &trial.basis, whitened, q);
    let mut at = 0;
    for i in 0..q.len() {
        let mut sum = q[i];
        for (k, y) in q[..i].iter().enumerate() {
            take_product(simd, &mut sum, [simd.splat_f64s(trial.factor[at + k]); 2], *y);
        }
        let inverse = simd.splat_f64s(trial.factor[at + i]);
        q[i] = [simd.mul_f64s(sum[0], inverse), simd.mul_f64s(sum[1], inverse)];
        take_product(simd, &mut rss, q[i], q[i]);
        at += i + 1;
    }
    rss
}
