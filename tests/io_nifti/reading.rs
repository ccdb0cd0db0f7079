//! What is read: values, geometry, times, blocks, checksums.

use boldly::io::hash::{self, Checksum};

use super::*;

#[test]
fn every_golden_image_reads_as_nibabel_reads_it() {
    for (name, want) in golden() {
        let mut bold = BoldFile::open(&goldens().join(&name)).unwrap_or_else(|e| panic!("{e}"));
        let shape: Vec<usize> = want["shape"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_u64().unwrap() as usize)
            .collect();
        assert_eq!(bold.grid.shape[..], shape[..3], "{name}");
        assert_eq!(bold.n_volumes, shape[3], "{name}");
        let zooms = floats(&want["zooms"]);
        for (axis, (got, want)) in bold.header.pixdim[1..].iter().zip(zooms).enumerate() {
            assert!((got - want).abs() < 1e-12, "{name}: pixdim {axis}: {got}, nibabel {want}");
            // As in nibabel's affines.voxel_sizes, or the same unrounded.
            let (size, affine) = (bold.grid.voxel_size_mm[axis], &bold.grid.affine);
            let edge = (0..3).map(|row| affine[row][axis].powi(2)).sum::<f64>().sqrt();
            assert!((size - edge).abs() < 1e-3 * edge, "{name}: voxel size {axis}: {size}, {edge}");
        }
        for (row, want_row) in want["affine"].as_array().unwrap().iter().enumerate() {
            for (column, want) in floats(want_row).into_iter().enumerate() {
                let got = bold.grid.affine[row][column];
                assert!((got - want).abs() < 1e-6, "{name}: affine {row}, {column}: {got}, {want}");
            }
        }
        let scale = match want["time_unit"].as_str().unwrap() {
            "msec" => 1e-3,
            "usec" => 1e-6,
            _ => 1.0,
        };
        let (tr, want_tr) = (bold.tr.unwrap(), want["pixdim4"].as_f64().unwrap() * scale);
        assert!((tr - want_tr).abs() < 1e-6 * want_tr, "{name}: tr {tr} s, nibabel {want_tr} s");
        let got = read_whole(&mut bold);
        match want.get("values") {
            Some(values) => {
                let want: Vec<f32> = floats(values).into_iter().map(|v| v as f32).collect();
                assert_eq!(got.len(), want.len(), "{name}");
                assert_eq!(bits(&got), bits(&want), "{name}");
            }
            None => {
                let bytes: Vec<u8> = got.iter().flat_map(|v| v.to_le_bytes()).collect();
                assert!(!bytes.is_empty());
                assert_eq!(sha256(&bytes), want["sha256_f32"].as_str().unwrap(), "{name}");
            }
        }
    }
}

#[test]
fn seconds_milliseconds_and_microseconds_give_the_same_repetition_time_to_the_last_bit() {
    for unit in ["sec", "msec", "usec", "unknown"] {
        let bold = BoldFile::open(&goldens().join(format!("tr_{unit}.nii"))).unwrap();
        assert_eq!(bold.tr, Some(0.72), "{unit}");
    }
}

#[test]
fn a_repetition_time_of_milliseconds_called_seconds_is_doubted() {
    let folder = tempfile::tempdir().unwrap();
    for unit in [0, 8] {
        let mut bytes = fs::read(goldens().join("tr_sec.nii")).unwrap();
        bytes[76 + 16..76 + 20].copy_from_slice(&2000.0_f32.to_le_bytes());
        bytes[123] = 2 | unit;
        let path = folder.path().join("run.nii");
        fs::write(&path, bytes).unwrap();
        let bold = BoldFile::open(&path).unwrap();
        assert_eq!(bold.tr, None);
        let error = bold.header.repetition_time("run.nii").unwrap_err().to_string();
        assert!(error.contains("2000 s") && error.contains("--tr"), "{error}");
    }
}

#[test]
fn metres_and_micrometres_become_millimetres() {
    let folder = tempfile::tempdir().unwrap();
    let reference = BoldFile::open(&goldens().join("n1_le_f4.nii")).unwrap();
    for (code, factor) in [(1, 1e3), (3, 1e-3)] {
        let mut bytes = fs::read(goldens().join("n1_le_f4.nii")).unwrap();
        bytes[123] = code | 8;
        let path = folder.path().join("run.nii");
        fs::write(&path, bytes).unwrap();
        let bold = BoldFile::open(&path).unwrap();
        for axis in 0..3 {
            let want = reference.grid.voxel_size_mm[axis] * factor;
            assert!((bold.grid.voxel_size_mm[axis] - want).abs() < 1e-9 * want);
            let want = reference.grid.affine[axis][3] * factor;
            assert!((bold.grid.affine[axis][3] - want).abs() < 1e-9 * want.abs());
        }
    }
}

