//! What lies in the folder of results before anything is fitted or changed: finished units that are of other options or another model, and what
//! was made of them, are refused by name, or removed where that was asked for.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Plan;
use super::difference::{self, Difference};
use super::named;
use super::named::listed;
use super::outside;
use super::unit::Unit;
use super::{app_level, pages};
use crate::error::{Error, Result};
use crate::io::hash::Checksum;
use crate::io::{Overwrite, folder};
use crate::pipeline::earlier::Earlier;
use crate::pipeline::foreseen::Foreseen;
use crate::pipeline::provenance::{self, Provenance, real, sidecar_path};
use crate::pipeline::spec::{Command, Role};

/// A finished unit, as the sidecar of its mask tells of it, paths absolute.
#[derive(Debug, Clone)]
struct There {
    sidecar: PathBuf,
    /// The folder of its node: `node-runLevel`.
    node: String,
    command: Command,
    inputs: Vec<(Role, PathBuf, Checksum)>,
    outputs: Vec<PathBuf>,
    known: Provenance,
}

/// What of the folder is not of the analysis that is asked for.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Files that go.
    pub removed: Vec<PathBuf>,
    /// A sentence each.
    pub told: Vec<String>,
    /// What stays and is of this analysis no more, a sentence each.
    pub stale: Vec<String>,
    /// Finished units that the plan has not.
    outside: Vec<There>,
}

/// Look, and refuse what is of another analysis, unless it may be replaced: what may, and all that was made of it, goes.
///
/// # Errors
/// Usage, naming the first difference; those of reading what would go.
pub(super) fn look(plan: &Plan, overwrite: Overwrite) -> Result<Others> {
    let there = list(&plan.spec.out)?;
    let judged = Judged::of(plan, &there);
    if overwrite == Overwrite::Own {
        judged.refuse(plan, &there)?;
        refuse_foreign(plan, &there)?;
    }
    let goes = judged.goes(&there);
    let mut others = Others::default();
    others.told.extend(judged.told(&there, goes.len()));
    let mut pages = HashSet::new();
    for &at in &goes {
        let one = &there[at];
        others.removed.extend(one.files()?);
        pages.extend(outside::page(&plan.spec.out, &one.node));
    }
    others.removed.extend(pages.into_iter().filter(|page| page.is_file()));
    let places: HashSet<PathBuf> = plan.units.iter().map(Unit::sidecar).collect();
    let is_outside =
        |(at, one): &(usize, There)| !goes.contains(at) && !places.contains(&one.sidecar);
    // Those of other options are told as such.
    let is_beside = |at: usize| judged.beside.iter().any(|(beside, _)| *beside == at);
    let left = there.iter().enumerate().filter(|(at, one)| {
        !goes.contains(at) && !places.contains(&one.sidecar) && !is_beside(*at)
    });
    others.stale = stale(plan, &left.map(|(_, one)| one).collect::<Vec<_>>())?;
    others.outside = there.into_iter().enumerate().filter(is_outside).map(|(_, one)| one).collect();
    Ok(others)
}

