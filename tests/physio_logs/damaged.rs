//! Damaged logs of every format: a message that names file, line or field; never a panic, never a trace out of nothing.

use std::panic::catch_unwind;
use std::path::PathBuf;

use boldly::io::physio::{Logs, Scan};

use crate::made_up::*;
use crate::physio_common::Random;
use crate::{put, read, scan};

/// A reader's file: name, format, text.
pub fn every_format() -> Vec<(&'static str, &'static str, String)> {
    let (pulse, _, _) = signals(100.0);
    let ge = lines(&pulse[..6500]);
    vec![
        ("run.puls", "auto", vb("PULS")),
        ("run.ext", "auto", ext()),
        ("Physio_PULS.log", "auto", vd("PULS")),
        ("Physio_Info.log", "auto", info()),
        ("PPGData_x", "auto", ge),
        ("SCANPHYSLOG1.log", "philips:hz=496", philips()),
        ("card.1D", "afni-1d:hz=100:columns=cardiac", lines(&pulse)),
        ("pnm.txt", "fsl-pnm:hz=100:columns=trigger,respiratory,cardiac,-", columns(" ")),
        ("c.csv", "columns:hz=100:columns=trigger,respiratory,cardiac,-", columns(";")),
        ("x_physio.tsv", "auto", columns("\t")),
    ]
}

pub fn run() -> Scan {
    let scan = scan(TR, N_VOLUMES, N_SLICES);
    Scan { first_volume_of_day_s: Some(FIRST_VOLUME_OF_DAY_S), ..scan }
}

/// Reads `bytes` as `name`; an Info.log comes with its pulse, a BIDS table with its JSON.
pub fn attempt(name: &str, format: &str, bytes: &[u8]) -> boldly::Result<Logs> {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = vec![put(folder.path(), name, bytes)];
    if name == "Physio_Info.log" {
        paths.push(put(folder.path(), "Physio_PULS.log", vd("PULS")));
    } else if name == "Physio_PULS.log" {
        put(folder.path(), "Physio_Info.log", info());
    } else if name == "x_physio.tsv" {
        put(folder.path(), "x_physio.json", BIDS_JSON);
    }
    catch_unwind(|| read(&paths, &[format], &run())).unwrap_or_else(|_| panic!("{name} panicked"))
}

pub fn lines_of(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[test]
fn empty_binary_mistaken_and_foreign_files_are_refused_by_name_in_every_format() {
    let mut random = Random(3);
    let noise: Vec<u8> = (0..5000).map(|_| random.bits() as u8).collect();
    let mut n = 0;
    for (name, format, text) in every_format() {
        let latin = [text.as_bytes(), b"\xe9\xff\n"].concat();
        let nul =
            [&text.as_bytes()[..text.len() / 2], &[0; 64], &text.as_bytes()[text.len() / 2..]]
                .concat();
        for (kind, bytes, words) in [
            ("empty", vec![], "is empty"),
            ("blank", b" \n\n\t".to_vec(), "is empty"),
            ("binary", noise.clone(), "UTF-8"),
            ("not UTF-8", latin, "UTF-8"),
            ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect(), ""),
            ("zeros in the middle", nul, ""),
            ("a web page", b"<!DOCTYPE html><html><body>404</body></html>".to_vec(), ""),
            ("a table", b"onset\tduration\n1.0\t2.0\n".to_vec(), ""),
            ("header only", text.as_bytes()[..40.min(text.len())].to_vec(), ""),
        ] {
            // A table without a line holds no samples.
            let words = if name == "x_physio.tsv" && words == "is empty" { "" } else { words };
            // A few numbers are a short record of plain columns: refused where beats are looked for.
            let short = kind == "header only" && matches!(name, "card.1D" | "x_physio.tsv");
            match attempt(name, format, &bytes) {
                Ok(logs) => assert!(short, "{name}, {kind}: read as {:?}", logs.notes),
                Err(e) => {
                    let message = e.to_string();
                    assert!(message.contains(name), "{name}, {kind}: {message}");
                    assert!(
                        message.contains(words),
                        "{name}, {kind}: '{words}' is not in {message}"
                    );
                    assert!(!message.contains('\0'), "{name}, {kind}: {message:?}");
                    assert!([2, 65, 66].contains(&e.exit_code()), "{name}, {kind}: {message}");
                }
            }
            n += 1;
        }
    }
    assert_eq!(n, 90);
}

