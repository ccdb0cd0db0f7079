//! A pulse sensor that hears the scanner: refused, and a page that says so; a heart near the scanner's rate is a heart.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use boldly::physio::{Channel, Peak, Peaks, Status, Terms, Treatment, retroicor, retroicor_from};
use boldly::pipeline::recordings;
use boldly::pipeline::spec::RecordOptions;
use boldly::pipeline::watch::{Journal, Quiet};
use boldly::recording::{Acquisition, Recording, Trace};
use physio_common::{Random, breathing, dicrotic, pulse, resting};

const HZ: f64 = 50.0;
const N_VOLUMES: usize = 150;

fn run(tr: f64) -> Acquisition {
    Acquisition {
        tr,
        n_volumes: N_VOLUMES,
        slice_times: Some(vec![0.0, 0.4 * tr]),
        start_time: 0.0,
    }
}

fn record(trace: Trace) -> Recording {
    Recording { name: "dead.puls".into(), cardiac: Some(trace), ..Recording::default() }
}

/// What a sensor off the finger records: a spike at every volume, of a height that varies, some lost, and noise.
fn dead(tr: f64, lost: f64, noise: f64) -> Trace {
    let mut random = Random(11);
    let n = ((N_VOLUMES as f64 * tr + 10.0) * HZ) as usize;
    let mut samples: Vec<f64> = (0..n).map(|_| noise * random.gaussian()).collect();
    for volume in 0..N_VOLUMES {
        let at = ((5.0 + volume as f64 * tr) * HZ) as usize;
        if random.uniform() >= lost {
            let height = 1.0 + 0.2 * random.gaussian();
            for (k, v) in [0.4, 1.0, 0.7, -0.3, -0.1].iter().enumerate() {
                samples[at + k] += height * v;
            }
        }
    }
    Trace { samples, sampling_hz: HZ, start_s: -5.0 }
}

#[test]
fn a_sensor_that_hears_the_scanner_is_refused_by_what_it_shows() {
    let mut n = 0;
    for tr in [0.8, 1.0, 1.5, 2.0] {
        for (lost, noise) in [(0.0, 0.02), (0.0, 0.15), (0.2, 0.1)] {
            let refused =
                retroicor(&record(dead(tr, lost, noise)), &run(tr), &"3/0/0".parse().unwrap());
            let message = match refused {
                Err(e) => e.to_string(),
                Ok(found) => panic!("TR {tr}, {lost} lost, noise {noise}: {:?}", found.summary),
            };
            assert!(message.contains("dead.puls"), "{message}");
            println!("TR {tr}, {lost} lost, noise {noise}: {message}");
            n += usize::from(message.contains("follows the scanner"));
        }
    }
    assert!(n >= 9, "{n} of 12 are told from other trouble");
}

#[test]
fn a_heart_at_a_multiple_of_the_scanners_rate_is_a_heart() {
    // 66 beats a minute on average, one beat a volume; with and without the gradients in its trace.
    let (clean, _) = pulse(HZ, N_VOLUMES as f64 * 1.1 + 10.0, -5.0, resting, dicrotic);
    for tr in [1.0 / 1.1, 0.5 / 1.1, 2.0 / 1.1] {
        for share in [0.0, 0.3] {
            let (mut trace, _) = pulse(HZ, N_VOLUMES as f64 * tr + 10.0, -5.0, resting, dicrotic);
            for (v, s) in trace.samples.iter_mut().zip(&dead(tr, 0.0, 0.0).samples) {
                *v += share * s;
            }
            let found = retroicor(&record(trace), &run(tr), &"3/0/0".parse().unwrap()).unwrap();
            assert!(found.summary.unusable.is_empty(), "TR {tr}: {:?}", found.summary.unusable);
        }
    }
    assert!(clean.samples.len() > 1000);
}

#[test]
fn beats_of_a_table_that_keep_step_with_the_volumes_are_not_to_be_used() {
    let at =
        |k: usize| Peak { onset_s: k as f64 - 4.6, channel: Channel::Cardiac, status: Status::Ok };
    let table = Peaks { name: "t.tsv".into(), peaks: (0..N_VOLUMES * 2 + 10).map(at).collect() };
    let recording = Recording { name: "x".into(), ..Recording::default() };
    let terms: Terms = "3/0/0".parse().unwrap();
    let mut acquisition = run(2.0);
    // Columns must vary, so the slice times do.
    acquisition.tr = 2.001;
    let found =
        retroicor_from(&recording, &table, &acquisition, &terms, &Treatment::default()).unwrap();
    let unusable = &found.summary.unusable;
    assert_eq!(unusable.len(), 1);
    assert!(unusable[0].why.contains("follows the scanner"), "{unusable:?}");
}

/// A belt's record of the run and a little more, of a value a moment.
fn belt(tr: f64, value: impl Fn(f64, &mut Random) -> f64) -> Recording {
    let mut random = Random(5);
    let n = ((N_VOLUMES as f64 * tr + 10.0) * HZ) as usize;
    let samples = (0..n).map(|i| value(i as f64 / HZ - 5.0, &mut random)).collect();
    let respiratory = Some(Trace { samples, sampling_hz: HZ, start_s: -5.0 });
    Recording { name: "belt.tsv".into(), respiratory, ..Recording::default() }
}

