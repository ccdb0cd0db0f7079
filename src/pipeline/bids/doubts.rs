//! What of an analysis a person must know beyond its single units, told on the terminal and on the pages of the dataset's nodes: what was left out
//! of runs, estimates that rest on fewer runs than others do or are not there, and runs of which little is left.

use std::collections::{BTreeMap, HashSet};

use super::Plan;
use super::named::label;
use super::recorded::{self, SUBJECT};
use super::unit::Unit;
use crate::bids::Entities;
use crate::bids::model::Level;
use crate::error::Result;
use crate::maps::told;
use crate::pipeline::glm::FEW_DOF;
use crate::pipeline::watch::Watch;
use crate::report::analysis::loses_much;
use crate::report::notes::{Kind, Note};

/// Names that a line of the terminal has.
const NAMED: usize = 3;

/// All of it, known at different times.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// What was left out of units.
    pub skipped: Vec<Note>,
    /// Estimates that not all subjects have alike.
    pub uneven: Vec<Uneven>,
    /// What lies in the folder of results and is not of this analysis any more.
    pub stale: Vec<Note>,
    /// Finished runs of which little is left.
    pub serious: Vec<Note>,
}

impl Doubts {
    /// Those of a plan, before anything is fitted. `stale`: a sentence each.
    ///
    /// # Errors
    /// Those of the designs above the run.
    pub fn of(plan: &Plan, stale: &[String]) -> Result<Doubts> {
        Ok(Doubts {
            skipped: skipped(plan),
            uneven: Uneven::all(plan)?,
            stale: stale.iter().map(|line| Note::new(Kind::Warning, line.clone())).collect(),
            serious: Vec::new(),
        })
    }

    /// What of it is known before the fit.
    pub fn tell(&self, plan: &Plan, watch: &dyn Watch) {
        tell(&self.skipped, watch);
        tell(&Uneven::told(plan, self.uneven.iter()), watch);
        tell(&self.stale, watch);
    }

    /// What is known behind it.
    ///
    /// # Errors
    /// Those of the sidecars of finished runs.
    pub fn tell_serious(&mut self, plan: &Plan, watch: &dyn Watch) -> Result<()> {
        self.serious = serious(plan)?;
        tell(&self.serious, watch);
        Ok(())
    }

