//! Networks: the mean of Fisher's z over pairs of regions within each, and between any two of them and the seeds that are in none.

use crate::design::similar;
use crate::error::{Error, Result};
use crate::pipeline::spec::ConnectSpec;

use super::edges::Edges;
use super::nodes::{Nodes, plain};

/// Regions that a message lists.
const LISTED: usize = 8;

/// A network, or a seed by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub name: String,
    /// Places among the regions, ascending.
    pub nodes: Vec<usize>,
}

/// A pair of them.
pub(super) struct Between {
    pub a: usize,
    pub b: usize,
    /// Pairs of regions that are known, and all.
    pub known: usize,
    pub all: usize,
    /// The mean of Fisher's z over the known ones.
    pub z: f64,
}

/// The networks that are named, then those of the regions' tables, then seeds that are in none of them; nothing without a network.
///
/// # Errors
/// Usage: a name that is no region's, with the nearest, or two networks of one name.
pub(super) fn groups(spec: &ConnectSpec, nodes: &Nodes) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for network in &spec.networks {
        let name = plain(&network.name);
        if groups.iter().any(|group| group.name == name) {
            return Err(Error::usage(
                format!("--network {}", network.name),
                "is given twice",
                "have a name of its own",
                "",
            ));
        }
        let mut of = Vec::new();
        for pattern in &network.nodes {
            let is_meant = |at: &usize| is_match(&plain(pattern), &nodes.all[*at].name);
            let meant: Vec<usize> = (0..nodes.all.len()).filter(is_meant).collect();
            if meant.is_empty() {
                return Err(unknown(&network.name, pattern, nodes));
            }
            of.extend(meant);
        }
        of.sort_unstable();
        of.dedup();
        groups.push(Group { name, nodes: of });
    }
    for (at, node) in nodes.all.iter().enumerate() {
        let Some(name) = node.network.as_deref().map(plain) else { continue };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) if !group.nodes.contains(&at) => group.nodes.push(at),
            Some(_) => {}
            None => groups.push(Group { name, nodes: vec![at] }),
        }
    }
    if groups.is_empty() {
        return Ok(groups);
    }
    for at in 0..nodes.labels.len() {
        if !groups.iter().any(|group| group.nodes.contains(&at)) {
            groups.push(Group { name: nodes.all[at].name.clone(), nodes: vec![at] });
        }
    }
    Ok(groups)
}

fn unknown(network: &str, pattern: &str, nodes: &Nodes) -> Error {
    let names: Vec<String> = nodes.all.iter().map(|node| node.name.clone()).collect();
    let mut listed = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        listed.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    let nearest = similar::closest(pattern, &names);
    Error::usage(
        format!("--network {network}"),
        format!("names '{pattern}', which is no region"),
        format!("name regions ({listed}) or patterns of them"),
        nearest.map_or(String::new(), |name| format!("is {name} meant?")),
    )
}

/// Whether a name is the pattern, in which * stands for anything.
fn is_match(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(left) = name.strip_prefix(start) else { return false };
    (0..=left.len()).filter(|&at| left.is_char_boundary(at)).any(|at| is_match(rest, &left[at..]))
}

/// Every pair, each with itself too where it has two regions.
pub(super) fn between(groups: &[Group], edges: &Edges) -> Vec<Between> {
    let mut all = Vec::new();
    for a in 0..groups.len() {
        for b in a..groups.len() {
            let mut pairs: Vec<(usize, usize)> = Vec::new();
            for &i in &groups[a].nodes {
                pairs.extend(groups[b].nodes.iter().map(|&j| (i.min(j), i.max(j))));
            }
            pairs.retain(|(low, high)| low != high);
            pairs.sort_unstable();
            pairs.dedup();
            if pairs.is_empty() {
                continue;
            }
            let known: Vec<f64> =
                pairs.iter().map(|&pair| edges.z[pair]).filter(|z| !z.is_nan()).collect();
            let z = known.iter().sum::<f64>() / known.len() as f64;
            all.push(Between { a, b, known: known.len(), all: pairs.len(), z });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_names_as_a_shell_would_have_it() {
        for (pattern, name, fits) in [
            ("pcc", "pcc", true),
            ("pcc", "pcc2", false),
            ("angular_*", "angular_l", true),
            ("*_l", "angular_l", true),
            ("a*r_*", "angular_l", true),
            ("a*x", "angular_l", false),
            ("*", "é", true),
        ] {
            assert_eq!(is_match(pattern, name), fits, "{pattern} {name}");
        }
    }
}