fn why(recording: &Recording, tr: f64) -> Option<String> {
    let made = retroicor(recording, &run(tr), &"0/4/0".parse().unwrap());
    let found = made.unwrap().summary.unusable;
    assert!(found.len() <= 1 && found.iter().all(|u| u.channel == Channel::Respiratory));
    found.into_iter().next().map(|u| u.why)
}

#[test]
fn a_belt_of_noise_or_one_that_keeps_step_with_the_volumes_is_not_to_be_used() {
    let noise = why(&belt(2.0, |_, random| random.gaussian()), 2.0).unwrap();
    assert!(noise.contains("shows no breathing") && noise.contains("cannot be used"), "{noise}");
    for (tr, every) in [(2.0, 1.0), (2.0, 2.0), (1.5, 3.0), (1.1, 4.0)] {
        let bump = |t: f64, random: &mut Random| {
            let phase = (t / (every * tr)).rem_euclid(1.0) - 0.3;
            (-0.5 * (phase / 0.1).powi(2)).exp() + 0.01 * random.gaussian()
        };
        // a slice time off the volume's clock, so that columns vary
        let why = why(&belt(tr * 1.0002, bump), tr).unwrap_or_default();
        assert!(why.contains("follows the scanner"), "TR {tr}, one in {every}: {why}");
    }
}

#[test]
fn breathing_near_the_scanners_rate_is_breathing() {
    for every in [1.0, 2.0, 3.0] {
        // a person, who wanders by a tenth about the rate
        let breath = |t: f64, random: &mut Random| {
            let wander = 0.35 * (0.021 * t).sin() + 0.25 * (0.057 * t + 1.0).sin();
            (std::f64::consts::TAU * (t / (2.0 * every) + wander)).sin() + 0.02 * random.gaussian()
        };
        assert_eq!(why(&belt(2.0, breath), 2.0), None, "one in {every} volumes");
    }
}

/// What is said of a recording: the error, or the warnings and why a trace is not to be used.
fn said(cardiac: Trace, respiratory: Trace, terms: &str) -> String {
    let recording = Recording {
        name: "bad.tsv".into(),
        cardiac: Some(cardiac),
        respiratory: Some(respiratory),
        trigger: None,
    };
    let (journal, options) = (Journal::new(&Quiet), RecordOptions::default());
    let terms = terms.parse().unwrap();
    match recordings::columns(recording, &options, &run(2.0), &terms, &journal) {
        Err(error) => error.to_string(),
        Ok(_) => journal.warnings().join("\n"),
    }
}

#[test]
fn every_message_about_a_trace_says_what_the_trace_looks_like() {
    let seconds = N_VOLUMES as f64 * 2.0 + 10.0;
    let good = || pulse(HZ, seconds, -5.0, resting, dicrotic).0;
    let breath = || breathing(HZ, seconds, -5.0);
    let jolts = |mut trace: Trace| {
        [900, 4100, 9000].iter().for_each(|&at: &usize| trace.samples[at..at + 3].fill(90.0));
        trace
    };
    let cut = |mut trace: Trace, low: f64, high: f64| {
        trace.samples.iter_mut().for_each(|v| *v = v.clamp(low, high));
        trace
    };
    // One value from a moment on, in samples.
    let lost = |mut trace: Trace, at: usize| {
        trace.samples[at..].fill(0.4);
        trace
    };
    let slow = |rate_hz: f64| pulse(HZ, seconds, -5.0, |_| rate_hz, |p: f64| p.cos()).0;
    let noise = {
        let mut random = Random(3);
        let samples = good().samples.iter().map(|_| random.gaussian()).collect();
        Trace { samples, ..good() }
    };
    let clipped = "clipped, as where the gain is too high";
    for (text, found, looks) in [
        // no pulse
        (said(jolts(noise), breath(), "3/0/0"), "shows no regular pulse", "3 jolts"),
        // a rate that no heart, no breath has
        (said(cut(slow(0.31), -0.3, 0.3), breath(), "3/0/0"), "beats a minute at", clipped),
        (said(good(), cut(slow(2.3), -0.3, 0.3), "0/4/0"), "138.0 breaths", clipped),
        // a column that is the same in all volumes
        (said(good(), cut(slow(3.0), -0.3, 0.3), "0/4/0"), "the same in all volumes", clipped),
        // a rate that few have
        (said(cut(slow(0.6), -0.3, 0.3), breath(), "3/0/0"), "lie outside 40", clipped),
        (said(good(), cut(slow(0.9), -0.3, 0.3), "0/4/0"), "lie outside 6", clipped),
        // too few breaths, no beat
        (
            said(good(), lost(breath(), 150), "0/0/0+rvt"),
            "ends of inspiration",
            "the sensor came off",
        ),
        (said(lost(good(), 9000), breath(), "0/0/0+hr"), "shows no", "the sensor came off"),
    ] {
        let is_said = |line: &str| line.contains(found) && line.contains(looks);
        assert!(text.lines().any(is_said), "{found}, {looks}: {text}");
    }
    let flagged = said(good(), cut(slow(2.3), -0.3, 0.3), "0/4/0");
    let flagged = flagged.lines().find(|line| line.contains("1 stretch flagged")).unwrap();
    assert!(flagged.contains("respiratory trace") && flagged.contains(clipped), "{flagged}");
    assert_eq!(said(good(), breath(), "3/4/0"), "");
}