    /// On the page of a node of the dataset: all, of estimates those that it takes.
    pub fn on_a_node(&self, plan: &Plan, node: usize) -> Vec<Note> {
        let taken = taken(plan, node);
        let is_taken = |one: &&Uneven| taken.contains(&(one.node, &*one.spoken));
        let uneven = Uneven::told(plan, self.uneven.iter().filter(is_taken));
        [&self.serious, &self.skipped, &uneven, &self.stale]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// On the page of a subject: what of its estimates its runs' own notes do not say.
    pub fn on_a_subject(&self, plan: &Plan, subject: &str) -> Vec<Note> {
        Uneven::told(plan, self.uneven.iter().filter(|one| is_of(&one.who, subject)))
    }
}

/// Tell whoever watches; what is said of one run alike in several lines is one.
fn tell(notes: &[Note], watch: &dyn Watch) {
    let mut lines: Vec<(&[String], Vec<&str>)> = Vec::new();
    for note in notes {
        match lines.iter_mut().find(|(who, _)| *who == note.who && !who.is_empty()) {
            Some((_, texts)) => texts.push(&note.text),
            None => lines.push((&note.who, vec![&note.text])),
        }
    }
    for (who, texts) in lines {
        let texts = texts.join("; ");
        watch.warn(&match who {
            [] => texts,
            _ if who.len() <= NAMED => format!("{}: {texts}", who.join(", ")),
            _ => format!("{} and {} more: {texts}", who[0], who.len() - 1),
        });
    }
}

/// Whether it is a run or an estimate of a subject that is called so.
pub(super) fn is_of(who: &str, subject: &str) -> bool {
    let rest = who.strip_prefix("sub-").and_then(|rest| rest.strip_prefix(subject));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A line, and one more whom it is about.
fn add(notes: &mut Vec<Note>, (kind, text): (Kind, &str), who: String) {
    match notes.iter_mut().find(|note| note.text == text) {
        Some(note) => note.who.push(who),
        None => notes.push(Note { who: vec![who], ..Note::new(kind, text) }),
    }
}

/// Contrasts and columns that were left out of units.
fn skipped(plan: &Plan) -> Vec<Note> {
    let mut notes = Vec::new();
    for unit in &plan.units {
        for line in &unit.left_out {
            add(&mut notes, (Kind::Warning, &without(line)), plan.name(unit));
        }
    }
    notes
}

/// What was left out of a unit, as a person is told: a contrast or column that it is without.
pub(super) fn without(line: &str) -> String {
    let is_named = ["contrast ", "column "].iter().any(|what| line.starts_with(what));
    if is_named { format!("without {line}") } else { line.to_owned() }
}

/// Units of a node that are to be alike: those of one contrast, of any subject.
type Of = (usize, String, Entities);

/// An estimate above the run that rests on fewer runs than those of other subjects, or that a subject lacks and others have.
#[derive(Debug)]
pub(super) struct Uneven {
    /// Of the model.
    node: usize,
    contrast: String,
    /// As the rows of designs name it.
    spoken: String,
    /// What it rests on; none where it is not there.
    n_runs: Option<usize>,
    /// What those of others rest on.
    most: usize,
    /// The unit's name.
    who: String,
}

impl Uneven {
    fn all(plan: &Plan) -> Result<Vec<Uneven>> {
        let mut all: BTreeMap<Of, Vec<(&Unit, usize, &str)>> = BTreeMap::new();
        for unit in plan.units.iter().filter(|unit| is_between(plan, unit)) {
            let mut others = unit.entities.clone();
            others.remove(SUBJECT);
            for one in &unit.estimates {
                let n = recorded::runs_of(plan, unit, &one.spoken)?.len();
                let of = (unit.node, one.contrast.clone(), others.clone());
                all.entry(of).or_default().push((unit, n, &one.spoken));
            }
        }
        let subjects = |node: usize, others: &Entities| {
            let own = all.iter().filter(|((at, _, of), _)| *at == node && of == others);
            let mut known: Vec<&Unit> = Vec::new();
            for (unit, ..) in own.flat_map(|(_, units)| units) {
                if !known.iter().any(|one| one.entities == unit.entities) {
                    known.push(unit);
                }
            }
            known
        };
        let mut uneven = Vec::new();
        for ((node, contrast, others), units) in &all {
            let most = units.iter().map(|(_, n, _)| *n).max().unwrap_or(0);
            let spoken = units.first().map_or(&**contrast, |(.., spoken)| *spoken);
            let one = |n_runs: Option<usize>, unit: &Unit| Uneven {
                node: *node,
                contrast: contrast.clone(),
                spoken: spoken.to_owned(),
                n_runs,
                most,
                who: unit.name(),
            };
            let fewer = units.iter().filter(|(_, n, _)| *n < most);
            uneven.extend(fewer.map(|(unit, n, _)| one(Some(*n), unit)));
            let has = |of: &&Unit| units.iter().any(|(unit, ..)| unit.entities == of.entities);
            let lacks = subjects(*node, others).into_iter().filter(|one| !has(one));
            uneven.extend(lacks.map(|unit| one(None, unit)));
        }
        Ok(uneven)
    }

    /// In words: contrasts of one node that are the same of one unit are one line, and who is told the same another.
    fn told<'a>(plan: &Plan, all: impl Iterator<Item = &'a Uneven>) -> Vec<Note> {
        let mut alike: Vec<(&Uneven, Vec<&str>)> = Vec::new();
        for one in all {
            let is_same = |(of, _): &&mut (&Uneven, Vec<&str>)| {
                let of_run = (of.node, of.n_runs, of.most) == (one.node, one.n_runs, one.most);
                of_run && of.who == one.who
            };
            match alike.iter_mut().find(is_same) {
                Some((_, contrasts)) => contrasts.push(&one.contrast),
                None => alike.push((one, vec![&one.contrast])),
            }
        }
        let mut notes = Vec::new();
        for (one, contrasts) in alike {
            let named =
                format!("{} ({})", contrasts.join(", "), plan.read.model.nodes[one.node].name);
            let (rests, those, has) = match contrasts.len() {
                1 => ("rests", "that of others rests", "has no estimate"),
                _ => ("rest", "those of others rest", "have no estimate"),
            };
            let text = match one.n_runs {
                Some(n) => {
                    let runs = if n == 1 { "run" } else { "runs" };
                    format!("{named} {rests} on {n} {runs}, where {those} on {}", one.most)
                }
                None => format!("{named} {has}, where others have one"),
            };
            add(&mut notes, (Kind::Warning, &text), one.who.clone());
        }
        notes
    }
}

/// The estimates that units of a node take, by the nodes and names that they come from, and what those were made of.
fn taken(plan: &Plan, node: usize) -> HashSet<(usize, &str)> {
    let mut taken = HashSet::new();
    let mut left: Vec<&Unit> = plan.units.iter().filter(|unit| unit.node == node).collect();
    let mut seen = HashSet::new();
    while let Some(unit) = left.pop() {
        for row in &unit.design {
            taken.insert((plan.units[row.unit].node, &*row.contrast));
            if seen.insert(row.unit) {
                left.push(&plan.units[row.unit]);
            }
        }
    }
    taken
}

/// Whether a unit combines runs of a subject.
fn is_between(plan: &Plan, unit: &Unit) -> bool {
    let level = plan.level(unit);
    level != Level::Run && level != Level::Dataset && unit.entities.contains_key(SUBJECT)
}

/// Finished runs with few degrees of freedom, and those that lose much of their volumes.
fn serious(plan: &Plan) -> Result<Vec<Note>> {
    let (mut few, mut lost) = (Vec::new(), Vec::new());
    for unit in plan.units.iter().filter(|unit| plan.level(unit) == Level::Run) {
        let Some(sidecar) = recorded::read(unit)? else { continue };
        let name = label(&unit.entities, &["space", "resolution", "density", "cohort"]);
        if let Some(dof) = sidecar.provenance.dof.filter(|dof| *dof < FEW_DOF) {
            few.push((dof, name.clone()));
        }
        let n = unit.run.as_ref().map_or(0, |run| run.n_volumes);
        let share = recorded::left_out(&sidecar).len() as f64 / n.max(1) as f64;
        if loses_much(share) {
            lost.push((100.0 * share, name));
        }
    }
    let note = |all: Vec<(f64, String)>, digits: f64, text: &dyn Fn(String) -> String| {
        let (least, most) =
            all.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), (value, _)| {
                (least.min(*value), most.max(*value))
            });
        let shown = |value: f64| told((digits * value).round() / digits);
        let range = match shown(least) == shown(most) {
            true => shown(most),
            false => format!("{} to {}", shown(least), shown(most)),
        };
        let mut who: Vec<String> = all.into_iter().map(|(_, name)| name).collect();
        // Nodes share runs.
        who.dedup();
        (!who.is_empty()).then(|| Note { who, ..Note::new(Kind::Serious, text(range)) })
    };
    let few = note(few, 10.0, &|dof| {
        format!("{dof} degrees of freedom are left: variances are little known")
    });
    let lost = note(lost, 1.0, &|share| format!("{share} % of the volumes are left out"));
    Ok(lost.into_iter().chain(few).collect())
}
