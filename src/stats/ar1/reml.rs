//! rho of each voxel: a scan of trial values whose factors all voxels of a slice group share, then parabolas through exact
//! values between them, so that rho varies continuously with the data.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::panel::Panel;
use super::{Ar1, Rule, Sums};
use crate::stats::gls::{add_product, take_product};
use crate::stats::panel::{Lanes, width};

mod bowls;
mod bracket;
mod grid;
mod rivals;

use bowls::Search;
use grid::Grid;

/// Trial values lie this far apart from [`Ar1::lowest`] on.
const STEP: f64 = 0.05;
/// The largest magnitude of rho that is found.
pub const LARGEST: f64 = 0.95;

/// rho without the bias of restricted maximum likelihood: of `n_volumes` kept volumes it is found too small by 2 rho / `n_volumes` on
/// average, to first order (Cheang and Reinsel 2000, whole runs; with gaps within a fifth of that).
#[must_use]
pub fn unbiased(rho: f64, n_volumes: usize) -> f64 {
    (rho * (1.0 + 2.0 / n_volumes as f64)).clamp(-LARGEST, LARGEST)
}

/// What a trial value of rho makes of the design; all voxels of the group share it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trial {
    /// R⁻¹'s weights.
    ends: Vec<f64>,
    lags: Vec<f64>,
    /// L of N = L L', lower triangle row by row, the diagonal inverted.
    factor: Vec<f64>,
    /// log|N| + log|R|.
    ln_det: f64,
}

/// What trial values of rho make of a slice group's design; no trials by another rule than restricted maximum likelihood.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    trials: Vec<Trial>,
    grid: Grid,
}

impl Ar1 {
    /// rho of each voxel of this group, `[voxel]`; 0 where nothing is left to explain.
    #[must_use]
    pub fn rho(&self, sums: &Sums) -> Vec<f64> {
        self.rho_by(&self.scan(), sums)
    }

    /// The trial values of [`Ar1::rho`], for several blocks of voxels.
    #[must_use]
    pub fn scan(&self) -> Scan {
        let trials: Vec<Trial> = match self.rule {
            Rule::Nilearn => Vec::new(),
            Rule::Reml => trial_values(self.lowest).iter().map(|&rho| self.trial(rho)).collect(),
        };
        let ln_det = trials.iter().map(|trial| trial.ln_det).collect();
        Scan { trials, grid: Grid::new(self, ln_det) }
    }

    /// [`Ar1::rho`] by trial values that were made before.
    #[must_use]
    pub fn rho_by(&self, scan: &Scan, sums: &Sums) -> Vec<f64> {
        let mut rho = vec![0.0; sums.square.len()];
        rho.par_chunks_mut(512).enumerate().for_each(|(chunk, rho)| {
            Arch::new().dispatch(Estimate { model: self, scan, sums, rho, first: chunk * 512 });
        });
        rho
    }

    /// rho of the one voxel that this model is of: trial values stand side by side where voxels do otherwise.
    #[must_use]
    pub fn rho_alone(&self, sums: &Sums) -> f64 {
        Arch::new().dispatch(Alone { model: self, sums })
    }

    fn trial(&self, rho: f64) -> Trial {
        struct One<'a>(&'a Ar1, f64);
        impl WithSimd for One<'_> {
            type Output = Trial;
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> Trial {
                let (One(model, rho), w) = (self, width::<S>());
                let mut panel = Panel::new::<S>(model);
                panel.factorise(simd, model, &vec![rho; w]);
                let (ends, lags) = model.weights_of_gaps(rho);
                Trial {
                    ends,
                    lags,
                    factor: panel.own.factor.chunks_exact(w).map(|lanes| lanes[0]).collect(),
                    ln_det: panel.own.ln_det[0] + model.ln_det_r(rho),
                }
            }
        }
        Arch::new().dispatch(One(self, rho))
    }

    /// What REML minimises; `rss`: as a share of that of ordinary least squares, so that units of the data do not enter.
    pub(super) fn objective(&self, rss: f64, ln_det: f64) -> f64 {
        self.n_left() * rss.ln() + ln_det
    }

    fn n_left(&self) -> f64 {
        (self.n_volumes - self.rank) as f64
    }
}

fn trial_values(lowest: f64) -> Vec<f64> {
    let n = ((LARGEST - lowest) / STEP).round() as i32;
    (0..=n).map(|k| lowest + f64::from(k) * STEP).collect()
}

struct Alone<'a> {
    model: &'a Ar1,
    sums: &'a Sums,
}

impl WithSimd for Alone<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Alone { model, sums } = self;
        let w = width::<S>();
        let mut panel = Panel::new::<S>(model);
        panel.load::<S>(sums, 0, 1);
        if model.rule == Rule::Nilearn {
            return yule_walker(model, panel.square(0), panel.lag(w, 0));
        }
        if panel.square(0) <= 0.0 {
            return 0.0;
        }
        let rho = trial_values(model.lowest);
        let (mut shares, mut ln_det) = (Vec::with_capacity(rho.len()), Vec::new());
        for rho in rho.chunks(w) {
            let mut lanes = rho.to_vec();
            lanes.resize(w, rho[0]);
            panel.factorise(simd, model, &lanes);
            for (lane, &rho) in rho.iter().enumerate() {
                ln_det.push(panel.own.ln_det[lane] + model.ln_det_r(rho));
                shares.push(panel.own.rss[lane] / panel.square(0));
            }
        }
        let mut search = Search::new(w);
        search.bowls(simd, model, (&Grid::new(model, ln_det), &shares), &mut panel);
        search.found.first().map_or(0.0, |bowls| bowls.deepest().rho)
    }
}

