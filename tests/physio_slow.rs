//! Slow physiological columns: RVT, RV and heart rate equal the published formulas, follow the body and never precede it,
//! and are refused with a reason where they make no sense.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use std::f64::consts::{PI, TAU};

use boldly::physio::{
    Breaths, PhysioSummary, Terms, beats, breaths, convolved, crf, heart_rate, retroicor, rrf, rv,
    rvt, rvt_hilbert,
};
use boldly::recording::{Acquisition, Recording, Trace};
use physio_common::common::assert_close;
use physio_common::{
    columns, correlation, dicrotic, golden, json, numbers, pulse, recording, resting, shared,
};

/// Where the definitions agree.
const TOLERANCE: f64 = 1e-10;

fn breath_trace() -> Trace {
    let samples = columns(&golden("physio_synth.tsv.gz")).swap_remove(1);
    Trace { samples, sampling_hz: 50.0, start_s: 0.0 }
}

/// Breathing at 0.25 Hz whose depth is `depth(t)`, from -60 s on.
fn breathing_of(hz: f64, seconds: f64, depth: impl Fn(f64) -> f64) -> Trace {
    let (start_s, n) = (-60.0, (seconds * hz) as usize);
    let samples = (0..n).map(|i| {
        let t = start_s + i as f64 / hz;
        depth(t) * (TAU * 0.25 * t).cos()
    });
    Trace { samples: samples.collect(), sampling_hz: hz, start_s }
}

fn record() -> Recording {
    Recording {
        name: "sub-01_physio.tsv.gz".into(),
        cardiac: Some(pulse(100.0, 300.0, -60.0, resting, dicrotic).0),
        respiratory: Some(physio_common::breathing(25.0, 300.0, -60.0)),
        trigger: None,
    }
}

/// Four planes, two at a time.
fn run() -> Acquisition {
    Acquisition {
        tr: 2.0,
        n_volumes: 110,
        slice_times: Some(vec![0.0, 1.1, 0.0, 1.1]),
        start_time: 0.0,
    }
}

fn columns_of(record: &Recording, run: &Acquisition, terms: &str) -> Vec<Vec<f64>> {
    let groups = retroicor(record, run, &terms.parse().unwrap()).unwrap().groups;
    let columns = &groups.columns[0];
    (0..columns.ncols()).map(|k| columns.column(k).to_vec()).collect()
}

#[test]
fn every_measure_and_response_equals_the_reference() {
    let want = json(&golden("physio_slow.json"));
    let list = |key: &str| numbers(&want[key]);
    let trace = breath_trace();
    let found =
        Breaths { peaks_s: list("peaks_s"), troughs_s: list("troughs_s"), ..Breaths::default() };
    let got = rvt(&trace, &found, &list("rvt_times_s"), "breath").unwrap();
    assert_close("rvt", &got, &list("rvt"), 0.0, TOLERANCE);
    assert_close("rv", &rv(&trace, &list("rv_times_s")), &list("rv"), 0.0, TOLERANCE);
    let got = rvt_hilbert(&trace, &list("hilbert_times_s"));
    assert_close("rvt_hilbert", &got, &list("rvt_hilbert"), 0.0, TOLERANCE);
    let beats_s = numbers(&json(&golden("physio_synth.json"))["beats_s"]);
    let rate = heart_rate(&beats_s, &list("hr_times_s"));
    assert_close("hr", &rate, &list("hr"), TOLERANCE, 0.0);
    let at = list("response_times_s");
    let every = |f: fn(f64) -> f64| at.iter().map(|&t| f(t)).collect::<Vec<_>>();
    assert_close("rrf", &every(rrf), &list("rrf"), 0.0, TOLERANCE);
    assert_close("crf", &every(crf), &list("crf"), 0.0, TOLERANCE);
    let grid: Vec<f64> = (0..1196).map(|j| f64::from(j) / 10.0).collect();
    let rate = heart_rate(&beats_s, &grid);
    for (response, key) in [(rrf as fn(f64) -> f64, "hr_convolved_rrf"), (crf, "hr_convolved_crf")]
    {
        let got: Vec<f64> = convolved(&rate, response).unwrap().into_iter().step_by(5).collect();
        assert_close(key, &got, &list(key), 0.0, TOLERANCE);
    }
}

