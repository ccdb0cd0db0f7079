//! ARMA(1,1) noise by restricted maximum likelihood: corr(0) = 1, corr(k) = lambda a^(k-1),
//! lambda = (b + a)(1 + a b) / (1 + 2 a b + b²), at the kept volumes' own times.
//!
//! Source: the objective, (n - m) log RSS + log|U'R⁻¹U| + log|R|, and the trial values, a from 0 and b from -0.8 to 0.8 in steps of 0.1
//! with lambda not negative, are those of 3dREMLfit; a and b are then refined off the grid by Newton steps, so that they vary
//! continuously with the data. The whole series is needed: what R⁻¹ does to it is no function of a few sums.
//!
//! R is semiseparable, so that its factor L D L' whitens a series in one pass: with g the gap before volume t, S = a^(2g) S +
//! a^(2g-2) D W², f = a^g f + a^(g-1) W z (of the volume before), D = 1 - lambda² S, W = (1 - lambda a S) / D, z = y - lambda f.

use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::error::Result;
use crate::stats::gls::{Factor, Question, Solved, add_product, take_product};
use crate::stats::least_squares::{LeastSquares, orthonormal_basis};
use crate::stats::panel::{Lanes, lanes_mut, project, sum_of_squares, width};

/// The largest a, and magnitude of b.
const LARGEST: f64 = 0.8;
/// Between trial values.
const STEP: f64 = 0.1;
/// Where values are taken for a Newton step: the middle, along a, along b, and between.
const STENCIL: [(f64, f64); 6] =
    [(0.0, 0.0), (-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (1.0, 1.0)];
/// Half the stencil of each Newton step.
const STENCILS: [f64; 4] = [0.04, 0.02, 0.008, 0.003];
/// Half the stencil of each step along an edge, and how near to it a place is tried there.
const NEAR_EDGE: f64 = 0.05;
const EDGE_STENCILS: [f64; 5] = [0.08, 0.04, 0.02, 0.008, 0.003];
/// Voxels a task.
const CHUNK: usize = 64;
/// Factors of |R| multiplied before their logarithm is taken; each lies between 0.1 and 1.
const FACTORS_A_LOGARITHM: usize = 32;

/// What one slice group's design makes of series; all f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Arma11 {
    /// Orthonormal, `[volume][basis]`.
    basis: Array2<f64>,
    /// X⁺U, `[regressor][basis]`.
    pub to_beta: Array2<f64>,
    /// Volumes since the kept volume before, 0 for the first, `[volume]`.
    gaps: Vec<u32>,
    /// What divides the residual sum of squares.
    dof: f64,
}

/// What was found at each voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// `[voxel]`
    pub a: Vec<f64>,
    /// `[voxel]`
    pub b: Vec<f64>,
    /// The answers there.
    pub solved: Solved,
}

/// lambda of a and b.
#[must_use]
pub fn lambda(a: f64, b: f64) -> f64 {
    (b + a) * (1.0 + a * b) / (1.0 + 2.0 * a * b + b * b)
}

impl Arma11 {
    /// Of a design `[volume][regressor]` at kept volumes, positions in the run, ascending; `dof`: what is left.
    ///
    /// # Errors
    /// Internal when the design's singular values cannot be found.
    pub fn new(design: ArrayView2<f64>, kept: &[usize], dof: f64) -> Result<Arma11> {
        let basis = orthonormal_basis(design)?;
        let to_beta = LeastSquares::new(design)?.pinv.dot(&basis);
        let steps = kept.windows(2).map(|pair| (pair[1] - pair[0]) as u32);
        Ok(Arma11 { basis, to_beta, gaps: std::iter::once(0).chain(steps).collect(), dof })
    }

