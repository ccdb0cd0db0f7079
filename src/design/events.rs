//! What was shown when: the rows of a BIDS events.tsv.

use super::number;
use crate::error::{Error, Result};
use crate::table::Table;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Seconds relative to the first volume of the file; may be negative.
    pub onset: f64,
    /// Seconds; 0 is an impulse.
    pub duration: f64,
    /// The condition, which names the design column.
    pub trial_type: String,
    /// Height of the regressor; 1 unless a modulation column was asked for.
    pub amplitude: f64,
    /// Line of the file it stands in, for messages; 0 when it comes from none.
    pub line: usize,
}

/// The events of a table, with what was left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Events {
    /// In file order.
    pub events: Vec<Event>,
    /// Rows whose `trial_type` is `n/a`: of no condition, left out (as pandas and nilearn do).
    pub skipped: usize,
}

/// The events of a BIDS table: columns `onset` and `duration` in seconds, `trial_type` ("trial" where there is no such
/// column). Rows whose `trial_type` is `n/a` are left out. Columns of any other name are not read.
///
/// # Errors
/// Bad data: a missing column; a cell that is no number; `n/a` in onset or duration; a negative duration; no events.
pub fn from_table(table: &Table) -> Result<Vec<Event>> {
    read(table, None).map(|events| events.events)
}

/// As [`from_table`], with the heights taken from the column `modulation`, and the count of rows left out.
///
/// # Errors
/// As [`from_table`]; `n/a` in the modulation column.
pub fn read(table: &Table, modulation: Option<&str>) -> Result<Events> {
    let hint = "BIDS events.tsv needs onset and duration, in seconds, separated by tabs";
    let onset = number::column(table, "onset", hint)?;
    let duration = number::column(table, "duration", hint)?;
    let trial_type = match table.position("trial_type") {
        Some(_) => Some(number::column(table, "trial_type", "")?),
        None => None,
    };
    let modulation =
        modulation.map(|name| number::column(table, name, "heights of the events")).transpose()?;
    let mut found = Events::default();
    for row in 0..table.rows.len() {
        let condition = match trial_type {
            Some(column) => number::text(table, row, column)?.trim(),
            None => "trial",
        };
        if number::is_missing(condition) {
            found.skipped += 1;
            continue;
        }
        let event = Event {
            onset: required(table, row, onset)?,
            duration: required(table, row, duration)?,
            trial_type: condition.to_string(),
            amplitude: modulation.map_or(Ok(1.0), |column| required(table, row, column))?,
            line: number::line(row),
        };
        if event.duration < 0.0 {
            return Err(number::bad_cell(table, row, duration, "not be negative"));
        }
        found.events.push(event);
    }
    if found.events.is_empty() {
        return Err(Error::bad_data(
            table.name.clone(),
            match found.skipped {
                0 => "has no events".to_string(),
                n => format!("has n/a as trial_type of all {n} events"),
            },
            "have one event or more",
            "give a ready matrix with --design where there is no task",
        ));
    }
    Ok(found)
}

fn required(table: &Table, row: usize, column: usize) -> Result<f64> {
    number::cell(table, row, column)?.ok_or_else(|| {
        let name = table.columns.get(column).map_or("", String::as_str);
        number::bad_cell(table, row, column, &format!("give the {name} of the event"))
    })
}

/// Check that each event begins before the run ends at `end` seconds; `name` is what messages call the table.
///
/// # Errors
/// Bad data naming the line of the first event that begins later, and the length of the run.
pub fn check_within(name: &str, events: &[Event], end: f64) -> Result<()> {
    let beyond = |event: &&Event| event.onset >= end;
    let Some(first) = events.iter().find(beyond) else { return Ok(()) };
    let count = events.iter().filter(beyond).count();
    let more = if count > 1 { format!(" ({count} events do)") } else { String::new() };
    let milliseconds =
        events.iter().all(|e| e.onset.abs() < end * 1000.0) && first.onset > 50.0 * end;
    Err(Error::bad_data(
        match first.line {
            0 => format!("{name}: event `{}`", first.trial_type),
            line => format!("{name} line {line}"),
        },
        format!("begins at {} s{more}, after the run, which ends at {} s", first.onset, brief(end)),
        "begin within the run",
        if milliseconds {
            "onsets are in seconds, not ms"
        } else {
            "check that events and BOLD belong to the same run, and the TR"
        },
    ))
}

/// Seconds without the noise of the last bits.
fn brief(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
