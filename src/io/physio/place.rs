//! Putting logs in time: seconds relative to the first volume.
//!
//! A log that has the time of day is placed by the start of the first volume on the same clock, which comes from (the first
//! that is there) the Info.log, a trigger log of the same run, the image's AcquisitionTime. A log that ends with the scan
//! is placed by the scan's length. A trigger column places the columns beside it.

use super::format::{Kind, Signal};
use super::log::{Channel, Clock, Log, seconds};
use super::{Scan, ScannerTiming};
use crate::recording::Trace;
use crate::{Error, Result};

/// Seconds a day.
const DAY_S: f64 = 86_400.0;
/// Repetition times of log and image that differ by more than this share belong to different runs.
const SAME_TR: f64 = 0.01;
/// GE begins to record less than this before the scan, seconds.
const LONGEST_LEAD_S: f64 = 120.0;
/// Share of the volumes that a log may lack at its end.
const LACKING: f64 = 0.05;
/// Two clocks that put the first volume farther apart than this, and than a volume, contradict each other, seconds.
const SAME_START_S: f64 = 1.0;

/// What puts the logs on the run's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlacedBy {
    /// What they say themselves, or the scanner's clock.
    #[default]
    Themselves,
    /// The trigger, by the caller: a log that does not say when it began is put so that its first trigger is at 0.
    Trigger,
    /// The start or end of the scan, by the caller: a log that does not say when it began begins at 0.
    Ends,
}