#[test]
fn the_heart_rate_is_that_of_the_window_and_a_beat_on_each_side() {
    let beats_s = [0.0, 1.0, 2.5, 3.5, 5.0, 6.0, 8.0, 9.0, 10.0];
    // 2 to 8 s: from the beat at 1.0 (the last up to 2) to that at 8.0 (the first from 8 on): 5 intervals in 7 s.
    // At the ends there is no beat outside: 0 to 3.5 s and 6 to 10 s.
    let got = heart_rate(&beats_s, &[5.0, 0.4, 10.0]);
    let want = [60.0 * 5.0 / 7.0, 60.0 * 3.0 / 3.5, 60.0 * 3.0 / 4.0];
    assert_close("rate", &got, &want, 1e-14, 0.0);
    assert!(heart_rate(&beats_s, &[13.5, -3.5]).iter().all(|r| r.is_nan()));
    assert!(heart_rate(&[], &[0.0])[0].is_nan() && heart_rate(&[1.0], &[1.0])[0].is_nan());
}

#[test]
fn the_heart_rate_is_physios_on_a_real_record() {
    // PhysIO's own rule, its beats: equal. Own beats: the same but for the moment of single beats.
    let file = "physio-examples/BIDS/CPULSE3T/sub-s998_task-random_run-99_physio.tsv.gz";
    let stages = shared("physio-examples/BIDS/CPULSE3T/reference_stages.json");
    let (Some(record), Some(stages)) = (recording(file, 50.0, 0.0), stages) else { return };
    let stages = json(&stages);
    let (times_s, want) = (numbers(&stages["sample_times"]), numbers(&stages["hr"]));
    let got = heart_rate(&numbers(&stages["cpulse"]), &times_s);
    assert_close("PhysIO's hr", &got, &want, 1e-10, 0.0);
    let own = heart_rate(&beats(record.cardiac.as_ref().unwrap()).unwrap(), &times_s);
    let r = correlation(&own, &want);
    let near = own.iter().zip(&want).filter(|(a, b)| (*a - *b).abs() < 1.0).count();
    let share = near as f64 / want.len() as f64;
    // Four of 1027 beats differ, and each stands in the window of some eight volumes.
    println!("heart rate from own beats: within 1 bpm in {share:.4} of the volumes, r = {r:.4}");
    assert!(r > 0.9 && share > 0.9, "{r} {share}");
    // RVT by the analytic signal: PhysIO repairs the phase and filters a little otherwise.
    let want = numbers(&stages["rvt"]);
    let trace = record.respiratory.as_ref().unwrap();
    let by_hilbert = correlation(&rvt_hilbert(trace, &times_s), &want);
    let by_peaks =
        correlation(&rvt(trace, &breaths(trace).unwrap(), &times_s, "breath").unwrap(), &want);
    println!("PhysIO's rvt: by Hilbert r = {by_hilbert:.4}, by peaks r = {by_peaks:.4}");
    assert!(by_hilbert > 0.95, "{by_hilbert}");
    assert!(by_peaks > 0.8, "{by_peaks}");
}

#[test]
fn the_ends_of_inspiration_and_expiration_are_where_they_were_put() {
    // Not a sample early (AFNI's RetroTS), at any rate: maxima at 4 k s, minima at 4 k + 2 s.
    for hz in [10.0, 25.0, 50.0, 400.0] {
        let found = breaths(&breathing_of(hz, 121.0, |_| 1.0)).unwrap();
        for (got, from) in [(&found.peaks_s, -56.0), (&found.troughs_s, -58.0)] {
            let want: Vec<f64> = (0..got.len()).map(|k| from + 4.0 * k as f64).collect();
            // The ends of the record have half a breath to be smoothed with.
            let inner = 2..got.len() - 2;
            assert!(got.len() >= 28, "{hz} Hz: {got:?}");
            assert_close("turns", &got[inner.clone()], &want[inner], 0.0, 2e-3);
        }
    }
}

#[test]
fn rvt_is_depth_times_rate_by_peaks_and_by_the_analytic_signal() {
    // A cosine of amplitude A and rate f: from -A to A, f times a second.
    let times_s: Vec<f64> = (0..100).map(|i| -30.0 + 0.61 * f64::from(i)).collect();
    for (hz, depth) in [(25.0, 1.0), (50.0, 3.0), (100.0, 0.01)] {
        let trace = breathing_of(hz, 121.0, |_| depth);
        let want = vec![2.0 * depth * 0.25; times_s.len()];
        let by_peaks = rvt(&trace, &breaths(&trace).unwrap(), &times_s, "breath").unwrap();
        assert_close("by peaks", &by_peaks, &want, 2e-3, 0.0);
        assert_close("by Hilbert", &rvt_hilbert(&trace, &times_s), &want, 2e-2, 0.0);
    }
}

