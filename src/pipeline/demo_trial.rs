//! The demonstration for a trial: a simulated study, run by run through `glm` and `connect`, then as maps through `group` and as
//! endpoints through `trial`; what each finds stands beside what was put in.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Result;
use crate::io::Overwrite;
use crate::pipeline::products::Layout;
use crate::pipeline::session::Session;
use crate::pipeline::simulate;
use crate::pipeline::spec::Command;
use crate::pipeline::watch::Watch;
use crate::pipeline::written::Written;
use crate::simulate::drug_trial::{self, DrugTrial, DrugTrialSpec, SESSIONS, Task, Visit};
use crate::simulate::write::paths::README;

mod asked;
mod found;
mod names;
mod page;
mod tables;

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
    /// Warnings of commands, which stand in their sidecars.
    pub warnings: usize,
    /// A line a quantity.
    pub lines: Vec<Line>,
    /// Seconds of each step.
    pub seconds: Vec<(String, f64)>,
    /// Where to begin reading, relative to the folder.
    pub page: &'static str,
}

/// Where the parts of the demonstration lie.
#[derive(Debug, Clone)]
struct Folders {
    out: PathBuf,
    study: PathBuf,
}

impl Folders {
    fn new(out: &Path) -> Folders {
        Folders { out: out.to_owned(), study: out.join("study") }
    }

    /// Of a run's results.
    fn of_run(&self, trial: &DrugTrial, visit: &Visit, task: Task) -> PathBuf {
        let part = if task == Task::Pain { "glm" } else { "connect" };
        let id = &trial.patients[visit.patient].id;
        self.out.join(part).join(id).join(SESSIONS[visit.session])
    }

    /// What the demonstration makes in its folder.
    fn places(&self) -> Vec<PathBuf> {
        let maps = names::MAPS.map(|(folder, _)| folder);
        let parts = ["glm", "connect", "tables", "trial", page::PAGE, page::TABLE];
        maps.iter().chain(&parts).map(|name| self.at(name)).collect()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }
}

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
    let mut steps = Steps {
        session,
        watch,
        warnings: 0,
        began: std::time::Instant::now(),
        seconds: Vec::new(),
    };
    let trial = simulate::write_trial(spec, &folders.study, Overwrite::Own, command, watch)?;
    steps.lap("simulate");
    let runs: Vec<(&Visit, Task)> = trial.runs().collect();
    for (task, name) in [(Task::Pain, "glm"), (Task::Rest, "connect")] {
        let of_task = runs.iter().filter(|(_, of)| *of == task);
        watch.stage(name, of_task.clone().count());
        for (visit, task) in of_task {
            let command = asked::of_run(&folders, &trial, visit, *task);
            steps.run(command, &folders.of_run(&trial, visit, *task))?;
            watch.step();
        }
        steps.lap(name);
    }
    tables::write(&folders, &trial, watch)?;
    for (name, command) in asked::groups(&folders) {
        watch.note(&format!("group: {name}"));
        steps.run(command, &folders.at(name))?;
    }
    steps.lap("group");
    watch.note("trial");
    steps.run(asked::trial(&folders)?, &folders.at("trial"))?;
    steps.lap("trial");
    let lines = found::lines(&folders, &trial)?;
    let Steps { warnings, seconds, .. } = steps;
    let result = TrialDemo {
        per_arm: spec.per_arm,
        completers: trial.patients.iter().filter(|p| p.has_completed()).count(),
        runs: runs.len(),
        warnings,
        lines,
        seconds,
        page: page::PAGE,
    };
    page::write(&result, (out, command), watch)?;
    Ok(result)
}

/// The commands that were run.
struct Steps<'a, 'b> {
    session: &'a mut Session<'b>,
    watch: &'a dyn Watch,
    warnings: usize,
    began: std::time::Instant,
    seconds: Vec<(String, f64)>,
}

impl Steps<'_, '_> {
    /// Run a command, its outputs into a folder.
    fn run(&mut self, command: Command, folder: &Path) -> Result<()> {
        let mut written = Written::new(Layout::folder(folder), Overwrite::Own)?;
        command.run(self.session, &mut written)?;
        self.warnings += self.session.watch.warnings().len();
        written.commit()?;
        Ok(())
    }

    fn lap(&mut self, name: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.watch.note(&format!("{name}: {seconds:.1} s"));
        self.seconds.push((name.to_owned(), seconds));
        self.began = std::time::Instant::now();
    }
}
