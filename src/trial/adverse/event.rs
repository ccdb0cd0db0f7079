//! The table of events, read and checked.

use super::AFTER_LAST_DAY;
use super::coded::coded;
use super::words::SUMMARIES;
use crate::error::Result;
use crate::trial::arm::Arm;
use crate::trial::note::Notes;
use crate::trial::people::People;
use crate::trial::tables::Measured;

/// When an event began, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before the first dose.
    Before,
    /// Of the treatment.
    Emergent,
    /// More than 30 days after the last day.
    After,
}

/// An event of a treated participant of the two arms.
pub(super) struct Event {
    /// In the table, from 0.
    pub(super) row: usize,
    /// A place in [`People::all`].
    pub(super) person: usize,
    pub(super) arm: Arm,
    pub(super) soc: String,
    pub(super) pt: String,
    /// The first dose being day 1.
    pub(super) onset: Option<f64>,
    pub(super) when: When,
    /// Whether it counts in each of [`SUMMARIES`].
    pub(super) counts: [Option<bool>; SUMMARIES.len()],
}

/// The table.
pub(super) struct Events {
    pub(super) all: Vec<Event>,
    /// Whether the table has the column of each of [`SUMMARIES`].
    pub(super) has: [bool; SUMMARIES.len()],
    /// Who has events that are in none of the arms that are compared, once for each.
    pub(super) not_compared: Vec<usize>,
}

impl Events {
    pub(super) fn read(table: &Measured, people: &People, notes: &mut Notes) -> Result<Events> {
        let persons = table.people(people)?;
        let coded = coded(table, notes)?;
        let onset = table.numbers("onset_day")?;
        let mut said = Vec::new();
        for summary in &SUMMARIES {
            said.push(summary.words.read(table, summary.column, notes)?);
        }
        let mut events = Events {
            all: Vec::new(),
            has: std::array::from_fn(|k| said[k].is_some()),
            not_compared: Vec::new(),
        };
        for (row, (&person, (soc, pt))) in persons.iter().zip(coded).enumerate() {
            let who = &people.all[person];
            let Some(arm) = who.arm.filter(|_| who.treated) else {
                events.not_compared.push(person);
                continue;
            };
            let onset = onset[row];
            let when = when(onset, who.last_day);
            let counts = std::array::from_fn(|k| said[k].as_ref().and_then(|said| said[row]));
            events.all.push(Event { row, person, arm, soc, pt, onset, when, counts });
        }
        Ok(events)
    }
}

fn when(onset: Option<f64>, last_day: Option<f64>) -> When {
    match (onset, last_day) {
        (Some(day), _) if day < 1.0 => When::Before,
        (Some(day), Some(last)) if day > last + AFTER_LAST_DAY => When::After,
        _ => When::Emergent,
    }
}
