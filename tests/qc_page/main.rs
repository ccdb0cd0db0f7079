//! The QC page: well formed, readable without a network, the same numbers as the summary, and true to the traces.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use std::sync::Arc;

use boldly::physio::{BadStretches, Channel, Flagged, Peaks, Reason, Status};
use boldly::recording::Trace;
use boldly::report::qc::page;
use boldly::report::qc::{Picture, Pictures};

#[path = "../report_page/browser.rs"]
mod browser;
mod checked;
mod headline;
mod made_up;
mod seen;

use checked::{Element, checked};

const RECORD: &str = "bench-data/sub-01/func/sub-01_task-pain_physio.tsv.gz";
const BOLD: &str = "bench-data/sub-01/func/sub-01_task-pain_bold.nii.gz";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `boldly physio` and returns the page it wrote beside its other outputs `DIR/p_*`.
fn physio(dir: &Path, record: &Path, more: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(["physio", "-q", "--out", "p", "--physio"])
        .arg(record)
        .args(more.split_whitespace())
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{more}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(dir.join("p_desc-physio_qc.html")).unwrap()
}

fn with_id<'a>(all: &'a [Element], id: &str) -> &'a Element {
    all.iter().find(|e| e.has("id", id)).unwrap_or_else(|| panic!("no element {id}"))
}

/// The text of the element with this id.
fn text(all: &[Element], id: &str) -> String {
    with_id(all, id).text.clone()
}

