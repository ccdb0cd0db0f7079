//! Tables of edges that `connect` wrote, in folders and all below them: a table a run, subject and session by its path.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::networks::{self, NETWORKS, counted, measured};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::alike::{self, Asked, Compared};
use crate::pipeline::group::{entities, files_below, take_single_runs};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{Named, facts_beside, facts_of, real, sidecar_path};
use crate::pipeline::spec::Role;
use crate::trial::edges::read as read_edges;
use crate::trial::index::refuse_word;
use crate::trial::{EdgesOfRuns, Notes, RunOf};

/// How `connect` calls the table of a run, and the end of the name of one of several.
const NAME: &str = "edges.tsv";
/// What is read of a table of edges; a matrix has `Node`, by which it is known.
const COLUMNS: [&str; 4] = ["region_a", "region_b", "z", "Node"];
/// So many names are in a message.
const NAMED: usize = 3;

/// The edges, and the files that they are of.
pub(super) struct Read {
    pub edges: EdgesOfRuns,
    /// Where tables of networks lie beside them.
    pub networks: Option<EdgesOfRuns>,
    pub files: Vec<(Role, PathBuf)>,
}

/// A run's table, by its path and by the run that its sidecar names.
struct Of {
    path: PathBuf,
    subject: String,
    session: String,
    tasks: Vec<String>,
    /// The images that were analysed.
    runs: Vec<PathBuf>,
    /// What says so.
    sidecar: Option<PathBuf>,
    /// What made it.
    command: Option<Named>,
}

impl Of {
    /// Whose its table is, or one beside it.
    fn run(&self, path: &Path) -> RunOf {
        let (participant, session) = (format!("sub-{}", self.subject), self.session.clone());
        RunOf { participant, session, place: display(path), images: self.runs.len().max(1) }
    }

    /// Whose it is, for notes: "sub-01 at ses-baseline".
    fn who(&self) -> String {
        format!("sub-{} at ses-{}", self.subject, self.session)
    }
}

/// Read the tables.
///
/// # Errors
/// Missing input: no folder, no table in it. Bad data: paths that say no session, or another subject or session than the run that was analysed; several tasks at one visit; two tables of
/// one run, or alike in every number; what a table holds.
pub(super) fn read(folders: &[PathBuf], notes: &mut Notes) -> Result<Read> {
    let shown: Vec<String> = folders.iter().map(|folder| display(folder)).collect();
    let mut edges = EdgesOfRuns::new(shown.join(", "));
    let (mut all, mut nobody, mut met) = (Vec::new(), Vec::new(), HashSet::new());
    let mut of_others = Vec::new();
    // Of folders one may be below another: paths say most below the upper one.
    let mut folders: Vec<&PathBuf> = folders.iter().collect();
    folders.sort_by_cached_key(|folder| real(folder).components().count());
    for folder in folders {
        let paths = without_single_runs(tables(folder)?, notes);
        for path in paths.into_iter().filter(|path| met.insert(real(path))) {
            match of_path(&path, folder)? {
                Some(of) => {
                    let has_facts = of.sidecar.is_some() || facts_beside(&path)?.is_none();
                    of_others.extend((!has_facts).then(|| display(&path)));
                    all.push(of);
                }
                None => nobody.push(display(&path)),
            }
        }
    }
    tell_nobodys(&nobody, all.len(), notes);
    tell_of_others(&of_others, notes);
    if all.is_empty() {
        return Err(Error::bad_data(
            edges.name,
            format!(
                "has {} of edges, none with sub- in its path or its sidecar",
                counted(nobody.len())
            ),
            "have folders or files named sub-<label>, below the folder that is given",
            "give the folder above those of the subjects",
        ));
    }
    refuse_one_run_twice(&all)?;
    refuse_several_tasks(&all, notes)?;
    tell_differences(&all, notes);
    // A table of hundreds of regions is large as text, and small once it is read.
    for some in all.chunks(rayon::current_num_threads()) {
        let read =
            |of: &Of| read_edges(&measured(io::tsv::read_columns(&of.path, &COLUMNS)?, &of.path));
        let read = some.par_iter().map(read).collect::<Result<Vec<_>>>()?;
        some.iter().zip(&read).for_each(|(of, read)| edges.add_read(of.run(&of.path), read));
    }
    edges.refuse_respelt("region")?;
    refuse_twins(&edges)?;
    let (networks, of_networks) = networks::read(&networks_beside(&all), all.len(), notes)?;
    notes.info(
        format!(
            "{} edges of {} regions, from {}",
            edges.pairs.len(),
            edges.regions.len(),
            counted(all.len())
        ),
        Vec::new(),
    );
    let own = |of: Of| {
        let sidecar = of.sidecar.map(|path| (Role::Sidecar, path));
        std::iter::once((Role::Table, of.path)).chain(sidecar)
    };
    let mut files: Vec<(Role, PathBuf)> = all.into_iter().flat_map(own).collect();
    files.extend(of_networks);
    Ok(Read { edges, networks, files })
}

