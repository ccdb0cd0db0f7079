//! A few voxels side by side: R⁻¹'s weights at each voxel's own rho, the Cholesky factor of N and what follows from it.

use ndarray::ArrayView1;
use pulp::Simd;

use super::{Ar1, Rule, Sums};
use crate::stats::panel::{Lanes, lanes_mut, width};

/// The sums of a panel's voxels, and room for its matrices; each row is [`width`] voxels.
pub(super) struct Panel {
    /// `[square, last, ends of each gap, lags of each gap, columns]`.
    sums: Vec<f64>,
    /// N, then its factor, lower triangle row by row, the diagonal inverted.
    pub(super) factor: Vec<f64>,
    /// q, then L⁻¹q.
    pub(super) projected: Vec<f64>,
    /// One row for a contrast's L⁻¹w.
    pub(super) row: Vec<f64>,
    /// log|N|, and RSS, `[lane]`.
    pub(super) ln_det: Vec<f64>,
    pub(super) rss: Vec<f64>,
}

/// Pivots multiplied before their logarithm is taken: far from overflow, each lies between (1-rho)/(1+rho) and its inverse.
const PIVOTS_A_LOGARITHM: usize = 16;

/// R⁻¹ = identity I + Σ_g [ends_g D_g - lags_g L_g] + last E_nn at one rho.
struct Weights {
    identity: f64,
    last: f64,
    ends: Vec<f64>,
    lags: Vec<f64>,
}

impl Ar1 {
    fn weights(&self, rho: f64) -> Weights {
        if self.rule == Rule::Nilearn {
            let square = rho * rho;
            return Weights {
                identity: 1.0 + square,
                last: -square,
                ends: vec![0.0; self.gaps.len()],
                lags: vec![rho; self.gaps.len()],
            };
        }
        let of_gap = |&gap: &f64| {
            let r = rho.powi(gap as i32);
            let rest = 1.0 - r * r;
            (r * r / rest, r / rest)
        };
        let (ends, lags) = self.gaps.iter().map(of_gap).unzip();
        Weights { identity: 1.0, last: 0.0, ends, lags }
    }

    /// R⁻¹'s weights of D_g and of -L_g.
    pub(super) fn weights_of_gaps(&self, rho: f64) -> (Vec<f64>, Vec<f64>) {
        let Weights { ends, lags, .. } = self.weights(rho);
        (ends, lags)
    }

    /// log|R|.
    pub(super) fn ln_det_r(&self, rho: f64) -> f64 {
        let of_gap = |(&gap, &n): (&f64, &f64)| n * (-(rho.powi(gap as i32).powi(2))).ln_1p();
        self.gaps.iter().zip(&self.n_pairs).map(of_gap).sum()
    }
}

impl Panel {
    pub(super) fn new<S: Simd>(model: &Ar1) -> Panel {
        let (w, r, g) = (width::<S>(), model.width, model.gaps.len());
        Panel {
            sums: vec![0.0; (2 + 2 * g + 2 * g * r) * w],
            factor: vec![0.0; r * (r + 1) / 2 * w],
            projected: vec![0.0; r * w],
            row: vec![0.0; r * w],
            ln_det: vec![0.0; w],
            rss: vec![0.0; w],
        }
    }

    /// Take voxels `first..first + count`; lanes beyond them repeat the last.
    pub(super) fn load<S: Simd>(&mut self, sums: &Sums, first: usize, count: usize) {
        let w = width::<S>();
        let vectors = [ArrayView1::from(&sums.square), ArrayView1::from(&sums.last)];
        let matrices = [&sums.ends, &sums.lags, &sums.columns];
        let rows = matrices.into_iter().flat_map(|matrix| matrix.rows());
        for (to, from) in self.sums.chunks_exact_mut(w).zip(vectors.into_iter().chain(rows)) {
            for (lane, value) in to.iter_mut().enumerate() {
                *value = from[first + lane.min(count - 1)];
            }
        }
    }

    /// Σ e² of a lane.
    pub(super) fn square(&self, lane: usize) -> f64 {
        self.sums[lane]
    }

    /// The sums, and room for q.
    pub(super) fn sums_and_projected<S: Simd>(&mut self) -> (&[Lanes<S>], &mut [Lanes<S>]) {
        (lanes_mut::<S>(&mut self.sums), lanes_mut::<S>(&mut self.projected))
    }

    /// Residual variance of a lane, 0 where rounding leaves less.
    pub(super) fn sigma2(&self, model: &Ar1, lane: usize) -> f64 {
        if self.square(lane) > 0.0 { (self.rss[lane] / model.dof).max(0.0) } else { 0.0 }
    }

