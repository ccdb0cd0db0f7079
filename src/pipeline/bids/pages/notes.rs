//! What must be known before a page is read: warnings of its units, each once with those that it is about, what was left out, and what of the model
//! was taken leniently. What is of another node or subject alone stands on that one's page.

use std::collections::{BTreeSet, HashSet};

use super::super::doubts;
use super::super::named;
use super::super::several::OF_ONE_SUBJECT;
use super::super::times::OF_ONE_MOMENT;
use super::super::together::ELSEWHERE;
use super::super::unit::Unit;
use super::{Of, Plan, said};
use crate::bids::model::Level;
use crate::maps::told;
use crate::pipeline::glm::FEW_DOF;
use crate::pipeline::moment::TWO_ORIGINS;
use crate::pipeline::provenance::Sidecar;
use crate::report::notes::{Kind, Note};

/// All of a page. `recorded`: the sidecars of its units, none of one that is not done.
pub(super) fn of(
    plan: &Plan,
    of: Of<'_>,
    units: &[&Unit],
    recorded: &[Option<Sidecar>],
) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let mut add = |kind: Kind, text: &str, who: &str| {
        let who = (!who.is_empty()).then(|| who.to_owned());
        match notes.iter_mut().find(|note| note.text == text) {
            Some(note) => note.who.extend(who.filter(|who| !note.who.contains(who))),
            None => {
                let mut note = Note::new(kind, text);
                note.who.extend(who);
                notes.push(note);
            }
        }
    };
    for (unit, sidecar) in units.iter().zip(recorded) {
        let name = plan.name(unit);
        for (text, who) in of_contrasts(plan, unit, sidecar.as_ref()) {
            add(Kind::Warning, &said::of_unit(text, unit, plan), &who);
        }
        let mut add = |kind: Kind, text: &str| add(kind, &said::of_unit(text, unit, plan), &name);
        match sidecar {
            Some(sidecar) => {
                let is_run = plan.level(unit) == Level::Run;
                if let Some(dof) = sidecar.provenance.dof.filter(|dof| is_run && *dof < FEW_DOF) {
                    add(Kind::Serious, &format!("leaves {} degrees of freedom", told(dof)));
                }
            }
            None => add(Kind::Serious, "not finished: its maps are not there"),
        }
        // What was left out of any unit stands on a node's page with the others.
        if matches!(of, Of::Subject(_)) {
            unit.left_out.iter().for_each(|line| add(Kind::Warning, &doubts::without(line)));
        }
    }
    // What is said of another subject alone stands on that one's page.
    let is_here = |line: &&String| match (of, line.strip_prefix("sub-")) {
        (Of::Subject(label), Some(rest)) => {
            rest.strip_prefix(label).is_some_and(|rest| rest.starts_with([' ', ':']))
        }
        _ => true,
    };
    let left_out = plan.left_out.iter().filter(is_here);
    left_out.for_each(|line| add(Kind::Warning, &said::plainly(line, plan), ""));
    let own = own_remarks(plan, of, &mut add);
    let lead = nodes(plan, of, units);
    let of_model = plan.read.notes.all().iter();
    let of_model = of_model
        .filter(|line| is_here(line) && !own.contains(*line) && is_of_nodes(plan, &lead, line));
    of_model.for_each(|line| add(Kind::Info, &said::plainly(line, plan), ""));
    notes
}

