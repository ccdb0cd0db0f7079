//! rho of each voxel: a scan of trial values whose factors all voxels of a slice group share, then parabolas through exact
//! values between them, so that rho varies continuously with the data.

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::panel::Panel;
use super::{Ar1, Rule, Sums};
use crate::stats::gls::{add_product, take_product};
use crate::stats::panel::{Lanes, lanes_mut, width};

mod rivals;

/// Trial values lie this far apart from [`Ar1::lowest`] on.
const STEP: f64 = 0.05;
/// The largest magnitude of rho that is found.
pub const LARGEST: f64 = 0.95;

/// rho without the bias of restricted maximum likelihood: of `n_volumes` kept volumes it is found too small by 2 rho / `n_volumes` on
/// average, to first order (Cheang and Reinsel 2000, whole runs; with gaps within a fifth of that).
#[must_use]
pub fn unbiased(rho: f64, n_volumes: usize) -> f64 {
    (rho * (1.0 + 2.0 / n_volumes as f64)).clamp(-LARGEST, LARGEST)
}
/// So far beyond the last trial values the objective is looked at, too, so that a least place between them is told from one beyond them.
const BEYOND: f64 = 0.025;
/// Parabolas after the scan at most.
const PARABOLAS: usize = 24;
/// A place this near to the parabola's vertex is the least, once values twice as far away on both sides say so; of values nearer to each other rounding is the difference.
const NEAR: f64 = 5e-5;

/// What a trial value of rho makes of the design; all voxels of the group share it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trial {
    rho: f64,
    /// R⁻¹'s weights.
    ends: Vec<f64>,
    lags: Vec<f64>,
    /// L of N = L L', lower triangle row by row, the diagonal inverted.
    factor: Vec<f64>,
    /// log|N| + log|R|.
    ln_det: f64,
}

/// What trial values of rho make of a slice group's design.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan(Vec<Trial>);

impl Ar1 {
    /// rho of each voxel of this group, `[voxel]`; 0 where nothing is left to explain.
    #[must_use]
    pub fn rho(&self, sums: &Sums) -> Vec<f64> {
        self.rho_by(&self.scan(), sums)
    }

    /// The trial values of [`Ar1::rho`], for several blocks of voxels.
    #[must_use]
    pub fn scan(&self) -> Scan {
        Scan(self.trials())
    }

    /// [`Ar1::rho`] by trial values that were made before.
    #[must_use]
    pub fn rho_by(&self, scan: &Scan, sums: &Sums) -> Vec<f64> {
        let mut rho = vec![0.0; sums.square.len()];
        let Scan(trials) = scan;
        rho.par_chunks_mut(512).enumerate().for_each(|(chunk, rho)| {
            Arch::new().dispatch(Estimate { model: self, trials, sums, rho, first: chunk * 512 });
        });
        rho
    }

    /// rho of the one voxel that this model is of: trial values stand side by side where voxels do otherwise.
    #[must_use]
    pub fn rho_alone(&self, sums: &Sums) -> f64 {
        Arch::new().dispatch(Alone { model: self, sums })
    }

    fn trials(&self) -> Vec<Trial> {
        if self.rule == Rule::Nilearn {
            return Vec::new();
        }
        trial_values(self.lowest).into_iter().map(|rho| self.trial(rho)).collect()
    }

    fn trial(&self, rho: f64) -> Trial {
        struct One<'a>(&'a Ar1, f64);
        impl WithSimd for One<'_> {
            type Output = Trial;
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> Trial {
                let One(model, rho) = self;
                let mut panel = Panel::new::<S>(model);
                panel.factorise(simd, model, &vec![rho; width::<S>()]);
                let (ends, lags) = model.weights_of_gaps(rho);
                Trial {
                    rho,
                    ends,
                    lags,
                    factor: panel
                        .own
                        .factor
                        .chunks_exact(width::<S>())
                        .map(|lanes| lanes[0])
                        .collect(),
                    ln_det: panel.own.ln_det[0] + model.ln_det_r(rho),
                }
            }
        }
        Arch::new().dispatch(One(self, rho))
    }

    /// What REML minimises; `rss`: as a share of that of ordinary least squares, so that units of the data do not enter.
    pub(super) fn objective(&self, rss: f64, ln_det: f64) -> f64 {
        (self.n_volumes - self.rank) as f64 * rss.ln() + ln_det
    }
}

fn trial_values(lowest: f64) -> Vec<f64> {
    let n = ((LARGEST - lowest) / STEP).round() as i32;
    (0..=n).map(|k| lowest + f64::from(k) * STEP).collect()
}

struct Alone<'a> {
    model: &'a Ar1,
    sums: &'a Sums,
}

