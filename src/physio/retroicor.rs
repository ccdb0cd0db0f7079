//! RETROICOR columns: Fourier terms of the cardiac and respiratory phase at the moment each slice was acquired,
//! t = k tr + slice_time, k from 0, and the slow columns at that moment; computed once for each unique slice time (multiband slices share it), demeaned.
//! Source: Glover, Li & Ress 2000, eq. 4; interaction terms Harvey et al. 2008.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::align::Alignment;
use super::band::{self, band_passed};
use super::beats::{Beats, detect};
use super::belt;
use super::breaths::{Breaths, LOWEST_HZ, breaths_of, corrected};
use super::cardiac_phase::CardiacPhase;
use super::censor::Censored;
use super::clean::clean;
use super::coverage;
use super::flagged::Flagged;
use super::moments::SliceMoments;
use super::peaks::{Channel, Peaks};
use super::respiratory_phase::{BreathTurns, Equalisation, RespiratoryPhase};
use super::scanner::{Scanner, Unusable};
use super::signs::signs;
use super::silent;
use super::slow_columns::{SlowColumns, SlowSummary};
use super::terms::Terms;
use super::treatment::Treatment;
use crate::error::{Error, Result};
use crate::recording::{Acquisition, Recording, Trace};
use crate::volume::SliceGroups;

/// The columns and what a person should know about them.
#[derive(Debug, Clone)]
pub struct Retroicor {
    /// For each unique slice time `[volume][column]`, demeaned.
    pub groups: SliceGroups,
    /// For the sidecar and the log.
    pub summary: PhysioSummary,
    /// The beats, where a column needs them.
    pub beats: Option<Beats>,
    /// The breaths, corrected by the table, where a column needs them.
    pub breaths: Option<Breaths>,
    /// The phase of the heart, where a column needs it.
    pub cardiac_phase: Option<CardiacPhase>,
    /// The phase of breathing, where a column needs it.
    pub resp_phase: Option<RespiratoryPhase>,
    pub(super) slow: SlowColumns,
}

impl Retroicor {
    /// The phases behind the columns.
    ///
    /// # Errors
    /// As [`phases()`], for slice times that cannot be used.
    pub fn phases(&self, acquisition: &Acquisition) -> Result<Phases> {
        let slices = SliceMoments::new(acquisition)?;
        let (cardiac, respiratory) = (&self.cardiac_phase, &self.resp_phase);
        Ok(Phases {
            cardiac_phase: cardiac.as_ref().map(|phase| slices.each(|t| phase.at(t))),
            resp_phase: respiratory.as_ref().map(|phase| slices.each(|t| phase.at(t))),
        })
    }
}

/// What was found in the record. Absent values belong to a trace that the terms did not need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhysioSummary {
    /// The record's name.
    pub recording: String,
    /// Orders as `cardiac/respiratory/interaction`, and slow terms behind a +.
    pub terms: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Unique slice times.
    pub n_groups: usize,
    /// Unique slice times, seconds.
    pub slice_times_s: Vec<f64>,
    /// Sampling rate of the cardiac trace, Hz.
    pub cardiac_sampling_hz: Option<f64>,
    /// Beats in the whole record.
    pub n_beats: Option<usize>,
    /// Beats put into intervals of two or more periods.
    pub n_beats_filled: Option<usize>,
    /// Mean heart rate, beats a minute.
    pub heart_rate_bpm: Option<f64>,
    /// Intervals that differ by more than 30 % from those around them.
    pub n_rr_outliers: Option<usize>,
    /// Share of the beats farther than 0.1 s from where their cycle has the others, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_landmark_share: Option<f64>,
    /// Share of slice acquisitions before the first beat or after the last, 0 to 1.
    pub cardiac_extrapolated_share: Option<f64>,
    /// Sampling rate of the respiratory trace, Hz.
    pub respiratory_sampling_hz: Option<f64>,
    /// Breaths in the whole record.
    pub n_breaths: Option<usize>,
    /// Mean breathing rate, breaths a minute.
    pub breathing_rate_per_minute: Option<f64>,
    /// Share of slice acquisitions outside the respiratory record, 0 to 1.
    pub respiratory_extrapolated_share: Option<f64>,
    /// The slow measures, in the order of the terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slow: Vec<SlowSummary>,
    /// The table whose beats or breaths took the place of detection.
    pub peak_table: Option<String>,
    /// Traces that must not be used, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<Unusable>,
    /// Stretches that say little about the heart or the breath, in order of time.
    #[serde(default)]
    pub flagged: Vec<Flagged>,
    /// What was done about what is wrong with the recording.
    #[serde(flatten)]
    pub treatment: Treatment,
    /// Volumes (from 0) with a slice whose columns are 0 for it.
    #[serde(default)]
    pub censored_volumes: Vec<usize>,
    /// How the record's time was related to the scan's; none where nobody asked.
    pub alignment: Option<Alignment>,
    /// What the readers counted in each log (samples missing, flat, saturated, lost, at a time already seen), a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// Phases at each slice's own time, radians, `[volume][slice]`; none without the trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Phases {
    /// In [0, 2 pi).
    pub cardiac_phase: Option<Array2<f64>>,
    /// In [-pi, pi].
    pub resp_phase: Option<Array2<f64>>,
}