    /// Bytes of host memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<f64>() * (self.basis.len() + self.to_beta.len() + self.gaps.len())
    }

    /// a, b and the answers of voxels of this group. `residual`: of ordinary least squares, `[volume][voxel]`; `beta`: its estimates,
    /// `[regressor][voxel]`.
    #[must_use]
    pub fn fit(
        &self,
        residual: ArrayView2<f64>,
        beta: ArrayView2<f64>,
        questions: &[Question],
    ) -> Found {
        let trials = self.trials();
        let n = residual.ncols();
        let chunks: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let parts: Vec<Found> = chunks
            .into_par_iter()
            .map(|first| {
                let voxels = ndarray::s![.., first..(first + CHUNK).min(n)];
                let (residual, beta) = (residual.slice(voxels), beta.slice(voxels));
                let fit = Fit { model: self, trials: &trials, residual, beta, questions };
                Arch::new().dispatch(fit)
            })
            .collect();
        let mut found = Found { a: Vec::new(), b: Vec::new(), solved: Solved::empty(questions, 0) };
        let mut solved = Vec::with_capacity(parts.len());
        for part in parts {
            found.a.extend(part.a);
            found.b.extend(part.b);
            solved.push(part.solved);
        }
        Found { solved: Solved::joined(solved, questions), ..found }
    }

    fn trials(&self) -> Vec<Trial> {
        let steps = (LARGEST / STEP).round() as i32;
        let at = |i: i32| f64::from(i) * STEP;
        let b_of = move |i: i32| (-i..=steps).map(move |j| (at(i), at(j)));
        // Where lambda is 0 noise is white, whatever a: one trial stands for all.
        let pairs = (0..=steps).flat_map(b_of).filter(|(a, b)| *a == 0.0 || a + b > 1e-9);
        pairs.map(|(a, b)| Trial::new(self, a, b)).collect()
    }

    fn objective(&self, rss: f64, ln_det: f64) -> f64 {
        let (n, rank) = self.basis.dim();
        (n - rank) as f64 * rss.ln() + ln_det
    }
}

/// What trial values make of the design; all voxels of the group share it.
struct Trial {
    a: f64,
    b: f64,
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
    ln_det: f64,
}

impl Trial {
    fn new(model: &Arma11, a: f64, b: f64) -> Trial {
        let (n, r) = model.basis.dim();
        let lambda = lambda(a, b);
        let (mut decay, mut step, mut scale) = (vec![0.0; n], vec![0.0; n], vec![1.0; n]);
        let (mut s, mut d, mut w, mut ln_det) = (0.0_f64, 1.0_f64, 1.0_f64, 0.0);
        for t in 1..n {
            let gap = model.gaps[t] as i32;
            let (of_gap, before) = (a.powi(gap), a.powi(gap - 1));
            (decay[t], step[t]) = (of_gap, before * w);
            s = of_gap * of_gap * s + before * before * d * w * w;
            d = 1.0 - lambda * lambda * s;
            w = (1.0 - lambda * a * s) / d;
            scale[t] = 1.0 / d.sqrt();
            ln_det += d.ln();
        }
        let mut basis = vec![0.0; n * r];
        for j in 0..r {
            let (mut f, mut z) = (0.0, 0.0);
            for t in 0..n {
                f = decay[t] * f + step[t] * z;
                z = model.basis[[t, j]] - lambda * f;
                basis[t * r + j] = z * scale[t];
            }
        }
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
        Trial { a, b, lambda, decay, step, scale, basis, factor, ln_det }
    }

