//! The table of events, read and checked.

use std::collections::BTreeMap;

use super::AFTER_LAST_DAY;
use super::words::{ACTION, RELATION, SERIOUS, SEVERITY};
use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::trial::arm::Arm;
use crate::trial::note::Notes;
use crate::trial::people::{People, counted};
use crate::trial::plan::Plan;
use crate::trial::spelling::Spellings;
use crate::trial::tables::Measured;

/// What an event without class or term is called.
const NOT_CODED: &str = "not coded";

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
    /// A place in [`People::all`].
    pub(super) person: usize,
    pub(super) arm: Arm,
    pub(super) soc: String,
    pub(super) pt: String,
    pub(super) when: When,
    pub(super) serious: Option<bool>,
    pub(super) severe: Option<bool>,
    pub(super) related: Option<bool>,
    /// Whether it ended the treatment.
    pub(super) withdrawn: Option<bool>,
}

/// The table.
pub(super) struct Events {
    pub(super) all: Vec<Event>,
    pub(super) has_serious: bool,
    pub(super) has_severity: bool,
    pub(super) has_relation: bool,
    pub(super) has_action: bool,
}

/// What is said of single rows, with the participants they are of.
struct Told<'a> {
    people: &'a People,
    notes: &'a mut Notes,
}

impl Told<'_> {
    /// "2 events ..." with their participants, each once.
    fn warn(&mut self, persons: &[usize], text: &str) {
        if persons.is_empty() {
            return;
        }
        let mut who = persons.to_vec();
        who.dedup();
        who.sort_unstable();
        who.dedup();
        let text = format!("{} {text}", counted(persons.len(), "adverse event"));
        self.notes.warn(text, self.people.names(&who));
    }
}

impl Events {
    pub(super) fn read(
        table: &Measured,
        plan: &Plan,
        people: &People,
        notes: &mut Notes,
    ) -> Result<Events> {
        let persons = table.people(people)?;
        refuse_other_arms(table, &persons, plan, people)?;
        let coded = coded(table, notes)?;
        let onset = table.numbers("onset_day")?;
        let serious = SERIOUS.read(table, "serious")?;
        let severe = SEVERITY.read(table, "severity")?;
        let related = RELATION.read(table, "relation")?;
        let withdrawn = ACTION.read(table, "action")?;
        let at =
            |flags: &Option<Vec<Option<bool>>>, row: usize| flags.as_ref().and_then(|f| f[row]);
        let mut events = Events {
            all: Vec::new(),
            has_serious: serious.is_some(),
            has_severity: severe.is_some(),
            has_relation: related.is_some(),
            has_action: withdrawn.is_some(),
        };
        let mut rows = Vec::new();
        let mut not_compared = Vec::new();
        for (row, (&person, (soc, pt))) in persons.iter().zip(coded).enumerate() {
            let who = &people.all[person];
            let Some(arm) = who.arm.filter(|_| who.treated) else {
                not_compared.push(person);
                continue;
            };
            events.all.push(Event {
                person,
                arm,
                soc,
                pt,
                when: when(onset[row], who.last_day),
                serious: at(&serious, row),
                severe: at(&severe, row),
                related: at(&related, row),
                withdrawn: at(&withdrawn, row),
            });
            rows.push(row);
        }
        let mut told = Told { people, notes };
        told.warn(
            &not_compared,
            "of participants who were not treated in the arms compared: not counted",
        );
        events.tell_days(&rows, &onset, &mut told);
        events.tell_repeated(&rows, table, &mut told);
        events.tell_lacking(&mut told);
        Ok(events)
    }

    fn persons(&self, is_so: impl Fn(usize, &Event) -> bool) -> Vec<usize> {
        let all = self.all.iter().enumerate().filter(|(at, event)| is_so(*at, event));
        all.map(|(_, event)| event.person).collect()
    }

    /// `rows`: of each event, its row.
    fn tell_days(&self, rows: &[usize], onset: &[Option<f64>], told: &mut Told) {
        let last = |event: &Event, people: &People| people.all[event.person].last_day;
        let people = told.people;
        let past = |at: usize, event: &Event| {
            onset[rows[at]].zip(last(event, people)).is_some_and(|(day, last)| day > last)
        };
        told.warn(
            &self.persons(|_, event| event.when == When::Before),
            "before the first dose (onset_day below 1): counted apart, not treatment-emergent",
        );
        told.warn(
            &self.persons(|at, event| event.when == When::Emergent && past(at, event)),
            "after the participant's last_day, by 30 days or less: treatment-emergent; check the days",
        );
        told.warn(
            &self.persons(|_, event| event.when == When::After),
            "more than 30 days after the participant's last_day: counted apart, not treatment-emergent",
        );
        told.warn(
            &self.persons(|at, _| onset[rows[at]].is_none()),
            "without onset_day: taken to be treatment-emergent",
        );
        told.warn(
            &self.persons(|at, event| {
                onset[rows[at]].is_some()
                    && event.when == When::Emergent
                    && last(event, people).is_none()
            }),
            "of participants without last_day: treatment-emergent from day 1 on",
        );
    }

