//! One column by participant and session.

use std::collections::BTreeMap;

mod carried;
mod order;

use super::afterwards;
use super::column::Column;
use super::dictionary::Direction;
use super::index::are_one;
use super::meant::key_as;
use super::note::Notes;
use super::numbered::refuse_words;
use super::people::People;
use super::plan::Plan;
use super::tables::{Measured, STATES, TASK, Tables, is_missing, session};
use super::unequal::{self, Behind};
use crate::design::similar::closest;
use crate::error::{Error, Result};
pub(super) use order::Order;

/// One column by participant and session; no participant has a session twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Visits {
    /// Where it stands, the table filled in.
    pub column: Column,
    /// The dictionary's LongName, else the column.
    pub label: String,
    /// The dictionary's Units.
    pub units: Option<String>,
    /// Which way is better by the dictionary.
    pub direction: Option<Direction>,
    /// Why an analysis could not make some of the values, and what to check.
    pub why_none: Option<[String; 2]>,
    /// The table's sessions, as it first names them.
    pub sessions: Vec<String>,
    /// The same for messages, with what Levels say that they mean.
    listed: String,
    /// How they follow each other in each participant's rows.
    order: Order,
    /// Participants there are.
    n_people: usize,
    /// What messages call the table.
    name: String,
    values: BTreeMap<(usize, String), Option<f64>>,
    /// Of a table with a row a run, how many runs each value is the mean of.
    n_runs: BTreeMap<(usize, String), usize>,
    /// Who has several, where: "sub-01 (ses-baseline, 2 runs)".
    of_several_runs: Vec<String>,
}

/// The column that tells a visit's runs apart.
pub(super) const RUN: &str = "run";
/// What its cells tell apart.
pub(super) const RUNS: &str = "a visit's runs";

/// What two rows hold in a column, where the table has it.
fn both<'a>(table: &'a Measured, column: &str, rows: [usize; 2]) -> Option<[&'a str; 2]> {
    let at = table.table.position(column)?;
    Some(rows.map(|row| table.table.rows[row][at].trim()))
}

/// The first of [`STATES`] in which two rows differ.
pub(super) fn other_state(table: &Measured, rows: [usize; 2]) -> Option<&'static str> {
    let differ =
        |state: &&str| both(table, state, rows).is_some_and(|[one, two]| !are_one(state, one, two));
    STATES.into_iter().find(differ)
}

/// Whether two rows of a visit are of different runs of one task and condition.
pub(super) fn are_runs(table: &Measured, row: usize, other: usize) -> bool {
    let is_run = both(table, RUN, [row, other])
        .is_some_and(|[one, two]| !are_one(RUN, one, two) && !is_missing(one) && !is_missing(two));
    is_run && other_state(table, [row, other]).is_none()
}

/// Two rows of a visit that have no mean.
pub(super) fn twice(table: &Measured, session: &str, [other, row]: [usize; 2]) -> Error {
    // Of a part of a table no part can be taken.
    let hint = match (other_state(table, [other, row]), table.name.contains('[')) {
        (_, true) => "delete or correct one of them".to_owned(),
        (Some(state), false) => format!(
            "delete or correct one of them, or name the rows of one {state} as {}[{state}=NAME]: of that the mean over runs is taken",
            table.name
        ),
        (None, false) => "delete or correct one of them, or name some rows alone as TABLE[COLUMN=VALUE] where a column tells them apart; repetitions are read by --cpm and --pressure alone".to_owned(),
    };
    Error::bad_data(
        table.line(row),
        format!("is of {session} as {} is", table.other_line(other)),
        "be the only row of a participant and session, or of a run of its own (column run) and one task and condition",
        hint,
    )
}

/// What a column of participants.tsv is for, which is no outcome.
fn of_participants(column: &str, people: &People) -> String {
    let at = people.table.table.position(column);
    let is_arm = at.is_some_and(|at| {
        let mut of_arms = people.all.iter().zip(&people.table.table.rows);
        of_arms
            .all(|(person, cells)| person.arm.is_none_or(|arm| cells[at] == *people.arms.get(arm)))
    });
    if afterwards::is(column) {
        "it is what became of participants after they were randomised, which the disposition tells"
            .to_owned()
    } else if is_arm {
        "it is the arm, which every outcome is compared by".to_owned()
    } else if column == "participant_id" {
        "name a column of a table with visits".to_owned()
    } else if people.strata.iter().any(|stratum| stratum == column) {
        "it is a stratum, which every model has".to_owned()
    } else {
        format!(
            "what is known before randomisation can be a covariate (--covariate {column}), a stratum or described"
        )
    }
}

