//! What a command of `bids` is at, for others that come to its folder of results meanwhile: a folder holds one analysis, and a unit is fitted by one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::named::listed;
use super::{Plan, difference, named};
use crate::error::{Error, Result};
use crate::io::Claim;
use crate::pipeline::provenance::real;
use crate::pipeline::spec::Command;

/// A command's claim to a folder of results.
#[derive(Debug, Serialize, Deserialize)]
struct Claimed {
    version: String,
    /// The model's text.
    model: String,
    /// Of each node, by its folder, a unit's command with paths absolute: options are those of all.
    nodes: BTreeMap<String, Command>,
    /// Sidecars of all units.
    units: BTreeSet<PathBuf>,
}

/// Lay claim to the plan's folder of results.
///
/// # Errors
/// Output errors: where another boldly is at work there with another model or other options, or on the same units.
pub(super) fn lay(plan: &Plan) -> Result<Claim> {
    let own = Claimed::of(plan);
    let text = serde_json::to_string(&own).map_err(|cause| {
        Error::internal("the plan", "cannot be written as JSON", "be", "").caused_by(cause)
    })?;
    let judge = |theirs: &str| match serde_json::from_str::<Claimed>(theirs) {
        Ok(theirs) => own.against(&theirs, plan),
        // Of another version: what it is at cannot be told.
        Err(_) => Err(at_work(plan, "another version of boldly is", "wait until it has ended")),
    };
    Claim::lay(&plan.spec.out, &text, &judge)
}

fn at_work(plan: &Plan, who: &str, hint: &str) -> Error {
    Error::output(
        plan.spec.out.display().to_string(),
        format!("is where {who} at work now"),
        "hold one analysis, each unit of it fitted by one command",
        hint,
    )
}

impl Claimed {
    fn of(plan: &Plan) -> Claimed {
        let mut nodes = BTreeMap::new();
        for unit in &plan.units {
            let node = named::node(&plan.read.model.nodes[unit.node].name);
            nodes.entry(node).or_insert_with(|| unit.command.clone().map_paths(&real));
        }
        Claimed {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: plan.read.text.clone(),
            nodes,
            units: plan.units.iter().map(|unit| real(&unit.sidecar())).collect(),
        }
    }

    fn against(&self, theirs: &Claimed, plan: &Plan) -> Result<()> {
        let other = |what: &str| {
            let who = format!("another boldly, with {what}, is");
            Err(at_work(plan, &who, "name another folder of results, or wait until it has ended"))
        };
        if theirs.version != self.version {
            return other(&format!("version {}", theirs.version));
        }
        if theirs.model != self.model {
            return other("another model");
        }
        let shared =
            self.nodes.iter().filter_map(|(node, own)| Some((own, theirs.nodes.get(node)?)));
        for (own, their) in shared {
            if let Some(found) = difference::of_options(their, own) {
                return other(&format!("other options ({found})"));
            }
        }
        let both: Vec<String> = self
            .units
            .intersection(&theirs.units)
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().replace("_mask", "")))
            .collect();
        match both.is_empty() {
            true => Ok(()),
            false => Err(at_work(
                plan,
                &format!("another boldly, on units of this command too ({}), is", listed(&both)),
                "wait until it has ended; the same command then takes what it finished",
            )),
        }
    }
}
