//! Beats: found where they are known to be, refused where there are none, never a panic.

mod physio_common;

use boldly::physio::{CardiacPhase, Channel, Reason, RespiratoryPhase, beats, detect};
use boldly::recording::Trace;
use physio_common::{Agreement, Random, agreement, breathing, dicrotic, pulse, resting};

fn with_noise(mut trace: Trace, sd: f64, seed: u64) -> Trace {
    let mut random = Random(seed);
    trace.samples.iter_mut().for_each(|v| *v += sd * random.gaussian());
    trace
}

#[track_caller]
fn assert_agrees(name: &str, trace: &Trace, want: &[f64], worst_s: f64) -> Agreement {
    let got = beats(trace).unwrap_or_else(|e| panic!("{name}: {e}"));
    let a = agreement(&got, want, 0.25);
    println!("{name}: {a:?}");
    assert_eq!((a.n_missed, a.n_extra), (0, 0), "{name}: {a:?}");
    assert!(a.worst_s <= worst_s, "{name}: worst {} s of {worst_s} s", a.worst_s);
    a
}

#[test]
fn beats_of_a_clean_pulse_are_found_within_a_few_milliseconds_at_any_sampling_rate() {
    for hz in [25.0, 40.0, 50.0, 100.0, 195.0, 500.0, 1000.0] {
        let (trace, want) = pulse(hz, 300.0, -12.0, resting, dicrotic);
        let a = assert_agrees(&format!("{hz} Hz"), &trace, &want, 0.010);
        assert!(a.offset_s.abs() < 0.010, "{hz} Hz: offset {} s", a.offset_s);
    }
}

#[test]
fn noise_of_a_fifth_of_the_pulse_neither_hides_nor_adds_a_beat() {
    for seed in 0..5 {
        let (trace, want) = pulse(50.0, 300.0, 0.0, resting, dicrotic);
        assert_agrees(&format!("seed {seed}"), &with_noise(trace, 0.2, seed), &want, 0.12);
    }
}

#[test]
fn a_rate_that_goes_from_50_to_140_a_minute_is_followed() {
    let rate = |t: f64| (50.0 + 90.0 * (t / 300.0)) / 60.0;
    let (trace, want) = pulse(100.0, 300.0, 0.0, rate, dicrotic);
    assert_agrees("ramp", &with_noise(trace, 0.05, 1), &want, 0.03);
    let jump = |t: f64| if t < 150.0 { 0.9 } else { 1.7 };
    let (trace, want) = pulse(100.0, 300.0, 0.0, jump, dicrotic);
    assert_agrees("jump", &with_noise(trace, 0.05, 2), &want, 0.03);
}

#[test]
fn slow_and_fast_hearts_are_followed() {
    for bpm in [32.0, 45.0, 120.0, 180.0, 200.0] {
        let (trace, want) = pulse(100.0, 200.0, 0.0, |_| bpm / 60.0, dicrotic);
        assert_agrees(&format!("{bpm} a minute"), &with_noise(trace, 0.03, 3), &want, 0.03);
    }
}

#[test]
fn a_large_dicrotic_wave_is_no_beat() {
    let wave = |p: f64| (4.0 * (p.cos() - 1.0)).exp() + 0.6 * (5.0 * ((p - 2.4).cos() - 1.0)).exp();
    let (trace, want) = pulse(100.0, 300.0, 0.0, resting, wave);
    assert_agrees("dicrotic", &with_noise(trace, 0.03, 4), &want, 0.03);
}

#[test]
fn an_inverted_pulse_gives_the_same_beats() {
    // A real pulse rises faster than it falls.
    let wave = |p: f64| {
        let skewed = p + 0.6 * p.sin();
        (3.0 * (skewed.cos() - 1.0)).exp()
    };
    let (mut trace, want) = pulse(100.0, 200.0, 0.0, resting, wave);
    trace.samples.iter_mut().for_each(|v| *v = 300.0 - 20.0 * *v);
    assert_agrees("inverted", &trace, &want, 0.02);
}

