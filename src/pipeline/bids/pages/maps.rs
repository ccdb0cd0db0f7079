//! A finished contrast, read back: its picture and its clusters.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::named;
use super::super::unit::{Estimate, Unit};
use super::{Plan, SUBJECT, corrected, designs};
use crate::bids::Entities;
use crate::bids::model::{Level, Test};
use crate::error::Result;
use crate::maps;
use crate::pipeline::peaks;
use crate::pipeline::provenance::Kind;
use crate::report::analysis::Contrast;
use crate::report::statmap::Underlay;

/// A contrast with what its time courses are found by.
pub(super) struct Shown<'a> {
    pub contrast: Contrast,
    pub unit: &'a Unit,
    /// The highest voxels of the first clusters, by the names of their rows and their positions in the grid.
    pub first: Vec<(String, usize)>,
}

/// The contrasts of a page's units: those of its highest level, and of the others what no unit on the page takes, as F tests, what an edge's filter
/// stops, and what a unit above would have taken that is not there. What goes up is shown where it arrives. `is_done`: of a unit.
///
/// # Errors
/// As [`contrast`].
pub(super) fn all<'a>(
    plan: &Plan,
    units: &[&'a Unit],
    is_done: &dyn Fn(&Unit) -> bool,
    below: Option<&Arc<Underlay>>,
) -> Result<Vec<Shown<'a>>> {
    let highest = units.iter().map(|unit| plan.level(unit)).max();
    let mut shown = Vec::new();
    for unit in units.iter().filter(|unit| is_done(unit)) {
        let is_last = Some(plan.level(unit)) == highest;
        let at = plan.units.iter().position(|own| std::ptr::eq(own, *unit));
        let is_taken = |one: &Estimate| {
            let takes = |above: &&&Unit| {
                let mut rows = above.design.iter();
                rows.any(|row| Some(row.unit) == at && row.contrast == one.spoken)
            };
            units.iter().filter(takes).any(|above| is_done(above))
        };
        for estimate in unit.estimates.iter().filter(|one| is_last || !is_taken(one)) {
            shown.extend(contrast(plan, unit, estimate, below)?);
        }
    }
    Ok(shown)
}

/// The contrast of an estimate; none where it is not finished.
///
/// # Errors
/// Those of reading its maps; internal where they disagree.
pub(super) fn contrast<'a>(
    plan: &Plan,
    unit: &'a Unit,
    estimate: &Estimate,
    below: Option<&Arc<Underlay>>,
) -> Result<Option<Shown<'a>>> {
    let letter = if estimate.test == Test::F { "F" } else { "t" };
    let path = of_stat(&estimate.effect, letter);
    let mask = unit.layout.path(Kind::Map, &maps::Entities::of("mask"), ".nii.gz");
    if !path.is_file() || !mask.is_file() {
        return Ok(None);
    }
    let over = (below.cloned(), unit.n_rows);
    let (found, first) =
        peaks::finished(&estimate.contrast, (&path, &mask), unit.is_two_sided(), over)?;
    let mut picture = found.picture;
    let n_inside = picture.inside.iter().filter(|inside| **inside).count();
    picture.notes = vec![format!(
        "{letter} with {} degrees of freedom, {n_inside} voxels, {} row{} of the design",
        picture.dof,
        unit.n_rows,
        if unit.n_rows == 1 { "" } else { "s" }
    )];
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut contrast = Contrast {
        name: format!("{} ({})", estimate.contrast, within(plan, unit)),
        design: designs::of(plan, unit),
        words: [vec![format!("{}.", plan.place(unit))], unit.left_out.clone()].concat(),
        picture,
        file: file.replace(&format!("stat-{letter}_statmap.nii.gz"), "clusters.tsv"),
        ..found
    };
    if plan.level(unit) == Level::Dataset {
        corrected::add(plan, unit, (&path, letter), &mut contrast)?;
    }
    Ok(Some(Shown { contrast, unit, first }))
}

/// The node of a unit, and what tells the unit from others on the page: of the dataset what its node's units do not share.
fn within(plan: &Plan, unit: &Unit) -> String {
    let node = &plan.read.model.nodes[unit.node].name;
    let is_shared = |key: &str| {
        let mut own = plan.units.iter().filter(|one| one.node == unit.node);
        plan.level(unit) == Level::Dataset
            && own.all(|one| one.entities.get(key) == unit.entities.get(key))
    };
    let told = unit.entities.iter().filter(|(key, _)| *key != SUBJECT && !is_shared(key));
    let told: Entities = told.map(|(key, value)| (key.clone(), value.clone())).collect();
    let images = ["space", "resolution", "density", "cohort"];
    let without = if plan.level(unit) == Level::Dataset { &[][..] } else { &images };
    match named::label(&told, without).as_str() {
        "dataset" => node.clone(),
        told => format!("{node}, {told}"),
    }
}

/// The map of a statistic beside that of an effect.
fn of_stat(effect: &Path, letter: &str) -> PathBuf {
    let name = effect.file_name().unwrap_or_default().to_string_lossy();
    effect.with_file_name(name.replace("stat-effect_", &format!("stat-{letter}_")))
}
