//! The example that ships with boldly is what `boldly simulate bench-data` makes now, and what is written reads back.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use boldly::io::{self, BoldFile, Header, Outputs, sample::SampleType};
use boldly::simulate::write::{Content, Stored, files_while, paths};
use boldly::simulate::{self, Spec};
use boldly::volume::Block;

/// What is wrong with a file, if anything.
fn fault(folder: &Path, path: &str, content: &Content) -> Option<String> {
    let at = folder.join(path);
    let bytes = match std::fs::read(&at) {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("{path}: {error}")),
    };
    let bytes = if path.ends_with(".gz") { gunzip(&bytes) } else { bytes };
    match content {
        Content::Text(text) | Content::GzText(text) => {
            (bytes != text.as_bytes()).then(|| format!("{path}: the text differs"))
        }
        Content::Image(image) => {
            let want = image.bytes();
            let differ = bytes.len() != want.len() + 352 || bytes[352..] != want;
            differ.then(|| format!("{path}: the stored voxels differ"))
        }
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).expect("a gzip file");
    out
}

fn files_below(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files_below(&entry.path(), all);
        } else {
            all.push(entry.path());
        }
    }
}

#[test]
fn the_shipped_example_is_what_simulate_makes_now_and_has_5_mb_at_most() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench-data");
    let study = simulate::run(&Spec::default()).unwrap();
    let want = files_while(&study, "boldly simulate bench-data", &|| Ok(())).unwrap();
    let faults: Vec<String> =
        want.iter().filter_map(|(path, content)| fault(&folder, path, content)).collect();
    assert!(
        faults.is_empty(),
        "bench-data differs; make it again with `cargo run --release -- simulate bench-data`:\n{}",
        faults.join("\n")
    );
    let mut there = Vec::new();
    files_below(&folder, &mut there);
    let there: BTreeSet<PathBuf> = there.into_iter().collect();
    let want: BTreeSet<PathBuf> = want.iter().map(|(path, _)| folder.join(path)).collect();
    let more: Vec<_> = there.difference(&want).collect();
    assert!(more.is_empty(), "bench-data holds more than simulate makes: {more:?}");
    let size: u64 = there.iter().map(|f| std::fs::metadata(f).unwrap().len()).sum();
    assert!(size <= 5_000_000, "{size} bytes");
}

#[test]
fn a_study_that_was_written_reads_back() {
    let spec =
        Spec { shape: [20, 24, 16], voxel_size_mm: [8.0; 3], n_volumes: 40, ..Spec::default() };
    let study = simulate::run(&spec).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut outputs = Outputs::new();
    let all = files_while(&study, "boldly simulate", &|| Ok(())).unwrap();
    for (path, content) in &all {
        let path = folder.path().join(path);
        match content {
            Content::Text(text) => outputs.text(&path, text).unwrap(),
            Content::GzText(text) => outputs.compressed(&path, text.as_bytes()).unwrap(),
            Content::Image(image) => {
                let header = Header::new(&image.grid, image.tr);
                let header = match image.tr {
                    Some(_) => header.for_bold(image.n_volumes),
                    None => header,
                };
                let sample = SampleType::from_code(image.stored.datatype()).unwrap();
                let stored = (sample, image.stored.slope());
                outputs.stored(&path, &header, stored, &image.bytes()).unwrap();
            }
        }
    }
    outputs.commit().unwrap();
    let at = |path: &str| folder.path().join(path);

    let mut bold = BoldFile::open(&at(paths::BOLD)).unwrap();
    assert_eq!((bold.n_volumes, bold.tr, bold.grid.shape), (40, Some(2.0), spec.shape));
    assert!(bold.grid.affine_difference_mm(&study.grid) < 1e-4);
    let read = bold.read(&Block::whole(spec.shape, 40)).unwrap();
    let step = match all.iter().find(|f| f.0 == paths::BOLD).map(|f| &f.1) {
        Some(Content::Image(image)) => image.stored,
        _ => panic!("no run"),
    };
    assert_eq!(step, Stored::UInt8 { slope: 7.5 });
    assert_eq!(read.data.len(), study.bold.len());
    let worst = read
        .data
        .iter()
        .zip(&study.bold)
        .map(|(r, s)| f64::from((r - s).abs()))
        .fold(0.0, f64::max);
    assert!(worst > 0.0 && worst <= 3.7501, "{worst}, half a step is 3.75");

    let mask = io::read_mask(&at(paths::MASK), &bold.grid).unwrap().mask;
    assert_eq!(mask.inside, study.mask.inside);
    let (_, _, pain) = io::read_map(&at(paths::TRUE_PAIN)).unwrap();
    let off = pain.iter().zip(&study.truth.pain).map(|(r, s)| (r - s).abs()).fold(0.0, f32::max);
    assert!(off > 0.0 && off <= 0.03126, "{off}");

    let events = io::tsv::read(&at(paths::EVENTS)).unwrap();
    assert_eq!((events.columns, events.rows), (study.events.columns, study.events.rows));
    let confounds = io::tsv::read(&at(paths::CONFOUNDS)).unwrap();
    assert_eq!(confounds.rows, study.confounds.rows);
    let recording = io::physio::read(&at(paths::PHYSIO)).unwrap();
    assert_eq!(recording.cardiac, study.recording.cardiac);
    assert_eq!(recording.respiratory, study.recording.respiratory);
    assert_eq!(recording.trigger, study.recording.trigger);
    let sidecar = io::sidecar::find(&at(paths::BOLD), None).unwrap();
    let acquisition = io::acquisition(&bold, &sidecar, None, None).unwrap();
    assert_eq!(acquisition, study.acquisition);
}
