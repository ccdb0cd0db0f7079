//! What was shown when: the rows of a BIDS events.tsv.

use std::collections::BTreeSet;

use super::modulation::{Durations, Modulation, Modulator};
use super::{number, similar};
use crate::error::{Error, Result};
use crate::table::{Table, are_one_name};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Seconds relative to the first volume of the file; may be negative.
    pub onset: f64,
    /// Seconds; 0 is an impulse.
    pub duration: f64,
    /// The condition, which names the design column.
    pub trial_type: String,
    /// Height of the regressor; 1 where the table has no column `modulation`.
    pub amplitude: f64,
    /// Line of the file it stands in, for messages; 0 when it comes from none.
    pub line: usize,
}

/// The events of a table, with what was left out or assumed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Events {
    /// In file order.
    pub events: Vec<Event>,
    /// Columns that vary their heights, in the order asked for.
    pub modulators: Vec<Modulator>,
    /// What a person should know of the table, one sentence each.
    pub doubts: Vec<String>,
    /// Those of [`Events::doubts`] that may be why a condition has no column.
    pub why_no_column: Vec<String>,
    /// Columns of durations, and the lines of the events that lack one there.
    without_duration: Vec<(String, Vec<usize>)>,
}

/// The column of the conditions.
pub const TRIAL_TYPE: &str = "trial_type";
/// The column of the heights.
const MODULATION: &str = "modulation";

/// What is read of a table of events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading<'a> {
    /// The column of the conditions, in place of `trial_type`.
    pub conditions: Option<&'a str>,
    /// Columns that give durations; an event without one (n/a) keeps its own.
    pub durations: &'a [Durations],
    /// Columns that vary the height of a condition's response.
    pub modulate: &'a [Modulation],
    /// Seconds that the response gives every event: none needs a duration of its own.
    pub fixed_duration_s: Option<f64>,
}

/// [`read`] with nothing but the conditions.
///
/// # Errors
/// As [`read`].
pub fn from_table(table: &Table, conditions: Option<&str>) -> Result<Events> {
    read(table, &Reading { conditions, ..Reading::default() })
}

/// The events of a BIDS table: columns `onset` and `duration` in seconds, the condition in `trial_type`, or in the column that
/// is given (`--trial-type`); where there is none all events are of the condition `trial`, and [`Events::doubts`] says so.
/// A column `modulation` gives the heights of the regressors, not centred, as nilearn takes it. Rows whose condition is `n/a`
/// are left out (as pandas and nilearn do) and counted; so are those without an onset, or without a duration (BIDS: not known; an
/// impulse would be a guess) where neither [`Reading::durations`] nor the response gives one. A `modulation` that [`Reading::modulate`] names gives no heights. Columns of any other name
/// are not read.
///
/// # Errors
/// Bad data: a missing column; a cell that is no number; `n/a` in modulation; a negative duration; no events. Usage: a
/// modulation or durations of what is no condition.
pub fn read(table: &Table, reading: &Reading) -> Result<Events> {
    let columns = Columns::of(table, reading)?;
    if table.rows.is_empty() {
        let said =
            format!("{} has a header and no events: its run has no task columns", table.name);
        let (doubts, why_no_column) = (vec![said.clone()], vec![said]);
        return Ok(Events { doubts, why_no_column, ..Events::default() });
    }
    let mut rows = Rows::default();
    for row in 0..table.rows.len() {
        rows.take(row, table, &columns, reading)?;
    }
    let Rows { events, mut rows, named_here, nameless, no_onset } = rows;
    let mut found = Events { events, ..Events::default() };
    for durations in reading.durations.iter().filter(|_| !rows.is_empty()) {
        found.take_durations(table, durations, &rows)?;
    }
    let no_duration = found.leave_out_unknown(&mut rows);
    if found.events.is_empty() {
        return Err(no_events(table, &nameless, &[no_onset, no_duration].concat()));
    }
    found.doubts.extend(doubled(table));
    let modulated = found.events.iter().any(|event| event.amplitude != 1.0);
    let merged = merged(table, columns.trial_type.is_none(), found.events.len());
    found.why_no_column.extend(merged.clone());
    found.doubts.extend(merged);
    let conditions_left = found.conditions();
    found.doubts.extend(similar::alike(&conditions_left).map(|([one, other], how)| {
        let name = &table.name;
        format!("{name}: `{one}` and `{other}` are two conditions, which {how}; are they one?")
    }));
    let is_whole = named_here.iter().all(|condition| conditions_left.contains(condition));
    let column = reading.conditions.unwrap_or(TRIAL_TYPE);
    for (what, lines) in [(column, nameless), ("onset", no_onset), ("duration", no_duration)] {
        let said = left_out(&table.name, what, &lines, table.rows.len());
        if !is_whole && what != column {
            found.why_no_column.extend(said.clone());
        }
        found.doubts.extend(said);
    }
    found.doubts.extend(modulated.then(|| {
        format!("{}: the column {MODULATION} gives the heights of the events, not centred (as in nilearn)", table.name)
    }));
    for modulation in reading.modulate {
        found.take_modulator(table, modulation, &rows)?;
    }
    Ok(found)
}

