//! `--physio-format` in words, and fixtures of every format against the truth that they were made from.

use std::path::PathBuf;

use boldly::io::physio::{Format, Scan};
use boldly::physio::beats;

use crate::made_up::*;
use crate::physio_common::agreement;
use crate::{put, read, refused, says, scan};

fn run() -> Scan {
    scan(TR, N_VOLUMES, N_SLICES)
}

#[test]
fn formats_are_written_as_they_are_read() {
    for text in [
        "auto",
        "auto:start=-12.5",
        "afni-1d:hz=50:columns=cardiac",
        "fsl-pnm:hz=400:columns=trigger,respiratory,cardiac:skip=2",
        "columns:hz=100:columns=-,cardiac:start=-8.2",
        "philips:hz=496",
        "ge:hz=40",
    ] {
        let format: Format = text.parse().unwrap();
        assert_eq!(format.to_string(), text);
    }
    let one: Format = "afni-1d:hz=50:column=cardiac".parse().unwrap();
    assert_eq!(one.to_string(), "afni-1d:hz=50:columns=cardiac");
    for (text, word) in [
        ("phillips", "must be one of auto"),
        ("ge:hz=0", "hz is '0'"),
        ("ge:hz=inf", "hz is 'inf'"),
        ("ge:hz=40:hz=50", "twice"),
        ("auto:columns=cardiac:column=trigger", "twice"),
        ("auto:rate=40", "'rate' is no key"),
        ("auto:start=soon", "start is 'soon'"),
        ("auto:skip=-1", "skip is '-1'"),
        ("columns:columns=cardiac,cardiac", "named twice"),
        ("columns:columns=-,-", "neither"),
        ("columns:columns=heart", "'heart' is unknown"),
        ("siemens-vd:hz=50", "tells it itself"),
    ] {
        let message = text.parse::<Format>().unwrap_err();
        assert!(message.contains(word), "{text}: '{word}' is not in: {message}");
    }
}

/// Every format, made from one pulse and breath: the same beats at the same times.
#[test]
fn every_format_gives_the_beats_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: String| put(folder.path(), name, text);
    let (pulse_100, breath_25) = (signals(100.0).0, signals(25.0).1);
    let clock = Scan { first_volume_of_day_s: Some(FIRST_VOLUME_OF_DAY_S), ..run() };
    // GE's log ends with the scan: without the last 5 s.
    let ends = |x: &[f64], hz: f64| lines(&x[..(x.len() as f64 - 5.0 * hz) as usize]);
    let vb_logs = vec![at("run.puls", vb("PULS")), at("run.resp", vb("RESP"))];
    let by_ext = [vb_logs.clone(), vec![at("run.ext", ext())]].concat();
    let vd_logs = vec![at("Physio_PULS.log", vd("PULS")), at("Physio_RESP.log", vd("RESP"))];
    at("Physio_Info.log", info());
    let ge = vec![
        at("PPGData_x_1", ends(&pulse_100, 100.0)),
        at("RESPData_x_1", ends(&breath_25, 25.0)),
    ];
    let one = |name: &str, text: String| vec![at(name, text)];
    let three = "hz=100:columns=trigger,respiratory,cardiac,-";
    let cases: Vec<(&str, Vec<PathBuf>, Vec<String>, Scan)> = vec![
        ("VB by AcquisitionTime", vb_logs, vec![], clock),
        ("VB by the triggers of .ext", by_ext, vec![], run()),
        ("VD by Info.log", vd_logs, vec![], run()),
        ("GE", ge, vec![], run()),
        ("Philips", one("x.log", philips()), vec!["philips:hz=496".into()], run()),
        (
            "AFNI",
            vec![at("card.1D", format!("# made up\n{}", lines(&pulse_100)))],
            vec!["afni-1d:hz=100:columns=cardiac:start=-5".into()],
            run(),
        ),
        ("FSL", one("pnm.txt", columns("\t")), vec![format!("fsl-pnm:{three}")], run()),
        ("columns", one("c.csv", columns(",")), vec![format!("columns:{three}:start=-5")], run()),
    ];
    assert_eq!(cases.len(), 8);
    for (name, paths, formats, scan) in cases {
        let formats: Vec<&str> = formats.iter().map(String::as_str).collect();
        let logs = read(&paths, &formats, &scan).unwrap_or_else(|e| panic!("{name}: {e}"));
        let trace = logs.recording.cardiac.as_ref().unwrap();
        assert!((trace.start_s + 5.0).abs() < 0.0051, "{name}: start {}", trace.start_s);
        let a = agreement(&beats(trace).unwrap(), &signals(trace.sampling_hz).2, 0.3);
        assert!(a.n_missed + a.n_extra == 0 && a.within_20_ms > 0.95, "{name}: {a:?}");
        assert_eq!(logs.recording.respiratory.is_some(), name != "AFNI", "{name}");
    }
}

