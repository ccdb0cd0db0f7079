//! Regions of the brain: arm x visit, every patient's change, and pictures of connectivity where there are any.

use super::Pictures;
use super::grid::Grid;
use super::outcomes::{drawings, table};
use super::words::{bare, both, ci, coefficient, session, statistic, with_limits};
use crate::error::Result;
use crate::report::html::{escaped, p_of};
use crate::report::statmap::inline;
use crate::trial::Results;
use crate::trial::results::{AncovaRow, Brain};

pub(super) fn section(of: &Results, part: Option<&Brain>, pictures: &Pictures) -> Result<String> {
    let mut html = String::new();
    if let Some(part) = part {
        let rows: Vec<&AncovaRow> = part.rows.iter().map(|row| &row.ancova).collect();
        html += &drawings(of, &rows, "region");
        html += &interactions(of, part);
        html += &table("Regions at the endpoint, adjusted for baseline", of, &rows);
        html += &motion(of, part);
    }
    for (nth, map) in pictures.maps.iter().enumerate() {
        html += &format!(
            "<figure class=\"trial map\" aria-label=\"{}\">\n{}</figure>\n",
            escaped(&map.title),
            inline(map, &format!("seed-map-{}", nth + 1))?
        );
    }
    Ok(html + &pictures.matrix)
}

/// Whether motion goes with a region over participants, which no test of the region tells.
fn motion(of: &Results, part: &Brain) -> String {
    let heads = ["region", "visit", "motion", "n", &format!("r ({})", ci(of)), "p"];
    let mut table = Grid::new("Motion against each region over participants", &heads, 3);
    for row in &part.motion {
        table.row(&[
            row.region.clone(),
            session(&row.visit).to_owned(),
            row.motion.clone(),
            row.correlation.n.to_string(),
            coefficient(&row.correlation.r),
            p_of(row.correlation.test.p),
        ]);
    }
    table.folded()
}

fn interactions(of: &Results, part: &Brain) -> String {
    let ci = ci(of);
    let heads = [
        "region",
        "n",
        &format!("arm × visit ({ci})"),
        "t (dof)",
        "p",
        "partial η²",
        &format!("visit ({ci})"),
        "p",
        &format!("arm ({ci})"),
        "p",
    ];
    let mut table = Grid::new("Regions, arm × visit (difference of the arms' changes)", &heads, 1);
    for row in &part.rows {
        table.row(&[
            row.region.clone(),
            both(row.n),
            with_limits(&row.interaction),
            statistic(&row.interaction_test),
            p_of(row.interaction_test.p),
            bare(row.partial_eta_square, 3),
            with_limits(&row.visit),
            p_of(row.visit_test.p),
            with_limits(&row.arm),
            p_of(row.arm_test.p),
        ]);
    }
    table.finish()
}