/// The conditions that a table names, as [`read`] finds them; none where it has no such column.
#[must_use]
pub fn conditions_of(table: &Table, column: Option<&str>) -> BTreeSet<String> {
    let Some(column) = table.position(column.unwrap_or(TRIAL_TYPE)) else { return BTreeSet::new() };
    let cells = table.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.trim());
    cells.filter(|cell| !number::is_missing(cell)).map(str::to_owned).collect()
}

/// Where a table has what events are made of.
struct Columns {
    onset: usize,
    duration: usize,
    trial_type: Option<usize>,
    /// Of heights.
    modulation: Option<usize>,
}

impl Columns {
    fn of(table: &Table, reading: &Reading) -> Result<Columns> {
        let hint = "BIDS events.tsv needs onset and duration, in seconds, separated by tabs";
        let onset = number::column(table, "onset", hint)?;
        let of_duration = format!("{hint}; a duration of 0 is an impulse");
        let duration = number::column(table, "duration", &of_duration)?;
        let trial_type = match reading.conditions {
            Some(name) => {
                Some(number::column(table, name, "--trial-type names the column of conditions")?)
            }
            None => optional(table, TRIAL_TYPE)?,
        };
        let asked = reading.modulate.iter().any(|m| are_one_name(&m.column, MODULATION));
        let modulation = if asked { None } else { optional(table, MODULATION)? };
        Ok(Columns { onset, duration, trial_type, modulation })
    }
}

/// What was read of a table's rows so far.
#[derive(Default)]
struct Rows {
    events: Vec<Event>,
    /// Of each event its row.
    rows: Vec<usize>,
    /// The conditions of all rows, of those that are left out too.
    named_here: BTreeSet<String>,
    /// Lines without a condition, and without an onset.
    nameless: Vec<usize>,
    no_onset: Vec<usize>,
}

impl Rows {
    fn take(
        &mut self,
        row: usize,
        table: &Table,
        columns: &Columns,
        reading: &Reading,
    ) -> Result<()> {
        let condition = match columns.trial_type {
            Some(column) => number::text(table, row, column)?.trim(),
            None => "trial",
        };
        if number::is_missing(condition) {
            self.nameless.push(number::line(row));
            return Ok(());
        }
        self.named_here.insert(condition.to_owned());
        let when = "write its seconds from the first volume";
        let Some(onset) = known(table, row, columns.onset, when)? else {
            self.no_onset.push(number::line(row));
            return Ok(());
        };
        let amplitude =
            |column| required(table, row, column, "write 1 where an event has its plain height");
        let own = known(table, row, columns.duration, HOW_LONG)?;
        let event = Event {
            onset,
            // Not a number until it is known.
            duration: own.or(reading.fixed_duration_s).unwrap_or(f64::NAN),
            trial_type: condition.to_string(),
            amplitude: columns.modulation.map_or(Ok(1.0), amplitude)?,
            line: number::line(row),
        };
        if event.duration < 0.0 {
            let column = columns.duration;
            return Err(number::bad_cell(table, row, column, "not be negative", HOW_LONG));
        }
        self.events.push(event);
        self.rows.push(row);
        Ok(())
    }
}

impl Events {
    /// The durations of a column, `rows` being those of the events.
    fn take_durations(
        &mut self,
        table: &Table,
        durations: &Durations,
        rows: &[usize],
    ) -> Result<()> {
        let Durations { condition, column: name } = durations;
        let column = number::column(table, name, "--durations names a column of seconds")?;
        let is_of = |event: &Event| condition.as_ref().is_none_or(|c| *c == event.trial_type);
        if !self.events.iter().any(is_of) {
            return Err(Error::usage(
                format!("--durations {}:{name}", condition.as_deref().unwrap_or_default()),
                "names what is no condition",
                "name a condition of the events",
                similar::listing(&self.conditions()).replacen("columns", "conditions", 1),
            ));
        }
        let mut without = Vec::new();
        for (event, &row) in self.events.iter_mut().zip(rows).filter(|(event, _)| is_of(event)) {
            match number::cell(table, row, column)? {
                Some(seconds) if seconds < 0.0 => {
                    return Err(number::bad_cell(table, row, column, "not be negative", HOW_LONG));
                }
                Some(seconds) => event.duration = seconds,
                None => without.push(event.line),
            }
        }
        self.without_duration.push((name.clone(), without));
        Ok(())
    }

