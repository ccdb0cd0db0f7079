//! What each fuzz target does with its bytes: read them as a file of some kind and go on to what is made of it. An input
//! may be refused with a message; it may not panic, hang, take memory out of proportion, or become a column of zeros.
//! `tests/fuzz_corpus.rs` replays the corpus through the same functions.

use std::path::{Path, PathBuf};

use boldly::design::{self, DesignSpec, NaPolicy, contrast};
use boldly::io::physio::{Format, PlacedBy, Scan, read_run};
use boldly::io::{self, BoldFile};
use boldly::physio::{
    Align, BadStretches, Channel, Peaks, Terms, Treatment, align, retroicor_from,
};
use boldly::pipeline::{peak_table, provenance};
use boldly::recording::{Acquisition, Recording};
use boldly::volume::Block;
use boldly::{Error, Result};

/// A target: its name, which is that of its folder in `corpus`, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("physio_log", physio_log),
    ("peak_table", peak_table),
    ("tables", tables),
    ("nifti", nifti),
    ("expressions", expressions),
];

const TR: f64 = 1.5;
const N_VOLUMES: usize = 8;

/// Logs: name, `--physio-format`, and the name of the file that the second part of the input becomes.
const LOGS: [(&str, &str, &str); 14] = [
    ("run.puls", "auto", "run.ext"),
    ("run.resp", "auto:start=-2", "run.ext"),
    ("run.ecg", "auto:start=-2:hz=50", "run.ext"),
    ("run.ext", "auto", "run.puls"),
    ("Physio_PULS.log", "auto", "Physio_Info.log"),
    ("Physio_RESP.log", "auto:start=-2", "Physio_Info.log"),
    ("Physio_Info.log", "auto", "Physio_PULS.log"),
    ("PPGData_x", "ge:hz=20", "RESPData_x"),
    ("RESPData_x", "ge:hz=20:start=-2", "PPGData_x"),
    ("SCANPHYSLOG1.log", "philips:hz=20", ""),
    ("a.1D", "afni-1d:hz=20:columns=cardiac:start=-2", ""),
    ("pnm.txt", "fsl-pnm:hz=20:columns=trigger,respiratory,cardiac", ""),
    ("c.csv", "columns:hz=20:columns=-,respiratory,cardiac:start=-2", ""),
    ("x_physio.tsv", "auto", "x_physio.json"),
];

/// The first byte chooses the format, the rest is the log: through the reader and the alignment to the columns.
pub fn physio_log(bytes: &[u8]) {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let (name, format, beside) = LOGS[which as usize % LOGS.len()];
    let (log, second) = halves(bytes);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut paths = vec![put(folder.path(), name, log)];
    if let Some(second) = second.filter(|_| !beside.is_empty()) {
        let second = put(folder.path(), beside, second);
        // The JSON and the Info.log are found beside the log.
        if !beside.ends_with(".json") && beside != "Physio_Info.log" {
            paths.push(second);
        }
    }
    let scan = Scan {
        tr: TR,
        n_volumes: N_VOLUMES,
        n_slices: Some(3),
        first_volume_of_day_s: Some(43_200.0),
        placed_by: PlacedBy::Themselves,
    };
    let format: Format = format.parse().expect("a format");
    let Some(logs) = told(
        read_run(&paths, &[format], &scan),
        &["x_", "run.", "Data_", name, beside, "--physio"],
    ) else {
        return;
    };
    let mut run = acquisition();
    if let Some(timing) = logs.timing {
        run.slice_times = Some(timing.slice_times);
    }
    for by in [Align::StartTime, Align::End] {
        if let Some((recording, _)) = told(align(logs.recording.clone(), &run, by, 0), &[]) {
            columns(&recording, &Peaks::default(), &run);
        }
    }
}

/// A peak table: what is read can be written and read again without a change, and used.
pub fn peak_table(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = put(folder.path(), "peaks.tsv", bytes);
    let Some(peaks) = told(peak_table::read(&path), &["peaks.tsv"]) else { return };
    let written = io::tsv::write_string(&peak_table::table(&peaks));
    put(folder.path(), "peaks.tsv", written.as_bytes());
    assert_eq!(peak_table::read(&path).expect("what was written"), peaks);
    let of = |channel| told(peaks.times_s(channel), &["peaks.tsv"]);
    if of(Channel::Respiratory).is_some() && of(Channel::Cardiac).flatten().is_some() {
        columns(&Recording::default(), &peaks, &acquisition());
    }
}

