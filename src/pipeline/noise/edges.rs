//! nilearn truncates rho to hundredths: a voxel at an edge of these is in one bin on one device and in the next on another. What it is in the other
//! bin says how far the two may lie apart.

use super::{Autocorrelation, Held};
use crate::error::Result;
use crate::kernels::contrast::ContrastValues;
use crate::pipeline::decide::ContrastMaps;
use crate::stats::ar1::Rule;

/// What a fit by nilearn's rule is where voxels near an edge of its bins lie beyond it.
#[derive(Default)]
pub(super) struct Beyond {
    /// Voxels near an edge.
    pub n: usize,
    pub contrasts: Option<Vec<ContrastMaps>>,
    /// `[voxel of the grid]`.
    pub rho_and_sigma2: Option<[Vec<f64>; 2]>,
}

impl Autocorrelation {
    /// How many voxels lie near an edge of nilearn's bins, and what the maps are beyond it.
    pub(super) fn beyond_edges(
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
            run.places.iter().zip(solved.sigma2).for_each(|(&place, value)| sigma2[place] = value);
            for (answer, maps) in solved.answers.into_iter().zip(&mut others) {
                maps.put_covariances(&answer.covariance, run.places, fitted);
                let (effect, variance, stat) = (answer.effect, answer.variance, answer.stat);
                maps.put(&ContrastValues { effect, variance, stat }, run.places, fitted);
            }
        }
        Ok(Beyond { n, contrasts: Some(others), rho_and_sigma2: Some([beyond, sigma2]) })
    }
}
