//! Where the rows of a group come from: a table of maps, or a folder in which they are found by their names.

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use super::beside;
use crate::design::group::{Model, Sample};
use crate::design::label::label;
use crate::error::{Error, Result};
use crate::io::{self, folder::listed};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::facts_of;
use crate::pipeline::spec::GroupSpec;
use crate::pipeline::watch::Watch;
use crate::table::Table;

/// Entities of BIDS that become columns.
const ENTITIES: [(&str, &str); 4] =
    [("sub", "subject"), ("ses", "session"), ("task", "task"), ("run", "run")];
/// Folders below the one that is given are looked into so deep.
const DEEPEST: usize = 12;
/// So many folders above it are looked into for participants.tsv.
const ABOVE: usize = 4;
/// What the names of a seed's maps have before it.
pub(super) const SEED: &str = "seed-";
/// The table of subjects of a dataset.
const PARTICIPANTS: &str = "participants.tsv";

/// The rows of a group.
///
/// # Errors
/// Missing input, and what the table or the folder lacks.
pub(super) fn sample(spec: &GroupSpec, watch: &dyn Watch) -> Result<Sample> {
    if spec.table.is_dir() {
        let folder = &spec.table;
        let mut table = found(folder, spec.of.as_deref(), watch)?;
        if let Some(path) = participants(folder) {
            join(&mut table, &io::tsv::read(&path)?, &path, watch);
        }
        beside::join(&mut table, folder, watch);
        return Sample::found(table);
    }
    let mut table = io::tsv::read(&spec.table)?;
    beside::join(&mut table, base(spec), watch);
    Sample::new(table)
}

/// The maps of a folder alone, without what tables of participants or recordings near it say.
///
/// # Errors
/// As [`sample`] of the folder.
pub(super) fn maps(spec: &GroupSpec, watch: &dyn Watch) -> Result<Sample> {
    Sample::found(found(&spec.table, spec.of.as_deref(), watch)?)
}

/// The folder that paths in the table are relative to.
pub(super) fn base(spec: &GroupSpec) -> &Path {
    if spec.table.is_dir() { &spec.table } else { spec.table.parent().unwrap_or(Path::new("")) }
}

/// What a model's file holds, where the model is one.
///
/// # Errors
/// Missing input; bad data that is neither a table nor rows of numbers.
pub(super) fn matrix(model: &Model) -> Result<Option<Table>> {
    let Model::Matrix(path) = model else { return Ok(None) };
    if path.extension().is_some_and(|ending| ending == "tsv") {
        return io::tsv::read(path).map(Some);
    }
    rows_of_numbers(path).map(Some)
}

/// Rows of numbers parted by blanks, as FSL's design.mat after its header; columns are called ev1, ev2, ...
fn rows_of_numbers(path: &Path) -> Result<Table> {
    let text = io::read_text(path)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['/', '#']) {
            continue;
        }
        let row: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let thing = || format!("{}, line {},", display(path), n + 1);
        if let Some(word) = row.iter().find(|word| word.parse::<f64>().is_err()) {
            let hint = "for columns with names give a .tsv with a header line, tabs between";
            return Err(Error::bad_data(thing(), format!("holds '{word}'"), "hold numbers", hint));
        }
        if let Some(first) = rows.first().filter(|first| first.len() != row.len()) {
            return Err(Error::bad_data(
                thing(),
                format!("has {} numbers", row.len()),
                format!("have {} as the first row", first.len()),
                "have a row a map and a number a column",
            ));
        }
        rows.push(row);
    }
    let Some(first) = rows.first() else {
        let hint = "check how it was made";
        return Err(Error::bad_data(display(path), "has no row of numbers", "have some", hint));
    };
    let columns = (1..=first.len()).map(|n| format!("ev{n}")).collect();
    Ok(Table { name: display(path), columns, rows })
}

/// The participants.tsv of a folder of maps, or of one above it.
pub(super) fn participants(folder: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(folder).ok()?;
    let above = whole.ancestors().skip(1).take(ABOVE).map(|at| at.join(PARTICIPANTS));
    let mut all = std::iter::once(folder.join(PARTICIPANTS)).chain(above);
    all.find(|path| path.is_file()).filter(|_| folder.is_dir())
}

/// The maps of a contrast in a folder and all below it, as a table.
fn found(folder: &Path, of: Option<&str>, watch: &dyn Watch) -> Result<Table> {
    let mut effects = files_below(folder, &|path| contrast(path).is_some())?;
    let of = only(&mut effects, folder, of)?;
    if of.starts_with(SEED) {
        let single = take_single_runs(&mut effects);
        if single > 0 {
            watch.note(&format!(
                "{single} maps of single runs lie beside the mean of Fisher's z over them, which is taken"
            ));
        }
    }
    let rows = effects.iter().map(|path| Ok((entities(path, folder)?, path)));
    let rows: Vec<(Found, &PathBuf)> = rows.collect::<Result<_>>()?;
    let (rows, nobody): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(of, _)| of[0].is_some());
    if !nobody.is_empty() {
        let names: Vec<String> = nobody.iter().take(3).map(|(_, path)| display(path)).collect();
        watch.warn(&format!(
            "{} of {} maps have no sub- in their paths and are left out: {}",
            nobody.len(),
            effects.len(),
            names.join(", ")
        ));
    }
    if rows.is_empty() {
        return Err(of_nobody(folder, of, &nobody)?);
    }
    let table = of_maps(folder, &rows);
    let subjects: BTreeSet<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
    watch.note(&format!(
        "{}: {} maps of {of}, of {} subjects; columns {}",
        display(folder),
        table.rows.len(),
        subjects.len(),
        table.columns.join(", ")
    ));
    Ok(table)
}

