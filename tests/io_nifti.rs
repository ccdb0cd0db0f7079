//! Images in and out. Oracles: nibabel (goldens and, with BOLDLY_ORACLE_PYTHON, nibabel itself; see
//! tests/oracles/nifti.py) and the `nifti` crate's own reader.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boldly::io::sample::SampleType;
use boldly::io::{BoldFile, BoldWriter, Header, Intent, Outputs, hash, read_map, read_mask};
use boldly::volume::{Block, Grid, HostBold};
use nifti::{NiftiObject, ReaderOptions};
use serde_json::{Map, Value, json};

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/io")
}

fn golden() -> Map<String, Value> {
    let text = fs::read_to_string(goldens().join("golden.json")).unwrap();
    let golden: Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert!(golden.len() >= 72, "{} goldens", golden.len());
    golden
}

fn floats(value: &Value) -> Vec<f64> {
    let one = |v: &Value| v.as_f64().unwrap_or_else(|| v.as_str().unwrap().parse().unwrap());
    value.as_array().unwrap().iter().map(one).collect()
}

fn read_whole(bold: &mut BoldFile) -> Vec<f32> {
    bold.read(&Block::whole(bold.grid.shape, bold.n_volumes)).unwrap().data
}

fn bits(values: &[f32]) -> Vec<u32> {
    // Every NaN alike.
    values.iter().map(|v| if v.is_nan() { u32::MAX } else { v.to_bits() }).collect()
}

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
        for (axis, (got, want)) in bold.grid.voxel_size_mm.iter().zip(zooms).enumerate() {
            assert!((got - want).abs() < 1e-12, "{name}: voxel size {axis}: {got}, nibabel {want}");
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
                assert_eq!(hash::bytes(&bytes), want["sha256_f32"].as_str().unwrap(), "{name}");
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
            }
        }
        assert!(compared > 0);
        // The whole once more, after it was handed over.
        assert_eq!(bits(&read_whole(&mut bold)), bits(&whole), "{name}");
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
    // printf 'abc' | sha256sum
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hash::bytes(b"abc"), abc);
    for name in ["n1_le_f4.nii", "gz_members_f4.nii.gz"] {
        let path = goldens().join(name);
        let want = hash::bytes(&fs::read(&path).unwrap());
        let mut bold = BoldFile::open(&path).unwrap();
        assert_eq!(bold.sha256().unwrap(), want);
        assert_eq!(bold.sha256().unwrap(), want, "asked twice");
        assert_eq!(hash::file(&path).unwrap(), want);
    }
}

/// An oblique grid with three different extents and voxel sizes.
fn grid(shape: [usize; 3]) -> Grid {
    let (s, c) = 0.3_f64.sin_cos();
    Grid {
        shape,
        affine: [
            [-3.0, 0.0, 0.0, 30.5],
            [0.0, 2.5 * c, -3.5 * s, -20.0],
            [0.0, 2.5 * s, 3.5 * c, 11.25],
            [0.0, 0.0, 0.0, 1.0],
        ],
        voxel_size_mm: [3.0, 2.5, 3.5],
    }
}

fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.37 - 5.0).sin() * 1000.0).collect()
}

fn write_in_blocks(writer: &mut BoldWriter, blocks: &[Block], values: &[f32]) {
    for block in blocks {
        let [_, _, nk] = block.run_shape;
        let plane = block.plane_len();
        let mut data = Vec::new();
        for v in block.volumes.clone() {
            for k in block.planes.clone() {
                let start = (v * nk + k) * plane;
                // The halo must not reach the file.
                let spoil = if block.core.contains(&k) { 0.0 } else { f32::NAN };
                data.extend(values[start..start + plane].iter().map(|x| x + spoil));
            }
        }
        writer.write_block(&HostBold { block: block.clone(), data }).unwrap();
    }
}

