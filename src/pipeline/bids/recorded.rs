//! What finished units say of themselves, and which runs their estimates come from.

use ndarray::{Array2, ArrayView1};

use super::Plan;
use super::unit::Unit;
use crate::bids::model::Level;
use crate::design::censor::LeftOut;
use crate::error::Result;
use crate::pipeline::provenance::{self, Sidecar};
use crate::pipeline::watch::Watch;
use crate::stats::least_squares::LeastSquares;

/// A weight below this is one of 0, to rounding.
const WEIGHS: f64 = 1e-9;

/// The entity that says whose a unit is.
pub(super) const SUBJECT: &str = "subject";

impl Plan {
    /// The level of a unit's node.
    pub(super) fn level(&self, unit: &Unit) -> Level {
        self.read.model.nodes[unit.node].level
    }
}

/// What a unit's sidecar holds; none of one that is not finished.
pub(super) fn read(unit: &Unit) -> Result<Option<Sidecar>> {
    let path = unit.sidecar();
    if path.is_file() { provenance::read(&path) } else { Ok(None) }
}

/// Tell the warnings that a finished unit's sidecar holds, with whose they are; whether there are any.
pub(super) fn tell(unit: &Unit, name: &str, watch: &dyn Watch) -> Result<bool> {
    let known = read(unit)?.map_or_else(Vec::new, |known| known.provenance.warnings);
    known.iter().for_each(|line| watch.warn(&format!("{name}: {line}")));
    Ok(!known.is_empty())
}

/// The volumes that the finished fit of a run left out, from 0, and why.
pub(super) fn left_out(sidecar: &Sidecar) -> Vec<(usize, String)> {
    let resolved = sidecar.provenance.resolved.get("runs");
    let listed = resolved.and_then(|runs| runs.get(0)?.get("censored").cloned());
    // What another version says otherwise is not shown.
    let all: Vec<LeftOut> =
        listed.and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default();
    all.into_iter().map(|left| (left.volume, left.reasons.join(", "))).collect()
}

/// The runs that one of a unit's estimates comes from, by its name as files are called: above the run of those rows of the design alone that its
/// contrast weighs.
///
/// # Errors
/// Those of the design's decomposition.
pub(super) fn runs_of<'a>(plan: &'a Plan, unit: &'a Unit, spoken: &str) -> Result<Vec<&'a Unit>> {
    if plan.level(unit) == Level::Run {
        return Ok(vec![unit]);
    }
    let Some(asked) = unit.asked.iter().find(|asked| asked.spoken == spoken) else {
        return Ok(Vec::new());
    };
    let shape = (unit.design.len(), unit.columns.len());
    let design = Array2::from_shape_fn(shape, |(row, column)| unit.design[row].values[column]);
    let solved = LeastSquares::new(design.view())?;
    let mut all: Vec<&Unit> = Vec::new();
    for (row, own) in solved.pinv.columns().into_iter().zip(&unit.design) {
        let weight = |weights: &Vec<f64>| ArrayView1::from(weights).dot(&row).abs();
        if asked.weights.iter().all(|weights| weight(weights) < WEIGHS) {
            continue;
        }
        for run in runs_of(plan, &plan.units[own.unit], &own.contrast)? {
            if !all.iter().any(|known| std::ptr::eq(*known, run)) {
                all.push(run);
            }
        }
    }
    Ok(all)
}

/// The runs that a unit's estimates come from, itself where it is one.
pub(super) fn runs<'a>(plan: &'a Plan, unit: &'a Unit) -> Vec<&'a Unit> {
    if plan.level(unit) == Level::Run {
        return vec![unit];
    }
    let mut all: Vec<&Unit> = Vec::new();
    for run in unit.below.iter().flat_map(|below| runs(plan, &plan.units[*below])) {
        if !all.iter().any(|own| std::ptr::eq(*own, run)) {
            all.push(run);
        }
    }
    all
}
