//! Phases and RETROICOR columns: equal to the published formulas, and refused with a reason where they make no sense.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use std::f64::consts::{PI, TAU};

use boldly::physio::{
    BreathTurns, CardiacPhase, Equalisation, RespiratoryPhase, Terms, phases, retroicor,
};
use boldly::recording::{Acquisition, Recording, Trace};
use physio_common::{
    breathing, columns, dicrotic, golden, json, numbers, pulse, resting, six_planes,
};

const TOLERANCE: f64 = 1e-12;

/// Angles compared on the circle.
#[track_caller]
fn assert_same_angles(name: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{name}");
    assert!(!want.is_empty(), "{name}: nothing to compare");
    let apart = |i: usize| {
        let d = (got[i] - want[i]).rem_euclid(TAU);
        d.min(TAU - d)
    };
    assert!((0..got.len()).all(|i| apart(i).is_finite()), "{name}: not finite");
    let worst = (0..got.len()).max_by(|&a, &b| apart(a).total_cmp(&apart(b))).unwrap();
    println!("{name}: worst of {} is {:e}", got.len(), apart(worst));
    assert!(
        apart(worst) <= TOLERANCE,
        "{name}[{worst}] = {} but {} is wanted, {} times the tolerance {TOLERANCE}",
        got[worst],
        want[worst],
        apart(worst) / TOLERANCE
    );
}

fn trace(samples: Vec<f64>, sampling_hz: f64) -> Trace {
    Trace { samples, sampling_hz, start_s: 0.0 }
}

fn record() -> Recording {
    Recording {
        name: "sub-01_physio.tsv.gz".into(),
        cardiac: Some(pulse(100.0, 130.0, -5.0, resting, dicrotic).0),
        respiratory: Some(breathing(25.0, 130.0, -4.0)),
        trigger: None,
    }
}

#[test]
fn the_cardiac_phase_equals_the_reference_within_and_beyond_the_beats() {
    let want = json(&golden("physio_synth.json"));
    let phase = CardiacPhase::new(&numbers(&want["beats_s"])).unwrap();
    let query = numbers(&want["query_s"]);
    let got: Vec<f64> = query.iter().map(|&t| phase.at(t)).collect();
    assert_same_angles("cardiac phase", &got, &numbers(&want["cardiac_phase"]));
    let unwrapped: Vec<f64> = query.iter().map(|&t| phase.unwrapped(t)).collect();
    assert_same_angles("unwrapped", &unwrapped, &numbers(&want["cardiac_phase"]));
    assert!(unwrapped.windows(2).all(|w| w[1] > w[0]), "unwrapped phase must rise");
}

#[test]
fn the_cardiac_phase_is_two_pi_k_at_beat_k_and_goes_on_with_the_mean_of_half_the_beats_intervals() {
    // Four beats: n/2 = 2 intervals continue the rhythm, (1 + 2)/2 before and (2 + 4)/2 after.
    let phase = CardiacPhase::new(&[10.0, 11.0, 13.0, 17.0]).unwrap();
    for (time_s, cycles) in [
        (10.0, 0.0),
        (11.0, 1.0),
        (13.0, 2.0),
        (17.0, 3.0),
        (10.25, 0.25),
        (14.0, 2.25),
        (8.5, -1.0),
        (9.25, -0.5),
        (4.0, -4.0),
        (18.5, 3.5),
        (20.0, 4.0),
        (29.0, 7.0),
    ] {
        let got = phase.unwrapped(time_s);
        assert!((got - TAU * cycles).abs() < TOLERANCE * TAU, "{time_s} s: {got}, cycles {cycles}");
    }
    assert!(phase.is_extrapolated(9.9) && phase.is_extrapolated(17.1));
    assert!(!phase.is_extrapolated(10.0) && !phase.is_extrapolated(17.0));
    for beats in [&[][..], &[1.0][..], &[1.0, 1.0][..], &[2.0, 1.0][..], &[1.0, f64::NAN][..]] {
        assert!(CardiacPhase::new(beats).is_err(), "{beats:?}");
    }
}

