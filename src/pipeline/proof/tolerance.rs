//! What the proof's maps may differ by from their f64 rerun (docs/accuracy.md). p, z and both R² are functions of F and
//! its degrees of freedom alone, so each may move by as much as F's own tolerance moves it. A corrected run is off by e
//! at most in each value, which moves a mean by e and a standard deviation by e sqrt(n / (n - 1)).

use super::maps::{ProofMap, Shows};
use super::{Evidence, Proof, gain_percent};
use crate::pipeline::verify::Bounds;

impl Proof {
    /// The tolerance of a map of this proof at each voxel.
    #[must_use]
    pub fn tolerance<'a>(
        &'a self,
        map: &'a ProofMap<'a>,
        bounds: Bounds,
    ) -> Box<dyn Fn(usize) -> f64 + 'a> {
        let dof1 = map.set.map(|set| &set.dof1[..]).unwrap_or_default();
        let evidence =
            dof1.iter().zip(&self.dof2).map(|(&dof1, &dof2)| Evidence::new(dof1 as f64, dof2));
        let evidence: Vec<Evidence> = evidence.collect();
        let rounding =
            |voxel: usize| 1e-7 * f64::from(map.values[voxel]).abs() + f64::from(f32::MIN_POSITIVE);
        // p, z, R², adjusted R² in the order of `Evidence::of`
        let which = match map.shows {
            Shows::P => 0,
            Shows::Z => 1,
            Shows::RSquare => 2,
            Shows::AdjustedRSquare => 3,
            Shows::F => {
                return Box::new(move |voxel| rounding(voxel) + self.of_f(map, voxel, bounds));
            }
            Shows::TsnrAfter | Shows::TsnrGain => {
                return Box::new(move |voxel| {
                    rounding(voxel) + self.of_tsnr(map.shows, voxel, bounds)
                });
            }
            Shows::TsnrBefore | Shows::Dof => return Box::new(rounding),
        };
        Box::new(move |voxel| {
            let Some(set) = map.set.filter(|set| set.f[voxel] > 0.0) else {
                return rounding(voxel);
            };
            let (f, off) = (f64::from(set.f[voxel]), self.of_f(map, voxel, bounds));
            let value = |f: f64| evidence[self.group(voxel)].of(f)[which];
            let moved = |f: f64| (value(f) - value(f64::from(set.f[voxel]))).abs();
            rounding(voxel) + moved(f + off).max(moved((f - off).max(f64::MIN_POSITIVE)))
        })
    }

    /// Of F at a voxel of a set's map.
    fn of_f(&self, map: &ProofMap<'_>, voxel: usize, bounds: Bounds) -> f64 {
        map.set.map_or(0.0, |set| match f64::from(set.f[voxel]) {
            0.0 => 0.0, // outside the mask, or constant
            f => bounds.f(f),
        })
    }

    /// Of tSNR after the correction and its gain.
    fn of_tsnr(&self, shows: Shows, voxel: usize, bounds: Bounds) -> f64 {
        let (before, after) =
            (f64::from(self.tsnr_before[voxel]), f64::from(self.tsnr_after[voxel]));
        if after == 0.0 {
            return 0.0;
        }
        let n = self.n_volumes as f64;
        let mean = f64::from(self.mean[voxel]).abs();
        let (sd, off) = (mean / after.abs(), bounds.image * f64::from(self.largest));
        let least = sd - off * (n / (n - 1.0).max(1.0)).sqrt();
        let of_after = if least > 0.0 { (mean + off) / least - after.abs() } else { f64::INFINITY };
        match shows {
            Shows::TsnrGain => {
                let spent = self.dof_spent[self.group(voxel)];
                let gain = |after: f64| gain_percent(before, after, self.n_volumes, spent);
                gain(after + of_after) - gain(after)
            }
            _ => of_after,
        }
        .abs()
    }
}
