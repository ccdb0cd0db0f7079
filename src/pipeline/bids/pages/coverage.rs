//! Where a subject's runs, or the estimates of a node, have data.

use std::sync::Arc;

use super::super::recorded;
use super::super::unit::Unit;
use super::Plan;
use crate::bids::model::Level;
use crate::error::Result;
use crate::io::read_map;
use crate::maps::Entities;
use crate::pipeline::provenance::Kind;
use crate::report::analysis::Coverage;
use crate::report::statmap::Underlay;

/// Estimates that units of a node combine alike.
struct Combined<'a> {
    /// The runs of each.
    runs: Vec<Vec<*const Unit>>,
    from: Vec<&'a Unit>,
    /// What is combined.
    contrasts: Vec<String>,
}

/// One of all runs of a subject, or one of each set of estimates that a node combines; nothing where there is one alone.
///
/// # Errors
/// Those of reading the masks.
pub(super) fn of(
    plan: &Plan,
    units: &[&Unit],
    is_done: &dyn Fn(&Unit) -> bool,
    below: Option<&Arc<Underlay>>,
) -> Result<Vec<Coverage>> {
    let runs: Vec<&Unit> =
        units.iter().copied().filter(|unit| plan.level(unit) == Level::Run).collect();
    let mut all = Vec::new();
    if !runs.is_empty() {
        all.extend(counted(("runs", "run"), &runs, is_done, below)?);
        return Ok(all);
    }
    // Which runs an estimate is of decides where it has data; what it is an estimate of does not.
    let mut known: Vec<Combined<'_>> = Vec::new();
    for unit in units {
        let mut from: Vec<&Unit> = Vec::new();
        for one in unit.below.iter().map(|at| &plan.units[*at]) {
            if !from.iter().any(|own| own.name() == one.name()) {
                from.push(one);
            }
        }
        let runs_of = |one: &&Unit| {
            recorded::runs(plan, one).into_iter().map(std::ptr::from_ref).collect::<Vec<_>>()
        };
        let runs: Vec<_> = from.iter().map(runs_of).collect();
        let contrasts = unit.estimates.iter().map(|one| one.contrast.clone());
        match known.iter_mut().find(|own| own.runs == runs) {
            Some(own) => own.contrasts.extend(contrasts),
            None => known.push(Combined { runs, from, contrasts: contrasts.collect() }),
        }
    }
    for Combined { from, contrasts, .. } in known {
        let title = format!("estimates for {}", contrasts.join(", "));
        all.extend(counted((&title, "estimate"), &from, is_done, below)?);
    }
    Ok(all)
}

/// The masks of finished units, those on the grid of the first.
fn counted(
    (title, noun): (&str, &str),
    units: &[&Unit],
    is_done: &dyn Fn(&Unit) -> bool,
    below: Option<&Arc<Underlay>>,
) -> Result<Option<Coverage>> {
    let mut all: Option<Coverage> = None;
    let mut elsewhere = 0;
    for unit in units.iter().filter(|unit| is_done(unit)) {
        let path = unit.layout.path(Kind::Map, &Entities::of("mask"), ".nii.gz");
        if !path.is_file() {
            continue;
        }
        let (grid, _, values) = read_map(&path)?;
        let inside: Vec<bool> = values.iter().map(|v| *v > 0.0).collect();
        let one = all.get_or_insert_with(|| Coverage {
            title: title.to_owned(),
            noun: noun.to_owned(),
            grid: grid.clone(),
            parts: Vec::new(),
            underlay: below.cloned(),
        });
        match grid.shape == one.grid.shape && grid.affine == one.grid.affine {
            true => one.parts.push((unit.name(), inside)),
            false => elsewhere += 1,
        }
    }
    if let Some(one) = all.as_mut().filter(|_| elsewhere > 0) {
        one.title += &format!("; {elsewhere} more lie on another grid");
    }
    Ok(all.filter(|one| one.parts.len() > 1))
}
