//! Readers of physiological logs: real files of Siemens, CMRR and GE, fixtures of formats of which no real file was at
//! hand (Philips) or that only the person can describe, damaged files, and the commands on each.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use boldly::io::physio::{Format, Logs, PlacedBy, Scan, read_run};
use boldly::physio::{Terms, detect, retroicor};
use boldly::recording::{Acquisition, Trace};

#[path = "../physio_common/mod.rs"]
mod physio_common;

mod commands;
mod damaged;
mod kinds;
mod made_up;
mod place;
mod table;
mod words;

use physio_common::{agreement, json, numbers, shared};

const VD: &str =
    "physio-examples/Siemens_VD/PPU3T/Physio_20180101_120001_pppppppp-hhhh-yyyy-ssss-ioioioioioio_";
const CMRR: &str = "niphlem-cmrr/Physio_sample1_";
const GE: [&str; 2] = [
    "physio-examples/GE/PPU3T/ECGData_epiRT_phys_0921201215_38_08",
    "physio-examples/GE/PPU3T/RespData_epiRT_phys_0921201215_38_08",
];

fn scan(tr: f64, n_volumes: usize, n_slices: usize) -> Scan {
    Scan {
        tr,
        n_volumes,
        n_slices: Some(n_slices),
        first_volume_of_day_s: None,
        placed_by: PlacedBy::Themselves,
    }
}

fn read(paths: &[PathBuf], formats: &[&str], scan: &Scan) -> boldly::Result<Logs> {
    let formats: Vec<Format> = formats.iter().map(|f| f.parse().unwrap()).collect();
    read_run(paths, &formats, scan)
}

/// The message of a refusal.
#[track_caller]
fn refused(paths: &[PathBuf], formats: &[&str], scan: &Scan) -> String {
    match read(paths, formats, scan) {
        Ok(logs) => panic!("it was read: {:?}", logs.notes),
        Err(e) => e.to_string(),
    }
}

#[track_caller]
fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "'{word}' is not in: {message}");
    }
}

fn all(paths: &[&str]) -> Option<Vec<PathBuf>> {
    paths.iter().map(|p| shared(p)).collect()
}

/// Samples, first values, rate and start of a trace.
#[track_caller]
fn is(trace: &Option<Trace>, n: usize, first: &[f64], hz: f64, start_s: f64) {
    let trace = trace.as_ref().unwrap();
    assert_eq!(
        (trace.samples.len(), &trace.samples[..first.len()], trace.sampling_hz),
        (n, first, hz)
    );
    assert!((trace.start_s - start_s).abs() < 1e-6, "start {} wanted {start_s}", trace.start_s);
}

fn notes(logs: &Logs) -> String {
    logs.notes.join("\n")
}

#[test]
fn a_cmrr_log_is_placed_by_its_info_log_which_gives_the_slice_times() {
    let Some(paths) = all(&[&format!("{CMRR}PULS.log"), &format!("{CMRR}RESP.log")]) else {
        return;
    };
    let logs = read(&paths, &[], &scan(0.75, 738, 32)).unwrap();
    // Counted and averaged from the files by a short independent script.
    is(&logs.recording.cardiac, 112_060, &[1800.0, 1802.0, 1804.0], 200.0, -6.825);
    is(&logs.recording.respiratory, 28_014, &[701.0, 735.0, 806.0, 874.0, 949.0], 50.0, -6.825);
    let timing = logs.timing.as_ref().unwrap();
    let unique: std::collections::BTreeSet<u64> =
        timing.slice_times.iter().map(|t| t.to_bits()).collect();
    assert_eq!((timing.slice_times.len(), unique.len()), (32, 8), "multiband factor 4");
    for (slice, want) in [(0, 0.0), (1, 0.2725), (2, 0.5475), (3, 0.09), (8, 0.0), (11, 0.09)] {
        let got = timing.slice_times[slice];
        assert!((got - want).abs() < 1e-9, "slice {slice}: {got}, wanted {want}");
    }
    assert_eq!(logs.found.len(), 1, "the Info.log beside them");
    says(
        &notes(&logs),
        &["183 lost samples interpolated", "738 volumes of 32 slices, one every 0.750000 s"],
    );
    let beats = detect(logs.recording.cardiac.as_ref().unwrap(), "pulse").unwrap();
    assert!((50.0..100.0).contains(&beats.rate_bpm()), "{}", beats.rate_bpm());
    let run = Acquisition {
        tr: 0.75,
        n_volumes: 738,
        slice_times: Some(timing.slice_times.clone()),
        start_time: 0.0,
    };
    let model = retroicor(&logs.recording, &run, &Terms::HARVEY).unwrap();
    assert_eq!(model.groups.columns.len(), 8);
}

