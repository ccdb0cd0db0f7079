//! Whether series were filtered before: up to which frequency residuals of a regression have power.
//!
//! A series y without power above a frequency gives residuals y - X b that have there what the columns X put back, and nothing else: H y = 0, so
//! H (y - X b) = -H X b, where H takes a stretch of volumes to its spectrum above that frequency. What is left of it once it is regressed on H X is 0,
//! or what the scanner, the heart and rounding added after the filter. Series that no filter has seen keep a hundredth there and more.

use std::f64::consts::PI;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use super::least_squares::{demeaned, orthonormal_basis, spans};
use crate::error::Result;

/// Bands of equal width from 0 to Nyquist's frequency.
const BANDS: usize = 20;
/// The highest of them must be empty for a filter: fewer would be a filter that costs little.
const EMPTY_BANDS: usize = 5;
/// A band is empty whose power is so small a share of the strongest one's; rounding to whole numbers of a run of 1000 that varies by 1 % leaves half of it.
const EMPTY: f64 = 1e-3;
/// The volumes of an uninterrupted stretch that say anything, and those that are enough.
const LEAST: usize = 60;
const ENOUGH: usize = 400;
/// So many series are enough.
const SERIES: usize = 50;
/// Numbers that the columns must leave of the spectrum.
const LEFT: usize = 8;

/// The share of Nyquist's frequency above which residuals show that a filter took all power; none where they show power up to it, or where too few
/// volumes are left. `series`: `[volume][series]`, of the columns `[volume][column]`; `kept`: which volumes of the run these are.
///
/// # Errors
/// Internal where no basis is found.
pub fn empty_above(
    series: ArrayView2<'_, f64>,
    columns: ArrayView2<'_, f64>,
    kept: &[usize],
) -> Result<Option<f64>> {
    let stretch = longest(kept);
    let n = stretch.len().min(ENOUGH);
    if n < LEAST || series.ncols() == 0 {
        return Ok(None);
    }
    let rows = stretch.start..stretch.start + n;
    let every = series.ncols().div_ceil(SERIES) as isize;
    let series = series.slice(s![rows.clone(), ..;every]);
    let series = &series - &series.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(0));
    let columns = columns.slice(s![rows, ..]);
    let series = beside_mean(series, columns)?;
    let spectra = spectrum(series.view());
    let of_columns = spectrum(columns);
    let n_bins = spectra.nrows() / 2;
    // Both parts of bins `from` on, where a band begins.
    let bin = |band: usize| band * n_bins / BANDS;
    let part = |of: &Array2<f64>, band: usize, end: usize| {
        of.slice(s![2 * bin(band)..2 * bin(end), ..]).to_owned()
    };
    let density =
        |of: &Array2<f64>, rows: usize| of.iter().map(|v| v * v).sum::<f64>() / rows.max(1) as f64;
    let strongest = (0..BANDS)
        .map(|band| part(&spectra, band, band + 1))
        .map(|band| density(&band, band.nrows()))
        .fold(0.0, f64::max);
    let is_empty = |from: usize| -> Result<bool> {
        let (own, put_back) = (part(&spectra, from, BANDS), part(&of_columns, from, BANDS));
        let there = there(&put_back, columns);
        let basis = match there.ncols() {
            0 => there,
            _ => orthonormal_basis(there.view())?,
        };
        if own.nrows() < basis.ncols() + LEFT {
            return Ok(false);
        }
        let left = &own - &basis.dot(&basis.t().dot(&own));
        Ok(density(&left, own.nrows() - basis.ncols()) < EMPTY * strongest)
    };
    let mut edge = BANDS - EMPTY_BANDS;
    if strongest == 0.0 || !is_empty(edge)? {
        return Ok(None);
    }
    while edge > 1 && is_empty(edge - 1)? {
        edge -= 1;
    }
    Ok(Some(edge as f64 / BANDS as f64))
}

/// The longest stretch of volumes that follow each other, by their places in the list.
fn longest(kept: &[usize]) -> std::ops::Range<usize> {
    let (mut best, mut start) = (0..0, 0);
    for at in 0..kept.len() {
        if at > 0 && kept[at] != kept[at - 1] + 1 {
            start = at;
        }
        if at + 1 - start > best.len() {
            best = start..at + 1;
        }
    }
    best
}

/// Residuals of columns with a constant, where columns without one have put more of themselves into the series than there was: they took what they could
/// of a mean, at low frequencies, beside which all else would seem nothing.
fn beside_mean(series: Array2<f64>, columns: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let n = columns.nrows();
    if columns.ncols() == 0 || spans(columns, Array1::ones(n).view())? {
        return Ok(series);
    }
    let basis = orthonormal_basis(demeaned(columns).view())?;
    let left = &series - &basis.dot(&basis.t().dot(&series));
    let power = |of: &Array2<f64>| of.iter().map(|v| v * v).sum::<f64>();
    Ok(if power(&left) < 0.5 * power(&series) { left } else { series })
}

/// Columns that have something there.
fn there(part: &Array2<f64>, whole: ArrayView2<'_, f64>) -> Array2<f64> {
    let size = |column: ndarray::ArrayView1<'_, f64>| column.dot(&column).sqrt();
    let kept: Vec<usize> = (0..part.ncols())
        .filter(|&at| size(part.column(at)) > 1e-10 * size(whole.column(at)))
        .collect();
    part.select(Axis(1), &kept)
}

