//! A seed's maps: each seed is a column of its own beside the nuisance columns, as `glm` would have it, and all of them share one pass over the run. What
//! the residuals without seeds are on each seed's direction, and on its neighbours in time, is summed beside all else (`stats::ar1::Added`).

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::nuisance::Nuisance;
use crate::error::{Error, Result};
use crate::gpu::{Bold, Done, Tape};
use crate::io::source::{BoldSource, Memory};
use crate::kernels::contrast::{ContrastValues, Stat};
use crate::kernels::glm::{self, HostFit};
use crate::kernels::lags::{self, LagModel};
use crate::kernels::nuisance::Projection;
use crate::kernels::smooth::Taps;
use crate::pipeline::blocks::{Cut, Ladder, ReadAhead, Slabs, Story, plane_bytes, send_sparing};
use crate::pipeline::clean::clean_run;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::{complete, places, prepared};
use crate::pipeline::noise::{OwnRho, smoothed};
use crate::pipeline::smoothing::{Smoothing, smooth_run};
use crate::pipeline::watch::Watch;
use crate::stats::ar1::{Added, EachAdded, Estimate, Pairs, Rule, Sums};
use crate::stats::connectivity::fisher_z;
use crate::volume::Block;

/// A seed.
pub(super) struct Seed {
    /// Its name.
    pub name: String,
    /// Its series, cleaned, `[volume]`.
    pub series: Array1<f64>,
}

/// How rho is found.
pub(super) enum Rho {
    /// It is 0.
    Zero,
    /// Each voxel's own.
    Own,
    /// Smoothed within the mask.
    Smoothed(Taps),
}

/// What the pass needs.
pub(super) struct Plan {
    /// Before smoothing.
    pub correct: Option<Projection>,
    /// Smoothing.
    pub smooth: Option<Smoothing>,
    /// Volumes that follow each other.
    pub pairs: Pairs,
    /// The residuals' model.
    pub rho: Rho,
}

impl Plan {
    /// Whether residuals follow each other.
    pub(super) fn has_rho(&self) -> bool {
        !matches!(self.rho, Rho::Zero)
    }
}

/// A seed's values over the grid.
pub(super) struct OfSeed {
    /// Effect, variance, t.
    pub contrast: ContrastMaps,
    /// Fisher's z of the correlation by ordinary least squares, `[voxel of the grid]`; 0 where nothing is fitted.
    pub z: Vec<f64>,
    /// Effect, variance, t where another device may find them.
    pub elsewhere: Option<ContrastMaps>,
}

/// The maps of all seeds.
pub(super) struct Mapped {
    /// In their order.
    pub seeds: Vec<OfSeed>,
    /// The voxels that were fitted, `[voxel of the grid]`.
    pub fitted: Vec<bool>,
}

/// Effects up to this share of the largest are rounding.
const NO_EFFECT: f64 = 1e-6;

impl Mapped {
    /// Leave out the voxels of `usable` that the nuisance columns explain to rounding: nothing is left of them to correlate. How many.
    pub fn leave_explained(&mut self, usable: &mut [bool]) -> usize {
        let rounding: Vec<f64> = self.seeds.iter().map(OfSeed::rounding).collect();
        let is_nothing = |(seed, rounding): (&OfSeed, &f64), voxel: usize| {
            // A seed of one voxel has no variance there either, but its own effect.
            seed.is_exact(voxel) && seed.contrast.effect[0][voxel].abs() <= *rounding
        };
        let explained = |voxel: &usize| {
            let mut seeds = self.seeds.iter().zip(&rounding);
            self.fitted[*voxel] && seeds.all(|seed| is_nothing(seed, *voxel))
        };
        let explained: Vec<usize> = (0..usable.len()).into_par_iter().filter(explained).collect();
        self.leave(&explained, usable);
        explained.len()
    }

    /// Leave out the voxels of `usable` that have a seed's very series and are none of its own (`own`: ascending, of each seed): what they have to do with it
    /// is no matter of chance. How many, of each seed.
    pub fn leave_copied(&mut self, usable: &mut [bool], own: &[&[usize]]) -> Vec<usize> {
        let mut counts = Vec::new();
        for (at, own) in own.iter().enumerate() {
            let (seed, rounding) = (&self.seeds[at], self.seeds[at].rounding());
            let is_copy = |voxel: &usize| {
                self.fitted[*voxel]
                    && seed.is_exact(*voxel)
                    && seed.contrast.effect[0][*voxel].abs() > rounding
                    && own.binary_search(voxel).is_err()
            };
            let copied: Vec<usize> = (0..usable.len()).into_par_iter().filter(is_copy).collect();
            self.leave(&copied, usable);
            counts.push(copied.len());
        }
        counts
    }

