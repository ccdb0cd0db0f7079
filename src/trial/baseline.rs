//! The arms before treatment: means, medians and counts of everybody randomised, with standardised differences and no p (CONSORT 2010, item 15; Austin 2009).

use std::collections::BTreeSet;

use super::ancova::moments;
use super::are_numbers::{are_numbers, few_codes, or_levels};
use super::arm::{Arm, ByArm};
use super::derived;
use super::note::{Notes, counted, verb};
use super::people::People;
use super::plan::Plan;
use super::results::{Baseline, BaselineRow, Summary};
use super::tables::{Measured, Tables};
use crate::design::similar;
use crate::error::{Error, Result};

/// More levels than this are no factor.
const MOST_LEVELS: usize = 20;

/// Columns of levels, be they codes, and how many codes these may be.
const SEX: [&str; 2] = ["sex", "gender"];
const MOST_CODES: usize = 6;

/// Columns of participants.tsv that are described where the plan names none.
const USUAL: [&str; 2] = ["age", "sex"];

/// Describe participants' columns, then the outcomes at baseline.
///
/// # Errors
/// What tables and columns lack; a column of words with too many levels to count.
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Baseline> {
    let mut rows = Vec::new();
    for column in described(plan, people, notes)? {
        let are_levels = plan.strata.contains(&column) || are_codes_of_sex(&column, people, notes)?;
        let own = of_column(&column, are_levels, people)?;
        let texts = people.table.texts(&column)?;
        match own.iter().any(|row| row.level.is_some()) {
            true => tell_one_level_as_two(&column, &own, notes),
            false => tell_codes((&column, &texts), people, notes),
        }
        rows.extend(own);
        let without: Vec<usize> = (0..texts.len())
            .filter(|&at| people.all[at].arm.is_some() && texts[at].is_none())
            .collect();
        if !without.is_empty() {
            let n = without.len();
            let (who, lack) = (counted(n, "participant"), verb(n, ["lacks", "lack"]));
            notes.warn(
                format!("{who} of the baseline table {lack} {column}"),
                people.names(&without),
            );
        }
    }
    for outcome in &plan.outcomes {
        let visits = derived::visits(&outcome.column, plan, people, tables)?;
        let label = outcome.label.clone().unwrap_or_else(|| visits.label.clone());
        let values = visits.at(&plan.baseline)?;
        let named = (visits.column.to_string(), label, visits.units.clone());
        rows.push(of_numbers(named, &values, people));
    }
    Ok(Baseline { rows })
}

/// Nothing is tested by a description, so that levels of nearly one name are told and stay.
fn tell_one_level_as_two(column: &str, rows: &[BaselineRow], notes: &mut Notes) {
    let levels: Vec<String> = rows.iter().filter_map(|row| row.level.clone()).collect();
    if let Some(([one, other], how)) = similar::alike(&levels) {
        notes.warn(
            format!(
                "{column} has '{one}' and '{other}', which {how}: two levels of the baseline table"
            ),
            Vec::new(),
        );
    }
}

/// Numbers of a few whole values may be codes of levels, such as sites, of which a mean is nothing.
fn tell_codes((column, texts): (&str, &[Option<String>]), people: &People, notes: &mut Notes) {
    let of_arms = people.places(|person| person.arm.is_some()).into_iter();
    let texts: Vec<&String> = of_arms.filter_map(|place| texts[place].as_ref()).collect();
    let numbers = texts.iter().filter_map(|text| text.parse().ok());
    let Some(codes) = few_codes(&people.table, column, numbers) else { return };
    let distinct: BTreeSet<String> = texts.into_iter().cloned().collect();
    let distinct: Vec<String> = distinct.into_iter().collect();
    let more = similar::alike(&distinct)
        .map_or(String::new(), |([one, other], how)| format!(" ('{one}' and '{other}' {how})"));
    notes.warn(
        format!(
            "{column} has the values {codes} alone and is described by its mean, as a number{more}; where these are levels, give Levels of it in {}",
            people.table.json()
        ),
        Vec::new(),
    );
}

/// # Errors
/// As [`Measured::has`] of age and sex, where the plan names no such column either.
fn described(plan: &Plan, people: &People, notes: &mut Notes) -> Result<Vec<String>> {
    if !plan.describe.is_empty() {
        return Ok(plan.describe.clone());
    }
    let covariates = plan.covariates.iter().map(|one| &one.column.column);
    let named: Vec<&String> = plan.strata.iter().chain(covariates).chain([&plan.arm]).collect();
    let (mut all, mut absent) = (Vec::new(), Vec::new());
    for name in USUAL {
        let is_named = |own: &str| named.iter().any(|other| *other == own);
        let is_there = match people.table.table.respelt(name).is_some_and(is_named) {
            true => false,
            false => people.table.has(name)?,
        };
        if is_there { &mut all } else { &mut absent }.push(name.to_owned());
    }
    if !absent.is_empty() {
        notes.info(
            format!(
                "{} has no column {}: not in the baseline table (--describe names others)",
                people.table.table.name,
                absent.join(" and no ")
            ),
            Vec::new(),
        );
    }
    all.extend(plan.strata.iter().filter(|name| !USUAL.contains(&name.as_str())).cloned());
    Ok(all)
}

