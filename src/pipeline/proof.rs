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

use crate::error::{Error, Result};
use crate::gpu::{Done, Stored, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::contrast::{self, Evaluated, Prepared, Stat, Wanted};
use crate::kernels::glm::{self, Model};
use crate::kernels::nuisance::{self, Projection};
use crate::maps::{Dof, Map};
use crate::physio::column_sets;
use crate::pipeline::blocks::{Cut, Ladder, Story, give_back, read_timed, send, write_timed};
use crate::pipeline::clean::blocks;
use crate::pipeline::decide::Tail;
use crate::pipeline::first_level::places;
use crate::pipeline::inputs::Run;
use crate::pipeline::tsnr::Moments;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

mod maps;
mod summary;

pub use maps::Said;

/// Bytes of results for a voxel: moments in f64 and their maps; and for each set its F, what follows from it, its maps, and
/// what is written and drawn of them.
const RESULTS: usize = 96;
const RESULTS_A_SET: usize = 120;

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
    /// Voxels to prove it in, `[voxel]`.
    pub inside: Vec<bool>,
}

/// One set's evidence.
#[derive(Debug, Clone)]
pub struct SetMaps {
    /// `cardiac`, `respiratory`, `interaction`, `rvt`, `rvt_hilbert`, `rv`, `hr`, or [`ALL`].
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Numerator degrees of freedom of each slice-time group.
    pub dof1: Vec<usize>,
    /// Partial F, p, z, R² and adjusted R² (negative where the set explains less than noise would), and the numerator's
    /// degrees of freedom where they vary. `[voxel]` over the grid; 0 (p 1) outside the mask.
    pub maps: Vec<Map>,
}

/// tSNR of a run as read and corrected, and its gain in percent with the degrees of freedom spent counted.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is called what it is")]
pub struct TsnrMaps {
    pub before: Map,
    pub after: Map,
    pub gain: Map,
}

/// The proof in memory. Maps are `[voxel]` over the grid, x fastest; 0 outside the mask.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// The voxels that were fitted: the mask without voxels that are not finite in some volume.
    pub fitted: Vec<bool>,
    /// Mean of the run as read over all voxels, BOLD units (to draw maps on); not finite where a volume is not.
    pub mean: Vec<f32>,
    /// One entry a set; the last is [`ALL`].
    pub sets: Vec<SetMaps>,
    /// Signal over noise.
    pub tsnr: TsnrMaps,
    /// Residual degrees of freedom (dof2), where they vary.
    pub dof_map: Option<Map>,
    /// Residual degrees of freedom (dof2) of each group.
    pub dof2: Vec<f64>,
    /// Degrees of freedom the correction spends in each group.
    pub dof_spent: Vec<usize>,
}

impl ProofPlan {
    /// The plan of an opened run.
    ///
    /// # Errors
    /// Bad data when no degree of freedom is left; internal when the run has no physiological columns.
    pub fn new(run: &Run, projection: &Projection) -> Result<ProofPlan> {
        let (Some(slices), Some(varying)) = (run.slices(), run.varying()) else {
            return Err(Error::internal(
                "the run",
                "has no physiological columns",
                "have some",
                "",
            ));
        };
        let ((shared, matrix), n_planes) = (run.shared(), run.grid.shape[2]);
        let model = Model::new(&matrix, shared, Some(&varying), n_planes, run.dof_spent)?;
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
            inside: Vec::new(),
            model,
            projection,
        })
    }

    /// Degrees of freedom that the correction spends in each of the model's groups.
    fn spent(&self) -> Vec<usize> {
        let Projection { group_of_plane, dof_spent, .. } = &self.projection;
        let of_planes = self.model.group_of_plane.iter().zip(group_of_plane);
        let mut spent = vec![0; self.model.solvers.len()];
        for (&group, &own) in of_planes {
            spent[group] = dof_spent[own].max(spent[group]);
        }
        spent
    }

    /// The same within a mask `[voxel]`.
    #[must_use]
    pub fn within(self, inside: &[bool]) -> ProofPlan {
        ProofPlan { inside: inside.to_vec(), ..self }
    }
}

/// Correct a run into `sink` and prove it within the plan's mask.
///
/// # Errors
/// Reading, device and writing errors.
pub fn prove(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    sink: &mut dyn BoldSink,
    plan: &ProofPlan,
    watch: &dyn Watch,
) -> Result<Proof> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let rows = (RESULTS + RESULTS_A_SET * plan.sets.len()) * plan.inside.len();
    let blocks = blocks(ladder, source, sink, rows as u64)?;
    watch.stage("retroicor", blocks.len());
    let mut story = Proving { source, sink, plan, found: Found::empty(plan) };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)?;
    story.found.proof(shape, n_volumes, plan)
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
    /// Largest absolute value of the corrected run, BOLD units.
    largest: Vec<f32>,
    /// For each set.
    f: Vec<Vec<f64>>,
}