struct Estimate<'a> {
    model: &'a Ar1,
    scan: &'a Scan,
    sums: &'a Sums,
    rho: &'a mut [f64],
    first: usize,
}

impl WithSimd for Estimate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Estimate { model, scan, sums, rho, first } = self;
        let w = width::<S>();
        let mut panel = Panel::new::<S>(model);
        let mut search = Search::new(w);
        for (index, rho) in rho.chunks_mut(w).enumerate() {
            panel.load::<S>(sums, first + index * w, rho.len());
            if model.rule == Rule::Nilearn {
                for (lane, rho) in rho.iter_mut().enumerate() {
                    *rho = yule_walker(model, panel.square(lane), panel.lag(w, lane));
                }
                continue;
            }
            search.of_panel(simd, model, scan, &mut panel);
            for (lane, (rho, bowls)) in rho.iter_mut().zip(&search.found).enumerate() {
                *rho = if panel.square(lane) > 0.0 { bowls.deepest().rho } else { 0.0 };
            }
        }
    }
}

/// How near to a bin's edge nilearn's rho may fall on either side, as sums of other precision have it.
const NEAR_EDGE: f64 = 5e-5;

/// nilearn's: truncated towards 0 to hundredths.
fn yule_walker(model: &Ar1, square: f64, lag: f64) -> f64 {
    if square > 0.0 { (untruncated(model, square, lag) * 100.0).trunc() / 100.0 } else { 0.0 }
}

fn untruncated(model: &Ar1, square: f64, lag: f64) -> f64 {
    let n = model.n_volumes as f64;
    lag / (n - 1.0) / (square / n)
}

impl Ar1 {
    /// Of each voxel whose rho lies within 5e-5 of an edge of nilearn's bins, the rho of the bin beyond it, `[voxel]`; none by another rule.
    #[must_use]
    pub fn beyond_edges(&self, sums: &Sums) -> Vec<Option<f64>> {
        let beyond = |(&square, &twice): (&f64, &f64)| {
            if self.rule != Rule::Nilearn || square <= 0.0 {
                return None;
            }
            let rho = untruncated(self, square, twice / 2.0);
            let edge = (rho * 100.0).round();
            if edge == 0.0 || (rho - edge / 100.0).abs() > NEAR_EDGE {
                return None;
            }
            let towards_0 = (edge - edge.signum()) / 100.0;
            let is_beyond = rho.abs() * 100.0 >= edge.abs();
            Some(if is_beyond { towards_0 } else { edge / 100.0 })
        };
        let lags = sums.lags.row(0);
        sums.square.iter().zip(lags).map(beyond).collect()
    }
}

/// RSS at some trial values side by side, so that none waits for itself. `sums`: a panel's; `projected`: room for each L⁻¹q, `[basis][trial]`.
#[inline(always)]
fn scan<S: Simd, const N: usize>(
    simd: S,
    model: &Ar1,
    trials: [&Trial; N],
    (sums, projected): (&[Lanes<S>], &mut [[Lanes<S>; N]]),
) -> [Lanes<S>; N] {
    let (g, r) = (model.gaps.len(), model.width);
    let zero = simd.splat_f64s(0.0);
    let columns = &sums[2 + 2 * g..];
    let mut rss = [sums[0]; N];
    for gap in 0..g {
        add_gap(simd, trials, gap, [sums[2 + gap], sums[2 + g + gap]], &mut rss);
    }
    let mut at = 0;
    for i in 0..r {
        let mut sum = [[zero; 2]; N];
        for gap in 0..g {
            let own = [columns[gap * r + i], columns[(g + gap) * r + i]];
            add_gap(simd, trials, gap, own, &mut sum);
        }
        for (k, y) in projected[..i].iter().enumerate() {
            for n in 0..N {
                let weight = simd.splat_f64s(trials[n].factor[at + k]);
                take_product(simd, &mut sum[n], [weight; 2], y[n]);
            }
        }
        for n in 0..N {
            let inverse = simd.splat_f64s(trials[n].factor[at + i]);
            let y = [simd.mul_f64s(sum[n][0], inverse), simd.mul_f64s(sum[n][1], inverse)];
            projected[i][n] = y;
            take_product(simd, &mut rss[n], y, y);
        }
        at += i + 1;
    }
    rss
}

/// Add what a gap's D and L make of something to what each trial has of it.
#[inline(always)]
fn add_gap<S: Simd, const N: usize>(
    simd: S,
    trials: [&Trial; N],
    gap: usize,
    [ends, lags]: [Lanes<S>; 2],
    sums: &mut [Lanes<S>; N],
) {
    for (trial, sum) in trials.iter().zip(sums) {
        add_product(simd, sum, [simd.splat_f64s(trial.ends[gap]); 2], ends);
        add_product(simd, sum, [simd.splat_f64s(-trial.lags[gap]); 2], lags);
    }
}
