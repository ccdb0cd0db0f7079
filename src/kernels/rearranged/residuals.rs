//! What Freedman and Lane's method rearranges.

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::stats::rearrange::Tested;

/// Residuals up to this part of the data are rounding.
const ROUNDING: f64 = 1e-12;
/// Voxels worked on at once.
const VOXELS: usize = 256;

/// Each voxel's residuals given the nuisance, r = y - N N' y, as a unit vector u = r / |r|.
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// `[row][voxel]`
    pub(super) unit: Vec<f32>,
    n_rows: usize,
    n_voxels: usize,
    n_flat: usize,
}

impl Residuals {
    /// Of the subjects' maps `[row][voxel]`, in f64.
    ///
    /// # Errors
    /// Bad data when a value is not finite; internal when rows disagree.
    pub fn new(maps: ArrayView2<f32>, tested: &Tested) -> Result<Residuals> {
        let (n, n_voxels) = maps.dim();
        if n != tested.n_rows() {
            return Err(Error::internal(
                "the maps",
                format!("are {n}"),
                format!("be the {} of the design's rows", tested.n_rows()),
                "",
            ));
        }
        let n_chunks = n_voxels.div_ceil(VOXELS);
        let parts: Vec<(Vec<f32>, Found)> = (0..n_chunks)
            .into_par_iter()
            .map(|chunk| {
                let voxels = chunk * VOXELS..((chunk + 1) * VOXELS).min(n_voxels);
                unit(maps.slice(ndarray::s![.., voxels]), tested)
            })
            .collect();
        let mut all = vec![0.0; n * n_voxels];
        let mut n_flat = 0;
        for (chunk, (part, found)) in parts.iter().enumerate() {
            if let Some((row, voxel)) = found.missing {
                return Err(Error::bad_data(
                    format!("map {} of the subjects", row + 1),
                    format!("is not finite at voxel {} of the mask", chunk * VOXELS + voxel),
                    "be finite wherever it is tested",
                    "leave such voxels out of the mask",
                ));
            }
            n_flat += found.n_flat;
            let width = part.len() / n;
            for (row, values) in part.chunks_exact(width).enumerate() {
                all[row * n_voxels + chunk * VOXELS..][..width].copy_from_slice(values);
            }
        }
        Ok(Residuals { unit: all, n_rows: n, n_voxels, n_flat })
    }

    /// Rows of the design.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Voxels.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.n_voxels
    }

    /// Voxels that the nuisance explains fully: u = 0, p = 1.
    #[must_use]
    pub fn n_flat(&self) -> usize {
        self.n_flat
    }

    /// u, `[row][voxel]`.
    #[must_use]
    pub fn unit(&self) -> &[f32] {
        &self.unit
    }
}

struct Found {
    missing: Option<(usize, usize)>,
    n_flat: usize,
}

/// u of a few voxels, `[row][voxel]`.
fn unit(maps: ArrayView2<f32>, tested: &Tested) -> (Vec<f32>, Found) {
    let (n, width) = maps.dim();
    let missing = maps.indexed_iter().find(|(_, v)| !v.is_finite()).map(|(at, _)| at);
    let mut left: Vec<f64> = maps.iter().map(|&v| f64::from(v)).collect();
    let whole = lengths(&left, width);
    // Twice: what rounding leaves of the nuisance after the first time is taken out, too.
    for _ in 0..2 {
        for column in tested.nuisance.columns() {
            let mut on = vec![0.0; width];
            for (row, &weight) in left.chunks_exact(width).zip(column) {
                on.iter_mut().zip(row).for_each(|(on, y)| *on += weight * y);
            }
            for (row, &weight) in left.chunks_exact_mut(width).zip(column) {
                row.iter_mut().zip(&on).for_each(|(y, on)| *y -= weight * on);
            }
        }
    }
    let length = lengths(&left, width);
    let flat = |voxel: usize| length[voxel] <= ROUNDING * whole[voxel];
    let scale: Vec<f64> = (0..width).map(|v| if flat(v) { 0.0 } else { 1.0 / length[v] }).collect();
    let mut out = vec![0.0; n * width];
    for (out, row) in out.chunks_exact_mut(width).zip(left.chunks_exact(width)) {
        for ((out, y), scale) in out.iter_mut().zip(row).zip(&scale) {
            *out = (y * scale) as f32;
        }
    }
    (out, Found { missing, n_flat: (0..width).filter(|&v| flat(v)).count() })
}

fn lengths(values: &[f64], width: usize) -> Vec<f64> {
    let mut squares = vec![0.0; width];
    for row in values.chunks_exact(width) {
        squares.iter_mut().zip(row).for_each(|(sum, y)| *sum += y * y);
    }
    squares.into_iter().map(f64::sqrt).collect()
}
