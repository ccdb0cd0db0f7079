//! Maps and masks.

use boldly::io::{Header, Intent, Outputs, read_map, read_mask, read_tissue};
use boldly::volume::Mask;

use super::*;

#[test]
fn maps_inherit_geometry_and_units_but_no_time() {
    let bold = BoldFile::open(&goldens().join("tr_unknown.nii")).unwrap();
    let map = bold.header.for_map(Intent::T { dof: 10.0 });
    assert_eq!(map.shape, [3, 2, 4]);
    assert_eq!(map.xyzt_units, 2 | 8, "unknown units were read as mm and s, and now say so");
    assert_eq!(map.grid("map").unwrap(), bold.grid);
    assert_eq!(map.intent, Intent::T { dof: 10.0 });
    let mut run = bold.header.for_bold(7);
    assert_eq!((run.n_volumes(), run.repetition_time("run").unwrap()), (7, Some(0.72)));
    let milliseconds = BoldFile::open(&goldens().join("tr_msec.nii")).unwrap();
    run = milliseconds.header.for_bold(7);
    (run.slice_duration, run.toffset) = (20.0, 500.0);
    run.set_repetition_time(1.5);
    assert_eq!((run.pixdim[4], run.xyzt_units), (1.5, 2 | 8), "seconds, and says so");
    assert_eq!((run.slice_duration, run.toffset), (0.02, 0.5), "what else is time goes along");
    assert_eq!(run.repetition_time("run").unwrap(), Some(1.5));
}

fn write_map(path: &Path, on: &Grid, values: &[f32]) {
    let mut outputs = Outputs::new();
    outputs.map(path, &Header::new(on, None), values).unwrap();
    outputs.commit().unwrap();
}

#[test]
fn a_mask_must_lie_on_the_run_and_hold_voxels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.nii.gz");
    let on = grid([3, 2, 2]);
    let mut values = vec![0.0; 12];
    (values[3], values[7], values[8]) = (1.0, 5.0, f32::NAN);
    write_map(&path, &on, &values);
    let mask = read_mask(&path, &on).unwrap().mask;
    assert_eq!(mask.count(), 2);
    assert!(mask.inside[3] && mask.inside[7]);
    let refused = |path: &Path, on: &Grid, word: &str| {
        let error = read_mask(path, on).unwrap_err();
        assert_eq!(error.exit_code(), 65, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    };
    refused(&path, &grid([3, 2, 3]), "3x2x2 voxels");
    let mut moved = on.clone();
    moved.affine[1][3] += 0.5;
    refused(&path, &moved, "0.500 mm");
    // a twentieth of the smallest edge, 2.5 mm
    moved.affine[1][3] = on.affine[1][3] + 0.126;
    refused(&path, &moved, "0.126 mm from the run");
    moved.affine[1][3] = on.affine[1][3] + 0.124;
    let near = read_mask(&path, &moved).unwrap();
    assert!(near.mask == Mask { grid: moved.clone(), ..mask.clone() });
    assert!(near.note.unwrap().contains("0.1240 mm from the run"));
    moved.affine[1][3] = on.affine[1][3] + 5e-4;
    assert_eq!(read_mask(&path, &moved).unwrap().note, None);
    values[4] = 0.25;
    write_map(&path, &on, &values);
    refused(&path, &on, "0.25 at voxel (1, 1, 0) and 5");
    // probabilities: from a half on, which is said
    (values[3], values[7], values[10]) = (0.5, 0.49, 1.0);
    write_map(&path, &on, &values);
    let likely = read_mask(&path, &on).unwrap();
    let inside: Vec<usize> = (0..12).filter(|&v| likely.mask.inside[v]).collect();
    assert_eq!((inside, likely.labels), (vec![3, 10], vec![1]));
    let said = likely.warning.unwrap();
    assert!(said.contains("its 2 voxels of 0.5 or more are inside; "), "{said}");
    assert!(said.contains("1 values that are no number"), "{said}");
    write_map(&path, &on, &[0.3; 12]);
    refused(&path, &on, "none of which is 0.5 or more");
    write_map(&path, &on, &[0.0; 12]);
    refused(&path, &on, "empty");
    assert_eq!(read_mask(&folder.path().join("none.nii"), &on).unwrap_err().exit_code(), 66);
}

#[test]
fn only_values_above_0_are_inside_any_mask_and_those_below_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.nii.gz");
    let on = grid([3, 2, 2]);
    let of = |values: [f32; 4]| {
        let mut map = [0.0; 12];
        map[4..8].copy_from_slice(&values);
        write_map(&path, &on, &map);
        let all = [read_mask(&path, &on), read_tissue(&path, &on, 0.5)];
        all.map(|read| {
            read.map(|read| {
                let inside: Vec<usize> = (0..12).filter(|&v| read.mask.inside[v]).collect();
                (inside, read.warning)
            })
        })
    };
    for read in of([1.0, -1.0, f32::NAN, -2.0]) {
        let (inside, warning) = read.unwrap();
        assert_eq!(inside, [4]);
        let said = warning.unwrap();
        assert!(said.contains("holds 2 values below 0 and 1 values that are no number"), "{said}");
    }
    for read in of([1.0, f32::NAN, 0.0, f32::NAN]) {
        let (inside, warning) = read.unwrap();
        assert_eq!(inside, [4]);
        let said = warning.unwrap();
        assert!(said.contains("holds 2 values that are no number (NaN); such voxels"), "{said}");
    }
    for read in of([1.0, 1.0, 0.0, 1.0]) {
        assert_eq!(read.unwrap(), (vec![4, 5, 7], None));
    }
    for read in of([-1.0, -1.0, -1.0, -1.0]) {
        assert!(read.unwrap_err().to_string().contains("no value is above 0"));
    }
    for read in of([0.0005, 0.001, 0.0, f32::NAN]) {
        let said = read.unwrap_err().to_string();
        let found = "is empty: no value is above 0.001, as what rounding makes of 0 may be, and the largest is 0.001";
        assert!(said.contains(found), "{said}");
    }
    let [mask, tissue] = of([0.75, -0.25, 0.25, 1.0]);
    assert!(mask.unwrap_err().to_string().contains("threshold"));
    let (inside, warning) = tissue.unwrap();
    assert_eq!(inside, [4, 7]);
    assert!(warning.unwrap().contains("1 values below 0"));
}

#[test]
fn a_map_may_be_a_run_of_one_volume_but_not_of_two() {
    let folder = tempfile::tempdir().unwrap();
    let on = grid([3, 2, 2]);
    let path = folder.path().join("one.nii");
    let mut outputs = Outputs::new();
    outputs.map(&path, &Header::new(&on, Some(2.0)), &ramp(12)).unwrap();
    outputs.commit().unwrap();
    let (got, header, values) = read_map(&path).unwrap();
    assert_eq!(values, ramp(12));
    assert!(got.affine_difference_mm(&on) < 1e-5);
    assert_eq!(header.n_volumes(), 1);
    let error = read_map(&goldens().join("n1_le_f4.nii")).unwrap_err();
    assert!(error.to_string().contains("3x2x4x2"), "{error}");
}
