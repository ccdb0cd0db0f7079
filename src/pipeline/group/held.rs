//! A group whose maps are in memory, tested as one whose maps are files.

use super::images::Images;
use super::model::contrasts;
use super::over::Over;
use super::{correct, fit, labels, maps_of, permute, smoothness};
use crate::design::group::Sample;
use crate::error::{Error, Result};
use crate::io::Header;
use crate::maps::Map;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::spec::GroupSpec;
use crate::pipeline::watch::Watch;
use crate::table::Table;
use crate::volume::Mask;

/// Maps and who they are of.
#[derive(Debug, Clone)]
pub struct Held {
    /// A row a map: subject and factors.
    pub table: Table,
    /// Where the maps are, and the voxels that are analysed.
    pub mask: Mask,
    /// `[row of the table][voxel]`
    pub maps: Vec<Vec<f32>>,
}

/// The maps that `boldly group` would write of each contrast: parametric ones and corrected p, but those of search volumes. What `spec`
/// says of files does not count.
///
/// # Errors
/// As [`super::run`]; internal where table, mask and maps disagree.
pub fn tested(
    spec: &GroupSpec,
    held: Held,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Vec<Map>> {
    let Held { table, mask: Mask { grid, inside }, maps } = held;
    let n_voxels = grid.n_voxels();
    if maps.len() != table.rows.len() || maps.iter().any(|map| map.len() != n_voxels) {
        return Err(Error::internal("the maps", "are not those of the table", "be a row each", ""));
    }
    let sample = Sample::new(table)?;
    let resolved = contrasts(spec, &sample, watch)?;
    let places: Vec<usize> = (0..n_voxels).filter(|&voxel| inside[voxel]).collect();
    let within = |map: Vec<f32>| places.iter().map(|&voxel| map[voxel]).collect();
    let images = Images {
        header: Header::new(&grid, None),
        values: maps.into_iter().map(within).collect(),
        grid,
        places,
        rests: Vec::new(),
        units: None,
        made: Vec::new(),
        files: Vec::new(),
    };
    let mut all = Vec::new();
    for (stratum, label) in resolved.strata.iter().zip(labels(&resolved)?) {
        let fitted = fit::fit(spec, stratum, &images, watch)?;
        all.extend(maps_of(stratum, &fitted, &label, &images));
        if let Some(options) = &spec.permute {
            let tested = (stratum, &fitted.maps, fitted.inside.as_slice());
            let on = (&mut *ladder, None);
            let one = permute::rearrange((spec, options), tested, &images, on, &[], watch)?;
            all.extend(one.maps(&label, images.grid.n_voxels(), None)?);
        }
        let over = Over::new(&fitted, &images.grid, &label, None);
        let smooth = smoothness(spec, (stratum, &fitted), &images, &over, watch)?;
        all.extend(correct::maps(spec, stratum, &fitted, (&over, smooth.as_ref()), watch));
    }
    Ok(all)
}
