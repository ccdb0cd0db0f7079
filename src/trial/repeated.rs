//! Tables with several rows a participant and session: repetitions of a stimulus.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use super::index::index;
use super::numbered::refuse_words;
use super::people::People;
use super::tables::Measured;
use super::visits::Order;
use crate::error::{Error, Result};

/// The rows of a table by participant and session.
pub(super) struct Repeated<'a> {
    pub table: &'a Measured,
    /// In the table's order.
    pub sessions: Vec<String>,
    /// How each participant's rows have them follow each other.
    pub order: Order,
    /// Rows of a participant (a place in [`People::all`]) at a session (a place in `sessions`).
    pub rows: BTreeMap<(usize, usize), Vec<usize>>,
}

impl<'a> Repeated<'a> {
    /// Sort a table's rows.
    ///
    /// # Errors
    /// As [`Measured::people`] and [`Measured::sessions`].
    pub fn new(table: &'a Measured, people: &People) -> Result<Repeated<'a>> {
        let (places, of_rows) = (table.people(people)?, table.sessions()?);
        let mut sessions: Vec<String> = Vec::new();
        let mut rows: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (row, (&place, name)) in places.iter().zip(&of_rows).enumerate() {
            let known = sessions.iter().position(|other| other == name);
            let session = known.unwrap_or_else(|| {
                sessions.push(name.clone());
                sessions.len() - 1
            });
            rows.entry((place, session)).or_default().push(row);
        }
        let order = Order::of_rows(&sessions, &places, &of_rows);
        Ok(Repeated { table, sessions, order, rows })
    }

    /// A visit as notes name it: "sub-01 (ses-baseline)".
    pub fn visit(&self, (place, session): (usize, usize), people: &People) -> String {
        format!("{} ({})", people.all[place].id, self.sessions[session])
    }

    /// The same with a number: "sub-01 (ses-baseline, 3)".
    pub fn visit_of(
        &self,
        (place, session): (usize, usize),
        n: impl Display,
        people: &People,
    ) -> String {
        format!("{} ({}, {n})", people.all[place].id, self.sessions[session])
    }

    /// Refuse a visit that was entered twice: two of its rows with the same cells in all of `columns` that the table has. Without the first of them rows are repetitions.
    ///
    /// # Errors
    /// As [`Measured::has`]; bad data naming both lines, or that of a cell of the first that is no whole number.
    pub fn refuse_twice(&self, columns: &[&str]) -> Result<()> {
        let mut there = Vec::new();
        for column in columns {
            there.extend(self.table.has(column)?.then_some(*column));
        }
        if there.first() != columns.first() {
            return Ok(());
        }
        let mut cells: Vec<Vec<Option<String>>> =
            there.iter().map(|column| self.table.texts(column)).collect::<Result<_>>()?;
        refuse_words(self.table, there[0], "a visit's stimuli")?;
        // 1, 01 and 1.0 are one repetition, 20 and 20.0 one pressure.
        cells.iter_mut().flatten().flatten().for_each(|cell| *cell = index(cell));
        for rows in self.rows.values() {
            let mut lines: HashMap<Vec<&Option<String>>, usize> = HashMap::new();
            for &row in rows {
                let key = cells.iter().map(|column| &column[row]).collect();
                if let Some(other) = lines.insert(key, row) {
                    return Err(Error::bad_data(
                        self.table.line(row),
                        format!("has the {} of line {}", there.join(", "), other + 2),
                        format!(
                            "be the only row of a participant, session and {}",
                            there.join(", ")
                        ),
                        "delete or correct one of them",
                    ));
                }
            }
        }
        Ok(())
    }
}
