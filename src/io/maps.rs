//! Single volumes: maps and masks.

use std::collections::BTreeSet;
use std::path::Path;

use super::bold::refuse_more_axes;
use super::files;
use super::header::Header;
use super::image::Image;
use crate::volume::{Grid, Mask};
use crate::{Error, Result};

/// Two affines are the same when no corner of the grid moves by more than this, in millimetres.
const SAME_PLACE_MM: f64 = 1e-3;

/// What headers round moves no corner of the grid by more than the smallest voxel edge over this.
const PARTS_OF_A_VOXEL: f64 = 20.0;

/// What masks and tissues are for where nothing else is said.
const RUN: &str = "the run";

/// What to do where one of two images that lie apart does not say where its voxels lie.
const UNPLACED: &str = "one of the two has no qform and no sform, so that its place is an assumption: copy those of the image that it was made of";

/// A mask's values are whole numbers up to the rounding that scaled integers bring.
const WHOLE: f32 = 1e-3;

/// From so large a probability on a voxel is inside a mask.
const PROBABLE: f32 = 0.5;

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

/// What a map's header says of voxel sizes and places otherwise than the grid, which every command goes by.
#[must_use]
pub fn header_doubts(path: &Path, header: &Header, grid: &Grid) -> Vec<String> {
    header.doubts(&path.display().to_string(), grid)
}

/// The values of a map in f64, where its type can hold what f32 cannot; none else.
///
/// # Errors
/// As [`read_map`].
pub fn read_map_wide(path: &Path) -> Result<Option<Vec<f64>>> {
    let image = Image::open(path)?;
    refuse_more_axes(&image, 3)?;
    if !image.header.may_exceed_f32() {
        return Ok(None);
    }
    let unnamed = if image.is_compressed() { Some(image.spill(&mut || {})?) } else { None };
    let (file, first) = match &unnamed {
        Some(file) => (file, 0),
        None => (&image.file, image.header.vox_offset),
    };
    let decoder = image.header.decoder();
    let mut bytes = vec![0; image.header.len() * decoder.sample.size()];
    files::read_exact_at(file, &mut bytes, first).map_err(|e| files::cannot_read(path, e))?;
    let mut values = vec![0.0; image.header.len()];
    decoder.decode_f64(&bytes, &mut values);
    Ok(Some(values))
}

/// A mask as it was read, and what to tell of it.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenMask {
    /// The mask, on the grid it is for.
    pub mask: Mask,
    /// That it lies a rounding error away.
    pub note: Option<String>,
    /// That it holds values below 0, or none at all (NaN); that it holds probabilities, and how many voxels are inside.
    pub warning: Option<String>,
    /// Its values above 0, ascending: of a mask one, of a segmentation several.
    pub labels: Vec<u32>,
}

/// Reads a mask for images on the grid `on`: inside where the value is above 0 and no NaN. Labels are all inside; of a map of probabilities (fractions, none
/// below 0 and none above 1) voxels of 0.5 or more, which the warning says.
///
/// # Errors
/// [`Error::BadData`] where its shape differs, it lies further away than a twentieth of a voxel's edge, it holds fractions that are no probabilities,
/// or no voxel is inside.
pub fn read_mask(path: &Path, on: &Grid) -> Result<GivenMask> {
    read_mask_of(path, (on, RUN))
}

/// [`read_mask`] for the grid of what is called `of`.
///
/// # Errors
/// As [`read_mask`].
pub fn read_mask_of(path: &Path, (on, of): (&Grid, &str)) -> Result<GivenMask> {
    let (values, note) = read_on(path, (on, of))?;
    if fraction(&values).is_none() {
        return whole(path, on, &values, note);
    }
    let is_none = |v: &f32| *v < -WHOLE || *v > 1.0 + WHOLE;
    if let (Some(at), Some(none)) = (fraction(&values), values.iter().position(is_none)) {
        let and = if at == none { String::new() } else { format!(" and {}", values[none]) };
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("holds {}{and}", value_at(&values, at, on)),
            "hold 0 outside and 1 (or whole labels) inside, or probabilities from 0 to 1",
            "threshold the map first",
        ));
    }
    let inside: Vec<bool> = values.iter().map(|&v| v >= PROBABLE).collect();
    let n = inside.iter().filter(|inside| **inside).count();
    if n == 0 {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("is a map of probabilities, none of which is {PROBABLE} or more"),
            "have voxels inside",
            "check how it was made, or threshold it lower first",
        ));
    }
    let mut given = given(path, on, (&values, inside), note)?;
    let said = format!(
        "{} is a map of probabilities: its {n} voxels of {PROBABLE} or more are inside",
        path.display()
    );
    given.warning = Some(given.warning.map_or(said.clone(), |other| format!("{said}; {other}")));
    Ok(given)
}

