//! GE logs: `PPGData...`, `RESPData...`, `ECGData...`, one number a line, no header and no times.
//!
//! The name tells the sensor and, as GE records it, the rate: 100, 25 and 1000 Hz. Other sequences write other rates (the
//! real-time EPI of the public PhysIO example: 40 Hz in both files), so the length is checked against the scan. Recording
//! begins some seconds before the scan and ends with it: the last sample is the end of the last volume.
//! Source: the public example's files and parameters (40 Hz, aligned to the end of the scan).

use std::path::Path;

use super::format::{Format, Signal};
use super::log::{Channel, Clock, Log, file_name, needs, no_samples, number};
use crate::{Error, Result};

/// Start of the name, signal, rate in Hz.
const SENSORS: [(&str, Signal, f64); 3] = [
    ("ppgdata", Signal::Cardiac, 100.0),
    ("respdata", Signal::Respiratory, 25.0),
    ("ecgdata", Signal::Cardiac, 1000.0),
];

/// Signal and GE's own rate, from the name.
pub(super) fn channel(path: &Path) -> Option<(Signal, f64)> {
    let name = file_name(path).to_ascii_lowercase();
    SENSORS.iter().find(|s| name.starts_with(s.0)).map(|s| (s.1, s.2))
}

/// The samples, the last at the end of the scan unless told otherwise.
///
/// # Errors
/// Bad data naming the line that is not one number; missing input where the name does not tell the sensor.
pub(super) fn read(path: &Path, text: &str, format: &Format) -> Result<Log> {
    let named = channel(path);
    let (signal, hz) = match (&format.columns[..], named) {
        ([], Some(channel)) => channel,
        ([signal], Some((_, hz))) => (*signal, hz),
        ([signal], None) => (*signal, 0.0),
        ([], None) => {
            return Err(needs(
                path,
                "does not say by its name what it measures",
                "begin with PPGData, RESPData or ECGData",
                "ge:hz=100:columns=cardiac",
            ));
        }
        (more, _) => {
            return Err(Error::usage(
                "--physio-format",
                format!("names {} columns", more.len()),
                "name one for a GE log",
                "for example ge:hz=40:columns=cardiac",
            ));
        }
    };
    let Some(sampling_hz) = format.hz.or((hz > 0.0).then_some(hz)) else {
        return Err(needs(path, "does not say its rate", "come with one", "ge:hz=100:columns=..."));
    };
    let mut samples = Vec::new();
    for (n, line) in text.trim_end().lines().enumerate() {
        samples.push(number(line.trim(), path, n + 1, "the sample")?);
    }
    if samples.is_empty() {
        return Err(no_samples(path));
    }
    let clock = match format.start_s {
        Some(start_s) => Clock::FromFirstVolume(start_s),
        None => Clock::ScanEndsAt(samples.len() as f64),
    };
    let mut log = Log::new(path, format);
    log.channels.push(Channel { signal, samples, sampling_hz, clock });
    Ok(log)
}
