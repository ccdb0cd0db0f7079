//! Siemens logs of software VB (and later, of the PMU itself): `.puls`, `.resp`, `.ecg`, `.ext`.
//!
//! One long line of numbers: a header of 4 (ECG: 5), samples of 12 bits, among them codes: 5000 and 5001 a trigger found
//! by the scanner, 6000 and 6001 its end, 5002 ... 6002 a block of text, 5003 the end of the samples. Log versions that
//! interleave several channels add a multiple of 8192 to all but the first. Then a footer up to 6003 with start and
//! stop of the log on two clocks, ms since midnight: MDH, which the images have too, and MPCU.
//! Source: the files themselves and the public notes on the CMRR and Leipzig pages; the rates (50, 200, 400 Hz) follow
//! from the number of samples between start and stop.

use std::path::Path;

use super::format::{Format, Signal};
use super::log::{
    Channel, Clock, Log, file_name, head as start_of, liveliest, needs, no_samples, shown,
};
use crate::{Error, Result};

/// One channel above another, in the numbers of the log.
const CHANNEL_STEP: u64 = 8192;
/// The rates of these logs, Hz.
const RATES_HZ: [f64; 4] = [50.0, 100.0, 200.0, 400.0];
/// Start and stop agree with a rate within this share (both clocks are read some ms late).
const RATE_TOLERANCE: f64 = 0.02;
/// Samples and footer that differ by more are worth a warning, seconds, and by more than this are refused.
const FEW_LOST_S: f64 = 0.1;
const MOST_LOST_S: f64 = 1.0;
/// ms a day.
const DAY_MS: f64 = 86_400_000.0;

/// The samples and their place on the scanner's clock.
///
/// # Errors
/// Bad data naming line and number for what is neither sample nor code, for a log that ends too early, and where start
/// and stop contradict the number of samples. Missing input where nothing says what the log measures.
pub(super) fn read(path: &Path, text: &str, format: &Format) -> Result<Log> {
    let parsed = parse(path, text, format)?;
    let signal = parsed.signal;
    let mut log = Log::new(path, format);
    let clock = match (format.start_s, parsed.footer("LogStartMDHTime")) {
        (Some(start_s), _) => Clock::FromFirstVolume(start_s),
        (None, Some(start_ms)) => Clock::OfDay(start_ms / 1000.0),
        (None, None) => {
            let what = "when it began (LogStartMDHTime)";
            log.unplaced = Some(no_footer(path, what, "start=SECONDS"));
            Clock::Unknown
        }
    };
    let triggers = parsed.triggers.len();
    let (samples, first) = if signal == Signal::Trigger {
        let mut marks = vec![0.0; parsed.channels.first().map_or(0, |c| c.1.len())];
        for &at in &parsed.triggers {
            if let Some(mark) = marks.get_mut(at) {
                *mark = 1.0;
            }
        }
        (marks, "")
    } else {
        let mut channels = parsed.channels.iter().map(|c| c.1.clone());
        if parsed.is_ecg {
            let mut leads: Vec<Vec<f64>> = channels.collect();
            let chosen = liveliest(&leads);
            let lead = if leads.is_empty() { Vec::new() } else { leads.swap_remove(chosen) };
            (lead, "the lead that varies most of ")
        } else {
            (channels.next().unwrap_or_default(), "the first of ")
        }
    };
    if samples.is_empty() {
        return Err(no_samples(path));
    }
    let sampling_hz = rate(&mut log, &parsed, samples.len())?;
    if parsed.channels.len() > 1 && !first.is_empty() {
        log.counts.push(format!("{first}{} channels", parsed.channels.len()));
    }
    if triggers > 0 {
        log.counts.push(format!("{triggers} trigger codes left out of the samples"));
    }
    log.channels.push(Channel { signal, samples, sampling_hz, clock });
    Ok(log)
}

struct Parsed<'a> {
    signal: Signal,
    is_ecg: bool,
    /// Number of the channel, its samples.
    channels: Vec<(u64, Vec<f64>)>,
    /// Samples of the first channel before each trigger.
    triggers: Vec<usize>,
    footer: Vec<(&'a str, f64)>,
}

