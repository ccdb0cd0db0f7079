//! Trial values of a and b: what they make of the design is shared, and RSS at them is one pass over a series.

use pulp::Simd;

use super::steps::Steps;
use super::{Arma11, LARGEST, STEP};
use crate::stats::gls::take_product;
use crate::stats::panel::{Lanes, project, sum_of_squares};

/// a and b of every trial.
pub(super) fn trial_values() -> Vec<(f64, f64)> {
    let steps = (LARGEST / STEP).round() as i32;
    let at = |i: i32| f64::from(i) * STEP;
    let b_of = move |i: i32| (-i..=steps).map(move |j| (at(i), at(j)));
    // Where lambda is 0 noise is white, whatever a: one trial stands for all.
    (0..=steps).flat_map(b_of).filter(|(a, b)| *a == 0.0 || a + b > 1e-9).collect()
}

/// Of each trial, those beside it.
pub(super) fn neighbours(values: &[(f64, f64)]) -> Vec<Vec<usize>> {
    let step = STEP * 1.01;
    let white = |(a, b): (f64, f64)| a + b < 1e-9;
    let beside = |(a, b): (f64, f64), (c, d): (f64, f64)| {
        // White noise lies along a whole edge.
        let along = white((a, b)) && c + d < step || white((c, d)) && a + b < step;
        (along || (a - c).abs() < step && (b - d).abs() < step) && (a, b) != (c, d)
    };
    let of =
        |&place: &(f64, f64)| (0..values.len()).filter(|&k| beside(place, values[k])).collect();
    values.iter().map(of).collect()
}

/// The least trial of a series and, where there is one, the next least that is lower than all beside it. `values`: the objective, `[trial]`.
pub(super) fn starts(values: &[f64], neighbours: &[Vec<usize>]) -> Vec<usize> {
    let is_low = |&k: &usize| neighbours[k].iter().all(|&other| values[k] <= values[other]);
    let mut low: Vec<usize> = (0..values.len()).filter(is_low).collect();
    low.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    low.truncate(2);
    if low.is_empty() { vec![0] } else { low }
}

/// What trial values make of the design; all voxels of the group share it.
pub(super) struct Trial {
    lambda: f64,
    /// a^g, a^(g-1) W of the volume before, and 1 / sqrt D, `[volume]`.
    decay: Vec<f64>,
    step: Vec<f64>,
    scale: Vec<f64>,
    /// Whitened, `[volume][basis]`.
    basis: Vec<f64>,
    /// L of N = L L', lower triangle row by row, the diagonal inverted.
    factor: Vec<f64>,
    /// log|N| + log|R|.
    pub(super) ln_det: f64,
}

impl Trial {
    pub(super) fn new(model: &Arma11, a: f64, b: f64) -> Trial {
        let (n, r) = model.basis.dim();
        let steps = Steps::new(&model.gaps, a, b);
        let mut whitened = model.basis.clone();
        steps.whiten(&mut whitened);
        let Steps { lambda, decay, step, scale, mut ln_det } = steps;
        let basis: Vec<f64> = whitened.iter().copied().collect();
        let mut factor = vec![0.0; r * (r + 1) / 2];
        for i in 0..r {
            let start = i * (i + 1) / 2;
            for j in 0..=i {
                let dot: f64 = (0..n).map(|t| basis[t * r + i] * basis[t * r + j]).sum();
                let sum: f64 =
                    (0..j).map(|k| factor[start + k] * factor[j * (j + 1) / 2 + k]).sum();
                factor[start + j] = if i == j {
                    ln_det += (dot - sum).ln();
                    1.0 / (dot - sum).sqrt()
                } else {
                    (dot - sum) * factor[j * (j + 1) / 2 + j]
                };
            }
        }
        Trial { lambda, decay, step, scale, basis, factor, ln_det }
    }

    /// RSS of a panel's series at these values. `z`, `q`: room.
    #[inline(always)]
    pub(super) fn rss<S: Simd>(
        &self,
        simd: S,
        e: &[Lanes<S>],
        (whitened, q): (&mut [Lanes<S>], &mut [Lanes<S>]),
    ) -> Lanes<S> {
        let zero = simd.splat_f64s(0.0);
        let minus_lambda = simd.splat_f64s(-self.lambda);
        let (mut f, mut z) = ([zero; 2], [zero; 2]);
        for (t, (out, e)) in whitened.iter_mut().zip(e).enumerate() {
            let decay = simd.splat_f64s(self.decay[t]);
            let step = simd.splat_f64s(self.step[t]);
            let scale = simd.splat_f64s(self.scale[t]);
            for half in 0..2 {
                f[half] = simd.mul_add_e_f64s(step, z[half], simd.mul_f64s(decay, f[half]));
                z[half] = simd.mul_add_e_f64s(minus_lambda, f[half], e[half]);
                out[half] = simd.mul_f64s(z[half], scale);
            }
        }
        let mut rss = sum_of_squares(simd, whitened);
        project(simd, &self.basis, whitened, q);
        let mut at = 0;
        for i in 0..q.len() {
            let mut sum = q[i];
            for (k, y) in q[..i].iter().enumerate() {
                take_product(simd, &mut sum, [simd.splat_f64s(self.factor[at + k]); 2], *y);
            }
            let inverse = simd.splat_f64s(self.factor[at + i]);
            q[i] = [simd.mul_f64s(sum[0], inverse), simd.mul_f64s(sum[1], inverse)];
            take_product(simd, &mut rss, q[i], q[i]);
            at += i + 1;
        }
        rss
    }
}
