//! Masks that are given, with what is to be told of them.

use std::path::Path;

use crate::error::Result;
use crate::io::{self, GivenMask};
use crate::pipeline::watch::Watch;
use crate::volume::{Grid, Mask};

/// Images that share less of their voxels than this part cover different parts of the brain.
pub const LEAST_SHARED: f64 = 0.9;

/// Labels that a line lists.
const LISTED: usize = 6;

/// A mask for a grid: inside where the value is above 0, of probabilities from 0.5 on.
///
/// # Errors
/// As [`io::read_mask`].
pub fn mask(path: &Path, grid: &Grid, watch: &dyn Watch) -> Result<Mask> {
    let given = io::read_mask(path, grid)?;
    if let Some(line) = several(path, &given) {
        watch.note(&line);
    }
    Ok(told(given, watch))
}

/// A mask of one kind of tissue for a grid: the same, but that several labels are doubted.
///
/// # Errors
/// As [`io::read_mask`].
pub fn of_one_kind(path: &Path, grid: &Grid, what: &str, watch: &dyn Watch) -> Result<Mask> {
    let given = io::read_mask(path, grid)?;
    if let Some(line) = several(path, &given) {
        watch.warn(&format!("{line}; give a mask of {what} alone"));
    }
    Ok(told(given, watch))
}

/// That a mask is a segmentation.
fn several(path: &Path, given: &GivenMask) -> Option<String> {
    let n = given.labels.len();
    let listed: Vec<String> = given.labels.iter().take(LISTED).map(u32::to_string).collect();
    let more = if n > LISTED { ", ..." } else { "" };
    (n > 1).then(|| {
        format!(
            "{} is a segmentation: the voxels of all its {n} labels ({}{more}) are inside",
            path.display(),
            listed.join(", ")
        )
    })
}

/// A mask for the grid of a map that is called so.
///
/// # Errors
/// As [`io::read_mask`].
pub fn mask_of(path: &Path, (grid, of): (&Grid, &str), watch: &dyn Watch) -> Result<Mask> {
    io::read_mask_of(path, (grid, of)).map(|given| told(given, watch))
}

/// [`mask_of`], with its values above 0: of a mask one, of a segmentation several.
///
/// # Errors
/// As [`io::read_mask`].
pub fn labels_of(
    path: &Path,
    (grid, of): (&Grid, &str),
    watch: &dyn Watch,
) -> Result<(Mask, Vec<u32>)> {
    let given = io::read_mask_of(path, (grid, of))?;
    let labels = given.labels.clone();
    Ok((told(given, watch), labels))
}

/// A tissue for a grid: a mask, or probabilities from `threshold` on.
///
/// # Errors
/// As [`io::read_tissue`].
pub fn tissue(path: &Path, grid: &Grid, threshold: f64, watch: &dyn Watch) -> Result<Mask> {
    io::read_tissue(path, grid, threshold).map(|given| told(given, watch))
}

/// The mask, with what is to be said of it said.
#[must_use]
pub fn told(given: GivenMask, watch: &dyn Watch) -> Mask {
    given.note.iter().for_each(|line| watch.note(line));
    given.warning.iter().for_each(|line| watch.warn(line));
    given.mask
}

/// Share of the voxels with a negative mean above which a run has lost its mean: magnitudes have none.
const NEGATIVE: f64 = 0.1;

/// What says that a run's mean was taken off. `means`: of the voxels of `mask` that were measured.
#[must_use]
pub fn lost_mean(means: &[f64], mask: &str) -> Option<String> {
    let negative = means.iter().filter(|&&mean| mean < 0.0).count();
    let of = means.len();
    (negative as f64 > NEGATIVE * of as f64)
        .then(|| format!("has a negative mean in {negative} of {of} voxels of {mask}"))
}

/// Why nothing can be a percentage of a run, or of an echo. `means`: of the voxels of `mask` that were measured.
#[must_use]
pub fn no_percentage(means: &[f64], mask: &str) -> Option<String> {
    let no_median = || {
        let median = median(means.to_vec());
        let is_signal = means.is_empty() || median.is_finite() && median > 0.0;
        (!is_signal).then(|| format!("has a median of {median:.3e} in {mask}"))
    };
    lost_mean(means, mask).or_else(no_median)
}

/// The middle value, 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    match values.len() {
        0 => 0.0,
        n => *values.select_nth_unstable_by(n / 2, f64::total_cmp).1,
    }
}
