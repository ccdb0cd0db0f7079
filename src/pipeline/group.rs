//! The `group` command as a story: a table of subjects' maps, a model in words, and for each contrast its maps over subjects.

use std::path::Path;

use serde_json::{Map as Fields, Value, json};

use crate::design::group::{Resolved, Stratum};
use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, Map, told};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::products::{Account, Opened, Products};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, Correction, GroupSpec, GroupVariance, Role};
use crate::pipeline::watch::Watch;
use crate::stats::permuted::Maxima;
use crate::volume::Grid;

mod beside;
mod clusters;
mod collected;
mod correct;
mod design;
mod enhance;
mod exact;
mod first_level;
mod fit;
mod fitted;
mod held;
mod images;
mod kept;
mod made;
mod merge;
mod methods;
mod mixed;
mod model;
mod over;
mod page;
mod permute;
mod picture;
mod rearranged;
mod regions;
mod remarks;
mod seed;
mod sizes;
mod summaries;
mod svc;
mod table;
mod values;
mod variances;

use correct::Smooth;
use design::design_table;
use fitted::Fitted;
pub use held::{Held, tested};
use images::Images;
pub use kept::Stored;
pub use merge::{Parts, parts};
pub use methods::{Counted, inference, variance};
use model::{bytes, labels, needed};
pub use model::{described, model, operations, refuse_apart};
use over::Over;
use page::Pages;
use rearranged::Rearranged;
pub use summaries::{Mean, Summaries, Summary, summaries};
pub(in crate::pipeline) use table::{
    contrast, contrast_of, entities, files_below, take_single_runs,
};

/// Test a group's maps.
///
/// # Errors
/// Input, model and output errors.
pub fn run(spec: &GroupSpec, session: &mut Session<'_>, products: &mut dyn Products) -> Result<()> {
    run_with(spec, Vec::new(), session, products)
}

/// The same, where other processes computed the rearrangements. `given`: their parts, each with its contrast as in file names.
///
/// # Errors
/// As [`run`], and parts that are of another analysis, overlap or lack something.
pub fn run_with(
    spec: &GroupSpec,
    given: Vec<(String, Stored)>,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let watch: &dyn Watch = &session.watch;
    let (sample, resolved) = model(spec, watch)?;
    let labels = labels(&resolved)?;
    let needed = needed(&sample, &resolved);
    let room = |n: usize, n_grid: usize| session.ladder.hold(bytes(spec, &resolved, n, n_grid));
    let mut images = Images::open(spec, &sample, &needed, &room, watch)?;
    images.files.extend(table::participants(&spec.table).map(|path| (Role::Table, path)));
    let beside = beside::files(&images.files);
    images.files.extend(beside);
    let variances = match spec.variance {
        GroupVariance::Mixed => Some(variances::open(spec, &sample, &mut images, watch)?),
        _ => None,
    };
    // What is wrong with them is told before the work, not behind it.
    let sets = regions::open(spec, &images, watch)?;
    images.files.extend(sets.iter().flat_map(|(_, set)| set.found.iter().cloned()));
    let (volumes, found) = svc::open(spec, &images, watch)?;
    images.files.extend(found);
    let fits = fits(spec, &resolved, (&images, variances.as_deref()), watch)?;
    if variances.is_some() && (spec.permute.is_some() || !spec.regions.is_empty()) {
        watch.note("rearrangements and regions take the effects alone, each subject alike; mixed effects are in the other maps");
    }
    let scratch = products.scratch();
    let on = (&mut session.ladder, scratch.as_deref());
    fits.iter().try_for_each(|fitted| fitted.maps.refuse_beyond_f32(&fitted.inside))?;
    let tested = (&resolved, fits.as_slice(), labels.as_slice());
    let rearranged = rearrange(spec, tested, &images, on, given, watch)?;
    scratch.iter().for_each(|folder| kept::tell_others(folder, watch));
    if spec.permute.as_ref().is_some_and(|options| options.shard.is_some()) {
        for (one, label) in rearranged.iter().zip(&labels) {
            products.table(one.tally(label))?;
        }
        let account = account(spec, &resolved, (&fits, &rearranged), images)?;
        return products.finish(session, account);
    }

    watch.stage("write", 1);
    let together = together(spec, &rearranged)?;
    let given = Given { spec, images: &images, sets: &sets, volumes: &volumes };
    let mut pages = Pages::open(spec, &images, watch)?;
    let mut smooth = Vec::new();
    let mut maps = Vec::new();
    for (at, (stratum, fitted)) in resolved.strata.iter().zip(&fits).enumerate() {
        let one = One { stratum, fitted, label: &labels[at], rearranged: rearranged.get(at) };
        let to: (&mut dyn Products, &mut Pages) = (&mut *products, &mut pages);
        let (own, smoothness) =
            given.answer(&one, together.as_ref(), &mut session.ladder, to, watch)?;
        smooth.push(smoothness);
        maps.extend(own);
    }
    let regions = &sets[0].1;
    if !regions.all.is_empty() {
        products.table(values::table(spec, (&sample, &resolved, &fits), (&images, regions))?)?;
    }
    let inside = (0..images.grid.n_voxels()).map(|v| fits.iter().any(|one| one.inside[v]));
    maps.push(Map::of_mask(Entities::of("mask"), &inside.collect::<Vec<bool>>()));
    products.maps(&images.header, &maps)?;
    let counted: Vec<Counted> =
        rearranged.iter().filter_map(|one| Counted::of(&one.resolved())).collect();
    let pages = pages.done(spec, (&sample, &resolved, &counted), &images);
    let own = account(spec, &resolved, (&fits, &rearranged), images)?;
    let mut account = Account { pages, ..own };
    account.resolved.extend(smoothness_of(&smooth));
    products.finish(session, account)
}

