//! What a fit is where another device may find it. nilearn truncates rho to hundredths: a voxel at an edge of these is in one bin on one device and in the
//! next on another. The likelihood of ARMA(1,1) has valleys, and two places as good as each other. That of first-order noise is flat where the design has taken
//! what tells of rho: a rho that is off there takes contrasts with it.

use rayon::prelude::*;

use super::{Autocorrelation, Estimates, Held, OwnRho, Used, scattered};
use crate::error::Result;
use crate::kernels::contrast::ContrastValues;
use crate::maps::Bounds;
use crate::pipeline::decide::ContrastMaps;
use crate::stats::ar1::{LARGEST, Rule, Scan};
use crate::stats::arma11::{Found, lambda};
use crate::stats::gls::Solved;

/// How far off rho, or lambda, a and b, may be, `[voxel of the grid]`.
pub(super) struct Gives {
    /// As [`super::ResidualMaps::give`].
    pub of: Vec<Vec<f64>>,
    /// How far away rho is where another device may find another bowl; 0 of all voxels but those.
    pub shift: Vec<f64>,
    /// How many these are, before any smoothing.
    pub n_elsewhere: usize,
}

/// A fit elsewhere.
#[derive(Default)]
pub(super) struct Beyond {
    /// Voxels near an edge of nilearn's bins, or with another bowl as deep.
    pub n: usize,
    pub contrasts: Option<Vec<ContrastMaps>>,
    /// Residual variance, rho, and a and b of ARMA(1,1), `[voxel of the grid]`.
    pub residuals: Vec<Vec<f64>>,
    /// Of all regressors, where maps are kept and another fit is held against this one.
    pub estimates: Option<Estimates>,
}

/// What is gathered of it.
struct There<'a> {
    contrasts: Vec<ContrastMaps>,
    sigma2: Vec<f64>,
    estimates: Option<Estimates>,
    fitted: &'a [bool],
}

impl Autocorrelation {
    /// The fit with rho beyond an edge of nilearn's bins in the voxels near one, or where the likelihood of ARMA(1,1) is as good; nothing by
    /// another rule.
    pub(super) fn beyond(
        &self,
        held: &[Held],
        (rho, sigma2, gives): (&[f64], &[f64], &Gives),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Result<Beyond> {
        if self.takes_series() {
            if !self.doubts {
                return Ok(Beyond::default());
            }
            return Ok(self.nearly_as_good(held, (rho, sigma2), fitted, maps));
        }
        if self.doubts && matches!(self.used, Used::Own | Used::Smoothed(_)) {
            let is_reml = self.lags.of_groups.iter().all(|ar1| ar1.rule == Rule::Reml);
            if is_reml {
                return self.as_far_as_it_gives(held, (rho, sigma2, gives), fitted, maps);
            }
        }
        self.beyond_edges(held, (rho, sigma2), fitted, maps)
    }

    /// By how much a voxel's own rho lies elsewhere in another bowl that is as deep where residuals are off by t's relative bound in f32, `[voxel of the
    /// grid]`, 0 where there is none; and how many voxels have one.
    pub(super) fn elsewhere(&self, held: &[Held], own: &OwnRho) -> (Vec<f64>, usize) {
        let (mut shift, mut n) = (vec![0.0; own.rho.len()], 0);
        let scans: Vec<Scan> = self.lags.of_groups.par_iter().map(|ar1| ar1.scan()).collect();
        for run in held.iter().flat_map(Held::of_one_group) {
            let ar1 = &self.lags.of_groups[run.group];
            let r = Bounds::F32.rtol;
            let rivals: Vec<Option<f64>> = match run.own {
                [] => ar1.rivals(&scans[run.group], &run.sums, r),
                own => own
                    .par_iter()
                    .flat_map_iter(|own| {
                        let model = ar1.with(own.border());
                        model.rivals(&model.scan(), own.sums(), r)
                    })
                    .collect(),
            };
            for (&place, rival) in run.places.iter().zip(rivals) {
                let Some(rival) = rival.filter(|_| own.varies[place]) else { continue };
                shift[place] = rival - own.rho[place];
                n += 1;
            }
        }
        (shift, n)
    }

    /// The fit at a rho that is off by as much as residuals off by t's relative bound in f64 make it, or in another bowl.
    fn as_far_as_it_gives(
        &self,
        held: &[Held],
        (rho, sigma2, gives): (&[f64], &[f64], &Gives),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Result<Beyond> {
        let Gives { of, shift, n_elsewhere } = gives;
        let elsewhere: Vec<f64> = rho.iter().zip(shift).map(|(rho, shift)| rho + shift).collect();
        let is_own = matches!(self.used, Used::Own);
        // Beside what other voxels' bowls do to a smoothed rho; a rho in its own other bowl is there.
        let off = |((rho, give), shift): ((&f64, &f64), &f64)| {
            let towards = match *shift {
                0.0 if *rho > 0.0 => -1.0,
                0.0 => 1.0,
                _ if is_own => 0.0,
                shift => shift.signum(),
            };
            (rho + towards * give * Bounds::F64.rtol).clamp(-LARGEST, LARGEST)
        };
        let all = elsewhere.iter().zip(of.iter().flatten()).zip(shift);
        let there: Vec<f64> = all.map(off).collect();
        let mut others = self.there(sigma2, fitted, maps);
        for run in held.iter().flat_map(Held::of_one_group) {
            others.put(self.solve(&run, None, &there)?, run.places);
        }
        Ok(others.beyond(*n_elsewhere, vec![elsewhere]))
    }

    /// Nothing but the fit itself, so far.
    fn there<'a>(&self, sigma2: &[f64], fitted: &'a [bool], maps: &[ContrastMaps]) -> There<'a> {
        let n_regressors = self.lags.of_groups.first().map_or(0, |group| group.to_beta.nrows());
        let keeps = self.keeps_maps && self.doubts;
        There {
            contrasts: maps.to_vec(),
            sigma2: sigma2.to_vec(),
            estimates: keeps.then(|| Estimates::of_grid(fitted.len(), n_regressors)),
            fitted,
        }
    }

