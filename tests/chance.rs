//! Whether a recording explains a run more than chance: on noise, on noise with what it explains put in, on a metronome.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use boldly::physio::{BeyondChance, Explains, STRETCHES, Series, Terms, beyond_chance, retroicor};
use boldly::recording::{Acquisition, Recording, Trace};
use common::Random;
use ndarray::Array2;

mod common;

const TR: f64 = 2.0;
const N: usize = 150;

/// Pulse and breath of so many seconds whose intervals vary by `jitter` of themselves.
fn recording(random: &mut Random, jitter: f64) -> Recording {
    let mut trace = |mean_s: f64, sharp: f64| {
        let hz = 40.0;
        let (mut turns, mut t) = (vec![-20.0], -20.0);
        while t < N as f64 * TR + 20.0 {
            t += mean_s * (1.0 + jitter * random.normal()).max(0.5);
            turns.push(t);
        }
        let n = ((N as f64 * TR + 20.0) * hz) as usize;
        let sample = |i: usize| {
            let time_s = i as f64 / hz - 10.0;
            let k = turns.partition_point(|&b| b <= time_s);
            let fraction = (time_s - turns[k - 1]) / (turns[k] - turns[k - 1]);
            (sharp * ((std::f64::consts::TAU * fraction).cos() - 1.0)).exp()
        };
        Trace { samples: (0..n).map(sample).collect(), sampling_hz: hz, start_s: -10.0 }
    };
    Recording {
        name: "made up".to_owned(),
        cardiac: Some(trace(0.93, 4.0)),
        respiratory: Some(trace(3.7, 1.0)),
        trigger: None,
    }
}

fn acquisition(n_volumes: usize) -> Acquisition {
    let slice_times = Some((0..6).map(|k| 0.3 * f64::from(k)).collect());
    Acquisition { tr: TR, n_volumes, slice_times, start_time: 0.0 }
}

/// The verdict on noise of 600 voxels in six slices to which `put_in` of another recording's columns was added.
fn verdict(
    random: &mut Random,
    recording: &Recording,
    put_in: Option<(&Recording, f64)>,
    n: usize,
) -> BeyondChance {
    let acquisition = acquisition(n);
    let terms = Terms::HARVEY;
    let made = retroicor(recording, &acquisition, &terms).unwrap();
    let known = Array2::from_shape_fn((n, 3), |(t, j)| match j {
        0 => 1.0,
        1 => t as f64 / n as f64,
        _ => f64::from(u8::from(t / 8 % 2 == 0)),
    });
    let noise = put_in.map(|(of, size)| (retroicor(of, &acquisition, &terms).unwrap(), size));
    let mut groups = Vec::new();
    for group in 0..6 {
        let mut y = Array2::from_shape_fn((n, 100), |_| 0.0);
        for mut voxel in y.columns_mut() {
            // noise with memory, as of a scanner
            let mut last = 0.0;
            for value in &mut voxel {
                last = 0.4 * last + random.normal();
                *value = 1000.0 + last;
            }
            if let Some((noise, size)) = &noise {
                let weights: Vec<f64> = (0..14).map(|_| size * random.normal()).collect();
                for (t, value) in voxel.iter_mut().enumerate() {
                    let row = noise.groups.columns[group].row(t);
                    *value += weights.iter().zip(row).map(|(w, c)| w * c).sum::<f64>();
                }
            }
        }
        groups.push((group, y));
    }
    let series = Series { known: known.view(), dof_spent: 0.0, names: &made.groups.names, groups };
    beyond_chance(&series, &|group, stretch| match stretch {
        None => Ok(made.groups.columns[group].clone()),
        Some(stretch) => made.stretched(&acquisition, &terms, group, stretch),
    })
    .unwrap()
}

#[test]
fn stretches_lie_between_a_tenth_less_and_a_tenth_more_and_none_within_two_per_cent() {
    assert_eq!(STRETCHES.len(), 39);
    assert!(STRETCHES.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(
        STRETCHES.iter().all(|f| (0.9..=1.1 + 1e-12).contains(f) && (f - 1.0).abs() > 0.02 - 1e-12)
    );
}

#[test]
fn the_recording_whose_noise_is_in_the_run_is_first_and_a_strangers_is_not() {
    let mut random = Random(5);
    let (own, stranger) = (recording(&mut random, 0.06), recording(&mut random, 0.06));
    let mine = verdict(&mut random, &own, Some((&own, 0.15)), N);
    println!("{mine:?}");
    assert_eq!((mine.explains, mine.rank, mine.n_voxels), (Explains::MoreThanChance, 1, 600));
    assert!(mine.left_out.is_empty() && mine.share > 0.05, "{mine:?}");
    assert!(mine.alone.len() == 2 && mine.idle().is_empty(), "{:?}", mine.alone);
    // its own breath with a stranger's pulse
    let mixed = Recording { cardiac: stranger.cardiac.clone(), ..own.clone() };
    let mixed = verdict(&mut random, &mixed, Some((&own, 0.15)), N);
    let idle: Vec<&str> = mixed.idle().iter().map(|alone| alone.name.as_str()).collect();
    assert_eq!((mixed.explains, idle), (Explains::MoreThanChance, vec!["cardiac"]), "{mixed:?}");
    let other = verdict(&mut random, &stranger, Some((&own, 0.15)), N);
    println!("{other:?}");
    assert!(other.explains == Explains::NoMoreThanChance && other.rank > 1, "{other:?}");
}

#[test]
fn a_metronome_and_a_run_too_short_tell_nothing() {
    let mut random = Random(6);
    let steady = recording(&mut random, 0.0);
    let found = verdict(&mut random, &steady, Some((&steady, 0.1)), N);
    println!("{found:?}");
    assert_eq!((found.explains, found.tested.len()), (Explains::CannotTell, 0));
    let own = recording(&mut random, 0.06);
    let found = verdict(&mut random, &own, Some((&own, 0.15)), 24);
    println!("{found:?}");
    assert_eq!(found.explains, Explains::CannotTell);
}

#[test]
fn chance_puts_a_recording_first_about_once_in_forty_times() {
    let mut random = Random(7);
    let n = 40;
    let first = (0..n).filter(|_| {
        let own = recording(&mut random, 0.06);
        verdict(&mut random, &own, None, N).explains == Explains::MoreThanChance
    });
    let first = first.count();
    println!("first {first} of {n} times");
    assert!(first <= 4, "{first} of {n}, where chance gives one"); // more than 4: once in 280 times
}