/// Why maps without a subject are not taken.
fn of_nobody(folder: &Path, of: &str, maps: &[(Found, &PathBuf)]) -> Result<Error> {
    let mut are_of_groups = false;
    for (_, map) in maps {
        are_of_groups |= facts_of(map)?.is_some_and(|facts| facts.command.name == "group");
    }
    let n = maps.len();
    Ok(Error::bad_data(
        display(folder),
        match n {
            1 => format!("has 1 map of {of}, without sub- in its path"),
            n => format!("has {n} maps of {of}, none with sub- in its path"),
        },
        "have folders or files named sub-<label>",
        match are_of_groups {
            true => {
                "they are of groups, made by boldly group: give the folder of the subjects' maps that those were made of"
            }
            false => {
                "give the folder above those of the subjects, or write a table of maps with columns subject and effect"
            }
        },
    ))
}

/// Keeps the maps of a contrast, or of a seed, whose name it gives back.
fn only<'a>(effects: &mut Vec<PathBuf>, folder: &Path, of: Option<&'a str>) -> Result<&'a str> {
    let contrasts: BTreeSet<String> = effects.iter().filter_map(|path| contrast(path)).collect();
    let contrasts: Vec<String> = contrasts.into_iter().take(12).collect();
    let listed = match contrasts.as_slice() {
        [] => {
            "it has none: is it the folder that boldly glm, connect or bids wrote into, or one above it?"
                .to_owned()
        }
        some => format!("contrasts there: {}", some.join(", ")),
    };
    let Some(of) = of else {
        return Err(Error::usage(
            display(folder),
            "is a folder, and nothing says which contrast's maps are meant",
            "come with --of and the name of a contrast",
            listed,
        ));
    };
    let wanted = contrast_of(of)?;
    effects.retain(|path| contrast(path).as_deref() == Some(wanted.as_str()));
    if effects.is_empty() {
        return Err(Error::missing_input(
            display(folder),
            format!("has no {}.nii.gz in it or below", stem_of(&wanted, "effect")),
            "have one a subject",
            listed,
        ));
    }
    Ok(of)
}

/// What [`contrast`] finds in the names of the maps that `--of` means.
///
/// # Errors
/// Usage: a name that no file can have.
pub(in crate::pipeline) fn contrast_of(of: &str) -> Result<String> {
    match of.strip_prefix(SEED) {
        Some(seed) => Ok(format!("{SEED}{}", label(seed)?)),
        None => label(of),
    }
}

/// The name of a contrast's map without its ending; of a seed that of Fisher's z.
pub(super) fn stem_of(contrast: &str, stat: &str) -> String {
    match contrast.starts_with(SEED) {
        true => format!("{contrast}_stat-fisherz_statmap"),
        false => format!("contrast-{contrast}_stat-{stat}_statmap"),
    }
}

/// A value of each of [`ENTITIES`]: subject, session, task, run.
pub(in crate::pipeline) type Found = [Option<String>; ENTITIES.len()];

/// Files in a folder and all below it, hidden ones left out, in order.
///
/// # Errors
/// Missing input where a folder cannot be listed: what lies there would be missing in silence.
pub(in crate::pipeline) fn files_below(
    folder: &Path,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(folder, is_wanted, &mut found, 0)?;
    found.sort();
    Ok(found)
}

/// Takes away the files of single runs that lie beside that of all runs together, which `connect` made of them and whose name has no `run-`; gives
/// back how many they were.
pub(in crate::pipeline) fn take_single_runs(paths: &mut Vec<PathBuf>) -> usize {
    let of_all = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let parts: Vec<&str> = name.split('_').collect();
        let run = parts.iter().position(|part| part.starts_with("run-"))?;
        let rest: Vec<&str> =
            parts.iter().enumerate().filter(|(at, _)| *at != run).map(|(_, part)| *part).collect();
        Some(path.with_file_name(rest.join("_")))
    };
    let there: HashSet<PathBuf> = paths.iter().cloned().collect();
    let n = paths.len();
    paths.retain(|path| !of_all(path).is_some_and(|mean| there.contains(&mean)));
    n - paths.len()
}

