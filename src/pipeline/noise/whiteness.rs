//! Whether the noise model whitened a run: the residuals of some voxels, evenly spread over the mask, whitened by what was found of them and
//! looked at by [`crate::stats::whiteness`].

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::{Autocorrelation, Used};
use crate::error::Result;
use crate::stats::ar1::{Ar1, Rule};
use crate::stats::arma11;
use crate::stats::passband;
use crate::stats::whiteness::{Expected, critical, residual, whiten_ar1};

/// Voxels that are looked at.
const VOXELS: usize = 300;
/// What a design leaves of white noise is found for rho, or a and b, in such steps.
const STEP: f64 = 0.05;

/// Residuals of ordinary least squares of some voxels.
#[derive(Debug)]
pub struct Series {
    /// Of each, its position in the grid.
    pub places: Vec<usize>,
    /// And its slice group.
    pub slice_group: Vec<usize>,
    /// Without columns of their own, `[volume][voxel]`.
    pub residual: Array2<f64>,
    /// Those columns, `[column][volume][voxel]`.
    pub own: Vec<Array2<f64>>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whiteness {
    /// The share of voxels whose whitened residuals are correlated at .05: .05 where the noise is what the model says.
    pub share: f64,
    /// Voxels that were looked at.
    pub n_voxels: usize,
    /// Lags that were looked at, from 1.
    pub lags: usize,
}

/// The voxels of a mask that are looked at, `[voxel]`.
#[must_use]
pub fn chosen(inside: &[bool]) -> Vec<bool> {
    let n = inside.iter().filter(|&&inside| inside).count();
    let every = (n / VOXELS).max(1);
    let mut until = every / 2;
    let take = |&inside: &bool| {
        let is_next = inside && until == 0;
        until = if is_next { every } else { until } - usize::from(inside);
        is_next
    };
    inside.iter().map(take).collect()
}

/// Slice group, and the noise in steps.
type Key = (usize, [i64; 2]);

/// A voxel's series and the noise it is whitened by.
struct Voxel {
    group: usize,
    /// rho and 0, or a and b.
    noise: [f64; 2],
    series: Array1<f64>,
    /// `[volume][column]`, none where all voxels share theirs.
    own: Array2<f64>,
}

impl Series {
    /// The columns of one of them, `[volume][column]`.
    fn own_of(&self, voxel: usize) -> Array2<f64> {
        let n = self.residual.nrows();
        Array2::from_shape_fn((n, self.own.len()), |(t, column)| self.own[column][[t, voxel]])
    }
}

impl Voxel {
    /// What share the expectation of others.
    fn key(&self) -> Key {
        (self.group, self.noise.map(|value| (value / STEP).round() as i64))
    }
}

impl Autocorrelation {
    /// Of the voxels that count, by the rho that was used, or a and b; none where too few volumes are left.
    pub(super) fn whiteness(
        &self,
        sampled: &[Series],
        fitted: &[bool],
        (rho, arma11): (&[f64], Option<&[Vec<f64>; 2]>),
    ) -> Option<Whiteness> {
        let noise = |place: usize| match arma11 {
            Some([a, b]) => [a[place], b[place]],
            None => [rho[place], 0.0],
        };
        let of = |part: &Series| -> Vec<Voxel> {
            let voxel = |(at, &place): (usize, &usize)| Voxel {
                group: part.slice_group[at],
                noise: noise(place),
                series: part.residual.column(at).to_owned(),
                own: part.own_of(at),
            };
            let counts = |(at, place): &(usize, &usize)| {
                fitted[**place] && part.residual.column(*at).iter().any(|e| *e != 0.0)
            };
            part.places.iter().enumerate().filter(counts).map(voxel).collect()
        };
        let mut alike: BTreeMap<(Key, usize), Vec<Voxel>> = BTreeMap::new();
        for voxel in sampled.iter().flat_map(of) {
            let key = (voxel.key(), if voxel.own.is_empty() { 0 } else { alike.len() });
            alike.entry(key).or_default().push(voxel);
        }
        let gaps = self.gaps();
        let alike: Vec<_> = alike.into_values().collect();
        let found: Vec<(usize, usize, usize)> =
            alike.par_iter().filter_map(|voxels| self.correlated(voxels, &gaps)).collect();
        let sum = |of: fn(&(usize, usize, usize)) -> usize| found.iter().map(of).sum::<usize>();
        let (off, n_voxels) = (sum(|f| f.0), sum(|f| f.1));
        let lags = found.first()?.2;
        Some(Whiteness { share: off as f64 / n_voxels as f64, n_voxels, lags })
    }

    /// The share of Nyquist's frequency above which the residuals of the slice group with most voxels have next to no power; not known where voxels have
    /// columns of their own.
    ///
    /// # Errors
    /// Internal where no basis is found.
    pub(super) fn empty_above(&self, sampled: &[Series], fitted: &[bool]) -> Result<Option<f64>> {
        if self.n_beside > 0 {
            return Ok(None);
        }
        let mut of_groups: BTreeMap<usize, Vec<ArrayView2<'_, f64>>> = BTreeMap::new();
        for part in sampled {
            for (at, _) in part.places.iter().enumerate().filter(|(_, place)| fitted[**place]) {
                let series = part.residual.slice(s![.., at..=at]);
                of_groups.entry(part.slice_group[at]).or_default().push(series);
            }
        }
        let most = of_groups.into_iter().max_by_key(|(_, series)| series.len());
        let Some((group, series)) = most else { return Ok(None) };
        let Ok(series) = ndarray::concatenate(Axis(1), &series) else { return Ok(None) };
        let ar1 = &self.lags.of_groups[group];
        let columns = ar1.basis.slice(s![.., ..ar1.rank]);
        passband::empty_above(series.view(), columns, &self.lags.pairs.kept())
    }

