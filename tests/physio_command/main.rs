//! `boldly physio` as a user meets it: its files agree with each other, its peak table comes back, triggers find the scan
//! where StartTime is wrong, and bad input is named.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Output;

#[path = "../binary/mod.rs"]
mod binary;
mod censor;
mod summary;
mod told;

const RECORD: &str = "data/sub-01/func/sub-01_task-pain_physio.tsv.gz";
const JSON: &str = "data/sub-01/func/sub-01_task-pain_physio.json";
const BOLD: &str = "data/sub-01/func/sub-01_task-pain_bold.nii.gz";

fn boldly(dir: &Path, line: &str) -> Output {
    binary::boldly(dir, &line.replace("RECORD", RECORD).replace("BOLD", BOLD))
}

fn well(dir: &Path, line: &str) -> Output {
    binary::succeeded(line, boldly(dir, line))
}

/// A small simulated study in `data`: 50 volumes, 6 slices.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    well(
        folder.path(),
        "simulate data --shape 6,6,6 --voxel-size 24,28,24 --volumes 50 --multiband 1",
    );
    folder
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

/// Rows of numbers below a header of `skip` lines, first columns left out.
fn numbers(text: &str, skip: usize, first: usize) -> Vec<Vec<f64>> {
    let rows = text.lines().skip(skip).filter(|l| !l.starts_with('#'));
    let rows: Vec<Vec<f64>> = rows
        .map(|l| l.split_whitespace().skip(first).map(|c| c.parse().unwrap()).collect())
        .collect();
    assert!(!rows.is_empty());
    rows
}

