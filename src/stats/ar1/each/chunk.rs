//! A chunk of voxels: rho of each with each column, and the estimates.

use pulp::{Simd, WithSimd};

use super::super::Sums;
use super::super::between::{LANES, lagrange, stationary, vertex};
use super::known::Known;
use super::{BEYOND, COARSE, EachAdded, STEP, Task, rho_of};
use crate::stats::ar1::LARGEST;
use crate::stats::lines::Lines;
use crate::stats::panel::width;

/// How often the five values move on towards the least.
const MOVES: usize = 40;

pub(super) struct Chunk<'a> {
    pub all: &'a EachAdded<'a>,
    pub sums: &'a Sums,
    pub voxels: std::ops::Range<usize>,
    pub task: Task<'a>,
}

impl WithSimd for Chunk<'_> {
    /// `[what is found][voxel]`
    type Output = Vec<f64>;

    // Arithmetic stays out of closures, which are compiled for any processor.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let Chunk { all, sums, voxels, task } = self;
        let first = voxels.start;
        let mut known = Known::new::<S>(all, sums, voxels);
        match task {
            Task::Rho => rho(simd, &mut known),
            Task::Solve(rho) => solve(simd, &mut known, rho, first),
        }
    }
}

/// A voxel's search for rho with a column: the middle of the five points about the least.
struct Search {
    at: usize,
    voxel: usize,
    middle: usize,
}

/// rho, `[column][voxel]`: the least of points far apart, then of five next to each other, then between them.
#[inline(always)]
fn rho<S: Simd>(simd: S, known: &mut Known<'_>) -> Vec<f64> {
    let last = known.all.points.len() - 1;
    let mut found = vec![0.0; known.all.added.len() * known.n];
    let mut open = scan(simd, known);
    for _ in 0..MOVES {
        for search in &open {
            known.want_about(search.voxel, search.middle);
        }
        known.find(simd);
        let mut still = Vec::new();
        for some in open.chunks(LANES) {
            let mut f = [[0.0; LANES]; 5];
            for (lane, search) in some.iter().enumerate() {
                for (i, f) in f.iter_mut().enumerate() {
                    let point = &known.all.points[search.middle + i - 2];
                    let [rss, g] = known.of(search.voxel, search.middle + i - 2, search.at);
                    f[lane] = (rss - g * g / point.h[search.at]) * point.weight_of_rss[search.at];
                }
            }
            let parts = stationary(&f);
            for (lane, &Search { at, voxel, middle }) in some.iter().enumerate() {
                let mut least = 2;
                for i in 0..5 {
                    least = if f[i][lane] < f[least][lane] { i } else { least };
                }
                let next = (middle + least - 2).clamp(2, last - 2);
                let rho = &mut found[at * known.n + voxel];
                if next == middle {
                    // Lower still beyond the largest: that is the least that may be.
                    let part = if matches!(least, 0 | 4) { 0.0 } else { parts[lane] };
                    *rho = rho_of(middle as f64 + part).clamp(known.all.model.lowest, LARGEST);
                } else {
                    *rho = rho_of(next as f64);
                    still.push(Search { at, voxel, middle: next });
                }
            }
        }
        open = still;
        if open.is_empty() {
            break;
        }
    }
    found
}

/// Where searches begin.
#[inline(always)]
fn scan<S: Simd>(simd: S, known: &mut Known<'_>) -> Vec<Search> {
    let (w, k, last) = (width::<S>(), known.all.added.len(), known.all.points.len() - 1);
    let lowest = steps(known.all, known.all.model.lowest).0.round() as usize;
    let n_coarse = (last - BEYOND - lowest) / COARSE + 1;
    // [column][point][lane]
    let mut seen = Lines::zeros(k * n_coarse * w);
    let mut open = Vec::new();
    for first in (0..known.n).step_by(w) {
        let count = w.min(known.n - first);
        known.load::<S>(first, count);
        for at in 0..n_coarse {
            let point = &known.all.points[at * COARSE + lowest];
            known.beside.look(simd, known.all, point);
            known.beside.weigh(simd, point, &mut seen[at * w..], n_coarse * w);
        }
        for (at, seen) in seen.chunks_exact(n_coarse * w).enumerate() {
            let leasts = leasts(seen, w);
            let mut five = [[0.0; LANES]; 5];
            for lane in 0..count {
                let middle = (leasts[lane] as usize).clamp(2, n_coarse - 3);
                for (i, value) in five.iter_mut().enumerate() {
                    value[lane] = seen[(middle + i - 2) * w + lane];
                }
            }
            let parts = stationary(&five);
            for lane in 0..count {
                let (voxel, least) = (first + lane, leasts[lane] as usize);
                if known.left(at, voxel) <= 0.0 {
                    continue;
                }
                let near = if least == 0 || least + 1 == n_coarse {
                    0.0
                } else if least >= 2 && least + 2 < n_coarse {
                    parts[lane].clamp(-1.0, 1.0)
                } else {
                    let value = |i: usize| seen[i * w + lane];
                    vertex([value(least - 1), value(least), value(least + 1)])
                };
                let start = ((least as f64 + near) * COARSE as f64).round() as usize + lowest;
                open.push(Search { at, voxel, middle: start.clamp(2, last - 2) });
            }
        }
    }
    open
}

