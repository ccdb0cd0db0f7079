//! The `group` command as a story: a table of subjects' maps, a model in words, and for each contrast its maps over subjects.

use serde_json::{Map as Fields, Value, json};

use crate::design::group::{Centre, Request, Resolved, Sample, Stratum, resolve};
use crate::design::label::labels;
use crate::error::{Error, Result};
use crate::io;
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, Map, told};
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::inputs::display;
use crate::pipeline::products::{Account, Agreement, Opened, Products, Text};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, Correction, ErrorTerm, GroupSpec, GroupVariance, Role};
use crate::pipeline::watch::{Quiet, Watch};
use crate::stats::permuted::Maxima;
use crate::stats::second_level::SecondLevel;
use crate::table::Table;
use crate::volume::Grid;

mod clusters;
mod correct;
mod enhance;
mod fit;
mod held;
mod images;
mod kept;
mod merge;
mod mixed;
mod over;
mod permute;
mod rearranged;
mod regions;
mod svc;
mod table;
mod variances;

use correct::Smooth;
use fit::Fitted;
pub use held::{Held, tested};
use images::Images;
pub use kept::Stored;
pub use merge::{Parts, parts};
use over::Over;
use rearranged::Rearranged;
use regions::Regions;

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
    mut given: Vec<(String, Stored)>,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let watch: &dyn Watch = &session.watch;
    let (sample, resolved) = model(spec, watch)?;
    let names: Vec<String> = resolved.strata.iter().map(|s| s.name.clone()).collect();
    let labels = labels(&names)?;
    let mut images = Images::open(spec, &sample, &needed(&sample, &resolved), watch)?;
    images.files.extend(table::participants(&spec.table).map(|path| (Role::Table, path)));
    let variances = match spec.variance {
        GroupVariance::Mixed => Some(variances::open(spec, &sample, &mut images, watch)?),
        _ => None,
    };
    watch.stage("group", resolved.strata.len());
    let mut all = Vec::new();
    for stratum in &resolved.strata {
        all.push(match &variances {
            Some(variances) => mixed::fit(spec, stratum, (&images, variances), watch)?,
            None => fit::fit(spec, stratum, &images, watch)?,
        });
        watch.step();
    }

    let device = &session.ladder.device;
    let mut rearranged = Vec::new();
    if spec.variance == GroupVariance::Mixed && (spec.permute.is_some() || !spec.regions.is_empty())
    {
        watch.note("rearrangements and regions take the effects alone, each subject alike; mixed effects are in the other maps");
    }
    if let Some(options) = &spec.permute {
        let scratch = products.scratch();
        for ((stratum, fitted), label) in resolved.strata.iter().zip(&all).zip(&labels) {
            let own = given.extract_if(.., |(of, _)| of == label).map(|(_, part)| part).collect();
            let (asked, on) = ((spec, options), (device, scratch.as_deref()));
            let tested = (stratum, &fitted.maps, fitted.inside.as_slice());
            rearranged.push(permute::rearrange(asked, tested, &images, on, own, watch)?);
        }
    }
    if spec.permute.as_ref().is_some_and(|options| options.shard.is_some()) {
        for (one, label) in rearranged.iter().zip(&labels) {
            products.table(one.tally(label))?;
        }
        let account = account(spec, &resolved, (&all, &rearranged), images)?;
        return products.finish(session, account);
    }

    watch.stage("write", 1);
    let regions = Regions::open(spec, &images.grid, watch)?;
    let volumes = svc::open(spec, &images.grid, watch)?;
    let together = together(spec, &rearranged)?;
    let mut smooth = Vec::new();
    let mut maps = Vec::new();
    for (at, (stratum, fitted)) in resolved.strata.iter().zip(&all).enumerate() {
        let label = &labels[at];
        say_peak(&fitted.maps, &images.grid, watch);
        let mut own = maps_of(stratum, fitted, label, &images);
        if let Some(one) = rearranged.get(at) {
            let of_one = one.maps(label, images.grid.n_voxels(), together.as_ref())?;
            one.say(&of_one, watch)?;
            own.extend(of_one);
            products.table(one.table(label))?;
            products.table(one.tally(label))?;
        }
        let tested = (stratum, fitted);
        let over = Over::new(fitted, &images.grid, label, None);
        let smoothness = smoothness(spec, tested, &images, &over, watch)?;
        own.extend(correct::maps(spec, stratum, fitted, (&over, smoothness.as_ref()), watch));
        if !volumes.is_empty() {
            let (of, named) =
                ((&images, volumes.as_slice()), (label.as_str(), smoothness.as_ref()));
            let (table, of_volumes) = svc::correct(spec, tested, of, named, device, watch)?;
            products.table(table)?;
            own.extend(of_volumes);
        }
        smooth.push(smoothness);
        let of = (&images, &regions);
        products.table(clusters::table(spec, tested, &own, of, label)?)?;
        if !regions.all.is_empty() {
            products.table(regions::table(spec, tested, of, label, watch)?)?;
        }
        products.table(design_table(stratum, label))?;
        maps.extend(own);
    }
    let inside = (0..images.grid.n_voxels()).map(|v| all.iter().any(|one| one.inside[v]));
    maps.push(Map::of_mask(Entities::of("mask"), &inside.collect::<Vec<bool>>()));
    products.maps(&images.header, &maps)?;
    let mut account = account(spec, &resolved, (&all, &rearranged), images)?;
    if smooth.iter().any(Option::is_some) {
        let all: Vec<Value> =
            smooth.iter().map(|s| json!(s.as_ref().map(Smooth::resolved))).collect();
        account.resolved.insert("smoothness".to_owned(), json!(all));
    }
    products.finish(session, account)
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
        if !asked {
            return Ok(None);
        }
        return Err(Error::usage(
            "--correct rft",
            "comes with --min-subjects",
            "have every subject at every voxel, for their residuals say how smooth the noise is",
            "leave one of them out",
        ));
    }
    correct::smoothness(tested, images, over, watch)
}

