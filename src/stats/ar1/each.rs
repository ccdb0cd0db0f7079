//! What each of several added columns ([`super::added`]) is at every voxel: rho with it, and its estimate.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::added::{Point, forward};
use super::between::{lagrange, stationary, vertex};
use super::reml::LARGEST;
use super::{Added, Ar1, Sums};

/// Of the residuals' squares: less is what rounding leaves of none.
const NOTHING: f64 = 1e-10;
/// L is made so far apart, and the objective first looked at every so many of them.
const STEP: f64 = 0.005;
const COARSE: usize = 10;
/// How often the five values move on towards the least.
const MOVES: usize = 40;
/// Voxels of a task, whose sums are gathered at once.
const CHUNK: usize = 64;

/// The estimate of a column and what it is held against, `[voxel]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estimate {
    /// Of the column.
    pub effect: Vec<f64>,
    /// Its variance; 0 where there are no residuals.
    pub variance: Vec<f64>,
    /// t; 0 where there are no residuals.
    pub stat: Vec<f64>,
}

/// A slice group's models with each of several columns.
#[derive(Debug)]
pub struct EachAdded<'a> {
    model: &'a Ar1,
    added: &'a [Added],
    /// By rising rho; none where rho is 0 everywhere.
    points: Vec<Point>,
}

impl<'a> EachAdded<'a> {
    /// Of a group's model and its columns; `has_rho`: whether rho is anything but 0.
    #[must_use]
    pub fn new(model: &'a Ar1, added: &'a [Added], has_rho: bool) -> EachAdded<'a> {
        let n = if has_rho { (2.0 * LARGEST / STEP).round() as usize + 1 } else { 0 };
        let point = |at: usize| model.point(rho_of(at as f64), added);
        EachAdded { model, added, points: (0..n).into_par_iter().map(point).collect() }
    }

    /// u'e of each column, `[column][voxel]`. `sums`: of residuals without the columns; their rows of columns are
    /// those of the model, then those of each column.
    #[must_use]
    pub fn on_columns(&self, sums: &Sums) -> Vec<Vec<f64>> {
        let (parts, n) = (2 * self.model.gaps.len(), self.added.len());
        let from = parts * self.model.width;
        (0..n).map(|at| sums.columns.row(from + at * (1 + parts)).to_vec()).collect()
    }

    /// Whether a column, whose u'e is `b`, leaves anything of residuals whose squares sum to `square`.
    #[must_use]
    pub fn is_left(square: f64, b: f64) -> bool {
        square - b * b > NOTHING * square
    }

    /// rho of each voxel with each column, `[column][voxel]`; 0 where nothing is left to explain, and everywhere where it is 0.
    #[must_use]
    pub fn rho(&self, sums: &Sums) -> Vec<Vec<f64>> {
        if self.points.is_empty() {
            return vec![vec![0.0; sums.square.len()]; self.added.len()];
        }
        self.each(sums, Task::Rho)
    }

    /// The estimate of each column at the rho of each voxel with it, `[column][voxel]`.
    #[must_use]
    pub fn solve(&self, sums: &Sums, rho: &[Vec<f64>]) -> Vec<Estimate> {
        let mut found = self.each(sums, Task::Solve(rho)).into_iter();
        let mut estimates = Vec::with_capacity(self.added.len());
        while let (Some(effect), Some(variance)) = (found.next(), found.next()) {
            let stat = |(effect, variance): (&f64, &f64)| match *variance > 0.0 {
                true => effect / variance.sqrt(),
                false => 0.0,
            };
            let stat = effect.iter().zip(&variance).map(stat).collect();
            estimates.push(Estimate { effect, variance, stat });
        }
        estimates
    }

    /// What is found of each voxel: `[column][voxel]` of rho, `[column, effect before variance][voxel]` of estimates.
    fn each(&self, sums: &Sums, task: Task<'_>) -> Vec<Vec<f64>> {
        let n = sums.square.len();
        let n_rows = self.added.len() * if matches!(task, Task::Rho) { 1 } else { 2 };
        let starts: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let chunk = |first: usize| {
            let voxels = first..(first + CHUNK).min(n);
            Arch::new().dispatch(Chunk { all: self, sums, voxels, task })
        };
        let found: Vec<Vec<f64>> = starts.into_par_iter().map(chunk).collect();
        let row = |at: usize| {
            let of = |chunk: &Vec<f64>| chunk.iter().skip(at).step_by(n_rows).copied().collect();
            found.iter().flat_map::<Vec<f64>, _>(of).collect()
        };
        (0..n_rows).map(row).collect()
    }
}

