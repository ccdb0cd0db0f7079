//! Tasks, and conditions that were rated, of tables with a row a visit: a change from rest to pain is no effect of a treatment. Rows of several are told, in every table that the plan reads at visits.

use std::collections::{BTreeMap, BTreeSet};

use super::covariate::When;
use super::note::Notes;
use super::people::People;
use super::plan::{Missing, Plan};
use super::tables::{Measured, STATES, Tables};
use crate::error::Result;
use crate::table::are_one_name;

/// Which visits are read of a table.
#[derive(Debug, Clone, Copy)]
enum Read {
    At(When),
    /// Every visit, whose last value may be carried forward.
    All,
}

/// Tell of every table of the plan whose rows at the visits that are read are of several tasks or conditions, with whose visits differ.
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
            for state in STATES.into_iter().filter(|state| !are_one_name(state, &plan.arm)) {
                of_table(table, state, &is_read, (plan, people), notes)?;
            }
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

/// The tasks at a session.
type OfVisit<'a> = (&'a str, BTreeSet<&'a str>);

/// The tasks, or conditions (`state`), of a table's rows of the arms' participants.
fn of_table(
    table: &Measured,
    state: &str,
    is_read: &dyn Fn(&str) -> bool,
    (plan, people): (&Plan, &People),
    notes: &mut Notes,
) -> Result<()> {
    let (places, sessions) = (table.people(people)?, table.sessions()?);
    let states = table.states(state)?;
    let mut visits_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut of_people: BTreeMap<usize, Vec<OfVisit>> = BTreeMap::new();
    for (row, (&place, session)) in places.iter().zip(&sessions).enumerate() {
        if people.all[place].arm.is_none() || !is_read(session) {
            continue;
        }
        let own = states[row].as_deref().unwrap_or("not said");
        let visits = visits_of.entry(own).or_default();
        if !visits.contains(&session.as_str()) {
            visits.push(session);
        }
        let all = of_people.entry(place).or_default();
        match all.iter_mut().find(|(other, _)| other == session) {
            Some((_, of_visit)) => drop(of_visit.insert(own)),
            None => all.push((session, BTreeSet::from([own]))),
        }
    }
    if visits_of.len() < 2 {
        return Ok(());
    }
    let listed = visits_of.iter().map(|(own, visits)| format!("{own} ({})", visits.join(", ")));
    let differ = of_people.iter().filter(|(_, own)| own.iter().any(|(_, of)| *of != own[0].1));
    let said = |(place, own): (&usize, &Vec<OfVisit>)| {
        let of_visit = |(session, own): &OfVisit| {
            let own: Vec<&str> = own.iter().copied().collect();
            format!("{session} {}", own.join(" + "))
        };
        let visits: Vec<String> = own.iter().map(of_visit).collect();
        format!("{} ({})", people.all[*place].id, visits.join(", "))
    };
    notes.warn(
        format!(
            "{} is of several {state}s, {}, and {}: {}",
            table.table.name,
            listed.collect::<Vec<_>>().join(", "),
            match are_alike(&of_people) {
                true => "a visit's values are of all of them together".to_owned(),
                false => format!("what differs between visits or participants may be the {state}"),
            },
            advice(table, state, &[&plan.baseline, &plan.endpoint].map(String::as_str), &of_people)
        ),
        differ.map(said).collect(),
    );
    Ok(())
}

/// Whether everybody's visits are of the same ones.
fn are_alike(of_people: &BTreeMap<usize, Vec<OfVisit>>) -> bool {
    let mut all = of_people.values().flatten().map(|(_, own)| own);
    let first = all.next();
    all.all(|own| Some(own) == first)
}

/// How one task is taken alone; where nobody has one at both visits there is none to take.
fn advice(
    table: &Measured,
    state: &str,
    both: &[&str; 2],
    of_people: &BTreeMap<usize, Vec<OfVisit>>,
) -> String {
    let at = |own: &[OfVisit], visit: &str| -> BTreeSet<String> {
        let of_visit = own.iter().filter(|(session, _)| *session == visit);
        of_visit.flat_map(|(_, all)| all.iter().map(|one| (*one).to_owned())).collect()
    };
    let has_both =
        of_people.values().any(|own| both.iter().all(|visit| !at(own, visit).is_empty()));
    let shares = |own: &Vec<OfVisit>| {
        let (before, after) = (at(own, both[0]), at(own, both[1]));
        before.intersection(&after).any(|one| one != "not said")
    };
    if has_both && !of_people.values().any(shares) {
        let [before, after] = both;
        return format!(
            "nobody has one {state} at both {before} and {after}, so that none can be taken alone: a change within an arm does not tell treatment from {state}; give rows of one {state} at both visits, or compare the arms alone"
        );
    }
    match table.table.name.ends_with(".tsv") {
        true => format!("{}[{state}=NAME] takes one alone", table.table.name),
        false => "give the folder of one".to_owned(),
    }
}
