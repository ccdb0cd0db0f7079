//! What every reader returns, and the words and numbers that they read.

use std::path::{Path, PathBuf};

use super::format::{Format, Kind, Signal};
use crate::{Error, Result};

/// A log as read, not yet placed in time.
#[derive(Debug)]
pub(super) struct Log {
    pub path: PathBuf,
    /// What notes call it: the file's name, or that of the log inside the file.
    pub name: String,
    pub kind: Kind,
    pub channels: Vec<Channel>,
    /// When the volumes were acquired, where the log says so.
    pub volumes: Option<Volumes>,
    /// Identity of the run, shared by all logs of it.
    pub uuid: Option<String>,
    /// What was mended, a clause each.
    pub counts: Vec<String>,
    /// What a person should look at, a sentence each.
    pub warnings: Vec<String>,
    /// Files that say how it is read.
    pub sidecars: Vec<PathBuf>,
    /// Why nothing in it says when it began; told where nothing else does.
    pub unplaced: Option<Error>,
    pub format: Format,
}

impl Log {
    pub fn new(path: &Path, format: &Format) -> Log {
        Log {
            path: path.to_path_buf(),
            name: file_name(path),
            kind: format.kind,
            channels: Vec::new(),
            volumes: None,
            uuid: None,
            counts: Vec::new(),
            warnings: Vec::new(),
            sidecars: Vec::new(),
            unplaced: None,
            format: format.clone(),
        }
    }
}

/// When a run's volumes and slices were acquired, from a Siemens Info.log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Volumes {
    /// Start of each complete volume, seconds since midnight.
    pub starts_s: Vec<f64>,
    /// Start of each slice after the start of its volume, seconds, mean over the volumes; `[slice]`.
    pub slice_times: Vec<f64>,
    /// Mean time between two volumes, seconds; none for one volume.
    pub tr: Option<f64>,
    /// Rows of a last, incomplete volume that were left out.
    pub n_rows_left_out: usize,
    /// Volumes that its head names, where it does.
    pub n_named: Option<usize>,
}

/// One sampled signal of a log.
#[derive(Debug)]
pub(super) struct Channel {
    pub signal: Signal,
    /// NaN where missing.
    pub samples: Vec<f64>,
    pub sampling_hz: f64,
    pub clock: Clock,
}

/// What is known of the time of the first sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clock {
    /// Seconds relative to the first volume.
    FromFirstVolume(f64),
    /// Seconds since midnight on the scanner's clock.
    OfDay(f64),
    /// The scan ends at this sample.
    ScanEndsAt(f64),
    /// Nothing: a trigger beside it must tell, or --align.
    Unknown,
}

/// A word as messages show it: no control characters, not endless.
pub(super) fn shown(word: &str) -> String {
    let mut text: String = word.chars().take(40).flat_map(char::escape_debug).collect();
    if word.chars().nth(40).is_some() {
        text.push_str("...");
    }
    text
}

/// A number, or an error that names line and field.
pub(super) fn number(word: &str, path: &Path, line: usize, field: &str) -> Result<f64> {
    match word.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(wrong(path, line, field, word, "be a number")),
    }
}

/// A whole number that is not negative, or an error that names line and field.
pub(super) fn count(word: &str, path: &Path, line: usize, field: &str) -> Result<u64> {
    word.parse::<u64>().map_err(|_| wrong(path, line, field, word, "be a whole number"))
}

fn wrong(path: &Path, line: usize, field: &str, word: &str, expected: &str) -> Error {
    Error::bad_data(
        format!("{}, line {line}, {field},", path.display()),
        format!("is '{}'", shown(word)),
        expected,
        "the log is damaged or of another format; copy it again, or name its format with --physio-format",
    )
}

/// A log without samples.
pub(super) fn no_samples(path: &Path) -> Error {
    Error::bad_data(
        path.display().to_string(),
        "holds no samples",
        "hold a recording",
        "check that the sensor was on, and that the file is complete",
    )
}

/// An option that a log cannot do without.
pub(super) fn needs(path: &Path, found: &str, expected: &str, key: &str) -> Error {
    Error::missing_input(
        path.display().to_string(),
        found,
        expected,
        format!("give it with --physio-format {key}"),
    )
}

/// The file's name.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Which channel among several of one sensor (ECG leads) varies most; 0 of none.
pub(super) fn liveliest(channels: &[Vec<f64>]) -> usize {
    let spread = |x: &Vec<f64>| {
        let finite = || x.iter().copied().filter(|v| v.is_finite());
        let n = finite().count().max(1) as f64;
        let mean = finite().sum::<f64>() / n;
        finite().map(|v| (v - mean).powi(2)).sum::<f64>() / n
    };
    // The first of equals.
    let all = channels.iter().map(spread).enumerate();
    all.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |best| best.0)
}

/// Seconds with so many decimals, never -0.
pub(super) fn seconds(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| c == '0' || c == '.') => zero.to_owned(),
        _ => text,
    }
}

/// The first 4 KiB or so of a text.
pub(super) fn head(text: &str) -> &str {
    let end = (text.len().min(4096)..=text.len()).find(|&n| text.is_char_boundary(n));
    &text[..end.unwrap_or(text.len())]
}

/// The last 4 KiB or so of a text.
pub(super) fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(4096);
    let start = (from..=text.len()).find(|&n| text.is_char_boundary(n));
    &text[start.unwrap_or(text.len())..]
}