/// What is asked of each voxel.
#[derive(Clone, Copy)]
enum Task<'a> {
    Rho,
    /// At `[column][voxel]`.
    Solve(&'a [Vec<f64>]),
}

/// rho of a point, also between two.
#[inline(always)]
fn rho_of(at: f64) -> f64 {
    STEP * at - LARGEST
}

struct Chunk<'a> {
    all: &'a EachAdded<'a>,
    sums: &'a Sums,
    voxels: std::ops::Range<usize>,
    task: Task<'a>,
}

impl WithSimd for Chunk<'_> {
    /// `[voxel][what is found]`
    type Output = Vec<f64>;

    // Arithmetic stays out of closures, which are compiled for any processor.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let Chunk { all, sums, voxels, task } = self;
        let rows = || [&sums.ends, &sums.lags, &sums.columns].into_iter().flat_map(|m| m.rows());
        let n_rows = rows().count();
        // [voxel][row]: a row is read for all voxels at once.
        let mut gathered = vec![0.0; voxels.len() * n_rows];
        for (at, row) in rows().enumerate() {
            let to = gathered.iter_mut().skip(at).step_by(n_rows);
            to.zip(row.iter().skip(voxels.start)).for_each(|(to, from)| *to = *from);
        }
        let mut known = Known::of(all);
        let mut found = Vec::new();
        for (voxel, rows) in voxels.zip(gathered.chunks_exact(n_rows)) {
            known.forget();
            let mut own = Own { all, square: sums.square[voxel], rows, known: &mut known };
            match task {
                Task::Rho => own.rho(&mut found),
                Task::Solve(rho) => {
                    for (at, rho) in rho.iter().enumerate() {
                        own.estimate(at, rho[voxel], &mut found);
                    }
                }
            }
        }
        found
    }
}

/// What a voxel's residuals are at the points that were looked at, in room that voxels share.
struct Known {
    /// e'R⁻¹e - y'y, then g of each column, a point behind the other.
    values: Vec<f64>,
    /// Of each point the voxel that looked at it last, and where its values begin.
    place: Vec<(u32, usize)>,
    /// The voxel, from 1.
    voxel: u32,
    /// q, then y.
    y: Vec<f64>,
}

impl Known {
    fn of(all: &EachAdded<'_>) -> Known {
        let place = vec![(0, 0); all.points.len()];
        Known { values: Vec::new(), place, voxel: 0, y: vec![0.0; all.model.width] }
    }

    /// Another voxel.
    fn forget(&mut self) {
        self.voxel += 1;
        self.values.clear();
    }
}

/// A voxel.
struct Own<'a> {
    all: &'a EachAdded<'a>,
    /// Σ e².
    square: f64,
    /// Sums of ends and lags, `[part]`, then on columns.
    rows: &'a [f64],
    known: &'a mut Known,
}

