//! The first-level story of one run: read, correct, smooth, fit, contrast; each block without leaving the device.

use rayon::prelude::*;

use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::io::source::{BoldSource, Memory};
use crate::kernels::contrast::{self, Contrast};
use crate::kernels::glm::{self, Fit, Model};
use crate::kernels::nuisance::{self, Projection};
use crate::kernels::smooth;
use crate::pipeline::blocks::{Cut, Ladder, block_bytes, plane_bytes, read_timed, slabs};
use crate::pipeline::clean::clean_run;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::smoothing::{Smoothing, smooth_run};
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

/// Everything that happens to a run between file and maps.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Physiological noise subtracted before smoothing; without smoothing the model's own slice-dependent
    /// columns do it exactly.
    pub correct: Option<Projection>,
    /// Smoothing.
    pub smooth: Option<Smoothing>,
    /// The model.
    pub model: Model,
    /// Contrasts with their names.
    pub contrasts: Vec<(String, Contrast)>,
}

/// A fitted run.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// One entry a contrast.
    pub contrasts: Vec<ContrastMaps>,
    /// The voxels that were fitted, `[voxel]`: the mask without voxels that are not finite in some volume.
    pub fitted: Vec<bool>,
    /// Mask voxels left out because some volume is not finite there.
    pub not_finite: usize,
    /// Fitted voxels whose residual variance is 0 (constant over time): stat 0, p 1.
    pub constant: usize,
}

/// Fit a run within a mask `[voxel]`.
///
/// # Errors
/// Reading and device errors.
pub fn fit_run(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    inside: &[bool],
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<Fitted> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let halo = plan.smooth.as_ref().map_or(0, |s| s.taps.halo());
    let bytes = match (&ladder.device.block_bytes(), halo) {
        (None, 1..) => usize::MAX, // the CPU path smooths the whole run in place
        (None, 0) => block_bytes(&ladder.device).max(plane_bytes(shape, n_volumes)),
        _ => block_bytes(&ladder.device),
    };
    let Some(blocks) = slabs(shape, n_volumes, halo, bytes) else {
        return fit_in_stages(ladder, source, inside, plan, watch);
    };
    let mut fitted = Fitted::empty(inside, plan);
    let untouched = plan.correct.is_none() && plan.smooth.is_none();
    watch.stage("glm", blocks.len());
    ladder.climb(blocks, Cut::Planes { halo }, watch, &mut |device, block| {
        let host = read_timed(device, source, block)?;
        // What the f64 path fits to data as they are is finite where, and only where, all of them are.
        let fit_tells = untouched && matches!(device, Device::Cpu(_));
        let voxels = if fit_tells { fitted.in_mask(block) } else { fitted.usable(&host) };
        let mut bold = device.load(host)?;
        if let Some(projection) = &plan.correct {
            bold = nuisance::subtract(device, bold, projection)?;
        }
        if let Some(s) = &plan.smooth {
            bold = smooth::smooth(device, bold, &s.taps, s.within.as_ref())?;
        }
        let fit = glm::fit(device, &bold, &voxels, &plan.model)?;
        let places = places(block, &voxels);
        if let (true, Fit::Host(fit)) = (fit_tells, &fit) {
            for (&place, sigma2) in places.iter().zip(&fit.sigma2) {
                fitted.fitted[place] = sigma2.is_finite();
            }
        }
        for ((_, contrast), maps) in plan.contrasts.iter().zip(&mut fitted.contrasts) {
            maps.put(&contrast::evaluate(device, &fit, contrast)?, &places, &fitted.fitted);
        }
        if let Bold::Host(host) = bold {
            source.reuse(host.data);
        }
        Ok(())
    })?;
    let in_mask = inside.iter().filter(|&&v| v).count();
    Ok(Fitted::counted(fitted.contrasts, fitted.fitted, in_mask))
}