impl Parsed<'_> {
    fn footer(&self, name: &str) -> Option<f64> {
        self.footer.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
}

fn parse<'a>(path: &Path, text: &'a str, format: &Format) -> Result<Parsed<'a>> {
    let (signal, is_ecg) = signal(path, text, format)?;
    let mut parsed =
        Parsed { signal, is_ecg, channels: Vec::new(), triggers: Vec::new(), footer: Vec::new() };
    let mut words = text
        .split('\n')
        .enumerate()
        .flat_map(|(n, line)| line.split_whitespace().map(move |word| (n + 1, word)))
        .enumerate()
        .peekable();
    let header = if is_ecg { 5 } else { 4 };
    let mut ended = false;
    while let Some((n, (line, word))) = words.next() {
        let bad = |expected: &str| {
            Error::bad_data(
                format!("{}, line {line}, word {},", path.display(), n + 1),
                format!("is '{}'", shown(word)),
                expected,
                "the log is damaged or of another format; export it again",
            )
        };
        if word == "5003" && n >= header {
            ended = true;
            break;
        }
        let Ok(value) = word.parse::<u64>() else {
            // Some versions close the samples by the end of the line alone.
            if n > header && line > 1 && word.starts_with(char::is_alphabetic) {
                ended = true;
                break;
            }
            return Err(bad("be a number: a sample, or one of the codes 5000 to 6003"));
        };
        if n < header {
            continue;
        }
        match value {
            5000 | 5001 => {
                parsed.triggers.push(parsed.channels.first().map_or(0, |c| c.1.len()));
            }
            6000 | 6001 => {}
            5002 => {
                if !words.by_ref().any(|(_, (_, word))| word == "6002") {
                    return Err(bad("open a block of text that 6002 closes"));
                }
            }
            _ if value % CHANNEL_STEP >= 5000 => {
                return Err(bad("be a sample below 5000 or one of the codes 5000 to 6003"));
            }
            _ => {
                let (channel, sample) = (value / CHANNEL_STEP, (value % CHANNEL_STEP) as f64);
                match parsed.channels.iter().position(|c| c.0 == channel) {
                    Some(at) => parsed.channels[at].1.push(sample),
                    None if parsed.channels.len() < 8 => {
                        parsed.channels.push((channel, vec![sample]));
                    }
                    None => return Err(bad("belong to one of at most 8 channels")),
                }
            }
        }
    }
    if ended {
        for (n, line) in text.lines().enumerate() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let name = name.trim();
            if !name.starts_with("LogSt") {
                continue;
            }
            match value.trim().parse::<f64>() {
                Ok(ms) if (0.0..=DAY_MS).contains(&ms) => parsed.footer.push((name, ms)),
                _ => {
                    return Err(Error::bad_data(
                        format!("{}, line {}, {name},", path.display(), n + 1),
                        format!("is '{}'", shown(value.trim())),
                        "be a time of day in ms",
                        "the log is damaged; export it again",
                    ));
                }
            }
        }
    }
    Ok(parsed)
}

/// What the log measures: as told, by its content, by its name.
fn signal(path: &Path, text: &str, format: &Format) -> Result<(Signal, bool)> {
    let head = start_of(text);
    let name = file_name(path).to_ascii_lowercase();
    let is_ecg = name.ends_with(".ecg") || head.starts_with("1 1 2 40 280 ");
    let own = if head.contains("LOGVERSION_PULS") {
        Some(Signal::Cardiac)
    } else if head.contains("LOGVERSION_RESP") {
        Some(Signal::Respiratory)
    } else {
        None
    };
    let named = match name.rsplit('.').next() {
        Some("puls" | "ecg") => Some(Signal::Cardiac),
        Some("resp") => Some(Signal::Respiratory),
        Some("ext" | "ext2") => Some(Signal::Trigger),
        _ => is_ecg.then_some(Signal::Cardiac),
    };
    if let (Some(own), Some(named)) = (own, named)
        && own != named
    {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!(
                "is a {} log by its LOGVERSION but a {} log by its name",
                own.name(),
                named.name()
            ),
            "be named for what it holds",
            "rename it: .puls, .resp, .ecg or .ext",
        ));
    }
    match (&format.columns[..], own.or(named)) {
        ([], Some(signal)) => Ok((signal, is_ecg)),
        ([signal], _) => Ok((*signal, is_ecg)),
        ([], None) => Err(needs(
            path,
            "does not say what it measures",
            "end in .puls, .resp, .ecg or .ext",
            "siemens-vb:columns=cardiac",
        )),
        _ => Err(Error::usage(
            "--physio-format",
            format!("names {} columns", format.columns.len()),
            format!("name one for {}, a Siemens log", path.display()),
            "for example siemens-vb:columns=respiratory",
        )),
    }
}

