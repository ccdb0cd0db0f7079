//! The `bids` command as a story: a dataset and a Stats Model, planned whole, then node by node fitted, each unit a command of its own with
//! its sidecar. What lower levels left finished is taken as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bids::model::Level;
use crate::bids::{Model, Notes, design};
use crate::error::{Error, Result};
use crate::io::{self, Overwrite, interrupt};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{AppLevel, BidsSpec, Command, Missing};
use crate::pipeline::watch::Watch;
use crate::pipeline::weigh;
use crate::pipeline::written::Written;

mod above;
mod found;
mod made;
mod named;
mod outside;
mod pages;
mod people;
mod plan;
mod run_level;
mod sources;
mod table;
mod unit;

use found::Found;
use sources::WithSources;
use unit::Unit;

/// A model that was read, and what is to be said of it.
pub struct Read {
    /// The model.
    pub model: Model,
    /// Its file's text.
    pub text: String,
    /// Remarks, each with a JSON pointer.
    pub notes: Notes,
}

/// Read a model's file.
///
/// # Errors
/// Missing input; bad data with a JSON pointer.
pub fn read(path: &Path) -> Result<Read> {
    read_text(io::read_text(path)?, path)
}

fn read_text(text: String, path: &Path) -> Result<Read> {
    let mut notes = Notes::default();
    let model =
        Model::read(&text, &mut notes).map_err(|error| error.of(&path.display().to_string()))?;
    model.check().map_err(|error| error.of(&path.display().to_string()))?;
    Ok(Read { model, text, notes })
}

/// All that is to be done, checked before anything is fitted.
pub struct Plan {
    spec: BidsSpec,
    read: Read,
    found: Found,
    /// Each behind those whose estimates it takes.
    units: Vec<Unit>,
    /// What was left out, a sentence each.
    left_out: Vec<String>,
}

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Done {
    /// Units that were computed.
    pub computed: usize,
    /// Units that were there as they should be.
    pub kept: usize,
    /// Units with warnings, which stand in their sidecars.
    pub warned: usize,
    /// Units that failed, by name, each with why.
    pub failed: Vec<(String, Error)>,
    /// Units that could not be begun, by name, each with the unit that they lack.
    pub lacking: Vec<(String, String)>,
    /// One a subject and one a node of the dataset.
    pub pages: Vec<PathBuf>,
}

/// Plan an analysis.
///
/// # Errors
/// The model's, the dataset's and the tables': all that can be known before a fit. Of several the first, the others are told.
pub fn plan(spec: BidsSpec, watch: &dyn Watch) -> Result<Plan> {
    outside::refuse_foreign(&spec.out)?;
    let (mut read, found) = match &spec.made {
        Some(asked) => made::model(&spec, asked, watch)?,
        None => {
            let read = read(&spec.model)?;
            let found = found::find(&spec, &read.model, watch)?;
            (read, found)
        }
    };
    let (units, left_out) = plan::units(&spec, &read.model, &found, &mut read.notes, watch)?;
    read.notes.all().iter().for_each(|note| watch.warn(note));
    left_out.iter().for_each(|line| watch.warn(line));
    Ok(Plan { spec, read, found, units, left_out })
}

/// A run that is a copy of another of its subject would count twice.
fn refuse_copies(units: &[Unit]) -> Result<()> {
    let mut of_subjects: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
    for unit in units {
        let subject = unit.entities.get("subject").map_or("", String::as_str);
        if let Command::Glm(spec) = &unit.command {
            let runs = spec.runs.iter().map(|run| run.bold.clone());
            of_subjects.entry(subject).or_default().extend(runs);
        }
    }
    for images in of_subjects.values_mut() {
        images.sort();
        images.dedup();
        io::refuse_twins(images)?;
    }
    Ok(())
}

impl Plan {
    /// The plan as a table for a person: nodes, their units, rows, columns and contrasts.
    #[must_use]
    pub fn table(&self) -> String {
        table::of(&self.spec, &self.read.model, &self.units, &self.left_out)
    }