    /// Leave voxels out of the fit, the mask and every seed's maps.
    fn leave(&mut self, voxels: &[usize], usable: &mut [bool]) {
        for &voxel in voxels {
            (self.fitted[voxel], usable[voxel]) = (false, false);
            self.seeds.iter_mut().for_each(|seed| seed.clear(voxel));
        }
    }
}

/// Fit all seeds in one pass. `usable`: `[voxel of the grid]`.
///
/// # Errors
/// Reading and device errors; bad data where the columns span a seed.
pub(super) fn map(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    (nuisance, seeds): (&Nuisance, &[Seed]),
    (plan, usable): (&Plan, &[bool]),
    watch: &dyn Watch,
) -> Result<Mapped> {
    let mut lags = LagModel::new(&nuisance.model, plan.pairs.clone(), Rule::Reml)?;
    let added = add(&mut lags, &plan.pairs, seeds)?;
    let (shape, halo) = (source.shape(), plan.smooth.as_ref().map_or(0, |s| s.taps.halo()));
    let run_bytes = (plane_bytes(shape, source.n_volumes()) * shape[2]) as u64;
    let n_usable = usable.iter().filter(|&&v| v).count() as u64;
    let asked = Slabs {
        halo,
        // What is decoded to f32 as a whole is smoothed in place.
        whole: halo > 0 && source.holds() >= run_bytes,
        results: 8
            * (n_usable * (lags.n_rows() + nuisance.model.names.len() + 4) as u64
                + (5 * seeds.len() * usable.len()) as u64),
        ..Slabs::default()
    };
    let Some(blocks) = ladder.slabs(source, asked)? else {
        return in_stages(ladder, source, (nuisance, seeds), (plan, usable), watch);
    };
    watch.stage("seeds", blocks.len());
    let fitted = usable.to_vec();
    let source = ReadAhead::of(source);
    let mut story = Summing { source, nuisance, plan, lags: &lags, fitted, held: Vec::new() };
    ladder.climb(blocks, Cut::Planes { halo }, watch, &mut story)?;
    let Summing { fitted, held, .. } = story;
    let empty = seeds.iter().map(|seed| OfSeed::zeros(seed, nuisance, fitted.len())).collect();
    let seeds = answer(empty, (&lags, &added), held, (plan, shape, &fitted))?;
    Ok(Mapped { seeds, fitted })
}

/// A run of which not even one plane with its halo fits the device: corrected and smoothed through host memory first.
fn in_stages(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    fitted: (&Nuisance, &[Seed]),
    (plan, usable): (&Plan, &[bool]),
    watch: &dyn Watch,
) -> Result<Mapped> {
    let Some(smoothing) = &plan.smooth else {
        // One plane alone exceeds the device: only the CPU path can hold it.
        watch
            .warn("one plane of this run exceeds the device; its seeds are fitted on the CPU path");
        return map(&mut ladder.on_the_host(), source, fitted, (plan, usable), watch);
    };
    let mut smooth = Memory::zeros(source.shape(), source.n_volumes());
    match &plan.correct {
        Some(projection) => {
            let mut corrected = Memory::zeros(source.shape(), source.n_volumes());
            clean_run(ladder, source, &mut corrected, projection, watch)?;
            smooth_run(ladder, &mut corrected, &mut smooth, smoothing, watch)?;
        }
        None => smooth_run(ladder, source, &mut smooth, smoothing, watch)?,
    }
    let rho = match &plan.rho {
        Rho::Zero => Rho::Zero,
        Rho::Own => Rho::Own,
        Rho::Smoothed(taps) => Rho::Smoothed(taps.clone()),
    };
    let rest = Plan { correct: None, smooth: None, pairs: plan.pairs.clone(), rho };
    map(ladder, &mut smooth, fitted, (&rest, usable), watch)
}

