//! A recording becomes columns: placed on the run's time, beats and breaths found or taken from a table.

use std::path::PathBuf;

use crate::error::Result;
use crate::io;
use crate::io::physio::{Counted, Format, Logs, PlacedBy, Scan};
use crate::io::sidecar::Sidecar;
use crate::physio::{
    self, Align, Alignment, BadStretches, Channel, Peaks, PhysioSummary, Reason, Retroicor, Terms,
    Treatment,
};
use crate::pipeline::peak_table;
use crate::pipeline::spec::RecordOptions;
use crate::pipeline::watch::{Quiet, Watch};
use crate::recording::{Acquisition, Recording, Trace};

/// Triggers that put the scan's start this far from where it was taken are worth a warning, seconds.
const TRIGGER_APART_S: f64 = 0.1;

/// Slice times this far apart differ by more than the scanner's clock (tics of 2.5 ms) rounds, seconds.
pub const SAME_SLICE_TIME_S: f64 = 0.005;
/// Share of the scan in flagged stretches that is worth a warning.
const MANY_FLAGGED: f64 = 0.1;
/// Rates a minute outside which hearts and breaths at rest are rare.
const USUAL_HEART: (f64, f64) = (40.0, 140.0);
const USUAL_BREATH: (f64, f64) = (6.0, 36.0);
/// Rates that are rare together: a wrong sampling rate changes both by one factor.
const BOTH_SLOW: (f64, f64) = (50.0, 10.0);
const BOTH_FAST: (f64, f64) = (110.0, 25.0);
/// A record this many times as long as the scan, and longer by this many seconds, may belong to another run.
const LONG: (f64, f64) = (1.8, 30.0);

/// A run whose recordings are opened.
pub struct OfRun<'a> {
    /// The recordings.
    pub files: &'a [PathBuf],
    /// How they are read: one for each, one for all, or none.
    pub formats: &'a [Format],
    /// How they are placed.
    pub record: &'a RecordOptions,
    /// What the run's sidecars say.
    pub sidecar: &'a Sidecar,
    /// Planes of a volume; none where they are not known, or are no slices any more.
    pub n_slices: Option<usize>,
    /// Whether the run was resampled, so that it has no slice times any more.
    pub is_resampled: bool,
}

/// The one way in for the recordings of a run. Slice times that only a log knows go into `acquisition`; what sidecar and log
/// say differently is told.
///
/// # Errors
/// What the files hold or lack.
pub fn open(run: &OfRun<'_>, acquisition: &mut Acquisition, watch: &dyn Watch) -> Result<Logs> {
    let scan = Scan {
        tr: acquisition.tr,
        n_volumes: acquisition.n_volumes,
        n_slices: run.n_slices,
        first_volume_of_day_s: run.sidecar.acquisition_time.as_ref().map(|t| t.value),
        placed_by: match run.record.align {
            Align::StartTime => PlacedBy::Themselves,
            Align::Trigger => PlacedBy::Trigger,
            Align::Start | Align::End => PlacedBy::Ends,
        },
    };
    let logs = io::physio::read_run(run.files, run.formats, &scan)?;
    logs.notes.iter().for_each(|note| watch.note(note));
    logs.warnings.iter().for_each(|warning| watch.warn(warning));
    let Some(timing) = &logs.timing else { return Ok(logs) };
    let file = timing.file.display();
    match &acquisition.slice_times {
        Some(used) => {
            let pairs = used.iter().zip(&timing.slice_times);
            let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            if apart > SAME_SLICE_TIME_S {
                watch.warn(&format!(
                    "the slice times of {file} differ from those that are used by up to {:.1} ms; --slice-times {file} \
                     takes the scanner's own",
                    1000.0 * apart
                ));
            }
        }
        // A run that was resampled has no slice times any more.
        None if !run.is_resampled => {
            watch.note(&format!("slice times are those of {file}, slice 0 as the first plane"));
            acquisition.slice_times = Some(timing.slice_times.clone());
        }
        None => {}
    }
    Ok(logs)
}

