//! Sides of a relation that do not vary.

use crate::error::Result;
use crate::trial::arm::Arm;
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::results::CorrelationRow;
use crate::trial::still::is_still;

/// The sides, `first` and `second`, that do not vary in an arm or in all, with their value.
pub(super) fn sides(row: &CorrelationRow, arm: Option<Arm>) -> Result<Vec<(&str, f64)>> {
    let own = row.points.iter().filter(|point| arm.is_none_or(|arm| point.arm == arm));
    let (first, second): (Vec<f64>, Vec<f64>) =
        own.map(|point| (point.first, point.second)).unzip();
    let mut still = Vec::new();
    for (label, values) in [(row.first.as_str(), &first), (row.second.as_str(), &second)] {
        if is_still(values)? {
            still.push((label, values[0]));
        }
    }
    Ok(still)
}

/// Tell what does not vary in an arm or in all.
pub(super) fn tell(
    still: &[(&str, f64)],
    (row, arm): (&CorrelationRow, Option<Arm>),
    people: &People,
    notes: &mut Notes,
) {
    let n = row.points.iter().filter(|point| arm.is_none_or(|arm| point.arm == arm)).count();
    let who = counted(n, "participant");
    let (of_arm, so) = match arm {
        None => (String::new(), "no relation, and not tested"),
        Some(arm) => (
            format!(" of {}", people.arms.get(arm)),
            "no relation within that arm, and the arms' relations are not compared",
        ),
    };
    for (label, value) in still {
        notes.warn(
            format!(
                "{label} is {} in all {who}{of_arm} in the relation of {} and {}: {so}",
                said(*value),
                row.first,
                row.second
            ),
            Vec::new(),
        );
    }
}

/// A value without what differences leave of rounding: 0.1, not 0.09999999999999998.
fn said(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value) + 0.0
}