/// How smooth the noise of each contrast is, where any was asked.
fn smoothness_of(all: &[Option<Smooth>]) -> Option<(String, Value)> {
    let each = || all.iter().map(|s| json!(s.as_ref().map(Smooth::resolved)));
    let is_known = all.iter().any(Option::is_some);
    is_known.then(|| ("smoothness".to_owned(), each().collect()))
}

/// Each contrast's model over subjects.
fn fits(
    spec: &GroupSpec,
    resolved: &Resolved,
    (images, variances): (&Images, Option<&[Vec<f32>]>),
    watch: &dyn Watch,
) -> Result<Vec<Fitted>> {
    watch.stage("group", resolved.strata.len());
    let fit = |stratum| {
        let fitted = match variances {
            Some(variances) => mixed::fit(spec, stratum, (images, variances), watch),
            None => fit::fit(spec, stratum, images, watch),
        };
        watch.step();
        fitted
    };
    resolved.strata.iter().map(fit).collect()
}

/// The rearrangements of every contrast, one contrast after the other: each has its own residuals (those of the nuisance that it leaves), so that
/// a product of all of them would be as many operations, with data beside the operators that are no unit vectors and ties that do not hold.
/// Contrasts of the same residuals differ in sign alone, and both signs are what --two-sided counts in one pass.
/// What they share is the seed: number i does the same to all, which is what FWE across contrasts rests on. `given`: parts that other
/// processes computed, each with its contrast.
fn rearrange(
    spec: &GroupSpec,
    (resolved, fits, labels): (&Resolved, &[Fitted], &[String]),
    images: &Images,
    (ladder, scratch): (&mut Ladder, Option<&Path>),
    mut given: Vec<(String, Stored)>,
    watch: &dyn Watch,
) -> Result<Vec<Rearranged>> {
    let Some(options) = &spec.permute else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for ((stratum, fitted), label) in resolved.strata.iter().zip(fits).zip(labels) {
        let own = given.extract_if(.., |(of, _)| of == label).map(|(_, part)| part);
        let own: Vec<Stored> = own.collect();
        let tested = (stratum, &fitted.maps, fitted.inside.as_slice());
        let on = (&mut *ladder, scratch);
        all.push(permute::rearrange((spec, options), tested, images, on, &own, watch)?);
    }
    Ok(all)
}

