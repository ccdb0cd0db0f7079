//! Phases and columns against PhysIO's and AFNI's stored ones, on real records. Where they disagree, the test says who is
//! right; docs/accuracy.md has the list.
#![allow(clippy::unwrap_used, reason = "tests")]

mod physio_common;

use std::f64::consts::{PI, TAU};

use boldly::physio::{
    BreathTurns, CardiacPhase, Equalisation, Peaks, RespiratoryPhase, Terms, Treatment, beats,
    retroicor_from,
};
use boldly::recording::{Acquisition, Recording, Trace};
use physio_common::{correlation, golden, gunzip, json, numbers, recording, shared};

/// A folder of PhysIO's examples and the clock that its times were made with.
///
/// The stages are stored as decimals; PhysIO's own doubles differ from them in the last place, which is 7e-12 s in the VD log:
/// its tics count from midnight.
struct Example {
    folder: &'static str,
    /// Seconds.
    tick: f64,
    /// Tick 0 on the scale of the stages, seconds before their 0.
    lead: f64,
    /// What PhysIO takes off a tick's time before it adds the rest.
    origin: f64,
}

const PHYSIO: [Example; 4] = [
    // StartTime is taken off and added again.
    Example { folder: "BIDS/PPU3T", tick: 0.02, lead: 0.0, origin: 29.814 },
    Example { folder: "BIDS/CPULSE3T", tick: 0.02, lead: 0.0, origin: 255.45 },
    Example { folder: "GE/PPU3T", tick: 0.025, lead: 0.0, origin: 0.0 },
    // From the first tic of the log.
    Example { folder: "Siemens_VD/PPU3T", tick: 0.0025, lead: FIRST_TIC_S, origin: FIRST_TIC_S },
];

const FIRST_TIC_S: f64 = 21_747_857.0 * 0.0025;

impl Example {
    /// Stored times as the doubles that PhysIO had.
    fn restored(&self, stored: &[f64]) -> Vec<f64> {
        let tick = |t: &f64| ((t + self.lead) / self.tick).round() * self.tick;
        stored.iter().map(|t| (tick(t) - self.origin) + (self.origin - self.lead)).collect()
    }
}

/// PhysIO's stored stages and regressors `[column][volume]`.
fn physio(folder: &str) -> Option<(serde_json::Value, Vec<Vec<f64>>)> {
    let stages = shared(&format!("physio-examples/{folder}/reference_stages.json"))?;
    let table = shared(&format!("physio-examples/{folder}/reference_multiple_regressors.txt"))?;
    let mut regressors: Vec<Vec<f64>> = Vec::new();
    for line in std::fs::read_to_string(table).unwrap().lines() {
        for (k, cell) in line.split_whitespace().enumerate() {
            regressors.resize_with(regressors.len().max(k + 1), Vec::new);
            regressors[k].push(cell.parse().unwrap());
        }
    }
    Some((json(&stages), regressors))
}

/// The pulse and breathing of a PhysIO example, the first sample at 0 s as its stages count.
fn traces(folder: &str) -> Option<(Trace, Option<Trace>)> {
    let plain = |path: &str, sampling_hz: f64| {
        let text = std::fs::read_to_string(shared(path)?).unwrap();
        let samples = text.split_whitespace().map(|v| v.parse().unwrap()).collect();
        Some(Trace { samples, sampling_hz, start_s: 0.0 })
    };
    let bids = |path: &str| {
        let record = recording(path, 50.0, 0.0)?;
        Some((record.cardiac.unwrap(), record.respiratory))
    };
    match folder {
        "BIDS/PPU3T" => {
            bids("physio-examples/BIDS/PPU3T/sub-s999_task-random_run-99_physio.tsv.gz")
        }
        "BIDS/CPULSE3T" => {
            bids("physio-examples/BIDS/CPULSE3T/sub-s998_task-random_run-99_physio.tsv.gz")
        }
        "GE/PPU3T" => {
            let folder = "physio-examples/GE/PPU3T";
            let pulse = plain(&format!("{folder}/ECGData_epiRT_phys_0921201215_38_08"), 40.0)?;
            let breath = plain(&format!("{folder}/RespData_epiRT_phys_0921201215_38_08"), 40.0)?;
            Some((pulse, Some(breath)))
        }
        _ => None,
    }
}

