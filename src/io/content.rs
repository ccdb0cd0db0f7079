//! A checksum of what a file holds, whatever its compression and header: of simulated studies, which are the same on every platform where
//! their compressed bytes may not be.

use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::image::Image;
use super::{files, interrupt};
use crate::Result;

/// Bytes a read.
const BUFFER: usize = 256 << 10;

/// SHA-256, in lower-case hexadecimal, of a file's text, or of an image's voxels as they are stored.
///
/// # Errors
/// As for any input that cannot be opened or read, of an image that is none; [`crate::Error::Interrupted`].
pub fn sha256_of_content(path: &Path) -> Result<String> {
    let name = path.to_string_lossy();
    let is_image = name.ends_with(".nii") || name.ends_with(".nii.gz");
    let mut skip = if is_image { Image::open(path)?.header.vox_offset } else { 0 };
    let file = files::open(path)?;
    let mut magic = [0; 2];
    let is_packed = files::read_exact_at(&file, &mut magic, 0).is_ok() && files::is_gzip(&magic);
    let mut reader: Box<dyn Read> = match is_packed {
        true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file))),
        false => Box::new(file),
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        interrupt::check()?;
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect()),
            Ok(n) => {
                let before = skip.min(n as u64);
                skip -= before;
                hash.update(&buffer[before as usize..n]);
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) if is_packed => return Err(files::bad_gzip(path, e)),
            Err(e) => return Err(files::cannot_read(path, e)),
        }
    }
}
