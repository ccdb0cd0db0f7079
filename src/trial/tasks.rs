//! Tasks of tables with a row a visit: a change from rest to pain is no effect of a treatment. Rows of several tasks are told, in every table that the plan reads at visits.

use std::collections::{BTreeMap, BTreeSet};

use super::covariate::When;
use super::note::Notes;
use super::people::People;
use super::plan::{Missing, Plan};
use super::tables::{Measured, TASK, Tables};
use crate::error::Result;

/// Which visits are read of a table.
#[derive(Debug, Clone, Copy)]
enum Read {
    At(When),
    /// Every visit, whose last value may be carried forward.
    All,
}

/// Tell of every table of the plan whose rows at the visits that are read are of several tasks, with whose visits differ.
///
/// # Errors
/// As [`Measured::has`], [`Measured::people`] and [`Measured::sessions`].
pub(super) fn tell(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<()> {
    for (name, visits) in read(plan, tables.edges.is_none()) {
        if let Some(table) = tables.all.iter().find(|table| table.name == name)
            && table.has("session_id")?
        {
            let is_read = |session: &str| {
                let at = |when: &When| match when {
                    When::Baseline => session == plan.baseline,
                    When::Endpoint => session == plan.endpoint,
                    When::Change => session == plan.baseline || session == plan.endpoint,
                };
                visits.iter().any(|of| match of {
                    Read::At(when) => at(when),
                    Read::All => true,
                })
            };
            of_table(table, &is_read, people, notes)?;
        }
    }
    Ok(())
}

/// The tables that the plan reads at visits, and which of these; of a column that an analysis makes its table is that of the analysis.
fn read(plan: &Plan, edges_are_a_table: bool) -> BTreeMap<&str, Vec<Read>> {
    let both = Read::At(When::Change);
    let outcomes = if plan.missing.contains(&Missing::Locf) { Read::All } else { both };
    let columns = plan.outcomes.iter().map(|one| (&one.column, outcomes));
    let parts = plan.responders.iter().flat_map(|rule| &rule.parts);
    let sides = plan.correlations.iter().flat_map(|relation| [&relation.first, &relation.second]);
    let covariates =
        plan.covariates.iter().filter_map(|one| Some((&one.column, Read::At(one.at?))));
    let columns = columns
        .chain(parts.map(|part| (&part.column, outcomes)))
        .chain(sides.chain(&plan.motion).map(|column| (column, both)))
        .chain(covariates);
    let of_columns = columns.map(|(column, read)| (column.table.as_str(), read));
    let tables = [
        plan.cpm.as_ref().map(|own| &own.table),
        plan.pressure.as_ref().map(|own| &own.table),
        plan.brain.as_ref().map(|own| &own.table),
        plan.edges.as_ref().map(|own| &own.table).filter(|_| edges_are_a_table),
    ];
    let of_tables = tables.into_iter().flatten().map(|table| (table.as_str(), both));
    let mut all: BTreeMap<&str, Vec<Read>> = BTreeMap::new();
    for (table, read) in of_columns.chain(of_tables) {
        all.entry(table).or_default().push(read);
    }
    all
}

/// The tasks of a table's rows of the arms' participants.
fn of_table(
    table: &Measured,
    is_read: &dyn Fn(&str) -> bool,
    people: &People,
    notes: &mut Notes,
) -> Result<()> {
    let (places, sessions) = (table.people(people)?, table.sessions()?);
    let tasks = table.tasks()?;
    let mut visits_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut of_people: BTreeMap<usize, Vec<(&str, BTreeSet<&str>)>> = BTreeMap::new();
    for (row, (&place, session)) in places.iter().zip(&sessions).enumerate() {
        if people.all[place].arm.is_none() || !is_read(session) {
            continue;
        }
        let task = tasks[row].as_deref().unwrap_or("not said");
        let visits = visits_of.entry(task).or_default();
        if !visits.contains(&session.as_str()) {
            visits.push(session);
        }
        let own = of_people.entry(place).or_default();
        match own.iter_mut().find(|(other, _)| other == session) {
            Some((_, of_visit)) => drop(of_visit.insert(task)),
            None => own.push((session, BTreeSet::from([task]))),
        }
    }
    if visits_of.len() < 2 {
        return Ok(());
    }
    let listed = visits_of.iter().map(|(task, visits)| format!("{task} ({})", visits.join(", ")));
    let differ = of_people.iter().filter(|(_, own)| own.iter().any(|(_, of)| *of != own[0].1));
    let said = |(place, own): (&usize, &Vec<(&str, BTreeSet<&str>)>)| {
        let of_visit = |(session, tasks): &(&str, BTreeSet<&str>)| {
            let tasks: Vec<&str> = tasks.iter().copied().collect();
            format!("{session} {}", tasks.join(" + "))
        };
        let visits: Vec<String> = own.iter().map(of_visit).collect();
        format!("{} ({})", people.all[*place].id, visits.join(", "))
    };
    notes.warn(
        format!(
            "{} is of several tasks, {}, and what differs between visits or participants may be the task: {}",
            table.table.name,
            listed.collect::<Vec<_>>().join(", "),
            match table.table.name.ends_with(".tsv") {
                true => format!("{}[{TASK}=NAME] takes one alone", table.name),
                false => "give the folder of one".to_owned(),
            }
        ),
        differ.map(said).collect(),
    );
    Ok(())
}