#[test]
fn the_page_of_the_shipped_example_is_well_formed_and_has_the_numbers_of_its_summary() {
    let folder = tempfile::tempdir().unwrap();
    let bold = root().join(BOLD).display().to_string();
    let html = physio(folder.path(), &root().join(RECORD), &format!("--bold {bold}"));
    let all = checked(&html);
    let summary = fs::read_to_string(folder.path().join("p_desc-retroicor_summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let physio = &summary["physio"];
    for (id, field) in [
        ("n-beats", "n_beats"),
        ("n-filled", "n_beats_filled"),
        ("n-outliers", "n_rr_outliers"),
        ("n-breaths", "n_breaths"),
    ] {
        let shown: u64 = text(&all, &format!("run-1-{id}")).parse().unwrap();
        assert_eq!(Some(shown), physio[field].as_u64(), "{field}");
    }
    for (id, field) in [
        ("heart-rate-mean", "heart_rate_bpm"),
        ("breathing-rate-mean", "breathing_rate_per_minute"),
    ] {
        let shown: f64 = text(&all, &format!("run-1-{id}")).parse().unwrap();
        assert!((shown - physio[field].as_f64().unwrap()).abs() <= 0.05, "{field}: {shown}");
    }
    let alignment = &physio["alignment"];
    assert_eq!(text(&all, "run-1-n-triggers"), alignment["n_triggers"].to_string());
    assert!(text(&all, "run-1-scan").starts_with(&format!("{} volumes", summary["volumes"])));
    assert!(text(&all, "run-1-recording").contains(physio["recording"].as_str().unwrap()));
    for input in summary["inputs"].as_array().unwrap() {
        assert!(html.contains(input["blake3"].as_str().unwrap()));
    }
    for output in summary["outputs"].as_array().unwrap() {
        assert!(html.contains(output.as_str().unwrap()), "{output}");
        assert!(folder.path().join(output.as_str().unwrap()).exists(), "{output}");
    }
    // every column stands in the table with its description
    for column in physio["columns"].as_array().unwrap() {
        assert!(all.iter().any(|e| e.name == "td" && e.text == column.as_str().unwrap()));
    }
    assert!(text(&all, "run-1-summary").contains("In the recording alone nothing stands out."));
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn retroicor_and_glm_write_the_page_beside_their_images() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| root().join(path).display().to_string();
    let mask = "bench-data/derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-brain_mask.nii.gz";
    let (bold, record, mask) = (at(BOLD), at(RECORD), at(mask));
    let events = at("bench-data/sub-01/func/sub-01_task-pain_events.tsv");
    let boldly = |line: &[&str]| {
        let shared = ["--physio", &record, "--events", &events, "--mask", &mask];
        let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
            .args(&line[..2])
            .args(shared)
            .args(["--device", "cpu", "-q"])
            .args(&line[2..])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();

    boldly(&["retroicor", &bold, "--out", "sub-01_desc-retroicor_bold.nii", "--maps", "maps"]);
    let all = checked(&read("sub-01_desc-retroicor_qc.html"));
    let images: Vec<&Element> = all.iter().filter(|e| e.name == "img").collect();
    // F and R2 of cardiac, respiratory, interaction and all; tSNR before, after, gain
    assert_eq!(images.len(), 2 * 4 + 3);
    assert!(text(&all, "run-1-design-drawn-desc").starts_with("The design: "));
    assert!(text(&all, "run-1-design-drawn").contains("cardiac_cos1"));
    assert!(images[0].attributes["alt"].starts_with("F, cardiac on 4 cuts"));
    let r2 = &images[1].attributes["alt"];
    assert!(r2.starts_with("adjusted R², cardiac") && r2.ends_with("from 0.00 to 0.50"), "{r2}");
    let tsnr = [8, 9].map(|k| images[k].attributes["alt"].rsplit("colours from").next().unwrap());
    assert_eq!(tsnr[0], tsnr[1], "tSNR before and after in the same colours");
    assert!(text(&all, "run-1-columns").contains("pain"), "the task beside the columns");
    let beats = text(&all, "run-1-n-beats");
    let sidecar: serde_json::Value =
        serde_json::from_str(&read("sub-01_desc-retroicor_bold.json")).unwrap();
    assert_eq!(beats, sidecar["boldly"]["physio"][0]["n_beats"].to_string());

    boldly(&["glm", &bold, "--contrast", "pain", "--out", "stats"]);
    let all = checked(&read("stats/desc-retroicor_qc.html"));
    assert_eq!(text(&all, "run-1-n-beats"), beats);
    assert!(all.iter().any(|e| e.has("id", "run-1-coverage-heart")));
}

#[cfg(unix)]
#[test]
fn names_with_signs_that_mean_something_in_html_come_out_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let name = "<b>&\"it's\"&amp;<!--";
    for ending in [".tsv.gz", ".json"] {
        let from = root().join(RECORD.replace(".tsv.gz", ending));
        fs::copy(from, folder.path().join(format!("{name}_physio{ending}"))).unwrap();
    }
    let record = folder.path().join(format!("{name}_physio.tsv.gz"));
    let all = checked(&physio(folder.path(), &record, "--tr 2 --volumes 150"));
    let shown = text(&all, "run-1-recording");
    assert!(shown.starts_with(name), "{shown}");
    let quoted = name.replace('\'', "'\\''");
    assert!(all.iter().any(|e| e.name == "pre" && e.text.contains(&quoted)));
    assert!(all.iter().any(|e| e.name == "th" && e.text.contains(name)));
}

#[test]
fn a_page_without_pulse_or_without_breathing_leaves_its_parts_out() {
    for (terms, has, lacks) in [("0/4/0", "breath", "heart"), ("3/0/0", "heart", "breath")] {
        let mut recording = made_up::recording(120.0, 50.0);
        match has {
            "heart" => recording.respiratory = None,
            _ => recording.cardiac = None,
        }
        let acquisition = made_up::acquisition(120.0);
        let run = made_up::run(recording, &acquisition, terms, &Peaks::default());
        let all = checked(&page(&made_up::of(vec![run])).unwrap());
        let there = |part: &str| all.iter().any(|e| e.has("id", &format!("run-1-{part}")));
        assert!(there(&format!("coverage-{has}")) && !there(&format!("coverage-{lacks}")));
        assert!(there(&format!("{has}-phase")) && !there(&format!("{lacks}-phase")));
        assert_eq!(there("rr"), has == "heart");
        assert_eq!(there("rvt"), has == "breath");
        assert!(there("traces-1"));
    }
}

#[test]
fn beats_of_a_table_without_any_trace_make_a_page() {
    let mut recording = made_up::recording(120.0, 50.0);
    (recording.cardiac, recording.respiratory) = (None, None);
    let peaks = (0..140).map(|k| made_up::peak(f64::from(k) * 0.9, Channel::Cardiac, Status::Ok));
    let known = Peaks { name: "peaks.tsv".into(), peaks: peaks.collect() };
    let run = made_up::run(recording, &made_up::acquisition(120.0), "3/0/0", &known);
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    assert!(text(&all, "run-1-traces").contains("come from a table"));
    assert_eq!(text(&all, "run-1-peak-table"), "peaks.tsv");
}

#[test]
fn one_breath_no_beats_and_samples_that_are_missing_make_a_page() {
    let mut recording = made_up::recording(20.0, 50.0);
    let breath = made_up::peak(3.0, Channel::Respiratory, Status::Ok);
    let page_of = |recording: &boldly::recording::Recording, peaks| {
        page(&made_up::of(vec![made_up::empty(recording.clone(), peaks)])).unwrap()
    };
    let all = checked(&page_of(&recording, vec![breath]));
    assert!(text(&all, "run-1-rates").contains("not enough beats or breaths"));
    assert!(text(&all, "run-1-traces-1-desc").contains("Pulse: 0 beats. Breathing: 1 breath."));
    assert!(text(&all, "run-1-summary").contains("3 triggers for 10 volumes"));
    checked(&page_of(&recording, Vec::new()));

    // a gap, and a trace of nothing but gaps
    let pulse = recording.cardiac.as_mut().unwrap();
    pulse.samples[600..700].fill(f64::NAN);
    pulse.samples[800] = f64::INFINITY;
    recording.respiratory.as_mut().unwrap().samples.fill(f64::NAN);
    let all = checked(&page_of(&recording, Vec::new()));
    let pieces = trace_of(&all, "pulse").matches('M').count();
    assert_eq!(pieces, 3, "the line is broken where values are missing");

    // constant, and empty
    recording.cardiac.as_mut().unwrap().samples.fill(7.0);
    recording.respiratory = Some(Trace { samples: Vec::new(), sampling_hz: 50.0, start_s: 0.0 });
    checked(&page_of(&recording, vec![breath]));
}

/// The path of the first row's trace.
fn trace_of<'a>(all: &'a [Element], name: &str) -> &'a str {
    &all.iter().find(|e| e.class("trace") && e.class(name)).unwrap().attributes["d"]
}

