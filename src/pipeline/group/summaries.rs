//! The mean of each region in each map, for an analysis of these numbers by themselves: maps and regions are read, checked and refused as those of a group.

use std::path::PathBuf;

use super::images::{self, Images};
use super::{regions, table};
use crate::error::Result;
use crate::pipeline::regions::Region;
use crate::pipeline::spec::{GroupSpec, Role};
use crate::pipeline::watch::Watch;

/// Means of regions, a row a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Summaries {
    /// The regions' names.
    pub regions: Vec<String>,
    /// In the order of the maps' paths.
    pub rows: Vec<Summary>,
    /// Of the effects, where their sidecars say it.
    pub units: Option<String>,
    /// All that was read.
    pub files: Vec<(Role, PathBuf)>,
}

/// Of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The map.
    pub path: PathBuf,
    /// Without `sub-`.
    pub subject: String,
    /// Without `ses-`; none where nothing says one.
    pub session: Option<String>,
    /// Of each region.
    pub means: Vec<Mean>,
}

/// Of a region in a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// Over the voxels that have a value; none where none has.
    pub value: Option<f64>,
    /// How many these are.
    pub voxels: usize,
    /// Their share of the region, what lies beyond the maps counted: 0 to 1.
    pub coverage: f64,
}

/// The means of the regions of `spec` in the maps of its folder. Only what `spec` says of maps, mask and regions counts, and no table of participants near them.
///
/// # Errors
/// As [`super::run`] of maps and regions.
pub fn summaries(spec: &GroupSpec, watch: &dyn Watch) -> Result<Summaries> {
    let sample = table::maps(spec, watch)?;
    let needed = vec![true; sample.subjects.len()];
    let images = Images::open(spec, &sample, &needed, &|_, _| Ok(()), watch)?;
    let regions = regions::open(spec, &images, watch)?.swap_remove(0).1;
    let place_of = places_of(&images, |_| true);
    let sessions = match sample.table.position("session") {
        Some(_) => sample.texts("session")?,
        None => vec![None; sample.subjects.len()],
    };
    let paths = images::paths(spec, &sample, "effect")?;
    let rows = paths.into_iter().enumerate().map(|(row, path)| Summary {
        path,
        subject: sample.subjects[row].clone(),
        session: sessions[row].clone(),
        means: regions.all.iter().map(|one| mean(one, (&images, &place_of), row)).collect(),
    });
    let mut summaries = Summaries {
        regions: regions.all.iter().map(|one| one.name.clone()).collect(),
        rows: rows.collect(),
        units: images.units.clone(),
        files: Vec::new(),
    };
    summaries.files = images.files;
    summaries.files.extend(regions.found);
    Ok(summaries)
}

/// The place of each voxel of the grid that counts, where maps have values.
pub(super) fn places_of(images: &Images, counts: impl Fn(usize) -> bool) -> Vec<Option<usize>> {
    let mut place_of = vec![None; images.grid.n_voxels()];
    let all = images.places.iter().enumerate().filter(|(_, voxel)| counts(**voxel));
    all.for_each(|(place, &voxel)| place_of[voxel] = Some(place));
    place_of
}

/// A region in the map of a row.
pub(super) fn mean(
    region: &Region,
    (images, place_of): (&Images, &[Option<usize>]),
    row: usize,
) -> Mean {
    let places = region.voxels.iter().filter_map(|&voxel| place_of[voxel]);
    let values = places.map(|place| images.value(row, place)).filter(|value| !value.is_nan());
    let values: Vec<f64> = values.collect();
    let n = values.len();
    Mean {
        value: (n > 0).then(|| values.iter().sum::<f64>() / n as f64),
        voxels: n,
        coverage: n as f64 / region.voxels.len().max(1) as f64 * region.on_grid,
    }
}
