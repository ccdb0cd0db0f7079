//! The f32 products on the host: tiles of voxels `[row][lane]` that stay in the first cache level, six rearrangements at a time
//! whose sums stay in registers.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{Batch, Counts, Residuals, Wanted, columns, products, welch};
use crate::stats::rearrange::{Rearrangement, Tested};

/// Rearrangements whose sums are formed together.
const ROWS: usize = 6;
/// Bytes of the small matrix that are worked through before the next tile of voxels.
const MATRIX_BYTES: usize = 16 << 10;
/// 1 - s² below this is rounding.
const LEAST_LEFT: f32 = f32::EPSILON / 2.0;

/// Voxels on the host in tiles.
#[derive(Debug)]
pub(super) struct Host {
    /// The SIMD level.
    arch: Arch,
    tiles: Vec<Tile>,
    /// Voxels of a tile.
    width: usize,
}

/// A tile of voxels; lanes beyond the last voxel repeat it, so that they are no extremes of their own.
#[derive(Debug)]
pub(super) struct Tile {
    /// u, `[row][lane]`.
    pub(super) unit: Vec<f32>,
    /// `[lane]`
    pub(super) observed: Vec<f32>,
    /// |o| - d and |o| + d, `[2][lane]`.
    limits: Vec<f32>,
    /// Above, below, beyond, beneath, `[4][lane]`.
    counts: Vec<u32>,
    /// Lanes that are voxels.
    live: usize,
}

/// What a batch asks of every tile.
struct Asked<'a> {
    operators: &'a Operators,
    tested: &'a Tested,
    n_rearrangements: usize,
    wanted: Wanted,
    scores_only: bool,
}

/// The small matrix of a batch, or what takes its place.
enum Operators {
    /// `[six rearrangements][column][row][rearrangement]`.
    Products(Vec<f32>),
    Welch(Box<welch::Operators>),
}

/// What some tiles give of a batch.
struct Part<'a> {
    tiles: &'a mut [Tile],
    /// `[rearrangement]`
    high: Vec<f32>,
    low: Vec<f32>,
    /// `[rearrangement][voxel of these tiles]`, when wanted.
    statistics: Vec<&'a mut [f32]>,
}

impl Host {
    pub(super) fn new(residuals: &Residuals, tested: &Tested) -> Host {
        Host::at(Arch::new(), residuals, tested)
    }

    fn at(arch: Arch, residuals: &Residuals, tested: &Tested) -> Host {
        let (n, n_voxels) = (residuals.n_rows(), residuals.n_voxels());
        let width = arch.dispatch(Width);
        let tile = |at: usize| {
            let live = width.min(n_voxels - at * width);
            let mut unit = Vec::with_capacity(n * width);
            for row in residuals.unit.chunks_exact(n_voxels) {
                let here = &row[at * width..][..live];
                unit.extend_from_slice(here);
                unit.resize(unit.len() + width - live, here[live - 1]);
            }
            let counts = vec![0; 4 * width];
            Tile { unit, observed: vec![0.0; width], limits: vec![0.0; 2 * width], counts, live }
        };
        let tiles = (0..n_voxels.div_ceil(width)).into_par_iter().map(tile).collect();
        let mut host = Host { arch, tiles, width };
        host.observe(tested);
        host
    }

    /// The scores of the identity, and the limits that come of them.
    fn observe(&mut self, tested: &Tested) {
        let identity = [Rearrangement::identity(tested.n_rows())];
        let mut observed = vec![0.0; self.n_voxels()];
        self.batch(tested, &identity, Wanted::Statistics, Some(&mut observed));
        let slack = tested.slack();
        for (tile, scores) in self.tiles.iter_mut().zip(observed.chunks(self.width)) {
            tile.observed[..scores.len()].copy_from_slice(scores);
            let (near, far) = tile.limits.split_at_mut(self.width);
            for (lane, &score) in scores.iter().enumerate() {
                let d = slack * if tested.variances.is_some() { score.abs().max(1.0) } else { 1.0 };
                (near[lane], far[lane]) = (score.abs() - d, score.abs() + d);
            }
        }
    }

    fn n_voxels(&self) -> usize {
        self.tiles.iter().map(|tile| tile.live).sum()
    }

    pub(super) fn observed(&self) -> Vec<f32> {
        self.tiles.iter().flat_map(|tile| &tile.observed[..tile.live]).copied().collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let of = |which: usize| {
            let own = |tile: &Tile| tile.counts[which * self.width..][..tile.live].to_vec();
            self.tiles.iter().flat_map(own).collect()
        };
        Counts { above: of(0), below: of(1), beyond: of(2), beneath: of(3) }
    }

    pub(super) fn advance(
        &mut self,
        tested: &Tested,
        rearrangements: &[Rearrangement],
        wanted: Wanted,
    ) -> Batch {
        self.batch(tested, rearrangements, wanted, None)
    }

