//! What of an analysis a person must know beyond its single units, told on the terminal and on the pages of the dataset's nodes: what was left out
//! of runs, estimates that rest on fewer runs than others do or are not there, and runs of which little is left.

use std::collections::BTreeMap;

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
    pub uneven: Vec<Note>,
    /// What lies in the folder of results and is not of this analysis any more.
    pub stale: Vec<Note>,
    /// Finished runs of which little is left.
    pub serious: Vec<Note>,
}

impl Doubts {
    /// Those of a plan, before anything is fitted. `stale`: a sentence each.
    pub fn of(plan: &Plan, stale: &[String]) -> Doubts {
        Doubts {
            skipped: skipped(plan),
            uneven: uneven(plan),
            stale: stale.iter().map(|line| Note::new(Kind::Warning, line.clone())).collect(),
            serious: Vec::new(),
        }
    }

    /// What of it is known before the fit.
    pub fn tell(&self, watch: &dyn Watch) {
        tell(&self.skipped, watch);
        tell(&self.uneven, watch);
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

    /// On the page of a node of the dataset: all.
    pub fn on_a_node(&self) -> impl Iterator<Item = &Note> {
        self.serious.iter().chain(&self.skipped).chain(&self.uneven).chain(&self.stale)
    }

    /// On the page of a subject: what of its estimates its runs' own notes do not say.
    pub fn on_a_subject(&self, subject: &str) -> impl Iterator<Item = Note> {
        let is_its = move |who: &String| is_of(who, subject);
        self.uneven.iter().filter_map(move |note| {
            let who: Vec<String> = note.who.iter().filter(|who| is_its(who)).cloned().collect();
            (!who.is_empty()).then(|| Note { who, ..note.clone() })
        })
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
            let is_named = ["contrast ", "column "].iter().any(|what| line.starts_with(what));
            let text = if is_named { format!("without {line}") } else { line.clone() };
            add(&mut notes, (Kind::Warning, &text), plan.name(unit));
        }
    }
    notes
}

/// Units of a node that are to be alike: those of one contrast, of any subject.
type Of = (usize, String, Entities);

/// Estimates above the run that rest on fewer runs than those of other subjects, and those that subjects lack and others have.
fn uneven(plan: &Plan) -> Vec<Note> {
    let mut all: BTreeMap<Of, Vec<(&Unit, usize)>> = BTreeMap::new();
    for unit in plan.units.iter().filter(|unit| is_between(plan, unit)) {
        let mut others = unit.entities.clone();
        others.remove(SUBJECT);
        let n = recorded::runs(plan, unit).len();
        for one in &unit.estimates {
            let of = (unit.node, one.contrast.clone(), others.clone());
            all.entry(of).or_default().push((unit, n));
        }
    }
    let subjects = |node: usize, others: &Entities| {
        let own = all.iter().filter(|((at, _, of), _)| *at == node && of == others);
        let mut known: Vec<&Unit> = Vec::new();
        for (unit, _) in own.flat_map(|(_, units)| units) {
            if !known.iter().any(|one| one.entities == unit.entities) {
                known.push(unit);
            }
        }
        known
    };
    let mut notes = Vec::new();
    for ((node, contrast, others), units) in &all {
        let name = &plan.read.model.nodes[*node].name;
        let most = units.iter().map(|(_, n)| *n).max().unwrap_or(0);
        for (unit, n) in units.iter().filter(|(_, n)| *n < most) {
            let runs = if *n == 1 { "run" } else { "runs" };
            let text = format!(
                "{contrast} ({name}) rests on {n} {runs}, where that of others rests on {most}"
            );
            add(&mut notes, (Kind::Warning, &text), unit.name());
        }
        let has = |one: &&Unit| units.iter().any(|(unit, _)| unit.entities == one.entities);
        for one in subjects(*node, others).into_iter().filter(|one| !has(one)) {
            let text = format!("{contrast} ({name}) has no estimate, where others have one");
            add(&mut notes, (Kind::Warning, &text), one.name());
        }
    }
    notes
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