#[test]
fn a_vd_log_gives_the_volume_times_and_beats_that_physio_stored() {
    let Some(paths) = all(&[&format!("{VD}PULS.log"), &format!("{VD}RESP.log")]) else { return };
    let stages = shared("physio-examples/Siemens_VD/PPU3T/reference_stages.json").unwrap();
    let stages = json(&stages);
    let logs = read(&paths, &[], &scan(0.995, 30, 48)).unwrap();
    is(&logs.recording.cardiac, 9419, &[2086.0, 2076.0, 2071.0, 2057.0, 2047.5], 200.0, -17.245);
    is(&logs.recording.respiratory, 2354, &[26.0, 38.0, 41.0], 50.0, -17.245);
    // PhysIO counts from the first sample, on a grid of 5 ms.
    let first_volume = numbers(&stages["svolpulse"])[0];
    assert!((first_volume - 17.245).abs() <= 0.0025 + 1e-9, "{first_volume}");
    let beats = detect(logs.recording.cardiac.as_ref().unwrap(), "pulse").unwrap();
    let want: Vec<f64> = numbers(&stages["cpulse"]).iter().map(|t| t - 17.245).collect();
    let a = agreement(&beats.times_s, &want, 0.3);
    println!("{a:?}");
    assert!(a.n_missed + a.n_extra == 0 && a.within_20_ms_of_offset >= 0.9, "{a:?}");
}

#[test]
fn logs_of_another_run_or_with_dummy_scans_are_refused_by_name_and_skip_takes_them() {
    let Some(paths) = all(&[&format!("{VD}PULS.log")]) else { return };
    let few = scan(0.995, 26, 48);
    says(&refused(&paths, &[], &few), &["Info.log", "30 volumes", "26 volumes", "skip=N"]);
    let logs = read(&paths, &["auto:skip=4"], &few).unwrap();
    // Volume 4 begins 3.9775 s after volume 0 (tics of the log).
    let start = logs.recording.cardiac.unwrap().start_s;
    assert!((start + 17.245 + 4.0 * 0.995).abs() < 0.006, "{start}");
    says(&refused(&paths, &[], &scan(2.0, 30, 48)), &["a volume every 0.9950 s", "TR = 2 s"]);
    says(&refused(&paths, &[], &scan(0.995, 30, 40)), &["48 slices", "40 slices"]);
    let Some(other) = all(&[&format!("{CMRR}RESP.log")]) else { return };
    let mixed = [paths, other].concat();
    says(&refused(&mixed, &[], &scan(0.995, 30, 48)), &["UUID", "different runs"]);
}

#[test]
fn vb_logs_of_every_version_give_their_samples_and_rates() {
    let folder = "fmri-physio-log/samples/full/";
    let known = scan(2.0, 10, 3);
    for (file, n, first, hz, rate) in [
        ("example_01.puls", 26_732, vec![1236.0, 1251.0, 1428.0, 1479.0], 50.0, 0.0),
        ("example_02.puls", 145_651, vec![2594.0, 2642.0, 2690.0], 400.0, 91.0),
        ("example_03.puls", 165_662, vec![1469.0, 1393.0, 1315.0], 50.0, 85.0),
        ("example_01.resp", 26_733, vec![3385.0, 3429.0, 3498.0], 50.0, 0.0),
        ("example_02.resp", 165_663, vec![1743.0, 1772.0, 1816.0], 50.0, 0.0),
    ] {
        let Some(path) = shared(&format!("{folder}{file}")) else { return };
        let logs = read(&[path], &["auto:start=-1.5"], &known).unwrap();
        let first = if file == "example_01.puls" { &first[..3] } else { &first[..] };
        let recording = &logs.recording;
        let trace =
            if file.ends_with("puls") { &recording.cardiac } else { &recording.respiratory };
        is(trace, n, first, hz, -1.5);
        if rate > 0.0 {
            let found = detect(trace.as_ref().unwrap(), file).unwrap().rate_bpm();
            println!("{file}: {found:.1} a minute, footer {rate}");
            assert!(
                (found / rate - 1.0).abs() < 0.15,
                "{file}: {found}, the scanner counted {rate}"
            );
        }
    }
    let Some(path) = shared(&format!("{folder}example_01.resp")) else { return };
    let logs = read(&[path], &["siemens-vb:start=0"], &known).unwrap();
    says(&notes(&logs), &["103 trigger codes", "saturated"]);
}