/// [`read_mask_of`] of an image that may hold labels, where fractions are none.
///
/// # Errors
/// As [`read_mask`], and for any fraction.
pub fn read_labels_of(path: &Path, (on, of): (&Grid, &str)) -> Result<GivenMask> {
    let (values, note) = read_on(path, (on, of))?;
    match fraction(&values) {
        None => whole(path, on, &values, note),
        Some(at) => Err(Error::bad_data(
            path.display().to_string(),
            format!("holds {}", value_at(&values, at, on)),
            "hold 0 outside and 1 (or whole labels) inside",
            "threshold the probability map first",
        )),
    }
}

/// What a mask without a voxel inside holds.
fn empty(values: &[f32]) -> String {
    let largest = values.iter().copied().fold(0.0, f32::max);
    if largest > 0.0 {
        return format!(
            "is empty: no value is above {WHOLE}, as what rounding makes of 0 may be, and the largest is {largest}"
        );
    }
    "is empty: no value is above 0".to_owned()
}

/// A mask of whole numbers.
fn whole(path: &Path, on: &Grid, values: &[f32], note: Option<String>) -> Result<GivenMask> {
    let inside: Vec<bool> = values.iter().map(|&v| v > WHOLE).collect();
    if !inside.contains(&true) {
        return Err(Error::bad_data(
            path.display().to_string(),
            empty(values),
            "have voxels inside",
            "check how it was made",
        ));
    }
    given(path, on, (values, inside), note)
}

/// Reads a tissue for images on the grid `on`: a mask (0 and one positive whole number), or a probability map (fractions up
/// to 1), then inside from `threshold` on. NaN and what is not above 0 are outside.
///
/// # Errors
/// [`Error::BadData`] where its shape or place differs as for [`read_mask`], it holds several labels, fractions above 1, or
/// no voxel is inside.
pub fn read_tissue(path: &Path, on: &Grid, threshold: f64) -> Result<GivenMask> {
    let (values, note) = read_on(path, (on, RUN))?;
    let wrong = |at: usize, hint: &str| {
        Error::bad_data(
            path.display().to_string(),
            format!("holds {}", value_at(&values, at, on)),
            "be a mask (0 and 1) or a map of probabilities from 0 to 1",
            hint,
        )
    };
    let inside: Vec<bool> = if fraction(&values).is_some() {
        if let Some(at) = values.iter().position(|&v| v > 1.0 + WHOLE) {
            return Err(wrong(at, "divide percentages by 100"));
        }
        values.iter().map(|&v| v >= threshold as f32).collect()
    } else {
        let label = values.iter().copied().find(|&v| v > WHOLE).unwrap_or(0.0);
        let other = |&v: &f32| v > WHOLE && (v - label).abs() > WHOLE;
        if let Some(at) = values.iter().position(other) {
            return Err(wrong(at, &format!("it holds {label} too: cut one label out of it")));
        }
        values.iter().map(|&v| v > WHOLE).collect()
    };
    if !inside.contains(&true) {
        return Err(Error::bad_data(
            path.display().to_string(),
            if fraction(&values).is_some() {
                format!("has no voxel of a probability of {threshold} or more")
            } else {
                empty(&values)
            },
            "have voxels inside",
            "check how it was made, or lower the threshold",
        ));
    }
    given(path, on, (&values, inside), note)
}

