//! Sessions that are one under several names: 01 of one table is `ses-1` of another, and `week13` is the code of which Levels say `week 13`.

use std::collections::{BTreeMap, BTreeSet};

use super::sides::are_apart;
use super::words::{key, label, sense};
use crate::design::similar::spelling;
use crate::error::{Error, Result};
use crate::trial::note::Notes;
use crate::trial::plan::Plan;
use crate::trial::tables::{Tables, is_missing, session};

/// The column of sessions.
const COLUMN: &str = "session_id";

/// What a dictionary says that a session means.
pub(super) struct Meant {
    pub meaning: String,
    /// The file that says it.
    pub by: String,
}

/// A session.
pub(super) struct Session {
    /// With `ses-`, as the first table that has it writes it.
    pub name: String,
    /// What is the same of all spellings of each of its names.
    keys: BTreeSet<String>,
    pub meant: Vec<Meant>,
    /// With `ses-`, of which table by its place.
    members: Vec<(usize, String)>,
}

impl Session {
    /// Whether a cell may be of it, by its spelling alone.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.keys.contains(&key(name))
    }

    /// Whether it means that.
    pub(super) fn means(&self, meaning: &str) -> bool {
        self.meant.iter().any(|own| sense(&own.meaning) == sense(meaning))
    }

    /// The name with what it means: "ses-1 (baseline)".
    pub(super) fn said(&self) -> String {
        match self.meant.first() {
            Some(own) => format!("{} ({})", self.name, own.meaning),
            None => self.name.clone(),
        }
    }

    /// Whether a table has it, by its place.
    pub(super) fn is_in(&self, table: usize) -> bool {
        self.members.iter().any(|(own, _)| *own == table)
    }

    /// All by which other tables may call it.
    fn words(&self) -> BTreeSet<String> {
        self.keys.iter().cloned().chain(self.senses()).collect()
    }

    fn senses(&self) -> BTreeSet<String> {
        self.meant.iter().map(|own| sense(&own.meaning)).collect()
    }

    /// Whether what is said of both is plainly of two visits.
    fn is_apart(&self, other: &Session) -> bool {
        let of = |own: &Meant| other.meant.iter().any(|o| are_apart(&own.meaning, &o.meaning));
        self.senses().is_disjoint(&other.senses()) && self.meant.iter().any(of)
    }

    /// Whether both mean the same.
    fn is_meant_alike(&self, other: &Session) -> bool {
        !self.senses().is_disjoint(&other.senses())
    }

    /// Whether one is called what the other means.
    fn is_what_other_means(&self, other: &Session) -> bool {
        let is = |one: &Session, other: &Session| !one.keys.is_disjoint(&other.senses());
        !self.is_apart(other) && (is(self, other) || is(other, self))
    }

    /// Whether both are called alike.
    fn is_called_alike(&self, other: &Session) -> bool {
        !self.is_apart(other) && !self.keys.is_disjoint(&other.keys)
    }

    /// None, in the place of one that was joined to another.
    fn none() -> Session {
        Session { name: String::new(), keys: BTreeSet::new(), meant: vec![], members: vec![] }
    }

    fn join(&mut self, other: Session) {
        self.keys.extend(other.keys);
        self.members.extend(other.members);
        self.meant.extend(other.meant);
    }
}

/// The sessions of some cells, with `ses-`, each once.
fn distinct<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<String> {
    let there = cells.map(str::trim).filter(|cell| !is_missing(cell));
    there.map(session).collect::<BTreeSet<String>>().into_iter().collect()
}

/// The sessions of each table, edges and networks behind the others; of `first` they are first.
fn cells(tables: &Tables, first: Option<&str>) -> Vec<(usize, Vec<String>)> {
    let mut all = Vec::new();
    for (place, table) in tables.all.iter().enumerate() {
        if let Some(at) = table.table.position(COLUMN) {
            all.push((place, distinct(table.table.rows.iter().map(|row| row[at].as_str()))));
        }
    }
    all.sort_by_key(|(place, _)| Some(tables.all[*place].name.as_str()) != first);
    let runs = tables.edges.iter().chain(&tables.networks).flat_map(|edges| &edges.runs);
    all.push((tables.all.len(), distinct(runs.map(|run| run.session.as_str()))));
    all
}