#[test]
fn truncated_reordered_and_mislabelled_files_are_told_with_line_and_field() {
    let reversed = |text: &str| lines_of(text).into_iter().rev().collect::<String>();
    let swapped = |text: &str| {
        let mut lines = lines_of(text);
        lines.swap(200, 230);
        lines.concat()
    };
    let cut =
        |text: &str| text[..text.len() * 2 / 3].trim_end_matches(char::is_numeric).to_string();
    let (puls, resp, info, phil) = (vd("PULS"), vd("RESP"), info(), philips());
    // A few lines minutes apart, which an even grid would blow up.
    let head = puls.split_once("SIGNAL\n").map_or("", |(head, _)| head).replace("= 8", "= 1");
    let rows: String = (0..20).map(|n| format!("{} PULS 7\n", n * 200_000)).collect();
    let sparse = format!("{head}SIGNAL\n{rows}");
    let damaged_vb = |from: &str, to: &str| vb("PULS").replacen(from, to, 1);
    let cases: Vec<(&str, &str, String, &[&str])> = vec![
        ("Physio_PULS.log", "auto", swapped(&puls), &["line 202", "ACQ_TIME_TICS", "out of order"]),
        ("Physio_PULS.log", "auto", reversed(&puls), &["line 1,"]),
        ("Physio_PULS.log", "auto", cut(&puls) + "x", &["line", "is 'x'"]),
        (
            "Physio_PULS.log",
            "auto",
            puls.replace(" PULS  ", " RESP  "),
            &["CHANNEL", "LogDataType is PULS"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            puls.replace("SampleTime  = 8", "SampleTime  = 0"),
            &["SampleTime"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            puls.replace("SampleTime  = 8", "SampleTime  = fast"),
            &["line 5", "SampleTime", "'fast'"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            puls.replace("LogDataType = PULS", "LogDataType = EEG"),
            &["LogDataType", "EEG"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            puls.replace("ACQ_TIME_TICS", "TIME_TICS"),
            &["column ACQ_TIME_TICS"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            puls.lines().take(7).collect::<Vec<_>>().join("\n"),
            &["no samples"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            resp.replace("11111111", "99999999"),
            &["UUID", "different runs"],
        ),
        ("Physio_Info.log", "auto", swapped(&info), &["line", "VOLUME"]),
        ("Physio_Info.log", "auto", lines_of(&info)[..150].concat(), &["volumes", "skip=N"]),
        (
            "Physio_Info.log",
            "auto",
            info.replace("NumSlices   = 6", "NumSlices   = 5"),
            &["line 14", "SLICE", "NumSlices = 5"],
        ),
        (
            "Physio_Info.log",
            "auto",
            info.replace("NumSlices   = 6", "NumSlices   = 7"),
            &["line 17, VOLUME", "lacks slices of volume 0"],
        ),
        (
            "Physio_Info.log",
            "auto",
            info.replace("    20 ", "    21 "),
            &["line", "VOLUME", "is 21"],
        ),
        (
            "Physio_Info.log",
            "auto",
            info.replacen(" 34558000 ", " 18446744073709551615 ", 1),
            &["line 11", "ACQ_START_TICS", "tics of 2.5 ms"],
        ),
        (
            "Physio_PULS.log",
            "auto",
            puls.replacen(" 34556000 ", " 18446744073709551615 ", 1),
            &["line 9", "ACQ_TIME_TICS", "tics of 2.5 ms"],
        ),
        ("Physio_PULS.log", "auto", sparse, &["holds 20 samples in 9500.0 s", "SampleTime"]),
        ("Physio_Info.log", "auto", puls.clone(), &["second cardiac signal"]),
        ("run.puls", "auto", vb("PULS")[..9000].to_string(), &["run.puls", "LogStartMDHTime"]),
        (
            "run.puls",
            "auto",
            vb("RESP"),
            &["respiratory log by its LOGVERSION", "cardiac log by its name"],
        ),
        ("run.puls", "auto", damaged_vb(" 5000 ", " 4x00 "), &["line 1, word", "'4x00'"]),
        ("run.puls", "auto", damaged_vb(" 5000 ", " 5500 "), &["line 1, word", "'5500'"]),
        ("run.puls", "auto", damaged_vb(" 6002 ", " "), &["word 5", "5002", "6002"]),
        (
            "run.puls",
            "auto",
            damaged_vb("LogStartMDHTime:  ", "LogStartMDHTime:  x"),
            &["line 4", "LogStartMDHTime"],
        ),
        (
            "run.puls",
            "auto",
            damaged_vb("LogStartMPCUTime: 8", "LogStartMPCUTime: 7"),
            &["samples for", "a second"],
        ),
        (
            "PPGData_x",
            "auto",
            lines(&signals(100.0).0[..3000]),
            &["lasts 30.0 s at 100 Hz", "60.0 s"],
        ),
        ("RESPData_x", "auto", lines(&signals(100.0).0[..6500]), &["lasts 260.0 s at 25 Hz"]),
        (
            "PPGData_x",
            "auto",
            lines(&signals(100.0).0).replacen('\n', " 7\n", 1),
            &["line 1", "the sample"],
        ),
        ("SCANPHYSLOG1.log", "auto:hz=496", cut(&phil), &["SCANPHYSLOG1.log"]),
        ("SCANPHYSLOG1.log", "auto:hz=496", phil.replace("ppu", "pulse"), &["names its columns"]),
        (
            "SCANPHYSLOG1.log",
            "auto:hz=496",
            phil.replacen("0000\n", "00g0\n", 1),
            &["line 4", "mark", "'00g0'"],
        ),
        (
            "SCANPHYSLOG1.log",
            "auto:hz=496",
            phil.replacen("-12 4", "-12", 1),
            &["line 4", "9 words"],
        ),
        ("card.1D", "afni-1d:hz=100:columns=cardiac", columns(" "), &["line 1", "4 numbers"]),
        ("card.1D", "afni-1d:hz=100:columns=cardiac", "1\n2\n1,2x\n".into(), &["line 3"]),
        (
            "pnm.txt",
            "fsl-pnm:hz=100:columns=respiratory,trigger,cardiac,-",
            columns(" "),
            &["trigger", "rising edges"],
        ),
        (
            "pnm.txt",
            "fsl-pnm:hz=200:columns=trigger,respiratory,cardiac,-",
            columns(" "),
            &["every 0.7500 s at 200 Hz"],
        ),
        (
            "c.csv",
            "columns:hz=100:columns=trigger,respiratory,cardiac,-",
            columns(",").replacen("7\n", "\n", 1),
            &["line 1", "3 numbers"],
        ),
        (
            "c.csv",
            "columns:hz=100:columns=-,respiratory,cardiac,-:start=0",
            columns(",").replacen("2", "two", 1),
            &["line 1", "column respiratory", "two"],
        ),
    ];
    assert_eq!(cases.len(), 39);
    let mut wrong = Vec::new();
    for (name, format, text, words) in cases {
        let message = match attempt(name, format, text.as_bytes()) {
            Ok(logs) => format!("read as {:?}", logs.notes),
            Err(e) => e.to_string(),
        };
        if !words.iter().all(|w| message.contains(w)) {
            wrong.push(format!("{name}: {words:?} not in: {message}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Bytes changed, dropped, doubled and moved at random: read or refused, no panic; what is read is finite or missing, and
/// a refusal names the file.
#[test]
fn mutated_logs_of_every_format_never_panic() {
    let mut random = Random(20_260_101);
    let (mut n_read, mut n_refused) = (0, 0);
    for (name, format, text) in every_format() {
        // Both ends of the log, so that headers and footers are hit often.
        let bytes = text.as_bytes();
        for round in 0..150 {
            let mut bytes = bytes.to_vec();
            for _ in 0..=random.bits() % 4 {
                let end = if random.bits().is_multiple_of(2) {
                    bytes.len().min(700)
                } else {
                    bytes.len()
                };
                let from = if random.bits().is_multiple_of(4) {
                    bytes.len().saturating_sub(300)
                } else {
                    0
                };
                let span = end.max(from + 1) - from;
                let at = (from + random.bits() as usize % span.max(1))
                    .min(bytes.len().saturating_sub(1));
                let length = 1 + random.bits() as usize % 40;
                let to = (at + length).min(bytes.len());
                match random.bits() % 6 {
                    0 => bytes[at] ^= 1 << (random.bits() % 7),
                    1 => bytes[at] = b"0123456789 -.\n\te#=:"[random.bits() as usize % 19],
                    2 => drop(bytes.drain(at..to)),
                    3 => {
                        let part = bytes[at..to].to_vec();
                        let other = random.bits() as usize % bytes.len();
                        bytes.splice(other..other, part);
                    }
                    4 => drop(bytes.splice(at..at, *b" 99999999999999999999999 ")),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            match attempt(name, format, &bytes) {
                Ok(logs) => {
                    n_read += 1;
                    let traces = [&logs.recording.cardiac, &logs.recording.respiratory];
                    for trace in traces.into_iter().flatten() {
                        assert!(trace.samples.iter().all(|v| !v.is_infinite()), "{name} {round}");
                        assert!(trace.start_s.is_finite() && trace.sampling_hz > 0.0);
                    }
                }
                Err(e) => {
                    n_refused += 1;
                    let message = e.to_string();
                    let named = message.contains(name) || message.contains("Physio_");
                    assert!(named || message.contains("--physio"), "{name} {round}: {message}");
                }
            }
        }
    }
    println!("{n_read} read, {n_refused} refused");
    assert!(n_read > 50 && n_refused > 200, "{n_read} read, {n_refused} refused");
}
