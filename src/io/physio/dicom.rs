//! The logs inside a DICOM file of the CMRR sequences (`_PhysioLog`): the private element (7fe1,1010) holds parts of one
//! length, each with the bytes of its text (u32), those of its name (u32), the name, and from 1024 bytes on the text of a
//! Siemens VD log. What follows the text in a part is left from before.
//!
//! A file begins with 128 bytes, `DICM` and elements: group and number (u16 each), two letters of a type, a length (u16, or
//! two bytes of nothing and a u32), a value; without the letters, a u32. All little endian.
//! Source: DICOM PS3.5, 7.1 and 7.5; the files themselves.

use std::io::Read;
use std::path::Path;

use crate::io::files;
use crate::{Error, Result};

/// Where elements begin, behind `DICM`.
const ELEMENTS: usize = 132;
/// The largest file that is read, bytes: a log of hours.
const LARGEST: u64 = 1 << 30;
/// Where the text begins in a part, and what its length is a multiple of.
const PAGE: usize = 1024;
/// At most so many logs in a file.
const MOST_PARTS: usize = 16;
/// Sequences within each other.
const DEEPEST: usize = 16;
/// A length that is not told: the value ends with a delimiter.
const UNDEFINED: u32 = u32::MAX;

/// One log.
#[derive(Debug)]
pub(super) struct Inside {
    pub name: String,
    /// Its whole lines.
    pub text: String,
    /// Whether a line was begun behind them.
    pub is_cut: bool,
}

impl Inside {
    /// Whether its LogDataType begins so.
    pub fn is(&self, kind: &str) -> bool {
        let says = |line: &str| {
            line.split_once('=').map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
        };
        let mut keys = super::log::head(&self.text).lines().filter_map(says);
        keys.any(|(key, value)| key == "LogDataType" && value.starts_with(kind))
    }
}

/// The logs of a DICOM file; none for a file of another kind.
///
/// # Errors
/// Bad data for a DICOM file without logs, or one that is compressed, big endian or damaged.
pub(super) fn logs(path: &Path) -> Result<Option<Vec<Inside>>> {
    let mut file = files::open(path)?;
    let mut bytes = Vec::new();
    let mut read = |n: u64, bytes: &mut Vec<u8>| {
        file.by_ref().take(n).read_to_end(bytes).map_err(|e| files::cannot_read(path, e))
    };
    read(ELEMENTS as u64, &mut bytes)?;
    if bytes.get(ELEMENTS - 4..) != Some(b"DICM") {
        return Ok(None);
    }
    read(LARGEST, &mut bytes)?;
    let mut walk = Walk { bytes: &bytes, at: ELEMENTS, explicit: true };
    let mut logs = None;
    while let Some(element) = walk.element(0) {
        match (element.group, element.number) {
            (2, 0x10) => {
                let syntax = String::from_utf8_lossy(element.value);
                walk.explicit = match syntax.trim_end_matches(['\0', ' ']) {
                    "1.2.840.10008.1.2" => false,
                    "1.2.840.10008.1.2.1" => true,
                    other => {
                        return Err(Error::bad_data(
                            path.display().to_string(),
                            format!("has the transfer syntax {}", super::log::shown(other)),
                            "be little endian and not compressed",
                            "export it again, or give its logs as text (_PULS.log, _RESP.log, _Info.log)",
                        ));
                    }
                };
            }
            (0x7fe1, 0x1010) => logs = parts(element.value),
            _ => {}
        }
    }
    match logs {
        Some(logs) => Ok(Some(logs)),
        None => Err(none_inside(path)),
    }
}

/// A file that should hold logs.
pub(super) fn none_inside(path: &Path) -> Error {
    Error::bad_data(
        path.display().to_string(),
        "holds no physiological log",
        "be the _PhysioLog of a CMRR sequence, with the private element (7fe1,1010)",
        "give the series of the physiology, not that of the images; anonymising may have taken private elements out",
    )
}

struct Element<'a> {
    group: u16,
    number: u16,
    value: &'a [u8],
}

/// A place between elements.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether types are written, from group 8 on; in group 2 they are.
    explicit: bool,
}

impl<'a> Walk<'a> {
    /// The next element; none at the end, or where the file is cut.
    fn element(&mut self, depth: usize) -> Option<Element<'a>> {
        let (group, number) = (self.u16(0)?, self.u16(2)?);
        let is_item = group == 0xfffe;
        let (header, length) = if is_item || !(self.explicit || group == 2) {
            (8, self.u32(4)?)
        } else {
            let kind = self.bytes.get(self.at + 4..self.at + 6)?;
            const LONG: [&[u8; 2]; 13] = [
                b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT",
                b"UV",
            ];
            match LONG.iter().any(|long| &long[..] == kind) {
                true => (12, self.u32(8)?),
                false => (8, u32::from(self.u16(6)?)),
            }
        };
        let from = self.at + header;
        if length != UNDEFINED {
            let value = self.bytes.get(from..from.checked_add(length as usize)?)?;
            self.at = from + value.len();
            return Some(Element { group, number, value });
        }
        // Items, or elements of an item, up to their delimiter.
        self.at = from;
        let end = if is_item { 0xe00d } else { 0xe0dd };
        loop {
            let inner = self.element((depth < DEEPEST).then_some(depth + 1)?)?;
            if (inner.group, inner.number) == (0xfffe, end) {
                return Some(Element { group, number, value: &[] });
            }
        }
    }

    fn u16(&self, ahead: usize) -> Option<u16> {
        let bytes = self.bytes.get(self.at + ahead..self.at + ahead + 2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    }

    fn u32(&self, ahead: usize) -> Option<u32> {
        let bytes = self.bytes.get(self.at + ahead..self.at + ahead + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }
}

/// The most parts of one length that all begin as parts do.
fn parts(value: &[u8]) -> Option<Vec<Inside>> {
    let pages = value.len() / PAGE;
    let in_parts = |n: usize| {
        let even = value.len().is_multiple_of(PAGE) && pages.is_multiple_of(n);
        let parts = value.chunks_exact((pages / n).max(1) * PAGE).map(part);
        if even { parts.collect::<Option<Vec<Inside>>>() } else { None }
    };
    (1..=MOST_PARTS.min(pages)).rev().find_map(in_parts)
}

fn part(bytes: &[u8]) -> Option<Inside> {
    let number = |at: usize| -> Option<usize> {
        let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let (n_text, n_name) = (number(0)?, number(4)?);
    let name = bytes.get(8..8_usize.checked_add(n_name)?.min(PAGE + 1))?;
    let name = std::str::from_utf8(name).ok()?.trim_end_matches('\0');
    let is_name = n_name > 0 && n_name <= PAGE - 8 && name.chars().all(|c| c.is_ascii_graphic());
    let text = bytes.get(PAGE..PAGE.checked_add(n_text)?)?;
    let mut text = std::str::from_utf8(text).ok()?.to_owned();
    // The element may end within a line.
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    let is_cut = whole < text.len();
    text.truncate(whole);
    is_name.then(|| Inside { name: name.to_owned(), text, is_cut })
}
