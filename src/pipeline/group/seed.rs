//! Regions and volumes that hold the seed of the maps in which they are asked about: values are high there by construction.

use super::images::Images;
use super::made::Made;
use crate::pipeline::regions::{self, Region};
use crate::pipeline::spec::RegionOptions;
use crate::pipeline::watch::{Quiet, Watch};

/// Warn of regions and search volumes that hold voxels of a map's seed; of seeds whose files are gone, of those that are called as they are.
pub(super) fn tell(asked: &[Region], images: &Images, watch: &dyn Watch) {
    let mut seeds = Vec::new();
    for seed in images.made.iter().filter_map(Made::seed) {
        if !seeds.contains(&seed) {
            seeds.push(seed);
        }
    }
    let Some((name, _)) = seeds.first() else { return };
    let own = |(name, given): &(String, RegionOptions)| {
        let all = regions::open_any(given, (&images.grid, "the maps"), &Quiet).ok()?;
        all.all.into_iter().find(|one| one.name == *name)
    };
    let own: Vec<Region> = seeds.iter().filter_map(own).collect();
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
        watch.warn(&format!(
            "{what}, the seed of the maps, whose series holds theirs: values are high there by construction, whatever the brain does; ask about regions beside it, or about pairs of regions (boldly connect --regions, boldly trial --edges)"
        ));
    }
}