fn wrapped(angle: f64) -> f64 {
    (angle + PI).rem_euclid(TAU) - PI
}

/// Circular mean.
fn mean_angle(angles: impl Iterator<Item = f64> + Clone) -> f64 {
    let (sin, cos) = (angles.clone().map(f64::sin).sum::<f64>(), angles.map(f64::cos).sum::<f64>());
    sin.atan2(cos)
}

#[test]
fn cardiac_phases_and_columns_from_physios_beats_are_physios() {
    for example in &PHYSIO {
        let folder = example.folder;
        let Some((stages, regressors)) = physio(folder) else { continue };
        let (beats_s, times_s) = (numbers(&stages["cpulse"]), numbers(&stages["sample_times"]));
        let restored = [&beats_s, &times_s].map(|stored| example.restored(stored));
        // The decimals give the ticks without doubt.
        for (was, is) in beats_s.iter().chain(&times_s).zip(restored.iter().flatten()) {
            assert!((was - is).abs() < 1e-11, "{folder}: {was} {is}");
        }
        let [beats_s, times_s] = restored;
        let phase = CardiacPhase::new(&beats_s).unwrap();
        let stored = numbers(&stages["c_sample_phase"]);
        let mut worst = [0.0_f64; 3];
        for (v, &t) in times_s.iter().enumerate() {
            let values = Terms::HARVEY.values(phase.at(t), 0.0);
            let order_1 = regressors[1][v].atan2(regressors[0][v]);
            worst[0] = worst[0].max(wrapped(phase.at(t) - order_1).abs());
            for k in 0..6 {
                worst[1] = worst[1].max((values[k] - regressors[k][v]).abs());
            }
            worst[2] = worst[2].max(wrapped(phase.at(t) - stored[v]).abs());
        }
        println!("{folder}: {} volumes, phase, columns, stored phase {worst:?}", times_s.len());
        assert!(worst[0] <= 1e-12 && worst[1] <= 1e-12, "{folder}: {worst:?}");
        // Stored with twelve digits.
        assert!(worst[2] <= 6e-12, "{folder}: {worst:?}");
    }
}

/// Least correlation of cosine and sine of order 1, and of order 3, with PhysIO's columns, a constant offset in phase taken off.
fn likeness(beats_s: &[f64], stages: &serde_json::Value, regressors: &[Vec<f64>]) -> [f64; 2] {
    let phase = CardiacPhase::new(beats_s).unwrap();
    let theirs: Vec<f64> =
        regressors[0].iter().zip(&regressors[1]).map(|(c, s)| s.atan2(*c)).collect();
    let ours: Vec<f64> = numbers(&stages["sample_times"]).iter().map(|&t| phase.at(t)).collect();
    let offset = mean_angle(ours.iter().zip(&theirs).map(|(a, b)| a - b));
    [(1.0, 0), (3.0, 4)].map(|(order, k)| {
        let of = |f: fn(f64) -> f64| -> Vec<f64> {
            ours.iter().map(|p| f(order * (p - offset))).collect()
        };
        correlation(&of(f64::cos), &regressors[k])
            .min(correlation(&of(f64::sin), &regressors[k + 1]))
    })
}

#[test]
fn cardiac_columns_from_our_own_beats_follow_physios_after_a_constant_offset() {
    for folder in ["BIDS/PPU3T", "BIDS/CPULSE3T"] {
        let (Some((stages, regressors)), Some((pulse, _))) = (physio(folder), traces(folder))
        else {
            continue;
        };
        let r = likeness(&beats(&pulse).unwrap(), &stages, &regressors);
        println!("{folder}: order 1 and 3 r = {r:.4?}");
        assert!(r[0] > 0.99 && r[1] > 0.97, "{folder}: {r:?}");
    }
}

