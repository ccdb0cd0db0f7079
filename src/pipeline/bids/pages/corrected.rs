//! What a node of the dataset found beyond each voxel by itself: corrected p, the group's own table of clusters, and its page.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::unit::Unit;
use super::Plan;
use crate::error::Result;
use crate::io::{bids, read_map, read_text};
use crate::maps::Entities;
use crate::pipeline::peaks::{CORRECTED, CORRECTIONS, CRITICAL};
use crate::pipeline::provenance::{Kind, sidecar_path};
use crate::report::analysis::{Contrast, Correction};
use crate::report::group::Listing;

/// A map of p that lies beside that of a statistic.
struct Found {
    /// Its `desc`, and what it goes by.
    by: (&'static str, &'static str),
    /// `[voxel]`
    p: Vec<f32>,
    fields: Map<String, Value>,
}

/// The picture shows what the strongest correction lets pass, the table is the group's, and its page is named. `statistic`: the map of t or F, and which of
/// them.
///
/// # Errors
/// Those of reading the maps and tables.
pub(super) fn add(
    plan: &Plan,
    unit: &Unit,
    (statistic, letter): (&Path, &str),
    contrast: &mut Contrast,
) -> Result<()> {
    let beside = |ending: &str| {
        let name = statistic.file_name().unwrap_or_default().to_string_lossy();
        statistic.with_file_name(name.replace(&format!("stat-{letter}_statmap.nii.gz"), ending))
    };
    if let Some(clusters) = listed(&beside("clusters.tsv"))? {
        contrast.clusters = clusters;
    }
    contrast.regions = listed(&beside("regions.tsv"))?;
    let Some(inference) = &plan.spec.inference else { return Ok(()) };
    let mut all = Vec::new();
    for by in CORRECTIONS {
        let path = beside(&format!("desc-{}_stat-p_statmap.nii.gz", by.0));
        if path.is_file() {
            let fields = bids::read_json(&sidecar_path(&path))?;
            all.push(Found { by, p: read_map(&path)?.2, fields });
        }
    }
    contrast.corrections =
        all.iter().map(|one| correction(one, &contrast.picture.inside)).collect();
    if let Some(strongest) = all.first() {
        let across = inference.test.permute.as_ref().is_some_and(|options| options.across);
        pass(strongest, across, contrast);
    }
    let page = unit.layout.path(Kind::Page, &Entities::of("group"), ".html");
    if page.is_file() {
        let words = "The page of this test alone: every map, table and picture of it".to_owned();
        contrast.links.push((super::address(plan, &page), words));
    }
    Ok(())
}

/// A table that lies in the results and what its sidecar says it is; none where it is not there.
///
/// # Errors
/// Those of reading both.
pub(super) fn listed(table: &Path) -> Result<Option<(String, Listing)>> {
    if !table.is_file() {
        return Ok(None);
    }
    let fields = bids::read_json(&sidecar_path(table))?;
    let said = fields.get("Description").and_then(Value::as_str).unwrap_or_default();
    Ok(Some((said.to_owned(), Listing::of_tsv(&read_text(table)?))))
}

fn correction(one: &Found, inside: &[bool]) -> Correction {
    let p = || inside.iter().zip(&one.p).filter(|(inside, _)| **inside).map(|(_, p)| *p);
    let said = one.fields.get("Description").and_then(Value::as_str);
    Correction {
        what: said.unwrap_or(one.by.1).to_owned(),
        rule: "p ≤ .05".to_owned(),
        n_voxels: p().filter(|p| *p <= CORRECTED).count(),
        least: f64::from(p().fold(1.0, f32::min)),
    }
}

/// The picture by a correction.
fn pass(one: &Found, across: bool, contrast: &mut Contrast) {
    let picture = &mut contrast.picture;
    let tails = match (picture.letter, picture.threshold.two_sided) {
        ("t", true) => ", both tails",
        ("t", false) => ", upper tail",
        _ => "",
    };
    let over = if across && one.by.0 == "maxT" { " over contrasts, too" } else { "" };
    let threshold = &mut picture.threshold;
    let inside = picture.inside.iter().zip(&one.p);
    threshold.passed = inside.map(|(inside, p)| *inside && *p <= CORRECTED).collect();
    threshold.words = format!("p ≤ .05 corrected{over}, {}{tails}", one.by.1);
    threshold.from = one.fields.get(CRITICAL).and_then(Value::as_f64);
    if let Some(from) = threshold.from.filter(|from| *from > 0.0) {
        threshold.full = from;
    }
}