    /// The values of a modulation.
    fn take_modulator(
        &mut self,
        table: &Table,
        modulation: &Modulation,
        rows: &[usize],
    ) -> Result<()> {
        let name = &modulation.column;
        let column = number::column(table, name, "--modulate names a column of numbers")?;
        modulation.check(&self.conditions())?;
        let is_of = |event: &Event| event.trial_type == modulation.condition;
        let value = |(event, &row): (&Event, &usize)| match is_of(event) {
            true => Ok(number::cell(table, row, column)?.unwrap_or(f64::NAN)),
            false => Ok(f64::NAN),
        };
        let values = self.events.iter().zip(rows).map(value).collect::<Result<Vec<f64>>>()?;
        self.modulators.push(Modulator { of: modulation.clone(), values });
        Ok(())
    }

    /// Leave out events whose duration nothing tells, and their `rows`; gives back their lines.
    fn leave_out_unknown(&mut self, rows: &mut Vec<usize>) -> Vec<usize> {
        let is_known: Vec<bool> = self.events.iter().map(|e| !e.duration.is_nan()).collect();
        let lines = self.events.iter().filter(|e| e.duration.is_nan()).map(|e| e.line).collect();
        let mut known = is_known.iter();
        self.events.retain(|_| known.next().is_some_and(|known| *known));
        let mut known = is_known.iter();
        rows.retain(|_| known.next().is_some_and(|known| *known));
        lines
    }