/// Where tables of networks lie beside those of edges, with whose they are.
fn networks_beside(all: &[Of]) -> Vec<(RunOf, PathBuf)> {
    let beside = |of: &Of| {
        let name = of.path.file_name()?.to_str()?.strip_suffix(NAME)?;
        let path = of.path.with_file_name(format!("{name}{NETWORKS}"));
        path.is_file().then(|| (of.run(&path), path))
    };
    all.iter().filter_map(beside).collect()
}

/// The tables below a folder; those of regions that were moved (`--shift`) are none.
fn tables(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Err(Error::missing_input(
            format!("--edges {}", display(folder)),
            "is no folder",
            "be one in which boldly connect wrote edges.tsv of each run, or below it",
            "check the path; a table of all runs has participant_id and session_id, and is one table",
        ));
    }
    let is_wanted = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let before = name.strip_suffix(NAME);
        before.is_some_and(|b| (b.is_empty() || b.ends_with('_')) && !b.contains("desc-shift"))
    };
    let found = files_below(folder, &is_wanted)?;
    if found.is_empty() {
        return Err(Error::missing_input(
            format!("--edges {}", display(folder)),
            format!("has no {NAME} in it or below"),
            "have one a run, as boldly connect writes it with --regions, or with several seeds",
            "give the folder it wrote into, or one above it",
        ));
    }
    Ok(found)
}

/// Tables of the runs that lie beside the mean over them, which `connect` made, are in it.
fn without_single_runs(mut paths: Vec<PathBuf>, notes: &mut Notes) -> Vec<PathBuf> {
    let single = take_single_runs(&mut paths);
    if single > 0 {
        notes.info(
            format!(
                "{} of single runs lie beside the mean of Fisher's z over them, which is taken",
                counted(single)
            ),
            Vec::new(),
        );
    }
    paths
}

/// What a table's path says, and the runs that its sidecar names; none where neither says a subject.
fn of_path(path: &Path, folder: &Path) -> Result<Option<Of>> {
    let [mut subject, mut session, task, run] = entities(path, folder)?;
    refuse_word(display(path), run.as_deref())?;
    let (mut tasks, mut runs): (Vec<String>, Vec<PathBuf>) =
        (task.into_iter().collect(), Vec::new());
    let facts = facts_of(path)?;
    for bold in facts.iter().flat_map(|facts| facts.read(path)) {
        let name = PathBuf::from(bold.file_name().unwrap_or_default());
        runs.push(real(&bold));
        let Ok([own, visit, task, _]) = entities(&name, Path::new("")) else { continue };
        for (key, said, by_run) in [("sub", &mut subject, own), ("ses", &mut session, visit)] {
            match (said.as_ref(), by_run) {
                (Some(said), Some(other)) if *said != other => {
                    return Err(Error::bad_data(
                        display(path),
                        format!(
                            "is of {key}-{said} by its path, and of {} by its sidecar",
                            display(&name)
                        ),
                        "be of one",
                        "correct the folders' names, or run boldly connect again",
                    ));
                }
                (None, by_run) => *said = by_run,
                _ => {}
            }
        }
        tasks.extend(task);
    }
    let Some(subject) = subject else { return Ok(None) };
    let Some(session) = session else {
        return Err(Error::bad_data(
            display(path),
            "has no ses- in its path",
            format!("be of a visit: folders or files of {} named ses-<label>", display(folder)),
            "rename them, or give one table with participant_id and session_id",
        ));
    };
    tasks.sort();
    tasks.dedup();
    let sidecar = facts.as_ref().map(|_| sidecar_path(path));
    let command = facts.map(|facts| facts.command);
    Ok(Some(Of { path: path.to_owned(), subject, session, tasks, runs, sidecar, command }))
}

