//! p by rearrangement: what may be rearranged in a stratum, the rearrangements in batches, and the p-values that they give.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ndarray::{Array2, s};
use rayon::prelude::*;

use super::enhance::Enhancer;
use super::exact;
use super::fitted::Fitted;
use super::images::Images;
use super::kept::{self, Kept, Stored};
use super::rearranged::Rearranged;
use crate::design::group::{Combination, Stratum};
use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::interrupt;
use crate::kernels::rearranged::{self, Field, Residuals, Wanted};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::inputs::display;
use crate::pipeline::spec::{GroupSpec, GroupVariance, PermuteOptions};
use crate::pipeline::watch::{Quiet, Watch};
use crate::stats::permuted::{Maxima, Tail, Tally};
use crate::stats::rearrange::{Exchange, Flipped, Permuted, Plan, Tested, VarianceGroups};

/// Rearrangements in a batch whose statistics are not kept.
const BATCH: u64 = 1000;
/// In a batch of whole maps.
const MAPS: u64 = 64;
/// How often what was counted is kept on the disk.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// What may be rearranged, and the stratum's design with a row for each of its values.
fn stacked(spec: &GroupSpec, stratum: &Stratum) -> Result<(Exchange, Array2<f64>, Array2<f64>)> {
    let n_combined = stratum.combined.len();
    let (n, p) = stratum.design.dim();
    let (q, _) = stratum.weights.dim();
    let mut design = Array2::zeros((n * n_combined, p * n_combined));
    let mut weights = Array2::zeros((q * n_combined, p * n_combined));
    for at in 0..n_combined {
        design.slice_mut(s![at * n..(at + 1) * n, at * p..(at + 1) * p]).assign(&stratum.design);
        weights.slice_mut(s![at * q..(at + 1) * q, at * p..(at + 1) * p]).assign(&stratum.weights);
    }
    Ok((exchange(spec, stratum)?, design, weights))
}

/// Whether only maps of one subject may be exchanged, and the contrast compares subjects.
fn compares_subjects(spec: &GroupSpec, stratum: &Stratum) -> Result<bool> {
    let whole = spec.permute.as_ref().is_some_and(|options| options.whole);
    let is_within = stratum.given_blocks.is_none() && !stratum.flips && !whole;
    Ok(is_within && !stratum.is_within_blocks()?)
}

/// What may be rearranged: signs for a mean, rows for a comparison; what belongs together moves together.
fn exchange(spec: &GroupSpec, stratum: &Stratum) -> Result<Exchange> {
    let (n, n_combined) = (stratum.subjects.len(), stratum.combined.len());
    let whole = spec.permute.as_ref().is_some_and(|options| options.whole);
    if let Some(blocks) = &stratum.given_blocks {
        if n_combined > 1 {
            return Err(Error::usage(
                "--blocks",
                format!(
                    "comes with '{}', which tests several combinations of each subject's maps",
                    stratum.name
                ),
                "come with t contrasts, or F of one combination",
                "leave --blocks out",
            ));
        }
        return match (stratum.flips, whole) {
            (true, true) => Exchange::new(blocks, Permuted::No, Flipped::Blocks),
            (true, false) => Exchange::signs(n),
            (false, true) => Exchange::new(blocks, Permuted::Whole, Flipped::No),
            (false, false) => Exchange::new(blocks, Permuted::Within, Flipped::No),
        };
    }
    if compares_subjects(spec, stratum)? {
        return Err(Error::usage(
            format!("contrast '{}' with --permutations", stratum.name),
            "compares subjects, who have several maps each",
            "compare maps within subjects, for those are exchanged",
            "give --whole-blocks where all subjects have as many maps, or choose a model in words (2x2-mixed), which combines a subject's maps first",
        ));
    }
    // A subject's combinations move together.
    let subjects: Vec<usize> = (0..n * n_combined).map(|row| row % n).collect();
    match (&stratum.blocks, stratum.flips, n_combined) {
        (Some(blocks), true, _) => Exchange::new(blocks, Permuted::No, Flipped::Blocks),
        (Some(blocks), false, _) if whole => Exchange::new(blocks, Permuted::Whole, Flipped::No),
        (Some(blocks), false, _) => Exchange::new(blocks, Permuted::Within, Flipped::No),
        (None, true, 1) => Exchange::signs(n),
        (None, false, 1) => Exchange::rows(n),
        (None, true, _) => Exchange::new(&subjects, Permuted::No, Flipped::Blocks),
        (None, false, _) => Exchange::new(&subjects, Permuted::Whole, Flipped::No),
    }
}

