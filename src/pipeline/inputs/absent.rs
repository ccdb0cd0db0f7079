//! Conditions of a table of events that the model has no column of, since all their events were left out.

use std::collections::BTreeMap;

use crate::design::events::{Event, TRIAL_TYPE, conditions_of};
use crate::table::Table;

/// How many events each condition has, before and after each rule that leaves out some.
pub(super) struct Absent<'a> {
    table: &'a Table,
    /// What a rule leaves out, and what stays.
    stages: Vec<(&'static str, BTreeMap<String, usize>)>,
}

impl<'a> Absent<'a> {
    /// Of a table whose conditions stand in `column`, in place of `trial_type`.
    pub(super) fn of(table: &'a Table, column: Option<&str>) -> Absent<'a> {
        let at = table.position(column.unwrap_or(TRIAL_TYPE));
        let cells = || table.rows.iter().filter_map(move |row| row.get(at?));
        let count = |condition: String| {
            let n = cells().filter(|cell| cell.trim() == condition).count();
            (condition, n)
        };
        let all = conditions_of(table, column).into_iter().map(count).collect();
        Absent { table, stages: vec![("", all)] }
    }

    /// The events that stay once those were left out that are so.
    pub(super) fn left(&mut self, are: &'static str, events: &[Event]) {
        let mut stay = BTreeMap::new();
        events.iter().for_each(|event| *stay.entry(event.trial_type.clone()).or_insert(0) += 1);
        self.stages.push((are, stay));
    }

    /// The conditions of which no event stays, each with where its events are and why they were left out.
    pub(super) fn conditions(&self) -> Vec<(String, String)> {
        let (Some((_, all)), Some((_, stay))) = (self.stages.first(), self.stages.last()) else {
            return Vec::new();
        };
        let absent = all.keys().filter(|condition| !stay.contains_key(*condition));
        absent.map(|condition| (condition.clone(), self.why(condition))).collect()
    }

    fn why(&self, condition: &str) -> String {
        let n = |(_, counts): &(_, BTreeMap<String, usize>)| counts.get(condition).copied();
        let lost = self.stages.windows(2).filter_map(|pair| {
            let lost = n(&pair[0]).unwrap_or(0).saturating_sub(n(&pair[1]).unwrap_or(0));
            (lost > 0).then(|| format!("{lost} {}", pair[1].0))
        });
        let lost = lost.collect::<Vec<_>>().join(", ");
        let of_it = format!("of it in {}", self.table.name);
        match self.stages.first().and_then(n) {
            Some(1) => format!("the one event {of_it} is left out of the model: {lost}"),
            n => format!("all {} events {of_it} are left out of the model: {lost}", n.unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::events;

    #[test]
    fn a_condition_whose_events_are_left_out_one_by_one_has_each_reason_once() {
        let rows = ["5 3 a", "n/a 3 b", "200 3 b", "30 n/a b", "-60 2 b", "30 3 n/a"];
        let cells = |row: &&str| row.split(' ').map(str::to_owned).collect::<Vec<String>>();
        let table = Table {
            name: "x_events.tsv".to_owned(),
            columns: cells(&"onset duration trial_type"),
            rows: rows.iter().map(cells).collect(),
        };
        let mut absent = Absent::of(&table, None);
        let mut found = events::from_table(&table, None).expect("events");
        absent.left("without onset or duration", &found.events);
        found.leave_out_after(&table.name, 140.0).expect("less than half");
        absent.left("after its end", &found.events);
        found.leave_out_over(&table.name, |event| event.onset < -30.0);
        absent.left("over before it begins", &found.events);
        let why = "all 4 events of it in x_events.tsv are left out of the model: 2 without onset or duration, 1 after its end, 1 over before \
                   it begins";
        assert_eq!(absent.conditions(), [("b".to_owned(), why.to_owned())]);
    }
}
