//! Networks: the mean of Fisher's z over pairs of regions within each, and between any two of them and the seeds that are in none.

use serde_json::{Value, json};

use crate::design::similar;
use crate::error::{Error, Result};
use crate::pipeline::regions::Region;
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
/// Usage: a name that is no region's, with the nearest, two networks of one name or that differ in case alone, on the command line or in a table, a network that is called as a seed in none, or networks that make no pair of regions.
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
        let mut rest = &network.nodes[..];
        while let Some(pattern) = rest.first() {
            let (meant, n_parts) = meant(rest, nodes);
            if meant.is_empty() {
                return Err(unknown(&network.name, pattern, nodes));
            }
            of.extend(meant);
            rest = &rest[n_parts..];
        }
        of.sort_unstable();
        of.dedup();
        groups.push(Group { name, nodes: of });
    }
    let n_named = groups.len();
    let mut of_tables: Vec<&str> = Vec::new();
    for (at, node) in nodes.all.iter().enumerate() {
        let Some(given) = node.network.as_deref() else { continue };
        let name = plain(given);
        match groups.iter().position(|group| group.name == name) {
            Some(own) if own < n_named => return Err(named_twice(spec, (own, &name), nodes)),
            Some(own) if of_tables[own - n_named] != given => {
                return Err(one_name([of_tables[own - n_named], given], &name));
            }
            Some(own) => groups[own].nodes.push(at),
            None => {
                groups.push(Group { name, nodes: vec![at] });
                of_tables.push(given);
            }
        }
    }
    if groups.is_empty() {
        return Ok(groups);
    }
    refuse_alike(spec, &groups, n_named)?;
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

/// A network of the command line that tables of regions have too, with other regions or the same.
fn named_twice(spec: &ConnectSpec, (own, name): (usize, &str), nodes: &Nodes) -> Error {
    let is_of_table = |node: &&Region| node.network.as_deref().map(plain).as_deref() == Some(name);
    let of_table: Vec<&str> =
        nodes.all.iter().filter(is_of_table).map(|node| node.name.as_str()).collect();
    let more = of_table.len().saturating_sub(LISTED);
    let listed = of_table[..of_table.len() - more].join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Error::usage(
        format!("--network {}", spec.networks[own].name),
        format!("is called as a network of the table of regions ({listed}{more})"),
        "have a name of its own",
        "call it otherwise, or say its regions in one place: the option, or the table's column network",
    )
}

/// Networks of tables that would have one name.
fn one_name([first, second]: [&str; 2], name: &str) -> Error {
    Error::usage(
        format!("networks '{first}' and '{second}' of the table of regions"),
        format!("are both called {name} in networks.tsv, where blanks of names are _"),
        "be spelled alike, or have names that differ in more than that",
        "correct the column network",
    )
}

/// Networks that differ in case alone, or are one number, which are one under two names.
fn refuse_alike(spec: &ConnectSpec, groups: &[Group], n_named: usize) -> Result<()> {
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let Some(([one, other], how)) = similar::alike(&names) else { return Ok(()) };
    let is_other = |group: &Group| group.name == other;
    let is_of_table = groups.iter().position(is_other).is_some_and(|at| at >= n_named);
    Err(Error::usage(
        format!("networks '{one}' and '{other}'"),
        how,
        "be spelled alike where they are one: two spellings are two networks",
        match (spec.networks.is_empty(), is_of_table) {
            (true, _) => "correct the column network of the table of regions",
            (false, true) => "correct --network, or the column network of the table of regions",
            (false, false) => "give --network once with all its regions",
        },
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
        match nearest {
            Some(name) => format!("is {name} meant?"),
            None => "a pattern has * for any letters: 'Inferior*'".to_owned(),
        },
    )
}

/// The regions that the first of these patterns means, and how many of them it takes: a region whose name has commas is said in several.
fn meant(patterns: &[String], nodes: &Nodes) -> (Vec<usize>, usize) {
    let most = nodes.all.iter().map(|node| 1 + node.name.matches(',').count()).max().unwrap_or(1);
    for n_parts in (2..=most.min(patterns.len())).rev() {
        let name = commas_alone(&plain(&patterns[..n_parts].join(",")));
        let at = nodes.all.iter().position(|node| commas_alone(&node.name) == name);
        if let Some(at) = at {
            return (vec![at], n_parts);
        }
    }
    let pattern = plain(&patterns[0]);
    let is_meant = |at: &usize| is_match(&pattern, &nodes.all[*at].name);
    ((0..nodes.all.len()).filter(is_meant).collect(), 1)
}

/// A name without what stood for blanks beside its commas.
fn commas_alone(name: &str) -> String {
    let parts: Vec<&str> = name.split(',').map(|part| part.trim_matches('_')).collect();
    parts.join(",")
}

/// Whether a name is the pattern, in which * stands for anything.
fn is_match(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(left) = name.strip_prefix(start) else { return false };
    (0..=left.len()).filter(|&at| left.is_char_boundary(at)).any(|at| is_match(rest, &left[at..]))
}

/// The regions of each by name, for sidecars.
pub(super) fn members(groups: &[Group], nodes: &Nodes) -> Value {
    let names = |group: &Group| -> Vec<&str> {
        group.nodes.iter().map(|&at| nodes.all[at].name.as_str()).collect()
    };
    groups.iter().map(|group| (group.name.clone(), json!(names(group)))).collect()
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
            ("Inferior*pars*", "Inferior_Frontal_Gyrus,_pars_opercularis", true),
        ] {
            assert_eq!(is_match(pattern, name), fits, "{pattern} {name}");
        }
    }
}
