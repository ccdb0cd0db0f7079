//! A seed's maps: each seed is a column of its own beside the nuisance columns, as `glm` would have it, and all of them share one pass over the run. What
//! the residuals without seeds are on each seed's direction, and on its neighbours in time, is summed beside all else (`stats::ar1::Added`).

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis};

use super::nuisance::Nuisance;
use crate::error::{Error, Result};
use crate::gpu::{Bold, Done, Tape};
use crate::io::source::{BoldSource, Memory};
use crate::kernels::contrast::{ContrastValues, Stat};
use crate::kernels::glm::{self, HostFit};
use crate::kernels::lags::{self, LagModel};
use crate::kernels::nuisance::{self, Projection};
use crate::kernels::smooth::{self, Taps};
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, plane_bytes, read_timed, send};
use crate::pipeline::clean::clean_run;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::places;
use crate::pipeline::noise::{OwnRho, smoothed};
use crate::pipeline::smoothing::{Smoothing, smooth_run};
use crate::pipeline::watch::Watch;
use crate::stats::ar1::{Added, Pairs, Rule, Scan, Sums};
use crate::stats::connectivity::fisher_z;
use crate::stats::gls::Question;
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
    let mut story = Summing { source, nuisance, plan, lags: &lags, fitted, held: Vec::new() };
    ladder.climb(blocks, Cut::Planes { halo }, watch, &mut story)?;
    let Summing { fitted, held, .. } = story;
    let answer = |(at, seed): (usize, &Seed)| {
        let mut of_seed = OfSeed::zeros(seed, nuisance, fitted.len());
        of_seed.answer((&added, at, &lags), &held, (plan, shape, &fitted))?;
        Ok(of_seed)
    };
    let seeds = seeds.iter().enumerate().map(answer).collect::<Result<_>>()?;
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

/// Have the residuals projected on the seeds' columns too: `[seed][slice group]`.
fn add(lags: &mut LagModel, pairs: &Pairs, seeds: &[Seed]) -> Result<Vec<Vec<Added>>> {
    let mut all = Vec::with_capacity(seeds.len());
    for seed in seeds {
        let of_group = |group: &crate::stats::ar1::Ar1| {
            group.added(pairs, seed.series.view()).ok_or_else(|| {
                Error::bad_data(
                    format!("the series of '{}'", seed.name),
                    "is spanned by the nuisance columns",
                    "have something of its own left",
                    "choose fewer confounds, or another region",
                )
            })
        };
        all.push(lags.of_groups.iter().map(of_group).collect::<Result<Vec<Added>>>()?);
    }
    for (at, group) in lags.of_groups.iter_mut().enumerate() {
        let mut parts = vec![group.columns.view()];
        parts.extend(all.iter().map(|of_groups| of_groups[at].columns.view()));
        group.columns = ndarray::concatenate(Axis(1), &parts)
            .map_err(|e| Error::internal("the seeds", "cannot be joined", "", "").caused_by(e))?;
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
    source: &'a mut dyn BoldSource,
    nuisance: &'a Nuisance,
    plan: &'a Plan,
    lags: &'a LagModel,
    fitted: Vec<bool>,
    held: Vec<Held>,
}

impl Story for Summing<'_> {
    type Begun = (Vec<usize>, glm::Estimates, lags::Coming);

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Self::Begun> {
        let host = read_timed(tape, self.source, block)?;
        let first = block.core.start * block.plane_len();
        let offset = (block.core.start - block.planes.start) * block.plane_len();
        let core = &self.fitted[first..block.core.end * block.plane_len()];
        let voxels: Vec<u32> =
            (offset as u32..).zip(core).filter(|(_, fitted)| **fitted).map(|(v, _)| v).collect();
        let mut bold = send(tape, self.source, host)?;
        if let Some(projection) = &self.plan.correct {
            bold = nuisance::subtract(tape, bold, projection)?;
        }
        if let Some(Smoothing { taps, within }) = &self.plan.smooth {
            bold = smooth::smooth(tape, bold, taps, within.as_ref())?;
        }
        let model = &self.nuisance.model;
        let fit = glm::fit(tape, &bold, &voxels, model)?;
        let sums = lags::sums(tape, (&bold, &voxels), (&fit, model), self.lags)?;
        let estimates = glm::download(tape, fit)?;
        if let Bold::Host(host) = bold {
            self.source.reuse(host.data);
        }
        Ok((places(block, &voxels), estimates, sums))
    }

    fn finish(&mut self, done: &Done<'_>, begun: Self::Begun) -> Result<()> {
        let (places, estimates, sums) = begun;
        self.held.push(Held { places, fit: estimates.read(done)?, sums: sums.read(done)? });
        Ok(())
    }
}

