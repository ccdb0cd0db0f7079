//! Siemens logs of software VD, VE and of the CMRR sequences: `_PULS.log`, `_RESP.log`, `_ECG.log`, `_EXT.log`, and
//! `_Info.log`, which holds when each slice was acquired. Times are tics of 2.5 ms since midnight.
//!
//! `KEY = VALUE` lines (UUID, LogDataType, SampleTime in tics), a line of column names, one line a sample. Samples are
//! seldom exactly SampleTime apart and some are lost: they are put on an even grid of SampleTime by straight lines;
//! what lies in a gap of more than four sample times is missing. Source: the files, which name their own columns.

use std::path::Path;

use super::format::{Format, Signal};
use super::log::{Channel, Clock, Log, Volumes, count, liveliest, no_samples, number, shown};
use crate::{Error, Result};

/// Seconds a tic.
pub(super) const TIC_S: f64 = 0.0025;
/// Tics a day.
const DAY: u64 = 34_560_000;
/// Sample times between neighbours up to which lost samples are interpolated.
const BRIDGED: u64 = 4;
/// A jump of more tics than this (ten minutes) is damage, not a gap.
const LONGEST_JUMP: u64 = 240_000;
/// Sample times for each sample read beyond which a log is damaged, not sparse; a log of triggers may hold one a volume.
const SPARSEST: usize = 16;
const SPARSEST_TRIGGERS: usize = 4096;

/// A log of samples, or an Info.log.
///
/// # Errors
/// Bad data naming line and column for what is no number, another channel than LogDataType, or a time that goes back.
pub(super) fn read(path: &Path, text: &str, format: &Format) -> Result<Log> {
    let file = File::parse(path, text)?;
    let mut log = Log::new(path, format);
    log.uuid = file.key("UUID").map(str::to_string);
    let signal = match file.key("LogDataType") {
        Some("ACQUISITION_INFO") => {
            let n_named = file.key("NumVolumes").and_then(|word| word.parse().ok());
            log.volumes = Some(Volumes { n_named, ..volumes(path, &file)? });
            return Ok(log);
        }
        Some("PULS" | "ECG") => Signal::Cardiac,
        Some("RESP") => Signal::Respiratory,
        Some("EXT" | "EXT2") => Signal::Trigger,
        other => {
            return Err(Error::bad_data(
                format!("{}, LogDataType,", path.display()),
                other.map_or("is not there".to_string(), |o| format!("is '{}'", shown(o))),
                "be PULS, RESP, ECG, EXT or ACQUISITION_INFO",
                "the log is damaged or of another format",
            ));
        }
    };
    let step = match file.key_with_line("SampleTime") {
        Some((line, word)) => count(word, path, line, "SampleTime")?,
        None => 0,
    };
    if step == 0 || step > 400 {
        return Err(Error::bad_data(
            format!("{}, SampleTime,", path.display()),
            if step == 0 { "is not there or 0".to_string() } else { format!("is {step}") },
            "be the tics of 2.5 ms between two samples, 1 to 400",
            "the log is damaged; export it again",
        ));
    }
    let channels = channels(path, &file, signal)?;
    let first = channels.iter().filter_map(|c| c.tics.first()).min().copied();
    let (Some(first), Some(last)) = (first, channels.iter().filter_map(|c| c.tics.last()).max())
    else {
        return Err(no_samples(path));
    };
    let n = ((last - first) / step + 1) as usize;
    let n_read: usize = channels.iter().map(|c| c.tics.len()).sum();
    let sparsest = if signal == Signal::Trigger { SPARSEST_TRIGGERS } else { SPARSEST };
    if n / sparsest > n_read {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("holds {n_read} samples in {:.1} s", (last - first) as f64 * TIC_S),
            format!(
                "hold one every {} s, as SampleTime says, or most of them",
                step as f64 * TIC_S
            ),
            "lines are missing or their times are damaged; export it again",
        ));
    }
    let mut even: Vec<Vec<f64>> = channels.iter().map(|c| c.on_grid(first, step, n)).collect();
    let chosen = liveliest(&even);
    let samples = even.swap_remove(chosen);
    log.counts.extend(channels[chosen].counts(step));
    if channels.len() > 1 {
        let name = channels[chosen].name;
        log.counts.push(format!("{name}, the channel that varies most of {}", channels.len()));
    }
    let clock = match format.start_s {
        Some(start_s) => Clock::FromFirstVolume(start_s),
        None => Clock::OfDay(first as f64 * TIC_S),
    };
    let sampling_hz = 1.0 / (step as f64 * TIC_S);
    log.channels.push(Channel { signal, samples, sampling_hz, clock });
    Ok(log)
}

