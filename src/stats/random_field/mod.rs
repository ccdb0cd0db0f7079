//! Random field theory: p of the highest voxel and of a cluster's extent in a search volume of smooth noise, without a permutation.
//!
//! With R_d the [`Resels`] of the volume and ρ_d the densities of the statistic's [`Field`], the clusters above u are about Poisson with mean
//! E(u) = Σ R_d ρ_d(u) (Worsley 1996), so that
//!
//! - height: p = 1 - exp(-E(u)), or Bonferroni's n P(X > u) where that is smaller, as it is for rough noise. E falls with u only in the tail: p takes the
//!   greatest E at or above u;
//! - extent: a cluster above u has in D dimensions P(extent >= k) = exp(-β k^(2/D)), β = (Γ(D/2 + 1) / E k)^(2/D), E k = P(X > u) / ρ_D(u) resels
//!   (Friston 1994; the same ratio with t's own tail and density for t), and any such one in the volume p = 1 - exp(-E(u) P(extent >= k)).
//!
//! Both are of one tail. Assumed are noise of one smoothness throughout, about Gaussian in shape, and a high threshold (p .001): height is conservative for FWHM below some three
//! voxels, extent not always. Of t below 4 dof E does not fall and Bonferroni serves. Oracle: `tests/oracles/group_fields.py` and simulated fields.

mod densities;
mod fwhm;
mod resels;

pub use densities::Field;
pub use fwhm::fwhm_vox;
pub use resels::Resels;

use crate::stats::tails::ln_gamma;

/// Heights at which E is looked at for its greatest: from this, each so much above the one before.
const FIRST: f64 = 0.01;
const NEXT: f64 = 1.02;
const HEIGHTS: usize = 1000;

/// Where effects are looked for, and what the statistic is without any.
#[derive(Debug, Clone)]
pub struct Search {
    field: Field,
    resels: Resels,
    /// Of Bonferroni.
    n_voxels: f64,
    /// The greatest E at or above each of the heights, `[height]`.
    greatest: Vec<f64>,
}

/// The p of a cluster's extent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterP {
    /// Of any cluster this large in the volume.
    pub fwe: f64,
    /// Of one cluster.
    pub uncorrected: f64,
}

impl Search {
    /// Prepare for a volume of `n_voxels`.
    #[must_use]
    pub fn new(field: Field, resels: Resels, n_voxels: usize) -> Search {
        let mut search = Search { field, resels, n_voxels: n_voxels as f64, greatest: Vec::new() };
        let mut greatest = vec![0.0; HEIGHTS];
        let mut so_far = 0.0_f64;
        for at in (0..HEIGHTS).rev() {
            so_far = so_far.max(search.expected_clusters(FIRST * NEXT.powi(at as i32)));
            greatest[at] = so_far;
        }
        search.greatest = greatest;
        search
    }

    /// E(u) = Σ R_d ρ_d(u).
    #[must_use]
    pub fn expected_clusters(&self, u: f64) -> f64 {
        let density = self.field.densities(u);
        self.resels.0.iter().zip(density).map(|(r, rho)| r * rho).sum()
    }

    /// P that any voxel of the volume exceeds u; NaN of NaN.
    #[must_use]
    pub fn height_p(&self, u: f64) -> f64 {
        if u.is_nan() {
            return f64::NAN;
        }
        let bonferroni = (self.n_voxels.ln() + self.field.ln_sf(u)).exp();
        let after = if u <= FIRST { 0.0 } else { ((u / FIRST).ln() / NEXT.ln()).ceil() };
        let beyond = self.greatest.get(after as usize).copied().unwrap_or(0.0);
        let expected = self.expected_clusters(u).max(beyond);
        (-(-expected).exp_m1()).min(bonferroni).min(1.0)
    }

    /// The least u of which [`Search::height_p`] is at most `level`, by bisection.
    #[must_use]
    pub fn height_threshold(&self, level: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        while self.height_p(high) > level && high < 1e300 {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if self.height_p(middle) > level { low = middle } else { high = middle }
        }
        high
    }

    /// p of a cluster of this many resels (voxels over the product of the FWHM in voxels) formed above u; 1 where u is so low that clusters merge (ρ_D or E not above 0).
    #[must_use]
    pub fn cluster_p(&self, extent_resels: f64, u: f64) -> ClusterP {
        let dimension = self.resels.dimension();
        let density = self.field.densities(u);
        let expected = self.expected_clusters(u);
        if dimension == 0 || !(density[dimension] > 0.0 && expected > 0.0) {
            return ClusterP { fwe: 1.0, uncorrected: 1.0 };
        }
        let half = 0.5 * dimension as f64;
        let mean = density[0] / density[dimension];
        let scaled = ln_gamma(half + 1.0).exp() * extent_resels / mean;
        let uncorrected = (-scaled.powf(1.0 / half)).exp();
        ClusterP { fwe: -(-expected * uncorrected).exp_m1(), uncorrected }
    }
}
