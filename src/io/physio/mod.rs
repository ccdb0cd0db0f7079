//! Physiological recordings of every scanner: one reader a format, detection, and the place of each trace in time.
//!
//! A reader turns one log into channels with a rate and what it knows of the time of its first sample; `place` makes that
//! seconds relative to the first volume; `quality` counts what is missing, flat or saturated.

mod bids;
mod columns;
mod detect;
mod dicom;
mod format;
mod ge;
mod log;
mod open;
mod philips;
mod place;
mod quality;
mod siemens_vb;
mod siemens_vd;

use std::path::{Path, PathBuf};

pub use bids::{of_something_else, read, read_all};
pub use format::{Format, Kind, Signal};
pub use place::PlacedBy;

use super::acquire::check_repetition_time;
use crate::recording::{Recording, Trace};
use crate::{Error, Result};
use log::{Clock, Log, seconds};
use place::First;

/// What the logs of a run are placed by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan {
    /// Repetition time, seconds.
    pub tr: f64,
    /// Volumes in the image.
    pub n_volumes: usize,
    /// Slices in a volume; none where that is not known, or the image was resampled.
    pub n_slices: Option<usize>,
    /// Start of the first volume in seconds since midnight on the scanner's clock (AcquisitionTime), if known.
    pub first_volume_of_day_s: Option<f64>,
    /// Whether the logs must say themselves when they began.
    pub placed_by: PlacedBy,
}

/// When the slices were acquired, as the scanner's own log has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannerTiming {
    /// Seconds after the start of the volume, `[slice]` in the scanner's numbering (plane k of a converted image).
    pub slice_times: Vec<f64>,
    /// The log.
    pub file: PathBuf,
}

/// The logs of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Logs {
    /// The traces, placed in time.
    pub recording: Recording,
    /// Slice times, where a log has them.
    pub timing: Option<ScannerTiming>,
    /// Files that were read without being named: the `_Info.log` beside a `_PULS.log`, the JSON of a BIDS recording.
    pub found: Vec<PathBuf>,
    /// What was read, a sentence each.
    pub notes: Vec<String>,
    /// What a person should look at, a sentence each.
    pub warnings: Vec<String>,
}

/// Reads the logs of one run, each by its format. `formats`: one for each path, one for all, or none (all detected).
///
/// # Errors
/// What a file holds or lacks, naming line and field; [`Error::MissingInput`] where the time of the first sample is not
/// known, naming the option that gives it; [`Error::BadData`] for logs of different runs and a signal given twice.
pub fn read_run(paths: &[PathBuf], formats: &[Format], scan: &Scan) -> Result<Logs> {
    if formats.len() > 1 && formats.len() != paths.len() {
        return Err(Error::usage(
            "--physio-format",
            format!("is given {} times for {} logs", formats.len(), paths.len()),
            "be given once for all, or once for each --physio in the same order",
            "repeat it, auto where the log itself tells",
        ));
    }
    let auto = Format::default();
    let mut logs = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        let format = formats.get(n).or(formats.first()).unwrap_or(&auto);
        logs.extend(open::read(path, format)?);
    }
    let mut found = open::beside(&mut logs)?;
    found.extend(logs.iter().flat_map(|log| log.sidecars.iter().cloned()));
    open::same_run(&logs)?;
    place::check_known(&mut logs, scan)?;
    let first = first_volume(&logs, scan)?;
    let mut all = Logs {
        recording: Recording::default(),
        timing: first.as_ref().and_then(|f| f.timing.clone()),
        found,
        notes: Vec::new(),
        warnings: first.as_ref().map(|f| f.warnings.clone()).unwrap_or_default(),
    };
    let names: Vec<&str> =
        logs.iter().filter(|l| l.volumes.is_none()).map(|l| l.name.as_str()).collect();
    all.recording.name = names.join(", ");
    for log in &logs {
        all.warnings.extend(log.warnings.iter().cloned());
        add(&mut all, log, &logs, scan, first.as_ref())?;
    }
    let none = all.recording.cardiac.is_none() && all.recording.respiratory.is_none();
    if none && all.recording.trigger.is_none() {
        return Err(Error::missing_input(
            "--physio",
            "names no log of pulse, breathing or trigger",
            "name one",
            "an Info.log tells only when the slices were acquired",
        ));
    }
    Ok(all)
}

/// What the scanner's own log says of a run's volumes.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Volumes behind those that are skipped.
    pub n_volumes: usize,
    /// Mean time between two, seconds; none of a single one.
    pub tr: Option<f64>,
    /// The log's name.
    pub log: String,
    /// That it lacks volumes which its head names.
    pub doubt: Option<String>,
}

