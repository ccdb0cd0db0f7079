//! An image as the viewer reads it: NIfTI-1, one file, gzipped.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};
use crate::volume::Grid;

/// Bytes before the values.
const OFFSET: usize = 352;

/// The values of an image, `[voxel]`.
pub(super) enum Values<'a> {
    /// Grey levels.
    Grey(&'a [u8]),
    /// Multiples of so much.
    Steps(&'a [i16], f32),
}

/// # Errors
/// Internal where an axis is too long, or the values cannot be packed.
pub(super) fn packed(grid: &Grid, values: &Values) -> Result<Vec<u8>> {
    let (kind, bits, step) = match values {
        Values::Grey(_) => (2_i16, 8_i16, 1.0),
        Values::Steps(_, step) => (4, 16, *step),
    };
    let mut head = [0_u8; OFFSET];
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    let mut dimensions = [3_i16, 1, 1, 1, 1, 1, 1, 1];
    for (dimension, &n) in dimensions[1..4].iter_mut().zip(&grid.shape) {
        *dimension = i16::try_from(n).map_err(|cause| failed().caused_by(cause))?;
    }
    dimensions.iter().enumerate().for_each(|(k, n)| put(40 + 2 * k, &n.to_le_bytes()));
    put(70, &kind.to_le_bytes());
    put(72, &bits.to_le_bytes());
    put(76, &1_f32.to_le_bytes());
    for (axis, size) in grid.voxel_size_mm.iter().enumerate() {
        put(80 + 4 * axis, &(*size as f32).to_le_bytes());
    }
    put(108, &(OFFSET as f32).to_le_bytes());
    put(112, &step.to_le_bytes());
    put(123, &[2]); // millimetres
    put(254, &1_i16.to_le_bytes());
    for (row, line) in grid.affine.iter().take(3).enumerate() {
        for (column, value) in line.iter().enumerate() {
            put(280 + 16 * row + 4 * column, &(*value as f32).to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    let written = gz.write_all(&head).and_then(|()| match values {
        Values::Grey(levels) => gz.write_all(levels),
        Values::Steps(steps, _) => {
            let bytes: Vec<u8> = steps.iter().flat_map(|v| v.to_le_bytes()).collect();
            gz.write_all(&bytes)
        }
    });
    written.and_then(|()| gz.finish()).map_err(|cause| failed().caused_by(cause))
}

fn failed() -> Error {
    Error::internal("the viewer's image", "cannot be packed", "be packable", "")
}
