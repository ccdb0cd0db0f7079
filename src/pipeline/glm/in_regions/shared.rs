//! The voxels that regions have in every one of several runs: means over other voxels of another run are means of another thing, and
//! what the runs say together would hang on their order.

use crate::error::Result;
use crate::pipeline::automask::Common;
use crate::pipeline::inputs::Run;
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::{Quiet, Watch};
use crate::pipeline::{flat, precision};

/// Of each run where its regions are measured, `[voxel]`: within the masks of all, with a series in every other run. Its own voxels
/// without one it leaves out itself, and says so. None of a single run.
///
/// # Errors
/// Those of reading the runs; bad data where they share no voxel.
pub(super) fn voxels(
    spec: &GlmSpec,
    runs: &mut [Run],
    watch: &dyn Watch,
) -> Result<Vec<Vec<bool>>> {
    let [first, _, ..] = &runs[..] else { return Ok(Vec::new()) };
    // What the masks are is said when the runs are fitted.
    let mut common = Common::new(spec.mask.as_deref(), &first.grid, runs.len(), &Quiet)?;
    let mut lacking: Vec<Vec<usize>> = Vec::new();
    for run in runs.iter_mut() {
        precision::keep(run, watch)?;
        let inside = common.with(run, &Quiet)?;
        lacking.push(flat::or_missing(run.bold.as_mut(), &inside)?);
        run.bold.release(); // none stays in memory while the others are looked at
    }
    let within = |own: usize| {
        let mut inside = common.inside();
        let others = lacking.iter().enumerate().filter(|(at, _)| *at != own);
        others.flat_map(|(_, lacking)| lacking).for_each(|&voxel| inside[voxel] = false);
        inside
    };
    Ok((0..lacking.len()).map(within).collect())
}