/// The table of maps and the model in it.
///
/// # Errors
/// Missing input, and what the table lacks or the model forbids.
pub fn model(spec: &GroupSpec, watch: &dyn Watch) -> Result<(Sample, Resolved)> {
    let sample = table::sample(spec, watch)?;
    let resolved = contrasts(spec, &sample, watch)?;
    Ok((sample, resolved))
}

/// The model's contrasts, and who is in each.
fn contrasts(spec: &GroupSpec, sample: &Sample, watch: &dyn Watch) -> Result<Resolved> {
    let matrix = table::matrix(&spec.model)?;
    let request = Request {
        model: &spec.model,
        matrix: matrix.as_ref(),
        between: spec.between.as_deref(),
        within: &spec.within,
        covariates: &spec.covariates,
        centre: spec.centre,
        contrasts: &spec.contrasts,
        f_contrasts: &spec.f_contrasts,
        pooled: spec.error == ErrorTerm::Pooled,
    };
    let mut resolved = resolve(sample, &request)?;
    refuse_least(spec, resolved.factors.subjects.len())?;
    if let Some(column) = spec.permute.as_ref().and_then(|options| options.blocks.as_deref()) {
        give_blocks(sample, column, &mut resolved)?;
    }
    if !spec.covariates.is_empty() {
        let about = match spec.centre {
            Centre::Overall => "centred over the subjects of each contrast",
            Centre::Group => "centred within each group",
            Centre::None => "not centred: effects are where they are 0",
        };
        watch.note(&format!("covariates ({}) are {about} (--centre)", spec.covariates.join(", ")));
    }
    resolved.notes.iter().for_each(|line| watch.note(line));
    resolved.warnings.iter().for_each(|line| watch.warn(line));
    for stratum in &resolved.strata {
        if !stratum.left_out.is_empty() {
            let why = |(subject, why): &(String, String)| format!("{subject} ({why})");
            let names: Vec<String> = stratum.left_out.iter().map(why).collect();
            watch.warn(&format!(
                "{} of {} {} not in {}: {}",
                names.len(),
                names.len() + stratum.subjects.len(),
                if names.len() == 1 { "is" } else { "are" },
                stratum.name,
                names.join(", ")
            ));
        }
    }
    Ok(resolved)
}

/// Operations that the rearrangements come to, roughly; 0 where there are none, or the table cannot be read.
#[must_use]
pub fn operations(spec: &GroupSpec) -> f64 {
    let Some(options) = &spec.permute else { return 0.0 };
    let n = |(sample, resolved): (Sample, Resolved)| {
        let first = images::paths(spec, &sample, "effect").ok()?.into_iter().next()?;
        let n_voxels = io::float32_bytes(&first).ok()? / 4;
        let rows: usize = resolved.strata.iter().map(|s| s.subjects.len() * s.combined.len()).sum();
        let parts = options.shard.map_or(1, |[_, n]| n);
        Some(2.0 * rows as f64 * n_voxels as f64 * (options.n / parts) as f64)
    };
    model(spec, &Quiet).ok().and_then(n).unwrap_or(0.0)
}