    /// Σ e_a e_b over neighbours one volume apart, of a run without gaps.
    pub(super) fn lag(&self, w: usize, lane: usize) -> f64 {
        self.sums[3 * w + lane] / 2.0
    }

    /// N at each lane's rho and its factor, L⁻¹q, log|N| and RSS. (SIMD operations stay out of closures.)
    #[inline(always)]
    pub(super) fn factorise<S: Simd>(&mut self, simd: S, model: &Ar1, rho: &[f64]) {
        let (w, g) = (width::<S>(), model.gaps.len());
        // [identity, last, ends, lags][lane]
        let mut weights = vec![0.0; (2 + 2 * g) * w];
        for (lane, &rho) in rho.iter().enumerate() {
            let of = model.weights(rho);
            weights[lane] = of.identity;
            weights[w + lane] = of.last;
            for gap in 0..g {
                weights[(2 + gap) * w + lane] = of.ends[gap];
                weights[(2 + g + gap) * w + lane] = of.lags[gap];
            }
        }
        let weights: &[Lanes<S>] = lanes_mut::<S>(&mut weights);
        self.fill(simd, model, weights);
        self.cholesky(simd, model.width);
        self.project(simd, model, weights);
        forward(simd, lanes_mut::<S>(&mut self.factor), lanes_mut::<S>(&mut self.projected));
        self.residual(simd, weights, g);
    }

    /// N, lower triangle.
    #[inline(always)]
    fn fill<S: Simd>(&mut self, simd: S, model: &Ar1, weights: &[Lanes<S>]) {
        let g = model.gaps.len();
        let factor = lanes_mut::<S>(&mut self.factor);
        let zero = simd.splat_f64s(0.0);
        let mut at = 0;
        for i in 0..model.width {
            for j in 0..=i {
                let mut sum = if i == j { weights[0] } else { [zero; 2] };
                add(simd, &mut sum, weights[1], model.last[i] * model.last[j]);
                for gap in 0..g {
                    add(simd, &mut sum, weights[2 + gap], model.packed_ends[gap][at]);
                    add(simd, &mut sum, weights[2 + g + gap], -model.packed_lags[gap][at]);
                }
                factor[at] = sum;
                at += 1;
            }
        }
    }

    /// N = L L', the diagonal of L inverted, and log|N|.
    #[inline(always)]
    fn cholesky<S: Simd>(&mut self, simd: S, r: usize) {
        let w = width::<S>();
        self.ln_det.fill(0.0);
        let factor = lanes_mut::<S>(&mut self.factor);
        let one = simd.splat_f64s(1.0);
        let mut pivots = vec![1.0; w];
        for i in 0..r {
            let (above, row) = factor.split_at_mut(i * (i + 1) / 2);
            for j in 0..i {
                let start = j * (j + 1) / 2;
                let mut sum = row[j];
                for k in 0..j {
                    take_product(simd, &mut sum, row[k], above[start + k]);
                }
                let inverse = above[start + j];
                row[j] = [simd.mul_f64s(sum[0], inverse[0]), simd.mul_f64s(sum[1], inverse[1])];
            }
            let mut pivot = row[i];
            for k in 0..i {
                take_product(simd, &mut pivot, row[k], row[k]);
            }
            let product = &mut lanes_mut::<S>(&mut pivots)[0];
            *product = [simd.mul_f64s(product[0], pivot[0]), simd.mul_f64s(product[1], pivot[1])];
            row[i] = [
                simd.div_f64s(one, simd.sqrt_f64s(pivot[0])),
                simd.div_f64s(one, simd.sqrt_f64s(pivot[1])),
            ];
            if (i + 1) % PIVOTS_A_LOGARITHM == 0 || i + 1 == r {
                for (sum, product) in self.ln_det.iter_mut().zip(&mut pivots) {
                    *sum += product.ln();
                    *product = 1.0;
                }
            }
        }
    }

