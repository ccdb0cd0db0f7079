//! A response of one's own, from a text file.

use crate::error::{Error, Result};

/// The most samples of a response.
const MOST: usize = 1_000_000;

/// A response given by samples: straight lines between them, 0 before the first and after the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Seconds after the onset, rising, two or more.
    pub times_s: Vec<f64>,
    /// The response there, to one event of amplitude 1: of 0 s, or for each second that an event lasts.
    pub values: Vec<f64>,
}

/// Mean seconds between samples of a response, and from its first to its last: beyond both they are milliseconds taken for seconds.
const COARSEST_S: f64 = 10.0;
const LONGEST_S: f64 = 300.0;

/// Samples of a rise and a fall.
const FEWEST: usize = 3;
/// Share of its peak at which a response that ends is not over.
const BROKEN_OFF: f64 = 0.25;

impl Sampled {
    /// From the rows of a text file: one number each and `step_s` seconds from one to the next, the first at 0 s; or two, seconds and
    /// value. `name`: the file, for messages.
    ///
    /// # Errors
    /// Bad data: rows of other lengths, times that do not rise or are far apart, fewer than two samples, or only zeros. Usage: a step with two columns,
    /// or none with one.
    pub fn new(name: &str, rows: &[Vec<f64>], step_s: Option<f64>) -> Result<Sampled> {
        let bad = |found: String, expected: &str, hint: &str| {
            Err(Error::bad_data(format!("the response in {name}"), found, expected, hint))
        };
        let width = rows.first().map_or(0, Vec::len);
        if rows.len() < 2 || rows.len() > MOST {
            return bad(
                format!("has {} samples", rows.len()),
                "have 2 to a million",
                "write one a line",
            );
        }
        if let Some(at) = rows.iter().position(|row| row.len() != width || row.len() > 2) {
            return bad(
                format!("has {} numbers in its row {}", rows[at].len(), at + 1),
                "have one number a row, or seconds and value",
                "give one response",
            );
        }
        let wrong = |found: &str, hint: &str| {
            let thing = format!("--hrf file:{name}");
            Err(Error::usage(thing, found, "say when each sample is, once", hint))
        };
        let times_s: Vec<f64> = match (width, step_s) {
            (1, Some(step_s)) => (0..rows.len()).map(|k| k as f64 * step_s).collect(),
            (1, None) => {
                return wrong(
                    "has one column and no seconds a sample",
                    "write --hrf file:FILE@0.1",
                );
            }
            (_, Some(_)) => {
                return wrong(
                    "has a column of seconds and also seconds a sample",
                    "leave out what stands behind the @",
                );
            }
            (_, None) => rows.iter().map(|row| row[0]).collect(),
        };
        if times_s.windows(2).any(|pair| pair[1] <= pair[0]) {
            return bad(
                "has seconds that do not rise".to_owned(),
                "have rising seconds in its first column",
                "the first column is time after the onset, the second the response",
            );
        }
        let lasts = times_s[times_s.len() - 1] - times_s[0];
        let apart = lasts / (times_s.len() - 1) as f64;
        if apart > COARSEST_S && lasts > LONGEST_S {
            return bad(
                format!("has samples {apart} s apart"),
                "show the rise and fall of a response",
                "times are in seconds, not ms",
            );
        }
        let values: Vec<f64> = rows.iter().map(|row| row[width - 1]).collect();
        if values.iter().all(|v| *v == 0.0) {
            return bad("is 0 throughout".to_owned(), "have other values", "");
        }
        Ok(Sampled { times_s, values })
    }

    /// What is unlike a response that rises and falls, in words behind its name.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let n = self.values.len();
        if n < FEWEST {
            doubts.push(format!("has {n} samples, with straight lines between them: {FEWEST} or more show a rise and a fall"));
        }
        let peak = self.values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let last = self.values[n - 1].abs();
        if n >= FEWEST && last > BROKEN_OFF * peak {
            doubts.push(format!(
                "breaks off at {:.0} % of its peak, {} s after the onset, and is 0 from there on: give samples until it is over",
                100.0 * last / peak,
                self.times_s[n - 1]
            ));
        }
        doubts
    }

    /// The response `t` seconds after the onset.
    #[must_use]
    pub fn at(&self, t: f64) -> f64 {
        let last = self.times_s.len() - 1;
        if t < self.times_s[0] || t > self.times_s[last] {
            return 0.0;
        }
        let above = self.times_s.partition_point(|knot| *knot < t).clamp(1, last);
        let (from, to) = (self.times_s[above - 1], self.times_s[above]);
        let share = (t - from) / (to - from);
        self.values[above - 1] + share * (self.values[above] - self.values[above - 1])
    }
}