/// RETROICOR columns of a run, beats and breaths as detected.
///
/// # Errors
/// Missing input: slice times, or a trace that `terms` needs. Bad data: a trace without usable beats or breaths, or
/// one that does not cover the scan.
pub fn retroicor(
    recording: &Recording,
    acquisition: &Acquisition,
    terms: &Terms,
) -> Result<Retroicor> {
    retroicor_from(recording, &Peaks::default(), acquisition, terms, &Treatment::default())
}

/// RETROICOR columns of a run. The beats of `peaks` take the place of detection, and need no cardiac trace; its breaths
/// make RVT by peaks, but the respiratory phase follows the trace itself.
///
/// # Errors
/// As [`retroicor()`], and for peaks that cannot be used.
pub fn retroicor_from(
    recording: &Recording,
    peaks: &Peaks,
    acquisition: &Acquisition,
    terms: &Terms,
    treatment: &Treatment,
) -> Result<Retroicor> {
    made_from(recording, peaks, acquisition, (terms, treatment), true)
}

/// The same of a record that is to be looked at and not used: a pulse that follows the scanner is no error, and stands in the summary.
///
/// # Errors
/// As [`retroicor_from`] but for that.
pub fn looked_at(
    recording: &Recording,
    peaks: &Peaks,
    acquisition: &Acquisition,
    terms: &Terms,
    treatment: &Treatment,
) -> Result<Retroicor> {
    made_from(recording, peaks, acquisition, (terms, treatment), false)
}