    /// q = U'R⁻¹e.
    #[inline(always)]
    fn project<S: Simd>(&mut self, simd: S, model: &Ar1, weights: &[Lanes<S>]) {
        let (g, r) = (model.gaps.len(), model.width);
        let sums: &[Lanes<S>] = lanes_mut::<S>(&mut self.sums);
        let (last, columns) = (sums[1], &sums[2 + 2 * g..]);
        let last = [simd.mul_f64s(last[0], weights[1][0]), simd.mul_f64s(last[1], weights[1][1])];
        let zero = simd.splat_f64s(0.0);
        for (j, q) in lanes_mut::<S>(&mut self.projected).iter_mut().enumerate() {
            let mut sum = [zero; 2];
            add(simd, &mut sum, last, model.last[j]);
            for gap in 0..g {
                let (ends, lags) = (weights[2 + gap], weights[2 + g + gap]);
                let lags = [simd.neg_f64s(lags[0]), simd.neg_f64s(lags[1])];
                add_product(simd, &mut sum, ends, columns[gap * r + j]);
                add_product(simd, &mut sum, lags, columns[(g + gap) * r + j]);
            }
            *q = sum;
        }
    }

    /// RSS = e'R⁻¹e - |L⁻¹q|².
    #[inline(always)]
    fn residual<S: Simd>(&mut self, simd: S, weights: &[Lanes<S>], g: usize) {
        let sums: &[Lanes<S>] = lanes_mut::<S>(&mut self.sums);
        let zero = simd.splat_f64s(0.0);
        let mut rss = [zero; 2];
        add_product(simd, &mut rss, weights[0], sums[0]);
        let of_last =
            [simd.mul_f64s(sums[1][0], sums[1][0]), simd.mul_f64s(sums[1][1], sums[1][1])];
        add_product(simd, &mut rss, weights[1], of_last);
        for gap in 0..g {
            add_product(simd, &mut rss, weights[2 + gap], sums[2 + gap]);
            take_product(simd, &mut rss, weights[2 + g + gap], sums[2 + g + gap]);
        }
        for y in lanes_mut::<S>(&mut self.projected).iter() {
            take_product(simd, &mut rss, *y, *y);
        }
        lanes_mut::<S>(&mut self.rss)[0] = rss;
    }

    /// L⁻¹w of one row of weights on the basis, into `row`: |L⁻¹w|² and (L⁻¹w)'L⁻¹q, `[lane]`.
    #[inline(always)]
    pub(super) fn weigh<S: Simd>(&mut self, simd: S, weights: &[f64]) -> [Vec<f64>; 2] {
        let w = width::<S>();
        for (row, &weight) in self.row.chunks_exact_mut(w).zip(weights) {
            row.fill(weight);
        }
        let row = lanes_mut::<S>(&mut self.row);
        forward(simd, lanes_mut::<S>(&mut self.factor), row);
        let zero = simd.splat_f64s(0.0);
        let (mut square, mut change) = ([zero; 2], [zero; 2]);
        for (w, y) in row.iter().zip(lanes_mut::<S>(&mut self.projected).iter()) {
            add_product(simd, &mut square, *w, *w);
            add_product(simd, &mut change, *w, *y);
        }
        let mut sums = [vec![0.0; w], vec![0.0; w]];
        lanes_mut::<S>(&mut sums[0])[0] = square;
        lanes_mut::<S>(&mut sums[1])[0] = change;
        sums
    }
}

/// x = L⁻¹x.
#[inline(always)]
fn forward<S: Simd>(simd: S, factor: &[Lanes<S>], x: &mut [Lanes<S>]) {
    let mut at = 0;
    for i in 0..x.len() {
        let mut sum = x[i];
        for k in 0..i {
            take_product(simd, &mut sum, factor[at + k], x[k]);
        }
        let inverse = factor[at + i];
        x[i] = [simd.mul_f64s(sum[0], inverse[0]), simd.mul_f64s(sum[1], inverse[1])];
        at += i + 1;
    }
}

/// sum += a scalar.
#[inline(always)]
fn add<S: Simd>(simd: S, sum: &mut Lanes<S>, a: Lanes<S>, scalar: f64) {
    let scalar = simd.splat_f64s(scalar);
    add_product(simd, sum, a, [scalar; 2]);
}

/// sum += a b.
#[inline(always)]
pub(super) fn add_product<S: Simd>(simd: S, sum: &mut Lanes<S>, a: Lanes<S>, b: Lanes<S>) {
    sum[0] = simd.mul_add_e_f64s(a[0], b[0], sum[0]);
    sum[1] = simd.mul_add_e_f64s(a[1], b[1], sum[1]);
}

/// sum -= a b.
#[inline(always)]
pub(super) fn take_product<S: Simd>(simd: S, sum: &mut Lanes<S>, a: Lanes<S>, b: Lanes<S>) {
    sum[0] = simd.mul_add_e_f64s(simd.neg_f64s(a[0]), b[0], sum[0]);
    sum[1] = simd.mul_add_e_f64s(simd.neg_f64s(a[1]), b[1], sum[1]);
}
