//! The `bids` command as a story: a dataset and a Stats Model, planned whole, then node by node fitted, each unit a command of its own with
//! its sidecar. What lower levels left finished is taken as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bids::model::Level;
use crate::bids::{Model, Notes, design};
use crate::error::{Error, Result};
use crate::io::{self, Overwrite, interrupt};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{AppLevel, BidsSpec, Command, Missing, Role};
use crate::pipeline::watch::Watch;
use crate::pipeline::weigh;
use crate::pipeline::written::Written;

mod above;
mod absent;
mod alike;
mod at_zero;
mod claim;
mod derived;
mod described;
mod difference;
mod doubts;
mod elsewhere;
mod events;
mod found;

mod lacks;
mod made;
mod masks;
mod named;
mod outside;
mod pages;
mod people;
mod plan;
mod recorded;
mod run_level;
mod several;
mod sources;
mod table;
mod there;
mod times;
mod together;
mod unit;
mod untested;

use alike::Alike;
use doubts::Doubts;
use found::Found;
use sources::WithSources;
use unit::{Unasked, Unit};

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
    model.doubts().into_iter().for_each(|(pointer, said)| notes.add(&pointer, said));
    Ok(Read { model, text, notes })
}

/// All that is to be done, checked before anything is fitted.
pub struct Plan {
    spec: BidsSpec,
    read: Read,
    found: Found,
    /// Each behind those whose estimates it takes.
    units: Vec<Unit>,
    /// Runs that are not fitted, for no contrast of them is left to ask.
    unasked: Vec<Unasked>,
    /// What was left out, a sentence each.
    left_out: Vec<String>,
    /// Remarks on single runs and nodes, which are among the notes of the model.
    said: Alike,
}

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Done {
    /// Units that were computed.
    pub computed: usize,
    /// Units that were there as they should be.
    pub kept: usize,
    /// Units with warnings, which stand in their sidecars, those that were there among them.
    pub warned: usize,
    /// Units that failed, by name, each with why.
    pub failed: Vec<(String, Error)>,
    /// Units that could not be begun, by name, each with the unit that they lack.
    pub lacking: Vec<(String, String)>,
    /// How pulse and breathing entered the models of runs, a line for each kind of it.
    pub physiology: Vec<String>,
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
    let plan::Units { units, unasked, mut left_out, said } =
        plan::units(&spec, &read.model, &found, &mut read.notes, watch)?;
    left_out.extend(untested::told(&spec, &read.model));
    unit::remark_on_names(units.iter().flat_map(|unit| &unit.asked), &mut read.notes);
    read.notes.all().iter().for_each(|note| watch.warn(note));
    left_out.iter().for_each(|line| watch.warn(line));
    Ok(Plan { spec, read, found, units, unasked, left_out, said })
}

