//! Contrasts of fitted parameters. t (one row c): effect = c beta, variance = sigma2 c (X'X)^+ c', t = effect / sqrt(variance).
//! F (q rows C of rank r): effects C beta and their variances row by row, F = (C beta)' (C (X'X)^+ C')^+ (C beta) / (r sigma2).
//! A voxel of zero residual variance has stat 0.

use ndarray::Array2;

use crate::error::Result;
use crate::gpu::Device;
use crate::kernels::glm::Model;

mod cpu;
mod gpu;

/// Which statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Stat {
    /// One row, signed.
    #[serde(rename = "t")]
    T,
    /// Any rank.
    F,
}

/// A contrast prepared for a model: what both devices apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// Which statistic.
    pub stat: Stat,
    /// `[row][regressor]`.
    pub weights: Array2<f64>,
    /// Rank of the rows; the numerator dof of F, 1 for t.
    pub rank: usize,
    /// For each group, c (X'X)^+ c' of each row, `[row]`.
    pub row_variance: Vec<Vec<f64>>,
    /// For each group, (C (X'X)^+ C')^+ `[row][row]`.
    pub inner: Vec<Array2<f64>>,
}

impl Contrast {
    /// Prepare weights `[row][regressor]` for a model.
    ///
    /// # Errors
    /// Bad data naming the contrast when it is not estimable in some group (C pinv(X) X differs from C) or all zero.
    pub fn new(name: &str, stat: Stat, weights: Array2<f64>, model: &Model) -> Result<Contrast> {
        todo!()
    }
}

/// A contrast's values at a block's voxels, f64 on both devices.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastValues {
    /// `[row][voxel]`.
    pub effect: Array2<f64>,
    /// `[row][voxel]`.
    pub variance: Array2<f64>,
    /// t or F, `[voxel]`.
    pub stat: Vec<f64>,
}

/// Evaluate a contrast where the fit is.
///
/// # Errors
/// Device errors.
pub fn evaluate(
    device: &Device,
    fit: &crate::kernels::glm::Fit,
    contrast: &Contrast,
) -> Result<ContrastValues> {
    todo!()
}
