//! `--shift`: the regions moved along x, y and z.

use ndarray::Array1;

use crate::error::{Error, Result};
use crate::pipeline::regions::{Region, Regions, with_moved};
use crate::pipeline::spec::ConnectSpec;
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// Regions that are moved at most: each is held against all others six times.
const MOST: usize = 60;

/// A region elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moved {
    /// Its place among the regions.
    pub of: usize,
    /// How far along x, y and z, mm.
    pub by: [f64; 3],
    pub region: Region,
}

/// The seeds moved, or all regions where there is no seed; nothing without `--shift`.
///
/// # Errors
/// Usage for too many or one alone, and where none has other voxels elsewhere.
pub(super) fn moved(
    spec: &ConnectSpec,
    (all, n_seeds): (&[Region], usize),
    grid: &Grid,
    watch: &dyn Watch,
) -> Result<Vec<Moved>> {
    let options = if n_seeds > 0 { &spec.seeds } else { &spec.regions };
    if options.shift_mm.is_none() {
        return Ok(Vec::new());
    }
    if all.len() < 2 {
        return Err(Error::usage(
            "--shift",
            "comes with one region",
            "come with two or more: it says what a region that is moved has to do with the others",
            "give others as --regions, or leave it out",
        ));
    }
    let n = if n_seeds > 0 { n_seeds } else { all.len() };
    if n > MOST {
        return Err(Error::usage(
            "--shift",
            format!("comes with {n} regions to move"),
            format!("come with up to {MOST}"),
            "give those that it is about as --seed: the others then stay",
        ));
    }
    let mut regions = Regions::default();
    regions.all = all[..n].to_vec();
    let sets = with_moved(regions, options, grid, watch)?;
    let of_set = |(by, set): ([f64; 3], Regions)| {
        set.all.into_iter().enumerate().map(move |(of, region)| Moved { of, by, region })
    };
    Ok(sets.into_iter().skip(1).flat_map(of_set).collect())
}

/// What a moved region is in a run.
pub(super) struct MovedSeries {
    pub n_used: usize,
    pub coverage: f64,
    /// As where the region was given: the mean of its voxels, or their first principal component; none where too little of it is used.
    pub series: Option<Array1<f64>>,
    /// Of a first principal component its correlation with the mean, 0 to 1, whose sign it has.
    pub with_mean: Option<f64>,
}
