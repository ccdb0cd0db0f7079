//! The voxels that a run's fit left out, and which of a region's they are.

use crate::io::source::Regional;
use crate::pipeline::first_level::Fitted;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::regions::Region;
use crate::pipeline::scaling::Unit;
use crate::pipeline::watch::Watch;

/// What the fit of a run left for its regions.
#[derive(Default)]
pub(crate) struct Seen {
    /// What turns a series into the units of effects.
    pub unit: Unit,
    /// What is in none of its means.
    pub lost: Lost,
    /// The means as the run passed; none of one of several, whose voxels the others decide.
    pub kept: Option<Regional>,
}

/// Voxels of the mask that were not fitted, or of which nothing is known, positions in the grid, ascending.
#[derive(Default)]
pub(crate) struct Lost {
    flat: Vec<usize>,
    not_finite: Vec<usize>,
    explained: Vec<usize>,
    too_dim: Vec<usize>,
}

impl Lost {
    /// Of the voxels that were to be fitted, `inside`, of which the units leave out the `dim` ones.
    pub(crate) fn of(fitted: &Fitted, inside: &[bool], dim: &[usize]) -> Lost {
        let flat = fitted.flat.clone();
        let is_out = |voxel: &usize| inside[*voxel] && !fitted.fitted[*voxel];
        let is_told =
            |voxel: &usize| dim.binary_search(voxel).is_ok() || flat.binary_search(voxel).is_ok();
        Lost {
            not_finite: (0..inside.len()).filter(is_out).filter(|v| !is_told(v)).collect(),
            explained: fitted.explained(),
            too_dim: dim.iter().copied().filter(|v| flat.binary_search(v).is_err()).collect(),
            flat,
        }
    }

    /// Which regions lose them.
    pub(super) fn tell(&self, run: &Run, regions: &[Region], several: bool, watch: &dyn Watch) {
        let run = display(&run.path);
        for Region { name, voxels, .. } in regions {
            for (out, what) in [
                (&self.flat, "hold one value throughout"),
                (&self.not_finite, "are not finite in some volume"),
                (&self.explained, "are what its columns explain to rounding"),
                (&self.too_dim, "have too little signal for the units of effects"),
            ] {
                let n = voxels.iter().filter(|voxel| out.binary_search(voxel).is_ok()).count();
                let so = match several {
                    true => format!("; they are in the mean of {name} in no run"),
                    false => " and are not in its mean".to_owned(),
                };
                if n > 0 {
                    let n_all = voxels.len();
                    watch.warn(&format!("{run}: {n} of the {n_all} voxels of {name} {what}{so}"));
                }
            }
        }
    }
}
