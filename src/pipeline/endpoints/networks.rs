//! Tables of networks that `connect` wrote beside those of edges. A mean over other regions is another number under the same name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::io;
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{Facts, NETWORK_REGIONS, facts_of, sidecar_path};
use crate::pipeline::spec::Role;
use crate::table::Table;
use crate::trial::edges::read_networks;
use crate::trial::{Dictionary, EdgesOfRuns, Measured, Notes, RunOf, stem};

/// How `connect` calls the table of networks beside one of edges.
pub(super) const NETWORKS: &str = "networks.tsv";

/// A table under its whole path, without a dictionary.
pub(super) fn measured(mut table: Table, path: &Path) -> Measured {
    table.name = display(path);
    let dictionary = Dictionary { name: table.name.clone(), ..Dictionary::default() };
    let name = stem(&table.name).to_owned();
    Measured { name, table, dictionary, origin: Vec::new() }
}

/// Files that are read.
type Read = Vec<(Role, PathBuf)>;

/// The networks of tables that lie beside some of `n` of edges, and the files that are read; none where no run has one.
///
/// # Errors
/// What a table holds, or its sidecar.
pub(super) fn read(
    found: &[(RunOf, PathBuf)],
    n: usize,
    notes: &mut Notes,
) -> Result<(Option<EdgesOfRuns>, Read)> {
    let mut files = Vec::new();
    if found.is_empty() {
        return Ok((None, files));
    }
    let mut networks = EdgesOfRuns::new(NETWORKS.to_owned());
    // A mean over other pairs is another number, and no change of the first.
    let mut pairs: BTreeMap<[String; 2], String> = BTreeMap::new();
    let mut other = Vec::new();
    let mut members = Members::default();
    for (run, path) in found {
        let mut table = io::tsv::read(path)?;
        table.name = display(path);
        let places = ["network_a", "network_b", "pairs"].map(|column| table.position(column));
        if let [Some(a), Some(b), Some(n)] = places {
            for row in &table.rows {
                let first = pairs.entry([row[a].clone(), row[b].clone()]);
                let first = first.or_insert_with(|| row[n].clone());
                if *first != row[n] && !other.contains(&table.name) {
                    other.push(table.name.clone());
                }
            }
        }
        let facts = facts_of(path)?;
        files.push((Role::Table, path.clone()));
        files.extend(facts.is_some().then(|| (Role::Sidecar, sidecar_path(path))));
        members.add(run, facts);
        networks.add_read(run.clone(), &read_networks(&measured(table, path))?);
    }
    if found.len() < n {
        notes.warn(
            format!(
                "beside {} of {} lies no {NETWORKS}: networks of these runs are n/a",
                n - found.len(),
                counted(n)
            ),
            Vec::new(),
        );
    }
    if !other.is_empty() {
        notes.warn(
            format!(
                "networks are means over other numbers of pairs of regions in {} of {} than in the first; their regions differ",
                other.len(),
                counted(found.len())
            ),
            other,
        );
    }
    networks.refuse_respelt("network")?;
    members.tell(found.len(), notes);
    Ok((Some(networks), files))
}

pub(super) fn counted(n: usize) -> String {
    format!("{n} table{}", if n == 1 { "" } else { "s" })
}

/// Whose a table is: the participant and the session.
type Whose = [String; 2];

/// The regions of a network, and whose tables have these.
type Way = (BTreeSet<String>, Vec<Whose>);

/// Tables with how many participants they are of.
fn with_participants(who: &[Whose]) -> String {
    let participants: BTreeSet<&String> = who.iter().map(|[participant, _]| participant).collect();
    let n = participants.len();
    format!("{} ({n} participant{})", counted(who.len()), if n == 1 { "" } else { "s" })
}

fn named(who: Vec<Whose>) -> Vec<String> {
    who.into_iter().map(|[participant, session]| format!("{participant} at {session}")).collect()
}

/// The regions of each network by the tables' sidecars, and whose tables have these.
#[derive(Default)]
struct Members {
    of: BTreeMap<String, Vec<Way>>,
    /// Whose tables no sidecar says it of.
    unknown: Vec<Whose>,
}

impl Members {
    fn add(&mut self, run: &RunOf, facts: Option<Facts>) {
        let who = run.participant.clone();
        let who = [who, format!("ses-{}", run.session)];
        let known =
            facts.as_ref().and_then(|facts| facts.resolved.get(NETWORK_REGIONS)?.as_object());
        let Some(known) = known else {
            self.unknown.push(who);
            return;
        };
        for (network, regions) in known {
            let names = regions.as_array().into_iter().flatten().filter_map(|name| name.as_str());
            let regions: BTreeSet<String> = names.map(str::to_owned).collect();
            let ways = self.of.entry(network.clone()).or_default();
            match ways.iter_mut().find(|(own, _)| *own == regions) {
                Some((_, all)) => all.push(who.clone()),
                None => ways.push((regions, vec![who.clone()])),
            }
        }
    }

    /// Networks that are not of the same regions in all of `n` tables, and tables of which that is not known.
    fn tell(self, n: usize, notes: &mut Notes) {
        for (network, mut ways) in self.of.into_iter().filter(|(_, ways)| ways.len() > 1) {
            ways.sort_by_key(|(_, who)| std::cmp::Reverse(who.len()));
            let usual = ways.remove(0);
            let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
                let names: Vec<&str> = one.difference(other).map(String::as_str).collect();
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            };
            for (regions, who) in ways {
                notes.warn(
                    format!(
                        "network {network} is of other regions in {} of {n} than in {} ({}, and not {}): means over other regions are other numbers, and what differs may be that; give it the same regions in all",
                        with_participants(&who),
                        usual.1.len(),
                        only(&regions, &usual.0),
                        only(&usual.0, &regions)
                    ),
                    named(who),
                );
            }
        }
        if !self.unknown.is_empty() {
            notes.warn(
                format!(
                    "which regions networks are of is not said beside {} of {n}: whether they are the same is not known",
                    with_participants(&self.unknown)
                ),
                named(self.unknown),
            );
        }
    }
}
