//! Regions and volumes that hold the seed of the maps in which they are asked about: values are high there by construction.

use super::images::Images;
use super::made::Made;
use crate::pipeline::regions::{self, Region};
use crate::pipeline::spec::RegionOptions;
use crate::pipeline::watch::{Quiet, Watch};
use crate::trial::BY_CONSTRUCTION;

/// Warn of regions and search volumes that hold voxels of a map's seed.
pub(super) fn tell(asked: &[Region], images: &Images, watch: &dyn Watch) {
    for (_, what) in held(asked, images) {
        watch.warn(&format!("{what}, {BY_CONSTRUCTION}"));
    }
}

/// The regions that hold voxels of a map's seed, by name, and what of them is the seed's; of seeds whose files are gone, those that are called as they are.
pub(super) fn held(asked: &[Region], images: &Images) -> Vec<(String, String)> {
    let mut seeds = Vec::new();
    for seed in images.made.iter().filter_map(Made::seed) {
        if !seeds.contains(&seed) {
            seeds.push(seed);
        }
    }
    let Some((name, _)) = seeds.first() else { return Vec::new() };
    let own = |(name, given): &(String, RegionOptions)| {
        let all = regions::open_any(given, (&images.grid, "the maps"), &Quiet).ok()?;
        all.all.into_iter().find(|one| one.name == *name)
    };
    let own: Vec<Region> = seeds.iter().filter_map(own).collect();
    let mut all = Vec::new();
    for region in asked {
        let shared = |own: &Region| {
            let is_own = |voxel: &&usize| own.voxels.binary_search(voxel).is_ok();
            region.voxels.iter().filter(is_own).count()
        };
        let what = match own.iter().map(shared).max() {
            Some(0) => continue,
            Some(n) => {
                format!(
                    "{n} of the {} voxels of {} are of {name}",
                    region.voxels.len(),
                    region.name
                )
            }
            None if region.name.eq_ignore_ascii_case(name) => {
                format!("{} is called as {name} is", region.name)
            }
            None => continue,
        };
        all.push((region.name.clone(), what));
    }
    all
}
