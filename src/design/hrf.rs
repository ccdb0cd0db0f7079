//! Haemodynamic response models: from the events of one condition to its design columns.
//!
//! Canonical response: h(t) = gamma(t; 6) - gamma(t; 16) / 6, t in seconds, unit dispersions (SPM's p = [6 16 1 1 6 0
//! 32]), scaled to sum 1. A regressor is (boxcar * h)(t_v) at the frame times t_v.
//!
//! - [`Model::Spm`]: bins of dt = TR / 16 counted from the first frame time; an event fills round(duration / dt) + 1 bins from
//!   the nearest bin to its onset with its amplitude, or with amplitude / dt where all durations of the condition are
//!   zero; sampled at the frame times given (`StartTime + k TR`), that is at SPM's T0 = 1. [`MicroTime`] sets another T0:
//!   SPM's own default T0 = 8 samples 7/16 TR later. Unlike SPM, which begins 2 TR before the run, earlier events count in full.
//!   Derivatives: h(t) - h(t - 1 s), and (h - h with dispersion 1.01) / 0.01, orthogonalised as basis functions.
//! - [`Model::SpmNilearn`], [`Model::Glover`]: nilearn's convention: 50 bins a TR from 24 s before the run, events of less than a bin fill
//!   one bin with height 1, gamma densities begin one bin late, undershoot ratio 0.167 (Glover: 12 s, dispersions 0.9, ratio
//!   0.48), linear interpolation at the frame times. Derivatives (steps 0.1 s and 0.01) are orthogonalised as regressors.
//!
//! Source: Friston et al. 1998; Glover 1999; conventions checked by number against SPM's designs in nipy (spm_dmtx.npz, TR 1, T0 2)
//! and nilearn 0.14.1 (`tests/oracles/design.py`).

use super::events::Event;
use crate::stats::tails::ln_gamma;
use ndarray::Array2;

/// Which response, by which convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// SPM's canonical response on SPM's micro-time grid.
    #[default]
    Spm,
    /// nilearn's `spm`.
    SpmNilearn,
    /// nilearn's `glover`.
    Glover,
}

/// Which derivatives accompany the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Derivatives {
    /// The response only.
    #[default]
    None,
    /// Also `<condition>_derivative`.
    Time,
    /// Also `<condition>_derivative` and `<condition>_dispersion`.
    TimeDispersion,
}

impl Derivatives {
    /// Suffixes of the column names of one condition.
    #[must_use]
    pub fn suffixes(self) -> &'static [&'static str] {
        match self {
            Derivatives::None => &[""],
            Derivatives::Time => &["", "_derivative"],
            Derivatives::TimeDispersion => &["", "_derivative", "_dispersion"],
        }
    }
}

/// SPM's micro-time grid; only [`Model::Spm`] uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MicroTime {
    /// Bins per TR (SPM's fMRI_T). 0 counts as 1.
    pub bins: usize,
    /// The bin of each TR at which the regressor is sampled, from 1 (SPM's fMRI_T0): 1 is the frame time itself. 0
    /// counts as 1.
    pub reference: usize,
}

impl Default for MicroTime {
    /// 16 bins, sampled at the frame times.
    fn default() -> MicroTime {
        MicroTime { bins: 16, reference: 1 }
    }
}

/// Length of every response in seconds.
const LENGTH_S: f64 = 32.0;

/// When a run was sampled.
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a> {
    /// Seconds, increasing, two or more.
    pub times: &'a [f64],
    /// Repetition time in seconds, above 0.
    pub tr: f64,
    /// SPM's grid within a TR.
    pub micro_time: MicroTime,
}

/// The columns `[volume][response, derivatives..]` of the events of one condition.
#[must_use]
pub fn columns(
    model: Model,
    derivatives: Derivatives,
    events: &[&Event],
    frames: &Frames,
) -> Array2<f64> {
    let count = derivatives.suffixes().len();
    let columns = match model {
        Model::Spm => spm_columns(count, events, frames),
        Model::SpmNilearn => nilearn_columns(&NILEARN_SPM, count, events, frames.times),
        Model::Glover => nilearn_columns(&NILEARN_GLOVER, count, events, frames.times),
    };
    Array2::from_shape_fn((frames.times.len(), count), |(v, c)| columns[c][v])
}

