//! What of a model is probably a slip though the model alone cannot say so: the data decide, and a person is told before.

use std::collections::BTreeSet;

use super::filter::meant;
use super::{Dummy, Kind, Level, Model, Node};
use crate::bids::place::{below, short};
use crate::design::similar;
use crate::entity;

const CONTRAST: &str = "contrast";
const INTERCEPT: &str = "intercept";

/// A JSON pointer, and what is said of the place.
type Doubt = (String, String);

impl Model {
    /// What is probably a slip, each with its JSON pointer: names that are close to an entity, contrasts that a filter lets through and no node
    /// asks for, subjects one by one at a node that compares them, a run-level node that asks nothing, variables that are made after they are taken.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        let of_nodes = self.nodes.iter().flat_map(|node| {
            let own = [nothing(node), grouping(node), alone(node), constant(node), order(node)];
            own.into_iter().flatten().collect::<Vec<Doubt>>()
        });
        of_nodes.chain(self.filters()).collect()
    }

    fn filters(&self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        for edge in &self.edges {
            let place = below(&edge.pointer, "Filter");
            for (key, labels) in &edge.filter {
                if let Some(meant) = slip(key) {
                    doubts.push((below(&place, key), no_entity(key, &meant)));
                }
                if key != CONTRAST {
                    continue;
                }
                let Some(names) = self.contrasts_of(edge.source, self.nodes.len()) else {
                    continue;
                };
                for label in labels.iter().filter(|label| !names.contains(*label)) {
                    let all: Vec<String> = names.iter().map(|name| short(name)).collect();
                    let hint = match similar::closest(label, &all) {
                        Some(close) => format!("did you mean {close:?}?"),
                        None => format!("it has {}", all.join(", ")),
                    };
                    let source = short(&self.nodes[edge.source].name);
                    let said = format!("{:?} is no contrast of {source:?}: {hint}", short(label));
                    doubts.push((below(&place, key), said));
                }
            }
        }
        doubts
    }

    /// The contrasts that go up from a node, where the model alone tells them; `depth`: of nodes that may lie below it.
    fn contrasts_of(&self, at: usize, depth: usize) -> Option<BTreeSet<String>> {
        let node = &self.nodes[at];
        let column = |name: &String| if name == "1" { INTERCEPT.to_owned() } else { name.clone() };
        let mut own: BTreeSet<String> = node.contrasts.iter().map(|one| one.name.clone()).collect();
        if let Some(dummy) = &node.dummy {
            let columns = dummy.columns.as_ref().unwrap_or(&node.x);
            if columns.iter().any(|name| is_pattern(name)) || node.formula.is_some() {
                return None;
            }
            own.extend(columns.iter().map(column));
        }
        if node.level == Level::Run {
            return Some(own);
        }
        // Units of one contrast each: that of the intercept keeps the name that comes in, any other follows it.
        if depth == 0 || !node.group_by.iter().any(|name| name == CONTRAST) {
            return None;
        }
        let mut all = BTreeSet::new();
        for edge in self.edges.iter().filter(|edge| edge.destination == at) {
            let allowed = edge.filter.get(CONTRAST);
            let incoming = self.contrasts_of(edge.source, depth - 1)?;
            for name in incoming.iter().filter(|name| allowed.is_none_or(|all| all.contains(*name)))
            {
                all.extend(own.iter().map(|one| match one.as_str() {
                    INTERCEPT => name.clone(),
                    one => format!("{name}_{one}"),
                }));
            }
        }
        Some(all)
    }
}

/// The entity that is meant by what is none and close to one.
fn slip(name: &str) -> Option<String> {
    if entity::long(name).is_some() { None } else { meant(name) }
}

fn no_entity(name: &str, meant: &str) -> String {
    format!(
        "{:?} is no entity, and taken for a column of participants.tsv, sessions.tsv or scans.tsv: did you mean {meant:?}?",
        short(name)
    )
}

/// The standard allows a node that only cleans; here nothing is estimated without a contrast: a run of it is refused, a unit above left out.
fn nothing(node: &Node) -> Option<Doubt> {
    let asks = |dummy: &Dummy| dummy.columns.as_ref().is_none_or(|columns| !columns.is_empty());
    let asks_none = node.contrasts.is_empty() && !node.dummy.as_ref().is_some_and(asks);
    let said = match node.level {
        Level::Run => {
            "asks no contrast of any run, so that nothing is estimated: a run of it is refused until Contrasts or DummyContrasts ask one"
        }
        _ => {
            "asks no contrast, so that nothing is estimated: it has no maps until Contrasts or DummyContrasts ask one"
        }
    };
    asks_none.then(|| (node.pointer.clone(), said.to_owned()))
}

fn grouping(node: &Node) -> Option<Doubt> {
    let (name, meant) = node.group_by.iter().find_map(|name| Some((name, slip(name)?)))?;
    Some((format!("{}/GroupBy", node.pointer), no_entity(name, &meant)))
}

/// Least squares over one subject has nothing to find an error from.
fn alone(node: &Node) -> Option<Doubt> {
    let by_subject = node.group_by.iter().any(|name| name == "subject");
    (node.level == Level::Dataset && node.kind == Kind::Glm && by_subject).then(|| {
        let said = "takes each subject by itself, where least squares has no error: leave \"subject\" out to compare subjects";
        (format!("{}/GroupBy", node.pointer), said.to_owned())
    })
}

fn constant(node: &Node) -> Option<Doubt> {
    let known = [INTERCEPT.to_owned()];
    let is_slip =
        |name: &&String| name.as_str() != INTERCEPT && similar::closest(name, &known).is_some();
    let name = node.x.iter().find(is_slip)?;
    let said =
        format!("{:?} is taken for a variable: did you mean \"intercept\", or 1?", short(name));
    Some((format!("{}/Model/X", node.pointer), said))
}

/// A variable that an instruction takes and only a later one makes.
fn order(node: &Node) -> Option<Doubt> {
    let made = |at: usize, name: &String| {
        let one = &node.transformations[at];
        let factors =
            one.name == "Factor" && one.input.iter().any(|of| name.starts_with(&format!("{of}.")));
        // What it takes itself under this name was there before.
        factors || one.output.contains(name) && !one.input.contains(name)
    };
    let n = node.transformations.len();
    for (at, one) in node.transformations.iter().enumerate() {
        let taken = one.input.iter().filter(|name| !is_pattern(name));
        for name in taken.filter(|name| !(0..at).any(|before| made(before, name))) {
            if let Some(later) = (at + 1..n).find(|&later| made(later, name)) {
                let said = format!(
                    "takes {:?}, which only {} makes, a later one: is their order meant?",
                    short(name),
                    node.transformations[later].place()
                );
                return Some((format!("{}/Input", one.pointer), said));
            }
        }
    }
    None
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}
