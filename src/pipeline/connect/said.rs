//! What is told of a run's regions: those that are not known, that are small, in fluid or where confounds come from, or that overlap.

use std::collections::BTreeMap;
use std::path::Path;

use super::edges::Edges;
use super::nodes::Nodes;
use super::overlap::Overlap;
use super::run::OfRun;
use crate::error::Result;
use crate::maps::told;
use crate::pipeline::inputs::display;
use crate::pipeline::masks;
use crate::pipeline::regions::{self, FEW_VOXELS, Region, moved_cells};
use crate::pipeline::spec::{ConnectSpec, Estimator};
use crate::pipeline::watch::{Quiet, Watch};
use crate::stats::connectivity::LARGEST;
use crate::volume::{Grid, Mask};

/// Regions that a line lists.
const LISTED: usize = 6;
/// Probability from which on a voxel is fluid, and from which on CompCor takes it.
const FLUID: f64 = 0.5;
const OF_COMPCOR: f64 = 0.99;
/// Share of a region that may be where confounds come from.
const SHARED: f64 = 0.05;

/// Where regions should not be.
pub(super) struct Tissues {
    fluid: Option<Mask>,
    /// What each is called, and where confounds are taken from.
    sources: Vec<(&'static str, Mask)>,
}

impl Tissues {
    /// Those that are given.
    ///
    /// # Errors
    /// As for any tissue.
    pub(super) fn open(spec: &ConnectSpec, grid: &Grid, watch: &dyn Watch) -> Result<Tissues> {
        let options = if spec.seeds.csf.is_some() { &spec.seeds } else { &spec.regions };
        let fluid = regions::fluid(options, grid, watch)?;
        let mut sources = Vec::new();
        for (name, path) in [("CSF", &options.csf), ("white matter", &spec.white_matter)] {
            let Some(path) = path else { continue };
            match masks::tissue(path, grid, OF_COMPCOR, &Quiet) {
                Ok(mask) => sources.push((name, mask)),
                // Probabilities of which none is so high, as one that was read before has shown.
                Err(_) if masks::tissue(path, grid, FLUID, &Quiet).is_ok() => watch.note(&format!(
                    "{}: no probability is {OF_COMPCOR} or more, from where CompCor takes {name}: which regions lie there is not told",
                    path.display()
                )),
                Err(error) => return Err(error),
            }
        }
        Ok(Tissues { fluid, sources })
    }
}

/// Names with what is said of each, the first few.
fn listed(all: &[String]) -> String {
    let shown = all.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// The regions of which more than a share lies in a mask, as names with percentages, and whether any does.
fn lying_in(mask: &Mask, regions: &[Region], more_than: f64) -> Vec<String> {
    let share = |region: &Region| {
        let n = region.voxels.iter().filter(|&&v| mask.inside[v]).count();
        n as f64 / region.voxels.len().max(1) as f64
    };
    let all = regions.iter().map(|region| (region, share(region)));
    all.filter(|(_, share)| *share > more_than)
        .map(|(region, share)| format!("{} ({:.0} %)", region.name, 100.0 * share))
        .collect()
}

/// What can be told of the regions before a run is looked at.
pub(super) fn places(nodes: &Nodes, tissues: &Tissues, watch: &dyn Watch) {
    if let Some(fluid) = &tissues.fluid {
        let wet = lying_in(fluid, &nodes.all, FLUID);
        if !wet.is_empty() {
            watch.warn(&format!(
                "more than half of these regions is fluid, whose signal is no neuron's: {}",
                listed(&wet)
            ));
        }
    }
    for (name, mask) in &tissues.sources {
        let shared = lying_in(mask, &nodes.all, SHARED);
        if !shared.is_empty() {
            watch.warn(&format!(
                "regions lie where CompCor and means of {name} come from ({OF_COMPCOR} and more of its probability), so that such confounds take their own \
                 signal out of them: {}",
                listed(&shared)
            ));
        }
    }
    overlaps(nodes, watch);
}

/// Where CompCor's columns come from is known of given tissue alone.
pub(super) fn unknown_sources(columns: &[String], tissues: &Tissues, watch: &dyn Watch) {
    if tissues.sources.is_empty() && columns.iter().any(|column| column.contains("comp_cor")) {
        watch.note(
            "CompCor's columns are taken out, and where they come from is not known: with --csf and --white-matter regions that lie there are told",
        );
    }
}

/// The mask's voxels that the nuisance columns explain.
pub(super) fn explained(run: &Path, n: usize, watch: &dyn Watch) {
    if n > 0 {
        watch.warn(&format!(
            "{}: {n} mask voxel{} explained by the nuisance columns to rounding; nothing is left to correlate: they count for no region and have no map",
            display(run),
            if n == 1 { " is" } else { "s are" }
        ));
    }
}

/// Voxels elsewhere that have a seed's very series.
pub(super) fn copied(run: &Path, all: &[(String, usize)], watch: &dyn Watch) {
    if !all.is_empty() {
        let named: Vec<String> = all.iter().map(|(seed, n)| format!("{n} of {seed}")).collect();
        watch.warn(&format!(
            "{}: mask voxels outside a seed have its very series and have no map: {}; check whether voxels were copied",
            display(run),
            listed(&named)
        ));
    }
}

/// The mask's voxels that count nowhere. `left_out`: those that are not finite in some volume, and those that are constant.
pub(super) fn left_out(run: &Path, left_out: [usize; 2], watch: &dyn Watch) {
    let [not_finite, flat] = left_out;
    let parts = [(not_finite, "not finite in some volume"), (flat, "constant over time")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| match n {
            1 => format!("1 mask voxel is {what}"),
            _ => format!("{n} mask voxels are {what}"),
        })
        .collect();
    if !parts.is_empty() {
        watch.warn(&format!(
            "{}: {}; they count for no region and have no map",
            display(run),
            parts.join(", ")
        ));
    }
}

/// Regions that share voxels go together for that alone, and those that share all are one.
fn overlaps(nodes: &Nodes, watch: &dyn Watch) {
    let all: Vec<&Region> = nodes.all.iter().collect();
    let overlap = Overlap::of(&all, None, 0);
    let (sharing, same) = overlap.pairs(all.len());
    let named = |pairs: &[(usize, usize)]| -> Vec<String> {
        let of = |&(a, b): &(usize, usize)| {
            format!("{} and {} ({})", all[a].name, all[b].name, overlap.shared[[a, b]])
        };
        pairs.iter().map(of).collect()
    };
    if !sharing.is_empty() {
        watch.warn(&format!(
            "regions share voxels, and go together for that alone (shared_voxels in the tables): {}",
            listed(&named(&sharing))
        ));
    }
    if !same.is_empty() {
        watch.warn(&format!(
            "regions have the same voxels and are one under two names: {}. What they have to do with each other is n/a, and each counts once in q and partial correlations",
            listed(&named(&same))
        ));
    }
}

/// Regions that are one, or whose series are, in this run alone.
pub(super) fn alike(path: &Path, run: &OfRun, edges: &Edges, nodes: &Nodes, watch: &dyn Watch) {
    let (name, n) = (display(path), run.nodes.len());
    let all: Vec<&Region> = nodes.all.iter().collect();
    let on_grid = Overlap::of(&all, None, 0);
    let pair = |&(a, b): &(usize, usize)| format!("{} and {}", all[a].name, all[b].name);
    let (_, same) = run.overlap.pairs(n);
    let here: Vec<String> =
        same.iter().filter(|(a, b)| !on_grid.are_one(*a, *b)).map(pair).collect();
    if !here.is_empty() {
        watch.warn(&format!(
            "{name}: what is used of these regions are the same voxels, and they are one under two names: {}. What they have to do with each other is n/a",
            listed(&here)
        ));
    }
    let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
    let one: Vec<String> =
        pairs.filter(|&at| edges.r[at].abs() > LARGEST).map(|at| pair(&at)).collect();
    if !one.is_empty() {
        watch.warn(&format!(
            "{name}: regions of different voxels have one series: {}. Their z, t, p and q are n/a: check whether voxels were copied",
            listed(&one)
        ));
    }
}

/// Correlation below which a component hardly goes with its region's mean.
const HARDLY: f64 = 0.3;

/// Tell what a run has of the regions.
pub(super) fn regions(
    spec: &ConnectSpec,
    path: &Path,
    (run, nodes): (&OfRun, &Nodes),
    watch: &dyn Watch,
) {
    let (name, all) = (display(path), &run.nodes);
    let mut why: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for node in all {
        if let Some(reason) = node.why_not {
            let percent = 100.0 * node.coverage;
            let of = format!("{} ({percent:.0} %, {} voxels)", node.name, node.n_used);
            why.entry(reason).or_default().push(of);
        }
    }
    for (reason, nodes) in &why {
        watch.warn(&format!(
            "{name}: {} of {} regions are n/a: {reason} (--min-coverage {}): {}",
            nodes.len(),
            all.len(),
            spec.min_coverage,
            listed(nodes)
        ));
    }
    let few: Vec<String> = all
        .iter()
        .filter(|node| node.series.is_some() && node.n_used < FEW_VOXELS)
        .map(|node| format!("{} ({})", node.name, node.n_used))
        .collect();
    if !few.is_empty() {
        watch.warn(&format!(
            "{name}: regions of fewer than {FEW_VOXELS} voxels: {}; the mean of so few is mostly noise, and correlations with it are small for that alone",
            listed(&few)
        ));
    }
    let components: Vec<String> = all
        .iter()
        .filter_map(|node| Some(format!("{} {:.0} %", node.name, 100.0 * node.explains?)))
        .collect();
    if !components.is_empty() {
        watch.note(&format!(
            "{name}: first principal components explain of their seeds' variance: {}",
            listed(&components)
        ));
    }
    let given = all.iter().map(|node| (node.name.clone(), node.with_mean));
    let moved = nodes.moved.iter().zip(&run.moved);
    let moved = moved.map(|(moved, own)| {
        let far = moved_cells(&moved.region).replace('\t', ", ");
        (format!("{} moved by {far} mm", nodes.all[moved.of].name), own.with_mean)
    });
    let hardly: Vec<String> = given
        .chain(moved)
        .filter_map(|(name, with_mean)| Some((name, with_mean.filter(|r| *r < HARDLY)?)))
        .map(|(name, r)| format!("{name} (r {r:.2})"))
        .collect();
    if !hardly.is_empty() {
        watch.warn(&format!(
            "{name}: first principal components hardly go with the means of their seeds, whose sign they take: {}; which of two signs they and all that is found by them have is a matter of chance, and may be the other in another run",
            listed(&hardly)
        ));
    }
}

/// Why partial correlations are not known.
pub(super) fn partial(
    spec: &ConnectSpec,
    (path, nu): (&Path, f64),
    edges: &Edges,
    watch: &dyn Watch,
) {
    let n_regions = edges.n_distinct;
    if edges.partial_nu.is_some() || n_regions < 3 {
        return;
    }
    let left = nu - (n_regions as f64 - 2.0);
    let why = match left < spec.min_dof {
        true => format!(
            "{n_regions} regions leave {} degrees of freedom of {} (--min-dof {})",
            told(left),
            told(nu),
            spec.min_dof
        ),
        false => "some regions are sums of others".to_owned(),
    };
    let line = format!("{}: partial correlations are n/a: {why}", display(path));
    match spec.estimator {
        Estimator::Partial => watch.warn(&line),
        _ => watch.note(&line),
    }
}

/// Regions that some runs lack, given which no partial correlation is: one given other regions is another quantity.
pub(super) fn not_in_all(spec: &ConnectSpec, over: &Edges, nodes: &Nodes, watch: &dyn Watch) {
    if over.not_in_all.is_empty() {
        return;
    }
    let names: Vec<String> = over.not_in_all.iter().map(|&at| nodes.all[at].name.clone()).collect();
    let line = format!(
        "partial correlations over runs are given the regions that all runs have, not {}, which some lack or have as another region; those of each run are given all regions of that run",
        listed(&names)
    );
    match spec.estimator {
        Estimator::Partial => watch.warn(&line),
        _ => watch.note(&line),
    }
}