#[test]
fn a_step_in_depth_appears_later_never_earlier_and_a_delay_moves_it_later_still() {
    // Twice as deep from 100 s on. AFNI's RetroTS moves RVT to earlier volumes.
    let run =
        Acquisition { tr: 1.0, n_volumes: 230, slice_times: Some(vec![0.0]), start_time: 0.0 };
    let depth = |t: f64| if t < 100.0 { 1.0 } else { 2.0 };
    let record =
        Recording { respiratory: Some(breathing_of(50.0, 300.0, depth)), ..Recording::default() };
    // How far before the step the measure itself may know of it, seconds: a breath, half a window, the low-pass.
    for (measure, knows_s) in [("rvt", 4.0), ("rv", 3.0), ("rvt-hilbert", 8.0)] {
        let got = columns_of(&record, &run, &format!("{measure}(0,5,10)"));
        let column = &got[0];
        let quiet = &column[60..(100.0 - knows_s) as usize];
        let level = quiet[0];
        let extreme = column.iter().fold(0.0_f64, |m, v| m.max((v - level).abs()));
        let stirred = quiet.iter().fold(0.0_f64, |m, v| m.max((v - level).abs()));
        println!("{measure}: before the step {:.4} of the extreme", stirred / extreme);
        assert!(stirred < 0.03 * extreme, "{measure} moved before the step: {stirred} {extreme}");
        // The respiratory response is above 0 for the first seconds, then long below.
        let first = (99..115).map(|t| column[t] - level).fold(f64::MIN, f64::max);
        let late = (110..140).map(|t| column[t] - level).fold(f64::MAX, f64::min);
        assert!(first > 0.1 * extreme && late < -0.5 * extreme, "{measure}: {first} {late}");
        // Delays shift the same series; columns are demeaned, so differences are compared.
        for (delayed, by) in [(&got[1], 5), (&got[2], 10)] {
            let step = |c: &[f64], t: usize| c[t] - c[t - 1];
            let want: Vec<f64> = (20..230).map(|t| step(column, t - by)).collect();
            let shifted: Vec<f64> = (20..230).map(|t| step(delayed, t)).collect();
            assert_close(measure, &shifted, &want, 0.0, 1e-9);
        }
    }
}

#[test]
fn a_faster_heart_is_followed_by_more_signal_then_less() {
    // From 60 to 72 beats a minute at 100 s; the cardiac response peaks at 4 s and is lowest at 12 s.
    let rate = |t: f64| if t < 100.0 { 1.0 } else { 1.2 };
    let record = Recording {
        cardiac: Some(pulse(100.0, 300.0, -60.0, rate, dicrotic).0),
        ..Recording::default()
    };
    let run =
        Acquisition { tr: 1.0, n_volumes: 230, slice_times: Some(vec![0.0]), start_time: 0.0 };
    let column = columns_of(&record, &run, "hr").swap_remove(0);
    let level = column[90];
    let quiet = column[60..96].iter().fold(0.0_f64, |m, v| m.max((v - level).abs()));
    let (rise, fall) = (column[105] - level, column[140] - level);
    assert!(rise > 0.5 && fall < -0.5 && quiet < 0.05 * rise, "{quiet} {rise} {fall}");
}

#[test]
fn the_responses_take_seconds_whatever_the_recorders_rate_and_start() {
    // phys2denoise hands its responses Hz; AFNI's RetroTS ignores StartTime.
    let depth = |t: f64| 1.0 + 0.5 * (TAU * 0.021 * t).sin();
    let run =
        Acquisition { tr: 1.5, n_volumes: 120, slice_times: Some(vec![0.3]), start_time: 0.0 };
    let of = |trace: Trace, measure: &str| {
        let record = Recording { respiratory: Some(trace), ..Recording::default() };
        columns_of(&record, &run, measure).swap_remove(0)
    };
    for measure in ["rvt", "rvt-hilbert", "rv"] {
        let want = of(breathing_of(50.0, 300.0, depth), measure);
        for hz in [12.5, 25.0, 400.0] {
            let r = correlation(&of(breathing_of(hz, 300.0, depth), measure), &want);
            assert!(r > 0.998, "{measure} at {hz} Hz: {r}");
        }
        let late = breathing_of(50.0, 300.0, depth);
        let late = Trace { start_s: late.start_s + 20.0, ..late };
        let r = correlation(&of(late.clone(), measure), &want);
        assert!(r < 0.9, "{measure}: StartTime makes no difference: {r}");
        // The same record, begun later: only what is known of the past differs.
        let cut = Trace { samples: late.samples[1000..].to_vec(), start_s: -20.0, ..late };
        let r = correlation(&of(cut, measure)[40..], &of(late.clone(), measure)[40..]);
        assert!(r > 0.99, "{measure}: {r}");
    }
}