/// The points of a path of `M x y` and `l dx dy`, in the drawing's pixels.
fn points(path: &str) -> Vec<[f64; 2]> {
    let mut points: Vec<[f64; 2]> = Vec::new();
    let mut rest = path;
    while let Some(letter) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |e| e + 1);
        let numbers: Vec<f64> = rest[1..end]
            .replace('-', " -")
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        let [x, y] = numbers[..] else { panic!("{rest:.40}") };
        let from = if letter == 'l' { *points.last().unwrap() } else { [0.0, 0.0] };
        points.push([from[0] + x, from[1] + y]);
        rest = &rest[end..];
    }
    points
}

#[test]
fn no_peak_of_a_long_trace_vanishes_however_many_samples_share_a_column() {
    // 1 kHz: some 40 samples a column. One sample of the third row stands out of all others.
    let mut run = made_up::standard();
    let mut recording = made_up::recording(240.0, 1000.0);
    let pulse = recording.cardiac.as_mut().unwrap();
    let at = ((133.3 - pulse.start_s) * 1000.0) as usize;
    pulse.samples[at] = 1.4;
    pulse.samples[at + 3] = -0.35;
    run.recording = recording;
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    let rows: Vec<Vec<[f64; 2]>> =
        all.iter().filter(|e| e.class("pulse")).map(|e| points(&e.attributes["d"])).collect();
    assert_eq!(rows.len(), 4);
    // The plot of the pulse is 58 pixels high and begins at 12.
    let least = |row: &[[f64; 2]]| row.iter().map(|p| p[1]).fold(f64::MAX, f64::min);
    let most = |row: &[[f64; 2]]| row.iter().map(|p| p[1]).fold(f64::MIN, f64::max);
    for (nth, row) in rows.iter().enumerate() {
        // 133.3 s is in the row from 120 to 182.5 s of a window from -5 to 245 s
        assert_eq!((least(row) - 12.0).abs() < 0.06, nth == 2, "row {nth}: top {}", least(row));
        assert_eq!((most(row) - 70.0).abs() < 0.06, nth == 2, "row {nth}: foot {}", most(row));
    }
    let highest = rows[2].iter().min_by(|a, b| a[1].total_cmp(&b[1])).unwrap();
    let time_s = 120.0 + (highest[0] - 74.0) / (900.0 - 74.0 - 16.0) * 62.5;
    assert!((time_s - 133.3).abs() < 0.05, "{time_s}");
}

