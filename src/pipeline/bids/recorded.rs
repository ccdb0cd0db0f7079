//! What finished units say of themselves, and which runs their estimates come from.

use super::Plan;
use super::unit::Unit;
use crate::bids::model::Level;
use crate::design::censor::LeftOut;
use crate::error::Result;
use crate::pipeline::provenance::{self, Sidecar};

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

/// The volumes that the finished fit of a run left out, from 0, and why.
pub(super) fn left_out(sidecar: &Sidecar) -> Vec<(usize, String)> {
    let resolved = sidecar.provenance.resolved.get("runs");
    let listed = resolved.and_then(|runs| runs.get(0)?.get("censored").cloned());
    // What another version says otherwise is not shown.
    let all: Vec<LeftOut> =
        listed.and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default();
    all.into_iter().map(|left| (left.volume, left.reasons.join(", "))).collect()
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
