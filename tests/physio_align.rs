//! Where a record lies on the scan's time: by its triggers, its start or its end, with dummies and a drifting clock.
#![allow(clippy::unwrap_used, reason = "tests")]

use boldly::physio::{Align, align};
use boldly::recording::{Acquisition, Recording, Trace};

const TR: f64 = 2.0;

fn record(first_s: f64, step_s: f64, n: usize) -> Recording {
    let hz = 500.0;
    let mut samples = vec![0.0; ((first_s + step_s * n as f64 + 5.0) * hz) as usize];
    for k in 0..n {
        let at = ((first_s + k as f64 * step_s) * hz).round() as usize;
        samples[at..at + 20].fill(5.0);
    }
    let trace = |samples| Some(Trace { samples, sampling_hz: hz, start_s: -7.0 });
    Recording {
        name: "r".into(),
        cardiac: trace(samples.clone()),
        trigger: trace(samples),
        ..Recording::default()
    }
}

fn run(n_volumes: usize) -> Acquisition {
    Acquisition { tr: TR, n_volumes, slice_times: None, start_time: 0.0 }
}

#[test]
fn offset_and_clock_drift_come_from_the_triggers() {
    for (ppm, dummies) in [(0.0, 0), (180.0, 0), (-250.0, 4)] {
        let step_s = TR * (1.0 + 1e-6 * ppm);
        let (moved, a) =
            align(record(3.2, step_s, 200 + dummies), &run(200), Align::Trigger, dummies).unwrap();
        assert!((a.clock_drift_ppm.unwrap() - ppm).abs() < 3.0, "{ppm}: {a:?}");
        assert_eq!(a.drift_corrected, ppm != 0.0, "{a:?}");
        assert!(a.trigger_jitter_s.unwrap() < 0.003 && a.first_trigger_s.unwrap().abs() < 1e-9);
        // the last volume's trigger stands where the last volume begins
        let trace = moved.cardiac.unwrap();
        let first = (3.2 + step_s * (199 + dummies) as f64) * 500.0;
        let time_s = trace.start_s + first.round() / trace.sampling_hz;
        assert!((time_s - 199.0 * TR).abs() < 0.003, "{ppm}, {dummies}: {time_s}");
    }
}

#[test]
fn a_record_is_placed_by_its_start_or_its_end_and_dummies_move_it_back() {
    let length_s = record(3.2, TR, 100).cardiac.unwrap().samples.len() as f64 / 500.0;
    for (by, dummies, want) in [
        (Align::StartTime, 0, -7.0),
        (Align::StartTime, 3, -13.0),
        (Align::Start, 0, 0.0),
        (Align::Start, 2, -4.0),
        (Align::End, 0, 200.0 - length_s),
        (Align::End, 2, 200.0 - length_s),
    ] {
        let (moved, a) = align(record(3.2, TR, 100), &run(100), by, dummies).unwrap();
        assert!((moved.cardiac.unwrap().start_s - want).abs() < 1e-9, "{by:?} {dummies}");
        assert!((a.offset_s - (want + 7.0)).abs() < 1e-9, "{a:?}");
    }
}

#[test]
fn triggers_that_are_not_one_a_volume_are_refused_with_both_numbers() {
    let refused = |record, n, dummies| {
        align(record, &run(n), Align::Trigger, dummies).map(|(_, a)| a).unwrap_err().to_string()
    };
    let message = refused(record(1.0, TR, 104), 100, 0);
    assert!(
        message.contains("104") && message.contains("100") && message.contains("--dummies 4"),
        "{message}"
    );
    let message = refused(record(1.0, TR, 97), 90, 10);
    assert!(message.contains("97") && message.contains("90 volumes and 10 dummies"), "{message}");
    let message = refused(record(1.0, 0.5 * TR, 100), 100, 0);
    assert!(message.contains("every 1.0000 s"), "{message}");
    let mut two_faults = record(1.0, TR, 100);
    let samples = &mut two_faults.trigger.as_mut().unwrap().samples;
    let at = |s: f64| (s * 500.0) as usize;
    samples[at(1.0 + 50.0 * TR)..at(1.0 + 50.0 * TR) + 20].fill(0.0);
    samples[at(1.0 + 20.5 * TR)] = 5.0;
    let message = refused(two_faults, 100, 0);
    assert!(message.contains("missing"), "{message}");
    let mut none = record(1.0, TR, 100);
    none.trigger = None;
    assert!(refused(none, 100, 0).contains("no trigger column"));
}

#[test]
fn more_dummies_than_any_record_has_triggers_are_refused() {
    for dummies in [3, usize::MAX] {
        let refused = align(record(3.2, TR, 20), &run(20), Align::Trigger, dummies);
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("has 20 triggers") && message.contains("dummies"), "{message}");
    }
}

/// A line that is high for a share of each TR of 0.5 s, sampled at 400 Hz from `start_s` on.
fn line_high(share: f64, start_s: f64, n: usize) -> Trace {
    let hz = 400.0;
    let samples = (0..(((n as f64) * 0.5 - start_s) * hz) as usize).map(|i| {
        let t = start_s + i as f64 / hz + 1e-9;
        f64::from(u8::from(t >= 0.0 && t.rem_euclid(0.5) < share * 0.5))
    });
    Trace { samples: samples.collect(), sampling_hz: hz, start_s }
}

#[test]
fn a_volume_begins_where_its_trigger_rises_however_long_the_line_stays_high() {
    let run = Acquisition { tr: 0.5, n_volumes: 40, slice_times: None, start_time: 0.0 };
    let mut n = 0;
    for share in [0.01, 0.3, 0.5, 0.73, 0.97] {
        // From the first volume on, and from before it.
        for start_s in [0.0, -3.0] {
            let trace = line_high(share, start_s, 40);
            let record = Recording { trigger: Some(trace), ..Recording::default() };
            for by in [Align::StartTime, Align::Trigger] {
                let (moved, a) = align(record.clone(), &run, by, 0).unwrap();
                let first_s = a.first_trigger_s.unwrap();
                assert!(first_s.abs() < 0.0026, "{share} from {start_s}: {a:?}");
                let moved_s = moved.trigger.unwrap().start_s - start_s;
                assert!(moved_s.abs() < 0.0026, "{share} from {start_s}: moved by {moved_s}");
                n += 1;
            }
        }
    }
    assert_eq!(n, 20);
}

#[test]
fn a_line_that_is_high_when_the_record_begins_before_the_scan_has_no_edge_there() {
    let mut trace = line_high(0.73, -3.0, 40);
    trace.samples[..200].fill(1.0);
    let run = Acquisition { tr: 0.5, n_volumes: 40, slice_times: None, start_time: 0.0 };
    let record = Recording { trigger: Some(trace), ..Recording::default() };
    let (_, a) = align(record, &run, Align::Trigger, 0).unwrap();
    assert_eq!(a.n_triggers, Some(40));
    assert!(a.offset_s.abs() < 0.0026, "{a:?}");
}
