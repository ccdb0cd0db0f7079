//! Single volumes: maps and masks.

use std::path::Path;

use super::bold::refuse_more_axes;
use super::header::Header;
use super::image::Image;
use crate::volume::{Grid, Mask};
use crate::{Error, Result};

/// Two affines are the same when no corner of the grid moves by more than this, in millimetres.
const SAME_PLACE_MM: f64 = 1e-3;

/// A mask's values are whole numbers up to the rounding that scaled integers bring.
const WHOLE: f32 = 1e-3;

/// Reads a 3-D image, or a 4-D one with a single volume: its grid, header and values `[voxel]`, x fastest.
///
/// # Errors
/// As for any image, and [`Error::BadData`] for more than one volume.
pub fn read_map(path: &Path) -> Result<(Grid, Header, Vec<f32>)> {
    let image = Image::open(path)?;
    refuse_more_axes(&image, 3)?;
    let grid = image.header.grid(&path.display().to_string())?;
    let values = image.read_all(&mut || {})?;
    Ok((grid, image.header, values))
}

/// Reads a mask for images on the grid `on`: inside where the value is not zero and not NaN. Labels are all inside.
///
/// # Errors
/// [`Error::BadData`] where its shape differs, its affine lies 0.001 mm or more away, it holds fractions (a probability
/// map), or no voxel is inside.
pub fn read_mask(path: &Path, on: &Grid) -> Result<Mask> {
    let (grid, _, values) = read_map(path)?;
    let thing = path.display().to_string();
    let shape = |g: &Grid| g.shape.map(|n| n.to_string()).join("x");
    let resample = "resample the mask to the run, or use the mask of this run";
    if grid.shape != on.shape {
        return Err(Error::bad_data(
            thing,
            format!("has {} voxels", shape(&grid)),
            format!("have {} like the run", shape(on)),
            resample,
        ));
    }
    let apart = grid.affine_difference_mm(on);
    if apart.is_nan() || apart > SAME_PLACE_MM {
        return Err(Error::bad_data(
            thing,
            format!("lies up to {apart:.3} mm from the run (their affines differ)"),
            format!("lie within {SAME_PLACE_MM} mm"),
            resample,
        ));
    }
    if let Some(at) = values.iter().position(|v| v.is_finite() && (v - v.round()).abs() > WHOLE) {
        let [i, j, k] = grid.coordinates(at);
        return Err(Error::bad_data(
            thing,
            format!("holds {} at voxel ({i}, {j}, {k})", values[at]),
            "hold 0 outside and 1 (or whole labels) inside",
            "threshold the probability map first",
        ));
    }
    let inside: Vec<bool> = values.iter().map(|&v| !v.is_nan() && v.abs() > WHOLE).collect();
    if !inside.contains(&true) {
        return Err(Error::bad_data(
            thing,
            "is empty: every voxel is 0",
            "have voxels inside",
            "check how it was made",
        ));
    }
    Ok(Mask { grid: on.clone(), inside })
}
