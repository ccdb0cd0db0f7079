//! The good dataset that the cases spoil, and how each is spoiled. Images are written by hand, so that the test does not
//! lean on what it tests.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Extents of the good run.
pub const SHAPE: [usize; 4] = [6, 5, 4, 40];
const TR: f64 = 2.0;

pub fn listing(dir: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    paths.sort();
    paths
}

pub fn value(n: usize) -> f32 {
    let hash = (n as u32).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(0x9E37_79B1);
    1000.0 + (hash >> 16) as f32 / 4096.0
}

pub fn good_dataset(dir: &Path) {
    nifti(dir, "bold.nii", &SHAPE, 3.0, value);
    nifti(dir, "mask.nii", &SHAPE[..3], 3.0, |_| 1.0);
    sidecar(dir, "[0, 0.5, 1.0, 1.5]");
    text(
        dir,
        "events.tsv",
        "onset\tduration\ttrial_type\n4\t15\tpain\n34\t15\tcontrol\n55\t15\tpain\n",
    );
    let rows: String = (0..SHAPE[3]).map(|n| format!("{}\n", (n as f64 * 0.7).sin())).collect();
    text(dir, "confounds.tsv", &format!("trans_x\n{rows}"));
    physio(dir, 90.0, 50.0, true);
    fs::create_dir(dir.join("empty")).expect("a folder");
}

pub fn remove(dir: &Path, name: &str) {
    fs::remove_file(dir.join(name)).expect("it was there");
}

pub fn copy(dir: &Path, from: &str, to: &str) {
    fs::copy(dir.join(from), dir.join(to)).expect("it was there");
}

/// A second run like the first, but for its last value.
pub fn second_run(dir: &Path) {
    let mut bytes = fs::read(dir.join("bold.nii")).expect("it was there");
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&1234.5_f32.to_le_bytes());
    fs::write(dir.join("second_bold.nii"), bytes).expect("a writable folder");
    copy(dir, "bold.json", "second_bold.json");
}

pub fn text(dir: &Path, name: &str, content: &str) {
    fs::write(dir.join(name), content).expect("a writable folder");
}

pub fn folder(dir: &Path, name: &str) {
    fs::create_dir(dir.join(name)).expect("a writable folder");
}

/// The file with `.gz`, in its place.
pub fn gzipped(dir: &Path, name: &str) {
    let bytes = gzip(&fs::read(dir.join(name)).expect("it was there"));
    fs::write(dir.join(format!("{name}.gz")), bytes).expect("a writable folder");
    remove(dir, name);
}

pub fn cut(dir: &Path, name: &str, bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(dir.join(name)).expect("it was there");
    file.set_len(bytes).expect("a writable file");
}

pub fn sidecar(dir: &Path, slice_timing: &str) {
    text(
        dir,
        "bold.json",
        &format!("{{\"RepetitionTime\": {TR}, \"SliceTiming\": {slice_timing}}}"),
    );
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

pub fn truncated_gz(dir: &Path) {
    let mut bytes = gzip(&fs::read(dir.join("bold.nii")).expect("it was there"));
    bytes.truncate(bytes.len() / 2);
    fs::write(dir.join("bold.nii.gz"), bytes).expect("a writable folder");
    copy(dir, "bold.json", "bold.json.bak");
    remove(dir, "bold.nii");
}

pub fn na_confounds(dir: &Path) {
    let rows: String = (1..SHAPE[3]).map(|n| format!("{n}\n")).collect();
    text(dir, "confounds.tsv", &format!("trans_x\nn/a\n{rows}"));
}

pub fn physio_json(dir: &Path, sampling: f64, cardiac: bool) {
    let columns =
        if cardiac { "\"cardiac\", \"respiratory\"" } else { "\"other\", \"respiratory\"" };
    text(
        dir,
        "physio.json",
        &format!(
            "{{\"SamplingFrequency\": {sampling}, \"StartTime\": 0, \"Columns\": [{columns}]}}"
        ),
    );
}

pub fn physio(dir: &Path, seconds: f64, sampling: f64, cardiac: bool) {
    physio_json(dir, sampling, cardiac);
    recording(dir, "physio.tsv.gz", (seconds, sampling), 1.1);
}

/// The recording of a second run.
pub fn second_physio(dir: &Path) {
    copy(dir, "physio.json", "other.json");
    recording(dir, "other.tsv.gz", (90.0, 50.0), 1.23);
}

/// Samples of a heart of this rate.
fn recording(dir: &Path, name: &str, (seconds, sampling): (f64, f64), beats_hz: f64) {
    let mut rows = String::new();
    for n in 0..(seconds * sampling) as usize {
        let t = n as f64 / sampling;
        let beat = 2.0 * std::f64::consts::PI * beats_hz * t + 0.3 * (0.2 * t).sin();
        let breath = 2.0 * std::f64::consts::PI * 0.25 * beats_hz * t;
        rows.push_str(&format!("{:.5}\t{:.5}\n", (4.0 * (beat.cos() - 1.0)).exp(), breath.sin()));
    }
    fs::write(dir.join(name), gzip(rows.as_bytes())).expect("a writable folder");
}

pub fn twin_columns(dir: &Path) {
    design(dir, "a\tb\tconstant", |n| format!("{n}\t{n}\t1"));
}

/// A ready design: its header, and the line of each volume.
pub fn design(dir: &Path, header: &str, row: impl Fn(usize) -> String) {
    let rows: Vec<String> = (0..SHAPE[3]).map(row).collect();
    text(dir, "design.tsv", &format!("{header}\n{}\n", rows.join("\n")));
}

pub fn wide_design(dir: &Path) {
    let names: Vec<String> = (0..41).map(|c| format!("c{c}")).collect();
    let row = |n: usize| {
        let cells: Vec<String> = (0..41).map(|c| value(n * 41 + c).to_string()).collect();
        cells.join("\t")
    };
    design(dir, &names.join("\t"), row);
}

/// A float32 NIfTI-1 file written by hand, so that the test does not lean on what it tests.
pub fn nifti(dir: &Path, name: &str, shape: &[usize], mm: f32, value: impl Fn(usize) -> f32) {
    let mut header = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    put(40, &(shape.len() as i16).to_le_bytes());
    for axis in 0..7 {
        let n = shape.get(axis).map_or(1, |&n| n as i16);
        put(42 + 2 * axis, &n.to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    for (axis, size) in [1.0, mm, mm, mm, TR as f32].into_iter().enumerate() {
        put(76 + 4 * axis, &f32::to_le_bytes(size));
    }
    put(108, &352_f32.to_le_bytes());
    put(123, &[2 + 8]);
    put(254, &1_i16.to_le_bytes());
    for row in 0..3 {
        put(280 + 16 * row + 4 * row, &mm.to_le_bytes());
    }
    put(344, b"n+1\0");
    let n: usize = shape.iter().product();
    let mut bytes = header;
    (0..n).for_each(|v| bytes.extend(value(v).to_le_bytes()));
    fs::write(dir.join(name), bytes).expect("a writable folder");
}