/// Refuse a column of a table that has one row a participant.
fn refuse_without_visits(table: &Measured, column: &str, people: &People) -> Result<()> {
    if table.has("session_id")? {
        return Ok(());
    }
    let hint = match key_as("session_id", &table.table.columns) {
        Some(name) => format!("rename '{name}' to session_id, as BIDS calls it"),
        None if table.name == people.table.name => of_participants(column, people),
        None => "put each visit into a row of its own".to_owned(),
    };
    Err(Error::usage(
        format!("column '{column}' of {}", table.table.name),
        "is of no visit: its table has no column session_id",
        "be measured at visits, in rows of a participant_id and a session_id",
        hint,
    ))
}

impl Visits {
    /// Read a column of numbers: of several runs of a visit the mean, each counting alike, none where one has none.
    ///
    /// # Errors
    /// Usage: a table without visits. As [`Measured::numbers`], [`Measured::people`] and [`Measured::sessions`]; bad data naming both lines where a participant has a session twice and not by different runs of a task and condition, and the line of a run that is no whole number.
    pub fn new(table: &Measured, column: &str, people: &People) -> Result<Visits> {
        table.position(column)?;
        refuse_without_visits(table, column, people)?;
        let numbers = table.numbers(column)?;
        refuse_words(table, RUN, RUNS)?;
        table.has(TASK)?;
        let places = table.people(people)?;
        let of_rows = table.sessions()?;
        let mut values = BTreeMap::new();
        let mut rows: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
        let mut sessions: Vec<String> = Vec::new();
        for (row, (&place, name)) in places.iter().zip(&of_rows).enumerate() {
            let own = rows.entry((place, name)).or_default();
            if let Some(&other) = own.iter().find(|&&other| !are_runs(table, row, other)) {
                return Err(twice(table, name, [other, row]));
            }
            own.push(row);
            if !sessions.contains(name) {
                sessions.push(name.clone());
            }
        }
        let (mut n_runs, mut of_several_runs) = (BTreeMap::new(), Vec::new());
        for ((place, name), own) in rows {
            let visit = (place, name.to_owned());
            let of_runs: Option<Vec<f64>> = own.iter().map(|&row| numbers[row]).collect();
            let mean = of_runs.map(|all| all.iter().sum::<f64>() / all.len() as f64);
            values.insert(visit.clone(), mean);
            if own.len() > 1 {
                let id = &people.all[place].id;
                of_several_runs.push(unequal::visit_of_runs(id, name, own.len()));
            }
            if table.has(RUN)? {
                n_runs.insert(visit, own.len());
            }
        }
        let order = Order::of_rows(&sessions, &places, &of_rows);
        let said = |name: &String| match table.meaning_of_session(name) {
            Some(meaning) => format!("{name} ({meaning})"),
            None => name.clone(),
        };
        let listed = sessions.iter().map(said).collect::<Vec<_>>().join(", ");
        let variable = table.dictionary.get(column);
        Ok(Visits {
            column: Column { table: table.name.clone(), column: column.to_owned() },
            label: variable.and_then(|v| v.long_name.clone()).unwrap_or_else(|| column.to_owned()),
            units: variable.and_then(|v| v.units.clone()),
            direction: variable.and_then(|v| v.direction),
            why_none: None,
            sessions,
            listed,
            order,
            n_people: people.all.len(),
            name: table.table.name.clone(),
            values,
            n_runs,
            of_several_runs,
        })
    }

    /// Of values that an analysis made, by participant (a place in [`People::all`]) and session; `table`: what they were made of.
    #[must_use]
    pub(super) fn derived(
        (label, column): (String, Column),
        (table, people): (&Measured, &People),
        order: Order,
        values: BTreeMap<(usize, String), Option<f64>>,
    ) -> Visits {
        Visits {
            column,
            label,
            units: None,
            direction: None,
            why_none: None,
            sessions: order.sessions.clone(),
            listed: order.sessions.join(", "),
            order,
            n_people: people.all.len(),
            name: table.table.name.clone(),
            values,
            n_runs: BTreeMap::new(),
            of_several_runs: Vec::new(),
        }
    }

    /// The value of a participant (a place in [`People::all`]) at a session; none where it lacks.
    #[must_use]
    pub fn get(&self, place: usize, session: &str) -> Option<f64> {
        self.values.get(&(place, session.to_owned())).copied().flatten()
    }

