//! The units of effects. Percent signal change is 100 (y / m - 1), m the mean over the fitted volumes of the voxel as it is fitted
//! (nilearn's signal_scaling 0), so that an effect is 100 / m of the raw one and its variance (100 / m)^2: fits see the run as it is, t and F
//! are the same. Smoothing is linear and the correction takes columns of mean 0 out, so m is the mean image, smoothed.
//!
//! A contrast that weighs the voxel's mean itself keeps it: the constant is 100.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::source::Memory;
use crate::maps::{Map, Quantity};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::first_level::{Fitted, Gathered, Plan};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::masks::{lost_mean, median, no_percentage};
use crate::pipeline::signal::{self, DIM, is_dim};
use crate::pipeline::smoothing::{Smoothing, smooth_run};
use crate::pipeline::spec::SignalScale;
use crate::pipeline::watch::{Quiet, Watch};
use crate::volume::{Block, HostBold};

/// What the voxels that are fitted lie in.
const MASK: &str = "the mask";

/// The mean of each voxel as it is fitted, `[voxel]`. `mean`: as it is read.
///
/// # Errors
/// Those of smoothing.
pub fn as_fitted(mut mean: Vec<f64>, run: &Run, smoothing: Option<&Smoothing>) -> Result<Vec<f64>> {
    if let Some(level) = &run.level {
        mean.iter_mut().zip(level.iter()).for_each(|(mean, level)| *mean += level);
    }
    let Some(smoothing) = smoothing else { return Ok(mean) };
    let shape = run.grid.shape;
    let data = mean.iter().map(|&mean| mean as f32).collect();
    let mut image = Memory { run: HostBold::new(Block::whole(shape, 1), data) };
    let mut smoothed = Memory::zeros(shape, 1);
    // On the f64 path whatever fits the run: a rerun has the same units.
    let mut ladder = Ladder::around(Device::cpu());
    smooth_run(&mut ladder, &mut image, &mut smoothed, smoothing, &Quiet)?;
    Ok(smoothed.run.data.iter().map(|&value| f64::from(value)).collect())
}

/// What turns the image's units into those of effects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// Percent of each mean.
    Percent,
    /// This factor.
    Times(f64),
}

impl Default for Unit {
    /// The image's own.
    fn default() -> Unit {
        Unit::Times(1.0)
    }
}

impl Unit {
    /// The factor of what has this mean.
    #[must_use]
    pub fn factor(self, mean: f64) -> f64 {
        match self {
            Unit::Percent => 100.0 / mean,
            Unit::Times(factor) => factor,
        }
    }

    /// Put a fitted run into these units. `mean`: of each voxel as it was fitted, `[voxel]`; `asked`: the contrasts that are in them, those from there on are percent
    /// in any ([`Signal::percent`]).
    pub fn apply(self, fitted: &mut Fitted, mean: &[f64], asked: usize) {
        if self == Unit::default() {
            return;
        }
        let which = if self == Unit::Percent { 0..usize::MAX } else { 0..asked };
        for (voxel, &mean) in mean.iter().enumerate() {
            if fitted.fitted[voxel] {
                times(fitted, which.clone(), voxel, self.factor(mean));
                residuals_times(fitted, voxel, self.factor(mean));
            }
        }
    }
}

/// The signal of a run whose blocks are all in: the voxels that are fitted, and the means of those that were measured.
pub struct Signal<'a> {
    /// Of each voxel as it is fitted, `[voxel]`.
    mean: &'a [f64],
    inside: Vec<usize>,
    flat: Vec<usize>,
    measured: Vec<f64>,
}