#[test]
fn wander_of_three_pulse_heights_and_an_amplitude_that_falls_to_a_quarter_are_survived() {
    let (mut trace, want) = pulse(50.0, 300.0, 0.0, resting, dicrotic);
    for (i, v) in trace.samples.iter_mut().enumerate() {
        let t = i as f64 / 50.0;
        *v = *v * (0.625 + 0.375 * (0.15 * t).sin())
            + 1.5 * (0.21 * t).sin()
            + 0.3 * (1.6 * t).sin();
    }
    assert_agrees("wander", &trace, &want, 0.06);
}

#[test]
fn a_clipped_pulse_keeps_its_beats() {
    let (mut trace, want) = pulse(100.0, 200.0, 0.0, resting, dicrotic);
    trace.samples.iter_mut().for_each(|v| *v = v.min(0.6));
    assert_agrees("clipped", &trace, &want, 0.02);
}

#[test]
fn the_r_waves_of_an_ecg_are_found_whichever_way_they_point() {
    // P, Q, R, S and T waves by their phase and width in radians.
    let wave = |p: f64| {
        let d = (p + std::f64::consts::PI).rem_euclid(std::f64::consts::TAU) - std::f64::consts::PI;
        let g = |at: f64, width: f64| (-0.5 * ((d - at) / width).powi(2)).exp();
        0.12 * g(-1.0, 0.15) - 0.15 * g(-0.12, 0.04) + g(0.0, 0.045) - 0.2 * g(0.13, 0.05)
            + 0.3 * g(1.5, 0.3)
    };
    for (hz, sign) in [(1000.0, 1.0), (400.0, -1.0), (250.0, 1.0)] {
        let (mut trace, want) = pulse(hz, 120.0, 0.0, resting, wave);
        trace.samples.iter_mut().for_each(|v| *v *= sign);
        assert_agrees(&format!("ECG {hz} {sign}"), &with_noise(trace, 0.03, 6), &want, 0.012);
    }
}

#[test]
fn a_few_jolts_of_the_sensor_make_no_pulse_an_ecg() {
    let (mut trace, want) = pulse(50.0, 300.0, 0.0, resting, dicrotic);
    for (i, v) in trace.samples.iter_mut().enumerate() {
        let t = i as f64 / 50.0;
        for at in [40.3, 121.7, 200.2] {
            *v -= 20.0 * (-0.5 * ((t - at) / 0.04).powi(2)).exp();
        }
    }
    let got = beats(&with_noise(trace, 0.1, 9)).unwrap();
    let a = agreement(&got, &want, 0.25);
    println!("jolts: {a:?}");
    // Only the beats in a jolt itself may be lost.
    assert!(a.n_missed + a.n_extra <= 6 && a.within_20_ms >= 0.9, "{a:?}");
}

#[test]
fn beats_that_were_not_recorded_are_filled_and_counted() {
    let (mut trace, want) = pulse(100.0, 200.0, 0.0, |_| 1.1, dicrotic);
    // Half a second without pulse about three beats: a flat stretch.
    for lost in [40, 90, 91] {
        let centre = (want[lost] * 100.0) as usize;
        trace.samples[centre - 30..centre + 45].fill(0.0);
    }
    let found = detect(&trace, "the trace").unwrap();
    let a = agreement(&found.times_s, &want, 0.25);
    assert_eq!((a.n_missed, a.n_extra), (0, 0), "{a:?}");
    assert_eq!(found.n_filled, 3);
    assert!(found.filled_s.len() == 3 && found.filled_s.iter().all(|t| found.times_s.contains(t)));
}

#[test]
fn a_recorders_own_marks_are_taken_and_a_double_mark_is_dropped() {
    let (trace, want) =
        pulse(50.0, 200.0, 0.0, resting, |p| if p.cos() > 0.95 { 1.0 } else { 0.0 });
    let mut marks = trace.clone();
    let mut was = 1.0;
    for (m, &v) in marks.samples.iter_mut().zip(&trace.samples) {
        *m = if v == 1.0 && was == 0.0 { 1.0 } else { 0.0 };
        was = v;
    }
    let second = marks.samples.iter().position(|&v| v == 1.0).unwrap() + 8;
    marks.samples[second] = 1.0;
    assert_agrees("marks", &marks, &want, 0.05);
}

