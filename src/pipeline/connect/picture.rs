//! The pictures: each seed's t over the mean image, and the matrix.

use std::sync::Arc;

use rayon::prelude::*;

use super::edges::Edges;
use super::networks::Group;
use super::nodes::Nodes;
use super::run::OfRun;
use super::tables::{of_run, values_of};
use crate::maps::{Entities, told};
use crate::pipeline::products::{Draw, Page};
use crate::pipeline::spec::ConnectSpec;
use crate::pipeline::watch::Watch;
use crate::report::matrix::{self, Matrix};
use crate::report::statmap::{self, Statmap, Threshold, Underlay};
use crate::stats::tails::critical_t;
use crate::volume::Grid;

/// Seeds that are drawn, at most.
const DRAWN: usize = 24;
/// Two-sided p below which a voxel passes.
const P: f64 = 0.001;

/// Say where not all seeds are drawn.
pub(super) fn say_drawn(found: &OfRun, watch: &dyn Watch) {
    let n = found.mapped.len();
    if found.maps.is_some() && found.mean.is_some() && n > DRAWN {
        watch.note(&format!("{DRAWN} of the {n} seeds are drawn"));
    }
}

/// The seeds' maps of a run.
pub(super) fn seeds(
    spec: &ConnectSpec,
    (grid, nodes): (&Grid, &Nodes),
    found: &OfRun,
    number: Option<usize>,
) -> Vec<Page> {
    let (Some(maps), Some(mean)) = (&found.maps, &found.mean) else { return Vec::new() };
    let name = match number {
        Some(number) => format!("mean of run {number}"),
        None => "mean of the run".to_owned(),
    };
    let underlay = Arc::new(Underlay::new(name, grid.clone(), mean.clone()));
    let plane_len = grid.plane_len();
    let draw = |(&at, seed): (&usize, &super::seeds::OfSeed)| {
        let (t, dof) = (&seed.contrast.stat, &seed.contrast.dof);
        let critical = |dof: f64| critical_t(P / 2.0, dof);
        let passes = |v: usize| {
            maps.fitted[v] && t[v].abs() >= critical(dof.at(v, plane_len)) && t[v] != 0.0
        };
        // Degrees of freedom that vary between slices are few.
        let passed = match dof.varies() {
            true => (0..t.len()).map(passes).collect(),
            false => {
                let least = critical(dof.least());
                (0..t.len()).map(|v| maps.fitted[v] && t[v].abs() >= least).collect()
            }
        };
        let of_seed = &found.nodes[at];
        let statmap = Statmap {
            title: format!("Connectivity of {}", of_seed.name),
            notes: vec![format!(
                "{}: t of the seed's series ({} voxels, in which it is high by construction) as a column of a GLM beside {}, noise {}; {} volumes, {} degrees of freedom",
                found.name,
                of_seed.n_used,
                found.columns_said(),
                spec.noise.name(),
                found.kept.len(),
                told(dof.least())
            )],
            grid: grid.clone(),
            inside: maps.fitted.clone(),
            statistic: Arc::new(t.iter().map(|&v| v as f32).collect()),
            letter: "t",
            dof: told(dof.least()),
            threshold: Threshold {
                passed,
                words: "p < .001 uncorrected, both tails".to_owned(),
                from: (!dof.varies()).then(|| critical(dof.least())),
                full: critical(dof.least()),
                two_sided: true,
            },
            underlay: Some(Arc::clone(&underlay)),
        };
        let draw: Draw = Box::new(move |_| statmap::svg(&statmap));
        let entities = of_run(Entities::of("statmap"), number).with("seed", &nodes.labels[at]);
        Page { entities, ending: ".svg", draw }
    };
    found.mapped.par_iter().zip(&maps.seeds).take(DRAWN).map(draw).collect()
}

/// The nuisance columns of runs, in words.
fn columns_of(runs: &[&OfRun]) -> String {
    let mut said: Vec<String> = runs.iter().map(|run| run.columns_said()).collect();
    said.dedup();
    let counts = || runs.iter().map(|run| run.columns.len());
    match (&said[..], counts().min(), counts().max()) {
        ([one], ..) => one.clone(),
        (_, Some(least), Some(most)) if least < most => {
            format!("{least} to {most} nuisance columns by run,")
        }
        (_, _, most) => format!("{} nuisance columns of each run,", most.unwrap_or_default()),
    }
}

/// The matrix of a run, or over runs. `runs`: those it is of.
pub(super) fn of_matrix(
    spec: &ConnectSpec,
    (nodes, groups): (&Nodes, &[Group]),
    (runs, edges): (&[&OfRun], &Edges),
    number: Option<usize>,
) -> Option<Page> {
    if spec.no_pictures || nodes.all.len() < 2 {
        return None;
    }
    let of = values_of(spec, edges);
    let network = |at: usize| {
        let is_one = |group: &&Group| group.nodes.len() > 1 && group.nodes.contains(&at);
        groups.iter().find(is_one).map(|group| group.name.clone())
    };
    let volumes = match runs {
        [run] => format!("{}: {} volumes", run.name, run.kept.len()),
        _ => spec.estimator.over(runs.len()),
    };
    let band = spec.band_hz.map_or(String::new(), |[low, high]| format!(", {low} to {high} Hz"));
    let columns = columns_of(runs);
    let matrix = Matrix {
        title: format!("{} of {} regions", of.what, nodes.all.len()),
        notes: vec![format!("{volumes}{band}; {columns} fitted together")],
        names: nodes.all.iter().map(|node| node.name.clone()).collect(),
        networks: (0..nodes.all.len()).map(network).collect(),
        values: of.values.iter().copied().collect(),
        letter: of.letter.to_owned(),
        dof: of.nu.map_or(String::new(), told),
    };
    let draw: Draw = Box::new(move |_| matrix::svg(&matrix));
    let entities = of_run(Entities::of("relmat"), number).with("stat", of.stat);
    Some(Page { entities, ending: ".svg", draw })
}
