//! From millimetres to voxels, and values between voxel centres.

use crate::error::{Error, Result};
use crate::volume::Grid;

/// Voxels a millimetre by which a grid may be turned against space and still be taken along its axes: a thousandth of a voxel in a metre.
const TURNED: f64 = 1e-6;

/// A grid that is asked by millimetres.
pub(in crate::report) struct Place {
    pub(super) shape: [usize; 3],
    /// World millimetres to voxel indices.
    inverse: [[f64; 4]; 3],
}

impl Place {
    /// # Errors
    /// Internal where the affine cannot be inverted, which no header that was read is.
    pub fn new(grid: &Grid) -> Result<Place> {
        let m = grid.affine;
        let minor = |r: usize, c: usize| {
            let [r1, r2] = [(r + 1) % 3, (r + 2) % 3];
            let [c1, c2] = [(c + 1) % 3, (c + 2) % 3];
            m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
        };
        let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
        if !(determinant.is_finite() && determinant != 0.0) {
            return Err(Error::internal(
                "the picture",
                "has a flat grid",
                "have a grid with a volume",
                "",
            ));
        }
        let mut inverse = [[0.0; 4]; 3];
        for (row, line) in inverse.iter_mut().enumerate() {
            let [a, b, c] = std::array::from_fn(|column| minor(column, row) / determinant);
            *line = [a, b, c, 0.0];
            line[3] = -(0..3).map(|c| line[c] * m[c][3]).sum::<f64>();
        }
        Ok(Place { shape: grid.shape, inverse })
    }

    /// Voxel indices of a place in millimetres, fractions of a voxel among them.
    pub fn voxel(&self, mm: [f64; 3]) -> [f64; 3] {
        self.inverse.map(|[a, b, c, d]| a * mm[0] + b * mm[1] + c * mm[2] + d)
    }

    /// The voxel axis that runs along each axis of space; none where one runs along several.
    pub(super) fn axes_of_space(&self) -> Option<[usize; 3]> {
        let mut axis_of = [0; 3];
        for (axis, line) in self.inverse.iter().enumerate() {
            let mut along = (0..3).filter(|&world| line[world].abs() > TURNED);
            match (along.next(), along.next()) {
                (Some(world), None) => axis_of[world] = axis,
                _ => return None,
            }
        }
        Some(axis_of)
    }

    /// Sums over the voxels around a place in voxels, each by its share.
    pub(super) fn sum<const F: usize>(
        &self,
        at: [f64; 3],
        of: impl Fn(usize) -> [f64; F],
    ) -> [f64; F] {
        let mut sum = [0.0; F];
        self.around(at, |voxel, weight| {
            sum.iter_mut().zip(of(voxel)).for_each(|(sum, value)| *sum += weight * value);
        });
        sum
    }

    /// The voxels around a place, each with its share: of 8 the products of what lies between; those outside the grid are left out.
    pub fn around(&self, at: [f64; 3], mut take: impl FnMut(usize, f64)) {
        let low = at.map(f64::floor);
        let part: [f64; 3] = std::array::from_fn(|axis| at[axis] - low[axis]);
        if (0..3).all(|axis| low[axis] >= 0.0 && low[axis] + 1.0 < self.shape[axis] as f64) {
            return self.around_within(low, part, take);
        }
        for corner in 0..8_usize {
            let (mut weight, mut index, mut step) = (1.0, 0, 1);
            for axis in 0..3 {
                let upper = corner >> axis & 1;
                weight *= if upper == 1 { part[axis] } else { 1.0 - part[axis] };
                let x = low[axis] + upper as f64;
                if !(x >= 0.0 && x < self.shape[axis] as f64) {
                    weight = 0.0;
                    break;
                }
                index += x as usize * step;
                step *= self.shape[axis];
            }
            if weight > 0.0 {
                take(index, weight);
            }
        }
    }

    /// The same where all eight lie on the grid.
    fn around_within(&self, low: [f64; 3], part: [f64; 3], mut take: impl FnMut(usize, f64)) {
        let [ni, nj, _] = self.shape;
        let first = low[0] as usize + ni * (low[1] as usize + nj * low[2] as usize);
        let [x, y, z] = part.map(|part| [1.0 - part, part]);
        for (k, z) in z.into_iter().enumerate().filter(|(_, z)| *z > 0.0) {
            for (j, y) in y.into_iter().enumerate().filter(|(_, y)| *y > 0.0) {
                let row = first + ni * (j + nj * k);
                for (i, x) in x.into_iter().enumerate().filter(|(_, x)| *x > 0.0) {
                    take(row + i, x * y * z);
                }
            }
        }
    }
}

/// The box in millimetres that holds the voxels of a grid that count, to their edges; none where none counts.
pub(super) fn extent(grid: &Grid, counts: impl Fn(usize) -> bool) -> Option<[[f64; 2]; 3]> {
    let mut extent: Option<[[f64; 2]; 3]> = None;
    let line = grid.shape[0].max(1);
    for first in (0..grid.n_voxels()).step_by(line) {
        // Along a line of voxels places change evenly: its ends lie farthest out.
        let mut own = first..first + line;
        let ends = [own.clone().find(|&v| counts(v)), own.rfind(|&v| counts(v))];
        for voxel in ends.into_iter().flatten() {
            let at = grid.millimetres(grid.coordinates(voxel));
            let own = extent.get_or_insert(at.map(|x| [x, x]));
            for axis in 0..3 {
                own[axis] = [own[axis][0].min(at[axis]), own[axis][1].max(at[axis])];
            }
        }
    }
    let mut extent = extent?;
    for (axis, [low, high]) in extent.iter_mut().enumerate() {
        let half = 0.5 * grid.affine[axis][..3].iter().map(|a| a.abs()).sum::<f64>();
        (*low, *high) = (*low - half, *high + half);
    }
    Some(extent)
}
