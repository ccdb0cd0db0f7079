//! Proof that the correction worked, of a run as it is read (no smoothing), in the same pass that corrects it.
//!
//! For each set of physiological columns (cardiac, respiratory, interaction, each slow measure, and all together) within
//! the joint model [task, confounds, drift, constant, physiology of the voxel's slice time], with SS the set's extra sum
//! of squares, SSE the model's residual one, dof1 the rank the set adds and dof2 = n - rank of the model:
//!
//! F = (SS / dof1) / (SSE / dof2);   partial R² = SS / (SS + SSE) = F dof1 / (F dof1 + dof2);
//! adjusted R² = 1 - (1 - R²) (dof1 + dof2) / dof2, which noise alone leaves at 0 on average.
//!
//! tSNR = mean / sd of the run as read and as written; its gain counts the degrees of freedom spent,
//! 100 (after / before sqrt((n - 1 - spent) / (n - 1)) - 1) %, so that columns of noise gain nothing.
//! Dof are each slice-time group's own. A voxel that is constant, or whose other columns already say all that the set
//! says, has F 0, p 1, z 0, R² 0.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::gpu::{Done, Stored, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::contrast::{self, Evaluated, Prepared, Stat, Wanted};
use crate::kernels::glm::{self, Model};
use crate::kernels::nuisance::{self, Projection};
use crate::physio::column_sets;
use crate::pipeline::blocks::{Cut, Ladder, Story, give_back, read_timed, send, write_timed};
use crate::pipeline::clean::blocks;
use crate::pipeline::first_level::places;
use crate::pipeline::inputs::Run;
use crate::pipeline::maps::Tail;
use crate::pipeline::tsnr::Moments;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

pub mod maps;
mod summary;
mod tolerance;

/// The name of all physiological columns together.
pub const ALL: &str = "physio";

/// What is fitted, asked and subtracted.
#[derive(Debug, Clone)]
pub struct ProofPlan {
    /// Common and physiological columns.
    pub model: Model,
    /// What the correction subtracts.
    pub projection: Projection,
    /// For each set its columns' names; the last is [`ALL`].
    pub columns: Vec<Vec<String>>,
    /// For each set its F, under the set's name.
    pub sets: Vec<Prepared>,
}

/// One set's evidence. Maps are `[voxel]` over the grid; 0 (p 1) outside the mask.
#[derive(Debug, Clone, PartialEq)]
pub struct SetMaps {
    /// `cardiac`, `respiratory`, `interaction`, `rvt`, `rvt_hilbert`, `rv`, `hr`, or [`ALL`].
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Numerator degrees of freedom of each slice-time group.
    pub dof1: Vec<usize>,
    /// Partial F.
    pub f: Vec<f32>,
    /// Upper tail of F.
    pub p: Vec<f32>,
    /// Normal deviate of the same tail.
    pub z: Vec<f32>,
    /// Partial R², 0 to 1.
    pub r2: Vec<f32>,
    /// Adjusted partial R², up to 1; negative where the set explains less than noise would.
    pub adjusted_r2: Vec<f32>,
}

/// The proof in memory. Maps are `[voxel]` over the grid, x fastest; 0 outside the mask.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// The voxels that were fitted: the mask without voxels that are not finite in some volume.
    pub fitted: Vec<bool>,
    /// Mean of the run as read over all voxels, BOLD units (to draw maps on); not finite where a volume is not.
    pub mean: Vec<f32>,
    /// One entry a set; the last is [`ALL`].
    pub sets: Vec<SetMaps>,
    /// tSNR of the run as read.
    pub tsnr_before: Vec<f32>,
    /// tSNR of the corrected run.
    pub tsnr_after: Vec<f32>,
    /// Gain in percent, the degrees of freedom spent counted.
    pub tsnr_gain_percent: Vec<f32>,
    /// Slice-time group of each plane.
    pub group_of_plane: Vec<usize>,
    /// Residual degrees of freedom (dof2) of each group.
    pub dof2: Vec<f64>,
    /// Degrees of freedom the correction spends in each group.
    pub dof_spent: Vec<usize>,
    /// Volumes.
    pub n_volumes: usize,
    /// Largest absolute value of the corrected run, BOLD units.
    pub largest: f32,
}