/// SPM's basis functions (response, time derivative, dispersion derivative) at multiples of `dt` seconds from 0
/// to 32 s, before they are orthogonalised; the response sums to 1.
#[must_use]
pub fn spm_basis(dt: f64) -> [Vec<f64>; 3] {
    const DISPERSION_STEP: f64 = 0.01;
    let response = |delay_s: f64, dispersion: f64| {
        let count = (LENGTH_S / dt + 1e-9).floor() as usize + 1;
        let values = (0..count).map(|bin| {
            let t = bin as f64 * dt - delay_s;
            gamma_density(t / dispersion, 6.0 / dispersion) / dispersion
                - gamma_density(t, 16.0) / 6.0
        });
        normalised(values.collect())
    };
    let canonical = response(0.0, 1.0);
    let later = response(1.0, 1.0);
    let wider = response(0.0, 1.0 + DISPERSION_STEP);
    let time = canonical.iter().zip(&later).map(|(h, l)| h - l).collect();
    let dispersion = canonical.iter().zip(&wider).map(|(h, w)| (h - w) / DISPERSION_STEP).collect();
    [canonical, time, dispersion]
}

fn spm_columns(count: usize, events: &[&Event], frames: &Frames) -> Vec<Vec<f64>> {
    let dt = frames.tr / frames.micro_time.bins.max(1) as f64;
    let start = frames.times.first().copied().unwrap_or(0.0);
    // `as` saturates, so an onset however far away keeps its side.
    let bin = |t: f64| ((t - start) / dt).round() as i64;
    let impulses = events.iter().all(|e| e.duration == 0.0);
    let boxes: Vec<Box> = events
        .iter()
        .map(|e| {
            let first = bin(e.onset);
            Box {
                first,
                end: first.saturating_add((e.duration / dt).round() as i64).saturating_add(1),
                height: if impulses { e.amplitude / dt } else { e.amplitude },
            }
        })
        .collect();
    let mut basis: Vec<Vec<f64>> = spm_basis(dt).into_iter().take(count).collect();
    orthogonalise(&mut basis);
    let offset = frames.micro_time.reference.max(1) as i64 - 1;
    basis
        .iter()
        .map(|response| {
            let cumulative = Cumulative::new(response);
            let at = |t: &f64| cumulative.convolved(&boxes, bin(*t) + offset);
            frames.times.iter().map(at).collect()
        })
        .collect()
}

/// Bins `first..end` of one height.
struct Box {
    first: i64,
    end: i64,
    height: f64,
}

/// Running sums of a response: the convolution with a box is a difference of two of them.
struct Cumulative(Vec<f64>);

impl Cumulative {
    fn new(response: &[f64]) -> Cumulative {
        let mut sum = 0.0;
        Cumulative(
            response
                .iter()
                .map(|h| {
                    sum += h;
                    sum
                })
                .collect(),
        )
    }

    /// Sum of the response's bins 0..=last.
    fn up_to(&self, last: i64) -> f64 {
        match usize::try_from(last) {
            Ok(last) => self.0.get(last).or(self.0.last()).copied().unwrap_or(0.0),
            Err(_) => 0.0,
        }
    }

    /// The boxes convolved with the response, at one bin.
    fn convolved(&self, boxes: &[Box], bin: i64) -> f64 {
        let one = |b: &Box| {
            let since_first = self.up_to(bin.saturating_sub(b.first));
            b.height * (since_first - self.up_to(bin.saturating_sub(b.end)))
        };
        boxes.iter().map(one).sum()
    }
}

/// nilearn's parameters of a difference of two gamma densities.
struct NilearnResponse {
    undershoot: f64,
    dispersion: f64,
    /// Of the undershoot in the response and its time derivative; nilearn's dispersion derivative takes 1.
    undershoot_dispersion: f64,
    ratio: f64,
}

const NILEARN_SPM: NilearnResponse =
    NilearnResponse { undershoot: 16.0, dispersion: 1.0, undershoot_dispersion: 1.0, ratio: 0.167 };
const NILEARN_GLOVER: NilearnResponse =
    NilearnResponse { undershoot: 12.0, dispersion: 0.9, undershoot_dispersion: 0.9, ratio: 0.48 };
const NILEARN_OVERSAMPLING: f64 = 50.0;
const NILEARN_MIN_ONSET_S: f64 = -24.0;

impl NilearnResponse {
    /// The response on `LENGTH_S / dt` points from 0 to 32 s, scaled to sum 1.
    fn sampled(
        &self,
        dt: f64,
        delay_s: f64,
        dispersion: f64,
        undershoot_dispersion: f64,
    ) -> Vec<f64> {
        let count = (LENGTH_S / dt).round_ties_even() as usize;
        let step = LENGTH_S / (count.max(2) - 1) as f64;
        let density =
            |t: f64, delay: f64, scale: f64| gamma_density((t - dt) / scale, delay / scale) / scale;
        let values = (0..count).map(|i| {
            let t = i as f64 * step - delay_s;
            density(t, 6.0, dispersion)
                - self.ratio * density(t, self.undershoot, undershoot_dispersion)
        });
        normalised(values.collect())
    }

