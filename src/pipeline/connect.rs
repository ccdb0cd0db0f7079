//! The `connect` command as a story: open the runs, give them their nuisance columns, and for each in turn find its regions' series, what these have
//! to do with each other and with every voxel; then the mean over runs, and the names of it all.

use std::sync::Arc;

use serde_json::{Map as Fields, json};

use crate::error::{Error, Result};
use crate::io;
use crate::maps::{Entities, Map};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::censor::{self, Within};
use crate::pipeline::echoes::{self, Combination};
use crate::pipeline::inputs::{self, Run};
use crate::pipeline::noise::pairs_resolved;
use crate::pipeline::products::{Account, Opened as Files, Products};
use crate::pipeline::provenance::NETWORK_REGIONS;
use crate::pipeline::session::Session;
use crate::pipeline::smoothing::{self, Smoothing};
use crate::pipeline::spec::{Command, ConnectSpec, Noise, RunSpec};
use crate::pipeline::voxelwise::{self, Voxelwise};
use crate::pipeline::watch::Watch;
use crate::pipeline::{automask, physio_summary};
use crate::stats::ar1::Pairs;
use crate::volume::Grid;

mod by_glm;
mod edges;
mod left;
mod maps;
mod moved;
mod networks;
mod nodes;
mod nuisance;
mod overlap;
mod own;
mod picture;
mod run;
mod said;
mod seeds;
mod series;
mod shift;
mod tables;

use edges::Edges;
use networks::Group;
use nodes::Nodes;
use run::OfRun;

/// Run the analysis.
///
/// # Errors
/// Whatever its inputs hold or lack, device and output errors.
pub fn run(
    spec: &ConnectSpec,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let watch: &dyn Watch = watch;
    let mut opened = open(spec, ladder, watch)?;
    let nodes = nodes::open(spec, &mut opened.runs, &opened.grid, watch)?;

    let tissues = said::Tissues::open(spec, &opened.grid, watch)?;
    said::places(&nodes, &tissues, watch);
    let groups = networks::groups(spec, &nodes, watch)?;
    let smoothing = smoothing::prepare(&spec.smooth, &opened.grid, watch)?;
    let several = opened.runs.len() > 1;
    let numbers = inputs::numbers(&opened.runs);
    inputs::say_numbers(&opened.runs, watch);
    let (mut all, mut edges, mut mean) = (Vec::new(), Vec::new(), maps::Mean::default());
    let mut pages = Vec::new();
    for (at, own_number) in numbers.into_iter().enumerate() {
        let ahead = ladder.ahead(opened.runs[at].bold.as_ref());
        opened.runs.iter_mut().skip(at + 1).take(ahead).for_each(|run| run.bold.prefetch());
        let (run, beside) = (&mut opened.runs[at], &mut opened.beside[at]);
        inputs::say_smoothed_series(run, watch);
        inputs::say_twice(&run.path, &run.smoothed, spec.smooth.fwhm_mm, watch);
        let mut found = run::take(spec, ladder, (run, beside, &nodes), smoothing.as_ref(), watch)?;
        let number = several.then_some(own_number);
        let [.., not_finite, flat, explained, _] = found.counts;
        said::unknown_sources(&found.columns, &tissues, watch);
        said::left_out(&run.path, [not_finite, flat], watch);
        said::explained(&run.path, explained, watch);
        said::copied(&run.path, &found.copied, watch);
        said::regions(spec, &run.path, (&found, &nodes), watch);
        let of_run = edges::edges(&series_of(&found), &found.overlap, found.nu, spec.min_dof);
        said::alike(&run.path, &found, &of_run, &nodes, watch);
        said::partial(spec, (&run.path, found.nu), &of_run, watch);
        let mut made = Vec::new();
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| made = maps::of_run(spec, (&run.grid, &nodes), &found, number));
            write_tables(spec, (&nodes, &groups), (&found, &of_run), number, products)
        })?;
        if at == 0 {
            picture::say_drawn(&found, watch);
        }
        let drawn = (&[&found][..], &of_run);
        pages.extend(picture::of_matrix(spec, (&nodes, &groups), drawn, number));
        pages.extend(picture::seeds(spec, (&opened.grid, &nodes), &found, number));
        products.maps(&run.header, &made)?;
        if several {
            mean.take(&found);
        }
        (found.maps, found.mean, found.usable) = (None, None, Vec::new()); // written, and in the mean
        all.push(found);
        edges.push(of_run);
    }
    watch.stage("write", 1);
    let tsnr = all.iter().map(|found| found.tsnr.clone()).collect();
    if let Some(table) = physio_summary::of_runs(&opened.runs, tsnr, watch) {
        products.table(table)?;
    }
    if several {
        let of_all: Vec<&OfRun> = all.iter().collect();
        if let Some(over) = edges::over_runs(&edges, spec.min_dof) {
            said::not_in_all(spec, &over, &nodes, watch);
            write_mean(spec, (&nodes, &groups), (&all, &over), products)?;
            let drawn = (of_all.as_slice(), &over);
            pages.extend(picture::of_matrix(spec, (&nodes, &groups), drawn, None));
        }
        let header = opened.runs[0].header.placed_as(&opened.grid);
        products.maps(&header, &mean.maps(&nodes))?;
    }
    let account = account(spec, opened, (&nodes, &groups, &all), smoothing.as_ref());
    products.finish(session, Account { pages, ..account })
}

