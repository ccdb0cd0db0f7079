//! One run: its mask, what of each region can be used, the nuisance columns, the cleaned series, and the seeds' maps.

use std::collections::BTreeSet;

use ndarray::Array1;
use rayon::prelude::*;

use super::by_glm;
use super::moved::{Moved, MovedSeries};
use super::nodes::{NodeOfRun, Nodes};
use super::nuisance::{self, Nuisance};
use super::overlap::Overlap;
use super::own::WithoutOwn;
use super::seeds::{self, Mapped, Plan, Rho, Seed};
use super::series::{self, Asked, Seen};
use crate::error::{Error, Result};
use crate::io::source::{Averaged, Empty, Filled, Means};
use crate::kernels::nuisance::Projection;
use crate::kernels::smooth::{Kernel, Taps};
use crate::pipeline::automask;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::noise::pairs_in_words;
use crate::pipeline::regions::Region;
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{ConnectSpec, Noise};
use crate::pipeline::voxelwise::{self, Voxelwise};
use crate::pipeline::watch::Watch;
use crate::pipeline::{censor, precision, signal};
use crate::stats::ar1::Pairs;

/// Regions that a message names.
const NAMED: usize = 20;

/// Why a region is not known of which there are voxels enough.
const EXPLAINED: &str = "the nuisance columns leave nothing of them";

/// What is to be done with a run that was filtered before.
const UNFILTERED: &str = "take the run from before that filter, where drift is taken out here and --band LOW,HIGH keeps a band with its degrees of freedom; where there \
    is none, say --band of that filter";

/// What a run comes to.
pub(super) struct OfRun {
    /// What the run is called.
    pub name: String,
    pub nodes: Vec<NodeOfRun>,
    /// What says that it was smoothed before.
    pub smoothed: Option<String>,
    pub kept: Vec<usize>,
    pub tr: f64,
    pub start_s: f64,
    /// Names of the nuisance columns.
    pub columns: Vec<String>,
    /// Names of those of each voxel's own.
    pub own: Vec<String>,
    /// How many of them are independent: the most of any slice.
    pub rank: usize,
    pub nu: f64,
    pub nu_without_band: Option<f64>,
    /// Mask voxels, those that are used, and why not: not finite, constant, explained, copied.
    pub counts: [usize; 6],
    /// Of seeds that voxels elsewhere have the series of, how many.
    pub copied: Vec<(String, usize)>,
    /// In the mask, finite, not constant, explained or copied, `[voxel of the grid]`: what maps are fitted in.
    pub usable: Vec<bool>,
    /// Of the seeds that are known, by their place.
    pub mapped: Vec<usize>,
    pub maps: Option<Mapped>,
    /// Of the regions that are moved, in their order.
    pub moved: Vec<MovedSeries>,
    /// Voxels that the regions share, and then those that are moved, of those that are used.
    pub overlap: Overlap,
    /// The mean over time, `[voxel of the grid]`, where pictures show it.
    pub mean: Option<Vec<f32>>,
    /// Temporal signal-to-noise ratio of each region, of a run with recordings.
    pub tsnr: Vec<(String, f64)>,
}

impl OfRun {
    /// The nuisance columns in words.
    pub(super) fn columns_said(&self) -> String {
        let (n, rank) = (self.columns.len(), self.rank);
        let independent = match rank < n {
            true => format!(" ({rank} of them independent)"),
            false => String::new(),
        };
        let own = match self.own.len() {
            0 => String::new(),
            n => format!(" and {n} of each voxel's own"),
        };
        format!("{n} nuisance columns{independent}{own}")
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.nodes.iter().map(|node| node.name.as_str()).collect()
    }
}

