//! Edges between regions.

use super::Sheet;
use super::column::Columns;
use crate::trial::results::{EdgeRow, Results};

pub(super) fn sheet(results: &Results) -> Option<Sheet> {
    let part = results.edges.as_ref()?;
    let columns = Columns::<EdgeRow>::new()
        .one("region_a", "one region", |row| row.region_a.clone())
        .one("region_b", "the other", |row| row.region_b.clone());
    compared(columns, results)
        .one("motion_r", "change of motion (--motion) against the change of z, over participants; n/a where no motion is named", |row| {
            row.motion.as_ref().map(|motion| motion.r.value)
        })
        .one("motion_p", "p of it, not adjusted", |row| row.motion.as_ref().map(|motion| motion.test.p))
        .sheet("edges", "Fisher's z of pairs of regions, compared between the arms", &part.rows)
        .into()
}

/// Networks of the regions.
pub(super) fn networks(results: &Results) -> Option<Sheet> {
    let part = results.networks.as_ref()?;
    let columns = Columns::<EdgeRow>::new()
        .one("network_a", "one network, or a seed that is in none", |row| row.region_a.clone())
        .one("network_b", "the other; the same: within it", |row| row.region_b.clone());
    compared(columns, results)
        .sheet(
            "networks",
            "Mean of Fisher's z over the pairs of regions within networks and between two, compared between the arms",
            &part.rows,
        )
        .into()
}

/// What is compared of each.
fn compared<'a>(columns: Columns<'a, EdgeRow>, results: &'a Results) -> Columns<'a, EdgeRow> {
    columns
        .one("adjusted_for", "strata and covariates beside arm and baseline", |row| {
            results.plan.adjusted_for(&row.one_level)
        })
        .arms("n", "participants with Fisher's z at both visits", |row, arm| *row.n.get(arm))
        .arms("lacking", "participants without", |row, arm| *row.lacking.get(arm))
        .arms("baseline", "mean z at baseline of those analysed", |row, arm| *row.baseline.get(arm))
        .estimate("active_change", "change at the mean baseline, active arm", true, |row| {
            row.change.map(|change| change.active)
        })
        .estimate("control_change", "change at the mean baseline, control arm", true, |row| {
            row.change.map(|change| change.control)
        })
        .estimate(
            "difference",
            "z at the endpoint given baseline, active minus control; n/a where it cannot be compared",
            true,
            |row| row.difference,
        )
        .test("", "t", "difference", |row| row.test)
        .one(
            "q",
            "p adjusted for all rows that are compared, false discovery rate (Benjamini and Hochberg)",
            |row| row.q,
        )
}
