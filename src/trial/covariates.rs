//! The plan's covariates: columns of participants.tsv, numbers or levels, and numbers of tables with visits.
//!
//! They enter the analyses of covariance and nothing else. A value that is measured after randomisation (`@endpoint`, `@change`) may be an effect of the treatment, and takes that part of it
//! out of the difference: told, for that may be what is asked (how much of a change of the brain goes with heart rate).

use std::collections::{BTreeMap, BTreeSet};

use super::are_numbers::{are_numbers, few_codes, or_levels};
use super::covariate::{Covariate, Kind, Values, When};
use super::note::{Notes, counted, verb};
use super::people::People;
use super::plan::Plan;
use super::strata;
use super::tables::{Measured, Tables};
use crate::error::{Error, Result};

/// So many levels are listed.
const LISTED: usize = 6;

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
        tell_codes(&values, one, &people, notes);
        tell_lacking(&values, &people, notes);
        all.push(values);
    }
    let names: Vec<String> = all.iter().map(|one| said(one, &people)).collect();
    notes.info(
        format!(
            "analyses of covariance are adjusted also for {}. Responders, change scores, arm x visit and relations are not",
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
    visits.tell_runs(notes);
    let before = || visits.at(&plan.baseline);
    let after = || visits.at(&plan.endpoint);
    let of_table = tables.get(&visits.column.table)?;
    let own = of_table.dictionary.get(&visits.column.column);
    if own.is_some_and(|own| !own.levels.is_empty()) {
        notes.warn(
            format!(
                "covariate {name} has Levels in {}.json and enters as a number, as all covariates of tables with visits do",
                of_table.name
            ),
            Vec::new(),
        );
    }
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

/// A column with a row a participant: numbers or levels.
fn of_participants(table: &Measured, column: &str, people: &People) -> Result<Kind> {
    let places = table.people(people)?;
    if !are_numbers(table, column)? {
        return Ok(Kind::Levels(placed(table, &places, table.names(column)?, people)?));
    }
    let numbers = table.numbers(column).map_err(|error| or_levels(error, table, column))?;
    Ok(Kind::Numbers(placed(table, &places, numbers, people)?))
}

/// As what a covariate enters: "site (levels 1, 2, 3)".
fn said(values: &Values, people: &People) -> String {
    let name = &values.name;
    match levels_of(values, people) {
        Some(levels) if levels.len() > LISTED => {
            format!("{name} ({} levels: {}, ...)", levels.len(), levels[..LISTED].join(", "))
        }
        Some(levels) => format!("{name} (levels {})", levels.join(", ")),
        None => format!("{name} (a number, less its mean over those analysed)"),
    }
}

/// The levels of those of the arms, sorted; none of a number.
fn levels_of(values: &Values, people: &People) -> Option<Vec<String>> {
    let Kind::Levels(all) = &values.kind else { return None };
    let of_arms = people.places(|person| person.arm.is_some()).into_iter();
    let levels: BTreeSet<String> = of_arms.filter_map(|place| all[place].clone()).collect();
    Some(levels.into_iter().collect())
}

/// Numbers of a few whole values may be codes of levels, such as sites.
fn tell_codes(values: &Values, one: &Covariate, people: &People, notes: &mut Notes) {
    let Kind::Numbers(all) = &values.kind else { return };
    let table = &people.table;
    if one.column.table != table.name {
        return;
    }
    let of_arms = people.places(|person| person.arm.is_some()).into_iter();
    let numbers = of_arms.filter_map(|place| all[place]);
    if let Some(codes) = few_codes(table, &one.column.column, numbers) {
        notes.warn(
            format!(
                "covariate {} has the values {codes} alone and is taken as a number; where these are levels, give Levels of it in {}.json",
                values.name, table.name
            ),
            Vec::new(),
        );
    }
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
            let named = levels.iter().map(|(level, places)| (level.as_str(), &places[..]));
            strata::refuse_one_level_as_two(&option, named, (people, table))?;
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
