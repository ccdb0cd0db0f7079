//! Variables as numbers at given moments.

use super::{Convolved, DENSE_HZ, Events, Over, Samples, Sampling, Value, Variable, Variables};
use crate::design::Event;
use crate::design::hrf::Frames;
use crate::error::{Error, Result};

/// The most samples of one variable.
const MOST_SAMPLES: f64 = 1e7;

impl Variables {
    /// The moments of `hz` samples a second from 0 s to the end of the run.
    ///
    /// # Errors
    /// Bad data: no run, or more than ten million.
    pub(in crate::bids) fn moments(&self, hz: f64, place: &str) -> Result<Vec<f64>> {
        let Over::Run { frame_times_s, tr_s } = &self.over else {
            return Err(Error::bad_data(
                place,
                "is at a level above the run",
                "be of a run: inputs have no times",
                "move it to the node of the level Run",
            ));
        };
        let lasts = frame_times_s.last().copied().unwrap_or(0.0) + tr_s;
        // A whole number of samples in spite of rounding: 80 s at 10 Hz are 800.
        let count = (lasts * hz - 1e-6).ceil().max(2.0);
        if count.is_nan() || count > MOST_SAMPLES {
            let found = format!("needs {count} samples at {hz} Hz");
            return Err(Error::bad_data(
                place,
                found,
                "need ten million at most",
                "take a lower rate",
            ));
        }
        Ok((0..count as usize).map(|i| i as f64 / hz).collect())
    }

    /// A variable of a run as samples, events and responses at 10 Hz; what is sampled already as it is.
    ///
    /// # Errors
    /// Bad data: events with text, or without a duration.
    pub fn sampled(&self, name: &str, variable: &Variable, place: &str) -> Result<Samples> {
        match variable {
            Variable::Samples(samples) => Ok(samples.clone()),
            other => self.at_rate(name, other, DENSE_HZ, place),
        }
    }

    /// A variable of a run at `hz` samples a second from 0 s.
    ///
    /// # Errors
    /// As [`Variables::sampled`].
    pub(in crate::bids) fn at_rate(
        &self,
        name: &str,
        variable: &Variable,
        hz: f64,
        place: &str,
    ) -> Result<Samples> {
        let moments = self.moments(hz, place)?;
        let values = match variable {
            Variable::Convolved(convolved) if hz == DENSE_HZ => {
                convolved.on_grid(&moments, self.tr_s().unwrap_or(1.0))?
            }
            other => self.at(name, other, &moments, place)?,
        };
        Ok(Samples { sampling: Sampling::Rate { start_s: 0.0, hz }, values })
    }

    /// A variable of a run at given moments, two or more: a response exactly; samples by straight lines between them and as at their ends
    /// beyond; events by the sum of the values of those that last then, an event of less than 0.1 s filling that.
    ///
    /// # Errors
    /// As [`Variables::sampled`].
    pub(in crate::bids) fn at(
        &self,
        name: &str,
        variable: &Variable,
        moments: &[f64],
        place: &str,
    ) -> Result<Vec<f64>> {
        match variable {
            Variable::Convolved(convolved) => convolved.at(moments, self.tr_s().unwrap_or(1.0)),
            Variable::Samples(samples) => {
                let frames = self.frame_times_s().unwrap_or_default();
                Ok(moments.iter().map(|t| samples.at(*t, frames)).collect())
            }
            Variable::Events(events) => {
                let events = events.numbers(name, place)?;
                let at = |t: &f64| {
                    let lasts = |e: &&Event| {
                        e.onset <= t + 1e-9 && t + 1e-9 < e.onset + e.duration.max(0.1)
                    };
                    events.iter().filter(lasts).map(|e| e.amplitude).sum()
                };
                Ok(moments.iter().map(at).collect())
            }
            Variable::Inputs(_) => Err(Error::internal(
                format!("`{name}` of {place}"),
                "is of inputs",
                "be of a run",
                "",
            )),
        }
    }
}

