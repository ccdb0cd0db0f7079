//! A study from its tables to its results, a part after the other.

use super::note::Notes;
use super::people::People;
use super::plan::{Design, Plan};
use super::results::Results;
use super::tables::{Measured, Tables};
use super::{
    adverse, arms_agree, baseline, brain, correlations, covariates, cpm, crossover, disposition,
    edges, odd, outcomes, physiology, populations, pressure, remarks, responders, strata, tasks,
};
use crate::error::Result;

/// Analyse a study. `plan`: resolved ([`Plan::resolved`]); `notes`: those of resolving it.
///
/// # Errors
/// What tables hold or lack: see the parts.
pub fn analyse(
    plan: &Plan,
    participants: Measured,
    tables: &Tables,
    mut notes: Notes,
) -> Result<Results> {
    tell_unchecked(plan, (&participants, tables), &mut notes);
    let mut people = People::read(participants, plan, &mut notes)?;
    for ((id, session), time) in &tables.times {
        let place = people.find(id);
        people.times.extend(place.map(|place| ((place, session.clone()), *time)));
    }
    match plan.design {
        Design::Parallel => {
            arms_agree::refuse_other_arms(plan, &people, tables)?;
            strata::judge(plan, &people, tables, &mut notes)?;
        }
        Design::Crossover => crossover::by_sequence(plan, &mut people, tables)?,
    }
    let people = covariates::read(plan, people, tables, &mut notes)?;
    odd::tell(plan, &people, tables, &mut notes)?;
    tasks::tell(plan, &people, tables, &mut notes)?;
    let mut results =
        Results { plan: plan.clone(), arms: people.arms.clone(), ..Results::default() };
    results.populations = populations::analyse(plan, &people, tables)?;
    results.baseline = baseline::analyse(plan, &people, tables, &mut notes)?;
    match plan.design {
        Design::Parallel => {
            results.ancova = outcomes::analyse(plan, &people, tables, &mut notes)?;
            parts(plan, &people, tables, &mut notes, &mut results)?;
            results.flow = populations::flow(&people, populations::analysed(&results.ancova));
        }
        Design::Crossover => {
            let found = crossover::analyse(plan, &people, tables, &mut notes)?;
            results.flow = populations::flow(&people, found.analysed());
            results.crossover = Some(found);
        }
    }
    remarks::tell(&results, &mut notes);
    results.notes = notes;
    Ok(results)
}

/// What the plan asks for beside the outcomes.
fn parts(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
    results: &mut Results,
) -> Result<()> {
    results.disposition = Some(disposition::analyse(plan, people, tables, notes)?);
    if !plan.responders.is_empty() {
        results.responders = Some(responders::analyse(plan, people, tables, notes)?);
    }
    if plan.adverse_events.is_some() {
        results.adverse_events = Some(adverse::analyse(plan, people, tables, notes)?);
    }
    if plan.cpm.is_some() {
        results.cpm = Some(cpm::analyse(plan, people, tables, notes)?);
    }
    if plan.pressure.is_some() {
        results.pressure = Some(pressure::analyse(plan, people, tables, notes)?);
    }
    if plan.brain.is_some() {
        results.brain = Some(brain::analyse(plan, people, tables, notes)?);
    }
    if plan.edges.is_some() {
        results.edges = Some(edges::analyse(plan, people, tables, notes)?);
        results.networks = edges::networks(plan, people, tables, notes)?;
    }
    results.physiology = physiology::analyse(plan, people, tables, notes)?;
    if !plan.correlations.is_empty() {
        results.correlations = Some(correlations::analyse(plan, people, tables, notes)?);
    }
    Ok(())
}

/// Tables of values without a dictionary, and what dictionaries say of no column.
fn tell_unchecked(plan: &Plan, (participants, tables): (&Measured, &Tables), notes: &mut Notes) {
    let names = plan.tables().unwrap_or_default();
    for name in &names {
        let without =
            |table: &&Measured| table.name == *name && table.dictionary.variables.is_empty();
        if let Some(table) = tables.all.iter().find(without) {
            let (columns, dictionary) = (&table.table.name, &table.dictionary.name);
            let text = match dictionary.is_empty() {
                true => format!("{columns} has no data dictionary ({name}.json)"),
                false => format!("{dictionary} says nothing of a column of {columns}"),
            };
            notes.info(format!("{text}: no range or level of it is checked"), Vec::new());
        }
    }
    let own = tables.all.iter().filter(|table| table.name != participants.name);
    for table in std::iter::once(participants).chain(own) {
        let columns = (table.table.name.as_str(), table.table.columns.as_slice());
        table.dictionary.tell_idle(columns, notes);
    }
}