#[test]
fn blocks_of_planes_and_volumes_equal_the_same_part_of_the_whole() {
    for name in [
        "n1_le_f4.nii",
        "n1_be_f4.nii",
        "n2_be_i2.nii",
        "slope_float.nii",
        "gz_one_i2.nii.gz",
        "gz_members_f4.nii.gz",
        "gz_one_f8.nii.gz",
        "packed.hdr.gz",
    ] {
        let path = goldens().join(name);
        let mut bold = BoldFile::open(&path).unwrap();
        let whole = read_whole(&mut bold);
        let [ni, nj, nk] = bold.grid.shape;
        let mut compared = 0;
        for planes in [0..nk, 0..1, 1..3, nk - 1..nk] {
            for volumes in [0..bold.n_volumes, 1..2, 0..0] {
                let block = Block {
                    run_shape: [ni, nj, nk],
                    planes: planes.clone(),
                    core: planes.clone(),
                    volumes: volumes.clone(),
                };
                let got = bold.read(&block).unwrap().data;
                let mut want = Vec::new();
                for v in volumes {
                    for k in planes.clone() {
                        let start = (v * nk + k) * ni * nj;
                        want.extend_from_slice(&whole[start..start + ni * nj]);
                    }
                }
                assert_eq!(bits(&got), bits(&want), "{name} {block:?}");
                compared += got.len();
                bold.reuse(got); // the next block, larger or smaller, is read into it
            }
        }
        assert!(compared > 0);
        // The whole once more, after it was handed over.
        assert_eq!(bits(&read_whole(&mut bold)), bits(&whole), "{name}");
    }
}

/// A run of more than a MiB, whose checksum is made of what its blocks read.
#[test]
fn blocks_that_are_hashed_as_they_are_read_hold_what_the_file_does() {
    let shape = [31_usize, 17, 9, 70];
    let stored: Vec<f32> = (0..shape.iter().product()).map(|n| (n * 37 % 1009) as f32).collect();
    let folder = tempfile::tempdir().unwrap();
    for (slope, inter) in [(0.0_f32, 0.0_f32), (2.0, -1.0)] {
        let mut file = fs::read(goldens().join("n1_le_f4.nii")).unwrap();
        file.truncate(352);
        for (axis, &n) in [4, shape[0], shape[1], shape[2], shape[3]].iter().enumerate() {
            file[40 + 2 * axis..][..2].copy_from_slice(&(n as i16).to_le_bytes());
        }
        file[112..116].copy_from_slice(&slope.to_le_bytes());
        file[116..120].copy_from_slice(&inter.to_le_bytes());
        file.extend(stored.iter().flat_map(|value| value.to_le_bytes()));
        let path = folder.path().join("run.nii");
        fs::write(&path, &file).unwrap();
        let value = |n: usize| if slope == 0.0 { stored[n] } else { slope * stored[n] + inter };
        for thickness in [1, 2, 9] {
            let mut bold = BoldFile::open(&path).unwrap();
            for first in (0..shape[2]).step_by(thickness) {
                let planes = first..shape[2].min(first + thickness);
                let run_shape = [shape[0], shape[1], shape[2]];
                let core = planes.clone();
                let got = bold.read(&Block { run_shape, planes, core, volumes: 0..70 }).unwrap();
                let plane = shape[0] * shape[1];
                let mut want = Vec::new();
                for volume in 0..shape[3] {
                    let start = (volume * shape[2] + first) * plane;
                    want.extend((start..start + got.block.planes.len() * plane).map(value));
                }
                assert_eq!(bits(&got.data), bits(&want), "planes {:?}", got.block.planes);
                bold.reuse(got.data);
            }
            assert_eq!(bold.checksum().unwrap(), hash::bytes(&file));
        }
    }
}

#[test]
fn a_block_outside_the_run_is_an_internal_error() {
    let mut bold = BoldFile::open(&goldens().join("n1_le_i2.nii")).unwrap();
    let mut block = Block::whole(bold.grid.shape, bold.n_volumes + 1);
    assert_eq!(bold.read(&block).unwrap_err().exit_code(), 70);
    block = Block::whole([9, 9, 9], bold.n_volumes);
    assert_eq!(bold.read(&block).unwrap_err().exit_code(), 70);
}

#[test]
fn the_checksum_is_that_of_the_file_on_disk() {
    // printf 'abc' | b3sum, and | sha256sum
    let abc = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
    assert_eq!(hash::bytes(b"abc").hex(), abc);
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(b"abc"), abc);
    for name in ["n1_le_f4.nii", "gz_members_f4.nii.gz"] {
        let path = goldens().join(name);
        let want = hash::bytes(&fs::read(&path).unwrap());
        let mut bold = BoldFile::open(&path).unwrap();
        assert_eq!(bold.checksum().unwrap(), want);
        assert_eq!(bold.checksum().unwrap(), want, "asked twice");
        assert_eq!(hash::file(&path).unwrap(), want);
        assert_eq!(want.again(&path).unwrap(), want);
        let old = Checksum::Sha256(sha256(&fs::read(&path).unwrap()));
        assert_eq!(old.again(&path).unwrap(), old, "as in a sidecar of an older version");
    }
}
