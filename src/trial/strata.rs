//! Whether columns of participants.tsv can be strata: known before randomisation, with few levels of several participants each.
//!
//! A level that one participant has is fitted exactly and tells nothing of the arms; a level for every second participant is a number that was meant as a covariate. What was measured
//! after randomisation may be an effect of the treatment, and takes it out of the comparison.

use std::collections::BTreeMap;

use super::note::Notes;
use super::people::People;
use super::plan::Plan;
use super::tables::{Measured, Tables};
use super::visits::Visits;
use crate::design::similar::alike;
use crate::error::{Error, Result};

/// Strata that are the same in all of some participants (places in [`People::all`]), each with its level: no model of these has a column of them.
pub(super) fn of_one_level(people: &People, places: &[usize]) -> Vec<[String; 2]> {
    let of = |(at, column): (usize, &String)| {
        let level = |place: &usize| people.all[*place].strata[at].as_str();
        let first = level(places.first()?);
        let is_one = places.iter().all(|place| level(place) == first);
        is_one.then(|| [column.clone(), first.to_owned()])
    };
    people.strata.iter().enumerate().filter_map(of).collect()
}

/// Refuse strata of one level, strata of one participant, and strata as many as half of them; refuse or tell of those that are measured at visits.
///
/// # Errors
/// Usage, naming the column and how many values it has.
pub(super) fn judge(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<()> {
    for (at, column) in people.strata.iter().enumerate() {
        let mut levels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for place in people.places(|person| person.arm.is_some()) {
            levels.entry(people.all[place].strata[at].as_str()).or_default().push(place);
        }
        let option = format!("--strata {column}");
        if let [level] = &levels.keys().collect::<Vec<_>>()[..] {
            return Err(Error::usage(
                option,
                format!("is '{level}' in all participants of the arms"),
                "vary between them",
                "leave it out: nothing is adjusted for it",
            ));
        }
        // Who lacks it is a stratum apart, named where people are read.
        levels.remove("n/a");
        let named = levels.iter().map(|(level, places)| (*level, &places[..]));
        refuse_one_level_as_two(&option, named, (people, &people.table.table.name))?;
        refuse_small("--strata", column, &levels, people)?;
        of_visits(column, (plan, people, tables), notes)?;
    }
    Ok(())
}

/// Refuse levels that differ in case alone or are one number, which are one, as arms are. `option`: which names the column.
///
/// # Errors
/// Usage, naming the option and both.
pub(super) fn refuse_one_level_as_two<'a>(
    option: &str,
    levels: impl Iterator<Item = (&'a str, &'a [usize])>,
    (people, table): (&People, &str),
) -> Result<()> {
    let all: Vec<(&str, &[usize])> = levels.collect();
    let names: Vec<String> = all.iter().map(|(level, _)| (*level).to_owned()).collect();
    let of = |level: &str| {
        let places = all.iter().find(|(own, _)| *own == level).map_or(&[][..], |(_, own)| own);
        people.with(level, places)
    };
    match alike(&names) {
        Some(([one, other], how)) => Err(Error::usage(
            option,
            format!("has {} and {}, which {how}", of(one), of(other)),
            "name each level in one way: two spellings are two levels",
            format!("correct one of them in {table}"),
        )),
        None => Ok(()),
    }
}

/// Refuse levels of one participant, and levels as many as half of them. `option`: which names the column.
///
/// # Errors
/// Usage, naming the option and how many values there are.
pub(super) fn refuse_small(
    option: &str,
    column: &str,
    levels: &BTreeMap<&str, Vec<usize>>,
    people: &People,
) -> Result<()> {
    let n: usize = levels.values().map(Vec::len).sum();
    let alone: Vec<&Vec<usize>> = levels.values().filter(|own| own.len() == 1).collect();
    let many = 2 * levels.len() >= n && levels.len() > 1;
    if !many && alone.is_empty() {
        return Ok(());
    }
    let are_numbers = levels.keys().all(|level| level.parse::<f64>().is_ok());
    let found = match alone[..] {
        _ if many => format!("has {} values in {n} participants, each a stratum", levels.len()),
        [one] => format!(
            "has {} values in {n} participants, one of them of {} alone",
            levels.len(),
            people.all[one[0]].id
        ),
        _ => format!(
            "has {} values in {n} participants, {} of them of one participant alone",
            levels.len(),
            alone.len()
        ),
    };
    Err(Error::usage(
        format!("{option} {column}"),
        found,
        "have few levels, each of two participants at least: a stratum of one says nothing of the arms",
        match are_numbers {
            true => format!(
                "make a column of classes of {column} in {}, or leave it out",
                people.table.table.name
            ),
            false => format!(
                "put small levels together in a column of {}, or leave it out",
                people.table.table.name
            ),
        },
    ))
}

/// A stratum that a table has at visits, too, may be of a later one.
fn of_visits(
    column: &str,
    (plan, people, tables): (&Plan, &People, &Tables),
    notes: &mut Notes,
) -> Result<()> {
    let is_of_visits = |table: &&Measured| {
        table.name != people.table.name && table.table.position("session_id").is_some()
    };
    let cells = people.table.texts(column)?;
    for table in tables.all.iter().filter(is_of_visits) {
        if !table.has(column)? {
            continue;
        }
        let Ok(visits) = Visits::new(table, column, people) else { continue };
        let is_of = |session: &str| {
            let both = people.all.iter().enumerate().filter_map(|(place, person)| {
                Some((
                    cells[person.row].as_ref()?.parse::<f64>().ok()?,
                    visits.get(place, session)?,
                ))
            });
            let all: Vec<(f64, f64)> = both.collect();
            all.len() > 1 && all.iter().all(|(stratum, value)| stratum == value)
        };
        let name = &table.table.name;
        let later = |session: &&String| **session != plan.baseline && is_of(session);
        if let Some(session) = visits.sessions.iter().find(later)
            && !is_of(&plan.baseline)
        {
            return Err(Error::usage(
                format!("--strata {column}"),
                format!("has the values of {name} at {session}, after randomisation"),
                "be known before randomisation: what the treatment may change takes its effect away",
                format!("take the value at {}, as classes, or leave it out", plan.baseline),
            ));
        }
        if !is_of(&plan.baseline) {
            notes.warn(
                format!("stratum {column} is a column of {name}, too, and not that of {}: a stratum must be known before randomisation", plan.baseline),
                Vec::new(),
            );
        }
    }
    Ok(())
}