#[test]
fn gaps_are_bridged_and_flagged_and_a_long_one_is_an_error_that_names_its_time() {
    let (mut trace, want) = pulse(50.0, 200.0, -20.0, resting, dicrotic);
    trace.samples[1000..1020].fill(f64::NAN);
    trace.samples[..3].fill(f64::NAN);
    trace.samples[2000..2100].fill(f64::INFINITY);
    let found = detect(&trace, "the trace").unwrap();
    let a = agreement(&found.times_s, &want, 0.25);
    assert!(a.n_missed + a.n_extra == 0, "{a:?}");
    let missing: Vec<_> = found.flagged.iter().filter(|f| f.reason == Reason::Missing).collect();
    assert_eq!(missing.len(), 2, "{:?}", found.flagged);
    // From the last sample before the gap to the first behind it.
    assert!((missing[0].from_s + 0.02).abs() < 1e-9 && (missing[0].to_s - 0.4).abs() < 1e-9);
    assert!((missing[1].from_s - 19.98).abs() < 1e-9 && (missing[1].to_s - 22.0).abs() < 1e-9);
    trace.samples[2000..3600].fill(f64::NAN);
    let message = beats(&trace).unwrap_err().to_string();
    assert!(message.contains("no values for 32.00 s from 20.00 s on"), "{message}");
}

#[test]
fn flat_clipped_and_noisy_stretches_and_odd_intervals_are_flagged_where_they_are() {
    let (clean, beats_s) = pulse(100.0, 300.0, 0.0, |_| 1.0, dicrotic);
    let flagged = |trace: &Trace| detect(trace, "the trace").unwrap().flagged;
    assert_eq!(flagged(&clean), []);
    let one = |trace: &Trace, reason: Reason, from_s: f64, to_s: f64, slack_s: f64| {
        let found: Vec<_> = flagged(trace).into_iter().filter(|f| f.reason == reason).collect();
        assert_eq!(found.len(), 1, "{reason:?}: {:?}", flagged(trace));
        assert_eq!(found[0].channel, Channel::Cardiac);
        let (a, b) = (found[0].from_s - from_s, found[0].to_s - to_s);
        assert!(a.abs() <= slack_s && b.abs() <= slack_s, "{reason:?}: {found:?}");
    };
    let mut flat = clean.clone();
    flat.samples[10_000..10_400].fill(0.3);
    one(&flat, Reason::Flat, 99.99, 104.0, 0.011);
    let mut clipped = clean.clone();
    clipped.samples[20_000..20_080].fill(1.2);
    one(&clipped, Reason::Clipped, 199.99, 200.8, 0.011);
    let mut noisy = clean.clone();
    let mut random = Random(3);
    noisy.samples[15_000..16_000].iter_mut().for_each(|v| *v = 0.3 + 0.3 * random.gaussian());
    let noise: f64 = flagged(&noisy)
        .iter()
        .filter(|f| f.reason == Reason::Noise)
        .map(|f| {
            assert!(f.from_s > 148.0 && f.to_s < 162.0, "{f:?}");
            f.to_s - f.from_s
        })
        .sum();
    assert!(noise > 5.0, "{noise} s of 10 s of noise are flagged");
    // A beat that comes 0.4 s early, with the pause behind it.
    let (mut early, from) = (clean.clone(), ((beats_s[100] - 0.5) * 100.0) as usize);
    early.samples.drain(from..from + 40);
    let at = from + 100;
    let last = early.samples[at];
    early.samples.splice(at..at, std::iter::repeat_n(last, 40));
    let odd: Vec<_> =
        flagged(&early).into_iter().filter(|f| f.reason == Reason::Interval).collect();
    assert_eq!(odd.len(), 2, "{odd:?}");
    assert!((odd[0].to_s - odd[1].from_s).abs() < 1e-9 && odd[0].to_s - odd[0].from_s < 0.7);
}

