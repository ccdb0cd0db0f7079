//! The record's time and the scan's: where a recording is moved so that 0 s is the start of the image's first volume.
//!
//! A trigger is a rising edge, also where the line is high most of the time. With triggers at e_k, k from 0 at the first
//! volume the scanner made, e_k = a + b k is fitted by least squares; the first volume of the image is k = dummies; the
//! clock drift is (b / tr - 1) 1e6 ppm. A drift that sums up to more than one sample over the run is taken out:
//! t' = (t - a - b dummies) tr / b.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::recording::{Acquisition, Recording, Trace};

/// Clocks differ by some 100 ppm at most; beyond this the triggers are no volumes or the TR is wrong.
const LARGEST_DRIFT: f64 = 0.01;

/// What says when the scan began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// The record's StartTime.
    #[default]
    StartTime,
    /// The scanner's triggers, one a volume.
    Trigger,
    /// The record's first sample is the start of the first volume.
    Start,
    /// The record's last sample is the end of the last volume.
    End,
}

/// How the record was moved, and what its triggers say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// What said when the scan began.
    pub by: Align,
    /// Volumes that were dropped from the image's start.
    pub dummies: usize,
    /// Seconds added to the record's own times.
    pub offset_s: f64,
    /// Volumes' triggers in the record; none without a trigger column.
    pub n_triggers: Option<usize>,
    /// Where, after the move, the triggers put the start of the image's first volume, seconds; 0 where they agree. None
    /// where they are not one a volume.
    pub first_trigger_s: Option<f64>,
    /// Slope of the trigger times against k TR, less 1, parts per million: positive when the recorder's clock is fast.
    pub clock_drift_ppm: Option<f64>,
    /// Largest distance of a trigger from that line, seconds.
    pub trigger_jitter_s: Option<f64>,
    /// Whether the drift was taken out.
    pub drift_corrected: bool,
}

/// The line through the triggers.
struct Line {
    /// Time of the image's first volume in the record's own time, seconds.
    first_s: f64,
    /// Seconds of the recorder's clock for one second of the scanner's.
    rate: f64,
    jitter_s: f64,
}

/// Move a recording so that 0 s is the start of the image's first volume. `dummies`: volumes that were dropped from the
/// image's start; the record, its StartTime and its triggers count them.
///
/// # Errors
/// Missing input: no trigger column. Bad data: triggers that are not one a volume.
pub fn align(
    mut recording: Recording,
    acquisition: &Acquisition,
    by: Align,
    dummies: usize,
) -> Result<(Recording, Alignment)> {
    let tr = acquisition.tr;
    let wanted = acquisition.n_volumes.saturating_add(dummies);
    let edges = recording.trigger.as_ref().map(|t| triggers_s(t, wanted)).unwrap_or_default();
    let n_triggers = recording.trigger.as_ref().map(|_| edges.len());
    let line = line(&recording.name, &edges, acquisition, dummies);
    let dropped_s = dummies as f64 * tr;
    let mut drift_corrected = false;
    let offset_s;
    match by {
        Align::StartTime => {
            offset_s = 0.0 - dropped_s;
            traces(&mut recording).for_each(|t| t.start_s += offset_s);
        }
        Align::Start | Align::End => {
            let scan_s = acquisition.n_volumes as f64 * tr;
            let mut moved = None;
            for trace in traces(&mut recording) {
                let start_s = match by {
                    Align::Start => -dropped_s,
                    _ => scan_s - trace.samples.len() as f64 / trace.sampling_hz,
                };
                // The trigger comes first: what it says is reported relative to its own move.
                moved.get_or_insert(start_s - trace.start_s);
                trace.start_s = start_s;
            }
            offset_s = moved.unwrap_or(0.0);
        }
        Align::Trigger => {
            let Some(trigger) = &recording.trigger else {
                return Err(Error::missing_input(
                    &recording.name,
                    "has no trigger column, which --align trigger needs",
                    "",
                    "give the recording that has one, or --align start-time, start or end",
                ));
            };
            let line = line.as_ref().map_err(again)?;
            let length_s = wanted as f64 * tr;
            drift_corrected = (line.rate - 1.0).abs() * length_s * trigger.sampling_hz > 1.0;
            let rate = if drift_corrected { line.rate } else { 1.0 };
            offset_s = -line.first_s;
            for trace in traces(&mut recording) {
                trace.start_s = (trace.start_s + offset_s) / rate;
                trace.sampling_hz *= rate;
            }
        }
    }
    let line = line.ok();
    let alignment = Alignment {
        by,
        dummies,
        offset_s,
        n_triggers,
        first_trigger_s: line.as_ref().map(|l| l.first_s + offset_s),
        clock_drift_ppm: line.as_ref().map(|l| 1e6 * (l.rate - 1.0)),
        trigger_jitter_s: line.as_ref().map(|l| l.jitter_s),
        drift_corrected,
    };
    Ok((recording, alignment))
}