    /// RSS of a panel's series at these values. `z`, `q`: room.
    #[inline(always)]
    fn rss<S: Simd>(
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

struct Fit<'a> {
    model: &'a Arma11,
    trials: &'a [Trial],
    residual: ArrayView2<'a, f64>,
    beta: ArrayView2<'a, f64>,
    questions: &'a [Question],
}

impl WithSimd for Fit<'_> {
    type Output = Found;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Found {
        let Fit { model, trials, residual, beta, questions } = self;
        let (n, r) = model.basis.dim();
        let (w, n_voxels) = (width::<S>(), residual.ncols());
        let mut found = Found {
            a: Vec::with_capacity(n_voxels),
            b: Vec::with_capacity(n_voxels),
            solved: Solved::empty(questions, n_voxels),
        };
        let mut e = vec![0.0; n * w];
        let mut room = vec![0.0; n * w];
        let mut own = Evaluation::new::<S>(model);
        for first in (0..n_voxels).step_by(w) {
            let count = w.min(n_voxels - first);
            for (row, series) in e.chunks_exact_mut(w).zip(residual.rows()) {
                for (lane, value) in row.iter_mut().enumerate() {
                    *value = series[first + lane.min(count - 1)];
                }
            }
            let series: &[Lanes<S>] = lanes_mut::<S>(&mut e);
            lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, series);
            let mut least = vec![f64::INFINITY; w];
            let mut at = vec![(0.0, 0.0); w];
            let mut rss = vec![0.0; w];
            for trial in trials {
                let q = &mut lanes_mut::<S>(&mut own.factor.projected)[..r];
                lanes_mut::<S>(&mut rss)[0] =
                    trial.rss(simd, series, (lanes_mut::<S>(&mut room), q));
                for lane in 0..w {
                    let share = rss[lane] / own.factor.square[lane];
                    let value = model.objective(share, trial.ln_det);
                    if value < least[lane] {
                        (least[lane], at[lane]) = (value, (trial.a, trial.b));
                    }
                }
            }
            refine(simd, (model, series), &mut at, &mut own);
            refine_at_edges(simd, (model, series), &mut at, &mut own);
            own.evaluate(simd, (model, series), &at);
            for (lane, &(a, b)) in at.iter().take(count).enumerate() {
                let varies = own.factor.square[lane] > 0.0;
                found.a.push(if varies { a } else { 0.0 });
                found.b.push(if varies { b } else { 0.0 });
            }
            let beta = beta.slice(ndarray::s![.., first..first + count]);
            found.solved.put(simd, &mut own.factor, (first, beta), questions);
        }
        found
    }
}

/// Newton steps from the best trial, by finite differences of exact values about places whose stencil lies within the bounds.
#[inline(always)]
fn refine<S: Simd>(
    simd: S,
    (model, series): (&Arma11, &[Lanes<S>]),
    at: &mut [(f64, f64)],
    own: &mut Evaluation,
) {
    for h in STENCILS {
        let centre: Vec<(f64, f64)> = at.iter().map(|&(a, b)| within(a, b, h)).collect();
        let mut values: [Vec<f64>; 6] = Default::default();
        // No closure: one that the compiler calls out of line has no SIMD.
        for (values, (da, db)) in values.iter_mut().zip(STENCIL) {
            let there: Vec<_> = centre.iter().map(|&(a, b)| (a + da * h, b + db * h)).collect();
            own.evaluate(simd, (model, series), &there);
            values.extend((0..there.len()).map(|lane| own.objective(model, lane)));
        }
        let [middle, a_below, a_above, b_below, b_above, both] = &values;
        for (lane, at) in at.iter_mut().enumerate() {
            let (f, [am, ap]) = (middle[lane], [a_below[lane], a_above[lane]]);
            let [bm, bp] = [b_below[lane], b_above[lane]];
            let slope = [(ap - am) / 2.0, (bp - bm) / 2.0];
            let (aa, bb) = (ap - 2.0 * f + am, bp - 2.0 * f + bm);
            let ab = both[lane] - ap - bp + f;
            let det = aa * bb - ab * ab;
            let (a, b) = centre[lane];
            let step = if aa > 0.0 && det > 0.0 {
                [(ab * slope[1] - bb * slope[0]) / det, (ab * slope[0] - aa * slope[1]) / det]
            } else {
                // No bowl: down the slope by the stencil.
                slope.map(|s| if s.is_finite() { -s.signum() } else { 0.0 })
            };
            let [da, db] = step.map(|s| if s.is_finite() { h * s.clamp(-3.0, 3.0) } else { 0.0 });
            *at = within(a + da, b + db, 0.0);
        }
    }
}