#[test]
fn a_pulse_whose_tops_are_cut_off_keeps_the_moments_it_had() {
    // It rises in half the time it falls.
    let wave = |p: f64| (6.0 * ((p - 0.6 * (1.0 - p.cos())).cos() - 1.0)).exp();
    let (mut trace, _) = pulse(50.0, 300.0, 0.0, resting, wave);
    // Heights that vary, so that each pulse is cut at another share of it.
    for (i, v) in trace.samples.iter_mut().enumerate() {
        *v *= 1.0 + 0.4 * (0.011 * i as f64).sin();
    }
    let want = beats(&trace).unwrap();
    for level in [0.4, 0.6, 0.8] {
        let mut cut = trace.clone();
        cut.samples.iter_mut().for_each(|v| *v = v.min(level));
        let a = agreement(&beats(&cut).unwrap(), &want, 0.25);
        println!("cut at {level}: {a:?}");
        // The middle of the plateau instead has 79 % within 20 ms at 0.4.
        assert!(a.n_missed + a.n_extra == 0 && a.within_20_ms_of_offset >= 0.99, "{level}: {a:?}");
    }
}

#[test]
fn a_wrong_sampling_rate_is_named() {
    let (trace, _) = pulse(50.0, 600.0, 0.0, resting, dicrotic);
    for hz in [5.0, 10.0, 250.0, 400.0, 500.0, 1000.0, 5000.0] {
        let wrong = Trace { sampling_hz: hz, ..with_noise(trace.clone(), 0.03, 8) };
        let message = beats(&wrong).unwrap_err().to_string();
        println!("{hz}: {message}");
        assert!(message.contains("SamplingFrequency"), "{hz} Hz: {message}");
    }
    let breath = breathing(50.0, 600.0, 0.0);
    for hz in [0.5, 2.0, 500.0, 5000.0] {
        let wrong = Trace { sampling_hz: hz, ..breath.clone() };
        let message = RespiratoryPhase::new(&wrong).unwrap_err().to_string();
        println!("{hz}: {message}");
        assert!(message.contains("SamplingFrequency"), "breath {hz} Hz: {message}");
    }
}

#[test]
fn a_trace_without_a_pulse_is_an_error() {
    let noise = |seed: u64| {
        let mut random = Random(seed);
        Trace {
            samples: (0..15_000).map(|_| random.gaussian()).collect(),
            sampling_hz: 50.0,
            start_s: 0.0,
        }
    };
    for seed in 0..5 {
        let message = beats(&noise(seed)).unwrap_err().to_string();
        assert!(message.contains("no regular pulse"), "{message}");
    }
    let flat = Trace { samples: vec![512.0; 15_000], sampling_hz: 50.0, start_s: 0.0 };
    let message = beats(&flat).unwrap_err().to_string();
    assert!(message.contains("is constant (512)"), "{message}");
}

#[test]
fn no_trace_panics() {
    let special = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        5e-324,
        1e-300,
        0.0,
        -0.0,
        1.0,
    ];
    let rates =
        [50.0, 10.0, 1e-300, 0.0, -5.0, f64::NAN, f64::INFINITY, 1e300, 1000.0, 12.5, 25.0, 1.0];
    let mut random = Random(11);
    let mut n = 0;
    for round in 0..600 {
        let length = match round % 6 {
            0 => round % 9,
            1 => (random.bits() % 100) as usize,
            _ => (random.bits() % 3000) as usize,
        };
        let share = [0.0, 0.001, 0.05, 0.5, 1.0][round % 5];
        let scale = 10f64.powi((random.bits() % 617) as i32 - 308);
        let rhythm = random.uniform() * 0.8;
        let samples: Vec<f64> = (0..length)
            .map(|i| {
                if random.uniform() < share {
                    special[(random.bits() % special.len() as u64) as usize]
                } else {
                    scale * ((rhythm * i as f64).sin() + 0.1 * random.gaussian())
                }
            })
            .collect();
        let start_s = if round % 50 == 7 { f64::NAN } else { random.gaussian() * 100.0 };
        let trace = Trace { samples, sampling_hz: rates[round % rates.len()], start_s };
        if let Ok(found) = beats(&trace) {
            assert!(found.windows(2).all(|w| w[1] > w[0]), "round {round}: beats out of order");
            let phase = CardiacPhase::new(&found).unwrap();
            for t in [f64::MIN, -1e9, 0.0, 1e9, f64::MAX, f64::NAN] {
                let p = phase.at(t);
                assert!(t.is_nan() || (0.0..std::f64::consts::TAU).contains(&p), "{t}: {p}");
            }
            n += 1;
        }
        if let Ok(phase) = RespiratoryPhase::new(&trace) {
            for t in [f64::MIN, -1e9, 0.0, 1e9, f64::MAX] {
                assert!(phase.at(t).abs() <= std::f64::consts::PI, "round {round}");
            }
            assert!(phase.samples().iter().all(|p| p.is_finite() && *p != 0.0), "round {round}");
        }
    }
    println!("{n} of 600 random traces had beats");
}

