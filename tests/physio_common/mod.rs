//! What the physiology tests share: made-up traces with known beats, real records, agreement of two lists of beats.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Read;
use std::path::{Path, PathBuf};

use boldly::recording::{Acquisition, Recording, Trace};

#[path = "../common/mod.rs"]
pub mod common;

pub use common::shared;

/// Numbers that depend on the seed alone (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub fn gaussian(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// A pulse trace from an instantaneous rate (Hz, by time) and a waveform of the phase; returns the true beats, seconds.
pub fn pulse(
    hz: f64,
    seconds: f64,
    start_s: f64,
    rate_hz: impl Fn(f64) -> f64,
    wave: impl Fn(f64) -> f64,
) -> (Trace, Vec<f64>) {
    let n = (seconds * hz).round() as usize;
    let mut phase = 0.7;
    let (mut samples, mut beats) = (Vec::with_capacity(n), Vec::new());
    for i in 0..n {
        let t = start_s + i as f64 / hz;
        samples.push(wave(phase));
        let step = std::f64::consts::TAU * rate_hz(t) / hz;
        let next_beat =
            (phase / std::f64::consts::TAU).floor() * std::f64::consts::TAU + std::f64::consts::TAU;
        if phase + step >= next_beat {
            beats.push(t + (next_beat - phase) / step / hz);
        }
        phase += step;
    }
    (Trace { samples, sampling_hz: hz, start_s }, beats)
}

/// The waveform of oracles/physio/synth.py: a peak at phase 0 and a dicrotic wave.
pub fn dicrotic(phase: f64) -> f64 {
    (4.0 * (phase.cos() - 1.0)).exp() + 0.25 * (4.0 * ((phase - 2.2).cos() - 1.0)).exp()
}

/// 66 beats a minute with slow and respiratory variation.
pub fn resting(t: f64) -> f64 {
    1.1 + 0.12 * (0.188 * t).sin() + 0.05 * (0.69 * t + 1.0).sin()
}

/// Breathing with varying rate and depth.
pub fn breathing(hz: f64, seconds: f64, start_s: f64) -> Trace {
    let mut random = Random(5);
    let rate = |t: f64| 0.27 + 0.03 * (0.126 * t).sin();
    let (mut trace, _) = pulse(hz, seconds, start_s, rate, |p| p.cos() + 0.15 * (2.0 * p).cos());
    for (i, v) in trace.samples.iter_mut().enumerate() {
        *v *= 1.0 + 0.35 * (0.0817 * i as f64 / hz + 0.5).sin();
        *v += 0.005 * random.gaussian();
    }
    trace
}

/// How two lists of beats agree.
#[derive(Debug)]
pub struct Agreement {
    /// Pairs closer than half the least interval allowed for matching.
    pub n_matched: usize,
    /// In `want` only.
    pub n_missed: usize,
    /// In `got` only.
    pub n_extra: usize,
    /// Median of got - want, seconds.
    pub offset_s: f64,
    /// Share of the matched within 20 ms.
    pub within_20_ms: f64,
    /// Share of the matched within 20 ms after the median offset is removed.
    pub within_20_ms_of_offset: f64,
    /// Largest deviation after the median offset is removed, seconds.
    pub worst_s: f64,
}

/// Match beats one to one within `reach_s`, ends trimmed to the common span.
pub fn agreement(got: &[f64], want: &[f64], reach_s: f64) -> Agreement {
    let from = got[0].max(want[0]) - reach_s;
    let to = got[got.len() - 1].min(want[want.len() - 1]) + reach_s;
    let cut = |x: &[f64]| x.iter().copied().filter(|t| (from..=to).contains(t)).collect::<Vec<_>>();
    let (got, want) = (cut(got), cut(want));
    let mut used = vec![false; got.len()];
    let mut difference = Vec::new();
    for &w in &want {
        let near = (0..got.len())
            .filter(|&i| !used[i] && (got[i] - w).abs() <= reach_s)
            .min_by(|&a, &b| (got[a] - w).abs().total_cmp(&(got[b] - w).abs()));
        if let Some(i) = near {
            used[i] = true;
            difference.push(got[i] - w);
        }
    }
    assert!(!difference.is_empty(), "no beat of {} and {} matches", got.len(), want.len());
    let mut sorted = difference.clone();
    sorted.sort_by(f64::total_cmp);
    let offset_s = sorted[sorted.len() / 2];
    let share = |about: f64| {
        difference.iter().filter(|d| (**d - about).abs() <= 0.020_001).count() as f64
            / difference.len() as f64
    };
    Agreement {
        n_matched: difference.len(),
        n_missed: want.len() - difference.len(),
        n_extra: used.iter().filter(|u| !**u).count(),
        offset_s,
        within_20_ms: share(0.0),
        within_20_ms_of_offset: share(offset_s),
        worst_s: difference.iter().map(|d| (d - offset_s).abs()).fold(0.0, f64::max),
    }
}

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

pub fn gunzip(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Columns of a compressed table of numbers; a header line is left out.
pub fn columns(path: &Path) -> Vec<Vec<f64>> {
    let text = String::from_utf8(gunzip(path)).unwrap();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with(|c: char| c.is_ascii_alphabetic())) {
        for (k, cell) in line.split_whitespace().enumerate() {
            if columns.len() <= k {
                columns.push(Vec::new());
            }
            columns[k].push(cell.parse().unwrap_or(f64::NAN));
        }
    }
    columns
}

/// A real BIDS record whose first two columns are cardiac and respiratory.
pub fn recording(tsv: &str, hz: f64, start_s: f64) -> Option<Recording> {
    let mut columns = columns(&shared(tsv)?).into_iter();
    let mut trace = || columns.next().map(|samples| Trace { samples, sampling_hz: hz, start_s });
    Some(Recording {
        name: tsv.rsplit('/').next().unwrap().to_string(),
        cardiac: trace(),
        respiratory: trace(),
        trigger: None,
    })
}

/// Pearson's correlation.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let dot = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(u, v)| (u - mx) * (v - my)).sum::<f64>()
    };
    dot(a, ma, b, mb) / (dot(a, ma, a, ma) * dot(b, mb, b, mb)).sqrt()
}

/// 60 volumes of six planes, two at a time.
pub fn six_planes() -> Acquisition {
    Acquisition {
        tr: 2.0,
        n_volumes: 60,
        slice_times: Some(vec![0.0, 1.2, 0.6, 0.0, 1.2, 0.6]),
        start_time: 0.0,
    }
}
