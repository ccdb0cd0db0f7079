//! What a node of the dataset compares: the rows of its design, whose they are, and its columns.

use ndarray::Array2;

use super::super::unit::{Row, Unit};
use super::Plan;
use crate::pipeline::spec::Command;
use crate::report::analysis::Design;

/// The design of a unit above the run; none where it has one column, which compares nothing.
pub(super) fn of(plan: &Plan, unit: &Unit) -> Option<Design> {
    let (n, n_columns) = (unit.design.len(), unit.columns.len());
    let is_drawn = !matches!(unit.command, Command::Glm(_)) && n_columns > 1 && n > 0;
    let value = |(row, column): (usize, usize)| unit.design[row].values[column];
    let are_of_several = unit.design.iter().any(|row| row.contrast != unit.design[0].contrast);
    let name = |row: &Row| match are_of_several {
        true => format!("{}, {}", plan.units[row.unit].name(), row.contrast),
        false => plan.units[row.unit].name(),
    };
    is_drawn.then(|| Design {
        rows: unit.design.iter().map(name).collect(),
        columns: unit.columns.clone(),
        values: Array2::from_shape_fn((n, n_columns), value),
        has_table: !unit.texts.is_empty(),
    })
}
