//! What the viewer shows of a map: the statistic in steps that the eye cannot tell apart, and the anatomy on the map's grid, or on one of half its voxels' size
//! where that stays small.

use super::nifti::{Values, packed};
use crate::error::Result;
use crate::report::colour::Window;
use crate::report::statmap::{Place, Statmap, Underlay};
use crate::volume::Grid;

/// The statistic is kept to this, or to as much as 16 bits hold.
const STEP: f32 = 0.01;
/// Voxels of the anatomy, where it is finer than the map.
const MOST: usize = 500_000;
/// Grey levels are multiples of this of 255.
const GREYS: f32 = 4.0;
/// The level of the mask where there is no anatomy.
const MASK: u8 = 96;

/// The statistic, gzipped: 0 outside the mask; one that is not a number is 0, too.
pub(super) fn statistic(map: &Statmap) -> Result<Vec<u8>> {
    let inside = map.inside.iter().zip(&*map.statistic);
    let values = inside.map(|(inside, v)| if *inside && !v.is_nan() { *v } else { 0.0 });
    let values: Vec<f32> = values.map(|v| v.clamp(-1e6, 1e6)).collect();
    let largest = values.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let step = STEP.max(largest / 32_000.0);
    let steps: Vec<i16> = values.iter().map(|v| (v / step).round() as i16).collect();
    packed(&map.grid, &Values::Steps(&steps, step))
}

/// The anatomy, gzipped; the mask where there is none.
pub(super) fn below(map: &Statmap) -> Result<Vec<u8>> {
    match &map.underlay {
        None => {
            let levels: Vec<u8> = map.inside.iter().map(|v| if *v { MASK } else { 0 }).collect();
            packed(&map.grid, &Values::Grey(&levels))
        }
        Some(image) => {
            let is_finer = image.grid.voxel_size_mm.iter().zip(map.grid.voxel_size_mm);
            let is_finer = is_finer.filter(|(own, of_map)| **own < 0.75 * of_map).count() > 0;
            let grid = match is_finer && 8 * map.grid.n_voxels() <= MOST {
                true => halved(&map.grid),
                false => map.grid.clone(),
            };
            packed(&grid, &Values::Grey(&resampled(image, &grid)?))
        }
    }
}

/// The same space in voxels of half the size.
fn halved(grid: &Grid) -> Grid {
    let mut affine = grid.affine;
    for line in affine.iter_mut().take(3) {
        // The first of the small voxels lies a quarter of a large one before its centre.
        line[3] -= 0.25 * (line[0] + line[1] + line[2]);
        line[..3].iter_mut().for_each(|step| *step *= 0.5);
    }
    Grid {
        shape: grid.shape.map(|n| 2 * n),
        affine,
        voxel_size_mm: grid.voxel_size_mm.map(|size| 0.5 * size),
        is_placed: grid.is_placed,
    }
}

/// Grey levels of an image at the voxels of a grid, between its own by linear interpolation.
fn resampled(image: &Underlay, grid: &Grid) -> Result<Vec<u8>> {
    let (place, window) = (Place::new(&image.grid)?, Window::of(&image.values));
    let level = |voxel: usize| {
        let at = place.voxel(grid.millimetres(grid.coordinates(voxel)));
        let (mut sum, mut known) = (0.0, 0.0);
        place.around(at, |voxel, weight| {
            let value = image.values[voxel];
            if value.is_finite() {
                known += weight;
                sum += weight * f64::from(value);
            }
        });
        let level = if known > 0.0 { window.level((sum / known) as f32) } else { 0.0 };
        ((255.0 * level / GREYS).round() * GREYS).min(255.0) as u8
    };
    Ok((0..grid.n_voxels()).map(level).collect())
}
