//! From header fields to the voxel grid in millimetres, and back.

use super::Header;
use crate::volume::Grid;
use crate::{Error, Result};

type Affine = [[f64; 4]; 4];

/// Voxel sizes that differ by less than this part are the same, rounded.
const SAME_SIZE: f64 = 1e-3;

/// Of the smallest voxel edge: sform and qform nearer to each other than this are the same, rounded.
const SAME_PLACE: f64 = 0.05;

impl Header {
    /// Millimetres a spatial unit; unknown counts as millimetres.
    fn space_unit_mm(&self) -> f64 {
        match self.xyzt_units & 7 {
            1 => 1e3,
            3 => 1e-3,
            _ => 1.0,
        }
    }

    /// The voxel grid in millimetres: the affine from the sform, else the qform, else the voxel sizes.
    ///
    /// # Errors
    /// [`Error::BadData`] for voxel sizes or affines that are not finite, are zero, or cannot be inverted.
    pub fn grid(&self, thing: &str) -> Result<Grid> {
        let shape = self.grid_shape();
        let unit = self.space_unit_mm();
        let (mut affine, from) = if self.sform_code > 0 {
            let [x, y, z] = self.srow;
            ([x, y, z, [0.0, 0.0, 0.0, 1.0]], "sform")
        } else if self.qform_code > 0 {
            (self.qform(thing)?, "qform")
        } else {
            (self.base_affine(shape), "voxel sizes")
        };
        for value in affine.iter_mut().take(3).flatten() {
            *value *= unit;
        }
        let column_length =
            |axis: usize| (0..3).map(|row| affine[row][axis].powi(2)).sum::<f64>().sqrt();
        let volume = determinant(&affine).abs();
        let spanned: f64 = (0..3).map(column_length).product();
        if !affine.iter().flatten().all(|v| v.is_finite())
            || volume.is_nan()
            || volume <= 1e-6 * spanned
        {
            return Err(Error::bad_data(
                thing,
                format!("has an affine (from its {from}) that is not finite or flat"),
                "map voxels to millimetres one to one",
                "repair the header, e.g. from the qform or from another image of the same run",
            ));
        }
        let stored = self.zooms().map(|size| size * unit);
        let spanned: [f64; 3] = std::array::from_fn(column_length);
        let voxel_size_mm = if agree(stored, spanned) { stored } else { spanned };
        Ok(Grid { shape, affine, voxel_size_mm, is_placed: self.is_placed() })
    }

    /// What of its geometry contradicts the grid, which every command goes by.
    pub(in crate::io) fn doubts(&self, thing: &str, grid: &Grid) -> Vec<String> {
        let of_place = self.no_place(thing).into_iter().chain(self.other_place(thing, grid));
        of_place.chain(self.other_sizes(thing, grid)).collect()
    }

    /// Whether it says where its voxels lie.
    fn is_placed(&self) -> bool {
        self.sform_code > 0 || self.qform_code > 0
    }

    /// The same for what is made of several images on a grid: without the codes of a place where one of them has none.
    #[must_use]
    pub fn placed_as(&self, grid: &Grid) -> Header {
        let mut header = self.clone();
        if !grid.is_placed {
            (header.qform_code, header.sform_code) = (0, 0);
        }
        header
    }

    /// A line on a header that does not say where its voxels lie.
    fn no_place(&self, thing: &str) -> Option<String> {
        (!self.is_placed()).then(|| {
            format!(
                "{thing}: its header has no qform and no sform (both codes are 0), so that where its voxels lie, and which side is left, is not known; \
                 assumed: i runs from right to left, j to the front, k up, and the centre lies at 0. Copy the qform or sform from the image that it was \
                 made of"
            )
        })
    }

    /// A line on voxel sizes of pixdim other than those of the grid, which come from its affine; none where they agree.
    fn other_sizes(&self, thing: &str, grid: &Grid) -> Option<String> {
        let stored = self.zooms().map(|size| size * self.space_unit_mm());
        let text = |sizes: [f64; 3]| sizes.map(|size| format!("{}", size as f32)).join(" x ");
        let is_set = stored.iter().all(|size| size.is_finite() && *size > 0.0);
        (is_set && !agree(stored, grid.voxel_size_mm)).then(|| {
            format!(
                "{thing}: voxels are {} mm by the affine and {} mm by pixdim; the affine's are used (FSL goes by pixdim)",
                text(grid.voxel_size_mm),
                text(stored)
            )
        })
    }

