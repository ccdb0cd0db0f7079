//! A recording becomes columns: placed on the run's time, beats and breaths found or taken from a table.

use crate::error::Result;
use crate::physio::{
    self, Align, Alignment, BadStretches, Peaks, PhysioSummary, Reason, Retroicor, Terms,
};
use crate::pipeline::peak_table;
use crate::pipeline::spec::RecordOptions;
use crate::pipeline::watch::Watch;
use crate::recording::{Acquisition, Recording};

/// Triggers that put the scan's start this far from where it was taken are worth a warning, seconds.
const TRIGGER_APART_S: f64 = 0.1;

/// Share of the scan in flagged stretches that is worth a warning.
const MANY_FLAGGED: f64 = 0.1;

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
    let (recording, alignment) =
        physio::align(recording, acquisition, options.align, options.dummies)?;
    let peaks = match &options.peaks {
        Some(path) => peak_table::read(path)?,
        None => Peaks::default(),
    };
    let mut retroicor =
        physio::retroicor_from(&recording, &peaks, acquisition, terms, &options.treatment)?;
    tell_flagged(&retroicor.summary, acquisition, watch);
    watch.note(&described(&retroicor.summary));
    tell(&alignment, acquisition, watch);
    retroicor.summary.alignment = Some(alignment);
    Ok((recording, retroicor, peaks))
}

/// Flagged stretches in a line, and a warning where they are many and nothing was said of them.
fn tell_flagged(summary: &PhysioSummary, acquisition: &Acquisition, watch: &dyn Watch) {
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
    let line = format!("{n} stretches flagged, {seconds:.1} s together ({counts}); {done}");
    let scan_s = acquisition.tr * acquisition.n_volumes as f64;
    if summary.treatment.bad_stretches == BadStretches::Interpolate
        && seconds > MANY_FLAGGED * scan_s
    {
        watch.warn(&format!("{line}; look at the trace, --bad-stretches censor leaves them out"));
    } else {
        watch.note(&line);
    }
}

/// The alignment in a line where there is something to say, and a warning where the triggers disagree with it.
fn tell(alignment: &Alignment, acquisition: &Acquisition, watch: &dyn Watch) {
    let Some(n_triggers) = alignment.n_triggers else {
        if alignment.offset_s != 0.0 {
            watch.note(&format!("alignment: record moved by {:+.4} s", alignment.offset_s));
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
        "alignment: record moved by {:+.4} s; {n_triggers} triggers, clock drift {ppm:+.1} ppm{}, jitter {:.1} ms",
        alignment.offset_s,
        if alignment.drift_corrected { " (taken out)" } else { "" },
        1000.0 * jitter_s
    ));
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
    let shares = [summary.cardiac_extrapolated_share, summary.respiratory_extrapolated_share];
    let most = shares.into_iter().flatten().fold(0.0, f64::max);
    if most > 0.0 {
        parts.push(format!("{:.2} % of slices beyond the recording", 100.0 * most));
    }
    parts.join("; ")
}
