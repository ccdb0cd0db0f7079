//! Whether a file is of the run that it is given with, by what their names say. Where both names have an entity and its values differ the
//! file is refused. A recording is only doubted: what it explains of the run tells more than its name.
//!
//! | file | must agree in |
//! | --- | --- |
//! | events, ready designs | sub, task; ses and run too, unless one file is given for several runs |
//! | confounds, motion, censored volumes, voxel-wise images | sub, ses, task, run |
//! | masks, tissues | sub |

use std::path::{Path, PathBuf};

use super::{Physiology, display};
use crate::error::{Error, Result};
use crate::io::sidecar::{Field, Sidecar};
use crate::pipeline::spec::{Command, Role, RunSpec};
use crate::pipeline::watch::Watch;

/// Entities that tell one run from another; echoes and parts of a run share a recording.
const TELLING: [&str; 4] = ["sub", "ses", "task", "run"];

/// Those in which a design that runs share may differ from a run.
const SHARED: [&str; 2] = ["ses", "run"];

/// The value of an entity in a part of a name, `sub-01`.
fn value_of<'a>(part: &'a str, key: &str) -> Option<&'a str> {
    let value = part.strip_prefix(key)?.strip_prefix('-')?.split('.').next()?;
    (!value.is_empty() && value.chars().all(char::is_alphanumeric)).then_some(value)
}

/// The value of an entity in a file's own name.
fn own_value(path: &Path, key: &str) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    name.split('_').find_map(|part| value_of(part, key).map(str::to_owned))
}

/// The same, else of a subject or session in the names of its folders.
fn value(path: &Path, key: &str) -> Option<String> {
    let folders = || {
        let folders = path.parent()?.ancestors().filter_map(Path::file_name);
        folders
            .map(|folder| folder.to_string_lossy())
            .find_map(|folder| value_of(&folder, key).map(str::to_owned))
    };
    own_value(path, key).or_else(|| matches!(key, "sub" | "ses").then(folders).flatten())
}

/// The entities in which the name of a file contradicts an image's, and how: `sub-06 for sub-02`.
fn contradicts(bold: &Path, file: &Path) -> Vec<(&'static str, String)> {
    let of = |key: &'static str| {
        let (here, there) = (own_value(bold, key)?, own_value(file, key)?);
        (!same(&here, &there)).then(|| (key, format!("{key}-{there} for {key}-{here}")))
    };
    TELLING.into_iter().filter_map(of).collect()
}

