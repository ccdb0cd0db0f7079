//! One column by participant and session.

use std::collections::BTreeMap;

use super::column::Column;
use super::dictionary::Direction;
use super::meant::key_as;
use super::note::Notes;
use super::people::People;
use super::plan::{Missing, Plan};
use super::tables::{Measured, Tables, session};
use crate::design::similar::closest;
use crate::error::{Error, Result};

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
    /// The table's sessions, in its order.
    pub sessions: Vec<String>,
    /// Participants there are.
    n_people: usize,
    /// What messages call the table.
    name: String,
    values: BTreeMap<(usize, String), Option<f64>>,
}

/// Refuse a column of a table that has one row a participant.
fn refuse_without_visits(table: &Measured, column: &str, people: &People) -> Result<()> {
    if table.has("session_id") {
        return Ok(());
    }
    let hint = match key_as("session_id", &table.table.columns) {
        Some(name) => format!("rename '{name}' to session_id, as BIDS calls it"),
        None if table.name == people.table.name => format!(
            "what is known before randomisation can be a covariate (--covariate {column}), a stratum or described"
        ),
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
    /// Read a column of numbers.
    ///
    /// # Errors
    /// Usage: a table without visits. As [`Measured::numbers`], [`Measured::people`] and [`Measured::sessions`]; bad data naming both lines where a participant has a session twice.
    pub fn new(table: &Measured, column: &str, people: &People) -> Result<Visits> {
        table.position(column)?;
        refuse_without_visits(table, column, people)?;
        let numbers = table.numbers(column)?;
        let places = table.people(people)?;
        let of_rows = table.sessions()?;
        let mut values = BTreeMap::new();
        let mut lines: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut sessions: Vec<String> = Vec::new();
        for (row, (&place, name)) in places.iter().zip(&of_rows).enumerate() {
            if let Some(other) = lines.insert((place, name), row) {
                return Err(Error::bad_data(
                    table.line(row),
                    format!("is of {name} as {} is", table.other_line(other)),
                    "be the only row of a participant and session",
                    "delete or correct one of them; of several tasks name one as TABLE[task=NAME]; repetitions are read by --cpm and --pressure alone",
                ));
            }
            if !sessions.contains(name) {
                sessions.push(name.clone());
            }
            values.insert((place, name.clone()), numbers[row]);
        }
        let variable = table.dictionary.get(column);
        Ok(Visits {
            column: Column { table: table.name.clone(), column: column.to_owned() },
            label: variable.and_then(|v| v.long_name.clone()).unwrap_or_else(|| column.to_owned()),
            units: variable.and_then(|v| v.units.clone()),
            direction: variable.and_then(|v| v.direction),
            sessions,
            n_people: people.all.len(),
            name: table.table.name.clone(),
            values,
        })
    }

    /// Of values that an analysis made, by participant (a place in [`People::all`]) and session; `table`: what they were made of.
    #[must_use]
    pub fn derived(
        (label, column): (String, Column),
        (table, people): (&Measured, &People),
        sessions: Vec<String>,
        values: BTreeMap<(usize, String), Option<f64>>,
    ) -> Visits {
        Visits {
            column,
            label,
            units: None,
            direction: None,
            sessions,
            n_people: people.all.len(),
            name: table.table.name.clone(),
            values,
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
                format!("is not among those of {}: {}", self.name, self.sessions.join(", ")),
                "be a session of the table",
                match closest(&name, &self.sessions) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => "check --baseline and --endpoint".to_owned(),
                },
            ));
        }
        Ok((0..self.n_people).map(|place| self.get(place, &name)).collect())
    }
}

impl Visits {
    /// The sessions between two, and whether they are in the order of their numbers (week6 before week13) rather than the table's; none where it has the second before the first.
    fn between(&self, from: &str, to: &str) -> (Vec<String>, bool) {
        let others: Vec<String> =
            self.sessions.iter().filter(|own| *own != from).cloned().collect();
        let by_number = numbered(&others);
        let is_numbered = by_number.is_some();
        let order = by_number.unwrap_or_else(|| self.sessions.clone());
        let at = |name: &str| order.iter().position(|own| own == name);
        let between = match (at(from), at(to)) {
            (Some(from), Some(to)) if from < to => order[from + 1..to].to_vec(),
            (None, Some(to)) if self.sessions.iter().any(|own| own == from) => {
                let later = |own: &&String| match numbered(&[from.to_owned(), (*own).clone()]) {
                    Some(both) => both[0] == from,
                    None => true,
                };
                order[..to].iter().filter(later).cloned().collect()
            }
            _ => Vec::new(),
        };
        (between, is_numbered)
    }

    /// Tell of sessions that nothing is read of; `read`: those beside baseline and endpoint that something is.
    pub fn tell_others(&self, plan: &Plan, read: &[String], notes: &mut Notes) {
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

    /// The sessions whose last value is carried forward where the plan asks that, which is told; so is that there are none.
    pub fn carried(&self, plan: &Plan, notes: &mut Notes) -> Vec<String> {
        if !plan.missing.contains(&Missing::Locf) {
            return Vec::new();
        }
        let (label, from, to) = (&self.label, &plan.baseline, &plan.endpoint);
        let (between, is_numbered) = self.between(from, to);
        let text = match between.is_empty() {
            true => format!(
                "{label}: LOCF needs a visit between {from} and {to}: of two visits it is BOCF, which stands in its place"
            ),
            false => format!(
                "{label}: the last value between {from} and {to} is carried forward in LOCF, of {}, which follow each other so {}",
                between.join(", "),
                if is_numbered { "by their numbers" } else { "in the table" }
            ),
        };
        notes.info(text, Vec::new());
        between
    }

    /// The last value at some of the sessions, `[place in People::all]`; none of who has none.
    #[must_use]
    pub fn last(&self, sessions: &[String]) -> Vec<Option<f64>> {
        let last = |place| sessions.iter().rev().find_map(|session| self.get(place, session));
        (0..self.n_people).map(last).collect()
    }
}

/// What the names of visits before treatment hold.
const BEFORE: [&str; 5] = ["baseline", "screening", "pretreatment", "predrug", "enrolment"];

/// Whether by their names the endpoint's visit is before that of the baseline: by the numbers in them, or as what is called a baseline.
pub(super) fn are_swapped(baseline: &str, endpoint: &str) -> bool {
    let both = [baseline, endpoint].map(str::to_owned);
    if let Some(order) = numbered(&both) {
        return order[0] == endpoint;
    }
    let is_before = |name: &str| {
        let name = name.to_lowercase();
        matches!(name.as_str(), "ses-pre" | "ses-bl" | "ses-before")
            || BEFORE.iter().any(|word| name.contains(word))
    };
    is_before(endpoint) && !is_before(baseline)
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
