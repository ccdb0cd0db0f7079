//! The runs fitted so far: each is fitted, put into units, looked at and added, and nothing of it is kept but what the others are added to.

use super::in_regions::{InRegions, Lost, Seen};
use super::{residuals, smoothness};
use crate::error::{Error, Result};
use crate::io::source::{
    Averaged, Averaging, BoldSource, Empty, Filled, Means, Regional, Sample, Sampled,
};
use crate::physio::BeyondChance;
use crate::pipeline::automask::{self, Common};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::combine::{FixedEffects, Joint};
use crate::pipeline::first_level::{Fitted, Gathered, Plan, gather};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::products::Products;
use crate::pipeline::residuals::Smoothness;
use crate::pipeline::scaling::{self, Unit};
use crate::pipeline::spec::{Combining, GlmSpec, SignalScale};
use crate::pipeline::voxelwise::{self, Voxelwise};
use crate::pipeline::watch::Watch;
use crate::pipeline::{censor, chance, precision};

/// What the runs fitted so far come to.
pub(super) struct SoFar {
    common: Common,
    effects: FixedEffects,
    /// The same where another device may find it.
    elsewhere: FixedEffects,
    has_elsewhere: bool,
    /// Of each run.
    beyond_chance: Vec<Option<BeyondChance>>,
    no_percent: Vec<usize>,
    /// Of each run.
    smooth_in: Vec<Option<Smoothness>>,
    /// Voxels that were fitted and have noise, of each run.
    n_voxels: Vec<usize>,
    /// What they say of regions.
    regions: Option<InRegions>,
    /// What outputs of each run are numbered, where there are several.
    numbers: Option<Vec<usize>>,
}

/// All runs together.
pub(super) struct Combined {
    pub all: Fitted,
    /// Where another device may find it; none of a noise model that gives one answer.
    pub elsewhere: Option<Fitted>,
    pub common: Common,
    /// Of each run.
    pub beyond_chance: Vec<Option<BeyondChance>>,
    /// What has too little signal in some run to be a percentage, positions in the grid.
    pub no_percent: Vec<usize>,
    /// Of each run.
    pub smooth_in: Vec<Option<Smoothness>>,
    /// Voxels that were fitted and have noise, of each run: its noise and smoothness are of them.
    pub n_voxels: Vec<usize>,
    /// What they say of regions.
    pub regions: Option<InRegions>,
}

impl SoFar {
    pub(super) fn new(
        by: Combining,
        joint: Vec<Joint>,
        common: Common,
        regions: Option<InRegions>,
        numbers: Option<Vec<usize>>,
    ) -> SoFar {
        SoFar {
            common,
            elsewhere: FixedEffects::new(by, joint.clone()),
            effects: FixedEffects::new(by, joint),
            has_elsewhere: false,
            beyond_chance: Vec::new(),
            no_percent: Vec::new(),
            smooth_in: Vec::new(),
            n_voxels: Vec::new(),
            regions,
            numbers,
        }
    }