/// The first volume on the scanner's clock.
#[derive(Debug)]
pub(super) struct First {
    /// Seconds since midnight.
    pub at_s: f64,
    /// What says so.
    pub by: String,
    /// Slice times, where the same log has them.
    pub timing: Option<ScannerTiming>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// Refuses a log that nothing puts in time.
///
/// # Errors
/// Missing input, as its reader says it.
pub(super) fn check_known(logs: &mut [Log], scan: &Scan) -> Result<()> {
    for log in logs {
        let has_trigger = log.channels.iter().any(|c| c.signal == Signal::Trigger);
        let is_placed = match scan.placed_by {
            PlacedBy::Themselves => false,
            PlacedBy::Trigger => has_trigger,
            PlacedBy::Ends => true,
        };
        if let Some(error) = log.unplaced.take().filter(|_| !is_placed) {
            return Err(error);
        }
    }
    Ok(())
}

/// The first volume on the scanner's clock; none where nothing says so.
pub(super) fn first_volume(logs: &[Log], scan: &Scan) -> Result<Option<First>> {
    for log in logs {
        if log.volumes.is_some() {
            return of_info(log, logs, scan).map(Some);
        }
    }
    for log in logs.iter().filter(|l| l.kind == Kind::SiemensVb) {
        for channel in log.channels.iter().filter(|c| c.signal == Signal::Trigger) {
            let Clock::OfDay(start_s) = channel.clock else { continue };
            let at = match first_trigger(log, channel, logs, scan) {
                Ok(at) => at,
                // The ends of the scan are to place it: the triggers need not fit.
                Err(_) if scan.placed_by == PlacedBy::Ends => continue,
                Err(error) => return Err(error),
            };
            let by = format!("the triggers of {}", log.name);
            let warnings = contradiction(start_s + at, &by, scan);
            return Ok(Some(First { at_s: start_s + at, by, timing: None, warnings }));
        }
    }
    let by = "AcquisitionTime in the sidecar".to_string();
    let at = scan.first_volume_of_day_s;
    Ok(at.map(|at_s| First { at_s, by, timing: None, warnings: Vec::new() }))
}

/// What an Info.log says, held against the run.
fn of_info(log: &Log, logs: &[Log], scan: &Scan) -> Result<First> {
    let thing = log.path.display().to_string();
    let Some(volumes) = &log.volumes else {
        return Err(Error::internal(thing, "is no Info.log", "be one", ""));
    };
    let n = volumes.starts_s.len();
    let may_lack = ((LACKING * scan.n_volumes as f64) as usize).max(1);
    // With dummy scans to skip only a volume that was begun says that the log was cut, not the count wrong.
    let counted = logs.iter().any(|l| l.format.skip.is_some()) && volumes.n_rows_left_out == 0;
    let may_lack = if counted { 0 } else { may_lack };
    let skip = skip(&thing, "volumes", n, may_lack, logs, scan)?;
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
    let at_s = volumes.starts_s[skip];
    let mut warnings = contradiction(at_s, &log.name, scan);
    if let lacking @ 1.. = (skip + scan.n_volumes).saturating_sub(n) {
        let rows = match volumes.n_rows_left_out {
            0 => String::new(),
            rows => format!(" (of one it has {rows} slices)"),
        };
        warnings.push(format!(
            "{} lacks {lacking} of the {} volumes at its end{rows}; the run is placed by the start of its first volume",
            log.name, scan.n_volumes
        ));
    }
    let timing = ScannerTiming { slice_times: volumes.slice_times.clone(), file: log.path.clone() };
    Ok(First { at_s, by: log.name.clone(), timing: Some(timing), warnings })
}

/// What the image's sidecar says of the first volume against what a log says.
fn contradiction(at_s: f64, by: &str, scan: &Scan) -> Vec<String> {
    let apart = scan.first_volume_of_day_s.map(|told_s| around_the_clock(told_s - at_s));
    let apart = apart.filter(|s| s.abs() > SAME_START_S.max(scan.tr));
    let warning = apart.map(|s| {
        format!(
            "AcquisitionTime in the sidecar puts the first volume {} s from where {by} has it, which is used; does the log \
             belong to this run?",
            seconds(s, 2)
        )
    });
    warning.into_iter().collect()
}

/// The nearer way round the clock.
fn around_the_clock(apart_s: f64) -> f64 {
    apart_s - (apart_s / DAY_S).round() * DAY_S
}

/// How many of `n` volumes or triggers come before the image. `may_lack`: at the end.
fn skip(
    thing: &str,
    what: &str,
    n: usize,
    may_lack: usize,
    logs: &[Log],
    scan: &Scan,
) -> Result<usize> {
    let told = logs.iter().find_map(|l| l.format.skip);
    let least = scan.n_volumes.saturating_sub(may_lack).max(1);
    match told {
        Some(skip) if n.checked_sub(skip).is_some_and(|n| n >= least) => return Ok(skip),
        None if (least..=scan.n_volumes).contains(&n) => return Ok(0),
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
    let told = logs.iter().find_map(|l| l.format.skip).unwrap_or(0);
    let edges = rising(channel, scan.n_volumes.saturating_add(told));
    let thing = format!("{}, the trigger,", log.path.display());
    let skip = skip(&thing, "rising edges", edges.len(), 0, logs, scan)?;
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

/// Samples at which a trigger rises; see [`Trace::rising_edges`].
fn rising(channel: &Channel, wanted: usize) -> Vec<usize> {
    let (samples, sampling_hz) = (channel.samples.clone(), channel.sampling_hz);
    Trace { samples, sampling_hz, start_s: 0.0 }.rising_edges(wanted)
}

/// What placed a channel, as notes say it.
pub(super) fn said_by(channel: &Channel, scan: &Scan, first: Option<&First>) -> String {
    match (channel.clock, scan.placed_by) {
        (Clock::OfDay(_), _) => first.map_or(String::new(), |f| format!(" by {}", f.by)),
        (Clock::ScanEndsAt(_), _) => " by the end of the scan".to_string(),
        (Clock::Unknown, PlacedBy::Ends) => String::new(),
        (Clock::Unknown, _) => " by its trigger".to_string(),
        (Clock::FromFirstVolume(_), _) => String::new(),
    }
}

/// Time of a channel's first sample, seconds relative to the first volume.
pub(super) fn start_s(
    log: &Log,
    channel: &Channel,
    logs: &[Log],
    scan: &Scan,
    first: Option<&First>,
) -> Result<f64> {
    let lasts_s = channel.samples.len() as f64 / channel.sampling_hz;
    let scan_s = scan.n_volumes as f64 * scan.tr;
    let is_placed_later = scan.placed_by != PlacedBy::Themselves;
    match (channel.clock, first) {
        (Clock::FromFirstVolume(start_s), _) => Ok(start_s),
        (Clock::OfDay(s), Some(first)) => {
            let start_s = around_the_clock(s - first.at_s);
            if !is_placed_later && !(-lasts_s..scan_s).contains(&start_s) {
                return Err(other_clock(log, start_s, lasts_s, scan_s, first));
            }
            Ok(start_s)
        }
        // What is known is how the logs lie to each other.
        (Clock::OfDay(s), None) if is_placed_later => {
            let channels = logs.iter().flat_map(|l| &l.channels);
            let earlier = channels.filter_map(|c| match c.clock {
                Clock::OfDay(other) => Some(around_the_clock(s - other)),
                _ => None,
            });
            Ok(earlier.fold(0.0, f64::max))
        }
        (Clock::OfDay(_), None) => Err(unknown_first_volume(log)),
        (Clock::ScanEndsAt(sample), _) => {
            let lasts = sample / channel.sampling_hz;
            if log.kind == Kind::Ge
                && !is_placed_later
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
        (Clock::Unknown, _) if scan.placed_by == PlacedBy::Ends => Ok(0.0),
        (Clock::Unknown, _) => {
            let Some(trigger) = log.channels.iter().find(|c| c.signal == Signal::Trigger) else {
                return Err(Error::internal(
                    "a log",
                    "has neither start nor trigger",
                    "have one",
                    "",
                ));
            };
            if is_placed_later {
                let edges = rising(trigger, scan.n_volumes);
                return Ok(0.0 - edges.first().map_or(0.0, |&at| at as f64 / trigger.sampling_hz));
            }
            Ok(0.0 - first_trigger(log, trigger, logs, scan)?)
        }
    }
}

/// A log that lies wholly outside the scan by its clock.
fn other_clock(log: &Log, start_s: f64, lasts_s: f64, scan_s: f64, first: &First) -> Error {
    let hours = start_s / 3600.0;
    Error::bad_data(
        log.path.display().to_string(),
        format!(
            "runs by its clock from {} to {} s of the run's time, {} hours from the first volume by {}",
            seconds(start_s, 2),
            seconds(start_s + lasts_s, 2),
            seconds(hours, 2),
            first.by
        ),
        format!("overlap the scan, 0 to {} s", seconds(scan_s, 2)),
        format!(
            "the clocks of {} and {} differ, or one belongs to another run; if they are of one run, give the start of the log \
             with --physio-format {}:start=SECONDS, or --align end where it ends with the scan",
            log.name,
            first.by,
            log.kind.name()
        ),
    )
}

fn unknown_first_volume(log: &Log) -> Error {
    let name = log.kind.name();
    let hint = match log.kind {
        Kind::SiemensVd => "give its _Info.log with a further --physio",
        _ => "give its .ext log with a further --physio if it has the scanner's triggers",
    };
    Error::missing_input(
        log.path.display().to_string(),
        "says when it began, but not when the first volume did",
        "be placed in time",
        format!(
            "{hint}, add AcquisitionTime to the image's sidecar, give the time of the log's first sample relative to the first \
             volume with --physio-format {name}:start=SECONDS, or say --align end where it ends with the scan"
        ),
    )
}