    /// A line on a qform that puts the voxels elsewhere than the sform, which is used; none where they agree, or one is not set.
    fn other_place(&self, thing: &str, grid: &Grid) -> Option<String> {
        if self.sform_code <= 0 || self.qform_code <= 0 {
            return None;
        }
        let mut affine = self.qform(thing).ok()?;
        let unit = self.space_unit_mm();
        affine.iter_mut().take(3).flatten().for_each(|value| *value *= unit);
        let apart_mm = grid.affine_difference_mm(&Grid { affine, ..grid.clone() });
        let edge_mm = grid.voxel_size_mm.iter().copied().fold(f64::INFINITY, f64::min);
        (apart_mm > SAME_PLACE * edge_mm).then(|| {
            format!(
                "{thing}: its qform (code {}) puts voxels up to {apart_mm:.2} mm from where its sform (code {}) has them; the sform is used, and \
                 programs that go by the qform place it otherwise",
                self.qform_code, self.sform_code
            )
        })
    }

    /// Voxel sizes of pixdim that the affine contradicts become the affine's, which every command goes by.
    pub(super) fn settle_sizes(&mut self) {
        let Ok(grid) = self.grid("") else { return };
        let unit = self.space_unit_mm();
        if !agree(self.zooms().map(|size| size * unit), grid.voxel_size_mm) {
            self.pixdim[1..4].copy_from_slice(&grid.voxel_size_mm.map(|size| size / unit));
        }
    }

    /// Voxel sizes in the file's unit, 1 where unset, as nibabel takes them.
    fn zooms(&self) -> [f64; 3] {
        std::array::from_fn(|axis| self.pixdim[axis + 1].abs())
    }

