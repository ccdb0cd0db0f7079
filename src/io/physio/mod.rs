//! Physiological recordings of every scanner: one reader a format, detection, and the place of each trace in time.
//!
//! A reader turns one log into channels with a rate and what it knows of the time of its first sample; `place` makes that
//! seconds relative to the first volume; `quality` counts what is missing, flat or saturated.

mod bids;
mod columns;
mod detect;
mod format;
mod ge;
mod log;
mod philips;
mod place;
mod quality;
mod siemens_vb;
mod siemens_vd;

use std::path::{Path, PathBuf};

pub use bids::{read, read_all};
pub use format::{Format, Kind, Signal};

use super::files;
use crate::recording::{Recording, Trace};
use crate::{Error, Result};
use log::{Log, file_name};

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
    /// Logs that were read without being named: the `_Info.log` beside a `_PULS.log`.
    pub found: Vec<PathBuf>,
    /// What a person should know, a sentence each.
    pub notes: Vec<String>,
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
        logs.push(read_log(path, format)?);
    }
    let found = beside(&mut logs)?;
    same_run(&logs)?;
    let first =
        if logs.iter().flat_map(|l| &l.channels).any(|c| matches!(c.clock, log::Clock::OfDay(_)))
            || logs.iter().any(|l| l.volumes.is_some())
        {
            place::first_volume(&logs, scan)?
        } else {
            None
        };
    let mut all = Logs {
        recording: Recording::default(),
        timing: first.as_ref().and_then(|f| f.2.clone()),
        found,
        notes: Vec::new(),
    };
    let names: Vec<String> =
        logs.iter().filter(|l| l.volumes.is_none()).map(|l| file_name(&l.path)).collect();
    all.recording.name = names.join(", ");
    for log in &logs {
        add(&mut all, log, &logs, scan, first.as_ref().map(|f| (f.0, f.1.as_str())))?;
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

/// Slice times of an Info.log in seconds, for `--slice-times`; none for another file.
pub(super) fn slice_times(path: &Path, text: &str) -> Option<Result<Vec<f64>>> {
    if !log::head(text).contains("ACQUISITION_INFO") {
        return None;
    }
    let format = Format { kind: Kind::SiemensVd, ..Format::default() };
    let volumes = siemens_vd::read(path, text, &format).map(|log| log.volumes);
    Some(volumes.map(|v| v.map(|v| v.slice_times).unwrap_or_default()))
}

fn read_log(path: &Path, asked: &Format) -> Result<Log> {
    let name = file_name(path).to_ascii_lowercase();
    let auto_bids =
        asked.kind == Kind::Auto && (name.ends_with(".tsv") || name.ends_with(".tsv.gz"));
    if auto_bids || asked.kind == Kind::Bids {
        return bids_log(path, &asked.found(Kind::Bids)?);
    }
    let text = files::read_text(path)?;
    let kind = match asked.kind {
        Kind::Auto => detect::kind(path, &text)?,
        kind if text.trim().is_empty() => detect::kind(path, &text).map(|_| kind)?,
        kind => kind,
    };
    let format = asked.found(kind)?;
    match kind {
        Kind::SiemensVb => siemens_vb::read(path, &text, &format),
        Kind::SiemensVd => siemens_vd::read(path, &text, &format),
        Kind::Ge => ge::read(path, &text, &format),
        Kind::Philips => philips::read(path, &text, &format),
        Kind::Afni1d | Kind::FslPnm | Kind::Columns => columns::read(path, &text, &format),
        Kind::Auto | Kind::Bids => bids_log(path, &format),
    }
}

fn bids_log(path: &Path, format: &Format) -> Result<Log> {
    let one = bids::read(path)?;
    let mut log = Log::new(path, format);
    for (signal, trace) in [
        (Signal::Cardiac, one.cardiac),
        (Signal::Respiratory, one.respiratory),
        (Signal::Trigger, one.trigger),
    ] {
        if let Some(trace) = trace {
            let clock = log::Clock::FromFirstVolume(format.start_s.unwrap_or(trace.start_s));
            let Trace { samples, sampling_hz, .. } = trace;
            log.channels.push(log::Channel { signal, samples, sampling_hz, clock });
        }
    }
    Ok(log)
}

/// Reads the Info.log beside a Siemens log when none was named.
fn beside(logs: &mut Vec<Log>) -> Result<Vec<PathBuf>> {
    if logs.iter().any(|l| l.volumes.is_some()) {
        return Ok(Vec::new());
    }
    let Some(log) = logs.iter().find(|l| {
        l.kind == Kind::SiemensVd
            && l.channels.iter().any(|c| matches!(c.clock, log::Clock::OfDay(_)))
    }) else {
        return Ok(Vec::new());
    };
    let name = file_name(&log.path);
    let Some((stem, _)) = name.rsplit_once('_') else { return Ok(Vec::new()) };
    let info = log.path.with_file_name(format!("{stem}_Info.log"));
    // A link to nowhere is there: what cannot be read is an error, and never a run without slice times.
    if info.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
        return Ok(Vec::new());
    }
    let format = Format { skip: log.format.skip, ..Format::default() };
    logs.push(read_log(&info, &format)?);
    Ok(vec![info])
}

/// Siemens logs of one run share their UUID.
fn same_run(logs: &[Log]) -> Result<()> {
    let mut with = logs.iter().filter_map(|l| Some((l, l.uuid.as_ref()?)));
    let Some((first, uuid)) = with.next() else { return Ok(()) };
    match with.find(|(_, other)| *other != uuid) {
        None => Ok(()),
        Some((log, other)) => Err(Error::bad_data(
            log.path.display().to_string(),
            format!("has the UUID {}", log::shown(other)),
            format!("have the UUID {} of {}", log::shown(uuid), first.path.display()),
            "the logs belong to different runs",
        )),
    }
}

fn add(
    all: &mut Logs,
    log: &Log,
    logs: &[Log],
    scan: &Scan,
    first: Option<(f64, &str)>,
) -> Result<()> {
    for channel in &log.channels {
        let start_s = place::start_s(log, channel, logs, scan, first.map(|f| f.0))?;
        let trace =
            Trace { samples: channel.samples.clone(), sampling_hz: channel.sampling_hz, start_s };
        let by = match channel.clock {
            log::Clock::OfDay(_) => first.map_or(String::new(), |f| format!(" by {}", f.1)),
            log::Clock::ScanEndsAt(_) => " by the end of the scan".to_string(),
            log::Clock::Unknown => " by its trigger".to_string(),
            log::Clock::FromFirstVolume(_) => String::new(),
        };
        let mut clauses = vec![format!(
            "{} ({}): {} {} samples at {} Hz from {start_s:.4} s{by}",
            file_name(&log.path),
            log.kind.name(),
            trace.samples.len(),
            channel.signal.name(),
            channel.sampling_hz
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
        let mut note = format!(
            "{}: {} volumes of {} slices",
            file_name(&log.path),
            volumes.starts_s.len(),
            volumes.slice_times.len()
        );
        if let Some(tr) = volumes.tr {
            note += &format!(", one every {tr:.6} s");
        }
        if volumes.n_rows_left_out > 0 {
            note += &format!(
                "; {} slices of an incomplete last volume left out",
                volumes.n_rows_left_out
            );
        }
        all.notes.push(note);
    }
    Ok(())
}
