//! Damaged images: each is refused with its class and a message that names the trouble; none panics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use boldly::io::{BoldFile, Outputs, read_map};
use boldly::volume::Block;

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/io");
    fs::read(folder.join(name)).unwrap()
}

/// Opens and reads all of a run.
fn read(path: &Path) -> boldly::Result<usize> {
    let mut bold = BoldFile::open(path)?;
    let block = Block::whole(bold.grid.shape, bold.n_volumes);
    let n = bold.read(&block)?.data.len();
    bold.checksum()?;
    Ok(n)
}

/// The exit code and message of a run made of `bytes`; fails where it reads or panics.
fn refusal(name: &str, bytes: &[u8]) -> (u8, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    match read(&path) {
        Ok(n) => panic!("{name} was read: {n} values"),
        Err(e) => (e.exit_code(), e.to_string()),
    }
}

fn with(bytes: &[u8], offset: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[offset..offset + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn each_kind_of_damage_is_named() {
    let n1 = golden("n1_le_i2.nii");
    let big = golden("n1_be_i2.nii");
    let n2 = golden("n2_le_i2.nii");
    let gz = golden("gz_one_i2.nii.gz");
    let f8 = golden("gz_one_f8.nii.gz");
    let short = |v: i16| v.to_le_bytes();
    let float = |v: f32| v.to_le_bytes();
    let middle = gz.len() / 2;
    let flipped = |bytes: &[u8], at: usize| with(bytes, at, &[bytes[at] ^ 0x55]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty.nii", vec![], "is empty"),
        ("text.nii", b"hello, this is no image".to_vec(), "not a NIfTI image"),
        ("annex.nii.gz", b"/annex/objects/MD5E-s1--abc.nii.gz\n".to_vec(), "datalad get"),
        ("lfs.nii", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "git lfs pull"),
        ("page.nii.gz", b"<!DOCTYPE html><html>".to_vec(), "web page"),
        ("short.nii", n1[..200].to_vec(), "holds 200 bytes"),
        ("short2.nii", n2[..500].to_vec(), "holds 500 bytes"),
        ("analyze.nii", with(&n1, 344, &[0; 4]), "ANALYZE"),
        ("magic2.nii", with(&n2, 4, &[0; 8]), "NIfTI-2"),
        ("pair.nii", with(&n1, 344, b"ni1\0"), "header of a pair"),
        ("truncated.nii", n1[..n1.len() - 1].to_vec(), "holds 447 bytes; it must hold 448"),
        ("header.nii", n1[..352].to_vec(), "truncated"),
        ("complex.nii", with(&n1, 70, &short(32)), "complex64"),
        ("rgb.nii", with(&n1, 70, &short(128)), "RGB24"),
        ("float128.nii", with(&n1, 70, &short(1536)), "float128"),
        ("odd.nii", with(&n1, 70, &short(77)), "undefined"),
        ("axes0.nii", with(&n1, 40, &short(0)), "0 axes"),
        ("axes9.nii", with(&n1, 40, &short(9)), "9 axes"),
        ("axes9be.nii", with(&big, 40, &9_i16.to_be_bytes()), "9 axes"),
        ("negative.nii", with(&n1, 44, &short(-2)), "extent -2"),
        ("zero.nii", with(&n1, 48, &short(0)), "extent 0"),
        ("3d.nii", with(&n1, 40, &short(3)), "3-D image"),
        ("5d.nii", with(&with(&n1, 40, &short(5)), 50, &short(2)), "3x2x4x2x2"),
        ("huge.nii", with(&n1, 42, &short(i16::MAX)), "truncated"),
        (
            "monster.nii",
            with(&n1, 40, &[7, 0, 255, 127, 255, 127, 255, 127, 255, 127, 255, 127, 255, 127]),
            "address space",
        ),
        ("monster2.nii", with(&n2, 24, &i64::MAX.to_le_bytes()), "address space"),
        ("far2.nii", with(&n2, 168, &i64::MAX.to_le_bytes()), "begin at byte"),
        ("offset.nii", with(&n1, 108, &float(100.0)), "begin at byte 100"),
        ("offset_nan.nii", with(&n1, 108, &float(f32::NAN)), "begin at byte NaN"),
        ("offset_far.nii", with(&n1, 108, &float(1e9)), "truncated"),
        ("inter.nii", with(&n1, 112, &[float(2.0), float(f32::NAN)].concat()), "scl_inter"),
        ("affine_nan.nii", with(&n1, 280, &float(f32::NAN)), "sform"),
        ("affine_flat.nii", with(&n1, 280, &[0; 48]), "sform"),
        ("quaternion.nii", with(&with(&n1, 254, &short(0)), 256, &float(3.0)), "no rotation"),
        ("cut.nii.gz", gz[..middle].to_vec(), "gzip file that ends too early"),
        ("cut_trailer.nii.gz", gz[..gz.len() - 3].to_vec(), "gzip file that ends too early"),
        ("cut_header.nii.gz", gz[..30].to_vec(), "gzip"),
        ("crc.nii.gz", flipped(&gz, gz.len() - 7), "damaged gzip"),
        ("crc_f8.nii.gz", flipped(&f8, f8.len() - 7), "damaged gzip"),
        (
            "few.nii.gz",
            boldly::io::gzip(&n1[..400]),
            "holds 400 bytes uncompressed; it must hold 448",
        ),
        (
            "bomb.nii.gz",
            boldly::io::gzip(&with(&n1, 42, &[255, 127, 255, 127, 255, 127])),
            "truncated",
        ),
    ];
    assert!(cases.len() > 35);
    for (name, bytes, word) in cases {
        let (code, message) = refusal(name, &bytes);
        assert_eq!(code, 65, "{name}: {message}");
        assert!(message.contains(word), "{name}: '{word}' is not in: {message}");
        assert!(message.contains(name), "{name} is not named in: {message}");
    }
}

#[test]
fn absent_files_folders_and_halves_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = read(&at("none.nii")).unwrap_err();
    assert_eq!((error.exit_code(), error.to_string().contains("does not exist")), (66, true));
    fs::create_dir(at("folder.nii")).unwrap();
    let error = read(&at("folder.nii")).unwrap_err();
    assert_eq!((error.exit_code(), error.to_string().contains("is a folder")), (65, true));
    fs::write(at("alone.hdr"), golden("pair.hdr")).unwrap();
    let error = read(&at("alone.hdr")).unwrap_err();
    assert_eq!((error.exit_code(), error.to_string().contains("alone.img")), (66, true), "{error}");
    let error = read(&at("absent.img.gz")).unwrap_err();
    assert!(error.to_string().contains("absent.img.gz"), "{error}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("annex/content"), at("link.nii.gz")).unwrap();
        let error = read(&at("link.nii.gz")).unwrap_err();
        assert!(error.to_string().contains("datalad get"), "{error}");
    }
}

#[test]
fn a_compressed_half_goes_with_a_plain_one_and_case_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::write(at("a.hdr"), golden("pair.hdr")).unwrap();
    fs::write(at("a.img.gz"), boldly::io::gzip(&golden("pair.img"))).unwrap();
    fs::write(at("B.HDR"), golden("pair.hdr")).unwrap();
    fs::write(at("B.IMG"), golden("pair.img")).unwrap();
    // A name that says .gz about bytes that are not, and the reverse.
    fs::write(at("plain.nii.gz"), golden("n1_le_i2.nii")).unwrap();
    fs::write(at("packed.nii"), golden("gz_one_i2.nii.gz")).unwrap();
    for name in ["a.hdr", "a.img.gz", "B.HDR", "B.IMG", "plain.nii.gz", "packed.nii"] {
        let n = read(&at(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(n > 0);
    }
}

#[test]
fn every_prefix_of_an_image_is_refused() {
    for name in ["n1_le_i2.nii", "n2_be_f8.nii", "gz_one_u1.nii.gz"] {
        let whole = golden(name);
        let step = if name.ends_with(".gz") { 7 } else { 1 };
        for length in (0..whole.len()).step_by(step) {
            let (code, message) = refusal(name, &whole[..length]);
            assert_eq!(code, 65, "{length} bytes of {name}: {message}");
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 20_261_122_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for name in
        ["n1_le_i2.nii", "n1_be_f8.nii", "n2_le_u1.nii", "gz_one_u1.nii.gz", "gz_members_i2.nii.gz"]
    {
        let whole = golden(name);
        let path = folder.path().join(name);
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(4) {
                // The header twice as often as all of it.
                let end = if random(3) == 0 { bytes.len() } else { bytes.len().min(548) };
                bytes[random(end)] = random(256) as u8;
            }
            fs::write(&path, &bytes).unwrap();
            let result = catch_unwind(|| {
                let _ = read_map(&path);
                read(&path)
            });
            match result {
                Ok(Ok(_)) => {}
                Ok(Err(e)) => {
                    refused += 1;
                    assert_eq!(e.exit_code(), 65, "{e}");
                }
                Err(_) => panic!("{name} panics with {bytes:?}"),
            }
        }
    }
    assert!(refused > 300, "{refused} refused");
}

#[test]
fn a_file_that_shrinks_after_it_was_opened_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.nii");
    fs::write(&path, golden("n1_le_i2.nii")).unwrap();
    let mut bold = BoldFile::open(&path).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(360).unwrap();
    let block = Block::whole(bold.grid.shape, bold.n_volumes);
    assert_eq!(bold.read(&block).unwrap_err().exit_code(), 65);
}

#[test]
fn images_need_an_ending_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let bold = folder.path().join("in.nii");
    fs::write(&bold, golden("n1_le_i2.nii")).unwrap();
    let header = BoldFile::open(&bold).unwrap().header;
    let error = Outputs::new().bold(&folder.path().join("out.img"), &header).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
}