/// Lines of a log, sorted by what they are.
struct File<'a> {
    keys: Vec<(usize, &'a str, &'a str)>,
    columns: Vec<&'a str>,
    rows: Vec<(usize, Vec<&'a str>)>,
}

impl<'a> File<'a> {
    fn parse(path: &Path, text: &'a str) -> Result<File<'a>> {
        let mut file = File { keys: Vec::new(), columns: Vec::new(), rows: Vec::new() };
        for (n, line) in text.lines().enumerate() {
            if let Some((key, value)) = line.split_once('=') {
                file.keys.push((n + 1, key.trim(), value.trim()));
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.first() {
                None => {}
                Some(_) if file.columns.is_empty() => {
                    if !words.iter().any(|w| w.contains("_TICS")) {
                        return Err(Error::bad_data(
                            format!("{}, line {},", path.display(), n + 1),
                            format!("is '{}'", shown(line.trim())),
                            "name the columns, ACQ_TIME_TICS or ACQ_START_TICS among them",
                            "the log is damaged; export it again",
                        ));
                    }
                    file.columns = words;
                }
                Some(_) => file.rows.push((n + 1, words)),
            }
        }
        Ok(file)
    }

    fn key_with_line(&self, name: &str) -> Option<(usize, &'a str)> {
        self.keys.iter().find(|k| k.1 == name).map(|k| (k.0, k.2))
    }

    fn key(&self, name: &str) -> Option<&'a str> {
        self.key_with_line(name).map(|k| k.1)
    }

    fn column(&self, path: &Path, name: &str) -> Result<usize> {
        self.columns.iter().position(|c| *c == name).ok_or_else(|| {
            Error::bad_data(
                path.display().to_string(),
                format!("has no column {name}"),
                "name its columns before its rows",
                "the log is damaged or cut short; export it again",
            )
        })
    }
}

/// A word of a row.
fn cell<'a>(
    row: &[&'a str],
    column: usize,
    name: &str,
    path: &Path,
    line: usize,
) -> Result<&'a str> {
    row.get(column).copied().ok_or_else(|| {
        Error::bad_data(
            format!("{}, line {line},", path.display()),
            format!("has {} words and no {name}", row.len()),
            "have one for each column",
            "the log is damaged or cut short; export it again",
        )
    })
}

/// A time: tics since midnight, those of a run over midnight perhaps counted on.
fn tic(row: &[&str], column: usize, name: &str, path: &Path, line: usize) -> Result<u64> {
    let tic = count(cell(row, column, name, path, line)?, path, line, name)?;
    if tic > 2 * DAY {
        return Err(Error::bad_data(
            format!("{}, line {line}, {name},", path.display()),
            format!("is {tic}"),
            "be tics of 2.5 ms since midnight",
            "the log is damaged; export it again",
        ));
    }
    Ok(tic)
}

/// The samples of one sensor, times increasing.
struct Sampled<'a> {
    name: &'a str,
    tics: Vec<u64>,
    values: Vec<f64>,
    n_duplicates: usize,
}

