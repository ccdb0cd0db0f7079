//! The demonstration for a trial: a simulated study as a BIDS dataset. The pain task goes from runs to the group by a Stats Model through `bids`,
//! rest run by run through `connect` and as maps through `group`, endpoints through `trial`; what each finds stands beside what was put in.

use std::path::Path;

use serde::Serialize;

use crate::error::Result;
use crate::io::Overwrite;
use crate::pipeline::bids;
use crate::pipeline::products::Layout;
use crate::pipeline::session::Session;
use crate::pipeline::simulate;
use crate::pipeline::spec::Command;
use crate::pipeline::watch::{ProgressAlone, Watch};
use crate::pipeline::written::Written;
use crate::simulate::drug_trial::{self, DrugTrialSpec, Visit};
use crate::simulate::write::Content;
use crate::simulate::write::paths::README;

mod asked;
mod found;
mod model;
mod names;
mod page;
mod tables;

use names::{COUPLING, Folders, MODEL, PAGE};

/// What was put in beside what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The quantity, for a person.
    pub quantity: String,
    /// Its units; empty where it has none.
    pub units: String,
    /// What was put in.
    pub truth: f64,
    /// What was found.
    pub found: f64,
    /// Of the 95 % confidence interval.
    pub lower: f64,
    /// Of the 95 % confidence interval.
    pub upper: f64,
    /// Both tails; none where no test is made.
    pub p: Option<f64>,
    /// The command that found it.
    pub by: &'static str,
}

impl Line {
    /// Whether the interval holds what was put in.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lower <= self.truth && self.truth <= self.upper
    }
}

/// What the demonstration found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialDemo {
    /// Patients in each arm.
    pub per_arm: usize,
    /// Patients with both visits.
    pub completers: usize,
    /// Runs analysed.
    pub runs: usize,
    /// Commands with warnings, which stand in their sidecars.
    pub warned: usize,
    /// A line a quantity.
    pub lines: Vec<Line>,
    /// Seconds of each step.
    pub seconds: Vec<(String, f64)>,
    /// Where to begin reading, relative to the folder.
    pub page: &'static str,
}

/// Framewise displacement above which a volume is left out, mm.
const CENSOR_FD_MM: f64 = 0.5;
const FWHM_MM: f64 = 5.0;
/// Rearrangements of the groups.
const PERMUTATIONS: u64 = 1000;

/// Simulate a trial into `out`, and analyse it there. `command`: the line that makes it again. What single commands say is in
/// their sidecars, as `session` may listen to nothing.
///
/// # Errors
/// Usage for an impossible trial, and where files that are not this demonstration's would be replaced; device and output errors.
pub fn demo(
    spec: &DrugTrialSpec,
    (out, command): (&Path, &str),
    session: &mut Session<'_>,
    watch: &dyn Watch,
) -> Result<TrialDemo> {
    let folders = Folders::new(out);
    let readme = (&*folders.study.join(README), &*drug_trial::readme(command));
    simulate::refuse_others(&folders.places(), readme, Overwrite::Own)?;
    let mut steps =
        Steps { session, watch, warned: 0, began: std::time::Instant::now(), seconds: Vec::new() };
    let trial = simulate::write_trial(spec, &folders.study, Overwrite::Own, command, watch)?;
    steps.lap("simulate");
    let files = [(MODEL.to_owned(), Content::Text(model::text()))];
    simulate::write_files((files.len(), files), out, Overwrite::Own, watch)?;
    // What a plan says of its units is on its pages.
    steps.plan(bids::plan(model::spec(&folders), &ProgressAlone(watch))?)?;
    steps.lap("bids");
    let at_rest: Vec<&Visit> = trial.visits.iter().filter(|visit| visit.has_rest).collect();
    watch.stage("connect", at_rest.len());
    for visit in at_rest {
        let command = asked::of_rest(&folders, &trial, visit);
        steps.run(command, &folders.of_rest(&trial, visit))?;
        watch.step();
    }
    steps.lap("connect");
    tables::write(&folders, &trial, watch)?;
    let (name, _) = COUPLING;
    watch.note(&format!("group: {name}"));
    steps.run(asked::coupling(&folders), &folders.at(name))?;
    steps.lap("group");
    watch.note("trial");
    steps.run(asked::trial(&folders, &trial)?, &folders.at("trial"))?;
    steps.lap("trial");
    let lines = found::lines(&folders, &trial)?;
    let Steps { warned, seconds, .. } = steps;
    let result = TrialDemo {
        per_arm: spec.per_arm,
        completers: trial.patients.iter().filter(|p| p.has_completed()).count(),
        runs: trial.runs().count(),
        warned,
        lines,
        seconds,
        page: PAGE,
    };
    page::write(&result, (out, command), watch)?;
    Ok(result)
}

/// The commands that were run.
struct Steps<'a, 'b> {
    session: &'a mut Session<'b>,
    watch: &'a dyn Watch,
    warned: usize,
    began: std::time::Instant,
    seconds: Vec<(String, f64)>,
}

impl Steps<'_, '_> {
    /// Run a command, its outputs into a folder.
    fn run(&mut self, command: Command, folder: &Path) -> Result<()> {
        let mut written = Written::new(Layout::folder(folder), Overwrite::Own)?;
        command.run(self.session, &mut written)?;
        self.warned += usize::from(!self.session.watch.warnings().is_empty());
        written.commit()?;
        Ok(())
    }

    /// Run a Stats Model, all of it.
    fn plan(&mut self, plan: bids::Plan) -> Result<()> {
        let done = plan.run(self.session, Overwrite::Own, &ProgressAlone(self.watch))?;
        self.warned += done.warned;
        match done.failed.into_iter().next() {
            Some((unit, error)) => Err(error.of(&unit)),
            None => Ok(()),
        }
    }

    fn lap(&mut self, name: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.watch.note(&format!("{name}: {seconds:.1} s"));
        self.seconds.push((name.to_owned(), seconds));
        self.began = std::time::Instant::now();
    }
}