    /// Response, time derivative, dispersion derivative.
    fn basis(&self, dt: f64) -> [Vec<f64>; 3] {
        let (d, u) = (self.dispersion, self.undershoot_dispersion);
        let derivative = |values: &[f64], stepped: &[f64], step: f64| -> Vec<f64> {
            values.iter().zip(stepped).map(|(v, s)| 1.0 / step * (v - s)).collect()
        };
        let response = self.sampled(dt, 0.0, d, u);
        let time = derivative(&response, &self.sampled(dt, 0.1, d, u), 0.1);
        let narrow = self.sampled(dt, 0.0, d, 1.0);
        let dispersion = derivative(&narrow, &self.sampled(dt, 0.0, d + 0.01, 1.0), 0.01);
        [response, time, dispersion]
    }
}

fn nilearn_columns(
    response: &NilearnResponse,
    count: usize,
    events: &[&Event],
    frame_times: &[f64],
) -> Vec<Vec<f64>> {
    let grid = nilearn_grid(frame_times);
    let last = grid.len() - 1;
    let index = |t: f64| grid.partition_point(|g| *g < t).min(last);
    let boxes: Vec<Box> = events
        .iter()
        .map(|e| {
            let first = index(e.onset);
            let mut end = index(e.onset + e.duration);
            if end < last && end == first {
                end += 1;
            }
            Box { first: first as i64, end: end as i64, height: e.amplitude }
        })
        .collect();
    let tr = frame_times.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let basis = response.basis(tr / NILEARN_OVERSAMPLING);
    let mut columns: Vec<Vec<f64>> = basis
        .iter()
        .take(count)
        .map(|response| {
            let cumulative = Cumulative::new(response);
            let interpolated = |t: &f64| {
                let above = grid.partition_point(|g| g < t).clamp(1, last);
                let (low, high) = (above - 1, above);
                let at = |i: usize| cumulative.convolved(&boxes, i as i64);
                let slope = (at(high) - at(low)) / (grid[high] - grid[low]);
                slope * (t - grid[low]) + at(low)
            };
            frame_times.iter().map(interpolated).collect()
        })
        .collect();
    orthogonalise(&mut columns);
    columns
}

/// nilearn's high-resolution times, with its rounding: from 24 s before the first frame to about one TR after the last.
/// Two points or more.
fn nilearn_grid(frame_times: &[f64]) -> Vec<f64> {
    let n = frame_times.len() as f64;
    let (first, last) =
        (frame_times.first().copied().unwrap_or(0.0), frame_times.last().copied().unwrap_or(1.0));
    let end = last * (1.0 + 1.0 / (n - 1.0));
    let per_second = (n - 1.0) * 1.0 / (last - first);
    let count = per_second * ((end - first - NILEARN_MIN_ONSET_S) * NILEARN_OVERSAMPLING) + 1.0;
    let count = (count.round_ties_even() as usize).clamp(2, 100_000_000);
    let start = first + NILEARN_MIN_ONSET_S;
    let step = (end - start) / (count - 1) as f64;
    let mut grid: Vec<f64> = (0..count).map(|i| i as f64 * step + start).collect();
    grid[count - 1] = end;
    grid
}

/// y^(shape-1) e^-y / Gamma(shape); 0 for y <= 0.
fn gamma_density(y: f64, shape: f64) -> f64 {
    if y <= 0.0 {
        return 0.0;
    }
    ((shape - 1.0) * y.ln() - y - ln_gamma(shape)).exp()
}

fn normalised(mut values: Vec<f64>) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    if sum != 0.0 {
        values.iter_mut().for_each(|v| *v /= sum);
    }
    values
}

/// Take from each column its projection on those before it. Columns are not scaled.
fn orthogonalise(columns: &mut [Vec<f64>]) {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    for i in 1..columns.len() {
        let (before, rest) = columns.split_at_mut(i);
        for column in before.iter() {
            let norm = dot(column, column);
            if norm > 0.0 {
                let weight = dot(&rest[0], column) / norm;
                rest[0].iter_mut().zip(column).for_each(|(v, c)| *v -= weight * c);
            }
        }
    }
}