impl Events {
    /// As events with heights; n/a and 0 are left out.
    ///
    /// # Errors
    /// Bad data: text; an event without a duration, by its line.
    pub(in crate::bids) fn numbers(&self, name: &str, place: &str) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for i in 0..self.onset.len() {
            let Some(amplitude) = self.amplitude[i].number() else {
                let line = |at: usize| format!(" in line {}", self.line[at]);
                return Err(text_of(name, (&self.amplitude, &line), place));
            };
            if amplitude.is_nan() || amplitude == 0.0 {
                continue;
            }
            if self.duration[i].is_nan() {
                return Err(Error::bad_data(
                    format!("`{name}` of {place}"),
                    format!("has an event without a duration (n/a), that of line {}", self.line[i]),
                    "have a duration of every event that counts",
                    "write its seconds, or leave such events out: Filter, DropNA, or 0 as their value",
                ));
            }
            events.push(Event {
                onset: self.onset[i],
                duration: self.duration[i],
                trial_type: name.to_owned(),
                amplitude,
                line: self.line[i],
            });
        }
        Ok(events)
    }
}

/// Text where numbers must be: the value that makes a column text, the first that is no number. `at`: where a value stands, in words.
pub(in crate::bids) fn text_of(
    name: &str,
    (values, at): (&[Value], &dyn Fn(usize) -> String),
    place: &str,
) -> Error {
    let is_text = |value: &Value| match value {
        Value::Text(text) => text.parse::<f64>().map_or(Some(true), |n| Some(!n.is_finite())),
        _ => None,
    };
    let odd = values.iter().position(|value| is_text(value) == Some(true)).unwrap_or(0);
    let shown = values.get(odd).map_or_else(String::new, Value::to_string);
    let shown: String = shown.chars().take(40).collect();
    let hint = match values.iter().any(|value| is_text(value) == Some(false)) {
        true => "write it as a number, with a point before decimals, or as n/a",
        false => "Factor makes a column of each of its levels",
    };
    let found = format!("is text (`{shown}`){}", at(odd));
    Error::bad_data(format!("`{name}` of {place}"), found, "be numbers", hint)
}

/// Which input it is, for an error to be told of whom.
pub(in crate::bids) fn input(at: usize) -> String {
    format!(" for input {}", at + 1)
}

impl Convolved {
    /// At any moments, two or more; `tr_s` gives the width of the response's bins where there are delays.
    fn at(&self, moments: &[f64], tr_s: f64) -> Result<Vec<f64>> {
        if self.events.is_empty() {
            return Ok(vec![0.0; moments.len()]);
        }
        // What was over 32 s before the first moment has no response left; nilearn's grid would have it begin 24 s before.
        let first = moments.first().copied().unwrap_or(0.0);
        let counts = |event: &&Event| event.onset + event.duration > first - 32.0;
        let events: Vec<&Event> = self.events.iter().filter(counts).collect();
        let frames = Frames { times: moments, tr: tr_s };
        Ok(self.response.columns(&events, &frames, None)?.column(self.column).to_vec())
    }

    /// At 10 Hz, the events' times taken on a grid that holds them.
    fn on_grid(&self, moments: &[f64], tr_s: f64) -> Result<Vec<f64>> {
        if self.events.is_empty() {
            return Ok(vec![0.0; moments.len()]);
        }
        let events: Vec<&Event> = self.events.iter().collect();
        let columns = self.response.on_grid(&events, moments, self.bins, tr_s)?;
        Ok(columns[self.column].clone())
    }
}

impl Samples {
    /// At one moment, by a straight line; the first and the last value beyond the ends.
    fn at(&self, t: f64, frame_times_s: &[f64]) -> f64 {
        let Some(last) = self.values.len().checked_sub(1) else { return f64::NAN };
        let (below, share) = match self.sampling {
            Sampling::Rate { start_s, hz } => {
                // What is on a sample but for rounding is that sample.
                let place = ((t - start_s) * hz).clamp(0.0, last as f64);
                let nearest = place.round();
                let place = if (place - nearest).abs() < 1e-6 { nearest } else { place };
                (place.floor() as usize, place.fract())
            }
            Sampling::Frames => {
                let above =
                    frame_times_s.partition_point(|f| *f <= t).clamp(1, last.max(1)).min(last);
                let below = above.saturating_sub(1);
                let (from, to) = (frame_times_s[below], frame_times_s[above]);
                let share =
                    if to > from { ((t - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
                (below, share)
            }
        };
        // A value that is not there counts only where it has a share.
        let low = self.values[below];
        if share == 0.0 {
            return low;
        }
        let high = self.values[(below + 1).min(last)];
        if share == 1.0 { high } else { low + share * (high - low) }
    }
}