    /// A batch; `scores` in place of statistics for the first rearrangement.
    fn batch(
        &mut self,
        tested: &Tested,
        rearrangements: &[Rearrangement],
        wanted: Wanted,
        scores: Option<&mut [f32]>,
    ) -> Batch {
        let (n, n_voxels, arch) = (rearrangements.len(), self.n_voxels(), self.arch);
        let operators = match &tested.variances {
            None => Operators::Products(packed(tested, rearrangements)),
            Some(variances) => {
                Operators::Welch(Box::new(welch::Operators::new(tested, variances, rearrangements)))
            }
        };
        let scores_only = scores.is_some();
        let mut statistics = match wanted.statistics() && !scores_only {
            true => vec![0.0; n * n_voxels],
            false => Vec::new(),
        };
        let rows: Vec<&mut [f32]> = match scores {
            Some(scores) => vec![scores],
            None => statistics.chunks_exact_mut(n_voxels).collect(),
        };
        let n_parts = 8 * rayon::current_num_threads();
        let per_part = self.tiles.len().div_ceil(n_parts).max(1);
        let mut parts: Vec<Part<'_>> = Vec::new();
        let mut rows = rows;
        for tiles in self.tiles.chunks_mut(per_part) {
            let voxels = tiles.iter().map(|tile| tile.live).sum();
            let mut own = Vec::with_capacity(rows.len());
            for row in &mut rows {
                let (here, rest) = std::mem::take(row).split_at_mut(voxels);
                own.push(here);
                *row = rest;
            }
            let (high, low) = (vec![f32::NEG_INFINITY; n], vec![f32::INFINITY; n]);
            parts.push(Part { tiles, high, low, statistics: own });
        }
        let asked =
            Asked { operators: &operators, tested, n_rearrangements: n, wanted, scores_only };
        parts.par_iter_mut().for_each(|part| arch.dispatch(Run { asked: &asked, part }));
        let mut batch = Batch {
            high: vec![f32::NEG_INFINITY; n],
            low: vec![f32::INFINITY; n],
            statistics: Vec::new(),
        };
        for part in &parts {
            let larger = |(to, &from): (&mut f32, &f32)| *to = to.max(from);
            batch.high.iter_mut().zip(&part.high).for_each(larger);
            batch.low.iter_mut().zip(&part.low).for_each(|(to, &from)| *to = to.min(from));
        }
        drop(parts);
        batch.statistics = statistics;
        batch
    }
}

/// `[six rearrangements][column][row][rearrangement]`, zeros for those that are not there.
fn packed(tested: &Tested, rearrangements: &[Rearrangement]) -> Vec<f32> {
    let columns = columns(tested);
    let (n, n_columns) = columns.dim();
    let plain = products(columns.view(), rearrangements);
    let groups = rearrangements.len().div_ceil(ROWS);
    let mut packed = vec![0.0; groups * ROWS * n_columns * n];
    for (at, one) in plain.chunks_exact(n_columns * n).enumerate() {
        let group = &mut packed[(at / ROWS) * ROWS * n_columns * n..];
        for (value, to) in one.iter().zip(group.chunks_exact_mut(ROWS)) {
            to[at % ROWS] = *value;
        }
    }
    packed
}

/// Voxels of a tile: four SIMD vectors where there are 32 registers for their sums, else two.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        if wide::<S>() { 4 * S::F32_LANES } else { 2 * S::F32_LANES }
    }
}

const fn wide<S: Simd>() -> bool {
    S::F32_LANES == 16
}

struct Run<'r, 'a> {
    asked: &'r Asked<'r>,
    part: &'r mut Part<'a>,
}

impl WithSimd for Run<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Run { asked, part } = self;
        match asked.operators {
            Operators::Products(matrix) if wide::<S>() => run::<S, 4>(simd, asked, matrix, part),
            Operators::Products(matrix) => run::<S, 2>(simd, asked, matrix, part),
            Operators::Welch(operators) if wide::<S>() => {
                run_welch::<S, 4>(simd, asked, operators, part);
            }
            Operators::Welch(operators) => run_welch::<S, 2>(simd, asked, operators, part),
        }
    }
}

/// Six rearrangements of a tile.
type Sums<S, const V: usize> = [[<S as Simd>::f32s; V]; ROWS];

