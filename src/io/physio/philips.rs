//! Philips SCANPHYSLOG: `#` lines, the last of them naming the columns (`v1raw v2raw v1 v2 ppu resp gx gy gz mark`), then
//! one line a sample. `mark` is a hexadecimal set of flags: 0x0010 the start of the scan, 0x0020 its end.
//!
//! The start flag is not in step with the first volume, so the scan is placed by its end flag and its length, n_volumes x
//! TR. The rate is 496 Hz with wireless and 500 Hz with wired sensors; the file does not say which.
//! Source: ReadPhilipsScanPhysLog (MATLAB File Exchange 42100), description. No log of a real scanner was at hand: what
//! the tests read was generated from this description.

use std::path::Path;

use super::format::{Format, Signal};
use super::log::{Channel, Clock, Log, needs, no_samples, number, shown};
use crate::{Error, Result};

/// What a channel without a sensor may vary by, in the numbers of the log.
const LAST_DIGITS: f64 = 4.0;
/// Flag of `mark`: the scan ends.
const SCAN_ENDS: u32 = 0x20;

/// Pulse (`ppu`; the ECG `v1` where the pulse is flat) and breathing, placed by the end of the scan.
///
/// # Errors
/// Bad data naming line and column; missing input without a rate, or without an end flag.
pub(super) fn read(path: &Path, text: &str, format: &Format) -> Result<Log> {
    let Some(sampling_hz) = format.hz else {
        return Err(needs(
            path,
            "does not say its rate",
            "be read at 496 Hz (wireless sensors) or 500 Hz (wired)",
            "philips:hz=496",
        ));
    };
    let names = names(path, text)?;
    let column = |name: &str| names.iter().position(|n| *n == name);
    let (Some(ppu), Some(resp), Some(mark)) = (column("ppu"), column("resp"), column("mark"))
    else {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("names the columns {}", shown(&names.join(" "))),
            "have ppu, resp and mark among them",
            "the log is damaged or of another format",
        ));
    };
    let (mut pulse, mut ecg, mut breath, mut end) = (vec![], vec![], vec![], None);
    for (n, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let row: Vec<&str> = line.split_whitespace().collect();
        if row.len() != names.len() {
            return Err(Error::bad_data(
                format!("{}, line {},", path.display(), n + 1),
                format!("has {} words", row.len()),
                format!("have {}, one a column", names.len()),
                "the log is damaged or cut short; export it again",
            ));
        }
        let flags = u32::from_str_radix(row[mark], 16).map_err(|_| {
            Error::bad_data(
                format!("{}, line {}, mark,", path.display(), n + 1),
                format!("is '{}'", shown(row[mark])),
                "be a hexadecimal number",
                "the log is damaged; export it again",
            )
        })?;
        if flags & SCAN_ENDS != 0 {
            end = Some(pulse.len());
        }
        pulse.push(number(row[ppu], path, n + 1, "ppu")?);
        breath.push(number(row[resp], path, n + 1, "resp")?);
        if let Some(v1) = column("v1") {
            ecg.push(number(row[v1], path, n + 1, "v1")?);
        }
    }
    if pulse.is_empty() {
        return Err(no_samples(path));
    }
    let mut log = Log::new(path, format);
    let clock = match (format.start_s, end) {
        (Some(start_s), _) => Clock::FromFirstVolume(start_s),
        (None, Some(sample)) => Clock::ScanEndsAt(sample as f64),
        (None, None) => {
            log.unplaced = Some(needs(
                path,
                "has no mark 0020, so the end of the scan is not known",
                "be complete, or come with the time of its first sample",
                "philips:hz=496:start=SECONDS",
            ));
            Clock::Unknown
        }
    };
    let cardiac = if !is_used(&pulse) && is_used(&ecg) {
        log.counts.push("ppu is flat: v1 (ECG) is taken as cardiac".to_string());
        ecg
    } else {
        pulse
    };
    for (signal, samples) in [(Signal::Cardiac, cardiac), (Signal::Respiratory, breath)] {
        // A sensor that was not connected gives no trace.
        if is_used(&samples) {
            log.channels.push(Channel { signal, samples, sampling_hz, clock });
        } else {
            log.counts.push(format!("{} is flat and left out", signal.name()));
        }
    }
    if log.channels.is_empty() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "is flat in ppu, v1 and resp",
            "hold a pulse or breathing",
            "the sensors were not connected",
        ));
    }
    Ok(log)
}

/// Whether a sensor was connected: the middle nine tenths of its values span more than the last digits.
fn is_used(samples: &[f64]) -> bool {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get((share * sorted.len() as f64) as usize);
    matches!((at(0.05), at(0.95)), (Some(low), Some(high)) if high - low > LAST_DIGITS)
}

/// The words of the last `#` line that names columns.
fn names<'a>(path: &Path, text: &'a str) -> Result<Vec<&'a str>> {
    let lines = text.lines().filter(|l| l.starts_with('#'));
    lines
        .map(|l| l.trim_start_matches('#').split_whitespace().collect::<Vec<_>>())
        .rfind(|words| words.contains(&"ppu"))
        .ok_or_else(|| {
            Error::bad_data(
                path.display().to_string(),
                "has no line that names its columns",
                "have one with v1raw v2raw v1 v2 ppu resp gx gy gz mark",
                "the log is cut short; export it again",
            )
        })
}