    fn conditions(&self) -> Vec<String> {
        let mut names: Vec<String> = self.events.iter().map(|e| e.trial_type.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Leave out events that begin at `end` seconds, the end of the run, or later: all that they change lies after it. `name`: of the
    /// table.
    ///
    /// # Errors
    /// Bad data where that is half of all events or more: a sign of another run, or of ms.
    pub fn leave_out_after(&mut self, name: &str, end: f64) -> Result<()> {
        let lasting = |event: &&Event| event.duration > 2.0 * end;
        if let Some(first) = self.events.iter().find(lasting) {
            self.doubts.push(format!(
                "{name}: {} of {} events last more than twice the run of {} s (line {}: {}): durations are in seconds, not ms",
                self.events.iter().filter(lasting).count(),
                self.events.len(),
                brief(end),
                first.line,
                first.duration
            ));
        }
        let stays: Vec<bool> = self.events.iter().map(|event| event.onset < end).collect();
        let left_out = stays.iter().filter(|stays| !**stays).count();
        if 2 * left_out >= stays.len() {
            check_within(name, &self.events, end)?;
        }
        if left_out == 0 {
            return Ok(());
        }
        let (n, n_conditions) = (stays.len(), self.conditions().len());
        let lines = self.keep(&stays);
        let said = format!(
            "{name}: {left_out} of {} events begin after the run, which ends at {} s, and are left out of the model (half of them or \
             more would be taken for another run's and refused): {}",
            n,
            brief(end),
            named(&lines)
        );
        self.tell_left_out(said, n_conditions);
        Ok(())
    }

    /// Leave out events whose response is over before the run begins: they change no response, nor may they what a modulator is
    /// centred about. `name`: of the table.
    pub fn leave_out_over(&mut self, name: &str, is_over: impl Fn(&Event) -> bool) {
        let stays: Vec<bool> = self.events.iter().map(|event| !is_over(event)).collect();
        if stays.iter().all(|stays| *stays) {
            return;
        }
        let n_conditions = self.conditions().len();
        let lines = self.keep(&stays);
        let said = format!(
            "{name}: events whose response is over before the run begins: {}; they change nothing and are left out of the model: {}",
            lines.len(),
            named(&lines)
        );
        self.tell_left_out(said, n_conditions);
    }

    /// Say how many of the events that stay lack what a column gives. `name`: of the table.
    pub fn tell_unknown(&mut self, name: &str) {
        for (column, lines) in &self.without_duration {
            let stays = |line: &&usize| self.events.iter().any(|event| event.line == **line);
            let n = lines.iter().filter(stays).count();
            let told = format!("{n} events have no {column} (n/a) and keep their own duration");
            self.doubts.extend((n > 0).then(|| format!("{name}: {told}")));
        }
        let conditions = || self.events.iter().map(|event| &event.trial_type);
        let unknown = self.modulators.iter().filter_map(|of| of.unknown(conditions()));
        self.doubts.extend(unknown.map(|told| format!("{name}: {told}")));
    }

    /// Keep the events that stay, with the values of modulators; gives back the lines of the others.
    fn keep(&mut self, stays: &[bool]) -> Vec<usize> {
        let lines = self.events.iter().zip(stays).filter(|(_, stays)| !**stays);
        let lines = lines.map(|(event, _)| event.line).collect();
        let mut kept = stays.iter();
        self.events.retain(|_| kept.next().is_some_and(|stays| *stays));
        for modulator in &mut self.modulators {
            let mut kept = stays.iter();
            modulator.values.retain(|_| kept.next().is_some_and(|stays| *stays));
        }
        lines
    }

    /// What was left out, of events with so many conditions.
    fn tell_left_out(&mut self, said: String, n_conditions: usize) {
        if self.conditions().len() < n_conditions {
            self.why_no_column.push(said.clone());
        }
        self.doubts.push(said);
    }
}

/// That rows of a table of events are, in every cell, as one before them.
#[must_use]
pub fn doubled(table: &Table) -> Option<String> {
    let mut seen = BTreeSet::new();
    let rows = table.rows.iter().enumerate();
    let again: Vec<usize> =
        rows.filter(|(_, row)| !seen.insert(*row)).map(|(row, _)| number::line(row)).collect();
    (!again.is_empty()).then(|| {
        format!(
            "{}: {} of {} rows stand there a second time, and each counts again: {}; leave them out",
            table.name,
            again.len(),
            table.rows.len(),
            named(&again)
        )
    })
}

/// The first of some lines of a table.
fn named(lines: &[usize]) -> String {
    let first: Vec<String> = lines.iter().take(5).map(usize::to_string).collect();
    format!("line {}{}", first.join(", "), if lines.len() > 5 { ", ..." } else { "" })
}

/// What to write for an event whose length is not known.
const HOW_LONG: &str = "write 0 for an impulse, or the seconds that the event lasted";

/// The position of a column that may be there, once.
fn optional(table: &Table, name: &str) -> Result<Option<usize>> {
    table.optional(name)?.map(|_| number::column(table, name, "")).transpose()
}

/// That all events count as one condition.
fn merged(table: &Table, no_conditions: bool, n_events: usize) -> Option<String> {
    no_conditions.then(|| {
        format!(
            "{} has no column {TRIAL_TYPE}: all {n_events} events are one condition, `trial` ({}); --trial-type COLUMN takes \
             the conditions from another",
            table.name,
            similar::listing(&table.columns)
        )
    })
}

/// That some rows have no condition.
fn left_out(name: &str, column: &str, lines: &[usize], n_rows: usize) -> Option<String> {
    (!lines.is_empty()).then(|| {
        format!(
            "{name}: {} of {n_rows} events have no {column} (n/a) and are left out of the model: {}",
            lines.len(),
            named(lines)
        )
    })
}

/// `nameless`, `unknown`: lines of those without a condition, and without an onset or a duration.
fn no_events(table: &Table, nameless: &[usize], unknown: &[usize]) -> Error {
    if !unknown.is_empty() {
        return Error::bad_data(
            table.name.clone(),
            format!("has n/a as onset or duration of all its {} events", unknown.len()),
            "have one event or more whose onset and duration are known",
            HOW_LONG,
        );
    }
    Error::bad_data(
        table.name.clone(),
        format!("has n/a as condition of all {} events", nameless.len()),
        "have one event or more",
        "name the column of conditions with --trial-type; where there is no task, give a ready matrix with --design",
    )
}

/// A number that an event has, none where it is n/a; `hint` says what to write.
fn known(table: &Table, row: usize, column: usize, hint: &str) -> Result<Option<f64>> {
    let text = number::text(table, row, column)?;
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ if number::is_missing(text) => Ok(None),
        _ => Err(number::bad_cell(table, row, column, "be a finite number", hint)),
    }
}

/// A number that an event must have; `hint` says what to write.
fn required(table: &Table, row: usize, column: usize, hint: &str) -> Result<f64> {
    let name = table.columns.get(column).map_or("", String::as_str);
    known(table, row, column, hint)?.ok_or_else(|| {
        let expected = format!("give the {name} of the event");
        number::bad_cell(table, row, column, &expected, hint)
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
    let n = events.len();
    let more = if count > 1 { format!(" ({count} of {n} events do)") } else { String::new() };
    let last = events.iter().map(|e| e.onset).fold(0.0, f64::max);
    let milliseconds = last < end * 1100.0 && last > 50.0 * end;
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
            "are they another run's? check that events and BOLD belong together, and the TR; fewer than half would be left out"
        },
    ))
}

/// Seconds without the noise of the last bits.
fn brief(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
