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

/// Reads one recording. Samples that are `n/a` become NaN.
///
/// # Errors
/// [`Error::MissingInput`] without a sidecar or one of SamplingFrequency, StartTime, Columns; [`Error::BadData`] naming
/// the line for what is no number, and for a recording that has neither pulse nor breathing nor trigger.
pub fn read(path: &Path) -> Result<Recording> {
    let layout = Layout::find(path)?;
    let columns = read_columns(path, &layout.columns)?;
    let mut recording = Recording { name: file_name(path), ..Recording::default() };
    for (name, samples) in layout.columns.iter().zip(columns) {
        let trace = Trace { samples, sampling_hz: layout.sampling_hz, start_s: layout.start_s };
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
    Ok(recording)
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
    start_s: f64,
}

impl Layout {
    fn find(path: &Path) -> Result<Layout> {
        files::open(path)?; // so that an absent recording is not reported as an absent sidecar
        let (mut columns, mut sampling_hz, mut start_s) = (None, None, None);
        let sidecars = bids::inherited(path)?;
        for file in &sidecars {
            let map = bids::read_json(file)?;
            sampling_hz = bids::number(&map, "SamplingFrequency", file)?.or(sampling_hz);
            start_s = bids::number(&map, "StartTime", file)?.or(start_s);
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
        let missing = |field: &str| {
            let (found, hint) = match sidecars.last() {
                None => (
                    "has no JSON sidecar".to_string(),
                    format!("put {} beside it", with_json(path)),
                ),
                Some(file) => {
                    (format!("has no {field} in {}", file.display()), format!("add {field}"))
                }
            };
            Error::missing_input(
                path.display().to_string(),
                found,
                "have one with SamplingFrequency, StartTime and Columns",
                hint,
            )
        };
        let sampling_hz = sampling_hz.ok_or_else(|| missing("SamplingFrequency"))?;
        if sampling_hz <= 0.0 {
            return Err(Error::bad_data(
                format!("SamplingFrequency of {}", path.display()),
                format!("is {sampling_hz}"),
                "be positive",
                "it counts samples a second",
            ));
        }
        Ok(Layout {
            columns: columns.ok_or_else(|| missing("Columns"))?,
            sampling_hz,
            start_s: start_s.ok_or_else(|| missing("StartTime"))?,
        })
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

/// The samples of each column.
fn read_columns(path: &Path, names: &[String]) -> Result<Vec<Vec<f64>>> {
    let text = files::read_text(path)?;
    let mut columns = vec![Vec::new(); names.len()];
    for (line, row) in tsv::rows(&text) {
        let mut count = 0;
        for cell in row.trim_end_matches([' ', '\t']).split('\t') {
            if let Some(column) = columns.get_mut(count) {
                column.push(sample(cell.trim(), line, path)?);
            }
            count += 1;
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
    Ok(columns)
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