/// Where a lies on a bound or near it, b along that edge by parabolas, and the better of both places.
#[inline(always)]
fn refine_at_edges<S: Simd>(
    simd: S,
    (model, series): (&Arma11, &[Lanes<S>]),
    at: &mut [(f64, f64)],
    own: &mut Evaluation,
) {
    let edge = |a: f64| {
        let nearest = if a < LARGEST / 2.0 { 0.0 } else { LARGEST };
        if (a - nearest).abs() <= NEAR_EDGE { nearest } else { a }
    };
    if at.iter().all(|&(a, _)| edge(a) == a && a != 0.0 && a != LARGEST) {
        return;
    }
    let mut along: Vec<(f64, f64)> = at.iter().map(|&(a, b)| within(edge(a), b, 0.0)).collect();
    for h in EDGE_STENCILS {
        let inside = |(a, b): (f64, f64)| (a, b.clamp((h - a).max(h - LARGEST), LARGEST - h));
        let centre: Vec<(f64, f64)> = along.iter().map(|&at| inside(at)).collect();
        let mut values: [Vec<f64>; 3] = Default::default();
        for (values, db) in values.iter_mut().zip([-1.0, 0.0, 1.0]) {
            let there: Vec<_> = centre.iter().map(|&(a, b)| (a, b + db * h)).collect();
            own.evaluate(simd, (model, series), &there);
            values.extend((0..there.len()).map(|lane| own.objective(model, lane)));
        }
        let [below, middle, above] = &values;
        for (lane, along) in along.iter_mut().enumerate() {
            let slope = (above[lane] - below[lane]) / 2.0;
            let curve = above[lane] - 2.0 * middle[lane] + below[lane];
            let step = if curve > 0.0 { -slope / curve } else { -slope.signum() };
            let step = if step.is_finite() { step.clamp(-3.0, 3.0) } else { 0.0 };
            let (a, b) = centre[lane];
            *along = within(a, b + h * step, 0.0);
        }
    }
    own.evaluate(simd, (model, series), at);
    let here: Vec<f64> = (0..at.len()).map(|lane| own.objective(model, lane)).collect();
    own.evaluate(simd, (model, series), &along);
    let there: Vec<f64> = (0..at.len()).map(|lane| own.objective(model, lane)).collect();
    for (lane, at) in at.iter_mut().enumerate().filter(|(lane, _)| there[*lane] < here[*lane]) {
        *at = along[lane];
    }
}

/// The nearest place a margin within the bounds: 0 <= a <= 0.8, |b| <= 0.8, lambda not negative.
fn within(a: f64, b: f64, margin: f64) -> (f64, f64) {
    let a = a.clamp(margin, LARGEST - margin);
    // The stencil's lowest corner is (a - margin, b - margin).
    let least = (2.0 * margin - a).max(margin - LARGEST);
    (a, b.clamp(least.min(LARGEST - margin), LARGEST - margin))
}

/// A panel at each voxel's own a and b.
struct Evaluation {
    factor: Factor,
    /// log|R|, `[lane]`.
    ln_det_r: Vec<f64>,
    /// f and z of each basis column and of the series, and the scaled z, `[column][lane]`.
    f: Vec<f64>,
    z: Vec<f64>,
    scaled: Vec<f64>,
}

impl Evaluation {
    fn new<S: Simd>(model: &Arma11) -> Evaluation {
        let (w, r) = (width::<S>(), model.basis.ncols());
        let columns = vec![0.0; (r + 1) * w];
        Evaluation {
            factor: Factor::new::<S>(r, model.dof),
            ln_det_r: vec![0.0; w],
            f: columns.clone(),
            z: columns.clone(),
            scaled: columns,
        }
    }

    fn objective(&self, model: &Arma11, lane: usize) -> f64 {
        let share = self.factor.rss[lane] / self.factor.square[lane];
        model.objective(share, self.factor.ln_det[lane] + self.ln_det_r[lane])
    }