fn series_of(run: &OfRun) -> Vec<Option<ndarray::Array1<f64>>> {
    run.nodes.iter().map(|node| node.series.clone()).collect()
}

/// What is looked at, and where.
struct Opened {
    runs: Vec<Run>,
    /// Of each run that had several echoes.
    combined: Vec<Option<Combination>>,
    /// Of each run, the columns of each voxel's own.
    beside: Vec<Voxelwise>,
    grid: Grid,
}

/// Open the runs, their echoes made one, the stop band among their columns, and their censored volumes left out.
fn open(spec: &ConnectSpec, ladder: &mut Ladder, watch: &dyn Watch) -> Result<Opened> {
    refuse(spec)?;
    inputs::of_one_subject(&spec.runs, "connect", watch)?;
    voxelwise::refuse_runs(&spec.voxelwise, &spec.runs)?;
    io::refuse_twins(&spec.runs.iter().flat_map(RunSpec::images).collect::<Vec<_>>())?;
    let mut runs = inputs::open(&spec.runs, &spec.design, watch)?;
    inputs::refuse_one_recording(&runs)?;
    let combined = echoes::combine(&mut runs, spec.mask.as_deref(), ladder, watch)?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    nuisance::add_band(spec, &mut runs, watch)?;
    let within = Within::all(spec.mask.as_deref());
    censor::apply(&mut runs, &spec.design, within, ladder, watch)?;
    let grid = inputs::common_grid(&runs, watch)?;
    let beside = voxelwise::open(&spec.voxelwise, &mut runs, ladder, watch)?;
    Ok(Opened { runs, combined, beside, grid })
}

/// What can be said against the options before anything is read.
fn refuse(spec: &ConnectSpec) -> Result<()> {
    let wrong = |option: &str, found: f64, expected: &str| {
        Err(Error::usage(option, format!("is {found}"), expected, ""))
    };
    if !(0.0..=1.0).contains(&spec.min_coverage) {
        return wrong("--min-coverage", spec.min_coverage, "lie between 0 and 1");
    }
    if !(spec.min_dof.is_finite() && spec.min_dof >= 1.0) {
        return wrong("--min-dof", spec.min_dof, "be 1 or more");
    }
    if spec.seeds.is_empty() && spec.regions.is_empty() {
        return Err(Error::usage(
            "the command line",
            "names no region",
            "give --seed or --regions",
            "for example --seed pcc=sphere:0,-52,26:6",
        ));
    }
    Ok(())
}

/// The tables of a run.
fn write_tables(
    spec: &ConnectSpec,
    (nodes, groups): (&Nodes, &[Group]),
    (run, edges): (&OfRun, &Edges),
    number: Option<usize>,
    products: &mut dyn Products,
) -> Result<()> {
    let names = run.names();
    let coverage: Vec<f64> = run.nodes.iter().map(|node| node.coverage).collect();
    products.table(tables::series(run, number))?;
    if let Some(table) = shift::table(nodes, &[run], number) {
        products.table(table)?;
    }
    if nodes.all.len() < 2 {
        return Ok(()); // a seed alone has no pair
    }
    products.table(tables::matrix(spec, (&names, edges), number))?;
    products.table(tables::edges((&names, &coverage), edges, number))?;
    if !groups.is_empty() {
        let between = networks::between(groups, edges);
        products.table(tables::networks(groups, &between, edges, number))?;
    }
    Ok(())
}

