//! `--shift`: what regions have to do with the others where they are moved along x, y and z: how much hangs on their place.

use std::fmt::Write;

use ndarray::{Array1, Array2, Axis};

use super::nodes::Nodes;
use super::run::OfRun;
use super::tables::{OF_R, cell, of_run, summed};
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::regions::{described_moves, is_changed, moved_cells};
use crate::stats::connectivity::{LARGEST, correlations, fisher_z};
use crate::table::dictionary::DataDictionary;

/// A row: a region that is moved, how far, and another that is not.
struct Row {
    of: usize,
    /// How far along x, y and z, as cells.
    far: String,
    n_used: usize,
    coverage: f64,
    other: usize,
    shared: u32,
    changed: &'static str,
    z: f64,
}

/// Fisher's z of a run's moved regions with the others, where they were first, then where they were moved to.
fn rows(nodes: &Nodes, run: &OfRun) -> Vec<Row> {
    let n = run.nodes.len();
    let of_nodes = run.nodes.iter().map(|node| &node.series);
    let all: Vec<&Option<Array1<f64>>> =
        of_nodes.chain(run.moved.iter().map(|moved| &moved.series)).collect();
    let n_volumes = all.iter().find_map(|series| series.as_ref().map(Array1::len)).unwrap_or(0);
    let mut matrix = Array2::zeros((all.len(), n_volumes));
    for (mut row, series) in matrix.axis_iter_mut(Axis(0)).zip(&all) {
        series.iter().for_each(|series| row.assign(series));
    }
    let r = correlations(matrix.view());
    let mut rows = Vec::new();
    let n_moved = nodes.moved.iter().map(|moved| moved.of + 1).max().unwrap_or(0);
    for of in 0..n_moved {
        for other in (0..n).filter(|other| *other != of) {
            let (node, given) = (&run.nodes[of], &nodes.all[of].voxels);
            let first = (of, [0.0; 3], node.n_used, node.coverage);
            let there = nodes.moved.iter().zip(&run.moved).enumerate();
            let there = there.filter(|(_, (moved, _))| moved.of == of);
            let there =
                there.map(|(at, (moved, own))| (n + at, moved.by, own.n_used, own.coverage));
            for (at, by, n_used, coverage) in std::iter::once(first).chain(there) {
                let own = r[[at, other]];
                let is_one = run.overlap.are_one(at, other) || own.abs() > LARGEST;
                let z = if is_one { f64::NAN } else { fisher_z(own) };
                let shared = run.overlap.shared[[at, other]];
                let there = at.checked_sub(n).map_or(&nodes.all[of], |at| &nodes.moved[at].region);
                let (changed, far) = (is_changed(by, given, &there.voxels), moved_cells(there));
                rows.push(Row { of, far, n_used, coverage, other, shared, changed, z });
            }
        }
    }
    rows
}

/// The table of some runs: Fisher's z is the mean over them, a region's voxels and coverage the least.
pub(super) fn table(nodes: &Nodes, runs: &[&OfRun], number: Option<usize>) -> Option<Text> {
    if nodes.moved.is_empty() {
        return None;
    }
    let (first, others) = runs.split_first()?;
    let mut all = rows(nodes, first);
    for run in others {
        for (row, own) in all.iter_mut().zip(rows(nodes, run)) {
            row.z += own.z;
            row.n_used = row.n_used.min(own.n_used);
            row.coverage = row.coverage.min(own.coverage);
            row.shared = row.shared.max(own.shared);
        }
    }
    let header = "region\tshift_x\tshift_y\tshift_z\tchanged\tvoxels\tcoverage\tother\tr\tz\tshared_voxels\n";
    let mut text = header.to_owned();
    for Row { of, far, n_used, coverage, other, shared, changed, z: sum } in all {
        let (region, other) = (&nodes.all[of].name, &nodes.all[other].name);
        let mean = sum / runs.len() as f64;
        let (r, mean) = (cell(mean.tanh()), cell(mean));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{region}\t{far}\t{changed}\t{n_used}\t{coverage}\t{other}\t{r}\t{mean}\t{shared}"
        );
    }
    let columns = header.trim_end().split('\t').map(|name| match name {
        "r" | "z" => summed(OF_R),
        _ => ColumnAgreement::Host,
    });
    let over = match runs.len() {
        1 => String::new(),
        n => format!("; the mean of Fisher's z over {n} runs"),
    };
    let is_component = runs.iter().any(|run| run.nodes.iter().any(|node| node.explains.is_some()));
    let region = match is_component {
        true => {
            "The region that is moved; in each place its series is the first principal component of its voxels there, of the sign of their mean there"
        }
        false => {
            "The region that is moved; in each place its series is the mean of its voxels there"
        }
    };
    let shared = "Voxels there that are in the other's mean, too, and make r larger; r is n/a where they are all of both";
    let dictionary = DataDictionary::of(format!(
        "Correlations with a region where it was given, and where it is moved to; the other stays{over}"
    ))
    .columns([
        ("region", region),
        ("other", "The region that stays"),
        ("voxels", "Of the region there that are used"),
        ("coverage", "Share of the region there that they are"),
        ("r", "Correlation of the cleaned series"),
        ("z", "Fisher's z of it"),
        ("shared_voxels", shared),
    ])
    .columns(described_moves());
    let entities = of_run(Entities::of("edges"), number).with("desc", "shift");
    Some(Text::table(entities, text, Some(Agreement::Columns(columns.collect())), &dictionary))
}