impl Signal<'_> {
    /// `mean`: of each voxel as it is fitted, `[voxel]`.
    #[must_use]
    pub fn of<'a>(gathered: &Gathered, plan: &Plan, mean: &'a [f64]) -> Signal<'a> {
        // What never varies was not measured, and tells nothing of the signal.
        let measured = gathered.measured(plan);
        Signal {
            mean,
            inside: (0..mean.len()).filter(|&voxel| gathered.fitted()[voxel]).collect(),
            flat: gathered.flat().to_vec(),
            measured: mean.iter().zip(measured).filter(|(_, is)| *is).map(|(m, _)| *m).collect(),
        }
    }

    /// The units of a run, and the voxels without signal for them, positions in the grid, which are to leave it.
    ///
    /// # Errors
    /// Bad data where the run has no signal to be a percentage of.
    pub fn units(
        &self,
        scale: SignalScale,
        run: &Run,
        watch: &dyn Watch,
    ) -> Result<(Unit, Vec<usize>)> {
        match scale {
            SignalScale::None => Ok((Unit::default(), Vec::new())),
            SignalScale::GrandMean(to) => {
                if let Some(found) = lost_mean(&self.measured, MASK) {
                    return Err(no_signal(run, &found));
                }
                signal::say_air(&self.measured, &display(&run.path), watch);
                let median = median(self.measured.clone());
                let has = |mean: &&f64| median <= 0.0 || !is_dim(**mean, median);
                let bright: Vec<f64> = self.measured.iter().filter(has).copied().collect();
                let grand = bright.iter().sum::<f64>() / bright.len().max(1) as f64;
                if !(grand.is_finite() && grand > 0.0) {
                    return Err(no_signal(
                        run,
                        &format!("has a mean of {grand:.3e} over the mask"),
                    ));
                }
                watch.note(&format!(
                    "{}: grand mean {grand:.6} of the {} voxels with a mean of {} % of the mask's median or more (of {}), scaled to {to}",
                    display(&run.path),
                    bright.len(),
                    100.0 * DIM,
                    self.measured.len()
                ));
                Ok((Unit::Times(to / grand), Vec::new()))
            }
            SignalScale::Psc => {
                let (dim, median) = self.dim().map_err(|found| no_signal(run, &found))?;
                signal::say_air(&self.measured, &display(&run.path), watch);
                let varies = |voxel: &&usize| self.flat.binary_search(voxel).is_err();
                let n_dim = dim.iter().filter(varies).count(); // the others are told as constant
                if n_dim > 0 {
                    let (voxels, have, they_are) = match n_dim {
                        1 => ("voxel", "has", "it is"),
                        _ => ("voxels", "have", "they are"),
                    };
                    watch.warn(&format!(
                        "{n_dim} mask {voxels} of {} {have} a mean below {} % of the mask's median ({median:.4}): {they_are} outside (0 in the maps, \
                         p 1), as a percentage of so little signal means nothing; --scaling none keeps them",
                        display(&run.path),
                        100.0 * DIM
                    ));
                }
                Ok((Unit::Percent, dim))
            }
        }
    }

    /// Have the contrasts from `asked` on in percent of each voxel's mean in a run of other units. Gives back the voxels whose signal is too
    /// small for it, positions in the grid.
    pub fn percent(
        self,
        fitted: &mut Fitted,
        asked: usize,
        run: &Run,
        watch: &dyn Watch,
    ) -> Vec<usize> {
        let dim = match self.dim() {
            Ok((dim, _)) => dim,
            Err(found) => {
                watch.warn(&format!(
                    "{} {found}: nothing can be a percentage of it, and the maps of percent signal change are 0",
                    display(&run.path)
                ));
                return self.inside;
            }
        };
        for &voxel in self.inside.iter().filter(|voxel| dim.binary_search(voxel).is_err()) {
            times(fitted, asked..usize::MAX, voxel, 100.0 / self.mean[voxel]);
        }
        dim
    }

    /// Voxels without signal, and the median of the mask; what is wrong where there is none.
    fn dim(&self) -> std::result::Result<(Vec<usize>, f64), String> {
        if let Some(found) = no_percentage(&self.measured, MASK) {
            return Err(found);
        }
        let median = median(self.measured.clone());
        let dim = |voxel: &usize| is_dim(self.mean[*voxel], median);
        Ok((self.inside.iter().copied().filter(dim).collect(), median))
    }
}

/// All that is known of a voxel, times what turns it into its units.
pub fn in_units(fitted: &mut Fitted, voxel: usize, factor: f64) {
    times(fitted, 0..usize::MAX, voxel, factor);
    residuals_times(fitted, voxel, factor);
}

fn no_signal(run: &Run, found: &str) -> Error {
    Error::bad_data(
        display(&run.path),
        found,
        "have signal that effects can be measured by",
        "give --scaling none for a run whose mean was taken off, or check the mask",
    )
}

/// Effects of a voxel in some of the contrasts times this, and what goes with their square.
fn times(fitted: &mut Fitted, which: Range<usize>, voxel: usize, factor: f64) {
    let all = std::iter::once(&mut fitted.contrasts).chain(&mut fitted.beyond);
    for maps in all.flat_map(|all| all.iter_mut().take(which.end).skip(which.start)) {
        maps.effect.iter_mut().for_each(|row| row[voxel] *= factor);
        let squared = maps.variance.iter_mut().chain(&mut maps.covariance);
        squared.for_each(|row| row[voxel] *= factor * factor);
    }
}

fn residuals_times(fitted: &mut Fitted, voxel: usize, factor: f64) {
    for maps in fitted.residuals.iter_mut().filter_map(|of_run| of_run.maps.as_mut()) {
        maps.sigma2[voxel] *= (factor * factor) as f32;
        if let Some(sigma2) = maps.beyond.first_mut() {
            sigma2[voxel] *= (factor * factor) as f32;
        }
        maps.unit[voxel] *= factor;
    }
}

/// Have the maps say their units. `per`: what is behind those of an effect, ` per unit of rating`.
pub fn describe(scale: SignalScale, per: &str, maps: &mut [Map]) {
    let (units, said) = (scale.units() + per, scale.said() + per);
    for map in maps {
        let (units, said) = match map.quantity {
            Quantity::Effect => (units.clone(), format!(", in {said}")),
            Quantity::Variance | Quantity::ResidualVariance => {
                (format!("{units}, squared"), format!(", in {said}, squared"))
            }
            Quantity::Percent => (format!("percent{per}"), per.to_owned()),
            _ => continue,
        };
        map.asked.insert("Units".to_owned(), units.into());
        map.description.push_str(&said);
    }
}
