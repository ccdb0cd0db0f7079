//! Values that can hardly be: codes for missing values, and values far from all others. They are told with line and participant, and stay in the analysis: a dictionary's Range refuses them.
//!
//! - A code (99, 999, -9, ...) is one where it lies beyond all other values by more than half of their range: 99 on a scale to 100 is a rating.
//! - Far is more than 10 robust standard deviations from the median, 1.4826 times the median distance from it; of normal values one in 1e23 is. Where half of the values are the same there
//!   is no such distance, and none is far.

use super::note::{Notes, counted};
use super::people::People;
use super::plan::{Column, Plan};
use super::tables::{Measured, Tables};
use super::{brain, derived, motion, physiology};
use crate::error::Result;

/// Sizes of numbers that stand for a missing value; those below 99 where they are negative.
const CODES: [f64; 9] = [9.0, 77.0, 88.0, 99.0, 777.0, 888.0, 999.0, 8888.0, 9999.0];

/// Robust standard deviations from the median beyond which a value is far.
const FAR: f64 = 10.0;

/// The least number of values of which one can be far from the others.
const FEWEST: usize = 8;

/// Tell the odd values of every column of numbers that the plan reads.
///
/// # Errors
/// Bad data: cells that are no numbers.
pub(super) fn tell(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<()> {
    for column in columns(plan, people, tables)? {
        let table = match column.table == people.table.name {
            true => &people.table,
            false => tables.get(&column.table)?,
        };
        of_column(table, &column.column, people, notes)?;
    }
    of_physiology(people, tables, notes);
    Ok(())
}

/// The same of what is described wherever it lies; what is wrong with that table is told by who describes it.
fn of_physiology(people: &People, tables: &Tables, notes: &mut Notes) {
    let Some(table) = tables.all.iter().find(|table| table.name == physiology::TABLE) else {
        return;
    };
    for column in physiology::columns(table).unwrap_or_default() {
        of_column(table, &column, people, notes).unwrap_or_default();
    }
}

/// Every column of numbers of the plan, each once.
fn columns(plan: &Plan, people: &People, tables: &Tables) -> Result<Vec<Column>> {
    let own =
        |table: &str, column: &str| Column { table: table.to_owned(), column: column.to_owned() };
    let mut all: Vec<&Column> = plan.outcomes.iter().map(|one| &one.column).collect();
    all.extend(plan.responders.iter().flat_map(|rule| &rule.parts).map(|part| &part.column));
    all.extend(plan.covariates.iter().map(|one| &one.column));
    all.extend(plan.correlations.iter().flat_map(|relation| [&relation.first, &relation.second]));
    // Of what analyses make, the columns that it is made of.
    all.retain(|column| !derived::is_made(column, plan, tables));
    let mut all: Vec<Column> = all.into_iter().cloned().collect();
    if let Some(part) = &plan.cpm {
        all.extend([&part.pre, &part.post].map(|column| own(&part.table, column)));
    }
    if let Some(part) = &plan.pressure {
        all.extend([&part.pressure, &part.rating].map(|column| own(&part.table, column)));
    }
    if let Some(part) = &plan.brain {
        let table = tables.get(&part.table)?;
        let regions = brain::regions(part, table, &plan.arm)?;
        all.extend(regions.iter().map(|region| own(&part.table, region)));
        all.extend(motion::columns(table).iter().map(|column| own(&part.table, column)));
    }
    if let Some(part) = &plan.crossover {
        all.push(own(&part.table, &part.outcome));
        let baseline = part.baseline.as_deref().unwrap_or("baseline");
        all.push(own(&part.table, baseline));
    }
    if let Some(name) = &plan.adverse_events {
        all.push(own(name, "onset_day"));
    }
    let of_people = ["age", "last_day"].into_iter();
    let of_people = of_people.chain(plan.describe.iter().map(String::as_str));
    all.extend(of_people.map(|column| own(&people.table.name, column)));
    let mut seen: Vec<Column> = Vec::new();
    for column in all {
        let column = match column.table.is_empty() {
            true => tables.resolve(&column)?,
            false => column,
        };
        if !seen.contains(&column) {
            seen.push(column);
        }
    }
    Ok(seen)
}

fn of_column(table: &Measured, column: &str, people: &People, notes: &mut Notes) -> Result<()> {
    // Words, and columns that are not there, are for whoever reads them; levels are refused by the dictionary.
    let is_number = |text: &String| text.parse::<f64>().is_ok();
    if table.table.position(column).is_none()
        || !table.texts(column)?.iter().flatten().all(is_number)
        || table.dictionary.get(column).is_some_and(|variable| !variable.levels.is_empty())
    {
        return Ok(());
    }
    let numbers = table.numbers(column)?;
    let is_odd = odd(&numbers);
    let rows: Vec<usize> = (0..numbers.len()).filter(|&row| is_odd[row].is_some()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids = table.ids()?;
    let said = |&row: &usize| {
        let id = people.find(&ids[row]).map_or(&ids[row], |place| &people.all[place].id);
        let value = numbers[row].unwrap_or_default();
        format!("{id} ({}: {value})", table.other_line(row))
    };
    let codes = rows.iter().any(|&row| is_odd[row] == Some(Odd::Code));
    let what = match (codes, rows.len()) {
        (true, 1) => "may be a code for a missing value, which must be n/a",
        (true, _) => "may be codes for missing values, which must be n/a",
        (false, 1) => "lies far from all others: check it",
        (false, _) => "lie far from all others: check them",
    };
    notes.warn(
        format!(
            "{} of {column} ({}) {what}; a Range or Minimum and Maximum in the dictionary refuses what cannot be",
            counted(rows.len(), "value"),
            table.table.name
        ),
        rows.iter().map(said).collect(),
    );
    Ok(())
}

/// Why a value is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// It may stand for a missing one.
    Code,
    /// It lies far from all others.
    Far,
}

/// Of each value why it is odd, if it is.
pub(super) fn odd(values: &[Option<f64>]) -> Vec<Option<Odd>> {
    let is_code = |v: f64| CODES.contains(&v.abs()) && !(0.0..99.0).contains(&v);
    let ends = values.iter().flatten().filter(|v| !is_code(**v));
    let [least, greatest] =
        ends.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, g], v| [l.min(*v), g.max(*v)]);
    let room = 0.5 * (greatest - least);
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let spread = (sorted.len() >= FEWEST).then(|| {
        let middle = median(&sorted);
        let mut distances: Vec<f64> = sorted.iter().map(|v| (v - middle).abs()).collect();
        distances.sort_by(f64::total_cmp);
        (middle, 1.4826 * median(&distances))
    });
    let of = |v: f64| {
        let beyond = (v - greatest).max(least - v);
        if is_code(v) && beyond.is_finite() && beyond > room {
            return Some(Odd::Code);
        }
        let is_far = |(middle, sd): (f64, f64)| sd > 0.0 && (v - middle).abs() > FAR * sd;
        spread.is_some_and(is_far).then_some(Odd::Far)
    };
    values.iter().map(|value| value.and_then(of)).collect()
}

/// Of rising values, one at least.
fn median(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    0.5 * (sorted[(n - 1) / 2] + sorted[n / 2])
}