#[test]
fn ten_minutes_at_500_hz_stay_below_two_megabytes() {
    let mut recording = made_up::recording(600.0, 500.0);
    // Noise makes every column of the drawing differ.
    let mut state = 1_u32;
    for v in &mut recording.cardiac.as_mut().unwrap().samples {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *v += 0.05 * f64::from(state >> 16) / 65536.0;
    }
    let run = made_up::run(recording, &made_up::acquisition(600.0), "fsl", &Peaks::default());
    let html = page(&made_up::of(vec![run])).unwrap();
    checked(&html);
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
}

#[test]
fn added_and_removed_peaks_and_flagged_stretches_are_drawn_and_said() {
    let mut run = made_up::standard();
    run.peaks.peaks.push(made_up::peak(31.5, Channel::Cardiac, Status::Added));
    run.peaks.peaks.push(made_up::peak(41.5, Channel::Respiratory, Status::Removed));
    let flagged = |channel, from_s, to_s, reason| Flagged { channel, from_s, to_s, reason };
    run.summary.flagged = vec![
        flagged(Channel::Cardiac, 10.0, 14.0, Reason::Flat),
        flagged(Channel::Cardiac, 12.0, 13.0, Reason::Noise), // within the other: counts once
        flagged(Channel::Cardiac, 20.0, 21.0, Reason::Interval),
        flagged(Channel::Respiratory, 200.0, 201.5, Reason::Clipped),
    ];
    run.summary.treatment.bad_stretches = BadStretches::Censor;
    run.summary.censored_volumes = vec![5, 6, 7, 100];
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    let said = text(&all, "run-1-traces-1-desc");
    for words in [
        "1 added at 31.5 s",
        "1 removed at 41.5 s",
        "flat from 10.0 to 14.0 s",
        "an interval that stands out from 20.0 to 21.0 s",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("clipped"));
    // the legend has one of each, the traces the others
    for (class, n) in [("added", 2), ("removed", 2), ("unusable", 3), ("interval", 2)] {
        let drawn = all.iter().filter(|e| e.name == "path" && e.class(class)).count();
        assert!(drawn >= n, "{class}: {drawn}");
    }
    let summary = text(&all, "run-1-summary");
    assert!(summary.contains("4.0 s of pulse (1.67\u{a0}%) and 1.5 s of breathing"), "{summary}");
    assert!(summary.contains("columns are 0 there, in 4 volumes"), "{summary}");
}

