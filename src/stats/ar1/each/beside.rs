//! A few voxels side by side at one rho, whose factor they share.

use pulp::Simd;

use super::super::added::Point;
use super::EachAdded;
use crate::stats::gls::{add_product, take_product};
use crate::stats::panel::{Lanes, lanes, lanes_mut, project, width};

/// Their sums, and what these come to; each row is [`width`] voxels.
pub(super) struct Beside {
    /// Σ e², ends and lags, then on the model's columns, then on each added one.
    pub rows: Vec<f64>,
    /// q, then y.
    y: Vec<f64>,
    /// v'y of each column.
    on_shared: Vec<f64>,
    /// e'R⁻¹e - y'y, then g of each column.
    pub values: Vec<f64>,
}

impl Beside {
    pub fn new<S: Simd>(all: &EachAdded<'_>) -> Beside {
        let (w, k) = (width::<S>(), all.added.len());
        Beside {
            rows: vec![0.0; all.n_rows() * w],
            y: vec![0.0; all.model.width * w],
            on_shared: vec![0.0; k * w],
            values: vec![0.0; (1 + k) * w],
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
        y.fill([simd.splat_f64s(0.0); 2]);
        for (part, &weight) in point.weights.iter().enumerate() {
            let weight = [simd.splat_f64s(weight); 2];
            add_product(simd, &mut rss, weight, rows[1 + part]);
            for (q, sum) in y.iter_mut().zip(&of_shared[part * r..]) {
                add_product(simd, q, weight, *sum);
            }
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

/// x = L⁻¹x, a column of L at a time; its diagonal is inverted.
#[inline(always)]
fn forward<S: Simd>(simd: S, factor: &[f64], x: &mut [Lanes<S>]) {
    let mut at = 0;
    for j in 0..x.len() {
        let (done, below) = x.split_at_mut(j + 1);
        let inverse = simd.splat_f64s(factor[at]);
        let y = [simd.mul_f64s(done[j][0], inverse), simd.mul_f64s(done[j][1], inverse)];
        done[j] = y;
        let column = &factor[at + 1..at + 1 + below.len()];
        for (x, &l) in below.iter_mut().zip(column) {
            take_product(simd, x, [simd.splat_f64s(l); 2], y);
        }
        at += 1 + below.len();
    }
}