/// Where each lane's values are least, the first of such; `seen`: `[point][lane]`, of `w` lanes.
#[inline(always)]
fn leasts(seen: &[f64], w: usize) -> [u64; LANES] {
    let (mut leasts, mut low) = ([0; LANES], [0.0; LANES]);
    low[..w].copy_from_slice(&seen[..w]);
    // As wide as the values, so that lanes are compared side by side.
    for (point, values) in (0_u64..).zip(seen.chunks_exact(w)).skip(1) {
        for ((least, low), &value) in leasts.iter_mut().zip(&mut low).zip(values) {
            let is_less = value < *low;
            *least = if is_less { point } else { *least };
            *low = if is_less { value } else { *low };
        }
    }
    leasts
}

/// Effect, then variance of each column, `[column, effect before variance][voxel]`.
#[inline(always)]
fn solve<S: Simd>(simd: S, known: &mut Known<'_>, rho: &[Vec<f64>], first: usize) -> Vec<f64> {
    let (all, n) = (known.all, known.n);
    if !all.points.is_empty() {
        for rho in rho {
            for voxel in 0..n {
                known.want_about(voxel, steps(all, rho[first + voxel]).1);
            }
        }
        known.find(simd);
    }
    let mut found = vec![0.0; 2 * rho.len() * n];
    for ((at, rho), found) in rho.iter().enumerate().zip(found.chunks_exact_mut(2 * n)) {
        let (length, dof) = (all.added[at].length, all.model.dof - 1.0);
        for voxel in 0..n {
            let (b, left) = (known.on_column(at, voxel), known.left(at, voxel));
            let [g, h, rss] = match all.points.is_empty() {
                true => [b, 1.0, left],
                false => between(known, (at, voxel), rho[first + voxel]),
            };
            let is_left = left > 0.0;
            found[voxel] = if is_left { g / (h * length) } else { b / length };
            found[n + voxel] =
                if is_left { (rss / dof).max(0.0) / (h * length * length) } else { 0.0 };
        }
    }
    found
}

/// A rho in steps, and the middle of the five points about it.
#[inline(always)]
fn steps(all: &EachAdded<'_>, rho: f64) -> (f64, usize) {
    let steps = (rho + LARGEST) / STEP + BEYOND as f64;
    (steps, (steps.round().max(0.0) as usize).clamp(2, all.points.len() - 3))
}

/// g, h and RSS at a rho.
#[inline(always)]
fn between(known: &Known<'_>, (at, voxel): (usize, usize), rho: f64) -> [f64; 3] {
    let (steps, middle) = steps(known.all, rho);
    let weights = lagrange(steps - middle as f64);
    let mut sums = [0.0; 3];
    for (i, weight) in weights.into_iter().enumerate() {
        let point = middle + i - 2;
        let own = rho_of(point as f64);
        let weight = weight * (1.0 - own * own);
        let [rss, g] = known.of(voxel, point, at);
        for (sum, part) in sums.iter_mut().zip([g, known.all.points[point].h[at], rss]) {
            *sum += weight * part;
        }
    }
    let left = 1.0 - rho * rho;
    let [g, h, rss] = [sums[0] / left, sums[1] / left, sums[2] / left];
    [g, h, rss - g * g / h]
}