/// What a model comes to, for a person: its contrasts, what each is tested in, its degrees of freedom; and whether the maps are there.
///
/// # Errors
/// As [`model`].
pub fn described(spec: &GroupSpec, watch: &dyn Watch) -> Result<String> {
    let (sample, resolved) = model(spec, watch)?;
    let paths = images::paths(spec, &sample, "effect")?;
    let mut parts = vec![format!(
        "{}: {} maps of {} subjects, model {}",
        sample.table.name,
        sample.subjects.len(),
        resolved.factors.subjects.len(),
        spec.model.name()
    )];
    if spec.table.is_dir() {
        parts.push(aligned(&sample.table));
    }
    let notes: Vec<String> = resolved.notes.iter().chain(&resolved.warnings).cloned().collect();
    parts.extend((!notes.is_empty()).then(|| notes.join("\n")));
    let mut shown: Vec<&Stratum> = Vec::new();
    for stratum in &resolved.strata {
        let solved = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
        let told = stratum.told(solved.rank);
        parts.push(format!("{told}\n{}", permute::described(spec, stratum)?));
        let same = shown
            .iter()
            .find(|other| (&other.design, &other.subjects) == (&stratum.design, &stratum.subjects));
        parts.push(match same {
            Some(other) => format!("  the design is that of {}", other.name),
            None => aligned(&design_rows(stratum)),
        });
        shown.push(stratum);
    }
    let missing: Vec<String> = paths.iter().filter(|p| !p.is_file()).map(|p| display(p)).collect();
    if !missing.is_empty() {
        let listed: Vec<&str> = missing.iter().take(6).map(String::as_str).collect();
        parts.push(format!("{} maps are not there: {}", missing.len(), listed.join(", ")));
    }
    Ok(parts.join("\n\n"))
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

/// The blocks of a column, for the rows of each stratum.
fn give_blocks(sample: &Sample, column: &str, resolved: &mut Resolved) -> Result<()> {
    let texts = sample.texts(column)?;
    let mut known: Vec<&String> = Vec::new();
    for stratum in &mut resolved.strata {
        let mut blocks = Vec::new();
        for (at, maps) in stratum.combined[0].iter().enumerate() {
            let of = |&(row, _): &(usize, f64)| texts[row].as_ref();
            let first = maps.first().and_then(of);
            let (Some(block), true) = (first, maps.iter().all(|one| of(one) == first)) else {
                return Err(Error::bad_data(
                    format!("subject '{}' of {}", stratum.subjects[at], sample.table.name),
                    format!("has no value in column '{column}', or several"),
                    "be in one block",
                    "fill it in, or name another column by --blocks",
                ));
            };
            let number = known.iter().position(|other| *other == block).unwrap_or_else(|| {
                known.push(block);
                known.len() - 1
            });
            blocks.push(number);
        }
        stratum.given_blocks = Some(blocks);
    }
    Ok(())
}

/// The rows of the table that some contrast takes.
fn needed(sample: &Sample, resolved: &Resolved) -> Vec<bool> {
    let mut needed = vec![false; sample.subjects.len()];
    let maps = resolved.strata.iter().flat_map(|s| s.combined.iter().flatten().flatten());
    maps.for_each(|&(row, _)| needed[row] = true);
    needed
}

/// --min-subjects that cannot be meant.
fn refuse_least(spec: &GroupSpec, n_subjects: usize) -> Result<()> {
    match spec.least_subjects {
        Some(least) if least == 0 || least > n_subjects => Err(Error::usage(
            "--min-subjects",
            format!("is {least}"),
            format!("be from 1 to {n_subjects}, the subjects of the table"),
            "leave it out to need all",
        )),
        _ => Ok(()),
    }
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
fn say_peak(maps: &ContrastMaps, grid: &Grid, watch: &dyn Watch) {
    let mut ends = vec![maps.stat.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))];
    let is_t = maps.stat_kind == Stat::T;
    if is_t {
        ends.push(maps.stat.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)));
    }
    for (voxel, value) in ends.into_iter().flatten() {
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

fn design_rows(stratum: &Stratum) -> Table {
    let with = |first: &str| {
        std::iter::once(first.to_owned()).chain(stratum.columns.iter().cloned()).collect()
    };
    let row = |(subject, row): (&String, ndarray::ArrayView1<f64>)| {
        let numbers = row.iter().map(|v| format!("{v}"));
        std::iter::once(subject.clone()).chain(numbers).collect()
    };
    let rows = stratum.subjects.iter().zip(stratum.design.rows()).map(row).collect();
    Table { name: "design".to_owned(), columns: with("subject"), rows }
}

fn design_table(stratum: &Stratum, label: &str) -> Text {
    Text {
        entities: Entities::of("design").with("contrast", label),
        ending: ".tsv",
        text: io::tsv::write_string(&design_rows(stratum)),
        agreement: Some(Agreement::Host),
        described: None,
    }
}

/// A table with its columns aligned.
fn aligned(table: &Table) -> String {
    let short = |cell: &String| match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') => format!("{number:.3}"),
        _ => cell.clone(),
    };
    let mut lines = vec![table.columns.clone()];
    lines.extend(table.rows.iter().map(|row| row.iter().map(short).collect()));
    let width = |c: usize| lines.iter().map(|l| l[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        format!("  {}", padded.collect::<Vec<_>>().join("  "))
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
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
    counts.insert("voxels".to_owned(), json!(images.places.len()));
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
