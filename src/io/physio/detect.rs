//! Which format a log has: by its content, then by its name.

use std::path::Path;

use super::format::Kind;
use super::log::{file_name, head as start_of, tail as end_of};
use crate::{Error, Result};

/// The kind of a log from its text.
///
/// # Errors
/// Bad data for an empty file, and where nothing tells.
pub(super) fn kind(path: &Path, text: &str) -> Result<Kind> {
    if text.trim().is_empty() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "is empty",
            "hold a physiological recording",
            "check how it was copied",
        ));
    }
    if let Some(kind) = by_content(text).or_else(|| by_name(path)) {
        return Ok(kind);
    }
    Err(Error::usage(
        path.display().to_string(),
        "has a format that neither its content nor its name tells",
        "be BIDS, Siemens, GE, Philips or HCP, or be named with --physio-format",
        "for example --physio-format afni-1d:hz=50:columns=cardiac, fsl-pnm or columns",
    ))
}

fn by_content(text: &str) -> Option<Kind> {
    let head = start_of(text);
    if head.contains("LogDataType") || head.contains("ACQ_TIME_TICS") {
        return Some(Kind::SiemensVd);
    }
    let comments: String = head.lines().filter(|l| l.starts_with('#')).collect();
    if comments.contains("ppu") && comments.contains("resp") && comments.contains("mark") {
        return Some(Kind::Philips);
    }
    let mut words = text.split_whitespace();
    let starts_with_numbers = words.by_ref().take(4).all(|w| w.parse::<u32>().is_ok());
    let tail = end_of(text);
    if starts_with_numbers
        && (tail.contains("LogStartMDHTime") || head.contains(" 5002 LOGVERSION"))
    {
        return Some(Kind::SiemensVb);
    }
    None
}

fn by_name(path: &Path) -> Option<Kind> {
    let name = file_name(path).to_ascii_lowercase();
    if name.ends_with(".tsv") || name.ends_with(".tsv.gz") {
        Some(Kind::Bids)
    } else if [".puls", ".resp", ".ecg", ".ext"].iter().any(|e| name.ends_with(e)) {
        Some(Kind::SiemensVb)
    } else if ["_puls.log", "_resp.log", "_ecg.log", "_ext.log", "_info.log"]
        .iter()
        .any(|e| name.ends_with(e))
    {
        Some(Kind::SiemensVd)
    } else if super::ge::channel(path).is_some() {
        Some(Kind::Ge)
    } else if name.starts_with("scanphyslog") {
        Some(Kind::Philips)
    } else if name.ends_with("physio_log.txt") {
        Some(Kind::Hcp)
    } else {
        None
    }
}