/// Have the residuals projected on the seeds' columns too: `[slice group][seed]`.
fn add(lags: &mut LagModel, pairs: &Pairs, seeds: &[Seed]) -> Result<Vec<Vec<Added>>> {
    let mut all = Vec::with_capacity(lags.of_groups.len());
    for group in &mut lags.of_groups {
        let of_seed = |seed: &Seed| {
            group.added(pairs, seed.series.view()).ok_or_else(|| {
                Error::bad_data(
                    format!("the series of '{}'", seed.name),
                    "is spanned by the nuisance columns",
                    "have something of its own left",
                    "choose fewer confounds, or another region",
                )
            })
        };
        let added = seeds.iter().map(of_seed).collect::<Result<Vec<Added>>>()?;
        let own = std::iter::once(group.columns.view());
        let parts: Vec<_> = own.chain(added.iter().map(|one| one.columns.view())).collect();
        group.columns = ndarray::concatenate(Axis(1), &parts)
            .map_err(|e| Error::internal("the seeds", "cannot be joined", "", "").caused_by(e))?;
        all.push(added);
    }
    Ok(all)
}

/// What is held of a block.
struct Held {
    places: Vec<usize>,
    fit: HostFit,
    sums: Sums,
}

/// Read, correct, smooth, fit without seeds, sum.
struct Summing<'a> {
    source: ReadAhead<'a>,
    nuisance: &'a Nuisance,
    plan: &'a Plan,
    lags: &'a LagModel,
    fitted: Vec<bool>,
    held: Vec<Held>,
}

impl Story for Summing<'_> {
    type Begun = (Vec<usize>, glm::Estimates, lags::Coming);

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Self::Begun> {
        let Summing { source, nuisance, plan, lags, fitted, .. } = self;
        source.with(tape, block, |tape, host, spare| {
            let first = block.core.start * block.plane_len();
            let offset = (block.core.start - block.planes.start) * block.plane_len();
            let core = fitted[first..block.core.end * block.plane_len()].iter();
            let inside = (offset as u32..).zip(core).filter(|(_, fitted)| **fitted);
            let voxels: Vec<u32> = inside.map(|(v, _)| v).collect();
            let (correct, smooth) = (plan.correct.as_ref(), plan.smooth.as_ref());
            let bold = send_sparing(tape, complete(host, smooth), spare)?;
            let bold = prepared(tape, bold, (correct, smooth))?;
            let model = &nuisance.model;
            let fit = glm::fit(tape, &bold, &voxels, model)?;
            let sums = lags::sums(tape, (&bold, &voxels), (&fit, model), lags)?;
            let estimates = glm::download(tape, fit)?;
            if let Bold::Host(host) = bold {
                spare.push(host.data);
            }
            Ok((places(block, &voxels), estimates, sums))
        })
    }

    fn expect(&mut self, next: Option<&Block>) {
        self.source.expect(next);
    }

    fn finish(&mut self, done: &Done<'_>, begun: Self::Begun) -> Result<()> {
        let (places, estimates, sums) = begun;
        self.held.push(Held { places, fit: estimates.read(done)?, sums: sums.read(done)? });
        Ok(())
    }
}

impl Held {
    /// Its stretches of one slice group.
    fn stretches(self) -> Vec<Stretch> {
        let Held { places, fit, sums } = self;
        let new = |same: &[u32], places, sums| {
            let group = same[0] as usize;
            Stretch { group, places, sums, rho: Vec::new(), varies: Vec::new() }
        };
        let same: Vec<&[u32]> = fit.slice_group.chunk_by(|a, b| a == b).collect();
        if let [all] = same[..] {
            return vec![new(all, places, sums)];
        }
        let mut first = 0;
        let stretch = |same: &[u32]| {
            let range = first..first + same.len();
            first = range.end;
            new(same, places[range.clone()].to_vec(), sums.of(range))
        };
        same.into_iter().map(stretch).collect()
    }
}

/// A stretch of voxels of one slice group, and what each seed is there.
struct Stretch {
    group: usize,
    places: Vec<usize>,
    sums: Sums,
    /// `[seed][voxel]`
    rho: Vec<Vec<f64>>,
    /// Whether the seed leaves anything, `[seed][voxel]`.
    varies: Vec<Vec<bool>>,
}

