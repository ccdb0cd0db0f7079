//! What a chunk's voxels are at the points that they asked for: those that ask for the same one are looked at side by side.

use std::iter;

use ndarray::{aview1, s};
use pulp::Simd;

use super::super::Sums;
use super::beside::Beside;
use super::{CHUNK, EachAdded};
use crate::stats::panel::width;

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
    /// Point and voxel of what is asked for and not yet known.
    wanted: Vec<[u32; 2]>,
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
            let own = own.slice(s![voxels.clone()]);
            row.iter_mut().zip(own).for_each(|(to, from)| *to = *from);
        }
        Known {
            all,
            n: voxels.len(),
            rows,
            beside: Beside::new::<S>(all),
            place: vec![0; voxels.len() * all.points.len()],
            wanted: Vec::new(),
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
                self.wanted.push([point as u32, voxel as u32]);
                *place = (self.n_known + self.wanted.len()) as u32;
            }
        }
    }

    /// Look at all that was asked for.
    #[inline(always)]
    pub fn find<S: Simd>(&mut self, simd: S) {
        let (w, n_values) = (width::<S>(), 1 + self.all.added.len());
        self.values.resize((self.n_known + self.wanted.len()) * n_values, 0.0);
        let (order, ends) = self.by_point();
        let (mut first, mut who) = (0, vec![0_u8; w]);
        for (point, &end) in self.all.points.iter().zip(&ends) {
            for some in order[first..end].chunks(w) {
                for (lane, voxel) in who.iter_mut().enumerate() {
                    let at = some[lane.min(some.len() - 1)] as usize;
                    *voxel = self.wanted[at][1] as u8;
                }
                // A byte is always a voxel of the chunk.
                for (to, row) in self.beside.rows.chunks_exact_mut(w).zip(&self.rows) {
                    for (to, &voxel) in to.iter_mut().zip(&who) {
                        *to = row[usize::from(voxel)];
                    }
                }
                self.beside.look(simd, self.all, point);
                for (lane, &at) in some.iter().enumerate() {
                    let to = &mut self.values[(self.n_known + at as usize) * n_values..];
                    for (to, own) in to[..n_values].iter_mut().zip(self.beside.values.chunks(w)) {
                        *to = own[lane];
                    }
                }
            }
            first = end;
        }
        self.n_known += self.wanted.len();
        self.wanted.clear();
    }

    /// The places of what is asked for, by point, and where each point's end.
    fn by_point(&self) -> (Vec<u32>, Vec<usize>) {
        let mut ends = vec![0; self.all.points.len()];
        self.wanted.iter().for_each(|[point, _]| ends[*point as usize] += 1);
        let mut sum = 0;
        for end in &mut ends {
            (*end, sum) = (sum, sum + *end);
        }
        let mut order = vec![0; self.wanted.len()];
        for (at, [point, _]) in self.wanted.iter().enumerate() {
            let next = &mut ends[*point as usize];
            order[*next] = at as u32;
            *next += 1;
        }
        (order, ends)
    }

    /// e'R⁻¹e - y'y and g of a column, of a voxel at a point that was looked at.
    #[inline(always)]
    pub fn of(&self, voxel: usize, point: usize, at: usize) -> [f64; 2] {
        let place = self.place[voxel * self.all.points.len() + point] as usize - 1;
        let values = &self.values[place * (1 + self.all.added.len())..];
        [values[0], values[1 + at]]
    }
}
