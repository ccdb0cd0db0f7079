//! The slow columns at any moment: measure -> response -> delay. The measure is taken every 0.1 s from the start of the
//! record (at most response and longest delay before the scan) to the last slice; between grid points the
//! convolved series is a straight line, a delay d samples it at t - d, and before the grid it is 0, its mean.

use serde::{Deserialize, Serialize};

use super::breaths::{Breaths, LOWEST_HZ};
use super::clean::{CleanTrace, clean};
use super::flagged::{Flagged, Reason};
use super::hilbert::rvt_hilbert;
use super::rate::{HALF_WINDOW_S, heart_rate, rv};
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
#[derive(Debug, Clone)]
struct Series {
    start_s: f64,
    /// Every [`STEP_S`].
    values: Vec<f64>,
    delays_s: Vec<f64>,
}

/// All slow columns of a model.
#[derive(Debug, Clone)]
pub(super) struct SlowColumns {
    series: Vec<Series>,
    /// In the order of the terms.
    pub summary: Vec<SlowSummary>,
}

impl SlowColumns {
    /// `beats_s` and `breaths`: those of the recording, none when no term needs them. `scan_s`: first and last acquisition,
    /// seconds.
    ///
    /// # Errors
    /// Bad data naming `--terms`: too few breaths, no beat for more than 3 s, or a measure that does not vary.
    pub fn new(
        recording: &Recording,
        terms: &Terms,
        beats_s: &[f64],
        breaths: Option<&Breaths>,
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
            let source = Source { trace: &trace, beats_s, breaths, thing: &thing };
            columns.add(term, &source, scan_s)?;
        }
        Ok(columns)
    }

    fn add(&mut self, term: &SlowTerm, source: &Source, scan_s: (f64, f64)) -> Result<()> {
        let thing = source.thing;
        let longest_delay_s = term.delays_s.iter().copied().fold(0.0, f64::max);
        let start_s = source.trace.start_s.max(scan_s.0 - RESPONSE_S - longest_delay_s);
        let n = ((scan_s.1 - start_s) / STEP_S).ceil().max(0.0) as usize + 1;
        let times_s: Vec<f64> = (0..n).map(|j| start_s + j as f64 * STEP_S).collect();
        let measure = source.measured(term.measure, &times_s)?;
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

/// What a measure is taken from.
struct Source<'a> {
    trace: &'a CleanTrace,
    beats_s: &'a [f64],
    breaths: Option<&'a Breaths>,
    thing: &'a str,
}

impl Source<'_> {
    /// The measure at each moment, seconds; in units of the trace's largest magnitude, or beats a minute. Where the
    /// breathing is missing, flat or noise a straight line joins what is known on either side.
    fn measured(&self, measure: Measure, times_s: &[f64]) -> Result<Vec<f64>> {
        let Source { trace, beats_s, thing, .. } = *self;
        let breathing = || Trace {
            samples: trace.samples.clone(),
            sampling_hz: trace.sampling_hz,
            start_s: trace.start_s,
        };
        let (mut values, reach_s) = match (measure, self.breaths) {
            (Measure::Rvt, Some(breaths)) => (rvt(&breathing(), breaths, times_s, thing)?, 0.0),
            (Measure::Rvt, None) => {
                return Err(Error::internal(thing, "has no breaths", "be searched before", ""));
            }
            (Measure::RvtHilbert, _) => (rvt_hilbert(&breathing(), times_s), HALF_WINDOW_S),
            (Measure::Rv, _) => (rv(&breathing(), times_s), HALF_WINDOW_S),
            (Measure::Hr, _) => return self.heart_rate(beats_s, times_s),
        };
        let lost = self.lost_s(measure, reach_s);
        let is_lost = |t: &f64| lost.iter().any(|(from_s, to_s)| (*from_s..=*to_s).contains(t));
        let lost: Vec<bool> = times_s.iter().map(is_lost).collect();
        join_over(&mut values, &lost);
        Ok(values)
    }

    /// Where the breathing says nothing of a measure that looks `reach_s` to both sides, seconds. RVT by peaks looks to
    /// the middle between the two nearest ends of inspiration on each side.
    fn lost_s(&self, measure: Measure, reach_s: f64) -> Vec<(f64, f64)> {
        let Some(breaths) = self.breaths else { return Vec::new() };
        let peaks_s = &breaths.peaks_s;
        let lost = breaths.flagged.iter().filter(|f| f.reason != Reason::Clipped);
        let widened = |f: &Flagged| {
            if measure != Measure::Rvt {
                return (f.from_s - reach_s, f.to_s + reach_s);
            }
            let n_before = peaks_s.partition_point(|&p| p < f.from_s);
            let n_until = peaks_s.partition_point(|&p| p <= f.to_s);
            let middle = |pair: &[f64]| 0.5 * (pair[0] + pair[1]);
            let before = n_before.checked_sub(2).map_or(f64::MIN, |k| middle(&peaks_s[k..k + 2]));
            let after = peaks_s.get(n_until..n_until + 2).map_or(f64::MAX, middle);
            (before, after)
        };
        lost.map(widened).collect()
    }

    fn heart_rate(&self, beats_s: &[f64], times_s: &[f64]) -> Result<Vec<f64>> {
        let rate = heart_rate(beats_s, times_s);
        match rate.iter().position(|r| r.is_nan()) {
            None => Ok(rate),
            Some(j) => Err(Error::bad_data(
                self.thing,
                format!("shows no beat within {HALF_WINDOW_S} s of {:.2} s", times_s[j]),
                "show beats throughout for a heart rate",
                "look at the trace; leave hr out of --terms",
            )),
        }
    }
}

/// Replace lost values by the straight line between their neighbours, at the ends by the nearest; nothing when all
/// are lost.
fn join_over(values: &mut [f64], lost: &[bool]) {
    let mut from = 0;
    while from < values.len() {
        if !lost[from] {
            from += 1;
            continue;
        }
        let to = (from..lost.len()).find(|&k| !lost[k]).unwrap_or(lost.len());
        let before = from.checked_sub(1).map(|k| values[k]);
        let after = values.get(to).copied();
        let (Some(a), Some(b)) = (before.or(after), after.or(before)) else { return };
        let steps = (to + 1 - from) as f64;
        for (k, value) in values[from..to].iter_mut().enumerate() {
            *value = a + (k + 1) as f64 / steps * (b - a);
        }
        from = to;
    }
}
