//! What every trace goes through first: checks that let nothing unusable pass, ends trimmed, short gaps bridged.

use crate::error::{Error, Result};
use crate::recording::Trace;

/// Gaps up to this long are bridged by a straight line; longer ones are an error.
const LONGEST_GAP_S: f64 = 30.0;
/// Less than this says nothing about a rhythm.
const SHORTEST_TRACE_S: f64 = 5.0;

/// A trace without gaps, scaled to a largest magnitude of 1 so that no later square overflows.
#[derive(Debug)]
pub(super) struct CleanTrace {
    /// Samples in units of the largest magnitude.
    pub samples: Vec<f64>,
    pub sampling_hz: f64,
    /// Time of the first sample kept, seconds.
    pub start_s: f64,
    /// Bridged gaps: first sample and one past the last.
    pub gaps: Vec<(usize, usize)>,
}

impl CleanTrace {
    /// Seconds from the first volume of a position in samples.
    pub fn time_s(&self, position: f64) -> f64 {
        self.start_s + position / self.sampling_hz
    }

    /// Time of the last sample, seconds.
    pub fn end_s(&self) -> f64 {
        self.time_s(self.samples.len() as f64 - 1.0)
    }
}

/// Check and mend a trace. Missing samples (not finite) at the ends are cut off, as if recording had begun later or
/// ended earlier; gaps of at most 30 s are interpolated.
///
/// `thing`: what messages call the trace. `lowest_hz`: the lowest usable sampling rate.
///
/// # Errors
/// Bad data: sampling rate or start time unusable, too short, no finite sample, a longer gap, constant.
pub(super) fn clean(trace: &Trace, thing: &str, lowest_hz: f64) -> Result<CleanTrace> {
    let hz = trace.sampling_hz;
    if !(hz.is_finite() && hz >= lowest_hz) {
        return Err(Error::bad_data(
            thing,
            format!("has {hz} samples a second (SamplingFrequency)"),
            format!("have at least {lowest_hz} Hz"),
            "check SamplingFrequency of a BIDS recording, hz= of a log: it is in Hz",
        ));
    }
    if !trace.start_s.is_finite() {
        return Err(Error::bad_data(
            thing,
            format!("begins at {} s (StartTime)", trace.start_s),
            "have a finite StartTime in seconds",
            "check StartTime of a BIDS recording, start= of a log",
        ));
    }
    let first = trace.samples.iter().position(|v| v.is_finite());
    let last = trace.samples.iter().rposition(|v| v.is_finite());
    let (Some(first), Some(last)) = (first, last) else {
        return Err(Error::bad_data(
            thing,
            format!("has no finite value among {} samples", trace.samples.len()),
            "hold numbers",
            "check that the right column is named (Columns of a BIDS recording, columns= of a log)",
        ));
    };
    let start_s = trace.start_s + first as f64 / hz;
    let seconds = (last - first) as f64 / hz;
    if seconds < SHORTEST_TRACE_S {
        return Err(Error::bad_data(
            thing,
            format!("lasts {seconds:.3} s at {hz} Hz"),
            format!("last at least {SHORTEST_TRACE_S} s"),
            "check its rate (SamplingFrequency of a BIDS recording, hz= of a log), and that the file is complete",
        ));
    }
    let mut samples = trace.samples[first..=last].to_vec();
    let gaps = bridge_gaps(&mut samples, hz, start_s, thing)?;
    let largest = samples.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest > 0.0 {
        samples.iter_mut().for_each(|v| *v /= largest);
    }
    let (low, high) = samples.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    if high - low <= 1e-12 {
        return Err(Error::bad_data(
            thing,
            format!("is constant ({}) in all its {} samples", trace.samples[first], samples.len()),
            "vary",
            "the sensor was not connected (--terms can leave its terms out), or the wrong column is named (Columns of a BIDS recording, \
             columns= of a log)",
        ));
    }
    samples.iter_mut().for_each(|v| *v -= low + 0.5 * (high - low));
    Ok(CleanTrace { samples, sampling_hz: hz, start_s, gaps })
}

fn bridge_gaps(
    samples: &mut [f64],
    hz: f64,
    start_s: f64,
    thing: &str,
) -> Result<Vec<(usize, usize)>> {
    let mut gaps = Vec::new();
    let mut i = 0;
    while i < samples.len() {
        if samples[i].is_finite() {
            i += 1;
            continue;
        }
        // The ends are finite, so a gap has a neighbour on each side.
        let next = (i..samples.len()).find(|&k| samples[k].is_finite()).unwrap_or(samples.len());
        let missing = next - i;
        if missing as f64 / hz > LONGEST_GAP_S || next == samples.len() {
            return Err(Error::bad_data(
                thing,
                format!(
                    "has no values for {:.2} s from {:.2} s on",
                    missing as f64 / hz,
                    start_s + i as f64 / hz
                ),
                format!("have no gap longer than {LONGEST_GAP_S} s"),
                "n/a, NaN and infinite samples count as missing; leave the trace out with --terms if it is lost",
            ));
        }
        let (from, to) = (samples[i - 1], samples[next]);
        for (step, k) in (i..next).enumerate() {
            let w = (step + 1) as f64 / (missing + 1) as f64;
            samples[k] = from * (1.0 - w) + to * w;
        }
        gaps.push((i, next));
        i = next;
    }
    Ok(gaps)
}