#[inline(always)]
fn run<S: Simd, const V: usize>(simd: S, asked: &Asked<'_>, matrix: &[f32], part: &mut Part<'_>) {
    let n = asked.tested.n_rows();
    let (q, n_columns) = (asked.tested.q(), asked.tested.q() + asked.tested.moved.ncols());
    let (signed, group_len) = (asked.tested.signed, ROWS * n_columns * n);
    let per_chunk = (MATRIX_BYTES / (4 * group_len)).max(1);
    let floor = n as f32 * LEAST_LEFT;
    let mut score: Sums<S, V> = [[simd.splat_f32s(0.0); V]; ROWS];
    for (index, chunk) in matrix.chunks(per_chunk * group_len).enumerate() {
        let first = index * per_chunk * ROWS;
        let mut extremes = Extremes::<S>::new(simd, chunk.len() / group_len * ROWS);
        let mut at = 0;
        for tile in part.tiles.iter_mut() {
            let unit = S::as_simd_f32s(&tile.unit).0.as_chunks::<V>().0;
            for (k, group) in chunk.chunks_exact(group_len).enumerate() {
                product(simd, &group[..ROWS * n], unit, &mut score);
                if n_columns > 1 || !signed {
                    combine(simd, &mut score, (group, n, q, signed), unit, floor);
                }
                let live = ROWS.min(asked.n_rearrangements - first - k * ROWS);
                extremes.take(simd, k * ROWS, &score);
                if asked.wanted.counts() {
                    count(simd, &score, live, &tile.limits, &mut tile.counts);
                }
                if asked.wanted.statistics() {
                    let rows = &mut part.statistics[first + k * ROWS..][..live];
                    let t =
                        if asked.scores_only { score } else { stat(simd, &score, asked.tested) };
                    write(simd, &t, rows, (at, tile.live));
                }
            }
            at += tile.live;
        }
        extremes.end(simd, &mut part.high[first..], &mut part.low[first..]);
    }
}

/// Sums over the rows in order. (They leave their registers one by one: copied as a whole they would never have been in any.)
#[inline(always)]
fn product<S: Simd, const V: usize>(
    simd: S,
    matrix: &[f32],
    unit: &[[S::f32s; V]],
    out: &mut Sums<S, V>,
) {
    let mut sum = [[simd.splat_f32s(0.0); V]; ROWS];
    for (weights, u) in matrix.as_chunks::<ROWS>().0.iter().zip(unit) {
        for k in 0..ROWS {
            let w = simd.splat_f32s(weights[k]);
            for v in 0..V {
                sum[k][v] = simd.mul_add_e_f32s(w, u[v], sum[k][v]);
            }
        }
    }
    for k in 0..ROWS {
        for v in 0..V {
            out[k][v] = sum[k][v];
        }
    }
}

/// g becomes the score, the columns that are left being the rest of Xe and Q.
#[inline(always)]
fn combine<S: Simd, const V: usize>(
    simd: S,
    effect: &mut Sums<S, V>,
    (group, n, q, signed): (&[f32], usize, usize, bool),
    unit: &[[S::f32s; V]],
    floor: f32,
) {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    if !signed {
        for e in effect.as_flattened_mut() {
            *e = simd.mul_f32s(*e, *e);
        }
    }
    let mut nuisance = [[zero; V]; ROWS];
    let mut on = nuisance;
    for (column, matrix) in group.chunks_exact(ROWS * n).enumerate().skip(1) {
        product(simd, matrix, unit, &mut on);
        let sums = if column < q { &mut *effect } else { &mut nuisance };
        for (sum, on) in sums.as_flattened_mut().iter_mut().zip(on.as_flattened()) {
            *sum = simd.mul_add_e_f32s(*on, *on, *sum);
        }
    }
    let floor = simd.splat_f32s(floor);
    for (e, h) in effect.as_flattened_mut().iter_mut().zip(nuisance.as_flattened()) {
        let left = simd.max_f32s(simd.sub_f32s(one, *h), floor);
        *e = match signed {
            true => {
                let s = simd.div_f32s(*e, simd.sqrt_f32s(left));
                simd.max_f32s(simd.min_f32s(s, one), simd.neg_f32s(one))
            }
            false => simd.min_f32s(simd.sqrt_f32s(simd.div_f32s(*e, left)), one),
        };
    }
}

/// t or F.
#[inline(always)]
fn stat<S: Simd, const V: usize>(simd: S, score: &Sums<S, V>, tested: &Tested) -> Sums<S, V> {
    let (one, floor) = (simd.splat_f32s(1.0), simd.splat_f32s(LEAST_LEFT));
    let root = simd.splat_f32s(tested.dof.sqrt() as f32);
    let ratio = simd.splat_f32s((tested.dof / tested.q() as f64) as f32);
    let mut out = *score;
    for s in out.as_flattened_mut() {
        let square = simd.mul_f32s(*s, *s);
        let left = simd.max_f32s(simd.sub_f32s(one, square), floor);
        *s = if tested.signed {
            simd.div_f32s(simd.mul_f32s(*s, root), simd.sqrt_f32s(left))
        } else {
            simd.div_f32s(simd.mul_f32s(square, ratio), left)
        };
    }
    out
}

