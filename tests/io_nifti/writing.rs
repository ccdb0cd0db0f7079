//! Runs written in blocks.

use boldly::io::{BoldWriter, Header, Outputs};
use boldly::volume::HostBold;

use super::*;

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
        writer.write_block(&HostBold::new(block.clone(), data)).unwrap();
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
        let data = ramp(part.len());
        let bold = HostBold::new(part, data);
        writer.write_block(&bold).unwrap();
        assert_eq!(writer.write_block(&bold).unwrap_err().exit_code(), 70);
        assert_eq!(writer.finish().unwrap_err().exit_code(), 70);
    }
}

/// Times reading and writing of the size that SPEED.md names; run by hand, optimised.
#[test]
#[ignore = "a measurement, not a check"]
fn the_time_that_reading_and_writing_take() {
    let folder = tempfile::tempdir().unwrap();
    let (shape, n) = ([64, 64, 36], 200);
    let header = Header::new(&grid(shape), Some(2.0)).for_bold(n);
    let block = Block::whole(shape, n);
    let bold = HostBold::new(block.clone(), ramp(block.len()));
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
            file.checksum().unwrap();
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