#[test]
fn the_respiratory_phase_equals_the_reference_by_rank_and_by_glovers_histogram() {
    let want = json(&golden("physio_synth.json"));
    let step = want["step"].as_u64().unwrap() as usize;
    let samples = columns(&golden("physio_synth.tsv.gz")).swap_remove(1);
    let trace = trace(samples, want["sampling_hz"].as_f64().unwrap());
    for (by, key) in
        [(Equalisation::MidRank, "resp_phase_rank"), (Equalisation::Glover, "resp_phase_glover")]
    {
        let phase = RespiratoryPhase::named(&trace, by, BreathTurns::Slope, "breath").unwrap();
        let got: Vec<f64> = phase.samples().into_iter().step_by(step).collect();
        assert_same_angles(key, &got, &numbers(&want[key]));
    }
    // 0.27 Hz for 120 s.
    let n = RespiratoryPhase::new(&trace).unwrap().breaths().n_breaths;
    assert!((31..=33).contains(&n), "{n} breaths");
}

#[test]
fn between_samples_the_depth_is_interpolated_and_the_sign_is_of_the_nearest() {
    let trace = Trace { start_s: -3.0, ..breathing(25.0, 60.0, 0.0) };
    let phase = RespiratoryPhase::new(&trace).unwrap();
    let samples = phase.samples();
    let turn = (1..samples.len()).find(|&i| samples[i] * samples[i - 1] < 0.0).unwrap();
    for i in [turn - 1, 100, 733] {
        let at = |w: f64| phase.at(-3.0 + (i as f64 + w) / 25.0);
        let (a, b) = (samples[i], samples[i + 1]);
        for w in [0.0, 0.25, 0.75] {
            let depth = a.abs() * (1.0 - w) + b.abs() * w;
            let want = depth * if w < 0.5 { a.signum() } else { b.signum() };
            assert!((at(w) - want).abs() < 1e-9, "sample {i} + {w}: {} {want}", at(w));
        }
    }
    assert_eq!(phase.at(-100.0), samples[0]);
    assert_eq!(phase.at(1e6), samples[samples.len() - 1]);
}

#[test]
fn a_flat_stretch_keeps_the_sign_before_it_and_equal_depths_share_their_rank() {
    // 2 s up, 2 s hold, 2 s down, 2 s hold at 10 Hz.
    let cycle: Vec<f64> = (0..80)
        .map(|i| match i {
            0..20 => i as f64,
            20..40 => 20.0,
            40..60 => 60.0 - i as f64,
            _ => 0.0,
        })
        .collect();
    let samples = cycle.repeat(6);
    let phase = RespiratoryPhase::new(&trace(samples, 10.0)).unwrap().samples();
    // Up and held: positive; down and held: negative; but for the half second about each turn.
    assert!(phase[85..115].iter().all(|p| *p > 0.0), "{:?}", &phase[85..115]);
    assert!(phase[125..150].iter().all(|p| *p < 0.0), "{:?}", &phase[125..150]);
    // The top level is held by 21 of each 80 samples; the mean of their ranks less a half is 1 - 10.5/80.
    let top = PI * (1.0 - 10.5 / 80.0);
    assert!((phase[105] - top).abs() < TOLERANCE, "{} {top}", phase[105]);
}

#[test]
fn a_turn_within_the_first_or_last_half_second_is_seen() {
    // Maxima at 0.3 + 4 k s; the record lasts 60.6 s, so it rises for 0.3 s first and falls for 0.3 s at last.
    let samples: Vec<f64> =
        (0..=3030).map(|i| (TAU * 0.25 * (i as f64 / 50.0 - 0.3)).cos()).collect();
    let phase = RespiratoryPhase::new(&trace(samples, 50.0)).unwrap().samples();
    for (i, rises) in
        [(0, true), (10, true), (20, false), (3010, true), (3020, false), (3030, false)]
    {
        assert_eq!(phase[i] > 0.0, rises, "sample {i}: {}", phase[i]);
    }
}

