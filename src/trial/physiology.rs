//! What recordings, motion and signal of the runs come to (`physio_summary`, a row a run), arm x visit: whether the drug changes the heart, the breath, how much patients move, or how
//! good the signal is, which a map or an edge may be mistaken for. Described, and the arms' changes compared by two-sample t; nothing is chosen by it, and nothing adjusted for it but by a plan's covariates and motion.

use std::collections::BTreeMap;

use super::arm::{Arm, ByArm};
use super::motion;
use super::note::Notes;
use super::numbered::refuse_words;
use super::people::People;
use super::plan::Plan;
use super::results::{OfVisit, PhysiologyRow};
use super::tables::{Measured, TASK, Tables, session};
use super::two_sample;
use super::unequal::{self, Behind};
use super::visits::{RUN, RUNS, are_runs, twice};
use crate::error::{Error, Result};
use crate::table::are_one_name;

/// How plans call the table.
pub const TABLE: &str = "physio_summary";

/// That of motion.
const MOTION: &str = "mean_fd";

/// Columns that are described, in words, with the units of `boldly physio`.
const MEASURES: [(&str, &str, Option<&str>); 5] = [
    ("heart_rate", "heart rate", Some("beats/min")),
    ("breathing_rate", "breathing rate", Some("breaths/min")),
    ("rvt", "respiratory volume per time", None),
    (MOTION, "mean framewise displacement", Some("mm")),
    ("kept_volumes", "volumes kept", None),
];
/// The column of numbers of the table that one is called as, but for case, `_`, `-` and blanks.
pub(super) fn measure(column: &str) -> Option<&'static str> {
    let names = MEASURES.iter().map(|(own, ..)| *own).chain(["volumes"]);
    names.into_iter().find(|own| are_one_name(own, column))
}

/// Before a region's name.
const TSNR: &str = "tsnr_";

/// A value of each participant (a place in [`People::all`]) at a visit: the mean over the runs, each counting alike; none where one has none.
type Values = BTreeMap<(usize, String), Option<f64>>;

/// A row a task and measure that any participant of the arms has; nothing without the table. What is wrong with a table that the plan does not name is told.
///
/// # Errors
/// Of a table that the plan names bad data naming line and participant: unknown participants, no session, cells that are no numbers.
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Vec<PhysiologyRow>> {
    let Some(table) = tables.all.iter().find(|table| table.name == TABLE) else {
        return Ok(Vec::new());
    };
    // One that is spelt as the column is an error of the table, told as such.
    let other = motion::other_name(table).filter(|column| !are_one_name(MOTION, column));
    if let Some(column) = other {
        notes.warn(
            format!(
                "column '{column}' of {} is motion by its name and not described, for what is described is called {MOTION}: rename it",
                table.table.name
            ),
            Vec::new(),
        );
    }
    let is_named = plan.tables().is_some_and(|names| names.iter().any(|name| name == TABLE));
    match of_table(table, plan, people, notes) {
        Err(error @ (Error::BadData(_) | Error::Usage(_))) if !is_named => {
            notes.warn(format!("physiology is not described: {error}"), Vec::new());
            Ok(Vec::new())
        }
        rows => rows,
    }
}

fn of_table(
    table: &Measured,
    plan: &Plan,
    people: &People,
    notes: &mut Notes,
) -> Result<Vec<PhysiologyRow>> {
    let runs =
        Runs { of: table.people(people)?, sessions: table.sessions()?, tasks: table.states(TASK)? };
    runs.refuse_twice(table)?;
    let mut tasks: Vec<&Option<String>> = Vec::new();
    runs.tasks.iter().for_each(|task| {
        if !tasks.contains(&task) {
            tasks.push(task);
        }
    });
    let measures = measures(table)?;
    let mut numbers = Vec::new();
    for (column, ..) in &measures {
        numbers.push(match column.as_str() {
            MOTION => motion::displacements(table, column)?,
            _ => table.numbers(column)?,
        });
    }
    let mut rows = Vec::new();
    for &task in &tasks {
        let part = match task {
            Some(task) if tasks.len() > 1 => format!("{TABLE}[{TASK}={task}]"),
            _ => TABLE.to_owned(),
        };
        runs.tell((&part, task), (plan, people), notes);
    }
    for task in tasks {
        for ((column, label, units), numbers) in measures.clone().into_iter().zip(&numbers) {
            let values = runs.values(numbers, task);
            let variable = table.dictionary.get(&column);
            let units = variable.and_then(|v| v.units.clone()).or(units.map(str::to_owned));
            let names = (task.clone(), column, label, units);
            rows.extend(row(names, &values, plan, people)?);
        }
    }
    Ok(rows)
}

