//! What a person must know of single events, with the participants they are of.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, Events, When};
use super::words::SUMMARIES;
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::tables::Measured;

pub(super) struct Told<'a> {
    pub(super) events: &'a Events,
    pub(super) people: &'a People,
    pub(super) notes: &'a mut Notes,
}

impl Told<'_> {
    /// Everything.
    pub(super) fn all(&mut self, table: &Measured) {
        self.not_compared();
        self.days(table);
        self.repeated(table);
        self.lacking(table);
    }

    /// Events of who is in no arm, or was not treated.
    fn not_compared(&mut self) {
        let what = "of participants who were not treated in the arms compared: not counted";
        if self.events.not_compared.is_empty() {
            return;
        }
        let text = format!("{} {what}", counted(self.events.not_compared.len(), "adverse event"));
        let who: BTreeSet<usize> = self.events.not_compared.iter().copied().collect();
        self.notes.warn(text, self.people.names(&who.into_iter().collect::<Vec<_>>()));
    }

    /// Days that keep an event from being treatment-emergent, or make one doubtful.
    fn days(&mut self, table: &Measured) {
        let people = self.people;
        let last = |event: &Event| people.all[event.person].last_day;
        let past =
            |event: &Event| event.onset.zip(last(event)).is_some_and(|(day, last)| day > last);
        let emergent = |event: &Event| event.when == When::Emergent;
        self.of(
            table,
            |event| event.when == When::Before,
            "before the first dose (onset_day below 1): counted apart, not treatment-emergent",
        );
        self.of(
            table,
            |event| emergent(event) && past(event),
            "after the participant's last_day, by 30 days or less: treatment-emergent; check the days",
        );
        self.of(
            table,
            |event| event.when == When::After,
            "more than 30 days after the participant's last_day: counted apart, not treatment-emergent",
        );
        self.of(
            table,
            |event| event.onset.is_none(),
            "without onset_day: taken to be treatment-emergent",
        );
        self.of(
            table,
            |event| emergent(event) && event.onset.is_some() && last(event).is_none(),
            "of participants without last_day: treatment-emergent from day 1 on",
        );
    }

    /// Rows that are alike in every cell.
    fn repeated(&mut self, table: &Measured) {
        let mut first: BTreeMap<&[String], usize> = BTreeMap::new();
        for event in &self.events.all {
            first.entry(&table.table.rows[event.row]).or_insert(event.row);
        }
        self.of(
            table,
            |event| first[table.table.rows[event.row].as_slice()] != event.row,
            "in rows that repeat another in every cell: counted as events, a participant once all the same; delete double entries",
        );
    }

    /// What a summary row cannot know.
    fn lacking(&mut self, table: &Measured) {
        for (k, summary) in SUMMARIES.iter().enumerate() {
            let (column, row) = (summary.column, summary.row);
            if self.events.has[k] {
                let text = format!(
                    "without {column}: not counted as '{row}' (n/a, or a word such as unknown)"
                );
                self.of(table, |event| event.counts[k].is_none(), &text);
            } else {
                let text = format!("adverse events have no column {column}: no row '{row}'");
                match table.misspelt(column) {
                    Some(near) => {
                        let text = format!("{text}; is the column '{near}' meant?");
                        self.notes.warn(text, Vec::new());
                    }
                    None => self.notes.info(text, Vec::new()),
                }
            }
        }
    }

    /// "2 adverse events ...", with their participants, each once, and the lines of each.
    fn of(&mut self, table: &Measured, is_so: impl Fn(&Event) -> bool, text: &str) {
        let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut n = 0;
        for event in self.events.all.iter().filter(|event| is_so(event)) {
            lines.entry(event.person).or_default().push(table.other_line(event.row));
            n += 1;
        }
        if n == 0 {
            return;
        }
        let who = lines.into_iter().map(|(person, lines)| {
            format!("{} ({})", self.people.all[person].id, lines.join(", "))
        });
        self.notes.warn(format!("{} {text}", counted(n, "adverse event")), who.collect());
    }
}