    /// The next run, with its plan, of which the first `n_asked` contrasts are those that were asked for.
    ///
    /// # Errors
    /// Whatever the run holds or lacks; device and output errors.
    pub(super) fn take(
        &mut self,
        spec: &GlmSpec,
        ladder: &mut Ladder,
        (run, beside, plan): (&mut Run, &mut Voxelwise, &Plan),
        n_asked: usize,
        products: &mut dyn Products,
        watch: &dyn Watch,
    ) -> Result<()> {
        let is_one_of_several = spec.runs.len() > 1;
        if is_one_of_several && run.physio.is_some() {
            watch.note(&format!("{}:", display(&run.path)));
        }
        precision::keep(run, watch)?;
        precision::refuse_level((run, beside.is_centred), &plan.model, &plan.contrasts)?;
        let inside = self.common.with(run, watch)?;
        let mut regional = match &self.regions {
            Some(regions) if !is_one_of_several => Some(regions.keeper(run, &inside)),
            _ => None,
        };
        let kept = regional.as_mut();
        let (mut fitted, signal, found) =
            fit(spec, ladder, (run, beside), (&inside, kept), (plan, n_asked), watch)?;
        let varies = |voxel: &usize| fitted.flat.binary_search(voxel).is_err();
        if !(0..inside.len()).filter(|&voxel| fitted.fitted[voxel]).any(|voxel| varies(&voxel)) {
            return Err(match fitted.not_finite_beside {
                0 => automask::without_signal(run),
                _ => beside.nowhere_finite(run),
            });
        }
        if let Some(regions) = &mut self.regions {
            let lost = Lost::of(&fitted, &inside, &signal.too_dim);
            regions.see(Seen { unit: signal.unit, lost, kept: regional });
        }
        self.common.without_signal(&signal.too_dim, run)?;
        self.no_percent.extend(signal.no_percent);
        residuals::say(spec, (run, plan), n_asked, &fitted, watch)?;
        self.common.tell_missing(fitted.not_finite - fitted.not_finite_beside, run, watch);
        beside.not_finite = fitted.not_finite_beside;
        beside.spanned = fitted.residuals.iter().flat_map(|r| r.spanned.clone()).collect();
        voxelwise::say_spanned(run, beside, watch);
        let number = self.numbers.as_ref().map(|numbers| numbers[self.smooth_in.len()]);
        let sources = (&mut *run, &mut *beside, plan);
        self.smooth_in.push(smoothness::again(
            spec,
            ladder,
            sources,
            number,
            &mut fitted,
            products,
            watch,
        )?);
        self.common.without(&fitted.flat, run, watch)?;
        let explained = fitted.explained();
        refuse_all_explained((run, &explained), &fitted)?;
        self.common.without_explained(&explained, run, watch)?;
        let has_noise = |voxel: &usize| {
            fitted.fitted[*voxel]
                && [&fitted.flat, &explained].iter().all(|out| out.binary_search(voxel).is_err())
        };
        self.n_voxels.push((0..inside.len()).filter(has_noise).count());
        self.beyond_chance.push(found);
        if let Some(contrasts) = fitted.beyond.take() {
            let of_run = Fitted::counted(contrasts, fitted.fitted.clone(), &inside);
            self.elsewhere.add(of_run, run.grid.shape)?;
            self.has_elsewhere = true;
        }
        self.effects.add(fitted, run.grid.shape)?;
        run.bold.release();
        beside.sources.iter_mut().for_each(|column| column.release());
        Ok(())
    }

    /// All of them.
    ///
    /// # Errors
    /// Internal without runs.
    pub(super) fn combined(self, two_sided: bool, watch: &dyn Watch) -> Result<Combined> {
        self.common.say(watch);
        let inside = self.common.inside();
        let of = |effects: FixedEffects| -> Result<Fitted> {
            let mut all = effects.combined(&inside)?;
            if !all.fitted.contains(&true) {
                return Err(Error::bad_data(
                    "the runs",
                    "have no voxel together that is finite in every volume of each",
                    "share voxels with signal",
                    "look at the images, for volumes that are not finite, and at the mask",
                ));
            }
            all.contrasts.iter_mut().for_each(|maps| maps.two_sided = two_sided);
            Ok(all)
        };
        let all = of(self.effects)?;
        let n_all = all.fitted.iter().filter(|&&fitted| fitted).count();
        if self.n_voxels.iter().any(|&n| n != n_all) && self.n_voxels.len() > 1 {
            let each: Vec<String> = self.n_voxels.iter().map(usize::to_string).collect();
            watch.note(&format!(
                "the noise and smoothness of each run are of the voxels that are fitted in it ({}); the maps hold the {n_all} that all runs have",
                each.join(", ")
            ));
        }
        Ok(Combined {
            all,
            elsewhere: self.has_elsewhere.then(|| of(self.elsewhere)).transpose()?,
            common: self.common,
            beyond_chance: self.beyond_chance,
            no_percent: self.no_percent,
            smooth_in: self.smooth_in,
            n_voxels: self.n_voxels,
            regions: self.regions,
        })
    }
}

/// What a run's signal says of its units.
#[derive(Default)]
struct Signal {
    unit: Unit,
    /// Voxels whose signal is too small for the units of the fit, positions in the grid: they leave it.
    too_dim: Vec<usize>,
    /// For percent, in other units.
    no_percent: Vec<usize>,
}

