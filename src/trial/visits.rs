//! One column by participant and session.

use std::collections::BTreeMap;

use super::column::Column;
use super::dictionary::Direction;
use super::people::People;
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

impl Visits {
    /// Read a column of numbers.
    ///
    /// # Errors
    /// As [`Measured::numbers`], [`Measured::people`] and [`Measured::sessions`]; bad data naming both lines where a participant has a session twice.
    pub fn new(table: &Measured, column: &str, people: &People) -> Result<Visits> {
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
