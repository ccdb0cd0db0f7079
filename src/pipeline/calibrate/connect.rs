//! How often each test of a correlation finds a connection between series that have none: the usual one, Fisher's z times sqrt(T - 3) of cleaned series,
//! which takes no note of the columns that were fitted; r with the degrees of freedom that these leave; the variance of r by xDF and by Bartlett's product of
//! autocorrelations; and the seed as a column of a GLM with first-order noise.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};
use rayon::prelude::*;
use serde::Serialize;

use super::{THRESHOLDS, below};
use crate::design::Drift;
use crate::design::drift;
use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::source::Memory;
use crate::kernels::contrast::{Contrast, Prepared, Stat};
use crate::kernels::glm::Model;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::first_level::{Plan, fit_run};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::watch::{Quiet, Watch};
use crate::simulate::null;
use crate::stats::ar1::{Pairs, Rule};
use crate::stats::autocorrelated::{self, Answer, Standard};
use crate::stats::least_squares::orthonormal_basis;
use crate::volume::{Block, HostBold};

const N_VOLUMES: usize = 240;
const TR: f64 = 2.0;
/// Confounds that wander, and as many that jump.
const N_CONFOUNDS: usize = 12;
/// Hz that a band-pass leaves.
const BAND_HZ: [f64; 2] = [0.008, 0.09];
/// Share of volumes that censoring takes.
const CENSORED: f64 = 0.2;
/// Series that are held against one seed.
const TARGETS: usize = 20;
/// Volumes before the first: what noise begins with is forgotten.
const BEFORE: usize = 100;
/// The |z| of a two-sided p of each of [`THRESHOLDS`].
const CRITICAL_Z: [f64; THRESHOLDS.len()] =
    [1.959_963_984_540_054, 2.575_829_303_548_900_4, 3.290_526_731_491_926];
/// Noises: what they are called, the weight of the value before, and that of the innovation before.
const NOISES: [(&str, f64, f64); 3] =
    [("white", 0.0, 0.0), ("AR(1) .4", 0.4, 0.0), ("ARMA(1,1) .7 -.3", 0.7, -0.3)];
/// All tests, in the order in which they are tried; the last under [`Cleaning::HighPass`] alone.
const TESTS: [Test; 5] = [Test::Usual, Test::ExactDof, Test::Xdf, Test::Bartlett, Test::SeedInGlm];
/// Confounds' places among the random numbers, far from any series'.
const CONFOUNDS: usize = 1 << 40;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairsSpec {
    /// Pairs of each noise; made whole seeds of 20 series each.
    pub pairs: usize,
    /// Of the noise.
    pub seed: u64,
}

impl PairsSpec {
    /// The pairs that are tried: whole seeds of 20 series each.
    #[must_use]
    pub fn whole(&self) -> usize {
        self.pairs.div_ceil(TARGETS) * TARGETS
    }
}

impl Default for PairsSpec {
    fn default() -> PairsSpec {
        PairsSpec { pairs: 6000, seed: 1 }
    }
}

/// What is taken out of series before they are correlated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cleaning {
    /// Periods above 128 s, and 12 confounds.
    HighPass,
    /// All but 0.008 to 0.09 Hz, and 12 confounds.
    BandPass,
    /// The same of four fifths of the volumes.
    BandPassCensored,
}

/// How a correlation becomes p.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// z sqrt(T - 3), as though nothing had been taken out.
    Usual,
    /// t = r sqrt(nu / (1 - r²)), nu what is left.
    ExactDof,
    /// z by the variance of r that xDF makes of both series' auto- and cross-correlations.
    Xdf,
    /// z by the effective number of values: Bartlett's product of autocorrelations.
    Bartlett,
    /// t of the seed in a GLM with first-order noise by restricted maximum likelihood.
    SeedInGlm,
}

