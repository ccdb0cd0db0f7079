//! The page of a finished analysis: what the story knows, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Array2;

use super::across::Asked;
use super::modelled::Told;
use super::so_far::Combined;
use super::{FEW_DOF, Opened, Questions, across, methods};
use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, told};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::combine::Joining;
use crate::pipeline::courses::{self, Seen, Through};
use crate::pipeline::inputs::Run;
use crate::pipeline::peaks;
use crate::pipeline::products::{Draw, Page};
use crate::pipeline::provenance::{self, Output, Provenance};
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::Watch;
use crate::report::analysis::{
    Analysis, Cell, Columns, Contrast, Estimable, Motion, Row, RunPart, Weighed, Weights,
    left_out_note, page as drawn,
};
use crate::report::notes::{Kind, Note};
use crate::report::page::FileRead;
use crate::report::statmap::Underlay;
use crate::report::viewer::Course;
use crate::volume::Grid;

/// Go through the runs once more, and make the page of what is known then.
///
/// # Errors
/// Those of reading the runs; internal where masks and grid disagree.
pub(super) fn page(
    spec: &GlmSpec,
    ladder: &Ladder,
    opened: &mut Opened,
    (questions, found): (&mut Questions, &Combined),
    watch: &dyn Watch,
) -> Result<Page> {
    let (all, grid) = (&found.all, opened.grid.clone());
    let n_asked = questions.asked.len();
    let of = |maps| peaks::of(maps, &all.fitted, &grid);
    let clusters = all.contrasts[..n_asked].iter().map(of).collect::<Result<Vec<_>>>()?;
    let mut places: Vec<usize> =
        clusters.iter().flat_map(|one| one.first.iter().map(|(_, place)| *place)).collect();
    places.sort_unstable();
    places.dedup();
    let (mut mean, mut of_runs) = (vec![0.0; grid.n_voxels()], Vec::new());
    for (at, run) in opened.runs.iter_mut().enumerate() {
        let plan = questions.plan(spec, (at, run))?;
        let through = (&places[..], Through::All);
        let seen = courses::pass(ladder, run.bold.as_mut(), &plan, through, watch)?;
        run.bold.release();
        add_mean(&mut mean, run, &seen);
        let design = plan.model.solvers[0].design.clone();
        of_runs.push(OfRun { courses: courses::at((run, &plan), &seen, &places), design });
    }
    let below = Arc::new(below(mean, opened.runs.len(), &grid));
    let (mut contrasts, mut weighed) = (Vec::new(), Vec::new());
    for (at, clusters) in clusters.into_iter().enumerate() {
        let (asked, maps) = (&questions.asked[at], &all.contrasts[at]);
        let n_runs = asked.joint.runs().count();
        contrasts.push(Contrast {
            name: maps.name.clone(),
            words: words(asked, &opened.runs),
            picture: peaks::picture(maps, &all.fitted, (&grid, Some(&below)), n_runs),
            file: format!("contrast-{}_clusters.tsv", questions.labels[at]),
            courses: courses_of(&clusters.first, &of_runs, asked),
            clusters: clusters.listed,
            corrections: Vec::new(),
            design: None,
            regions: None,
            links: Vec::new(),
        });
        weighed.push(Weighed {
            name: maps.name.clone(),
            letter: if maps.stat_kind == Stat::T { "t" } else { "F" },
            rows: weights(asked, &opened.runs, &questions.models),
        });
    }
    let runs = opened.runs.iter().zip(of_runs).enumerate();
    let questions = &*questions;
    let part = |(at, (run, of_run)): (usize, (&Run, OfRun))| {
        run_part(run, of_run.design, (at, questions), spec)
    };
    let analysis = Analysis {
        kind: "First-level analysis".to_owned(),
        title: opened.runs.iter().map(Run::name).collect::<Vec<_>>().join(", "),
        version: String::new(),
        command_line: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        notes: notes(&opened.runs, &questions.models),
        facts: facts(spec, found, &opened.runs),
        methods: methods::of(spec, opened, questions),
        columns: columns(&opened.runs, &questions.models),
        coverage: Vec::new(),
        weighed,
        runs: runs.map(part).collect(),
        contrasts,
    };
    let recorded: Vec<bool> = opened.runs.iter().map(|run| run.physio.is_some()).collect();
    let draw: Draw = Box::new(move |made| drawn(&with(made, analysis, &recorded)));
    Ok(Page { entities: Entities::of("report"), ending: ".html", draw })
}