fn channels<'a>(path: &Path, file: &File<'a>, signal: Signal) -> Result<Vec<Sampled<'a>>> {
    let (time, name, value) = (
        file.column(path, "ACQ_TIME_TICS")?,
        file.column(path, "CHANNEL")?,
        file.column(path, "VALUE")?,
    );
    let kind = file.key("LogDataType").unwrap_or_default();
    let mut channels: Vec<Sampled> = Vec::new();
    for (line, row) in &file.rows {
        let mut tic = tic(row, time, "ACQ_TIME_TICS", path, *line)?;
        let of = cell(row, name, "CHANNEL", path, *line)?;
        if !of.starts_with(kind) {
            return Err(Error::bad_data(
                format!("{}, line {line}, CHANNEL,", path.display()),
                format!("is '{}' but LogDataType is {kind}", shown(of)),
                "hold one kind of data",
                "logs were mixed up; export them again",
            ));
        }
        let word = cell(row, value, "VALUE", path, *line)?;
        let sample = number(word, path, *line, "VALUE")?;
        // A trigger line counts by its SIGNAL.
        let marked = row.len() > value + 1 || sample != 0.0;
        let sample = if signal == Signal::Trigger { f64::from(u8::from(marked)) } else { sample };
        let channel = match channels.iter().position(|c| c.name == of) {
            Some(at) => &mut channels[at],
            None if channels.len() < 8 => {
                channels.push(Sampled { name: of, tics: vec![], values: vec![], n_duplicates: 0 });
                let last = channels.len() - 1;
                &mut channels[last]
            }
            None => {
                return Err(Error::bad_data(
                    format!("{}, line {line}, CHANNEL,", path.display()),
                    format!("is '{}', the ninth channel", shown(of)),
                    "be one of at most 8",
                    "the log is damaged; export it again",
                ));
            }
        };
        if let Some(&before) = channel.tics.last() {
            // A run over midnight.
            if before >= tic + DAY / 2 {
                tic += DAY;
            }
            if tic < before || tic - before > LONGEST_JUMP {
                let step = (tic as f64 - before as f64) * TIC_S;
                return Err(Error::bad_data(
                    format!("{}, line {line}, ACQ_TIME_TICS,", path.display()),
                    format!("is {tic}, {step:.4} s after the sample before it"),
                    "go forward, and by less than ten minutes",
                    "lines are out of order, or the log is damaged; export it again",
                ));
            }
            if tic == before {
                channel.n_duplicates += 1;
                continue;
            }
        } else if tic > DAY {
            return Err(Error::bad_data(
                format!("{}, line {line}, ACQ_TIME_TICS,", path.display()),
                format!("is {tic}"),
                format!("be tics of 2.5 ms since midnight, at most {DAY}"),
                "the log is damaged; export it again",
            ));
        }
        channel.tics.push(tic);
        channel.values.push(sample);
    }
    Ok(channels)
}

impl Sampled<'_> {
    /// What was mended in it, a clause each.
    fn counts(&self, step: u64) -> Vec<String> {
        let (mut bridged, mut gaps, mut gap_tics) = (0, 0, 0);
        for pair in self.tics.windows(2) {
            let apart = pair[1] - pair[0];
            if apart > BRIDGED * step {
                (gaps, gap_tics) = (gaps + 1, gap_tics + apart);
            } else {
                bridged += ((apart as f64 / step as f64).round() as u64).saturating_sub(1);
            }
        }
        let mut counts = Vec::new();
        for (n, what) in [
            (self.n_duplicates as u64, "samples at a time already seen left out"),
            (bridged, "lost samples interpolated"),
        ] {
            if n > 0 {
                counts.push(format!("{n} {what}"));
            }
        }
        if gaps > 0 {
            let (gap, together) = if gaps == 1 { ("gap", "") } else { ("gaps", " together") };
            let seconds = gap_tics as f64 * TIC_S;
            counts.push(format!("{gaps} {gap}, {seconds:.2} s{together}, left missing"));
        }
        counts
    }

    /// Values at `n` times `step` tics apart from `first` on; NaN in gaps and outside.
    fn on_grid(&self, first: u64, step: u64, n: usize) -> Vec<f64> {
        let mut next = 0;
        (0..n as u64)
            .map(|k| {
                let at = first + k * step;
                while next < self.tics.len() && self.tics[next] < at {
                    next += 1;
                }
                match (self.tics.get(next), next.checked_sub(1).map(|b| (self.tics[b], b))) {
                    (Some(&tic), _) if tic == at => self.values[next],
                    (Some(&tic), Some((before, b))) if tic - before <= BRIDGED * step => {
                        let w = (at - before) as f64 / (tic - before) as f64;
                        self.values[b] * (1.0 - w) + self.values[next] * w
                    }
                    _ => f64::NAN,
                }
            })
            .collect()
    }
}

