//! What a chunk's voxels are at the points that they asked for: those that ask for points near each other are looked at side by side.

use std::cell::Cell;
use std::iter;

use ndarray::{aview_mut1, aview1, s};
use pulp::Simd;

use super::super::Sums;
use super::beside::Beside;
use super::{CHUNK, EachAdded};
use crate::stats::panel::width;

thread_local! {
    /// Places of no voxel, all 0, which a thread keeps from chunk to chunk: new ones would have to be zeroed.
    static PLACES: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

/// A chunk's sums, and what is known of them.
pub(super) struct Known<'a> {
    pub all: &'a EachAdded<'a>,
    /// Voxels.
    pub n: usize,
    /// As [`Beside::rows`], `[row][voxel]`; 0 beyond the last voxel.
    rows: Vec<[f64; CHUNK]>,
    pub beside: Beside,
    /// 1 and the place of what is known, 0 where nothing is asked for, `[voxel][point]`.
    place: Vec<u32>,
    /// Point and voxel of what was asked for, `[place]`; so many are known.
    asked: Vec<[u32; 2]>,
    n_known: usize,
    /// e'R⁻¹e - y'y, then g of each column, `[place]`.
    values: Vec<f64>,
}

impl<'a> Known<'a> {
    pub fn new<S: Simd>(
        all: &'a EachAdded<'a>,
        sums: &Sums,
        voxels: std::ops::Range<usize>,
    ) -> Known<'a> {
        let mut rows = vec![[0.0; CHUNK]; all.n_rows()];
        let sums_of = [&sums.ends, &sums.lags, &sums.columns];
        let others = sums_of.into_iter().flat_map(|matrix| matrix.rows());
        for (row, own) in rows.iter_mut().zip(iter::once(aview1(&sums.square)).chain(others)) {
            aview_mut1(&mut row[..voxels.len()]).assign(&own.slice(s![voxels.clone()]));
        }
        let mut place = PLACES.take();
        place.resize(place.len().max(voxels.len() * all.points.len()), 0);
        Known {
            all,
            n: voxels.len(),
            rows,
            beside: Beside::new::<S>(all),
            place,
            asked: Vec::new(),
            n_known: 0,
            values: Vec::new(),
        }
    }

    /// Take `count` voxels from a first one on side by side; lanes beyond them repeat the last.
    pub fn load<S: Simd>(&mut self, first: usize, count: usize) {
        for (to, row) in self.beside.rows.chunks_exact_mut(width::<S>()).zip(&self.rows) {
            to[..count].copy_from_slice(&row[first..first + count]);
            to[count..].fill(row[first + count - 1]);
        }
    }

    /// A column's u'e of a voxel.
    pub fn on_column(&self, at: usize, voxel: usize) -> f64 {
        let parts = 2 * self.all.model.gaps.len();
        let row = 1 + parts * (1 + self.all.model.width) + at * (1 + parts);
        self.rows[row][voxel]
    }

    /// Σ of a voxel's residuals with a column squared; 0 where that is rounding.
    pub fn left(&self, at: usize, voxel: usize) -> f64 {
        let (square, b) = (self.rows[0][voxel], self.on_column(at, voxel));
        if EachAdded::is_left(square, b) { square - b * b } else { 0.0 }
    }

    /// Ask for a voxel at the five points about a middle one.
    pub fn want_about(&mut self, voxel: usize, middle: usize) {
        let places = &mut self.place[voxel * self.all.points.len()..][middle - 2..=middle + 2];
        for (point, place) in (middle - 2..).zip(places) {
            if *place == 0 {
                self.asked.push([point as u32, voxel as u32]);
                *place = self.asked.len() as u32;
            }
        }
    }

    /// Look at all that was asked for.
    #[inline(always)]
    pub fn find<S: Simd>(&mut self, simd: S) {
        let (w, n_values, n_points) =
            (width::<S>(), 1 + self.all.added.len(), self.all.points.len());
        self.values.resize(self.asked.len() * n_values, 0.0);
        let mut who = vec![0_u8; w];
        for some in self.spans().chunks(w) {
            for (lane, voxel) in who.iter_mut().enumerate() {
                *voxel = some[lane.min(some.len() - 1)][2] as u8;
            }
            // A byte is always a voxel of the chunk.
            for (to, row) in self.beside.rows.chunks_exact_mut(w).zip(&self.rows) {
                for (to, &voxel) in to.iter_mut().zip(&who) {
                    *to = row[usize::from(voxel)];
                }
            }
            let last = some.iter().fold(0, |last, span| last.max(span[1]));
            for point in some[0][0] as usize..=last as usize {
                let mut is_seen = false;
                for (lane, &[.., voxel]) in some.iter().enumerate() {
                    let place = self.place[voxel as usize * n_points + point] as usize;
                    if place <= self.n_known {
                        continue; // not asked for, or known
                    }
                    if !is_seen {
                        self.beside.look(simd, self.all, &self.all.points[point]);
                        is_seen = true;
                    }
                    let to = &mut self.values[(place - 1) * n_values..][..n_values];
                    for (to, own) in to.iter_mut().zip(self.beside.values.chunks_exact(w)) {
                        *to = own[lane];
                    }
                }
            }
        }
        self.n_known = self.asked.len();
    }

    /// The first and the last point that is asked for, and of which voxel, by rising points.
    fn spans(&self) -> Vec<[u32; 3]> {
        let mut spans: Vec<_> = (0..self.n).map(|voxel| [u32::MAX, 0, voxel as u32]).collect();
        for &[point, voxel] in &self.asked[self.n_known..] {
            let [first, last, _] = &mut spans[voxel as usize];
            (*first, *last) = (point.min(*first), point.max(*last));
        }
        spans.retain(|[first, ..]| *first != u32::MAX);
        spans.sort_unstable();
        spans
    }

    /// e'R⁻¹e - y'y and g of a column, of a voxel at a point that was looked at.
    #[inline(always)]
    pub fn of(&self, voxel: usize, point: usize, at: usize) -> [f64; 2] {
        let place = self.place[voxel * self.all.points.len() + point] as usize - 1;
        let values = &self.values[place * (1 + self.all.added.len())..];
        [values[0], values[1 + at]]
    }
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        for [point, voxel] in self.asked.drain(..) {
            self.place[voxel as usize * self.all.points.len() + point as usize] = 0;
        }
        PLACES.set(std::mem::take(&mut self.place));
    }
}
