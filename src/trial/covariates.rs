//! The plan's covariates: columns of participants.tsv, numbers or levels, and numbers of tables with visits.
//!
//! They enter the analyses of covariance and nothing else. A value that is measured after randomisation (`@endpoint`, `@change`) may be an effect of the treatment, and takes that part of it
//! out of the difference: told, for that may be what is asked (how much of a change of the brain goes with heart rate).

use std::collections::BTreeMap;

use super::covariate::{Covariate, Kind, Values, When};
use super::note::{Notes, counted, verb};
use super::people::People;
use super::plan::Plan;
use super::strata;
use super::tables::{Measured, Tables};
use crate::error::{Error, Result};

/// The people with the values of every covariate; who lacks one is named.
///
/// # Errors
/// Usage: a column that is the arm or a stratum, one that is the same in everybody, levels of one participant. Bad data as [`Tables::visits`] and [`Measured::numbers`].
pub fn read(plan: &Plan, people: People, tables: &Tables, notes: &mut Notes) -> Result<People> {
    let mut people = people;
    if plan.covariates.is_empty() {
        return Ok(people);
    }
    let mut all = Vec::new();
    for one in &plan.covariates {
        let values = values(one, plan, (&people, tables), notes)?;
        judge(&values, &people, &one.column.table)?;
        tell_lacking(&values, &people, notes);
        all.push(values);
    }
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    notes.info(
        format!(
            "analyses of covariance are adjusted also for {}; numbers less their mean over those analysed. Responders, change scores, arm x visit and relations are not",
            names.join(", ")
        ),
        Vec::new(),
    );
    people.covariates = all;
    Ok(people)
}

fn values(
    one: &Covariate,
    plan: &Plan,
    (people, tables): (&People, &Tables),
    notes: &mut Notes,
) -> Result<Values> {
    let name = one.called();
    let Some(when) = one.at else {
        let of_people = one.column.table == people.table.name;
        let table = if of_people { &people.table } else { tables.get(&one.column.table)? };
        return Ok(Values { name, kind: of_participants(table, &one.column.column, people)? });
    };
    let visits = tables.visits(&one.column, people)?;
    let before = || visits.at(&plan.baseline);
    let after = || visits.at(&plan.endpoint);
    let all = match when {
        When::Baseline => before()?,
        When::Endpoint => after()?,
        When::Change => {
            let both = before()?.into_iter().zip(after()?);
            both.map(|(before, after)| Some(after? - before?)).collect()
        }
    };
    if when != When::Baseline {
        notes.warn(
            format!(
                "covariate {name} is known only after randomisation: what the treatment changes of it is taken out of every difference"
            ),
            Vec::new(),
        );
    }
    Ok(Values { name, kind: Kind::Numbers(all) })
}

/// A column with a row a participant: levels where its dictionary has levels or most of its cells are no numbers.
fn of_participants(table: &Measured, column: &str, people: &People) -> Result<Kind> {
    let texts = table.texts(column)?;
    let there = texts.iter().flatten().count();
    let n_numbers = texts.iter().flatten().filter(|text| text.parse::<f64>().is_ok()).count();
    let has_levels = table.dictionary.get(column).is_some_and(|of| !of.levels.is_empty());
    let places = table.people(people)?;
    if has_levels || 2 * n_numbers <= there {
        return Ok(Kind::Levels(placed(table, &places, texts, people)?));
    }
    Ok(Kind::Numbers(placed(table, &places, table.numbers(column)?, people)?))
}

/// The values of rows as those of people.
fn placed<T: Clone>(
    table: &Measured,
    places: &[usize],
    values: Vec<Option<T>>,
    people: &People,
) -> Result<Vec<Option<T>>> {
    let mut all = vec![None; people.all.len()];
    let mut lines: BTreeMap<usize, usize> = BTreeMap::new();
    for (row, (&place, value)) in places.iter().zip(values).enumerate() {
        if let Some(other) = lines.insert(place, row) {
            return Err(Error::bad_data(
                table.line(row),
                format!("is of a participant as {} is", table.other_line(other)),
                "be the only row of a participant, where a table has no session_id",
                "delete or correct one of them",
            ));
        }
        all[place] = value;
    }
    Ok(all)
}

/// Refuse what tells nothing: one value in all, or levels that one participant has.
fn judge(values: &Values, people: &People, table: &str) -> Result<()> {
    let mut levels: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for place in people.places(|person| person.arm.is_some()) {
        let value = match &values.kind {
            Kind::Numbers(all) => all[place].map(|value| value.to_string()),
            Kind::Levels(all) => all[place].clone(),
        };
        if let Some(value) = value {
            levels.entry(value).or_default().push(place);
        }
    }
    let option = format!("--covariate {}", values.name);
    if levels.len() < 2 {
        let found = match levels.keys().next() {
            Some(value) => format!("is '{value}' in all participants of the arms who have it"),
            None => "is n/a in all participants of the arms".to_owned(),
        };
        return Err(Error::usage(option, found, "vary between participants", "leave it out"));
    }
    match values.kind {
        Kind::Numbers(_) => Ok(()),
        Kind::Levels(_) => {
            strata::refuse_one_level_as_two(&option, levels.keys().map(String::as_str), table)?;
            let levels = levels.iter().map(|(level, own)| (level.as_str(), own.clone())).collect();
            strata::refuse_small("--covariate", &values.name, &levels, people)
        }
    }
}

fn tell_lacking(values: &Values, people: &People, notes: &mut Notes) {
    let lack = people.places(|person| person.arm.is_some());
    let lack: Vec<usize> = lack.into_iter().filter(|&place| !values.is_known(place)).collect();
    if !lack.is_empty() {
        let (who, verb) = (counted(lack.len(), "participant"), verb(lack.len(), ["lacks", "lack"]));
        notes.warn(
            format!("{who} {verb} covariate {}: in no analysis of covariance", values.name),
            people.names(&lack),
        );
    }
}