#[test]
fn in_a_noisy_record_our_columns_are_nearer_physios_than_the_other_peers_are() {
    // PhysIO and boldly choose other beats in some 6 % of the volumes of GE 0921 (tests/physio_peers.rs says who is right).
    let (Some((stages, regressors)), Some((pulse, _))) = (physio("GE/PPU3T"), traces("GE/PPU3T"))
    else {
        return;
    };
    let stored = json(&golden("physio_peers.json"));
    let record = stored["records"].as_array().unwrap().iter().find(|r| !r["two_s"].is_null());
    let two = record.unwrap()["two_s"].as_array().unwrap();
    let ours = likeness(&beats(&pulse).unwrap(), &stages, &regressors);
    let peers = [&two[0], &two[1]].map(|b| likeness(&numbers(b), &stages, &regressors));
    println!("GE 0921, order 1 and 3: boldly {ours:.3?}, neurokit2 and peakdet {peers:.3?}");
    assert!(ours[0] > 0.90 && ours[1] > 0.79, "{ours:?}");
    assert!(peers.iter().all(|p| p[0] < ours[0] && p[1] < ours[1]), "{ours:?} {peers:?}");
}

#[test]
fn respiratory_columns_follow_physios_in_the_band_that_it_used() {
    // physio.preproc.respiratory.filter.passband of each PARAMETERS.txt; least r of the first order.
    for (folder, band_hz, least) in [
        ("BIDS/PPU3T", (0.01, 2.0), 0.93),
        ("BIDS/CPULSE3T", (0.05, 2.0), 0.97),
        ("GE/PPU3T", (0.01, 2.0), 0.98),
    ] {
        let (Some((stages, regressors)), Some((_, breath))) = (physio(folder), traces(folder))
        else {
            continue;
        };
        let times_s = numbers(&stages["sample_times"]);
        let recording = Recording { respiratory: breath, ..Recording::default() };
        // One slice, at PhysIO's onset slice; its volumes are equally apart to a sample.
        let first_s = times_s[0];
        let tr = (times_s[times_s.len() - 1] - first_s) / (times_s.len() - 1) as f64;
        let mut shifted = recording;
        shifted.respiratory.as_mut().unwrap().start_s = -first_s;
        let run = Acquisition {
            tr,
            n_volumes: times_s.len(),
            slice_times: Some(vec![0.0]),
            start_time: 0.0,
        };
        let r = |breath_band_hz: Option<(f64, f64)>| -> Vec<f64> {
            let treatment = Treatment { breath_band_hz, ..Treatment::default() };
            let terms: Terms = "0/4/0".parse().unwrap();
            let model =
                retroicor_from(&shifted, &Peaks::default(), &run, &terms, &treatment).unwrap();
            let column = |k: usize| model.groups.columns[0].column(k).to_vec();
            // PhysIO begins half a turn later: odd orders change their sign.
            let sign = |k: usize| if (k / 2).is_multiple_of(2) { -1.0 } else { 1.0 };
            (0..8).map(|k| sign(k) * correlation(&column(k), &regressors[6 + k])).collect()
        };
        let (all, band) = (r(None), r(Some(band_hz)));
        println!("{folder}: respiratory columns r = {band:.3?}; of the whole trace {all:.3?}");
        // The drift of the belt makes the share of samples below a depth that of the drift: PhysIO's band is right.
        assert!(band[0] > least && band[1] > least, "{folder}: {band:?}");
        assert!(all[0] < band[0] + 0.005, "{folder}: {all:?}");
    }
}