fn traces(recording: &mut Recording) -> impl Iterator<Item = &mut Trace> {
    let Recording { cardiac, respiratory, trigger, .. } = recording;
    [trigger, cardiac, respiratory].into_iter().flatten()
}

/// Times at which the trigger rises, seconds, however long it stays high; samples that are missing are low. `wanted`: as many as
/// there should be, which tells whether a trace that begins high rose right there.
#[must_use]
pub fn triggers_s(trigger: &Trace, wanted: usize) -> Vec<f64> {
    let time_s = |i: usize| trigger.start_s + i as f64 / trigger.sampling_hz;
    trigger.rising_edges(wanted).into_iter().map(time_s).collect()
}

fn line(name: &str, edges: &[f64], acquisition: &Acquisition, dummies: usize) -> Result<Line> {
    let (tr, n_volumes) = (acquisition.tr, acquisition.n_volumes);
    let thing = format!("{name}, column trigger,");
    let wanted = n_volumes.saturating_add(dummies);
    if edges.len() != wanted {
        return Err(wrong_count(&thing, edges.len(), n_volumes, dummies));
    }
    if wanted < 2 {
        let first_s = edges.first().copied().unwrap_or(0.0);
        return Ok(Line { first_s, rate: 1.0, jitter_s: 0.0 });
    }
    let n = wanted as f64;
    let (mean_k, mean_e) = (0.5 * (n - 1.0), edges.iter().sum::<f64>() / n);
    let (mut up, mut down) = (0.0, 0.0);
    for (k, e) in edges.iter().enumerate() {
        let k = k as f64 - mean_k;
        up += k * (e - mean_e);
        down += k * k;
    }
    let step_s = up / down;
    let at = |k: usize| mean_e + step_s * (k as f64 - mean_k);
    if (step_s / tr - 1.0).abs() > LARGEST_DRIFT {
        return Err(Error::bad_data(
            thing,
            format!("has a trigger every {step_s:.4} s"),
            format!("have one every {tr} s, the repetition time"),
            "check --tr and the record's rate in Hz (SamplingFrequency of a BIDS recording, hz= of a log)",
        ));
    }
    let off = |k: &usize| (edges[*k] - at(*k)).abs();
    let worst = (0..wanted).max_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0);
    if off(&worst) > 0.25 * tr {
        return Err(Error::bad_data(
            thing,
            format!(
                "has trigger {} at {:.3} s where the others put {:.3} s",
                worst + 1,
                edges[worst],
                at(worst)
            ),
            format!("have one trigger a volume, every {tr} s"),
            "a trigger is missing and another is none; use --align start-time, start or end",
        ));
    }
    Ok(Line { first_s: at(dummies), rate: step_s / tr, jitter_s: off(&worst) })
}

fn wrong_count(thing: &str, found: usize, n_volumes: usize, dummies: usize) -> Error {
    let wanted = n_volumes.saturating_add(dummies);
    let hint = if found > wanted && found.is_multiple_of(wanted) {
        "triggers of slices are not told apart: use --align start-time, start or end".to_owned()
    } else if found > wanted && found - n_volumes <= 20 {
        format!(
            "if {} volumes were dropped from the image's start, say --dummies {0}",
            found - n_volumes
        )
    } else {
        "the record may be cut or of another run; else use --align start-time, start or end"
            .to_owned()
    };
    let and = if dummies > 0 { format!(" and {dummies} dummies") } else { String::new() };
    Error::bad_data(
        thing,
        format!("has {found} triggers"),
        format!("have {wanted}, one for each of the {n_volumes} volumes{and}"),
        hint,
    )
}

/// The error once more: it is kept to be raised by what needs the triggers only.
fn again(error: &Error) -> Error {
    error.fault().map_or(Error::Interrupted, |f| {
        Error::bad_data(f.thing.clone(), f.found.clone(), f.expected.clone(), f.hint.clone())
    })
}