/// The spectrum of each column less its mean and its slope, under a Hann window: cosine and sine parts of each frequency above 0 in turn.
fn spectrum(columns: ArrayView2<'_, f64>) -> Array2<f64> {
    let n = columns.nrows();
    let time = |t: usize| t as f64 - (n as f64 - 1.0) / 2.0;
    let squares: f64 = (0..n).map(|t| time(t).powi(2)).sum();
    let mut windowed = columns.to_owned();
    for mut column in windowed.columns_mut() {
        let mean = column.mean().unwrap_or(0.0);
        let slope = column.iter().enumerate().map(|(t, v)| time(t) * v).sum::<f64>() / squares;
        for (t, value) in column.iter_mut().enumerate() {
            let window = (PI * (t as f64 + 0.5) / n as f64).sin().powi(2);
            *value = window * (*value - mean - slope * time(t));
        }
    }
    let waves = |at: fn(f64) -> f64| {
        let whole: Vec<f64> = (0..n).map(|t| at(2.0 * PI * t as f64 / n as f64)).collect();
        Array2::from_shape_fn((n / 2, n), |(k, t)| whole[(k + 1) * t % n])
    };
    let parts = [waves(f64::cos), waves(f64::sin)].map(|waves| waves.dot(&windowed));
    let [cosines, sines] = parts.map(|part| part.insert_axis(Axis(1)));
    let both = concatenate![Axis(1), cosines, sines];
    let (bins, columns) = (both.len_of(Axis(0)), both.len_of(Axis(2)));
    Array2::from_shape_fn((2 * bins, columns), |(at, column)| both[[at / 2, at % 2, column]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that leans to low frequencies, a multiple of what others are, as voxels have it.
    fn noise(n: usize, series: usize) -> Array2<f64> {
        let mut state = 12_345_u64;
        let mut uniform = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
        };
        let mut all = Array2::zeros((n, series));
        for mut column in all.columns_mut() {
            let mut before = 0.0;
            for value in &mut column {
                before = 0.8 * before + uniform();
                *value = 10.0 * before;
            }
        }
        all
    }

    /// Without what lies above a share of Nyquist's frequency.
    fn low(of: &Array2<f64>, share: f64) -> Array2<f64> {
        let n = of.nrows();
        let top = (share * n as f64 / 2.0) as usize;
        let wave =
            |k: usize, t: usize, shift: f64| (2.0 * PI * (k * t) as f64 / n as f64 - shift).cos();
        let column = |at: usize| (at / 2 + 1, if at.is_multiple_of(2) { 0.0 } else { PI / 2.0 });
        let basis = Array2::from_shape_fn((n, 2 * top), |(t, at)| {
            let (k, shift) = column(at);
            wave(k, t, shift) * (2.0 / n as f64).sqrt()
        });
        basis.dot(&basis.t().dot(of))
    }

    /// What columns leave of series.
    fn left(series: &Array2<f64>, columns: &Array2<f64>) -> Array2<f64> {
        let basis = orthonormal_basis(columns.view()).expect("a basis");
        series - &basis.dot(&basis.t().dot(series))
    }

    #[test]
    fn residuals_of_columns_without_a_constant_are_no_sign_of_a_filter_and_hide_none() {
        let n = 200;
        let whole: Vec<usize> = (0..n).collect();
        // A block design: its mean is not 0, so it takes what it can of the series' mean.
        let columns = Array2::from_shape_fn((n, 2), |(t, at)| {
            let slow = (2.0 * PI * t as f64 / [40.0, 57.0][at]).sin();
            (1.0 + slow).powi(2)
        });
        let raw = noise(n, 12);
        for (series, is_filtered) in [(&raw, false), (&low(&raw, 0.4), true)] {
            let series = series + 1e5;
            let found = empty_above(left(&series, &columns).view(), columns.view(), &whole);
            assert_eq!(found.expect("a basis").is_some(), is_filtered);
        }
    }

    #[test]
    fn a_filter_is_seen_below_what_columns_put_back_and_none_where_there_was_none() {
        let n = 200;
        let (series, columns) = (noise(n, 12), noise(n, 20).slice_move(s![.., 8..]));
        let whole: Vec<usize> = (0..n).collect();
        let found = |series: &Array2<f64>, kept: &[usize]| {
            empty_above(left(series, &columns).view(), columns.view(), kept).expect("a basis")
        };
        assert_eq!(found(&series, &whole), None);
        // 0.1 Hz at a TR of 2 s; rounded as scanners round.
        let filtered = low(&series, 0.4).mapv(f64::round);
        let edge = found(&filtered, &whole).expect("a filter");
        assert!((0.39..=0.5).contains(&edge), "{edge}");
        // The columns put more back than an empty band may have.
        let none = Array2::zeros((n, 0));
        assert_eq!(
            empty_above(left(&filtered, &columns).view(), none.view(), &whole).expect("a basis"),
            None
        );
        // A stretch is enough, and a few volumes are not.
        let gaps = |every: usize| (0..n).map(|t| t + t / every).collect::<Vec<_>>();
        assert!(found(&filtered, &gaps(100)).is_some() && found(&filtered, &gaps(40)).is_none());
    }
}