/// The warnings of a unit's sidecar, each with whom it is about: one that some of its contrasts share names these. That maps are of one subject is
/// said of the plan, with their numbers.
fn of_contrasts<'a>(
    plan: &Plan,
    unit: &Unit,
    sidecar: Option<&'a Sidecar>,
) -> Vec<(&'a str, String)> {
    let mut alike: Vec<(&str, Vec<&str>)> = Vec::new();
    let all = sidecar.iter().flat_map(|sidecar| &sidecar.provenance.warnings);
    for line in all.filter(|line| !line.contains(OF_ONE_SUBJECT)) {
        let names = unit.estimates.iter().map(|one| one.spoken.as_str());
        let of = |name: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(": "));
        let name = names.filter(of).max_by_key(|name| name.len());
        let text = name.map_or(&**line, |name| &line[name.len() + 2..]);
        match alike
            .iter_mut()
            .find(|(own, names)| *own == text && name.is_some() != names.is_empty())
        {
            Some((_, names)) => names.extend(name),
            None => alike.push((text, name.into_iter().collect())),
        }
    }
    let named = alike.into_iter().map(|(text, names)| match names.len() {
        n if n == 0 || n == unit.estimates.len() => (text, plan.name(unit)),
        _ => (text, format!("{} ({})", plan.place(unit), named::first(&names))),
    });
    named.collect()
}

/// The nodes of a page, and those that they take estimates of.
fn nodes(plan: &Plan, of: Of<'_>, units: &[&Unit]) -> BTreeSet<usize> {
    let mut all: BTreeSet<usize> = units.iter().map(|unit| unit.node).collect();
    if let Of::Node(at) = of {
        all.insert(at);
    }
    let mut left: Vec<usize> = all.iter().copied().collect();
    while let Some(node) = left.pop() {
        let edges = plan.read.model.edges.iter().filter(|edge| edge.destination == node);
        left.extend(edges.map(|edge| edge.source).filter(|source| all.insert(*source)));
    }
    all
}

/// Whether a remark is of one of these nodes, by the pointer or the name that it begins with, or of none.
fn is_of_nodes(plan: &Plan, nodes: &BTreeSet<usize>, line: &str) -> bool {
    let who = line.split_once(": ").map_or(line, |(who, _)| who);
    let begins = |start: &str| {
        line.strip_prefix(start).is_some_and(|rest| rest.starts_with(['/', ':', ' ']))
    };
    let of = (plan.read.model.nodes.iter())
        .position(|node| begins(&node.pointer) || is_of_node(who, &node.name));
    of.is_none_or(|of| nodes.contains(&of))
}

/// Add what was remarked on runs of a page's subject, and on units of a page's node, with these alone; all lines of notes that are of such, which are
/// not to be added as they stand. On the page of a node those of runs are.
fn own_remarks(plan: &Plan, of: Of<'_>, add: &mut dyn FnMut(Kind, &str, &str)) -> HashSet<String> {
    let mut lines = HashSet::new();
    for kind in plan.said.all() {
        let begins = |start: &str| kind.whose.iter().all(|who| who.starts_with(start));
        let is_own = |who: &str| match of {
            Of::Subject(subject) => doubts::is_of(who, subject),
            Of::Node(at) => is_of_node(who, &plan.read.model.nodes[at].name),
        };
        match of {
            Of::Subject(_) if begins("sub-") => {}
            Of::Node(_) if begins("node ") => {}
            _ => continue,
        }
        let (whose, said) = kind.told(plan.found.runs.len());
        lines.insert(format!("{whose}: {said}"));
        let weight = weight(&kind.text);
        for who in kind.whose.iter().filter(|who| is_own(who)) {
            add(weight, &said::plainly(&kind.said(), plan), who);
        }
    }
    lines
}

/// How much a remark matters: what makes findings wrong, what was assumed for want of better, or how things were done.
fn weight(text: &str) -> Kind {
    if text.contains(OF_ONE_SUBJECT) || text.contains(ELSEWHERE) {
        Kind::Serious
    } else if text.contains(OF_ONE_MOMENT) || text.contains(TWO_ORIGINS) {
        Kind::Warning
    } else {
        Kind::Info
    }
}

/// Whether it is a unit of a node that is called so: `node all`, `node all (task-a)`.
fn is_of_node(who: &str, node: &str) -> bool {
    let rest = who.strip_prefix("node ").and_then(|rest| rest.strip_prefix(node));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}
