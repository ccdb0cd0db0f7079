//! Columns of outcomes, responder rules and relations that no table has: `cpm:absolute`, `cpm:percent`, `pressure:p50`, `pressure:slope`, `pressure:auc`. A table's own column of such a name comes first.

use super::people::People;
use super::plan::{Column, Plan};
use super::tables::{Tables, stem};
use super::visits::Visits;
use super::{cpm, pressure};
use crate::design::similar::closest;
use crate::error::{Error, Result};

/// Every one, with the option that makes it.
const NAMES: [(&str, &str); 5] = [
    ("cpm:absolute", "--cpm"),
    ("cpm:percent", "--cpm"),
    ("pressure:p50", "--pressure"),
    ("pressure:slope", "--pressure"),
    ("pressure:auc", "--pressure"),
];

/// What an analysis makes.
enum Made {
    Cpm(cpm::Measure),
    Pressure(pressure::Measure),
}

/// A column of a relation with its table filled in, which is `cpm` or `pressure` for what these analyses make.
///
/// # Errors
/// As [`Tables::resolve`].
pub fn resolve(column: &Column, plan: &Plan, tables: &Tables) -> Result<Column> {
    let own = |table: &str| Column { table: table.to_owned(), column: column.column.clone() };
    match (tables.resolve(column), made(column, plan)) {
        (Err(_), Some(Made::Cpm(_))) => Ok(own("cpm")),
        (Err(_), Some(Made::Pressure(_))) => Ok(own("pressure")),
        (Err(error), None) => Err(with_names(error, column)),
        (resolved, _) => resolved,
    }
}

/// What is no table's column, with the columns that relations also have.
fn with_names(error: Error, column: &Column) -> Error {
    let Error::Usage(mut fault) = error else { return error };
    let all = NAMES.map(|(name, _)| name.to_owned());
    let asked = column.to_string();
    let option = NAMES.iter().find(|(name, _)| *name == asked).map(|(_, option)| option);
    fault.hint = match (option, closest(&asked, &all)) {
        (Some(option), _) => format!("{asked} is made by {option}: give that, too"),
        (None, Some(near)) => format!("did you mean '{near}'?"),
        (None, None) => fault.hint,
    };
    fault.hint += &format!(
        "; --correlate, --outcome and --responder also have {} (of --cpm) and {} (of --pressure)",
        all[..2].join(", "),
        all[2..].join(", ")
    );
    Error::Usage(fault)
}

/// A column of an outcome or a rule, with its table filled in, which is `cpm` or `pressure` for what these analyses make.
///
/// # Errors
/// As [`Tables::resolve`]; usage for what is made by an analysis that is not asked for.
pub(super) fn of_outcome(column: &Column, plan: &Plan, tables: &Tables) -> Result<Column> {
    let own = |table: &str, name: &str| Column { table: table.to_owned(), column: name.to_owned() };
    let asked = column.to_string();
    let option = NAMES.iter().find(|(name, _)| *name == asked).map(|(_, option)| option);
    match (tables.resolve(column), made(column, plan), option) {
        (Err(_), Some(Made::Cpm(measure)), _) => Ok(own("cpm", measure.name())),
        (Err(_), Some(Made::Pressure(measure)), _) => Ok(own("pressure", measure.name())),
        (Err(_), None, Some(option)) => Err(Error::usage(
            format!("column '{asked}'"),
            format!("is made by {option}, which is not given"),
            "be a column of a table, or made by an analysis of this command",
            format!("give {option}, too"),
        )),
        (resolved, ..) => resolved,
    }
}

/// A column of a covariate or of motion, with its table filled in: what analyses make is none.
///
/// # Errors
/// As [`Tables::resolve`]; usage for what an analysis makes.
pub(super) fn of_table(column: &Column, tables: &Tables) -> Result<Column> {
    let asked = column.to_string();
    match (tables.resolve(column), NAMES.iter().find(|(name, _)| *name == asked)) {
        (Err(_), Some((_, option))) => Err(Error::usage(
            format!("column '{asked}'"),
            format!("is made by {option}"),
            "be a table's column where it is a covariate or motion",
            format!("leave it out here: --outcome, --responder and --correlate take {asked}"),
        )),
        (resolved, _) => resolved,
    }
}

/// Whether a column is what CPM or pressure pain make, and no table's.
pub(super) fn is_made(column: &Column, plan: &Plan, tables: &Tables) -> bool {
    tables.resolve(column).is_err() && made(column, plan).is_some()
}

/// A column by participant and session.
///
/// # Errors
/// As [`Tables::visits`], and as the analysis that makes it.
pub(super) fn visits(
    column: &Column,
    plan: &Plan,
    people: &People,
    tables: &Tables,
) -> Result<Visits> {
    match (tables.resolve(column), made(column, plan), &plan.cpm, &plan.pressure) {
        (Err(_), Some(Made::Cpm(measure)), Some(own), _) => {
            cpm::visits(measure, own, people, tables)
        }
        (Err(_), Some(Made::Pressure(measure)), _, Some(own)) => {
            pressure::visits(measure, (own, plan.conf), people, tables)
        }
        _ => tables.visits(column, people),
    }
}

fn made(column: &Column, plan: &Plan) -> Option<Made> {
    let is_of = |own: &str, table: &str| {
        column.table.is_empty() || column.table == own || stem(&column.table) == stem(table)
    };
    if let Some(own) = &plan.cpm
        && is_of("cpm", &own.table)
        && let Some(of) = cpm::Measure::ALL.into_iter().find(|m| m.name() == column.column)
    {
        return Some(Made::Cpm(of));
    }
    let own = plan.pressure.as_ref().filter(|own| is_of("pressure", &own.table))?;
    let of = pressure::Measure::ALL.into_iter();
    // P40 where the target is 40.
    let target = format!("p{}", own.target);
    let is = |m: &pressure::Measure| {
        m.name() == column.column || (m.name() == "p50" && target == column.column)
    };
    of.into_iter().find(is).map(Made::Pressure)
}