#[test]
fn blocks_written_in_any_order_read_back_as_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (shape, n) = ([4, 3, 5], 6);
    let header = Header::new(&grid(shape), Some(2.0)).for_bold(n);
    let values = ramp(4 * 3 * 5 * n);
    let block = |planes, core, volumes| Block { run_shape: shape, planes, core, volumes };
    let orders = [
        vec![Block::whole(shape, n)],
        vec![block(0..5, 0..5, 0..2), block(0..5, 0..5, 2..3), block(0..5, 0..5, 3..6)],
        vec![block(2..5, 3..5, 0..6), block(0..4, 0..3, 0..6)],
        vec![block(0..5, 0..5, 0..2), block(2..5, 3..5, 2..6), block(0..4, 0..3, 2..6)],
        vec![block(0..5, 0..5, 4..6), block(0..5, 0..5, 0..4)],
    ];
    for ending in ["nii", "nii.gz"] {
        let mut first: Option<Vec<u8>> = None;
        for (number, blocks) in orders.iter().enumerate() {
            let path = folder.path().join(format!("run{number}_desc-sm5.5_bold.{ending}"));
            let mut outputs = Outputs::new();
            let mut writer = outputs.bold(&path, &header).unwrap();
            write_in_blocks(&mut writer, blocks, &values);
            writer.finish().unwrap();
            outputs.commit().unwrap();
            let mut bold = BoldFile::open(&path).unwrap();
            assert_eq!(bold.tr, Some(2.0));
            assert_eq!(bold.header.shape, header.shape);
            assert!(read_whole(&mut bold) == values, "{path:?}");
            // The order leaves no trace in the bytes.
            let bytes = fs::read(&path).unwrap();
            assert!(*first.get_or_insert_with(|| bytes.clone()) == bytes, "{path:?}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2 * orders.len());
}

#[test]
fn a_block_missing_or_brought_twice_is_an_internal_error() {
    let folder = tempfile::tempdir().unwrap();
    let shape = [2, 2, 2];
    let header = Header::new(&grid(shape), Some(2.0)).for_bold(3);
    for ending in ["nii", "nii.gz"] {
        let outputs = Outputs::new();
        let path = folder.path().join(format!("run.{ending}"));
        let mut writer = outputs.bold(&path, &header).unwrap();
        let part = Block { volumes: 0..2, ..Block::whole(shape, 3) };
        let bold = HostBold { data: ramp(part.len()), block: part };
        writer.write_block(&bold).unwrap();
        assert_eq!(writer.write_block(&bold).unwrap_err().exit_code(), 70);
        assert_eq!(writer.finish().unwrap_err().exit_code(), 70);
    }
}

/// What our files are, for nibabel to confirm.
fn write_specimens(folder: &Path) -> Map<String, Value> {
    let mut expected = Map::new();
    let mut outputs = Outputs::new();
    let mut keep = |name: &str, header: &Header, on: &Grid, values: &[f32], version: u8| {
        // Its own text names boldly's version; the golden bytes shall outlive that.
        let header = &Header { descrip: "a specimen".into(), ..header.clone() };
        let (code, p) = header.intent.code_and_parameters();
        let time = ["unknown", "sec", "msec", "usec"][usize::from(header.xyzt_units >> 3 & 7)];
        let record = json!({
            "class": format!("Nifti{version}Header"), "dtype": "float32", "slope": 1.0,
            "shape": header.shape, "affine": on.affine, "units": ["mm", time],
            "pixdim": header.pixdim[1..5], "intent": [f64::from(code), p[0], p[1], p[2]],
            "descrip": header.descrip, "slice_code": header.slice_code, "toffset": header.toffset,
            "qform_code": header.qform_code, "sform_code": header.sform_code, "values": values,
            // The image inherited from has another qform on purpose.
            "qform_too": header.qform_code > 0 && (header.sform_code == 0 || !name.contains("inherited")),
        });
        expected.insert(name.to_string(), record);
        outputs.map(&folder.join(name), header, values).unwrap();
    };
    let on = grid([5, 4, 3]);
    let made = Header::new(&on, Some(0.72));
    let values = ramp(60);
    for (name, intent) in [
        ("none", Intent::None),
        ("t", Intent::T { dof: 187.0 }),
        ("f", Intent::F { dof1: 2.0, dof2: 186.5 }),
        ("z", Intent::Z),
        ("p", Intent::P),
        ("estimate", Intent::Estimate),
        ("other", Intent::Other { code: 2, parameters: [30.0, 0.0, 0.0] }),
    ] {
        keep(
            &format!("contrast-a.b_stat-{name}_statmap.nii.gz"),
            &made.for_map(intent),
            &on,
            &values,
            1,
        );
    }
    keep("run_bold.nii", &made.for_bold(2), &on, &ramp(120), 1);
    keep("run_bold.nii.gz", &made.for_bold(2), &on, &ramp(120), 1);
    let long = grid([32768, 1, 1]);
    keep("long.nii.gz", &Header::new(&long, None), &long, &ramp(32768), 2);
    // Inherited from another tool's header: msec, slice order, offset, sform of another code.
    let mut foreign = BoldFile::open(&goldens().join("tr_msec.nii")).unwrap();
    foreign.header.slice_code = 3;
    foreign.header.toffset = 12.5;
    let values = read_whole(&mut foreign);
    keep("inherited_bold.nii", &foreign.header.for_bold(2), &foreign.grid, &values, 1);
    keep("inherited_map.nii", &foreign.header.for_map(Intent::Z), &foreign.grid, &values[..24], 1);
    let qform = BoldFile::open(&goldens().join("qform.nii")).unwrap();
    let bold = qform.header.for_bold(1);
    keep("inherited_qform.nii", &bold, &qform.grid, &values[..24], 1);
    // Integers: multiples of the slope come back exactly.
    let steps: Vec<f32> = (0..60).map(|i| (i * 1111 % 60_000 - 30_000) as f32 * 0.25).collect();
    keep("twin.nii", &made.for_map(Intent::None), &on, &steps, 1);
    let mut record = expected["twin.nii"].clone();
    let integers = Header { descrip: "a specimen".into(), ..made.for_map(Intent::None) };
    let stored: Vec<u8> = steps.iter().flat_map(|v| ((v * 4.0) as i16).to_le_bytes()).collect();
    let how = (SampleType::I16, 0.25);
    outputs.stored(&folder.join("integers.nii.gz"), &integers, how, &stored).unwrap();
    record["dtype"] = json!("int16");
    record["slope"] = json!(0.25);
    expected.insert("integers.nii.gz".into(), record);
    outputs.commit().unwrap();
    let text = serde_json::to_string(&expected).unwrap();
    fs::write(folder.join("expected.json"), text).unwrap();
    expected
}

fn unpacked(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|e| e == "gz") {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
        out
    } else {
        bytes
    }
}

#[test]
fn nibabel_reads_every_file_we_write_header_fields_included() {
    let folder = tempfile::tempdir().unwrap();
    let expected = write_specimens(folder.path());
    let record = goldens().join("written.json");
    if let Ok(python) = std::env::var("BOLDLY_ORACLE_PYTHON") {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/nifti.py");
        let status =
            Command::new(python).arg(script).arg("check").arg(folder.path()).arg(&record).status();
        assert!(status.unwrap().success(), "nibabel disagrees, see above");
    }
    // Without nibabel: the very bytes that it has confirmed.
    let confirmed: Map<String, Value> =
        serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap();
    assert!(expected.len() >= 13);
    assert_eq!(confirmed.len(), expected.len());
    for name in expected.keys() {
        assert_eq!(
            hash::bytes(&unpacked(&folder.path().join(name))),
            confirmed[name].as_str().unwrap(),
            "{name} has other bytes than those that nibabel confirmed; \
             run this test with BOLDLY_ORACLE_PYTHON set to a Python with nibabel"
        );
    }
}

#[test]
fn the_nifti_crate_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for (name, want) in write_specimens(folder.path()) {
        if want["class"] != "Nifti1Header" {
            continue; // the crate reads NIfTI-1 only
        }
        let object = ReaderOptions::new().read_file(folder.path().join(&name)).unwrap();
        let header = object.header();
        assert_eq!(f64::from(header.intent_code), want["intent"][0].as_f64().unwrap(), "{name}");
        assert_eq!(f64::from(header.intent_p1), want["intent"][1].as_f64().unwrap(), "{name}");
        if want["dtype"] == "int16" {
            continue; // the crate scales integers in another type
        }
        let values = object.into_volume().into_nifti_typed_data::<f32>().unwrap();
        let want: Vec<f32> = floats(&want["values"]).into_iter().map(|v| v as f32).collect();
        assert_eq!(values, want, "{name}");
        read += 1;
    }
    assert!(read >= 12);
}

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
    run.set_repetition_time(1.5);
    assert_eq!(run.pixdim[4], 1500.0);
    assert_eq!(run.repetition_time("run").unwrap(), Some(1.5));
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
    let mask = read_mask(&path, &on).unwrap();
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
    moved.affine[1][3] = on.affine[1][3] + 5e-4;
    assert!(read_mask(&path, &moved).is_ok());
    values[4] = 0.25;
    write_map(&path, &on, &values);
    refused(&path, &on, "0.25 at voxel (1, 1, 0)");
    write_map(&path, &on, &[0.0; 12]);
    refused(&path, &on, "empty");
    assert_eq!(read_mask(&folder.path().join("none.nii"), &on).unwrap_err().exit_code(), 66);
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