#[test]
fn terms_are_read_named_and_counted() {
    for (text, terms, n) in [
        ("harvey", Terms::HARVEY, 18),
        ("AFNI", Terms::AFNI, 8),
        ("fsl", Terms::FSL, 32),
        ("3/4/1x1", Terms::HARVEY, 18),
        ("3/0/0", Terms { cardiac: 3, respiratory: 0, interaction: (0, 0), slow: vec![] }, 6),
        (" 0/4/0", Terms { cardiac: 0, respiratory: 4, interaction: (0, 0), slow: vec![] }, 8),
        ("1/1/2x1", Terms { cardiac: 1, respiratory: 1, interaction: (2, 1), slow: vec![] }, 12),
    ] {
        let got: Terms = text.parse().unwrap();
        assert_eq!(got, terms, "{text}");
        assert_eq!(got.to_string().parse::<Terms>().unwrap(), terms);
        assert_eq!((got.n_columns(), got.names().len(), got.values(0.1, 0.2).len()), (n, n, n));
    }
    for text in
        ["", "3", "3/4", "3/4/1", "-1/4/0", "3/4/1x", "0/0/0", "99/1/0", "3/4/1x1/2", "a/b/c"]
    {
        let message = text.parse::<Terms>().unwrap_err().to_string();
        assert!(message.starts_with("--terms is `"), "{message}");
    }
    let (c, r) = (0.7_f64, -2.1_f64);
    let terms = Terms { cardiac: 2, respiratory: 1, interaction: (1, 1), slow: vec![] };
    let want = [
        ("cardiac_cos1", c.cos()),
        ("cardiac_sin1", c.sin()),
        ("cardiac_cos2", (2.0 * c).cos()),
        ("cardiac_sin2", (2.0 * c).sin()),
        ("resp_cos1", r.cos()),
        ("resp_sin1", r.sin()),
        ("interaction_cos_c1_plus_r1", (c + r).cos()),
        ("interaction_sin_c1_plus_r1", (c + r).sin()),
        ("interaction_cos_c1_minus_r1", (c - r).cos()),
        ("interaction_sin_c1_minus_r1", (c - r).sin()),
    ];
    for ((name, value), (want_name, want_value)) in
        terms.names().iter().zip(terms.values(c, r)).zip(want)
    {
        assert_eq!((name.as_str(), value), (want_name, want_value));
    }
}

#[test]
fn each_plane_has_the_columns_of_its_own_time_and_planes_of_one_time_share_them() {
    let (record, run) = (record(), six_planes());
    let model = retroicor(&record, &run, &Terms::HARVEY).unwrap();
    assert_eq!(model.groups.group_of_plane, [0, 2, 1, 0, 2, 1]);
    assert_eq!(model.groups.columns.len(), 3);
    assert_eq!(model.groups.names, Terms::HARVEY.names());
    let at = phases(&record, &run).unwrap();
    let (c, r) = (at.cardiac_phase.unwrap(), at.resp_phase.unwrap());
    let beats =
        CardiacPhase::new(&boldly::physio::beats(record.cardiac.as_ref().unwrap()).unwrap());
    let mut n = 0;
    for plane in 0..6 {
        let columns = &model.groups.columns[model.groups.group_of_plane[plane]];
        assert_eq!(columns.dim(), (60, 18));
        for k in 0..18 {
            let value = |t: usize| Terms::HARVEY.values(c[[t, plane]], r[[t, plane]])[k];
            let mean = (0..60).map(value).sum::<f64>() / 60.0;
            for t in 0..60 {
                let (got, want) = (columns[[t, k]], value(t) - mean);
                assert!(
                    (got - want).abs() < TOLERANCE,
                    "plane {plane} column {k} volume {t}: {got} {want}"
                );
                n += 1;
            }
        }
        for t in 0..60 {
            let time_s = 2.0 * t as f64 + run.slice_times.as_ref().unwrap()[plane];
            let want = beats.as_ref().unwrap().at(time_s);
            assert!((c[[t, plane]] - want).abs() < TOLERANCE, "plane {plane} volume {t}");
        }
    }
    assert_eq!(n, 6 * 18 * 60);
}

#[test]
fn the_phases_are_those_the_traces_were_made_with() {
    let (record, run) = (record(), six_planes());
    let at = phases(&record, &run).unwrap();
    let (_, beats) = pulse(100.0, 130.0, -5.0, resting, dicrotic);
    let truth = CardiacPhase::new(&beats).unwrap();
    let got = at.cardiac_phase.unwrap();
    for ((t, k), &p) in got.indexed_iter() {
        let time_s = 2.0 * t as f64 + run.slice_times.as_ref().unwrap()[k];
        let apart = (p - truth.at(time_s) + PI).rem_euclid(TAU) - PI;
        assert!(apart.abs() < 0.02, "volume {t} slice {k}: {apart} rad");
    }
}

#[test]
fn the_summary_counts_what_was_found_and_serialises() {
    let summary = retroicor(&record(), &six_planes(), &Terms::HARVEY).unwrap().summary;
    assert_eq!(
        (summary.n_groups, summary.columns.len(), summary.terms.as_str()),
        (3, 18, "3/4/1x1")
    );
    assert_eq!(summary.cardiac_extrapolated_share, Some(0.0));
    assert_eq!(summary.respiratory_extrapolated_share, Some(0.0));
    assert_eq!((summary.n_beats_filled, summary.n_rr_outliers), (Some(0), Some(0)));
    assert!((summary.heart_rate_bpm.unwrap() - 66.0).abs() < 1.5, "{summary:?}");
    assert!((summary.breathing_rate_per_minute.unwrap() - 16.2).abs() < 1.0, "{summary:?}");
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<boldly::physio::PhysioSummary>(&text).unwrap(), summary);
    let alone = retroicor(&record(), &six_planes(), &"3/0/0".parse().unwrap()).unwrap().summary;
    assert_eq!((alone.n_breaths, alone.columns.len()), (None, 6));
}

