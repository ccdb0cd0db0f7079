//! When visits were, where the dataset says: `acq_time` in the `sessions.tsv` of a study or of its subjects. Source: BIDS 1.11, "Sessions file".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::acq_time;
use crate::error::{Error, Result};
use crate::io;
use crate::io::folder;
use crate::table::{Table, is_missing};
use crate::trial::{Moment, Notes, Plan};

/// What both kinds of file are called, or end in.
const NAME: &str = "sessions.tsv";

/// When each participant (`sub-`) was at each session (`ses-`).
pub(super) type Times = BTreeMap<(String, String), Moment>;

/// What the dataset says, and the files that say it of any visit. `visits`: the plan's.
///
/// # Errors
/// A folder that cannot be listed, a file that is no table; bad data of a column that would be ignored for its spelling; naming the line of what is no time, of a visit that is at two times, and of a session that differs from one of the plan's in case alone.
pub(super) fn read(study: &Path, visits: [&str; 2]) -> Result<(Times, Vec<PathBuf>)> {
    let (mut when, mut files) = (Times::new(), Vec::new());
    for path in sessions(study)? {
        let table = io::tsv::read(&path)?;
        if add(&table, (subject(&path).as_deref(), visits), &mut when)? {
            files.push(path);
        }
    }
    Ok((when, files))
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
fn sessions(study: &Path) -> Result<Vec<PathBuf>> {
    let mut all = vec![study.join(NAME)];
    for entry in folder::listed(study)? {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("sub-") {
            all.push(entry.path.join(format!("{name}_{NAME}")));
        }
    }
    all.retain(|path| path.is_file());
    Ok(all)
}

/// Whose file it is by its name; none of the study's.
fn subject(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    Some(name.strip_suffix(NAME)?.strip_suffix('_')?.to_owned())
}

/// Whether a table says of any visit when it was.
fn add(
    table: &Table,
    (subject, visits): (Option<&str>, [&str; 2]),
    when: &mut Times,
) -> Result<bool> {
    let (Some(time), Some(session)) = (table.optional("acq_time")?, table.optional("session_id")?)
    else {
        return Ok(false);
    };
    let person = table.optional("participant_id")?;
    let mut says = false;
    for (row, cells) in table.rows.iter().enumerate() {
        let whose = person.map(|at| cells[at].trim()).or(subject).unwrap_or_default();
        let text = cells[time].trim();
        if is_missing(text) || whose.is_empty() {
            continue;
        }
        let line = format!("{}, line {} ({whose}),", table.name, row + 2);
        let at = acq_time::moment(text).ok_or_else(|| no_time(&line, text))?;
        let [whose, session] = [("sub-", whose), ("ses-", cells[session].trim())]
            .map(|(start, name)| format!("{start}{}", name.strip_prefix(start).unwrap_or(name)));
        let is_near = |own: &&&str| own.to_lowercase() == session.to_lowercase();
        if let Some(own) = visits.iter().find(is_near).filter(|own| **own != session) {
            return Err(Error::bad_data(
                line,
                format!("is of session '{session}', which differs from '{own}' in case alone"),
                "name each session in one way",
                "correct one of them",
            ));
        }
        let visit = format!("{session} of {whose}");
        let key = (whose, session);
        let both = when.get(&key).map_or(Some(at), |other| other.and(at));
        let Some(both) = both else {
            return Err(Error::bad_data(
                line,
                format!(
                    "has {text} as acq_time of {visit}, which is said to have been at another time"
                ),
                format!(
                    "be the only row of a visit in {NAME} of the study and its subjects, or say the same time"
                ),
                "delete or correct one of the rows",
            ));
        };
        when.insert(key, both);
        says = true;
    }
    Ok(says)
}

fn no_time(line: &str, text: &str) -> Error {
    Error::bad_data(
        line,
        format!("holds '{text}' in column acq_time"),
        "hold a date that is in the calendar, as BIDS writes it (2009-06-15 or 2009-06-15T13:45:30), or n/a",
        "write it so: the order of visits is taken from it",
    )
}
