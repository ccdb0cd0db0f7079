//! Variables from tables.

use super::{Events, Over, Samples, Sampling, Value, Variable, Variables};
use crate::bids::Notes;
use crate::design::events::doubled;
use crate::design::number;
use crate::error::{Error, Result};
use crate::table::Table;

impl Variables {
    /// Add what an events table has: a variable for each column but `onset` and `duration`. A column whose cells are numbers or n/a has
    /// numbers, any other texts. Rows without an onset are left out, with a note.
    ///
    /// # Errors
    /// Bad data: no `onset` or `duration`, or one that is no number; a negative duration; a row with too few cells; a name that is taken.
    pub fn add_events(&mut self, table: &Table, notes: &mut Notes) -> Result<()> {
        let hint = "BIDS events.tsv needs onset and duration, in seconds, separated by tabs";
        let (onset, duration) =
            (number::column(table, "onset", hint)?, number::column(table, "duration", hint)?);
        let mut all = Events::default();
        let (mut rows, mut without) = (Vec::new(), Vec::new());
        for row in 0..table.rows.len() {
            let lasts = number::cell(table, row, duration)?;
            if lasts.is_some_and(|seconds| seconds < 0.0) {
                let expected = "not be negative";
                return Err(number::bad_cell(table, row, duration, expected, "0 is an impulse"));
            }
            match number::cell(table, row, onset)? {
                None => without.push(number::line(row).to_string()),
                Some(onset) => {
                    all.onset.push(onset);
                    all.duration.push(lasts.unwrap_or(f64::NAN));
                    all.amplitude.push(Value::Number(1.0));
                    all.line.push(number::line(row));
                    rows.push(row);
                }
            }
        }
        if !without.is_empty() {
            let shown = without.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            notes.add(
                &table.name,
                format!(
                    "{} of {} events have no onset (n/a) and are left out: line {shown}{}",
                    without.len(),
                    table.rows.len(),
                    if without.len() > 5 { ", ..." } else { "" }
                ),
            );
        }
        if let Some(said) = doubled(table) {
            notes.add("events", said);
        }
        self.note_late(&all, &table.name, notes);
        for (column, name) in table.columns.iter().enumerate() {
            if column != onset && column != duration {
                let values = cells(table, column, &rows)?;
                self.add(name, Variable::Events(all.with(values)), &table.name)?;
            }
        }
        self.all_events = Some(all);
        Ok(())
    }

    /// Events that begin after the run are of no use to it.
    fn note_late(&self, all: &Events, name: &str, notes: &mut Notes) {
        let Over::Run { frame_times_s, tr_s } = &self.over else { return };
        let end = frame_times_s.last().copied().unwrap_or(0.0) + tr_s;
        let late = all.onset.iter().filter(|onset| **onset >= end).count();
        if late > 0 {
            let of = all.onset.len();
            notes.add(
                name,
                format!("{late} of {of} events begin after the run, which ends at {end} s"),
            );
        }
    }

    /// Add the columns of a table with a row a volume (confounds). A column with text is left out, with a note.
    ///
    /// # Errors
    /// Bad data: another number of rows than volumes; a row with too few cells; a name that is taken.
    pub fn add_rows(&mut self, table: &Table, notes: &mut Notes) -> Result<()> {
        let volumes = self.n_rows();
        if table.rows.len() != volumes {
            return Err(Error::bad_data(
                table.name.clone(),
                format!("has {} rows but the run has {volumes} volumes", table.rows.len()),
                "have one row for each volume",
                "drop the same dummy scans from both",
            ));
        }
        let rows: Vec<usize> = (0..volumes).collect();
        for (column, name) in table.columns.iter().enumerate() {
            let values = cells(table, column, &rows)?;
            match values.iter().map(Value::number).collect::<Option<Vec<f64>>>() {
                Some(values) => {
                    let samples = Samples { sampling: Sampling::Frames, values };
                    self.add(name, Variable::Samples(samples), &table.name)?;
                }
                None => {
                    notes.add(&table.name, format!("the column `{name}` has text and is left out"))
                }
            }
        }
        Ok(())
    }

    /// Add a recording (physio, stim): its first sample `start_s` seconds from the first volume, `hz` samples a second.
    ///
    /// # Errors
    /// Bad data: no sample, no rate above 0, or a name that is taken.
    pub fn add_recording(
        &mut self,
        name: &str,
        start_s: f64,
        hz: f64,
        values: Vec<f64>,
    ) -> Result<()> {
        if values.is_empty() || !start_s.is_finite() || !(hz.is_finite() && hz > 0.0) {
            return Err(Error::bad_data(
                format!("recording `{name}`"),
                format!("has {} samples at {hz} Hz from {start_s} s", values.len()),
                "have samples at a rate above 0",
                "check SamplingFrequency and StartTime",
            ));
        }
        let samples = Samples { sampling: Sampling::Rate { start_s, hz }, values };
        self.add(name, Variable::Samples(samples), "the recording")
    }

    /// Add a value of each input, as texts of one column (n/a: not known).
    ///
    /// # Errors
    /// Bad data: another number of values than inputs, or a name that is taken.
    pub fn add_texts(&mut self, name: &str, texts: &[&str]) -> Result<()> {
        self.add_values(name, Value::column(texts))
    }

    /// Add a value of each input.
    ///
    /// # Errors
    /// As [`Variables::add_texts`].
    pub fn add_values(&mut self, name: &str, values: Vec<Value>) -> Result<()> {
        if values.len() != self.n_rows() {
            return Err(Error::internal(
                format!("variable `{name}`"),
                format!("has {} values", values.len()),
                format!("have {}, one for each input", self.n_rows()),
                "",
            ));
        }
        self.add(name, Variable::Inputs(values), "the inputs")
    }

    fn add(&mut self, name: &str, variable: Variable, whose: &str) -> Result<()> {
        if self.get(name).is_some() {
            return Err(Error::bad_data(
                format!("`{name}` of {whose}"),
                "is a variable already",
                "have a name of its own",
                "rename the column in one of the tables",
            ));
        }
        self.set(name, variable);
        Ok(())
    }
}

/// The cells of a column in these rows.
fn cells(table: &Table, column: usize, rows: &[usize]) -> Result<Vec<Value>> {
    let texts = rows.iter().map(|&row| number::text(table, row, column));
    Ok(Value::column(&texts.collect::<Result<Vec<_>>>()?))
}