/// A BIDS table as events, confounds, design and slice times, and the JSON behind it as sidecars.
pub fn tables(bytes: &[u8]) {
    let (table, json) = halves(bytes);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = put(folder.path(), "t.tsv", table);
    told(io::slice_times::read(&path), &["t.tsv"]);
    if let Some(table) = told(io::tsv::read(&path), &["t.tsv"]) {
        let run = acquisition();
        if let Some(events) = told(design::events::from_table(&table, None), &["t.tsv"]) {
            let mut spec = DesignSpec::new(run.frame_times(), TR);
            spec.events = events.events;
            spec.events_name = table.name.clone();
            if let Some(design) = told(design::build(&spec), &[]) {
                assert!(design.matrix.iter().all(|v| v.is_finite()));
            }
        }
        let all = ["*".to_string()];
        if let Some(chosen) =
            told(design::confounds::select(&table, &all, table.rows.len(), NaPolicy::Mean), &[])
        {
            assert!(chosen.values.iter().all(|v| v.is_finite()));
        }
        told(design::from_table(&table, table.rows.len()), &[]);
    }
    if let Some(json) = json {
        let json = put(folder.path(), "s.json", json);
        told(io::sidecar::find(&folder.path().join("s.nii"), Some(&json)), &["s.json"]);
        told(provenance::read(&json), &["s.json"]);
    }
}

/// An image: its header and all its values.
pub fn nifti(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = put(folder.path(), "i.nii", bytes);
    if let Some(mut image) = told(BoldFile::open_image(&path), &["i.nii"]) {
        let whole = Block::whole(image.grid.shape, image.n_volumes);
        if let Some(bold) = told(image.read(&whole), &["i.nii"]) {
            assert_eq!(bold.data.len(), whole.len());
            assert!(image.grid.affine.iter().flatten().all(|v| v.is_finite()));
        }
    }
    told(io::read_map(&path), &["i.nii"]);
}

/// A contrast over columns that the second part names, a line each; the first part also as `--terms` and
/// `--physio-format`, which must come back as they are written.
pub fn expressions(bytes: &[u8]) {
    let (text, names) = halves(bytes);
    let (Ok(text), Ok(names)) = (str::from_utf8(text), str::from_utf8(names.unwrap_or(b"a\nb")))
    else {
        return;
    };
    let names: Vec<String> = names.lines().map(str::to_owned).collect();
    if let Some(contrast) = told(contrast::parse_named(text), &["contrast"]) {
        for rows in [
            told(contrast::parse_t(&contrast.expression, &names), &["contrast"])
                .map(|row| row.into_raw_vec_and_offset().0),
            told(contrast::parse_f(&contrast.expression, &names), &["contrast"])
                .map(|rows| rows.into_raw_vec_and_offset().0),
        ] {
            assert!(rows.is_none_or(|w| w.iter().all(|w| w.is_finite())));
        }
    }
    if let Ok(terms) = text.parse::<Terms>() {
        assert_eq!(terms.to_string().parse::<Terms>().expect("as written"), terms);
        assert_eq!(terms.names().len(), terms.n_columns());
    }
    if let Ok(format) = text.parse::<Format>() {
        assert_eq!(format.to_string().parse::<Format>().expect("as written"), format);
    }
}

fn acquisition() -> Acquisition {
    Acquisition {
        tr: TR,
        n_volumes: N_VOLUMES,
        slice_times: Some(vec![0.0, 1.0, 0.5]),
        start_time: 0.0,
    }
}

/// The columns of what there is: finite, and none of them zero throughout.
fn columns(recording: &Recording, peaks: &Peaks, run: &Acquisition) {
    let cardiac = recording.cardiac.is_some() || !peaks.peaks.is_empty();
    let terms = match (cardiac, recording.respiratory.is_some()) {
        (true, true) => "2/2/1x1+rvt(0,5)+rvt-hilbert+rv+hr",
        (true, false) => "2/0/0",
        (false, true) => "0/2/0+rv",
        (false, false) => return,
    };
    let terms: Terms = terms.parse().expect("terms");
    for bad in [BadStretches::Interpolate, BadStretches::Censor] {
        let treatment = Treatment { bad_stretches: bad, ..Treatment::default() };
        let made = retroicor_from(recording, peaks, run, &terms, &treatment);
        let Some(made) = told(made, &[]) else { continue };
        for columns in &made.groups.columns {
            for (name, column) in made.groups.names.iter().zip(columns.columns()) {
                assert!(column.iter().all(|v| v.is_finite()), "{name} is not finite");
                assert!(column.iter().any(|v| *v != 0.0), "{name} is zero");
            }
        }
    }
}

/// What was read; of a refusal the message is looked at: it names one of `words` (any, where there are none) and is no
/// defect of boldly.
fn told<T>(result: Result<T>, words: &[&str]) -> Option<T> {
    let error: Error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let message = error.to_string();
    assert_ne!(error.exit_code(), 70, "{message}");
    assert!(message.len() < 4000, "a message of {} bytes", message.len());
    let named = words.is_empty() || words.iter().any(|w| !w.is_empty() && message.contains(w));
    assert!(named, "{message}");
    None
}

/// The input before and after the first line of three dashes.
fn halves(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    const MARK: &[u8] = b"\n---\n";
    match bytes.windows(MARK.len()).position(|w| w == MARK) {
        Some(at) => (&bytes[..at], Some(&bytes[at + MARK.len()..])),
        None => (bytes, None),
    }
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a writable folder");
    path
}
