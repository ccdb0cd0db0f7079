//! Where the objective has two bowls, the one as deep as the other: sums that are a little off find the other.
//!
//! RSS of residuals that are off by r is off by 2 r A of itself at most, A what whitening makes of r (as in `bend`), and the objective by 2 (n - m) r A. Two
//! bottoms whose objectives differ by less than both are off may change places.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::super::panel::Panel;
use super::super::{Ar1, Sums};
use super::Scan;
use super::bowls::Search;
use super::bracket::Bowl;
use crate::stats::panel::width;

/// Voxels a task.
const CHUNK: usize = 512;

impl Ar1 {
    /// rho in the other bowl, of each voxel that has one which residuals off by `r` may take for the deeper, `[voxel]`.
    #[must_use]
    pub fn rivals(&self, scan: &Scan, sums: &Sums, r: f64) -> Vec<Option<f64>> {
        let mut rivals = vec![None; sums.square.len()];
        rivals.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, rivals)| {
            let first = chunk * CHUNK;
            Arch::new().dispatch(Rivals { model: self, scan, sums, rivals, first, r });
        });
        rivals
    }
}

struct Rivals<'a> {
    model: &'a Ar1,
    scan: &'a Scan,
    sums: &'a Sums,
    rivals: &'a mut [Option<f64>],
    first: usize,
    r: f64,
}

impl WithSimd for Rivals<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Rivals { model, scan, sums, rivals, first, r } = self;
        let w = width::<S>();
        let mut panel = Panel::new::<S>(model);
        let mut search = Search::new(w);
        for (index, rivals) in rivals.chunks_mut(w).enumerate() {
            panel.load::<S>(sums, first + index * w, rivals.len());
            search.of_panel(simd, model, scan, &mut panel);
            for (lane, (rival, bowls)) in rivals.iter_mut().zip(&search.found).enumerate() {
                let off = |bowl: Bowl| off(model, bowl, r);
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

/// By how much the objective may be off in a bowl.
fn off(model: &Ar1, Bowl { rho, share, .. }: Bowl, r: f64) -> f64 {
    let size = rho.abs();
    2.0 * model.n_left() * r * ((1.0 + size) / (1.0 - size) / share).sqrt()
}