/// Entities that the name of a file has and an image's lacks, and the other way round; none where one of both names no run at all.
type Alone = [Vec<(&'static str, String)>; 2];

/// `is_shared`: the file is given for several runs, and need not name one.
fn named_alone(bold: &Path, file: &Path, is_shared: bool) -> Alone {
    let of = |path: &Path| TELLING.map(|key| own_value(path, key));
    let (here, there) = (of(bold), of(file));
    let mut alone = Alone::default();
    if here.iter().all(Option::is_none) || there.iter().all(Option::is_none) {
        return alone;
    }
    for (key, pair) in TELLING.into_iter().zip(there.into_iter().zip(here)) {
        match pair {
            _ if is_shared && SHARED.contains(&key) => {}
            (Some(value), None) => alone[0].push((key, value)),
            (None, Some(value)) => alone[1].push((key, value)),
            _ => {}
        }
    }
    alone
}

/// Note them. `told`: what was noted of which role; runs whose names lack the same are told of once.
fn say_alone(
    alone: Alone,
    (role, file, bold): (Role, &Path, &Path),
    told: &mut Vec<(Role, [Vec<&'static str>; 2])>,
    watch: &dyn Watch,
) {
    let keys = alone.each_ref().map(|side| side.iter().map(|(key, _)| *key).collect());
    let what = (role, keys);
    if alone.iter().all(Vec::is_empty) || told.contains(&what) {
        return;
    }
    told.push(what);
    let [of_file, of_bold] = alone.map(|side| {
        side.iter().map(|(key, value)| format!("{key}-{value}")).collect::<Vec<_>>().join(", ")
    });
    let (file, bold, role) = (display(file), display(bold), role.name());
    let said = match (of_file.is_empty(), of_bold.is_empty()) {
        (false, true) => format!("names {of_file}, which {bold} does not"),
        (true, _) => format!("does not name {of_bold}, as {bold} does"),
        (false, false) => format!("names {of_file}, which {bold} does not, and not its {of_bold}"),
    };
    watch.note(&format!("{file} ({role}) {said}: it is taken for this run's"));
}

/// Refuse files of a command that are by their names of another subject, session, task or run than the image they are given with. One
/// design that is given for several runs may be called after one of them, and is noted; so is an entity that one of two names lacks.
///
/// # Errors
/// Usage, with both names and what differs.
pub fn refuse_others(command: &Command, watch: &dyn Watch) -> Result<()> {
    let inputs = command.inputs();
    let times = |file: &Path| inputs.iter().filter(|(_, other)| other == file).count();
    // Files follow the image of their run; of a recording alone it may come later.
    let mut bold = inputs.iter().find(|(role, _)| *role == Role::Bold).map(|(_, path)| path);
    let mut noted: Vec<&PathBuf> = Vec::new();
    let mut told = Vec::new();
    for (role, file) in &inputs {
        if *role == Role::Bold {
            bold = Some(file);
        }
        let Some(bold) = bold else { continue };
        let mut apart = contradicts(bold, file);
        match role {
            Role::Events | Role::Design if times(file) > 1 => {
                let (shared, others): (Vec<_>, Vec<_>) =
                    apart.into_iter().partition(|(key, _)| SHARED.contains(key));
                apart = others;
                if !shared.is_empty() && !noted.contains(&file) {
                    noted.push(file);
                    watch.note(&format!(
                        "{} is by its name of one run, and taken for all {} that it is given for",
                        display(file),
                        times(file)
                    ));
                }
            }
            Role::Events | Role::Design | Role::Confounds | Role::Censored => {}
            Role::Mask | Role::SmoothWithin | Role::Csf | Role::WhiteMatter => {
                apart.retain(|(key, _)| *key == "sub");
            }
            _ => continue,
        }
        refuse(&apart, (*role, file), bold)?;
        if matches!(role, Role::Events | Role::Design | Role::Confounds | Role::Censored) {
            let alone = named_alone(bold, file, times(file) > 1);
            say_alone(alone, (*role, file, bold), &mut told, watch);
        }
    }
    // Columns of each voxel's own follow the runs, in their order.
    let (runs, options) = match command {
        Command::Glm(spec) => (&spec.runs, &spec.voxelwise),
        Command::Connect(spec) => (&spec.runs, &spec.voxelwise),
        _ => return Ok(()),
    };
    for (run, images) in runs.iter().zip(&options.images) {
        for image in images {
            refuse(&contradicts(&run.bold, image), (Role::Voxelwise, image), &run.bold)?;
        }
    }
    Ok(())
}

/// Refuse a file whose name contradicts its image's.
fn refuse(
    apart: &[(&'static str, String)],
    (role, file): (Role, &Path),
    bold: &Path,
) -> Result<()> {
    if apart.is_empty() {
        return Ok(());
    }
    let apart = apart.iter().map(|(_, said)| said.as_str()).collect::<Vec<_>>().join(", ");
    Err(Error::usage(
        format!("{} ({})", display(file), role.name()),
        format!("is by its name not of {}: {apart}", display(bold)),
        "be of the image that it is given with",
        "give files in the order of the images; if it is the right one, name a copy of it as what it is",
    ))
}

/// Warn of events, or a design, that are by their name of another task than the TaskName of a run whose name says none.
pub(super) fn say_other_task(spec: &RunSpec, sidecar: &Sidecar, watch: &dyn Watch) {
    let Some(Field { value: task, file: said_by }) = &sidecar.task_name else { return };
    let label = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    for file in [&spec.events, &spec.design].into_iter().flatten() {
        let Some(own) = own_value(file, "task") else { continue };
        let (a, b) = (label(&own), label(task));
        if own_value(&spec.bold, "task").is_none() && !a.contains(&b) && !b.contains(&a) {
            watch.warn(&format!(
                "{} is by its name of task-{own}, and {} by TaskName in {} of '{task}': are they of one run?",
                display(file),
                display(&spec.bold),
                display(said_by)
            ));
        }
    }
}

/// Refuse runs that are by their names of several subjects; of several tasks, and sessions where nothing compares these, that is said.
///
/// # Errors
/// Usage, with the subjects.
pub fn of_one_subject(runs: &[RunSpec], command: &str, watch: &dyn Watch) -> Result<()> {
    let named = |key: &str| -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for found in runs.iter().filter_map(|run| value(&run.bold, key)) {
            if !all.iter().any(|other| same(other, &found)) {
                all.push(found);
            }
        }
        all.into_iter().map(|value| format!("{key}-{value}")).collect()
    };
    let subjects = named("sub");
    if subjects.len() > 1 {
        return Err(Error::usage(
            "the runs",
            format!("are of several subjects: {}", subjects.join(", ")),
            "be of one, for what is found in them is averaged",
            format!("run boldly {command} on each subject; boldly group takes their maps"),
        ));
    }
    let of = if command == "connect" { &["ses", "task"][..] } else { &["task"] };
    for key in of {
        let (all, what) = (named(key), if *key == "ses" { "sessions" } else { "tasks" });
        if all.len() > 1 {
            watch.warn(&format!(
                "the runs are of several {what} ({}), and the mean over runs is that over all of them",
                all.join(", ")
            ));
        }
    }
    Ok(())
}

/// Whether two values are one: `1` is `01`.
fn same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    a == b || number(a).is_some_and(|a| number(b) == Some(a))
}

/// Entities that tell one run of a dataset from another.
pub(super) const OF_A_RUN: [&str; 8] = ["sub", "ses", "task", "acq", "ce", "rec", "dir", "run"];

/// What the names of recordings, and of a table of peaks for them, say that contradicts an image's: `sub-06 for sub-02`; none where they have
/// no entity in common.
#[must_use]
pub fn apart(bold: &Path, recordings: &[PathBuf], peaks: Option<&Path>) -> Option<Vec<String>> {
    let of_recordings = apart_in(&TELLING, bold, recordings);
    let Some(peaks) = peaks else { return of_recordings };
    let of_peaks = apart_in(&TELLING, bold, &[peaks.to_owned()]);
    let said = |all: Vec<String>| all.into_iter().map(|one| format!("{one} in {}", display(peaks)));
    match (of_recordings, of_peaks) {
        (None, None) => None,
        (of_recordings, of_peaks) => {
            let of_peaks = of_peaks.into_iter().flat_map(said);
            Some(of_recordings.into_iter().flatten().chain(of_peaks).collect())
        }
    }
}

/// [`apart`] of any files, by these entities.
pub(super) fn apart_in(keys: &[&str], bold: &Path, files: &[PathBuf]) -> Option<Vec<String>> {
    let mut is_comparable = false;
    let mut apart = Vec::new();
    for recording in files {
        for key in keys {
            let (Some(here), Some(there)) = (value(bold, key), value(recording, key)) else {
                continue;
            };
            is_comparable = true;
            let found = format!("{key}-{there} for {key}-{here}");
            if !same(&here, &there) && !apart.contains(&found) {
                apart.push(found);
            }
        }
    }
    is_comparable.then_some(apart)
}

/// A warning where names contradict each other.
pub fn say_apart(physio: &Physiology, bold: &Path, watch: &dyn Watch) {
    if let Some(apart) = physio.apart.as_ref().filter(|apart| !apart.is_empty()) {
        watch.warn(&format!(
            "the recording {}{} is by its name not of {} ({}): is it the right one?",
            physio.recording.name,
            if physio.known.peaks.is_empty() { "" } else { ", with its peaks," },
            display(bold),
            apart.join(", ")
        ));
    }
}

/// Whether two files are of one run by their names: none of these entities differs, and none stands in one name alone.
pub(super) fn is_same_run(a: &Path, b: &Path) -> bool {
    OF_A_RUN.iter().all(|key| match (value(a, key), value(b, key)) {
        (Some(a), Some(b)) => same(&a, &b),
        (a, b) => a.is_none() && b.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_contradict_each_other_are_told_from_those_that_say_nothing() {
        let of = |bold: &str, log: &str| apart(Path::new(bold), &[PathBuf::from(log)], None);
        let bold = "d/sub-02/func/sub-02_task-rest_run-1_echo-2_bold.nii.gz";
        assert_eq!(of(bold, "sub-02_task-rest_run-01_recording-belt_physio.tsv.gz"), Some(vec![]));
        let other = of(bold, "sub-06_task-nback_physio.tsv.gz").expect("entities in common");
        assert_eq!(other, ["sub-06 for sub-02", "task-nback for task-rest"]);
        assert_eq!(of(bold, "x/sub-06_study/scan.puls"), None, "no subject's folder");
        assert_eq!(of(bold, "x/sub-06/scan.puls"), Some(vec!["sub-06 for sub-02".to_owned()]));
        assert_eq!(of(bold, "pulse.log"), None);
        assert_eq!(of("bold.nii", "sub-06_physio.tsv.gz"), None);
        let peaks = |log: &str, peaks: &str| {
            apart(Path::new(bold), &[PathBuf::from(log)], Some(Path::new(peaks)))
        };
        let other = peaks("sub-02_physio.tsv.gz", "sub-06_peaks.tsv").expect("in common");
        assert_eq!(other, ["sub-06 for sub-02 in sub-06_peaks.tsv"]);
        assert_eq!(peaks("pulse.log", "sub-2_peaks.tsv"), Some(vec![]));
        assert_eq!(peaks("pulse.log", "mine.tsv"), None);
    }
}