#[test]
fn a_vb_log_of_version_3_gives_the_first_of_its_five_interleaved_channels() {
    let Some(path) = shared("physio-examples/Siemens_VB/RESP3T_Logversion_3/fingertapping.resp")
    else {
        return;
    };
    let paths = [path];
    // PhysIO has the first volume 22.495 - 15 x 1.8 / 31 s after the first sample (its onset is slice 16).
    let start = -(22.495 - 15.0 * 1.8 / 31.0);
    let logs = read(&paths, &[&format!("auto:start={start}")], &scan(1.8, 55, 31)).unwrap();
    is(
        &logs.recording.respiratory,
        52_539,
        &[2922.0, 2922.0, 2931.0, 2931.0, 2941.0],
        400.0,
        start,
    );
    let slice_times = Some((0..31).map(|k| f64::from(k) * 1.8 / 31.0).collect());
    let run = Acquisition { tr: 1.8, n_volumes: 55, slice_times, start_time: 0.0 };
    let model = retroicor(&logs.recording, &run, &"0/4/0".parse().unwrap()).unwrap();
    assert!((8.0..25.0).contains(&model.summary.breathing_rate_per_minute.unwrap()));
    // The same by the clock: LogStartMDHTime is 52074.670 s.
    let clock = Scan { first_volume_of_day_s: Some(52_074.670 - start), ..scan(1.8, 55, 31) };
    let logs = read(&paths, &[], &clock).unwrap();
    assert!((logs.recording.respiratory.as_ref().unwrap().start_s - start).abs() < 1e-6);
    says(&notes(&logs), &["by AcquisitionTime", "the first of 5 channels"]);
    let message = refused(&paths, &[], &scan(1.8, 55, 31));
    says(&message, &["fingertapping.resp", "AcquisitionTime", "siemens-vb:start=SECONDS"]);
}

#[test]
fn a_flat_vb_ecg_is_read_and_its_flatness_is_told() {
    let Some(path) = shared("fmri-physio-log/samples/full/example_01.ecg") else { return };
    let logs = read(&[path], &["auto:start=0"], &scan(2.0, 10, 3)).unwrap();
    is(&logs.recording.cardiac, 120_001, &[2048.0; 4], 400.0, 0.0);
    says(&notes(&logs), &["of 2 channels", "1 saturated stretch"]);
    let refusal = detect(logs.recording.cardiac.as_ref().unwrap(), "ecg").unwrap_err().to_string();
    says(&refusal, &["constant"]);
}

#[test]
fn ge_logs_need_their_true_rate_and_end_with_the_scan() {
    let Some(paths) = all(&GE) else { return };
    let run = scan(1.925, 434, 35);
    let message = refused(&paths, &[], &run);
    says(&message, &["ECGData", "33.8 s at 1000 Hz", "835.5 s", "ge:hz=40"]);
    let logs = read(&paths, &["ge:hz=40"], &run).unwrap();
    is(&logs.recording.cardiac, 33_816, &[-69.0, -34.0, 97.0, 66.0], 40.0, 835.45 - 845.4);
    is(&logs.recording.respiratory, 33_816, &[2650.0, 2675.0, 2699.0], 40.0, 835.45 - 845.4);
    // PhysIO has the last sample itself at the end of the scan, one sample of 25 ms earlier.
    let stages = json(&shared("physio-examples/GE/PPU3T/reference_stages.json").unwrap());
    let first_volume = numbers(&stages["svolpulse"])[0];
    assert!((first_volume - 9.95).abs() <= 0.025 + 1e-9, "{first_volume}");
    let beats = detect(logs.recording.cardiac.as_ref().unwrap(), "ppg").unwrap();
    let want: Vec<f64> = numbers(&stages["cpulse"]).iter().map(|t| t - 9.95).collect();
    println!("{:?}", agreement(&beats.times_s, &want, 0.3));
    let (n, wanted) = (beats.times_s.len() as f64, want.len() as f64);
    assert!((n / wanted - 1.0).abs() < 0.03, "{n} beats, PhysIO stored {wanted}");
}

#[test]
fn a_bids_recording_among_logs_is_read_as_before() {
    let folder = "ds210-physio/sub-02/";
    let Some(path) = shared(&format!("{folder}func/sub-02_task-rest_run-01_physio.tsv.gz")) else {
        return;
    };
    let want = boldly::io::physio::read(&path).unwrap();
    let logs = read(&[path], &[], &scan(3.0, 204, 46)).unwrap();
    assert_eq!(logs.recording, want);
    says(&notes(&logs), &["30600 cardiac samples at 50 Hz"]);
}

/// A file of a folder.
fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
