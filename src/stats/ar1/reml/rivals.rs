//! Where the objective has two bowls, the one as deep as the other: sums that are a little off find the other.
//!
//! RSS of residuals that are off by r is off by 2 r A of itself at most, A what whitening makes of r (as in `bend`), and the objective by 2 (n - m) r A. Two
//! bottoms whose objectives differ by less than both are off may change places.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::super::panel::Panel;
use super::super::{Ar1, Sums};
use super::{Bowl, Scan, Trial, bowls, scanned};
use crate::stats::panel::width;

/// Voxels a task.
const CHUNK: usize = 512;

impl Ar1 {
    /// rho in the other bowl, of each voxel that has one which residuals off by `r` may take for the deeper, `[voxel]`.
    #[must_use]
    pub fn rivals(&self, scan: &Scan, sums: &Sums, r: f64) -> Vec<Option<f64>> {
        let mut rivals = vec![None; sums.square.len()];
        let Scan(trials) = scan;
        rivals.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, rivals)| {
            let first = chunk * CHUNK;
            Arch::new().dispatch(Rivals { model: self, trials, sums, rivals, first, r });
        });
        rivals
    }
}

struct Rivals<'a> {
    model: &'a Ar1,
    trials: &'a [Trial],
    sums: &'a Sums,
    rivals: &'a mut [Option<f64>],
    first: usize,
    r: f64,
}

impl WithSimd for Rivals<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Rivals { model, trials, sums, rivals, first, r } = self;
        let w = width::<S>();
        let mut panel = Panel::new::<S>(model);
        for (index, rivals) in rivals.chunks_mut(w).enumerate() {
            panel.load::<S>(sums, first + index * w, rivals.len());
            let values = scanned(simd, model, trials, &mut panel);
            let found = bowls(simd, model, &mut panel, &values);
            for (lane, (rival, bowls)) in rivals.iter_mut().zip(&found).enumerate() {
                let own = values.column(lane);
                let off = |bowl: Bowl| {
                    let ln_rss = own[bowl.trial] - trials[bowl.trial].ln_det;
                    off(model, (bowl.rho.abs(), ln_rss), r)
                };
                let is_rival = |other: &Bowl| {
                    let above = (other.value - bowls.first.value).abs();
                    panel.square(lane) > 0.0 && above < off(*other) + off(bowls.first)
                };
                let (deepest, first) = (bowls.deepest().rho, bowls.first.rho);
                *rival = bowls
                    .other
                    .filter(is_rival)
                    .map(|other| if other.rho == deepest { first } else { other.rho });
            }
        }
    }
}

/// By how much the objective may be off at a rho of this size; `ln_rss`: what it is without its determinants.
fn off(model: &Ar1, (size, ln_rss): (f64, f64), r: f64) -> f64 {
    let left = (model.n_volumes - model.rank) as f64;
    let share = (ln_rss / left).exp();
    2.0 * left * r * ((1.0 + size) / (1.0 - size) / share).sqrt()
}