/// Samples a second: as told, or the divisor of 400 Hz that start and stop confirm. Lost samples are told: all that follows
/// one lies early by its length.
fn rate(log: &mut Log, parsed: &Parsed, n_samples: usize) -> Result<f64> {
    let path = log.path.clone();
    let span = |clock: &str| {
        let start = parsed.footer(&format!("LogStart{clock}Time"))?;
        let stop = parsed.footer(&format!("LogStop{clock}Time"))?;
        // A run over midnight.
        Some(if stop < start { stop + DAY_MS - start } else { stop - start })
    };
    let span_s = span("MPCU").or_else(|| span("MDH")).filter(|ms| *ms > 0.0).map(|ms| ms / 1000.0);
    let Some(span_s) = span_s else {
        return log.format.hz.ok_or_else(|| match log.unplaced {
            None => no_footer(&path, "how long it took (LogStart and LogStop)", "hz=50"),
            Some(_) => no_footer(
                &path,
                "when it began and how long it took (LogStartMDHTime, LogStopMDHTime)",
                "hz=50:start=SECONDS",
            ),
        });
    };
    let measured = n_samples as f64 / span_s;
    // Start and stop are written some ms late, so the nominal rate is the truer one.
    let off = |hz: f64| (measured / hz - 1.0).abs();
    let nearest = RATES_HZ.into_iter().min_by(|a, b| off(*a).total_cmp(&off(*b)));
    let confirmed = nearest.filter(|hz| off(*hz) <= RATE_TOLERANCE);
    let Some(hz) = log.format.hz.or(confirmed) else {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!(
                "holds {n_samples} samples for {span_s:.3} s between start and stop, {measured:.2} a second"
            ),
            "hold 50, 100, 200 or 400 a second",
            "the log is cut short or has lost samples; export it again, or give the rate with --physio-format siemens-vb:hz=50",
        ));
    };
    let nominal_s = n_samples as f64 / hz;
    let lost_s = span_s - nominal_s;
    log.counts.push(format!("{nominal_s:.3} s at {hz} Hz, {span_s:.3} s between start and stop"));
    if log.format.hz.is_none() && lost_s.abs() > MOST_LOST_S {
        let what = if lost_s > 0.0 { "lost" } else { "too many" };
        return Err(Error::bad_data(
            path.display().to_string(),
            format!(
                "holds {nominal_s:.3} s of samples at {hz} Hz for {span_s:.3} s between start and stop: {:.3} s are {what}",
                lost_s.abs()
            ),
            format!(
                "agree within {MOST_LOST_S} s, since what follows a lost sample lies at a wrong time"
            ),
            format!(
                "export it again; where the whole log runs at another rate give it, --physio-format siemens-vb:hz={measured:.4}"
            ),
        ));
    }
    if lost_s.abs() > FEW_LOST_S {
        log.warnings.push(format!(
            "{}: {nominal_s:.3} s of samples at {hz} Hz for {span_s:.3} s between start and stop; up to {:.3} s of it lie at a \
             wrong time",
            log.name,
            lost_s.abs()
        ));
    }
    Ok(hz)
}

fn no_footer(path: &Path, what: &str, key: &str) -> Error {
    Error::bad_data(
        path.display().to_string(),
        format!("ends without a footer that says {what}"),
        "be complete",
        format!("copy it again, or give what is missing with --physio-format siemens-vb:{key}"),
    )
}
