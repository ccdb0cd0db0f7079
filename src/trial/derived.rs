//! Columns of relations that no table has: `cpm:absolute`, `cpm:percent`, `pressure:p50`, `pressure:slope`, `pressure:auc`. A table's own column of such a name comes first.

use super::people::People;
use super::plan::{Column, Plan};
use super::tables::{Tables, stem};
use super::visits::Visits;
use super::{cpm, pressure};
use crate::error::Result;

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
        (resolved, _) => resolved,
    }
}

/// A column of a relation by participant and session.
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