fn made_from(
    recording: &Recording,
    peaks: &Peaks,
    acquisition: &Acquisition,
    (terms, treatment): (&Terms, &Treatment),
    refuses: bool,
) -> Result<Retroicor> {
    let slices = SliceMoments::new(acquisition)?;
    let as_recorded = recording;
    let banded = treatment.breath_band_hz.map(|band_hz| banded(recording, band_hz)).transpose()?;
    let recording = banded.as_ref().unwrap_or(recording);
    let known_beats = peaks.times_s(Channel::Cardiac)?;
    let known_breaths = peaks.times_s(Channel::Respiratory)?;
    let peak_table = (known_beats.is_some() && terms.needs_cardiac()
        || known_breaths.is_some() && terms.needs_respiratory())
    .then(|| peaks.name.clone());
    let is_known = known_beats.is_some();
    let cardiac = match (terms.needs_cardiac(), known_beats, &recording.cardiac) {
        (false, ..) => None,
        (true, Some(_), None) if terms.slow.iter().any(|s| s.measure.is_cardiac()) => {
            return Err(missing_trace(recording, "cardiac", terms, "3/0/0"));
        }
        (true, Some(beats_s), trace) => Some(known(beats_s, peaks, trace.as_ref(), &slices)?),
        (true, None, Some(trace)) => Some(cardiac(recording, trace, &slices, refuses)?),
        (true, None, None) => return Err(missing_trace(recording, "cardiac", terms, "0/4/0")),
    };
    let respiratory = match (terms.needs_respiratory(), &recording.respiratory) {
        (false, _) => None,
        (true, Some(trace)) => {
            Some(respiratory(recording, trace, treatment.breath_turns, &slices)?)
        }
        (true, None) => return Err(missing_trace(recording, "respiratory", terms, "3/0/0")),
    };
    let beats = cardiac.as_ref().map(|(_, beats)| beats);
    let beats_s = beats.map_or(&[][..], |beats| &beats.times_s);
    let mut breaths = match (&respiratory, known_breaths, &recording.respiratory) {
        (Some(phase), Some(peaks_s), Some(trace)) => {
            let trace = clean(trace, &thing_of(recording, "respiratory"), LOWEST_HZ)?;
            Some(corrected(&trace, peaks_s, phase.breaths()))
        }
        (phase, ..) => phase.as_ref().map(|phase| phase.breaths().clone()),
    };
    if let (Some(breaths), Some(_), Some(trace)) =
        (&mut breaths, treatment.breath_band_hz, &as_recorded.respiratory)
    {
        // A filter hides what is flat, cut off or missing.
        let thing = thing_of(recording, "respiratory");
        breaths.flagged = breaths_of(&clean(trace, &thing, LOWEST_HZ)?, &thing)?.flagged;
    }
    let slow = SlowColumns::new(recording, terms, beats_s, breaths.as_ref(), slices.interval_s())
        .map_err(|error| with_signs(error, &traces(recording), slices.tr))?;
    let flagged = flagged_of(beats, breaths.as_ref(), slices.interval_s());
    let censored = Censored::new(&flagged, treatment.bad_stretches, terms, &slices);
    censored
        .check(terms, &recording.name)
        .map_err(|error| with_signs(error, &traces(recording), slices.tr))?;
    let names = terms.names();
    let scanner = beats.and_then(|b| Scanner::of(b, recording.cardiac.as_ref(), &slices));
    let unusable = scanner.and_then(|scanner| {
        let trace = recording.cardiac.as_ref().filter(|_| !scanner.is_heard());
        let signs = trace.and_then(|trace| signs(trace, Some(slices.tr)));
        let why = scanner.why()?;
        Some(signs.map_or(why.clone(), |signs| format!("{why}; it {signs}")))
    });
    // Beats that are given are known wherever the trace is not.
    let seen = beats.zip(recording.cardiac.as_ref()).filter(|_| !is_known);
    let unusable =
        unusable.or_else(|| seen.and_then(|(beats, trace)| silent::why(beats, trace, &slices)));
    let unusable = unusable.map(|why| Unusable { channel: Channel::Cardiac, why });
    let is_filtered = treatment.breath_band_hz.is_some();
    let belt = breaths.as_ref().filter(|_| respiratory.is_some());
    let belt = belt.and_then(|breaths| belt::why(breaths, &slices, is_filtered));
    let belt = belt.map(|why| Unusable { channel: Channel::Respiratory, why });
    let unusable = unusable.into_iter().chain(belt).collect();
    let n_breaths = breaths.as_ref().map(|b| b.n_breaths);
    let breathing_rate = |r: &RespiratoryPhase| {
        let (from, to) = r.interval_s();
        60.0 * n_breaths.unwrap_or(0) as f64 / (to - from)
    };
    let summary = PhysioSummary {
        recording: recording.name.clone(),
        terms: terms.to_string(),
        columns: names.clone(),
        n_groups: slices.unique_s.len(),
        slice_times_s: slices.unique_s.clone(),
        cardiac_sampling_hz: beats.and_then(|_| recording.cardiac.as_ref().map(|t| t.sampling_hz)),
        n_beats: beats.map(|b| b.times_s.len()),
        n_beats_filled: beats.map(|b| b.n_filled),
        heart_rate_bpm: beats.map(Beats::rate_bpm),
        n_rr_outliers: beats.map(|b| b.n_rr_outliers),
        off_landmark_share: beats.map(|b| b.off_landmark_share).filter(|share| *share > 0.0),
        cardiac_extrapolated_share: cardiac
            .as_ref()
            .map(|(phase, _)| slices.share(|t| phase.is_extrapolated(t))),
        respiratory_sampling_hz: respiratory
            .as_ref()
            .and_then(|_| recording.respiratory.as_ref().map(|t| t.sampling_hz)),
        n_breaths,
        breathing_rate_per_minute: respiratory.as_ref().map(breathing_rate),
        respiratory_extrapolated_share: respiratory
            .as_ref()
            .map(|phase| slices.share(|t| phase.is_extrapolated(t))),
        slow: slow.summary.clone(),
        peak_table,
        unusable,
        flagged,
        treatment: *treatment,
        censored_volumes: censored.volumes(),
        alignment: None,
        logs: Vec::new(),
    };
    let groups =
        SliceGroups { group_of_plane: slices.group_of_plane.clone(), names, columns: Vec::new() };
    let (cardiac_phase, beats) = cardiac.unzip();
    let mut made =
        Retroicor { groups, summary, beats, breaths, cardiac_phase, resp_phase: respiratory, slow };
    let columns = slices.unique_s.iter().zip(&censored.groups).map(|(&slice_time, group)| {
        let mut columns = columns_at(&slices, slice_time, terms, &made);
        match group.apply(&mut columns, terms).filter(|_| slices.n_volumes > 1) {
            None => Ok(columns),
            Some(_) if !refuses => Ok(columns),
            Some(column) => {
                let error = does_not_vary(recording, &made.groups.names[column], slice_time);
                Err(with_signs(error, &traces(recording), slices.tr))
            }
        }
    });
    let columns = columns.collect::<Result<_>>()?;
    made.groups.columns = columns;
    Ok(made)
}

