//! A few voxels side by side: R⁻¹'s weights at each voxel's own rho, the Cholesky factor of N and what follows from it.

use ndarray::{ArrayView1, aview_mut1, s};
use pulp::Simd;

use super::{Ar1, Rule, Sums};
use crate::stats::gls::{Factor, add_product, take_product};
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes, lanes_mut, width};

/// The sums of a panel's voxels, and what follows from them; each row is [`width`] voxels.
pub(super) struct Panel {
    /// `[square, last, ends of each gap, lags of each gap, columns]`.
    sums: Lines,
    /// R⁻¹'s: `[identity, last, ends of each gap, lags of each gap]`.
    weights: Lines,
    pub(super) own: Factor,
}

impl Ar1 {
    /// R⁻¹'s weights of the identity and of E_nn: R⁻¹ = identity I + Σ_g [ends_g D_g - lags_g L_g] + last E_nn.
    fn weights_of_ends(&self, rho: f64) -> [f64; 2] {
        match self.rule {
            Rule::Nilearn => [1.0 + rho * rho, -rho * rho],
            Rule::Reml => [1.0, 0.0],
        }
    }

    /// R⁻¹'s weights of a gap's D and of its -L.
    fn weights_of_gap(&self, gap: f64, rho: f64) -> [f64; 2] {
        if self.rule == Rule::Nilearn {
            return [0.0, rho];
        }
        let r = rho.powi(gap as i32);
        let rest = 1.0 - r * r;
        [r * r / rest, r / rest]
    }

    /// R⁻¹'s weights of D_g and of -L_g.
    pub(super) fn weights_of_gaps(&self, rho: f64) -> (Vec<f64>, Vec<f64>) {
        self.gaps.iter().map(|&gap| self.weights_of_gap(gap, rho).into()).unzip()
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
            sums: Lines::zeros((2 + 2 * g + 2 * g * r) * w),
            weights: Lines::zeros((2 + 2 * g) * w),
            own: Factor::new::<S>(r, model.dof),
        }
    }

    /// Take voxels `first..first + count`; lanes beyond them repeat the last.
    pub(super) fn load<S: Simd>(&mut self, sums: &Sums, first: usize, count: usize) {
        let w = width::<S>();
        let vectors = [ArrayView1::from(&sums.square), ArrayView1::from(&sums.last)];
        let matrices = [&sums.ends, &sums.lags, &sums.columns];
        let rows = matrices.into_iter().flat_map(|matrix| matrix.rows());
        for (to, from) in self.sums.chunks_exact_mut(w).zip(vectors.into_iter().chain(rows)) {
            let (own, beyond) = to.split_at_mut(count);
            aview_mut1(own).assign(&from.slice(s![first..first + count]));
            beyond.fill(from[first + count - 1]);
        }
        self.own.square.copy_from_slice(&self.sums[..w]);
    }

    /// Σ e² of a lane.
    pub(super) fn square(&self, lane: usize) -> f64 {
        self.sums[lane]
    }

    /// The sums, as they are held.
    pub(super) fn sums<S: Simd>(&self) -> &[Lanes<S>] {
        lanes::<S>(&self.sums)
    }

    /// Σ e_a e_b over neighbours one volume apart, of a run without gaps.
    pub(super) fn lag(&self, w: usize, lane: usize) -> f64 {
        self.sums[3 * w + lane] / 2.0
    }

    /// N at each lane's rho and its factor, L⁻¹q, log|N| and RSS. (SIMD operations stay out of closures.)
    #[inline(always)]
    pub(super) fn factorise<S: Simd>(&mut self, simd: S, model: &Ar1, rho: &[f64]) {
        let (w, g) = (width::<S>(), model.gaps.len());
        let mut weights = std::mem::take(&mut self.weights);
        for (lane, &rho) in rho.iter().enumerate() {
            [weights[lane], weights[w + lane]] = model.weights_of_ends(rho);
            for (gap, &apart) in model.gaps.iter().enumerate() {
                let [ends, lags] = model.weights_of_gap(apart, rho);
                weights[(2 + gap) * w + lane] = ends;
                weights[(2 + g + gap) * w + lane] = lags;
            }
        }
        let of_lanes: &[Lanes<S>] = lanes_mut::<S>(&mut weights);
        self.fill(simd, model, of_lanes);
        self.project(simd, model, of_lanes);
        self.form(simd, of_lanes, g);
        self.own.decompose(simd);
        self.weights = weights;
    }

    /// N, lower triangle.
    #[inline(always)]
    fn fill<S: Simd>(&mut self, simd: S, model: &Ar1, weights: &[Lanes<S>]) {
        let g = model.gaps.len();
        let factor = lanes_mut::<S>(&mut self.own.factor);
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

    /// q = U'R⁻¹e.
    #[inline(always)]
    fn project<S: Simd>(&mut self, simd: S, model: &Ar1, weights: &[Lanes<S>]) {
        let (g, r) = (model.gaps.len(), model.width);
        let sums: &[Lanes<S>] = lanes_mut::<S>(&mut self.sums);
        let (last, columns) = (sums[1], &sums[2 + 2 * g..]);
        let last = [simd.mul_f64s(last[0], weights[1][0]), simd.mul_f64s(last[1], weights[1][1])];
        let zero = simd.splat_f64s(0.0);
        for (j, q) in lanes_mut::<S>(&mut self.own.projected).iter_mut().enumerate() {
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

    /// e'R⁻¹e.
    #[inline(always)]
    fn form<S: Simd>(&mut self, simd: S, weights: &[Lanes<S>], g: usize) {
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
        lanes_mut::<S>(&mut self.own.rss)[0] = rss;
    }
}

/// sum += a scalar.
#[inline(always)]
fn add<S: Simd>(simd: S, sum: &mut Lanes<S>, a: Lanes<S>, scalar: f64) {
    let scalar = simd.splat_f64s(scalar);
    add_product(simd, sum, a, [scalar; 2]);
}
