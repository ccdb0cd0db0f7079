//! What the contrasts of a page's units weigh, those that go up and have no picture of their own among them.

use super::super::unit::{Asked, Unit};
use super::Plan;
use crate::report::analysis::{Weighed, Weights};

/// Columns with a weight, a row each.
type Rows = Vec<Vec<(String, f64)>>;

/// A contrast that some units of a node weigh alike.
struct Alike<'a> {
    node: usize,
    asked: &'a Asked,
    rows: Rows,
    who: Vec<String>,
}

/// In the order of units.
pub(super) fn of(plan: &Plan, units: &[&Unit]) -> Vec<Weighed> {
    let mut all: Vec<Alike<'_>> = Vec::new();
    for unit in units {
        for asked in &unit.asked {
            let rows = rows(asked, &unit.columns);
            let is_same = |own: &&mut Alike<'_>| {
                own.node == unit.node && own.asked.name == asked.name && own.rows == rows
            };
            match all.iter_mut().find(is_same) {
                Some(own) => own.who.push(unit.name()),
                None => all.push(Alike { node: unit.node, asked, rows, who: vec![unit.name()] }),
            }
        }
    }
    let n_of = |one: &Alike<'_>| {
        let own = all.iter().filter(|o| o.node == one.node && o.asked.name == one.asked.name);
        own.count()
    };
    let weighed = |one: &Alike<'_>| {
        // Of one kind alone nobody needs to be named.
        let of = if n_of(one) == 1 { String::new() } else { one.who.join(", ") };
        let rows =
            one.rows.iter().map(|columns| Weights { of: of.clone(), columns: columns.clone() });
        Weighed {
            name: format!("{} ({})", one.asked.name, plan.read.model.nodes[one.node].name),
            letter: if one.asked.is_f() { "F" } else { "t" },
            rows: rows.collect(),
        }
    };
    all.iter().map(weighed).collect()
}

fn rows(asked: &Asked, columns: &[String]) -> Rows {
    let of_row = |row: &Vec<f64>| {
        let weighed = columns.iter().zip(row).filter(|(_, weight)| **weight != 0.0);
        weighed.map(|(name, weight)| (name.clone(), *weight)).collect()
    };
    asked.weights.iter().map(of_row).collect()
}
