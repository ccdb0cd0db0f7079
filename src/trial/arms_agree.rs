//! A patient is in one arm: tables that name the arm again must name that of participants.tsv, by what their own Levels say that codes mean.

use super::dictionary::Variable;
use super::people::People;
use super::plan::Plan;
use super::tables::{Measured, Tables, level_among};
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
    let mut levels: Vec<String> = own.iter().flatten().cloned().collect();
    levels.sort();
    levels.dedup();
    let [of_people, of_table] = [&people.table, table].map(|of| of.dictionary.get(&plan.arm));
    for (row, (id, other)) in table.ids()?.iter().zip(&named).enumerate() {
        let Some(place) = people.find(id) else { continue };
        match (&own[people.all[place].row], other) {
            (Some(arm), Some(other))
                if level((&levels, of_people), (other, of_table)) != Some(arm.as_str()) =>
            {
                return Err(Error::bad_data(
                    table.line(row),
                    format!(
                        "is of arm {}, and of {} in {}",
                        with_meaning(other, of_table),
                        with_meaning(arm, of_people),
                        people.table.table.name
                    ),
                    "be of one arm",
                    "correct one of them or their Levels, or take the column out",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The level of participants.tsv that a cell of another table stands for: by what that table's Levels say that it means, else as it is.
fn level<'a>(
    (levels, of_people): (&'a [String], Option<&Variable>),
    (cell, of_table): (&str, Option<&Variable>),
) -> Option<&'a str> {
    let meaning = of_table.and_then(|own| own.meaning(cell)).filter(|text| !text.is_empty());
    let by_meaning = meaning.and_then(|meaning| {
        let is_it = |level: &&String| level.trim().to_lowercase() == meaning.to_lowercase();
        let found = level_among(levels, of_people, meaning);
        found.or_else(|| levels.iter().find(is_it).map(String::as_str))
    });
    by_meaning.or_else(|| level_among(levels, of_people, cell))
}

/// '0' (placebo): a level with what Levels say that it means.
fn with_meaning(level: &str, variable: Option<&Variable>) -> String {
    match variable.map(|own| own.called(level)) {
        Some(called) if called != level => format!("'{level}' ({called})"),
        _ => format!("'{level}'"),
    }
}
