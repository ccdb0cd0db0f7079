//! Where logs lie in time: without a start of their own, with a clock that is another, with slices or samples lost.

use boldly::io::physio::{PlacedBy, Scan};
use boldly::physio::{Align, align};
use boldly::recording::Acquisition;

use crate::damaged::run;
use crate::made_up::*;
use crate::{notes, put, read, refused, says};

/// The scan of the made-up logs, of which nothing but the logs themselves says when it began.
fn alone() -> Scan {
    Scan { first_volume_of_day_s: None, ..run() }
}

fn placed_by(placed_by: PlacedBy) -> Scan {
    Scan { placed_by, ..alone() }
}

#[test]
fn a_record_without_start_time_is_placed_by_its_trigger_or_the_ends_of_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x_physio.tsv", columns("\t"));
    put(folder.path(), "x_physio.json", BIDS_JSON.replace("\"StartTime\": -5, ", ""));
    let paths = [path];
    says(&refused(&paths, &[], &alone()), &["StartTime", "--align trigger", "start=SECONDS"]);
    let acquisition =
        Acquisition { tr: TR, n_volumes: N_VOLUMES, slice_times: None, start_time: 0.0 };
    for (by, how, want_s) in [
        (PlacedBy::Trigger, Align::Trigger, -LEAD_S),
        (PlacedBy::Ends, Align::Start, 0.0),
        (PlacedBy::Ends, Align::End, N_VOLUMES as f64 * TR - 70.0),
    ] {
        let logs = read(&paths, &[], &placed_by(by)).unwrap();
        let (moved, _) = align(logs.recording, &acquisition, how, 0).unwrap();
        let start_s = moved.cardiac.unwrap().start_s;
        assert!((start_s - want_s).abs() < 1e-6, "{how:?}: {start_s}, wanted {want_s}");
    }
    let logs = read(&paths, &["bids:start=-7.5"], &alone()).unwrap();
    assert_eq!(logs.recording.cardiac.unwrap().start_s, -7.5);
}

#[test]
fn two_jsons_of_one_folder_that_contradict_each_other_about_a_recording_are_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "sub-1_task-x_run-1_physio.tsv", columns("\t"));
    put(folder.path(), "sub-1_task-x_physio.json", BIDS_JSON);
    put(folder.path(), "sub-1_run-1_physio.json", "{\"StartTime\": -5.0}");
    assert_eq!(
        read(std::slice::from_ref(&path), &[], &run()).unwrap().warnings,
        [""; 0],
        "they agree"
    );
    put(folder.path(), "sub-1_run-1_physio.json", "{\"StartTime\": -3}");
    let said = read(std::slice::from_ref(&path), &[], &run()).unwrap().warnings.join("\n");
    let both = ["StartTime in", "sub-1_task-x_physio.json", "sub-1_run-1_physio.json", "is used"];
    assert!(both.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn two_records_without_start_time_are_placed_each_by_its_own_trigger() {
    let folder = tempfile::tempdir().unwrap();
    let text = columns("\t");
    let later: String = text.lines().skip(150).map(|l| format!("{l}\n")).collect();
    let mut paths = Vec::new();
    for (name, text, columns) in [
        ("a_physio", &text, "[\"trigger\", \"-\", \"cardiac\", \"other\"]"),
        ("b_physio", &later, "[\"trigger\", \"respiratory\", \"-\", \"other\"]"),
    ] {
        let json = format!("{{\"SamplingFrequency\": 100, \"Columns\": {columns}}}");
        put(folder.path(), &format!("{name}.json"), json);
        paths.push(put(folder.path(), &format!("{name}.tsv"), text));
    }
    let recording = read(&paths, &[], &placed_by(PlacedBy::Trigger)).unwrap().recording;
    let (pulse, breath) = (recording.cardiac.unwrap(), recording.respiratory.unwrap());
    assert!((pulse.start_s + 5.0).abs() < 1e-9 && (breath.start_s + 3.5).abs() < 1e-9);
    // Without a trigger of its own the second cannot be placed beside the first.
    let json =
        "{\"SamplingFrequency\": 100, \"Columns\": [\"-\", \"respiratory\", \"+\", \"other\"]}";
    put(folder.path(), "b_physio.json", json);
    says(&refused(&paths, &[], &placed_by(PlacedBy::Trigger)), &["b_physio", "StartTime"]);
}

#[test]
fn logs_with_a_clock_keep_their_distance_where_align_places_them() {
    let folder = tempfile::tempdir().unwrap();
    let pulse = put(folder.path(), "run.puls", vb("PULS"));
    let breath = put(folder.path(), "run.resp", vb("RESP"));
    let paths = [pulse, breath];
    says(&refused(&paths, &[], &alone()), &["--align end", "AcquisitionTime"]);
    let recording = read(&paths, &[], &placed_by(PlacedBy::Ends)).unwrap().recording;
    assert_eq!(recording.cardiac.unwrap().start_s, recording.respiratory.unwrap().start_s);
    // A log that was cut at its end has lost its clock, and needs none.
    let cut = vb("PULS").replace("LogStartMDHTime", "LogStartOther");
    let paths = [put(folder.path(), "cut.puls", cut)];
    says(&refused(&paths, &[], &alone()), &["LogStartMDHTime"]);
    assert!(read(&paths, &[], &placed_by(PlacedBy::Ends)).is_ok());
}

#[test]
fn an_info_log_that_lacks_its_last_slices_or_volume_places_the_run_and_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [put(folder.path(), "Physio_PULS.log", vd("PULS"))];
    let info = info();
    let rows: Vec<&str> = info.lines().collect();
    let without = |n: usize| rows[..rows.len() - 2 - n].join("\n") + "\n";
    for (n, words) in [
        (1, "lacks 1 of the 40 volumes at its end (of one it has 5 slices)"),
        (N_SLICES, "lacks 1 of the 40 volumes at its end;"),
        (N_SLICES + 2, "lacks 2 of the 40 volumes"),
    ] {
        put(folder.path(), "Physio_Info.log", without(n));
        let logs = read(&paths, &[], &alone()).unwrap();
        assert!((logs.recording.cardiac.unwrap().start_s + LEAD_S).abs() < 1e-6);
        assert_eq!(logs.warnings.len(), 1, "{:?}", logs.warnings);
        says(&logs.warnings[0], &[words, "Physio_Info.log"]);
    }
    put(folder.path(), "Physio_Info.log", without(4 * N_SLICES));
    says(&refused(&paths, &[], &alone()), &["36 volumes", "40 volumes"]);
    put(folder.path(), "Physio_Info.log", info);
    assert!(read(&paths, &[], &alone()).unwrap().warnings.is_empty());
}