    /// N, q and e'R⁻¹e, decomposed.
    #[inline(always)]
    fn evaluate<S: Simd>(
        &mut self,
        simd: S,
        (model, series): (&Arma11, &[Lanes<S>]),
        at: &[(f64, f64)],
    ) {
        let (w, r) = (width::<S>(), model.basis.ncols());
        let mut lanes = vec![0.0; 5 * w];
        for (lane, &(a, b)) in at.iter().enumerate() {
            lanes[lane] = a;
            lanes[w + lane] = lambda(a, b);
        }
        // [a, lambda, a^g, a^(g-1), product of D]
        lanes[4 * w..].fill(1.0);
        self.factor.factor.fill(0.0);
        self.factor.projected.fill(0.0);
        self.factor.rss.fill(0.0);
        self.ln_det_r.fill(0.0);
        self.f.fill(0.0);
        self.z.fill(0.0);
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let (mut s, mut d, mut weight) = ([zero; 2], [one; 2], [one; 2]);
        let mut known_gap = 0;
        for (t, e) in series.iter().enumerate() {
            let gap = model.gaps[t];
            if t > 0 && gap != known_gap {
                for lane in 0..w {
                    lanes[2 * w + lane] = lanes[lane].powi(gap as i32);
                    lanes[3 * w + lane] = lanes[lane].powi(gap as i32 - 1);
                }
                known_gap = gap;
            }
            let of: &mut [Lanes<S>] = lanes_mut::<S>(&mut lanes);
            let (a, lambda, decay, before) = (of[0], of[1], of[2], of[3]);
            let mut step = [zero; 2];
            let mut scale = [one; 2];
            for half in 0..2 {
                if t > 0 {
                    step[half] = simd.mul_f64s(before[half], weight[half]);
                    let squared = simd.mul_f64s(step[half], step[half]);
                    let kept = simd.mul_f64s(decay[half], decay[half]);
                    s[half] = simd.mul_add_e_f64s(squared, d[half], simd.mul_f64s(kept, s[half]));
                    let of_s = simd.mul_f64s(lambda[half], s[half]);
                    d[half] = simd.mul_add_e_f64s(simd.neg_f64s(lambda[half]), of_s, one);
                    let rest = simd.mul_add_e_f64s(simd.neg_f64s(a[half]), of_s, one);
                    weight[half] = simd.div_f64s(rest, d[half]);
                    scale[half] = simd.div_f64s(one, simd.sqrt_f64s(d[half]));
                    of[4][half] = simd.mul_f64s(of[4][half], d[half]);
                }
            }
            let (f, z) = (lanes_mut::<S>(&mut self.f), lanes_mut::<S>(&mut self.z));
            let scaled = lanes_mut::<S>(&mut self.scaled);
            for j in 0..=r {
                let y = if j < r { [simd.splat_f64s(model.basis[[t, j]]); 2] } else { *e };
                for half in 0..2 {
                    let kept = simd.mul_f64s(decay[half], f[j][half]);
                    f[j][half] = simd.mul_add_e_f64s(step[half], z[j][half], kept);
                    z[j][half] =
                        simd.mul_add_e_f64s(simd.neg_f64s(lambda[half]), f[j][half], y[half]);
                    scaled[j][half] = simd.mul_f64s(z[j][half], scale[half]);
                }
            }
            let factor = lanes_mut::<S>(&mut self.factor.factor);
            let projected = lanes_mut::<S>(&mut self.factor.projected);
            let mut entry = 0;
            for i in 0..r {
                for j in 0..=i {
                    add_product(simd, &mut factor[entry], scaled[i], scaled[j]);
                    entry += 1;
                }
                add_product(simd, &mut projected[i], scaled[i], scaled[r]);
            }
            let rss = &mut lanes_mut::<S>(&mut self.factor.rss)[0];
            add_product(simd, rss, scaled[r], scaled[r]);
            if (t + 1) % FACTORS_A_LOGARITHM == 0 || t + 1 == series.len() {
                for (sum, product) in self.ln_det_r.iter_mut().zip(&mut lanes[4 * w..]) {
                    *sum += product.ln();
                    *product = 1.0;
                }
            }
        }
        self.factor.decompose(simd);
    }
}
