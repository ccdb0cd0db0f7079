//! Opening and reading files with errors that say what to do, and reads and writes at a position.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::interrupt;
use crate::{Error, Result};

/// The largest text file that is read whole, in bytes: far beyond any table, small enough to refuse a mix-up.
const MAX_TEXT: u64 = 1 << 30;

/// What a gzip file may unpack to without question, in bytes: an hour of three channels at 1000 samples a second.
const SMALL_TEXT: u64 = 64 << 20;

/// What a larger one may unpack to, as a multiple of its size: recordings come to 10, gzip's own limit is 1032.
const MAX_RATIO: u64 = 32;

/// Opens a file for reading. A missing or unreadable file is [`Error::MissingInput`], a folder [`Error::BadData`].
pub(crate) fn open(path: &Path) -> Result<File> {
    // Asked before: to open a pipe is to wait for whoever writes into it.
    let metadata = std::fs::metadata(path).map_err(|e| cannot_open(path, e))?;
    if metadata.is_dir() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "is a folder",
            "be a file",
            "name the file inside it",
        ));
    }
    if !metadata.is_file() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "is not a regular file",
            "be one, because it is read at several places",
            "copy it to disk first",
        ));
    }
    File::open(path).map_err(|e| cannot_open(path, e))
}

/// The bytes of a regular file, as they lie on the disk. Errors as those of [`open`].
pub(crate) fn read_whole(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|e| cannot_read(path, e))?;
    Ok(bytes)
}

fn cannot_open(path: &Path, error: io::Error) -> Error {
    let thing = path.display().to_string();
    let dangling = path.symlink_metadata().is_ok_and(|m| m.file_type().is_symlink());
    let result = match error.kind() {
        ErrorKind::NotFound if dangling => Error::missing_input(
            thing,
            "is a link to a file that is not here",
            "be on this disk",
            "fetch its content first (datalad get, git annex get)",
        ),
        ErrorKind::NotFound => Error::missing_input(
            thing,
            "does not exist",
            "be there",
            "check the name and the folder",
        ),
        ErrorKind::PermissionDenied => {
            Error::missing_input(thing, "may not be read", "be readable", "check its permissions")
        }
        _ => Error::missing_input(thing, format!("cannot be opened ({error})"), "be readable", ""),
    };
    result.caused_by(error)
}

/// An error while reading an open file.
pub(crate) fn cannot_read(path: &Path, error: io::Error) -> Error {
    let thing = path.display().to_string();
    let result = match error.kind() {
        ErrorKind::UnexpectedEof => {
            Error::bad_data(thing, "ends too early", "be complete", "copy or download it again")
        }
        _ => Error::bad_data(
            thing,
            format!("cannot be read ({error})"),
            "be readable to its end",
            "check the disk and copy the file again",
        ),
    };
    result.caused_by(error)
}

/// Whether two names are of the same bytes: one file, or two of one content. Reads no further than to the first difference.
///
/// # Errors
/// Where one cannot be read.
pub fn is_same(a: &Path, b: &Path) -> Result<bool> {
    let (mut one, mut other) = (open(a)?, open(b)?);
    if a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b)) {
        return Ok(true);
    }
    let length = |file: &File, path| file.metadata().map_err(|e| cannot_read(path, e));
    let n = length(&one, a)?.len();
    if n != length(&other, b)?.len() {
        return Ok(false);
    }
    let (mut piece, mut twin) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut left = n;
    while left > 0 {
        interrupt::check()?;
        let n = left.min(piece.len() as u64) as usize;
        one.read_exact(&mut piece[..n]).map_err(|e| cannot_read(a, e))?;
        other.read_exact(&mut twin[..n]).map_err(|e| cannot_read(b, e))?;
        if piece[..n] != twin[..n] {
            return Ok(false);
        }
        left -= n as u64;
    }
    Ok(true)
}

/// Whether bytes start a gzip member.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// A gzip stream that does not decode.
pub(crate) fn bad_gzip(path: &Path, error: io::Error) -> Error {
    let thing = path.display().to_string();
    let hint = "copy or download it again (gzip -t checks a file)";
    let result = match error.kind() {
        ErrorKind::UnexpectedEof => {
            Error::bad_data(thing, "is a gzip file that ends too early", "be complete", hint)
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            Error::bad_data(thing, format!("is a damaged gzip file ({error})"), "be intact", hint)
        }
        _ => return cannot_read(path, error),
    };
    result.caused_by(error)
}

/// A text file, plain or gzip by its content, as UTF-8 without byte order mark.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let mut bytes = at_most(open(path)?, MAX_TEXT, path, "holds", cannot_read)?;
    if is_gzip(&bytes) {
        let most = MAX_TEXT.min(SMALL_TEXT.max(MAX_RATIO * bytes.len() as u64));
        bytes = at_most(MultiGzDecoder::new(&bytes[..]), most, path, "unpacks to", bad_gzip)?;
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = 1 + e.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count();
        Error::bad_data(
            path.display().to_string(),
            format!("is not UTF-8 text (line {line})"),
            "be plain text in UTF-8",
            "save it as UTF-8 (not UTF-16, not a spreadsheet)",
        )
    })?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_string(),
        None => text,
    };
    // Lines of some spreadsheets end with a carriage return alone, but for what an editor put behind the last.
    let lines = text.trim_end_matches(['\r', '\n']);
    Ok(match !lines.contains('\n') && lines.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text,
    })
}

/// All that a reader gives, which must be no more than `most` bytes.
fn at_most(
    reader: impl Read,
    most: u64,
    path: &Path,
    holds: &str,
    failed: fn(&Path, io::Error) -> Error,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes).map_err(|e| failed(path, e))?;
    if bytes.len() as u64 <= most {
        return Ok(bytes);
    }
    Err(Error::bad_data(
        path.display().to_string(),
        format!("{holds} more than {} MiB", most >> 20),
        "be the text of a table, a recording or a sidecar",
        "check that it is the file you meant, and how it was made",
    ))
}

/// Fills `out` from byte `offset` on; the file's own position does not matter.
pub(crate) fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
    }
    #[cfg(windows)]
    {
        let (mut out, mut offset) = (out, offset);
        while !out.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => (out, offset) = (&mut out[n..], offset + n as u64),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// Writes all of `bytes` from byte `offset` on; the file's own position does not matter.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
    }
    #[cfg(windows)]
    {
        let (mut bytes, mut offset) = (bytes, offset);
        while !bytes.is_empty() {
            match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => (bytes, offset) = (&bytes[n..], offset + n as u64),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
