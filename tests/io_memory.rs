//! What a compressed run holds in memory between two reads, and that the values do not depend on it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::path::{Path, PathBuf};

use boldly::io::{BoldFile, hash};
use boldly::volume::Block;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/io").join(name)
}

const PACKED: [&str; 4] =
    ["gz_one_i2.nii.gz", "gz_members_f4.nii.gz", "gz_one_f8.nii.gz", "packed.hdr.gz"];

/// Blocks of planes and volumes, an empty one and the whole run among them.
fn blocks(bold: &BoldFile) -> Vec<Block> {
    let whole = Block::whole(bold.grid.shape, bold.n_volumes);
    let nk = bold.grid.shape[2];
    let mut all = Vec::new();
    for planes in [0..1, 1..3, nk - 1..nk, 0..nk] {
        for volumes in [1..2, 0..0, 0..bold.n_volumes] {
            let core = planes.clone();
            all.push(Block { planes: planes.clone(), core, volumes, ..whole.clone() });
        }
    }
    all
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| if v.is_nan() { u32::MAX } else { v.to_bits() }).collect()
}

#[test]
fn a_run_that_exceeds_what_is_granted_is_read_from_disk_and_reads_the_same() {
    for name in PACKED {
        let (mut free, mut tight) =
            (BoldFile::open(&golden(name)).unwrap(), BoldFile::open(&golden(name)).unwrap());
        let needed = tight.unpacked_bytes();
        assert!(needed > 0, "{name}");
        tight.grant(Some(needed - 1));
        for block in blocks(&free) {
            let (want, got) = (free.read(&block).unwrap(), tight.read(&block).unwrap());
            assert_eq!(bits(&got.data), bits(&want.data), "{name} {block:?}");
            assert_eq!(tight.resident_bytes(), 0, "{name} {block:?}");
        }
        let data = if name == "packed.hdr.gz" { "packed.img.gz" } else { name };
        assert_eq!(tight.checksum().unwrap(), hash::file(&golden(data)).unwrap(), "{name}");
    }
}

#[test]
fn a_run_that_is_unpacked_ahead_reads_the_same_and_a_damaged_one_still_says_why() {
    for name in PACKED {
        let mut plain = BoldFile::open(&golden(name)).unwrap();
        for block in blocks(&plain) {
            let mut ahead = BoldFile::open(&golden(name)).unwrap();
            ahead.prefetch();
            let (want, got) = (plain.read(&block).unwrap(), ahead.read(&block).unwrap());
            assert_eq!(bits(&got.data), bits(&want.data), "{name} {block:?}");
            assert_eq!(ahead.checksum().unwrap(), plain.checksum().unwrap(), "{name}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.nii.gz");
    let bytes = fs::read(golden(PACKED[0])).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    let mut cut = BoldFile::open(&path).unwrap();
    cut.prefetch();
    let whole = Block::whole(cut.grid.shape, cut.n_volumes);
    let why = cut.read(&whole).unwrap_err().to_string();
    assert!(why.contains("cut.nii.gz"), "{why}");
}

#[test]
fn a_run_within_what_is_granted_is_held_in_as_many_bytes_as_it_says() {
    for name in PACKED {
        for granted in [None, Some(u64::MAX)] {
            let mut bold = BoldFile::open(&golden(name)).unwrap();
            bold.grant(granted);
            let block = Block { volumes: 0..1, ..Block::whole(bold.grid.shape, bold.n_volumes) };
            let first = bold.read(&block).unwrap();
            let (held, said) = (bold.resident_bytes(), bold.unpacked_bytes());
            // The header, and what is rounded up to whole values.
            assert!(held >= said && held <= said + 4096, "{name}: {held} held, {said} said");
            bold.release();
            assert_eq!(bold.resident_bytes(), 0, "{name}");
            assert_eq!(bits(&bold.read(&block).unwrap().data), bits(&first.data), "{name}");
        }
    }
}

#[test]
fn a_grant_of_nothing_and_a_release_between_reads_change_no_value() {
    for name in PACKED {
        let mut bold = BoldFile::open(&golden(name)).unwrap();
        let block = Block { volumes: 1..2, ..Block::whole(bold.grid.shape, bold.n_volumes) };
        let want = bold.read(&block).unwrap();
        bold.release();
        bold.grant(Some(0));
        let got = bold.read(&block).unwrap();
        assert_eq!(bits(&got.data), bits(&want.data), "{name}");
        bold.reuse(got.data);
        assert_eq!(bold.resident_bytes(), 4 * want.data.len() as u64, "the spare block");
        bold.release();
        assert_eq!(bits(&bold.read(&block).unwrap().data), bits(&want.data), "{name}");
    }
}

#[test]
fn what_is_not_compressed_holds_nothing_and_heeds_no_grant() {
    let mut bold = BoldFile::open(&golden("n1_le_f4.nii")).unwrap();
    bold.grant(Some(0));
    let block = Block { volumes: 1..2, ..Block::whole(bold.grid.shape, bold.n_volumes) };
    assert!(!bold.read(&block).unwrap().data.is_empty());
    assert_eq!((bold.unpacked_bytes(), bold.resident_bytes()), (0, 0));
}

#[test]
fn a_damaged_run_is_refused_alike_in_memory_and_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(golden("gz_one_i2.nii.gz")).unwrap();
    let mut flipped = bytes.clone();
    let at = flipped.len() - 6; // in the checksum
    flipped[at] ^= 1;
    for (name, bytes) in [("cut.nii.gz", &bytes[..bytes.len() - 20]), ("flipped.nii.gz", &flipped)]
    {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let read = |granted| {
            let mut bold = BoldFile::open(&path).unwrap();
            bold.grant(granted);
            let block = Block { volumes: 0..1, ..Block::whole(bold.grid.shape, bold.n_volumes) };
            let error = bold.read(&block).unwrap_err();
            assert_eq!(error.exit_code(), 65);
            error.to_string()
        };
        assert_eq!(read(None), read(Some(0)), "{name}");
    }
}
