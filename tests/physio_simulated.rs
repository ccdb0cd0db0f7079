//! The simulated study's own truth: beats, phases and breaths come back from what the sensors show.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use std::f64::consts::{PI, TAU};

use boldly::physio::{Terms, detect, phases, retroicor};
use boldly::recording::Trace;
use boldly::simulate::{self, Spec, Study};
use physio_common::agreement;

fn study(seed: u64, sampling_hz: f64) -> Study {
    let shape = [6, 6, 8];
    let voxel_size_mm = [24.0, 28.0, 18.0];
    simulate::run(&Spec { shape, voxel_size_mm, seed, sampling_hz, ..Spec::default() }).unwrap()
}

#[test]
fn beats_and_cardiac_phases_of_simulated_studies_are_found() {
    for (seed, hz) in [(1, 100.0), (2, 100.0), (3, 50.0), (4, 400.0), (5, 25.0), (6, 40.0)] {
        let study = study(seed, hz);
        let found = detect(study.recording.cardiac.as_ref().unwrap(), "pulse").unwrap();
        let a = agreement(&found.times_s, &study.physiology.beats_s, 0.25);
        let at = phases(&study.recording, &study.acquisition).unwrap();
        let mut apart: Vec<f64> = at
            .cardiac_phase
            .unwrap()
            .indexed_iter()
            .map(|((t, k), p)| {
                let d = p - study.physiology.cardiac_phase[t][k] + TAU * a.offset_s * 1.09;
                ((d + PI).rem_euclid(TAU) - PI).abs()
            })
            .collect();
        apart.sort_by(f64::total_cmp);
        let p95 = apart[apart.len() * 95 / 100];
        println!("seed {seed}, {hz} Hz: 95 % within {p95:.3} rad, {a:?}");
        assert_eq!((a.n_missed, a.n_extra), (0, 0), "seed {seed}: {a:?}");
        assert!(a.within_20_ms_of_offset >= 0.99, "seed {seed}: {a:?}");
        assert!(p95 < 0.1, "seed {seed}: {p95} rad");
    }
}

#[test]
fn breaths_of_simulated_studies_are_counted_and_their_phase_is_spanned() {
    for seed in 1..=6 {
        let study = study(seed, 100.0);
        let model = retroicor(&study.recording, &study.acquisition, &Terms::HARVEY).unwrap();
        let (got, want) = (model.summary.n_breaths.unwrap(), study.physiology.breaths_s.len());
        // Explained share of cos and sin of the true phase, plane 0.
        let columns = &model.groups.columns[model.groups.group_of_plane[0]];
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let residual = |basis: &[Vec<f64>], mut v: Vec<f64>| {
            for u in basis.iter().chain(basis) {
                let along = dot(u, &v);
                v.iter_mut().zip(u).for_each(|(x, y)| *x -= along * y);
            }
            v
        };
        for k in 6..14 {
            let v = residual(&basis, columns.column(k).to_vec());
            let length = dot(&v, &v).sqrt();
            basis.push(v.into_iter().map(|x| x / length).collect());
        }
        for f in [f64::cos, f64::sin] {
            let wave: Vec<f64> =
                study.physiology.respiratory_phase.iter().map(|row| f(row[0])).collect();
            let mean = wave.iter().sum::<f64>() / wave.len() as f64;
            let wave: Vec<f64> = wave.into_iter().map(|x| x - mean).collect();
            let rest = residual(&basis, wave.clone());
            let share = 1.0 - dot(&rest, &rest) / dot(&wave, &wave);
            println!("seed {seed}: {got} breaths of {want}, share explained {share:.3}");
            assert!(share > 0.85, "seed {seed}: {share}");
        }
        assert!(got.abs_diff(want) <= 2, "seed {seed}: {got} of {want} breaths");
    }
}

#[test]
fn a_simulated_record_whose_sampling_rate_is_wrong_is_refused() {
    for seed in 1..=4 {
        let study = study(seed, 100.0);
        for factor in [0.05, 0.1, 0.2, 5.0, 10.0, 100.0] {
            let mut record = study.recording.clone();
            for trace in [&mut record.cardiac, &mut record.respiratory] {
                *trace = trace.take().map(|t| Trace { sampling_hz: t.sampling_hz * factor, ..t });
            }
            for terms in ["3/0/0", "0/4/0", "harvey"] {
                // 15 breaths a minute at a fifth of the rate are 3: slow, but possible.
                if (factor, terms) == (0.2, "0/4/0") {
                    continue;
                }
                let error = retroicor(&record, &study.acquisition, &terms.parse().unwrap());
                let message = error.map(|r| r.summary).unwrap_err().to_string();
                println!("{seed} {factor} {terms}: {message}");
                assert!(message.contains("SamplingFrequency"), "{factor}: {message}");
            }
        }
    }
}

#[test]
fn a_record_of_ten_minutes_at_a_thousand_samples_a_second_is_quick() {
    let (trace, _) =
        physio_common::pulse(1000.0, 600.0, 0.0, physio_common::resting, physio_common::dicrotic);
    let start = std::time::Instant::now();
    let found = detect(&trace, "pulse").unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!("{} beats in {seconds:.3} s", found.times_s.len());
    assert!(seconds < 10.0, "{seconds} s");
}
