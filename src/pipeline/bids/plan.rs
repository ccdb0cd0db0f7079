//! The units of a model, level by level, before anything is fitted: estimates are known by name before they are there.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::Alike;
use super::found::{Found, FoundRun};
use super::lacks::Lacks;
use super::named::listed;
use super::people::People;
use super::run_level::Outcome;
use super::unit::{Asked, Estimate, Unasked, Unit};
use super::{absent, app_level, named, run_level};
use crate::bids::model::{Level, Node};
use crate::bids::{Entities, Model, Notes, graph};
use crate::error::{Error, Result};
use crate::pipeline::spec::{BidsSpec, Missing};
use crate::pipeline::watch::Watch;

mod upper;

/// So much of what was left out of one unit stands in a line.
const LEFT_OUT: usize = 12;

/// What comes of planning.
pub(super) struct Units {
    /// Each behind those it needs.
    pub units: Vec<Unit>,
    /// Runs that are not fitted.
    pub unasked: Vec<Unasked>,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
    /// Remarks on single runs and nodes, which are among the notes.
    pub said: Alike,
}

/// The units of a model, and what was left out.
///
/// # Errors
/// What cannot be known or asked, before any fit; the first of several, the others told.
pub(super) fn units(
    spec: &BidsSpec,
    model: &Model,
    found: &Found,
    notes: &mut Notes,
    watch: &dyn Watch,
) -> Result<Units> {
    let people = People::read(found, watch)?;
    let absent = absent::told(spec, model, (found, &people))?;
    let mut planning = Planning {
        spec,
        model,
        found,
        people,
        units: Vec::new(),
        unasked: Vec::new(),
        left_out: absent.into_iter().chain(absent::runs(spec, model, found)).collect(),
        faults: Vec::new(),
        lacks: Lacks::default(),
        said: Alike::default(),
    };
    for at in model.order() {
        let node = &model.nodes[at];
        if app_level(node.level) > spec.level {
            continue;
        }
        match node.level {
            Level::Run => planning.runs(at, node, watch)?,
            _ => planning.above(at, node)?,
        }
        // What stands on units that cannot be says nothing new.
        if planning.is_refused() {
            break;
        }
    }
    planning.tell(notes);
    planning.refuse_one_place();
    let Planning { units, unasked, left_out, faults, lacks, said, .. } = planning;
    let lacks = lacks.error().map(|error| (error, String::new()));
    match one_of_each(lacks.into_iter().chain(faults).collect(), watch) {
        None => Ok(Units { units, unasked, left_out, said }),
        Some(first) => Err(first),
    }
}

/// The first of faults; the others are told, those of one kind in one line.
fn one_of_each(faults: Vec<(Error, String)>, watch: &dyn Watch) -> Option<Error> {
    let mut alike = Alike::default();
    let mut firsts = Vec::new();
    for (fault, whose) in faults {
        if alike.add(&fault.to_string(), &whose) {
            firsts.push(fault);
        }
    }
    let all = firsts.into_iter().zip(alike.all());
    let mut told = all.map(|(fault, kind)| match kind.others().as_str() {
        "" => fault,
        others => fault.with_hint(&format!("so have {others}")),
    });
    let first = told.next();
    told.for_each(|fault| watch.warn(&fault.to_string()));
    first
}

struct Planning<'a> {
    spec: &'a BidsSpec,
    model: &'a Model,
    found: &'a Found,
    people: People,
    units: Vec<Unit>,
    unasked: Vec<Unasked>,
    left_out: Vec<String>,
    /// Why units cannot be, each with whose.
    faults: Vec<(Error, String)>,
    /// Columns of X that runs lack, where that is an error.
    lacks: Lacks,
    /// Remarks on single runs and nodes.
    said: Alike,
}

