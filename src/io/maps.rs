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
    let values = read_on(path, on)?;
    if let Some(at) = fraction(&values) {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("holds {}", value_at(&values, at, on)),
            "hold 0 outside and 1 (or whole labels) inside",
            "threshold the probability map first",
        ));
    }
    let inside: Vec<bool> = values.iter().map(|&v| !v.is_nan() && v.abs() > WHOLE).collect();
    if !inside.contains(&true) {
        return Err(Error::bad_data(
            path.display().to_string(),
            "is empty: every voxel is 0",
            "have voxels inside",
            "check how it was made",
        ));
    }
    Ok(Mask { grid: on.clone(), inside })
}

/// Reads a tissue for images on the grid `on`: a mask (0 and one other whole number), or a probability map (fractions
/// between 0 and 1), then inside from `threshold` on. NaN is outside.
///
/// # Errors
/// [`Error::BadData`] where its shape or place differs as for [`read_mask`], it holds several labels, fractions outside
/// 0 to 1, or no voxel is inside.
pub fn read_tissue(path: &Path, on: &Grid, threshold: f64) -> Result<Mask> {
    let values = read_on(path, on)?;
    let wrong = |at: usize, hint: &str| {
        Error::bad_data(
            path.display().to_string(),
            format!("holds {}", value_at(&values, at, on)),
            "be a mask (0 and 1) or a map of probabilities from 0 to 1",
            hint,
        )
    };
    let inside: Vec<bool> = if fraction(&values).is_some() {
        let is_probability = |v: f32| v.is_nan() || (-WHOLE..=1.0 + WHOLE).contains(&v);
        if let Some(at) = values.iter().position(|&v| !is_probability(v)) {
            return Err(wrong(at, "divide percentages by 100"));
        }
        values.iter().map(|&v| v >= threshold as f32).collect()
    } else {
        let is_label = |v: f32| !v.is_nan() && v.abs() > WHOLE;
        let label = values.iter().copied().find(|&v| is_label(v)).unwrap_or(0.0);
        let other = |&v: &f32| is_label(v) && (v - label).abs() > WHOLE;
        if let Some(at) = values.iter().position(other) {
            return Err(wrong(at, &format!("it holds {label} too: cut one label out of it")));
        }
        values.iter().map(|&v| is_label(v)).collect()
    };
    if !inside.contains(&true) {
        return Err(Error::bad_data(
            path.display().to_string(),
            if fraction(&values).is_some() {
                format!("has no voxel of a probability of {threshold} or more")
            } else {
                "is empty: every voxel is 0".to_owned()
            },
            "have voxels inside",
            "check how it was made, or lower the threshold",
        ));
    }
    Ok(Mask { grid: on.clone(), inside })
}

/// The first value that is not whole.
fn fraction(values: &[f32]) -> Option<usize> {
    values.iter().position(|v| v.is_finite() && (v - v.round()).abs() > WHOLE)
}

fn value_at(values: &[f32], at: usize, grid: &Grid) -> String {
    let [i, j, k] = grid.coordinates(at);
    format!("{} at voxel ({i}, {j}, {k})", values[at])
}

/// The values of a map that lies on a run's grid.
fn read_on(path: &Path, on: &Grid) -> Result<Vec<f32>> {
    let (grid, _, values) = read_map(path)?;
    let hint = "resample the mask to the run, or use the mask of this run";
    refuse_other_grid(path, &grid, (on, "the run"), hint)?;
    Ok(values)
}

/// Fails where an image lies on another grid than `on`, which is that of `of`.
pub(super) fn refuse_other_grid(
    path: &Path,
    grid: &Grid,
    (on, of): (&Grid, &str),
    hint: &str,
) -> Result<()> {
    let thing = path.display().to_string();
    let shape = |g: &Grid| g.shape.map(|n| n.to_string()).join("x");
    if grid.shape != on.shape {
        return Err(Error::bad_data(
            thing,
            format!("has {} voxels", shape(grid)),
            format!("have {} like {of}", shape(on)),
            hint,
        ));
    }
    let apart = grid.affine_difference_mm(on);
    if apart.is_nan() || apart > SAME_PLACE_MM {
        return Err(Error::bad_data(
            thing,
            format!("lies up to {apart:.3} mm from {of} (their affines differ)"),
            format!("lie within {SAME_PLACE_MM} mm"),
            hint,
        ));
    }
    Ok(())
}