impl Own<'_> {
    fn parts(&self) -> usize {
        2 * self.all.model.gaps.len()
    }

    /// What e is on D_g and L_g of a column, behind u'e.
    fn of_column(&self, at: usize) -> &[f64] {
        let parts = self.parts();
        &self.rows[parts * (1 + self.all.model.width) + at * (1 + parts)..][..1 + parts]
    }

    /// Σ of the residuals with a column squared; 0 where that is rounding.
    fn left(&self, at: usize) -> f64 {
        let b = self.of_column(at)[0];
        if EachAdded::is_left(self.square, b) { self.square - b * b } else { 0.0 }
    }

    /// e'R⁻¹e - y'y, and behind it g of each column, at a point: where they are among the known values.
    #[inline(always)]
    fn find(&mut self, at: usize) -> usize {
        if self.known.place[at].0 == self.known.voxel {
            return self.known.place[at].1;
        }
        let (parts, width, k) = (self.parts(), self.all.model.width, self.all.added.len());
        let Point { weights, factor, v, .. } = &self.all.points[at];
        let Known { values, place, voxel, y } = &mut *self.known;
        let mut rss = self.square;
        y.fill(0.0);
        for (part, &weight) in weights.iter().enumerate() {
            rss = weight.mul_add(self.rows[part], rss);
            let row = &self.rows[parts + part * width..][..width];
            for (q, sum) in y.iter_mut().zip(row) {
                *q = weight.mul_add(*sum, *q);
            }
        }
        forward(factor, y);
        let first = values.len();
        place[at] = (*voxel, first);
        values.resize(first + 1 + k, 0.0);
        let of_columns = self.rows[parts * (1 + width)..].chunks_exact(1 + parts);
        for (g, own) in values[first + 1..].iter_mut().zip(of_columns) {
            *g = own[0];
            for (weight, own) in weights.iter().zip(&own[1..]) {
                *g = weight.mul_add(*own, *g);
            }
        }
        for (&y, v) in y.iter().zip(v.chunks_exact(k)) {
            rss = (-y).mul_add(y, rss);
            for (g, v) in values[first + 1..].iter_mut().zip(v) {
                *g = (-v).mul_add(y, *g);
            }
        }
        values[first] = rss;
        first
    }

    /// What restricted likelihood minimises, with a column; units of the data do not enter.
    #[inline(always)]
    fn objective(&mut self, point: usize, (at, left): (usize, f64)) -> f64 {
        let first = self.find(point);
        let (point, model) = (&self.all.points[point], self.all.model);
        let (rss, g) = (self.known.values[first], self.known.values[first + 1 + at]);
        let rss = rss - g * g / point.h[at];
        (model.n_volumes - model.rank - 1) as f64 * (rss / left).ln()
            + point.ln_det
            + point.h[at].ln()
    }

    /// rho with each column, added to what was found.
    #[inline(always)]
    fn rho(&mut self, found: &mut Vec<f64>) {
        let last = self.all.points.len() - 1;
        let mut values = vec![0.0; last / COARSE + 1];
        for at in 0..self.all.added.len() {
            let left = self.left(at);
            if left <= 0.0 {
                found.push(0.0);
                continue;
            }
            for (i, value) in values.iter_mut().enumerate() {
                *value = self.objective(i * COARSE, (at, left));
            }
            let least = (0..values.len())
                .fold(0, |best, i| if values[i] < values[best] { i } else { best });
            if least == 0 || least + 1 == values.len() {
                found.push(rho_of((least * COARSE) as f64));
                continue;
            }
            let near = vertex([values[least - 1], values[least], values[least + 1]]);
            let start = ((least as f64 + near) * COARSE as f64).round() as usize;
            found.push(rho_of(self.least_from(start.clamp(2, last - 2), (at, left))));
        }
    }

    /// Where the objective is least, in steps, near a point.
    #[inline(always)]
    fn least_from(&mut self, mut middle: usize, (at, left): (usize, f64)) -> f64 {
        let last = self.all.points.len() - 1;
        for _ in 0..MOVES {
            let mut f = [0.0; 5];
            for (i, f) in f.iter_mut().enumerate() {
                *f = self.objective(middle + i - 2, (at, left));
            }
            let least = (0..5).fold(2, |best, i| if f[i] < f[best] { i } else { best });
            let next = (middle + least - 2).clamp(2, last - 2);
            if next == middle {
                return middle as f64 + stationary(f);
            }
            middle = next;
        }
        middle as f64
    }

    /// Estimate and variance of a column at a rho, added to what was found.
    #[inline(always)]
    fn estimate(&mut self, at: usize, rho: f64, found: &mut Vec<f64>) {
        let (length, dof) = (self.all.added[at].length, self.all.model.dof - 1.0);
        let left = self.left(at);
        let [g, h, rss] = match self.all.points.is_empty() {
            true => [self.of_column(at)[0], 1.0, left],
            false => self.between(at, rho),
        };
        let variance = if left > 0.0 { (rss / dof).max(0.0) / (h * length * length) } else { 0.0 };
        let effect = if left > 0.0 { g / (h * length) } else { self.of_column(at)[0] / length };
        found.extend([effect, variance]);
    }

    /// g, h and RSS at a rho.
    #[inline(always)]
    fn between(&mut self, at: usize, rho: f64) -> [f64; 3] {
        let last = self.all.points.len() - 1;
        let steps = (rho + LARGEST) / STEP;
        let middle = (steps.round().max(0.0) as usize).clamp(2, last - 2);
        let weights = lagrange(steps - middle as f64);
        let mut sums = [0.0; 3];
        for (i, weight) in weights.into_iter().enumerate() {
            let point = middle + i - 2;
            let (first, own) = (self.find(point), rho_of(point as f64));
            let weight = weight * (1.0 - own * own);
            let h = self.all.points[point].h[at];
            let [rss, g] = [0, 1 + at].map(|place| self.known.values[first + place]);
            for (sum, part) in sums.iter_mut().zip([g, h, rss]) {
                *sum = weight.mul_add(part, *sum);
            }
        }
        let [g, h, rss] = sums.map(|sum| sum / (1.0 - rho * rho));
        [g, h, rss - g * g / h]
    }
}