/// A file that the test of the dataset's nodes needs must be there.
fn refuse_absent(spec: &BidsSpec) -> Result<()> {
    let Some(asked) = &spec.inference else { return Ok(()) };
    let own = [Role::Table, Role::Design];
    let inputs = Command::Group((*asked.test).clone()).inputs();
    match inputs.into_iter().find(|(role, path)| !own.contains(role) && !path.is_file()) {
        None => Ok(()),
        Some((_, path)) => Err(Error::missing_input(
            format!("--inference: {}", path.display()),
            "is not there",
            "be a file",
            "name it from where you are, or by its whole path",
        )),
    }
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
        table::of(self)
    }

    /// The same for programs: `{"model", "out", "notes", "left_out", "units": [{"node", "level", "type", "unit", "rows", "columns", "contrasts",
    /// "left_out", "frame_times", "missing"}]}`; the last two of runs, the origin of their frame times and the columns of X that they lack.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        table::json(self)
    }

    /// What was left out of single units, a sentence each, by the unit's name; those of which nothing was are not among them.
    #[must_use]
    pub fn left_out_of_units(&self) -> BTreeMap<String, &[String]> {
        let own = self.units.iter().filter(|unit| !unit.left_out.is_empty());
        own.map(|unit| (self.name(unit), &*unit.left_out)).collect()
    }

    /// The origins of the runs' frame times, in words, each with how many runs have it.
    #[must_use]
    pub fn frame_times(&self) -> Vec<(&str, usize)> {
        table::frame_times(&self.units)
            .into_iter()
            .map(|(said, whose)| (said, whose.len()))
            .collect()
    }

    /// Refuse what can be known to be wrong before a fit: a folder of results that holds another analysis (other options, another model,
    /// somebody's files under the names of results), and runs that are copies of others of their subject.
    ///
    /// # Errors
    /// Usage, naming the first difference, or the copy.
    pub fn check(&self, overwrite: Overwrite) -> Result<()> {
        self.checked(overwrite).map(drop)
    }

    /// The same, with what of the folder is of another analysis and may go.
    fn checked(&self, overwrite: Overwrite) -> Result<there::Others> {
        let others = there::look(self, overwrite)?;
        if overwrite == Overwrite::Own {
            outside::refuse_changed_model(&self.spec, (&self.read.model, &self.read.text))?;
        }
        refuse_copies(&self.units)?;
        refuse_absent(&self.spec)?;
        Ok(others)
    }

    /// Fit what is not finished. A unit that fails takes those that need it with it, and no other. What single commands say is in their
    /// sidecars, as `session` may listen to nothing; `watch` is told of the units.
    ///
    /// # Errors
    /// As [`Plan::check`], before anything is changed; those of the folder of results; stopped.
    pub fn run(
        &self,
        session: &mut Session<'_>,
        overwrite: Overwrite,
        watch: &dyn Watch,
    ) -> Result<Done> {
        let _claim = claim::lay(self)?;
        let others = self.checked(overwrite)?;
        let (of, model) = ((&self.spec, &self.found), (&self.read.model, &*self.read.text));
        outside::put(of, model, &others.removed, overwrite, watch)?;
        others.told.iter().for_each(|line| watch.warn(line));
        let mut doubts = Doubts::of(self, &others.stale)?;
        doubts.tell(self, watch);
        let mut done = Done::default();
        let fitted = self.fit(session, overwrite, watch, &mut done).and_then(|()| {
            others.outdated()?.iter().for_each(|line| watch.warn(line));
            watch.stage("pages", 1);
            doubts.tell_serious(self, watch)?;
            done.physiology = pages::physiology::told(self)?;
            pages::write(self, (&done, &doubts), session)
        });
        done.pages = fitted.map_err(|error| {
            let finished = format!(
                "{} of {} units are finished in {}",
                done.computed + done.kept,
                self.units.len(),
                self.spec.out.display()
            );
            match error {
                Error::Interrupted => {
                    Error::Stopped(finished + "; the same command goes on from there")
                }
                // A unit that can itself go on says from where.
                Error::Stopped(of_unit) => {
                    Error::Stopped(format!("{finished}; of the next {of_unit}"))
                }
                error => error,
            }
        })?;
        Ok(done)
    }

    fn fit(
        &self,
        session: &mut Session<'_>,
        overwrite: Overwrite,
        watch: &dyn Watch,
        done: &mut Done,
    ) -> Result<()> {
        weigh::settle(session, self.units.iter().map(|unit| &unit.command));
        watch.stage("units", self.units.len());
        let mut is_there = vec![false; self.units.len()];
        let (mut alike, mut again) = (Alike::default(), Alike::default());
        for (at, unit) in self.units.iter().enumerate() {
            watch.step();
            let name = self.name(unit);
            if let Some(&lacks) = unit.below.iter().find(|below| !is_there[**below]) {
                done.lacking.push((name, self.name(&self.units[lacks])));
                continue;
            }
            if unit.is_finished()? {
                is_there[at] = true;
                done.kept += 1;
                done.warned += usize::from(recorded::tell(unit, &name, &session.watch)?);
                continue;
            }
            watch.note(&name);
            if let Some(why) = unit.why_again() {
                again.add(&why, &name);
            }
            match self.one(unit, session, overwrite) {
                Ok(()) => {
                    is_there[at] = true;
                    done.computed += 1;
                    done.warned += usize::from(!session.watch.warnings().is_empty());
                }
                Err(stop) if stop.is_stop() => return Err(stop),
                Err(error) => {
                    let why = format!("failed: {error}");
                    if alike.add(&why, &name) {
                        watch.warn(&format!("{name} {why}"));
                    }
                    done.failed.push((name, error));
                }
            }
        }
        for kind in again.all() {
            let units = match kind.whose.len() {
                1 => format!("{} was there and is", kind.whose[0]),
                n => format!("{n} units were there and are"),
            };
            let told = format!("{units} fitted again: {}", kind.text);
            if kind.text.contains(unit::FEWER) { watch.warn(&told) } else { watch.note(&told) }
        }
        for kind in alike.all().iter().filter(|kind| kind.whose.len() > 1) {
            watch.warn(&format!("failed as {} did: {}", kind.whose[0], kind.others()));
        }
        Ok(())
    }

    /// Make the pages of what lies there finished, and nothing else.
    ///
    /// # Errors
    /// As for pages: those of reading the results, and output errors.
    pub fn report(&self, session: &Session<'_>, watch: &dyn Watch) -> Result<Done> {
        let mut done = Done::default();
        let mut is_there = vec![false; self.units.len()];
        let why = there::Why::of(self)?;
        for (at, unit) in self.units.iter().enumerate() {
            // Estimates of what is not there are of something else.
            let lacks = unit.below.iter().find(|below| !is_there[**below]);
            is_there[at] = lacks.is_none() && unit.is_finished()?;
            match (is_there[at], lacks) {
                (true, _) => {
                    done.kept += 1;
                    let told = recorded::tell(unit, &self.name(unit), &session.watch)?;
                    done.warned += usize::from(told);
                }
                (false, Some(&lacks)) => {
                    done.lacking.push((self.name(unit), self.name(&self.units[lacks])));
                }
                (false, None) => {
                    let lacks = format!("a fit as this command asks ({})", why.not(unit));
                    done.lacking.push((self.name(unit), lacks));
                }
            }
        }
        if done.kept == 0 {
            let first = why.first.map_or(String::new(), |first| format!(": {first}"));
            return Err(Error::missing_input(
                self.spec.out.display().to_string(),
                format!("holds nothing finished of this model with these options{first}"),
                "hold results, for pages are made of them",
                "leave --reports-only out, or give the model and options that made them",
            ));
        }
        let mut doubts = Doubts::of(self, &why.stale)?;
        doubts.tell(self, watch);
        doubts.tell_serious(self, watch)?;
        done.physiology = pages::physiology::told(self)?;
        done.pages = pages::write(self, (&done, &doubts), session)?;
        Ok(done)
    }

    /// One unit: its tables, then its command.
    fn one(&self, unit: &Unit, session: &mut Session<'_>, overwrite: Overwrite) -> Result<()> {
        interrupt::check()?;
        outside::put_texts(&unit.texts)?;
        outside::put_texts(&described::of(&unit.texts))?;
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
        let all: Vec<&str> = unit.estimates.iter().map(|one| one.contrast.as_str()).collect();
        match self.level(unit) {
            Level::Run => self.place(unit),
            _ => format!("{} ({})", self.place(unit), named::first(&all)),
        }
    }

    /// A unit without its contrasts.
    fn place(&self, unit: &Unit) -> String {
        format!("{}: {}", self.read.model.nodes[unit.node].name, unit.name())
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
