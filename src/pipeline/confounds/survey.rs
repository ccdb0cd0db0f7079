//! The passes over the run: one for the means, the covariance of each tissue and the variability of the brain's voxels, one
//! for the covariance of the most variable.

use ndarray::{Array2, Axis, concatenate};

use super::regions::{Regions, of_brain, of_tissue};
use crate::design::{Drift, drift};
use crate::error::{Error, Result};
use crate::gpu::{Bold, Device};
use crate::io::source::BoldSource;
use crate::kernels::covariance::{Covariance, Filter, accumulate};
use crate::kernels::glm::{self, Model};
use crate::pipeline::blocks::{Cut, Ladder, block_bytes, plane_bytes, read_timed, slabs};
use crate::pipeline::spec::ConfoundsSpec;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

/// What the passes found.
#[derive(Debug)]
pub(super) struct Survey {
    /// For each place the sum over its voxels, `[volume]`.
    pub(super) sums: [Vec<f64>; 3],
    /// Covariance over time of CSF alone, white matter alone, and voxels that are both.
    pub(super) tissue: [Covariance; 3],
    /// Standard deviation about a parabola, `[voxel]` of the grid; NaN outside the brain and where a voxel is constant.
    pub(super) sd: Vec<f64>,
    /// Covariance over time of the most variable voxels.
    pub(super) variable: Covariance,
}

/// Pieces of the run: slabs even of a compressed one, which then stays decoded for the second pass.
fn pieces(ladder: &Ladder, source: &dyn BoldSource) -> Vec<Block> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let bytes = block_bytes(&ladder.device).max(plane_bytes(shape, n_volumes));
    slabs(shape, n_volumes, 0, bytes).unwrap_or_default()
}

/// The first pass. Voxels that cannot be used leave the regions.
pub(super) fn survey(
    spec: &ConfoundsSpec,
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    regions: &mut Regions,
    filter: &Filter,
    watch: &dyn Watch,
) -> Result<Survey> {
    let n = source.n_volumes();
    let mut done = Survey {
        sums: [0; 3].map(|_| vec![0.0; n]),
        tissue: [0; 3].map(|_| Covariance::empty(n)),
        sd: vec![f64::NAN; source.shape().iter().product()],
        variable: Covariance::empty(n),
    };
    let parabola = spec.tcompcor.map(|_| parabola(n, source.shape()[2])).transpose()?;
    let blocks = pieces(ladder, source);
    watch.stage("survey", blocks.len());
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut |device, block| {
        if !regions.touch(block) {
            return Ok(());
        }
        let mut host = read_timed(device, source, block)?;
        let planes = regions.look_at(&host);
        let mut sd = Vec::new();
        if let Some(model) = &parabola {
            let brain = of_brain(&planes);
            (host, sd) = deviations(device, host, &brain, model)?;
        }
        let mut tissue = done.tissue.clone();
        if spec.acompcor.is_some() {
            let voxels = [1, 2, 3].map(|exactly| of_tissue(&planes, exactly));
            if voxels.iter().any(|voxels| !voxels.is_empty()) {
                let bold = device.load(host)?;
                for (voxels, sum) in voxels.iter().zip(&mut tissue) {
                    accumulate(device, &bold, voxels, filter, sum)?;
                }
            }
        }
        // Nothing fails from here on: a block counts once.
        done.tissue = tissue;
        for plane in &planes {
            for (sum, here) in done.sums.iter_mut().zip(&plane.sums) {
                sum.iter_mut().zip(here).for_each(|(sum, here)| *sum += here);
            }
        }
        let first = block.planes.start * block.plane_len();
        sd.into_iter().for_each(|(voxel, sd)| done.sd[first + voxel as usize] = sd);
        regions.settle(block, &planes);
        Ok(())
    })?;
    Ok(done)
}

