//! Which voxels of a mask have signal: a mean of at least 10 % of the median of those that were measured. Under percent signal change the others leave the fit
//! (`scaling`), so they leave before anything is decided from them, here from a run as it is read, before its fit is planned.

use crate::error::Result;
use crate::io::source::{Averaged, BoldSource, Means};
use crate::pipeline::watch::Watch;
use crate::pipeline::{flat, masks};

/// Share of the mask's median below which a voxel's mean is no signal to be a percentage of.
pub const DIM: f64 = 0.1;

/// Whether a mean is too small beside the mask's median; what is not a number is.
#[must_use]
pub fn is_dim(mean: f64, median: f64) -> bool {
    !(mean > 0.0 && mean >= DIM * median)
}

/// Where voxels of a mask have signal, `[voxel]`; all of them where the run has none to be measured by. `mean`, `measured`: `[voxel]`.
#[must_use]
pub fn with_signal(inside: &[bool], mean: &[f64], measured: impl Fn(usize) -> bool) -> Vec<bool> {
    let means = (0..mean.len()).filter(|&v| inside[v] && measured(v)).map(|v| mean[v]);
    let means: Vec<f64> = means.filter(|mean| mean.is_finite()).collect();
    if masks::no_percentage(&means, "").is_some() {
        return inside.to_vec();
    }
    let median = masks::median(means);
    let has = |(inside, mean): (&bool, &f64)| *inside && !is_dim(*mean, median);
    inside.iter().zip(mean).map(has).collect()
}

/// The part of the mask's means, from the least, whose mean stands for the brain's where half of the mask is air.
const BRIGHT: f64 = 0.98;

/// Warn where half of a mask or more has so little signal that it looks like air: its median is below [`DIM`] of its 98th percentile. A brain's own median is half of
/// that or more. `means`: of its voxels that were measured.
pub fn say_air(means: &[f64], name: &str, watch: &dyn Watch) {
    let mut sorted: Vec<f64> = means.iter().copied().filter(|mean| mean.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| sorted.get((part * sorted.len() as f64) as usize).copied();
    let (Some(median), Some(bright)) = (at(0.5), at(BRIGHT)) else { return };
    if !is_dim(median, bright) {
        return;
    }
    let n = sorted.iter().filter(|mean| is_dim(**mean, bright)).count();
    watch.warn(&format!(
        "{n} of the {} mask voxels of {name} look like air: their means are below {} % of {bright:.4}, the 98th percentile of the mask, and so is the median of \
         all ({median:.4}), beside which voxels without signal would be told; look at the mask: it may hold air (give one of the brain), or a few voxels may be very bright",
        sorted.len(),
        100.0 * DIM
    ));
}

/// [`with_signal`] of a run, looked at once. `level`: what it is read without, `[voxel]`.
///
/// # Errors
/// Those of reading the run.
pub fn of_run(
    source: &mut dyn BoldSource,
    level: Option<&[f64]>,
    inside: &[bool],
) -> Result<Vec<bool>> {
    let mut means = Means::new(source.shape(), source.n_volumes());
    let flat = flat::of_run(&mut Averaged::new(source, &mut means), inside)?;
    let Some(mut mean) = means.image() else { return Ok(inside.to_vec()) };
    if let Some(level) = level {
        mean.iter_mut().zip(level).for_each(|(mean, level)| *mean += level);
    }
    Ok(with_signal(inside, &mean, |voxel| flat.binary_search(&voxel).is_err()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::source::Memory;

    #[test]
    fn voxels_below_a_tenth_of_the_median_of_what_varies_have_no_signal() {
        // means 100, 80, 9, 10, 120 | 5 outside the mask | 7 constant | NaN in one volume
        let base = [100.0_f32, 80.0, 9.0, 10.0, 120.0, 5.0, 7.0, 90.0];
        let mut run = Memory::zeros([8, 1, 1], 2);
        for (at, value) in run.run.data.iter_mut().enumerate() {
            let swing = if at / 8 == 0 { -1.0 } else { 1.0 };
            *value = base[at % 8] + if at % 8 == 6 { 0.0 } else { swing };
        }
        run.run.data[8 + 7] = f32::NAN;
        let mut inside = [true; 8];
        inside[5] = false;
        // sorted 9, 10, 80, 100, 120: median 80, a tenth of it 8
        let found = of_run(&mut run, None, &inside).expect("memory reads");
        assert_eq!(found, [true, true, true, true, true, false, false, false]);
        // on a level of 100 the median is 180, and 18 is a tenth
        let level = [100.0, 100.0, 8.0, 8.5, 100.0, 0.0, 0.0, 0.0];
        let found = of_run(&mut run, Some(&level), &inside).expect("memory reads");
        assert_eq!(found, [true, true, false, true, true, false, false, false]);
    }
}
