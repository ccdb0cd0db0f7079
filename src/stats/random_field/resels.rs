//! The size of a search volume in resels: its Euler characteristic, and how wide, large and voluminous it is in units of the FWHM.

use std::f64::consts::PI;

/// R_0 to R_3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resels(pub [f64; 4]);

impl Resels {
    /// Of a mask's voxels at ascending places (i + ni (j + nj k)) of a grid, with the FWHM along i, j, k in voxels: from its voxels, and the pairs along each
    /// axis, squares in each plane and cubes of voxels that are all inside (Worsley 1996, p. 62).
    ///
    /// # Panics
    /// Where a place is not of the grid.
    #[must_use]
    pub fn of_mask(shape: [usize; 3], places: &[u32], fwhm_vox: [f64; 3]) -> Resels {
        let mut inside = vec![false; shape.iter().product()];
        places.iter().for_each(|&place| inside[place as usize] = true);
        let stride = [1, shape[0], shape[0] * shape[1]];
        // Bit a of a number stands for a step along axis a: of each of the eight, how many corners have all that it spans.
        let mut count = [0.0_f64; 8];
        for &place in places {
            let place = place as usize;
            let at = [place % shape[0], place / stride[1] % shape[1], place / stride[2]];
            for (spans, count) in count.iter_mut().enumerate() {
                let has = |axis: usize| spans >> axis & 1 == 1;
                let fits = (0..3).all(|axis| !has(axis) || at[axis] + 1 < shape[axis]);
                let corner = |of: usize| {
                    (0..3)
                        .filter(|axis| of >> axis & 1 == 1)
                        .map(|axis| stride[axis])
                        .sum::<usize>()
                };
                let mut corners = (0..8).filter(|of| of & !spans == 0);
                if fits && corners.all(|of| inside[place + corner(of)]) {
                    *count += 1.0;
                }
            }
        }
        let [points, x, y, xy, z, xz, yz, cubes] = count;
        let [rx, ry, rz] = fwhm_vox.map(|fwhm| 1.0 / fwhm);
        Resels([
            points - (x + y + z) + (xy + xz + yz) - cubes,
            (x - xy - xz + cubes) * rx + (y - xy - yz + cubes) * ry + (z - xz - yz + cubes) * rz,
            (xy - cubes) * rx * ry + (xz - cubes) * rx * rz + (yz - cubes) * ry * rz,
            cubes * rx * ry * rz,
        ])
    }

    /// Of a sphere; the FWHM is the geometric mean of its axes, in the radius's unit.
    #[must_use]
    pub fn sphere(radius: f64, fwhm: f64) -> Resels {
        let s = radius / fwhm;
        Resels([1.0, 4.0 * s, 2.0 * PI * s * s, 4.0 / 3.0 * PI * s.powi(3)])
    }

    /// Of a box with these sides; the FWHM along each in the same unit.
    #[must_use]
    pub fn cuboid(sides: [f64; 3], fwhm: [f64; 3]) -> Resels {
        let [a, b, c] = [0, 1, 2].map(|axis| sides[axis] / fwhm[axis]);
        Resels([1.0, a + b + c, a * b + a * c + b * c, a * b * c])
    }

    /// The highest dimension of which there is any.
    #[must_use]
    pub fn dimension(&self) -> usize {
        (1..4).rev().find(|&d| self.0[d] > 0.0).unwrap_or(0)
    }
}
