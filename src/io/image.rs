//! An image on disk: which files it consists of, and its header; `values` reads its data.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::files;
use super::header::{self, Header};
use super::output::refuse_unfinished;
use crate::{Error, Result};
use flate2::read::MultiGzDecoder;

/// The most that one byte of a deflate stream can become.
const DEFLATE_MOST: u64 = 1032;

/// An image whose header has been read and checked against the length of its data file.
#[derive(Debug)]
pub(crate) struct Image {
    /// The name it was opened by, for messages.
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    /// The file with the data: the same, or the .img of a pair.
    pub(crate) data_path: PathBuf,
    pub(super) file: File,
    compressed: bool,
}

impl Image {
    /// Opens .nii, .nii.gz, or a pair by the name of either half. Whether a file is compressed is told by its content.
    pub(crate) fn open(path: &Path) -> Result<Image> {
        refuse_unfinished(path)?;
        let (header_path, data_path) = halves(path)?;
        let thing = path.display().to_string();
        let header = header::parse(&start_of(&header_path)?, &thing)?;
        if header.is_pair && data_path == header_path {
            return Err(Error::bad_data(
                thing,
                "is the header of a pair (magic ni1)",
                "hold its data too, or be named .hdr beside an .img",
                "rename it to .hdr",
            ));
        }
        let file = files::open(&data_path)?;
        let mut magic = [0; 2];
        let compressed =
            files::read_exact_at(&file, &mut magic, 0).is_ok() && files::is_gzip(&magic);
        let image = Image { path: path.to_path_buf(), header, data_path, file, compressed };
        image.check_length()?;
        Ok(image)
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Bytes of memory that its unpacked data take for those who ask for blocks.
    pub(super) fn unpacked_bytes(&self) -> u64 {
        let size = if self.header.sample.size() > 2 { size_of::<f32>() } else { 2 };
        if self.compressed { (self.header.len() * size) as u64 } else { 0 }
    }

    /// Bytes of data; the parser made sure that it fits.
    pub(super) fn data_bytes(&self) -> u64 {
        self.header.len() as u64 * self.header.sample.size() as u64
    }

    fn check_length(&self) -> Result<()> {
        let length =
            self.file.metadata().map_err(|e| files::cannot_read(&self.data_path, e))?.len();
        let needed = self.header.vox_offset.saturating_add(self.data_bytes());
        if !self.compressed && length < needed {
            return Err(self.truncated(&format!("holds {length} bytes"), needed));
        }
        // Before memory is set aside for what a damaged header may claim.
        if self.compressed && length.saturating_mul(DEFLATE_MOST) < needed {
            let found = format!(
                "holds {length} compressed bytes, {} at most",
                length.saturating_mul(DEFLATE_MOST)
            );
            return Err(self.truncated(&found, needed));
        }
        Ok(())
    }

    /// The data end too early.
    pub(crate) fn truncated(&self, found: &str, needed: u64) -> Error {
        let shape = self.header.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        Error::bad_data(
            self.data_path.display().to_string(),
            found,
            format!(
                "hold {needed} for {shape} {:?} values from byte {} on",
                self.header.sample, self.header.vox_offset
            ),
            "the file is truncated; copy or download it again",
        )
    }
}

/// Zeros, or an error instead of an abort where the memory cannot be had.
pub(crate) fn zeroed(n: usize, path: &Path) -> Result<Vec<f32>> {
    // Asked for and given back untouched; the zeroed pages then come from the system as they are.
    Vec::<f32>::new().try_reserve_exact(n).map_err(|e| {
        Error::bad_data(
            path.display().to_string(),
            format!("needs {} MiB of memory as float32", n >> 18),
            "fit the memory of this machine",
            "its header may be damaged; else use a machine with more memory",
        )
        .caused_by(e)
    })?;
    Ok(vec![0.0; n])
}

/// The other file of a pair that is named by one; none of an image that is one file, or of what is no image.
#[must_use]
pub fn other_half(path: &Path) -> Option<PathBuf> {
    let (header, data) = halves(path).ok().filter(|(header, data)| header != data)?;
    Some(if header == path { data } else { header })
}

/// The files with the header and with the data.
pub(super) fn halves(path: &Path) -> Result<(PathBuf, PathBuf)> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let gz = if lower.ends_with(".gz") { 3 } else { 0 };
    let Some(dot) = name.len().checked_sub(gz + 4) else {
        return Ok((path.to_path_buf(), path.to_path_buf()));
    };
    let (header, data) = match lower.get(dot..dot + 4) {
        Some(".hdr") => (path.to_path_buf(), sibling(path, &name, dot, "img")?),
        Some(".img") => (sibling(path, &name, dot, "hdr")?, path.to_path_buf()),
        _ => (path.to_path_buf(), path.to_path_buf()),
    };
    Ok((header, data))
}

/// The other half of a pair: compressed or not, in the case of the name it goes with.
fn sibling(path: &Path, name: &str, dot: usize, extension: &str) -> Result<PathBuf> {
    files::open(path)?; // the half that was named, so that its absence is reported under its own name
    let upper = name[dot + 1..].chars().next().is_some_and(|c| c.is_ascii_uppercase());
    let extension = if upper { extension.to_ascii_uppercase() } else { extension.to_string() };
    let gz = if upper { ".GZ" } else { ".gz" };
    let named = |end: &str| {
        let mut other = OsString::from(&name[..=dot]);
        other.push(&extension);
        other.push(end);
        path.with_file_name(other)
    };
    let order = if name.len() == dot + 4 { ["", gz] } else { [gz, ""] };
    order.into_iter().map(named).find(|p| p.exists()).ok_or_else(|| {
        Error::missing_input(
            named(order[0]).display().to_string(),
            format!("does not exist beside {name}"),
            "be there, because .hdr and .img are one image",
            "copy both files",
        )
    })
}

/// The first bytes of a file, uncompressed: enough for a header of either version, or all there is.
fn start_of(path: &Path) -> Result<Vec<u8>> {
    let file = files::open(path)?;
    let mut magic = [0; 2];
    let mut bytes = Vec::with_capacity(header::LEN_2);
    let compressed = files::read_exact_at(&file, &mut magic, 0).is_ok() && files::is_gzip(&magic);
    if compressed {
        let reader = std::io::BufReader::with_capacity(1 << 16, file);
        MultiGzDecoder::new(reader)
            .take(header::LEN_2 as u64)
            .read_to_end(&mut bytes)
            .map_err(|e| files::bad_gzip(path, e))?;
    } else {
        file.take(header::LEN_2 as u64)
            .read_to_end(&mut bytes)
            .map_err(|e| files::cannot_read(path, e))?;
    }
    Ok(bytes)
}
