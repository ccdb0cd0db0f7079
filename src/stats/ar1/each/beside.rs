//! A few voxels side by side at one rho, whose factor they share.

use pulp::Simd;

use super::super::added::Point;
use super::EachAdded;
use crate::stats::gls::{add_product, take_product};
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes, lanes_mut, project, width};

/// Their sums, and what these come to; each row is [`width`] voxels.
pub(super) struct Beside {
    /// Σ e², ends and lags, then on the model's columns, then on each added one.
    pub rows: Lines,
    /// q, then y.
    y: Lines,
    /// v'y of each column.
    on_shared: Lines,
    /// e'R⁻¹e - y'y, then g of each column.
    pub values: Lines,
}

impl Beside {
    pub fn new<S: Simd>(all: &EachAdded<'_>) -> Beside {
        let (w, k) = (width::<S>(), all.added.len());
        Beside {
            rows: Lines::zeros(all.n_rows() * w),
            y: Lines::zeros(all.model.width * w),
            on_shared: Lines::zeros(k * w),
            values: Lines::zeros((1 + k) * w),
        }
    }

    /// What the sums come to at a point. (SIMD operations stay out of closures.)
    #[inline(always)]
    pub fn look<S: Simd>(&mut self, simd: S, all: &EachAdded<'_>, point: &Point) {
        let (parts, r) = (2 * all.model.gaps.len(), all.model.width);
        let rows: &[Lanes<S>] = lanes::<S>(&self.rows);
        let y: &mut [Lanes<S>] = lanes_mut::<S>(&mut self.y);
        let (of_shared, of_columns) = rows[1 + parts..].split_at(parts * r);
        let mut rss = rows[0];
        for (part, &weight) in point.weights.iter().enumerate() {
            add_product(simd, &mut rss, [simd.splat_f64s(weight); 2], rows[1 + part]);
        }
        for (q, y) in y.iter_mut().enumerate() {
            let mut sum = [simd.splat_f64s(0.0); 2];
            for (part, &weight) in point.weights.iter().enumerate() {
                add_product(simd, &mut sum, [simd.splat_f64s(weight); 2], of_shared[part * r + q]);
            }
            *y = sum;
        }
        forward(simd, &point.factor, y);
        for y in &*y {
            take_product(simd, &mut rss, *y, *y);
        }
        let on_shared: &mut [Lanes<S>] = lanes_mut::<S>(&mut self.on_shared);
        project(simd, &point.v, y, on_shared);
        let values: &mut [Lanes<S>] = lanes_mut::<S>(&mut self.values);
        values[0] = rss;
        let own = of_columns.chunks_exact(1 + parts);
        for ((g, on_shared), own) in values[1..].iter_mut().zip(&*on_shared).zip(own) {
            let mut sum = own[0];
            for (&weight, own) in point.weights.iter().zip(&own[1..]) {
                add_product(simd, &mut sum, [simd.splat_f64s(weight); 2], *own);
            }
            *g = [simd.sub_f64s(sum[0], on_shared[0]), simd.sub_f64s(sum[1], on_shared[1])];
        }
    }

    /// RSS of each column times w, what its objective is the logarithm of; `weighed`: `[column][lane]`, `stride` lanes from column to column.
    #[inline(always)]
    pub fn weigh<S: Simd>(&self, simd: S, point: &Point, weighed: &mut [f64], stride: usize) {
        let values: &[Lanes<S>] = lanes::<S>(&self.values);
        for (at, g) in values[1..].iter().enumerate() {
            let mut rss = values[0];
            let inverse = simd.splat_f64s(1.0 / point.h[at]);
            let explained = [simd.mul_f64s(g[0], inverse), simd.mul_f64s(g[1], inverse)];
            take_product(simd, &mut rss, *g, explained);
            let weight = simd.splat_f64s(point.weight_of_rss[at]);
            let to: &mut [Lanes<S>] = lanes_mut::<S>(&mut weighed[at * stride..][..width::<S>()]);
            to[0] = [simd.mul_f64s(rss[0], weight), simd.mul_f64s(rss[1], weight)];
        }
    }
}

/// Columns of L at a time: what is below them is read and written once for all of them.
const COLUMNS: usize = 4;

/// x = L⁻¹x, a few columns of L at a time; its diagonal is inverted.
#[inline(always)]
fn forward<S: Simd>(simd: S, mut factor: &[f64], mut x: &mut [Lanes<S>]) {
    while !x.is_empty() {
        let (some, below) = x.split_at_mut(COLUMNS.min(x.len()));
        let mut columns: [&[f64]; COLUMNS] = [&[]; COLUMNS];
        for (j, column) in columns.iter_mut().enumerate().take(some.len()) {
            let (own, others) = factor.split_at(some.len() - j + below.len());
            let (beside, under) = own.split_at(some.len() - j);
            (*column, factor) = (under, others);
            let inverse = simd.splat_f64s(beside[0]);
            let y = [simd.mul_f64s(some[j][0], inverse), simd.mul_f64s(some[j][1], inverse)];
            some[j] = y;
            for (x, &l) in some[j + 1..].iter_mut().zip(&beside[1..]) {
                take_product(simd, x, [simd.splat_f64s(l); 2], y);
            }
        }
        let y: &[Lanes<S>] = some;
        if let &[first, second, third, fourth] = y {
            let [a, b, c, d] = columns;
            for ((((x, &a), &b), &c), &d) in below.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                let mut sum = *x;
                take_product(simd, &mut sum, [simd.splat_f64s(a); 2], first);
                take_product(simd, &mut sum, [simd.splat_f64s(b); 2], second);
                take_product(simd, &mut sum, [simd.splat_f64s(c); 2], third);
                take_product(simd, &mut sum, [simd.splat_f64s(d); 2], fourth);
                *x = sum;
            }
        }
        x = below;
    }
}