/// What all blocks say of each seed.
fn answer(
    mut of_seeds: Vec<OfSeed>,
    (lags, added): (&LagModel, &[Vec<Added>]),
    held: Vec<Held>,
    (plan, shape, fitted): (&Plan, [usize; 3], &[bool]),
) -> Result<Vec<OfSeed>> {
    let mut stretches: Vec<Stretch> = held.into_iter().flat_map(Held::stretches).collect();
    // A group's factors are many: one group after the other, twice where a step over all voxels stands between.
    let of_group =
        |group: usize| EachAdded::new(&lags.of_groups[group], &added[group], plan.has_rho());
    for group in 0..added.len() {
        let models = of_group(group);
        for stretch in stretches.iter_mut().filter(|stretch| stretch.group == group) {
            stretch.rho = models.rho(&stretch.sums);
            let (places, square) = (&stretch.places, &stretch.sums.square);
            let plain = |(of_seed, b): (&mut OfSeed, Vec<f64>)| {
                for (&place, (b, &square)) in places.iter().zip(b.iter().zip(square)) {
                    // With itself, as a seed of one voxel, nothing has a correlation to speak of.
                    of_seed.z[place] = match EachAdded::is_left(square, *b) {
                        true => fisher_z(b / square.sqrt()),
                        false => 0.0,
                    };
                }
                let is_left = |(&b, &square): (&f64, &f64)| EachAdded::is_left(square, b);
                b.iter().zip(square).map(is_left).collect()
            };
            let on_columns = models.on_columns(&stretch.sums);
            stretch.varies = of_seeds.par_iter_mut().zip(on_columns).map(plain).collect();
        }
    }
    if let Rho::Smoothed(taps) = &plan.rho {
        let n_volumes = plan.pairs.gap_of.len();
        let smooth = |seed: usize| smooth_rho(&stretches, seed, (taps, n_volumes), (shape, fitted));
        let all = (0..of_seeds.len()).into_par_iter().map(smooth).collect::<Result<Vec<_>>>()?;
        for stretch in &mut stretches {
            let of = |smooth: &Vec<f64>| stretch.places.iter().map(|&at| smooth[at]).collect();
            stretch.rho = all.iter().map(of).collect();
        }
    }
    for group in 0..added.len() {
        let models = of_group(group);
        for stretch in stretches.iter().filter(|stretch| stretch.group == group) {
            let solved = models.solve(&stretch.sums, &stretch.rho);
            let put = |(of_seed, Estimate { effect, variance, stat }): (&mut OfSeed, _)| {
                let row = |values: Vec<f64>| {
                    Array2::from_shape_vec((1, values.len()), values).unwrap_or_default()
                };
                let (effect, variance) = (row(effect), row(variance));
                let values = ContrastValues { effect, variance, stat };
                of_seed.contrast.put(&values, &stretch.places, fitted);
            };
            of_seeds.par_iter_mut().zip(solved).for_each(put);
        }
    }
    Ok(of_seeds)
}

/// A seed's rho, smoothed over the voxels that vary, `[voxel of the grid]`.
fn smooth_rho(
    stretches: &[Stretch],
    seed: usize,
    smoothing: (&Taps, usize),
    (shape, fitted): ([usize; 3], &[bool]),
) -> Result<Vec<f64>> {
    let mut own = OwnRho { rho: vec![0.0; fitted.len()], varies: vec![false; fitted.len()] };
    for Stretch { places, rho, varies, .. } in stretches {
        for ((&place, rho), &varies) in places.iter().zip(&rho[seed]).zip(&varies[seed]) {
            own.rho[place] = *rho;
            own.varies[place] = fitted[place] && varies;
        }
    }
    smoothed(&own, shape, smoothing)
}

impl OfSeed {
    /// What is rounding of its effects.
    fn rounding(&self) -> f64 {
        NO_EFFECT * self.contrast.effect[0].iter().fold(0.0, |most: f64, e| most.max(e.abs()))
    }

    /// Nothing at a voxel.
    fn clear(&mut self, voxel: usize) {
        self.z[voxel] = 0.0;
        for maps in std::iter::once(&mut self.contrast).chain(&mut self.elsewhere) {
            let rows = maps.effect.iter_mut().chain(&mut maps.variance);
            rows.for_each(|row| row[voxel] = 0.0);
            maps.stat[voxel] = 0.0;
        }
    }

    /// Whether the fit leaves nothing of a voxel.
    fn is_exact(&self, voxel: usize) -> bool {
        self.contrast.variance[0][voxel] == 0.0
    }

    fn zeros(seed: &Seed, nuisance: &Nuisance, n_voxels: usize) -> OfSeed {
        let mut contrast = ContrastMaps::zeros(&seed.name, Stat::T, 1, n_voxels);
        contrast.dof = nuisance.model.dofs().less(1.0);
        contrast.two_sided = true;
        OfSeed { contrast, z: vec![0.0; n_voxels], elsewhere: None }
    }
}
