//! What a unit above the run takes together: whether it can be, and what is to be known of it.

use std::collections::BTreeSet;
use std::path::Path;

use ndarray::{Array2, ArrayView1};

use super::named::{self, listed};
use super::unit::{Asked, Estimate, Unit};
use crate::bids::Entities;
use crate::bids::model::{Kind, Level, Node};
use crate::error::Result;
use crate::io;
use crate::pipeline::regions::is_own_space;
use crate::volume::Grid;

/// A mean this far from 0, in standard deviations, is not that of a centred column.
const OFF_CENTRE: f64 = 1e-3;

/// The voxels of what a unit writes: those of the runs below.
fn grid(units: &[Unit], at: usize) -> Option<&Grid> {
    let unit = units.get(at)?;
    match &unit.run {
        Some(run) => Some(&run.grid),
        None => grid(units, *unit.below.first()?),
    }
}

/// Refuse estimates of other voxels than those of the first.
///
/// # Errors
/// Bad data, naming both.
pub(super) fn refuse_other_grids(
    units: &[Unit],
    whose: &str,
    own: &[(usize, &Estimate)],
) -> Result<()> {
    let Some(((at, first), rest)) = own.split_first() else { return Ok(()) };
    let Some(first_grid) = grid(units, *at) else { return Ok(()) };
    let name = |one: &Estimate| named::label(&one.entities, &["space"]);
    let of = format!("{} in {whose}", name(first));
    for (unit, one) in rest {
        let Some(other) = grid(units, *unit) else { continue };
        let hint = "take the images of one space and resolution (--space), or leave such runs out (--bids-filter-file)";
        io::check_grid(Path::new(&name(one)), other, (first_grid, &of), hint)?;
    }
    Ok(())
}

/// That subjects are compared in the spaces of their own, where the names of their images say so.
pub(super) fn own_spaces(node: &Node, own: &[&Entities]) -> Option<String> {
    let subjects: BTreeSet<&String> = own.iter().filter_map(|of| of.get("subject")).collect();
    let space = own.iter().find_map(|of| of.get("space"))?;
    (node.level == Level::Dataset && subjects.len() > 1 && is_own_space(space)).then(|| {
        format!(
            "takes {} subjects together in space-{space}, each subject's own: a voxel is another place in each; --space takes images of a template",
            subjects.len()
        )
    })
}

/// That the variance between subjects is no part of what is tested.
pub(super) fn fixed_over_subjects(node: &Node, own: &[&Entities]) -> Option<String> {
    let subjects: BTreeSet<&String> = own.iter().filter_map(|of| of.get("subject")).collect();
    (node.kind == Kind::Meta && subjects.len() > 1).then(|| {
        format!(
            "combines {} subjects by fixed effects: their variance within runs alone is counted, so that a result holds of these subjects, not of others \
             like them; Type glm compares them by what differs between subjects",
            subjects.len()
        )
    })
}

/// Contrasts of the constant alone beside columns that are not centred: effects where those are 0.
pub(super) fn at_zero(
    node: &Node,
    (columns, design): (&[String], &Array2<f64>),
    asked: &[Asked],
) -> Option<String> {
    let is_constant = |values: ArrayView1<f64>| values.iter().all(|v| *v == values[0]);
    let is_binary = |values: ArrayView1<f64>| values.iter().all(|v| *v == 0.0 || *v == 1.0);
    let off = |values: ArrayView1<f64>| {
        let (mean, sd) = (values.mean().unwrap_or(0.0), values.std(0.0));
        (mean.abs() > OFF_CENTRE * sd).then_some(mean)
    };
    let held: Vec<String> = (columns.iter().zip(design.columns()))
        .filter(|(_, values)| !values.is_empty() && !is_constant(*values) && !is_binary(*values))
        .filter_map(|(name, values)| off(values).map(|mean| format!("{name} (mean {mean:.4})")))
        .collect();
    let of_constant = |one: &&Asked| {
        let weighed = |row: &Vec<f64>| {
            let weighed = row.iter().enumerate().filter(|(_, w)| **w != 0.0);
            weighed.map(|(at, _)| at).all(|at| is_constant(design.column(at)))
        };
        one.weights.iter().all(weighed)
    };
    let of: Vec<String> = asked.iter().filter(of_constant).map(|one| one.name.clone()).collect();
    (node.kind == Kind::Glm && design.nrows() > 0 && !held.is_empty() && !of.is_empty()).then(
        || {
            format!(
                "tests {} where {} is 0; Demean it for the effect at its mean",
                listed(&of),
                listed(&held)
            )
        },
    )
}
