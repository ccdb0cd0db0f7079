//! A file becomes the log, or the logs, that it holds: by its format, or what its content or name says of that.

use std::path::{Path, PathBuf};

use super::format::{Format, Kind, Signal};
use super::log::{Channel, Clock, Log, file_name, shown};
use super::{bids, columns, detect, dicom, ge, philips, siemens_vb, siemens_vd};
use crate::io::files;
use crate::{Error, Result};

/// HCP's logs: samples a second, and their columns.
const HCP_HZ: f64 = 400.0;
const HCP_COLUMNS: [Signal; 3] = [Signal::Trigger, Signal::Respiratory, Signal::Cardiac];

/// Recordings that are no text, by how their names end.
const BINARY: [(&str, &str); 6] = [
    ("acq", "a BIOPAC AcqKnowledge recording"),
    ("adicht", "an ADInstruments LabChart recording"),
    ("mat", "a MATLAB file"),
    ("edf", "an EDF recording"),
    ("bdf", "a BDF recording"),
    ("eeg", "a BrainVision recording"),
];

/// The logs in a file: one, or those inside a DICOM file.
///
/// # Errors
/// What the file holds or lacks.
pub(super) fn read(path: &Path, asked: &Format) -> Result<Vec<Log>> {
    if let Some((_, what)) =
        BINARY.iter().find(|(end, _)| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end)))
    {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("is by its name {what}, which is not read"),
            "be BIDS, a scanner's log, or text",
            "export it as text and say what its columns are (--physio-format columns:hz=1000:columns=cardiac,respiratory,trigger), or make a \
             BIDS recording of it (phys2bids does)",
        ));
    }
    if matches!(asked.kind, Kind::Auto | Kind::SiemensDicom) {
        match dicom::logs(path)? {
            Some(inside) => return of_dicom(path, inside, &asked.found(Kind::SiemensDicom)?),
            None if asked.kind == Kind::SiemensDicom => return Err(dicom::none_inside(path)),
            None => {}
        }
    }
    Ok(vec![read_log(path, asked)?])
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
        Kind::Hcp => columns::read(path, &text, &as_hcp_wrote(format)),
        Kind::Afni1d | Kind::FslPnm | Kind::Columns => columns::read(path, &text, &format),
        Kind::Auto | Kind::Bids | Kind::SiemensDicom => bids_log(path, &format),
    }
}

/// What the name alone says of an HCP log. Source: HCP 1200 Subjects Reference Manual, physiological monitoring data.
fn as_hcp_wrote(format: Format) -> Format {
    Format { hz: format.hz.or(Some(HCP_HZ)), columns: HCP_COLUMNS.to_vec(), ..format }
}

fn bids_log(path: &Path, format: &Format) -> Result<Log> {
    let bids::File { recording, unplaced, sidecars, notes, warnings } = bids::read_file(path)?;
    let mut log = Log::new(path, format);
    (log.counts, log.sidecars, log.warnings) = (notes, sidecars, warnings);
    for (signal, trace) in [
        (Signal::Cardiac, recording.cardiac),
        (Signal::Respiratory, recording.respiratory),
        (Signal::Trigger, recording.trigger),
    ] {
        let Some(trace) = trace else { continue };
        let clock = match (format.start_s, &unplaced) {
            (Some(start_s), _) => Clock::FromFirstVolume(start_s),
            (None, None) => Clock::FromFirstVolume(trace.start_s),
            (None, Some(_)) => Clock::Unknown,
        };
        let (samples, sampling_hz) = (trace.samples, trace.sampling_hz);
        log.channels.push(Channel { signal, samples, sampling_hz, clock });
    }
    log.unplaced = unplaced.filter(|_| format.start_s.is_none());
    Ok(log)
}

/// The logs inside a DICOM file: the pulse (else the ECG), the breathing and when the slices were acquired.
fn of_dicom(path: &Path, inside: Vec<dicom::Inside>, format: &Format) -> Result<Vec<Log>> {
    let of = |kind: &str| inside.iter().find(|log| log.is(kind));
    let as_vd = Format { kind: Kind::SiemensVd, ..format.clone() };
    let chosen = [of("PULS").or(of("ECG")), of("RESP"), of("ACQUISITION_INFO")];
    let mut logs = Vec::new();
    for one in chosen.into_iter().flatten() {
        let mut log = siemens_vd::read(&path.join(&one.name), &one.text, &as_vd)?;
        (log.path, log.name) = (path.to_path_buf(), one.name.clone());
        if one.is_cut {
            log.counts.push("its last line is cut short and left out".to_owned());
        }
        logs.push(log);
    }
    let used = |log: &dicom::Inside| logs.iter().any(|l: &Log| l.name == log.name);
    let unused: Vec<&str> =
        inside.iter().filter(|log| !used(log)).map(|log| log.name.as_str()).collect();
    if let (false, Some(first)) = (unused.is_empty(), logs.first_mut()) {
        first.counts.push(format!("not used of {}: {}", file_name(path), unused.join(", ")));
    }
    if logs.is_empty() {
        return Err(dicom::none_inside(path));
    }
    Ok(logs)
}

/// Reads the Info.log beside a Siemens log when none was named.
///
/// # Errors
/// What it holds or lacks.
pub(super) fn beside(logs: &mut Vec<Log>) -> Result<Vec<PathBuf>> {
    if logs.iter().any(|l| l.volumes.is_some()) {
        return Ok(Vec::new());
    }
    let Some(log) = logs.iter().find(|l| {
        l.kind == Kind::SiemensVd && l.channels.iter().any(|c| matches!(c.clock, Clock::OfDay(_)))
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
///
/// # Errors
/// Bad data naming both.
pub(super) fn same_run(logs: &[Log]) -> Result<()> {
    let mut with = logs.iter().filter_map(|l| Some((l, l.uuid.as_ref()?)));
    let Some((first, uuid)) = with.next() else { return Ok(()) };
    match with.find(|(_, other)| *other != uuid) {
        None => Ok(()),
        Some((log, other)) => Err(Error::bad_data(
            log.path.display().to_string(),
            format!("has the UUID {}", shown(other)),
            format!("have the UUID {} of {}", shown(uuid), first.path.display()),
            "the logs belong to different runs",
        )),
    }
}
