//! The seeds' maps under their names, and the mean of Fisher's z over runs.

use std::sync::Arc;

use serde_json::{Map as Fields, json};

use super::nodes::Nodes;
use super::run::OfRun;
use super::tables::of_run as numbered;
use super::{mask, narrow};
use crate::maps::{Dof, Entities, Map, Quantity, Tolerance, rounding};
use crate::pipeline::spec::ConnectSpec;
use crate::stats::connectivity::{mean_error, standard_error};
use crate::volume::Grid;

/// Name of a seed's map.
fn entities(label: &str, quantity: Quantity, number: Option<usize>) -> Entities {
    numbered(Entities::of("statmap"), number).with("seed", label).with("stat", quantity.stat())
}

/// All maps of a run.
pub(super) fn of_run(
    spec: &ConnectSpec,
    (grid, nodes): (&Grid, &Nodes),
    found: &OfRun,
    number: Option<usize>,
) -> Vec<Map> {
    let Some(maps) = &found.maps else { return vec![mask(&found.usable, number)] };
    let plane_len = grid.plane_len();
    let mut all = Vec::new();
    for (&at, seed) in found.mapped.iter().zip(&maps.seeds) {
        let label = &nodes.labels[at];
        let mut own = seed.contrast.maps(label, &maps.fitted, plane_len);
        if let Some(elsewhere) = &seed.elsewhere {
            let others = elsewhere.maps(label, &maps.fitted, plane_len);
            own.iter_mut().zip(&others).for_each(|(map, other)| map.allow_up_to(&other.values));
        }
        for mut map in own {
            map.entities = entities(label, map.quantity, number);
            map.asked.insert("Seed".to_owned(), json!(found.nodes[at].name));
            map.asked.insert("SeedVoxels".to_owned(), json!(found.nodes[at].n_used));
            map.asked.remove("Contrast");
            map.asked.insert("Noise".to_owned(), json!(spec.noise.name()));
            if map.quantity == Quantity::Effect {
                map.description.push_str(": BOLD units for each of the seed's series");
            }
            if matches!(map.quantity, Quantity::Effect | Quantity::T | Quantity::Z | Quantity::P) {
                map.description.push_str(&own_voxels(Some(found.nodes[at].n_used)));
            }
            all.push(map);
        }
        let dof = seed.contrast.dof.clone();
        let (name, n_used) = (&found.nodes[at].name, found.nodes[at].n_used);
        let of_run = Of { se: standard_error(dof.least()), nu: dof.least(), n_runs: 1 };
        let mut z = fisher_z(name, (label, number), (&seed.z, dof), of_run);
        z.asked.insert("SeedVoxels".to_owned(), json!(n_used));
        z.description.push_str(&own_voxels(Some(n_used)));
        all.push(z);
    }
    all.push(mask(&found.usable, number));
    all
}

/// What a description says of a seed's own voxels.
fn own_voxels(n: Option<usize>) -> String {
    let n = n.map_or("voxels".to_owned(), |n| format!("{n} voxels"));
    format!(
        "; high by construction in the seed's own {n}, which are in its series, and as far as smoothing carries them"
    )
}

/// What Fisher's z of a seed is of.
struct Of {
    /// Its standard error.
    se: f64,
    /// Degrees of freedom of the run, of several the least.
    nu: f64,
    n_runs: usize,
}

/// Fisher's z of a seed, the mean over so many runs.
fn fisher_z(
    name: &str,
    (label, number): (&str, Option<usize>),
    (z, dof): (&[f64], Dof),
    Of { se, nu, n_runs }: Of,
) -> Map {
    let values = narrow(z);
    // z = asinh(t / sqrt(nu)): what t may be off by moves it by that over sqrt(t² + nu), most with the least nu.
    let own = Arc::clone(&values);
    let tolerance = Tolerance::of(move |bounds, _, voxel| {
        let z = f64::from(own[voxel]);
        let t = z.sinh() * nu.sqrt();
        rounding(z) + bounds.t(t) / (t * t + nu).sqrt()
    });
    let mut asked = Fields::new();
    asked.insert("Seed".to_owned(), json!(name));
    asked.insert("Noise".to_owned(), json!("ols"));
    asked.insert("StandardError".to_owned(), json!(se));
    let runs = match n_runs {
        1 => String::new(),
        n => format!(
            ", the mean over {n} runs, each counting alike; StandardError is the root of the sum of the squares of the runs' own over their number, \
             DegreesOfFreedom the sum of theirs"
        ),
    };
    Map {
        entities: entities(label, Quantity::FisherZ, number),
        quantity: Quantity::FisherZ,
        dof,
        description: format!(
            "Fisher's z of the correlation with {name} given the nuisance columns, by ordinary least squares: what a group analysis takes \
             (the t, z and p beside it are of the run alone, by its noise model){runs}"
        ),
        asked,
        tolerance,
        values: vec![values],
    }
}

/// A seed over runs.
struct Sum {
    /// Its place among the regions.
    at: usize,
    name: String,
    z: Vec<f64>,
    /// Degrees of freedom of each run, the least where they vary.
    dof: Vec<f64>,
}

/// The mean of Fisher's z over runs, where a seed is known in all of them.
#[derive(Default)]
pub(super) struct Mean {
    n_runs: usize,
    /// Those that are known in all so far.
    seeds: Vec<Sum>,
    /// Those that count in all runs so far.
    usable: Vec<bool>,
}

impl Mean {
    /// One more run.
    pub(super) fn take(&mut self, run: &OfRun) {
        self.n_runs += 1;
        match self.n_runs {
            1 => self.usable.clone_from(&run.usable),
            _ => self.usable.iter_mut().zip(&run.usable).for_each(|(all, own)| *all &= own),
        }
        let Some(maps) = &run.maps else {
            self.seeds.clear();
            return;
        };
        let of = |at: usize| run.mapped.iter().position(|&own| own == at).map(|i| &maps.seeds[i]);
        if self.n_runs == 1 {
            for (&at, seed) in run.mapped.iter().zip(&maps.seeds) {
                let name = run.nodes[at].name.clone();
                let dof = vec![seed.contrast.dof.least()];
                self.seeds.push(Sum { at, name, z: seed.z.clone(), dof });
            }
            return;
        }
        self.seeds.retain_mut(|sum| {
            let Some(seed) = of(sum.at) else { return false };
            sum.z.iter_mut().zip(&seed.z).for_each(|(sum, z)| *sum += z);
            sum.dof.push(seed.contrast.dof.least());
            true
        });
    }

    /// Its maps.
    pub(super) fn maps(self, nodes: &Nodes) -> Vec<Map> {
        let n = self.n_runs as f64;
        let of = |Sum { at, name, z, dof }: Sum| {
            let mean = |(sum, usable): (f64, &bool)| if *usable { sum / n } else { 0.0 };
            let z: Vec<f64> = z.into_iter().zip(&self.usable).map(mean).collect();
            let label = (nodes.labels[at].as_str(), None);
            let of_runs = Of {
                se: mean_error(dof.iter().map(|&nu| standard_error(nu))),
                nu: dof.iter().copied().fold(f64::INFINITY, f64::min),
                n_runs: self.n_runs,
            };
            let dof = Dof::Uniform(dof.iter().sum());
            let mut z = fisher_z(&name, label, (&z, dof), of_runs);
            z.description.push_str(&own_voxels(None));
            z
        };
        let mut maps: Vec<Map> = self.seeds.into_iter().map(of).collect();
        maps.push(mask(&self.usable, None));
        maps
    }
}
