//! One row a reader, one column a damage: what is said of the file, from the reader on to the columns.

use boldly::io::physio::Logs;
use boldly::physio::{Terms, retroicor};
use boldly::recording::Acquisition;

use crate::damaged::{attempt, every_format, lines_of};
use crate::made_up::*;
use crate::put;

/// What must be said of a damaged file.
enum Says {
    /// A refusal with these words.
    No(&'static [&'static str]),
    /// Nothing: numbers without times of their own cannot tell. What is read has this many samples.
    CannotTell(usize),
}
use Says::{CannotTell, No};

/// The file's name, and what is said of it damaged in each of the ways of [`damages`].
const TABLE: [(&str, [Says; 7]); 10] = [
    (
        "run.puls",
        [
            No(&["run.puls", "LogStartMDHTime"]),
            No(&["run.puls", "LogStartMDHTime"]),
            No(&["run.puls is empty"]),
            No(&["run.puls", "UTF-8", "line 1"]),
            No(&["run.puls", "UTF-8", "line 4"]),
            No(&["run.puls", "line 1, word 1,", "'6003ECG'"]),
            No(&["run.puls", "line 1, word 1,", "'UUID'"]),
        ],
    ),
    (
        "run.ext",
        [
            No(&["run.ext", "LogStartMDHTime"]),
            No(&["run.ext", "LogStartMDHTime"]),
            No(&["run.ext is empty"]),
            No(&["run.ext", "UTF-8", "line 1"]),
            No(&["run.ext", "UTF-8", "line 4"]),
            No(&["run.ext", "line 1, word 1,"]),
            No(&["run.ext", "line 1, word 1,", "'UUID'"]),
        ],
    ),
    (
        "Physio_PULS.log",
        [
            No(&["Physio_PULS.log", "was recorded from -5.00 to", "cover the scan"]),
            No(&["Physio_PULS.log, line 1750,", "has 1 words and no CHANNEL"]),
            No(&["Physio_PULS.log is empty"]),
            No(&["Physio_PULS.log", "UTF-8", "line 1"]),
            No(&["Physio_PULS.log", "UTF-8", "line 1749"]),
            No(&["Physio_PULS.log", "line 31, ACQ_TIME_TICS,", "out of order"]),
            No(&["Physio_PULS.log, line 1,", "name the columns"]),
        ],
    ),
    (
        "Physio_Info.log",
        [
            No(&["Physio_Info.log", "volumes", "one for each of the 40 volumes"]),
            No(&["Physio_Info.log, line 127,", "has 1 words and no SLICE"]),
            No(&["Physio_Info.log is empty"]),
            No(&["Physio_Info.log", "UTF-8", "line 1"]),
            No(&["Physio_Info.log", "UTF-8", "line 126"]),
            No(&["Physio_Info.log, line 30, VOLUME,", "is 6", "out of order"]),
            No(&["Physio_Info.log, line 1,", "name the columns"]),
        ],
    ),
    (
        "PPGData_x",
        [
            No(&["PPGData_x lasts 32.5 s at 100 Hz but the scan takes 60.0 s"]),
            No(&["PPGData_x lasts 32.5 s at 100 Hz but the scan takes 60.0 s"]),
            No(&["PPGData_x is empty"]),
            No(&["PPGData_x", "UTF-8", "line 1"]),
            No(&["PPGData_x", "UTF-8", "line 3250"]),
            CannotTell(6500),
            No(&["PPGData_x, line 1, the sample,", "'UUID"]),
        ],
    ),
    (
        "SCANPHYSLOG1.log",
        [
            No(&["SCANPHYSLOG1.log", "no mark 0020"]),
            No(&["SCANPHYSLOG1.log, line", "has 1 words"]),
            No(&["SCANPHYSLOG1.log is empty"]),
            No(&["SCANPHYSLOG1.log", "UTF-8", "line 1"]),
            No(&["SCANPHYSLOG1.log", "UTF-8", "line 173"]),
            CannotTell(34_720),
            No(&["SCANPHYSLOG1.log", "no line that names its columns"]),
        ],
    ),
    (
        "card.1D",
        [
            No(&["card.1D, column cardiac,", "was recorded from 0.00 to 34.99 s"]),
            No(&["card.1D, column cardiac,", "was recorded from 0.00 to 35.00 s"]),
            No(&["card.1D is empty"]),
            No(&["card.1D", "UTF-8", "line 1"]),
            No(&["card.1D", "UTF-8", "line 3500"]),
            CannotTell(7000),
            No(&["card.1D, line 1,", "has 3 numbers", "have 1"]),
        ],
    ),
    (
        "pnm.txt",
        [
            No(&["pnm.txt, the trigger, has 20 rising edges", "40 volumes"]),
            No(&["pnm.txt, line 3501,", "has 1 number", "have 4"]),
            No(&["pnm.txt is empty"]),
            No(&["pnm.txt", "UTF-8", "line 1"]),
            No(&["pnm.txt", "UTF-8", "line 3500"]),
            CannotTell(7000),
            No(&["pnm.txt, line 1,", "has 3 numbers", "have 4"]),
        ],
    ),
    (
        "c.csv",
        [
            No(&["c.csv, the trigger, has 20 rising edges", "40 volumes"]),
            No(&["c.csv, line 3501,", "has 1 number", "have 4"]),
            No(&["c.csv is empty"]),
            No(&["c.csv", "UTF-8", "line 1"]),
            No(&["c.csv", "UTF-8", "line 3500"]),
            CannotTell(7000),
            No(&["c.csv, line 1,", "has 3 numbers", "have 4"]),
        ],
    ),
    (
        "x_physio.tsv",
        [
            No(&["x_physio.tsv, column cardiac,", "was recorded from -5.00 to 29.99 s"]),
            No(&["x_physio.tsv, line 3501,", "has 1 cell", "have 4"]),
            No(&["x_physio.tsv", "no samples"]),
            No(&["x_physio.tsv", "UTF-8", "line 1"]),
            No(&["x_physio.tsv", "UTF-8", "line 3500"]),
            CannotTell(7000),
            No(&["x_physio.tsv, line 1,", "'UUID", "no header line"]),
        ],
    ),
];