/// What a stratum tests: F where it asks for F, of one row of weights, too.
fn tested(
    spec: &GroupSpec,
    stratum: &Stratum,
    (exchange, design, weights): &(Exchange, Array2<f64>, Array2<f64>),
) -> Result<Tested> {
    let tested = Tested::new(design.view(), weights.view(), exchange, groups(spec, stratum))?;
    Ok(if stratum.is_f { tested.as_f() } else { tested })
}

/// What may be rearranged in a stratum, for a person.
///
/// # Errors
/// Usage where nothing may be.
pub(super) fn described(spec: &GroupSpec, stratum: &Stratum) -> Result<String> {
    if spec.permute.is_none() && compares_subjects(spec, stratum)? {
        let none = "  rearrangements: none within subjects, for it compares them (--whole-blocks)";
        return Ok(none.to_owned());
    }
    let stacked = stacked(spec, stratum)?;
    let (tested, exchange) = (tested(spec, stratum, &stacked)?, stacked.0);
    let asked = spec.permute.as_ref().map_or(5000, |options| options.n);
    let plan = Plan::new(&exchange, &[tested], asked.max(2), 1)?;
    let how = if stratum.flips { "sign flips" } else { "exchanges" };
    let whole = spec.permute.as_ref().is_some_and(|options| options.whole);
    let what = match (&stratum.blocks, stratum.combined.len()) {
        _ if stratum.given_blocks.is_some() && whole => "of whole blocks",
        _ if stratum.given_blocks.is_some() && !stratum.flips => "of subjects within blocks",
        (Some(_), _) if whole => "of whole subjects",
        (Some(_), _) if stratum.flips => "of subjects' maps together",
        (Some(_), _) => "of maps within subjects",
        _ => "of subjects",
    };
    Ok(format!(
        "  rearrangements: {how} {what}, {} possible, {} different; {} would be computed{}",
        exchange.possible(),
        plan.distinct(),
        plan.n(),
        if plan.exhaustive() { ", which are all" } else { "" }
    ))
}

fn groups(spec: &GroupSpec, stratum: &Stratum) -> Option<VarianceGroups> {
    (spec.variance == GroupVariance::Welch).then(|| VarianceGroups::new(&stratum.group))
}

/// What cannot be exchanged, or would be rounded.
fn refuse(stratum: &Stratum, images: &Images) -> Result<()> {
    // What is left of a large level in a combination would be rounded.
    let has_level = |maps: &Combination| maps.iter().map(|(_, w)| w).sum::<f64>().abs() > 1e-9;
    if !images.rests.is_empty() && stratum.combined.iter().flatten().any(has_level) {
        return Err(exact::refused(&stratum.name));
    }
    Ok(())
}

