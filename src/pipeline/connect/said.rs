//! What is told of a run's regions: those that are not known, that are small, in fluid or where confounds come from, or that overlap.

use super::nodes::Nodes;
use super::run::NodeOfRun;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::spec::ConnectSpec;
use crate::pipeline::watch::Watch;

/// Voxels below which a mean is hardly one.
const FEW: usize = 8;
/// Regions that a line lists.
const LISTED: usize = 6;

/// Names with what is said of each, the first few.
fn listed(all: &[String]) -> String {
    let shown = all.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// Tell it.
pub(super) fn regions(
    spec: &ConnectSpec,
    run: &Run,
    (nodes, all): (&Nodes, &[NodeOfRun]),
    watch: &dyn Watch,
) {
    let name = display(&run.path);
    let _ = nodes;
    let unknown: Vec<String> = all
        .iter()
        .filter(|node| node.why_not.is_some())
        .map(|node| {
            format!("{} ({:.0} %, {} voxels)", node.name, 100.0 * node.coverage, node.n_used)
        })
        .collect();
    if !unknown.is_empty() {
        watch.warn(&format!(
            "{name}: {} of {} regions are n/a, as less than {:.0} % of them is in the mask and has signal (--min-coverage), or nothing is left of them: {}",
            unknown.len(),
            all.len(),
            100.0 * spec.min_coverage,
            listed(&unknown)
        ));
    }
    let few: Vec<String> = all
        .iter()
        .filter(|node| node.series.is_some() && node.n_used < FEW)
        .map(|node| format!("{} ({})", node.name, node.n_used))
        .collect();
    if !few.is_empty() {
        watch.warn(&format!(
            "{name}: regions of fewer than {FEW} voxels: {}; the mean of so few is mostly noise, and correlations with it are small for that alone",
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
}
