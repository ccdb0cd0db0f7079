//! The effects of one voxel's contrast with their covariance, and what fixed effects do to them.

use ndarray::Array2;

use crate::pipeline::decide::ContrastMaps;

/// A pivot up to this share of a row's variance is rounding: the row depends on others.
const DEPENDENT: f64 = 1e-10;

/// A voxel's effects and their covariance.
pub(super) struct Own {
    /// `[row]`
    pub(super) effect: Vec<f64>,
    /// Lower triangle, row by row.
    pub(super) covariance: Vec<f64>,
}

impl Own {
    pub(super) fn divide(&mut self, n: f64) {
        self.effect.iter_mut().for_each(|v| *v /= n);
        self.covariance.iter_mut().for_each(|v| *v /= n * n);
    }

    /// (m, V) becomes (V⁻¹ m, V⁻¹), and back: both directions are one. Zeros stay. `span`: what the rows span, where they depend on
    /// each other; V⁻¹ is then T (T'VT)⁻¹ T'.
    pub(super) fn turn(&mut self, span: Option<&Array2<f64>>) {
        if self.covariance.iter().all(|&v| v == 0.0) {
            return;
        }
        let Some(span) = span else { return self.invert() };
        let (q, k) = span.dim();
        let triangle = |n: usize| (0..n).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let full = |own: &Own, i: usize, j: usize| own.covariance[at(i, j)];
        let within = |a: usize, b: usize| -> f64 {
            let row = |i: usize| (0..q).map(|j| full(self, i, j) * span[[j, b]]).sum::<f64>();
            (0..q).map(|i| span[[i, a]] * row(i)).sum()
        };
        let mut own = Own {
            effect: (0..k).map(|a| (0..q).map(|i| span[[i, a]] * self.effect[i]).sum()).collect(),
            covariance: triangle(k).map(|(a, b)| within(a, b)).collect(),
        };
        own.invert();
        let back = |i: usize, j: usize| -> f64 {
            let row = |a: usize| (0..k).map(|b| full(&own, a, b) * span[[j, b]]).sum::<f64>();
            (0..k).map(|a| span[[i, a]] * row(a)).sum()
        };
        self.effect = (0..q).map(|i| (0..k).map(|a| span[[i, a]] * own.effect[a]).sum()).collect();
        self.covariance = triangle(q).map(|(i, j)| back(i, j)).collect();
    }

    /// The same for V positive definite, by Gauss and Jordan on [V | I, m].
    fn invert(&mut self) {
        let q = self.effect.len();
        let mut rows: Vec<Vec<f64>> = (0..q)
            .map(|i| {
                let of_v = (0..q).map(|j| self.covariance[at(i, j)]);
                let unit = (0..q).map(|j| f64::from(u8::from(i == j)));
                of_v.chain(unit).chain([self.effect[i]]).collect()
            })
            .collect();
        for k in 0..q {
            let pivot = rows[k][k];
            rows[k].iter_mut().for_each(|v| *v /= pivot);
            let own = rows[k].clone();
            for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
                let times = row[k];
                row.iter_mut().zip(&own).for_each(|(v, own)| *v -= times * own);
            }
        }
        for (i, row) in rows.iter().enumerate() {
            self.effect[i] = row[2 * q];
            (0..=i).for_each(|j| self.covariance[at(i, j)] = row[q + j]);
        }
    }

    /// m' V⁻¹ m, by a Cholesky factor with pivots of rows in units of their own standard deviation: `rank` of them, as rows that depend on
    /// others add nothing.
    pub(super) fn form(&self, rank: usize) -> f64 {
        let q = self.effect.len();
        let sd: Vec<f64> = (0..q).map(|i| self.covariance[at(i, i)].max(0.0).sqrt()).collect();
        let over = |value: f64, sd: f64| if sd > 0.0 { value / sd } else { 0.0 };
        let correlation = |i: usize, j: usize| over(over(self.covariance[at(i, j)], sd[i]), sd[j]);
        let mut left: Vec<Vec<f64>> =
            (0..q).map(|i| (0..q).map(|j| correlation(i, j)).collect()).collect();
        let mut effect: Vec<f64> = (0..q).map(|i| over(self.effect[i], sd[i])).collect();
        let mut form = 0.0;
        for _ in 0..rank {
            let k = (0..q).max_by(|&a, &b| left[a][a].total_cmp(&left[b][b])).unwrap_or(0);
            let pivot = left[k][k];
            if pivot <= DEPENDENT {
                break;
            }
            form += effect[k] * effect[k] / pivot;
            let (row, own) = (left[k].clone(), effect[k]);
            for i in 0..q {
                let share = row[i] / pivot;
                effect[i] -= share * own;
                (0..q).for_each(|j| left[i][j] -= share * row[j]);
            }
        }
        form
    }
}

/// Where the lower triangle, row by row, has an entry of a symmetric matrix.
fn at(i: usize, j: usize) -> usize {
    let (i, j) = (i.max(j), i.min(j));
    i * (i + 1) / 2 + j
}

/// Change every fitted voxel; the others become 0.
pub(super) fn each_voxel(maps: &mut ContrastMaps, fitted: &[bool], change: impl Fn(&mut Own)) {
    for (voxel, &fitted) in fitted.iter().enumerate() {
        let mut own = own(maps, voxel);
        if fitted {
            change(&mut own);
        } else {
            own.effect.fill(0.0);
            own.covariance.fill(0.0);
            maps.stat[voxel] = 0.0;
        }
        let mut pair = 0;
        for i in 0..own.effect.len() {
            maps.effect[i][voxel] = own.effect[i];
            for j in 0..=i {
                let value = own.covariance[i * (i + 1) / 2 + j];
                if i == j {
                    maps.variance[i][voxel] = value;
                } else {
                    maps.covariance[pair][voxel] = value;
                    pair += 1;
                }
            }
        }
    }
}

/// What the maps hold of a voxel.
pub(super) fn own(maps: &ContrastMaps, voxel: usize) -> Own {
    let effect: Vec<f64> = maps.effect.iter().map(|row| row[voxel]).collect();
    let mut covariance = Vec::with_capacity(effect.len() * (effect.len() + 1) / 2);
    let mut pairs = maps.covariance.iter();
    for i in 0..effect.len() {
        covariance.extend(pairs.by_ref().take(i).map(|row| row[voxel]));
        covariance.push(maps.variance[i][voxel]);
    }
    Own { effect, covariance }
}