/// Times reading and writing of the size that SPEED.md names; run by hand, optimised.
#[test]
#[ignore = "a measurement, not a check"]
fn the_time_that_reading_and_writing_take() {
    let folder = tempfile::tempdir().unwrap();
    let (shape, n) = ([64, 64, 36], 200);
    let header = Header::new(&grid(shape), Some(2.0)).for_bold(n);
    let block = Block::whole(shape, n);
    let bold = HostBold { data: ramp(block.len()), block: block.clone() };
    for ending in ["nii", "nii.gz"] {
        let path = folder.path().join(format!("run.{ending}"));
        for _ in 0..3 {
            let _ = fs::remove_file(&path);
            let start = std::time::Instant::now();
            let mut outputs = Outputs::new();
            let mut writer = outputs.bold(&path, &header).unwrap();
            writer.write_block(&bold).unwrap();
            writer.finish().unwrap();
            outputs.commit().unwrap();
            let written = start.elapsed();
            let start = std::time::Instant::now();
            let mut file = BoldFile::open(&path).unwrap();
            let read = file.read(&block).unwrap();
            let read_in = start.elapsed();
            file.sha256().unwrap();
            let hashed = start.elapsed();
            assert!(read.data == bold.data);
            let size = fs::metadata(&path).unwrap().len();
            println!(
                "{ending}: wrote {written:?}, read {read_in:?}, hashed {hashed:?}, {size} bytes"
            );
        }
    }
    let plain = folder.path().join("run.nii");
    let start = std::time::Instant::now();
    let mut file = BoldFile::open(&plain).unwrap();
    for first in (0..36).step_by(6) {
        let planes = first..first + 6;
        file.read(&Block { planes: planes.clone(), core: planes, ..block.clone() }).unwrap();
    }
    println!("six slabs of six planes: {:?}", start.elapsed());
}