impl Cleaning {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cleaning::HighPass => "high-pass, 12 confounds",
            Cleaning::BandPass => "band-pass, 12 confounds",
            Cleaning::BandPassCensored => "band-pass, 12 confounds, 20 % censored",
        }
    }

    /// The volumes that are kept, ascending: of a censored run those left out lie at random, for what goes by lags takes what is left as one series.
    fn kept(self, seed: u64) -> Vec<usize> {
        if self != Cleaning::BandPassCensored {
            return (0..N_VOLUMES).collect();
        }
        let chance = series(CONFOUNDS + N_CONFOUNDS, &NOISES[0], seed);
        let mut order: Vec<usize> = (0..N_VOLUMES).collect();
        order.sort_by(|&a, &b| chance[a].total_cmp(&chance[b]));
        let mut kept = order.split_off((CENSORED * N_VOLUMES as f64).round() as usize);
        kept.sort_unstable();
        kept
    }

    /// Constant, filter and confounds of the kept volumes.
    fn columns(self, confounds: ArrayView2<f64>, seed: u64) -> Result<Array2<f64>> {
        let filter = match self {
            Cleaning::HighPass => drift::columns(Drift::Cosine { cutoff_s: 128.0 }, N_VOLUMES, TR)?,
            Cleaning::BandPass | Cleaning::BandPassCensored => stop_band(),
        };
        let constant = Array2::ones((N_VOLUMES, 1));
        let all = concatenate(Axis(1), &[constant.view(), filter.view(), confounds]);
        let all = all.map_err(|e| Error::internal("the columns", "differ", "", "").caused_by(e))?;
        Ok(all.select(Axis(0), &self.kept(seed)))
    }
}

impl Test {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Test::Usual => "z sqrt(T - 3), the usual",
            Test::ExactDof => "t with the dof left",
            Test::Xdf => "xDF",
            Test::Bartlett => "Bartlett, product of ACFs",
            Test::SeedInGlm => "seed in a GLM, AR(1)",
        }
    }
}

/// How often one test finds something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairRate {
    /// Of the series.
    pub noise: &'static str,
    /// What was taken out of them.
    pub cleaning: Cleaning,
    /// The test.
    pub test: Test,
    /// Its degrees of freedom; of the usual one T - 3, none of those that find another number for each pair.
    pub dof: Option<usize>,
    /// Share of pairs with a two-sided p below each of [`THRESHOLDS`].
    pub found: [f64; 3],
    /// Its standard error: that of as many independent pairs.
    pub error: [f64; 3],
}

/// Try all tests on the same pairs.
///
/// # Errors
/// Internal where columns cannot be decomposed.
pub fn pairs(spec: &PairsSpec, watch: &dyn Watch) -> Result<Vec<PairRate>> {
    let confounds = confounds(spec.seed);
    let n_seeds = spec.whole() / TARGETS;
    let mut rates = Vec::new();
    for (at, noise) in NOISES.iter().enumerate() {
        watch.stage(noise.0, 3);
        let first = at * n_seeds * (TARGETS + 1);
        let series = |seed: usize| {
            let of = |k: usize| series(first + seed * (TARGETS + 1) + k, noise, spec.seed);
            let mut all = Array2::zeros((N_VOLUMES, TARGETS + 1));
            (0..=TARGETS).for_each(|k| all.column_mut(k).assign(&of(k)));
            all
        };
        for cleaning in [Cleaning::HighPass, Cleaning::BandPass, Cleaning::BandPassCensored] {
            let kept = cleaning.kept(spec.seed);
            let columns = cleaning.columns(confounds.view(), spec.seed)?;
            let basis = orthonormal_basis(columns.view())?;
            let nu = kept.len() - basis.ncols() - 1;
            let one = |seed: usize| -> Result<Vec<[usize; 3]>> {
                let all = series(seed).select(Axis(0), &kept);
                let rest = residuals(&basis, &all);
                let r = correlations(&rest);
                let mut found = vec![usual(&r, kept.len()), exact(&r, nu)];
                found.extend(published(&rest));
                if cleaning == Cleaning::HighPass {
                    found.push(in_glm(&columns, &all)?);
                }
                Ok(found)
            };
            let found: Vec<_> =
                (0..n_seeds).into_par_iter().map(one).collect::<Result<Vec<_>>>()?;
            let dofs = [Some(kept.len() - 3), Some(nu), None, None, Some(nu)];
            for (at, (test, dof)) in TESTS.into_iter().zip(dofs).take(found[0].len()).enumerate() {
                let counts = found.iter().map(|of| of[at]);
                rates.push(rate((noise.0, cleaning, test, dof), counts, n_seeds * TARGETS));
            }
            watch.step();
        }
    }
    Ok(rates)
}