#[test]
fn clocks_that_differ_are_named_and_no_json_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = put(folder.path(), "Physio_PULS.log", vd("PULS"));
    // The pulse is 5 s before midnight; this is about three in the afternoon.
    let earlier = info().lines().map(shifted).collect::<Vec<_>>().join("\n") + "\n";
    put(folder.path(), "Physio_Info.log", earlier);
    let paths = [log];
    let message = refused(&paths, &[], &alone());
    says(&message, &["Physio_PULS.log", "clocks", "Physio_Info.log differ", "hours"]);
    assert!(!message.contains("JSON") && !message.contains("StartTime"), "{message}");
    let logs = read(&paths, &["auto:start=-5"], &alone()).unwrap();
    assert_eq!(logs.recording.cardiac.unwrap().start_s, -5.0);
}

/// A row of an Info.log nine hours earlier.
fn shifted(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let tic = |w: &str| (w.parse::<u64>().unwrap() + 34_560_000 - 12_960_000) % 34_560_000;
    match words[..] {
        [v, s, a, b, e] if v.parse::<u64>().is_ok() => {
            format!("{v:>6} {s:>7} {:>15} {:>15} {e:>5}", tic(a), tic(b))
        }
        _ => line.to_owned(),
    }
}

#[test]
fn a_sidecar_and_an_info_log_that_put_the_first_volume_elsewhere_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [put(folder.path(), "Physio_PULS.log", vd("PULS"))];
    put(folder.path(), "Physio_Info.log", info());
    for (off_s, warned) in [(0.0, false), (1.0, false), (60.0, true), (-4.0, true)] {
        let told = Some((FIRST_VOLUME_OF_DAY_S + off_s) % 86_400.0);
        let logs = read(&paths, &[], &Scan { first_volume_of_day_s: told, ..alone() }).unwrap();
        assert_eq!(!logs.warnings.is_empty(), warned, "{off_s}: {:?}", logs.warnings);
        if warned {
            says(&logs.warnings[0], &["AcquisitionTime", &format!("{off_s:.2} s"), "Info.log"]);
        }
    }
}

#[test]
fn samples_that_a_vb_log_lost_are_told_and_more_than_a_second_of_them_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = signals(50.0).0;
    let text = vb("PULS");
    let (_, footer) = text.split_once("5003").unwrap();
    let lost = |n: usize| {
        let kept = vb_of("PULS", &whole[..whole.len() - n]);
        let (samples, _) = kept.split_once("5003").unwrap();
        [put(folder.path(), "run.puls", format!("{samples}5003{footer}"))]
    };
    let logs = read(&lost(0), &[], &run()).unwrap();
    says(&notes(&logs), &["70.000 s at 50 Hz, 70.000 s between start and stop"]);
    assert!(logs.warnings.is_empty(), "{:?}", logs.warnings);
    assert!(read(&lost(4), &[], &run()).unwrap().warnings.is_empty());
    let logs = read(&lost(10), &[], &run()).unwrap();
    says(&logs.warnings[0], &["run.puls", "69.800 s", "70.000 s", "0.200 s"]);
    let message = refused(&lost(55), &[], &run());
    says(&message, &["68.900 s", "70.000 s", "1.100 s are lost", "hz=49.2"]);
    let logs = read(&lost(55), &["auto:hz=50"], &run()).unwrap();
    says(&logs.warnings[0], &["1.100 s"]);
}
