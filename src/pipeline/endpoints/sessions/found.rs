//! Times of visits found, held against the sessions and participants of the study's tables.

use std::collections::{BTreeMap, BTreeSet};

use super::unread::Columns;
use super::{NAME, Times};
use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::pipeline::endpoints::acq_time;
use crate::table::{Table, are_one_name, is_missing};
use crate::trial::{Notes, Plan, Tables};

/// What a name begins with, and whether messages call it a session or a participant.
const SESSION: [&str; 2] = ["ses-", "session"];
/// The same of participants.
const PARTICIPANT: [&str; 2] = ["sub-", "participant"];

/// Times of visits, and names that no table has.
pub(super) struct Found<'a> {
    tables: &'a Tables,
    /// Of participants of the study.
    pub when: Times,
    /// Those of tables and the plan, with `ses-`.
    sessions: BTreeSet<String>,
    /// Those of participants.tsv, with `sub-`.
    people: BTreeSet<String>,
    other_sessions: BTreeMap<String, usize>,
    other_people: BTreeSet<String>,
}

impl Found<'_> {
    /// Nothing yet, of a study whose tables are known.
    ///
    /// # Errors
    /// No table of participants.
    pub(super) fn of<'a>(tables: &'a Tables, plan: &Plan) -> Result<Found<'a>> {
        let cells = |table: &Table, [start, key]: [&str; 2]| -> Vec<String> {
            let Some(at) = table.position(key) else { return Vec::new() };
            let there = table.rows.iter().map(|cells| cells[at].trim());
            there.filter(|cell| !is_missing(cell)).map(|cell| full(start, cell)).collect()
        };
        let of_plan = [&plan.baseline, &plan.endpoint].map(|name| full(SESSION[0], name));
        let of_tables =
            tables.all.iter().flat_map(|one| cells(&one.table, [SESSION[0], "session_id"]));
        let runs = tables.edges.iter().flat_map(|edges| &edges.runs);
        let of_edges = runs.map(|run| full(SESSION[0], &run.session));
        let participants = &tables.get("participants")?.table;
        Ok(Found {
            tables,
            when: Times::new(),
            sessions: of_plan.into_iter().chain(of_tables).chain(of_edges).collect(),
            people: cells(participants, [PARTICIPANT[0], "participant_id"]).into_iter().collect(),
            other_sessions: BTreeMap::new(),
            other_people: BTreeSet::new(),
        })
    }

    /// The participant whose name a folder's differs from in spelling alone.
    pub(super) fn respelt(&self, folder: &str) -> Option<&str> {
        let is_it = |own: &&String| are_one_name(own, folder);
        let own = self.people.iter().find(is_it).map(String::as_str);
        own.filter(|_| !self.people.contains(folder))
    }

    /// Whether a table says of any visit when it was.
    ///
    /// # Errors
    /// As [`super::read`].
    pub(super) fn add(
        &mut self,
        table: &Table,
        subject: Option<&str>,
        (time, session, person): Columns,
    ) -> Result<bool> {
        let mut says = false;
        for (row, cells) in table.rows.iter().enumerate() {
            let whose = person.map(|at| cells[at].trim()).or(subject).unwrap_or_default();
            let text = cells[time].trim();
            if is_missing(text) || is_missing(whose) {
                continue;
            }
            let line = format!("{}, line {} ({whose}),", table.name, row + 2);
            let at = acq_time::moment(text).ok_or_else(|| no_time(&line, text))?;
            let own = cells[session].trim();
            let session = known(&line, own, SESSION, &self.sessions)?;
            // What tables call otherwise is theirs.
            let session = match self.sessions.contains(&session) {
                true => session,
                false => self.tables.session_called(own).map_or(session, str::to_owned),
            };
            let whose = known(&line, whose, PARTICIPANT, &self.people)?;
            if let Some(name) = subject.filter(|name| **name != *whose) {
                return Err(Error::bad_data(
                    line,
                    format!("is of {whose} in a file of {name}"),
                    format!("be of {name}"),
                    "correct it, or put the row into the file of whose it is",
                ));
            }
            if !self.sessions.contains(&session) {
                *self.other_sessions.entry(session.clone()).or_default() += 1;
            }
            if !self.people.contains(&whose) {
                self.other_people.insert(whose);
                continue;
            }
            let visit = format!("{session} of {whose}");
            let key = (whose, session);
            let both = self.when.get(&key).map_or(Some(at), |other| other.and(at));
            let both = both.ok_or_else(|| at_another_time(line, text, &visit))?;
            self.when.insert(key, both);
            says = true;
        }
        Ok(says)
    }

    /// Tell of times of sessions and participants that no table has: nothing is made of them.
    pub(super) fn tell(&self, notes: &mut Notes) {
        // One whose time is known is nobody's slip.
        let timed: BTreeSet<&String> = self.when.keys().map(|(_, session)| session).collect();
        let untimed: Vec<String> =
            self.sessions.iter().filter(|own| !timed.contains(own)).cloned().collect();
        for (session, n) in &self.other_sessions {
            let rows = if *n == 1 { "1 row".to_owned() } else { format!("{n} rows") };
            let text = format!("acq_time of {NAME} is in {rows} of {session}, which no table has");
            match closest(session, &untimed) {
                Some(near) => notes.warn(
                    format!("{text}: did you mean {near}, whose time is not known?"),
                    Vec::new(),
                ),
                None => notes.info(text, Vec::new()),
            }
        }
        if !self.other_people.is_empty() {
            let names: Vec<String> = self.people.iter().cloned().collect();
            let others: Vec<String> = self.other_people.iter().cloned().collect();
            let near = match &others[..] {
                [one] => closest(one, &names),
                _ => None,
            };
            notes.warn(
                format!(
                    "acq_time of {NAME} is of {} whom participants.tsv does not list, and not used{}",
                    match others.len() {
                        1 => "1 participant".to_owned(),
                        n => format!("{n} participants"),
                    },
                    near.map_or(String::new(), |near| format!(" (did you mean {near}?)"))
                ),
                others,
            );
        }
    }
}

/// A name with what names of its kind begin with.
fn full(start: &str, name: &str) -> String {
    format!("{start}{}", name.strip_prefix(start).unwrap_or(name))
}

/// A name as tables have it, or one that is none of theirs.
fn known(
    line: &str,
    name: &str,
    [start, what]: [&str; 2],
    all: &BTreeSet<String>,
) -> Result<String> {
    let whole = full(start, name);
    let is_near = |own: &&String| are_one_name(own, name) || are_one_name(own, &whole);
    match all.iter().find(is_near) {
        Some(own) if !all.contains(&whole) => Err(Error::bad_data(
            line,
            format!(
                "is of {what} '{name}', which differs from '{own}' in {} alone",
                match own.to_lowercase() == whole.to_lowercase() {
                    true => "case",
                    false => "case, _, - or blanks",
                }
            ),
            format!("name each {what} in one way"),
            "correct one of them",
        )),
        _ => Ok(whole),
    }
}

fn at_another_time(line: String, text: &str, visit: &str) -> Error {
    Error::bad_data(
        line,
        format!("has {text} as acq_time of {visit}, which is said to have been at another time"),
        format!(
            "be the only row of a visit in {NAME} of the study and its subjects, or say the same time"
        ),
        "delete or correct one of the rows",
    )
}

fn no_time(line: &str, text: &str) -> Error {
    Error::bad_data(
        line,
        format!("holds '{text}' in column acq_time"),
        "hold a date that is in the calendar, as BIDS writes it (2009-06-15 or 2009-06-15T13:45:30), or n/a",
        "write it so: the order of visits is taken from it",
    )
}