/// The tables of all runs together.
fn write_mean(
    spec: &ConnectSpec,
    (nodes, groups): (&Nodes, &[Group]),
    (runs, mean): (&[OfRun], &Edges),
    products: &mut dyn Products,
) -> Result<()> {
    if nodes.all.len() < 2 {
        return Ok(());
    }
    let of_all: Vec<&OfRun> = runs.iter().collect();
    if let Some(table) = shift::table(nodes, &of_all, None) {
        products.table(table)?;
    }
    let names = runs[0].names();
    let least = |at: usize| runs.iter().map(|run| run.nodes[at].coverage).fold(1.0, f64::min);
    let coverage: Vec<f64> = (0..nodes.all.len()).map(least).collect();
    products.table(tables::matrix(spec, (&names, mean), None))?;
    products.table(tables::edges((&names, &coverage), mean, None))?;
    if !groups.is_empty() {
        let between = networks::between(groups, mean);
        products.table(tables::networks(groups, &between, mean, None))?;
    }
    Ok(())
}

/// What is told of a finished analysis.
fn account(
    spec: &ConnectSpec,
    opened: Opened,
    (nodes, groups, all): (&Nodes, &[Group], &[OfRun]),
    smoothing: Option<&Smoothing>,
) -> Account {
    let Opened { runs, combined, beside, grid } = opened;
    let mut resolved = Fields::new();
    let rule = spec.mask.as_ref().map_or(automask::RULE.to_owned(), |_| "given".to_owned());
    resolved.insert("mask".to_owned(), json!(rule));
    resolved.extend(smoothing.map(|s| {
        let fwhm = s.taps.effective_fwhm_mm(grid.voxel_size_mm);
        ("effective_fwhm_mm".to_owned(), json!(fwhm))
    }));
    let of_run = |(at, run): (usize, &Run)| {
        let (found, combined) = (&all[at], &combined[at]);
        let mut fields = inputs::resolved(run);
        fields.extend(beside[at].resolved());
        fields.extend(combined.iter().map(|one| ("echoes".to_owned(), one.resolved())));
        let has_maps = (0..nodes.labels.len()).any(|at| found.nodes[at].series.is_some());
        if has_maps && spec.noise == Noise::Ar1 {
            let pairs = Pairs::of_kept(&run.kept);
            let near = (!pairs.tell_sign()).then(|| pairs.near());
            fields.extend(pairs_resolved(pairs.step, near));
        }
        fields.insert("dof_of_correlations".to_owned(), json!(found.nu));
        fields.extend(found.nu_without_band.map(|nu| ("dof_without_band".to_owned(), json!(nu))));
        fields
    };
    let of_runs: Vec<_> = runs.iter().enumerate().map(of_run).collect();
    resolved.insert("runs".to_owned(), json!(of_runs));
    if !groups.is_empty() {
        resolved.insert(NETWORK_REGIONS.to_owned(), networks::members(groups, nodes));
    }
    let count = |at: usize| all.iter().map(|run| run.counts[at]).collect::<Vec<_>>();
    let known = |run: &OfRun| run.nodes.iter().filter(|node| node.series.is_some()).count();
    let counts = json!({
        "regions": nodes.all.len(),
        "regions_known": all.iter().map(known).collect::<Vec<_>>(),
        "voxels_in_mask": count(0),
        "voxels_fitted": count(1),
        "voxels_not_finite": count(2),
        "voxels_constant": count(3),
        "voxels_explained": count(4),
        "voxels_copied": count(5),
    });
    let mut stages = vec!["read"];
    stages.extend(combined.iter().any(Option::is_some).then_some("combine echoes"));
    stages.push("regions");
    if !nodes.labels.is_empty() {
        stages.extend(smoothing.map(|_| "smooth"));
        stages.push("glm");
        stages.extend((spec.noise != Noise::Ols).then_some("noise"));
    }
    let physio = runs.iter().filter_map(|run| run.summary().cloned()).collect();
    let mut files = Files::default();
    for (run, beside) in runs.into_iter().zip(beside) {
        files.found.extend(run.found);
        files.bolds.push(run.bold);
        files.bolds.extend(beside.sources);
    }
    let dof = all.iter().map(|run| run.nu).fold(f64::INFINITY, f64::min);
    Account {
        stages,
        dof: Some(dof),
        resolved,
        counts: counts.as_object().cloned().unwrap_or_default(),
        physio,
        ..Account::of(Command::Connect(spec.clone()), files)
    }
}

/// The voxels that count in a run, or in all of them.
fn mask(usable: &[bool], number: Option<usize>) -> Map {
    Map {
        description: "Voxels that count for regions and have maps, in the mask, finite, not constant, more than the nuisance columns explain, and no copy of a seed: 1, others 0".to_owned(),
        ..Map::of_mask(tables::of_run(Entities::of("mask"), number), usable)
    }
}

/// As a map holds them.
fn narrow(values: &[f64]) -> Arc<Vec<f32>> {
    Arc::new(values.iter().map(|&v| v as f32).collect())
}
