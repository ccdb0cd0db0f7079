//! Small maps as NIfTI files.

use std::fs;
use std::path::Path;

/// A float32 image of 2 mm voxels, its first voxel's centre at 0.
pub fn image(path: &Path, shape: [usize; 3], values: &[f32]) {
    let mut header = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    let sizes = [3, shape[0], shape[1], shape[2], 1, 1, 1, 1];
    (0..8).for_each(|axis| put(40 + 2 * axis, &(sizes[axis] as i16).to_le_bytes()));
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    (0..4).for_each(|axis| put(76 + 4 * axis, &[1.0_f32, 2.0, 2.0, 2.0][axis].to_le_bytes()));
    put(108, &352_f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1_i16.to_le_bytes());
    (0..3).for_each(|row| put(280 + 20 * row, &2_f32.to_le_bytes()));
    put(344, b"n+1\0");
    header.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, header).unwrap();
}
