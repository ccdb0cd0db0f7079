//! The slow columns at any moment: measure -> response -> delay. The measure is taken every 0.1 s from the start of the
//! record (at most response and longest delay before the scan) to the last slice; between grid points the
//! convolved series is a straight line, a delay d samples it at t - d, and before the grid it is 0, its mean.

use serde::{Deserialize, Serialize};

use super::breaths::breaths_of;
use super::clean::{CleanTrace, clean};
use super::hilbert::rvt_hilbert;
use super::rate::{HALF_WINDOW_S, heart_rate, rv};
use super::respiratory_phase::LOWEST_HZ;
use super::response::{RESPONSE_S, STEP_S, convolved, crf, rrf};
use super::rvt::rvt;
use super::slow::{Measure, SlowTerm};
use super::terms::Terms;
use crate::error::{Error, Result};
use crate::recording::{Recording, Trace};

/// What is known of one slow measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowSummary {
    /// `rvt`, `rvt-hilbert`, `rv` or `hr`.
    pub measure: String,
    /// What it was convolved with: `rrf` or `crf`.
    pub response: String,
    /// One column each, seconds.
    pub delays_s: Vec<f64>,
    /// Standard deviation over mean of the measure, before the convolution.
    pub variation: f64,
    /// Seconds of the record used before the first slice; what the response reaches beyond that is taken at the mean.
    pub history_s: f64,
}

/// One measure after the convolution.
struct Series {
    start_s: f64,
    /// Every [`STEP_S`].
    values: Vec<f64>,
    delays_s: Vec<f64>,
}

/// All slow columns of a model.
pub(super) struct SlowColumns {
    series: Vec<Series>,
    /// In the order of the terms.
    pub summary: Vec<SlowSummary>,
}

impl SlowColumns {
    /// `beats_s`: those of the recording, empty when no term needs them. `scan_s`: first and last acquisition, seconds.
    ///
    /// # Errors
    /// Bad data naming `--terms`: too few breaths, no beat for more than 3 s, or a measure that does not vary.
    pub fn new(
        recording: &Recording,
        terms: &Terms,
        beats_s: &[f64],
        scan_s: (f64, f64),
    ) -> Result<SlowColumns> {
        let mut columns = SlowColumns { series: Vec::new(), summary: Vec::new() };
        for term in &terms.slow {
            let (name, trace, lowest_hz) = match term.measure.is_cardiac() {
                true => ("cardiac", &recording.cardiac, 0.0),
                false => ("respiratory", &recording.respiratory, LOWEST_HZ),
            };
            let thing = format!("{}, column {name},", recording.name);
            let Some(trace) = trace else {
                return Err(Error::internal(thing, "is not there", "be checked before", ""));
            };
            let trace = clean(trace, &thing, lowest_hz)?;
            columns.add(term, &trace, beats_s, scan_s, &thing)?;
        }
        Ok(columns)
    }

    fn add(
        &mut self,
        term: &SlowTerm,
        trace: &CleanTrace,
        beats_s: &[f64],
        scan_s: (f64, f64),
        thing: &str,
    ) -> Result<()> {
        let longest_delay_s = term.delays_s.iter().copied().fold(0.0, f64::max);
        let start_s = trace.start_s.max(scan_s.0 - RESPONSE_S - longest_delay_s);
        let n = ((scan_s.1 - start_s) / STEP_S).ceil().max(0.0) as usize + 1;
        let times_s: Vec<f64> = (0..n).map(|j| start_s + j as f64 * STEP_S).collect();
        let measure = measured(term.measure, trace, beats_s, &times_s, thing)?;
        let response = if term.measure.is_cardiac() { crf } else { rrf };
        let name = term.measure.name();
        let values = convolved(&measure, response).ok_or_else(|| {
            Error::bad_data(
                thing,
                format!("gives a constant {name}"),
                "vary from breath to breath or beat to beat",
                format!("look at the trace; leave {name} out of --terms"),
            )
        })?;
        let mean = measure.iter().sum::<f64>() / measure.len() as f64;
        self.summary.push(SlowSummary {
            measure: name.to_owned(),
            response: term.measure.response_name().to_owned(),
            delays_s: term.delays_s.clone(),
            variation: super::signal::variance(&measure).sqrt() / mean,
            history_s: (scan_s.0 - start_s).max(0.0),
        });
        self.series.push(Series { start_s, values, delays_s: term.delays_s.clone() });
        Ok(())
    }

    /// All columns at a moment in seconds, in the order of the terms and their delays.
    pub fn values(&self, time_s: f64) -> impl Iterator<Item = f64> + '_ {
        self.series.iter().flat_map(move |s| s.delays_s.iter().map(move |d| s.at(time_s - d)))
    }
}

impl Series {
    fn at(&self, time_s: f64) -> f64 {
        let position = (time_s - self.start_s) / STEP_S;
        if position < 0.0 {
            return 0.0;
        }
        let last = self.values.len() - 1;
        let position = position.min(last as f64);
        let i = position.floor() as usize;
        let (a, b) = (self.values[i], self.values[(i + 1).min(last)]);
        a + (position - i as f64) * (b - a)
    }
}

/// The measure at each moment, seconds; in units of the trace's largest magnitude, or beats a minute.
fn measured(
    measure: Measure,
    trace: &CleanTrace,
    beats_s: &[f64],
    times_s: &[f64],
    thing: &str,
) -> Result<Vec<f64>> {
    let breathing = || Trace {
        samples: trace.samples.clone(),
        sampling_hz: trace.sampling_hz,
        start_s: trace.start_s,
    };
    match measure {
        Measure::Rvt => rvt(&breathing(), &breaths_of(trace, thing)?, times_s, thing),
        Measure::RvtHilbert => Ok(rvt_hilbert(&breathing(), times_s)),
        Measure::Rv => Ok(rv(&breathing(), times_s)),
        Measure::Hr => {
            let rate = heart_rate(beats_s, times_s);
            match rate.iter().position(|r| r.is_nan()) {
                None => Ok(rate),
                Some(j) => Err(Error::bad_data(
                    thing,
                    format!("shows no beat within {HALF_WINDOW_S} s of {:.2} s", times_s[j]),
                    "show beats throughout for a heart rate",
                    "look at the trace; leave hr out of --terms",
                )),
            }
        }
    }
}