/// The sessions of all tables, those of Levels that no cell has too.
pub(super) fn sessions(tables: &Tables, first: Option<&str>) -> Vec<Session> {
    let mut all: Vec<Session> = Vec::new();
    for (table, names) in cells(tables, first) {
        let begin = all.len();
        let own = |all: &mut Vec<Session>, name: &str| {
            let at = all[begin..].iter().position(|own| own.is_called(name));
            at.map_or_else(
                || {
                    let keys = BTreeSet::from([key(name)]);
                    all.push(Session { name: session(name), keys, meant: vec![], members: vec![] });
                    all.len() - 1
                },
                |at| begin + at,
            )
        };
        for name in names {
            let at = own(&mut all, &name);
            all[at].members.push((table, name));
        }
        let dictionary = tables.all.get(table).map(|table| &table.dictionary);
        let variable = dictionary.and_then(|own| Some((own, own.get(COLUMN)?)));
        for (dictionary, (level, meaning)) in
            variable.iter().flat_map(|(own, of)| of.levels.iter().map(move |level| (own, level)))
        {
            let (meaning, by) = (meaning.trim().to_owned(), dictionary.name.clone());
            if !meaning.is_empty() {
                let at = own(&mut all, level);
                all[at].meant.push(Meant { meaning, by });
                if all[at].members.is_empty() {
                    all[at].members.push((table, session(level)));
                }
            }
        }
    }
    tell_apart(joined(all))
}

/// What is one of several tables, where no table has two of it: first what means the same, then what one is called and the other means, then what is called alike.
fn joined(mut all: Vec<Session>) -> Vec<Session> {
    let ways = [Session::is_meant_alike, Session::is_what_other_means, Session::is_called_alike];
    for are_one in ways {
        let mut at = 0;
        while at < all.len() {
            let is_it = |&other: &usize| other != at && are_one(&all[at], &all[other]);
            let others: Vec<usize> = (0..all.len()).filter(is_it).collect();
            let mut seen = BTreeSet::new();
            let mut is_new = |at: usize| {
                let tables: BTreeSet<usize> = all[at].members.iter().map(|(of, _)| *of).collect();
                tables.into_iter().all(|of| seen.insert(of))
            };
            let are_of_several = is_new(at) && others.iter().all(|&other| is_new(other));
            if others.is_empty() || !are_of_several {
                at += 1;
                continue;
            }
            let first = at.min(others[0]);
            for &other in [&others[..], &[at]].concat().iter().filter(|&&own| own != first) {
                let other = std::mem::replace(&mut all[other], Session::none());
                all[first].join(other);
            }
            all.retain(|own| !own.keys.is_empty());
            at = 0;
        }
    }
    all
}

/// Sessions that are two though called alike: the later ones are called by what they mean.
fn tell_apart(mut all: Vec<Session>) -> Vec<Session> {
    for at in 1..all.len() {
        let (before, own) = all.split_at_mut(at);
        let own = &mut own[0];
        let is_taken = before.iter().any(|other| key(&other.name) == key(&own.name));
        if let Some(meant) = own.meant.first().filter(|_| is_taken) {
            own.name = session(&label(&meant.meaning));
            own.keys = BTreeSet::from([key(&own.name)]);
        }
    }
    all
}

