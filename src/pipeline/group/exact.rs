//! Maps that differ between subjects, or between the maps of a subject, by less than float32 can follow (0.01 about 1e6): what float32 rounds off
//! each value is kept beside it, so that what is fitted in f64 is fitted of the values as they are stored.

use std::path::Path;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::inputs::display;
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// Steps of float32 in a standard deviation that make what rounding does to t less than 1e-4, as of a run.
const STEPS: f64 = 4096.0;
/// A float32 step beside the value.
const STEP: f64 = 1.0 / (1 << 23) as f64;
/// A standard deviation below this part of the value is f64's own rounding.
const CONSTANT: f64 = 1.0 / (1_u64 << 46) as f64;

/// A map of the group.
pub(super) struct Rounded<'a> {
    pub path: &'a Path,
    /// Who it is of.
    pub subject: &'a str,
    /// Whether its type can hold what float32 cannot.
    pub may_be: bool,
    /// `[place of the mask]`, NaN where there is no value.
    pub values: &'a [f32],
}

/// What float32 rounds off each value, `[map][place of the mask]`; none where it loses nothing that counts. `within`: the voxel of each place;
/// `known`: the places that are analysed.
///
/// # Errors
/// Those of reading the maps again.
pub(super) fn rests(
    maps: &[Rounded<'_>],
    (within, known): (&[usize], &[usize]),
    grid: &Grid,
    watch: &dyn Watch,
) -> Result<Option<Vec<Vec<f32>>>> {
    if !maps.iter().any(|map| map.may_be) {
        return Ok(None);
    }
    let mut names: Vec<&str> = maps.iter().map(|map| map.subject).collect();
    names.sort_unstable();
    names.dedup();
    let number = |map: &Rounded<'_>| names.binary_search(&map.subject).unwrap_or(0);
    let subjects: Vec<usize> = maps.iter().map(number).collect();
    let near = |&&at: &&usize| {
        let values: Vec<f64> = maps.iter().map(|map| f64::from(map.values[at])).collect();
        let (most, sds) = scatters(&values, &subjects);
        most > 0.0 && sds.iter().any(|&sd| sd < 2.0 * STEPS * STEP * most)
    };
    let near: Vec<usize> = known.par_iter().filter(near).copied().collect();
    if near.is_empty() {
        return Ok(None);
    }
    let rest = |map: &Rounded<'_>| -> Result<Vec<f32>> {
        let wide = if map.may_be { io::read_map_wide(map.path)? } else { None };
        let Some(wide) = wide else { return Ok(vec![0.0; within.len()]) };
        let rest = |(&voxel, &value): (&usize, &f32)| (wide[voxel] - f64::from(value)) as f32;
        let rests = within.iter().zip(map.values).map(rest);
        Ok(rests.map(|rest| if rest.is_finite() { rest } else { 0.0 }).collect())
    };
    let rests = maps.par_iter().map(rest).collect::<Result<Vec<Vec<f32>>>>()?;
    let lost = |&&at: &&usize| {
        let value = |(map, rest): (&Rounded<'_>, &Vec<f32>)| {
            f64::from(map.values[at]) + f64::from(rest[at])
        };
        let values: Vec<f64> = maps.iter().zip(&rests).map(value).collect();
        let (most, sds) = scatters(&values, &subjects);
        let is_rounded = rests.iter().any(|rest| rest[at] != 0.0);
        is_rounded && sds.iter().any(|&sd| sd > CONSTANT * most && sd < STEPS * STEP * most)
    };
    let lost: Vec<usize> = near.par_iter().filter(lost).copied().collect();
    let Some(&first) = lost.first() else { return Ok(None) };
    let [i, j, k] = grid.coordinates(within[first]);
    watch.note(&format!(
        "{} and others: read to more digits than float32 has, for it would round what maps differ by at {} of {} voxels (the first: ({i}, {j}, {k}))",
        display(maps[0].path),
        lost.len(),
        known.len()
    ));
    Ok(Some(rests))
}

/// The largest value, and the standard deviations over all maps, and over those of each subject about the subject's mean where subjects have
/// several; of values that are numbers. `subjects`: the number of each map's.
fn scatters(values: &[f64], subjects: &[usize]) -> (f64, Vec<f64>) {
    let known = || values.iter().zip(subjects).filter(|(value, _)| value.is_finite());
    let most = known().fold(0.0_f64, |most, (value, _)| most.max(value.abs()));
    let n = known().count();
    if n < 2 {
        return (most, Vec::new());
    }
    let mean = known().map(|(value, _)| value).sum::<f64>() / n as f64;
    let n_subjects = subjects.iter().max().map_or(0, |&last| last + 1);
    // About the mean, so that a large level costs no digits.
    let mut sums = vec![(0.0, 0.0_f64); n_subjects];
    for (value, &subject) in known() {
        sums[subject] = (sums[subject].0 + (value - mean), sums[subject].1 + 1.0);
    }
    let squares = |about: &dyn Fn(usize) -> f64| -> f64 {
        known().map(|(value, &subject)| (value - mean - about(subject)).powi(2)).sum()
    };
    let all = (squares(&|_| 0.0) / (n - 1) as f64).sqrt();
    let n_here = sums.iter().filter(|(_, n)| *n > 0.0).count();
    if n_here == n {
        return (most, vec![all]);
    }
    let within = squares(&|subject| sums[subject].0 / sums[subject].1) / (n - n_here) as f64;
    (most, vec![all, within.sqrt()])
}

/// Rearrangements of such maps, whose level float32 would round again.
pub(super) fn refused(contrast: &str) -> Error {
    Error::usage(
        format!("contrast '{contrast}' with --permutations"),
        "takes maps that differ by less than float32 can follow, which rearrangements compute in",
        "take maps whose level is not so far above their differences, or compare maps of a subject",
        "subtract a constant from all maps first, or leave --permutations out",
    )
}