#[test]
fn each_group_has_the_slow_columns_of_its_own_time_behind_the_fourier_terms() {
    let (record, run) = (record(), run());
    let terms: Terms = "1/1/0+rvt(0,7.5)+rvt-hilbert+rv+hr(2)".parse().unwrap();
    let model = retroicor(&record, &run, &terms).unwrap();
    let names = ["rvt_rrf", "rvt_rrf_delay_7.5s", "rvt_hilbert_rrf", "rv_rrf", "hr_crf_delay_2s"];
    assert_eq!(model.groups.names[4..], names);
    assert_eq!(model.groups.columns.iter().map(|c| c.dim()).collect::<Vec<_>>(), [(110, 9); 2]);
    // From the public pieces: the grid begins with the record, here 60 s before the scan.
    let grid = |start_s: f64| {
        let n = ((219.1 - start_s) / 0.1_f64).ceil() as usize + 1;
        (0..n).map(|j| start_s + 0.1 * j as f64).collect::<Vec<f64>>()
    };
    let (breath, pulse) = (record.respiratory.as_ref().unwrap(), record.cardiac.as_ref().unwrap());
    let at = grid(-60.0);
    let by_peaks = rvt(breath, &breaths(breath).unwrap(), &at, "breath").unwrap();
    let series = [
        (convolved(&by_peaks, rrf).unwrap(), 0.0),
        (convolved(&by_peaks, rrf).unwrap(), 7.5),
        (convolved(&rvt_hilbert(breath, &at), rrf).unwrap(), 0.0),
        (convolved(&rv(breath, &at), rrf).unwrap(), 0.0),
        (convolved(&heart_rate(&beats(pulse).unwrap(), &at), crf).unwrap(), 2.0),
    ];
    for (group, slice_time) in [(0, 0.0), (1, 1.1)] {
        for (k, (series, delay)) in series.iter().enumerate() {
            let mut want: Vec<f64> = (0..110)
                .map(|t| {
                    let place = (2.0 * f64::from(t) + slice_time - delay + 60.0) / 0.1;
                    let i = place.floor() as usize;
                    let (a, b) = (series[i], series[(i + 1).min(series.len() - 1)]);
                    a + (place - i as f64) * (b - a)
                })
                .collect();
            let mean = want.iter().sum::<f64>() / 110.0;
            want.iter_mut().for_each(|v| *v -= mean);
            let got = model.groups.columns[group].column(4 + k).to_vec();
            assert_close(names[k], &got, &want, 0.0, 1e-8);
        }
    }
    // The Fourier terms do not change with what stands behind them.
    let alone = retroicor(&record, &run, &"1/1/0".parse().unwrap()).unwrap().groups;
    for (a, b) in alone.columns.iter().zip(&model.groups.columns) {
        assert_eq!(a, b.slice(ndarray::s![.., ..4]));
    }
    let summary = model.summary;
    assert_eq!((summary.columns.len(), summary.slow.len()), (9, 4));
    assert_eq!(summary.terms, terms.to_string());
    let hr = &summary.slow[3];
    assert_eq!(
        (hr.measure.as_str(), hr.response.as_str(), &hr.delays_s[..]),
        ("hr", "crf", &[2.0][..])
    );
    assert!((hr.history_s - 60.0).abs() < 1e-9 && (0.02..0.2).contains(&hr.variation), "{hr:?}");
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<PhysioSummary>(&text).unwrap(), summary);
}

#[test]
fn a_slow_record_is_quick_at_a_thousand_samples_a_second() {
    let record = Recording {
        respiratory: Some(physio_common::breathing(1000.0, 600.0, -20.0)),
        ..Recording::default()
    };
    let run =
        Acquisition { tr: 2.0, n_volumes: 280, slice_times: Some(vec![0.0]), start_time: 0.0 };
    let start = std::time::Instant::now();
    let got = columns_of(&record, &run, "rvt+rvt-hilbert+rv");
    let seconds = start.elapsed().as_secs_f64();
    println!("three slow measures of ten minutes at 1 kHz: {seconds:.3} s");
    assert!(got.len() == 3 && seconds < 10.0, "{seconds} s");
}

