//! Numbers in columns, one line a sample: AFNI 1D (`#` comments, several numbers a line or one), the text file of FSL's
//! PNM, and plain columns (spaces, tabs, commas or semicolons). None says its rate or what its columns hold.
//! Source: AFNI's "1D file" help; FSL's PNM user guide, "text file containing the sampled physiological recordings".

use std::path::Path;

use super::format::{Format, Kind, Signal};
use super::log::{Channel, Clock, Log, needs, no_samples, number};
use crate::{Error, Result};

/// The named columns.
///
/// # Errors
/// Missing input without rate, columns, or start (AFNI 1D begins with the first volume, as AFNI takes it; where a column
/// is the trigger, it tells). Bad data naming line and column for what is no number and for ragged lines.
pub(super) fn read(path: &Path, text: &str, format: &Format) -> Result<Log> {
    let name = format.kind.name();
    let Some(sampling_hz) = format.hz else {
        let key = format!("{name}:hz=50:columns=cardiac");
        return Err(needs(path, "does not say its rate", "come with one", &key));
    };
    if format.columns.is_empty() {
        let key = format!("{name}:hz={sampling_hz}:columns=cardiac,respiratory");
        return Err(needs(path, "does not say what its columns hold", "come with it", &key));
    }
    let has_trigger = format.columns.contains(&Signal::Trigger);
    let mut log = Log::new(path, format);
    let clock = match (format.start_s, format.kind) {
        (Some(start_s), _) => Clock::FromFirstVolume(start_s),
        (None, _) if has_trigger => Clock::Unknown,
        (None, Kind::Afni1d) => Clock::FromFirstVolume(0.0),
        _ => {
            let key = format!("{format}:start=SECONDS");
            log.unplaced = Some(needs(
                path,
                "does not say when it began",
                "have a trigger column or come with the time of its first sample",
                &key,
            ));
            Clock::Unknown
        }
    };
    let (columns, n_missing) = numbers(path, text, format)?;
    if n_missing > 0 {
        log.counts.push(format!("{n_missing} missing values"));
    }
    for (signal, samples) in format.columns.iter().zip(columns) {
        if *signal != Signal::Other {
            log.channels.push(Channel { signal: *signal, samples, sampling_hz, clock });
        }
    }
    Ok(log)
}

/// Columns of numbers, and how many are missing (`n/a`, `nan`).
fn numbers(path: &Path, text: &str, format: &Format) -> Result<(Vec<Vec<f64>>, usize)> {
    let n = format.columns.len();
    let (mut columns, mut n_missing) = (vec![Vec::new(); n], 0);
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || (format.kind != Kind::FslPnm && ",;".contains(c)))
            .filter(|w| !w.is_empty())
            .collect();
        if words.is_empty() {
            continue;
        }
        if words.len() != n {
            return Err(Error::bad_data(
                format!("{}, line {},", path.display(), at + 1),
                format!(
                    "has {} {}",
                    words.len(),
                    if words.len() == 1 { "number" } else { "numbers" }
                ),
                format!("have {n}, as --physio-format names columns"),
                "name every column, - for one that is not used",
            ));
        }
        for ((column, word), signal) in columns.iter_mut().zip(words).zip(&format.columns) {
            let missing = ["n/a", "nan", "na"].contains(&word.to_ascii_lowercase().as_str());
            n_missing += usize::from(missing && *signal != Signal::Other);
            column.push(match (missing, *signal) {
                (true, _) | (_, Signal::Other) => f64::NAN,
                _ => number(word, path, at + 1, &format!("column {}", signal.name()))?,
            });
        }
    }
    if columns[0].is_empty() {
        return Err(no_samples(path));
    }
    Ok((columns, n_missing))
}
