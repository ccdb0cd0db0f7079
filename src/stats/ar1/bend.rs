//! How far off rho may be where sums are: the objective's slope is off by as much as its data are, and its least place moves by that over its bend.
//!
//! Only (n - m) log RSS hangs on the data, and -d log RSS / d rho = z'Sz / z'z, S = R^(-1/2) R' R^(-1/2), R' = dR / d rho, z the whitened residuals. R is a
//! mixture of waves, each with 2 / (1 - rho²) at most as its d log / d rho in magnitude, which bounds S, at gaps too. Where z is off by r |z| at most, that quotient is
//! off by r times twice half the spread of S, 4 r / (1 - rho²), and rho by
//!
//! (n - m) 4 r / ((1 - rho²) f''),    f'' the objective's second derivative:
//!
//! 2 r where all n - m residuals tell of rho (f'' = 2 (n - m) / (1 - rho²)), and more where the design has taken what would. What is off by r is e, before it is whitened, and
//! whitening makes of that (1 + |rho|) / (1 - |rho|) at most (squared): z is off by r |e| / |z| times the root of it.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::panel::Panel;
use super::{Ar1, Sums};
use crate::stats::panel::width;

/// Half the distance over which the second derivative is taken.
const HALF: f64 = 0.01;
/// The most that is given, of a bowl 250 times as flat as one of whole information, and of none.
pub const FLATTEST: f64 = 500.0;
/// Voxels a task.
const CHUNK: usize = 512;

impl Ar1 {
    /// By how many times r the own rho of voxels may be off, `[voxel]`: at least 0, at most [`FLATTEST`].
    #[must_use]
    pub fn give(&self, sums: &Sums, rho: &[f64]) -> Vec<f64> {
        let mut give = vec![0.0; rho.len()];
        give.par_chunks_mut(CHUNK).zip(rho.par_chunks(CHUNK)).enumerate().for_each(
            |(chunk, (give, rho))| {
                Arch::new().dispatch(Bend { model: self, sums, rho, give, first: chunk * CHUNK });
            },
        );
        give
    }
}

struct Bend<'a> {
    model: &'a Ar1,
    sums: &'a Sums,
    rho: &'a [f64],
    give: &'a mut [f64],
    first: usize,
}

impl WithSimd for Bend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Bend { model, sums, rho, give, first } = self;
        let w = width::<S>();
        let left = (model.n_volumes - model.rank) as f64;
        let mut panel = Panel::new::<S>(model);
        for (index, (give, rho)) in give.chunks_mut(w).zip(rho.chunks(w)).enumerate() {
            panel.load::<S>(sums, first + index * w, rho.len());
            let mut at = rho.to_vec();
            at.resize(w, rho[0]);
            let (mut bend, mut lost) = (vec![0.0; w], vec![1.0; w]);
            for (step, weight) in [(-HALF, 1.0), (0.0, -2.0), (HALF, 1.0)] {
                let at: Vec<f64> = at.iter().map(|rho| rho + step).collect();
                panel.factorise(simd, model, &at);
                for (lane, bend) in bend.iter_mut().enumerate() {
                    let ln_det = panel.own.ln_det[lane] + model.ln_det_r(at[lane]);
                    let rss = panel.own.rss[lane] / panel.square(lane);
                    *bend += weight * model.objective(rss, ln_det) / (HALF * HALF);
                }
                if step == 0.0 {
                    for (lane, lost) in lost.iter_mut().enumerate().take(rho.len()) {
                        let size = at[lane].abs();
                        let whitened = panel.square(lane) * (1.0 + size) / (1.0 - size);
                        *lost = (whitened / panel.own.rss[lane]).sqrt();
                    }
                }
            }
            for (lane, (give, rho)) in give.iter_mut().zip(rho).enumerate() {
                let off = 4.0 * left * lost[lane] / ((1.0 - rho * rho) * bend[lane]);
                let is_bowl = bend[lane] > 0.0 && off.is_finite();
                *give = match panel.square(lane) > 0.0 {
                    false => 0.0,
                    true if is_bowl => off.min(FLATTEST),
                    true => FLATTEST,
                };
            }
        }
    }
}