/// Constant, line and parabola.
fn parabola(n_volumes: usize, n_planes: usize) -> Result<Model> {
    let rising = drift::columns(Drift::Polynomial { order: 2 }, n_volumes, 1.0)?;
    let constant = Array2::ones((n_volumes, 1));
    let columns = concatenate(Axis(1), &[constant.view(), rising.view()])
        .map_err(|e| Error::internal("the parabola", "cannot be joined", "", "").caused_by(e))?;
    let names = ["constant", "line", "parabola"].map(str::to_owned);
    Model::new(&columns, &names, None, n_planes, 0.0)
}

/// A block and the standard deviation of listed voxels about the parabola. On the CPU path whatever the device: its
/// rounding must not decide which voxels are taken.
fn deviations(
    device: &Device,
    host: HostBold,
    voxels: &[u32],
    model: &Model,
) -> Result<(HostBold, Vec<(u32, f64)>)> {
    let cpu = Device::cpu();
    let bold = Bold::Host(host);
    let fit = glm::download(&cpu, &glm::fit(&cpu, &bold, voxels, model)?)?;
    cpu.take_spans().into_iter().for_each(|span| device.record(span));
    let sd = |sigma2: &f64| (sigma2 * model.dof / model.n_volumes() as f64).sqrt();
    let sd = voxels.iter().copied().zip(fit.sigma2.iter().map(sd)).collect();
    Ok((cpu.store(bold)?, sd))
}

/// The voxels (in the grid) whose standard deviation is among the highest `share`, and the least of theirs: the
/// percentile between two values is interpolated, as numpy does.
pub(super) fn most_variable(sd: &[f64], share: f64, run: &str) -> Result<(Vec<u32>, f64)> {
    let mut sorted: Vec<f64> = sd.iter().copied().filter(|sd| !sd.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return Err(Error::bad_data(
            format!("the brain of {run}"),
            "has no voxel that is finite and varies",
            "have some for tCompCor",
            "check that the mask fits the run",
        ));
    };
    let at = last as f64 * (1.0 - share);
    let below = at.floor() as usize;
    let next = sorted[(below + 1).min(last)];
    let threshold = sorted[below] + (at - below as f64) * (next - sorted[below]);
    let chosen = sd.iter().zip(0..).filter(|(sd, _)| **sd >= threshold).map(|(_, v)| v).collect();
    Ok((chosen, threshold))
}

/// The second pass, over the blocks that hold chosen voxels.
pub(super) fn add_variable(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    chosen: &[u32],
    filter: &Filter,
    watch: &dyn Watch,
) -> Result<Covariance> {
    let mut sum = Covariance::empty(filter.n_volumes());
    let blocks = pieces(ladder, source);
    watch.stage("covariance", blocks.len());
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut |device, block| {
        let (first, end) = (block.planes.start, block.planes.end);
        let place =
            |plane: usize| chosen.partition_point(|&v| (v as usize) < plane * block.plane_len());
        let here = &chosen[place(first)..place(end)];
        if here.is_empty() {
            return Ok(());
        }
        let offset = (first * block.plane_len()) as u32;
        let voxels: Vec<u32> = here.iter().map(|v| v - offset).collect();
        let bold = device.load(read_timed(device, source, block)?)?;
        accumulate(device, &bold, &voxels, filter, &mut sum)
    })?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_variable_are_those_at_or_above_numpys_percentile() {
        // numpy.percentile([1, 2, 3, 4, 7], 70) = 3.8
        let sd = [f64::NAN, 7.0, 1.0, 4.0, 3.0, 2.0];
        let (chosen, least) = most_variable(&sd, 0.3, "run").expect("varies");
        assert_eq!(chosen, [1, 3]);
        assert!((least - 3.8).abs() < 1e-12);
        assert_eq!(most_variable(&sd, 1.0, "run").expect("varies").0.len(), 5);
        assert_eq!(most_variable(&[f64::NAN], 0.5, "run").expect_err("none").exit_code(), 65);
    }
}