/// Take a run.
///
/// # Errors
/// What the run holds or lacks; device errors.
pub(super) fn take(
    spec: &ConnectSpec,
    ladder: &mut Ladder,
    (run, beside, nodes): (&mut Run, &mut Voxelwise, &Nodes),
    smoothing: Option<&Smoothing>,
    watch: &dyn Watch,
) -> Result<OfRun> {
    precision::keep(run, watch)?;
    let mask = automask::mask(spec.mask.as_deref(), run, watch)?;
    let n_planes = run.grid.shape[2];
    let group_of_plane = run.varying().map_or(vec![0; n_planes], |slices| slices.group_of_plane);
    let looked_at = nodes.looked_at();
    let level = run.level.clone();
    // The mean of the mask is a column that the first pass finds.
    let before = match spec.global_signal {
        true => None,
        false => Some(Nuisance::of(spec, run, beside.sources.len(), watch)?),
    };
    // Seeds, and where there are some these alone are moved.
    let is_seed = |at: usize| at < nodes.labels.len() || at >= nodes.all.len();
    let own: Vec<bool> = (0..looked_at.len()).map(|at| spec.seed_first_pc && is_seed(at)).collect();
    let asked = Asked {
        nodes: &looked_at,
        inside: &mask.inside,
        group_of_plane: &group_of_plane,
        global: spec.global_signal,
        own: &own,
        // It stands beside the heart's rate, or beside motion.
        tsnr: match run.physio.is_some() || run.measures.fd.is_some() {
            true => nodes.all.len(),
            false => 0,
        },
        beside: beside.sources.len(),
        nuisance: before.as_ref(),
        level: level.as_ref().map(|level| level.as_slice()),
    };
    let mut means = Means::new(run.grid.shape, run.n_volumes);
    let is_drawn = !spec.no_pictures && !nodes.labels.is_empty();
    let mut empty = Empty::new(run.n_volumes);
    let mut filled = Filled::new(run.bold.as_mut(), &mut empty);
    // A mask that is made of the run holds no air.
    let seen = if is_drawn || spec.mask.is_some() {
        let mut source = Averaged::new(&mut filled, &mut means);
        series::pass(ladder, &mut source, &asked, watch)?
    } else {
        series::pass(ladder, &mut filled, &asked, watch)?
    };
    let lost = empty.volumes().into_iter().map(|at| run.kept[at]).collect();
    precision::say_empty_of_run(run, lost, precision::FITTED, watch);
    if let Some(image) = means.image() {
        censor::say_unsteady(run, &means, watch);
        let level = |voxel: usize| run.level.as_ref().map_or(0.0, |level| level[voxel]);
        let usable = (0..image.len()).filter(|&voxel| seen.usable[voxel]);
        let means: Vec<f64> = usable.map(|voxel| image[voxel] + level(voxel)).collect();
        signal::say_air(&means, &display(&run.path), watch);
    }
    let n_usable = seen.usable.iter().filter(|&&v| v).count();
    if n_usable == 0 {
        return Err(Error::bad_data(
            display(&run.path),
            "has no voxel in the mask that is finite, varies and is more than its nuisance columns",
            "have some",
            "check that the mask fits the run, and what is taken out of it",
        ));
    }
    let (nuisance, seen) = match before.clone() {
        Some(nuisance) => (nuisance, seen),
        None => with_global(spec, ladder, run, (&asked, seen), watch)?,
    };
    let seen = match asked.beside {
        0 => seen,
        _ => without_own(ladder, (run, beside), (&nuisance, seen), &asked, watch)?,
    };
    let of_run = nodes_of(spec, (run, nodes), (&nuisance, &seen))?;
    refuse_unknown(spec, &of_run, nodes, &display(&run.path))?;
    if spec.band_hz.is_none() {
        let series = of_run.iter().filter_map(|node| node.series.as_ref());
        let above = nuisance.empty_above(series, &run.kept)?;
        inputs::say_filtered(run, above, UNFILTERED, watch);
    }
    let moved = moved_of(spec, (run, nodes), (&nuisance, &seen))?;
    let known: Vec<usize> =
        (0..nodes.labels.len()).filter(|&at| of_run[at].series.is_some()).collect();
    let (mut usable, mut explained) = (seen.usable.clone(), seen.explained.len());
    let mut copied = Vec::new();
    let maps = match known.is_empty() {
        true => None,
        false => {
            let all: Vec<Seed> = known.iter().filter_map(|&at| seed(&of_run[at])).collect();
            let plan = plan(spec, run, smoothing)?;
            if let (true, Some(said)) = (plan.has_rho(), pairs_in_words(&plan.pairs)) {
                watch.note(&format!("{}: rho of the seeds' maps {said}", display(&run.path)));
            }
            let of = (&nuisance, &plan, &seen.usable[..]);
            let mut maps = maps_of(spec, ladder, (run, beside, &all), of, watch)?;
            let own: Vec<&[usize]> = known.iter().map(|&at| &nodes.all[at].voxels[..]).collect();
            explained += maps.leave_explained(&mut usable);
            let names = all.into_iter().map(|seed| seed.name);
            copied = names.zip(maps.leave_copied(&mut usable, &own)).collect();
            copied.retain(|(_, n)| *n > 0);
            let own = maps.seeds.par_iter().map(|seed| &seed.contrast);
            let held: Vec<_> = own.map(|own| own.refuse_beyond_f32(&maps.fitted)).collect();
            held.into_iter().collect::<Result<()>>()?;
            Some(maps)
        }
    };
    voxelwise::say_spanned(run, beside, watch);
    run.bold.release();
    beside.sources.iter_mut().for_each(|column| column.release());
    let acquisition = run.acquisition.as_ref();
    let n_own = if spec.seed_first_pc { nodes.labels.len() } else { 0 };
    Ok(OfRun {
        name: run.name(),
        nodes: of_run,
        smoothed: inputs::was_smoothed(run),
        kept: run.kept.clone(),
        tr: acquisition.map_or(1.0, |a| a.tr),
        start_s: acquisition.map_or(0.0, |a| a.start_time),
        columns: nuisance.model.names.clone(),
        own: beside.names.clone(),
        rank: nuisance.rank(),
        nu: nuisance.nu,
        nu_without_band: nuisance.nu_without_band,
        counts: [
            mask.count(),
            usable.iter().filter(|&&v| v).count(),
            seen.not_finite,
            seen.flat,
            explained,
            copied.iter().map(|(_, n)| n).sum(),
        ],
        copied,
        mapped: known,
        maps,
        moved,
        overlap: Overlap::of(&looked_at.iter().collect::<Vec<_>>(), Some(&seen.usable), n_own),
        tsnr: nodes.all.iter().map(|node| node.name.clone()).zip(seen.tsnr()).collect(),
        usable,
        mean: if is_drawn { means.image().map(|mean| with_level(mean, run)) } else { None },
    })
}