/// What is known once the outputs are. `recorded`: whether a run has columns from recordings, `[run]`.
fn with(made: &Provenance, mut analysis: Analysis, recorded: &[bool]) -> Analysis {
    let is_qc = |o: &&Output| o.kind == provenance::Kind::Page && o.entities == "desc-retroicor_qc";
    let qc = made.outputs.iter().find(is_qc).map(|page| page.name.to_string_lossy().into_owned());
    for (run, _) in analysis.runs.iter_mut().zip(recorded).filter(|(_, recorded)| **recorded) {
        run.recordings.clone_from(&qc);
    }
    let read = made.inputs.iter().map(|input| FileRead {
        path: input.path.to_string_lossy().into_owned(),
        role: input.role.name().to_owned(),
        checksum: input.checksum.to_string(),
    });
    let warnings = made.warnings.iter().map(|line| Note::new(Kind::Warning, line.clone()));
    let notes = warnings.chain(std::mem::take(&mut analysis.notes)).collect();
    analysis.facts.push(("Device".to_owned(), made.device.name.clone()));
    Analysis {
        version: made.version.clone(),
        command_line: made.command_line.clone(),
        inputs: read.collect(),
        outputs: made.outputs.iter().map(|o| o.name.to_string_lossy().into_owned()).collect(),
        notes,
        ..analysis
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What is kept of a run that was gone through.
struct OfRun {
    /// By their places, positions in the grid.
    courses: BTreeMap<usize, Course>,
    /// Of its first slice group, `[volume][regressor]`.
    design: Array2<f64>,
}

/// Add the mean of a run as it was read, `[voxel]`.
fn add_mean(sums: &mut [f64], run: &Run, seen: &Seen) {
    sums.iter_mut().zip(&seen.mean).for_each(|(sum, value)| *sum += value);
    if let Some(level) = &run.level {
        sums.iter_mut().zip(level.iter()).for_each(|(sum, value)| *sum += value);
    }
}

/// The mean of so many runs, of their sums.
fn below(sums: Vec<f64>, n_runs: usize, grid: &Grid) -> Underlay {
    let n = n_runs as f64;
    let name = if n_runs == 1 { "the mean of the run" } else { "the mean of the runs" };
    let values = sums.into_iter().map(|sum| (sum / n) as f32).collect();
    Underlay::new(name.to_owned(), grid.clone(), values)
}

/// Which runs count for a contrast, where not all do.
fn words(asked: &Asked, runs: &[Run]) -> Vec<String> {
    let counting: Vec<String> = asked.joint.runs().map(|at| runs[at].name()).collect();
    match counting.len() == runs.len() {
        true => Vec::new(),
        false if asked.joint.joining == Joining::Sum => {
            vec![format!("Of the runs that it names: {}.", counting.join(", "))]
        }
        false => vec![format!("Over the runs that determine it: {}.", counting.join(", "))],
    }
}

/// What a contrast weighs; runs that weigh alike together.
fn weights(asked: &Asked, runs: &[Run], models: &[Told]) -> Vec<Weights> {
    let mut all: Vec<(usize, Weights)> = Vec::new();
    let mut n_alike: Vec<usize> = Vec::new();
    for ((run, model), (part, rows)) in
        runs.iter().zip(models).zip(asked.parts.iter().zip(&asked.joint.rows))
    {
        let (Some(part), Some(rows)) = (part, rows) else { continue };
        for (&row, weights) in rows.iter().zip(part.contrast.weights.rows()) {
            let weighed = model.names.iter().zip(weights).filter(|(_, w)| **w != 0.0);
            let columns: Vec<(String, f64)> = weighed.map(|(c, w)| (c.clone(), *w)).collect();
            let same = all.iter().position(|(of, own)| *of == row && own.columns == columns);
            match same {
                Some(at) => {
                    n_alike[at] += 1;
                    all[at].1.of += &format!(", {}", run.name());
                }
                None => {
                    n_alike.push(1);
                    all.push((row, Weights { of: run.name(), columns }));
                }
            }
        }
    }
    let n_runs = asked.joint.runs().count();
    let named = all.into_iter().zip(n_alike).map(|((row, mut weights), n)| {
        if n == n_runs {
            weights.of = String::new();
        }
        (row, weights)
    });
    let mut named: Vec<(usize, Weights)> = named.collect();
    named.sort_by_key(|(row, _)| *row);
    named.into_iter().map(|(_, weights)| weights).collect()
}

/// The runs at the first peaks.
fn courses_of(first: &[(String, usize)], of_runs: &[OfRun], asked: &Asked) -> Vec<Course> {
    let runs: Vec<usize> = asked.joint.runs().collect();
    let all = first.iter().flat_map(|one| runs.iter().map(move |at| (one, *at)));
    let of = |((peak, place), at): (&(String, usize), usize)| {
        let course = of_runs[at].courses.get(place)?.clone();
        Some(Course { peak: peak.clone(), ..course })
    };
    all.filter_map(of).take(courses::MOST).collect()
}

fn run_part(
    run: &Run,
    design: Array2<f64>,
    (at, questions): (usize, &Questions),
    spec: &GlmSpec,
) -> RunPart {
    let model = &questions.models[at];
    let told_of = |asked: &Asked| {
        let found = match &asked.parts[at] {
            Some(part) => Estimable::Yes(part.row_variance[0].clone()),
            None if asked.joint.joining == Joining::Sum => {
                Estimable::NotAsked("it weighs nothing in this run".to_owned())
            }
            None => Estimable::No("the run does not count for it".to_owned()),
        };
        (asked.joint.name.clone(), found)
    };
    let acquisition = run.acquisition.as_ref();
    let n_image = run.header.n_volumes();
    let images: Vec<String> = spec.runs[at].images().map(|image| file_name(&image)).collect();
    let mut facts =
        vec![("Image", images.join(", ")), ("Volumes", format!("{} of {n_image}", run.kept.len()))];
    if let Some(acquisition) = acquisition {
        facts.push(("Repetition time", format!("{} s", acquisition.tr)));
    }
    facts.push(("Origin of frame times", origin(run)));
    if run.physio.is_some() {
        let when = match &run.moment {
            Some((moment, at_s)) => format!("at {} ({at_s} s into each volume)", moment.name()),
            None => "at each slice's own time".to_owned(),
        };
        facts.push(("Physiological columns", when));
    }
    let n_task = run.design.n_task;
    let (n, n_confounds) = (model.names.len(), run.confounds.len());
    facts.push((
        "Columns",
        match run.task {
            None => format!(
                "{n}, of which {n_confounds} are by their names confounds, drift or constant"
            ),
            Some(_) => format!(
                "{n}: {n_task} of the task, {n_confounds} confounds, {} others",
                n.saturating_sub(n_task + n_confounds)
            ),
        },
    ));
    facts.push(("Residual degrees of freedom", told(model.dof)));
    let motion = run.measures.fd.as_ref().map(|fd| Motion {
        fd_mm: fd.clone(),
        parameters: run.measures.motion.clone(),
        most_mm: spec.design.censor.as_ref().and_then(|rules| rules.fd),
        tr_s: acquisition.map(|a| a.tr),
    });
    RunPart {
        name: run.name(),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        columns: model.names.clone(),
        design,
        dependent: model.dependent.clone(),
        estimable: questions.asked.iter().map(told_of).collect(),
        motion,
        left_out: left_out(run),
        recordings: None,
        regions: Vec::new(),
    }
}

/// Volumes that are left out, from 0, and why.
fn left_out(run: &Run) -> Vec<(usize, String)> {
    run.left_out.iter().map(|left| (left.volume, left.reasons.join(", "))).collect()
}

/// When the task columns are sampled.
fn origin(run: &Run) -> String {
    match (&run.task, &run.acquisition) {
        (Some(task), Some(acquisition)) => task.told(acquisition),
        _ => "not known: the design is a ready matrix".to_owned(),
    }
}

fn columns(runs: &[Run], models: &[Told]) -> Columns {
    let (mut names, _) = across::columns(runs);
    for name in models.iter().flat_map(|model| &model.names) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let row = |(run, model): (&Run, &Told)| {
        let dependent = &model.dependent;
        let cell = |name: &String| match model.names.contains(name) {
            true if dependent.contains(name) => Cell::Dependent,
            true => Cell::Present,
            false => Cell::Missing,
        };
        Row {
            name: run.name(),
            volumes: format!("{} of {}", run.kept.len(), run.header.n_volumes()),
            tr_s: run.acquisition.as_ref().map(|a| a.tr),
            origin: origin(run),
            left_out: left_out(run),
            cells: names.iter().map(cell).collect(),
        }
    };
    let rows = runs.iter().zip(models).map(row).collect();
    Columns { names, rows }
}

/// What nobody was warned of in passing.
fn notes(runs: &[Run], models: &[Told]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (run, model) in runs.iter().zip(models) {
        let (name, n) = (run.name(), run.header.n_volumes());
        notes.extend(left_out_note(&name, run.left_out.len(), n));
        if model.dof < FEW_DOF {
            let text = format!("{name} leaves {} degrees of freedom", told(model.dof));
            notes.push(Note::new(Kind::Serious, text));
        }
        for none in &run.unmatched {
            let text = format!("`{}` matches no column of {}", none.pattern, none.tables);
            notes.push(Note::new(Kind::Info, text));
        }
    }
    notes
}

/// What was asked, and where it was answered.
fn facts(spec: &GlmSpec, found: &Combined, runs: &[Run]) -> Vec<(String, String)> {
    let (all, common) = (&found.all, &found.common);
    let (n_fitted, n_mask) = (all.fitted.iter().filter(|v| **v).count(), common.in_masks());
    let given =
        spec.mask.as_deref().map_or("made from the runs' mean images".to_owned(), file_name);
    let share = 100.0 * n_fitted as f64 / n_mask.max(1) as f64;
    let left = [
        (all.not_finite, "not finite in some volume"),
        (common.constant(), "constant in some run"),
        (common.explained(), "explained by the columns of some run"),
        (common.without_enough(), "without signal for their units"),
    ];
    let left: Vec<String> =
        left.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
    let left = if left.is_empty() { String::new() } else { format!("; {}", left.join(", ")) };
    let coverage = format!(
        "{n_fitted} of the {n_mask} voxels that all masks share were fitted ({share:.1} %){left}"
    );
    let smoothing = match spec.smooth.fwhm_mm {
        0.0 => "none".to_owned(),
        fwhm => format!("{fwhm} mm"),
    };
    let all = [
        ("Runs", runs.len().to_string()),
        ("Mask", given),
        ("Coverage of the mask", coverage),
        ("Smoothing", smoothing),
        ("Noise", spec.noise.name().to_owned()),
        ("Units of effects", spec.scaling.units()),
        ("p of t", if spec.two_sided { "both tails" } else { "upper tail" }.to_owned()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