/// Rearrange a contrast's data. `given`: what other processes computed of them; `scratch`: a folder for what is not finished.
///
/// # Errors
/// Usage where the contrast forbids it; device errors; an interrupt.
pub(super) fn rearrange(
    (spec, options): (&GroupSpec, &PermuteOptions),
    (stratum, maps, inside): (&Stratum, &ContrastMaps, &[bool]),
    images: &Images,
    (ladder, scratch): (&mut Ladder, Option<&Path>),
    given: &[Stored],
    watch: &dyn Watch,
) -> Result<Rearranged> {
    refuse(stratum, images)?;
    let stacked = stacked(spec, stratum)?;
    let (tested, exchange) = (tested(spec, stratum, &stacked)?, stacked.0);
    exchange.remarks().iter().for_each(|line| watch.warn(line));
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), options.n, options.seed)?;
    let within: Vec<usize> =
        (0..images.places.len()).filter(|&p| inside[images.places[p]]).collect();
    let places: Vec<usize> = within.iter().map(|&p| images.places[p]).collect();
    let data = values(stratum, images, &within);
    let two_sided = spec.two_sided && !stratum.is_f;
    let key = kept::key(data.view(), (&tested, &plan), options, (spec, two_sided))?;
    let numbers = numbers(options, &plan, &stratum.name)?;
    let (observed, Kept { tally, enhancer, key }) = ladder.whole(watch, &mut |device| {
        let residuals = Residuals::new(data.view(), &tested)?;
        let mut tape = device.tape();
        let mut field = rearranged::begin(&mut tape, residuals, &tested)?;
        let observed = field.observed(&tape.run()?)?;
        let of_observed = statistics(&mut field, device, &plan)?;
        let enhancer = {
            let (kind, of) = ((maps, two_sided), (places.as_slice(), of_observed));
            Enhancer::new((options, spec.touch), kind, &images.grid, of, plan.n())?
        };
        let tally = Tally::new(plan.n(), plan.mirrored(), places.len());
        let kept = Kept::new(key.clone(), tally, enhancer);
        let mut work = Work { name: &stratum.name, plan: &plan, field, device, kept };
        work.join(given, &numbers)?;
        work.through(numbers.clone(), scratch, watch)?;
        Ok((observed, work.kept))
    })?;
    Ok(Rearranged {
        name: stratum.name.clone(),
        places,
        observed,
        tested,
        tally,
        enhanced: enhancer.map(Enhancer::done),
        tail: if two_sided { Tail::Both } else { Tail::Positive },
        plan,
        possible: exchange.possible().to_string(),
        key,
        pareto: options.pareto,
    })
}

/// The numbers of the rearrangements that this process computes.
fn numbers(options: &PermuteOptions, plan: &Plan, name: &str) -> Result<Range<u64>> {
    let Some([k, n]) = options.shard else { return Ok(0..plan.n()) };
    if n > plan.n() {
        return Err(Error::usage(
            "--shard",
            format!("parts {} rearrangements of '{name}'", plan.n()),
            "leave each part at least one",
            "ask for fewer parts",
        ));
    }
    Ok((k - 1) * plan.n() / n..k * plan.n() / n)
}

/// The same over some voxels of the grid, for the largest statistic among them.
///
/// # Errors
/// As [`rearrange`].
pub(super) fn rearrange_within(
    (spec, options): (&GroupSpec, &PermuteOptions),
    (stratum, fitted): (&Stratum, &Fitted),
    images: &Images,
    (places, ladder): (&[u32], &mut Ladder),
) -> Result<Rearranged> {
    let mut inside = vec![false; fitted.inside.len()];
    places.iter().for_each(|&v| inside[v as usize] = true);
    let alone = PermuteOptions { tfce: None, cluster_p: None, shard: None, ..options.clone() };
    let tested = (stratum, &fitted.maps, inside.as_slice());
    rearrange((spec, &alone), tested, images, (ladder, None), &[], &Quiet)
}

/// The observed map by the kernel that makes those of the rearrangements; it is not counted.
fn statistics(field: &mut Field, device: &Device, plan: &Plan) -> Result<Vec<f32>> {
    let mut tape = device.tape();
    let coming = rearranged::advance(&mut tape, field, &[plan.get(0)], Wanted::Statistics)?;
    Ok(coming.read(&tape.run()?)?.statistics)
}

/// Rearrangements on their way.
struct Work<'a> {
    name: &'a str,
    plan: &'a Plan,
    field: Field,
    device: &'a Device,
    kept: Kept,
}

