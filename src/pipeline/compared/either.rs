//! A run that another device may have found in one of two ways.

use std::path::Path;

use super::ComparedRun;
use crate::io::source::BoldSink;
use crate::io::{BoldFile, Spread};
use crate::pipeline::comparison::Comparison;
use crate::pipeline::spec::OutType;
use crate::volume::{Block, HostBold};

/// A float32 image of 2 x 1 x 1 voxels and two volumes.
fn image(path: &Path, values: [f32; 4]) -> BoldFile {
    let mut bytes = vec![0_u8; 352];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, &348_i32.to_le_bytes());
    for (axis, n) in [4_i16, 2, 1, 1, 2, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * axis, &n.to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    for axis in 0..5 {
        put(76 + 4 * axis, &1_f32.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(254, &1_i16.to_le_bytes());
    for row in 0..3 {
        put(280 + 20 * row, &1_f32.to_le_bytes());
    }
    put(344, b"n+1\0");
    values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    std::fs::write(path, bytes).expect("a writable folder");
    BoldFile::open_image(path).expect("an image")
}

#[test]
fn residuals_that_two_fits_allow_are_held_against_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("residuals.nii");
    let over = |other: Option<[f32; 4]>| {
        let file = image(&path, [1.0, 5.0, -1.0, 7.0]);
        let mut comparison = Comparison::of(&path);
        let mut run = ComparedRun {
            grid: file.grid.clone(),
            relative: 1e-6,
            found: Some((file, &mut comparison)),
            out_type: OutType::Float32,
            range: Spread::default(),
        };
        let of = |values: [f32; 4]| HostBold::new(Block::whole([2, 1, 1], 2), values.to_vec());
        let want = of([1.0, 5.0, -1.0, 6.0]);
        match other {
            Some(other) => run.write_either(&want, &of(other)).expect("compared"),
            None => run.write(&want).expect("compared"),
        }
        drop(run);
        (comparison.compared, comparison.over)
    };
    assert_eq!(over(None), (4, 1));
    assert_eq!(over(Some([1.0, 5.0, -1.0, 7.0])), (4, 0), "the other fit's");
    assert_eq!(over(Some([1.5, 5.0, -1.0, 6.0])), (4, 1), "of another voxel");
}
