//! Maps that the oracle makes by the same rule, tables of them, and what `boldly group` made of these.

use std::fs;
use std::path::Path;

use boldly::io::{Intent, read_map};

use crate::binary::{said, succeeded, with_words};
use crate::common::{Random, wide};

/// Extents of the maps.
pub const SHAPE: [usize; 3] = [3, 2, 2];

/// Voxels of a map.
pub const N: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];

/// Map `k`: at each voxel the sum of four uniform numbers, less 1.6.
pub fn values(k: u64) -> Vec<f32> {
    let mut random = Random(1000 + k);
    let mut value = || (0..4).fold(0.0, |sum, _| sum + random.uniform()) - 1.6;
    (0..N).map(|_| value() as f32).collect()
}

/// A float32 image of 2 mm voxels.
pub fn image(path: &Path, values: &[f32]) {
    stored(path, (16, 32), values.iter().flat_map(|v| v.to_le_bytes()).collect());
}

/// The same of float64.
pub fn image_f64(path: &Path, values: &[f64]) {
    stored(path, (64, 64), values.iter().flat_map(|v| v.to_le_bytes()).collect());
}

fn stored(path: &Path, (datatype, bits): (i16, i16), samples: Vec<u8>) {
    let mut header = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    let sizes = [3, SHAPE[0], SHAPE[1], SHAPE[2], 1, 1, 1, 1];
    (0..8).for_each(|axis| put(40 + 2 * axis, &(sizes[axis] as i16).to_le_bytes()));
    put(70, &datatype.to_le_bytes());
    put(72, &bits.to_le_bytes());
    (0..4).for_each(|axis| put(76 + 4 * axis, &[1.0_f32, 2.0, 2.0, 2.0][axis].to_le_bytes()));
    put(108, &352_f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1_i16.to_le_bytes());
    (0..3).for_each(|row| put(280 + 20 * row, &2_f32.to_le_bytes()));
    put(344, b"n+1\0");
    header.extend(samples);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, header).unwrap();
}

/// A table `maps.tsv` and the maps `m<k>.nii` that it names.
pub fn study(dir: &Path, table: &str) {
    fs::write(dir.join("maps.tsv"), table).unwrap();
    for cell in table.split_whitespace() {
        if let Some(k) = cell.strip_prefix('m').and_then(|rest| rest.strip_suffix(".nii")) {
            image(&dir.join(cell), &values(k.parse().unwrap()));
        }
    }
}

/// `boldly group` of `maps.tsv` into `out`; what it said.
#[track_caller]
pub fn group(dir: &Path, words: &[&str], out: &str) -> String {
    let fixed = ["group", "--maps", "maps.tsv", "--out", out];
    let all = fixed.iter().chain(words);
    said(&succeeded(&words.join(" "), with_words(dir, all)))
}

/// A statistic of a contrast, `[voxel]`.
#[track_caller]
pub fn map(dir: &Path, contrast: &str, stat: &str) -> Vec<f64> {
    let path = dir.join(format!("contrast-{contrast}_stat-{stat}_statmap.nii.gz"));
    wide(&read_map(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).2)
}

/// The degrees of freedom of a contrast at each voxel: the map of them, or what the statistic's header says.
pub fn dof(dir: &Path, contrast: &str, stat: &str) -> Vec<f64> {
    if dir.join(format!("contrast-{contrast}_stat-dof_statmap.nii.gz")).is_file() {
        return map(dir, contrast, "dof");
    }
    let path = dir.join(format!("contrast-{contrast}_stat-{stat}_statmap.nii.gz"));
    let dof = match read_map(&path).unwrap().1.intent {
        Intent::T { dof } => dof,
        Intent::F { dof2, .. } => dof2,
        other => panic!("{other:?}"),
    };
    vec![dof; N]
}