/// What all contrasts are answered with.
struct Given<'a> {
    spec: &'a GroupSpec,
    images: &'a Images,
    sets: &'a regions::Sets,
    volumes: &'a svc::Sets,
}

/// A contrast, fitted.
struct One<'a> {
    stratum: &'a Stratum,
    fitted: &'a Fitted,
    /// As in file names.
    label: &'a str,
    rearranged: Option<&'a Rearranged>,
}

impl Given<'_> {
    /// A contrast's maps, and how smooth its noise is; its tables and pictures are on their way.
    fn answer(
        &self,
        one: &One<'_>,
        together: Option<&Maxima>,
        ladder: &mut Ladder,
        (products, pages): (&mut dyn Products, &mut Pages),
        watch: &dyn Watch,
    ) -> Result<(Vec<Map>, Option<Smooth>)> {
        let Given { spec, images, sets, volumes } = *self;
        let One { stratum, fitted, label, rearranged } = *one;
        if stratum.words != stratum.name {
            watch.note(&format!("{}: {}", stratum.name, stratum.words));
        }
        say_peak(fitted, &images.grid, watch);
        let mut own = maps_of(stratum, fitted, label, images);
        if let Some(one) = rearranged {
            let of_one = one.maps(label, images.grid.n_voxels(), together)?;
            one.say(&of_one, watch)?;
            own.extend(of_one);
            products.table(one.table(label))?;
            products.table(one.tally(label))?;
        }
        let tested = (stratum, fitted);
        let over = Over::new(fitted, &images.grid, label, None);
        own.extend(sizes::maps(spec, tested, &over)?);
        let smoothness = smoothness(spec, tested, images, &over, watch)?;
        own.extend(correct::maps(spec, stratum, fitted, (&over, smoothness.as_ref()), watch));
        if !volumes[0].1.is_empty() {
            let (of, named) = ((images, volumes), (label, smoothness.as_ref()));
            let (tables, of_volumes) = svc::correct(spec, tested, of, named, ladder, watch)?;
            tables.into_iter().try_for_each(|table| products.table(table))?;
            own.extend(of_volumes);
        }
        let regions = &sets[0].1;
        let clusters = clusters::table(spec, tested, &own, (images, regions), label)?;
        let answered = regions::Answered::new(spec, tested, images, label)?;
        let in_regions = (!regions.all.is_empty()).then(|| answered.table(regions, watch));
        pages.add(spec, tested, (&own, label), images, (&clusters, in_regions.as_ref()))?;
        products.table(clusters)?;
        in_regions.into_iter().try_for_each(|text| products.table(text))?;
        answered.moved(sets).into_iter().try_for_each(|text| products.table(text))?;
        products.table(design_table(stratum, label))?;
        Ok((own, smoothness))
    }
}

/// How smooth a contrast's noise is, where a correction asks for it.
fn smoothness(
    spec: &GroupSpec,
    tested: (&Stratum, &Fitted),
    images: &Images,
    over: &Over,
    watch: &dyn Watch,
) -> Result<Option<Smooth>> {
    let asked = spec.corrections.contains(&Correction::Rft);
    if !asked && spec.volumes.is_empty() {
        return Ok(None);
    }
    if spec.least_subjects.is_some() {
        return Ok(None);
    }
    correct::smoothness(tested, images, over, watch)
}

/// The maxima over all contrasts, where they are corrected together.
fn together(spec: &GroupSpec, all: &[Rearranged]) -> Result<Option<Maxima>> {
    let across = spec.permute.as_ref().is_some_and(|options| options.across);
    if !across || all.len() < 2 {
        return Ok(None);
    }
    if !all.iter().all(|one| one.is_like(&all[0])) {
        return Err(Error::usage(
            "--fwe-across-contrasts",
            "comes with contrasts whose subjects are rearranged in different ways",
            "come with contrasts of the same subjects, all by sign flips or all by exchange",
            "ask for them in separate runs",
        ));
    }
    let maxima: Vec<Maxima> = all.iter().map(Rearranged::z_maxima).collect();
    Maxima::together(&maxima).map(Some)
}

