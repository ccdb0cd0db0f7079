//! BIDS physiological recordings: physio.tsv.gz without a header line, and the JSON that names its columns.
//! Source: BIDS 1.11, "Physiological recordings".

use std::path::{Path, PathBuf};

use super::log::shown;
use crate::io::{bids, files, tsv};
use crate::recording::{Recording, Trace};
use crate::{Error, Result};

/// Column names taken for each signal, the BIDS one first.
const CARDIAC: [&str; 7] = ["cardiac", "pulse", "ppg", "puls", "plethysmograph", "ecg", "card"];
const RESPIRATORY: [&str; 5] = ["respiratory", "respiration", "resp", "breathing", "belt"];
const TRIGGER: [&str; 4] = ["trigger", "triggers", "scanner", "scan_trigger"];

/// The fields that are read.
const FIELDS: [&str; 3] = ["SamplingFrequency", "StartTime", "Columns"];

/// Reads one recording. Samples that are `n/a` become NaN.
///
/// # Errors
/// [`Error::MissingInput`] without a sidecar or one of SamplingFrequency, StartTime, Columns; [`Error::BadData`] naming
/// the line for what is no number, and for a recording that has neither pulse nor breathing nor trigger.
pub fn read(path: &Path) -> Result<Recording> {
    let file = read_file(path)?;
    file.unplaced.map_or(Ok(file.recording), Err)
}

/// A recording, perhaps without a StartTime.
pub(super) struct File {
    pub recording: Recording,
    /// That it has no StartTime; its traces begin at 0 then.
    pub unplaced: Option<Error>,
    /// The JSON files that describe it.
    pub sidecars: Vec<PathBuf>,
    /// How it strays from BIDS, a clause each.
    pub notes: Vec<String>,
    /// What a person should know about the choice of JSON files, a sentence each.
    pub warnings: Vec<String>,
}

/// [`read`] of a recording that may lack StartTime.
///
/// # Errors
/// As there.
pub(super) fn read_file(path: &Path) -> Result<File> {
    let layout = Layout::find(path)?;
    let (columns, by_spaces) = read_columns(path, &layout.columns)?;
    let mut recording = Recording { name: file_name(path), ..Recording::default() };
    let start_s = layout.start_s.unwrap_or(0.0);
    for (name, samples) in layout.columns.iter().zip(columns) {
        let trace = Trace { samples, sampling_hz: layout.sampling_hz, start_s };
        put(&mut recording, name, trace, path)?;
    }
    if recording == (Recording { name: recording.name.clone(), ..Recording::default() }) {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("has the columns {}", layout.columns.join(", ")),
            "have cardiac, respiratory or trigger among them",
            "name the columns so in its JSON sidecar",
        ));
    }
    let unplaced = layout.start_s.is_none().then(|| layout.missing(path, "StartTime"));
    let spaced = "cells separated by spaces, as PhysIO writes them, where BIDS has tabs";
    let notes = by_spaces.then(|| spaced.to_owned()).into_iter().collect();
    let Layout { sidecars, warnings, .. } = layout;
    Ok(File { recording, unplaced, sidecars, notes, warnings })
}

/// The columns of a recording that has neither pulse nor breathing nor trigger, as that of an eye tracker; none of any other, or of one whose JSON
/// does not say.
#[must_use]
pub fn of_something_else(path: &Path) -> Option<Vec<String>> {
    let columns = Layout::find(path).ok()?.columns;
    let is_signal = |column: &String| {
        let lower = column.to_ascii_lowercase();
        [&CARDIAC[..], &RESPIRATORY, &TRIGGER].iter().any(|own| own.contains(&lower.as_str()))
    };
    (!columns.is_empty() && !columns.iter().any(is_signal)).then_some(columns)
}

/// Reads recordings of one run that lie in several files (`recording-cardiac`, `recording-respiratory`).
///
/// # Errors
/// As for [`read`], and [`Error::BadData`] where two files give the same signal.
pub fn read_all(paths: &[PathBuf]) -> Result<Recording> {
    let mut all = Recording::default();
    for path in paths {
        let one = read(path)?;
        all.name =
            if all.name.is_empty() { one.name } else { format!("{}, {}", all.name, one.name) };
        for (name, into, from) in [
            ("cardiac", &mut all.cardiac, one.cardiac),
            ("respiratory", &mut all.respiratory, one.respiratory),
            ("trigger", &mut all.trigger, one.trigger),
        ] {
            match (into.is_some(), from) {
                // Every file may carry the trigger; the first counts.
                (true, Some(_)) if name == "trigger" => {}
                (true, Some(_)) => return Err(twice(path, name)),
                (false, from) => *into = from,
                (true, None) => {}
            }
        }
    }
    Ok(all)
}

fn put(recording: &mut Recording, column: &str, trace: Trace, path: &Path) -> Result<()> {
    let lower = column.to_ascii_lowercase();
    let (name, slot) = if CARDIAC.contains(&lower.as_str()) {
        ("cardiac", &mut recording.cardiac)
    } else if RESPIRATORY.contains(&lower.as_str()) {
        ("respiratory", &mut recording.respiratory)
    } else if TRIGGER.contains(&lower.as_str()) {
        ("trigger", &mut recording.trigger)
    } else {
        return Ok(());
    };
    if slot.is_some() {
        return Err(twice(path, name));
    }
    *slot = Some(trace);
    Ok(())
}

pub(super) fn twice(path: &Path, signal: &str) -> Error {
    Error::bad_data(
        path.display().to_string(),
        format!("gives a second {signal} signal"),
        "be the only one to give it",
        "keep the better one, e.g. the pulse oximeter or the ECG",
    )
}

