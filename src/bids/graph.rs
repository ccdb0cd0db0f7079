//! The graph of nodes: what passes along an edge, how the inputs of a node are grouped, and the contrasts of a unit by name and weight.
//!
//! A node takes runs, or the estimates of nodes before it. Of each input one map is known here: its entities, `contrast` among them for an
//! estimate, and what the dataset's tables say of its subject, session or run. A unit is what is fitted together. Source: BIDS Stats Models
//! 1.0.0, "Nodes" and "Edges"; names of contrasts as pybids has them.

use super::model::{Edge, Node, Test};
use super::names::Wanted;
use super::place::{below, short};
use super::{Entities, Model};
use crate::design::similar;
use crate::entity;
use crate::error::{Error, Result};

mod contrasts;
mod units;

pub use contrasts::{Asked, Lacking, Resolved, contrasts};
pub use units::{Grouped, Unit, units};

/// Key of the name of an estimate's contrast.
pub const CONTRAST: &str = "contrast";

/// Whether labels of entities are among those allowed. An entity that is not there is not.
#[must_use]
pub fn allows(
    allowed: &std::collections::BTreeMap<String, Vec<String>>,
    entities: &Entities,
) -> bool {
    allowed.iter().all(|(name, labels)| {
        let own = entities.get(name);
        own.is_some_and(|own| labels.iter().any(|label| entity::same(name, label, own)))
    })
}

/// Whether an estimate with this test goes on: one of F is the end of its way, for rows of effects have no effect.
#[must_use]
pub fn goes_on(test: Test) -> bool {
    test != Test::F
}

/// Which estimates of an edge's source pass its filter, by index.
///
/// # Errors
/// Bad data at the edge: a key of the filter that no estimate has, a label that none has and that is no contrast of the model, with the
/// closest one. A contrast of the model that was left out everywhere passes nothing.
pub fn passing(model: &Model, edge: &Edge, estimates: &[Entities]) -> Result<Vec<usize>> {
    let all: Vec<usize> = (0..estimates.len()).collect();
    if all.is_empty() || edge.filter.is_empty() {
        return Ok(all);
    }
    for (name, labels) in &edge.filter {
        let has = |label: &String| {
            estimates.iter().filter_map(|e| e.get(name)).any(|own| entity::same(name, label, own))
        };
        let is_left_out = |label: &String| name == CONTRAST && is_contrast(model, label);
        if let Some(label) = labels.iter().find(|label| !has(label) && !is_left_out(label)) {
            return Err(no_such(model, edge, name, label, estimates));
        }
    }
    Ok(all.into_iter().filter(|&i| allows(&edge.filter, &estimates[i])).collect())
}

/// Whether a node of the model asks for a contrast of this name, by a pattern of dummy contrasts too.
fn is_contrast(model: &Model, name: &str) -> bool {
    model.nodes.iter().any(|node| {
        let mut dummies = node.dummy.iter().flat_map(|dummy| dummy.columns.iter().flatten());
        node.contrasts.iter().any(|contrast| contrast.name == name)
            || dummies.any(|own| Wanted::new(own).is(name))
    })
}

/// A label, or a key, of a filter that no estimate has.
fn no_such(model: &Model, edge: &Edge, name: &str, label: &str, estimates: &[Entities]) -> Error {
    let source = &model.nodes[edge.source].name;
    let place = below(&edge.pointer, "Filter");
    let mut known: Vec<String> = estimates.iter().filter_map(|e| e.get(name)).cloned().collect();
    known.sort();
    known.dedup();
    let close = |wanted: &str, among: &[String], what: &str| match similar::closest(wanted, among) {
        Some(meant) => format!("did you mean {:?}?", short(meant)),
        None => format!("it has the {what} {}", listed(among)),
    };
    if known.is_empty() {
        let mut keys: Vec<String> = estimates.iter().flat_map(|e| e.keys()).cloned().collect();
        keys.sort();
        keys.dedup();
        return Error::bad_data(
            place,
            format!("asks for {:?}, which no estimate of {:?} has", short(name), short(source)),
            "name an entity of estimates, or contrast",
            close(name, &keys, "keys"),
        );
    }
    Error::bad_data(
        place,
        format!(
            "asks for {name} {:?}, which no estimate of {:?} is of",
            short(label),
            short(source)
        ),
        "name what comes out of the node before",
        close(label, &known, "labels"),
    )
}

/// Names for a message.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> =
        names.iter().take(8).map(|name| format!("{:?}", short(name))).collect();
    match names.len() {
        n if n > 8 => format!("{}, and {} more", shown.join(", "), n - 8),
        _ => shown.join(", "),
    }
}

/// Columns that tell a unit's inputs apart by their contrasts: each contrast that comes in, by name, with 1 for the inputs of it and 0 for the
/// others, `[input]`.
#[must_use]
pub fn incoming(unit: &Unit, inputs: &[Entities]) -> Vec<(String, Vec<f64>)> {
    let own = |i: &usize| inputs.get(*i).and_then(|input| input.get(CONTRAST));
    let mut names: Vec<&String> = Vec::new();
    for name in unit.inputs.iter().filter_map(own) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let column = |name: &String| {
        unit.inputs.iter().map(|i| f64::from(u8::from(own(i) == Some(name)))).collect()
    };
    names.into_iter().map(|name| (name.clone(), column(name))).collect()
}

/// The one run of a run-level unit.
///
/// # Errors
/// Bad data: several runs, with the entities in which they differ.
pub fn one_run(node: &Node, unit: &Unit, runs: &[Entities]) -> Result<usize> {
    match unit.inputs[..] {
        [one] => Ok(one),
        _ => {
            let members: Vec<&Entities> = unit.inputs.iter().filter_map(|&i| runs.get(i)).collect();
            let mut keys: Vec<&String> = members.iter().flat_map(|run| run.keys()).collect();
            keys.sort();
            keys.dedup();
            let differs =
                |key: &&&String| members.iter().any(|run| run.get(**key) != members[0].get(**key));
            let differing: Vec<String> =
                keys.iter().filter(differs).map(|key| format!("\"{key}\"")).collect();
            Err(Error::bad_data(
                format!("{}/GroupBy ({})", node.pointer, units::called(&unit.entities)),
                format!("leaves {} runs together", members.len()),
                "part them: each run is a fit of its own",
                format!("they differ in {}: add it, or choose with Input", differing.join(", ")),
            ))
        }
    }
}