/// The share of `n` pairs that a test of some noise and cleaning found; `counts` of each seed.
fn rate(
    (noise, cleaning, test, dof): (&'static str, Cleaning, Test, Option<usize>),
    counts: impl Iterator<Item = [usize; 3]>,
    n: usize,
) -> PairRate {
    let mut found = [0.0; 3];
    counts.for_each(|of| (0..3).for_each(|k| found[k] += of[k] as f64 / n as f64));
    let error = found.map(|share| (share * (1.0 - share) / n as f64).max(0.0).sqrt());
    PairRate { noise, cleaning, test, dof, found, error }
}

/// Noise of no mean, `[volume]`: number `index` of a seed.
fn series(index: usize, &(_, before, innovation): &(&str, f64, f64), seed: u64) -> Array1<f64> {
    let (mut value, mut last) = (0.0, 0.0);
    let all = null::series(index, N_VOLUMES + BEFORE, 0.0, seed).into_iter().map(|e| {
        let e = f64::from(e) - 1000.0;
        value = before * value + e + innovation * last;
        last = e;
        value
    });
    all.skip(BEFORE).collect()
}

/// Six columns that wander and six that jump, `[volume][column]`.
fn confounds(seed: u64) -> Array2<f64> {
    let mut all = Array2::zeros((N_VOLUMES, N_CONFOUNDS));
    for (c, mut column) in all.columns_mut().into_iter().enumerate() {
        column.assign(&series(CONFOUNDS + c, &NOISES[0], seed));
        if c < N_CONFOUNDS / 2 {
            column.accumulate_axis_inplace(Axis(0), |before, value| *value += before);
        }
    }
    all
}

/// Cosine and sine at every frequency of the run's grid outside the band, 0 left out, `[volume][column]`.
fn stop_band() -> Array2<f64> {
    let n = N_VOLUMES;
    let mut columns = Vec::new();
    for j in 1..=n / 2 {
        let hz = j as f64 / (n as f64 * TR);
        if (BAND_HZ[0] - 1e-12..=BAND_HZ[1] + 1e-12).contains(&hz) {
            continue;
        }
        let turns = |t: usize| std::f64::consts::TAU * (j * t) as f64 / n as f64;
        columns.push((0..n).map(|t| turns(t).cos()).collect::<Vec<f64>>());
        if 2 * j != n {
            columns.push((0..n).map(|t| turns(t).sin()).collect());
        }
    }
    Array2::from_shape_fn((n, columns.len()), |(t, c)| columns[c][t])
}

/// Series without what a basis spans, `[volume][series]`.
fn residuals(basis: &Array2<f64>, all: &Array2<f64>) -> Array2<f64> {
    let mut rest = all.clone();
    for _ in 0..2 {
        rest = &rest - &basis.dot(&basis.t().dot(&rest));
    }
    rest
}

/// r of the first series with each of the others.
fn correlations(rest: &Array2<f64>) -> Vec<f64> {
    let seed = rest.column(0);
    let square = seed.dot(&seed);
    let r = |y: ndarray::ArrayView1<f64>| seed.dot(&y) / (square * y.dot(&y)).sqrt();
    rest.columns().into_iter().skip(1).map(r).collect()
}

/// What z finds by xDF's variance and by Bartlett's.
fn published(rest: &Array2<f64>) -> [[usize; 3]; 2] {
    let all: Vec<Standard> = rest.columns().into_iter().filter_map(Standard::new).collect();
    [autocorrelated::xdf, autocorrelated::bartlett].map(
        |test: fn(&Standard, &Standard) -> Answer| {
            let z: Vec<f64> = all[1..].iter().map(|y| test(&all[0], y).z.abs()).collect();
            CRITICAL_Z.map(|most| z.iter().filter(|z| **z > most).count())
        },
    )
}

/// What z sqrt(T - 3) finds.
fn usual(r: &[f64], n_volumes: usize) -> [usize; 3] {
    let root = (n_volumes as f64 - 3.0).sqrt();
    CRITICAL_Z.map(|most| r.iter().filter(|r| (r.atanh() * root).abs() > most).count())
}

/// What t with the degrees of freedom left finds.
fn exact(r: &[f64], nu: usize) -> [usize; 3] {
    let t: Vec<f64> = r.iter().map(|r| r * (nu as f64 / (1.0 - r * r)).sqrt()).collect();
    below(&t, nu as f64)
}

/// What the first series finds in each of the others as a column beside these, fitted as `boldly glm --noise ar1 --rho-fwhm 0` fits them.
fn in_glm(columns: &Array2<f64>, all: &Array2<f64>) -> Result<[usize; 3]> {
    let joined = concatenate(Axis(1), &[all.slice(s![.., ..1]), columns.view()]);
    let design = joined.map_err(|e| Error::internal("the design", "", "", "").caused_by(e))?;
    let names: Vec<String> = (0..design.ncols()).map(|c| format!("c{c}")).collect();
    let model = Model::new(&design, &names, None, TARGETS, 0.0)?;
    let mut weights = Array2::zeros((1, names.len()));
    weights[[0, 0]] = 1.0;
    let contrast = Contrast { name: "seed".to_owned(), stat: Stat::T, weights };
    let contrasts = vec![Prepared::new(contrast, &model)?];
    let (n, kept) = (all.nrows(), Pairs::consecutive(all.nrows()));
    let noise = Autocorrelation::new((&model, &contrasts), kept, Rule::Reml, Used::Own)?;
    let plan = Plan { correct: None, smooth: None, model, contrasts, noise: Some(noise) };
    let data = all.slice(s![.., 1..]).iter().map(|&v| v as f32).collect();
    let mut source = Memory { run: HostBold::new(Block::whole([1, 1, TARGETS], n), data) };
    let mut ladder = Ladder::around(Device::cpu());
    let inside = vec![true; TARGETS];
    let fitted = fit_run(&mut ladder, &mut source, &mut [], &inside, &plan, &Quiet)?;
    let maps = &fitted.contrasts[0];
    Ok(below(&maps.stat, maps.dof.least()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleaning_leaves_the_degrees_of_freedom_of_its_columns() {
        let confounds = confounds(3);
        // 240 less 1, 7 cosines and 12; less 1, 160 of 239 in the stop band; the constant is 0 Hz; one more for r.
        let all =
            [(Cleaning::HighPass, 219), (Cleaning::BandPass, 67), (Cleaning::BandPassCensored, 19)];
        for (cleaning, nu) in all {
            let columns = cleaning.columns(confounds.view(), 3).expect("columns");
            let basis = orthonormal_basis(columns.view()).expect("a basis");
            assert_eq!(cleaning.kept(3).len() - basis.ncols() - 1, nu, "{cleaning:?}");
        }
    }

    #[test]
    fn of_series_that_go_together_every_test_finds_all() {
        let mut all = Array2::zeros((N_VOLUMES, TARGETS + 1));
        for k in 0..=TARGETS {
            let (shared, own) = (series(1, &NOISES[1], 5), series(2 + k, &NOISES[0], 5));
            all.column_mut(k).assign(&(shared + own));
        }
        let columns = Cleaning::HighPass.columns(confounds(5).view(), 5).expect("columns");
        let basis = orthonormal_basis(columns.view()).expect("a basis");
        let rest = residuals(&basis, &all);
        let r = correlations(&rest);
        assert_eq!(published(&rest), [[TARGETS; 3]; 2]);
        assert_eq!(usual(&r, N_VOLUMES), [TARGETS; 3]);
        assert_eq!(exact(&r, 219), [TARGETS; 3]);
        assert_eq!(in_glm(&columns, &all).expect("a fit"), [TARGETS; 3]);
    }
}