/// What the sidecars of a recording say.
struct Layout {
    columns: Vec<String>,
    sampling_hz: f64,
    start_s: Option<f64>,
    sidecars: Vec<PathBuf>,
    warnings: Vec<String>,
}

impl Layout {
    fn find(path: &Path) -> Result<Layout> {
        files::open(path)?; // so that an absent recording is not reported as an absent sidecar
        let (mut columns, mut sampling_hz, mut start_s) = (None, None, None);
        let sidecars = bids::inherited(path)?;
        let mut read = Vec::with_capacity(sidecars.len());
        for file in &sidecars {
            read.push((file.clone(), bids::read_json(file)?));
        }
        let mut warnings = bids::at_odds(&read, &FIELDS);
        warnings.extend(bids::unread(path));
        for (file, map) in &read {
            sampling_hz = bids::number(map, "SamplingFrequency", file)?.or(sampling_hz);
            start_s = bids::number(map, "StartTime", file)?.or(start_s);
            if let Some(value) = map.get("Columns") {
                let names = value.as_array().and_then(|list| {
                    list.iter().map(|v| v.as_str().map(str::to_string)).collect::<Option<Vec<_>>>()
                });
                columns = Some(names.filter(|n| !n.is_empty()).ok_or_else(|| {
                    Error::bad_data(
                        format!("Columns in {}", file.display()),
                        format!("is {}", shown(&value.to_string())),
                        "be a list of names",
                        "write e.g. [\"cardiac\", \"respiratory\"]",
                    )
                })?);
            }
        }
        let mut layout =
            Layout { columns: Vec::new(), sampling_hz: 0.0, start_s, sidecars, warnings };
        let Some(sampling_hz) = sampling_hz else {
            return Err(layout.missing(path, "SamplingFrequency"));
        };
        if sampling_hz <= 0.0 {
            return Err(Error::bad_data(
                format!("SamplingFrequency of {}", path.display()),
                format!("is {sampling_hz}"),
                "be positive",
                "it counts samples a second",
            ));
        }
        layout.sampling_hz = sampling_hz;
        layout.columns = columns.ok_or_else(|| layout.missing(path, "Columns"))?;
        Ok(layout)
    }

    /// A field that no sidecar has.
    fn missing(&self, path: &Path, field: &str) -> Error {
        let (found, hint) = match self.sidecars.last() {
            None => {
                ("has no JSON sidecar".to_string(), format!("put {} beside it", with_json(path)))
            }
            Some(file) => {
                let or = match field {
                    "StartTime" => {
                        ", or place the record by --align trigger (its trigger column), start or end, or by --physio-format \
                         bids:start=SECONDS"
                    }
                    _ => "",
                };
                (format!("has no {field} in {}", file.display()), format!("add {field}{or}"))
            }
        };
        Error::missing_input(
            path.display().to_string(),
            found,
            "have one with SamplingFrequency, StartTime and Columns",
            hint,
        )
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn with_json(path: &Path) -> String {
    let name = file_name(path);
    let stem = name.trim_end_matches(".gz").trim_end_matches(".tsv");
    format!("{stem}.json")
}

/// The samples of each column, and whether cells are separated by spaces in place of tabs.
fn read_columns(path: &Path, names: &[String]) -> Result<(Vec<Vec<f64>>, bool)> {
    let text = files::read_text(path)?;
    let mut columns = vec![Vec::new(); names.len()];
    let first = tsv::rows(&text).next().map_or("", |(_, row)| row.trim());
    let by_spaces = names.len() > 1
        && !first.contains(['\t', ';'])
        && first.contains(' ')
        && !first.contains(", ");
    for (line, row) in tsv::rows(&text) {
        let row = row.trim_end_matches([' ', '\t', '\r']);
        let mut count = 0;
        let mut put = |cell: &str| -> Result<()> {
            if let Some(column) = columns.get_mut(count) {
                column.push(sample(cell.trim(), line, path)?);
            }
            count += 1;
            Ok(())
        };
        if !by_spaces && names.len() > 1 && !row.contains('\t') {
            by_marks(path, line, row)?;
        }
        match by_spaces {
            true => row.split_whitespace().try_for_each(&mut put)?,
            false => row.split('\t').try_for_each(&mut put)?,
        }
        if count != names.len() {
            return Err(tsv::ragged(path, line, count, names.len()));
        }
    }
    if columns[0].is_empty() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "holds no samples",
            "hold one line a sample",
            "check how it was made",
        ));
    }
    Ok((columns, by_spaces))
}

/// Refuses a row whose cells are separated by commas or semicolons, by that name.
fn by_marks(path: &Path, line: usize, row: &str) -> Result<()> {
    for (mark, name) in [(';', "semicolons"), (',', "commas")] {
        if row.contains(mark) {
            return Err(Error::bad_data(
                format!("{}, line {line},", path.display()),
                format!("separates its cells by {name}"),
                "separate them by tabs",
                "export it as tab-separated text, or read it with --physio-format columns:hz=...:columns=...",
            ));
        }
    }
    Ok(())
}

fn sample(cell: &str, line: usize, path: &Path) -> Result<f64> {
    if let Ok(value) = cell.parse() {
        return Ok(value);
    }
    if cell == "n/a" || cell == "N/A" {
        return Ok(f64::NAN);
    }
    let hint = if line == 1 {
        "a BIDS recording has no header line: its JSON names the columns"
    } else if cell.contains(',') {
        "separate cells by tabs and write a decimal point"
    } else {
        "write n/a where a sample is missing"
    };
    Err(Error::bad_data(
        format!("{}, line {line},", path.display()),
        format!("holds '{}'", shown(cell)),
        "hold numbers",
        hint,
    ))
}