impl WithSimd for Alone<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Alone { model, sums } = self;
        let w = width::<S>();
        let mut panel = Panel::new::<S>(model);
        panel.load::<S>(sums, 0, 1);
        if model.rule == Rule::Nilearn {
            return yule_walker(model, panel.square(0), panel.lag(w, 0));
        }
        if panel.square(0) <= 0.0 {
            return 0.0;
        }
        let rho = trial_values(model.lowest);
        let mut scanned = Vec::with_capacity(rho.len());
        for rho in rho.chunks(w) {
            let mut lanes = rho.to_vec();
            lanes.resize(w, rho[0]);
            panel.factorise(simd, model, &lanes);
            for (lane, &rho) in rho.iter().enumerate() {
                let ln_det = panel.own.ln_det[lane] + model.ln_det_r(rho);
                scanned.push(model.objective(panel.own.rss[lane] / panel.square(0), ln_det));
            }
        }
        let scanned = Array2::from_shape_vec((rho.len(), 1), scanned).unwrap_or_default();
        bowls(simd, model, &mut panel, &scanned).first().map_or(0.0, |bowls| bowls.deepest().rho)
    }
}

struct Estimate<'a> {
    model: &'a Ar1,
    trials: &'a [Trial],
    sums: &'a Sums,
    rho: &'a mut [f64],
    first: usize,
}

impl WithSimd for Estimate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Estimate { model, trials, sums, rho, first } = self;
        let w = width::<S>();
        let mut panel = Panel::new::<S>(model);
        for (index, rho) in rho.chunks_mut(w).enumerate() {
            panel.load::<S>(sums, first + index * w, rho.len());
            if model.rule == Rule::Nilearn {
                for (lane, rho) in rho.iter_mut().enumerate() {
                    *rho = yule_walker(model, panel.square(lane), panel.lag(w, lane));
                }
                continue;
            }
            let found = reml(simd, model, trials, &mut panel);
            for (lane, rho) in rho.iter_mut().enumerate() {
                *rho = if panel.square(lane) > 0.0 { found[lane] } else { 0.0 };
            }
        }
    }
}

/// How near to a bin's edge nilearn's rho may fall on either side, as sums of other precision have it.
const NEAR_EDGE: f64 = 5e-5;

/// nilearn's: truncated towards 0 to hundredths.
fn yule_walker(model: &Ar1, square: f64, lag: f64) -> f64 {
    if square > 0.0 { (untruncated(model, square, lag) * 100.0).trunc() / 100.0 } else { 0.0 }
}

fn untruncated(model: &Ar1, square: f64, lag: f64) -> f64 {
    let n = model.n_volumes as f64;
    lag / (n - 1.0) / (square / n)
}

impl Ar1 {
    /// Of each voxel whose rho lies within 5e-5 of an edge of nilearn's bins, the rho of the bin beyond it, `[voxel]`; none by another rule.
    #[must_use]
    pub fn beyond_edges(&self, sums: &Sums) -> Vec<Option<f64>> {
        let beyond = |(&square, &twice): (&f64, &f64)| {
            if self.rule != Rule::Nilearn || square <= 0.0 {
                return None;
            }
            let rho = untruncated(self, square, twice / 2.0);
            let edge = (rho * 100.0).round();
            if edge == 0.0 || (rho - edge / 100.0).abs() > NEAR_EDGE {
                return None;
            }
            let towards_0 = (edge - edge.signum()) / 100.0;
            let is_beyond = rho.abs() * 100.0 >= edge.abs();
            Some(if is_beyond { towards_0 } else { edge / 100.0 })
        };
        let lags = sums.lags.row(0);
        sums.square.iter().zip(lags).map(beyond).collect()
    }
}

#[inline(always)]
fn reml<S: Simd>(simd: S, model: &Ar1, trials: &[Trial], panel: &mut Panel) -> Vec<f64> {
    let values = scanned(simd, model, trials, panel);
    bowls(simd, model, panel, &values).iter().map(|bowls| bowls.deepest().rho).collect()
}

/// A place where the objective is least about it, its value, and the trial value that it was found from.
#[derive(Debug, Clone, Copy)]
struct Bowl {
    rho: f64,
    value: f64,
    trial: usize,
}

/// The bowl of the least trial value, and the next, where there is another: few degrees of freedom leave two. Which is deeper is seen at their bottoms.
struct Bowls {
    first: Bowl,
    other: Option<Bowl>,
}

impl Bowls {
    fn deepest(&self) -> Bowl {
        self.other.filter(|other| other.value < self.first.value).unwrap_or(self.first)
    }
}