/// Whether a column is the sex of participants by its name, as codes that no dictionary explains: their mean is nothing. Which is told.
fn are_codes_of_sex(column: &str, people: &People, notes: &mut Notes) -> Result<bool> {
    let table: &Measured = &people.table;
    if !SEX.contains(&column.to_lowercase().as_str()) || !are_numbers(table, column)? {
        return Ok(false);
    }
    let codes: BTreeSet<String> = table.texts(column)?.into_iter().flatten().collect();
    let is_whole = |code: &String| code.parse().is_ok_and(|code: f64| code.fract() == 0.0);
    if codes.len() > MOST_CODES || !codes.iter().all(is_whole) {
        return Ok(false);
    }
    let codes: Vec<String> = codes.into_iter().collect();
    notes.warn(
        format!(
            "{column} holds {} alone, codes that no Levels explain: they are counted as levels; give Levels of {column} in {}",
            codes.join(", "),
            table.json()
        ),
        Vec::new(),
    );
    Ok(true)
}

/// A column of participants.tsv: numbers or levels, which strata are in the models, too.
fn of_column(column: &str, are_levels: bool, people: &People) -> Result<Vec<BaselineRow>> {
    let table: &Measured = &people.table;
    let texts = table.texts(column)?;
    let variable = table.dictionary.get(column);
    let label = variable.and_then(|v| v.long_name.clone()).unwrap_or_else(|| column.to_owned());
    let named = (format!("participants:{column}"), label, variable.and_then(|v| v.units.clone()));
    if !are_levels && are_numbers(table, column)? {
        let numbers = table.numbers(column).map_err(|error| or_levels(error, table, column))?;
        if column == "age" {
            table.numbers_on(column, "an age in years", [0.0, 130.0])?;
        }
        return Ok(vec![of_numbers(named, &numbers, people)]);
    }
    // A site that only those have who were not randomised describes nobody.
    let there = texts.iter().zip(&people.all).filter(|(_, person)| person.arm.is_some());
    let levels: BTreeSet<&String> = there.filter_map(|(text, _)| text.as_ref()).collect();
    let mut levels: Vec<&String> = levels.into_iter().collect();
    // Sites 2 and 10 in this order.
    let number = |level: &str| level.parse::<f64>().unwrap_or(f64::INFINITY);
    levels.sort_by(|one, other| number(one).total_cmp(&number(other)));
    if levels.len() > MOST_LEVELS && !are_levels {
        return Err(Error::usage(
            format!("column '{column}' of {}", table.table.name),
            format!("holds {} different words", levels.len()),
            format!("hold numbers, or at most {MOST_LEVELS} levels"),
            "leave it out of describe",
        ));
    }
    Ok(levels.into_iter().map(|level| of_level((&named, column), level, &texts, people)).collect())
}

type Name = (String, String, Option<String>);

fn of_numbers(
    (variable, label, units): Name,
    values: &[Option<f64>],
    people: &People,
) -> BaselineRow {
    let own = ByArm::of(|arm| {
        people.randomised(arm).into_iter().filter_map(|at| values[at]).collect::<Vec<f64>>()
    });
    let of = |arm: Arm| {
        let mut sorted = own.get(arm).clone();
        sorted.sort_by(f64::total_cmp);
        let there = !sorted.is_empty();
        let (mean, sd) = if there { moments(own.get(arm)) } else { (0.0, None) };
        Summary::Number {
            mean: there.then_some(mean),
            sd,
            median: quantile(&sorted, 0.5),
            q1: quantile(&sorted, 0.25),
            q3: quantile(&sorted, 0.75),
            least: sorted.first().copied(),
            greatest: sorted.last().copied(),
        }
    };
    let [control, active] = Arm::BOTH.map(|arm| {
        let own = own.get(arm);
        let (mean, sd) = if own.is_empty() { (0.0, None) } else { moments(own) };
        sd.map(|sd| (mean, sd * sd))
    });
    BaselineRow {
        variable,
        label,
        level: None,
        units,
        n: ByArm::of(|arm| own.get(arm).len()),
        missing: ByArm::of(|arm| people.randomised(arm).len() - own.get(arm).len()),
        summary: ByArm::of(of),
        standardised_difference: standardised(control, active),
    }
}

fn of_level(
    ((variable, label, units), column): (&Name, &str),
    level: &str,
    texts: &[Option<String>],
    people: &People,
) -> BaselineRow {
    let own = ByArm::of(|arm| {
        let all = people.randomised(arm).into_iter().filter_map(|at| texts[at].as_deref());
        all.map(|text| text == level).collect::<Vec<bool>>()
    });
    let count = |arm: Arm| own.get(arm).iter().filter(|is| **is).count();
    let share = |arm: Arm| {
        let n = own.get(arm).len();
        (n > 0).then(|| count(arm) as f64 / n as f64)
    };
    let [control, active] = Arm::BOTH.map(|arm| share(arm).map(|p| (p, p * (1.0 - p))));
    BaselineRow {
        variable: variable.clone(),
        label: label.clone(),
        level: Some(match people.table.dictionary.get(column).map(|own| own.called(level)) {
            Some(called) if called != level => format!("{called} ({level})"),
            _ => level.to_owned(),
        }),
        units: units.clone(),
        n: ByArm::of(|arm| own.get(arm).len()),
        missing: ByArm::of(|arm| people.randomised(arm).len() - own.get(arm).len()),
        summary: ByArm::of(|arm| Summary::Count { count: count(arm), share: share(arm) }),
        standardised_difference: standardised(control, active),
    }
}

/// Of means with variances.
fn standardised(control: Option<(f64, f64)>, active: Option<(f64, f64)>) -> Option<f64> {
    let ((m0, v0), (m1, v1)) = (control?, active?);
    let spread = ((v0 + v1) / 2.0).sqrt();
    (spread > 0.0).then(|| (m1 - m0) / spread)
}

/// Type 7 (Hyndman and Fan 1996), R's and numpy's; of rising values.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = share * last as f64;
    let (below, part) = (at.floor() as usize, at - at.floor());
    let next = sorted[(below + 1).min(last)];
    Some(sorted[below] + part * (next - sorted[below]))
}
