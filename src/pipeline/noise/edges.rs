//! What a fit is where another device may find it. nilearn truncates rho to hundredths: a voxel at an edge of these is in one bin on one device and in the
//! next on another. The likelihood of ARMA(1,1) has valleys, and two places as good as each other. That of first-order noise is flat where the design has taken
//! what tells of rho: a rho that is off there takes contrasts with it.

use super::{Autocorrelation, Held, Used, scattered};
use crate::error::Result;
use crate::kernels::contrast::ContrastValues;
use crate::maps::Bounds;
use crate::pipeline::decide::ContrastMaps;
use crate::stats::ar1::{LARGEST, Rule};
use crate::stats::arma11::{Found, lambda};
use crate::stats::gls::Solved;

/// A fit elsewhere.
#[derive(Default)]
pub(super) struct Beyond {
    /// Voxels near an edge of nilearn's bins.
    pub n: usize,
    pub contrasts: Option<Vec<ContrastMaps>>,
    /// Residual variance, rho, and a and b of ARMA(1,1), `[voxel of the grid]`.
    pub residuals: Vec<Vec<f64>>,
}

impl Autocorrelation {
    /// The fit with rho beyond an edge of nilearn's bins in the voxels near one, or where the likelihood of ARMA(1,1) is as good; nothing by
    /// another rule.
    pub(super) fn beyond(
        &self,
        held: &[Held],
        (rho, sigma2, give): (&[f64], &[f64], &[Vec<f64>]),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Result<Beyond> {
        if self.takes_series() {
            return Ok(Self::nearly_as_good(held, (rho, sigma2), fitted, maps));
        }
        if self.doubts && matches!(self.used, Used::Own | Used::Smoothed(_)) {
            let is_reml = self.lags.of_groups.iter().all(|ar1| ar1.rule == Rule::Reml);
            if let Some(give) = give.first().filter(|_| is_reml) {
                return self.as_far_as_it_gives(held, (rho, sigma2, give), fitted, maps);
            }
        }
        self.beyond_edges(held, (rho, sigma2), fitted, maps)
    }

    /// The fit at a rho that is off by as much as residuals off by t's relative bound in f64 make it.
    fn as_far_as_it_gives(
        &self,
        held: &[Held],
        (rho, sigma2, give): (&[f64], &[f64], &[f64]),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Result<Beyond> {
        let off = |(rho, give): (&f64, &f64)| {
            let inwards = if *rho > 0.0 { -1.0 } else { 1.0 };
            (rho + inwards * give * Bounds::F64.rtol).clamp(-LARGEST, LARGEST)
        };
        let there: Vec<f64> = rho.iter().zip(give).map(off).collect();
        let (mut sigma2, mut others) = (sigma2.to_vec(), maps.to_vec());
        for run in held.iter().flat_map(Held::of_one_group) {
            let solved = self.solve(&run, None, &there)?;
            put(solved, run.places, (&mut others, &mut sigma2), fitted);
        }
        Ok(Beyond { n: 0, contrasts: Some(others), residuals: vec![sigma2] })
    }

    fn nearly_as_good(
        held: &[Held],
        (_, sigma2): (&[f64], &[f64]),
        fitted: &[bool],
        maps: &[ContrastMaps],
    ) -> Beyond {
        let (mut sigma2, mut others) = (sigma2.to_vec(), maps.to_vec());
        for (run, found) in
            held.iter().flat_map(|part| part.of_one_group().into_iter().zip(&part.found))
        {
            let Some(near) = &found.near else { continue };
            put(near.solved.clone(), run.places, (&mut others, &mut sigma2), fitted);
        }
        let of = |value: fn(&Found) -> &[f64]| scattered(held, fitted.len(), value);
        let a = of(|found| found.near.as_ref().map_or(&found.a, |near| &near.a));
        let b = of(|found| found.near.as_ref().map_or(&found.b, |near| &near.b));
        let rho = a.iter().zip(&b).map(|(&a, &b)| lambda(a, b)).collect();
        Beyond { n: 0, contrasts: Some(others), residuals: vec![sigma2, rho, a, b] }
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
        let (mut beyond, mut sigma2) = (rho.to_vec(), sigma2.to_vec());
        let (mut others, mut n) = (maps.to_vec(), 0);
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
            let solved = self.solve(&run, None, &beyond)?;
            put(solved, run.places, (&mut others, &mut sigma2), fitted);
        }
        Ok(Beyond { n, contrasts: Some(others), residuals: vec![sigma2, beyond] })
    }
}

/// Put the answers of a stretch of voxels where they belong.
fn put(
    solved: Solved,
    places: &[usize],
    (maps, sigma2): (&mut [ContrastMaps], &mut [f64]),
    fitted: &[bool],
) {
    places.iter().zip(solved.sigma2).for_each(|(&place, value)| sigma2[place] = value);
    for (answer, maps) in solved.answers.into_iter().zip(maps) {
        maps.put_covariances(&answer.covariance, places, fitted);
        let (effect, variance, stat) = (answer.effect, answer.variance, answer.stat);
        maps.put(&ContrastValues { effect, variance, stat }, places, fitted);
    }
}
