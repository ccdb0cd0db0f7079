//! Exact values at each voxel's own a and b.

use pulp::Simd;

use super::{Arma11, lambda};
use crate::stats::gls::{Factor, add_product};
use crate::stats::panel::{Lanes, lanes_mut, width};

/// Factors of |R| multiplied before their logarithm is taken; each lies between 0.1 and 1.
const FACTORS_A_LOGARITHM: usize = 32;

/// Volumes whose products are added at once: accumulators stay in registers over them.
const TILE: usize = 8;

/// A panel at each voxel's own a and b.
pub(super) struct Evaluation {
    pub(super) factor: Factor,
    /// log|R|, `[lane]`.
    ln_det_r: Vec<f64>,
    /// f and z of each basis column and of the series, `[column][lane]`.
    f: Vec<f64>,
    z: Vec<f64>,
    /// Of so many volumes, `[volume][column][lane]`.
    scaled: Vec<f64>,
    /// Products of all columns, lower triangle row by row, the series last.
    gram: Vec<f64>,
}

impl Evaluation {
    pub(super) fn new<S: Simd>(model: &Arma11) -> Evaluation {
        let (w, r) = (width::<S>(), model.basis.ncols());
        let columns = vec![0.0; (r + 1) * w];
        Evaluation {
            factor: Factor::new::<S>(r, model.dof),
            ln_det_r: vec![0.0; w],
            f: columns.clone(),
            z: columns,
            scaled: vec![0.0; TILE * (r + 1) * w],
            gram: vec![0.0; (r + 1) * (r + 2) / 2 * w],
        }
    }

    pub(super) fn objective(&self, model: &Arma11, lane: usize) -> f64 {
        let share = self.factor.rss[lane] / self.factor.square[lane];
        model.objective(share, self.factor.ln_det[lane] + self.ln_det_r[lane])
    }

    /// The objective at places that follow each other as the voxels of the panel do, or of the one voxel that fills it.
    #[inline(always)]
    pub(super) fn objectives<S: Simd>(
        &mut self,
        simd: S,
        of: (&Arma11, &[Lanes<S>]),
        places: &[(f64, f64)],
    ) -> Vec<f64> {
        let w = width::<S>();
        let mut values = Vec::with_capacity(places.len());
        // No closure: one that the compiler calls out of line has no SIMD.
        for places in places.chunks(w) {
            let mut lanes = places.to_vec();
            lanes.resize(w, places[0]);
            self.evaluate(simd, of, &lanes);
            values.extend((0..places.len()).map(|lane| self.objective(of.0, lane)));
        }
        values
    }

    /// N, q and e'R⁻¹e, decomposed.
    #[inline(always)]
    pub(super) fn evaluate<S: Simd>(
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
        self.gram.fill(0.0);
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
            let tile = &mut lanes_mut::<S>(&mut self.scaled)[t % TILE * (r + 1)..][..r + 1];
            for j in 0..=r {
                let y = if j < r { [simd.splat_f64s(model.basis[[t, j]]); 2] } else { *e };
                for half in 0..2 {
                    let kept = simd.mul_f64s(decay[half], f[j][half]);
                    f[j][half] = simd.mul_add_e_f64s(step[half], z[j][half], kept);
                    z[j][half] =
                        simd.mul_add_e_f64s(simd.neg_f64s(lambda[half]), f[j][half], y[half]);
                    tile[j][half] = simd.mul_f64s(z[j][half], scale[half]);
                }
            }
            if (t + 1) % TILE == 0 || t + 1 == series.len() {
                let scaled = &lanes_mut::<S>(&mut self.scaled)[..(t % TILE + 1) * (r + 1)];
                add_products(simd, scaled, r + 1, lanes_mut::<S>(&mut self.gram));
            }
            if (t + 1) % FACTORS_A_LOGARITHM == 0 || t + 1 == series.len() {
                for (sum, product) in self.ln_det_r.iter_mut().zip(&mut lanes[4 * w..]) {
                    *sum += product.ln();
                    *product = 1.0;
                }
            }
        }
        let shared = self.factor.factor.len();
        let (of_design, rest) = self.gram.split_at(shared);
        self.factor.factor.copy_from_slice(of_design);
        let (of_series, square) = rest.split_at(r * w);
        self.factor.projected.copy_from_slice(of_series);
        self.factor.rss.copy_from_slice(square);
        self.factor.decompose(simd);
    }
}

/// Adds to the lower triangle of products of columns, two rows by two columns at a time; `scaled`: `[volume][column]`.
#[inline(always)]
fn add_products<S: Simd>(simd: S, scaled: &[Lanes<S>], n_columns: usize, gram: &mut [Lanes<S>]) {
    let zero = simd.splat_f64s(0.0);
    for i in (0..n_columns).step_by(2) {
        let next_i = (i + 1).min(n_columns - 1);
        for j in (0..=i).step_by(2) {
            let next_j = (j + 1).min(n_columns - 1);
            let mut sums = [[zero; 2]; 4];
            for row in scaled.chunks_exact(n_columns) {
                let (a, b, c, d) = (row[i], row[next_i], row[j], row[next_j]);
                add_product(simd, &mut sums[0], a, c);
                add_product(simd, &mut sums[1], a, d);
                add_product(simd, &mut sums[2], b, c);
                add_product(simd, &mut sums[3], b, d);
            }
            for (of, (i, j)) in
                [(i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)].into_iter().enumerate()
            {
                if i < n_columns && j <= i {
                    let entry = &mut gram[i * (i + 1) / 2 + j];
                    entry[0] = simd.add_f64s(entry[0], sums[of][0]);
                    entry[1] = simd.add_f64s(entry[1], sums[of][1]);
                }
            }
        }
    }
}