/// The volumes that the scanner's own log among these, or beside them, counts; none where there is no such log.
///
/// # Errors
/// As [`read_run`]; bad data for a time between volumes that cannot be.
pub fn counted(paths: &[PathBuf], formats: &[Format]) -> Result<Option<Counted>> {
    let auto = Format::default();
    let mut logs = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        logs.extend(open::read(path, formats.get(n).or(formats.first()).unwrap_or(&auto))?);
    }
    open::beside(&mut logs)?;
    let skipped = logs.iter().find_map(|log| log.format.skip).unwrap_or(0);
    let Some((log, volumes)) = logs.iter().find_map(|log| Some((log, log.volumes.as_ref()?)))
    else {
        return Ok(None);
    };
    if let Some(tr) = volumes.tr {
        check_repetition_time(tr, format!("{}, the time between volumes,", log.path.display()))?;
    }
    let n = volumes.starts_s.len();
    let doubt = volumes.n_named.filter(|&named| named > n).map(|named| {
        format!(
            "{} names {named} volumes and holds {n}: it was cut, or the scan was stopped; give --volumes where the image has another number",
            log.name
        )
    });
    let n_volumes = n.saturating_sub(skipped);
    Ok(Some(Counted { n_volumes, tr: volumes.tr, log: log.name.clone(), doubt }))
}

/// The start of the first volume on the scanner's clock, where a log needs or tells it.
fn first_volume(logs: &[Log], scan: &Scan) -> Result<Option<First>> {
    let mut channels = logs.iter().flat_map(|l| &l.channels);
    let by_clock = channels.any(|c| matches!(c.clock, Clock::OfDay(_)));
    if !by_clock && logs.iter().all(|l| l.volumes.is_none()) {
        return Ok(None);
    }
    place::first_volume(logs, scan)
}

/// Slice times of an Info.log in seconds, for `--slice-times`, also of one inside a DICOM file; none for another file.
pub(super) fn slice_times(path: &Path) -> Option<Result<Vec<f64>>> {
    let text = match dicom::logs(path) {
        Ok(Some(inside)) => inside.into_iter().find(|log| is_info(&log.text))?.text,
        Ok(None) => super::files::read_text(path).ok().filter(|text| is_info(text))?,
        Err(e) => return Some(Err(e)),
    };
    let format = Format { kind: Kind::SiemensVd, ..Format::default() };
    let volumes = siemens_vd::read(path, &text, &format).map(|log| log.volumes);
    Some(volumes.map(|v| v.map(|v| v.slice_times).unwrap_or_default()))
}

fn is_info(text: &str) -> bool {
    log::head(text).contains("ACQUISITION_INFO")
}

fn add(all: &mut Logs, log: &Log, logs: &[Log], scan: &Scan, first: Option<&First>) -> Result<()> {
    for channel in &log.channels {
        let start_s = place::start_s(log, channel, logs, scan, first)?;
        let trace =
            Trace { samples: channel.samples.clone(), sampling_hz: channel.sampling_hz, start_s };
        let mut clauses = vec![format!(
            "{} ({}): {} {} samples at {} Hz from {} s{}",
            log.name,
            log.kind.name(),
            trace.samples.len(),
            channel.signal.name(),
            channel.sampling_hz,
            seconds(start_s, 4),
            place::said_by(channel, scan, first)
        )];
        clauses.extend(log.counts.iter().cloned());
        if channel.signal != Signal::Trigger {
            clauses.extend(quality::counts(&trace));
        }
        all.notes.push(clauses.join("; "));
        let slot = match channel.signal {
            Signal::Cardiac => &mut all.recording.cardiac,
            Signal::Respiratory => &mut all.recording.respiratory,
            Signal::Trigger => &mut all.recording.trigger,
            Signal::Other => continue,
        };
        // Every file may carry the trigger; the first counts.
        if slot.is_none() {
            *slot = Some(trace);
        } else if channel.signal != Signal::Trigger {
            return Err(bids::twice(&log.path, channel.signal.name()));
        }
    }
    if let Some(volumes) = &log.volumes {
        let (n, n_slices) = (volumes.starts_s.len(), volumes.slice_times.len());
        let mut note = format!("{}: {n} volumes of {n_slices} slices", log.name);
        if let Some(tr) = volumes.tr {
            note += &format!(", one every {tr:.6} s");
        }
        if volumes.n_rows_left_out > 0 {
            let n = volumes.n_rows_left_out;
            note += &format!("; {n} slices of an incomplete last volume left out");
        }
        all.notes.push(note);
    }
    Ok(())
}