/// A run's fit in the units that are asked for, the voxels that have no signal for them, and whether its recording explains it more
/// than chance.
fn fit(
    spec: &GlmSpec,
    ladder: &mut Ladder,
    (run, beside): (&mut Run, &mut Voxelwise),
    (inside, regional): (&[bool], Option<&mut Regional>),
    (plan, n_asked): (&Plan, usize),
    watch: &dyn Watch,
) -> Result<(Fitted, Signal, Option<BeyondChance>)> {
    let mut sample = run.physio.is_some().then(|| chance::sample(run, Some(inside)));
    let mut means = Means::new(run.grid.shape, run.n_volumes);
    let has_percent = plan.contrasts.len() > n_asked;
    let needs_mean = spec.scaling != SignalScale::None || has_percent;
    let mut empty = Empty::new(run.n_volumes);
    let mut filled = Filled::new(run.bold.as_mut(), &mut empty);
    let mut averaging;
    let bold: &mut dyn BoldSource = match regional {
        Some(regional) => {
            averaging = Averaging::new(&mut filled, regional);
            &mut averaging
        }
        None => &mut filled,
    };
    let mut gathered = if !needs_mean {
        let sources: (&mut dyn BoldSource, _) = (bold, &mut beside.sources[..]);
        gather_sampled(ladder, sources, sample.as_mut(), (inside, plan), watch)?
    } else {
        let mut source = Averaged::new(bold, &mut means);
        let sources: (&mut dyn BoldSource, _) = (&mut source, &mut beside.sources[..]);
        gather_sampled(ladder, sources, sample.as_mut(), (inside, plan), watch)?
    };
    let lost = empty.volumes().into_iter().map(|at| run.kept[at]).collect();
    precision::say_empty_of_run(run, lost, precision::FITTED, watch);
    let explained = |gathered: &Gathered, run: &Run| match &sample {
        Some(sample) => {
            chance::verdict(sample, run, &spec.design.terms, Some(gathered.fitted()), watch)
        }
        None => Ok(None),
    };
    if !needs_mean {
        let found = explained(&gathered, run)?;
        return Ok((gathered.decided(plan)?, Signal::default(), found));
    }
    let mean = match means.image() {
        Some(mean) => {
            censor::say_unsteady(run, &means, watch);
            mean
        }
        None => automask::mean_image(run.bold.as_mut())?,
    };
    let mean = scaling::as_fitted(mean, run, plan.smooth.as_ref())?;
    let signal = scaling::Signal::of(&gathered, plan, &mean);
    let (unit, too_dim) = signal.units(spec.scaling, run, watch)?;
    gathered.leave_out(&too_dim);
    let found = explained(&gathered, run)?;
    let mut fitted = gathered.decided(plan)?;
    let no_percent = match spec.scaling != SignalScale::Psc && has_percent {
        true => signal.percent(&mut fitted, n_asked, run, watch),
        false => Vec::new(),
    };
    unit.apply(&mut fitted, &mean, n_asked);
    Ok((fitted, Signal { unit, too_dim, no_percent }, found))
}

/// Read and fit a run, of which a sample is kept where there is one.
fn gather_sampled(
    ladder: &mut Ladder,
    (source, beside): (&mut dyn BoldSource, &mut [Box<dyn BoldSource>]),
    sample: Option<&mut Sample>,
    (inside, plan): (&[bool], &Plan),
    watch: &dyn Watch,
) -> Result<Gathered> {
    match sample {
        Some(sample) => {
            let mut source = Sampled::new(source, sample);
            gather(ladder, &mut source, beside, inside, plan, watch)
        }
        None => gather(ladder, source, beside, inside, plan, watch),
    }
}

/// Effects are judged by noise: a run has none where its columns explain every fitted voxel that varies.
fn refuse_all_explained((run, explained): (&Run, &[usize]), fitted: &Fitted) -> Result<()> {
    let varies = |voxel: &usize| fitted.flat.binary_search(voxel).is_err();
    let of = (0..fitted.fitted.len()).filter(|&voxel| fitted.fitted[voxel]);
    if explained.is_empty() || of.filter(varies).count() > explained.len() {
        return Ok(());
    }
    Err(Error::bad_data(
        display(&run.path),
        format!("is explained to rounding by its columns in all {} voxels", explained.len()),
        "have noise, by which effects are judged",
        "look at the image and the mask",
    ))
}