/// AFNI's columns by label, `[volume]`.
fn slibase() -> Option<impl Fn(usize, &str) -> Vec<f64>> {
    let path = shared("ds210-physio/afni-reference/sub-02_slibase.1D.gz")?;
    let text = String::from_utf8(gunzip(&path)).unwrap();
    let labels = text.lines().find(|l| l.contains("ColumnLabels")).unwrap();
    let labels: Vec<String> =
        labels.split('"').nth(1).unwrap().split(';').map(|l| l.trim().to_owned()).collect();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.trim().is_empty())
        .map(|l| l.split_whitespace().map(|v| v.parse().unwrap()).collect())
        .collect();
    Some(move |slice: usize, name: &str| {
        let k = labels.iter().position(|l| *l == format!("s{slice:03}.{name}")).unwrap();
        rows.iter().map(|row| row[k]).collect()
    })
}

/// Seconds of AFNI's peak or trough list at 50 Hz.
fn marks(kind: &str) -> Option<Vec<f64>> {
    let path = shared(&format!("ds210-physio/afni-reference/sub-02_{kind}_00.1D"))?;
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.split_whitespace().map(|v| v.parse::<f64>().unwrap() / 50.0).collect())
}

fn afni_slice_times() -> Vec<f64> {
    let info = shared("ds210-physio/afni-reference/sub-02_info.json").unwrap();
    numbers(&json(&info)["dset_slice_times"])
}

/// Largest principal angle, degrees, between the spans of two sets of columns, means taken off.
fn span_angle(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let orthonormal = |set: &[Vec<f64>]| {
        let mut q: Vec<Vec<f64>> = Vec::new();
        for column in set {
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let mut v: Vec<f64> = column.iter().map(|x| x - mean).collect();
            for _ in 0..2 {
                for u in &q {
                    let along: f64 = u.iter().zip(&v).map(|(x, y)| x * y).sum();
                    v.iter_mut().zip(u).for_each(|(x, y)| *x -= along * y);
                }
            }
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.iter_mut().for_each(|x| *x /= length);
            q.push(v);
        }
        q
    };
    let (a, b) = (orthonormal(a), orthonormal(b));
    // The sine of the largest angle is the largest length of a unit vector of `a` outside `b`: power iteration on
    // S = I - C C', C the cosines.
    let c: Vec<Vec<f64>> = a
        .iter()
        .map(|u| b.iter().map(|v| u.iter().zip(v).map(|(x, y)| x * y).sum()).collect())
        .collect();
    let outside = |x: &[f64]| -> Vec<f64> {
        let within: Vec<f64> =
            (0..b.len()).map(|k| (0..a.len()).map(|i| c[i][k] * x[i]).sum()).collect();
        (0..a.len())
            .map(|i| x[i] - (0..b.len()).map(|k| c[i][k] * within[k]).sum::<f64>())
            .collect()
    };
    let mut x = vec![1.0; a.len()];
    let mut largest = 0.0;
    for _ in 0..2000 {
        let y = outside(&x);
        largest = y.iter().map(|v| v * v).sum::<f64>().sqrt();
        if largest < 1e-300 {
            return 0.0;
        }
        x = y.iter().map(|v| v / largest).collect();
    }
    largest.max(0.0).sqrt().min(1.0).asin().to_degrees()
}