/// The bowls of each lane, from the objective at the trial values, `[trial][lane]`.
#[inline(always)]
fn bowls<S: Simd>(simd: S, model: &Ar1, panel: &mut Panel, scanned: &Array2<f64>) -> Vec<Bowls> {
    let rho = trial_values(model.lowest);
    let lanes: Vec<Vec<f64>> = scanned.columns().into_iter().map(|own| own.to_vec()).collect();
    let firsts: Vec<usize> = lanes.iter().map(|own| least(own)).collect();
    let others: Vec<Option<usize>> = lanes.iter().map(|own| other_bowl(own)).collect();
    let mut bottoms = Vec::with_capacity(2);
    for second in [false, true] {
        if second && others.iter().all(Option::is_none) {
            break;
        }
        let from = firsts.iter().zip(&others);
        let from: Vec<usize> =
            from.map(|(first, other)| other.filter(|_| second).unwrap_or(*first)).collect();
        let about = lanes.iter().zip(&from).map(|(own, &at)| Bracket::about(at, &rho, own));
        let mut brackets: Vec<Bracket> = about.collect();
        narrow(simd, model, panel, &mut brackets);
        let bowl = |(bracket, trial): (&Bracket, usize)| Bowl {
            rho: bracket.least(model.lowest),
            value: bracket.f[1],
            trial,
        };
        bottoms.push(brackets.iter().zip(from).map(bowl).collect::<Vec<Bowl>>());
    }
    let other = |lane: usize| others[lane].and_then(|_| Some(bottoms.get(1)?[lane]));
    (0..lanes.len()).map(|lane| Bowls { first: bottoms[0][lane], other: other(lane) }).collect()
}

/// The least trial of another bowl than that of the least.
fn other_bowl(values: &[f64]) -> Option<usize> {
    let (best, last) = (least(values), values.len().saturating_sub(1));
    let is_bowl = |k: usize| {
        (k == 0 || values[k] <= values[k - 1]) && (k == last || values[k] <= values[k + 1])
    };
    let others = (0..=last).filter(|&k| k.abs_diff(best) > 1 && is_bowl(k));
    others.min_by(|&a, &b| values[a].total_cmp(&values[b]))
}

/// The objective at the trial values, `[trial][lane]`.
#[inline(always)]
fn scanned<S: Simd>(simd: S, model: &Ar1, trials: &[Trial], panel: &mut Panel) -> Array2<f64> {
    let w = width::<S>();
    let mut values = Array2::zeros((trials.len(), w));
    let mut rss = vec![0.0; w];
    for (trial, mut row) in trials.iter().zip(values.rows_mut()) {
        lanes_mut::<S>(&mut rss)[0] = scan(simd, model, trial, panel);
        for (lane, value) in row.iter_mut().enumerate() {
            *value = model.objective(rss[lane] / panel.square(lane), trial.ln_det);
        }
    }
    values
}

/// Parabolas, each through exact values; a panel that holds one voxel in all its lanes has but one bracket.
#[inline(always)]
fn narrow<S: Simd>(simd: S, model: &Ar1, panel: &mut Panel, brackets: &mut [Bracket]) {
    if brackets.iter().any(|bracket| bracket.beyond().is_some()) {
        let at: Vec<f64> = brackets.iter().map(|b| b.beyond().unwrap_or(b.x[1])).collect();
        let values = exact(simd, model, panel, &at);
        brackets.iter_mut().zip(at).zip(values).for_each(|((b, x), f)| b.widen(x, f));
    }
    for _ in 0..PARABOLAS {
        let next: Vec<f64> = brackets.iter_mut().map(Bracket::next).collect();
        if brackets.iter().all(|bracket| bracket.found.is_some()) {
            return;
        }
        let values = exact(simd, model, panel, &next);
        brackets.iter_mut().zip(next).zip(values).for_each(|((b, x), f)| b.narrow(x, f));
    }
}

/// The objective of each lane at a rho of its own; lanes beyond these take the first.
#[inline(always)]
fn exact<S: Simd>(simd: S, model: &Ar1, panel: &mut Panel, rho: &[f64]) -> Vec<f64> {
    let mut lanes = rho.to_vec();
    lanes.resize(width::<S>(), rho[0]);
    panel.factorise(simd, model, &lanes);
    let mut values = vec![0.0; rho.len()];
    for (lane, value) in values.iter_mut().enumerate() {
        let ln_det = panel.own.ln_det[lane] + model.ln_det_r(rho[lane]);
        *value = model.objective(panel.own.rss[lane] / panel.square(lane), ln_det);
    }
    values
}