impl Others {
    /// What is to be told of units that the plan has not and whose estimates have changed since, and of those that were made of these; nothing
    /// where there are none.
    ///
    /// # Errors
    /// Those of reading the estimates.
    pub fn outdated(&self) -> Result<Option<String>> {
        let is_changed = |one: &There| -> Result<bool> {
            for (role, path, checksum) in &one.inputs {
                let is_estimate = matches!(role, Role::Effect | Role::Variance);
                if is_estimate && (!path.is_file() || checksum.again(path)? != *checksum) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let changed = self.outside.iter().map(is_changed).collect::<Result<Vec<bool>>>()?;
        let first = (0..changed.len()).filter(|&at| changed[at]).collect();
        let mut all: Vec<usize> = with_dependents(&self.outside, first).into_iter().collect();
        all.sort_unstable();
        let names: Vec<String> = all.into_iter().map(|at| self.outside[at].name()).collect();
        Ok((!names.is_empty()).then(|| {
            format!(
                "{} of levels above are of estimates that have changed since, and stay until their level is run again: {}",
                units(names.len()),
                listed(&names)
            )
        }))
    }
}

/// Why finished units are not what is asked for, in words, where they are looked at and nothing is to be replaced.
pub(super) struct Why {
    /// What is of this analysis no more, a sentence each.
    pub stale: Vec<String>,
    /// The first difference of all, of units that are not asked for too.
    pub first: Option<String>,
    differing: HashMap<PathBuf, Difference>,
    versions: HashMap<PathBuf, String>,
}

impl Why {
    /// # Errors
    /// Missing input where the folder of results cannot be listed.
    pub fn of(plan: &Plan) -> Result<Why> {
        let there = list(&plan.spec.out)?;
        let judged = Judged::of(plan, &there);
        let place = |at: usize| there[at].sidecar.clone();
        let places: HashSet<PathBuf> = plan.units.iter().map(Unit::sidecar).collect();
        let left: Vec<&There> = there.iter().filter(|one| !places.contains(&one.sidecar)).collect();
        Ok(Why {
            stale: stale(plan, &left)?,
            first: judged.first(&there),
            differing: judged.otherwise.iter().map(|(at, d)| (place(*at), d.clone())).collect(),
            versions: there
                .iter()
                .map(|one| (one.sidecar.clone(), one.known.version.clone()))
                .collect(),
        })
    }

    /// Of what lies, or does not, in the place of a unit that is not finished.
    pub fn not(&self, unit: &Unit) -> String {
        let sidecar = unit.sidecar();
        if let Some(other) = self.differing.get(&sidecar) {
            return other.to_string();
        }
        match self.versions.get(&sidecar).map(String::as_str) {
            Some(env!("CARGO_PKG_VERSION")) => {
                "what is there was made of other files, or was changed since".to_owned()
            }
            Some(version) => format!("what is there was made by boldly {version}"),
            None if sidecar.is_file() => "what is there cannot be read by this version".to_owned(),
            None => "nothing is there".to_owned(),
        }
    }
}

/// What is said of finished units, by their places in the list.
#[derive(Default)]
struct Judged {
    /// In the place of a unit of the plan, asked otherwise.
    otherwise: Vec<(usize, Difference)>,
    /// Of nodes that the model has not.
    strangers: Vec<usize>,
    /// Of a node of the model and no unit of the plan, with other options.
    beside: Vec<(usize, Difference)>,
}

impl Judged {
    fn of(plan: &Plan, there: &[There]) -> Judged {
        let places: HashMap<PathBuf, &Unit> =
            plan.units.iter().map(|unit| (unit.sidecar(), unit)).collect();
        let nodes: Vec<String> =
            plan.read.model.nodes.iter().map(|node| named::node(&node.name)).collect();
        let absolute = |unit: &Unit| unit.command.clone().map_paths(&real);
        let options: HashMap<&str, Command> =
            plan.units.iter().map(|unit| (nodes[unit.node].as_str(), absolute(unit))).collect();
        let mut judged = Judged::default();
        for (at, one) in there.iter().enumerate() {
            if let Some(unit) = places.get(&one.sidecar) {
                let other = difference::of(&one.command, &absolute(unit), unit);
                judged.otherwise.extend(other.map(|other| (at, other)));
            } else if !nodes.contains(&one.node) {
                judged.strangers.push(at);
            } else if let Some(own) = options.get(one.node.as_str()) {
                let other = difference::of_options(&one.command, own);
                judged.beside.extend(other.map(|other| (at, other)));
            }
        }
        judged
    }

    /// Those that go where they may be replaced, with all that was made of them.
    fn goes(&self, there: &[There]) -> HashSet<usize> {
        let first = self.otherwise.iter().map(|(at, _)| *at).chain(self.strangers.iter().copied());
        with_dependents(there, first.collect())
    }

    /// The first difference, with whose it is.
    fn first(&self, there: &[There]) -> Option<String> {
        let name = |at: usize| there[at].name();
        let otherwise =
            self.otherwise.first().map(|(at, other)| format!("{other} ({})", name(*at)));
        let stranger = || {
            let at = *self.strangers.first()?;
            Some(format!("{}, of a node that the model has not", name(at)))
        };
        let beside = || {
            let (at, other) = self.beside.first()?;
            Some(format!("{other} ({}, which is not asked for now)", name(*at)))
        };
        otherwise.or_else(stranger).or_else(beside)
    }

    fn refuse(&self, plan: &Plan, there: &[There]) -> Result<()> {
        let Some(found) = self.first(there) else { return Ok(()) };
        let goes = self.goes(there).len();
        let stay = self.beside.iter().filter(|(at, _)| !self.goes(there).contains(at)).count();
        let mut hint = "name another folder of results, or add --overwrite".to_owned();
        if goes > 0 {
            hint += &format!(", which removes {}", units(goes));
            if goes > self.otherwise.len() + self.strangers.len() {
                hint += ", those that were made of them too";
            }
        }
        if stay > 0 {
            hint += &format!("; {} of others would stay as they are", units(stay));
        }
        Err(Error::usage(
            plan.spec.out.display().to_string(),
            format!("holds results of another analysis: {found}"),
            "hold one analysis, or its results would be mixed with those",
            hint,
        ))
    }

    fn told(&self, there: &[There], goes: usize) -> Vec<String> {
        let mut told = Vec::new();
        if goes > 0 {
            let why =
                self.otherwise.first().map_or(String::new(), |(_, other)| format!(": {other}"));
            told.push(format!("{} of another analysis removed{why}", units(goes)));
        }
        if let Some((_, other)) = self.beside.first() {
            let names: Vec<String> = self.beside.iter().map(|(at, _)| there[*at].name()).collect();
            told.push(format!(
                "{} of other options stay beside ({other}): {}",
                units(names.len()),
                listed(&names)
            ));
        }
        told
    }
}

/// What lies in the folder, is of nodes and subjects that are asked for, and none of the plan's: results of runs that are gone, or are not meant any
/// more; with the pages of subjects of whom nothing is left. A command of some participants, or with a filter, tells of those alone whose files are
/// gone. `left`: finished units that the plan has not.
///
/// # Errors
/// Missing input where the folder cannot be listed.
fn stale(plan: &Plan, left: &[&There]) -> Result<Vec<String>> {
    let spec = &plan.spec;
    let is_part = !spec.participants.is_empty() || !spec.filter.is_empty();
    let is_planned = |one: &There| {
        let own = |node: &&crate::bids::model::Node| named::node(&node.name) == one.node;
        plan.read
            .model
            .nodes
            .iter()
            .find(own)
            .is_some_and(|node| app_level(node.level) <= spec.level)
    };
    let is_gone = |one: &There| one.inputs.iter().any(|(_, path, _)| !path.is_file());
    let names: Vec<String> = left
        .iter()
        .filter(|one| is_planned(one) && (!is_part || is_gone(one)))
        .map(|one| one.name())
        .collect();
    let mut told = Vec::new();
    if !names.is_empty() {
        let have = if names.len() == 1 { "is" } else { "are" };
        told.push(format!(
            "{} in the folder of results {have} not of this analysis (files that are gone, or runs and contrasts that it does not take) and {} beside it: {}; delete what is not wanted",
            units(names.len()),
            if names.len() == 1 { "stays" } else { "stay" },
            listed(&names)
        ));
    }
    let own = pages::names(plan);
    let mut old: Vec<String> = Vec::new();
    for entry in folder::listed_if_there(&spec.out)?.iter().filter(|_| !is_part) {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("sub-") && name.ends_with(".html") && !own.contains(&name) {
            old.push(name);
        }
    }
    old.sort();
    if !old.is_empty() {
        let (pages, are) = if old.len() == 1 { ("page", "is") } else { ("pages", "are") };
        told.push(format!(
            "the {pages} {} in the folder of results {are} of subjects without a run in this analysis",
            listed(&old)
        ));
    }
    Ok(told)
}

fn units(n: usize) -> String {
    if n == 1 { "1 unit".to_owned() } else { format!("{n} units") }
}

/// What somebody else left where the units write is said before the first of them is fitted. Those that are there were looked at already.
fn refuse_foreign(plan: &Plan, there: &[There]) -> Result<()> {
    let known: HashSet<&PathBuf> = there.iter().map(|one| &one.sidecar).collect();
    for unit in plan.units.iter().filter(|unit| !known.contains(&unit.sidecar())) {
        let inputs: HashSet<PathBuf> =
            unit.command.inputs().iter().map(|(_, path)| real(path)).collect();
        for path in Foreseen::of(&unit.layout, &unit.command).in_place()? {
            if path.is_file() && !inputs.contains(&real(&path)) {
                provenance::refuse_foreign(&path, Overwrite::Own)?;
            }
        }
    }
    Ok(())
}

/// These and what was made of them, and of that.
fn with_dependents(there: &[There], first: HashSet<usize>) -> HashSet<usize> {
    let mut takers: HashMap<&Path, Vec<usize>> = HashMap::new();
    for (at, one) in there.iter().enumerate() {
        one.inputs.iter().for_each(|(_, path, _)| takers.entry(path).or_default().push(at));
    }
    let mut left: Vec<usize> = first.iter().copied().collect();
    let mut all = first;
    while let Some(at) = left.pop() {
        let of = there[at].outputs.iter().filter_map(|path| takers.get(path.as_path())).flatten();
        left.extend(of.copied().filter(|taker| all.insert(*taker)).collect::<Vec<_>>());
    }
    all
}

impl There {
    fn read(sidecar: PathBuf, node: String) -> Option<There> {
        // What this version cannot read is of no command of this version; what goes while it is read is another's to tell.
        let known = provenance::read(&sidecar).ok()??.provenance;
        let folder = sidecar.parent().unwrap_or(Path::new("")).to_owned();
        let at = |path: &Path| real(&folder.join(path));
        let inputs = known.inputs.iter().map(|i| (i.role, at(&i.path), i.checksum.clone()));
        Some(There {
            node,
            command: known.command.clone().map_paths(&at),
            inputs: inputs.collect(),
            outputs: known.outputs.iter().map(|output| at(&output.name)).collect(),
            known,
            sidecar,
        })
    }

    /// `node-subjectLevel/sub-01_task-x`.
    fn name(&self) -> String {
        let name = self.sidecar.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix("_mask.json").unwrap_or(&name);
        let parts = name.split('_').filter(|part| !part.starts_with("space-"));
        format!("{}/{}", self.node, parts.collect::<Vec<_>>().join("_"))
    }

    /// What it made that is as it made it, and the tables that were written for it.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let (mut made, _) = Earlier::another(&self.sidecar, self.known.clone()).files()?;
        let folder = self.sidecar.parent().unwrap_or(Path::new(""));
        let written = self.known.inputs.iter().map(|input| folder.join(&input.path));
        let is_own = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_written = ["_desc-model_", "_desc-slices_"].iter().any(|of| name.contains(of));
            path.parent() == Some(folder) && is_written && path.is_file()
        };
        let written: Vec<PathBuf> = written.filter(is_own).collect();
        let described = written.iter().map(|path| sidecar_path(path));
        made.extend(described.filter(|path| path.is_file()));
        made.extend(written);
        Ok(made)
    }
}

/// All that lie in a folder of results, in order.
///
/// # Errors
/// Missing input where a folder in it cannot be listed.
fn list(out: &Path) -> Result<Vec<There>> {
    let mut sidecars = Vec::new();
    for entry in folder::listed_if_there(out)? {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("node-") && entry.is_folder()? {
            masks(&entry.path, &name, &mut sidecars)?;
        }
    }
    sidecars.sort();
    Ok(sidecars.into_par_iter().filter_map(|(path, node)| There::read(path, node)).collect())
}

/// The sidecars of masks below a folder.
fn masks(folder: &Path, node: &str, found: &mut Vec<(PathBuf, String)>) -> Result<()> {
    for entry in folder::listed(folder)? {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy();
        // A link might lead back.
        if entry.is_own_folder() {
            masks(&entry.path, node, found)?;
        } else if name.ends_with("_mask.json") {
            found.push((entry.path, node.to_owned()));
        }
    }
    Ok(())
}
