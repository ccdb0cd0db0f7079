//! A pulse sensor that hears the scanner: refused, and a page that says so; a heart near the scanner's rate is a heart.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use boldly::physio::{Channel, Peak, Peaks, Status, Terms, Treatment, retroicor, retroicor_from};
use boldly::recording::{Acquisition, Recording, Trace};
use physio_common::{Random, dicrotic, pulse, resting};

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