impl Planning<'_> {
    /// A unit a run.
    fn runs(&mut self, at: usize, node: &Node, watch: &dyn Watch) -> Result<()> {
        let found = self.found;
        let known: Vec<Entities> =
            found.runs.iter().map(|run| self.people.about(&run.entities)).collect();
        let grouped = graph::units(node, &known).map_err(|error| self.people.why(error))?;
        for (input, key) in &grouped.lacking {
            self.lacks((node, &found.runs[*input].name()), key);
        }
        for group in &grouped.units {
            let run = &found.runs[graph::one_run(node, group, &known)?];
            match self.run((at, node), run, watch) {
                Ok(unit) => self.units.extend(unit),
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => self.faults.push((error, run.name())),
            }
        }
        if !self.is_refused() && !self.units.iter().any(|unit| unit.node == at) {
            let fault = Error::bad_data(
                format!("{} ({})", node.pointer, node.name),
                "asks no contrast of any run",
                "ask one of a run or more",
                "add Contrasts or DummyContrasts, and look at what was left out of the runs",
            );
            self.left_out.drain(..).for_each(|line| watch.warn(&line));
            self.faults.push((fault, node.name.clone()));
        }
        Ok(())
    }

    /// Whether something stands against the plan.
    fn is_refused(&self) -> bool {
        !self.faults.is_empty() || !self.lacks.is_empty()
    }

    /// The unit of a run; none where no contrast is left to ask, which is said.
    fn run(
        &mut self,
        (at, node): (usize, &Node),
        run: &FoundRun,
        watch: &dyn Watch,
    ) -> Result<Option<Unit>> {
        let is_made = self.spec.made.is_some();
        let mut notes = if is_made { Notes::of_a_made_model() } else { Notes::default() };
        let whose = run.name();
        let modelled = run_level::model(self.spec, node, (self.found, run), &mut notes);
        let modelled = match modelled.map_err(|error| error.of(&whose))? {
            Outcome::Modelled(modelled) => modelled,
            Outcome::Lacks(names) => {
                for (name, near) in &names {
                    self.lacks.add(&node.pointer, (name, near), &whose);
                }
                return Ok(None);
            }
        };
        for note in notes.all() {
            self.said.add(note, &whose);
        }
        for line in modelled.doubts.iter().chain(&run.told) {
            self.said.add(line, &whose);
        }
        if run.mask(node).is_none() {
            let said = "no mask of the brain lies beside the run: one is made from its mean image";
            self.said.add(said, &whose);
        }
        if self.spec.fit.physio.is_some() && run.physio.is_empty() {
            return Err(Error::missing_input(
                format!("--physio: {whose}"),
                "has no recording (_physio.tsv.gz) beside its raw run",
                "have one",
                "leave --physio out, or take those runs alone that have recordings (--bids-filter-file)",
            ));
        }
        let mut left_out: Vec<String> = modelled
            .missing
            .iter()
            .map(|(name, near)| {
                let near =
                    near.as_ref().map_or(String::new(), |near| format!(" (nearest: {near})"));
                format!("column {name}, which the run lacks{near}")
            })
            .collect();
        let columns = (&modelled.columns[..modelled.n_of_x], &modelled.columns[..]);
        let mut asked = Vec::new();
        let all = self.asked((node, columns), None, &whose, &mut left_out);
        let all = all.map_err(|error| match &modelled.without_events {
            Some(without) => without.why(error),
            None => error,
        })?;
        if let Some(without) = modelled.without_events.as_ref().filter(|_| !left_out.is_empty()) {
            left_out.push(without.said());
        }
        for one in all {
            match modelled.refuse_undetermined(&one) {
                Ok(()) => asked.push(one),
                Err(_) if self.spec.missing_contrast == Missing::Skip => {
                    left_out.push(format!(
                        "contrast {}, which the design does not determine",
                        one.name
                    ));
                }
                Err(error) => return Err(error.of(&whose)),
            }
        }
        if asked.is_empty() {
            let (node, why) = (&node.name, why(&left_out));
            self.left_out.push(format!("{whose}: no contrast of {node} is left to ask{why}"));
            let (entities, of_run) = (run.entities.clone(), modelled.of_run());
            self.unasked.push(Unasked {
                node: at,
                entities,
                columns: modelled.columns,
                run: of_run,
            });
            return Ok(None);
        }
        let unit = modelled.unit(self.spec, (at, node), run, &asked, watch);
        let mut unit = unit.map_err(|error| error.of(&whose))?;
        unit.left_out = left_out;
        Ok(Some(unit))
    }

    /// An input that is in no unit.
    fn lacks(&mut self, (node, whose): (&Node, &str), key: &str) {
        let place = format!("{}/GroupBy", node.pointer);
        match self.spec.missing_variable {
            Missing::Error => {
                let fault = Error::bad_data(
                    place,
                    format!("groups by {key}, of which {whose} has no value"),
                    "group by what every input has",
                    "complete the dataset's table, or leave such inputs out with --missing-variable drop",
                );
                self.faults.push((fault, whose.to_owned()));
            }
            Missing::Skip => {
                self.left_out.push(format!("{whose} of {}, for want of {key}", node.name))
            }
        }
    }

    /// Contrasts of the columns of X that can be asked, over all columns; those that cannot are an error or are left out, as it was asked.
    fn asked(
        &self,
        (node, (of_x, columns)): (&Node, (&[String], &[String])),
        incoming: Option<&str>,
        whose: &str,
        left_out: &mut Vec<String>,
    ) -> Result<Vec<Asked>> {
        let graph::Asked { contrasts, lacking } = graph::contrasts(node, of_x, incoming)?;
        for lack in lacking {
            if self.spec.missing_contrast == Missing::Error {
                let near =
                    lack.nearest.map_or(String::new(), |near| format!("did you mean {near}? "));
                return Err(Error::bad_data(
                    format!("contrast '{}' of {whose} ({})", lack.name, lack.pointer),
                    format!("weighs {}, which is no column there", lack.condition),
                    "be of columns of X",
                    format!("{near}--missing-contrast skip leaves it out where it cannot be"),
                ));
            }
            left_out.push(format!("contrast {}, for want of {}", lack.name, lack.condition));
        }
        let asked =
            contrasts.iter().map(|one| Asked::new(&one.name, columns, one.over(columns), one.test));
        Ok(asked.collect())
    }

    /// The units of a node above the run.
    fn above(&mut self, at: usize, node: &Node) -> Result<()> {
        let inputs = self.incoming(at)?;
        if inputs.is_empty() {
            let fault = Error::bad_data(
                format!("{} ({})", node.pointer, node.name),
                "gets no estimates",
                "be at the end of an edge that lets some through",
                "look at the filters of its edges, and at contrasts that were left out; F tests do not go up",
            );
            self.faults.push((fault, node.name.clone()));
            return Ok(());
        }
        let known: Vec<Entities> =
            inputs.iter().map(|(_, one)| self.people.about(&with_contrast(one))).collect();
        let grouped = graph::units(node, &known).map_err(|error| self.people.why(error))?;
        for (input, key) in &grouped.lacking {
            let whose = named::label(&inputs[*input].1.entities, &["space"]);
            self.lacks((node, &whose), key);
        }
        let mut units = Vec::new();
        for group in &grouped.units {
            match self.one_above((at, node), group, &inputs, &known) {
                Ok(unit) => units.extend(unit),
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => {
                    self.faults.push((error, named::of_a_unit(&group.entities)));
                }
            }
        }
        self.units.extend(units);
        Ok(())
    }

    /// What passes along the edges into a node, each with its unit.
    ///
    /// # Errors
    /// Those of the edges' filters.
    fn incoming(&mut self, at: usize) -> Result<Vec<(usize, Estimate)>> {
        let mut inputs: Vec<(usize, Estimate)> = Vec::new();
        let mut stays = BTreeSet::new();
        for edge in self.model.edges.iter().filter(|edge| edge.destination == at) {
            let from = self.units.iter().enumerate().filter(|(_, unit)| unit.node == edge.source);
            let all: Vec<(usize, &Estimate)> =
                from.flat_map(|(unit, one)| one.estimates.iter().map(move |e| (unit, e))).collect();
            let entities: Vec<Entities> =
                all.iter().map(|(_, one)| self.people.about(&with_contrast(one))).collect();
            let passing = graph::passing(self.model, edge, &entities);
            for place in passing.map_err(|error| self.people.why(error))? {
                let (unit, one) = all[place];
                if !graph::goes_on(one.test) {
                    stays.insert(one.contrast.clone());
                } else if !inputs.iter().any(|(_, known)| known.effect == one.effect) {
                    inputs.push((unit, one.clone()));
                }
            }
        }
        if !stays.is_empty() {
            self.left_out.push(format!(
                "F tests have no single effect and do not go up to {}: {}",
                self.model.nodes[at].name,
                listed(&stays.into_iter().collect::<Vec<_>>())
            ));
        }
        Ok(inputs)
    }

    /// Remarks on runs, each once.
    fn tell(&self, notes: &mut Notes) {
        for kind in self.said.all() {
            let (of, said) = kind.told(self.found.runs.len());
            notes.add(&of, said);
        }
    }

    /// Two units cannot write into one place.
    fn refuse_one_place(&mut self) {
        let mut seen: BTreeMap<std::path::PathBuf, String> = BTreeMap::new();
        for unit in &self.units {
            for one in &unit.estimates {
                if let Some(other) = seen.insert(one.effect.clone(), unit.name()) {
                    let fault = Error::bad_data(
                        format!("node {}", self.model.nodes[unit.node].name),
                        format!(
                            "has two units, {other} and {}, that are both written as {}",
                            unit.name(),
                            one.effect.display()
                        ),
                        "tell its units apart by names",
                        "rename one of the contrasts or nodes",
                    );
                    self.faults.push((fault, unit.name()));
                    return;
                }
            }
        }
    }
}

/// Why nothing is left of a unit, all that was left out of it, the last first.
fn why(left_out: &[String]) -> String {
    let Some((last, others)) = left_out.split_last() else { return String::new() };
    let all: Vec<&str> =
        std::iter::once(last).chain(others).map(String::as_str).take(LEFT_OUT).collect();
    let more = left_out.len().saturating_sub(LEFT_OUT);
    let more = if more > 0 { format!("; {more} more") } else { String::new() };
    format!(" ({}{more})", all.join("; "))
}

/// The entities of an estimate with its contrast.
fn with_contrast(one: &Estimate) -> Entities {
    let mut entities = one.entities.clone();
    entities.insert(graph::CONTRAST.to_owned(), one.contrast.clone());
    entities
}
