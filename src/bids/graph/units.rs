//! Grouping: the inputs of a node that are fitted together.

use std::collections::BTreeMap;

use super::{CONTRAST, listed};
use crate::bids::Entities;
use crate::bids::model::Node;
use crate::bids::place::short;
use crate::design::similar;
use crate::entity;
use crate::error::{Error, Result};

/// What is fitted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// What it is grouped by, with its values; what none of the inputs has is left out.
    pub entities: Entities,
    /// Its inputs by index, in their order.
    pub inputs: Vec<usize>,
    /// The one contrast that all its inputs are of; none of runs, and where they are of several.
    pub incoming: Option<String>,
}

/// A node's inputs in units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouped {
    /// Units in the order in which their first inputs come.
    pub units: Vec<Unit>,
    /// Inputs that are in no unit, and what they do not have a value of.
    pub lacking: Vec<(usize, String)>,
}

/// Entities that a dataset may do without, so that no input having them is no slip.
const OPTIONAL: &[&str] = &["run", "session"];

/// What stands in a table where a value is not known.
const NOT_KNOWN: &str = "n/a";

/// The units of a node: its inputs by the values of `GroupBy`, in whatever order that names them. Each input: its entities, `contrast`, and
/// columns of tables about it. An input without a run or a session stands with others without one.
///
/// # Errors
/// Bad data: what the node is grouped by is no input's (with the closest that is); runs and sessions none of which has one are left out.
pub fn units(node: &Node, inputs: &[Entities]) -> Result<Grouped> {
    let has = |key: &str| inputs.iter().any(|input| input.contains_key(key));
    let mut by: Vec<&str> = Vec::new();
    for name in &node.group_by {
        if has(name) {
            by.push(name);
        } else if !OPTIONAL.contains(&name.as_str()) && !inputs.is_empty() {
            return Err(nobodys(node, name, inputs));
        }
    }
    by.sort_unstable();
    let mut units: Vec<Unit> = Vec::new();
    let mut at: BTreeMap<Vec<Option<String>>, usize> = BTreeMap::new();
    let mut lacking = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        let value = |key: &&str| input.get(*key).filter(|value| *value != NOT_KNOWN);
        if let Some(key) = by.iter().find(|key| value(key).is_none() && !OPTIONAL.contains(key)) {
            lacking.push((i, (*key).to_owned()));
            continue;
        }
        let group: Vec<Option<String>> =
            by.iter().map(|key| value(key).map(|v| entity::canonical(key, v))).collect();
        let unit = *at.entry(group).or_insert_with(|| {
            let own = |key: &&str| value(key).map(|v| ((*key).to_owned(), v.clone()));
            units.push(Unit {
                entities: by.iter().filter_map(own).collect(),
                inputs: Vec::new(),
                incoming: None,
            });
            units.len() - 1
        });
        units[unit].inputs.push(i);
    }
    for unit in &mut units {
        let mut contrasts = unit.inputs.iter().map(|&i| inputs[i].get(CONTRAST));
        let first = contrasts.next().flatten();
        unit.incoming = first.filter(|_| contrasts.all(|other| other == first)).cloned();
    }
    Ok(Grouped { units, lacking })
}

/// What no input has.
fn nobodys(node: &Node, name: &str, inputs: &[Entities]) -> Error {
    let mut keys: Vec<String> = inputs.iter().flat_map(|input| input.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let hint = match similar::closest(name, &keys) {
        Some(meant) => format!("did you mean {:?}?", short(meant)),
        None => format!("they have {}", listed(&keys)),
    };
    Error::bad_data(
        format!("{}/GroupBy", node.pointer),
        format!("has {:?}, which no input of the node {:?} has", short(name), short(&node.name)),
        "name an entity of its inputs, contrast, or a column of participants.tsv",
        hint,
    )
}

/// A unit in a message.
pub(super) fn called(entities: &Entities) -> String {
    let each: Vec<String> = entities.iter().map(|(key, value)| format!("{key} {value}")).collect();
    if each.is_empty() { "all inputs".into() } else { each.join(", ") }
}
