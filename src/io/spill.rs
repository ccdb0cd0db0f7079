//! Unpacked data that memory has no room for: once into a file without a name, which blocks are then read from.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::image::Image;
use super::output::{anonymous, cannot_write};
use super::{decode, interrupt};
use crate::Result;

/// Bytes a write.
const BUFFER: usize = 1 << 20;

/// The data of a compressed image as they are stored, from the file's first byte on. The file lies in the system's temporary
/// folder and ends with its handle.
///
/// # Errors
/// [`crate::Error::Output`] where the folder does not take it; what the image is damaged by, as for reading it whole.
pub(super) fn spilled(image: &Image, file: &File, unpacking: &mut dyn FnMut()) -> Result<File> {
    into_folder(&std::env::temp_dir(), image, file, unpacking)
}

fn into_folder(
    folder: &Path,
    image: &Image,
    file: &File,
    unpacking: &mut dyn FnMut(),
) -> Result<File> {
    let failed = |e| cannot_write(folder, e);
    let mut out = anonymous(folder).map_err(failed)?;
    let mut buffer = vec![0; BUFFER];
    decode::through(image, file, unpacking, &mut |stream| {
        let mut left = image.data_bytes();
        while left > 0 {
            interrupt::check()?;
            let piece = &mut buffer[..left.min(BUFFER as u64) as usize];
            if let Err(e) = stream.read_exact(piece) {
                return Ok(Err(e));
            }
            out.write_all(piece).map_err(failed)?;
            left -= piece.len() as u64;
        }
        Ok(Ok(()))
    })?;
    Ok(out)
}