#[test]
fn slow_terms_are_read_and_written_back() {
    for (text, written, n) in [
        ("harvey+rvt+hr", "3/4/1x1+rvt+hr", 20),
        ("3/4/1x1+rvt(0,5,10)", "3/4/1x1+rvt(0,5,10)", 21),
        (" AFNI + RVT-Hilbert( 2.5 ) + rv(0)", "2/2/0+rvt-hilbert(2.5)+rv", 10),
        ("rvt(5,0)+hr", "0/0/0+rvt(5,0)+hr", 3),
        ("0/0/0+rv", "0/0/0+rv", 1),
        ("rv(-0)", "0/0/0+rv", 1),
    ] {
        let terms: Terms = text.parse().unwrap();
        assert_eq!(terms.to_string(), written);
        assert_eq!(written.parse::<Terms>().unwrap(), terms);
        assert_eq!((terms.n_columns(), terms.names().len()), (n, n), "{text}");
        let json = serde_json::to_string(&terms).unwrap();
        assert_eq!(json, format!("\"{written}\""));
        assert_eq!(serde_json::from_str::<Terms>(&json).unwrap(), terms);
    }
    for (text, says) in [
        ("harvey+", "rvt, rvt-hilbert, rv or hr"),
        ("harvey+hrv", "`hrv`"),
        ("+rvt", "--terms is `+rvt`"),
        ("rvt+harvey", "`harvey` after a +"),
        ("harvey+rvt(0,5", "close the bracket"),
        ("harvey+rvt()", "the delay ``"),
        ("harvey+rvt(-5)", "by which BOLD follows"),
        ("harvey+rvt(61)", "0 to 60"),
        ("harvey+rvt(nan)", "the delay `nan`"),
        ("rvt(5,5)", "each once"),
        ("harvey+rvt+rvt(5)", "twice"),
        ("harvey+rvt(0)x", "close the bracket"),
    ] {
        let error = text.parse::<Terms>().unwrap_err();
        let message = error.to_string();
        assert!(error.exit_code() == 2 && message.starts_with("--terms "), "{message}");
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[test]
fn what_gives_no_slow_column_is_refused_and_the_option_is_named() {
    let run = Acquisition { tr: 1.0, n_volumes: 50, slice_times: Some(vec![0.0]), start_time: 0.0 };
    let refuse = |record: &Recording, terms: &str| {
        let error = retroicor(record, &run, &terms.parse().unwrap()).unwrap_err();
        (error.exit_code(), error.to_string())
    };
    let breath = |samples: Vec<f64>| Recording {
        name: "physio.tsv.gz".into(),
        respiratory: Some(Trace { samples, sampling_hz: 25.0, start_s: 0.0 }),
        ..Recording::default()
    };
    let wave = |n: usize, hz: f64| -> Vec<f64> {
        (0..n).map(|i| (TAU * hz * i as f64 / 25.0).cos()).collect()
    };
    // Flat; one breath in all; the same depth and rate throughout, so RV is constant once whole periods fill its window.
    let (code, message) = refuse(&breath(vec![1.0; 1500]), "rvt");
    assert!(code == 65 && message.contains("constant") && message.contains("--terms"), "{message}");
    let mut once = vec![0.0; 1500];
    (0..100).for_each(|i| once[700 + i] = (PI * i as f64 / 100.0).sin());
    let (code, message) = refuse(&breath(once), "rvt");
    assert!(code == 65 && message.contains("leave rvt out of --terms"), "{message}");
    assert!(message.contains("column respiratory") && message.contains("at least 3"), "{message}");
    let (code, message) = refuse(&breath(wave(100, 0.25)), "rv");
    assert!(code == 65 && message.contains("lasts 3.960 s"), "{message}");
    // A trace that is missing.
    let (code, message) = refuse(&breath(wave(1500, 0.25)), "0/4/0+hr");
    assert!(code == 66 && message.contains("--terms 0/4/0+hr needs"), "{message}");
    let pulse_only = Recording { respiratory: None, ..record() };
    let (code, message) = refuse(&pulse_only, "3/0/0+rv");
    assert!(code == 66 && message.contains("no respiratory"), "{message}");
    // No beat in the first ten seconds, though something was recorded; and a heart like a clock.
    for (first_s, jitter, says) in
        [(10.0, 4.0, "shows no beat within 3 s of 0.00 s"), (0.5, 0.0, "gives a constant hr")]
    {
        let mut samples = vec![0.0; 6000];
        for k in 0..50 {
            let sway = jitter * (0.7 * f64::from(k)).sin();
            samples[(first_s * 100.0 + 95.0 * f64::from(k) + sway + 4.0) as usize] = 1.0;
        }
        let cardiac = Some(Trace { samples, sampling_hz: 100.0, start_s: 0.0 });
        let record = Recording { name: "physio.tsv.gz".into(), cardiac, ..Recording::default() };
        let (code, message) = refuse(&record, "hr");
        assert!(code == 65 && message.contains(says), "{message}");
        assert!(message.contains("leave hr out of --terms"), "{message}");
    }
}