#[test]
fn gaps_duplicates_and_lost_samples_of_a_vd_log_are_mended_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [put(folder.path(), "Physio_RESP.log", vd("RESP"))];
    put(folder.path(), "Physio_Info.log", info());
    let logs = read(&paths, &[], &run()).unwrap();
    let (got, want) = (logs.recording.respiratory.unwrap().samples, signals(50.0).1);
    assert_eq!(got.len(), want.len());
    for (n, (got, want)) in got.iter().zip(&want).enumerate() {
        match n {
            200 => assert_eq!(*got, 0.5 * (signals(50.0).1[199] + signals(50.0).1[201])),
            300..310 => assert!(got.is_nan(), "sample {n} lies in the gap: {got}"),
            _ => assert_eq!(got, want, "sample {n}"),
        }
    }
    let notes = logs.notes.join("\n");
    says(
        &notes,
        &["1 samples at a time already seen", "1 lost samples", "1 gap,", "10 samples missing"],
    );
    let times = logs.timing.unwrap().slice_times;
    let want = [0.0, 1.0, 0.5, 0.0, 1.0, 0.5];
    assert!(times.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-9), "{times:?}");
}

#[test]
fn what_a_log_does_not_tell_is_asked_for_by_the_option_that_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| vec![put(folder.path(), name, text)];
    let numbers = lines(&signals(100.0).0);
    let vd_alone = at("alone_PULS.log", &vd("PULS"));
    let vb_alone = at("alone.puls", &vb("PULS"));
    let cut: String = vb("PULS").split("5003").next().unwrap().to_string();
    let unmarked = philips().replace(" 0020\n", " 0000\n");
    for (paths, formats, words) in [
        (at("card.1D", &numbers), vec![], vec!["card.1D", "--physio-format", "afni-1d"]),
        (at("a.1D", &numbers), vec!["afni-1d"], vec!["a.1D", "rate", "afni-1d:hz=50"]),
        (at("a.1D", &numbers), vec!["afni-1d:hz=50"], vec!["columns", "afni-1d:hz=50:columns="]),
        (
            at("p.txt", &numbers),
            vec!["fsl-pnm:hz=50:columns=cardiac"],
            vec!["p.txt", "when it began", "fsl-pnm:hz=50:columns=cardiac:start=SECONDS"],
        ),
        (at("x.log", &philips()), vec![], vec!["x.log", "496 Hz", "500 Hz", "philips:hz=496"]),
        (at("y.log", &unmarked), vec!["auto:hz=496"], vec!["y.log", "mark 0020", "start=SECONDS"]),
        (vd_alone, vec![], vec!["alone_PULS.log", "_Info.log", "siemens-vd:start=SECONDS"]),
        (
            vb_alone,
            vec![],
            vec!["alone.puls", ".ext", "AcquisitionTime", "siemens-vb:start=SECONDS"],
        ),
        (at("cut.puls", &cut), vec![], vec!["cut.puls", "LogStartMDHTime", "start=SECONDS"]),
        (at("cut.puls", &cut), vec!["auto:start=0"], vec!["cut.puls", "siemens-vb:hz=50"]),
        (
            at("log.txt", &vb("PULS").replace("LOGVERSION_PULS", "x")),
            vec![],
            vec!["columns=cardiac"],
        ),
        (at("PPGData_1", &numbers), vec!["bids"], vec!["PPGData_1", "JSON"]),
        (at("PPGData_1", &numbers), vec!["siemens-vb", "ge"], vec!["2 times for 1 logs"]),
    ] {
        let message = refused(&paths, &formats, &run());
        says(&message, &words);
    }
    let logs = read(&at("cut.puls", &cut), &["auto:start=-5:hz=50"], &run()).unwrap();
    assert_eq!(logs.recording.cardiac.unwrap().samples.len(), 3500);
}

#[test]
fn skipping_more_volumes_than_there_are_is_refused_however_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "Physio_PULS.log", vd("PULS"));
    put(folder.path(), "Physio_Info.log", info());
    for skip in ["1", "18446744073709551615"] {
        let message = refused(std::slice::from_ref(&path), &[&format!("auto:skip={skip}")], &run());
        says(&message, &["has 40 volumes", &format!("{skip} of them skipped")]);
    }
}
