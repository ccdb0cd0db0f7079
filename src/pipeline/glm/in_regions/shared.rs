//! The voxels that regions have in every one of several runs: means over other voxels of another run are means of another thing, and
//! what the runs say together would hang on their order.

use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::kernels::glm::{self, Fit};
use crate::pipeline::automask::Common;
use crate::pipeline::blocks::{plane_bytes, slabs};
use crate::pipeline::glm::modelled::model;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::regions::Region;
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::{Quiet, Watch};
use crate::pipeline::{flat, precision};

/// Bytes a read.
const PIECE: usize = 8 << 20;

/// Of each run where its regions are measured, `[voxel]`: within the masks of all, with a series in every other run, and explained to rounding by the
/// columns of none. Its own voxels without a series a run leaves out itself, and says so. None of a single run. `regions`: `[set]`, as they were given first.
///
/// # Errors
/// Those of reading the runs; bad data where they share no voxel.
pub(super) fn voxels(
    spec: &GlmSpec,
    runs: &mut [Run],
    regions: &[&[Region]],
    watch: &dyn Watch,
) -> Result<Vec<Vec<bool>>> {
    let [first, _, ..] = &runs[..] else { return Ok(Vec::new()) };
    // What the masks are is said when the runs are fitted.
    let mut common = Common::new(spec.mask.as_deref(), &first.grid, runs.len(), &Quiet)?;
    let mut in_regions = vec![false; first.grid.n_voxels()];
    let voxels = regions.iter().flat_map(|set| set.iter()).flat_map(|region| &region.voxels);
    voxels.for_each(|&voxel| in_regions[voxel] = true);
    let mut lacking: Vec<Lacking> = Vec::new();
    for run in runs.iter_mut() {
        precision::keep(run, watch)?;
        let inside = common.with(run, &Quiet)?;
        let of_regions: Vec<bool> = inside.iter().zip(&in_regions).map(|(a, b)| *a && *b).collect();
        lacking.push(Lacking::of(run, &of_regions)?);
        run.bold.release(); // none stays in memory while the others are looked at
    }
    for (run, lacking) in runs.iter().zip(&lacking) {
        lacking.tell(run, regions[0], watch);
    }
    let within = |own: usize| {
        let mut inside = common.inside();
        let others = lacking.iter().enumerate().filter(|(at, _)| *at != own);
        let missing = others.flat_map(|(_, lacking)| &lacking.series);
        let explained = lacking.iter().flat_map(|lacking| &lacking.explained);
        missing.chain(explained).for_each(|&voxel| inside[voxel] = false);
        inside
    };
    Ok((0..lacking.len()).map(within).collect())
}

/// Voxels of which a run knows nothing, positions in the grid, ascending.
#[derive(Default)]
struct Lacking {
    /// Of one value throughout, or not finite in some volume.
    series: Vec<usize>,
    /// What its columns explain to rounding.
    explained: Vec<usize>,
}

impl Lacking {
    /// Among voxels `inside`.
    fn of(run: &mut Run, inside: &[bool]) -> Result<Lacking> {
        let (model, device) = (model(run)?, Device::cpu());
        let (shape, n_volumes) = (run.bold.shape(), run.n_volumes);
        let blocks = slabs(shape, n_volumes, 0, PIECE.max(plane_bytes(shape, n_volumes)));
        let mut found = Lacking::default();
        for block in blocks.unwrap_or_default() {
            let first = block.planes.start * block.plane_len();
            let here = inside[first..first + block.volume_len()].iter().zip(0..);
            let mut voxels: Vec<u32> =
                here.filter(|(inside, _)| **inside).map(|(_, v)| v).collect();
            let host = run.bold.read(&block)?;
            let (flat, missing) = (flat::of_block(&host, &voxels), host.missing());
            let has_none = |voxel: &u32| {
                flat.binary_search(voxel).is_ok() || missing.binary_search(voxel).is_ok()
            };
            let place = |voxel: u32| first + voxel as usize;
            found.series.extend(voxels.iter().copied().filter(has_none).map(place));
            voxels.retain(|voxel| !has_none(voxel));
            let bold = Bold::Host(host);
            if let Fit::Host(fit) = glm::fit(&mut device.tape(), &bold, &voxels, &model)? {
                let fitted = voxels.iter().zip(&fit.sigma2);
                let explained = fitted.filter(|(_, sigma2)| **sigma2 == 0.0);
                found.explained.extend(explained.map(|(&voxel, _)| place(voxel)));
            }
            if let Bold::Host(host) = bold {
                run.bold.reuse(host.data);
            }
        }
        Ok(found)
    }

    /// Which regions lose voxels that the run's columns explain.
    fn tell(&self, run: &Run, regions: &[Region], watch: &dyn Watch) {
        for Region { name, voxels, .. } in regions {
            let is_out = |voxel: &&usize| self.explained.binary_search(voxel).is_ok();
            let n = voxels.iter().filter(is_out).count();
            if n > 0 {
                watch.warn(&format!(
                    "{}: {n} of the {} voxels of {name} are what its columns explain to rounding; they are in the mean of {name} in no run",
                    display(&run.path),
                    voxels.len()
                ));
            }
        }
    }
}