/// Two analyses of one run are no two runs.
fn refuse_one_run_twice(all: &[Of]) -> Result<()> {
    let mut of_runs: HashMap<&Path, &Of> = HashMap::new();
    for of in all {
        for run in &of.runs {
            let other = of_runs.entry(run).or_insert(of);
            if other.path != of.path {
                return Err(Error::bad_data(
                    display(&of.path),
                    format!(
                        "is of {}, as {} is",
                        display(Path::new(run.file_name().unwrap_or_default())),
                        display(&other.path)
                    ),
                    "be of a run of its own: two analyses of one run are no two runs",
                    "give the folder of one analysis by --edges",
                ));
            }
        }
    }
    Ok(())
}

/// Means over tasks are no state of anybody.
fn refuse_several_tasks(all: &[Of], notes: &mut Notes) -> Result<()> {
    let mut of_visits: BTreeMap<(&str, &str), &Of> = BTreeMap::new();
    let mut tasks: Vec<&[String]> = Vec::new();
    for of in all {
        let other = of_visits.entry((&of.subject, &of.session)).or_insert(of);
        if other.tasks != of.tasks {
            return Err(Error::bad_data(
                display(&of.path),
                format!("is of {} as {} is, of another task", of.session, display(&other.path)),
                "be of the task of the visit's other runs: a mean over tasks is no state of anybody",
                "give the folder of one task by --edges",
            ));
        }
        if !tasks.contains(&of.tasks.as_slice()) {
            tasks.push(&of.tasks);
        }
    }
    if tasks.len() > 1 {
        let names: Vec<String> = tasks.iter().map(|own| own.join(" and ")).collect();
        let names = names.into_iter().map(|n| if n.is_empty() { "not said".to_owned() } else { n });
        notes.warn(
            format!("runs of edges are of several tasks: {}", names.collect::<Vec<_>>().join(", ")),
            Vec::new(),
        );
    }
    Ok(())
}

/// Edges of other filters, confounds or regions are other numbers.
fn tell_differences(all: &[Of], notes: &mut Notes) {
    let asked = |of: &Of| Some(Asked { who: of.who(), command: of.command.clone()? });
    let all: Vec<Asked> = all.iter().filter_map(asked).collect();
    if let Some(said) = alike::differences(&all, Compared::Edges) {
        notes.warn(
            format!(
                "tables of edges were made with other options, and what differs between them may be that: {said}; make them alike"
            ),
            Vec::new(),
        );
    }
}

/// Tables beside which lies what `connect` wrote of others.
fn tell_of_others(of_others: &[String], notes: &mut Notes) {
    if let Some(first) = of_others.first() {
        notes.warn(
            format!(
                "beside {} of edges lies a sidecar that describes other files, and nothing is taken from it: {first}{}",
                counted(of_others.len()),
                if of_others.len() > 1 { ", ..." } else { "" }
            ),
            Vec::new(),
        );
    }
}

fn tell_nobodys(nobody: &[String], n: usize, notes: &mut Notes) {
    if !nobody.is_empty() && n > 0 {
        let more = if nobody.len() > NAMED { ", ..." } else { "" };
        let some: Vec<&str> = nobody.iter().take(NAMED).map(String::as_str).collect();
        notes.warn(
            format!(
                "{} of edges have no sub- in their paths and are left out: {}{more}",
                counted(nobody.len()),
                some.join(", ")
            ),
            Vec::new(),
        );
    }
}

fn refuse_twins(edges: &EdgesOfRuns) -> Result<()> {
    match edges.twins() {
        Some([one, other]) => Err(Error::bad_data(
            edges.runs[other].place.clone(),
            format!("holds the numbers of {}", edges.runs[one].place),
            "be of a run of its own: of two one must be a copy",
            "delete the copy, or run boldly connect again",
        )),
        None => Ok(()),
    }
}
