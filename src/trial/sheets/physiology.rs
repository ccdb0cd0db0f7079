//! Recordings, motion and signal of the runs, arm x visit.

use super::Sheet;
use super::column::Columns;
use crate::trial::results::{PhysiologyRow, Results};

pub(super) fn sheet(results: &Results) -> Option<Sheet> {
    if results.physiology.is_empty() {
        return None;
    }
    Columns::<PhysiologyRow>::new()
        .one("task", "of the runs; n/a where the table has no tasks", |row| row.task.clone())
        .one("measure", "the column of physio_summary", |row| row.measure.clone())
        .one("units", "of the measure", |row| row.units.clone())
        .arms("baseline_n", "participants with a value before treatment", |row, arm| {
            row.baseline.get(arm).n
        })
        .arms("baseline_mean", "their mean", |row, arm| row.baseline.get(arm).mean)
        .arms("baseline_sd", "their standard deviation", |row, arm| row.baseline.get(arm).sd)
        .arms("endpoint_n", "participants with a value at the endpoint", |row, arm| {
            row.endpoint.get(arm).n
        })
        .arms("endpoint_mean", "their mean", |row, arm| row.endpoint.get(arm).mean)
        .arms("endpoint_sd", "their standard deviation", |row, arm| row.endpoint.get(arm).sd)
        .arms("n", "participants with both visits", |row, arm| *row.n.get(arm))
        .estimate("interaction", "arm x visit: active minus control of the change", true, |row| {
            row.interaction
        })
        .test("interaction_", "t", "arm x visit, not adjusted", |row| row.test)
        .sheet(
            "physiology",
            "Recordings, motion and signal of the runs (physio_summary), arm x visit",
            &results.physiology,
        )
        .into()
}