    /// Whether a participant has a row at a session, be its value n/a.
    #[must_use]
    pub fn has_row(&self, place: usize, session: &str) -> bool {
        self.values.contains_key(&(place, session.to_owned()))
    }

    /// The values at a session, `[place in People::all]`.
    ///
    /// # Errors
    /// Usage: the table has no such session, with the closest.
    pub fn at(&self, name: &str) -> Result<Vec<Option<f64>>> {
        let name = session(name);
        if !self.sessions.contains(&name) {
            return Err(Error::usage(
                format!("session '{name}'"),
                format!("is not among those of {}: {}", self.name, self.listed),
                "be a session of the table",
                match closest(&name, &self.sessions) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => "check --baseline and --endpoint, or say by Levels of session_id what the table's sessions mean, in the words of the other tables".to_owned(),
                },
            ));
        }
        Ok((0..self.n_people).map(|place| self.get(place, &name)).collect())
    }
}

impl Visits {
    /// Runs behind a value of a table with a row a run; none of other tables.
    #[must_use]
    pub fn n_runs(&self, place: usize, session: &str) -> Option<usize> {
        self.n_runs.get(&(place, session.to_owned())).copied()
    }

    /// Tell which values are means over runs.
    pub fn tell_runs(&self, notes: &mut Notes) {
        unequal::tell_means(&self.column.table, self.of_several_runs.clone(), notes);
    }

    /// Tell whose values at the plan's visits are the means of different numbers of runs.
    fn tell_unequal(&self, (plan, people): (&Plan, &People), notes: &mut Notes) {
        let behind = |place: usize| {
            let n_of = |session: &String| {
                self.get(place, session)?;
                Some((session.clone(), unequal::runs(self.n_runs(place, session)?)))
            };
            let visits = [&plan.baseline, &plan.endpoint].into_iter().map(n_of);
            Some((people.all[place].id.clone(), visits.collect::<Option<Vec<_>>>()?))
        };
        let of_arms = people.places(|person| person.arm.is_some());
        let all: Vec<Behind> = of_arms.into_iter().filter_map(behind).collect();
        let what = format!("values of {} rest", self.column.table);
        unequal::tell((&what, "another number of runs"), &all, notes);
    }

    /// Tell which values are means over runs, whose are of unequal numbers of them, and of sessions that nothing is read of; `read`: those beside baseline and endpoint that something is.
    pub fn tell_others(
        &self,
        (plan, people): (&Plan, &People),
        read: &[String],
        notes: &mut Notes,
    ) {
        self.tell_runs(notes);
        self.tell_unequal((plan, people), notes);
        let of_plan = |session: &str| session == plan.baseline || session == plan.endpoint;
        let others = self.sessions.iter().filter(|own| !of_plan(own) && !read.contains(own));
        let others: Vec<&str> = others.map(String::as_str).collect();
        if !others.is_empty() {
            let text = format!(
                "{} has further sessions, which are not analysed: {}",
                self.column.table,
                others.join(", ")
            );
            notes.info(text, Vec::new());
        }
    }

    /// The last value at some of the sessions, `[place in People::all]`; none of who has none.
    #[must_use]
    pub fn last(&self, sessions: &[String]) -> Vec<Option<f64>> {
        let last = |place| sessions.iter().rev().find_map(|session| self.get(place, session));
        (0..self.n_people).map(last).collect()
    }
}

/// Names that are alike but for the number that they end in (`ses-week6`, `ses-week13`), by that number; none of others.
fn numbered(names: &[String]) -> Option<Vec<String>> {
    let split = |name: &String| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number: u64 = name[stem.len()..].parse().ok()?;
        Some((stem.to_owned(), number, name.clone()))
    };
    let mut all = names.iter().map(split).collect::<Option<Vec<_>>>()?;
    let stem = all.first()?.0.clone();
    all.sort_by_key(|(_, number, _)| *number);
    let are_alike = all.iter().all(|(own, ..)| *own == stem);
    are_alike.then(|| all.into_iter().map(|(.., name)| name).collect())
}

impl Tables {
    /// A column by participant and session.
    ///
    /// # Errors
    /// As [`Tables::resolve`] and [`Visits::new`].
    pub fn visits(&self, column: &Column, people: &People) -> Result<Visits> {
        let column = self.resolve(column)?;
        Visits::new(self.get(&column.table)?, &column.column, people)
    }
}