    fn nearly_as_good(
        &self,
        held: &[Held],
        (_, sigma2): (&[f64], &[f64]),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Beyond {
        let mut others = self.there(sigma2, fitted, maps);
        for (run, found) in
            held.iter().flat_map(|part| part.of_one_group().into_iter().zip(&part.found))
        {
            let Some(near) = &found.near else { continue };
            others.put(near.solved.clone(), run.places);
        }
        let of = |value: fn(&Found) -> &[f64]| scattered(held, fitted.len(), value);
        let a = of(|found| found.near.as_ref().map_or(&found.a, |near| &near.a));
        let b = of(|found| found.near.as_ref().map_or(&found.b, |near| &near.b));
        let rho = a.iter().zip(&b).map(|(&a, &b)| lambda(a, b)).collect();
        others.beyond(0, vec![rho, a, b])
    }

    /// How many voxels lie near an edge of nilearn's bins, and what the maps are beyond it.
    fn beyond_edges(
        &self,
        held: &[Held],
        (rho, sigma2): (&[f64], &[f64]),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Result<Beyond> {
        if self.lags.of_groups.first().is_none_or(|ar1| ar1.rule != Rule::Nilearn) {
            return Ok(Beyond::default());
        }
        let (mut beyond, mut n) = (rho.to_vec(), 0);
        let mut others = self.there(sigma2, fitted, maps);
        for run in held.iter().flat_map(Held::of_one_group) {
            let ar1 = &self.lags.of_groups[run.group];
            let of_voxels = match run.own {
                [] => ar1.beyond_edges(&run.sums),
                own => own
                    .iter()
                    .flat_map(|own| ar1.with(own.border()).beyond_edges(own.sums()))
                    .collect(),
            };
            let near = run.places.iter().zip(of_voxels).filter(|(place, _)| fitted[**place]);
            let before = n;
            for (&place, rho) in near.filter_map(|(place, rho)| Some((place, rho?))) {
                beyond[place] = rho;
                n += 1;
            }
            if n == before {
                continue;
            }
            others.put(self.solve(&run, None, &beyond)?, run.places);
        }
        Ok(others.beyond(n, vec![beyond]))
    }
}

impl There<'_> {
    /// Put the answers of a stretch of voxels where they belong.
    fn put(&mut self, mut solved: Solved, places: &[usize]) {
        let There { contrasts, sigma2, estimates, fitted } = self;
        if solved.answers.len() > contrasts.len()
            && let (Some(answer), Some(estimates)) = (solved.answers.pop(), estimates)
        {
            let counts = |at: usize, place: usize| fitted[place] && solved.sigma2[at] > 0.0;
            estimates.take(places, &answer.effect, counts);
        }
        let fitted_ones = places.iter().zip(solved.sigma2).filter(|(place, _)| fitted[**place]);
        fitted_ones.for_each(|(&place, value)| sigma2[place] = value);
        for (answer, maps) in solved.answers.into_iter().zip(contrasts) {
            maps.put_covariances(&answer.covariance, places, fitted);
            let (effect, variance, stat) = (answer.effect, answer.variance, answer.stat);
            maps.put(&ContrastValues { effect, variance, stat }, places, fitted);
        }
    }

    /// All of it; `noise`: rho, and a and b, there.
    fn beyond(self, n: usize, noise: Vec<Vec<f64>>) -> Beyond {
        let There { contrasts, sigma2, estimates, .. } = self;
        let residuals = std::iter::once(sigma2).chain(noise).collect();
        Beyond { n, contrasts: Some(contrasts), residuals, estimates }
    }
}