#[test]
fn cardiac_columns_from_afnis_peaks_span_what_its_slibase_spans() {
    let (Some(afni), Some(peaks)) = (slibase(), marks("card_peaks")) else { return };
    let phase = CardiacPhase::new(&peaks).unwrap();
    let (mut at_its_samples, mut exact) = (Vec::new(), Vec::new());
    for (slice, slice_time) in afni_slice_times().into_iter().enumerate() {
        let theirs = ["card.c1", "card.s1", "card.c2", "card.s2"].map(|name| afni(slice, name));
        let moment = |v: usize| v as f64 * 3.0 + slice_time;
        // Before the first beat and after the last AFNI and we continue the rhythm differently.
        let volumes: Vec<usize> = (0..204)
            .filter(|&v| [-0.02, 0.02].iter().all(|d| !phase.is_extrapolated(moment(v) + d)))
            .collect();
        assert!(volumes.len() >= 202, "slice {slice}: {} volumes", volumes.len());
        // The recorder's sample before or behind: AFNI's phase, which begins half a turn later, is that of one of them.
        let sample = |v: usize| {
            let its_phase = theirs[1][v].atan2(theirs[0][v]);
            let off = |t: f64| wrapped(phase.at(t) + PI - its_phase).abs();
            let before = (moment(v) * 50.0 + 1e-6).floor() / 50.0;
            [before - 0.02, before, before + 0.02]
                .into_iter()
                .min_by(|&a, &b| off(a).total_cmp(&off(b)))
                .unwrap()
        };
        let theirs: Vec<Vec<f64>> =
            theirs.iter().map(|c| volumes.iter().map(|&v| c[v]).collect()).collect();
        let angle = |at: &dyn Fn(usize) -> f64| {
            let rows: Vec<Vec<f64>> =
                volumes.iter().map(|&v| Terms::AFNI.values(phase.at(at(v)), 0.0)).collect();
            let ours: Vec<Vec<f64>> =
                (0..4).map(|k| rows.iter().map(|row| row[k]).collect()).collect();
            span_angle(&ours, &theirs)
        };
        at_its_samples.push(angle(&sample));
        exact.push(angle(&moment));
    }
    let worst = at_its_samples.iter().copied().fold(0.0, f64::max);
    println!("largest angle of 46 slices: {worst:.4} degrees at the samples AFNI takes");
    println!("at the slices' own times: {exact:.2?}");
    assert!(worst < 0.05, "{worst} degrees");
    // AFNI takes a sample of the recorder's grid of 20 ms, boldly the slice's own time. Slices 12 and 13 lie where its index
    // jumps between two samples from volume to volume, which no shift in time undoes.
    let beyond: Vec<usize> = (0..46).filter(|&k| exact[k] >= 1.0).collect();
    assert!(beyond.iter().all(|k| [4, 12, 13].contains(k)), "{beyond:?}: {exact:.2?}");
    assert!(exact[4] < 1.1 && exact[12] < 8.0 && exact[13] < 8.0, "{exact:.2?}");
}

#[test]
fn the_respiratory_phase_is_afnis_when_it_turns_at_the_extremes_of_breaths() {
    let file = "ds210-physio/sub-02/func/sub-02_task-rest_run-01_physio.tsv.gz";
    let (Some(afni), Some(record)) = (slibase(), recording(file, 50.0, 0.0)) else { return };
    let trace = record.respiratory.unwrap();
    let phase =
        |turns| RespiratoryPhase::named(&trace, Equalisation::Glover, turns, "breath").unwrap();
    let (by_slope, by_extremes) = (phase(BreathTurns::Slope), phase(BreathTurns::Extremes));
    let (mut depths, mut slope_differs, mut differs, mut n) = (Vec::new(), 0, 0, 0);
    for (slice, slice_time) in afni_slice_times().into_iter().enumerate() {
        let (cos, sin) = (afni(slice, "resp.c1"), afni(slice, "resp.s1"));
        for v in 0..204 {
            // AFNI takes the nearest sample.
            let time_s = ((v as f64 * 3.0 + slice_time) * 50.0).round() / 50.0;
            let ours = by_extremes.at(time_s);
            let theirs = sin[v].atan2(cos[v]);
            depths.push((ours.abs() - theirs.abs()).abs());
            slope_differs += usize::from(by_slope.at(time_s) * theirs < 0.0);
            differs += usize::from(ours * theirs < 0.0);
            n += 1;
        }
    }
    depths.sort_by(f64::total_cmp);
    let share = |k: usize| k as f64 / n as f64;
    let (median, by_slope, by_extremes) = (depths[n / 2], share(slope_differs), share(differs));
    println!(
        "depth: median {median:.2e} rad; sign differs: by slope {by_slope:.4}, by extremes {by_extremes:.4}"
    );
    assert!(median < 1e-3, "{median}");
    assert!(by_extremes <= 0.03, "{by_extremes}");
    // The slope over 1 s (Glover) rounds the turn of a trace that falls fast and rests, by a tenth of a second.
    assert!(by_slope < 0.07 && by_slope > by_extremes, "{by_slope}");
}