impl Tables {
    /// Has every session called alike in all tables, as the table of the plan's first outcome calls it, and tells what was called otherwise. What differs within one table is left to who reads it.
    ///
    /// # Errors
    /// Bad data: a session of which one dictionary says that it means two things, sessions of one table that differ in blanks or hyphens alone.
    pub fn call_sessions_alike(&mut self, plan: &Plan, notes: &mut Notes) -> Result<()> {
        let of_outcome = plan.outcomes.first().and_then(|one| self.resolve(&one.column).ok());
        let all = sessions(self, of_outcome.as_ref().map(|column| column.table.as_str()));
        for place in 0..self.all.len() {
            self.refuse_two_meanings(place)?;
            let mut names: BTreeMap<String, String> = BTreeMap::new();
            for own in &all {
                let members: Vec<&String> = own
                    .members
                    .iter()
                    .filter(|(of, _)| *of == place)
                    .map(|(_, name)| name)
                    .collect();
                let is_read = plan.names(&self.all[place].name)
                    || of_outcome.as_ref().is_some_and(|c| c.table == self.all[place].name);
                if is_read && !self.has_level(place, own) {
                    refuse_two_ways(&self.all[place].table.name, &members)?;
                }
                if members.len() == 1 || self.has_level(place, own) {
                    names.extend(members.into_iter().map(|name| (name.clone(), own.name.clone())));
                }
            }
            let table = &mut self.all[place];
            let Some(at) = table.table.position(COLUMN) else { continue };
            let variable = table.dictionary.variables.iter_mut().find(|own| own.name == COLUMN);
            for (level, _) in variable.into_iter().flat_map(|own| &mut own.levels) {
                let is_it = |(name, _): &(&String, &String)| key(name) == key(level);
                if let Some((_, to)) = names.iter().find(is_it) {
                    *level = to.trim_start_matches("ses-").to_owned();
                }
            }
            let mut there = BTreeSet::new();
            for cell in table.table.rows.iter_mut().map(|row| &mut row[at]) {
                let name = session(cell.trim());
                if let Some(to) = names.get(&name).filter(|_| !is_missing(cell)) {
                    cell.clone_from(to);
                    there.insert(name);
                }
            }
            names.retain(|name, _| there.contains(name)); // of Levels alone nothing is told
            tell(&table.table.name, &names, notes);
        }
        let names: BTreeMap<String, String> = all
            .iter()
            .flat_map(|own| own.members.iter().map(|(of, name)| (of, name, &own.name)))
            .filter(|(of, ..)| **of == self.all.len())
            .map(|(_, name, to)| (name.clone(), to.clone()))
            .collect();
        for edges in self.edges.iter_mut().chain(&mut self.networks) {
            for run in &mut edges.runs {
                if let Some(to) = names.get(&session(&run.session)) {
                    run.session.clone_from(to);
                }
            }
            tell(&edges.name, &names, notes);
        }
        let keys = all.iter().flat_map(|own| own.words().into_iter().map(|word| (word, &own.name)));
        for (word, name) in keys {
            let own = self.session_names.entry(word).or_default();
            own.insert(name.clone());
        }
        Ok(())
    }

    /// The session of a name that no table has as it stands; none where none is called or means so, or several are.
    #[must_use]
    pub fn session_called(&self, name: &str) -> Option<&str> {
        let mut all = self.session_names.get(&key(name))?.iter();
        all.next().filter(|_| all.next().is_none()).map(String::as_str)
    }

    /// Whether a table's Levels have a session, so that its cells are spelt as one.
    fn has_level(&self, place: usize, own: &Session) -> bool {
        let variable = self.all[place].dictionary.get(COLUMN);
        variable
            .is_some_and(|variable| variable.levels.iter().any(|(level, _)| own.is_called(level)))
    }

    fn refuse_two_meanings(&self, place: usize) -> Result<()> {
        let dictionary = &self.all[place].dictionary;
        let Some(variable) = dictionary.get(COLUMN) else { return Ok(()) };
        for (at, (level, meaning)) in variable.levels.iter().enumerate() {
            let is_it = |(own, said): &&(String, String)| {
                key(own) == key(level) && key(said) != key(meaning)
            };
            if let Some((other, said)) = variable.levels[..at].iter().find(is_it) {
                return Err(Error::bad_data(
                    dictionary.name.clone(),
                    format!(
                        "says in the Levels of {COLUMN} that '{other}' is '{said}' and that '{level}', the same session, is '{meaning}'"
                    ),
                    "say what each session means once",
                    "delete or correct one of them",
                ));
            }
        }
        Ok(())
    }
}

/// Refuse sessions of one table that differ in blanks or hyphens alone; those that differ in case, or are one number, are refused with their lines where they are read.
fn refuse_two_ways(table: &str, members: &[&String]) -> Result<()> {
    let bare = |name: &str| spelling(name.trim_start_matches("ses-"));
    match members.iter().find(|name| bare(name) != bare(members[0])) {
        Some(other) => Err(Error::bad_data(
            table,
            format!(
                "has the sessions '{}' and '{other}', which differ in blanks, hyphens or zeros alone",
                members[0]
            ),
            "name each session in one way",
            "correct the one that is a slip",
        )),
        None => Ok(()),
    }
}

/// Tell what sessions of a table are taken for.
fn tell(table: &str, names: &BTreeMap<String, String>, notes: &mut Notes) {
    let others = names.iter().filter(|(name, to)| name != to);
    let told: Vec<String> = others.map(|(name, to)| format!("{name} is {to}")).collect();
    if !told.is_empty() {
        notes.info(
            format!("sessions of {table}, as others call them: {}", told.join(", ")),
            Vec::new(),
        );
    }
}