/// Volumes and slice times of an Info.log; of several echoes the first.
fn volumes(path: &Path, file: &File) -> Result<Volumes> {
    let column = |name| file.column(path, name);
    let (volume, slice, start) = (column("VOLUME")?, column("SLICE")?, column("ACQ_START_TICS")?);
    let echo = file.columns.iter().position(|c| *c == "ECHO");
    let n_slices = match file.key_with_line("NumSlices") {
        Some((line, word)) => count(word, path, line, "NumSlices")? as usize,
        None => 0,
    };
    if n_slices == 0 || n_slices > 4096 {
        return Err(Error::bad_data(
            format!("{}, NumSlices,", path.display()),
            format!("is {n_slices}"),
            "be the number of slices, 1 to 4096",
            "the log is damaged; export it again",
        ));
    }
    let mut starts: Vec<Vec<Option<u64>>> = Vec::new();
    let mut first = None;
    for (line, row) in &file.rows {
        let read = |column, name| count(cell(row, column, name, path, *line)?, path, *line, name);
        let (v, s, mut tic) = (
            read(volume, "VOLUME")?,
            read(slice, "SLICE")? as usize,
            tic(row, start, "ACQ_START_TICS", path, *line)?,
        );
        if let Some(echo) = echo
            && read(echo, "ECHO")? != 0
        {
            continue;
        }
        let bad = |field: &str, found: u64, expected: String| {
            Error::bad_data(
                format!("{}, line {line}, {field},", path.display()),
                format!("is {found}"),
                expected,
                "lines are out of order, or the log is damaged; export it again",
            )
        };
        if s >= n_slices {
            return Err(bad("SLICE", s as u64, format!("be below NumSlices = {n_slices}")));
        }
        let n_seen = starts.len() as u64;
        if v > n_seen || (v < n_seen && v + 1 != n_seen) {
            return Err(bad("VOLUME", v, format!("be {} or {n_seen}", n_seen.saturating_sub(1))));
        }
        let origin = *first.get_or_insert(tic);
        if tic + DAY / 2 < origin {
            tic += DAY;
        }
        if tic + LONGEST_JUMP < origin {
            return Err(bad("ACQ_START_TICS", tic, "follow the first volume".to_string()));
        }
        if v == n_seen {
            if starts.last().is_some_and(|slices| slices.contains(&None)) {
                return Err(Error::bad_data(
                    format!("{}, line {line}, VOLUME,", path.display()),
                    format!("is {v} but the log lacks slices of volume {}", v - 1),
                    format!("follow all {n_slices} slices of the volume before it"),
                    "lines are missing; export it again",
                ));
            }
            starts.push(vec![None; n_slices]);
        }
        let Some(slot) = starts.last_mut().map(|slices| &mut slices[s]) else { continue };
        if slot.replace(tic).is_some() {
            return Err(bad("SLICE", s as u64, format!("stand once in volume {v}")));
        }
    }
    let mut n_rows_left_out = 0;
    if let Some(partial) = starts.pop_if(|slices| slices.iter().any(Option::is_none)) {
        n_rows_left_out = partial.iter().flatten().count();
    }
    averaged(path, &starts, n_rows_left_out)
}

/// Of complete volumes, `[volume][slice]`.
fn averaged(path: &Path, starts: &[Vec<Option<u64>>], n_rows_left_out: usize) -> Result<Volumes> {
    let n_slices = starts.first().map_or(0, Vec::len);
    let (mut begins, mut sums) = (Vec::new(), vec![0_u64; n_slices]);
    let mut before = 0;
    for (v, slices) in starts.iter().enumerate() {
        let Some(begin) = slices.iter().flatten().min().copied() else { continue };
        if begin <= before && v > 0 {
            return Err(Error::bad_data(
                format!("{}, volume {v},", path.display()),
                "begins before the volume ahead of it",
                "follow it",
                "lines are out of order, or the log is damaged; export it again",
            ));
        }
        before = begin;
        begins.push(begin);
        for (sum, tic) in sums.iter_mut().zip(slices.iter().flatten()) {
            *sum += tic - begin;
        }
    }
    let n = begins.len();
    if n == 0 {
        return Err(Error::bad_data(
            path.display().to_string(),
            "holds no complete volume",
            "hold the start of every slice",
            "the log is cut short; export it again",
        ));
    }
    let slice_times = sums.iter().map(|&sum| sum as f64 * TIC_S / n as f64).collect();
    let tr = (n > 1).then(|| (begins[n - 1] - begins[0]) as f64 * TIC_S / (n - 1) as f64);
    let starts_s = begins.into_iter().map(|begin| begin as f64 * TIC_S).collect();
    Ok(Volumes { starts_s, slice_times, tr, n_rows_left_out, n_named: None })
}