    fn tell_repeated(&self, rows: &[usize], table: &Measured, told: &mut Told) {
        let mut seen: Vec<&Vec<String>> = rows.iter().map(|&row| &table.table.rows[row]).collect();
        let mut first: BTreeMap<&Vec<String>, usize> = BTreeMap::new();
        for (at, cells) in seen.drain(..).enumerate() {
            first.entry(cells).or_insert(at);
        }
        let repeated = |at: usize| first[&table.table.rows[rows[at]]] != at;
        told.warn(
            &self.persons(|at, _| repeated(at)),
            "in rows that repeat another in every cell: counted as events, a participant once all the same; delete double entries",
        );
    }

    fn tell_lacking(&self, told: &mut Told) {
        for (there, column, row, lacks) in [
            (
                self.has_serious,
                "serious",
                "serious",
                &(|e: &Event| e.serious.is_none()) as &dyn Fn(&Event) -> bool,
            ),
            (self.has_severity, "severity", "severe", &|e| e.severe.is_none()),
            (self.has_relation, "relation", "related", &|e| e.related.is_none()),
            (self.has_action, "action", "led to discontinuation", &|e| e.withdrawn.is_none()),
        ] {
            if there {
                let who = self.persons(|_, event| lacks(event));
                told.warn(&who, &format!("without {column}: not counted as '{row}'"));
            } else {
                let text = format!("adverse events have no column {column}: no row '{row}'");
                told.notes.info(text, Vec::new());
            }
        }
    }
}

fn when(onset: Option<f64>, last_day: Option<f64>) -> When {
    match (onset, last_day) {
        (Some(day), _) if day < 1.0 => When::Before,
        (Some(day), Some(last)) if day > last + AFTER_LAST_DAY => When::After,
        _ => When::Emergent,
    }
}

/// Class and term of each row.
fn coded(table: &Measured, notes: &mut Notes) -> Result<Vec<(String, String)>> {
    let (socs, pts) = (table.texts("soc")?, table.texts("pt")?);
    let (mut of_soc, mut of_pt) = (Spellings::default(), Spellings::default());
    let mut classes: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut coded = Vec::new();
    let mut lacking: [Vec<usize>; 2] = Default::default();
    for (row, (soc, pt)) in socs.iter().zip(&pts).enumerate() {
        let (soc, pt) = (soc.as_deref().map(|s| of_soc.of(s)), pt.as_deref().map(|p| of_pt.of(p)));
        if let (Some(soc), Some(pt)) = (&soc, &pt) {
            let (class, first) = classes.entry(pt.clone()).or_insert_with(|| (soc.clone(), row));
            if class != soc {
                return Err(Error::bad_data(
                    table.line(row),
                    format!(
                        "puts '{pt}' into '{soc}', which line {} puts into '{class}'",
                        *first + 2
                    ),
                    "have one system organ class for a preferred term (MedDRA's primary one)",
                    "correct one of them",
                ));
            }
        }
        lacking[0].extend(soc.is_none().then_some(row));
        lacking[1].extend(pt.is_none().then_some(row));
        let or_not_coded = |word: Option<String>| word.unwrap_or_else(|| NOT_CODED.to_owned());
        coded.push((or_not_coded(soc), or_not_coded(pt)));
    }
    for (rows, column, what) in
        [(&lacking[0], "soc", "system organ class"), (&lacking[1], "pt", "preferred term")]
    {
        if !rows.is_empty() {
            let text = format!(
                "{} without {column} (line {}): the {what} is '{NOT_CODED}'",
                counted(rows.len(), "adverse event"),
                rows.iter().map(|row| (row + 2).to_string()).collect::<Vec<_>>().join(", ")
            );
            let ids = table.ids()?;
            notes.warn(text, rows.iter().map(|&row| ids[row].clone()).collect());
        }
    }
    for told in [of_soc.told(), of_pt.told()].into_iter().flatten() {
        notes.warn(
            format!("words of adverse events that differ in case or blanks are one: {told}"),
            Vec::new(),
        );
    }
    Ok(coded)
}

/// Where the table names arms, they must be those of participants.tsv.
fn refuse_other_arms(
    table: &Measured,
    persons: &[usize],
    plan: &Plan,
    people: &People,
) -> Result<()> {
    if !table.has(&plan.arm) {
        return Ok(());
    }
    let own = people.table.texts(&plan.arm)?;
    let named = table.texts(&plan.arm)?;
    for (row, (named, &person)) in named.iter().zip(persons).enumerate() {
        let Some(named) = named else { continue };
        if own[people.all[person].row].as_ref() == Some(named) {
            continue;
        }
        let known = [people.arms.control.clone(), people.arms.active.clone()];
        return Err(Error::bad_data(
            table.line(row),
            format!("holds '{named}' in column {}", plan.arm),
            match &own[people.all[person].row] {
                Some(arm) => {
                    format!("be '{arm}', the participant's arm by {}", people.table.table.name)
                }
                None => {
                    format!("be n/a, for {} gives the participant no arm", people.table.table.name)
                }
            },
            match closest(named, &known).filter(|_| !known.contains(named)) {
                Some(near) => format!("did you mean '{near}'?"),
                None => {
                    "correct one of the tables: arms are counted by that of participants".to_owned()
                }
            },
        ));
    }
    Ok(())
}