#[test]
fn what_is_wrong_is_said_with_its_number_and_its_next_step() {
    let mut run = made_up::standard();
    run.peak_file = Some("p_desc-peaks_events.tsv".into());
    run.summary.n_rr_outliers = Some(40);
    // a pulse that is cut off
    let pulse = run.recording.cardiac.as_mut().unwrap();
    let top = 0.2 * pulse.samples.iter().copied().fold(f64::MIN, f64::max);
    pulse.samples.iter_mut().for_each(|v| *v = v.min(top));
    run.summary.cardiac_extrapolated_share = Some(0.31);
    run.summary.alignment =
        made_up::empty(made_up::recording(20.0, 50.0), vec![]).summary.alignment;
    let alignment = run.summary.alignment.as_mut().unwrap();
    (alignment.n_triggers, alignment.first_trigger_s) = (Some(120), Some(1.73));
    alignment.clock_drift_ppm = Some(12.0);
    // heart in step with the scanner
    run.phases.cardiac_phase.as_mut().unwrap().fill(1.0);
    // a column twice
    let first = run.columns.column(0).to_owned();
    run.columns.column_mut(1).assign(&first);
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    let summary = text(&all, "run-1-summary");
    for words in [
        "6 points need a look",
        "40 RR intervals stand out",
        "The trace lies at its lowest or highest value for",
        "--peaks p_desc-peaks_events.tsv",
        "31\u{a0}% of the slices lie before the first or after the last beat, 0\u{a0}%",
        "evenness of the cardiac phase",
        "at 1.730 s",
        "--align trigger",
        "100\u{a0}% of the cycle",
        "length 1.000",
        "cardiac_cos1 and cardiac_sin1, correlate with r = 1.00",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
}

#[test]
fn a_design_stands_beside_the_columns_and_constant_columns_correlate_with_none() {
    let mut run = made_up::standard();
    run.columns.column_mut(3).fill(0.0);
    let n = run.columns.nrows();
    let task = run.columns.column(0).mapv(|v| 3.0 * v + 2.0);
    let mut matrix = ndarray::Array2::ones((n, 3));
    matrix.column_mut(0).assign(&task);
    matrix.column_mut(1).assign(&ndarray::Array1::from_iter((0..n).map(|t| t as f64)));
    let names = ["pain", "drift_1", "constant"].map(str::to_owned).to_vec();
    run.design = Some(boldly::design::Design { names, matrix, n_task: 0 });
    let html = page(&made_up::of(vec![run.clone()])).unwrap();
    let all = checked(&html);
    let columns = text(&all, "run-1-columns");
    assert!(columns.contains("pain100\u{a0}%cardiac_cos11.00"), "{columns}");
    assert!(!columns.contains("drift_1100"), "of drift nothing is said but its inflation");
    assert!(text(&all, "run-1-summary").contains("at most 100\u{a0}% of a task column, pain"));

    // What a confound shares with heart and breath is why it is there.
    let mut run = run.clone();
    run.confounds = vec!["pain".to_owned()];
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    assert!(!text(&all, "run-1-summary").contains("followed the task"));
}

#[test]
fn a_trace_that_must_not_be_used_leads_the_page_and_nothing_below_it_is_good() {
    let mut run = made_up::standard();
    let (channel, why) = (Channel::Cardiac, "follows the scanner".to_owned());
    run.summary.unusable = vec![boldly::physio::Unusable { channel, why }];
    let all = checked(&page(&made_up::of(vec![run])).unwrap());
    let summary = text(&all, "run-1-summary");
    let opening = summary.trim_start().trim_start_matches("Summary").trim_start();
    assert!(opening.starts_with("Do not use this recording."), "{summary}");
    assert!(summary.contains("do not usethe trace follows the scanner"), "{summary}");
    assert!(!summary.contains("good<") && !summary.contains("✓"), "{summary}");
}

#[test]
fn several_runs_stand_below_each_other_and_maps_come_with_words() {
    let grid = boldly::volume::Grid {
        shape: [6, 7, 8],
        affine: [
            [3.0, 0.0, 0.0, -9.0],
            [0.0, 3.0, 0.0, -9.0],
            [0.0, 0.0, 3.0, -9.0],
            [0.0, 0.0, 0.0, 1.0],
        ],
        voxel_size_mm: [3.0; 3],
        is_placed: true,
    };
    let n = grid.n_voxels();
    let mut qc = made_up::of(vec![made_up::standard(), made_up::standard()]);
    let map = |title: &str, threshold| Picture {
        title: title.into(),
        note: "dof 6, 120".into(),
        caption: "Where the pulse explains more than noise would.".into(),
        values: Arc::new((0..n).map(|v| if v % 3 == 0 { f32::NAN } else { v as f32 }).collect()),
        threshold,
        floor: threshold,
        max: 5.0,
    };
    qc.maps = Some(Pictures {
        background: vec![100.0; n],
        inside: (0..n).map(|v| v % 2 == 0).collect(),
        grid,
        maps: vec![map("partial F, cardiac", 2.0), map("R2 <all>", 5.0)],
    });
    let html = page(&qc).unwrap();
    let all = checked(&html);
    assert!(all.iter().any(|e| e.has("id", "run-2-traces-1")));
    let images: Vec<&Element> = all.iter().filter(|e| e.name == "img").collect();
    assert_eq!(images.len(), 2);
    assert!(images[0].attributes["alt"].starts_with("partial F, cardiac on 4 cuts"));
    assert!(images[1].attributes["alt"].starts_with("R2 <all>"));
    assert_eq!(all.iter().filter(|e| e.name == "h2").count(), 4, "two runs, maps, about");
    // the finding about one run is under that run's heading
    assert!(text(&all, "run-2-summary").contains("beats"));
}