impl Found {
    fn empty(plan: &ProofPlan) -> Found {
        let inside = &plan.inside;
        let zeros = || vec![0.0; inside.len()];
        Found {
            fitted: inside.to_vec(),
            mean: zeros(),
            before: zeros(),
            after: zeros(),
            largest: vec![0.0; inside.len()],
            f: plan.sets.iter().map(|_| zeros()).collect(),
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
        let largest = &mut self.largest[first..][..moments.mean.len()];
        for volume in bold.data.chunks_exact(largest.len()) {
            largest.iter_mut().zip(volume).for_each(|(most, v)| *most = most.max(v.abs()));
        }
    }

    fn proof(self, shape: [usize; 3], n_volumes: usize, plan: &ProofPlan) -> Result<Proof> {
        let group_of_plane = &plan.model.group_of_plane;
        let dof_spent = plan.spent();
        let dof2: Vec<f64> = plan.model.solvers.iter().map(|s| s.dof).collect();
        let groups = Groups {
            fitted: self.fitted.clone(),
            plane_len: shape[0] * shape[1],
            slice_group_of_plane: group_of_plane.clone(),
            dof: Dof::of_groups(&dof2, group_of_plane),
        };
        let sets = plan.sets.iter().zip(&plan.columns).zip(&self.f).map(|((set, columns), f)| {
            let set = Set { name: &set.contrast.name, columns, dof1: &set.ranks };
            maps::of_set(&set, f, &dof2, &groups)
        });
        let sets = sets.collect::<Result<_>>()?;
        let of_tsnr = maps::Found {
            mean: narrow(&self.mean),
            before: narrow(&self.before),
            after: narrow(&self.after),
            gain: {
                let gain = |voxel: usize| {
                    let spent = dof_spent[groups.of(voxel)];
                    gain_percent(self.before[voxel], self.after[voxel], n_volumes, spent)
                };
                (0..self.fitted.len()).map(|v| gain(v) as f32).collect()
            },
            largest: self.largest,
            dof_spent: dof_spent.clone(),
            n_volumes,
        };
        Ok(Proof {
            shape,
            sets,
            mean: of_tsnr.mean.clone(),
            tsnr: maps::of_tsnr(of_tsnr, &groups),
            dof_map: maps::of_dof(&dof2, None, &groups),
            fitted: self.fitted,
            dof2,
            dof_spent,
        })
    }
}

/// The slice-time group of each voxel, and whether it was fitted.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    fitted: Vec<bool>,
    plane_len: usize,
    slice_group_of_plane: Vec<usize>,
    dof: Dof,
}

impl Groups {
    fn of(&self, voxel: usize) -> usize {
        self.slice_group_of_plane[voxel / self.plane_len]
    }
}

/// A set of columns by name.
pub(super) struct Set<'a> {
    name: &'a str,
    columns: &'a [String],
    dof1: &'a [usize],
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

impl SetMaps {
    /// Values of a map by its `stat` entity, `[voxel]`; none of none.
    #[must_use]
    pub fn values(&self, stat: &str) -> &[f32] {
        let map = self.maps.iter().find(|map| map.quantity.stat() == stat);
        map.map_or(&[], |map| &map.values[0])
    }
}

impl Proof {
    /// Every map in the order they are written.
    #[must_use]
    pub fn maps(&self) -> Vec<Map> {
        let sets = self.sets.iter().flat_map(|set| &set.maps);
        let TsnrMaps { before, after, gain } = &self.tsnr;
        sets.chain([before, after, gain]).chain(&self.dof_map).cloned().collect()
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

    /// What an F says; p 1 and else 0 for an F of 0.
    #[must_use]
    pub fn of(&self, f: f64) -> Said {
        if f <= 0.0 || self.dof1 == 0.0 {
            return Said { f, p: 1.0, z: 0.0, r2: 0.0, adjusted_r2: 0.0 };
        }
        let (z, p) = self.tail.z_and_p(f);
        let r2 = f * self.dof1 / (f * self.dof1 + self.dof2);
        let adjusted_r2 = 1.0 - (1.0 - r2) * (self.dof1 + self.dof2) / self.dof2;
        Said { f, p, z, r2, adjusted_r2 }
    }
}

/// Gain of tSNR in percent when `spent` of n - 1 degrees of freedom were spent on it; 0 where it was 0.
#[must_use]
pub fn gain_percent(before: f64, after: f64, n_volumes: usize, spent: usize) -> f64 {
    let free = n_volumes as f64 - 1.0;
    let left = ((free - spent as f64) / free).max(0.0);
    if before == 0.0 { 0.0 } else { 100.0 * (after / before * left.sqrt() - 1.0) }
}