/// The columns of one slice time, `[volume][column]`, as they are before anything is censored or taken off.
fn columns_at(
    slices: &SliceMoments,
    slice_time: f64,
    terms: &Terms,
    made: &Retroicor,
) -> Array2<f64> {
    let Retroicor { cardiac_phase, resp_phase, slow, .. } = made;
    let mut columns = Array2::zeros((slices.n_volumes, terms.n_columns()));
    for (volume, mut row) in columns.rows_mut().into_iter().enumerate() {
        let time_s = slices.moment_s(volume, slice_time);
        let c = cardiac_phase.as_ref().map_or(0.0, |phase| phase.at(time_s));
        let r = resp_phase.as_ref().map_or(0.0, |phase| phase.at(time_s));
        let values = terms.values(c, r).into_iter().chain(slow.values(time_s));
        row.iter_mut().zip(values).for_each(|(cell, value)| *cell = value);
    }
    columns
}

/// The phases behind the columns, for those who want to look at them.
///
/// # Errors
/// As [`retroicor()`], but a trace that is not there is no error.
pub fn phases(recording: &Recording, acquisition: &Acquisition) -> Result<Phases> {
    let slices = SliceMoments::new(acquisition)?;
    let cardiac =
        recording.cardiac.as_ref().map(|t| cardiac(recording, t, &slices, true)).transpose()?;
    let respiratory = recording
        .respiratory
        .as_ref()
        .map(|t| respiratory(recording, t, BreathTurns::Slope, &slices))
        .transpose()?;
    Ok(Phases {
        cardiac_phase: cardiac.map(|(phase, _)| slices.each(|t| phase.at(t))),
        resp_phase: respiratory.map(|phase| slices.each(|t| phase.at(t))),
    })
}

/// Beats that are known, which must reach both ends of the scan but for ten of them. `trace`: theirs, where there is one.
fn known(
    beats_s: Vec<f64>,
    peaks: &Peaks,
    trace: Option<&Trace>,
    slices: &SliceMoments,
) -> Result<(CardiacPhase, Beats)> {
    let beats = match trace {
        Some(trace) => Beats::known_in(beats_s, trace),
        None => Beats::known(beats_s),
    };
    let interval = (beats.times_s[0], beats.times_s[beats.times_s.len() - 1]);
    let slack_s = 600.0 / beats.rate_bpm();
    coverage::check(interval, slices.interval_s(), slack_s, "stretch of ten beats", &peaks.name)?;
    Ok((CardiacPhase::new(&beats.times_s)?, beats))
}

/// The recording with its breathing trace band-passed.
///
/// # Errors
/// Bad data: a breathing trace that is constant, too short or has a gap of more than 30 s.
fn banded(recording: &Recording, band_hz: (f64, f64)) -> Result<Recording> {
    let Some(trace) = &recording.respiratory else { return Ok(recording.clone()) };
    let trace = clean(trace, &thing_of(recording, "respiratory"), LOWEST_HZ)?;
    let samples = band_passed(&trace.samples, trace.sampling_hz, band_hz, band::ORDER);
    let (sampling_hz, start_s) = (trace.sampling_hz, trace.start_s);
    let respiratory = Some(Trace { samples, sampling_hz, start_s });
    Ok(Recording { respiratory, ..recording.clone() })
}