#[test]
fn a_record_that_ends_a_little_early_is_extrapolated_and_one_that_ends_earlier_is_refused() {
    // Slices are acquired from 0 to 119.2 s.
    let cut = |trace: &mut Trace, end_s: f64| {
        let n = ((end_s - trace.start_s) * trace.sampling_hz) as usize;
        trace.samples.truncate(n);
    };
    let mut short = record();
    cut(short.cardiac.as_mut().unwrap(), 118.6);
    cut(short.respiratory.as_mut().unwrap(), 117.0);
    let summary = retroicor(&short, &six_planes(), &Terms::HARVEY).unwrap().summary;
    let share = summary.cardiac_extrapolated_share.unwrap();
    assert!((1.0 / 180.0..=3.0 / 180.0).contains(&share), "{share}");
    assert_eq!(summary.respiratory_extrapolated_share, Some(4.0 / 180.0));

    let mut shorter = record();
    cut(shorter.cardiac.as_mut().unwrap(), 117.0);
    let message = retroicor(&shorter, &six_planes(), &Terms::HARVEY).unwrap_err().to_string();
    assert!(message.contains("from -5.00 to 116.99 s"), "{message}");
    assert!(message.contains("from 0.00 to 119.20 s"), "{message}");
    assert!(message.contains("one beat"), "{message}");
    let mut late = record();
    late.respiratory.as_mut().unwrap().start_s = 8.0;
    let message = retroicor(&late, &six_planes(), &Terms::HARVEY).unwrap_err().to_string();
    assert!(message.contains("from 8.00") && message.contains("one breath"), "{message}");
}

#[test]
fn what_is_missing_is_named_with_the_option_that_helps() {
    let refuse = |record: &Recording, run: &Acquisition, terms: &str| {
        let error = retroicor(record, run, &terms.parse().unwrap()).unwrap_err();
        (error.exit_code(), error.to_string())
    };
    let without = Acquisition { slice_times: None, ..six_planes() };
    let (code, message) = refuse(&record(), &without, "harvey");
    assert!(code == 66 && message.contains("--slice-times"), "{code} {message}");
    let breath_only = Recording { cardiac: None, ..record() };
    let (code, message) = refuse(&breath_only, &six_planes(), "harvey");
    assert!(
        code == 66 && message.contains("no cardiac") && message.contains("--terms 0/4/0"),
        "{message}"
    );
    assert!(retroicor(&breath_only, &six_planes(), &"0/4/0".parse().unwrap()).is_ok());
    let pulse_only = Recording { respiratory: None, ..record() };
    let (code, message) = refuse(&pulse_only, &six_planes(), "3/0/1x1");
    assert!(
        code == 66 && message.contains("no respiratory") && message.contains("--terms 3/0/0"),
        "{message}"
    );
    assert!(retroicor(&pulse_only, &six_planes(), &"3/0/0".parse().unwrap()).is_ok());
    for (times, tr) in [
        (vec![0.0, 600.0], 2.0),
        (vec![0.0, 2.0], 2.0),
        (vec![-0.1], 2.0),
        (vec![f64::NAN], 2.0),
        (vec![], 2.0),
        (vec![0.0], 0.0),
        (vec![0.0], f64::NAN),
    ] {
        let bad = Acquisition { slice_times: Some(times.clone()), tr, ..six_planes() };
        let (code, message) = refuse(&record(), &bad, "harvey");
        assert!(code == 65, "{times:?} {tr}: {message}");
    }
    let (code, _) = refuse(&record(), &Acquisition { n_volumes: 0, ..six_planes() }, "harvey");
    assert_eq!(code, 65);
    let wrong = Recording {
        cardiac: record().cardiac.map(|t| Trace { sampling_hz: 1000.0, ..t }),
        ..record()
    };
    let (code, message) = refuse(&wrong, &six_planes(), "harvey");
    assert!(code == 65 && message.contains("SamplingFrequency"), "{message}");
    assert!(message.starts_with("sub-01_physio.tsv.gz, column cardiac,"), "{message}");
}