/// The same for a run of which not even one plane with its halo fits the device: corrected by planes, smoothed by volumes,
/// fitted by planes, through host memory.
fn fit_in_stages(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    inside: &[bool],
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<Fitted> {
    let mut smoothed = Memory::zeros(source.shape(), source.n_volumes());
    if let Some(smoothing) = &plan.smooth {
        match &plan.correct {
            Some(projection) => {
                let mut corrected = Memory::zeros(source.shape(), source.n_volumes());
                clean_run(ladder, source, &mut corrected, projection, watch)?;
                smooth_run(ladder, &mut corrected, &mut smoothed, smoothing, watch)?;
            }
            None => smooth_run(ladder, source, &mut smoothed, smoothing, watch)?,
        }
        let rest = Plan { correct: None, smooth: None, ..plan.clone() };
        return fit_run(ladder, &mut smoothed, inside, &rest, watch);
    }
    // One plane alone exceeds the device: only the CPU path can hold it.
    let mut host = Ladder::around(Device::cpu());
    watch.warn("one plane of this run exceeds the device; it is fitted on the CPU path");
    fit_run(&mut host, source, inside, plan, watch)
}

impl Fitted {
    fn empty(inside: &[bool], plan: &Plan) -> Fitted {
        let maps = |(name, c): &(String, Contrast)| {
            let rows = c.weights.nrows();
            let mut maps = ContrastMaps::zeros(name, c.stat, rows, inside.len());
            maps.rank = c.rank;
            maps.dof = plan.model.dofs();
            maps
        };
        Fitted {
            contrasts: plan.contrasts.iter().map(maps).collect(),
            fitted: inside.to_vec(),
            not_finite: 0,
            constant: 0,
        }
    }

    /// Mask voxels of the block's core, as positions in one volume of the block.
    fn in_mask(&self, block: &Block) -> Vec<u32> {
        let first = block.core.start * block.plane_len();
        let offset = (block.core.start - block.planes.start) * block.plane_len();
        let inside = self.fitted[first..block.core.end * block.plane_len()].iter().enumerate();
        inside.filter(|(_, keep)| **keep).map(|(at, _)| (at + offset) as u32).collect()
    }

    /// The same, of voxels that are finite in every volume; the others leave the mask.
    fn usable(&mut self, bold: &HostBold) -> Vec<u32> {
        let block = &bold.block;
        if !all_finite(&bold.data) {
            let first = block.core.start * block.plane_len();
            let inside = &mut self.fitted[first..block.core.end * block.plane_len()];
            let offset = (block.core.start - block.planes.start) * block.plane_len();
            for volume in bold.data.chunks_exact(block.volume_len()) {
                for (keep, value) in inside.iter_mut().zip(&volume[offset..]) {
                    *keep &= value.is_finite();
                }
            }
        }
        self.in_mask(block)
    }

    /// Maps with their counts. `in_mask`: voxels of the mask, fitted or not.
    #[must_use]
    pub fn counted(contrasts: Vec<ContrastMaps>, fitted: Vec<bool>, in_mask: usize) -> Fitted {
        let not_finite = in_mask - fitted.iter().filter(|&&f| f).count();
        let flat = |(&fitted, &variance): (&bool, &f64)| fitted && variance == 0.0;
        let constant = contrasts.first().map_or(0, |maps| {
            fitted.iter().zip(&maps.variance[0]).filter(|&pair| flat(pair)).count()
        });
        Fitted { contrasts, fitted, not_finite, constant }
    }
}

/// Positions in the grid of positions in one volume of a block.
pub(crate) fn places(block: &Block, voxels: &[u32]) -> Vec<usize> {
    let first = block.planes.start * block.plane_len();
    voxels.iter().map(|&v| first + v as usize).collect()
}

/// Whether no value is infinite or NaN: the largest exponent decides, without a branch a value.
fn all_finite(values: &[f32]) -> bool {
    const INFINITE: u32 = 0x7f80_0000;
    let largest = |part: &[f32]| part.iter().fold(0, |a, v| a.max(v.to_bits() & INFINITE));
    values.par_chunks(1 << 16).all(|part| largest(part) < INFINITE)
}
