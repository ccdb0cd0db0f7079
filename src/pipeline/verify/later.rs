//! Files that a command would find beside what it read, and that were not there when it ran: JSON files, and columns that a correction took out.

use std::path::{Path, PathBuf};

use crate::io::{self, Aside, bids};
use crate::pipeline::carried;
use crate::pipeline::compared::tidy;
use crate::pipeline::inputs::{display, earlier, find_spent};
use crate::pipeline::provenance::{self, Provenance, real};
use crate::pipeline::spec::{Command, Role, RunSpec};
use crate::pipeline::watch::{Quiet, Watch};

/// Names the files that have come since, and sets them aside while the command is run again. `command`: with its paths as they lead from here;
/// `own`: as its sidecar in `folder` has it.
pub(super) fn set_aside(
    command: &Command,
    (own, folder): (&Provenance, &Path),
    watch: &dyn Watch,
) -> Aside {
    if own.schema == 1 {
        return Aside::of(&[]); // which does not list what was found
    }
    if !own.command_line.iter().any(|word| word.starts_with(SPENT)) {
        say_spent(command, watch);
    }
    let known: Vec<PathBuf> = own.inputs.iter().map(|i| real(&folder.join(&i.path))).collect();
    let mut later: Vec<PathBuf> = Vec::new();
    for file in found(command) {
        if !known.contains(&real(&file)) && !later.contains(&file) {
            watch.warn(&format!(
                "{} has come since the outputs were made, and would be read today: they are verified without it",
                display(&tidy(&file))
            ));
            later.push(file);
        }
    }
    Aside::of(&later)
}

/// What says of a command line that nothing was to be looked for.
const SPENT: &str = "--spent";

/// What lies beside the files that a command names and speaks of them. What cannot be listed says nothing here: the rerun tells.
fn found(command: &Command) -> Vec<PathBuf> {
    let named = command.inputs();
    let has_sidecar = named.iter().any(|(role, _)| *role == Role::Sidecar);
    let design = match command {
        Command::Glm(spec) => Some(&spec.design),
        Command::Retroicor(spec) => Some(&spec.design),
        Command::Connect(spec) => Some(&spec.design),
        _ => None,
    };
    let components =
        design.and_then(|d| d.strategy).is_some_and(|strategy| strategy.has_components());
    let beside = |(role, path): &(Role, PathBuf)| match role {
        Role::Bold if !has_sidecar => io::sidecar::speaking(path).unwrap_or_default(),
        Role::Physio if display(path).ends_with(".tsv.gz") => {
            bids::inherited(path).unwrap_or_default()
        }
        Role::Confounds if components => {
            let beside = io::sidecar::beside(path, &path.with_extension("json"));
            beside.ok().and_then(|beside| beside.file).into_iter().collect()
        }
        _ => Vec::new(),
    };
    named.iter().flat_map(beside).chain(carried_beside(command)).collect()
}

/// The tables of columns that earlier corrections took out of a command's runs, as far as they are there.
fn carried_beside(command: &Command) -> Vec<PathBuf> {
    let runs = match command {
        Command::Glm(spec) => &spec.runs[..],
        Command::Connect(spec) => &spec.runs,
        Command::Retroicor(spec) => std::slice::from_ref(&spec.run),
        _ => &[],
    };
    let bolds = match command {
        Command::Smooth(spec) => vec![&spec.bold],
        _ => runs.iter().map(|run| &run.bold).collect(),
    };
    let of_bold = |bold: &PathBuf| {
        let earlier = earlier(bold, &Quiet).ok()??;
        carried::files(bold, &earlier.facts)
    };
    let of_spent = |run: &RunSpec| {
        let sidecar = &run.spent.as_ref()?.sidecar;
        carried::files(sidecar, &provenance::facts_at(sidecar).ok()??)
    };
    let all = bolds.into_iter().filter_map(of_bold).chain(runs.iter().filter_map(of_spent));
    all.filter(|files| files.iter().all(|file| file.is_file())).flatten().collect()
}

/// Says which corrections before preprocessing would be found today; a rerun looks for none.
fn say_spent(command: &Command, watch: &dyn Watch) {
    let mut runs = match command {
        Command::Glm(spec) => spec.runs.clone(),
        Command::Connect(spec) => spec.runs.clone(),
        _ => return,
    };
    runs.retain(|run| run.spent.is_none());
    if find_spent(&mut runs, &Quiet).is_err() {
        return;
    }
    for (run, spent) in runs.iter().filter_map(|run| Some((run, run.spent.as_ref()?))) {
        watch.warn(&format!(
            "{} is of a correction of {} that would be found today, and was not when the outputs were made: they are verified without it",
            display(&tidy(&spent.sidecar)),
            display(&tidy(&run.bold))
        ));
    }
}
