//! Putting logs in time: seconds relative to the first volume.
//!
//! A log that has the time of day is placed by the start of the first volume on the same clock, which comes from (the first
//! that is there) the Info.log, a trigger log of the same run, the image's AcquisitionTime. A log that ends with the scan
//! is placed by the scan's length. A trigger column places the columns beside it.

use super::format::{Kind, Signal};
use super::log::{Channel, Clock, Log, file_name};
use super::{Scan, ScannerTiming};
use crate::{Error, Result};

/// Seconds a day.
const DAY_S: f64 = 86_400.0;
/// Repetition times of log and image that differ by more than this share belong to different runs.
const SAME_TR: f64 = 0.01;
/// GE begins to record less than this before the scan, seconds.
const LONGEST_LEAD_S: f64 = 120.0;

/// The first volume on the scanner's clock, seconds since midnight, and what says so.
pub(super) fn first_volume(
    logs: &[Log],
    scan: &Scan,
) -> Result<Option<(f64, String, Option<ScannerTiming>)>> {
    for log in logs {
        if let Some(volumes) = &log.volumes {
            let n = volumes.starts_s.len();
            let thing = log.path.display().to_string();
            let skip = skip(&thing, "volumes", n, logs, scan)?;
            if let Some(tr) = volumes.tr.filter(|tr| (tr / scan.tr - 1.0).abs() > SAME_TR) {
                return Err(Error::bad_data(
                    thing,
                    format!("has a volume every {tr:.4} s"),
                    format!("have one every TR = {} s", scan.tr),
                    "the log belongs to another run, or --tr is wrong",
                ));
            }
            if let Some(n_slices) = scan.n_slices.filter(|&n| n != volumes.slice_times.len()) {
                return Err(Error::bad_data(
                    thing,
                    format!("has {} slices", volumes.slice_times.len()),
                    format!("have the {n_slices} slices of the image"),
                    "the log belongs to another run",
                ));
            }
            let timing =
                ScannerTiming { slice_times: volumes.slice_times.clone(), file: log.path.clone() };
            return Ok(Some((volumes.starts_s[skip], file_name(&log.path), Some(timing))));
        }
    }
    for log in logs.iter().filter(|l| l.kind == Kind::SiemensVb) {
        for channel in log.channels.iter().filter(|c| c.signal == Signal::Trigger) {
            if let Clock::OfDay(start_s) = channel.clock {
                let at = first_trigger(log, channel, logs, scan)?;
                let origin = format!("the triggers of {}", file_name(&log.path));
                return Ok(Some((start_s + at, origin, None)));
            }
        }
    }
    Ok(scan.first_volume_of_day_s.map(|s| (s, "AcquisitionTime in the sidecar".to_string(), None)))
}

/// How many of `n` volumes or triggers come before the image.
fn skip(thing: &str, what: &str, n: usize, logs: &[Log], scan: &Scan) -> Result<usize> {
    let told = logs.iter().find_map(|l| l.format.skip);
    match told {
        Some(skip) if n.checked_sub(skip).is_some_and(|n| n >= scan.n_volumes) => return Ok(skip),
        None if n == scan.n_volumes => return Ok(0),
        _ => {}
    }
    let found = match told {
        Some(skip) => format!("has {n} {what}, {skip} of them skipped"),
        None => format!("has {n} {what}"),
    };
    Err(Error::bad_data(
        thing,
        found,
        format!("have one for each of the {} volumes", scan.n_volumes),
        "where dummy scans come before the image, say how many with --physio-format auto:skip=N; else give the start of \
         the log itself with start=SECONDS",
    ))
}

/// Time of the first volume's trigger after the first sample, seconds.
fn first_trigger(log: &Log, channel: &Channel, logs: &[Log], scan: &Scan) -> Result<f64> {
    let x = &channel.samples;
    let (low, high) = x
        .iter()
        .filter(|v| v.is_finite())
        .fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    let above = |v: f64| v > low + 0.5 * (high - low);
    // The first sample counts when it is high already.
    let edges: Vec<usize> =
        (0..x.len()).filter(|&i| above(x[i]) && (i == 0 || !above(x[i - 1]))).collect();
    let thing = format!("{}, the trigger,", log.path.display());
    let skip = skip(&thing, "rising edges", edges.len(), logs, scan)?;
    let at = edges.get(skip).copied().unwrap_or_default();
    let last = edges.get(skip + scan.n_volumes - 1).copied().unwrap_or(at);
    if scan.n_volumes > 1 {
        let tr = (last - at) as f64 / channel.sampling_hz / (scan.n_volumes - 1) as f64;
        if (tr / scan.tr - 1.0).abs() > SAME_TR {
            return Err(Error::bad_data(
                thing,
                format!("comes every {tr:.4} s at {} Hz", channel.sampling_hz),
                format!("come every TR = {} s", scan.tr),
                "check the rate (hz) and that the log belongs to this run",
            ));
        }
    }
    Ok(at as f64 / channel.sampling_hz)
}

/// Time of a channel's first sample, seconds relative to the first volume.
pub(super) fn start_s(
    log: &Log,
    channel: &Channel,
    logs: &[Log],
    scan: &Scan,
    first_volume_s: Option<f64>,
) -> Result<f64> {
    match (channel.clock, first_volume_s) {
        (Clock::FromFirstVolume(start_s), _) => Ok(start_s),
        // The nearer way round the clock.
        (Clock::OfDay(s), Some(first)) => {
            let apart = s - first;
            Ok(apart - (apart / DAY_S).round() * DAY_S)
        }
        (Clock::OfDay(_), None) => {
            let name = log.kind.name();
            let hint = match log.kind {
                Kind::SiemensVd => "give its _Info.log with a further --physio",
                _ => "give its .ext log with a further --physio if it has the scanner's triggers",
            };
            Err(Error::missing_input(
                log.path.display().to_string(),
                "says when it began, but not when the first volume did",
                "be placed in time",
                format!(
                    "{hint}, add AcquisitionTime to the image's sidecar, or give the time of the log's first sample \
                     relative to the first volume with --physio-format {name}:start=SECONDS"
                ),
            ))
        }
        (Clock::ScanEndsAt(sample), _) => {
            let lasts = sample / channel.sampling_hz;
            let scan_s = scan.n_volumes as f64 * scan.tr;
            if log.kind == Kind::Ge
                && !(scan_s - scan.tr..=scan_s + LONGEST_LEAD_S).contains(&lasts)
            {
                return Err(Error::bad_data(
                    log.path.display().to_string(),
                    format!(
                        "lasts {lasts:.1} s at {} Hz but the scan takes {scan_s:.1} s",
                        channel.sampling_hz
                    ),
                    format!("begin at most {LONGEST_LEAD_S} s before the scan and end with it"),
                    "give its rate with --physio-format ge:hz=40, or its start with ge:hz=40:start=SECONDS",
                ));
            }
            Ok(scan_s - lasts)
        }
        (Clock::Unknown, _) => {
            let Some(trigger) = log.channels.iter().find(|c| c.signal == Signal::Trigger) else {
                return Err(Error::internal(
                    "a log",
                    "has neither start nor trigger",
                    "have one",
                    "",
                ));
            };
            Ok(-first_trigger(log, trigger, logs, scan)?)
        }
    }
}
