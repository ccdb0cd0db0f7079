//! Edges: which node's estimates go where.

use std::collections::BTreeMap;

use serde_json::Value;

use super::filter::{filter, twice};
use super::{Edge, Level, Node};
use crate::bids::Notes;
use crate::bids::place::{Place, list, short, text};
use crate::design::similar;
use crate::entity;
use crate::error::{Error, Result};

/// The edges of a model, or the chain of its nodes where it has none.
///
/// # Errors
/// Bad data: an edge to nowhere, a circle, an edge into a run-level node, a node above it to which none leads.
pub(super) fn read(top: &Place, nodes: &[Node], notes: &mut Notes) -> Result<Vec<Edge>> {
    let Some(value) = top.get("Edges") else {
        let chain = (1..nodes.len()).map(|i| Edge {
            pointer: nodes[i].pointer.clone(),
            source: i - 1,
            destination: i,
            filter: BTreeMap::new(),
        });
        let edges: Vec<Edge> = chain.collect();
        return fed(nodes, &edges).map(|()| edges);
    };
    let mut edges: Vec<Edge> = Vec::new();
    let each = list(value, "/Edges")?.iter().enumerate();
    for (i, value) in each {
        let edge = one(value, &format!("/Edges/{i}"), nodes, notes)?;
        let ends = |edge: &Edge| (edge.source, edge.destination);
        if edges.iter().any(|other| ends(other) == ends(&edge) && other.filter == edge.filter) {
            notes.add(&edge.pointer, "is there already; taken once");
        } else {
            edges.push(edge);
        }
    }
    fed(nodes, &edges)?;
    match circle(nodes.len(), &edges) {
        None => Ok(edges),
        Some(node) => Err(Error::bad_data(
            "/Edges",
            format!("lead from {:?} back to it", short(&nodes[node].name)),
            "lead upward alone: from runs to sessions, subjects and the dataset",
            "take out the edge that leads back",
        )),
    }
}

fn one(value: &Value, pointer: &str, nodes: &[Node], notes: &mut Notes) -> Result<Edge> {
    let keys = &["Source", "Destination", "Filter", "Description"];
    let place = Place::open(value, pointer, "an edge", keys)?;
    place.text("Description")?;
    let source = end(&place, "Source", nodes)?;
    let destination = end(&place, "Destination", nodes)?;
    let mut named = BTreeMap::new();
    if let Some(value) = place.get("Filter") {
        for (name, labels) in filter(value, &place.at("Filter"), "a filter of estimates", notes)? {
            let long = entity::long(&name).map_or(name.clone(), str::to_owned);
            if named.insert(long.clone(), labels).is_some() {
                return Err(twice(&place.at("Filter"), &long));
            }
        }
    }
    Ok(Edge { pointer: pointer.to_owned(), source, destination, filter: named })
}

/// The node that an end of an edge names.
fn end(place: &Place, key: &str, nodes: &[Node]) -> Result<usize> {
    let name = text(place.need(key)?, &place.at(key))?;
    nodes.iter().position(|node| node.name == name).ok_or_else(|| {
        let names: Vec<String> = nodes.iter().map(|node| short(&node.name)).collect();
        let hint = match similar::closest(name, &names) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("nodes: {}", names.join(", ")),
        };
        let found = format!("is {:?}, and no node has that name", short(name));
        Error::bad_data(place.at(key), found, "be the Name of a node", hint)
    })
}

/// Holds that runs go into run-level nodes, and estimates into all others.
fn fed(nodes: &[Node], edges: &[Edge]) -> Result<()> {
    if let Some(edge) = edges.iter().find(|edge| nodes[edge.destination].level == Level::Run) {
        return Err(Error::bad_data(
            edge.pointer.clone(),
            format!(
                "has estimates of {:?} go into {:?}, whose Level is Run",
                short(&nodes[edge.source].name),
                short(&nodes[edge.destination].name)
            ),
            "lead into a node of a higher Level: a run-level node takes runs",
            "give Edges, or put the nodes in order",
        ));
    }
    let lone = |i: &usize| !edges.iter().any(|edge| edge.destination == *i);
    let above = |i: &usize| nodes[*i].level != Level::Run;
    match (0..nodes.len()).find(|i| above(i) && lone(i)) {
        None => Ok(()),
        Some(i) => Err(Error::bad_data(
            nodes[i].pointer.clone(),
            format!("is of Level {:?}, and no edge leads to it", nodes[i].level),
            "take estimates of a node before it, or be of Level Run",
            "add an edge to it, or take the node out",
        )),
    }
}

/// A node from which edges lead back to it.
fn circle(n_nodes: usize, edges: &[Edge]) -> Option<usize> {
    order(n_nodes, edges).err()
}

/// Nodes in an order in which each comes after those whose estimates it takes, first ones first; or one that lies on a circle.
pub(super) fn order(n_nodes: usize, edges: &[Edge]) -> std::result::Result<Vec<usize>, usize> {
    let mut waits_for = vec![0_usize; n_nodes];
    edges.iter().for_each(|edge| waits_for[edge.destination] += 1);
    let mut order: Vec<usize> = Vec::new();
    let mut done = vec![false; n_nodes];
    while order.len() < n_nodes {
        let Some(next) = (0..n_nodes).find(|i| !done[*i] && waits_for[*i] == 0) else {
            return Err(on_circle(n_nodes, edges, &done));
        };
        let from = edges.iter().filter(|edge| edge.source == next);
        from.for_each(|edge| waits_for[edge.destination] -= 1);
        done[next] = true;
        order.push(next);
    }
    Ok(order)
}

/// Of the nodes left over, one that is reached again: each has an edge from another of them, so that going back ends in a circle.
fn on_circle(n_nodes: usize, edges: &[Edge], done: &[bool]) -> usize {
    let mut at = (0..n_nodes).find(|i| !done[*i]).unwrap_or(0);
    for _ in 0..n_nodes {
        let before = edges.iter().find(|e| e.destination == at && !done[e.source]);
        at = before.map_or(at, |edge| edge.source);
    }
    at
}