/// The repetition time that is told of a run with recordings: that of the option `tr`; where its own files do not have it
/// (`is_known`), that of the scanner's log among its recordings. None where the run's files are to say it, or nothing does.
///
/// # Errors
/// What the recordings hold or lack.
pub fn repetition_time(
    tr: Option<f64>,
    is_known: bool,
    (files, formats): (&[PathBuf], &[Format]),
    watch: &dyn Watch,
) -> Result<Option<f64>> {
    if tr.is_some() || is_known || files.is_empty() {
        return Ok(tr);
    }
    let counted = io::physio::counted(files, formats)?;
    Ok(counted.and_then(|counted| told_tr(&counted, watch)))
}

/// The repetition time of a scanner's log, and said.
pub fn told_tr(counted: &Counted, watch: &dyn Watch) -> Option<f64> {
    let tr = counted.tr?;
    watch.note(&format!("repetition time {tr} s, the time between volumes in {}", counted.log));
    Some(tr)
}

/// Columns of a run's recording, and the recording on the run's time.
///
/// # Errors
/// What the files hold or lack.
pub fn columns(
    recording: Recording,
    options: &RecordOptions,
    acquisition: &Acquisition,
    terms: &Terms,
    watch: &dyn Watch,
) -> Result<(Recording, Retroicor, Peaks)> {
    found(recording, options, acquisition, (terms, &physio::retroicor_from), watch)
}