/// A column that is described, with words and units.
type Described = (String, String, Option<&'static str>);

/// The columns that are described.
///
/// # Errors
/// As [`Measured::has`].
pub(super) fn columns(table: &Measured) -> Result<Vec<String>> {
    Ok(measures(table)?.into_iter().map(|(column, ..)| column).collect())
}

/// Those of the table.
fn measures(table: &Measured) -> Result<Vec<Described>> {
    let mut known = Vec::new();
    for (column, label, units) in MEASURES {
        if table.has(column)? {
            known.push((column.to_owned(), label.to_owned(), units));
        }
    }
    let regions = table.table.columns.iter().filter_map(|column| {
        let region = column.strip_prefix(TSNR)?;
        Some((column.clone(), format!("tSNR of {region}"), None))
    });
    known.extend(regions);
    Ok(known)
}

/// Whose each row is.
struct Runs {
    of: Vec<usize>,
    sessions: Vec<String>,
    tasks: Vec<Option<String>>,
}

impl Runs {
    /// A run that is there twice would count twice, and so would a visit's rows of no run.
    fn refuse_twice(&self, table: &Measured) -> Result<()> {
        refuse_words(table, RUN, RUNS)?;
        let mut lines: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for row in 0..self.of.len() {
            let visit = (self.of[row], &self.sessions[row], &self.tasks[row]);
            let own = lines.entry(visit).or_default();
            if let Some(&other) = own.iter().find(|&&other| !are_runs(table, row, other)) {
                return Err(twice(table, &self.sessions[row], [other, row]));
            }
            own.push(row);
        }
        Ok(())
    }

    /// Tell whose visits of a task are means over runs, and over unequal numbers of them. `part`: as the plan calls their rows.
    fn tell(
        &self,
        (part, task): (&str, &Option<String>),
        (plan, people): (&Plan, &People),
        notes: &mut Notes,
    ) {
        let mut counts: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for row in (0..self.of.len()).filter(|&row| self.tasks[row] == *task) {
            *counts.entry((self.of[row], &self.sessions[row])).or_default() += 1;
        }
        let several = counts.iter().filter(|(_, n)| **n > 1);
        let said = |(&(place, session), &n): (&(usize, &str), &usize)| {
            unequal::visit_of_runs(&people.all[place].id, session, n)
        };
        unequal::tell_means(part, several.map(said).collect(), notes);
        let visits = [&plan.baseline, &plan.endpoint].map(|name| session(name));
        let behind = |place: usize| {
            let n_of = |visit: &String| {
                Some((visit.clone(), unequal::runs(*counts.get(&(place, visit.as_str()))?)))
            };
            let n: Option<Vec<_>> = visits.iter().map(n_of).collect();
            Some((people.all[place].id.clone(), n?))
        };
        let of_arms = people.places(|person| person.arm.is_some());
        let all: Vec<Behind> = of_arms.into_iter().filter_map(behind).collect();
        unequal::tell((&format!("values of {part} rest"), "another number of runs"), &all, notes);
    }

    fn values(&self, numbers: &[Option<f64>], task: &Option<String>) -> Values {
        let mut all: BTreeMap<(usize, String), Vec<Option<f64>>> = BTreeMap::new();
        for row in (0..self.of.len()).filter(|&row| self.tasks[row] == *task) {
            let visit = (self.of[row], self.sessions[row].clone());
            all.entry(visit).or_default().push(numbers[row]);
        }
        let mean = |values: Vec<Option<f64>>| {
            let n = values.len() as f64;
            Some(values.into_iter().collect::<Option<Vec<f64>>>()?.iter().sum::<f64>() / n)
        };
        all.into_iter().map(|(visit, values)| (visit, mean(values))).collect()
    }
}

/// A measure described and compared; none where nobody of the arms has it at a visit of the plan.
fn row(
    (task, measure, label, units): (Option<String>, String, String, Option<String>),
    values: &Values,
    plan: &Plan,
    people: &People,
) -> Result<Option<PhysiologyRow>> {
    let [before, after] = [&plan.baseline, &plan.endpoint].map(|name| session(name));
    let at = |place: usize, visit: &String| values.get(&(place, visit.clone())).copied().flatten();
    let places = |arm: Arm| people.places(|person| person.arm == Some(arm));
    let of_visit = |visit: &String| {
        ByArm::of(|arm| {
            described(&places(arm).iter().filter_map(|&p| at(p, visit)).collect::<Vec<f64>>())
        })
    };
    let (baseline, endpoint) = (of_visit(&before), of_visit(&after));
    let there = |of: &ByArm<OfVisit>| of.active.n + of.control.n;
    if there(&baseline) + there(&endpoint) == 0 {
        return Ok(None);
    }
    let (mut changes, mut arms) = (Vec::new(), Vec::new());
    let mut n = ByArm::of(|_| 0);
    for arm in Arm::BOTH {
        for place in places(arm) {
            let Some((b, e)) = at(place, &before).zip(at(place, &after)) else { continue };
            changes.push(e - b);
            arms.push(arm);
            match arm {
                Arm::Active => n.active += 1,
                Arm::Control => n.control += 1,
            }
        }
    }
    let compared = two_sample::difference(&changes, &arms, plan.conf)?;
    let (interaction, test) = (compared.map(|both| both.0), compared.map(|both| both.1));
    Ok(Some(PhysiologyRow {
        task,
        measure,
        label,
        units,
        baseline,
        endpoint,
        n,
        interaction,
        test,
    }))
}

fn described(values: &[f64]) -> OfVisit {
    let n = values.len();
    let mean = (n > 0).then(|| values.iter().sum::<f64>() / n as f64);
    let sd = mean.filter(|_| n > 1).map(|mean| {
        let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (square / (n - 1) as f64).sqrt()
    });
    OfVisit { n, mean, sd }
}