    fn qform(&self, thing: &str) -> Result<Affine> {
        let [b, c, d] = self.quatern;
        let rest = 1.0 - (b * b + c * c + d * d);
        // Headers hold the parameters in f32: a sum a little above one is rounding.
        if rest.is_nan() || rest < -1e-5 {
            return Err(Error::bad_data(
                thing,
                format!("has the quaternion ({b}, {c}, {d}), which is no rotation"),
                "have a qform whose b² + c² + d² is at most 1",
                "repair the header, e.g. from the sform or from another image of the same run",
            ));
        }
        let a = rest.max(0.0).sqrt();
        let rotation = [
            [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
            [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
            [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ];
        let norm = a * a + b * b + c * c + d * d;
        let sign = if self.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
        let zooms = self.zooms();
        let mut affine = [[0.0, 0.0, 0.0, 1.0]; 4];
        for row in 0..3 {
            for axis in 0..3 {
                let flip = if axis == 2 { sign } else { 1.0 };
                affine[row][axis] = rotation[row][axis] / norm * zooms[axis] * flip;
            }
            affine[row][3] = self.qoffset[row];
        }
        Ok(affine)
    }

    fn base_affine(&self, shape: [usize; 3]) -> Affine {
        let zooms = self.zooms().map(|z| if z > 0.0 { z } else { 1.0 });
        let mut affine = [[0.0, 0.0, 0.0, 0.0]; 4];
        affine[3][3] = 1.0;
        for axis in 0..3 {
            let step = if axis == 0 { -zooms[axis] } else { zooms[axis] };
            affine[axis][axis] = step;
            affine[axis][3] = -step * (shape[axis] as f64 - 1.0) / 2.0;
        }
        affine
    }

    /// Writes a grid (millimetres) into pixdim, sform and, where its axes stand at right angles, the qform.
    pub(super) fn set_geometry(&mut self, grid: &Grid) {
        self.pixdim[1..4].copy_from_slice(&grid.voxel_size_mm);
        self.sform_code = 1;
        self.srow = [grid.affine[0], grid.affine[1], grid.affine[2]];
        self.qoffset = std::array::from_fn(|row| grid.affine[row][3]);
        self.pixdim[0] = if determinant(&grid.affine) < 0.0 { -1.0 } else { 1.0 };
        match quaternion(grid, self.pixdim[0]) {
            Some(quatern) => (self.qform_code, self.quatern) = (1, quatern),
            None => (self.qform_code, self.quatern) = (0, [0.0; 3]),
        }
    }
}

fn agree(sizes: [f64; 3], others: [f64; 3]) -> bool {
    sizes.iter().zip(others).all(|(size, other)| (size - other).abs() <= SAME_SIZE * other)
}

fn determinant(m: &Affine) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

/// Quaternion parameters b, c, d of a grid; none where voxel sizes and affine disagree or axes are not at right angles.
fn quaternion(grid: &Grid, sign: f64) -> Option<[f64; 3]> {
    let mut r = [[0.0; 3]; 3];
    for (row, out) in r.iter_mut().enumerate() {
        for (axis, value) in out.iter_mut().enumerate() {
            *value = grid.affine[row][axis] / grid.voxel_size_mm[axis];
        }
        out[2] *= sign;
    }
    for p in 0..3 {
        for q in 0..3 {
            let product: f64 = (0..3).map(|row| r[row][p] * r[row][q]).sum();
            let want = if p == q { 1.0 } else { 0.0 };
            if product.is_nan() || (product - want).abs() >= 1e-5 {
                return None;
            }
        }
    }
    // The largest of a, b, c, d is taken from the diagonal, the others from sums and differences (nifti1_io.c).
    let (xd, yd, zd) = (
        1.0 + r[0][0] - r[1][1] - r[2][2],
        1.0 + r[1][1] - r[0][0] - r[2][2],
        1.0 + r[2][2] - r[0][0] - r[1][1],
    );
    let trace = 1.0 + r[0][0] + r[1][1] + r[2][2];
    let [a, b, c, d] = if trace > 0.5 {
        let a = 0.5 * trace.sqrt();
        let f = 0.25 / a;
        [a, f * (r[2][1] - r[1][2]), f * (r[0][2] - r[2][0]), f * (r[1][0] - r[0][1])]
    } else if xd > 1.0 {
        let b = 0.5 * xd.sqrt();
        let f = 0.25 / b;
        [f * (r[2][1] - r[1][2]), b, f * (r[0][1] + r[1][0]), f * (r[0][2] + r[2][0])]
    } else if yd > 1.0 {
        let c = 0.5 * yd.sqrt();
        let f = 0.25 / c;
        [f * (r[0][2] - r[2][0]), f * (r[0][1] + r[1][0]), c, f * (r[1][2] + r[2][1])]
    } else {
        let d = 0.5 * zd.sqrt();
        let f = 0.25 / d;
        [f * (r[1][0] - r[0][1]), f * (r[0][2] + r[2][0]), f * (r[1][2] + r[2][1]), d]
    };
    let flip = if a < 0.0 { -1.0 } else { 1.0 };
    Some([b * flip, c * flip, d * flip])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_survives_the_way_through_sform_and_through_qform() {
        // Rotations about each axis by each of the quadrants' angles, with and without a flip.
        for degrees in [0.0, 17.0, 100.0, 179.0, 200.0, 300.0_f64] {
            for axis in 0..3 {
                for flip in [1.0, -1.0] {
                    let (s, c) = degrees.to_radians().sin_cos();
                    let (p, q) = ((axis + 1) % 3, (axis + 2) % 3);
                    let voxel_size_mm = [3.0, 2.5, 3.5];
                    let mut affine = [[0.0; 4]; 4];
                    affine[axis][axis] = 1.0;
                    (affine[p][p], affine[p][q], affine[q][p], affine[q][q]) = (c, -s, s, c);
                    for row in affine.iter_mut().take(3) {
                        for (value, size) in row.iter_mut().zip(voxel_size_mm) {
                            *value *= size;
                        }
                        row[2] *= flip;
                        row[3] = -40.25;
                    }
                    affine[3][3] = 1.0;
                    let grid = Grid { shape: [5, 6, 7], affine, voxel_size_mm, is_placed: true };
                    let mut header = Header::new(&grid, Some(2.0));
                    assert_eq!(header.grid("made").unwrap(), grid);
                    assert_eq!(header.qform_code, 1);
                    assert_eq!(header.other_place("made", &grid), None);
                    let mut moved = header.clone();
                    moved.qoffset[1] += 2.0;
                    let said = moved.other_place("made", &grid).expect("two places");
                    assert!(said.contains("up to 2.00 mm"), "{said}");
                    moved.qform_code = 0;
                    assert_eq!(moved.other_place("made", &grid), None);
                    header.sform_code = 0;
                    let through = header.grid("made").unwrap();
                    let worst = grid.affine_difference_mm(&through);
                    assert!(worst < 1e-9, "{degrees}° about {axis}, flip {flip}: {worst} mm");
                }
            }
        }
    }
}