/// The mean of the mask among the columns, and the regions of a run anew: its voxels are held against all columns.
fn with_global(
    spec: &ConnectSpec,
    ladder: &mut Ladder,
    run: &mut Run,
    (asked, seen): (&Asked<'_>, Seen),
    watch: &dyn Watch,
) -> Result<(Nuisance, Seen)> {
    nuisance::add_global(run, &seen.global, watch)?;
    let nuisance = Nuisance::of(spec, run, asked.beside, watch)?;
    let asked =
        Asked { inside: &seen.usable, global: false, tsnr: 0, nuisance: Some(&nuisance), ..*asked };
    let again = series::pass(ladder, run.bold.as_mut(), &asked, watch)?;
    Ok((nuisance, seen.with_regions_of(again)))
}

/// The regions of a run without what its voxels' own columns explain.
fn without_own(
    ladder: &mut Ladder,
    (run, beside): (&mut Run, &mut Voxelwise),
    (nuisance, seen): (&Nuisance, Seen),
    asked: &Asked<'_>,
    watch: &dyn Watch,
) -> Result<Seen> {
    let mut wanted = vec![false; seen.usable.len()];
    asked.nodes.iter().flat_map(|node| &node.voxels).for_each(|&v| wanted[v] = seen.usable[v]);
    let mut source = WithoutOwn {
        run: run.bold.as_mut(),
        columns: &mut beside.sources,
        nuisance,
        inside: &seen.usable,
        wanted: &wanted,
        spanned: vec![BTreeSet::new(); asked.beside],
        explained: BTreeSet::new(),
    };
    let asked = Asked { inside: &seen.usable, global: false, tsnr: 0, nuisance: None, ..*asked };
    let mut cleaned = series::pass(ladder, &mut source, &asked, watch)?;
    beside.spanned = source.spanned.iter().map(BTreeSet::len).collect();
    beside.not_finite = cleaned.not_finite;
    let explained = source.explained.into_iter().chain(seen.explained.iter().copied());
    cleaned.explained = explained.collect::<BTreeSet<_>>().into_iter().collect();
    if beside.not_finite > 0 && !wanted.iter().zip(&cleaned.usable).any(|(a, b)| *a && *b) {
        return Err(beside.nowhere_finite(run));
    }
    Ok(seen.with_regions_of(cleaned))
}

/// The seeds' maps, by the model of residuals that is asked for.
fn maps_of(
    spec: &ConnectSpec,
    ladder: &mut Ladder,
    (run, beside, seeds): (&mut Run, &mut Voxelwise, &[Seed]),
    (nuisance, plan, usable): (&Nuisance, &Plan, &[bool]),
    watch: &dyn Watch,
) -> Result<Mapped> {
    if !beside.sources.is_empty() {
        let of = ((run, beside), (seeds, spec.noise));
        return by_glm::beside(ladder, of.0, of.1, (plan, usable), watch);
    }
    let (source, of) = (run.bold.as_mut(), (nuisance, seeds));
    let mut maps = seeds::map(ladder, source, of, (plan, usable), watch)?;
    if matches!(spec.noise, Noise::Arma11 | Noise::NilearnAr1) {
        for (seed, of_seed) in seeds.iter().zip(&mut maps.seeds) {
            by_glm::refit(of_seed, ladder, run, (seed, spec.noise), (plan, usable), watch)?;
        }
    }
    Ok(maps)
}

/// Refuse a run that has no region, or nothing of a seed: all of these by name.
fn refuse_unknown(spec: &ConnectSpec, all: &[NodeOfRun], nodes: &Nodes, name: &str) -> Result<()> {
    let named = |all: &[&NodeOfRun], of: &dyn Fn(&NodeOfRun) -> String| {
        let mut names: Vec<String> = all.iter().take(NAMED).map(|node| of(node)).collect();
        if all.len() > NAMED {
            names.push(format!("{} more", all.len() - NAMED));
        }
        names.join(", ")
    };
    let share = |node: &NodeOfRun| {
        format!("'{}' ({:.0} %, {} voxels)", node.name, 100.0 * node.coverage, node.n_used)
    };
    if all.iter().all(|node| node.series.is_none()) {
        return Err(Error::bad_data(
            name,
            format!(
                "has too little of every region that is named: {}",
                named(&all.iter().collect::<Vec<_>>(), &share)
            ),
            format!(
                "have {:.0} % of one in its mask, finite and not constant (--min-coverage), and more of it than the nuisance columns explain",
                100.0 * spec.min_coverage
            ),
            "check the regions' coordinates and space, and the mask",
        ));
    }
    let seeds = &all[..nodes.labels.len()];
    let is_nowhere = |seed: &&NodeOfRun| seed.n_used == 0 && seed.n_explained == 0;
    let nowhere: Vec<&NodeOfRun> = seeds.iter().filter(is_nowhere).collect();
    if nowhere.is_empty() {
        return Ok(());
    }
    Err(Error::bad_data(
        name,
        format!(
            "has no voxel of these seeds that is in the mask, finite and not constant: {}",
            named(&nowhere, &|node| format!("'{}'", node.name))
        ),
        "have some of each --seed",
        "check their coordinates and space, and the mask, or give them as --regions: these are n/a where nothing of them is there",
    ))
}

fn seed(node: &NodeOfRun) -> Option<Seed> {
    node.series.as_ref().map(|series| Seed { name: node.name.clone(), series: series.clone() })
}

/// What a region is in a run.
struct Found {
    n_used: usize,
    coverage: f64,
    /// None where too little of it is used, or nothing is left.
    series: Option<Array1<f64>>,
    /// Of a first principal component the share of variance that it explains, and its correlation with the mean.
    explains: Option<f64>,
    with_mean: Option<f64>,
}

/// The region that is looked at as number `at`: the mean of its voxels, or their first principal component.
fn found(
    spec: &ConnectSpec,
    (nuisance, seen): (&Nuisance, &Seen),
    (at, region): (usize, &Region),
    plane_len: usize,
) -> Result<Found> {
    let n_used = seen.n_used[at];
    let coverage = region.on_grid * n_used as f64 / region.voxels.len().max(1) as f64;
    let mut found = Found { n_used, coverage, series: None, explains: None, with_mean: None };
    if coverage < spec.min_coverage || n_used == 0 {
        return Ok(found);
    }
    match &seen.own[at] {
        Some(voxels) => {
            if let Some((series, [share, r])) = nuisance.first_component(voxels, plane_len)? {
                (found.series, found.explains, found.with_mean) =
                    (Some(series), Some(share), Some(r));
            }
        }
        None => found.series = nuisance.mean(&seen.sums[at], n_used),
    }
    Ok(found)
}

/// Every region's series, with what is to be told of it.
fn nodes_of(
    spec: &ConnectSpec,
    (run, nodes): (&Run, &Nodes),
    (nuisance, seen): (&Nuisance, &Seen),
) -> Result<Vec<NodeOfRun>> {
    let plane_len = run.grid.plane_len();
    let one = |(at, node): (usize, &Region)| {
        let Found { n_used, coverage, series, explains, with_mean } =
            found(spec, (nuisance, seen), (at, node), plane_len)?;
        let is_explained = |voxel: &&usize| seen.explained.binary_search(voxel).is_ok();
        let n_explained = node.voxels.iter().filter(is_explained).count();
        let why_not = match (&series, n_used) {
            (Some(_), _) => None,
            (None, _) if node.voxels.is_empty() => {
                Some("no voxel's centre of the run lies in them")
            }
            (None, 0) if n_explained > 0 => Some(EXPLAINED),
            (None, 0) => Some("none of their voxels is in the mask, finite and not constant"),
            (None, _) if coverage < spec.min_coverage => Some(
                "too little of them is on the grid, in the mask, finite, not constant and more than the nuisance columns explain",
            ),
            (None, _) => Some(EXPLAINED),
        };
        let (name, n_voxels) = (node.name.clone(), node.voxels.len());
        Ok(NodeOfRun {
            name,
            n_used,
            n_explained,
            n_voxels,
            coverage,
            series,
            why_not,
            explains,
            with_mean,
        })
    };
    let all: Vec<_> = nodes.all.par_iter().enumerate().map(one).collect();
    all.into_iter().collect()
}

/// The mean image of a run whose data may be differences from it.
fn with_level(mut mean: Vec<f64>, run: &Run) -> Vec<f32> {
    if let Some(level) = &run.level {
        mean.iter_mut().zip(level.iter()).for_each(|(mean, level)| *mean += level);
    }
    mean.into_iter().map(|mean| mean as f32).collect()
}

/// The series of the regions that are moved, made as where they were given.
fn moved_of(
    spec: &ConnectSpec,
    (run, nodes): (&Run, &Nodes),
    of: (&Nuisance, &Seen),
) -> Result<Vec<MovedSeries>> {
    let plane_len = run.grid.plane_len();
    let one = |(at, moved): (usize, &Moved)| {
        let found = found(spec, of, (nodes.all.len() + at, &moved.region), plane_len)?;
        let Found { n_used, coverage, series, with_mean, .. } = found;
        Ok(MovedSeries { n_used, coverage, series, with_mean })
    };
    let all: Vec<_> = nodes.moved.par_iter().enumerate().map(one).collect();
    all.into_iter().collect()
}

/// How a run's maps are made.
fn plan(spec: &ConnectSpec, run: &Run, smoothing: Option<&Smoothing>) -> Result<Plan> {
    let correct = match (run.slices(), smoothing) {
        (Some(slices), Some(_)) => {
            let (known, slices) = run.known_of(slices);
            Some(Projection::each(&known, &slices)?)
        }
        _ => None,
    };
    let rho = match spec.noise {
        Noise::Ar1 if spec.rho_fwhm_vox == 0.0 => Rho::Own,
        Noise::Ar1 => Rho::Smoothed(Taps::new(spec.rho_fwhm_vox, [1.0; 3], Kernel::Sampled)?),
        _ => Rho::Zero,
    };
    Ok(Plan { correct, smooth: smoothing.cloned(), pairs: Pairs::of_kept(&run.kept), rho })
}