impl Held {
    /// Stretches of one slice group, as ranges of its voxels.
    fn of_one_group(&self) -> Vec<(usize, std::ops::Range<usize>)> {
        let mut first = 0;
        let stretch = |same: &[u32]| {
            let range = first..first + same.len();
            first = range.end;
            (same[0] as usize, range)
        };
        self.fit.slice_group.chunk_by(|a, b| a == b).map(stretch).collect()
    }
}

/// The sums of a stretch with a seed in its model.
struct WithSeed<'a> {
    group: usize,
    added: &'a Added,
    places: &'a [usize],
    /// u'e, `[voxel]`.
    b: Vec<f64>,
    /// Σ e² without the seed.
    before: Vec<f64>,
    sums: Sums,
}

impl OfSeed {
    fn zeros(seed: &Seed, nuisance: &Nuisance, n_voxels: usize) -> OfSeed {
        let mut contrast = ContrastMaps::zeros(&seed.name, Stat::T, 1, n_voxels);
        contrast.dof = nuisance.model.dofs().less(1.0);
        contrast.two_sided = true;
        OfSeed { contrast, z: vec![0.0; n_voxels], elsewhere: None }
    }

    /// Fill in what all blocks say.
    fn answer(
        &mut self,
        (added, at, lags): (&[Vec<Added>], usize, &LagModel),
        held: &[Held],
        (plan, shape, fitted): (&Plan, [usize; 3], &[bool]),
    ) -> Result<()> {
        // The rows of columns of this seed stand behind those of the design and of the seeds before it.
        let own = 2 * plan.pairs.gaps.len();
        let from = own * lags.of_groups.first().map_or(0, |g| g.width()) + at * (1 + own);
        let mut stretches = Vec::new();
        for part in held {
            for (group, range) in part.of_one_group() {
                let added = &added[at][group];
                let without = part.sums.of(range.clone());
                let (b, sums) = added.sums(&without, from);
                let places = &part.places[range];
                stretches.push(WithSeed { group, added, places, b, before: without.square, sums });
            }
        }
        for stretch in &stretches {
            for ((&place, b), before) in stretch.places.iter().zip(&stretch.b).zip(&stretch.before)
            {
                self.z[place] = if *before > 0.0 { fisher_z(b / before.sqrt()) } else { 0.0 };
            }
        }
        let rho = rho(&stretches, (plan, shape, fitted))?;
        for stretch in &stretches {
            let WithSeed { added, places, b, sums, .. } = stretch;
            let width = added.ar1.width();
            let mut to_beta = Array2::zeros((1, width));
            to_beta[[0, width - 1]] = 1.0 / added.length;
            let weight = Array2::ones((1, 1));
            let question = [Question::new(weight.view(), false, to_beta.view())?];
            let beta = Array2::from_shape_fn((1, b.len()), |(_, v)| b[v] / added.length);
            let of_voxels: Vec<f64> = places.iter().map(|&place| rho[place]).collect();
            let mut solved = added.ar1.solve((sums, beta.view()), &of_voxels, &question);
            let Some(answer) = solved.answers.pop() else { continue };
            let (effect, variance, stat) = (answer.effect, answer.variance, answer.stat);
            self.contrast.put(&ContrastValues { effect, variance, stat }, places, fitted);
        }
        Ok(())
    }
}

/// The rho that each voxel is fitted at, `[voxel of the grid]`.
fn rho(
    stretches: &[WithSeed<'_>],
    (plan, shape, fitted): (&Plan, [usize; 3], &[bool]),
) -> Result<Vec<f64>> {
    let mut own = OwnRho { rho: vec![0.0; fitted.len()], varies: vec![false; fitted.len()] };
    if matches!(plan.rho, Rho::Zero) {
        return Ok(own.rho);
    }
    let mut scans: BTreeMap<usize, Scan> = BTreeMap::new();
    for WithSeed { group, added, places, sums, .. } in stretches {
        let scan = scans.entry(*group).or_insert_with(|| added.ar1.scan());
        let rho = added.ar1.rho_by(scan, sums);
        for ((&place, rho), &square) in places.iter().zip(rho).zip(&sums.square) {
            own.rho[place] = rho;
            own.varies[place] = fitted[place] && square > 0.0;
        }
    }
    match &plan.rho {
        Rho::Smoothed(taps) => smoothed(&own, shape, taps),
        _ => Ok(own.rho),
    }
}
