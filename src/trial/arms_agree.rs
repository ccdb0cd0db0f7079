//! A patient is in one arm: tables that name the arm again must name that of participants.tsv.

use super::people::People;
use super::plan::Plan;
use super::tables::{Measured, Tables};
use crate::error::{Error, Result};

/// Refuse a table in which a participant is of another arm. Rows of participants that participants.tsv lacks are left to whoever reads the table.
///
/// # Errors
/// As [`Measured::has`]; bad data naming the line, the participant and both arms.
pub(super) fn refuse_other_arms(plan: &Plan, people: &People, tables: &Tables) -> Result<()> {
    let others = tables.all.iter().filter(|table| table.name != people.table.name);
    for table in others.filter(|table| table.table.position("participant_id").is_some()) {
        if table.has(&plan.arm)? {
            refuse(table, plan, people)?;
        }
    }
    Ok(())
}

fn refuse(table: &Measured, plan: &Plan, people: &People) -> Result<()> {
    let own = people.table.texts(&plan.arm)?;
    let named = table.texts(&plan.arm)?;
    for (row, (id, other)) in table.ids()?.iter().zip(&named).enumerate() {
        let Some(place) = people.find(id) else { continue };
        match (&own[people.all[place].row], other) {
            (Some(arm), Some(other)) if arm != other => {
                return Err(Error::bad_data(
                    table.line(row),
                    format!("is of arm '{other}', and of '{arm}' in {}", people.table.table.name),
                    "be of one arm",
                    "correct one of them, or take the column out",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
