//! The passes over the run: one for the means, the covariance of each tissue and the variability of the brain's voxels, one
//! for the covariance of the most variable.

use ndarray::{Array2, Axis, concatenate};

use super::regions::{Plane, Regions, of_brain, of_tissue};
use super::with_spikes;
use crate::design::{Drift, drift};
use crate::error::{Error, Result};
use crate::gpu::{Bold, Device, Done, Tape};
use crate::io::source::BoldSource;
use crate::kernels::covariance::{Covariance, Filter, Summed, accumulate};
use crate::kernels::glm::{self, Model};
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, load, read_timed, send};
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
fn pieces(ladder: &Ladder, source: &dyn BoldSource) -> Result<Vec<Block>> {
    Ok(ladder.slabs(source, Slabs::default())?.unwrap_or_default())
}

/// The first pass. Voxels that cannot be used leave the regions.
pub(super) fn survey(
    spec: &ConfoundsSpec,
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    regions: &mut Regions,
    (filter, left_out): (&Filter, &[usize]),
    watch: &dyn Watch,
) -> Result<Survey> {
    let n = source.n_volumes();
    let mut done = Survey {
        sums: [0; 3].map(|_| vec![0.0; n]),
        tissue: [0; 3].map(|_| Covariance::empty(n)),
        sd: vec![f64::NAN; source.shape().iter().product()],
        variable: Covariance::empty(n),
    };
    let parabola = spec.tcompcor.map(|_| parabola(n, left_out, source.shape()[2]));
    let parabola = parabola.transpose()?;
    let blocks = pieces(ladder, source)?;
    watch.stage("survey", blocks.len());
    let parabola = parabola.as_ref();
    let mut story = Surveying {
        source,
        regions,
        parabola,
        filter: spec.acompcor.map(|_| filter),
        done: &mut done,
    };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)?;
    Ok(done)
}

/// Read, look at the regions, sum each tissue's covariance.
struct Surveying<'a> {
    source: &'a mut dyn BoldSource,
    regions: &'a mut Regions,
    /// Where the most variable voxels are looked for.
    parabola: Option<&'a Model>,
    /// Where the tissues' components are asked for.
    filter: Option<&'a Filter>,
    done: &'a mut Survey,
}

/// What was seen of a block.
struct Seen {
    block: Block,
    planes: Vec<Plane>,
    sd: Vec<(u32, f64)>,
    tissue: Vec<Summed>,
}

impl Story for Surveying<'_> {
    /// None where the block holds no region.
    type Begun = Option<Seen>;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Option<Seen>> {
        if !self.regions.touch(block) {
            return Ok(None);
        }
        let mut host = read_timed(tape, self.source, block)?;
        let planes = self.regions.look_at(&host);
        let mut sd = Vec::new();
        if let Some(model) = self.parabola {
            (host, sd) = deviations(tape, host, &of_brain(&planes), model)?;
        }
        let mut tissue = Vec::new();
        let voxels = [1, 2, 3].map(|exactly| of_tissue(&planes, exactly));
        if let Some(filter) = self.filter
            && voxels.iter().any(|voxels| !voxels.is_empty())
        {
            let bold = send(tape, self.source, host)?;
            for (voxels, so_far) in voxels.iter().zip(&self.done.tissue) {
                tissue.push(accumulate(tape, &bold, voxels, filter, so_far)?);
            }
        }
        Ok(Some(Seen { block: block.clone(), planes, sd, tissue }))
    }

    fn finish(&mut self, results: &Done<'_>, begun: Option<Seen>) -> Result<()> {
        let Some(Seen { block, planes, sd, tissue }) = begun else { return Ok(()) };
        let done = &mut *self.done;
        let mut sums = done.tissue.clone();
        for (tissue, sum) in tissue.into_iter().zip(&mut sums) {
            tissue.add_to(results, sum)?;
        }
        // Nothing fails from here on: a block counts once.
        done.tissue = sums;
        for plane in &planes {
            for (sum, here) in done.sums.iter_mut().zip(&plane.sums) {
                sum.iter_mut().zip(here).for_each(|(sum, here)| *sum += here);
            }
        }
        let first = block.planes.start * block.plane_len();
        sd.into_iter().for_each(|(voxel, sd)| done.sd[first + voxel as usize] = sd);
        self.regions.settle(&block, &planes);
        Ok(())
    }
}

/// Constant, line and parabola, and a column of a single 1 for each volume that is left out.
fn parabola(n_volumes: usize, left_out: &[usize], n_planes: usize) -> Result<Model> {
    let rising = drift::columns(Drift::Legendre { order: Some(2) }, n_volumes, 1.0)?;
    let constant = Array2::ones((n_volumes, 1));
    let columns = concatenate(Axis(1), &[constant.view(), rising.view()])
        .map_err(|e| Error::internal("the parabola", "cannot be joined", "", "").caused_by(e))?;
    let columns = with_spikes(&columns, left_out);
    let mut names = ["constant", "line", "parabola"].map(str::to_owned).to_vec();
    names.extend(left_out.iter().map(|volume| format!("censored_{volume:04}")));
    Model::new(&columns, &names, None, n_planes, 0.0)
}

/// A block and the standard deviation of listed voxels about the parabola. On the CPU path whatever the device: its
/// rounding must not decide which voxels are taken.
fn deviations(
    tape: &Tape<'_>,
    host: HostBold,
    voxels: &[u32],
    model: &Model,
) -> Result<(HostBold, Vec<(u32, f64)>)> {
    let cpu = Device::cpu();
    let mut here = cpu.tape();
    let bold = Bold::Host(host);
    let fit = glm::fit(&mut here, &bold, voxels, model)?;
    let (fit, stored) = (glm::download(&mut here, fit)?, here.store(bold)?);
    let done = here.run()?;
    let (fit, host) = (fit.read(&done)?, done.bold(stored)?);
    cpu.take_spans().into_iter().for_each(|span| tape.record(span));
    let sd = |sigma2: &f64| (sigma2 * model.dof / model.n_volumes() as f64).sqrt();
    let sd = voxels.iter().copied().zip(fit.sigma2.iter().map(sd)).collect();
    Ok((host, sd))
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
    let blocks = pieces(ladder, source)?;
    watch.stage("covariance", blocks.len());
    let sum = Covariance::empty(filter.n_volumes());
    let mut story = Adding { source, chosen, filter, sum };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)?;
    Ok(story.sum)
}

/// Read, sum the covariance of chosen voxels.
struct Adding<'a> {
    source: &'a mut dyn BoldSource,
    /// Voxels of the grid, ascending.
    chosen: &'a [u32],
    filter: &'a Filter,
    sum: Covariance,
}

impl Story for Adding<'_> {
    /// None where no voxel of the block was chosen.
    type Begun = Option<Summed>;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Option<Summed>> {
        let (first, end) = (block.planes.start, block.planes.end);
        let place = |plane: usize| {
            self.chosen.partition_point(|&v| (v as usize) < plane * block.plane_len())
        };
        let here = &self.chosen[place(first)..place(end)];
        if here.is_empty() {
            return Ok(None);
        }
        let offset = (first * block.plane_len()) as u32;
        let voxels: Vec<u32> = here.iter().map(|v| v - offset).collect();
        let bold = load(tape, self.source, block)?;
        accumulate(tape, &bold, &voxels, self.filter, &self.sum).map(Some)
    }

    fn finish(&mut self, done: &Done<'_>, begun: Option<Summed>) -> Result<()> {
        begun.map_or(Ok(()), |summed| summed.add_to(done, &mut self.sum))
    }
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