    /// Fit everything. A unit that fails takes those that need it with it, and no other. What single commands say is in their sidecars, as
    /// `session` may listen to nothing; `watch` is told of the units.
    ///
    /// # Errors
    /// Those of the folder of results; interrupted.
    pub fn run(
        &self,
        session: &mut Session<'_>,
        overwrite: Overwrite,
        watch: &dyn Watch,
    ) -> Result<Done> {
        let model = &self.read.model;
        refuse_copies(&self.units)?;
        let of = (&self.spec, &self.found);
        outside::put(of, (model, &self.read.text), overwrite, watch)?;
        weigh::settle(session, self.units.iter().map(|unit| &unit.command));
        watch.stage("units", self.units.len());
        let mut done = Done::default();
        let mut is_there = vec![false; self.units.len()];
        for (at, unit) in self.units.iter().enumerate() {
            watch.step();
            let name = self.name(unit);
            let level = model.nodes[unit.node].level;
            if let Some(&lacks) = unit.below.iter().find(|below| !is_there[**below]) {
                done.lacking.push((name, self.name(&self.units[lacks])));
                continue;
            }
            // Of the level that was asked for itself everything is made anew.
            if app_level(level) < self.spec.level && unit.is_finished()? {
                is_there[at] = true;
                done.kept += 1;
                continue;
            }
            watch.note(&name);
            match self.one(unit, session, overwrite) {
                Ok(()) => {
                    is_there[at] = true;
                    done.computed += 1;
                    done.warned += usize::from(!session.watch.warnings().is_empty());
                }
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => {
                    watch.warn(&format!("{name} failed: {error}"));
                    done.failed.push((name, error));
                }
            }
        }
        watch.stage("pages", 1);
        done.pages = pages::write(self, &done, &session.command_line)?;
        Ok(done)
    }

    /// Make the pages of what lies there finished, and nothing else.
    ///
    /// # Errors
    /// As for pages: those of reading the results, and output errors.
    pub fn report(&self, session: &Session<'_>) -> Result<Done> {
        let mut done = Done::default();
        let mut is_there = vec![false; self.units.len()];
        for (at, unit) in self.units.iter().enumerate() {
            // Estimates of what is not there are of something else.
            is_there[at] = unit.below.iter().all(|below| is_there[*below]) && unit.is_finished()?;
            match is_there[at] {
                true => done.kept += 1,
                false => done.lacking.push((self.name(unit), "a fit as this command asks".into())),
            }
        }
        if done.kept == 0 {
            return Err(Error::missing_input(
                self.spec.out.display().to_string(),
                "holds nothing finished of this model with these options",
                "hold results, for pages are made of them",
                "leave --reports-only out, or give the model and options that made them",
            ));
        }
        done.pages = pages::write(self, &done, &session.command_line)?;
        Ok(done)
    }

    /// One unit: its tables, then its command.
    fn one(&self, unit: &Unit, session: &mut Session<'_>, overwrite: Overwrite) -> Result<()> {
        interrupt::check()?;
        outside::put_texts(&unit.texts)?;
        let sources: Vec<String> = unit
            .sources
            .iter()
            .filter_map(|path| found::uri(path, &self.found, &self.spec.out))
            .collect();
        let space = unit.entities.get("space").map(String::as_str);
        let mut written = Written::new(unit.layout.clone(), overwrite)?;
        let mut products = WithSources { below: &mut written, sources: &sources, space };
        unit.command.run(session, &mut products)?;
        written.commit()?;
        Ok(())
    }

    fn name(&self, unit: &Unit) -> String {
        let node = &self.read.model.nodes[unit.node].name;
        let contrasts: Vec<&str> =
            unit.estimates.iter().map(|one| one.contrast.as_str()).take(3).collect();
        match self.read.model.nodes[unit.node].level {
            Level::Run => format!("{node}: {}", unit.name()),
            _ => format!("{node}: {} ({})", unit.name(), contrasts.join(", ")),
        }
    }
}

/// The level of the command that a node belongs to.
fn app_level(level: Level) -> AppLevel {
    match level {
        Level::Run => AppLevel::Run,
        Level::Session => AppLevel::Session,
        Level::Subject => AppLevel::Participant,
        Level::Dataset => AppLevel::Dataset,
    }
}

/// What a column that is not there does.
fn missing(spec: &BidsSpec) -> design::Missing {
    match spec.missing_variable {
        Missing::Error => design::Missing::Error,
        Missing::Skip => design::Missing::Drop,
    }
}