/// A name and the damaged bytes: cut at the end of a line, cut within one, empty, binary, not UTF-8, lines in another
/// order, the text of another format.
fn damages(name: &str, text: &str) -> [(&'static str, Vec<u8>); 7] {
    let lines = lines_of(text);
    let half: String = if lines.len() > 20 {
        lines[..lines.len() / 2].concat()
    } else {
        text[..text.len() / 2].to_owned()
    };
    let next = lines.get(lines.len() / 2).copied().unwrap_or_default();
    let first_word = next.split([' ', '\t', ';']).find(|w| !w.is_empty()).unwrap_or_default();
    let within = if lines.len() > 20 {
        format!("{half}{first_word}")
    } else {
        half[..half.len() - 2].into()
    };
    let mut moved = lines.clone();
    let (a, b) = if lines.len() > 60 { (29, 49) } else { (0, lines.len() - 1) };
    moved.swap(a, b);
    let foreign = if name.contains("Physio") { vb("PULS") } else { vd("RESP") };
    let (before, after) = if lines.len() > 20 {
        (lines[..lines.len() / 2 - 1].concat(), lines[lines.len() / 2 - 1..].concat())
    } else {
        (lines[..3].concat(), lines[3..].concat())
    };
    [
        ("cut after a line", half.into_bytes()),
        ("cut within a line", within.into_bytes()),
        ("empty", Vec::new()),
        ("binary", (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()),
        ("not UTF-8", [before.as_bytes(), b"\xe9", after.as_bytes()].concat()),
        ("reordered", moved.concat().into_bytes()),
        ("mislabelled", foreign.into_bytes()),
    ]
}

/// The columns that a log becomes.
fn columns_of_logs(logs: &Logs) -> boldly::Result<()> {
    let run = Acquisition {
        tr: TR,
        n_volumes: N_VOLUMES,
        slice_times: Some(vec![0.0, 1.0, 0.5, 0.0, 1.0, 0.5]),
        start_time: 0.0,
    };
    let terms = if logs.recording.cardiac.is_some() { "2/0/0" } else { "0/2/0" };
    let terms: Terms = terms.parse().unwrap();
    retroicor(&logs.recording, &run, &terms).map(|_| ())
}

#[test]
fn every_reader_says_of_every_damage_which_file_line_and_field_it_is() {
    let mut wrong = Vec::new();
    let mut n = 0;
    for (name, format, text) in every_format() {
        let (_, row) = TABLE.iter().find(|(of, _)| *of == name).unwrap();
        // The formats are named, so that nothing is saved by detection.
        let format = match name {
            "run.puls" | "run.ext" => "siemens-vb",
            "Physio_PULS.log" | "Physio_Info.log" => "siemens-vd",
            "PPGData_x" => "ge",
            "card.1D" => "afni-1d:hz=100:columns=cardiac",
            _ => format,
        };
        for ((damage, bytes), says) in damages(name, &text).into_iter().zip(row) {
            n += 1;
            let said = attempt(name, format, &bytes);
            let made = said.and_then(|logs| columns_of_logs(&logs).map(|()| logs));
            let told = match (&made, says) {
                (Err(e), No(words)) => {
                    let message = e.to_string();
                    words.iter().all(|w| message.contains(w)) && [65, 66].contains(&e.exit_code())
                }
                (Ok(logs), CannotTell(n)) => {
                    logs.recording.cardiac.as_ref().is_some_and(|t| t.samples.len() == *n)
                }
                _ => false,
            };
            if !told {
                let told = made.map(|logs| logs.notes);
                wrong.push(format!("{name}, {damage}: {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(n, 70);
}

/// Each text under each other name: refused by name, or read as what it is by its content.
#[test]
fn a_log_of_one_format_under_the_name_of_another_is_refused_or_recognised() {
    let formats = every_format();
    let (mut n, mut n_recognised) = (0, 0);
    for (name, format, _) in &formats {
        for (of, _, text) in formats.iter().filter(|(of, _, _)| of != name) {
            n += 1;
            let by_content = match *of {
                "run.puls" | "run.ext" => "siemens-vb",
                "Physio_PULS.log" | "Physio_Info.log" => "siemens-vd",
                "SCANPHYSLOG1.log" => "philips",
                // Numbers alone look alike.
                _ => "",
            };
            match attempt(name, format, text.as_bytes()) {
                Err(e) => {
                    let message = e.to_string();
                    let named = message.contains(name) || message.contains("Physio_");
                    assert!(named || message.contains("--physio"), "{of} as {name}: {message}");
                }
                Ok(logs) => {
                    n_recognised += 1;
                    let note = logs.notes.join("\n");
                    let plain = ["PPGData_x", "card.1D", "pnm.txt", "c.csv", "x_physio.tsv"];
                    let alike = plain.contains(name) && plain.contains(of);
                    let kind = format!("({by_content})");
                    assert!(alike || note.contains(&kind), "{of} as {name}: read as {note}");
                }
            }
        }
    }
    println!("{n_recognised} of {n} read");
    assert_eq!(n, 90);
}

/// Samples with a flat, a saturated and (where the format has a word for it) a missing stretch.
fn blemished(hz: f64, missing: bool) -> (Vec<f64>, Vec<f64>) {
    let (pulse, breath, _) = signals(hz);
    let spoil = |mut x: Vec<f64>| {
        let at = |s: f64| (s * hz) as usize;
        let high = x.iter().copied().fold(f64::MIN, f64::max);
        x[at(20.0)..at(21.5)].fill(2111.0);
        x[at(30.0)..at(30.5)].fill(high);
        if missing {
            x[at(40.0)..at(40.5)].fill(f64::NAN);
        }
        x
    };
    (spoil(pulse), spoil(breath))
}

#[test]
fn flat_saturated_and_missing_stretches_are_counted_by_every_reader() {
    let words = |text: String| text.replace("NaN", "n/a");
    let (at_50, at_100) = (blemished(50.0, false), blemished(100.0, true));
    let at_496 = blemished(496.0, false);
    let whole_100 = blemished(100.0, false).0;
    let three = "hz=100:columns=trigger,respiratory,cardiac,-";
    let cases = [
        ("run.puls", "auto".to_owned(), vb_of("PULS", &at_50.0), false),
        ("run.resp", "auto".to_owned(), vb_of("RESP", &at_50.1), false),
        ("Physio_PULS.log", "auto".to_owned(), vd_of("PULS", &at_50.0), true),
        ("PPGData_x", "auto".to_owned(), lines(&whole_100[..6500]), false),
        ("SCANPHYSLOG1.log", "philips:hz=496".into(), philips_of(&at_496.0, &at_496.1), false),
        ("card.1D", "afni-1d:hz=100:columns=cardiac".into(), words(lines(&at_100.0)), true),
        ("pnm.txt", format!("fsl-pnm:{three}"), words(columns_of(" ", &at_100.0, &at_100.1)), true),
        ("c.csv", format!("columns:{three}"), words(columns_of(",", &at_100.0, &at_100.1)), true),
        ("x_physio.tsv", "auto".into(), words(columns_of("\t", &at_100.0, &at_100.1)), true),
    ];
    for (name, format, text, missing) in cases {
        let logs = attempt(name, &format, text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let of_sensor = |n: &&String| n.contains(name) && !n.contains("trigger samples");
        let note = logs.notes.iter().find(of_sensor).unwrap();
        let counted = |what: &str| note.contains(what);
        assert!(counted("flat stretch") && counted("saturated stretch"), "{name}: {note}");
        assert_eq!(counted("samples missing"), missing, "{name}: {note}");
        // A second and a half, and half a second at least, of one value.
        let of = |what: &str| {
            let at = note.find(what).unwrap();
            let seconds = note[at..].split(['(', ' ']).find_map(|w| w.parse::<f64>().ok());
            seconds.unwrap()
        };
        assert!((1.45..1.75).contains(&of("flat stretch")), "{name}: {note}");
        assert!((0.5..1.2).contains(&of("saturated stretch")), "{name}: {note}");
    }
}

#[test]
fn a_sample_that_is_no_number_is_named_by_line_and_field_where_the_format_has_no_word_for_it() {
    for (name, format, text, words) in [
        ("run.puls", "auto", vb("PULS").replacen(" 20", " nan 20", 1), "line 1, word"),
        (
            "Physio_PULS.log",
            "auto",
            vd("PULS").replacen("PULS   2", "PULS   NaN2", 1),
            "line 9, VALUE,",
        ),
        (
            "PPGData_x",
            "auto",
            format!("nan\n{}", lines(&signals(100.0).0[..6500])),
            "line 1, the sample,",
        ),
        (
            "SCANPHYSLOG1.log",
            "philips:hz=496",
            philips().replacen("3 -7  2", "3 -7  inf2", 1),
            "line 4, ppu,",
        ),
        (
            "card.1D",
            "afni-1d:hz=100:columns=cardiac",
            "1\ninf\n".to_owned(),
            "line 2, column cardiac,",
        ),
        ("x_physio.tsv", "auto", "1\t2\t3\t4\n1\t-\t3\t4\n".to_owned(), "line 2,"),
    ] {
        let message = attempt(name, format, text.as_bytes()).unwrap_err().to_string();
        let place = format!("{name}, {words}");
        assert!(message.contains(&place), "{place} is not in: {message}");
    }
}

#[test]
fn columns_in_another_order_under_their_names_are_the_same_recording() {
    let permuted = |text: &str, from_line: usize, order: &[usize]| -> String {
        let turn = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let turned: Vec<&str> = order.iter().filter_map(|&at| words.get(at).copied()).collect();
            turned.join("\t") + "\n"
        };
        let turned = |(n, line): (usize, &str)| {
            if n < from_line { format!("{line}\n") } else { turn(line) }
        };
        text.lines().enumerate().map(turned).collect()
    };
    // As text, in which a missing sample equals another.
    let read = |name: &str, format: &str, text: &str| {
        format!("{:?}", attempt(name, format, text.as_bytes()).unwrap().recording)
    };
    let same = |name: &str, format: &str, text: &str, turned: &str| {
        assert!(read(name, format, text) == read(name, format, turned), "{name} differs");
    };
    same("Physio_PULS.log", "auto", &vd("PULS"), &permuted(&vd("PULS"), 6, &[2, 0, 1]));
    // The line of names begins with a #, a word of its own.
    let text = philips().replace("# v1raw", "#v1raw");
    let turned = permuted(&text, 2, &[5, 4, 9, 3, 2, 1, 0, 6, 7, 8]);
    let turned = turned.replace("#v1raw", "v1raw").replacen("resp\t", "# resp\t", 1);
    same("SCANPHYSLOG1.log", "philips:hz=496", &philips(), &turned);
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x_physio.tsv", columns("\t"));
    put(folder.path(), "x_physio.json", BIDS_JSON);
    let want = boldly::io::physio::read(&path).unwrap();
    put(folder.path(), "x_physio.tsv", permuted(&columns("\t"), 0, &[2, 3, 0, 1]));
    let names = "\"cardiac\", \"other\", \"trigger\", \"respiratory\"]";
    let (before, _) = BIDS_JSON.split_once("\"trigger\"").unwrap();
    put(folder.path(), "x_physio.json", format!("{before}{names}}}"));
    assert!(boldly::io::physio::read(&path).unwrap() == want, "x_physio.tsv differs");
}
