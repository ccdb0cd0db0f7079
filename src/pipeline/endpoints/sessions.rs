//! When visits were, where the dataset says: `acq_time` in the `sessions.tsv` of a study or of its subjects. Source: BIDS 1.11, "Sessions file".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod found;
mod unread;

use found::Found;
use unread::Unread;

use super::near;
use crate::error::{Error, Result};
use crate::io;
use crate::io::folder;
use crate::pipeline::inputs::display;
use crate::trial::{Moment, Notes, Plan, Tables};

/// What both kinds of file are called, or end in.
const NAME: &str = "sessions.tsv";

/// When each participant (`sub-`) was at each session (`ses-`).
pub(super) type Times = BTreeMap<(String, String), Moment>;

/// What the dataset says, and the files that say it of any visit; what of it cannot be used is told.
///
/// # Errors
/// A folder that cannot be listed, a file that is no table; bad data of a file in another participant's folder, of a column that would be ignored for its spelling; naming the line of what is no time, of a visit that is at two times, and of a session or participant that is spelt otherwise in the study's tables.
pub(super) fn read(
    study: &Path,
    (tables, plan): (&Tables, &Plan),
    notes: &mut Notes,
) -> Result<(Times, Vec<PathBuf>)> {
    let (mut found, mut unread) = (Found::of(tables, plan)?, Unread::default());
    let mut files = Vec::new();
    for path in sessions(study, &found)? {
        let mut table = io::tsv::read(&path)?;
        table.name = display(path.strip_prefix(study).unwrap_or(&path));
        let subject = subject(&path);
        match unread.columns(&table, subject.is_some())? {
            Some(columns) if found.add(&table, subject.as_deref(), columns)? => files.push(path),
            _ => {}
        }
    }
    unread.tell(notes);
    found.tell(notes);
    Ok((found.when, files))
}

/// Warn of whose visit at the endpoint was before that at baseline.
pub(super) fn tell_order(when: &Times, plan: &Plan, notes: &mut Notes) {
    let at =
        |person: &str, session: &str| when.get(&(person.to_owned(), session.to_owned())).copied();
    let mut people: Vec<&String> = when.keys().map(|(person, _)| person).collect();
    people.dedup();
    let both = |person: &&String| Some((at(person, &plan.baseline)?, at(person, &plan.endpoint)?));
    let known: Vec<&String> = people.into_iter().filter(|person| both(person).is_some()).collect();
    let is_turned =
        |person: &&&String| both(person).is_some_and(|(start, end)| end.is_before(start));
    let turned: Vec<String> =
        known.iter().filter(is_turned).map(|person| (*person).clone()).collect();
    if !turned.is_empty() {
        let are_most = 2 * turned.len() > known.len();
        notes.warn(
            format!(
                "by acq_time of {NAME} {} was before {} in {} of {} participants{}",
                plan.endpoint,
                plan.baseline,
                turned.len(),
                known.len(),
                if are_most { ": are --baseline and --endpoint swapped?" } else { "" }
            ),
            turned,
        );
    }
}

/// The file of the study, and that of each subject's folder.
fn sessions(study: &Path, found: &Found<'_>) -> Result<Vec<PathBuf>> {
    if let Some(name) = near::but_for_case(study, NAME)? {
        return Err(Error::bad_data(
            name,
            "lies in the study's folder, and differs from sessions.tsv in case alone",
            format!("be called {NAME}"),
            "rename it",
        ));
    }
    let mut all = vec![study.join(NAME)];
    for entry in folder::listed(study)? {
        let whose = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let respelt = found.respelt(&whose);
        if !(whose.starts_with("sub-") || respelt.is_some()) || !entry.is_folder()? {
            continue;
        }
        let own = format!("{whose}_{NAME}");
        let below = |file: &Path| display(file.strip_prefix(study).unwrap_or(file));
        for file in folder::listed(&entry.path)? {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let lower = name.to_lowercase();
            let is_one = lower == NAME || lower.ends_with(&format!("_{NAME}"));
            if let Some(participant) = respelt.filter(|_| is_one) {
                return Err(Error::bad_data(
                    below(&file.path),
                    format!(
                        "lies in a folder '{whose}', which differs from '{participant}' in case, _, - or blanks alone"
                    ),
                    format!("lie in {participant}, as {participant}_{NAME}"),
                    "rename folder and file",
                ));
            }
            if is_one && name != own && !file.is_hidden() {
                return Err(Error::bad_data(
                    below(&file.path),
                    format!("lies in the folder of {whose}, and is not called as it"),
                    format!("be called {own}"),
                    "rename it, or move it into the folder of whose it is",
                ));
            }
        }
        all.push(entry.path.join(own));
    }
    all.retain(|path| path.is_file());
    Ok(all)
}

/// Whose file it is by its name; none of the study's.
fn subject(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    Some(name.strip_suffix(NAME)?.strip_suffix('_')?.to_owned())
}