impl ProofPlan {
    /// The plan of an opened run.
    ///
    /// # Errors
    /// Bad data when no degree of freedom is left; internal when the run has no physiological columns.
    pub fn new(run: &Run, projection: &Projection) -> Result<ProofPlan> {
        let Some(slices) = &run.slices else {
            return Err(Error::internal(
                "the run",
                "has no physiological columns",
                "have some",
                "",
            ));
        };
        let (design, n_planes) = (&run.design, run.bold.grid.shape[2]);
        let model =
            Model::new(&design.matrix, &design.names, Some(slices), n_planes, run.dof_spent)?;
        ProofPlan::of_model(model, projection.clone(), &slices.names)
    }

    /// The plan of a model whose last columns are the physiological ones of these names.
    ///
    /// # Errors
    /// Internal when there is none.
    pub fn of_model(model: Model, projection: Projection, names: &[String]) -> Result<ProofPlan> {
        let first = model.names.len() - names.len();
        let mut ranges: Vec<_> =
            column_sets(names).into_iter().map(|set| (set.name, set.columns)).collect();
        ranges.push((ALL.to_owned(), 0..names.len()));
        let sets = ranges.iter().map(|(name, columns)| {
            Prepared::of_columns(name, first + columns.start..first + columns.end, &model)
        });
        Ok(ProofPlan {
            sets: sets.collect::<Result<_>>()?,
            columns: ranges.into_iter().map(|(_, columns)| names[columns].to_vec()).collect(),
            model,
            projection,
        })
    }
}

/// Correct a run into `sink` and prove it within a mask `[voxel]`.
///
/// # Errors
/// Reading, device and writing errors.
pub fn prove(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    sink: &mut dyn BoldSink,
    (plan, inside): (&ProofPlan, &[bool]),
    watch: &dyn Watch,
) -> Result<Proof> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let blocks = blocks(ladder, source, sink)?;
    watch.stage("retroicor", blocks.len());
    let mut story = Proving { source, sink, plan, found: Found::empty(inside, plan) };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)?;
    Ok(story.found.proof(shape, n_volumes, plan))
}

/// Read, fit, correct, write.
struct Proving<'a> {
    source: &'a mut dyn BoldSource,
    sink: &'a mut dyn BoldSink,
    plan: &'a ProofPlan,
    found: Found,
}

/// A block's F and where they belong, and the corrected block.
struct Proven {
    places: Vec<usize>,
    values: Evaluated,
    cleaned: Stored,
}

impl Story for Proving<'_> {
    type Begun = Proven;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Proven> {
        let ProofPlan { model, projection, sets, .. } = self.plan;
        let host = read_timed(tape, self.source, block)?;
        let voxels = self.found.before(&host);
        let bold = send(tape, self.source, host)?;
        let fit = glm::fit(tape, &bold, &voxels, model)?;
        let values = contrast::evaluate(tape, &fit, sets, Wanted::Statistics)?;
        let cleaned = nuisance::subtract(tape, bold, projection)?;
        Ok(Proven { places: places(block, &voxels), values, cleaned: tape.store(cleaned)? })
    }

    fn finish(&mut self, done: &Done<'_>, begun: Proven) -> Result<()> {
        for (values, map) in begun.values.read(done)?.iter().zip(&mut self.found.f) {
            for (&place, &f) in begun.places.iter().zip(&values.stat) {
                map[place] = f;
            }
        }
        let cleaned = done.bold(begun.cleaned)?;
        self.found.after(&cleaned);
        write_timed(done, self.sink, &cleaned)?;
        give_back(done, self.source, cleaned);
        Ok(())
    }
}

/// What the blocks bring, f64, `[voxel of the grid]`.
struct Found {
    fitted: Vec<bool>,
    mean: Vec<f64>,
    before: Vec<f64>,
    after: Vec<f64>,
    /// For each set.
    f: Vec<Vec<f64>>,
    largest: f32,
}

impl Found {
    fn empty(inside: &[bool], plan: &ProofPlan) -> Found {
        let zeros = || vec![0.0; inside.len()];
        Found {
            fitted: inside.to_vec(),
            mean: zeros(),
            before: zeros(),
            after: zeros(),
            f: plan.sets.iter().map(|_| zeros()).collect(),
            largest: 0.0,
        }
    }

    /// The run as read; returns the voxels to fit, as positions in one volume of the block.
    fn before(&mut self, bold: &HostBold) -> Vec<u32> {
        let first = bold.block.planes.start * bold.block.plane_len();
        let moments = Moments::of(bold);
        self.mean[first..][..moments.mean.len()].copy_from_slice(&moments.mean);
        bold.missing().iter().for_each(|&at| self.fitted[first + at as usize] = false);
        let mut voxels = Vec::new();
        for at in 0..moments.mean.len() {
            if self.fitted[first + at] {
                self.before[first + at] = moments.tsnr(at);
                voxels.push(at as u32);
            }
        }
        voxels
    }