/// The maps of one contrast.
fn maps_of(stratum: &Stratum, fitted: &Fitted, label: &str, images: &Images) -> Vec<Map> {
    let mut maps = fitted.maps.maps(label, &fitted.inside, images.grid.plane_len());
    maps.extend(fitted.subjects_map(label));
    maps.extend(fitted.tau_map(label));
    let units = images.units.clone().unwrap_or_else(|| "those of the subjects' maps".to_owned());
    for map in &mut maps {
        map.asked.insert("ContrastInWords".to_owned(), json!(stratum.words));
        map.asked.insert("Subjects".to_owned(), json!(stratum.subjects.len()));
        let squared = match map.quantity {
            crate::maps::Quantity::Effect => "",
            crate::maps::Quantity::Variance | crate::maps::Quantity::TauSquare => ", squared",
            _ => continue,
        };
        map.asked.insert("Units".to_owned(), json!(format!("{units}{squared}")));
    }
    maps
}

/// The largest statistic of a contrast, of t in both directions, and where it is.
fn say_peak(fitted: &Fitted, grid: &Grid, watch: &dyn Watch) {
    let maps = &fitted.maps;
    let inside = || maps.stat.iter().enumerate().filter(|(voxel, _)| fitted.inside[*voxel]);
    let is_t = maps.stat_kind == Stat::T;
    let highest = inside().max_by(|a, b| a.1.total_cmp(b.1));
    let lowest = inside().min_by(|a, b| a.1.total_cmp(b.1)).filter(|(_, t)| is_t && **t < 0.0);
    for (voxel, value) in highest.into_iter().chain(lowest) {
        let [i, j, k] = grid.coordinates(voxel);
        let [x, y, z] = grid.millimetres([i, j, k]);
        let least = told(maps.dof.least());
        let (letter, dof) = match is_t {
            true => ("t", least),
            false => ("F", format!("{} and {least}", maps.rank)),
        };
        watch.note(&format!(
            "{}: {letter} {value:.3} at ({x:.1}, {y:.1}, {z:.1}) mm, voxel ({i}, {j}, {k}), dof {dof}",
            maps.name
        ));
    }
}

fn account(
    spec: &GroupSpec,
    resolved: &Resolved,
    (all, rearranged): (&[Fitted], &[Rearranged]),
    images: Images,
) -> Result<Account> {
    let mut fields = Fields::new();
    let mut counts = Fields::new();
    let mut of_contrasts: Vec<Value> = Vec::new();
    for (stratum, fitted) in resolved.strata.iter().zip(all) {
        of_contrasts.push(json!({
            "contrast": stratum.name,
            "cells": stratum.words,
            "within_subjects": stratum.combined_words,
            "subjects": stratum.subjects.len(),
            "columns": stratum.columns,
            "weights": stratum.weights.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
            "left_out": stratum.left_out.iter().map(|(subject, why)| json!([subject, why])).collect::<Vec<_>>(),
            "voxels": fitted.inside.iter().filter(|inside| **inside).count(),
        }));
    }
    fields.insert("contrasts".to_owned(), json!(of_contrasts));
    fields.insert("units".to_owned(), json!(images.units));
    if !rearranged.is_empty() {
        let all: Vec<Value> = rearranged.iter().map(Rearranged::resolved).collect();
        fields.insert("rearrangements".to_owned(), json!(all));
    }
    // As the mask has them; what too few subjects have is in it nowhere.
    let is_tested = |voxel: &&usize| all.iter().any(|fitted| fitted.inside[**voxel]);
    counts.insert("voxels".to_owned(), json!(images.places.iter().filter(is_tested).count()));
    counts.insert("voxels_of_any".to_owned(), json!(images.places.len()));
    counts.insert("maps".to_owned(), json!(images.values.iter().filter(|v| !v.is_empty()).count()));
    let opened = Opened { found: images.files, bolds: Vec::new() };
    Ok(Account {
        stages: if rearranged.is_empty() {
            vec!["read", "group"]
        } else {
            vec!["read", "group", "rearrange"]
        },
        dof: all.first().map(|one| one.maps.dof.least()),
        resolved: fields,
        counts,
        ..Account::of(Command::Group(spec.clone()), opened)
    })
}