fn walk(
    folder: &Path,
    is_wanted: &dyn Fn(&Path) -> bool,
    found: &mut Vec<PathBuf>,
    deep: usize,
) -> Result<()> {
    for entry in listed(folder)?.into_iter().filter(|entry| !entry.is_hidden()) {
        if entry.is_folder()? {
            if deep < DEEPEST {
                walk(&entry.path, is_wanted, found, deep + 1)?;
            }
        } else if is_wanted(&entry.path) {
            found.push(entry.path);
        }
    }
    Ok(())
}

/// The contrast of a file that is called as an effect's map; of a seed's map of Fisher's z, which is what a group tests of it, `seed-` and its name.
pub(in crate::pipeline) fn contrast(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".nii.gz").or_else(|| name.strip_suffix(".nii"))?;
    let of = |before: &str, key: &str| {
        let from = before.rfind(key)?;
        let starts = from == 0 || before[..from].ends_with('_');
        let label = &before[from + key.len()..];
        (starts && !label.is_empty() && !label.contains('_')).then(|| label.to_owned())
    };
    if let Some(before) = stem.strip_suffix("_stat-effect_statmap") {
        return of(before, "contrast-");
    }
    let seed = of(stem.strip_suffix("_stat-fisherz_statmap")?, SEED)?;
    Some(format!("{SEED}{seed}"))
}

/// What a map's path says, from the table's folder on; nothing where it says two things.
pub(super) fn named(path: &Path, folder: &Path) -> Found {
    entities(path, folder).unwrap_or_default()
}

/// What the names of a file and of the folders down to it say.
///
/// # Errors
/// Bad data where they say two things.
pub(in crate::pipeline) fn entities(path: &Path, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let below = path.strip_prefix(folder).unwrap_or(path);
    for component in below.components() {
        let Component::Normal(name) = component else { continue };
        let name = name.to_string_lossy();
        for part in name.split('_') {
            let Some((key, value)) = part.split_once('-') else { continue };
            let Some(at) = ENTITIES.iter().position(|(own, _)| *own == key) else { continue };
            let value: String = value.chars().take_while(|c| c.is_alphanumeric()).collect();
            match &found[at] {
                Some(other) if *other != value => {
                    return Err(Error::bad_data(
                        display(path),
                        format!("is of {key}-{other} and of {key}-{value} by its path"),
                        "be of one",
                        "correct the names, or write a table of maps",
                    ));
                }
                _ if value.is_empty() => {}
                _ => found[at] = Some(value),
            }
        }
    }
    Ok(found)
}

/// A row a map; of what paths say only what some of them do.
fn of_maps(folder: &Path, rows: &[(Found, &PathBuf)]) -> Table {
    let said = |at: &usize| rows.iter().any(|(of, _)| of[*at].is_some());
    let columns: Vec<usize> = (0..ENTITIES.len()).filter(said).collect();
    let row = |(of, path): &(Found, &PathBuf)| {
        let cell = |at: &usize| of[*at].clone().unwrap_or_else(|| "n/a".to_owned());
        let below = path.strip_prefix(folder).unwrap_or(path);
        let effect = below.to_string_lossy().into_owned();
        columns.iter().map(cell).chain([effect]).collect()
    };
    let names = columns.iter().map(|&at| ENTITIES[at].1.to_owned());
    Table {
        name: display(folder),
        columns: names.chain(["effect".to_owned()]).collect(),
        rows: rows.iter().map(row).collect(),
    }
}

/// Puts what participants.tsv says of each subject before the paths.
fn join(table: &mut Table, participants: &Table, path: &Path, watch: &dyn Watch) {
    let name = display(path);
    let Some(id) = participants.position("participant_id") else {
        watch.warn(&format!("{name} has no column participant_id and is not used"));
        return;
    };
    let of = |subject: &str| {
        participants.rows.iter().find(|row| row[id].trim().trim_start_matches("sub-") == subject)
    };
    let without: BTreeSet<&str> =
        table.rows.iter().map(|row| row[0].as_str()).filter(|s| of(s).is_none()).collect();
    let subjects: BTreeSet<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
    if without.len() == subjects.len() {
        watch.warn(&format!("{name} names none of the subjects and is not used"));
        return;
    }
    if !without.is_empty() {
        let names: Vec<&str> = without.iter().copied().collect();
        watch.warn(&format!("{name} lacks {}: their values are n/a", names.join(", ")));
    }
    let is_new = |at: &usize| {
        !table.columns.contains(&participants.columns[*at])
            && !matches!(participants.columns[*at].as_str(), "participant_id" | "variance")
    };
    let new: Vec<usize> = (0..participants.columns.len()).filter(is_new).collect();
    if new.is_empty() {
        return;
    }
    let cell =
        |subject: &str, at: usize| of(subject).map_or("n/a".to_owned(), |row| row[at].clone());
    for row in &mut table.rows {
        let (subject, last) = (row[0].clone(), row.len() - 1);
        row.splice(last..last, new.iter().map(|&at| cell(&subject, at)));
    }
    let names: Vec<String> = new.iter().map(|&at| participants.columns[at].clone()).collect();
    watch.note(&format!("{name}: columns {}", names.join(", ")));
    let last = table.columns.len() - 1;
    table.columns.splice(last..last, names);
}