fn worst(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!((a.len(), a[0].len()), (b.len(), b[0].len()));
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

fn set_start_time(dir: &Path, change_s: f64) {
    let mut json: serde_json::Value = serde_json::from_str(&read(dir, JSON)).unwrap();
    let start_s = json["StartTime"].as_f64().unwrap();
    json["StartTime"] = (start_s + change_s).into();
    fs::write(dir.join(JSON), json.to_string()).unwrap();
}

#[test]
fn every_form_of_the_columns_holds_the_same_numbers() {
    let folder = study();
    let dir = folder.path();
    let output = well(dir, "physio --physio RECORD --bold BOLD --out out/ --json");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let at = |ending: &str| read(dir, &format!("out/sub-01_task-pain_{ending}"));
    let volume_wise = numbers(&at("desc-retroicor_timeseries.tsv"), 1, 0);
    assert_eq!((volume_wise.len(), volume_wise[0].len()), (50, 18));
    let spm = numbers(&at("desc-retroicor_multiple_regressors.txt"), 0, 0);
    assert_eq!(worst(&volume_wise, &spm), 0.0);

    let slices = numbers(&at("desc-retroicorSlices_regressors.tsv"), 1, 3);
    assert_eq!(slices.len(), 50 * 6);
    let slibase = numbers(&at("desc-retroicor.slibase.1D"), 0, 0);
    let joined: Vec<Vec<f64>> = slices.chunks(6).map(|volume| volume.concat()).collect();
    assert_eq!(worst(&joined, &slibase), 0.0);

    // six slices, interleaved: times 0, 1, 1/3, 4/3, 2/3, 5/3; the middle one is 2/3, slice 4
    assert!((summary["moment_s"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9, "{summary}");
    let middle: Vec<Vec<f64>> = slices.chunks(6).map(|volume| volume[4].clone()).collect();
    assert!(worst(&middle, &volume_wise) < 1e-8);

    let json: serde_json::Value =
        serde_json::from_str(&at("desc-retroicor_timeseries.json")).unwrap();
    assert_eq!(json["cardiac_sin3"]["Order"], 3);
    assert_eq!(json["resp_cos4"]["Signal"], "respiratory");
    assert_eq!(json["interaction_cos_c1_minus_r1"]["Method"], "RETROICOR");
    let peaks = at("desc-peaks_events.tsv");
    let n = |word: &str| peaks.lines().filter(|l| l.contains(word)).count() as u64;
    assert_eq!(Some(n("cardiac")), summary["physio"]["n_beats"].as_u64());
    // a breath whose end was not recorded is counted but has no peak
    let n_breaths = summary["physio"]["n_breaths"].as_u64().unwrap();
    assert!(n_breaths.abs_diff(n("respiratory")) <= 1, "{n_breaths}");
    assert_eq!(summary["outputs"].as_array().unwrap().len(), 8);
    well(dir, "verify . -q");
}

#[test]
fn slow_columns_are_described_and_follow_the_beats_of_the_table() {
    let folder = study();
    let dir = folder.path();
    let physio = "physio --physio RECORD --bold BOLD --terms 0/0/0+rvt(5)+hr --out";
    well(dir, &format!("{physio} a"));
    let json: serde_json::Value =
        serde_json::from_str(&read(dir, "a_desc-retroicor_timeseries.json")).unwrap();
    assert_eq!(json["rvt_rrf_delay_5s"]["Delay"], 5.0, "{json}");
    assert_eq!(json["hr_crf"]["Signal"], "cardiac", "{json}");
    let table = read(dir, "a_desc-peaks_events.tsv");
    let beat = table.lines().filter(|l| l.contains("cardiac")).nth(40).unwrap();
    fs::write(dir.join("p.tsv"), table.replace(beat, &beat.replace("ok", "removed"))).unwrap();
    well(dir, &format!("{physio} b --peaks p.tsv"));
    let column = |name: &str, c: usize| -> Vec<Vec<f64>> {
        let all = numbers(&read(dir, &format!("{name}_desc-retroicor_timeseries.tsv")), 1, 0);
        all.iter().map(|row| vec![row[c]]).collect()
    };
    assert_eq!(worst(&column("a", 0), &column("b", 0)), 0.0, "RVT has nothing of the beats");
    assert!(worst(&column("a", 1), &column("b", 1)) > 0.01, "the rate lacks a beat");

    // beats alone do not say when the record begins, which a rate needs
    let without = read(dir, JSON).replace("\"cardiac\"", "\"other\"");
    fs::write(dir.join(JSON), without).unwrap();
    let line = "physio --physio RECORD --bold BOLD --peaks p.tsv --out c --terms";
    assert_eq!(boldly(dir, &format!("{line} 0/0/0+hr")).status.code(), Some(66));
    well(dir, &format!("{line} 3/0/0"));
}

#[test]
fn without_an_image_the_timing_comes_from_the_options() {
    let folder = study();
    let dir = folder.path();
    fs::write(
        dir.join("times.txt"),
        "0 1\n0.33333333333333331 1.3333333333333333 .66666666666666663 1.6666666666666667",
    )
    .unwrap();
    well(dir, "physio --physio RECORD --bold BOLD --out with");
    well(dir, "physio --physio RECORD --tr 2 --volumes 50 --slice-times times.txt --out told");
    for ending in ["timeseries.tsv", "multiple_regressors.txt"] {
        let at = |name: &str| numbers(&read(dir, &format!("{name}_desc-retroicor_{ending}")), 1, 0);
        assert!(worst(&at("with"), &at("told")) < 1e-9);
    }
    well(dir, "physio --physio RECORD --tr 2 --volumes 50 --out frames");
    assert!(read(dir, "frames_desc-retroicor_summary.json").contains("frame-time"));
    assert!(!dir.join("frames_desc-retroicor.slibase.1D").exists());
}

#[test]
fn peaks_that_are_written_and_read_back_give_the_same_columns_everywhere() {
    let folder = study();
    let dir = folder.path();
    let physio = "physio --physio RECORD --bold BOLD --out";
    well(dir, &format!("{physio} a"));
    well(dir, &format!("{physio} b --peaks a_desc-peaks_events.tsv"));
    for ending in ["retroicor_timeseries.tsv", "retroicor.slibase.1D", "peaks_events.tsv"] {
        let at = |name: &str| read(dir, &format!("{name}_desc-{ending}"));
        assert!(at("a") == at("b"), "{ending} differs");
    }
    let clean = "retroicor BOLD --physio RECORD --device cpu -q --out";
    well(dir, &format!("{clean} a.nii"));
    well(dir, &format!("{clean} b.nii --peaks a_desc-peaks_events.tsv"));
    assert!(fs::read(dir.join("a.nii")).unwrap() == fs::read(dir.join("b.nii")).unwrap());
    assert!(read(dir, "b.json").contains("\"peaks\""), "the sidecar names the table as an input");
    well(dir, "verify b.nii");
}

#[test]
fn a_removed_beat_counts_as_if_it_were_not_there_and_an_added_one_as_if_it_were() {
    let folder = study();
    let dir = folder.path();
    let physio = "physio --physio RECORD --bold BOLD --out";
    well(dir, &format!("{physio} a"));
    let table = read(dir, "a_desc-peaks_events.tsv");
    let lines: Vec<&str> = table.lines().collect();
    let at = (40..lines.len()).find(|&i| lines[i].contains("cardiac")).unwrap();
    let write = |name: &str, lines: &[String]| {
        fs::write(dir.join(name), lines.join("\n") + "\n").unwrap();
    };
    let owned = || lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    let mut removed = owned();
    removed[at] = removed[at].replace("\tok", "\tremoved");
    write("removed.tsv", &removed);
    let mut deleted = owned();
    deleted.remove(at);
    write("deleted.tsv", &deleted);
    let mut added = deleted.clone();
    added.push(lines[at].replace("\tok", "\tadded"));
    write("added.tsv", &added);
    for name in ["removed", "deleted", "added"] {
        well(dir, &format!("{physio} {name} --peaks {name}.tsv"));
    }
    let columns = |name: &str| read(dir, &format!("{name}_desc-retroicor_timeseries.tsv"));
    assert!(columns("removed") == columns("deleted"));
    assert!(columns("added") == columns("a"));
    assert!(columns("removed") != columns("a"), "one beat less must show");
    assert!(read(dir, "removed_desc-peaks_events.tsv").contains("removed"), "the decision is kept");

    // glm takes the table too
    let glm = "glm BOLD --events data/sub-01/func/sub-01_task-pain_events.tsv --physio RECORD --terms 1/0/0 \
               --contrast pain --device cpu -q --out";
    for (out, peaks) in [("g0", ""), ("g1", "--peaks added.tsv"), ("g2", "--peaks removed.tsv")] {
        well(dir, &format!("{glm} {out} {peaks}"));
    }
    let t =
        |out: &str| fs::read(dir.join(out).join("contrast-pain_stat-t_statmap.nii.gz")).unwrap();
    assert!(t("g0") == t("g1") && t("g0") != t("g2"));
}

#[test]
fn triggers_find_the_scan_where_start_time_is_wrong() {
    let folder = study();
    let dir = folder.path();
    let physio = "physio --physio RECORD --bold BOLD --json --out";
    well(dir, &format!("{physio} right"));
    set_start_time(dir, 1.73);
    let wrong = well(dir, &format!("{physio} wrong"));
    let found = well(dir, &format!("{physio} found --align trigger"));
    let columns =
        |name: &str| numbers(&read(dir, &format!("{name}_desc-retroicor_timeseries.tsv")), 1, 0);
    let apart = worst(&columns("right"), &columns("found"));
    assert!(apart < 1e-6, "{apart}");
    assert!(worst(&columns("right"), &columns("wrong")) > 0.5);
    let says = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(says.contains("+1.730 s") && says.contains("--align trigger"), "{says}");
    let json: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    let alignment = &json["physio"]["alignment"];
    assert!((alignment["offset_s"].as_f64().unwrap() + 1.73).abs() < 1e-9, "{alignment}");
    assert_eq!(alignment["n_triggers"], 50);
}

#[test]
fn a_breath_is_where_the_trace_is_highest() {
    let study = boldly::simulate::run(&boldly::simulate::Spec {
        shape: [6, 6, 6],
        multiband: 1,
        ..boldly::simulate::Spec::default()
    })
    .unwrap();
    let trace = study.recording.respiratory.unwrap();
    let phase = boldly::physio::RespiratoryPhase::new(&trace).unwrap();
    let at = |t: f64| {
        let middle = ((t - trace.start_s) * trace.sampling_hz) as usize;
        // over a quarter of a second, so that noise does not decide
        let part =
            &trace.samples[middle.saturating_sub(12)..(middle + 13).min(trace.samples.len())];
        part.iter().sum::<f64>() / part.len() as f64
    };
    assert!(phase.breaths().peaks_s.len() > 50);
    for &t in &phase.breaths().peaks_s[1..phase.breaths().peaks_s.len() - 1] {
        assert!(at(t) > at(t - 0.7) && at(t) > at(t + 0.7), "breath at {t} s");
    }
}

/// Name, what spoils the peak table or the data, the command line, exit code, what the message says.
type Case = (&'static str, fn(&Path), &'static str, i32, &'static [&'static str]);

const PEAKS: &str = "physio --physio RECORD --bold BOLD --out out --peaks p.tsv";

fn peaks(dir: &Path, text: &str) {
    fs::write(dir.join("p.tsv"), text).unwrap();
}

const CASES: &[Case] = &[
    ("no timing", |_| (), "physio --physio RECORD --out out", 2, &["--bold", "--volumes"]),
    ("a TR of 0", |_| (), "physio --physio RECORD --tr 0 --volumes 9 --out out", 2, &["--tr"]),
    (
        "no volumes",
        |_| (),
        "physio --physio RECORD --tr 2 --volumes 0 --out out",
        2,
        &["--volumes 0"],
    ),
    (
        "volumes twice",
        |_| (),
        "physio --physio RECORD --tr 2 --volumes 9 --bold BOLD --out out",
        2,
        &["--volumes"],
    ),
    ("no recording", |_| (), "physio --physio no.tsv.gz --bold BOLD --out out", 66, &["no.tsv.gz"]),
    (
        "an unknown alignment",
        |_| (),
        "physio --physio RECORD --bold BOLD --out out --align middle",
        2,
        &["middle", "trigger"],
    ),
    (
        "dummies below 0",
        |_| (),
        "physio --physio RECORD --bold BOLD --out out --dummies=-1",
        2,
        &["--dummies"],
    ),
    (
        "dummies that the triggers do not have",
        |_| (),
        "physio --physio RECORD --bold BOLD --out out --align trigger --dummies 2",
        65,
        &["50 triggers", "52"],
    ),
    (
        "terms that are none",
        |_| (),
        "physio --physio RECORD --bold BOLD --out out --terms x",
        2,
        &["--terms"],
    ),
    (
        "alignment without a recording",
        |_| (),
        "glm BOLD --events e.tsv --contrast pain --out out --align trigger",
        2,
        &["--physio"],
    ),
    (
        "slice times beyond the TR",
        |d| fs::write(d.join("t.txt"), "0 1000").unwrap(),
        "physio --physio RECORD --tr 2 --volumes 50 --slice-times t.txt --out out",
        65,
        &["1000", "seconds"],
    ),
    (
        "a record aligned to its end that begins too late",
        |_| (),
        "physio --physio RECORD --tr 2 --volumes 900 --out out --align end",
        65,
        &["cover"],
    ),
    (
        "an output below a file",
        |_| (),
        "physio --physio RECORD --bold BOLD --out data/README.md/out",
        74,
        &["README.md"],
    ),
    ("no peak table", |_| (), PEAKS, 66, &["p.tsv"]),
    ("an empty peak table", |d| peaks(d, ""), PEAKS, 65, &["p.tsv", "empty"]),
    (
        "a peak table without peaks",
        |d| peaks(d, "onset\tchannel\tstatus\n"),
        PEAKS,
        65,
        &["no peaks"],
    ),
    (
        "a peak table without status",
        |d| peaks(d, "onset\tchannel\n1\tcardiac\n"),
        PEAKS,
        65,
        &["add status"],
    ),
    (
        "a peak table of commas",
        |d| peaks(d, "onset,channel,status\n1,cardiac,ok\n"),
        PEAKS,
        65,
        &["commas"],
    ),
    (
        "a ragged peak table",
        |d| peaks(d, "onset\tchannel\tstatus\n1\tcardiac\n"),
        PEAKS,
        65,
        &["line 2"],
    ),
    (
        "an onset that is no number",
        |d| peaks(d, "onset\tchannel\tstatus\n1\tcardiac\tok\n1,5\tcardiac\tok\n"),
        PEAKS,
        65,
        &["line 3", "onset", "1,5"],
    ),
    (
        "an onset that is not finite",
        |d| peaks(d, "onset\tchannel\tstatus\nNaN\tcardiac\tok\n"),
        PEAKS,
        65,
        &["line 2", "onset", "NaN"],
    ),
    (
        "an unknown channel",
        |d| peaks(d, "onset\tchannel\tstatus\n1\tecg\tok\n"),
        PEAKS,
        65,
        &["line 2", "channel", "ecg"],
    ),
    (
        "an unknown status",
        |d| peaks(d, "onset\tchannel\tstatus\n1\tcardiac\tgood\n"),
        PEAKS,
        65,
        &["line 2", "status", "good"],
    ),
    (
        "too few beats that count",
        |d| peaks(d, "onset\tchannel\tstatus\n1\tcardiac\tok\n2\tcardiac\tremoved\n"),
        PEAKS,
        65,
        &["1 cardiac"],
    ),
    (
        "one beat twice",
        |d| peaks(d, "onset\tchannel\tstatus\n1\tcardiac\tok\n2\tcardiac\tok\n2\tcardiac\tadded\n"),
        PEAKS,
        65,
        &["two cardiac", "2 s"],
    ),
    (
        "beats in milliseconds",
        |d| {
            peaks(
                d,
                "onset\tchannel\tstatus\n0\tcardiac\tok\n900\tcardiac\tok\n1800\tcardiac\tok\n",
            )
        },
        PEAKS,
        65,
        &["a minute", "seconds"],
    ),
    (
        "beats of another run",
        |d| {
            peaks(
                d,
                "onset\tchannel\tstatus\n500\tcardiac\tok\n501\tcardiac\tok\n502\tcardiac\tok\n",
            )
        },
        PEAKS,
        65,
        &["p.tsv", "cover"],
    ),
];

#[test]
fn every_bad_input_gets_its_message_and_exit_code_and_leaves_nothing() {
    let folder = study();
    let dir = folder.path();
    let mut failures = Vec::new();
    for (name, spoil, line, code, says) in CASES {
        let _ = fs::remove_file(dir.join("p.tsv"));
        spoil(dir);
        let output = boldly(dir, line);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        let missing: Vec<_> = says.iter().filter(|part| !message.contains(**part)).collect();
        let left: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|n| !["data", "p.tsv", "t.txt"].contains(&n.as_str()))
            .collect();
        if output.status.code() != Some(*code) || !missing.is_empty() || !left.is_empty() {
            failures.push(format!(
                "{name}: exit {:?} for {code}, lacks {missing:?}, left {left:?}\n    {}",
                output.status.code(),
                message.trim()
            ));
        }
    }
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}