/// What messages call a column of the recording.
fn thing_of(recording: &Recording, column: &str) -> String {
    thing(&recording.name, column)
}

/// The same of a recording of that name.
#[must_use]
pub fn thing(name: &str, column: &str) -> String {
    format!("{name}, column {column},")
}

/// Both traces, as messages call them.
fn traces(recording: &Recording) -> [(&'static str, Option<&Trace>); 2] {
    [("cardiac", recording.cardiac.as_ref()), ("respiratory", recording.respiratory.as_ref())]
}

/// An error about traces, with what they look like.
fn with_signs(error: Error, traces: &[(&str, Option<&Trace>)], tr: f64) -> Error {
    traces.iter().fold(error, |error, (name, trace)| {
        match trace.and_then(|trace| signs(trace, Some(tr))) {
            Some(signs) => error.with_hint(&format!("the {name} trace {signs}")),
            None => error,
        }
    })
}

fn missing_trace(recording: &Recording, column: &str, terms: &Terms, instead: &str) -> Error {
    Error::missing_input(
        &recording.name,
        format!("has no {column} column, which --terms {terms} needs"),
        "",
        format!("give a record that has one, or --terms {instead} to do without"),
    )
}

/// The heart; `refuses`: a pulse that follows the scanner.
fn cardiac(
    recording: &Recording,
    trace: &Trace,
    slices: &SliceMoments,
    refuses: bool,
) -> Result<(CardiacPhase, Beats)> {
    let thing = thing_of(recording, "cardiac");
    let beats = detect(trace, &thing)
        .map_err(|error| with_signs(error, &traces(recording)[..1], slices.tr))?;
    let interval = (
        trace.start_s + missing_at(trace.samples.iter()) / trace.sampling_hz,
        trace.start_s
            + (trace.samples.len() as f64 - 1.0 - missing_at(trace.samples.iter().rev()))
                / trace.sampling_hz,
    );
    coverage::check(interval, slices.interval_s(), 60.0 / beats.rate_bpm(), "beat", &thing)?;
    let scanner = Scanner::of(&beats, Some(trace), slices).filter(Scanner::is_heard);
    if let Some(scanner) = scanner.filter(|_| refuses) {
        let why = scanner.why().unwrap_or_default();
        return Err(Unusable { channel: Channel::Cardiac, why }.refused(&thing));
    }
    Ok((CardiacPhase::new(&beats.times_s)?, beats))
}

/// Leading samples that are not finite.
fn missing_at<'a>(samples: impl Iterator<Item = &'a f64>) -> f64 {
    samples.take_while(|v| !v.is_finite()).count() as f64
}

fn respiratory(
    recording: &Recording,
    trace: &Trace,
    turns: BreathTurns,
    slices: &SliceMoments,
) -> Result<RespiratoryPhase> {
    let thing = thing_of(recording, "respiratory");
    let phase = RespiratoryPhase::named(trace, Equalisation::MidRank, turns, &thing)
        .map_err(|error| with_signs(error, &traces(recording)[1..], slices.tr))?;
    let interval = phase.interval_s();
    let breath_s = (interval.1 - interval.0) / phase.breaths().n_breaths.max(1) as f64;
    coverage::check(interval, slices.interval_s(), breath_s, "breath", &thing)?;
    Ok(phase)
}

/// A column that is the same in all volumes would be fitted as zeros, and nobody would know.
fn does_not_vary(recording: &Recording, column: &str, slice_time: f64) -> Error {
    Error::bad_data(
        &recording.name,
        format!(
            "gives a column {column} that is the same in all volumes (slice time {slice_time} s)"
        ),
        "vary during the scan",
        "the trace is flat or held while the scan ran, or its rhythm keeps step with the volumes; leave the term out of --terms",
    )
}

/// Flagged stretches of both channels that touch the scan, in order of time.
fn flagged_of(
    beats: Option<&Beats>,
    breaths: Option<&Breaths>,
    scan_s: (f64, f64),
) -> Vec<Flagged> {
    let cardiac = beats.into_iter().flat_map(|b| &b.flagged);
    let respiratory = breaths.into_iter().flat_map(|b| &b.flagged);
    let touches = |f: &&Flagged| f.from_s <= scan_s.1 && f.to_s >= scan_s.0;
    let mut flagged: Vec<Flagged> = cardiac.chain(respiratory).filter(touches).copied().collect();
    flagged.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    flagged
}