/// The same of a recording of which no columns are made, to be looked at and not used; none where it `is` no such one, of which nothing is told.
#[must_use]
pub fn looked_at(
    recording: Recording,
    options: &RecordOptions,
    (acquisition, terms): (&Acquisition, &Terms),
    is: &dyn Fn(&PhysioSummary) -> bool,
    watch: &dyn Watch,
) -> Option<(Recording, Retroicor, Peaks)> {
    let making = (terms, &physio::looked_at as Making<'_>);
    let seen = found(recording.clone(), options, acquisition, making, &Quiet).ok()?;
    if !is(&seen.1.summary) {
        return None;
    }
    found(recording, options, acquisition, making, watch).ok()
}

/// How columns are made.
type Making<'a> =
    &'a dyn Fn(&Recording, &Peaks, &Acquisition, &Terms, &Treatment) -> Result<Retroicor>;

fn found(
    recording: Recording,
    options: &RecordOptions,
    acquisition: &Acquisition,
    (terms, making): (&Terms, Making<'_>),
    watch: &dyn Watch,
) -> Result<(Recording, Retroicor, Peaks)> {
    let (recording, alignment) =
        physio::align(recording, acquisition, options.align, options.dummies)?;
    let peaks = match &options.peaks {
        Some(path) => peak_table::read(path)?,
        None => Peaks::default(),
    };
    let mut retroicor = making(&recording, &peaks, acquisition, terms, &options.treatment)?;
    tell_flagged(&recording, &retroicor.summary, acquisition, watch);
    watch.note(&described(&retroicor.summary));
    for unusable in &retroicor.summary.unusable {
        let channel = unusable.channel.name();
        let name = &recording.name;
        watch.warn(&format!("{name}: the {channel} trace {}; do not use it", unusable.why));
    }
    doubts(&recording, &retroicor.summary, acquisition).iter().for_each(|line| watch.warn(line));
    tell(&recording, &alignment, acquisition, watch);
    retroicor.summary.alignment = Some(alignment);
    Ok((recording, retroicor, peaks))
}

/// What a trace looks like, to be added to what is said about it; empty where nothing stands out.
fn looks(recording: &Recording, channel: Channel, acquisition: &Acquisition) -> String {
    let trace = match channel {
        Channel::Cardiac => &recording.cardiac,
        Channel::Respiratory => &recording.respiratory,
    };
    let signs = trace.as_ref().and_then(|trace| physio::signs(trace, Some(acquisition.tr)));
    signs.map_or(String::new(), |signs| format!("; the {} trace {signs}", channel.name()))
}

/// Flagged stretches in a line, and a warning where they are many and nothing was said of them.
fn tell_flagged(
    recording: &Recording,
    summary: &PhysioSummary,
    acquisition: &Acquisition,
    watch: &dyn Watch,
) {
    if summary.flagged.is_empty() {
        return;
    }
    // In order of time; what two of them share counts once.
    let (mut seconds, mut until_s) = (0.0, f64::MIN);
    for f in &summary.flagged {
        seconds += (f.to_s - f.from_s.max(until_s)).max(0.0);
        until_s = until_s.max(f.to_s);
    }
    let counts = Reason::ALL.into_iter().filter_map(|reason| {
        let n = summary.flagged.iter().filter(|f| f.reason == reason).count();
        (n > 0).then(|| format!("{n} {}", reason.name()))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let n = summary.flagged.len();
    let done = match summary.treatment.bad_stretches {
        BadStretches::Interpolate => "phases are carried through them".to_owned(),
        BadStretches::Censor => {
            format!("{} volumes with censored slices", summary.censored_volumes.len())
        }
    };
    let noun = if n == 1 { "stretch" } else { "stretches" };
    let line = format!("{n} {noun} flagged, {seconds:.1} s together ({counts}); {done}");
    let scan_s = acquisition.tr * acquisition.n_volumes as f64;
    if summary.treatment.bad_stretches == BadStretches::Interpolate
        && seconds > MANY_FLAGGED * scan_s
    {
        let is_flagged = |channel: &Channel| summary.flagged.iter().any(|f| f.channel == *channel);
        let channels = [Channel::Cardiac, Channel::Respiratory].into_iter().filter(is_flagged);
        let looks: String =
            channels.map(|channel| looks(recording, channel, acquisition)).collect();
        watch.warn(&format!(
            "{line}; look at the trace, --bad-stretches censor leaves them out{looks}"
        ));
    } else {
        watch.note(&line);
    }
}

/// What is rarely true of a person and of a record of this run, a sentence each.
fn doubts(
    recording: &Recording,
    summary: &PhysioSummary,
    acquisition: &Acquisition,
) -> Vec<String> {
    let mut doubts = Vec::new();
    let check = "check the rate of the recording (SamplingFrequency of a BIDS recording, hz= of a log) and look at the trace";
    let (heart, breath) = (summary.heart_rate_bpm, summary.breathing_rate_per_minute);
    let rate = |rate: f64, what: &str| format!("{rate:.1} {what} a minute");
    let pulse = || looks(recording, Channel::Cardiac, acquisition);
    let breathing = || looks(recording, Channel::Respiratory, acquisition);
    match (heart, breath) {
        (Some(h), Some(b))
            if h < BOTH_SLOW.0 && b < BOTH_SLOW.1 || h > BOTH_FAST.0 && b > BOTH_FAST.1 =>
        {
            let how = if h < BOTH_SLOW.0 { "slow" } else { "fast" };
            let found = format!("{} and {}", rate(h, "beats"), rate(b, "breaths"));
            doubts.push(format!(
                "{found} are both {how}, as with a wrong sampling rate; {check}{}{}",
                pulse(),
                breathing()
            ));
        }
        _ => {
            for (value, what, (least, most), looks) in [
                (heart, "beats", USUAL_HEART, &pulse as &dyn Fn() -> String),
                (breath, "breaths", USUAL_BREATH, &breathing),
            ] {
                if let Some(value) = value.filter(|v| !(least..=most).contains(v)) {
                    let found = rate(value, what);
                    doubts
                        .push(format!("{found} lie outside {least} to {most}; {check}{}", looks()));
                }
            }
        }
    }
    if let Some(share) = summary.off_landmark_share.filter(|share| *share >= physio::MANY_OFF) {
        doubts.push(format!(
            "{:.0} % of the beats lie more than 0.1 s from where their cycle has the others: the pulse has several humps or is \
             noisy; look at the trace{}",
            100.0 * share,
            pulse()
        ));
    }
    let scan_s = acquisition.tr * acquisition.n_volumes as f64;
    let traces = [&recording.cardiac, &recording.respiratory];
    let longest_s = traces.into_iter().flatten().map(Trace::lasts_s).fold(0.0, f64::max);
    if longest_s > LONG.0 * scan_s && longest_s > scan_s + LONG.1 {
        doubts.push(format!(
            "{} lasts {longest_s:.1} s, {:.1} times as long as the scan of {scan_s:.1} s; check that it belongs to this run, and \
             its rate",
            recording.name,
            longest_s / scan_s
        ));
    }
    doubts
}

/// Seconds with a sign and four decimals, never -0.
fn signed(seconds: f64) -> String {
    let text = format!("{seconds:+.4}");
    if text == "-0.0000" { "+0.0000".to_owned() } else { text }
}

/// The alignment in a line where there is something to say, and a warning where the triggers disagree with it.
fn tell(
    recording: &Recording,
    alignment: &Alignment,
    acquisition: &Acquisition,
    watch: &dyn Watch,
) {
    let Some(n_triggers) = alignment.n_triggers else {
        if alignment.offset_s != 0.0 {
            let moved = signed(alignment.offset_s);
            watch.note(&format!("alignment: record moved by {moved} s"));
        }
        return;
    };
    let (Some(first_s), Some(ppm), Some(jitter_s)) =
        (alignment.first_trigger_s, alignment.clock_drift_ppm, alignment.trigger_jitter_s)
    else {
        let wanted = acquisition.n_volumes.saturating_add(alignment.dummies);
        watch.note(&format!(
            "alignment: {n_triggers} triggers for {wanted} volumes, so they are not used"
        ));
        return;
    };
    watch.note(&format!(
        "alignment: record moved by {} s; {n_triggers} triggers, clock drift {ppm:+.1} ppm{}, jitter {:.1} ms",
        signed(alignment.offset_s),
        if alignment.drift_corrected { " (taken out)" } else { "" },
        1000.0 * jitter_s
    ));
    if let Some(share) = recording.trigger.as_ref().map(Trace::share_high).filter(|s| *s > 0.5) {
        watch.note(&format!(
            "alignment: the trigger is high {:.0} % of the time; a volume begins where it rises",
            100.0 * share
        ));
    }
    let apart_s = ppm.abs() * 1e-6 * acquisition.n_volumes as f64 * acquisition.tr;
    if !alignment.drift_corrected && apart_s > TRIGGER_APART_S {
        watch.warn(&format!(
            "the clock of the record is {ppm:+.0} ppm off that of the triggers, {apart_s:.2} s at the end of the run: \
             check SamplingFrequency; --align trigger takes it out"
        ));
    }
    if alignment.by != Align::Trigger && first_s.abs() > TRIGGER_APART_S {
        watch.warn(&format!(
            "the triggers put the start of the first volume at {first_s:+.3} s of the record's time, not 0; \
             --align trigger would use them"
        ));
    }
}

/// The recording in one line.
fn described(summary: &PhysioSummary) -> String {
    let mut parts = vec![format!(
        "physiology: {} columns ({}) at {} slice times",
        summary.columns.len(),
        summary.terms,
        summary.n_groups
    )];
    if let Some(table) = &summary.peak_table {
        parts.push(format!("peaks from {table}"));
    }
    if let (Some(n), Some(rate)) = (summary.n_beats, summary.heart_rate_bpm) {
        parts.push(format!("{n} beats, {rate:.1} a minute"));
    }
    if let Some(n) = summary.n_rr_outliers.filter(|&n| n > 0) {
        parts.push(format!("{n} RR intervals stand out"));
    }
    if let (Some(n), Some(rate)) = (summary.n_breaths, summary.breathing_rate_per_minute) {
        parts.push(format!("{n} breaths, {rate:.1} a minute"));
    }
    for (share, what) in [
        (summary.cardiac_extrapolated_share, "before the first or after the last beat"),
        (summary.respiratory_extrapolated_share, "outside the breathing record"),
    ] {
        if let Some(share) = share.filter(|s| *s > 0.0) {
            parts.push(format!("{:.2} % of slices {what}", 100.0 * share));
        }
    }
    parts.join("; ")
}
