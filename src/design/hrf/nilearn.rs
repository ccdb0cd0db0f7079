//! nilearn's responses, on nilearn's oversampled grid.

use super::LENGTH_S;
use super::grid::{Cumulative, Stretch, gamma_density, normalised, orthogonalise};
use crate::design::events::Event;

/// nilearn's parameters of a difference of two gamma densities.
pub(super) struct Response {
    undershoot: f64,
    dispersion: f64,
    /// Of the undershoot in the response and its time derivative; nilearn's dispersion derivative takes 1.
    undershoot_dispersion: f64,
    ratio: f64,
}

pub(super) const SPM: Response =
    Response { undershoot: 16.0, dispersion: 1.0, undershoot_dispersion: 1.0, ratio: 0.167 };
pub(super) const GLOVER: Response =
    Response { undershoot: 12.0, dispersion: 0.9, undershoot_dispersion: 0.9, ratio: 0.48 };
const MIN_ONSET_S: f64 = -24.0;

impl Response {
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

/// What `hrf_model` names of nilearn become.
pub(super) enum Kernels<'a> {
    /// A response and so many derivatives less one, orthogonalised as regressors.
    Canonical(&'a Response, usize),
    /// One bin of a TR for each delay in TRs.
    Delays(&'a [usize]),
    /// The stimulus itself.
    Stimulus,
}

impl Kernels<'_> {
    /// Sampled responses on bins of `dt` seconds, `per_tr` of them a TR.
    fn sampled(&self, dt: f64, per_tr: usize) -> Vec<Vec<f64>> {
        match self {
            Kernels::Canonical(response, count) => {
                response.basis(dt).into_iter().take(*count).collect()
            }
            Kernels::Delays(delays) => {
                let delayed = |&delay: &usize| {
                    let mut kernel = vec![0.0; delay * per_tr];
                    kernel.extend(std::iter::repeat_n(1.0 / per_tr as f64, per_tr));
                    kernel
                };
                delays.iter().map(delayed).collect()
            }
            Kernels::Stimulus => vec![vec![1.0]],
        }
    }
}

/// How fine the grid is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    /// Of one step of the times.
    pub per_step: usize,
    /// Of one TR.
    pub per_tr: usize,
}

/// nilearn's own: the times are frame times.
const FRAMES: Bins = Bins { per_step: 50, per_tr: 50 };

/// The columns of one condition at its frame times, one for each kernel.
pub(super) fn columns(kernels: &Kernels, events: &[&Event], frame_times: &[f64]) -> Vec<Vec<f64>> {
    columns_on(kernels, events, frame_times, FRAMES)
}

/// [`columns`] at times of another step than a TR.
pub(super) fn columns_on(
    kernels: &Kernels,
    events: &[&Event],
    frame_times: &[f64],
    bins: Bins,
) -> Vec<Vec<f64>> {
    let per_step = bins.per_step as f64;
    let grid = grid_times(frame_times, per_step);
    // A delay's bin counts from its end, so that it is the mean over the TR that follows.
    let ahead = match kernels {
        Kernels::Delays(_) => bins.per_tr - 1,
        _ => 0,
    };
    let last = grid.len() - 1;
    let index = |t: f64| grid.partition_point(|g| *g < t).min(last);
    let stretches: Vec<Stretch> = events
        .iter()
        .map(|e| {
            let first = index(e.onset);
            let mut end = index(e.onset + e.duration);
            if end < last && end == first {
                end += 1;
            }
            Stretch { first: first as i64, end: end as i64, height: e.amplitude }
        })
        .collect();
    let tr = frame_times.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let column = |response: &Vec<f64>| {
        let cumulative = Cumulative::new(response);
        let interpolated = |t: &f64| {
            let above = grid.partition_point(|g| g < t).clamp(1, last);
            let (low, high) = (above - 1, above);
            let at = |i: usize| cumulative.convolved(&stretches, (i + ahead) as i64);
            let slope = (at(high) - at(low)) / (grid[high] - grid[low]);
            slope * (t - grid[low]) + at(low)
        };
        frame_times.iter().map(interpolated).collect()
    };
    let mut columns: Vec<Vec<f64>> =
        kernels.sampled(tr / per_step, bins.per_tr).iter().map(column).collect();
    if matches!(kernels, Kernels::Canonical(..)) {
        orthogonalise(&mut columns);
    }
    columns
}

/// nilearn's high-resolution times, with its rounding: from 24 s before the first frame to about one TR after the last.
/// Two points or more.
fn grid_times(frame_times: &[f64], per_step: f64) -> Vec<f64> {
    let n = frame_times.len() as f64;
    let (first, last) =
        (frame_times.first().copied().unwrap_or(0.0), frame_times.last().copied().unwrap_or(1.0));
    let end = last * (1.0 + 1.0 / (n - 1.0));
    let per_second = (n - 1.0) * 1.0 / (last - first);
    let count = per_second * ((end - first - MIN_ONSET_S) * per_step) + 1.0;
    let count = (count.round_ties_even() as usize).clamp(2, 100_000_000);
    let start = first + MIN_ONSET_S;
    let step = (end - start) / (count - 1) as f64;
    let mut grid: Vec<f64> = (0..count).map(|i| i as f64 * step + start).collect();
    grid[count - 1] = end;
    grid
}