    /// The share of a constant, less what the columns explain of it, of the sum of squares of the residuals of fitted voxels; 0 where the columns span it.
    pub(super) fn mean_share(&self, sampled: &[Series], fitted: &[bool]) -> f64 {
        let left_of = |ar1: &Ar1| {
            let basis = ar1.basis.slice(s![.., ..ar1.rank]);
            let n = basis.nrows() as f64;
            let left = n - basis.sum_axis(Axis(0)).mapv(|sum| sum * sum).sum();
            (left > 1e-8 * n).then_some(left)
        };
        let left: Vec<Option<f64>> = self.lags.of_groups.iter().map(left_of).collect();
        let (mut of_mean, mut all) = (0.0, 0.0);
        for part in sampled {
            for (at, _) in part.places.iter().enumerate().filter(|(_, place)| fitted[**place]) {
                let series = part.residual.column(at);
                of_mean +=
                    left[part.slice_group[at]].map_or(0.0, |left| series.sum().powi(2) / left);
                all += series.dot(&series);
            }
        }
        if all > 0.0 { of_mean / all } else { 0.0 }
    }

    /// Of voxels whose noise is alike: how many are correlated, of how many, at how many lags.
    fn correlated(&self, voxels: &[Voxel], gaps: &[usize]) -> Option<(usize, usize, usize)> {
        let first = voxels.first()?;
        let ar1 = &self.lags.of_groups[first.group];
        let shared = ar1.basis.slice(s![.., ..ar1.rank]);
        let fitted = match self.used {
            Used::Own => 1,
            Used::Arma11 => 2,
            _ => 0,
        };
        let limit = |expected: &Expected| critical(expected.lags(), fitted);
        if voxels.iter().all(|voxel| voxel.noise == [0.0; 2] && voxel.own.is_empty()) {
            // Nothing is whitened: what the basis explains is out of the series as it is.
            let expected = Expected::of(shared)?;
            let limit = limit(&expected);
            let is_off = |voxel: &&Voxel| expected.statistic(voxel.series.view()) > limit;
            let n_off = voxels.iter().filter(is_off).count();
            return Some((n_off, voxels.len(), expected.lags()));
        }
        let basis = ndarray::concatenate![Axis(1), shared, first.own];
        let (q, _) =
            residual(self.whitened(basis.clone(), gaps, first.noise), Array1::zeros(basis.nrows()));
        let expected = Expected::of(q.view())?;
        let limit = limit(&expected);
        let is_off = |voxel: &&Voxel| {
            let series = voxel.series.view().insert_axis(Axis(1));
            let both = ndarray::concatenate![Axis(1), basis, series];
            let both = self.whitened(both, gaps, voxel.noise);
            let (basis, series) = both.view().split_at(Axis(1), basis.ncols());
            let (_, u) = residual(basis.to_owned(), series.column(0).to_owned());
            expected.statistic(u.view()) > limit
        };
        Some((voxels.par_iter().filter(is_off).count(), voxels.len(), expected.lags()))
    }

    pub(super) fn whitened(
        &self,
        mut columns: Array2<f64>,
        gaps: &[usize],
        noise: [f64; 2],
    ) -> Array2<f64> {
        let [first, second] = noise;
        match self.used {
            Used::Arma11 => arma11::whiten(&mut columns, gaps, (first, second)),
            _ => {
                let scaled = self.lags.of_groups.iter().all(|group| group.rule != Rule::Nilearn);
                whiten_ar1(&mut columns, gaps, first, scaled);
            }
        }
        columns
    }

    /// How long after the kept one before, in what the noise is of: volumes, of rho steps of them; 0 for the first, `[volume]`.
    pub(super) fn gaps(&self) -> Vec<usize> {
        let pairs = &self.lags.pairs;
        let step = if matches!(self.used, Used::Arma11) { 1 } else { pairs.step as usize };
        let since = pairs.kept();
        let since = since.windows(2).map(|pair| (pair[1] - pair[0]) / step);
        std::iter::once(0).chain(since).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voxels_that_are_looked_at_spread_over_the_mask_and_are_all_of_a_small_one() {
        let mut inside = vec![true; 10_000];
        inside[..4_000].fill(false);
        let chosen_of = |inside: &[bool]| {
            let all = chosen(inside);
            (0..all.len()).filter(|&voxel| all[voxel]).collect::<Vec<_>>()
        };
        let voxels = chosen_of(&inside);
        assert_eq!((voxels.len(), voxels[0], voxels[299]), (300, 4_010, 9_990));
        assert_eq!(chosen_of(&[false, true, true]), [1, 2]);
    }
}
