//! The simulated study: random numbers against known answers, the physics of the scan, and the same bytes always.

#[path = "simulate/drug_trial.rs"]
mod drug_trial;

use boldly::simulate::trial::{self, Region, TrialSpec};
use boldly::simulate::{self, Label, Spec, elementary, motion, slice_times, write};

fn small() -> Spec {
    Spec {
        shape: [20, 24, 16],
        voxel_size_mm: [8.0; 3],
        n_volumes: 40,
        multiband: 2,
        ..Spec::default()
    }
}

/// The worst of |got - want| / (rtol |want| + atol), with its place.
#[track_caller]
fn assert_close(name: &str, got: &[f64], want: &[f64], rtol: f64, atol: f64) {
    assert!(!got.is_empty() && got.len() == want.len(), "{name}: {} vs {}", got.len(), want.len());
    let times = |k: usize| (got[k] - want[k]).abs() / (rtol * want[k].abs() + atol);
    let worst = (0..got.len()).max_by(|&a, &b| times(a).total_cmp(&times(b))).expect("not empty");
    assert!(
        times(worst) <= 1.0,
        "{name}: worst at {worst}: got {}, want {}, {:.3} times the tolerance",
        got[worst],
        want[worst],
        times(worst)
    );
}

/// FNV-1a over 32-bit words.
fn fingerprint(values: &[f32]) -> u64 {
    values.iter().fold(0xcbf2_9ce4_8422_2325, |hash, v| {
        (hash ^ u64::from(v.to_bits())).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn own_elementary_functions_equal_the_platforms() {
    let x: Vec<f64> = (0..40_001).map(|k| f64::from(k - 20_000) * 0.01731).collect();
    let each = |f: &dyn Fn(f64) -> f64| x.iter().map(|&v| f(v)).collect::<Vec<f64>>();
    assert_close("exp", &each(&elementary::exp), &each(&f64::exp), 4e-16, 0.0);
    assert_close("sin", &each(&elementary::sin), &each(&f64::sin), 0.0, 4e-16);
    assert_close("cos", &each(&elementary::cos), &each(&f64::cos), 0.0, 4e-16);
    let positive: Vec<f64> = x.iter().map(|v| (v / 20.0).exp()).collect();
    let own: Vec<f64> = positive.iter().map(|&v| elementary::ln(v)).collect();
    let theirs: Vec<f64> = positive.iter().map(|v| v.ln()).collect();
    assert_close("ln", &own, &theirs, 4e-16, 4e-16);
}

#[test]
fn the_step_response_is_the_integral_of_the_double_gamma() {
    // Simpson's rule on the densities, (t^5 e^-t / 5! - t^15 e^-t / (6 * 15!)) / (5/6).
    let density = |t: f64| {
        let gamma = |shape: i32| {
            t.powi(shape - 1) * (-t).exp() / (1..shape).map(f64::from).product::<f64>()
        };
        (gamma(6) - gamma(16) / 6.0) * 1.2
    };
    let mut want = Vec::new();
    let mut got = Vec::new();
    for end in [0.5, 3.0, 5.0, 12.0, 20.0, 40.0_f64] {
        let n = 4000;
        let h = end / f64::from(n);
        let weight = |k: i32| match k {
            0 => 1.0,
            k if k == n => 1.0,
            k if k % 2 == 1 => 4.0,
            _ => 2.0,
        };
        want.push((0..=n).map(|k| weight(k) * density(f64::from(k) * h)).sum::<f64>() * h / 3.0);
        got.push(simulate::step_response(end));
    }
    assert_close("step response", &got, &want, 1e-10, 1e-12);
    assert_eq!(simulate::step_response(-1.0), 0.0);
    assert_close("long blocks", &[simulate::step_response(100.0)], &[1.0], 1e-12, 0.0);
}

#[test]
fn slice_times_follow_the_pattern() {
    assert_eq!(slice_times(4, 2.0, 1, false), [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(slice_times(5, 2.5, 1, true), [0.0, 1.5, 0.5, 2.0, 1.0]);
    assert_eq!(slice_times(8, 2.0, 2, true), [0.0, 1.0, 0.5, 1.5, 0.0, 1.0, 0.5, 1.5]);
}

#[test]
fn the_study_is_the_same_bytes_always() {
    let study = simulate::run(&small()).unwrap();
    assert_eq!(study, simulate::run(&small()).unwrap());
    let other = simulate::run(&Spec { seed: 3, ..small() }).unwrap();
    assert_ne!(study.bold, other.bold);
    assert_eq!(study.truth.labels, other.truth.labels, "the seed does not move the head");
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(study, one_thread.install(|| simulate::run(&small()).unwrap()));
    assert_eq!(format!("{:016x}", fingerprint(&study.bold)), "e067aec9d401c40c");
}

#[test]
fn the_noise_has_the_sd_and_the_autocorrelation_of_the_truth() {
    let spec = Spec { physiology: 0.0, n_volumes: 300, ..small() };
    let noisy = simulate::run(&spec).unwrap();
    let clean = simulate::run(&Spec { thermal_sd: 0.0, ..spec.clone() }).unwrap();
    let (n_voxels, n_volumes) = (noisy.grid.n_voxels(), spec.n_volumes);
    let (mut variance, mut lag, mut rho, mut count) = (0.0, 0.0, 0.0, 0.0);
    for voxel in (0..n_voxels).filter(|&v| noisy.mask.inside[v]) {
        let e: Vec<f64> = (0..n_volumes)
            .map(|t| f64::from(noisy.bold[t * n_voxels + voxel] - clean.bold[t * n_voxels + voxel]))
            .collect();
        variance += e.iter().map(|v| v * v).sum::<f64>() / n_volumes as f64;
        lag += e.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / (n_volumes - 1) as f64;
        rho += f64::from(noisy.truth.rho[voxel]);
        count += 1.0;
    }
    assert!(count > 1000.0, "{count} voxels");
    assert_close("variance", &[variance / count], &[144.0], 0.01, 0.0);
    assert_close("rho", &[lag / variance], &[rho / count], 0.0, 0.005);
}

#[test]
fn the_response_in_the_clean_run_is_the_true_effect() {
    // Twice the same run, once with pain and control exchanged by nothing but arithmetic: without noise, motion
    // aside, the change from rest to plateau is the truth map.
    let spec = Spec { physiology: 0.0, thermal_sd: 0.0, n_volumes: 40, ..small() };
    let study = simulate::run(&spec).unwrap();
    assert!(study.truth.pain.iter().any(|&v| v > 10.0));
    assert!(study.truth.control.iter().any(|&v| v > 10.0));
    let pag = study.truth.where_label(&[Label::Pag]);
    assert!(pag.iter().zip(&study.truth.control).all(|(&p, &c)| !p || c == 0.0));
    let onset = |name: &str| -> f64 {
        let row = study.events.rows.iter().find(|r| r[2] == name).unwrap();
        row[0].parse().unwrap()
    };
    let n_voxels = study.grid.n_voxels();
    let slice_times = study.acquisition.slice_times.clone().unwrap();
    let voxel =
        (0..n_voxels).max_by(|&a, &b| study.truth.pain[a].total_cmp(&study.truth.pain[b])).unwrap();
    let plane = study.grid.coordinates(voxel)[2];
    let at = |time: f64| {
        let volume = ((time - slice_times[plane]) / spec.tr).round() as usize;
        f64::from(study.bold[volume * n_voxels + voxel])
    };
    let rise = at(onset("pain") + 13.0) - at(onset("pain"));
    let truth = f64::from(study.truth.pain[voxel]);
    assert!((0.75..1.35).contains(&(rise / truth)), "rise {rise}, truth {truth}");
}

#[test]
fn heart_and_breath_keep_to_human_rates_and_vary() {
    let study = simulate::run(&Spec { n_volumes: 150, ..small() }).unwrap();
    let intervals = |times: &[f64]| times.windows(2).map(|w| w[1] - w[0]).collect::<Vec<f64>>();
    let moments = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / x.len() as f64;
        (mean, variance.sqrt())
    };
    let beats = intervals(&study.physiology.beats_s);
    assert!(beats.iter().all(|rr| (0.6..1.3).contains(rr)), "{beats:?}");
    let (mean, sd) = moments(&beats);
    assert!((0.8..1.05).contains(&mean) && (0.02..0.1).contains(&sd), "RR {mean} sd {sd}");
    let breaths = intervals(&study.physiology.breaths_s);
    assert!(breaths.iter().all(|t| (2.0..12.0).contains(t)), "{breaths:?}");
    let (mean, sd) = moments(&breaths);
    assert!((3.3..5.0).contains(&mean) && (0.3..1.6).contains(&sd), "breath {mean} sd {sd}");
}

#[test]
fn true_phases_only_grow_and_pass_zero_at_the_beats() {
    let study = simulate::run(&small()).unwrap();
    let slice_times = study.acquisition.slice_times.clone().unwrap();
    let (cardiac, breath) = (&study.physiology.cardiac_phase, &study.physiology.respiratory_phase);
    assert_eq!((cardiac.len(), cardiac[0].len()), (40, 16));
    for slice in 0..16 {
        for volume in 1..40 {
            assert!(cardiac[volume][slice] > cardiac[volume - 1][slice]);
            assert!(breath[volume][slice] > breath[volume - 1][slice]);
        }
    }
    // Beats between two samples of one slice = whole turns between its phases.
    for (volume, slice) in [(5, 3), (20, 9)] {
        let from = volume as f64 * 2.0 + slice_times[slice];
        let n =
            study.physiology.beats_s.iter().filter(|t| (from..from + 10.0).contains(*t)).count();
        let tau = std::f64::consts::TAU;
        let turns =
            (cardiac[volume + 5][slice] / tau).floor() - (cardiac[volume][slice] / tau).floor();
        assert_eq!(n as f64, turns);
    }
}

#[test]
fn the_pulse_trace_peaks_at_the_true_beats() {
    let study = simulate::run(&small()).unwrap();
    let trace = study.recording.cardiac.as_ref().unwrap();
    let mut worst: f64 = 0.0;
    let inner = |t: &&f64| (-9.0..80.0).contains(*t);
    let beats: Vec<&f64> = study.physiology.beats_s.iter().filter(inner).collect();
    assert!(beats.len() > 80, "{} beats", beats.len());
    for beat in beats {
        let centre = ((beat - trace.start_s) * trace.sampling_hz).round() as usize;
        let near = centre - 25..centre + 25;
        let peak = near
            .max_by(|&a, &b| trace.samples[a].total_cmp(&trace.samples[b]))
            .map(|k| trace.start_s + k as f64 / trace.sampling_hz)
            .unwrap();
        worst = worst.max((peak - beat).abs());
    }
    assert!(worst <= 0.04, "a peak lies {worst} s from its beat");
}

#[test]
fn the_trigger_stands_at_the_first_sample_of_each_volume() {
    let study = simulate::run(&small()).unwrap();
    let trace = study.recording.trigger.as_ref().unwrap();
    let on = (0..trace.samples.len()).filter(|&k| trace.samples[k] != 0.0);
    let got: Vec<f64> = on.map(|k| trace.start_s + k as f64 / trace.sampling_hz).collect();
    let want: Vec<f64> = (0..40).map(|volume| 2.0 * f64::from(volume)).collect();
    assert_close("trigger", &got, &want, 0.0, 1e-9);
}

#[test]
fn each_slice_shows_the_heart_at_its_own_time() {
    let spec = Spec { n_volumes: 150, ..small() };
    let with = simulate::run(&spec).unwrap();
    let without = simulate::run(&Spec { physiology: 0.0, ..spec.clone() }).unwrap();
    let n_voxels = with.grid.n_voxels();
    // The lag of a voxel's effect behind the true phase of a slice, radians. Lags change smoothly over the head.
    let lag = |voxel: usize, slice: usize| {
        let (mut sin, mut cos) = (0.0, 0.0);
        for volume in 0..spec.n_volumes {
            let at = volume * n_voxels + voxel;
            let effect = f64::from(with.bold[at] - without.bold[at]);
            let phase = with.physiology.cardiac_phase[volume][slice];
            sin += effect * phase.sin();
            cos += effect * phase.cos();
        }
        sin.atan2(cos)
    };
    let apart = |a: f64, b: f64| (a - b).sin().atan2((a - b).cos()).abs();
    let plane_of = |voxel: usize| with.grid.coordinates(voxel)[2];
    let strong = |v: usize| {
        let (cardiac, breath) = (with.truth.cardiac[v], with.truth.respiratory[v]);
        cardiac > 40.0 && cardiac > 2.0 * breath
    };
    // Two planes up is one slot, 0.25 s, later: about 1.7 rad of a heart beat.
    let up = 2 * with.grid.plane_len();
    let mut count = 0;
    for voxel in (0..n_voxels - up).filter(|&v| plane_of(v) % 8 < 5) {
        if strong(voxel) && strong(voxel + up) {
            let (slice, later) = (plane_of(voxel), plane_of(voxel + up));
            let here = lag(voxel, slice);
            let own = apart(here, lag(voxel + up, later));
            let wrong = apart(here, lag(voxel + up, slice));
            assert!(own < 0.8 && wrong > 1.0, "voxel {voxel}: {own}, with its neighbour's {wrong}");
            count += 1;
        }
    }
    assert!(count > 3, "{count} voxels");
}

#[test]
fn framewise_displacement_follows_power_2012() {
    let still = [0.0; 6];
    let moved = [0.1, -0.2, 0.3, 0.001, 0.002, -0.003];
    let fd = motion::framewise_displacement(&[still, moved, moved, still]);
    assert_eq!(fd[0], None);
    let got: Vec<f64> = fd[1..].iter().map(|v| v.unwrap()).collect();
    assert_close("fd", &got, &[0.9, 0.0, 0.9], 1e-14, 1e-15);
    let study = simulate::run(&small()).unwrap();
    let column = study.confounds.position("framewise_displacement").unwrap();
    assert_eq!(study.confounds.rows[0][column], "n/a");
    let cells: Vec<f64> =
        study.confounds.rows[1..].iter().map(|r| r[column].parse().unwrap()).collect();
    let want: Vec<f64> =
        motion::framewise_displacement(&study.positions).into_iter().flatten().collect();
    assert_close("table", &cells, &want, 0.0, 6e-7);
    let mean = cells.iter().sum::<f64>() / cells.len() as f64;
    assert!((0.03..0.3).contains(&mean), "mean FD {mean} mm");
}

#[test]
fn physiology_is_strongest_at_the_brainstem() {
    let study = simulate::run(&Spec::default()).unwrap();
    let largest = study.truth.cardiac.iter().fold(0.0_f32, |m, &v| m.max(v));
    assert!((96.0..=121.0).contains(&largest), "{largest} BOLD units, thermal sd 12");
    let mean = |labels: &[Label]| {
        let inside = study.truth.where_label(labels);
        let chosen: Vec<f32> =
            study.truth.cardiac.iter().zip(&inside).filter(|v| *v.1).map(|v| *v.0).collect();
        (chosen.len(), chosen.iter().sum::<f32>() / chosen.len() as f32)
    };
    let (n_pag, pag) = mean(&[Label::Pag]);
    let (n_stem, stem) = mean(&[Label::Brainstem, Label::Pag]);
    let (_, grey) = mean(&[Label::Grey]);
    println!("PAG {n_pag} voxels, sd {pag}; brainstem {n_stem}, sd {stem}; grey {grey}");
    assert!(n_pag > 15 && n_stem > 200);
    assert!(pag > 3.0 * grey && stem > 3.0 * grey, "PAG {pag}, stem {stem}, grey {grey}");
    assert!(study.mask.count() > 15_000, "{} voxels in the brain", study.mask.count());
}

#[test]
fn a_study_that_cannot_be_made_says_why() {
    let cases: [(Spec, &str); 5] = [
        (Spec { multiband: 3, ..small() }, "multiple of the multiband factor"),
        (Spec { n_volumes: 20, ..small() }, "58 s"),
        (Spec { tr: f64::NAN, ..small() }, "repetition time NaN"),
        (Spec { shape: [0, 4, 4], ..small() }, "a voxel along each axis"),
        (Spec { thermal_sd: -1.0, ..small() }, "be 0 or more"),
    ];
    for (spec, want) in cases {
        let message = simulate::run(&spec).unwrap_err().to_string();
        assert!(message.contains(want), "{message}");
    }
}

#[test]
fn the_files_hold_the_study() {
    let study = simulate::run(&small()).unwrap();
    let files = write::files_while(&study, "boldly simulate OUT", &|| Ok(())).unwrap();
    let find = |path: &str| &files.iter().find(|f| f.0 == path).expect(path).1;
    let write::Content::Image(image) = find(write::paths::BOLD) else {
        panic!("the run is an image")
    };
    let write::Stored::UInt8 { slope } = image.stored else { panic!("{:?}", image.stored) };
    let steps = image.bytes();
    assert_eq!(steps.len(), study.bold.len());
    let worst = steps
        .iter()
        .zip(&study.bold)
        .map(|(&s, &v)| (f64::from(s) * slope - f64::from(v)).abs())
        .fold(0.0, f64::max);
    assert!(worst > 0.0 && worst <= 0.5001 * slope, "{worst}, step {slope}");
    let write::Content::GzText(physio) = find(write::paths::PHYSIO) else { panic!("physio") };
    assert_eq!(physio.lines().count(), 9500);
    assert_eq!(physio.lines().filter(|l| l.ends_with("\t1")).count(), 40);
    let write::Content::Text(sums) = find(write::paths::CHECKSUMS) else { panic!("checksums") };
    // A head, and of all files but the table itself and what describes it.
    assert_eq!(sums.lines().count(), files.len() - 1);
    assert!(files.iter().all(|f| !f.0.contains("..") && !f.0.starts_with('/')));
    let made: Vec<&String> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(write::names().iter().collect::<Vec<_>>(), made, "known before the study is made");
    let write::Content::Text(readme) = find(write::paths::README) else { panic!("README") };
    assert_eq!(*readme, write::readme("boldly simulate OUT"));
}

/// A trial small enough for a test.
fn small_trial() -> TrialSpec {
    TrialSpec { shape: [24, 28, 22], voxel_size_mm: [6.4; 3], per_group: 6, seed: 3 }
}

#[test]
fn a_trial_puts_the_drug_into_a_tube_of_a_few_voxels_and_both_insulae_alone() {
    // The whole grid, of fewer patients.
    let trial = trial::run(&TrialSpec { per_group: 2, ..TrialSpec::default() }).expect("a trial");
    let count = |region: Region| trial.regions.iter().filter(|r| **r == region).count();
    assert!((6..=24).contains(&count(Region::Pag)), "{} voxels", count(Region::Pag));
    let insula = [Region::InsulaLeft, Region::InsulaRight].map(count);
    assert!(insula.iter().all(|n| (50..300).contains(n)), "{insula:?} voxels");
    assert!(Region::NAMES.iter().all(|(region, _)| count(*region) > 0));
    for (voxel, (region, drug)) in trial.regions.iter().zip(&trial.drug).enumerate() {
        let acts = matches!(region, Region::Pag | Region::InsulaLeft | Region::InsulaRight);
        assert_eq!(acts, *drug < 0.0, "voxel {voxel}: {region:?}, {drug}");
        assert!(*region == Region::Outside || trial.mask.inside[voxel], "voxel {voxel}");
        let x = trial.grid.millimetres(trial.grid.coordinates(voxel))[0];
        assert!(*region != Region::InsulaLeft || x < 0.0, "voxel {voxel} lies at x = {x}");
    }
}

#[test]
fn a_trials_patients_keep_their_level_and_differ_by_the_drug_after_it_alone() {
    let spec = small_trial();
    let trial = trial::run(&spec).expect("a trial");
    assert_eq!(trial.visits.len(), 4 * spec.per_group);
    let made: Vec<String> = trial::files(&trial, "").into_iter().map(|(path, _)| path).collect();
    assert_eq!(trial::names(&spec), made, "known before the trial is made");
    for group in trial::GROUPS {
        let of = trial.visits.iter().filter(|visit| visit.group == group);
        assert_eq!(of.count(), 2 * spec.per_group, "{group}");
    }
    let inside: Vec<usize> = (0..trial.drug.len()).filter(|&v| trial.mask.inside[v]).collect();
    let n = inside.len() as f64;
    let (mut own, mut others, mut drug) = (0.0, 0.0, 0.0);
    for (at, pair) in trial.visits.chunks(2).enumerate() {
        let [pre, post] = [&pair[0], &pair[1]];
        assert_eq!((&pre.subject, pre.session, post.session), (&post.subject, "pre", "post"));
        let next = &trial.visits[(2 * at + 2) % trial.visits.len()];
        let mean_square = |a: &[f32], b: &[f32]| {
            inside.iter().map(|&v| f64::from(a[v] - b[v]).powi(2)).sum::<f64>() / n
        };
        own += mean_square(&pre.effect, &post.effect);
        others += mean_square(&pre.effect, &next.effect);
        let sign = if pre.group == "drug" { 1.0 } else { -1.0 };
        let acts: Vec<usize> = inside.iter().copied().filter(|&v| trial.drug[v] < 0.0).collect();
        let change = acts.iter().map(|&v| f64::from(post.effect[v] - pre.effect[v])).sum::<f64>();
        drug += sign * change / acts.len() as f64 / spec.per_group as f64;
    }
    // Between visits 2 x .5^2, between patients 2 x (.5^2 + .7^2).
    let n_patients = 2.0 * spec.per_group as f64;
    assert!((own / n_patients - 0.5).abs() < 0.1, "{}", own / n_patients);
    assert!((others / n_patients - 1.48).abs() < 0.25, "{}", others / n_patients);
    assert!((-1.3..-0.6).contains(&drug), "{drug}");
}

#[test]
fn a_trial_has_the_same_values_always() {
    let maps = |seed: u64| -> u64 {
        let trial = trial::run(&TrialSpec { seed, ..small_trial() }).expect("a trial");
        trial.visits.iter().fold(0, |all, visit| all ^ fingerprint(&visit.effect))
    };
    assert_eq!(maps(3), maps(3));
    assert_ne!(maps(3), maps(4));
}

#[test]
fn an_impossible_trial_is_refused() {
    for spec in [
        TrialSpec { per_group: 1, ..small_trial() },
        TrialSpec { shape: [4, 0, 4], ..small_trial() },
        TrialSpec { voxel_size_mm: [3.0, f64::NAN, 3.0], ..small_trial() },
    ] {
        let said = trial::run(&spec).expect_err("refused").to_string();
        assert!(said.starts_with("the trial to simulate has "), "{said}");
    }
}

/// Every loop over voxels or volumes asks whether to go on, so that a signal is answered within one of them.
#[test]
fn a_study_asks_at_every_voxel_and_volume_whether_to_go_on_and_ends_where_it_may_not() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let spec = small();
    let (n_voxels, n_volumes) = (spec.shape.iter().product::<usize>(), spec.n_volumes);
    let asked = AtomicUsize::new(0);
    let until = |most: usize| {
        asked.store(0, Ordering::Relaxed);
        let asked = &asked;
        move || match asked.fetch_add(1, Ordering::Relaxed) < most {
            true => Ok(()),
            false => Err(boldly::Error::Interrupted),
        }
    };
    let study = simulate::run_while(&spec, &until(usize::MAX)).unwrap();
    // Where it is, four maps of what is in it, its constants; the run, two phases, two mean signals.
    assert_eq!(asked.load(Ordering::Relaxed), 6 * n_voxels + 5 * n_volumes);
    let most = [0, n_voxels, 4 * n_voxels, 6 * n_voxels + 1, 6 * n_voxels + 2 * n_volumes];
    for most in most {
        let stopped = simulate::run_while(&spec, &until(most)).unwrap_err();
        assert_eq!(stopped.exit_code(), 130, "{most}");
    }
    let files = write::files_while(&study, "boldly simulate OUT", &until(usize::MAX)).unwrap();
    let images = files.iter().filter(|(_, file)| matches!(file, write::Content::Image(_))).count();
    assert_eq!(asked.load(Ordering::Relaxed), images);
    assert!(write::files_while(&study, "boldly simulate OUT", &until(3)).is_err());
    let spec = simulate::drug_trial::DrugTrialSpec::default();
    let stopped = simulate::drug_trial::run_while(&spec, &until(100)).unwrap_err();
    assert_eq!(stopped.exit_code(), 130);
    let spec = simulate::trial::TrialSpec::default();
    assert_eq!(simulate::trial::run_while(&spec, &until(100)).unwrap_err().exit_code(), 130);
    assert!(asked.load(Ordering::Relaxed) < 1000);
}