    /// The corrected run.
    fn after(&mut self, bold: &HostBold) {
        let first = bold.block.planes.start * bold.block.plane_len();
        let moments = Moments::of(bold);
        for at in 0..moments.mean.len() {
            if self.fitted[first + at] {
                self.after[first + at] = moments.tsnr(at);
            }
        }
        let finite = bold.data.iter().filter(|v| v.is_finite());
        self.largest = finite.fold(self.largest, |largest, v| largest.max(v.abs()));
    }

    fn proof(self, shape: [usize; 3], n_volumes: usize, plan: &ProofPlan) -> Proof {
        let Projection { group_of_plane, dof_spent, .. } = &plan.projection;
        let dof2: Vec<f64> = plan.model.solvers.iter().map(|s| s.dof).collect();
        let plane_len = shape[0] * shape[1];
        let group = |voxel: usize| group_of_plane[voxel / plane_len];
        let sets = plan.sets.iter().zip(&plan.columns).zip(&self.f).map(|((set, columns), f)| {
            SetMaps::new((&set.contrast.name, columns), f, &set.ranks, &dof2, &group)
        });
        let gain = |voxel: usize| {
            let spent = dof_spent[group(voxel)];
            gain_percent(self.before[voxel], self.after[voxel], n_volumes, spent)
        };
        Proof {
            shape,
            sets: sets.collect(),
            mean: narrow(&self.mean),
            tsnr_before: narrow(&self.before),
            tsnr_after: narrow(&self.after),
            tsnr_gain_percent: (0..self.fitted.len()).map(|v| gain(v) as f32).collect(),
            fitted: self.fitted,
            dof2,
            group_of_plane: group_of_plane.clone(),
            dof_spent: dof_spent.clone(),
            n_volumes,
            largest: self.largest,
        }
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

impl SetMaps {
    fn new(
        (name, columns): (&str, &[String]),
        f: &[f64],
        dof1: &[usize],
        dof2: &[f64],
        group: &(dyn Fn(usize) -> usize + Sync),
    ) -> SetMaps {
        let evidence: Vec<Evidence> =
            dof1.iter().zip(dof2).map(|(&dof1, &dof2)| Evidence::new(dof1 as f64, dof2)).collect();
        let value = |voxel: usize| evidence[group(voxel)].of(f[voxel]);
        let all: Vec<[f64; 4]> =
            (0..f.len()).into_par_iter().with_min_len(1024).map(value).collect();
        let map = |which: usize| all.iter().map(|values| values[which] as f32).collect();
        SetMaps {
            name: name.to_owned(),
            columns: columns.to_vec(),
            dof1: dof1.to_vec(),
            f: narrow(f),
            p: map(0),
            z: map(1),
            r2: map(2),
            adjusted_r2: map(3),
        }
    }
}

/// What an F with its degrees of freedom says.
#[derive(Debug, Clone)]
pub struct Evidence {
    dof1: f64,
    dof2: f64,
    tail: Tail,
}

impl Evidence {
    /// Of F with `dof1` and `dof2` degrees of freedom.
    #[must_use]
    pub fn new(dof1: f64, dof2: f64) -> Evidence {
        Evidence { dof1, dof2, tail: Tail::new(Stat::F, dof1.max(1.0), dof2) }
    }

    /// p, z, partial R² and adjusted R² of an F; 1, 0, 0, 0 for an F of 0.
    #[must_use]
    pub fn of(&self, f: f64) -> [f64; 4] {
        if f <= 0.0 || self.dof1 == 0.0 {
            return [1.0, 0.0, 0.0, 0.0];
        }
        let (z, p) = self.tail.z_and_p(f);
        let r2 = f * self.dof1 / (f * self.dof1 + self.dof2);
        [p, z, r2, 1.0 - (1.0 - r2) * (self.dof1 + self.dof2) / self.dof2]
    }
}

/// Gain of tSNR in percent when `spent` of n - 1 degrees of freedom were spent on it; 0 where it was 0.
#[must_use]
pub fn gain_percent(before: f64, after: f64, n_volumes: usize, spent: usize) -> f64 {
    let free = n_volumes as f64 - 1.0;
    let left = ((free - spent as f64) / free).max(0.0);
    if before == 0.0 { 0.0 } else { 100.0 * (after / before * left.sqrt() - 1.0) }
}