/// RSS at a trial value.
#[inline(always)]
fn scan<S: Simd>(simd: S, model: &Ar1, trial: &Trial, panel: &mut Panel) -> Lanes<S> {
    let (g, r) = (model.gaps.len(), model.width);
    let zero = simd.splat_f64s(0.0);
    let (sums, projected) = panel.sums_and_projected::<S>();
    let columns = &sums[2 + 2 * g..];
    let mut rss = sums[0];
    for gap in 0..g {
        let ends = [simd.splat_f64s(trial.ends[gap]); 2];
        let lags = [simd.splat_f64s(-trial.lags[gap]); 2];
        add_product(simd, &mut rss, ends, sums[2 + gap]);
        add_product(simd, &mut rss, lags, sums[2 + g + gap]);
    }
    let mut at = 0;
    for i in 0..r {
        let mut sum = [zero; 2];
        for gap in 0..g {
            let ends = [simd.splat_f64s(trial.ends[gap]); 2];
            let lags = [simd.splat_f64s(-trial.lags[gap]); 2];
            add_product(simd, &mut sum, ends, columns[gap * r + i]);
            add_product(simd, &mut sum, lags, columns[(g + gap) * r + i]);
        }
        for (k, y) in projected[..i].iter().enumerate() {
            take_product(simd, &mut sum, [simd.splat_f64s(trial.factor[at + k]); 2], *y);
        }
        let inverse = simd.splat_f64s(trial.factor[at + i]);
        let y = [simd.mul_f64s(sum[0], inverse), simd.mul_f64s(sum[1], inverse)];
        projected[i] = y;
        take_product(simd, &mut rss, y, y);
        at += i + 1;
    }
    rss
}

/// Which of some values is the least, the first of equals.
fn least(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, k| if values[k] < values[best] { k } else { best })
}

/// Three places about the least value, ascending.
struct Bracket {
    x: [f64; 3],
    f: [f64; 3],
    /// The least place, once it is known.
    found: Option<f64>,
}

impl Bracket {
    /// About one of the scanned values; at an end its outer place is the end itself.
    fn about(at: usize, rho: &[f64], values: &[f64]) -> Bracket {
        let around = [at.saturating_sub(1), at, (at + 1).min(rho.len() - 1)];
        Bracket { x: around.map(|k| rho[k]), f: around.map(|k| values[k]), found: None }
    }

    /// Where to look next: at the parabola's vertex; beside the middle where that is the vertex and an outer place is far; nowhere else once it is found.
    fn next(&mut self) -> f64 {
        let [x0, x1, x2] = self.x;
        let vertex = self.found.unwrap_or_else(|| self.vertex());
        if self.found.is_some() || (vertex - x1).abs() >= NEAR {
            return vertex;
        }
        let (below, above) = (x1 - x0, x2 - x1);
        if below.max(above) <= 4.0 * NEAR || !self.f[1].is_finite() {
            self.found = Some(vertex);
            return vertex;
        }
        if below > above { x1 - 2.0 * NEAR } else { x1 + 2.0 * NEAR }
    }

    /// Where to look for an outer place; none where there is one.
    fn beyond(&self) -> Option<f64> {
        let [x0, x1, x2] = self.x;
        match (x0 == x1, x1 == x2) {
            (true, _) => Some(x1 - BEYOND),
            (_, true) => Some(x1 + BEYOND),
            _ => None,
        }
    }

    /// Take a value beyond the end. Where it is lower still, the end is the least that may be.
    fn widen(&mut self, x: f64, f: f64) {
        if self.beyond() != Some(x) {
            return;
        }
        let outer = if x < self.x[1] { 0 } else { 2 };
        match f > self.f[1] {
            true => (self.x[outer], self.f[outer]) = (x, f),
            false => (self.x, self.f) = ([self.x[1]; 3], [self.f[1]; 3]),
        }
    }

    /// The least place, no farther than rho may lie.
    fn least(&self, lowest: f64) -> f64 {
        self.found.unwrap_or_else(|| self.vertex()).clamp(lowest, LARGEST)
    }

    /// Where the parabola through the three has its least value; the middle where there is none.
    fn vertex(&self) -> f64 {
        let [x0, x1, x2] = self.x;
        let [f0, f1, f2] = self.f;
        let (left, right) = ((x1 - x0) * (f1 - f2), (x1 - x2) * (f1 - f0));
        let step = ((x1 - x0) * left - (x1 - x2) * right) / (2.0 * (left - right));
        let vertex = x1 - step;
        if vertex > x0 && vertex < x2 { vertex } else { x1 }
    }

    fn narrow(&mut self, x: f64, f: f64) {
        let [x0, x1, x2] = self.x;
        let [f0, f1, f2] = self.f;
        if !f.is_finite() || x == x1 || self.found.is_some() {
            return;
        }
        let (x_new, f_new) = match (x < x1, f < f1) {
            (true, true) => ([x0, x, x1], [f0, f, f1]),
            (true, false) => ([x, x1, x2], [f, f1, f2]),
            (false, true) => ([x1, x, x2], [f1, f, f2]),
            (false, false) => ([x0, x1, x], [f0, f1, f]),
        };
        (self.x, self.f) = (x_new, f_new);
    }
}