/// A mask of these values, with a word on those below 0 and those that are none.
fn given(
    path: &Path,
    on: &Grid,
    (values, inside): (&[f32], Vec<bool>),
    note: Option<String>,
) -> Result<GivenMask> {
    let n_negative = values.iter().filter(|&&v| v < -WHOLE).count();
    let n_missing = values.iter().filter(|v| v.is_nan()).count();
    let counts = [(n_negative, "values below 0"), (n_missing, "values that are no number (NaN)")];
    let counts = counts.into_iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
    let warning = (!counts.is_empty()).then(|| {
        let counts = counts.join(" and ");
        format!("{} holds {counts}; such voxels are outside, as where it is 0", path.display())
    });
    let (mut labels, mut last) = (BTreeSet::new(), None);
    for (&value, _) in values.iter().zip(&inside).filter(|(_, inside)| **inside) {
        if last.replace(value) != Some(value) {
            labels.insert(value.round() as u32);
        }
    }
    let labels = labels.into_iter().collect();
    Ok(GivenMask { mask: Mask { grid: on.clone(), inside }, note, warning, labels })
}

/// The first value that is not whole, as infinity.
fn fraction(values: &[f32]) -> Option<usize> {
    // Most are 0 or 1, of which rounding says nothing.
    let is_plain = |v: f32| v == 0.0 || v == 1.0;
    let is_fraction = |v: f32| v.is_finite() && (v - v.round()).abs() > WHOLE;
    values.iter().position(|&v| !is_plain(v) && (v == f32::INFINITY || is_fraction(v)))
}

fn value_at(values: &[f32], at: usize, grid: &Grid) -> String {
    let [i, j, k] = grid.coordinates(at);
    format!("{} at voxel ({i}, {j}, {k})", values[at])
}

/// The values of a map that lies on a run's grid, and a note where it lies a little off.
fn read_on(path: &Path, (on, of): (&Grid, &str)) -> Result<(Vec<f32>, Option<String>)> {
    let (grid, _, values) = read_map(path)?;
    let hint = match of {
        RUN => "resample the mask to the run, or use the mask of this run",
        _ => "resample the mask to the maps, or use one of their space",
    };
    let note = check_overlay(path, &grid, (on, of), hint)?;
    Ok((values, note))
}

/// [`check_grid`] of a mask or an atlas; the note where it does not say itself where its voxels lie, and `of` does.
///
/// # Errors
/// As [`check_grid`].
pub fn check_overlay(
    path: &Path,
    grid: &Grid,
    (on, of): (&Grid, &str),
    hint: &str,
) -> Result<Option<String>> {
    let note = check_grid(path, grid, (on, of), hint)?;
    let unplaced = (on.is_placed && !grid.is_placed).then(|| {
        format!(
            "{} has no qform and no sform; its voxels are taken as those of {of}",
            path.display()
        )
    });
    Ok(note.or(unplaced))
}

/// Fails where an image lies on another grid than `on`, which is that of `of`. A note where their affines differ by what
/// headers round, up to a twentieth of the smallest voxel edge.
///
/// # Errors
/// [`Error::BadData`] with both shapes, or the distance in mm.
pub fn check_grid(
    path: &Path,
    grid: &Grid,
    (on, of): (&Grid, &str),
    hint: &str,
) -> Result<Option<String>> {
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
    let hint = if grid.is_placed && on.is_placed { hint } else { UNPLACED };
    let apart_mm = grid.affine_difference_mm(on);
    let most_mm = on.voxel_size_mm.into_iter().fold(f64::INFINITY, f64::min) / PARTS_OF_A_VOXEL;
    if apart_mm.is_nan() || apart_mm > most_mm {
        return Err(Error::bad_data(
            thing,
            format!("lies up to {apart_mm:.3} mm from {of} (their affines differ)"),
            format!("lie within {most_mm:.3} mm, a twentieth of a voxel"),
            hint,
        ));
    }
    Ok((apart_mm > SAME_PLACE_MM).then(|| {
        format!(
            "{thing} lies up to {apart_mm:.4} mm from {of} (their affines differ); it is taken as on the same grid"
        )
    }))
}
