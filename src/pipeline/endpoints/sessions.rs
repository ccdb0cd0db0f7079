//! When visits were, where the dataset says: `acq_time` in the `sessions.tsv` of a study or of its subjects. Source: BIDS 1.11, "Sessions file".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::io;
use crate::io::folder;
use crate::table::{Table, is_missing};
use crate::trial::{Notes, Plan};

/// What both kinds of file are called, or end in.
const NAME: &str = "sessions.tsv";

/// When each participant (`sub-`) was at each session (`ses-`).
pub(super) type Times = BTreeMap<(String, String), String>;

/// What the dataset says, and the files that say it of any visit.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn read(study: &Path) -> Result<(Times, Vec<PathBuf>)> {
    let (mut when, mut files) = (Times::new(), Vec::new());
    for path in sessions(study)? {
        // A file that cannot be read says of no visit when it was.
        let Ok(table) = io::tsv::read(&path) else { continue };
        let before = when.len();
        add(&table, subject(&path).as_deref(), &mut when);
        if when.len() > before {
            files.push(path);
        }
    }
    Ok((when, files))
}

/// Warn of whose visit at the endpoint was before that at baseline.
pub(super) fn tell_order(when: &Times, plan: &Plan, notes: &mut Notes) {
    let at = |person: &str, session: &str| when.get(&(person.to_owned(), session.to_owned()));
    let mut people: Vec<&String> = when.keys().map(|(person, _)| person).collect();
    people.dedup();
    let both = |person: &&String| Some((at(person, &plan.baseline)?, at(person, &plan.endpoint)?));
    let known: Vec<&String> = people.into_iter().filter(|person| both(person).is_some()).collect();
    let is_turned = |person: &&&String| both(person).is_some_and(|(start, end)| end < start);
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

fn add(table: &Table, subject: Option<&str>, when: &mut Times) {
    let [Some(session), Some(time)] = ["session_id", "acq_time"].map(|name| table.position(name))
    else {
        return;
    };
    let person = table.position("participant_id");
    for row in &table.rows {
        let whose = person.map(|at| row[at].trim()).or(subject).unwrap_or_default();
        let time = row[time].trim();
        // A date at least; what begins otherwise is in no order.
        let is_date = time.len() >= 10 && time.starts_with(|c: char| c.is_ascii_digit());
        if is_missing(time) || !is_date || whose.is_empty() {
            continue;
        }
        let [whose, session] = [("sub-", whose), ("ses-", row[session].trim())]
            .map(|(start, name)| format!("{start}{}", name.strip_prefix(start).unwrap_or(name)));
        when.insert((whose, session), time.to_owned());
    }
}