/// A pulse with a hump at each beat and another an eighth of a second from it, which is the higher one in a share of the cycles.
fn twin_humped(other: f64, share_other: f64) -> (boldly::recording::Trace, Vec<f64>) {
    let wave = |phase: f64| {
        let cycle = ((phase - 0.5 * other) / std::f64::consts::TAU + 0.5).floor();
        // In [0, 1), another for each cycle.
        let chance = (cycle * 0.618_033_988_749_895).rem_euclid(1.0);
        let height = if chance < share_other { 1.08 } else { 0.92 };
        let hump = |at: f64| (10.0 * ((phase - at).cos() - 1.0)).exp();
        hump(0.0) + height * hump(other)
    };
    pulse(100.0, 300.0, 0.0, resting, wave)
}

#[test]
fn beats_keep_to_one_hump_of_a_pulse_that_has_two() {
    for (other, share_other) in [(0.95, 0.15), (0.95, 0.3), (-0.95, 0.25)] {
        let (trace, want) = twin_humped(other, share_other);
        let found = detect(&trace, "twin").unwrap();
        let a = agreement(&found.times_s, &want, 0.4);
        assert!(a.n_missed + a.n_extra <= 2, "{other}, {share_other}: {a:?}");
        assert!(a.within_20_ms_of_offset >= 0.97, "{other}, {share_other}: {a:?}");
        assert!(found.off_landmark_share <= 0.03, "{other}: {}", found.off_landmark_share);
    }
}

/// A pulse with a hump at each beat and another behind it, whose heights cross over with each breath: 1 - s and 1 + s times a sine of four
/// and a quarter beats.
fn crossing_humps(apart: f64, swing: f64) -> (Trace, Vec<f64>) {
    let wave = |phase: f64| {
        let cycle = ((phase - 0.5 * apart) / std::f64::consts::TAU + 0.5).floor();
        let breath = swing * (cycle * std::f64::consts::TAU / 4.25 + 1.0).sin();
        let hump = |at: f64| (8.0 * ((phase - at).cos() - 1.0)).exp();
        (1.0 - breath) * hump(0.0) + (1.0 + breath) * hump(apart)
    };
    pulse(100.0, 300.0, 0.0, resting, wave)
}

#[test]
fn humps_that_are_counted_as_two_beats_are_told() {
    for (apart, swing) in [(2.6, 0.0), (2.6, 0.2), (2.8, 0.1)] {
        let (trace, want) = crossing_humps(apart, swing);
        let found = detect(&trace, "twice").unwrap();
        assert!(found.times_s.len() > want.len() + want.len() / 2, "{apart}: counted twice");
        assert_eq!(found.off_landmark_share, 0.5, "{apart}, {swing}");
    }
    let (trace, _) = crossing_humps(1.6, 0.2);
    assert!(detect(&trace, "once").unwrap().off_landmark_share < 0.03);
}

#[test]
fn a_cycle_keeps_its_landmark_where_the_heights_of_two_humps_cross_over_with_each_breath() {
    for apart in [1.6, 2.0] {
        for swing in [0.4, 0.6] {
            for noise in [0.0, 0.1] {
                let (trace, want) = crossing_humps(apart, swing);
                let trace = with_noise(trace, noise, 7);
                let found = detect(&trace, "crossing").unwrap();
                let a = agreement(&found.times_s, &want, 0.45);
                let name = format!("{apart} rad apart, swing {swing}, noise {noise}: {a:?}");
                println!("{name}, told off {:.3}", found.off_landmark_share);
                assert!(a.n_missed + a.n_extra <= 2, "{name}");
                // The other hump is 0.2 s away or more; where both are nearly as high the top between them moves by some 0.04 s.
                assert!(a.worst_s < 0.06, "{name}");
                assert!(a.within_20_ms_of_offset >= 0.9, "{name}");
                assert!(found.off_landmark_share <= 0.03, "{name}: {}", found.off_landmark_share);
            }
        }
    }
}
