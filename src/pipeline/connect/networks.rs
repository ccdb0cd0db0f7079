//! Networks: the mean of Fisher's z over pairs of regions within each, and between any two of them and the seeds that are in none.

use crate::design::similar;
use crate::error::{Error, Result};
use crate::pipeline::spec::{ConnectSpec, Network};
use crate::pipeline::watch::Watch;

use super::edges::Edges;
use super::nodes::{Nodes, plain};

/// Regions that a message lists.
const LISTED: usize = 8;
/// Networks or regions that a line lists.
const TOLD: usize = 6;

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
/// Usage: a name that is no region's, with the nearest, two networks of one name, a network that is called as a seed in none, or networks that make no pair of regions.
pub(super) fn groups(spec: &ConnectSpec, nodes: &Nodes, watch: &dyn Watch) -> Result<Vec<Group>> {
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
    let n_networks = groups.len();
    for at in 0..nodes.labels.len() {
        if !groups[..n_networks].iter().any(|group| group.nodes.contains(&at)) {
            refuse_seeds_name(spec, &groups[..n_networks], &nodes.all[at].name)?;
            groups.push(Group { name: nodes.all[at].name.clone(), nodes: vec![at] });
        }
    }
    if any_pair(&groups) {
        tell(&groups, n_networks, nodes, watch);
        return Ok(groups);
    }
    let name = &nodes.all[groups[0].nodes[0]].name;
    if spec.networks.is_empty() {
        watch.warn(&format!(
            "the network {} of the table of regions has {name} alone, and there is no other network and no seed: no networks.tsv",
            groups[0].name
        ));
        return Ok(Vec::new());
    }
    Err(Error::usage(
        format!("--network {}", spec.networks[0].name),
        format!("has one region, {name}, and there is no other network and no seed"),
        "make a pair of regions: a network of two, two networks, or a network and a seed",
        "name more regions: dmn=pcc,mpfc,angular_*",
    ))
}

/// A seed that is in no network has rows of its own, which a network of its name would have too.
fn refuse_seeds_name(spec: &ConnectSpec, networks: &[Group], seed: &str) -> Result<()> {
    if !networks.iter().any(|network| network.name == seed) {
        return Ok(());
    }
    let is_named = |network: &&Network| plain(&network.name) == seed;
    let (thing, hint) = match spec.networks.iter().find(is_named) {
        Some(network) => (
            format!("--network {}", network.name),
            format!(
                "call it otherwise, or have the seed in it: --network '{}={seed},{}'",
                network.name,
                network.nodes.join(",")
            ),
        ),
        None => (
            format!("the network {seed} of the table of regions"),
            "rename one of the two".to_owned(),
        ),
    };
    Err(Error::usage(
        thing,
        format!(
            "is called as the seed {seed}, which is in no network and has rows of its own in networks.tsv"
        ),
        "have a name that no such seed has: rows of both would be of one name",
        hint,
    ))
}

/// Whether they have two regions between them.
fn any_pair(groups: &[Group]) -> bool {
    let mut all = groups.iter().flat_map(|group| &group.nodes);
    let first = all.next();
    all.any(|at| Some(at) != first)
}

/// Networks that are less, or regions that are in more or fewer of them, than a reader of the table may think.
fn tell(groups: &[Group], n_networks: usize, nodes: &Nodes, watch: &dyn Watch) {
    let networks = &groups[..n_networks];
    let name = |at: usize| nodes.all[at].name.as_str();
    let listed = |all: Vec<String>| match all.len().checked_sub(TOLD) {
        Some(more @ 1..) => format!("{} and {more} more", all[..TOLD].join(", ")),
        _ => all.join(", "),
    };
    let alone = networks.iter().filter(|network| network.nodes.len() == 1);
    let alone: Vec<String> =
        alone.map(|network| format!("{} ({})", network.name, name(network.nodes[0]))).collect();
    if !alone.is_empty() {
        watch.warn(&format!(
            "networks of one region have no pair within them, and no row with themselves in networks.tsv: {}",
            listed(alone)
        ));
    }
    let mut several = Vec::new();
    let mut none = Vec::new();
    for at in 0..nodes.all.len() {
        let of = networks.iter().filter(|network| network.nodes.contains(&at));
        let of: Vec<&str> = of.map(|network| network.name.as_str()).collect();
        match of.len() {
            0 if at >= nodes.labels.len() => none.push(name(at).to_owned()),
            0 | 1 => {}
            _ => several.push(format!("{} ({})", name(at), of.join(", "))),
        }
    }
    if !several.is_empty() {
        watch.warn(&format!(
            "regions are in several networks, and their pairs count in each, between two also those within both: {}",
            listed(several)
        ));
    }
    if !none.is_empty() {
        watch.note(&format!(
            "regions in no network, and so in no row of networks.tsv: {}",
            listed(none)
        ));
    }
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