/// Count the scores of the first `live` rearrangements.
#[inline(always)]
fn count<S: Simd, const V: usize>(
    simd: S,
    score: &Sums<S, V>,
    live: usize,
    limits: &[f32],
    counts: &mut [u32],
) {
    let limits = S::as_simd_f32s(limits).0;
    let counts = S::as_mut_simd_u32s(counts).0;
    let (zero, one) = (simd.splat_u32s(0), simd.splat_u32s(1));
    for v in 0..V {
        let (near, far) = (limits[v], limits[V + v]);
        let mut sum = [counts[v], counts[V + v], counts[2 * V + v], counts[3 * V + v]];
        for score in &score[..live] {
            let (s, minus) = (score[v], simd.neg_f32s(score[v]));
            let above = simd.greater_than_or_equal_f32s(s, near);
            let below = simd.greater_than_or_equal_f32s(minus, near);
            let beyond = simd.greater_than_f32s(s, far);
            let beneath = simd.greater_than_f32s(minus, far);
            sum[0] = simd.add_u32s(sum[0], simd.select_u32s(above, one, zero));
            sum[1] = simd.add_u32s(sum[1], simd.select_u32s(below, one, zero));
            sum[2] = simd.add_u32s(sum[2], simd.select_u32s(beyond, one, zero));
            sum[3] = simd.add_u32s(sum[3], simd.select_u32s(beneath, one, zero));
        }
        for (which, sum) in sum.into_iter().enumerate() {
            counts[which * V + v] = sum;
        }
    }
}

/// The live lanes of a tile to their rows.
#[inline(always)]
fn write<S: Simd, const V: usize>(
    simd: S,
    values: &Sums<S, V>,
    rows: &mut [&mut [f32]],
    (at, live): (usize, usize),
) {
    for (row, values) in rows.iter_mut().zip(values) {
        let mut left = &mut row[at..at + live];
        for value in values {
            let (here, rest) = left.split_at_mut(left.len().min(S::F32_LANES));
            simd.partial_store_f32s(here, *value);
            left = rest;
        }
    }
}

/// The largest and smallest scores of some rearrangements, a lane each.
struct Extremes<S: Simd> {
    /// `[rearrangement]` of each the high and the low.
    of: Vec<[S::f32s; 2]>,
}

impl<S: Simd> Extremes<S> {
    #[inline(always)]
    fn new(simd: S, n: usize) -> Extremes<S> {
        let none = [simd.splat_f32s(f32::NEG_INFINITY), simd.splat_f32s(f32::INFINITY)];
        Extremes { of: vec![none; n] }
    }

    #[inline(always)]
    fn take<const V: usize>(&mut self, simd: S, first: usize, score: &Sums<S, V>) {
        for (extremes, score) in self.of[first..].iter_mut().zip(score) {
            let (mut high, mut low) = (score[0], score[0]);
            for &s in &score[1..] {
                high = simd.max_f32s(high, s);
                low = simd.min_f32s(low, s);
            }
            extremes[0] = simd.max_f32s(extremes[0], high);
            extremes[1] = simd.min_f32s(extremes[1], low);
        }
    }

    /// To the rearrangements that are there.
    #[inline(always)]
    fn end(self, simd: S, high: &mut [f32], low: &mut [f32]) {
        for ((extremes, high), low) in self.of.iter().zip(high).zip(low) {
            *high = high.max(simd.reduce_max_f32s(extremes[0]));
            *low = low.min(simd.reduce_min_f32s(extremes[1]));
        }
    }
}

/// The same of Aspin and Welch's v, one rearrangement at a time.
#[inline(always)]
fn run_welch<S: Simd, const V: usize>(
    simd: S,
    asked: &Asked<'_>,
    operators: &welch::Operators,
    part: &mut Part<'_>,
) {
    let width = V * S::F32_LANES;
    let mut scratch = welch::Scratch::new(operators, width);
    let mut at = 0;
    for tile in part.tiles.iter_mut() {
        for index in 0..asked.n_rearrangements {
            let scores = operators.scores(&tile.unit, index, &mut scratch);
            let of = S::as_simd_f32s(scores).0.as_chunks::<V>().0;
            let mut sums: Sums<S, V> = [[simd.splat_f32s(0.0); V]; ROWS];
            sums[0] = of[0];
            part.high[index] = scores.iter().fold(part.high[index], |a, &b| a.max(b));
            part.low[index] = scores.iter().fold(part.low[index], |a, &b| a.min(b));
            if asked.wanted.counts() {
                count(simd, &sums, 1, &tile.limits, &mut tile.counts);
            }
            if asked.wanted.statistics() {
                write(simd, &sums, &mut part.statistics[index..=index], (at, tile.live));
            }
        }
        at += tile.live;
    }
}

#[cfg(test)]
mod tests;