impl Work<'_> {
    /// Take what other processes computed, which must be all of these numbers where there is any.
    fn join(&mut self, given: &[Stored], numbers: &Range<u64>) -> Result<()> {
        for one in given {
            self.kept.add(one)?;
        }
        let lacking = self.kept.lacking(numbers.clone(), u64::MAX);
        match lacking.first().filter(|_| !given.is_empty()) {
            None => Ok(()),
            Some(lacks) => Err(Error::bad_data(
                format!("the parts of '{}'", self.name),
                format!("lack the rearrangements {} to {}", lacks.start, lacks.end - 1),
                format!("hold all {} together", self.plan.n()),
                "compute the part that is missing, and give all of them",
            )),
        }
    }

    /// Compute what is lacking of these numbers. `scratch`: where what has been counted is kept from time to time, so that a
    /// run that is stopped can go on.
    fn through(
        &mut self,
        numbers: Range<u64>,
        scratch: Option<&Path>,
        watch: &dyn Watch,
    ) -> Result<()> {
        let file = scratch.map(|folder| kept::hidden(folder, &self.kept.key));
        if let Some(file) = file.as_deref().filter(|file| file.is_file()) {
            match Stored::read(file).and_then(|before| self.kept.add(&before)) {
                Ok(()) => watch.note(&format!(
                    "{}: going on from a run that was stopped, {} rearrangements are done",
                    self.name,
                    self.kept.n_done()
                )),
                Err(why) => watch.warn(&format!(
                    "{}: what a run that was stopped left cannot be used, its rearrangements are computed anew: {why}",
                    self.name
                )),
            }
        }
        let base = self.kept.tally.clone();
        let size = if self.kept.enhancer.is_some() { MAPS } else { BATCH };
        let lacking = self.kept.lacking(numbers, size);
        watch.stage(&format!("rearrange {}", self.name), lacking.len());
        let (begun, mut saved) = (Instant::now(), Instant::now());
        for range in lacking {
            if let Err(stop) = interrupt::check() {
                // Of little work there is nothing to keep, unless a part of it is kept already.
                let is_worth =
                    |file: &&PathBuf| begun.elapsed() > Duration::from_secs(2) || file.is_file();
                let Some(file) = file.as_ref().filter(is_worth) else { return Err(stop) };
                self.count(&base)?;
                self.kept.save(file, watch)?;
                return Err(Error::Stopped(format!(
                    "no map was written; {} rearrangements are kept in {}, hidden; the same command goes on from there",
                    self.kept.n_done(),
                    display(file.parent().unwrap_or(Path::new("")))
                )));
            }
            self.batch(range)?;
            watch.step();
            if let Some(file) = file.as_ref().filter(|_| saved.elapsed() > SAVE_EVERY) {
                self.count(&base)?;
                self.kept.save(file, watch)?;
                saved = Instant::now();
            }
        }
        self.count(&base)?;
        file.iter().for_each(|file| Kept::forget(file));
        Ok(())
    }

    fn batch(&mut self, range: Range<u64>) -> Result<()> {
        let wanted = if self.kept.enhancer.is_some() { Wanted::Both } else { Wanted::Counts };
        let mut tape = self.device.tape();
        let some = (self.plan, range.clone());
        let coming = rearranged::advance_through(&mut tape, &mut self.field, some, wanted)?;
        let batch = coming.read(&tape.run()?)?;
        self.kept.tally.maxima.put(range.start, &batch.high, &batch.low)?;
        if let Some(enhancer) = &mut self.kept.enhancer {
            enhancer.take(range.start, &batch.statistics, self.plan.mirrored())?;
        }
        Ok(())
    }

    /// Have the counts so far: those of `base` and of this process.
    fn count(&mut self, base: &Tally) -> Result<()> {
        let mut tape = self.device.tape();
        let counting = rearranged::counts(&mut tape, &self.field)?;
        let mut all = base.clone();
        all.add_counts(counting.read(&tape.run()?)?.parts())?;
        all.maxima = std::mem::replace(&mut self.kept.tally.maxima, Maxima::missing(0));
        self.kept.tally = all;
        Ok(())
    }
}

/// The combinations of the subjects' maps, `[combination, row][voxel]`.
fn values(stratum: &Stratum, images: &Images, within: &[usize]) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = stratum
        .combined
        .iter()
        .flatten()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|maps| {
            let value = |&place: &usize| {
                let of = |&(row, w): &(usize, f64)| w * images.value(row, place);
                maps.iter().map(of).sum::<f64>() as f32
            };
            within.iter().map(value).collect()
        })
        .collect();
    Array2::from_shape_fn((rows.len(), within.len()), |(row, voxel)| rows[row][voxel])
}
